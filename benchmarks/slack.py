"""How long the door for Slack takes: from a command to the first answer, twenty at once, beside the search itself.

The door is `vsearch slack` in a process of its own, the workspace the tests' server in this one: it sends the next
command as soon as one is answered, and its clock counts. Its peer is a process with twenty threads, each of which
searches and posts the answer that the door posted last, with no commands, roles, blocks or pictures around it.
Both ask by turns, the same kind of questions, none of them twice.

Twice: in a workspace that is empty at first, where the door uploads the preview of every moment it shows and puts
it into the answer afterwards; and in one that has them all. Ten segments share a preview. The server is done with
a picture at once, which loads this machine more than Slack does. The bare side begins when all of them are there.

`python -m benchmarks slack [SEGMENTS [COMMANDS]]`; 100,000 and 1,000 where none are given. A library with files
that is there already (of `page`) is taken instead of a new one where VSEARCH_BENCH_HOME names its home.
"""

from __future__ import annotations

import hashlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

from slack_sdk.webhook import WebhookClient
from sqlalchemy import text

from benchmarks.editing import COLOURS, SCENES, made_library
from benchmarks.page import add_files
from benchmarks.report import machine, table
from tests.slack.slack_server import Delivery, SlackServer
from tests.slack.workspace import APP_TOKEN, BOT_TOKEN, TEAM, SlackFile
from vsearch_pipeline.catalog.database import Catalog, open_catalog
from vsearch_pipeline.catalog.slack import keep_file
from vsearch_pipeline.language.embedding import load_sentence_embedder
from vsearch_pipeline.search.service import SearchService, open_search
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.slack.messages import PAGE

SIZE: Final = 100_000
COMMANDS: Final = 1_000
AT_ONCE: Final = 20
ROUNDS: Final = 4
WARMING: Final = 60
SECONDS_LIMIT: Final = 3
TIMES_LIMIT: Final = 1.5
SHARING: Final = 10
"""Segments with the same preview: made libraries have one for all, and a file for each would fill a disk."""
WAIT_SECONDS: Final = 600
COLOURS_KO: Final = ("빨간", "파란", "초록", "하얀", "까만", "노란", "갈색", "회색", "분홍", "주황")
ROOT: Final = Path(__file__).resolve().parents[1]
WARM: Final = ("a person 사람이 나오는", "안녕 hello")
"""What the door asks itself before it opens."""
KNOWN: Final = "F000KNOWN"


@dataclass
class Asked:
    """A command; all are seconds on the server's clock.

    Attributes:
        lacking: how many pictures the first answer had yet to get.
        pictures: when they came.
    """

    delivery: Delivery
    sent: float
    answered: float | None = None
    lacking: int = 0
    pictures: float | None = None

    @property
    def seconds(self) -> float:
        assert self.answered is not None
        return self.answered - self.sent


@dataclass
class Measured:
    """One side of a comparison."""

    times: list[float] = field(default_factory=list)
    acknowledged: list[float] = field(default_factory=list)
    spent: float = 0.0


@dataclass(frozen=True)
class Bare:
    """The peer: a process, and the library that it searches."""

    pool: ProcessPoolExecutor
    home: Path


class Crowd(SlackServer):
    """A workspace where some people ask at once, and on as soon as one of them is answered."""

    def __init__(self) -> None:
        super().__init__(ping_seconds=5)
        for number in range(AT_ONCE):
            locale = ("en-US", "ko-KR")[number % 2]
            self.add_user(f"UA{number}", f"asker{number}", email=f"asker{number}@example.com", locale=locale)
        done = SlackFile(KNOWN, "preview.gif", 1, content=b"0", completed=time.monotonic())
        self.files[KNOWN] = done
        self.answer: Mapping[str, Any] = {}
        self._asked: dict[str, Asked] = {}
        self._open = 0
        self._lacking = 0
        self._queries: Iterator[tuple[int, str]] = iter(())

    def ask(self, queries: Sequence[str]) -> list[Asked]:
        """Ask all of these; returns when each is answered."""
        with self.changed:
            self._asked, self._open = {}, len(queries)
            self._queries = enumerate(queries)
            for _ in range(AT_ONCE):
                self._next()
            answered = self.changed.wait_for(lambda: self._open == 0, WAIT_SECONDS)
            assert answered, f"{self._open} commands were not answered; problems: {self.problems[:5]}"
            return list(self._asked.values())

    def rest(self) -> None:
        """Until all pictures are where they belong."""
        with self.changed:
            followed = self.changed.wait_for(lambda: self._lacking == 0, WAIT_SECONDS)
            assert followed, f"{self._lacking} answers wait for pictures; problems: {self.problems[:5]}"
        time.sleep(1)

    def _next(self) -> None:
        number, query = next(self._queries, (0, ""))
        if query:
            user = f"UA{number % AT_ONCE}"  # who asks in the language of the query
            url = self.response_url("C1", user)
            sent = time.monotonic()
            delivery = self.command(query, user=user, response_url=url)
            self._asked[url.rpartition("/")[2]] = Asked(delivery, sent)

    def respond(self, key: str, body: Any) -> dict[str, Any]:
        answer = super().respond(key, body)
        now = time.monotonic()
        with self.changed:
            asked = self._asked.get(key)
            if asked is not None and answer["ok"]:
                if asked.answered is None:
                    self.answer, asked.answered, asked.lacking = body, now, _lacking(body)
                    self._open -= 1
                    self._lacking += bool(asked.lacking)
                    self._next()
                elif asked.lacking and asked.pictures is None:
                    asked.pictures = now
                    self._lacking -= 1
        return answer


