"""Many hands at once: processes that edit the same segments while a run and names change beside them."""

from __future__ import annotations

import multiprocessing
import os
import random
import re
import threading
import time
import traceback
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Connection, event, select, text
from sqlalchemy.exc import OperationalError

from tests.editing.library import EMBEDDER, Model, add_video, materialize
from vsearch_pipeline.catalog.database import Catalog, open_catalog
from vsearch_pipeline.catalog.human import read_fields
from vsearch_pipeline.catalog.library import ensure_person, list_people
from vsearch_pipeline.catalog.locks import lock_video
from vsearch_pipeline.catalog.models import Person
from vsearch_pipeline.catalog.operations import OperationRecord, read_operations
from vsearch_pipeline.catalog.segments import SegmentRecord, read_segments
from vsearch_pipeline.editing.history import HistoryService
from vsearch_pipeline.editing.people import PeopleService
from vsearch_pipeline.editing.segments import SegmentService, videos_of_segments
from vsearch_pipeline.editing.transaction import Done, Draft, Edit, Editor
from vsearch_pipeline.errors import BusyError, VsearchError
from vsearch_pipeline.language import tokens
from vsearch_pipeline.search.documents import embed_segments
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.timeline import TimeRange

SECONDS = float(os.environ.get("VSEARCH_TEST_SECONDS", "8"))
HANDS = 8
VIDEOS = 2
SEGMENTS = 100
"""Of a video, of five seconds each."""
LIKED = 12
LENGTH_MS = 5000 * SEGMENTS
EDGES = tuple(range(0, LENGTH_MS + 1, 5000))
ON_SCREEN = {
    f"Person {name}": [(start, start + 20_000) for start in range(first * 5000, LENGTH_MS - 20_000, 60_000)]
    for first, name in enumerate(("Ana", "Ben", "Cem", "Dan", "Eva"))
}
OTHERS = ("Person Fay", "Person Gil", "Person Hal")
"""Whom no model sees."""
WAITED_S = 30
"""What an edit waits for a lock (`catalog/locks.py`)."""


@dataclass(frozen=True)
class Task:
    """What a process needs to begin."""

    url: str
    home: Path
    actor: str
    seed: int
    seconds: float
    videos: tuple[str, ...]


@dataclass(frozen=True)
class Written:
    """A caption that was written; `over` is what the person saw there, None where they did not look."""

    operation: int
    segment: int
    language: str
    token: str
    looked: bool
    over: str | None


@dataclass
class Told:
    """What a process did.

    Attributes:
        done: the operations that it was told of, with what it called them.
        refused: proper answers, by code.
        broken_off: statements that the database broke off, by SQLSTATE; those that reach nobody are here too.
        errors: what nobody should ever see.
    """

    actor: str
    done: list[tuple[int, str]] = field(default_factory=list)
    nothing: int = 0
    written: list[Written] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    broken_off: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    slowest: float = 0.0
    runs: int = 0


