"""Moving previews in Slack: each is uploaded once, as a file of the bot, and shown in image blocks after that."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from PIL import Image, ImageSequence
from slack_sdk.errors import SlackClientError

from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.slack import forget_file, keep_file, uploaded_files
from vsearch_pipeline.slack.client import Workspace, error_code, reason_of
from vsearch_pipeline.slack.writing import ALT, plain

_LOG = logging.getLogger(__name__)
_READY_SECONDS: Final = 6.0
_LOOK_SECONDS: Final = 0.25
_UPLOADS: Final = 4


class Pictures:
    """Files of a workspace by what they show.

    Slack shows no WebP, so they are uploaded as GIF.
    """

    def __init__(self, catalog: Catalog, workspace: Workspace) -> None:
        self._catalog = catalog
        self._workspace = workspace
        self._pool = ThreadPoolExecutor(_UPLOADS, thread_name_prefix="slack-upload")
        self._known: dict[Path, tuple[int, str]] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()
        self._making = threading.Lock()  # one at a time: it takes a core, which answers need

    def there(self, paths: Sequence[Path]) -> dict[Path, str]:
        """File ids of those that were uploaded; nothing is uploaded."""
        digests = {path: self._digest(path) for path in paths if path.is_file()}
        if not digests:
            return {}
        with self._catalog.read() as connection:
            known = uploaded_files(connection, self._workspace.team, set(digests.values()))
        return {path: known[digest] for path, digest in digests.items() if digest in known}

    def bring(self, paths: Sequence[Path]) -> dict[Path, str]:
        """File ids of all that can be had; what is missing is uploaded. A picture that Slack refuses is left out,
        with a line in the log: an answer without it is better than none."""
        ids = self.there(paths)
        missing = [path for path in dict.fromkeys(paths) if path not in ids and path.is_file()]
        for path, file_id in zip(missing, self._pool.map(self._upload, missing), strict=True):
            if file_id:
                ids[path] = file_id
        return ids

    def forget_lost(self, ids: Sequence[str]) -> list[str]:
        """Those that are not in the workspace any more: they are uploaded anew when they are wanted next."""
        lost = []
        for file_id in ids:
            try:
                self._workspace.client.files_info(file=file_id)
            except SlackClientError as error:
                if error_code(error) not in ("file_not_found", "file_deleted"):
                    continue
                lost.append(file_id)
                with self._catalog.begin() as connection:
                    forget_file(connection, self._workspace.team, file_id)
        return lost

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _upload(self, path: Path) -> str | None:
        digest = self._digest(path)
        with self._guard:
            lock = self._locks.setdefault(digest, threading.Lock())
        with lock:  # two answers with the same picture
            known = self.there([path])
            if known:
                return known[path]
            try:
                file_id = self._send(path)
            except (SlackClientError, OSError) as error:
                _LOG.warning("a preview was not uploaded: %s", reason_of(error))
                return None
            if file_id:
                with self._catalog.begin() as connection:
                    keep_file(connection, self._workspace.team, digest, file_id)
            return file_id

    def _send(self, path: Path) -> str | None:
        client = self._workspace.client
        with self._making:
            content = as_gif(path)
        answer = client.files_upload_v2(content=content, filename=f"{path.stem}.gif", title="vsearch")
        file_id = str(answer["file"]["id"])
        deadline = time.monotonic() + _READY_SECONDS
        while not client.files_info(file=file_id)["file"].get("mimetype"):  # Slack is still looking at it
            if time.monotonic() > deadline:
                _LOG.warning("Slack took too long over a preview")
                return None
            time.sleep(_LOOK_SECONDS)
        return file_id

    def _digest(self, path: Path) -> str:
        changed = path.stat().st_mtime_ns
        known = self._known.get(path)
        if known is None or known[0] != changed:
            known = self._known[path] = changed, hashlib.sha256(path.read_bytes()).hexdigest()
        return known[1]


def as_gif(path: Path) -> bytes:
    """A moving picture as a GIF that loops; a still one stays still."""
    with Image.open(path) as source:
        shown: list[tuple[Image.Image, int]] = []
        for frame in ImageSequence.Iterator(source):
            picture = frame.convert("RGB").quantize(128, dither=Image.Dither.NONE)
            shown.append((picture, int(frame.info.get("duration") or 100)))
    buffer = BytesIO()
    first, *others = [picture for picture, _ in shown]
    first.save(
        buffer,
        "GIF",
        save_all=True,
        append_images=others,
        duration=[milliseconds for _, milliseconds in shown],
        loop=0,
    )
    return buffer.getvalue()


def image_block(file_id: str, alt: str) -> dict[str, Any]:
    return {"type": "image", "slack_file": {"id": file_id}, "alt_text": plain(alt, ALT) or "vsearch"}