def main() -> None:
    given = [int(each) for each in sys.argv[1:] if each.isdigit()]
    size, commands = given[0] if given else SIZE, given[1] if len(given) > 1 else COMMANDS
    print(
        f"## slack\n\n{machine()}; {commands:,} commands, {AT_ONCE} at once, in {ROUNDS} rounds by turns\n",
        flush=True,
    )
    crowd = Crowd()
    with _home(size) as home, crowd, _door(home, crowd) as log, _bare_process(home) as bare:
        catalog = open_catalog(Settings(home=home))
        _own_pictures(home / "videos")
        with catalog.begin() as connection:
            size = connection.execute(text("select count(*) from segments")).scalar_one()
        queries = _queries()
        _know_pictures(catalog, home / "videos")
        crowd.ask(list(islice(queries, WARMING)))
        _post(bare, crowd, list(islice(queries, WARMING)))
        _forget_pictures(catalog)
        crowd.rest()
        rows, notes = [], []
        for workspace in ("empty at first", "has all pictures"):
            if workspace != "empty at first":
                _know_pictures(catalog, home / "videos")
            made, note = _compared(crowd, bare, queries, commands, workspace)
            rows += made
            notes.append(note)
        header = [
            *["workspace", "what", "p50, ms", "times bare", f"p95, ms (at most {SECONDS_LIMIT * 1000:,})"],
            *[f"times bare (at most {TIMES_LIMIT})", "longest, ms", "acknowledged p95, ms", "a second"],
        ]
        print(table(f"From command to answer, {size:,} segments", header, rows), flush=True)
        print("\n".join(notes), flush=True)
        _forget_pictures(catalog)  # they go with their workspace
        assert crowd.problems == [], crowd.problems[:5]
        _, _, *more = filter(str.strip, log.read_text().splitlines())  # whose token it uses, and that it answers
        if more:
            print(f"\nThe door's log has {len(more)} lines of trouble; the first: {more[0][:200]}", flush=True)