class Hand:
    """Somebody who edits at random, in a process of their own."""

    def __init__(self, task: Task, catalog: Catalog, told: Told) -> None:
        self.task, self.catalog, self.told = task, catalog, told
        self.random = random.Random(task.seed)
        editor = Editor(catalog, EMBEDDER, actor=task.actor, door="web")
        self.segments, self.history = SegmentService(editor), HistoryService(editor)
        self.view: list[SegmentRecord] = []
        self.steps: dict[Callable[[], Any], int] = {
            self.caption_of_what_was_seen: 16,
            self.caption_of_a_selection: 4,
            self.say_who_is_there: 8,
            self.give_back_to_the_models: 3,
            self.move: 8,
            self.split: 4,
            self.merge: 4,
            self.create: 2,
            self.delete: 3,
            self.restore: 4,
            self.lock: 2,
            self.unlock: 6,
            self.undo: 4,
            self.redo: 3,
            self.revert: 3,
            self.restore_to_a_point: 1,
        }

    def step(self) -> None:
        if not self.view or self.random.random() < 0.15:
            self.look()
        [edit] = self.random.choices(list(self.steps), list(self.steps.values()))
        name = edit.__name__
        for done in edit():
            if done is None or done.operation is None:
                self.told.nothing += 1
            else:
                self.told.done.append((done.operation, name))

    def look(self) -> None:
        with self.catalog.begin() as connection:
            self.view = [
                s for video in self.task.videos for s in read_segments(connection, video_id=video, deleted=True)
            ]

    def pick(self) -> SegmentRecord:
        """Half of the time one of a few that all like best."""
        shown = [s for s in self.view if s.shown] or self.view
        return self.random.choice(shown if self.random.random() < 0.5 else shown[:LIKED])

    def token(self) -> str:
        return f"{self.task.actor}x{self.random.getrandbits(48):x}"

    def caption_of_what_was_seen(self) -> list[Done | None]:
        found, language, token = self.pick(), self.random.choice(("en", "ko")), self.token()
        caption = f"{token} walks past"
        done = self.segments.set_captions([found.id], {language: caption}, seen={found.id: found.version})  # type: ignore[dict-item]
        over = found.layers.human_en if language == "en" else found.layers.human_ko
        self.told.written.append(Written(done.operation or 0, found.id, language, caption, True, over))
        return [done]

    def caption_of_a_selection(self) -> list[Done | None]:
        chosen = list({self.pick().id for _ in range(self.random.randint(1, 6))})
        caption = f"{self.token()} waves"
        done = self.segments.set_captions(chosen, {"en": caption})
        self.told.written += [Written(done.operation or 0, i, "en", caption, False, None) for i in chosen]
        return [done]

    def say_who_is_there(self) -> list[Done | None]:
        with self.catalog.begin() as connection:
            people = [person.id for person in list_people(connection)]
        one, other = self.random.sample(people, 2)
        found = self.pick()
        return [self.segments.set_people([found.id], add=[one], remove=[other], seen={found.id: found.version})]

    def give_back_to_the_models(self) -> list[Done | None]:
        edit = self.random.choice((self.segments.use_models, self.segments.keep_mine))
        layers = self.random.sample(("en", "ko", "people"), self.random.randint(1, 3))
        return [edit([self.pick().id], layers)]  # type: ignore[arg-type]

    def move(self) -> list[Done | None]:
        found = self.pick()
        at = [found.span.start_ms, found.span.end_ms]
        at[self.random.randint(0, 1)] += self.random.randint(-3000, 3000)
        neighbours = self.random.choice(("follow", "stay"))
        return [self.segments.move(found.id, start_ms=at[0], end_ms=at[1], neighbours=neighbours)]  # type: ignore[arg-type]

    def split(self) -> list[Done | None]:
        found = self.pick()
        at = self.random.randint(found.span.start_ms, found.span.end_ms)
        return [self.segments.split(found.id, at, captions=self.random.choice(("both", "first", "second")))]  # type: ignore[arg-type]

    def merge(self) -> list[Done | None]:
        found = self.pick()
        near = [
            s
            for s in self.view
            if s.shown and s.video_id == found.video_id and s.span.start_ms > found.span.start_ms
        ]
        chosen = [found.id, *(s.id for s in near[: self.random.randint(1, 3)])]
        how = self.random.choice(("join", "first", "longest", "models"))
        return [self.segments.merge(chosen, captions=how)]  # type: ignore[arg-type]

    def create(self) -> list[Done | None]:
        start = self.random.randrange(LENGTH_MS - 4000)
        caption = {"en": f"{self.token()} appears"}
        span = TimeRange(start, start + self.random.randint(300, 4000))
        return [self.segments.create(self.random.choice(self.task.videos), span, captions=caption)]  # type: ignore[arg-type]

    def delete(self) -> list[Done | None]:
        found = self.pick()
        return [self.segments.delete([found.id], seen={found.id: found.version})]

    def restore(self) -> list[Done | None]:
        gone = [s.id for s in self.view if s.deleted_at is not None]
        return [self.segments.restore([self.random.choice(gone)])] if gone else []

    def lock(self) -> list[Done | None]:
        return [self.segments.lock([self.pick().id])]

    def unlock(self) -> list[Done | None]:
        locked = [s.id for s in self.view if s.locked and s.shown]
        return [self.segments.lock([self.random.choice(locked)], locked=False)] if locked else []

    def undo(self) -> list[Done | None]:
        return [self.history.undo()]

    def redo(self) -> list[Done | None]:
        return [self.history.redo()]

    def revert(self) -> list[Done | None]:
        with self.catalog.begin() as connection:
            found = [each for each in read_operations(connection, limit=40) if each.after]
        if not found:
            return []
        return list(self.history.revert(self.random.choice(found).id, with_later=self.random.random() < 0.3))

    def restore_to_a_point(self) -> list[Done | None]:
        with self.catalog.begin() as connection:
            found = read_operations(connection, limit=200)
        point = self.random.choice(found).id if found else 0
        return [self.history.restore(segment=self.pick().id, operation=point)]


