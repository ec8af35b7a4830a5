"""The files behind the page: their addresses, and the route that serves them.

Addresses are made here and answered here and nowhere else, so that signing them later is a change of one module.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from vsearch_pipeline.catalog.videos import VideoRecord
from vsearch_pipeline.timeline import TimeRange

PREFIX: Final = "/store"
"""`/media` is Streamlit's own."""

Playback = Literal["plays", "imported", "missing", "format"]

_SOURCE: Final = re.compile(r"source(\.[a-z0-9]+)?")
_PREVIEW: Final = re.compile(r"(\d+)-(\d+)\.webp")
_PICTURE: Final = re.compile(r"frames/\d{6,}\.jpg|previews/\d+-\d+\.webp")

_TYPES: Final = {
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/mp4",  # the same boxes under the name that every browser knows
    ".webm": "video/webm",
    ".mkv": "video/x-matroska",
    ".ogv": "video/ogg",
}
_UNKNOWN_TYPE: Final = "application/octet-stream"

_CONTAINERS: Final = frozenset({"mp4", "mov", "webm", "matroska"})
_CODECS: Final = frozenset({"h264", "hevc", "vp8", "vp9", "av1"})
"""What some current browser plays (developer.mozilla.org/docs/Web/Media/Guides/Formats). HEVC and Matroska are
left to the browser at hand: the player falls back to the preview where it refuses."""

_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, max-age=300",
}


@dataclass(frozen=True, slots=True)
class MediaFiles:
    """Addresses of the files of one store.

    Attributes:
        videos_dir: `HOME/videos`.
    """

    videos_dir: Path

    def playback(self, video: VideoRecord) -> Playback:
        """Whether a browser can be given the video's file, or why not."""
        if video.path is None:
            return "imported"
        if not Path(self.videos_dir, video.path).is_file():
            return "missing"
        if video.container not in _CONTAINERS or video.video_codec not in _CODECS:
            return "format"
        return "plays"

    def source(self, video: VideoRecord) -> str | None:
        """Address of the video's file; None where it cannot be played."""
        return _address(video.path) if video.path and self.playback(video) == "plays" else None

    def preview(self, video_id: str, span: TimeRange) -> str | None:
        """Address of the moving preview of this range, else of the one that shows most of it: people move edges
        before the next run makes previews. None where there is none."""
        name = f"{video_id}/previews/{span.start_ms}-{span.end_ms}.webp"
        if Path(self.videos_dir, name).is_file():
            return _address(name)
        others = _preview_spans(Path(self.videos_dir, video_id, "previews"))
        best = max(others, key=lambda other: (other.overlap_ms(span), -other.duration_ms), default=None)
        if best is None or not best.overlap_ms(span):
            return None
        return _address(f"{video_id}/previews/{best.start_ms}-{best.end_ms}.webp")

    def still(self, video: VideoRecord, time_ms: int) -> str | None:
        """Address of the stored frame near a time; None where there are no frames.

        Frames are sampled evenly, so the position is taken from the share of the video's length.
        """
        count = _frame_count(Path(self.videos_dir, video.id, "frames"))
        if not count:
            return None
        share = time_ms / video.duration_ms if video.duration_ms else 0.5
        index = min(count - 1, max(0, int(share * count)))
        return _address(f"{video.id}/frames/{index:06d}.jpg")


def _address(name: str) -> str:
    return f"{PREFIX}/{quote(name)}"


def _frame_count(folder: Path) -> int:
    try:
        with os.scandir(folder) as entries:
            return sum(entry.name.endswith(".jpg") for entry in entries)
    except FileNotFoundError:
        return 0


def _preview_spans(folder: Path) -> list[TimeRange]:
    """The ranges of which there are previews."""
    try:
        names = [path.name for path in folder.iterdir()]
    except FileNotFoundError:
        return []
    found = (_PREVIEW.fullmatch(name) for name in names)
    return [TimeRange(int(match[1]), int(match[2])) for match in found if match]


def store_file(videos_dir: Path, name: str) -> Path | None:
    """The file that an address names, or None.

    Only a video's source, frames and previews have addresses. A link is followed for the source alone, which the
    store itself makes (`VSEARCH_LINK_MODE=symlink`); anything else must lie in the video's own folder.
    """
    video_id, _, rest = name.partition("/")
    if not video_id or video_id.startswith(".") or "\\" in name or "\0" in name:
        return None
    folder = (videos_dir / video_id).resolve()
    if folder != videos_dir.resolve() / video_id:
        return None
    file = folder / rest
    if _SOURCE.fullmatch(rest):
        return file if file.is_file() else None
    if _PICTURE.fullmatch(rest) and file.resolve() == file and file.is_file():
        return file
    return None


def store_route(videos_dir: Path) -> Route:
    """`GET /store/VIDEO/...`: the store's files, in blocks and by range (206)."""

    def serve(request: Request) -> Response:
        file = store_file(videos_dir, request.path_params["name"])
        if file is None:
            return PlainTextResponse(
                "Not found", status_code=404, headers=_HEADERS | {"Cache-Control": "no-store"}
            )
        return FileResponse(file, media_type=_TYPES.get(file.suffix.lower(), _UNKNOWN_TYPE), headers=_HEADERS)

    return Route(f"{PREFIX}/{{name:path}}", serve, methods=["GET"])
