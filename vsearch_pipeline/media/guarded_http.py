"""yt-dlp with a network of its own: http and https only, every connection checked as it is made.

The check stands where the socket connects, so it covers redirects, media links that a site hands
out, fragments, and names that resolve differently the second time.
"""

from __future__ import annotations

import functools
import http.client
import socket
from typing import Any

from yt_dlp import YoutubeDL
from yt_dlp.networking._urllib import HTTPHandler, UrllibRH

from vsearch_pipeline.errors import DownloadError
from vsearch_pipeline.media.addresses import SocketAddress, resolve


class GuardedDownloader(YoutubeDL):  # type: ignore[misc]
    """Keeps the sentence of the first refused connection in `refusal`."""

    def __init__(self, params: dict[str, Any], *, allow_private: bool) -> None:
        self.refusal: str | None = None
        self._allow_private = allow_private
        super().__init__(params)

    def build_request_director(self, handlers: Any, preferences: Any = None) -> Any:  # noqa: ARG002
        return super().build_request_director([functools.partial(_GuardedRH, self.connect)], preferences)

    def connect(self, address: tuple[str, int], timeout: Any, source_address: Any = None) -> socket.socket:  # noqa: ARG002
        """Stands for `socket.create_connection` in http.client."""
        try:
            candidates = resolve(*address, allow_private=self._allow_private)
        except DownloadError as error:
            self.refusal = self.refusal or str(error)
            # A ValueError is the one kind that yt-dlp does not retry.
            raise ValueError(str(error)) from error
        return _connect_to_first(candidates, timeout)


def _connect_to_first(candidates: list[SocketAddress], timeout: Any) -> socket.socket:
    failure: OSError | None = None
    for family, kind, protocol, address in candidates:
        connection = socket.socket(family, kind, protocol)
        try:
            if isinstance(timeout, (int, float)):
                connection.settimeout(timeout)
            connection.connect(address)
        except OSError as error:
            connection.close()
            failure = error
        else:
            return connection
    raise failure or OSError("the host has no address")


class _GuardedHandler(HTTPHandler):  # type: ignore[misc]
    def __init__(self, connect: Any, context: Any) -> None:
        super().__init__(context=context)
        self._connect = connect

    def _connection(self, kind: type[http.client.HTTPConnection], *args: Any, **options: Any) -> Any:
        connection: Any = kind(*args, **options)
        connection._create_connection = self._connect
        return connection

    def http_open(self, req: Any) -> Any:
        return self.do_open(functools.partial(self._connection, http.client.HTTPConnection), req)

    def https_open(self, req: Any) -> Any:
        return self.do_open(
            functools.partial(self._connection, http.client.HTTPSConnection), req, context=self._context
        )


class _GuardedRH(UrllibRH):  # type: ignore[misc]
    _SUPPORTED_URL_SCHEMES = ("http", "https")
    RH_KEY = "Urllib"

    def __init__(self, connect: Any, **options: Any) -> None:
        self._connect = connect
        super().__init__(**options)

    def _create_instance(self, proxies: Any, cookiejar: Any, legacy_ssl_support: Any = None) -> Any:  # noqa: ARG002
        # Through a proxy, the address we would check is the proxy's.
        opener = super()._create_instance({}, cookiejar, legacy_ssl_support)
        for scheme in ("http", "https", "ftp", "data"):
            opener.handle_open.pop(scheme, None)
        context = self._make_sslcontext(legacy_ssl_support=legacy_ssl_support)
        opener.add_handler(_GuardedHandler(self._connect, context))
        return opener