class NameGiver(Hand):
    """Somebody who renames, merges and takes apart people meanwhile."""

    def __init__(self, task: Task, catalog: Catalog, told: Told) -> None:
        super().__init__(task, catalog, told)
        editor = Editor(catalog, EMBEDDER, actor=task.actor, door="cli")
        self.people = PeopleService(editor, embedding_model="toy-faces", step_ms=500)
        self.history = HistoryService(editor)
        self.steps = {self.rename: 4, self.alias: 3, self.merge_two: 1, self.undo: 3, self.redo: 1}

    def step(self) -> None:
        super().step()
        time.sleep(0.3)

    def somebody(self) -> int:
        with self.catalog.begin() as connection:
            return self.random.choice(list_people(connection)).id

    def rename(self) -> list[Any]:
        return [self.people.rename(self.somebody(), f"Person {self.token()}")]

    def alias(self) -> list[Any]:
        return [self.people.add_aliases(self.somebody(), [f"Alias {self.token()}"])]

    def merge_two(self) -> list[Any]:
        with self.catalog.begin() as connection:
            people = list_people(connection)
        if len(people) < 5:
            return []
        one, other = self.random.sample([person.name for person in people], 2)
        return [self.people.merge(one, other)]


class Run(Hand):
    """A pipeline that computes the videos anew meanwhile: other captions, other cuts, other faces."""

    def step(self) -> None:
        self.told.runs += 1
        edges = set(EDGES)
        for edge in self.random.sample(EDGES[1:-1], 5):
            edges = edges - {edge} | {edge + self.random.choice((-1000, 700))}
        names = list(ON_SCREEN)
        self.random.shuffle(names)
        people = dict(zip(names, ON_SCREEN.values(), strict=True))
        model = Model(tuple(sorted(edges)), f"model{self.told.runs}", people)
        video = self.random.choice(self.task.videos)
        with self.catalog.begin() as connection:
            lock_video(connection, video)
            materialize(connection, video, model)
        time.sleep(1.0)


class Whole:
    """Takes Korean words whole: what takes them apart needs four seconds and half a gigabyte of each process."""

    def tokenize(self, written: str) -> Iterator[SimpleNamespace]:
        for word in re.finditer(r"\S+", written):
            yield SimpleNamespace(form=word[0], tag="NNG", start=word.start(), len=len(word[0]))


def _work(kind: type[Hand], task: Task, start: Any, results: Any) -> None:
    told = Told(task.actor)
    tokens._kiwi = Whole  # type: ignore[assignment]
    try:
        catalog = open_catalog(Settings(home=task.home, database_url=task.url))

        def broken_off(context: Any) -> None:
            told.broken_off[str(getattr(context.original_exception, "sqlstate", None))] += 1

        event.listen(catalog.engine, "handle_error", broken_off)
        hand = kind(task, catalog, told)
        start.wait(180)
        end = time.monotonic() + task.seconds
        while (began := time.monotonic()) < end:
            try:
                hand.step()
            except BusyError:
                told.errors.append(traceback.format_exc())
            except VsearchError as error:
                told.refused[error.code] += 1
                hand.view = []
            told.slowest = max(told.slowest, time.monotonic() - began)
        catalog.close()
    except Exception:  # noqa: BLE001 - told in the results
        told.errors.append(traceback.format_exc())
        start.abort()
    results.put(told)


