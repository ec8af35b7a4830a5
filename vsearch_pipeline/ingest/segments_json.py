"""Segments from a file that `vsearch export --format json` wrote: read, checked whole, and taken over."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ValidationError
from sqlalchemy import Connection

from vsearch_pipeline.editing.called import LONGEST_NAME, clean_text
from vsearch_pipeline.editing.transaction import Editor
from vsearch_pipeline.errors import InputError
from vsearch_pipeline.export.segments_json import (
    FORMAT,
    VERSION,
    HumanLayer,
    SegmentEntry,
    SegmentsFile,
    VideoEntry,
)
from vsearch_pipeline.ingest.taking_over import (
    FilePeople,
    ImportedSegments,
    Source,
    caption_fields,
    import_video,
    key_of,
    known_video,
    label_of,
)

LONGEST_AUTO_TEXT: Final = 50_000
"""Characters of a text of the models'."""
KIND: Final = "import.segments"


# --- reading ----------------------------------------------------------------------------------------------------


class _Head(BaseModel):
    format: str
    version: int


def read_segments_file(path: Path) -> SegmentsFile:
    """A file of segments, checked whole.

    Raises:
        InputError: it cannot be read, is no such file, or something in it is wrong; the message says where.
    """
    try:
        content = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    except OSError as error:
        raise InputError(f"{path}: it cannot be read ({error.strerror}).") from error
    try:
        head = _Head.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        if first["type"] == "json_invalid":
            raise InputError(f"{path.name}: it is not a whole JSON file ({first['msg']}).") from error
        raise InputError(
            f"{path.name}: it is no file of segments; `vsearch export --format json` writes one."
        ) from error
    if head.format != FORMAT:
        raise InputError(f"{path.name}: it is no file of segments, its format is {head.format!r}.")
    if head.version != VERSION:
        raise InputError(
            f"{path.name}: it is of version {head.version}, and this vsearch reads version {VERSION}."
        )
    try:
        document = SegmentsFile.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ", ".join(map(str, first["loc"])) or "the file"
        reason = first["msg"].removeprefix("Value error, ")
        raise InputError(f"{path.name}: {where}: {reason}; nothing was imported.") from error
    try:
        check_document(document)
    except InputError as error:
        raise InputError(f"{path.name}: {error} Nothing was imported.") from error
    return document


def check_document(document: SegmentsFile) -> None:
    """Refuse what does not fit together, or could not be stored.

    Raises:
        InputError: says which video and segment.
    """
    _refuse_repeated([video.id for video in document.videos], "Video")
    _refuse_repeated([video.sha256 for video in document.videos], "The content (sha256)")
    _refuse_repeated([segment.id for video in document.videos for segment in video.segments], "Segment")
    known = {key_of(person) for person in document.people}
    _refuse_repeated([label_of(*key_of(person)) for person in document.people], "Person")
    for person in document.people:
        for name in (person.name, person.group, person.display, *person.aliases):
            if name is not None:
                clean_text(name, f"A name among the people of the file is empty ({name!r}).")
    for video in document.videos:
        check_video_id(video.id)
        if not video.sha256:
            raise InputError(f"{video.id} has no sha256.")
        for segment in video.segments:
            _check_segment(video, segment, known)


def check_video_id(video_id: str) -> None:
    """Refuse an id that could not name the folder of its video's file.

    Raises:
        InputError: it has more than letters, digits, dots and dashes.
    """
    if not re.fullmatch(r"[\w-][\w.-]{0,199}", video_id):
        raise InputError(f"{video_id!r} cannot be a video's id: letters, digits, dots and dashes only.")


def _check_segment(video: VideoEntry, segment: SegmentEntry, known: Collection[tuple[str | None, str]]) -> None:
    where = f"{video.id}, segment {segment.id}"
    if video.duration_ms is not None and max([segment.end_ms, *(segment.auto.range or ())]) > video.duration_ms:
        raise InputError(f"{where}: it ends after its video.")
    human = segment.human or HumanLayer()
    for layer in (segment.auto.people, human.people):
        named = [key_of(person) for person in layer]
        unknown = [key for key in named if key not in known]
        if unknown:
            raise InputError(f"{where}: {label_of(*unknown[0])} is not among the people of the file.")
        if len(named) > len(set(named)):
            raise InputError(f"{where}: somebody is there twice.")
    texts = [segment.auto.caption_en, segment.auto.caption_ko, segment.speech]
    texts += [said.seen for said in (human.caption_en, human.caption_ko) if said]
    longest = max(len(text or "") for text in texts)
    if any(len(label) > LONGEST_NAME for label in segment.objects):
        raise InputError(f"{where}: the name of an object has more than {LONGEST_NAME} characters.")
    if longest > LONGEST_AUTO_TEXT:
        raise InputError(
            f"{where}: a text has {longest:,} characters; {LONGEST_AUTO_TEXT:,} at most can be stored."
        )
    try:
        caption_fields(human)
    except InputError as error:
        raise InputError(f"{where}: {error}") from error


def _refuse_repeated(names: Iterable[object], what: str) -> None:
    seen: set[object] = set()
    for name in names:
        if name in seen:
            raise InputError(f"{what} {name} is there twice.")
        seen.add(name)


# --- importing --------------------------------------------------------------------------------------------------


def import_segments(editor: Editor, path: Path, *, replace: bool = False) -> list[ImportedSegments]:
    """Import a file of segments, each video in a transaction and an operation of its own.

    A video that is not here, by id or content, is made as one without a file, with exactly these segments in both
    layers; of others only what people did is taken over. What they did here stands, and is told where it differs.
    Vectors of videos that are made are for the caller to have made.

    Args:
        replace: whether the file's human values go over different ones here.

    Raises:
        InputError: the file cannot be used; nothing was changed.
        BusyError: somebody else holds what is needed; the videos before are imported.
    """
    document = read_segments_file(path)
    source = Source(path.name, KIND, editor.actor, editor.door, replace)
    return [_import_one(editor, document, video, source) for video in document.videos]


def _import_one(editor: Editor, document: SegmentsFile, video: VideoEntry, source: Source) -> ImportedSegments:
    def held(connection: Connection) -> list[str]:
        known = known_video(connection, video.id, video.sha256)
        return [known.id] if known else []

    return editor.run(
        lambda edit: import_video(edit, video, FilePeople(edit.connection, document.people), source),
        videos=held,
        people=True,
    )
