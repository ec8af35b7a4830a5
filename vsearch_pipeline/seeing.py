"""The addresses by which a server is watched: `/healthz`, `/readyz` and `/metrics`."""

from __future__ import annotations

import hmac
from collections.abc import Callable

from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from vsearch_pipeline.catalog.database import Catalog, open_catalog
from vsearch_pipeline.health import Probe
from vsearch_pipeline.metrics import CONTENT_TYPE, Metrics
from vsearch_pipeline.settings import Settings

ALIVE_PATH = "/healthz"
READY_PATH = "/readyz"
METRICS_PATH = "/metrics"
_NOT_KEPT = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


def seeing_routes(
    settings: Settings, *, open_metrics: bool, catalog: Callable[[Settings], Catalog] = open_catalog
) -> list[Route]:
    """Routes for a Starlette application. Health asks for no sign-in and names nothing of the library.

    Args:
        open_metrics: metrics are told to everybody who reaches the server, where no `metrics_token` is set.
    """
    probe, metrics = Probe(settings, catalog), Metrics(settings, catalog)

    def alive(_request: Request) -> Response:
        return JSONResponse({"alive": True}, headers=_NOT_KEPT)

    def ready(_request: Request) -> Response:  # in a worker thread, as the next
        health = probe.look()
        return JSONResponse(health.as_json(), 200 if health.ready else 503, headers=_NOT_KEPT)

    def measured(request: Request) -> Response:
        if not may_measure(request.headers.get("authorization", ""), settings.metrics_token, open_metrics):
            return PlainTextResponse("Send VSEARCH_METRICS_TOKEN as a bearer token.", 403, headers=_NOT_KEPT)
        return Response(metrics.text(), media_type=CONTENT_TYPE, headers=_NOT_KEPT)

    return [
        Route(ALIVE_PATH, alive, methods=["GET"]),
        Route(READY_PATH, ready, methods=["GET"]),
        Route(METRICS_PATH, measured, methods=["GET"]),
    ]


def may_measure(authorization: str, token: SecretStr | None, open_metrics: bool) -> bool:
    """Whether a request with this header may read metrics; takes as long for any wrong token."""
    if token is None or not token.get_secret_value():
        return open_metrics
    kind, _, given = authorization.partition(" ")
    return kind.lower() == "bearer" and hmac.compare_digest(
        given.strip().encode(), token.get_secret_value().encode()
    )