def _all_at_once(library: Library, seconds: float) -> list[Told]:
    spawn = multiprocessing.get_context("spawn")
    kinds: list[tuple[type[Hand], str]] = [(Hand, f"hand{i}") for i in range(HANDS)]
    kinds += [(NameGiver, "namegiver"), (Run, "run")]
    start, results = spawn.Barrier(len(kinds)), spawn.Queue()
    processes = []
    for seed, (kind, actor) in enumerate(kinds):
        task = Task(library.url, library.home, actor, seed, seconds, library.videos)
        processes.append(spawn.Process(target=_work, args=(kind, task, start, results), daemon=True))
        processes[-1].start()
    told = [results.get(timeout=seconds + 240) for _ in processes]
    for process in processes:
        process.join(30)
    return told


# --- the library ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Library:
    url: str
    home: Path
    catalog: Catalog
    videos: tuple[str, ...]
    people: Mapping[str, Mapping[str, Any]]
    """Their fields before anybody edits."""

    def editor(self, actor: str = "mina") -> Editor:
        return Editor(self.catalog, EMBEDDER, actor=actor, door="web")

    def operations(self) -> list[OperationRecord]:
        """The oldest first."""
        with self.catalog.begin() as connection:
            return read_operations(connection)[::-1]

    def shown(self) -> list[SegmentRecord]:
        with self.catalog.begin() as connection:
            return read_segments(connection, video_id=self.videos[0])


@pytest.fixture
def library(settings: Settings, catalog: Catalog) -> Iterator[Library]:
    """Videos in a database of their own, since processes commit; gone afterwards."""
    name = f"hands_{uuid.uuid4().hex[:8]}"
    url = catalog.engine.url.set(database=name).render_as_string(hide_password=False)
    _outside(catalog, f"create database {name}")
    try:
        own = open_catalog(Settings(home=settings.home, database_url=url))
        try:
            with own.begin() as connection:
                model = Model(EDGES, "model0", ON_SCREEN)
                videos = [add_video(connection, model, duration_ms=LENGTH_MS) for _ in range(VIDEOS)]
                for other in OTHERS:
                    ensure_person(connection, None, other)
                people = read_fields(connection, "person", _people(connection))
            yield Library(url, settings.home, own, tuple(videos), people)
        finally:
            own.close()
    finally:
        _outside(catalog, f"drop database {name} with (force)")


def _outside(catalog: Catalog, statement: str) -> None:
    with catalog.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(statement))


def _people(connection: Connection) -> list[str]:
    return [str(number) for number in connection.execute(select(Person.id)).scalars()]


# --- the tests --------------------------------------------------------------------------------------------------


@pytest.mark.timeout(SECONDS + 400)
def test_no_word_of_many_hands_is_lost(library: Library) -> None:
    told = _all_at_once(library, SECONDS)
    operations = library.operations()
    print(f"\n{_summary(told, operations)}")  # noqa: T201 - figures, with `-s`
    errors = [error for each in told for error in each.errors]
    assert not errors, f"{len(errors)} errors reached somebody, the first:\n{errors[0]}"
    assert sum(len(each.done) for each in told) >= HANDS, "a machine this slow tells nothing"

    kinds = {operation.id: operation.kind for operation in operations}
    assert sorted(number for each in told for number, _ in each.done) == sorted(kinds), (
        "done is what is in the log"
    )
    _every_caption_stands_in_the_log(told, operations)
    state = _replayed(operations, library.people)
    with library.catalog.begin() as connection:
        assert _stored(connection, library.videos) == state
        _segments_lie_beside_each_other(connection, library.videos)
        _search_is_current(connection, library.videos)


