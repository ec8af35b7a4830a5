"""The files behind the page: their addresses, and the route that serves them.

Addresses are made here and answered here and nowhere else. Each is signed and good for a while (`links.py`):
who is given one may open that one file, whoever they are; nobody can make one up.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from editor_app.faces import FacePlace, cut_out
from editor_app.links import Links
from editor_app.texts.access import ACCESS
from vsearch_pipeline.browsers import PROXY_NAME, Stored, browsers_that_play, proxy_path
from vsearch_pipeline.catalog.videos import VideoRecord
from vsearch_pipeline.previews import preview_path
from vsearch_pipeline.timeline import TimeRange
from vsearch_pipeline.wording import language_of

PREFIX: Final = "/store"
"""`/media` is Streamlit's own."""

Playback = Literal["plays", "imported", "missing", "format"]

_SOURCE: Final = re.compile(r"source(\.[a-z0-9]+)?")
_MADE: Final = re.compile(rf"frames/\d{{6,}}\.jpg|previews/\d+-\d+\.webp|{re.escape(PROXY_NAME)}")

_TYPES: Final = {
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/mp4",  # the same boxes under the name that every browser knows
    ".webm": "video/webm",
    ".mkv": "video/x-matroska",
}
_UNKNOWN_TYPE: Final = "application/octet-stream"

_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}
_FRESH_S: Final = 3600
"""So long a browser uses what it has before it asks whether that is still the file."""


@dataclass(frozen=True, slots=True)
class MediaFiles:
    """Addresses of the files of one store.

    Attributes:
        videos_dir: `HOME/videos`.
    """

    videos_dir: Path
    links: Links

    def playback(self, video: VideoRecord) -> Playback:
        """Whether a browser can be given the video, or why not: `format` waits for the proxy."""
        if self._has_proxy(video):
            return "plays"
        if video.path is None:
            return "imported"
        if not Path(self.videos_dir, video.path).is_file():
            return "missing"
        # until there is a proxy, the browser at hand may try: the player shows the preview where it refuses
        players = browsers_that_play(Stored(video.container, video.video_codec))
        return "format" if players == "none" else "plays"

    def source(self, video: VideoRecord) -> str | None:
        """Address of what plays the video: its proxy where it has one, else its file; None where nothing does."""
        if self._has_proxy(video):
            return self._address(f"{video.id}/{PROXY_NAME}")
        return self._address(video.path) if video.path and self.playback(video) == "plays" else None

    def origin_ms(self, video: VideoRecord) -> int:
        """What is added to a time of the video to seek in what `source` gives."""
        return 0 if self._has_proxy(video) else video.start_ms or 0

    def _has_proxy(self, video: VideoRecord) -> bool:
        return proxy_path(self.videos_dir, video.id).is_file()

    def preview(self, video_id: str, span: TimeRange) -> str | None:
        """Address of the moving preview of this range, else of the one that shows most of it: people move edges
        before the next run makes previews. None where there is none."""
        path = preview_path(self.videos_dir, video_id, span)
        return self._address(f"{video_id}/previews/{path.name}") if path else None

    def still(self, video: VideoRecord, time_ms: int) -> str | None:
        """Address of the stored frame near a time; None where there are no frames.

        Frames are sampled evenly, so the position is taken from the share of the video's length.
        """
        count = _frame_count(Path(self.videos_dir, video.id, "frames"))
        if not count:
            return None
        share = time_ms / video.duration_ms if video.duration_ms else 0.5
        index = min(count - 1, max(0, int(share * count)))
        return self._address(f"{video.id}/frames/{index:06d}.jpg")

    def face(self, video_id: str, frame_index: int, bbox_xyxy: tuple[float, float, float, float]) -> str | None:
        """Address of a square picture of a face; None where the frame is not there.

        Args:
            bbox_xyxy: shares (0..1) of the stored frame `frame_index`.
        """
        place = FacePlace.of(frame_index, bbox_xyxy)
        if place is None or not Path(self.videos_dir, video_id, place.frame).is_file():
            return None
        return self._address(f"{video_id}/{place.name}")

    def _address(self, name: str) -> str:
        return self.links.address(PREFIX, name)


