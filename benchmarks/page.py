"""How long the page takes, in a real Chromium.

From Enter in the search box to results drawn, beside a bare Streamlit page that prints ten rows; and from a press
on a result to its moment playing, beside a bare video tag on the same file.

The libraries are those of `editing`, each of whose videos has a film of its length, frames and previews. Results
are drawn when the browser shows the frame that has the first card (or row) of the new query.

`python -m benchmarks page [SEGMENTS ...]`; 100 and 100,000 where none are given. 100,000 take eight minutes to
make: the quick one is `python -m benchmarks page 100`.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Final

from imageio_ffmpeg import get_ffmpeg_exe
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import text

from benchmarks.editing import OF_A_VIDEO, SCENES, SEGMENT_MS, made_library
from benchmarks.report import machine, median_ratio, table
from tests.browser.conftest import FLAGS, ROOT, serving
from vsearch_pipeline.catalog.database import open_catalog
from vsearch_pipeline.language.embedding import load_sentence_embedder
from vsearch_pipeline.settings import Settings

SIZES: Final = (100, 100_000)
ROUNDS: Final = 6
TURNS: Final = 3
"""Measured in each round, on a page that was opened anew and warmed by one query."""
FILM_RATE: Final = 25
FRAMES_A_SECOND: Final = 4
RESULTS_LIMIT: Final = 2.5
SEEKING_LIMIT: Final = 1.5
SETTLED_MS: Final = 400
COLOURS: Final = (("red", "빨간"), ("blue", "파란"), ("green", "초록"), ("white", "하얀"), ("black", "까만"))

BARE_PAGE: Final = """\
import streamlit as st

query = st.text_input("Search", key="q")
if query:
    for place in range(1, 11):
        st.write(f"{query}, row {place}")
"""
BARE_VIDEO: Final = """<!doctype html><title>bare</title><body><video muted preload="auto" width="640"></video>
<button>play</button><script>
    const video = document.querySelector('video');
    window.go = ({source, at}) => {
        document.querySelector('button').onclick = () => {
            if (video.dataset.source !== source) { video.dataset.source = source; video.src = source; }
            video.currentTime = at;
            video.play();
        };
    };
