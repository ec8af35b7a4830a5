"""How far the library is, and each of its videos: what runs, what waits, how long it will still take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from sqlalchemy import Connection

from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.graph import STAGE_INPUTS, STAGES, stages_of
from vsearch_pipeline.catalog.lineage import (
    Edits,
    FailedStage,
    FinishedStage,
    read_bringing,
    read_editors,
    read_failed_stages,
    read_finished_stages,
)
from vsearch_pipeline.catalog.operations import OperationRecord
from vsearch_pipeline.catalog.progress import RunningStage, StagePace, running_stages, stage_pace
from vsearch_pipeline.catalog.requests import RequestRecord, told_requests
from vsearch_pipeline.catalog.shelf import (
    Order,
    Shelf,
    ShelfVideo,
    Unfinished,
    VideoState,
    Worked,
    read_shelf,
    read_shelf_video,
    read_unfinished,
    read_work,
)
from vsearch_pipeline.errors import NotFoundError

ASLEEP_SECONDS: Final = 60
"""A request that no daemon has seen for longer: nothing is processing."""
_PAUSE_SECONDS: Final = 120
"""Work after a longer pause is another batch."""
_BATCH_HOURS: Final = 24


@dataclass(frozen=True, slots=True)
class Outlook:
    """How far a video is.

    Attributes:
        running: the stage that is worked on; None between stages.
        following: the stage that can come next; None where all are done.
        done, total: stages.
        share: of the work that is done, 0..1, by how long stages usually take.
        seconds_left: None where nothing like it was measured yet.
    """

    running: RunningStage | None
    following: str | None
    done: int
    total: int
    share: float
    seconds_left: float | None


@dataclass(frozen=True, slots=True)
class Batch:
    """What is worked on without a pause: videos done and in all, and how long the rest will take."""

    done: int
    total: int
    seconds_left: float | None


@dataclass(frozen=True, slots=True)
class LibraryView:
    """Attributes:
    outlooks: of the listed videos that are not done, by id.
    batch: None where nothing waits and nothing is worked on.
    arriving: links and files that are not videos yet, and those that failed, as looked for, the newest first.
    counts: how many videos, and how much that is arriving, is in each state.
    asleep: whether something has been asked for and nobody takes it up.
    busy: whether something may change soon.
    """

    shelf: Shelf
    outlooks: Mapping[str, Outlook]
    batch: Batch | None
    arriving: tuple[RequestRecord, ...]
    counts: Mapping[VideoState, int]
    asleep: bool
    busy: bool


def look_at_library(
    catalog: Catalog,
    *,
    title: str = "",
    states: Collection[VideoState] = (),
    order: Order = "newest",
    limit: int,
) -> LibraryView:
    """The first videos of the library in an order; see `read_shelf`."""
    with catalog.read() as connection:
        shelf = read_shelf(connection, title=title, states=states, order=order, limit=limit)
        asked = told_requests(connection)
        unfinished = read_unfinished(connection) if _unfinished(shelf) else []
        running = running_stages(connection) if unfinished else {}
        pace = stage_pace(connection, len(STAGES)) if unfinished else StagePace({}, 0.0)
        worked = read_work(connection, _BATCH_HOURS) if unfinished else []
    left = {video.video_id: _seconds_left(video, running.get(video.video_id), pace) for video in unfinished}
    outlooks = {
        item.video.id: _outlook(item, running.get(item.video.id), pace, left.get(item.video.id))
        for item in shelf.videos
        if item.state != "done"
    }
    opened = [request for request in asked if request.state != "failed"]
    sources = [request for request in reversed(asked) if request.kind == "take_in"]
    counts = Counter(dict(shelf.counts)) + Counter(_state_of(request) for request in sources)
    return LibraryView(
        shelf,
        outlooks,
        _batch(unfinished, running, left, worked) if unfinished else None,
        tuple(
            request
            for request in sources
            if title.lower() in request.subject.lower() and (not states or _state_of(request) in states)
        ),
        counts,
        any(request.state == "waiting" and request.waited > ASLEEP_SECONDS for request in asked),
        bool(opened) or bool(shelf.counts.get("working")),
    )


def _state_of(request: RequestRecord) -> VideoState:
    """As of a video."""
    if request.state == "failed":
        return "failed"
    return "working" if request.state == "running" else "waiting"


def _unfinished(shelf: Shelf) -> bool:
    return bool(shelf.counts.get("working") or shelf.counts.get("waiting"))


def _outlook(
    item: ShelfVideo, running: RunningStage | None, pace: StagePace, seconds_left: float | None
) -> Outlook:
    stages = stages_of(item.video.kind)
    done = [stage for stage in stages if stage in item.done]
    known = all(stage in pace.rates for stage in stages) and any(pace.rates[stage] for stage in stages)
    weights = {stage: pace.rates[stage] if known else 1.0 for stage in stages}
    worked = sum(weights[stage] for stage in done)
    if running and running.stage in stages and running.stage not in done:
        worked += weights[running.stage] * (running.share or 0.0)
    following = next((s for s in stages if s not in done and set(_read_by(s, item.video.kind)) <= set(done)), None)
    return Outlook(running, following, len(done), len(stages), worked / sum(weights.values()), seconds_left)


def _seconds_left(video: Unfinished, running: RunningStage | None, pace: StagePace) -> float | None:
    """How long what is missing of a video will take, going by what the same stages took lately."""
    missing = [stage for stage in stages_of(video.kind) if stage not in video.done]
    if running and running.stage not in missing:
        missing.append(running.stage)
    if not missing:
        return 0.0
    length_s = (video.duration_ms or 0) / 1000
    if not length_s or any(stage not in pace.rates for stage in missing if not running or stage != running.stage):
        return None
    left = pace.between * len(missing) / len(STAGES)
    for stage in missing:
        usual = pace.rates[stage] * length_s if stage in pace.rates else None
        if running and stage == running.stage:
            share = running.share
            if share is not None and share >= _TELLING:
                left += running.seconds / share * (1 - share)
            elif usual is not None:
                left += max(0.0, usual - running.seconds)
            else:
                return None
        else:
            left += usual or 0.0
    return left


_TELLING: Final = 0.05
"""From this share on, a stage's own speed says more than that of others."""


