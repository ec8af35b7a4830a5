"""Taking videos in from links."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from urllib.parse import urlsplit

from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.operations import Door
from vsearch_pipeline.catalog.requests import request_run
from vsearch_pipeline.errors import DownloadError, InputError
from vsearch_pipeline.ingest.store import Added, add_file
from vsearch_pipeline.media.download import download
from vsearch_pipeline.settings import Settings

_SHOWN = 120
"""Characters of a link that an error repeats."""


def is_link(source: str) -> bool:
    """Whether a source is a link rather than a path; which kinds are allowed is for the download to say."""
    return "://" in source and urlsplit(source).scheme.isalpha()


def ask_for_link(catalog: Catalog, link: str, *, actor: str, door: Door) -> int:
    """Ask the pipeline to take a link in; returns the request's id (`catalog/requests.py`).

    Raises:
        InputError: it is no link to a web page or a file of the web.
    """
    url = link.strip()
    try:
        parts = urlsplit(url)
        whole = bool(parts.hostname) and url.isprintable() and " " not in url
    except ValueError:
        whole = False
    if not whole or parts.scheme not in ("http", "https"):
        raise InputError(f"{_short(url)}: this is not a link that begins with http:// or https://.")
    with catalog.begin() as connection:
        return request_run(connection, "take_in", url, actor=actor, door=door)


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def add_link(
    catalog: Catalog,
    settings: Settings,
    url: str,
    *,
    actor: str,
    door: Door,
    on_progress: Callable[[int, int | None], None] | None = None,
) -> Added:
    """Download a link and add the file. A download that was cut off goes on where it stopped.

    Raises:
        DownloadError: the link is not allowed, or cannot be fetched.
        MediaError: what it leads to is not a video we can read.
    """
    folder = settings.home / "downloads" / hashlib.sha256(url.encode()).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        fetched = download(
            url,
            folder,
            max_bytes=settings.max_download_bytes,
            max_seconds=settings.max_download_seconds,
            allow_private_addresses=settings.allow_private_addresses,
            on_progress=on_progress,
        )
    except DownloadError as error:
        raise DownloadError(f"{url}: {error}") from error
    try:
        return add_file(
            catalog,
            settings,
            fetched.path,
            actor=actor,
            door=door,
            source=fetched.url,
            title=fetched.title,
            ours=True,
        )
    finally:
        fetched.path.unlink(missing_ok=True)
