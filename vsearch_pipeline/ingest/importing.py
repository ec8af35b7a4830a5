"""Catalogues of other systems: a list of timed captions with faces becomes a searchable video without a file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from sqlalchemy import Connection

from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.library import ensure_person
from vsearch_pipeline.catalog.segments import AutoFields
from vsearch_pipeline.catalog.stages import ProducerInfo, fingerprint, finish_stage, lock_video, producer_id
from vsearch_pipeline.catalog.videos import Door, VideoRecord, insert_video, log_operation, update_video
from vsearch_pipeline.editing.refresh import refresh_segments
from vsearch_pipeline.errors import InputError
from vsearch_pipeline.ingest.store import slug
from vsearch_pipeline.timeline import TimeRange

SEGMENTS_STAGE = "segments"
_SECOND_MS = 1000


class ImportedFace(BaseModel):
    member: Annotated[str, Field(min_length=1)]
    group: str | None = None
    confidence: Annotated[float, Field(ge=0, le=1)] | None = None


class ImportedSegment(BaseModel):
    """One record: times in seconds; without `end` it lasts a second, or to the next record if that is sooner."""

    video_id: Annotated[str, Field(min_length=1)]
    timestamp: Annotated[float, Field(ge=0, le=10**6)]
    end: Annotated[float, Field(le=10**6)] | None = None
    caption: str | None = None
    caption_ko: str | None = None
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
        raise InputError(f"{path.name}: record {where}: {first['msg']}; nothing was imported.") from error
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
    videos = read_metadata(path)
    with catalog.begin() as connection:
        return [
            _import_video(connection, name, records, file=path.name, actor=actor, door=door)
            for name, records in videos.items()
        ]


def _import_video(
    connection: Connection, name: str, records: Sequence[ImportedSegment], *, file: str, actor: str, door: Door
) -> ImportedVideo:
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
    new = insert_video(connection, video)
    if not new:
        update_video(connection, video.id, {"source": file, "duration_ms": video.duration_ms})
    lock_video(connection, video.id)
    content = json.dumps([record.model_dump() for record in records], sort_keys=True)
    info = ProducerInfo(SEGMENTS_STAGE, "imported", "1", {"file": file})
    producer = producer_id(connection, info)
    people = _people(connection, records)
    described: dict[TimeRange, AutoFields] = {}
    for span, record in zip(spans, records, strict=True):
        described[span] = _merge(described.get(span), record, people)

    def describe(span: TimeRange) -> AutoFields:
        if span in described:
            return described[span]
        best = max(described, key=lambda other: (other.overlap_ms(span), -other.start_ms))
        return described[best] if best.overlap_ms(span) else AutoFields(None, None)

    refresh_segments(connection, video.id, sorted(described), describe, producer)
    finish_stage(
        connection,
        video.id,
        SEGMENTS_STAGE,
        mark=fingerprint(info, [content]),
        producer=producer,
        run_id=f"import:{file}",
        seconds=0.0,
    )
    log_operation(
        connection,
        actor=actor,
        door=door,
        kind="catalogue.import",
        video_id=video.id,
        after={"file": file, "segments": len(described)},
    )
    return ImportedVideo(video.id, len(described), len(people), new)


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
    named = dict.fromkeys((face.group, face.member) for record in records for face in record.faces)
    return {(group, name): ensure_person(connection, group, name) for group, name in named}


def _merge(
    known: AutoFields | None, record: ImportedSegment, people: Mapping[tuple[str | None, str], int]
) -> AutoFields:
    """One segment for records with the same times: their captions joined, their people together."""
    confidence = dict(known.people) if known else {}
    for face in record.faces:
        person = people[face.group, face.member]
        confidence[person] = max(confidence.get(person, 0.0), 1.0 if face.confidence is None else face.confidence)
    return AutoFields(
        caption_en=_join(known.caption_en if known else None, record.caption),
        caption_ko=_join(known.caption_ko if known else None, record.caption_ko),
        people=confidence,
    )


def _join(first: str | None, second: str | None) -> str | None:
    parts = dict.fromkeys(part.strip() for part in (first, second) if part and part.strip())
    return " ".join(parts) or None
