"""A bucket as the store, through fsspec: `s3://`, and whatever else has a package for it (`gs://`, `az://`).

    VIDEO/source.mp4  VIDEO/proxy.mp4             single files, whole or not there
    VIDEO/frames/VERSION/000000.jpg ...           a part; each time it is made it has another version
    VIDEO/frames.json                             which version counts, and the names of its files

So a part changes all at once, with one small file. The version before stays until the next, for readers that know
of the new one some seconds later.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, cast
from urllib.parse import urlsplit

from vsearch_pipeline.errors import InputError, StoreError
from vsearch_pipeline.room import is_disk_full
from vsearch_pipeline.storage.copies import LocalCopies
from vsearch_pipeline.storage.work_places import work_place

KNOWN_SECONDS: Final = 5.0
"""So long it is believed what a video's folder held."""
AT_ONCE: Final = 32
"""Files on their way at the same time."""
_VERSION: Final = ".version"


@dataclass(frozen=True, slots=True)
class _Part:
    version: str
    files: frozenset[str]
    total_bytes: int


@dataclass(frozen=True, slots=True)
class _Known:
    at: float
    entries: Mapping[str, Mapping[str, Any]]


class BucketStore:
    """See `MediaStore`.

    Raises:
        InputError: there is no package for this kind of address.
    """

    def __init__(self, url: str, copies: LocalCopies) -> None:
        from fsspec.core import url_to_fs

        self._url = url
        self._copies = copies
        try:
            filesystem, base = url_to_fs(url, use_listings_cache=False)
        except (ImportError, ValueError) as error:
            raise InputError(
                f"VSEARCH_MEDIA_URL is {url}, and what opens that is missing ({error}); for a bucket of S3:"
                " pip install 'vsearch[bucket]'."
            ) from error
        self._fs: Any = filesystem
        self._base = str(base).rstrip("/")
        self._known: dict[str, _Known] = {}
        self._parts: dict[tuple[str, str], _Part] = {}
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    @property
    def where(self) -> str:
        return self._url

    @property
    def is_folder(self) -> bool:
        return False

    def check(self) -> None:
        probe = f"{self._base}/.check-{uuid.uuid4().hex[:8]}"
        with self._asked(writing=True):
            self._fs.pipe_file(probe, b"vsearch")
            self._fs.rm_file(probe)

    def exists(self, name: str) -> bool:
        video_id, _, file = name.partition("/")
        return file in self._entries(video_id, KNOWN_SECONDS)

    def files(self, video_id: str, part: str) -> frozenset[str] | None:
        found = self._part(video_id, part, KNOWN_SECONDS)
        return found.files if found else None

    def local(self, name: str) -> Path:
        video_id, _, file = name.partition("/")
        entry = self._entries(video_id).get(file)
        if entry is None:
            raise FileNotFoundError(f"{self._url}/{name}")
        place = self._copies.video(video_id)
        copy, version = place / file, place / f".{file}{_VERSION}"
        with self._locks[video_id]:
            if not (copy.is_file() and _content(version) == _tag(entry)):
                self._copies.make_room(int(entry["size"]))
                with self.work_place() as making, self._asked():
                    self._fs.get_file(f"{self._base}/{name}", str(making / file))
                    (making / file).replace(copy)
                    version.write_text(_tag(entry))
        return copy

    def local_part(self, video_id: str, part: str) -> Path:
        found = self._part(video_id, part)
        if found is None:
            raise FileNotFoundError(f"{self._url}/{video_id}/{part}")
        copy = self._copies.video(video_id) / part
        with self._locks[video_id]:
            if _content(copy / _VERSION) != found.version:
                self._copies.make_room(found.total_bytes)
                with self.work_place() as making, self._asked():
                    target = making / part
                    target.mkdir()
                    there = f"{self._base}/{video_id}/{part}/{found.version}"
                    names = sorted(found.files)
                    self._fs.get(
                        [f"{there}/{name}" for name in names],
                        [str(target / name) for name in names],
                        batch_size=AT_ONCE,
                    )
                    self._put_copy(target, copy, found.version)
        return copy

    def local_file(self, video_id: str, part: str, file: str) -> Path:
        found = self._part(video_id, part, KNOWN_SECONDS)
        if found is None or file not in found.files:
            raise FileNotFoundError(f"{self._url}/{video_id}/{part}/{file}")
        place = self._copies.video(video_id)
        if _content(place / part / _VERSION) == found.version:
            return place / part / file
        copy = place / ".single" / part / found.version / file
        if not copy.is_file():
            with self.work_place() as making, self._asked():
                self._fs.get_file(self._place(video_id, part, file, found), str(making / file))
                copy.parent.mkdir(parents=True, exist_ok=True)
                (making / file).replace(copy)
        return copy

    def served(self, name: str) -> BucketFile:
        video_id, _, rest = name.partition("/")
        part, _, file = rest.partition("/")
        if not file:
            entry = self._entries(video_id, KNOWN_SECONDS).get(rest)
            if entry is None:
                raise FileNotFoundError(name)
            return BucketFile(self, f"{self._base}/{name}", int(entry["size"]), _tag(entry))
        found = self._part(video_id, part, KNOWN_SECONDS)
        if found is None or file not in found.files:
            raise FileNotFoundError(name)
        place = self._place(video_id, part, file, found)
        with self._asked():
            size = int(self._fs.size(place))
        return BucketFile(self, place, size, found.version)

    def open(self, name: str) -> IO[bytes]:
        with self._asked():
            return cast(IO[bytes], self._fs.open(f"{self._base}/{name}", "rb", cache_type="blockcache"))

    def work_place(self) -> AbstractContextManager[Path]:
        return work_place(self._copies.folder / ".making")

    def keep(self, made: Path, name: str) -> None:
        video_id, _, rest = name.partition("/")
        place = self._copies.video(video_id)
        if made.is_dir():
            self._keep_part(made, video_id, rest)
            return
        self._copies.make_room(made.stat().st_size)
        with self._asked(writing=True):
            self._fs.put_file(str(made), f"{self._base}/{name}")
        entry = self._entries(video_id)[rest]
        with self._locks[video_id]:
            made.replace(place / rest)
            (place / f".{rest}{_VERSION}").write_text(_tag(entry))

    def drop(self, name: str) -> None:
        video_id = name.partition("/")[0]
        with self._asked():
            if self._fs.exists(f"{self._base}/{name}"):
                self._fs.rm_file(f"{self._base}/{name}")
        self._known.pop(video_id, None)

    def drop_video(self, video_id: str) -> None:
        with self._asked():
            if self._fs.exists(f"{self._base}/{video_id}"):
                self._fs.rm(f"{self._base}/{video_id}", recursive=True)
        self._known.pop(video_id, None)
        shutil.rmtree(self._copies.video(video_id), ignore_errors=True)

    # --- parts ---

    def _keep_part(self, made: Path, video_id: str, part: str) -> None:
        before = self._part(video_id, part)
        version = uuid.uuid4().hex[:12]
        folder = f"{self._base}/{video_id}/{part}"
        files = {path.name: path.stat().st_size for path in made.iterdir()}
        with self._asked(writing=True):
            names = sorted(files)
            if names:
                self._fs.put(
                    [str(made / name) for name in names],
                    [f"{folder}/{version}/{name}" for name in names],
                    batch_size=AT_ONCE,
                )
            said = {"version": version, "files": names, "bytes": sum(files.values())}
            self._fs.pipe_file(f"{folder}.json", json.dumps(said).encode())
            self._known.pop(video_id, None)
            self._drop_versions(folder, {version, before.version if before else version})
        with self._locks[video_id]:
            self._put_copy(made, self._copies.video(video_id) / part, version)

    def _drop_versions(self, folder: str, but: Collection[str]) -> None:
        try:
            found = self._fs.ls(folder, detail=False)
        except FileNotFoundError:
            return
        for place in found:
            if str(place).rstrip("/").rpartition("/")[2] not in but:
                self._fs.rm(place, recursive=True)

    def _put_copy(self, made: Path, copy: Path, version: str) -> None:
        (made / _VERSION).write_text(version)
        shutil.rmtree(copy, ignore_errors=True)
        shutil.rmtree(copy.parent / ".single" / copy.name, ignore_errors=True)
        made.replace(copy)

    def _part(self, video_id: str, part: str, believed: float = 0.0) -> _Part | None:
        name = f"{part}.json"
        entry = self._entries(video_id, believed).get(name)
        if entry is None:
            return None
        key = (f"{video_id}/{name}", _tag(entry))
        if key not in self._parts:
            with self._asked():
                said = json.loads(self._fs.cat_file(f"{self._base}/{video_id}/{name}"))
            if len(self._parts) > 1024:
                self._parts.clear()
            self._parts[key] = _Part(said["version"], frozenset(said["files"]), int(said["bytes"]))
        return self._parts[key]

    def _place(self, video_id: str, part: str, file: str, found: _Part) -> str:
        return f"{self._base}/{video_id}/{part}/{found.version}/{file}"

    # --- asking ---

    def _entries(self, video_id: str, believed: float = 0.0) -> Mapping[str, Mapping[str, Any]]:
        """What a video's folder holds, by name."""
        known = self._known.get(video_id)
        if known is not None and time.monotonic() - known.at < believed:
            return known.entries
        folder = f"{self._base}/{video_id}"
        asked = time.monotonic()
        with self._asked():
            try:
                found = self._fs.ls(folder, detail=True, refresh=True)
            except FileNotFoundError:
                found = []
        entries = {str(e["name"]).rpartition("/")[2]: e for e in found if e["type"] == "file"}
        if len(self._known) > 4096:
            self._known.clear()
        self._known[video_id] = _Known(asked, entries)
        return entries

    @contextmanager
    def _asked(self, *, writing: bool = False) -> Iterator[None]:
        """What goes wrong with the bucket, in words; a full disk of this machine is not the bucket's."""
        try:
            yield
        except Exception as error:
            if isinstance(error, FileNotFoundError) and not writing:
                raise
            if is_disk_full(error):
                raise
            host = urlsplit(os.environ.get("AWS_ENDPOINT_URL", "")).netloc
            at = f"{self._url} (at {host})" if host else self._url
            reason = str(error).strip().partition("\n")[0] or type(error).__name__
            raise StoreError(f"The media store {at} cannot be used: {reason}.") from error


@dataclass(frozen=True, slots=True)
class BucketFile:
    """See `RemoteFile`."""

    store: BucketStore
    place: str
    size: int
    tag: str

    def read(self, start: int, end: int) -> bytes:
        with self.store._asked():
            return cast(bytes, self.store._fs.cat_file(self.place, start=start, end=end))


def _tag(entry: Mapping[str, Any]) -> str:
    """Another one for other content; each kind of bucket calls it differently."""
    said = entry.get("ETag") or entry.get("etag") or entry.get("md5Hash")
    when = entry.get("LastModified") or entry.get("updated") or entry.get("created") or ""
    return str(said or f"{entry['size']} {when}").strip('"')


def _content(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""
