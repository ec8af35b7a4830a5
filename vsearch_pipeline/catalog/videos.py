"""Videos of the catalogue and how far each has come."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from sqlalchemy import ARRAY, Connection, Text, any_, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert

from vsearch_pipeline.catalog.models import Caption, Request, Segment, StageError, StageRun, Video
from vsearch_pipeline.errors import InputError, NotFoundError


@dataclass(frozen=True, slots=True)
class VideoRecord:
    """A video as the catalogue knows it; `path` is relative to `HOME/videos`, None for an imported one."""

    id: str
    title: str
    kind: Literal["file", "imported"]
    sha256: str
    source: str
    path: str | None = None
    size_bytes: int | None = None
    container: str | None = None
    video_codec: str | None = None
    audio_codec: str | None = None
    width: int | None = None
    height: int | None = None
    rotation: int | None = None
    start_ms: int | None = None
    duration_ms: int | None = None
    frame_rate_num: int | None = None
    frame_rate_den: int | None = None
    variable_frame_rate: bool | None = None
    decode_errors: int | None = None
    overlapping: bool = False

    @property
    def frame_rate(self) -> Fraction | None:
        if self.frame_rate_num is None or self.frame_rate_den is None:
            return None
        return Fraction(self.frame_rate_num, self.frame_rate_den)


_FIELDS = tuple(VideoRecord.__dataclass_fields__)
_COLUMNS = [Video.__table__.c[name] for name in _FIELDS]
_BY_IDS = select(*_COLUMNS).where(Video.id == any_(bindparam("ids", type_=ARRAY(Text))))


def insert_video(connection: Connection, video: VideoRecord) -> bool:
    """Add a video; False where one with this content is there already."""
    values = {name: getattr(video, name) for name in _FIELDS}
    statement = insert(Video).values(values).on_conflict_do_nothing().returning(Video.id)
    return connection.execute(statement).first() is not None


def put_videos(connection: Connection, videos: Sequence[VideoRecord]) -> set[str]:
    """Add videos; of those that are there already, by content, the source is renewed, and the length where
    it is longer.

    Returns:
        ids of the ones that are new.
    """
    statement = insert(Video).on_conflict_do_nothing().returning(Video.id)
    rows = [{name: getattr(video, name) for name in _FIELDS} for video in videos]
    new = set(connection.execute(statement, rows).scalars())
    renewed = [
        {"known": video.id, "source": video.source, "longest": video.duration_ms}
        for video in videos
        if video.id not in new
    ]
    if renewed:
        connection.execute(
            update(Video)
            .where(Video.id == bindparam("known"))
            # people may have made segments up to the end that was known
            .values(
                source=bindparam("source"), duration_ms=func.greatest(Video.duration_ms, bindparam("longest"))
            ),
            renewed,
        )
    return new


def find_by_content(connection: Connection, sha256: str) -> VideoRecord | None:
    row = connection.execute(select(*_COLUMNS).where(Video.sha256 == sha256)).first()
    return VideoRecord(**row._mapping) if row else None


def get_video(connection: Connection, video_id: str) -> VideoRecord:
    """Raises NotFoundError where there is no such video."""
    row = connection.execute(select(*_COLUMNS).where(Video.id == video_id)).first()
    if row is None:
        raise NotFoundError(f"There is no video {video_id} in the catalogue.")
    return VideoRecord(**row._mapping)


def read_videos(connection: Connection, ids: Collection[str]) -> dict[str, VideoRecord]:
    """The videos of these ids that there are, in one statement."""
    rows = connection.execute(_BY_IDS, {"ids": list(ids)})
    return {row.id: VideoRecord(**row._mapping) for row in rows}


def video_titles(connection: Connection) -> dict[str, str]:
    """Every video's title, by id, in order of titles."""
    rows = connection.execute(select(Video.id, Video.title).order_by(func.lower(Video.title), Video.id))
    return {row.id: row.title for row in rows}


