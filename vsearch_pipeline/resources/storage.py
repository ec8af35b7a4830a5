"""The catalogue and the media folder as Dagster resources."""

from pathlib import Path
from typing import Any

from dagster import ConfigurableResource

from vsearch_pipeline.browsers import proxy_path
from vsearch_pipeline.catalog.database import Catalog, open_catalog
from vsearch_pipeline.catalog.videos import VideoRecord
from vsearch_pipeline.settings import Settings


class CatalogResource(ConfigurableResource[Any]):
    """PostgreSQL: the embedded server below `home`, or the one of VSEARCH_DATABASE_URL, whose password must not
    stand in a run's configuration."""

    home: str

    def settings(self) -> Settings:
        return Settings(home=Path(self.home))

    def open(self) -> Catalog:
        return open_catalog(self.settings())


def frame_path(videos_dir: Path, video_id: str, index: int) -> Path:
    """Where the picture of a sampled frame is."""
    return videos_dir / video_id / "frames" / f"{index:06d}.jpg"


class MediaResource(ConfigurableResource[Any]):
    """Where a video's files are, and how it is sampled."""

    videos_dir: str
    gallery_dir: str
    frames_per_second: float
    frame_max_side: int
    jpeg_quality: int
    segment_max_ms: int

    def source(self, video: VideoRecord) -> Path:
        if video.path is None:
            raise ValueError(f"{video.id} has no file")
        return Path(self.videos_dir, video.path)

    def frames_dir(self, video_id: str) -> Path:
        return Path(self.videos_dir, video_id, "frames")

    def frame(self, video_id: str, index: int) -> Path:
        return frame_path(Path(self.videos_dir), video_id, index)

    def proxy(self, video_id: str) -> Path:
        return proxy_path(Path(self.videos_dir), video_id)

    def previews_dir(self, video_id: str) -> Path:
        return Path(self.videos_dir, video_id, "previews")
