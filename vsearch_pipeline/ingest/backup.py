"""Everything that people did, and the library it was done to, in one file; and back: exactly into an empty
library, or into one with work of its own without overwriting any of it.

A zip file: `manifest.json`, a table as `NAME.jsonl` a row a line, and the gallery below `gallery/`.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version as app_version
from pathlib import Path, PurePosixPath
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import Connection
from sqlalchemy.exc import DataError, IntegrityError

from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.dump import (
    KEPT,
    Kept,
    Row,
    dump_numbers,
    dump_rows,
    is_empty,
    load_numbers,
    load_rows,
    snapshot,
    typed_rows,
)
from vsearch_pipeline.catalog.models import ImportedRecord
from vsearch_pipeline.catalog.stages import ProducerInfo, fingerprint, finish_stages, producer_id, replace_rows
from vsearch_pipeline.catalog.videos import IMPORT_RUN
from vsearch_pipeline.editing.refresh import refresh_search_of
from vsearch_pipeline.editing.transaction import Edit, Editor
from vsearch_pipeline.errors import InputError
from vsearch_pipeline.ingest.restoring import Restored, by_video, records_of, restore_into, videos_here
from vsearch_pipeline.ingest.segments_json import check_video_id

FORMAT: Final = "vsearch-backup"
VERSION: Final = 1
MANIFEST: Final = "manifest.json"
GALLERY: Final = "gallery/"
OnPart = Callable[[str], None]
"""Called with the name of each table and photo that is done."""


class Manifest(BaseModel):
    """What a backup is and holds.

    Attributes:
        counts: rows by table.
        counters, sequences: how far numbers were handed out (`dump_numbers`).
    """

    model_config = ConfigDict(strict=True, frozen=True)

    format: str
    version: int
    app: str
    made_at: str
    counts: dict[str, int]
    photos: int
    counters: dict[str, int] = Field(default_factory=dict)
    sequences: dict[str, int] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was read and checked whole."""

    name: str
    manifest: Manifest
    rows: Mapping[Kept, Sequence[Row]] = field(repr=False)
    photos: tuple[str, ...]


# --- out --------------------------------------------------------------------------------------------------------


