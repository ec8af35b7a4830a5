"""A bucket that goes away in the middle of ingest: said in a sentence, nothing half there, and it goes on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from s3fs import S3FileSystem
from starlette.applications import Starlette
from starlette.testclient import TestClient

from editor_app.media import store_route
from tests.bucket_server import BUCKET, BucketServer, bucket_server
from tests.catalogue_dump import assert_same
from tests.clips import make_clip
from tests.editor_app.signed import LINKS
from tests.external_postgres import ExternalPostgres, external_postgres
from tests.faults.homes import Home, open_home
from vsearch_pipeline.assets import media as media_assets
from vsearch_pipeline.errors import StoreError
from vsearch_pipeline.storage.store import open_store

PLACES = count(1)


@pytest.fixture(scope="module")
def postgres() -> Iterator[ExternalPostgres]:
    with external_postgres("-c fsync=off") as server:
        yield server


@pytest.fixture(scope="module")
def bucket() -> Iterator[BucketServer]:
    with bucket_server() as server:
        yield server


@pytest.fixture
def home(
    postgres: ExternalPostgres, bucket: BucketServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Home]:
    with open_home(postgres, tmp_path / "home", monkeypatch) as opened:
        yield in_bucket(opened)


def in_bucket(home: Home) -> Home:
    place = f"s3://{BUCKET}/away {next(PLACES)}"
    return replace(home, settings=home.settings.model_copy(update={"media_url": place}))


@pytest.mark.slow
def test_a_bucket_that_goes_away_holds_up_and_loses_nothing(
    home: Home, bucket: BucketServer, postgres: ExternalPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = make_clip(tmp_path / "clip.mp4", seconds=2.0, cuts=(1.0,), audio=True)
    video = home.add(clip)

    real = media_assets.sample

    def away_while_it_decodes(*arguments: Any, **options: Any) -> Any:
        found = real(*arguments, **options)
        bucket.stop()
        return found

    with monkeypatch.context() as patch:
        patch.setattr(media_assets, "sample", away_while_it_decodes)
        patch.setattr(S3FileSystem, "retries", 1)
        try:
            result = home.ingest(video)
        finally:
            bucket.start()
    assert not result.success
    assert (video, "sampling") in home.errors()
    assert all(message.startswith("The media store s3://") for message in home.errors().values())
    assert "video" in home.done(video)
    assert "sampling" not in home.done(video)
    store = open_store(home.settings)
    assert store.files(video, "frames") is None, "no half of it"

    assert home.ingest(video).success
    assert home.errors() == {}
    with open_home(postgres, tmp_path / "quiet", monkeypatch) as other:
        quiet = in_bucket(other)
        assert quiet.ingest(quiet.add(clip)).success
        assert_same(quiet.dump(), home.dump())


def test_while_it_is_away_files_are_not_added_and_the_page_says_so(
    home: Home, bucket: BucketServer, tmp_path: Path
) -> None:
    first = home.add(make_clip(tmp_path / "first.mp4", seconds=1.0))
    store = open_store(home.settings)
    page = TestClient(Starlette(routes=[store_route(store, LINKS)]))
    address = LINKS.address("/store", f"{first}/source.mp4")
    whole = page.get(address)
    assert whole.status_code == 200
    part = page.get(address, headers={"range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, whole.content[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(whole.content)}"
    assert page.get(address, headers={"if-none-match": whole.headers["etag"]}).status_code == 304
    second = make_clip(tmp_path / "second.mp4", seconds=1.2)
    bucket.stop()
    try:
        with pytest.raises(StoreError, match="The media store s3://"):
            home.add(second)
        store._known.clear()  # type: ignore[attr-defined]
        assert page.get(address).status_code == 503
    finally:
        bucket.start()
    added = home.add(second)
    assert store.exists(f"{added}/source.mp4")
