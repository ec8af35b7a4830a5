"""What browsers cannot play gets a proxy, and that plays at the very frames that the catalogue means."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from time import sleep

import av
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import text

from editor_app.texts.search import ENGLISH
from tests.browser.conftest import ROOT, Visit, serving, visiting
from tests.conftest import ELSEWHERE
from tests.editor_app.library import COLOURS, Library, write_pictures
from vsearch_pipeline.browsers import PROXY_NAME, browsers_that_play
from vsearch_pipeline.catalog.database import database_url, open_catalog
from vsearch_pipeline.catalog.segments import AutoFields, read_segments
from vsearch_pipeline.catalog.stages import ProducerInfo, producer_id
from vsearch_pipeline.catalog.videos import VideoRecord, get_video, update_video
from vsearch_pipeline.editing.refresh import refresh_segments
from vsearch_pipeline.ingest.store import add_file
from vsearch_pipeline.language.embedding import load_sentence_embedder
from vsearch_pipeline.media.proxy import Proxy, stored, write_proxy
from vsearch_pipeline.media.sampling import sample
from vsearch_pipeline.search.documents import embed_segments
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.storage.bucket import KNOWN_SECONDS
from vsearch_pipeline.storage.store import open_store
from vsearch_pipeline.timeline import TimeRange

pytestmark = pytest.mark.browser

BAR = 12
"""Width of the bar that tells the frame's number, in the film's pixels: it stands `STEP` further on each frame."""
STEP = 3
WIDTH, HEIGHT = 320, 180
FIND = """(function find(root) {
    const inside = (element) => element.shadowRoot && find(element.shadowRoot);
    return root.querySelector('video') || [...root.querySelectorAll('*')].map(inside).find(Boolean);
})"""
READY = "video.readyState >= 2 && !video.seeking"
CAPTIONS = ("A red balloon over the sea", "A green parrot eats an apple", "A blue train crosses a bridge")


@dataclass(frozen=True)
class Film:
    """Attributes:
    times: when each frame is shown, ms from the first.
    edges: of its three segments, each in a colour of its own, the last one the end; all but that are frames.
    """

    name: str
    codec: str
    times: tuple[int, ...]
    edges: tuple[int, ...]
    pixels: str = "yuv420p"
    start_ms: int = 0

    @property
    def spans(self) -> list[TimeRange]:
        return [TimeRange(a, b) for a, b in zip(self.edges, self.edges[1:], strict=False)]


STEADY = tuple(range(0, 4000, 40))
UNSTEADY = tuple(t for t in STEADY if t % 120 != 40 or t == 1480)
FILMS = {
    "balloon avi": Film("old camera.avi", "mpeg4", STEADY, (0, 1480, 2520, 4000)),
    "balloon mkv": Film("late.mkv", "libx264", UNSTEADY, (0, 1480, 2520, 4000), start_ms=1400),
    "balloon ten": Film("ten bits.mp4", "libx264", STEADY, (0, 1480, 2520, 4000), "yuv420p10le"),
}


def write(film: Film, path: Path) -> None:
    with av.open(f"file:{path}", "w") as container:
        stream = container.add_stream(film.codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, film.pixels
        stream.codec_context.time_base = Fraction(1, 25) if film.name.endswith("avi") else Fraction(1, 1000)
        tone = container.add_stream("aac", rate=16000, layout="mono") if film.start_ms else None
        for number, time in enumerate(film.times):
            image = np.empty((HEIGHT, WIDTH, 3), np.uint8)
            image[:] = next(c for span, c in zip(film.spans, COLOURS, strict=True) if time in span)
            image[:, number * STEP : number * STEP + BAR] = 255
            frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format=film.pixels)
            frame.time_base = stream.codec_context.time_base
            frame.pts = round((time + film.start_ms) / 1000 / frame.time_base)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if tone is not None:
            samples = np.zeros((1, 16000 * (film.edges[-1] + film.start_ms) // 1000), np.int16)
            block = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
            block.rate, block.pts = 16000, 0
            container.mux(tone.encode(block))
            container.mux(tone.encode())


@dataclass(frozen=True)
class Shelf:
    settings: Settings
    videos: dict[str, VideoRecord]
    segments: dict[str, list[int]]

    def source(self, name: str) -> Path:
        return open_store(self.settings).local(str(self.videos[name].path))

    def write_proxy(self, name: str) -> Proxy:
        store = open_store(self.settings)
        with store.work_place() as place:
            made = write_proxy(self.source(name), place / PROXY_NAME)
            store.keep(place / PROXY_NAME, f"{self.videos[name].id}/{PROXY_NAME}")
        self._told()
        return made

    def drop_proxy(self, name: str) -> None:
        open_store(self.settings).drop(f"{self.videos[name].id}/{PROXY_NAME}")
        self._told()

    def _told(self) -> None:
        """The page, which is another process, has forgotten what it knew of a bucket."""
        if ELSEWHERE:
            sleep(KNOWN_SECONDS)


@pytest.fixture(scope="module")
def shelf(lib: Library, tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """A library of its own in the same server."""
    engine = open_catalog(lib.settings).engine
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text('drop database if exists "playing" with (force)'))
        connection.execute(text('create database "playing"'))
    url = database_url(lib.settings).set(database="playing")
    home = tmp_path_factory.mktemp("playing")
    settings = Settings(home=home, database_url=url.render_as_string(hide_password=False), actor="tester")
    catalog = open_catalog(settings)
    embedder = load_sentence_embedder(settings.sentence_embedder)
    videos, segments = {}, {}
    for title, film in FILMS.items():
        path = home / film.name
        write(film, path)
        video = add_file(catalog, settings, path, actor="tester", door="cli").video
        write_pictures(settings, video)
        scan = sample(path, frames_per_second=60, max_side=64, jpeg_quality=50, on_frame=lambda _: None)
        assert scan.start_ms == film.start_ms
        assert [frame.time_ms for frame in scan.frames] == list(film.times)
        measured = {"start_ms": scan.start_ms, "duration_ms": scan.duration_ms, "frame_rate_num": 25}
        with catalog.begin() as connection:
            update_video(connection, video.id, measured | {"frame_rate_den": 1, "title": title})
            producer = producer_id(connection, ProducerInfo("segments", "tests", "1"))
            said = dict(zip(film.spans, CAPTIONS, strict=True))
            refresh_segments(
                connection, video.id, film.spans, lambda span, said=said: AutoFields(said[span], None), producer
            )
            embed_segments(connection, video.id, embedder)
            videos[title] = get_video(connection, video.id)
            segments[title] = [segment.id for segment in read_segments(connection, video_id=video.id)]
    return Shelf(settings, videos, segments)


@pytest.fixture(scope="module")
def server(shelf: Shelf, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    environment = {
        "VSEARCH_HOME": str(shelf.settings.home),
        "VSEARCH_DATABASE_URL": str(shelf.settings.database_url),
    }
    with serving(ROOT / "editor_app" / "main.py", tmp_path_factory.mktemp("server"), **environment) as url:
        yield url


@pytest.fixture
def visit(chromium: Browser, server: str) -> Iterator[Visit]:
    with visiting(chromium, server) as opened:
        yield opened


def frame_shown(page: Page) -> tuple[int, int]:
    """The frame's number by its bar, and which of the colours it has."""
    page.wait_for_function(f"() => {{ const video = {FIND}(document); return video && {READY}; }}")
    pixels = np.array(
        page.locator("video").evaluate(
            """async (video, [width, height]) => {
                await new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); });
                const canvas = document.createElement('canvas');
                canvas.width = width; canvas.height = height;
                const context = canvas.getContext('2d');
                context.drawImage(video, 0, 0, width, height);
                return [...context.getImageData(0, height / 2, width, 1).data];
            }""",
            [WIDTH, HEIGHT],
        )
    ).reshape(WIDTH, 4)[:, :3]
    white = np.flatnonzero(pixels.min(axis=1) > 200)
    colour = pixels[WIDTH - 2] if white[0] < WIDTH // 2 else pixels[2]
    distances = [np.abs(colour - np.array(known)).sum() for known in COLOURS]
    return round((white[0] + white[-1] + 1 - BAR) / 2 / STEP), int(np.argmin(distances))