def _every_caption_stands_in_the_log(told: Sequence[Told], operations: Sequence[OperationRecord]) -> None:
    by_id = {operation.id: operation for operation in operations}
    for each in told:
        for written in each.written:
            operation, name = by_id[written.operation], f"caption_{written.language}"
            number = str(written.segment)
            assert operation.actor == each.actor
            assert operation.after["segment"][number][name][0] == written.token
            if written.looked:
                over = operation.before["segment"][number][name]
                assert (over and over[0]) == written.over, f"{each.actor} wrote over what they never saw"


def _replayed(
    operations: Sequence[OperationRecord], people: Mapping[str, Mapping[str, Any]]
) -> dict[tuple[str, str, str], Any]:
    """The fields that the log ends with; each operation must begin with what the one before left."""
    state = {
        ("person", number, name): value for number, fields in people.items() for name, value in fields.items()
    }
    for operation in operations:
        for kind, changed in operation.after.items():
            for number, fields in changed.items():
                for name, value in fields.items():
                    key = (kind, number, name)
                    before = operation.before[kind][number][name]
                    assert state.get(key) == before, (
                        f"{operation.kind} {operation.id} lost {key}: {state.get(key)}"
                    )
                    state[key] = value
    return {key: value for key, value in state.items() if value is not None}


def _stored(connection: Connection, videos: Sequence[str]) -> dict[tuple[str, str, str], Any]:
    segments = [str(s.id) for v in videos for s in read_segments(connection, video_id=v, deleted=True)]
    ids = {"segment": segments, "person": _people(connection)}
    return {
        (kind, number, name): value
        for kind, numbers in ids.items()
        for number, fields in read_fields(connection, kind, numbers).items()
        for name, value in fields.items()
    }


def _segments_lie_beside_each_other(connection: Connection, videos: Sequence[str]) -> None:
    for video in videos:
        spans = [s.span for s in read_segments(connection, video_id=video)]
        assert all(one.end_ms <= other.start_ms for one, other in pairwise(sorted(spans)))


def _search_is_current(connection: Connection, videos: Sequence[str]) -> None:
    """Making anew what search reads changes nothing."""

    def rows(video: str) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = []
        for statement in (
            "select id, cast(search as text), words, people from segments where video_id = :v and shown"
            " order by id",
            "select segment_id, part, text_sha256 from segment_embeddings join segments on id = segment_id"
            " where video_id = :v and shown order by segment_id, part",
            "select index, model, segments, words from passages where video_id = :v order by index, model",
        ):
            found += [tuple(row) for row in connection.execute(text(statement), {"v": video})]
        return found

    for video in videos:
        before = rows(video)
        assert embed_segments(connection, video, EMBEDDER)[0] == 0
        assert rows(video) == before


def _summary(told: Sequence[Told], operations: Sequence[OperationRecord]) -> str:
    """What happened, for whoever runs it with `-s`."""
    sums: dict[str, Counter[str]] = {
        "edits": Counter(operation.kind for operation in operations),
        "refused": sum((each.refused for each in told), Counter()),
        "broken off": sum((each.broken_off for each in told), Counter()),
    }
    lines = [f"{SECONDS:.0f} s, {len(told)} processes, {sum(each.runs for each in told)} runs"]
    lines += [f"{name}: {counter.total()} {dict(counter.most_common())}" for name, counter in sums.items()]
    lines.append(
        f"captions: {sum(len(each.written) for each in told)}; without effect: {sum(t.nothing for t in told)}"
    )
    lines.append(
        f"errors: {sum(len(each.errors) for each in told)}; slowest: {max(t.slowest for t in told):.2f} s"
    )
    return "\n".join(lines)


