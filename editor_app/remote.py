"""Serving a file of a bucket by range, as Starlette serves one of a disk."""

from __future__ import annotations

import os
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import anyio.to_thread
from starlette.responses import FileResponse

from vsearch_pipeline.storage.store import RemoteFile

_BLOCK: Final = 1 << 20
"""Bytes asked of the bucket at once."""


class RemoteFileResponse(FileResponse):
    """Streams what a browser asks for; in memory there is one block at a time."""

    chunk_size = _BLOCK

    def __init__(self, file: RemoteFile, media_type: str) -> None:
        like = os.stat_result((stat.S_IFREG | 0o444, 0, 0, 1, 0, 0, file.size, 0, 0, 0))
        super().__init__(file.tag, media_type=media_type, stat_result=like)
        self._file = file

    @asynccontextmanager
    async def _open_file(self) -> AsyncIterator[Any]:
        yield _Reader(self._file)


class _Reader:
    def __init__(self, file: RemoteFile) -> None:
        self._file, self._at = file, 0

    async def seek(self, to: int) -> None:
        self._at = to

    async def read(self, most: int) -> bytes:
        end = min(self._at + most, self._file.size)
        block = await anyio.to_thread.run_sync(self._file.read, self._at, end) if end > self._at else b""
        self._at += len(block)
        return block