def _frame_count(folder: Path) -> int:
    state = _state(folder)
    return _counted_frames(folder, *state) if state else 0


def _state(folder: Path) -> tuple[int, int] | None:
    """Changes when a file is put into the folder, or another folder into its place; None where there is none."""
    try:
        stat = folder.stat()
    except FileNotFoundError:
        return None
    return stat.st_ino, stat.st_mtime_ns


@lru_cache(maxsize=1024)
def _counted_frames(folder: Path, _inode: int, _changed_ns: int) -> int:
    """How many there are, numbered from 0 on: looked for by halves, since an hour of video has thousands of
    them and a page of results asks for a still of each."""
    first, beyond = 0, 1
    while _frame(folder, beyond - 1).is_file():
        first, beyond = beyond, beyond * 2
    return bisect_left(range(first, beyond), True, key=lambda index: not _frame(folder, index).is_file()) + first


def _frame(folder: Path, index: int) -> Path:
    return folder / f"{index:06d}.jpg"


def store_file(videos_dir: Path, name: str) -> Path | None:
    """The file that an address names, or None.

    Only a video's source, proxy, frames and previews have addresses. A link is followed for the source alone,
    which the store itself makes (`VSEARCH_LINK_MODE=symlink`); anything else must lie in the video's own folder.
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
    if _MADE.fullmatch(rest) and file.resolve() == file and file.is_file():
        return file
    return None


def store_route(videos_dir: Path, links: Links) -> Route:
    """`GET /store/VIDEO/...`: the store's files, in blocks and by range (206), and faces cut out of its frames.

    A link that is not signed, altered or expired is refused (403), whether there is such a file or not.
    """

    def serve(request: Request) -> Response:  # in a worker thread
        name = request.path_params["name"]
        left = links.left(name, request.url.query)
        if not isinstance(left, int):
            texts = ACCESS[language_of(request.headers.get("accept-language"))]
            return _refusal(texts.link_expired if left == "expired" else texts.link_wrong, 403)
        video_id, _, rest = name.partition("/")
        place = FacePlace.parse(rest)
        file = store_file(videos_dir, f"{video_id}/{place.frame}" if place else name)
        if file is None:
            return _refusal("Not found", 404)
        try:
            tag = _tag(file, name)
            known = _is_known(request.headers, tag)
            response = Response(status_code=304) if known else _picture(file, place) if place else _whole(file)
        except OSError:  # deleted, or made anew, at this moment
            return _refusal("Not found", 404)
        response.headers["etag"] = tag
        response.headers["cache-control"] = f"private, max-age={min(left, _FRESH_S)}"
        return response

    return Route(f"{PREFIX}/{{name:path}}", serve, methods=["GET"], middleware=[Middleware(_SafeHeaders)])


def _refusal(sentence: str, status: int) -> Response:
    return PlainTextResponse(sentence, status_code=status, headers={"cache-control": "no-store"})


def _tag(file: Path, name: str) -> str:
    """Changes with the file, and tells what was made of it apart."""
    stat = file.stat()
    return f'"{hashlib.sha256(f"{stat.st_mtime_ns} {stat.st_size} {name}".encode()).hexdigest()[:32]}"'


def _is_known(headers: Headers, tag: str) -> bool:
    """Whether the browser has this very file (RFC 9110, 13.1.2)."""
    known = [known.strip().removeprefix("W/") for known in headers.get("if-none-match", "").split(",")]
    return tag in known or known == ["*"]


def _whole(file: Path) -> Response:
    return FileResponse(file, media_type=_TYPES.get(file.suffix.lower(), _UNKNOWN_TYPE))


def _picture(frame: Path, place: FacePlace) -> Response:
    return Response(cut_out(frame, place), media_type="image/jpeg")


class _SafeHeaders:
    """On whatever is answered, errors too: it is never run as a page, and no other site embeds it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(raw=message["headers"]).update(_HEADERS)
            await send(message)

        await self._app(scope, receive, with_headers)