def _caption(library: Library, segment: int, caption: str, then: Callable[[Edit], object]) -> Done:
    """Write a caption, and do something in the same transaction before and after."""

    def work(edit: Edit) -> Done:
        draft = Draft("segment.caption", {"segment": {str(segment): {"caption_en": [caption, None]}}})
        done = edit.apply(draft)
        then(edit)
        return done

    return library.editor().run(
        work,
        videos=lambda connection: videos_of_segments(connection, [segment]).values(),
        captions=[caption],
    )


def test_a_killed_backend_leaves_everything_as_it_was(library: Library) -> None:
    first = library.shown()[0]

    def kill(edit: Edit) -> None:
        own = edit.connection.execute(text("select pg_backend_pid()")).scalar_one()
        _outside(library.catalog, f"select pg_terminate_backend({own})")

    with library.catalog.begin() as connection:
        before = _stored(connection, library.videos)
    with pytest.raises((OperationalError, VsearchError)):
        _caption(library, first.id, "lost", kill)
    assert library.operations() == []
    assert library.shown()[0] == first
    with library.catalog.begin() as connection:
        assert _stored(connection, library.videos) == before
        _search_is_current(connection, library.videos)
    _caption(library, first.id, "kept", lambda _: None)
    assert library.shown()[0].caption_en == "kept"


def test_an_edit_that_meets_a_deadlock_is_tried_again(library: Library) -> None:
    first, other, *_ = library.shown()
    held, waits = threading.Event(), threading.Event()
    tries = []

    def somebody_else() -> None:
        """Holds a segment, then wants the video, which an edit never does in this order."""
        with library.catalog.begin() as connection:
            connection.execute(text("set local deadlock_timeout = '1min'"))  # the edit finds it, and gives way
            connection.execute(text("select from segments where id = :id for update"), {"id": other.id})
            held.set()
            waits.wait(30)
            lock_video(connection, library.videos[0])

    def meet(edit: Edit) -> None:
        tries.append(edit)
        waits.set()
        edit.connection.execute(text("select from segments where id = :id for update"), {"id": other.id})

    thread = threading.Thread(target=somebody_else)
    thread.start()
    held.wait(30)
    done = _caption(library, first.id, "once", meet)
    thread.join(30)
    assert len(tries) == 2
    assert [operation.id for operation in library.operations()] == [done.operation]
    assert library.shown()[0].caption_en == "once"


def test_a_segment_that_is_gone_comes_back_only_while_its_video_is_held(library: Library) -> None:
    editor = library.editor()
    made = SegmentService(editor).create(library.videos[0], TimeRange(1000, 3000), captions={"en": "made"})
    [segment] = [s.id for s in made.segments]
    history = HistoryService(editor)
    history.undo()
    back = threading.Thread(target=lambda: history.restore(segment=segment, operation=made.operation))
    with library.catalog.begin() as connection:
        lock_video(connection, library.videos[0])
        back.start()
        back.join(2)
        waited = back.is_alive()
    back.join(30)
    assert segment in [s.id for s in library.shown()]
    assert waited, "it was written beside somebody who holds the video"


def test_times_follow_the_order_of_the_history(library: Library) -> None:
    """Else a restore to a point in time keeps what was done after it."""
    first = library.shown()[0]
    slow = threading.Thread(target=lambda: _caption(library, first.id, "waited", lambda _: None))
    with library.catalog.begin() as connection:
        lock_video(connection, library.videos[0])
        slow.start()
        time.sleep(1)
        SegmentService(library.editor()).create(library.videos[1], TimeRange(1000, 3000))
    slow.join(30)
    times = [operation.at for operation in library.operations()]
    assert len(times) == 2
    assert times == sorted(times)


def test_a_lost_connection_is_told_in_words(library: Library) -> None:
    def kill(edit: Edit) -> None:
        own = edit.connection.execute(text("select pg_backend_pid()")).scalar_one()
        _outside(library.catalog, f"select pg_terminate_backend({own})")

    with pytest.raises(VsearchError):
        _caption(library, library.shown()[0].id, "lost", kill)