def _batch(
    unfinished: Sequence[Unfinished],
    running: Mapping[str, RunningStage],
    left: Mapping[str, float | None],
    worked: Sequence[Worked],
) -> Batch:
    """What is unfinished, with what was finished since work began without a pause."""
    since = max([0.0, *(stage.seconds for stage in running.values())])  # seconds before now
    done, at_hand = 0, {video.video_id for video in unfinished}
    for work in worked:
        if work.ended > since + _PAUSE_SECONDS:
            break
        since = max(since, work.began)
        done += work.searchable and work.video_id not in at_hand
    seconds = [left[video] for video in at_hand]
    known = [each for each in seconds if each is not None]
    return Batch(done, done + len(unfinished), sum(known) if len(known) == len(seconds) else None)


# --- one video --------------------------------------------------------------------------------------------------

StageState = Literal["done", "running", "failed", "waiting", "stale", "unfinished"]
"""`stale`: what it read has changed since, or newer videos are done by something else; `unfinished`: a part is
missing; `waiting`: it was not done yet."""


@dataclass(frozen=True, slots=True)
class StageView:
    """A stage of a video.

    Attributes:
        inputs: the stages that it reads.
        finished: its last result, which stands whatever the state.
        changed: of a stale one the inputs that changed.
    """

    stage: str
    inputs: tuple[str, ...]
    state: StageState
    finished: FinishedStage | None
    failed: FailedStage | None
    running: RunningStage | None
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VideoView:
    """Attributes:
    brought: the operation that added it.
    editors: who edited it.
    asked: the request for it that has not ended, or that failed.
    """

    item: ShelfVideo
    outlook: Outlook
    stages: tuple[StageView, ...]
    brought: OperationRecord | None
    editors: tuple[Edits, ...]
    asked: RequestRecord | None
    asleep: bool


def look_at_video(catalog: Catalog, video_id: str) -> VideoView:
    """Everything that is told of one video.

    Raises:
        NotFoundError: there is no such video.
    """
    with catalog.read() as connection:
        item = read_shelf_video(connection, video_id)
        if item is None:
            raise NotFoundError(f"There is no video {video_id} in the library.")
        running = running_stages(connection, [video_id]).get(video_id)
        asked = [
            request
            for request in told_requests(connection)
            if request.kind in ("retry", "ingest") and request.subject == video_id
        ]
        missing = Unfinished(video_id, item.video.kind, item.video.duration_ms, frozenset(item.done))
        pace = stage_pace(connection, len(STAGES)) if item.state in ("working", "waiting") else StagePace({}, 0.0)
        return VideoView(
            item,
            _outlook(item, running, pace, _seconds_left(missing, running, pace)),
            _stages(connection, item, running),
            read_bringing(connection, video_id),
            tuple(read_editors(connection, video_id)),
            asked[-1] if asked else None,
            any(request.state == "waiting" and request.waited > ASLEEP_SECONDS for request in asked),
        )


def _stages(connection: Connection, item: ShelfVideo, running: RunningStage | None) -> tuple[StageView, ...]:
    finished = read_finished_stages(connection, item.video.id)
    failed = read_failed_stages(connection, item.video.id)
    views = []
    for stage in stages_of(item.video.kind):
        result = finished.get(stage)
        known = result.inputs if result and result.inputs is not None else {}
        changed = tuple(
            name for name, mark in known.items() if name in finished and finished[name].fingerprint != mark
        )
        at_work = running if running and running.stage == stage else None
        views.append(
            StageView(
                stage,
                tuple(known) or _read_by(stage, item.video.kind),
                _state(result, failed.get(stage), at_work, changed),
                result,
                failed.get(stage),
                at_work,
                changed,
            )
        )
    return tuple(views)


def _read_by(stage: str, kind: str) -> tuple[str, ...]:
    there = stages_of(kind)
    return tuple(name for name in STAGE_INPUTS[stage] if name in there)


def _state(
    result: FinishedStage | None,
    failed: FailedStage | None,
    running: RunningStage | None,
    changed: Sequence[str],
) -> StageState:
    if running:
        return "running"
    if failed:
        return "failed"
    if result is None:
        return "waiting"
    if changed or result.newest:
        return "stale"
    return "unfinished" if result.missing else "done"