</script></body>"""

_DRAWN: Final = """(bare) => {
    const first = bare
        ? (query) => [...document.querySelectorAll('[data-testid=stMarkdown] p')].find(
            (row) => row.textContent === `${query}, row 1`)
        : () => [...document.querySelectorAll('[data-testid=stBidiComponentIsolated]')]
            .map((host) => host.shadowRoot?.querySelector('.card:not([data-seen])')).find(Boolean);
    window.watched = (query) => {
        for (const host of document.querySelectorAll('[data-testid=stBidiComponentIsolated]'))
            for (const card of host.shadowRoot?.querySelectorAll('.card') ?? []) card.dataset.seen = '';
        window.taken = new Promise((done, fail) => {
            setTimeout(() => fail(new Error('nothing was drawn')), 60000);
            window.addEventListener('keydown', ({timeStamp}) => {
                const look = () => requestAnimationFrame(() => first(query)
                    ? requestAnimationFrame(() => done(performance.now() - timeStamp)) : look());
                look();
            }, {capture: true, once: true});
        });
    };
}"""

_PLAYS: Final = """() => {
    const play = HTMLMediaElement.prototype.play;
    HTMLMediaElement.prototype.play = function () {
        const video = this;
        const at = video.readyState ? video.currentTime : Number(video.src.split('#t=')[1]) || video.currentTime;
        const look = (now, {mediaTime}) => {
            if (!video.paused && mediaTime > at - 0.05 && mediaTime < at + 1) window.played?.(at);
            else video.requestVideoFrameCallback(look);
        };
        video.requestVideoFrameCallback(look);
        return play.call(video);
    };
    window.watched = () => {
        window.taken = new Promise((done, fail) => {
            setTimeout(() => fail(new Error('nothing plays')), 60000);
            window.addEventListener('click', ({timeStamp}) => {
                window.played = (at) => { window.played = null; done([performance.now() - timeStamp, at]); };
            }, {capture: true, once: true});
        });
    };
}"""


@dataclass
class Served:
    """A library with its page, and what was measured there."""

    size: int
    url: str
    first: list[float] = field(default_factory=list)
    later: list[float] = field(default_factory=list)


def main() -> None:
    sizes = [int(each) for each in sys.argv[1:] if each.isdigit()] or list(SIZES)
    embedder = load_sentence_embedder("use-multilingual-v3")
    print(f"## page\n\n{machine()}; {ROUNDS} rounds of {TURNS}, in turns; medians\n", flush=True)
    with ExitStack() as opened:
        homes = [opened.enter_context(made_library(size, embedder)).home for size in sizes]
        for size, home in zip(sizes, homes, strict=True):
            add_files(home, size)
        measure(dict(zip(sizes, homes, strict=True)))


def measure(homes: dict[int, Path]) -> None:
    """Print both tables.

    Args:
        homes: libraries with files, by their number of segments.
    """
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="vsearch-bench-page-")))
        browser = opened.enter_context(_chromium())
        pages = [
            Served(size, opened.enter_context(_serving(ROOT / "editor_app" / "main.py", folder / str(size), home)))
            for size, home in homes.items()
        ]
        script = _bare_script(folder / "bare")
        bare = Served(0, opened.enter_context(_serving(script, folder / "bare", folder)))
        print(table("From Enter to results drawn", *_results(browser, pages, bare)), flush=True)
        print(table("From a press on a result to its moment playing", *_seeking(browser, pages)), flush=True)


# --- results ----------------------------------------------------------------------------------------------------


def _results(browser: Browser, pages: Sequence[Served], bare: Served) -> tuple[list[str], list[list[object]]]:
    queries = _queries()
    for turn in range(-1, ROUNDS):  # the first one warms up
        for served in (bare, *pages):
            with _tab(browser, served.url) as tab:
                tab.locator("[data-testid=stTextInput] input").wait_for()
                tab.evaluate(f"({_DRAWN})({str(served is bare).lower()})")
                taken = [_ask(tab, next(queries)) for _ in range(TURNS + 1)]
            if turn >= 0:
                served.first.append(taken[0])
                served.later += taken[1:]
    rows: list[list[object]] = [
        ["bare Streamlit, ten rows", statistics.median(bare.later), 1.0, statistics.median(bare.first), 1.0]
    ]
    rows += [
        [
            f"ours, {served.size:,} segments",
            statistics.median(served.later),
            median_ratio(served.later, bare.later),
            statistics.median(served.first),
            median_ratio(served.first, bare.first),
        ]
        for served in pages
    ]
    limit = f"times bare (at most {RESULTS_LIMIT})"
    return ["page", "ms", limit, "the first query of a visit, ms", "times bare"], rows


def _ask(tab: Page, query: str) -> float:
    """Milliseconds from Enter to the frame that shows the first result."""
    box = tab.locator("[data-testid=stTextInput] input").first
    box.fill(query)
    _settle(tab)
    tab.evaluate("(query) => window.watched(query)", query)
    box.press("Enter")
    return float(tab.evaluate("window.taken"))


def _queries() -> Iterator[str]:
    """Questions that were not asked before, in English and Korean by turns."""
    for turn in count():
        scene, colour = SCENES[turn * 7 % len(SCENES)], COLOURS[turn // len(SCENES) % len(COLOURS)]
        yield f"{colour[turn % 2]} {scene[turn % 2]}"


# --- seeking ----------------------------------------------------------------------------------------------------


def _seeking(browser: Browser, pages: Sequence[Served]) -> tuple[list[str], list[list[object]]]:
    rows: list[list[object]] = []
    for served in pages:
        times: tuple[list[float], list[float]] = ([], [])
        for turn in range(-1, ROUNDS):
            ours, places = _press(browser, served)
            bare = _press_bare(browser, served, places)
            if turn >= 0:
                times[0].extend(ours)
                times[1].extend(bare)
        kind = "the same video" if served.size <= OF_A_VIDEO else "another video"
        rows.append([f"{served.size:,} segments: {kind}", *map(statistics.median, times), median_ratio(*times)])
    return ["what is pressed", "ours, ms", "bare video tag, ms", f"times bare (at most {SEEKING_LIMIT})"], rows


Place = tuple[str, float]
"""Address of a file, and seconds into it."""


def _press(browser: Browser, served: Served) -> tuple[list[float], list[Place]]:
    """Press results one after another: what each took, and where it was."""
    english, _ = SCENES[0]
    with _tab(browser, f"{served.url}/?q={english}") as tab:
        tab.evaluate(f"({_PLAYS})()")
        cards = tab.locator(".card")
        cards.nth(TURNS + 1).wait_for()
        taken, places = [], []
        for place in range(1, TURNS + 2):
            _settle(tab)
            cards.nth(place).scroll_into_view_if_needed()
            tab.evaluate("window.watched()")
            cards.nth(place).click()
            milliseconds, at = tab.evaluate("window.taken")
            taken.append(milliseconds)
            source = tab.locator("video").evaluate("(video) => video.src")
            places.append((source.partition("#")[0], at))
            tab.locator("video").evaluate("(video) => video.pause()")
    return taken[1:], places


def _press_bare(browser: Browser, served: Served, places: Sequence[Place]) -> list[float]:
    with _tab(browser, None) as tab:
        tab.route("**/bare.html", lambda route: route.fulfill(body=BARE_VIDEO, content_type="text/html"))
        tab.goto(f"{served.url}/bare.html")
        tab.evaluate(f"({_PLAYS})()")
        taken = []
        for source, at in places:
            tab.evaluate("(place) => window.go(place)", {"source": source, "at": at})
            tab.wait_for_timeout(SETTLED_MS)
            tab.evaluate("window.watched()")
            tab.locator("button").click()
            milliseconds, _ = tab.evaluate("window.taken")
            taken.append(milliseconds)
            tab.locator("video").evaluate("(video) => video.pause()")
    return taken[1:]


# --- what is measured -------------------------------------------------------------------------------------------


@contextmanager
def _chromium() -> Iterator[Browser]:
    path = os.environ.get("VSEARCH_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def _tab(browser: Browser, url: str | None) -> Iterator[Page]:
    """A browser of its own: nothing else is open while something is measured."""
    context = browser.new_context(viewport={"width": 1280, "height": 720}, locale="en-US")
    context.set_default_timeout(60_000)
    page = context.new_page()
    if url:
        page.goto(url)
    yield page
    context.close()


def _settle(tab: Page) -> None:
    """Wait until the server is done and the page is quiet."""
    tab.wait_for_timeout(SETTLED_MS / 2)
    tab.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    tab.wait_for_timeout(SETTLED_MS / 2)


@contextmanager
def _serving(script: Path, folder: Path, home: Path) -> Iterator[str]:
    folder.mkdir(exist_ok=True)
    with serving(script, folder, VSEARCH_HOME=str(home), VSEARCH_ACTOR="benchmark") as url:
        yield url


def _bare_script(folder: Path) -> Path:
    """The bare page, with the settings of ours."""
    folder.mkdir()
    shutil.copytree(ROOT / "editor_app" / ".streamlit", folder / ".streamlit")
    script = folder / "bare.py"
    script.write_text(BARE_PAGE)
    return script


def add_files(home: Path, size: int) -> None:
    """A film, frames and previews for every video of a made library; most are links to the same files."""
    videos = home / "videos"
    videos.mkdir(parents=True)
    seconds = OF_A_VIDEO * SEGMENT_MS // 1000
    film, still, preview = (videos / name for name in ("film.mp4", "still.jpg", "preview.webp"))
    picture = f"testsrc2=size=640x360:rate={FILM_RATE}:duration={seconds}"
    subprocess.run(
        [get_ffmpeg_exe(), "-loglevel", "error", "-f", "lavfi", "-i", picture, "-preset", "ultrafast", str(film)],
        check=True,
    )
    pictures = [Image.effect_mandelbrot((320, 180), (-2.0, -1.5, 1.0 + k / 9, 1.5), 60) for k in range(12)]
    pictures[0].save(still)
    pictures[0].save(preview, save_all=True, append_images=pictures[1:], duration=160)
    for number in range(size // OF_A_VIDEO):
        folder = videos / f"v{number}"
        for name in ("frames", "previews"):
            (folder / name).mkdir(parents=True)
        (folder / "source.mp4").hardlink_to(film)
        spans = range(0, seconds * 1000, SEGMENT_MS)
        _fill(folder / "frames", still, [f"{i:06d}.jpg" for i in range(seconds * FRAMES_A_SECOND)])
        _fill(folder / "previews", preview, [f"{start}-{start + SEGMENT_MS}.webp" for start in spans])
    catalog = open_catalog(Settings(home=home))
    with catalog.begin() as connection:
        connection.execute(
            text(
                "update videos set path = id || '/source.mp4', container = 'mp4', video_codec = 'h264',"
                " width = 640, height = 360, start_ms = 0, frame_rate_num = :rate, frame_rate_den = 1,"
                " duration_ms = :length"
            ),
            {"rate": FILM_RATE, "length": seconds * 1000},
        )
    catalog.close()


def _fill(folder: Path, file: Path, names: Sequence[str]) -> None:
    """Put a copy of the file into the folder under all these names: a file can have some 65,000 of them."""
    first, *others = names
    shutil.copyfile(file, folder / first)
    for name in others:
        (folder / name).hardlink_to(folder / first)
