"""A library of rows alone, and what is true of each of its segments, written down beside the catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from sqlalchemy import Connection, insert, text, update

from tests.people_library import automatic
from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.library import ensure_person
from vsearch_pipeline.catalog.models import Segment, SegmentPerson, Video
from vsearch_pipeline.catalog.segments import AutoFields, insert_segments
from vsearch_pipeline.catalog.stages import ProducerInfo, producer_id
from vsearch_pipeline.catalog.videos import VideoRecord, insert_video
from vsearch_pipeline.language.embedding import SentenceEmbedder
from vsearch_pipeline.search.documents import embed_segments
from vsearch_pipeline.timeline import TimeRange

PEOPLE: Mapping[str, Sequence[str]] = {
    "Kim Minji": ("민지", "minji"),
    "Pham Hanni": ("하니", "hanni"),
    "Gang Harin": ("해린", "haerin"),
    "Danielle": ("다니엘", "danielle"),
}
"""Names with aliases; all are of the group NJZ."""


@dataclass(frozen=True, slots=True)
class Told:
    """A segment. `people` are those the models see, with their confidence; `human` is what people said of who is
    there (True) and who is not."""

    video: str
    span: TimeRange
    en: str | None = None
    ko: str | None = None
    speech: str | None = None
    objects: Mapping[str, int] = field(default_factory=dict)
    people: Mapping[str, float] = field(default_factory=dict)
    human: Mapping[str, bool] = field(default_factory=dict)
    human_en: str | None = None
    human_ko: str | None = None
    human_range: bool = False
    deleted: bool = False
    id: int = 0

    @property
    def caption_en(self) -> str | None:
        return self.human_en if self.human_en is not None else self.en

    @property
    def caption_ko(self) -> str | None:
        return self.human_ko if self.human_ko is not None else self.ko

    @property
    def shown(self) -> frozenset[str]:
        """Who is on screen, people over models."""
        said = dict.fromkeys(self.people, True) | dict(self.human)
        return frozenset(name for name, there in said.items() if there)

    @property
    def edited(self) -> bool:
        return bool(self.human_range or self.human_en is not None or self.human_ko is not None or self.human)

    @property
    def texts(self) -> str:
        return " ".join(t for t in (self.caption_en, self.caption_ko, self.speech) if t is not None).lower()


def put(
    connection: Connection,
    segments: Sequence[Told],
    *,
    titles: Mapping[str, str] | None = None,
    added: Mapping[str, datetime] | None = None,
) -> list[Told]:
    """Write videos, people and segments; returns the segments with their ids."""
    ids = {name: ensure_person(connection, "NJZ", name, aliases) for name, aliases in PEOPLE.items()}
    producer = producer_id(connection, ProducerInfo("segments", "tests", "1"))
    written = []
    for video in dict.fromkeys(segment.video for segment in segments):
        insert_video(connection, VideoRecord(video, (titles or {}).get(video, video), "file", video, "test"))
        if added and video in added:
            connection.execute(update(Video).where(Video.id == video).values(added_at=added[video]))
        own = [segment for segment in segments if segment.video == video]
        drafts = [
            (
                automatic(s.span),
                AutoFields(s.en, s.ko, s.objects, s.speech, {ids[name]: c for name, c in s.people.items()}),
            )
            for s in own
        ]
        numbers = insert_segments(connection, video, producer, drafts)
        written += [replace(s, id=number) for s, number in zip(own, numbers, strict=True)]
    for segment in written:
        _write_human(connection, segment, ids)
    return written


def _write_human(connection: Connection, segment: Told, ids: Mapping[str, int]) -> None:
    values = {
        "human_caption_en": segment.human_en,
        "human_caption_ko": segment.human_ko,
        "human_range": segment.human_range,
        "deleted_at": datetime.now(UTC) if segment.deleted else None,
    }
    if any(values.values()):
        connection.execute(update(Segment).where(Segment.id == segment.id).values(**values))
    for name, present in segment.human.items():
        row = {"segment_id": segment.id, "person_id": ids[name], "layer": "human", "present": present}
        connection.execute(insert(SegmentPerson).values(**row))


def filled(
    catalog: Catalog,
    embedder: SentenceEmbedder,
    segments: Sequence[Told],
    *,
    titles: Mapping[str, str] | None = None,
    added: Mapping[str, datetime] | None = None,
) -> list[Told]:
    """`put` into a catalogue, made searchable."""
    with catalog.begin() as connection:
        written = put(connection, segments, titles=titles, added=added)
        for video in dict.fromkeys(segment.video for segment in segments):
            embed_segments(connection, video, embedder)
    with catalog.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("analyze"))
    return written


def captioned(video: str, captions: Sequence[str], each_ms: int = 1000) -> list[Told]:
    """Segments one after the other, with English captions."""
    return [Told(video, TimeRange(i * each_ms, (i + 1) * each_ms), en=en) for i, en in enumerate(captions)]