def expect_at(page: Page, time_ms: int) -> None:
    expect(page.locator(".now")).to_have_text(re.compile(rf"^0:0{time_ms / 1000:.3f}".replace(".", r"\.")))


@pytest.mark.parametrize("title", FILMS)
def test_a_film_plays_through_its_proxy_at_the_very_frame(visit: Visit, shelf: Shelf, title: str) -> None:
    film = FILMS[title]
    assert browsers_that_play(stored(shelf.source(title))) != "all"
    made = shelf.write_proxy(title)
    assert (made.frames, made.moved) == (len(film.times), 0)
    try:
        for index, (segment, span) in enumerate(zip(shelf.segments[title], film.spans, strict=True)):
            page = visit(f"/?q=balloon&moment={segment}")
            expect_at(page, span.start_ms)
            assert (
                page.locator("video")
                .evaluate("video => new URL(video.currentSrc).pathname")
                .endswith("/proxy.mp4")
            )
            first = film.times.index(span.start_ms)
            assert frame_shown(page) == (first, index)
            page.locator("body").press(".")
            page.locator("body").press(",")
            expect_at(page, span.start_ms)
            assert frame_shown(page) == (first, index)
            # the last frame before the segment ends, which is not yet of the next colour
            last = max(n for n, time in enumerate(film.times) if time in span)
            page.locator("video").evaluate(
                "(video, at) => { video.currentTime = at; }", film.times[last] / 1000 + 0.001
            )
            assert frame_shown(page) == (last, index)
    finally:
        shelf.drop_proxy(title)


def test_until_there_is_a_proxy_the_page_says_so_and_then_it_plays(visit: Visit, shelf: Shelf) -> None:
    title = "balloon avi"
    address = f"/?q=balloon&moment={shelf.segments[title][0]}"
    page = visit(address)
    expect(page.locator(".screen .why")).to_have_text(ENGLISH.why_format.format(format="avi, mpeg4"))
    assert "playable copy is being made" in ENGLISH.why_format
    expect(page.locator(".screen img")).to_be_visible()
    expect(page.locator("video")).to_have_count(0)
    shelf.write_proxy(title)
    try:
        page = visit(address)
        expect_at(page, 0)
        expect(page.locator(".screen .why")).to_have_count(0)
        page.locator("video").evaluate("video => video.play()")
        page.wait_for_function(f"() => {FIND}(document).currentTime > 0.3")
    finally:
        shelf.drop_proxy(title)
