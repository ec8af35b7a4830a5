"""Fetching a video from a link with yt-dlp."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vsearch_pipeline.errors import DownloadError, MediaError
from vsearch_pipeline.media.addresses import check_link
from vsearch_pipeline.media.probe import probe

# One file that browsers and editing programs play; anything else where a site has nothing better.
_FORMAT = "bv*[ext=mp4][vcodec^=avc1]+ba[ext=m4a]/b[ext=mp4]/bv*+ba/b"


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A finished download.

    Attributes:
        path: the one file, inside the folder that was asked for.
        title: as the site calls it.
        url: the page or file it came from, after redirects.
        duration_ms: as the site or the file says; None if neither does.
    """

    path: Path
    title: str
    url: str
    duration_ms: int | None


def download(
    url: str,
    folder: Path,
    *,
    max_bytes: int,
    max_seconds: int,
    allow_private_addresses: bool,
    on_progress: Callable[[int, int | None], None] | None = None,
) -> Downloaded:
    """Fetch the video behind a link; a broken transfer continues where it stopped when called again.

    No playlists, live broadcasts, cookies, configuration files or proxies. Every connection is checked
    as it is made, redirects and media links included.

    Arguments:
        max_bytes: largest file, checked before where known and while it grows.
        max_seconds: longest video, checked before where known and in the finished file.
        on_progress: called with bytes so far and the total, None where unknown.

    Raises:
        DownloadError: not allowed, too large, too long, or not to be had; one sentence.
    """
    check_link(url, allow_private=allow_private_addresses)
    folder.mkdir(parents=True, exist_ok=True)

    from yt_dlp.utils import YoutubeDLError

    from vsearch_pipeline.media.guarded_http import GuardedDownloader

    limits = _Limits(max_bytes, max_seconds, on_progress)
    with GuardedDownloader(_options(folder, limits), allow_private=allow_private_addresses) as downloader:
        try:
            info = downloader.extract_info(url, download=True)
        except YoutubeDLError as error:
            raise DownloadError(downloader.refusal or _sentence(error)) from error
        if not info or info.get("_type", "video") != "video":
            raise DownloadError("the link is a playlist; give the link of one video")
        finished = info.get("requested_downloads") or []
        if not finished:
            raise DownloadError(downloader.refusal or "the link has no video that can be downloaded")
    path = Path(finished[0]["filepath"])
    duration = info.get("duration")
    duration_ms = round(duration * 1000) if duration else _length_of(path)
    if duration_ms is not None and duration_ms > max_seconds * 1000:
        path.unlink()
        raise limits.too_long(duration_ms / 1000)
    if path.stat().st_size > max_bytes:
        path.unlink()
        raise limits.too_large()
    return Downloaded(path, str(info.get("title") or path.stem), str(info.get("webpage_url") or url), duration_ms)


def _length_of(path: Path) -> int | None:
    try:
        return probe(path).duration_ms
    except MediaError:
        return None


def _sentence(error: Exception) -> str:
    text = str(error).replace("\n", " ").removeprefix("ERROR: ")
    if "unknown url type" in text:
        return "the link redirects to something other than http or https"
    return text.split("; please report this issue")[0].split(" (caused by")[0].strip()


class _Limits:
    """yt-dlp's hooks: they raise, so that a transfer stops at once."""

    def __init__(
        self, max_bytes: int, max_seconds: int, on_progress: Callable[[int, int | None], None] | None
    ) -> None:
        self._max_bytes = max_bytes
        self._max_seconds = max_seconds
        self._on_progress = on_progress
        self._finished_parts = 0

    def before(self, info: dict[str, Any], *, incomplete: bool) -> None:  # noqa: ARG002
        """A `match_filter`: called when the site has described the video."""
        if info.get("is_live"):
            raise DownloadError("the link is a live broadcast, which has no end")
        if (info.get("duration") or 0) > self._max_seconds:
            raise self.too_long(info["duration"])
        if (info.get("filesize") or 0) > self._max_bytes:
            raise self.too_large()

    def during(self, state: dict[str, Any]) -> None:
        """A `progress_hook`."""
        done = state.get("downloaded_bytes") or 0
        total = state.get("total_bytes")
        if self._finished_parts + max(done, total or 0) > self._max_bytes:
            if partial := state.get("tmpfilename"):
                Path(partial).unlink(missing_ok=True)
            raise self.too_large()
        if self._on_progress:
            self._on_progress(self._finished_parts + done, total and self._finished_parts + total)
        if state["status"] == "finished":
            self._finished_parts += done

    def too_large(self) -> DownloadError:
        return DownloadError(f"the video is larger than the limit of {self._max_bytes:,} bytes")

    def too_long(self, seconds: float) -> DownloadError:
        return DownloadError(f"the video lasts {seconds:.0f} s, longer than the limit of {self._max_seconds} s")


def _options(folder: Path, limits: _Limits) -> dict[str, Any]:
    import imageio_ffmpeg

    return {
        "paths": {"home": str(folder)},
        "outtmpl": "%(title).80B [%(id).40B].%(ext)s",
        "format": _FORMAT,
        "merge_output_format": "mp4/mkv",
        "noplaylist": True,
        "extract_flat": "in_playlist",
        "continuedl": True,
        "retries": 3,
        "fragment_retries": 3,
        "socket_timeout": 30,
        "cachedir": False,
        "quiet": True,
        "noprogress": True,
        "no_warnings": True,
        "logger": _Silence(),
        "match_filter": limits.before,
        "progress_hooks": [limits.during],
        "ffmpeg_location": imageio_ffmpeg.get_ffmpeg_exe(),
        "hls_prefer_native": True,
        # Where yt-dlp would let ffmpeg fetch a stream by itself, ffmpeg is kept off the network.
        "external_downloader_args": {"ffmpeg_i": ["-protocol_whitelist", "file,crypto,data"]},
    }


class _Silence:
    """yt-dlp's messages reach people as the sentence of a DownloadError, never on the terminal."""

    def debug(self, message: str) -> None: ...

    def info(self, message: str) -> None: ...

    def warning(self, message: str) -> None: ...

    def error(self, message: str) -> None: ...
