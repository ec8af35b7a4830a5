"""Where the files of videos are: a folder, or a bucket of fsspec's kinds, behind one face.

A video has single files (`source.mp4`, `proxy.mp4`) and parts of many files (`frames`, `previews`). Whatever is
made is made in a local work place first and kept whole: readers see what was there before, or all of the new.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import IO, Final, Protocol
from urllib.parse import urlsplit

from vsearch_pipeline.errors import InputError
from vsearch_pipeline.settings import Settings

FRAMES: Final = "frames"
PREVIEWS: Final = "previews"


def frame_file(index: int) -> str:
    """Name of the picture of a sampled frame, in the part `frames`."""
    return f"{index:06d}.jpg"


class MediaStore(Protocol):
    """The files of all videos.

    Names are `VIDEO/FILE`, or `VIDEO/PART/FILE` with a part of many files. Errors of all methods:

    Raises:
        StoreError: it cannot be reached, or it is full.
        FileNotFoundError: what was asked for is not there.
    """

    @property
    def where(self) -> str:
        """The folder or the address, as people know it."""

    @property
    def is_folder(self) -> bool:
        """Whether its files are on this machine's disks: it can hold links, and a look into a file is free."""

    def check(self) -> None:
        """Whether the store can be reached and written to."""

    def exists(self, name: str) -> bool:
        """Whether a single file is there, as it was a few seconds ago at most."""

    def files(self, video_id: str, part: str) -> frozenset[str] | None:
        """Names of the files of a part, as they were a few seconds ago at most; None where it was never made."""

    def local(self, name: str) -> Path:
        """A single file on this machine's disk, where it stays at least until 16 other videos were asked for."""

    def local_part(self, video_id: str, part: str) -> Path:
        """A folder on this machine's disk with all files of a part; it stays as with `local`."""

    def local_file(self, video_id: str, part: str, file: str) -> Path:
        """One file of a part on this machine's disk."""

    def served(self, name: str) -> Path | RemoteFile:
        """A file for somebody who wants some of its bytes."""

    def open(self, name: str) -> IO[bytes]:
        """A single file, to look into it: only what is read of it is fetched."""

    def work_place(self) -> AbstractContextManager[Path]:
        """An empty folder of this machine to make something in that is then kept; gone at the end."""

    def keep(self, made: Path, name: str) -> None:
        """Move a file or a folder from a work place to its place in the store, over what was there."""

    def drop(self, name: str) -> None:
        """Remove a single file, where it is there."""

    def drop_video(self, video_id: str) -> None:
        """Remove all files of a video."""


class RemoteFile(Protocol):
    """A file that is not on this machine."""

    @property
    def size(self) -> int:
        """Bytes."""

    @property
    def tag(self) -> str:
        """Another one for other content."""

    def read(self, start: int, end: int) -> bytes:
        """Bytes from `start` to before `end`."""


def open_store(settings: Settings) -> MediaStore:
    """The store of these settings, one a process.

    Raises:
        InputError: VSEARCH_MEDIA_URL names no folder and no bucket that can be used.
    """
    return media_store(settings.media_url, settings.home, settings.media_cache_gib)


@cache
def media_store(media_url: str, home: Path, cache_gib: float) -> MediaStore:
    """
    Args:
        media_url: a folder, or an address such as `s3://bucket/videos`; `home/videos` where empty.
        home: where copies of a bucket's files are kept.
        cache_gib: what these may take, GiB.
    """
    from vsearch_pipeline.storage.folder import FolderStore

    parts = urlsplit(media_url)
    if "://" not in media_url or parts.scheme == "file":
        given = parts.path if parts.scheme == "file" else media_url
        path = Path(given).expanduser() if given else home / "videos"
        if not path.is_absolute():
            raise InputError(
                f"VSEARCH_MEDIA_URL must be a whole path or an address like s3://bucket/videos, not {media_url}."
            )
        return FolderStore(path)
    if "@" in parts.netloc:
        raise InputError(
            "VSEARCH_MEDIA_URL must not hold a key or a password: put them where the bucket's library looks for"
            " them, such as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment."
        )
    from vsearch_pipeline.storage.bucket import BucketStore
    from vsearch_pipeline.storage.copies import LocalCopies

    return BucketStore(media_url.rstrip("/"), LocalCopies(home / "cache" / "media", round(cache_gib * 2**30)))


def local_frame(store: MediaStore, video_id: str, index: int) -> Path:
    """The picture of a sampled frame on this machine, for whoever wants few of them."""
    return store.local_file(video_id, FRAMES, frame_file(index))
