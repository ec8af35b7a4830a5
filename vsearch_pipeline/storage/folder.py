"""A folder as the store: what is asked for is where it is."""

from __future__ import annotations

import os
import shutil
from contextlib import AbstractContextManager
from functools import lru_cache
from pathlib import Path
from typing import IO

from vsearch_pipeline.errors import StoreError
from vsearch_pipeline.storage.work_places import work_place

_MAKING = ".incoming"


class FolderStore:
    """See `MediaStore`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def where(self) -> str:
        return str(self._folder)

    @property
    def is_folder(self) -> bool:
        return True

    def check(self) -> None:
        place = self._folder
        try:
            place.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"The folder of the videos, {place}, cannot be made ({error.strerror}).") from error
        if not os.access(place, os.R_OK | os.W_OK | os.X_OK):
            raise StoreError(f"The folder of the videos, {place}, cannot be written to: look at whose it is.")

    def exists(self, name: str) -> bool:
        return Path(self._folder, name).is_file()

    def files(self, video_id: str, part: str) -> frozenset[str] | None:
        folder = self._folder / video_id / part
        try:
            stat = folder.stat()
        except FileNotFoundError:
            return None
        return _listed(folder, stat.st_ino, stat.st_mtime_ns)

    def local(self, name: str) -> Path:
        path = Path(self._folder, name)
        if not path.is_file():
            raise FileNotFoundError(str(path))
        return path

    def local_part(self, video_id: str, part: str) -> Path:
        folder = self._folder / video_id / part
        if not folder.is_dir():
            raise FileNotFoundError(str(folder))
        return folder

    def local_file(self, video_id: str, part: str, file: str) -> Path:
        return self.local(f"{video_id}/{part}/{file}")

    def served(self, name: str) -> Path:
        """A link is followed for the source alone, which the store itself makes (`VSEARCH_LINK_MODE=symlink`);
        anything else must lie in the video's own folder."""
        video_id, _, rest = name.partition("/")
        folder = (self._folder / video_id).resolve()
        path = folder / rest
        linked = rest.partition(".")[0] == "source" or path.resolve() == path
        if folder != self._folder.resolve() / video_id or not linked or not path.is_file():
            raise FileNotFoundError(name)
        return path

    def open(self, name: str) -> IO[bytes]:
        return self.local(name).open("rb")

    def work_place(self) -> AbstractContextManager[Path]:
        return work_place(self._folder / _MAKING)

    def keep(self, made: Path, name: str) -> None:
        place = self._folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if made.is_dir():
            shutil.rmtree(place, ignore_errors=True)
        made.replace(place)

    def drop(self, name: str) -> None:
        Path(self._folder, name).unlink(missing_ok=True)

    def drop_video(self, video_id: str) -> None:
        shutil.rmtree(self._folder / video_id, ignore_errors=True)


@lru_cache(maxsize=1024)
def _listed(folder: Path, _inode: int, _changed_ns: int) -> frozenset[str]:
    """Read anew when a file is put into the folder, or another folder into its place."""
    return frozenset(path.name for path in folder.iterdir())
