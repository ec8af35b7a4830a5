"""Captioners side by side on the same clips, scored by what people wrote about them."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import Any

from dagster import AssetExecutionContext, MaterializeResult, MetadataValue, asset

from vsearch_pipeline.assets.clips import VideoClips
from vsearch_pipeline.assets.stage import OWNERS, picture_link
from vsearch_pipeline.captioning.captioner import Captioner
from vsearch_pipeline.captioning.facts import Clip
from vsearch_pipeline.captioning.references import Reference, read_references
from vsearch_pipeline.captioning.scoring import rouge_l
from vsearch_pipeline.catalog.segments import human_captions
from vsearch_pipeline.catalog.videos import captioned_videos
from vsearch_pipeline.errors import in_words
from vsearch_pipeline.language.embedding import SentenceEmbedder
from vsearch_pipeline.media.pictures import contact_sheet
from vsearch_pipeline.media.selection import spread_evenly
from vsearch_pipeline.resources.models import CaptionerResource, ObjectsResource, SentenceEmbedderResource
from vsearch_pipeline.resources.placement import GPU_OP_TAGS, GPU_POOL, GPU_TAG
from vsearch_pipeline.resources.storage import CatalogResource, MediaResource
from vsearch_pipeline.timeline import TimeRange, clock

COMPARED_CLIPS = 12


@dataclass(frozen=True)
class _Place:
    """A range to describe, with what people wrote about it."""

    video_id: str
    span: TimeRange
    written: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Column:
    """What one captioner said of every clip, or why it could not."""

    texts: tuple[str, ...] = ()
    about: str = ""
    clips_a_second: float = 0.0
    problem: str = ""


@asset(
    group_name="library",
    deps=["captions"],
    kinds={"python"},
    owners=OWNERS,
    tags=GPU_TAG,
    code_version="2",
    description="The same clips through several captioners, side by side; scored where people wrote captions:"
    " those they edited here, and those of VSEARCH_REFERENCE_CAPTIONS.",
    pool=GPU_POOL,
    op_tags=GPU_OP_TAGS,
)
def caption_comparison(
    context: AssetExecutionContext,
    *,
    catalog: CatalogResource,
    media: MediaResource,
    object_detection: ObjectsResource,
    captioner: CaptionerResource,
    sentences: SentenceEmbedderResource,
) -> MaterializeResult:
    places = _places(catalog, media, object_detection.frames_per_second, captioner.references)
    load = _loader(catalog, media, object_detection.frames_per_second)
    columns: dict[str, _Column] = {}
    for spec in captioner.compared if places else ():
        columns[spec] = _column(lambda spec=spec: captioner.fresh(catalog, spec), places, load)  # type: ignore[misc]
        context.log.info(
            "%s: %s", spec, columns[spec].problem or f"{columns[spec].clips_a_second:.2f} clips a second"
        )
    scored = [i for i, place in enumerate(places) if place.written]
    return MaterializeResult(
        metadata={
            "clips": len(places),
            "with_captions_by_people": len(scored),
            "scores": MetadataValue.md(_scores(columns, places, scored, sentences.load())),
            "table": MetadataValue.md(_side_by_side(columns, places, load)),
        }
    )


def _places(
    catalog: CatalogResource, media: MediaResource, per_second: float, references: str | None
) -> list[_Place]:
    """Ranges that people described, filled up with ranges spread over the library."""
    with catalog.open().begin() as connection:
        videos = captioned_videos(connection)
        written = [Reference(video, span, (text,)) for video, span, text in human_captions(connection)]
    if references:
        written += read_references(Path(references))
    described = [_Place(r.video_id, r.span, r.captions) for r in written if r.video_id in set(videos)]
    places = _spread(described, COMPARED_CLIPS)
    shown = _spread(videos, COMPARED_CLIPS)
    each = max(1, (COMPARED_CLIPS - len(places)) // max(1, len(shown)))
    others = [
        _Place(video, span)
        for video in shown
        for span in _spread(VideoClips(catalog, media, video, per_second).spans, each)
        if not any(place.video_id == video and place.span.overlap_ms(span) for place in places)
    ]
    return places + _spread(others, COMPARED_CLIPS - len(places))


def _spread(items: Sequence[Any], wanted: int) -> list[Any]:
    """At most `wanted` of the items, evenly over them all."""
    return [items[i] for i in spread_evenly(len(items), wanted)]


def _loader(
    catalog: CatalogResource, media: MediaResource, per_second: float
) -> Callable[[_Place, int | None], Clip]:
    @cache
    def clips(place: _Place) -> VideoClips:
        return VideoClips(catalog, media, place.video_id, per_second, [place.span])

    return lambda place, frames: clips(place).load(0, frames)


def _column(
    make: Callable[[], Captioner], places: Sequence[_Place], load: Callable[[_Place, int | None], Clip]
) -> _Column:
    """All clips by one captioner, which is let go of afterwards. One that cannot work does not stop the others."""
    try:
        captioner = make()
        clips = [load(place, captioner.frames) for place in places]
        captioner.caption(clips[:1])  # reads the weights, which is not what is timed
        started = time.perf_counter()
        texts: list[str] = []
        for first in range(0, len(clips), captioner.batch):
            texts += [caption.text for caption in captioner.caption(clips[first : first + captioner.batch])]
        seconds = time.perf_counter() - started
    except Exception as error:  # noqa: BLE001 - the others are compared all the same
        return _Column(problem=in_words(error))
    return _Column(tuple(texts), f"{captioner.name} {captioner.version}", len(clips) / max(seconds, 1e-6))


def _scores(
    columns: dict[str, _Column], places: Sequence[_Place], scored: Sequence[int], embedder: SentenceEmbedder
) -> str:
    """ROUGE-L and nearness of meaning (cosine to the nearest caption by people), means over the clips."""
    if not columns:
        return "*no video has captions yet*"
    header = ["captioner", "model", "clips a second", *(["ROUGE-L", "meaning"] if scored else [])]
    lines = ["| " + " | ".join(header) + " |", "|---" * len(header) + "|"]
    for spec, column in columns.items():
        cells = [_cell(spec), _cell(column.problem or column.about)]
        if not column.problem:
            cells.append(f"{column.clips_a_second:.2f}")
            if scored:
                rouge = fmean(rouge_l(column.texts[i], places[i].written) for i in scored)
                meaning = fmean(_meaning(column.texts[i], places[i].written, embedder) for i in scored)
                cells += [f"{rouge:.3f}", f"{meaning:.3f}"]
        cells += [""] * (len(header) - len(cells))
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _meaning(text: str, written: Sequence[str], embedder: SentenceEmbedder) -> float:
    vectors = embedder.embed([text, *written])
    return float((vectors[1:] @ vectors[0]).max())


def _side_by_side(
    columns: dict[str, _Column], places: Sequence[_Place], load: Callable[[_Place, int | None], Clip]
) -> str:
    working = {spec: column for spec, column in columns.items() if not column.problem}
    if not working:
        return "*nothing to show*"
    header = ["", "clip", *map(_cell, working), *(["by people"] if any(p.written for p in places) else [])]
    lines = ["| " + " | ".join(header) + " |", "|---" * len(header) + "|"]
    for i, place in enumerate(places):
        still = picture_link(contact_sheet([load(place, 1).frames[0]]), "clip")
        cells = [still, f"{_cell(place.video_id)} {clock(place.span.start_ms)}"]
        cells += [_cell(column.texts[i]) for column in working.values()]
        if len(header) > len(cells):
            cells.append(_cell(" / ".join(place.written)))
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
