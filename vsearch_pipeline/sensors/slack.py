"""What happens is told in Slack: videos that can be searched, runs and checks that failed, what somebody watches
for."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final

from dagster import (
    AssetCheckEvaluation,
    DagsterEventType,
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
    DefaultSensorStatus,
    EventRecordsFilter,
    RunRecord,
    RunsFilter,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    sensor,
)
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_START_TAG,
    PARTITION_NAME_TAG,
    WILL_RETRY_TAG,
)

from vsearch_pipeline.catalog.alerts import (
    AlertState,
    NewAlert,
    SearchableVideo,
    database_time,
    failed_in_run,
    known_alerts,
    make_alerts,
    searchable_key,
    searchable_since,
    take_as_known,
)
from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.segments import SegmentRecord, read_segments
from vsearch_pipeline.catalog.videos import read_videos
from vsearch_pipeline.catalog.watches import list_watches
from vsearch_pipeline.errors import InputError
from vsearch_pipeline.resources.models import SentenceEmbedderResource
from vsearch_pipeline.resources.reasons import run_reason
from vsearch_pipeline.resources.slack import SlackResource
from vsearch_pipeline.resources.storage import CatalogResource
from vsearch_pipeline.search.service import SearchService
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.slack.alert_messages import SHOWN_VIDEOS
from vsearch_pipeline.slack.watching import look
from vsearch_pipeline.slack.writing import plain

LOOK_BACK: Final = timedelta(minutes=5)
"""What is committed later than it says is still found; alerts made already are known by their keys."""
LOOK_BACK_EVENTS: Final = 1000
MOST_EVENTS: Final = 5000
LOOKING_SECONDS: Final = 15.0
"""Dagster ends a look after 60 seconds; what is left is looked at by the next."""
VIDEOS_TOGETHER: Final = 8
PREVIEWS_WAIT: Final = timedelta(minutes=1)
"""How long news of a video waits for its previews."""
TAG_WAIT: Final = timedelta(seconds=30)
"""How long after a failure Dagster may take to say whether it tries again."""
_TOLD_RANGES: Final = 5


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far was looked.

    Attributes:
        began: the first look; what is older is no news.
        videos: everything made searchable before was looked at, by the database's clock.
        seen: marks of what was looked at already since then.
        runs: failed runs were looked at up to this time, by Dagster's clock.
        check: number of the last event with a check that was looked at; `first_check` of the last before `began`.
    """

    began: str
    videos: str
    runs: str
    check: int
    first_check: int
    seen: tuple[str, ...] = ()

    @classmethod
    def read(cls, text: str | None) -> Cursor | None:
        values = json.loads(text) if text else None
        return cls(**{**values, "seen": tuple(values["seen"])}) if values else None

    def __str__(self) -> str:
        return json.dumps(asdict(self))


def slack_alerts_sensor() -> SensorDefinition:
    """Tells Slack what happened, and what searches that somebody watches find."""

    @sensor(
        name="slack_alerts",
        minimum_interval_seconds=15,
        default_status=DefaultSensorStatus.RUNNING,
        description="Tells Slack of videos that can be searched, of runs and checks that failed, and of moments"
        " that somebody watches for; needs SLACK_BOT_TOKEN.",
    )
    def watch(
        context: SensorEvaluationContext,
        catalog: CatalogResource,
        sentences: SentenceEmbedderResource,
        slack: SlackResource,
    ) -> SensorResult | SkipReason:
        try:
            tokens, settings = slack.tokens(), slack.settings()
            slack.quiet()
        except InputError as error:
            return SkipReason(str(error))
        if tokens is None:
            return SkipReason("SLACK_BOT_TOKEN is not set: Slack is told nothing (docs/slack.md)")
        opened = catalog.open()
        cursor = Cursor.read(context.cursor)
        if cursor is None:
            return SensorResult(
                cursor=str(_first_look(context.instance, opened)), skip_reason=_first_words(settings)
            )
        until = time.monotonic() + LOOKING_SECONDS
        looked = _look_at_videos(opened, settings, sentences, cursor, until)
        if settings.slack_channel:
            looked = _look_at_runs(context.instance, opened, settings, looked, until)
            looked = _look_at_checks(context.instance, opened, settings, looked)
        else:  # a channel that is set later is not told of what was before
            looked = replace(_from_now(context.instance), videos=looked.videos, seen=looked.seen)
        report = slack.send(opened, tokens)
        for problem in report.problems:
            context.log.warning(problem)
        return SensorResult(cursor=str(looked), skip_reason=SkipReason(str(report)))

    return watch


def _first_words(settings: Settings) -> SkipReason:
    where = settings.slack_channel or "nobody, as VSEARCH_SLACK_CHANNEL is not set"
    return SkipReason(f"what happens from now on is told to {where}")