def write_backup(catalog: Catalog, gallery: Path, path: Path, on_part: OnPart = lambda _: None) -> Manifest:
    """Write a backup beside the place it is for, then move it there; an earlier backup there is replaced.

    Raises:
        InputError: it cannot be written there, or another file is there.
    """
    if path.exists() and not _is_backup(path):
        raise InputError(f"{path}: something that is no backup is there; give another name.")
    making = path.with_name(f".{path.name}.making")
    try:
        with making.open("wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive, snapshot(catalog) as connection:
                manifest = _write(connection, gallery, archive, on_part)
            file.flush()
            os.fsync(file.fileno())
        making.replace(path)
    except OSError as error:
        raise InputError(f"{path}: it cannot be written ({error.strerror}).") from error
    finally:
        with suppress(OSError):
            making.unlink(missing_ok=True)
    return manifest


def _write(connection: Connection, gallery: Path, archive: zipfile.ZipFile, on_part: OnPart) -> Manifest:
    counts = {}
    for table in KEPT:
        counts[str(table)] = 0
        with archive.open(f"{table}.jsonl", "w") as lines:
            for row in dump_rows(connection, table):
                lines.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
                counts[table] += 1
        on_part(table)
    photos = list(_files(gallery))
    for photo in photos:
        name = photo.relative_to(gallery).as_posix()
        archive.write(photo, GALLERY + name)
        on_part(name)
    manifest = Manifest(
        format=FORMAT,
        version=VERSION,
        app=app_version("vsearch"),
        made_at=datetime.now(UTC).isoformat(),
        counts=counts,
        photos=len(photos),
        **dump_numbers(connection),
    )
    archive.writestr(MANIFEST, manifest.model_dump_json(indent=2))
    return manifest


def _files(gallery: Path) -> Iterator[Path]:
    """Photos and lists, without hidden ones and links."""
    for root, folders, names in os.walk(gallery):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            file = Path(root, name)
            if not name.startswith(".") and file.is_file() and not file.is_symlink():
                yield file


def _is_backup(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return MANIFEST in archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return False


# --- in ---------------------------------------------------------------------------------------------------------


def read_backup(path: Path) -> Backup:
    """Read a backup whole, and check that nothing of it is damaged.

    Raises:
        InputError: it cannot be read, is no backup, is damaged, or a newer vsearch made it.
    """
    with _opened(path) as archive:
        manifest = _manifest(path, archive)
        rows: dict[Kept, list[Row]] = {}
        for table in KEPT:
            found = _json_lines(path, archive, table)
            if len(found) != manifest.counts.get(table, 0):
                raise InputError(f"{path.name}: {table} has {len(found)} rows of {manifest.counts.get(table, 0)}.")
            try:
                rows[table] = typed_rows(table, found)
                for row in rows[table] if table == "videos" else ():
                    check_video_id(row["id"])
            except InputError as error:
                raise InputError(f"{path.name}: {error} Nothing was restored.") from error
        photos = tuple(name for name in archive.namelist() if name.startswith(GALLERY) and not name.endswith("/"))
        for name in photos:
            _refuse_outside(path, name)
        if len(photos) != manifest.photos or archive.testzip() is not None:
            raise InputError(f"{path.name}: its photos are damaged: use another backup.")
    return Backup(path.name, manifest, rows, photos)


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except OSError as error:
        raise InputError(f"{path}: it cannot be read ({error.strerror or error}).") from error
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError, zlib.error) as error:
        raise InputError(f"{path.name}: it is no backup, or damaged ({error}).") from error


def _manifest(path: Path, archive: zipfile.ZipFile) -> Manifest:
    if MANIFEST not in archive.namelist():
        raise InputError(f"{path.name}: it is no backup of vsearch; `vsearch backup FILE` makes one.")
    try:
        manifest = Manifest.model_validate_json(archive.read(MANIFEST))
    except ValidationError as error:
        first = error.errors()[0]
        where = ", ".join(map(str, first["loc"])) or "it"
        raise InputError(f"{path.name}: its manifest is damaged ({where}: {first['msg']}).") from error
    if manifest.format != FORMAT:
        raise InputError(f"{path.name}: it is no backup of vsearch, its format is {manifest.format!r}.")
    if manifest.version > VERSION:
        raise InputError(
            f"{path.name}: vsearch {manifest.app} made it in format {manifest.version}, and this one reads up to"
            f" {VERSION}: restore it with that version."
        )
    return manifest


def _json_lines(path: Path, archive: zipfile.ZipFile, table: str) -> list[dict[str, Any]]:
    name = f"{table}.jsonl"
    if name not in archive.namelist():
        return []
    rows = []
    for number, line in enumerate(archive.read(name).splitlines(), 1):
        try:
            row = json.loads(line)
        except ValueError as error:
            raise InputError(f"{path.name}: {name}, line {number}: it is damaged ({error}).") from error
        if not isinstance(row, dict):
            raise InputError(f"{path.name}: {name}, line {number}: it is no row.")
        rows.append(row)
    return rows


def _refuse_outside(path: Path, name: str) -> None:
    inner = PurePosixPath(name.removeprefix(GALLERY))
    if inner.is_absolute() or "\\" in name or any(part.startswith(".") for part in inner.parts):
        raise InputError(f"{path.name}: {name!r} would lie outside the gallery; it is no backup of vsearch.")


def restore_backup(editor: Editor, gallery: Path, path: Path, on_part: OnPart = lambda _: None) -> Restored:
    """Bring a backup into the library, in one transaction: exactly as it was where there is nothing yet, else
    beside what is there, of which nothing is overwritten. Then copy photos that are not there.

    Vectors are for the caller to have made, of the videos that were made.

    Raises:
        InputError: it is no backup, or damaged; nothing was changed.
        BusyError: somebody else holds what is needed.
    """
    backup = read_backup(path)

    def work(edit: Edit) -> Restored:
        if is_empty(edit.connection):
            return _restore_exactly(edit.connection, backup, on_part)
        return restore_into(edit, backup.name, backup.rows, actor=editor.actor, door=editor.door, on_part=on_part)

    try:
        restored = editor.run(work, videos=lambda c: videos_here(c, backup.rows["videos"]), people=True)
    except (DataError, IntegrityError, ValidationError, KeyError, UnicodeEncodeError) as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise InputError(f"{path.name}: its rows do not fit together ({reason}); nothing was restored.") from error
    copied, left = _copy_photos(path, backup.photos, gallery, on_part)
    return restored.with_photos(copied, left)


def _restore_exactly(connection: Connection, backup: Backup, on_part: OnPart) -> Restored:
    rows = backup.rows
    producers = {row["id"]: _producer(connection, row) for row in rows["producers"]}
    written: dict[Kept, list[Row]] = {
        **{table: list(rows[table]) for table in KEPT},
        # files are not part of it: adding them again makes these videos whole
        "videos": [{**row, "kind": "imported", "path": None} for row in rows["videos"]],
    }
    for table in ("segments", "imported_records"):
        written[table] = [{**row, "producer_id": producers[row["producer_id"]]} for row in rows[table]]
    for table in KEPT[1:]:
        load_rows(connection, table, written[table])
        on_part(table)
    load_numbers(connection, backup.manifest.counters, backup.manifest.sequences)
    info = ProducerInfo("segments", "imported", "1", {"file": backup.name})
    producer = producer_id(connection, info)
    parts = by_video(rows)
    for video, part in parts.items():
        if not part["imported_records"]:
            replace_rows(connection, video, producer, {ImportedRecord: records_of(part)})
    refresh_search_of(connection, [row["id"] for row in rows["segments"]])
    finish_stages(
        connection,
        {video: fingerprint(info, [_digest(part["segments"])]) for video, part in parts.items()},
        "segments",
        producer=producer,
        run_id=f"{IMPORT_RUN}{backup.name}",
        seconds=0.0,
    )
    return Restored(
        exact=True,
        videos=tuple(parts),
        people=len(rows["people"]),
        segments=len(rows["segments"]),
        marks=len(rows["face_marks"]),
        operations=len(rows["operations"]),
        searches=len(rows["searches"]),
    )


def _producer(connection: Connection, row: Row) -> int:
    return producer_id(connection, ProducerInfo(row["stage"], row["model"], row["version"], row["settings"]))


def _digest(segments: Sequence[Row]) -> str:
    return hashlib.sha256(json.dumps(segments, default=str, sort_keys=True).encode()).hexdigest()


def _copy_photos(
    path: Path, names: Collection[str], gallery: Path, on_part: OnPart
) -> tuple[int, tuple[str, ...]]:
    """Copy photos to where there is none; returns how many, and those that have another picture in their place."""
    copied, left = 0, []
    with _opened(path) as archive:
        for name in names:
            content = archive.read(name)
            target = gallery / name.removeprefix(GALLERY)
            try:
                if not target.exists():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    making = target.with_name(f".{target.name}.making")
                    making.write_bytes(content)
                    making.replace(target)
                    copied += 1
                elif target.read_bytes() != content:
                    left.append(f"{target}: the gallery has another file there; it stays")
            except OSError as error:
                left.append(f"{target}: it cannot be written ({error.strerror})")
            on_part(name)
    return copied, tuple(left)
