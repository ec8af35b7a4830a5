"""The files behind the page: their addresses, and the route that serves them.

Addresses are made here and answered here and nowhere else. Each is signed and good for a while (`links.py`):
who is given one may open that one file, whoever they are; nobody can make one up.
"""

from __future__ import annotations

import hashlib
import logging
import re
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Final, Literal

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from editor_app.faces import FacePlace, cut_out
from editor_app.links import Links
from editor_app.remote import RemoteFileResponse
from editor_app.texts.access import ACCESS
from vsearch_pipeline.browsers import PROXY_NAME, Stored, browsers_that_play
from vsearch_pipeline.catalog.videos import VideoRecord
from vsearch_pipeline.errors import StoreError
from vsearch_pipeline.previews import preview_of
from vsearch_pipeline.storage.store import FRAMES, PREVIEWS, MediaStore, RemoteFile, frame_file
from vsearch_pipeline.timeline import TimeRange
from vsearch_pipeline.wording import language_of

_LOG = logging.getLogger(__name__)

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
        store: where they are.
    """

    store: MediaStore
    links: Links

    def playback(self, video: VideoRecord) -> Playback:
        """Whether a browser can be given the video, or why not: `format` waits for the proxy."""
        if self._has_proxy(video):
            return "plays"
        if video.path is None:
            return "imported"
        if not self.store.exists(video.path):
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
        return self.store.exists(f"{video.id}/{PROXY_NAME}")

    def preview(self, video_id: str, span: TimeRange) -> str | None:
        """Address of the moving preview of this range, else of the one that shows most of it: people move edges
        before the next run makes previews. None where there is none."""
        file = preview_of(self.store, video_id, span)
        return self._address(f"{video_id}/{PREVIEWS}/{file}") if file else None

    def still(self, video: VideoRecord, time_ms: int) -> str | None:
        """Address of the stored frame near a time; None where there are no frames.

        Frames are sampled evenly, so the position is taken from the share of the video's length.
        """
        count = len(self.store.files(video.id, FRAMES) or ())
        if not count:
            return None
        share = time_ms / video.duration_ms if video.duration_ms else 0.5
        index = min(count - 1, max(0, int(share * count)))
        return self._address(f"{video.id}/{FRAMES}/{frame_file(index)}")

    def face(self, video_id: str, frame_index: int, bbox_xyxy: tuple[float, float, float, float]) -> str | None:
        """Address of a square picture of a face; None where the frame is not there.

        Args:
            bbox_xyxy: shares (0..1) of the stored frame `frame_index`.
        """
        place = FacePlace.of(frame_index, bbox_xyxy)
        if place is None or frame_file(frame_index) not in (self.store.files(video_id, FRAMES) or ()):
            return None
        return self._address(f"{video_id}/{place.name}")

    def _address(self, name: str) -> str:
        return self.links.address(PREFIX, name)


def stored_file(store: MediaStore, name: str) -> Path | RemoteFile | None:
    """The file that an address names, or None.

    Only a video's source, proxy, frames and previews have addresses.
    """
    video_id, _, rest = name.partition("/")
    if not video_id or video_id.startswith(".") or "\\" in name or "\0" in name:
        return None
    if not (_SOURCE.fullmatch(rest) or _MADE.fullmatch(rest)):
        return None
    try:
        return store.served(name)
    except FileNotFoundError:
        return None


def store_route(store: MediaStore, links: Links) -> Route:
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
        try:
            file = stored_file(store, f"{video_id}/{place.frame}" if place else name)
            if file is None:
                return _refusal("Not found", 404)
            tag = _tag(file, name)
            known = _is_known(request.headers, tag)
            response = (
                Response(status_code=304) if known else _picture(file, place) if place else _whole(file, name)
            )
        except OSError:  # deleted, or made anew, at this moment
            return _refusal("Not found", 404)
        except StoreError as problem:
            _LOG.warning("%s", problem)
            return _refusal("The media store cannot be reached", 503)
        response.headers["etag"] = tag
        response.headers["cache-control"] = f"private, max-age={min(left, _FRESH_S)}"
        return response

    return Route(f"{PREFIX}/{{name:path}}", serve, methods=["GET"], middleware=[Middleware(_SafeHeaders)])


def _refusal(sentence: str, status: int) -> Response:
    return PlainTextResponse(sentence, status_code=status, headers={"cache-control": "no-store"})


def _tag(file: Path | RemoteFile, name: str) -> str:
    """Changes with the file, and tells what was made of it apart."""
    if isinstance(file, Path):
        stat = file.stat()
        state = f"{stat.st_mtime_ns} {stat.st_size}"
    else:
        state = file.tag
    return f'"{hashlib.sha256(f"{state} {name}".encode()).hexdigest()[:32]}"'


def _is_known(headers: Headers, tag: str) -> bool:
    """Whether the browser has this very file (RFC 9110, 13.1.2)."""
    known = [known.strip().removeprefix("W/") for known in headers.get("if-none-match", "").split(",")]
    return tag in known or known == ["*"]


def _whole(file: Path | RemoteFile, name: str) -> Response:
    kind = _TYPES.get(PurePosixPath(name).suffix.lower(), _UNKNOWN_TYPE)
    return FileResponse(file, media_type=kind) if isinstance(file, Path) else RemoteFileResponse(file, kind)


def _picture(frame: Path | RemoteFile, place: FacePlace) -> Response:
    opened = frame if isinstance(frame, Path) else BytesIO(frame.read(0, frame.size))
    return Response(cut_out(opened, place), media_type="image/jpeg")


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