def _first_look(instance: DagsterInstance, catalog: Catalog) -> Cursor:
    """Everything that is there is known."""
    with catalog.begin() as connection:
        now = database_time(connection)
        take_as_known(connection)
    return replace(_from_now(instance), videos=_text(now - LOOK_BACK))


def _from_now(instance: DagsterInstance) -> Cursor:
    """No run and no check is news that Dagster has."""
    last, now = _last_check(instance), _text(datetime.now(UTC))
    return Cursor(began=now, videos=now, runs=now, check=last, first_check=last)


# --- videos -----------------------------------------------------------------------------------------------------


def _look_at_videos(
    catalog: Catalog, settings: Settings, sentences: SentenceEmbedderResource, cursor: Cursor, until: float
) -> Cursor:
    with catalog.begin() as connection:
        now = database_time(connection)
        began = min(_time(cursor.videos), now - LOOK_BACK)  # a clock that was set back leaves the cursor ahead
        videos = searchable_since(connection, began)
        watches = list_watches(connection)
    seen = set(cursor.seen)
    new = [video for video in videos if _mark(video) not in seen]
    ready = [video for video in new if video.previewed or abs(now - video.finished_at) >= PREVIEWS_WAIT]
    for start in range(0, len(ready), VIDEOS_TOGETHER):
        if time.monotonic() > until:
            break
        some = ready[start : start + VIDEOS_TOGETHER]
        _make_searchable(catalog, settings, some)
        if watches:
            look(catalog, _search(catalog, sentences), watches, {video.id: video.finished_at for video in some})
        seen |= {_mark(video) for video in some}
    left = [video.finished_at for video in new if _mark(video) not in seen]
    since = min([now - LOOK_BACK, *left])
    since = max(since, began)
    kept = [_mark(video) for video in videos if video.finished_at >= since and _mark(video) in seen]
    return replace(cursor, videos=_text(since), seen=tuple(kept))


def _mark(video: SearchableVideo) -> str:
    return sha256(f"{video.id} {video.finished_at.timestamp()}".encode()).hexdigest()[:12]


@lru_cache(maxsize=1)
def _search(catalog: Catalog, sentences: SentenceEmbedderResource) -> SearchService:
    """Kept from look to look, with its model and what it knows of the library's words."""
    return SearchService(catalog, sentences.load(), door="sensor")


def _make_searchable(catalog: Catalog, settings: Settings, videos: Sequence[SearchableVideo]) -> None:
    with catalog.begin() as connection:
        known = known_alerts(connection, [searchable_key(video.id) for video in videos])
        alerts = []
        for video in videos:
            if searchable_key(video.id) not in known:
                segments = read_segments(connection, video_id=video.id) if settings.slack_channel else []
                alerts.append(_searchable(settings, video, segments))
        make_alerts(connection, alerts)


def _searchable(settings: Settings, video: SearchableVideo, segments: Sequence[SegmentRecord]) -> NewAlert:
    middle = (video.duration_ms or max((each.span.end_ms for each in segments), default=0)) // 2
    nearest = sorted(segments, key=lambda each: abs(each.span.middle_ms - middle))[:_TOLD_RANGES]
    people = {person.id: person for segment in segments for person in segment.people}
    about = {
        "video": video.id,
        "title": plain(video.title, 200),
        "duration_ms": video.duration_ms,
        "people": [plain(person.in_language(settings.slack_language), 80) for person in people.values()],
        "spans": [[each.span.start_ms, each.span.end_ms] for each in nearest],
    }
    state: AlertState = "waiting" if settings.slack_channel else "dropped"
    return NewAlert(searchable_key(video.id), "searchable", settings.slack_channel, about, state)


# --- runs -------------------------------------------------------------------------------------------------------


def _look_at_runs(
    instance: DagsterInstance, catalog: Catalog, settings: Settings, cursor: Cursor, until: float
) -> Cursor:
    now = datetime.now(UTC)
    since = min(_time(cursor.runs), now) - LOOK_BACK
    filters = RunsFilter(statuses=[DagsterRunStatus.FAILURE], updated_after=since)
    records = sorted(instance.get_run_records(filters), key=lambda record: record.update_timestamp)
    began = _time(cursor.began).timestamp()
    told = [record for record in records if (record.end_time or 0.0) >= began and _is_over(instance, record, now)]
    with catalog.begin() as connection:
        known = known_alerts(connection, [_failed_key(record.dagster_run) for record in told])
    for record in told:
        if _failed_key(record.dagster_run) in known:
            continue
        if time.monotonic() > until:
            return replace(cursor, runs=_text(record.update_timestamp.replace(tzinfo=UTC)))
        alert = _failed(instance, catalog, settings, record.dagster_run)
        if alert is not None:
            with catalog.begin() as connection:
                make_alerts(connection, [alert])
    return replace(cursor, runs=_text(now))


