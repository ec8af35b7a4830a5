"""Catalogues of other systems: a list of timed captions with faces becomes a searchable video without a file."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, TypeAdapter, ValidationError
from sqlalchemy import Connection

from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.library import ensure_person
from vsearch_pipeline.catalog.locks import lock_video
from vsearch_pipeline.catalog.models import ImportedRecord
from vsearch_pipeline.catalog.operations import Door, log_of_videos
from vsearch_pipeline.catalog.segments import AutoFields
from vsearch_pipeline.catalog.stages import ProducerInfo, fingerprint, finish_stages, producer_id, replace_rows
from vsearch_pipeline.catalog.videos import IMPORT_RUN, VideoRecord, put_videos
from vsearch_pipeline.editing.description import describer, imported_rows
from vsearch_pipeline.editing.refresh import fit_segments, refresh_search_of
from vsearch_pipeline.errors import InputError
from vsearch_pipeline.ingest.store import slug
from vsearch_pipeline.timeline import TimeRange

SEGMENTS_STAGE = "segments"
_SECOND_MS = 1000


def _whole(text: str) -> str:
    """Raises ValueError where the text holds what no text is."""
    if "\x00" in text:
        raise ValueError("it holds a zero byte")
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ValueError("it holds half a character (a lone surrogate)")
    return text


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name).strip()


Text = Annotated[str, AfterValidator(_whole)]


class ImportedFace(BaseModel):
    """A person; names are composed (NFC), as those of the gallery are."""

    member: Annotated[Text, AfterValidator(_composed), Field(min_length=1)]
    group: Annotated[Text, AfterValidator(_composed)] | None = None
    confidence: Annotated[float, Field(ge=0, le=1)] | None = None


class ImportedSegment(BaseModel):
    """One record: times in seconds; without `end` it lasts a second, or to the next record if that is sooner."""

    video_id: Annotated[Text, Field(min_length=1)]
    timestamp: Annotated[float, Field(ge=0, le=10**6)]
    end: Annotated[float, Field(le=10**6)] | None = None
    caption: Text | None = None
    caption_ko: Text | None = None
    faces: list[ImportedFace] = []


@dataclass(frozen=True, slots=True)
class ImportedVideo:
    video_id: str
    segments: int
    people: int
    new: bool


def read_metadata(path: Path) -> dict[str, list[ImportedSegment]]:
    """Records of a metadata file by the video they belong to, in time order.

    Raises:
        InputError: it cannot be read, or a record is wrong; the message says which and how.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: it cannot be read ({error.strerror}).") from error
    except ValueError as error:
        raise InputError(f"{path.name}: it is not a JSON file ({error}).") from error
    try:
        records = TypeAdapter(list[ImportedSegment]).validate_python(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ", ".join(str(part) for part in first["loc"]) or "the file"
        what = first["msg"].removeprefix("Value error, ")
        raise InputError(f"{path.name}: record {where}: {what}; nothing was imported.") from error
    if not records:
        raise InputError(f"{path.name}: it holds no records.")
    videos: dict[str, list[ImportedSegment]] = {}
    for record in sorted(records, key=lambda r: (r.timestamp, r.end or 0.0)):
        videos.setdefault(record.video_id, []).append(record)
    return videos


def import_metadata(catalog: Catalog, path: Path, *, actor: str, door: Door = "import") -> list[ImportedVideo]:
    """Import a metadata file whole or not at all; importing it again changes nothing, a newer one refreshes.

    People are found by group and name, and made where they are new. What a person edited since stays.
    """
    drafts = [_draft(name, records, path.name) for name, records in read_metadata(path).items()]
    info = ProducerInfo(SEGMENTS_STAGE, "imported", "1", {"file": path.name})
    with catalog.begin() as connection:
        new = put_videos(connection, [draft.video for draft in drafts])
        lock_video(connection, *(draft.video.id for draft in drafts))
        producer = producer_id(connection, info)
        people = _people(connection, [record for draft in drafts for record in draft.records])
        segments: list[int] = []
        imported = []
        for draft in drafts:
            described = _described(draft, people)
            replace_rows(connection, draft.video.id, producer, {ImportedRecord: imported_rows(described)})
            segments += fit_segments(
                connection,
                draft.video.id,
                sorted(described),
                describer(connection, draft.video),
                producer,
                new=draft.video.id in new,
            )
            shown = {person for auto in described.values() for person in auto.people}
            imported.append(ImportedVideo(draft.video.id, len(described), len(shown), draft.video.id in new))
        refresh_search_of(connection, segments)
        finish_stages(
            connection,
            {draft.video.id: fingerprint(info, [draft.content]) for draft in drafts},
            SEGMENTS_STAGE,
            producer=producer,
            run_id=f"{IMPORT_RUN}{path.name}",
            seconds=0.0,
        )
        log_of_videos(
            connection,
            actor=actor,
            door=door,
            kind="catalogue.import",
            about={video.video_id: {"file": path.name, "segments": video.segments} for video in imported},
        )
    return imported


@dataclass(frozen=True, slots=True)
class _Draft:
    """A video as the file has it; `spans` are the records' times."""

    video: VideoRecord
    records: Sequence[ImportedSegment]
    spans: Sequence[TimeRange]

    @property
    def content(self) -> str:
        return json.dumps([record.model_dump() for record in self.records], sort_keys=True)


def _draft(name: str, records: Sequence[ImportedSegment], file: str) -> _Draft:
    spans = _spans(records)
    identity = hashlib.sha256(f"imported:{name}".encode("utf-8", "replace")).hexdigest()
    video = VideoRecord(
        id=f"{slug(name)}-{identity[:10]}",
        title=name,
        kind="imported",
        sha256=identity,
        source=file,
        duration_ms=max(span.end_ms for span in spans),
    )
    return _Draft(video, records, spans)


def _described(draft: _Draft, people: Mapping[tuple[str | None, str], int]) -> dict[TimeRange, AutoFields]:
    described: dict[TimeRange, AutoFields] = {}
    for span, record in zip(draft.spans, draft.records, strict=True):
        described[span] = _merge(described.get(span), record, people)
    return described


def _spans(records: Sequence[ImportedSegment]) -> list[TimeRange]:
    starts = sorted({round(record.timestamp * _SECOND_MS) for record in records})
    following = dict(pairwise(starts))
    spans = []
    for record in records:
        start = round(record.timestamp * _SECOND_MS)
        if record.end is None:
            end = min(start + _SECOND_MS, following.get(start, start + _SECOND_MS))
        else:
            end = round(record.end * _SECOND_MS)
        if end <= start:
            raise InputError(f"The record of {record.video_id} at {record.timestamp} s ends before it begins.")
        spans.append(TimeRange(start, end))
    return spans


def _people(connection: Connection, records: Sequence[ImportedSegment]) -> dict[tuple[str | None, str], int]:
    named = dict.fromkeys((face.group or None, face.member) for record in records for face in record.faces)
    return {(group, name): ensure_person(connection, group, name) for group, name in named}


def _merge(
    known: AutoFields | None, record: ImportedSegment, people: Mapping[tuple[str | None, str], int]
) -> AutoFields:
    """One segment for records with the same times: their captions joined, their people together."""
    confidence = dict(known.people) if known else {}
    for face in record.faces:
        person = people[face.group or None, face.member]
        confidence[person] = max(confidence.get(person, 0.0), 1.0 if face.confidence is None else face.confidence)
    return AutoFields(
        caption_en=_join(known.caption_en if known else None, record.caption),
        caption_ko=_join(known.caption_ko if known else None, record.caption_ko),
        people=confidence,
    )


def _join(first: str | None, second: str | None) -> str | None:
    parts = dict.fromkeys(part.strip() for part in (first, second) if part and part.strip())
    return " ".join(parts) or None
