"""What happens, in words: by the captioner of the settings, and in Korean."""

import hashlib
import json
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dagster import AssetCheckSpec, AssetExecutionContext, MaterializeResult, MetadataValue, asset
from sqlalchemy import Connection

from vsearch_pipeline.assets.clips import VideoClips
from vsearch_pipeline.assets.stage import OWNERS, RETRIES, SEVERAL_VIDEOS, VIDEOS, Output, Stage, Work, run_stage
from vsearch_pipeline.assets.watching import Progress
from vsearch_pipeline.captioning.captioner import Caption as Described
from vsearch_pipeline.captioning.captioner import CompactCaptioner
from vsearch_pipeline.captioning.compose import compose
from vsearch_pipeline.captioning.facts import CaptionFacts
from vsearch_pipeline.captioning.stream import caption_all
from vsearch_pipeline.catalog.library import PersonRecord
from vsearch_pipeline.catalog.models import Caption
from vsearch_pipeline.catalog.stages import ProducerInfo, producer_id, read_rows, replace_captions
from vsearch_pipeline.catalog.videos import VideoRecord
from vsearch_pipeline.editing.on_screen import OnScreen, with_places
from vsearch_pipeline.language.tokens import has_hangul
from vsearch_pipeline.language.translation import Translation
from vsearch_pipeline.resources.models import CaptionerResource, ObjectsResource, TranslatorResource
from vsearch_pipeline.resources.placement import GPU_OP_TAGS, GPU_POOL, GPU_TAG
from vsearch_pipeline.resources.storage import CatalogResource, MediaResource
from vsearch_pipeline.slots import fill, slots_in
from vsearch_pipeline.timeline import TimeRange, clock

CAPTIONS = Stage(
    "captions",
    inputs=("sampling", "objects"),
    checks=(
        AssetCheckSpec(
            "captioner_says_something",
            asset="captions",
            blocking=True,
            description="Most ranges have a caption.",
        ),
    ),
)
KOREAN_CAPTIONS = Stage(
    "korean_captions",
    inputs=("captions", "face_labels"),
    checks=(
        AssetCheckSpec(
            "captions_are_korean",
            asset="korean_captions",
            description="Every Korean caption is written in Hangul.",
        ),
        AssetCheckSpec(
            "translation_is_whole",
            asset="korean_captions",
            description="No caption waits for a service that failed or for a spending limit.",
        ),
    ),
)
CAPTIONS_CODE = "2"
"""Of choosing frames and of cleaning: another one makes captions stale."""
KOREAN_CAPTIONS_CODE = "2"
COMPOSER = ProducerInfo("korean_captions", CompactCaptioner.name, CompactCaptioner.version)
"""What wrote the captions that are composed of facts."""
REPORT_SECONDS = 10.0


@asset(
    group_name="understanding",
    deps=["shots", "frames", "objects"],
    kinds={"python", "postgres"},
    owners=OWNERS,
    tags=GPU_TAG,
    code_version=CAPTIONS_CODE,
    check_specs=CAPTIONS.checks,
    description="What each range shows, in English, by the captioner of the settings.",
    pool=GPU_POOL,
    op_tags=GPU_OP_TAGS,
    partitions_def=VIDEOS,
    backfill_policy=SEVERAL_VIDEOS,
    retry_policy=RETRIES,
)
def captions(
    context: AssetExecutionContext,
    catalog: CatalogResource,
    media: MediaResource,
    object_detection: ObjectsResource,
    captioner: CaptionerResource,
) -> Iterator[MaterializeResult]:
    model = captioner.load(catalog)
    per_second = object_detection.frames_per_second
    progress = Progress()

    def compute(records: Sequence[VideoRecord]) -> Iterator[Output | Exception]:
        sources = [_clips(catalog, media, record.id, per_second) for record in records]
        log, earlier = _reporter(context), 0
        sizes = deque(0 if isinstance(source, Exception) else len(source) for source in sources)

        def report(done: int, total: int) -> None:
            log(done, total)
            progress(max(0, min(done - earlier, sizes[0])), sizes[0])  # of the video at hand

        for record, source, result in zip(records, sources, caption_all(model, sources, report), strict=True):
            earlier += sizes.popleft()
            if isinstance(result, list) and not isinstance(source, Exception):
                yield _captioned(record.id, source.spans, result)
            elif isinstance(result, Exception):
                yield result

    settings = {**model.settings, "segment_max_ms": media.segment_max_ms, "code": CAPTIONS_CODE}
    if model.frames is None:
        stage, settings = CAPTIONS, {**settings, "frames_per_second": per_second}
    else:  # it looks at frames of its own choice, and not at what the object detector found
        stage = replace(CAPTIONS, inputs=("sampling",))
    producer = ProducerInfo("captions", model.name, model.version, settings)
    yield from run_stage(context, catalog.open(), Work(stage, producer, compute, progress=progress))