def _compared(
    crowd: Crowd, bare: Bare, queries: Iterator[str], commands: int, workspace: str
) -> tuple[list[list[object]], str]:
    """Rows of both sides, and what became of the pictures."""
    ours, peer = Measured(), Measured()
    asked: list[Asked] = []
    meanwhile, before = 0, len(crowd.files)
    resting = 0.0
    for _ in range(ROUNDS):
        had = len(crowd.files)
        found = crowd.ask(list(islice(queries, commands // ROUNDS)))
        meanwhile += len(crowd.files) - had
        ended = max(each.answered or 0.0 for each in found)
        ours.times += [each.seconds for each in found]
        ours.spent += ended - min(each.sent for each in found)
        asked += found
        crowd.rest()
        ours.acknowledged += [each.delivery.ack_seconds for each in found if each.delivery.ack_seconds is not None]
        resting += max([ended, *(each.pictures for each in found if each.pictures is not None)]) - ended
        times, spent = _post(bare, crowd, list(islice(queries, commands // ROUNDS)))
        peer.times += times
        peer.spent += spent
    follow = [each.pictures - each.sent for each in asked if each.pictures is not None]
    uploaded = len(crowd.files) - before
    note = f"- {workspace}: {uploaded:,} pictures were uploaded, {meanwhile:,} of them beside commands"
    if follow:
        note += (
            f" and the others in {resting:.0f} s after these; {len(follow):,} answers got pictures later,"
            f" p50 {_share(follow, 50):.1f} s and p95 {_share(follow, 95):.1f} s after the command"
        )
    return [
        _row(workspace, "the door", ours, peer),
        _row(workspace, "bare: the search and one post", peer, peer),
    ], note


def _row(workspace: str, what: str, side: Measured, peer: Measured) -> list[object]:
    middle, most = (_share(side.times, percent) / _share(peer.times, percent) for percent in (50, 95))
    acknowledged = f"{1000 * _share(side.acknowledged, 95):.2f}" if side.acknowledged else ""
    return [
        *[workspace, what, 1000 * _share(side.times, 50), middle, 1000 * _share(side.times, 95), most],
        *[1000 * max(side.times), acknowledged, len(side.times) / side.spent],
    ]


def _share(values: Sequence[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def _queries() -> Iterator[str]:
    """12,000 questions, none twice, in English and Korean by turns."""
    colours = list(zip(COLOURS, COLOURS_KO, strict=True))
    whole = len(SCENES) * len(colours) ** 2
    for turn in range(2 * whole):
        place = (turn // 2 * 7919 + turn % 2 * whole // 2) % whole  # neighbours differ in all of it
        scene, two = SCENES[place % len(SCENES)], place // len(SCENES)
        first, second = colours[two % len(colours)], colours[two // len(colours)]
        if turn % 2:
            yield f"{second[1]} 자동차 옆에서 {first[1]} 옷을 입은 {scene[1]}"
        else:
            yield f"{scene[0]} in {first[0]} beside a {second[0]} car"


def _lacking(message: Mapping[str, Any]) -> int:
    """How many moments of a message have no picture."""
    blocks = message.get("blocks", [])
    moments = sum(str(block.get("block_id", "")).startswith("moment:") for block in blocks)
    assert moments <= PAGE
    return moments - len([block for block in blocks if block["type"] == "image"])


# --- the processes ----------------------------------------------------------------------------------------------


@contextmanager
def _home(size: int) -> Iterator[Path]:
    if there := os.environ.get("VSEARCH_BENCH_HOME"):
        yield Path(there)
        return
    with made_library(size, load_sentence_embedder("use-multilingual-v3")) as library:
        add_files(library.home, size)
        yield library.home


def _environment(**more: str) -> dict[str, str]:
    """This one without what would change the door: keys, lists of people, ways through a proxy."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SLACK_", "VSEARCH_", "GEMINI_", "GOOGLE_"))
        and not name.lower().endswith("_proxy")
    }
    return kept | more


@contextmanager
def _door(home: Path, crowd: Crowd) -> Iterator[Path]:
    """The door, open; the path of its log."""
    environment = _environment(
        SLACK_BOT_TOKEN=BOT_TOKEN,
        SLACK_APP_TOKEN=APP_TOKEN,
        SLACK_API_URL=crowd.url,
        VSEARCH_HOME=str(home),
        VSEARCH_VIEWERS="*",
    )
    with tempfile.TemporaryDirectory(prefix="vsearch-bench-slack-") as folder:
        log = Path(folder) / "log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "vsearch_pipeline", "slack"],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        try:
            crowd.wait_connected(seconds=120)
            yield log
        except AssertionError:
            print(log.read_text()[-4000:], file=sys.stderr)
            raise
        finally:
            process.terminate()
            process.wait(timeout=30)


@contextmanager
def _bare_process(home: Path) -> Iterator[Bare]:
    with ProcessPoolExecutor(1, get_context("spawn"), _become, (_environment(),)) as pool:
        yield Bare(pool, home)


def _post(bare: Bare, crowd: Crowd, queries: Sequence[str]) -> tuple[list[float], float]:
    """Seconds that the bare process took for each query, and for all of them."""
    urls = [crowd.response_url("C1", f"UA{number % AT_ONCE}") for number in range(len(queries))]
    return bare.pool.submit(_search_and_post, bare.home, queries, urls, dict(crowd.answer)).result(WAIT_SECONDS)


def _become(environment: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)


@cache
def _service(home: Path) -> SearchService:
    service = open_search(Settings(home=home))
    for query in WARM:
        service.search(query, limit=1)
    return service


def _search_and_post(
    home: Path, queries: Sequence[str], urls: Sequence[str], message: dict[str, Any]
) -> tuple[list[float], float]:
    service = _service(home)

    def one(query: str, url: str) -> float:
        started = time.monotonic()
        service.search(query, limit=PAGE)
        answer = WebhookClient(url).send_dict(message)
        assert answer.status_code == 200, answer.body
        return time.monotonic() - started

    started = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        times = list(pool.map(one, queries, urls))
    return times, time.monotonic() - started


# --- pictures ---------------------------------------------------------------------------------------------------


def _own_pictures(videos: Path) -> None:
    """Previews that differ, some segments apart; pictures are known by the digest of their bytes."""
    for folder in sorted(videos.glob("*/previews")):
        files = sorted(folder.iterdir())
        if len({file.stat().st_ino for file in files}) > 1:
            continue
        content = files[0].read_bytes()
        for start in range(0, len(files), SHARING):
            first, *others = files[start : start + SHARING]
            first.unlink()
            first.write_bytes(content + f"{folder.parent.name} {start}".encode())  # no decoder reads so far
            for other in others:
                other.unlink()
                other.hardlink_to(first)


def _know_pictures(catalog: Catalog, videos: Path) -> None:
    """All previews are in the workspace."""
    seen: set[int] = set()
    with catalog.begin() as connection:
        for file in videos.glob("*/previews/*.webp"):
            number = file.stat().st_ino
            if number not in seen:
                seen.add(number)
                keep_file(connection, TEAM, hashlib.sha256(file.read_bytes()).hexdigest(), KNOWN)


def _forget_pictures(catalog: Catalog) -> None:
    with catalog.begin() as connection:
        connection.execute(text("delete from slack_files where team = :team"), {"team": TEAM})


if __name__ == "__main__":
    main()
