"""The catalogue and the media folder as Dagster resources."""

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from dagster import ConfigurableResource

from vsearch_pipeline.catalog.database import Catalog, open_catalog
from vsearch_pipeline.catalog.videos import VideoRecord
from vsearch_pipeline.errors import MediaError
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.storage.store import FRAMES, MediaStore, frame_file, local_frame, media_store


@cache
def _settings(home: str, _database_url: str | None) -> Settings:
    """Read once a process: each step opens the catalogue, and reading all settings takes 10 ms."""
    return Settings(home=Path(home))


class CatalogResource(ConfigurableResource[Any]):
    """PostgreSQL: the embedded server below `home`, or the one of VSEARCH_DATABASE_URL, whose password must not
    stand in a run's configuration."""

    home: str

    def settings(self) -> Settings:
        return _settings(self.home, os.environ.get("VSEARCH_DATABASE_URL"))

    def open(self) -> Catalog:
        return open_catalog(self.settings())


class MediaResource(ConfigurableResource[Any]):
    """Where a video's files are, and how it is sampled."""

    home: str
    media_url: str = ""
    cache_gib: float = 50.0
    gallery_dir: str
    frames_per_second: float
    frame_max_side: int
    jpeg_quality: int
    segment_max_ms: int

    @property
    def store(self) -> MediaStore:
        return media_store(self.media_url, Path(self.home), self.cache_gib)

    def source(self, video: VideoRecord) -> Path:
        """The file of a video on this machine.

        Raises:
            MediaError: it is gone from the store.
        """
        if video.path is None:
            raise ValueError(f"{video.id} has no file")
        try:
            return self.store.local(video.path)
        except FileNotFoundError as error:
            raise MediaError(f"{video.title}: its file {error} is gone; add it again.") from error

    def frame(self, video_id: str, index: int) -> Path:
        """The picture of a sampled frame on this machine, for whoever wants few of them."""
        return local_frame(self.store, video_id, index)

    def frames(self, video_id: str) -> Callable[[int], Path]:
        """The pictures of all sampled frames of a video on this machine, by index."""
        try:
            folder = self.store.local_part(video_id, FRAMES)
        except FileNotFoundError as error:
            raise MediaError(f"{video_id}: its frames are gone; materialise `frames` again.") from error
        return lambda index: folder / frame_file(index)

    def has_part(self, part: str) -> Callable[[str], bool]:
        """Whether a part of a video was made, by the video's id."""
        return lambda video_id: self.store.files(video_id, part) is not None
