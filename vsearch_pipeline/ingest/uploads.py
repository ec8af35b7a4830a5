"""Files that come as content with a name, not as a path on this machine."""

from __future__ import annotations

import shutil
import unicodedata
from pathlib import Path, PurePosixPath
from typing import IO, Final

from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.operations import Door
from vsearch_pipeline.catalog.requests import request_run
from vsearch_pipeline.ingest.store import Added, add_file
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.storage.work_places import work_place

_NAME_BYTES: Final = 180
_CHUNK: Final = 1 << 20


def add_upload(
    catalog: Catalog, settings: Settings, name: str, content: IO[bytes], *, actor: str, door: Door
) -> Added:
    """Add an uploaded file to the library, and ask the pipeline to work on it where it is new.

    Args:
        name: as the sender calls it; of a path only the last part counts.

    Raises:
        MediaError: it is not a video we can read; the message begins with the file's name.
    """
    with work_place(settings.home / "uploads") as place:
        file = place / file_name(name)
        with file.open("wb") as written:
            shutil.copyfileobj(content, written, _CHUNK)
        added = add_file(catalog, settings, file, actor=actor, door=door, source=file.name, ours=True)
        if added.new:
            with catalog.begin() as connection:
                request_run(connection, "ingest", added.video.id, actor=actor, door=door)
        return added


def file_name(name: str) -> str:
    """The name of an upload as one that any file system takes: its last part, without what cannot be printed."""
    last = PurePosixPath(name.replace("\\", "/")).name
    clean = "".join(letter for letter in unicodedata.normalize("NFC", last) if letter.isprintable()).strip()
    clean = clean.encode("utf-8", "ignore").decode().lstrip(".")
    suffix = Path(clean).suffix.encode()[:20]
    stem = Path(clean).stem.encode()[: _NAME_BYTES - len(suffix)]
    return (stem + suffix).decode("utf-8", "ignore") or "video"