def _clips(
    catalog: CatalogResource, media: MediaResource, video_id: str, per_second: float
) -> VideoClips | Exception:
    try:
        return VideoClips(catalog, media, video_id, per_second)
    except Exception as error:  # noqa: BLE001 - the other videos of the run go on
        return error


def _reporter(context: AssetExecutionContext) -> Any:
    """Says in the log now and then how far it is, and how long it will still take."""
    started = last = time.monotonic()

    def report(done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= REPORT_SECONDS:
            last = now
            left = (now - started) / done * (total - done)
            context.log.info("%d of %d clips described, about %d s left", done, total, round(left))

    return report


def _captioned(video_id: str, spans: Sequence[TimeRange], described: Sequence[Described]) -> Output:
    rows = [
        {
            "index": i,
            "start_ms": span.start_ms,
            "end_ms": span.end_ms,
            "text": caption.text,
            "raw_text": caption.raw_text,
            "facts": caption.facts.to_json() if caption.facts else None,
        }
        for i, (span, caption) in enumerate(zip(spans, described, strict=True))
    ]
    empty = sum(not row["text"] for row in rows)
    return Output(
        write=lambda connection, producer: replace_captions(connection, video_id, "en", producer, rows),
        metadata={"captions": {"captions": len(rows), "empty": empty, "text": _listed(rows)}},
        problems={"captioner_says_something": f"{empty} of {len(rows)} are empty"}
        if 2 * empty > len(rows)
        else {},
    )


@asset(
    group_name="understanding",
    deps=["captions", "face_labels"],
    kinds={"gemini", "postgres"},
    owners=OWNERS,
    code_version=KOREAN_CAPTIONS_CODE,
    check_specs=KOREAN_CAPTIONS.checks,
    description="The captions in Korean: composed from the same facts where there are any, else translated, with"
    " places for the names of who is on screen.",
    pool="gemini",
    partitions_def=VIDEOS,
    backfill_policy=SEVERAL_VIDEOS,
    retry_policy=RETRIES,
)
def korean_captions(
    context: AssetExecutionContext, catalog: CatalogResource, translation: TranslatorResource
) -> Iterator[MaterializeResult]:
    translator = translation.load(catalog)

    def compute(records: Sequence[VideoRecord]) -> Iterator[Output | Exception]:
        drafts = [_drafts(catalog, record.id) for record in records]
        # the texts of all videos together fill the requests
        asked = [draft.english for rows in drafts if isinstance(rows, list) for draft in rows if draft.english]
        answers = iter(translator.translate(asked))
        for record, rows in zip(records, drafts, strict=True):
            if isinstance(rows, Exception):
                yield rows
            else:
                yield _in_korean(
                    record.id, [replace(d, translation=next(answers)) if d.english else d for d in rows]
                )

    def people(connection: Connection, video_id: str) -> Sequence[str]:
        """By their genders and names it is told who a caption speaks of."""
        everybody = OnScreen(connection, video_id).everybody()
        return [f"{person.id} {person.gender} {sorted(person.names)}" for person in everybody]

    settings = {**translator.settings, "code": KOREAN_CAPTIONS_CODE}
    producer = ProducerInfo("korean_captions", translator.name, translator.version, settings)
    yield from run_stage(context, catalog.open(), Work(KOREAN_CAPTIONS, producer, compute, also=people))


@dataclass(frozen=True)
class _Draft:
    """An English caption on its way to Korean.

    Attributes:
        people: who the slots stand for.
        composed: Korean already, from the caption's facts.
        english: what is to be translated, with slots; empty where there is nothing to translate.
    """

    caption: Any
    people: tuple[PersonRecord, ...] = ()
    composed: str = ""
    english: str = ""
    translation: Translation | None = None

    @property
    def korean(self) -> str:
        return self.composed or (self.translation.korean if self.translation else None) or ""


def _drafts(catalog: CatalogResource, video_id: str) -> list[_Draft] | Exception:
    try:
        with catalog.open().begin() as connection:
            on_screen = OnScreen(connection, video_id)
            captions = [row for row in read_rows(connection, Caption, video_id, "index") if row.language == "en"]
        return [_draft(caption, on_screen) for caption in captions]
    except Exception as error:  # noqa: BLE001 - the other videos of the run go on
        return error


def _draft(caption: Any, on_screen: OnScreen) -> _Draft:
    if caption.facts:
        return _Draft(caption, composed=compose(CaptionFacts.from_json(caption.facts), "ko"))
    people = on_screen.people(TimeRange(caption.start_ms, caption.end_ms))
    return _Draft(caption, tuple(people), english=with_places(caption.text, people))


def _in_korean(video_id: str, drafts: Sequence[_Draft]) -> Output:
    rows = [
        {
            "index": draft.caption.index,
            "start_ms": draft.caption.start_ms,
            "end_ms": draft.caption.end_ms,
            "text": draft.korean,
            "raw_text": draft.korean,
            "facts": None,
            "people": [person.id for person in draft.people],
        }
        for draft in drafts
        if draft.korean
    ]
    shown = [
        {"start_ms": draft.caption.start_ms, "text": fill(draft.korean, [p.in_korean for p in draft.people], "ko")}
        for draft in drafts
        if draft.korean
    ]
    foreign = [row for row in rows if not has_hangul(row["text"]) and not slots_in(row["text"])]
    lacking = [draft.translation for draft in drafts if draft.translation and draft.translation.korean is None]
    problems = {}
    if foreign:
        problems["captions_are_korean"] = f"{len(foreign)} have no Hangul"
    if failed := [translation for translation in lacking if translation.lack == "failed"]:
        problems["translation_is_whole"] = f"{_told(failed)} Materialise korean_captions again to go on."

    def write(connection: Connection, translator: int) -> None:
        composer = producer_id(connection, COMPOSER)
        by_whom = [composer if draft.composed else translator for draft in drafts if draft.korean]
        own = [{**row, "producer_id": producer} for row, producer in zip(rows, by_whom, strict=True)]
        replace_captions(connection, video_id, "ko", translator, own)

    composed = {"model": f"{COMPOSER.model} {COMPOSER.version}"} if all(d.composed for d in drafts) else {}
    return Output(
        write=write,
        metadata={
            "korean_captions": {
                **composed,
                "captions": len(rows),
                "not_translated": _told(lacking) if lacking else 0,
                "text": _listed(shown),
            }
        },
        problems=problems,
        missing=_told([translation for translation in lacking if translation.lack in ("failed", "no_key")]),
        there=hashlib.sha256(json.dumps(rows, ensure_ascii=False).encode()).hexdigest(),
    )


def _told(lacking: Sequence[Translation]) -> str:
    """How many are not translated, and why; empty where all are."""
    reasons = Counter(translation.reason for translation in lacking)
    return "; ".join(f"{count} captions: {reason}" for reason, count in sorted(reasons.items()))


def _listed(rows: Sequence[dict[str, Any]]) -> MetadataValue:
    return MetadataValue.md(
        "\n".join(f"- {clock(row['start_ms'])} {row['text']}" for row in rows[:50]) or "*none*"
    )
