"""Taking videos in: checked first, copied or linked whole, known by their content, never half there."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.locks import lock_content, lock_video
from vsearch_pipeline.catalog.operations import Door, log_operation
from vsearch_pipeline.catalog.stages import forget_stages
from vsearch_pipeline.catalog.videos import VideoRecord, find_by_content, get_video, insert_video, update_video
from vsearch_pipeline.errors import InputError, MediaError
from vsearch_pipeline.media.probe import VideoInfo, probe
from vsearch_pipeline.room import require_room
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.storage.store import open_store

VIDEO_SUFFIXES = frozenset(
    {".3gp", ".asf", ".avi", ".avif", ".flv", ".gif", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg"}
    | {".mts", ".mxf", ".ogv", ".ts", ".vob", ".webm", ".wmv"}
)
"""What a folder is searched for; a file named by a person is tried whatever its name."""

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Added:
    """A video that is in the store; `new` is False where its file was there already."""

    video: VideoRecord
    new: bool


@dataclass(frozen=True, slots=True)
class Ignored:
    """A file of a folder that is not tried, and why."""

    path: Path
    reason: str


def find_files(paths: Iterable[Path]) -> Iterator[Path | Ignored]:
    """The files to try: each file named, and each video below each folder named, in a fixed order.

    Raises:
        InputError: a path does not exist.
    """
    for path in paths:
        if path.is_dir():
            for root, folders, names in os.walk(path):
                folders.sort()
                for name in sorted(names):
                    file = Path(root, name)
                    if file.suffix.lower() in VIDEO_SUFFIXES:
                        yield file
                    elif not name.startswith("."):
                        yield Ignored(file, f"not a video by its name ({file.suffix or 'no ending'})")
        elif path.exists():
            yield path
        else:
            raise InputError(f"{path}: there is no such file or folder.")


def slug(text: str) -> str:
    """Readable part of a video's key: letters and digits of any script, at most 40, joined by dashes."""
    words = re.findall(r"[^\W_]+", unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode()).lower())
    return "-".join(words)[:40].strip("-") or "video"


def add_file(
    catalog: Catalog,
    settings: Settings,
    path: Path,
    *,
    actor: str,
    door: Door,
    source: str | None = None,
    title: str | None = None,
    ours: bool = False,
    on_bytes: Callable[[int], None] | None = None,
) -> Added:
    """Put a video file into the store and the catalogue.

    The file is read once: hashed while it is copied (or linked), moved into place whole, then entered. A crash at
    any point leaves either nothing or a video that the next call finds. A video of this content that was imported
    without its file gets it, and keeps its number, its title and what people did.

    Args:
        source: where it came from; the file's own path where None.
        ours: it lies below `HOME` and goes afterwards (a download, an upload): it is linked where that can be, and
            copied where not, whatever the settings say.
        on_bytes: called with the number of bytes read since the last call.

    Raises:
        MediaError: it is not a video we can read; the message begins with the file's name.
        DiskFullError: there is no room for it; nothing of it is left.
    """
    try:
        info = probe(path)
    except MediaError as error:
        raise MediaError(f"{path.name}: {error}") from error
    store = open_store(settings)
    if store.is_folder and settings.link_mode == "copy" and not ours:
        require_room(Path(store.where), path.stat().st_size)
    with store.work_place() as place:
        taken = place / ("source" + path.suffix.lower())
        mode = "ours" if ours else settings.link_mode if store.is_folder else "copy"
        sha256 = _take(path, taken, mode, on_bytes)
        title = title or unicodedata.normalize("NFC", path.stem).encode("utf-8", "replace").decode()
        with catalog.begin() as connection:
            known = find_by_content(connection, sha256)
        if known is not None and known.kind != "imported":
            return Added(known, new=False)
        video_id = known.id if known else f"{slug(title)}-{sha256[:10]}"
        store.keep(taken, f"{video_id}/{taken.name}")
    file = {
        "path": f"{video_id}/{taken.name}",
        "source": source or str(path.resolve()),
        **_container_fields(info),
    }
    with catalog.begin() as connection:
        lock_content(connection, sha256)
        known = find_by_content(connection, sha256)
        if known is not None:  # imported, or entered by another process meanwhile
            lock_video(connection, known.id)
            known = get_video(connection, known.id)
            if known.kind == "imported" and known.id == video_id:
                return Added(_attach(connection, known, file, actor=actor, door=door), new=True)
            if known.id != video_id:
                store.drop_video(video_id)
            return Added(known, new=False)
        video = VideoRecord(id=video_id, title=title, kind="file", sha256=sha256, **file)
        insert_video(connection, video)
        log_operation(
            connection,
            actor=actor,
            door=door,
            kind="video.add",
            about={"title": video.title, "source": video.source, "sha256": sha256},
            subjects=[("video", video_id)],
        )
    return Added(video, new=True)


def _attach(
    connection: Connection, known: VideoRecord, file: Mapping[str, Any], *, actor: str, door: Door
) -> VideoRecord:
    """Enter the file of a video that was imported without it: the next run computes all stages."""
    update_video(connection, known.id, {"kind": "file", **file})
    forget_stages(connection, known.id)
    log_operation(
        connection,
        actor=actor,
        door=door,
        kind="video.attach",
        about={"title": known.title, "source": file["source"], "sha256": known.sha256},
        subjects=[("video", known.id)],
    )
    return replace(known, kind="file", **file)


def _take(path: Path, target: Path, mode: str, on_bytes: Callable[[int], None] | None) -> str:
    """Copy or link `path` to `target`; returns the SHA-256 of the content."""
    digest = hashlib.sha256()
    with path.open("rb") as reader:
        writer = target.open("wb") if mode == "copy" else None
        try:
            while chunk := reader.read(_CHUNK):
                digest.update(chunk)
                if writer:
                    writer.write(chunk)
                if on_bytes:
                    on_bytes(len(chunk))
            if writer:
                writer.flush()
                os.fsync(writer.fileno())
        finally:
            if writer:
                writer.close()
    if mode == "symlink":
        target.symlink_to(path.resolve())
    elif mode == "ours":
        try:
            target.hardlink_to(path)
        except OSError:  # another file system, or one without links
            shutil.copyfile(path, target)
    elif mode == "hardlink":
        try:
            target.hardlink_to(path.resolve())
        except OSError as error:
            raise InputError(
                f"{path.name}: it cannot be hard-linked into the store ({error.strerror}); set VSEARCH_LINK_MODE"
                " to copy or symlink."
            ) from error
    return digest.hexdigest()


def _container_fields(info: VideoInfo) -> dict[str, Any]:
    return {
        "size_bytes": info.size_bytes,
        "container": info.container,
        "video_codec": info.video_codec,
        "audio_codec": info.audio_codec,
        "width": info.width,
        "height": info.height,
        "rotation": info.rotation,
        "duration_ms": info.duration_ms,
        "frame_rate_num": info.frame_rate.numerator if info.frame_rate else None,
        "frame_rate_den": info.frame_rate.denominator if info.frame_rate else None,
    }