def videos_named(connection: Connection, name: str) -> list[str]:
    """Ids of the videos of that id or title, else of all whose title has `name` in it, in any case of letters."""
    title = func.lower(Video.title)
    for meant in (Video.id == name, title == name.lower(), title.contains(name.lower(), autoescape=True)):
        ids = list(connection.execute(select(Video.id).where(meant).order_by(Video.id)).scalars())
        if ids:
            return ids
    return []


def find_video(connection: Connection, name: str) -> VideoRecord:
    """The video of that id, else of that title, else the one whose title has `name` in it, in any case of letters.

    Raises:
        NotFoundError: there is none.
        InputError: several are meant.
    """
    title = func.lower(Video.title)
    for meant in (Video.id == name, title == name.lower(), title.contains(name.lower(), autoescape=True)):
        rows = connection.execute(select(*_COLUMNS).where(meant).order_by(Video.id)).all()
        if len(rows) == 1:
            return VideoRecord(**rows[0]._mapping)
        if rows:
            listed = ", ".join(f"{row.id} ({row.title})" for row in rows[:5])
            more = f" and {len(rows) - 5} more" if len(rows) > 5 else ""
            raise InputError(f"{name!r} may be any of {listed}{more}: give the id.")
    raise NotFoundError(f"There is no video {name!r}: `vsearch status` lists their titles and ids.")


def update_video(connection: Connection, video_id: str, values: Mapping[str, Any]) -> None:
    connection.execute(update(Video).where(Video.id == video_id).values(**values))


IMPORT_RUN = "import:"
"""What the run id of a stage begins with that an import finished itself, without a run."""


def videos_without_run(connection: Connection, settled_seconds: float) -> list[tuple[str, str]]:
    """Id and kind of the videos of which no run has finished or failed a stage, and for which none is asked
    (`catalog/requests.py`), the oldest first; without those added in the last seconds, by the database's clock."""
    age = func.extract("epoch", func.now() - Video.added_at)
    done = select(StageRun.video_id).where(
        StageRun.video_id == Video.id, ~StageRun.run_id.startswith(IMPORT_RUN, autoescape=True)
    )
    failed = select(StageError.video_id).where(StageError.video_id == Video.id)
    asked = select(Request.id).where(
        Request.subject == Video.id,
        Request.kind.in_(("retry", "ingest")),
        Request.state.in_(("waiting", "queued", "running")),
    )
    rows = connection.execute(
        select(Video.id, Video.kind)
        .where(func.abs(age) > settled_seconds, ~done.exists(), ~failed.exists(), ~asked.exists())
        .order_by(Video.added_at, Video.id)
    )
    return list(rows.tuples().all())


def captioned_videos(connection: Connection) -> list[str]:
    """Ids of the videos with a file and with captions, in a fixed order."""
    captioned = Video.id.in_(select(Caption.video_id))
    return list(
        connection.execute(select(Video.id).where(Video.kind == "file", captioned).order_by(Video.id)).scalars()
    )


@dataclass(frozen=True, slots=True)
class VideoStatus:
    """One line of the library: the stages done, the ones that failed with their reasons."""

    video: VideoRecord
    stages: Mapping[str, float]  # stage -> seconds it took
    errors: Mapping[str, str]  # stage -> reason
    segments: int


def list_videos(connection: Connection) -> list[VideoStatus]:
    """Every video, newest first."""
    done: dict[str, dict[str, float]] = {}
    for video_id, stage, seconds in connection.execute(
        select(StageRun.video_id, StageRun.stage, StageRun.seconds)
    ):
        done.setdefault(video_id, {})[stage] = seconds
    failed: dict[str, dict[str, str]] = {}
    for video_id, stage, message in connection.execute(
        select(StageError.video_id, StageError.stage, StageError.message)
    ):
        failed.setdefault(video_id, {})[stage] = message
    counts = dict(
        connection.execute(
            select(Segment.video_id, func.count()).where(Segment.shown).group_by(Segment.video_id)
        ).all()
    )
    rows: Sequence[Any] = connection.execute(select(*_COLUMNS).order_by(Video.added_at.desc(), Video.id)).all()
    return [
        VideoStatus(
            VideoRecord(**row._mapping), done.get(row.id, {}), failed.get(row.id, {}), counts.get(row.id, 0)
        )
        for row in rows
    ]