def _is_over(instance: DagsterInstance, record: RunRecord, now: datetime) -> bool:
    """Whether the run failed for good; Dagster writes a moment later whether it tries again."""
    again = record.dagster_run.tags.get(WILL_RETRY_TAG)
    if again is None and instance.run_retries_enabled:
        return abs(now.timestamp() - (record.end_time or 0.0)) >= TAG_WAIT.total_seconds()
    return again != "true"


def _failed_key(run: DagsterRun) -> str:
    return f"failed {run.run_id}"


def _failed(instance: DagsterInstance, catalog: Catalog, settings: Settings, run: DagsterRun) -> NewAlert | None:
    """None where all that failed is checks, which are told by themselves."""
    steps = instance.get_records_for_run(run.run_id, of_type=DagsterEventType.STEP_FAILURE).records
    events = [record.event_log_entry.dagster_event for record in steps]
    errors = [event.step_failure_data.error for event in events if event]
    if errors and all(error is not None and error.cls_name == "DagsterAssetCheckFailedError" for error in errors):
        return None
    with catalog.begin() as connection:
        failed = failed_in_run(connection, run.run_id)
        named = {} if failed else read_videos(connection, _partitions(run))
    if failed:
        stage, reason = failed[0].stage, failed[0].reason
        videos = {each.id: each.title for each in failed}
    else:
        stage = next((event.step_key for event in events if event and event.step_key), None) or run.job_name
        reason = run_reason(instance, run.run_id)
        videos = {video.id: video.title for video in named.values()}
    about = {
        "run": run.run_id,
        "stage": plain(stage, 100),
        "reason": plain(reason, 1000),
        "source": plain(run.tags.get("vsearch/source", ""), 200),
        **_videos(videos),
    }
    return NewAlert(_failed_key(run), "failed", settings.slack_channel, about)


def _partitions(run: DagsterRun) -> list[str]:
    """The video of a run, as far as its tags tell it."""
    return [run.tags[tag] for tag in (PARTITION_NAME_TAG, ASSET_PARTITION_RANGE_START_TAG) if run.tags.get(tag)][
        :1
    ]


def _videos(titles: dict[str, str]) -> dict[str, Any]:
    shown = list(titles.items())[:SHOWN_VIDEOS]
    return {"videos": [{"id": id_, "title": plain(title, 200)} for id_, title in shown], "found": len(titles)}


# --- checks -----------------------------------------------------------------------------------------------------


def _last_check(instance: DagsterInstance) -> int:
    filters = EventRecordsFilter(DagsterEventType.ASSET_CHECK_EVALUATION)
    newest = instance.get_event_records(filters, limit=1)
    return newest[0].storage_id if newest else 0


def _look_at_checks(instance: DagsterInstance, catalog: Catalog, settings: Settings, cursor: Cursor) -> Cursor:
    after = max(cursor.first_check, cursor.check - LOOK_BACK_EVENTS)
    filters = EventRecordsFilter(DagsterEventType.ASSET_CHECK_EVALUATION, after_cursor=after)
    records = instance.get_event_records(filters, limit=MOST_EVENTS, ascending=True)
    alerts = []
    for record in records:
        event = record.event_log_entry.dagster_event
        evaluation = event.asset_check_evaluation_data if event else None
        if evaluation is not None and not evaluation.passed:
            alerts.append(_check(instance, catalog, settings, record.run_id, evaluation))
    with catalog.begin() as connection:
        make_alerts(connection, alerts)
    return replace(cursor, check=max([cursor.check, *(record.storage_id for record in records)]))


def _check(
    instance: DagsterInstance, catalog: Catalog, settings: Settings, run_id: str, evaluation: AssetCheckEvaluation
) -> NewAlert:
    run = instance.get_run_by_id(run_id)
    partition = evaluation.partition or next(iter(_partitions(run)) if run else iter(()), "")
    asset, said = evaluation.asset_key.to_user_string(), evaluation.description or ""
    with catalog.begin() as connection:
        found = read_videos(connection, [partition] if partition else _told_of(said))
    about = {
        "run": run_id,
        "check": plain(evaluation.check_name, 150),
        "stage": plain(asset, 100),
        "reason": plain(said, 1000),
        **_videos({video.id: video.title for video in found.values()}),
    }
    key = f"check {run_id} {asset} {evaluation.check_name} {partition}".rstrip()
    return NewAlert(key, "check", settings.slack_channel, about)


def _told_of(said: str) -> list[str]:
    """The videos that a check of several names: `VIDEO: problem; VIDEO: problem`."""
    return [piece.partition(": ")[0] for piece in said.split("; ")]


# --- small things -----------------------------------------------------------------------------------------------


def _text(moment: datetime) -> str:
    return moment.isoformat()


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
