"""The promise: whatever people, models, imports and crashes do in whatever order, nobody's word is lost."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import HealthCheck
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import Connection, text

from tests.editing.library import EMBEDDER, Held, Model, add_video, editor, materialize, snapshot
from vsearch_pipeline.catalog.human import read_fields
from vsearch_pipeline.catalog.library import ensure_person
from vsearch_pipeline.catalog.operations import read_operations
from vsearch_pipeline.catalog.segments import SegmentRecord, embedded_texts, read_places, read_segments
from vsearch_pipeline.catalog.videos import get_video
from vsearch_pipeline.editing.errors import BlockedError, ConflictError, OverlapError
from vsearch_pipeline.editing.fit import lay_out
from vsearch_pipeline.editing.history import HistoryService
from vsearch_pipeline.editing.segments import SegmentService
from vsearch_pipeline.editing.transaction import Done, Edit
from vsearch_pipeline.errors import VsearchError
from vsearch_pipeline.ingest.importing import import_metadata
from vsearch_pipeline.search.documents import embed_segments, texts_of, words_of
from vsearch_pipeline.timeline import TimeRange

EXAMPLES = int(os.environ.get("VSEARCH_TEST_EXAMPLES", "40"))
STEPS = 50
DURATION_MS = 20_000
ACTORS = ("mina", "jun")

times = st.integers(0, DURATION_MS // 500).map(lambda n: n * 500)
picks = st.integers(0, 1000)
captions = st.sampled_from(["walks", "runs away", "민지가 웃는다", "손을 흔든다", "a dog", "x" * 40])
languages = st.sampled_from(["en", "ko"])
edges = st.sets(times, min_size=1, max_size=6).map(lambda inner: tuple(sorted({0, DURATION_MS, *inner})))
words = st.sampled_from(["model", "newer", "third"])


class Library(RuleBasedStateMachine):
    """Two videos, one cut by models, one imported with records that overlap, two people who edit."""

    connection: Connection

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = self.connection.begin_nested()
        self.people = [ensure_person(self.connection, None, f"{n} of the promise") for n in ("Ana", "Ben")]
        self.model = Model(people={"Ana of the promise": [(0, 6000)], "Ben of the promise": [(4000, 20_000)]})
        self.films = [add_video(self.connection, self.model, name="promised-film"), ""]
        self.records = [(0.0, 8.0), (2.0, 4.0), (10.0, 20.0)]
        self.name = "promised-records"
        self.word = "record"
        self._import()
        self.first_operation = self._last_operation()
        self.untouched = [snapshot(self.connection, video) for video in self.films]
        self.models_ran = False
        self.versions: dict[int, int] = {}

    def teardown(self) -> None:
        try:
            self._take_everything_back()
        finally:
            self.savepoint.rollback()

    # --- people

    @rule(pick=picks, language=languages, caption=captions, actor=st.sampled_from(ACTORS))
    def write_a_caption(self, pick: int, language: Any, caption: str, actor: str) -> None:
        self._edit(lambda s, found: s.set_captions([found.id], {language: caption}), pick, actor)

    @rule(pick=picks, count=st.integers(1, 4), caption=captions)
    def write_captions_of_a_selection(self, pick: int, count: int, caption: str) -> None:
        video = self._chosen(pick).video_id
        ids = [s.id for s in self._shown(video)][:count]
        self._edit(lambda s, _: s.set_captions(ids, {"en": caption, "ko": caption}), pick)

    @rule(pick=picks, who=st.integers(0, 1), present=st.booleans(), actor=st.sampled_from(ACTORS))
    def say_who_is_there(self, pick: int, who: int, present: bool, actor: str) -> None:
        said = {"add" if present else "remove": [self.people[who]]}
        self._edit(lambda s, found: s.set_people([found.id], **said), pick, actor)

    @rule(pick=picks, layers=st.sets(st.sampled_from(["en", "ko", "people"]), min_size=1), accept=st.booleans())
    def decide_about_what_the_models_say(self, pick: int, layers: Any, accept: bool) -> None:
        self._edit(
            lambda s, found: s.use_models([found.id], layers) if accept else s.keep_mine([found.id], layers), pick
        )

    @rule(pick=picks, start=times, end=times, neighbours=st.sampled_from(["follow", "stay"]))
    def move_edges(self, pick: int, start: int, end: int, neighbours: Any) -> None:
        self._edit(lambda s, found: s.move(found.id, start_ms=start, end_ms=end, neighbours=neighbours), pick)

    @rule(pick=picks, at=times, captions=st.sampled_from(["both", "first", "second"]))
    def split(self, pick: int, at: int, captions: Any) -> None:
        self._edit(lambda s, found: s.split(found.id, at, captions=captions), pick)

    @rule(
        pick=picks,
        other=picks,
        captions=st.sampled_from(["join", "first", "longest", "models"]),
        people=st.sampled_from(["all", "common", "first"]),
    )
    def merge(self, pick: int, other: int, captions: Any, people: Any) -> None:
        second = self._chosen(other).id
        self._edit(lambda s, found: s.merge([found.id, second], captions=captions, people=people), pick)

    @rule(film=st.integers(0, 1), start=times, end=times, caption=captions)
    def create(self, film: int, start: int, end: int, caption: str) -> None:
        span = TimeRange(min(start, end), max(start, end) + 500)
        self._edit(lambda s, _: s.create(self.films[film], span, captions={"en": caption}), 0)

    @rule(pick=picks)
    def delete(self, pick: int) -> None:
        self._edit(lambda s, found: s.delete([found.id]), pick)

    @rule(pick=picks)
    def restore(self, pick: int) -> None:
        gone = [s for film in self.films for s in self._all(film) if s.deleted_at is not None]
        if gone:
            self._edit(lambda s, _: s.restore([gone[pick % len(gone)].id]), pick)

    @rule(pick=picks, locked=st.booleans())
    def lock(self, pick: int, locked: bool) -> None:
        self._edit(lambda s, found: s.lock([found.id], locked=locked), pick)

    @rule(pick=picks, caption=captions)
    def write_on_what_was_seen_before(self, pick: int, caption: str) -> None:
        """With an old version: told, or it concerned another field; never overwritten."""
        found = self._chosen(pick)
        seen, newest = self.versions.get(found.id, found.version), self._last_operation()
        self._edit(lambda s, f: s.set_captions([f.id], {"en": caption}, seen={f.id: seen}), pick)
        if self._last_operation() != newest and seen != found.version:
            later = read_operations(self.connection, subjects=[("segment", str(found.id))], after=seen)[1:]
            layers = [(o.before.get("segment", {}), o.after.get("segment", {})) for o in later]
            wrote = [(b.get(str(found.id), {}), a[str(found.id)]) for b, a in layers if str(found.id) in a]
            captions = [(b.get("caption_en"), a["caption_en"]) for b, a in wrote if "caption_en" in a]
            if captions:  # the newest first; what was written and taken back again stands in nobody's way
                assert captions[-1][0] == captions[0][1]
        self.versions[found.id] = found.version

    # --- the history

    @rule(actor=st.sampled_from(ACTORS), redo=st.booleans())
    def undo_or_redo(self, actor: str, redo: bool) -> None:
        service = HistoryService(editor(self.connection, actor))
        self._change(lambda: service.redo() if redo else service.undo())

    @rule(pick=picks, with_later=st.booleans())
    def revert(self, pick: int, with_later: bool) -> None:
        done = [each for each in self._operations() if each.after]
        if done:
            service = HistoryService(editor(self.connection))
            self._change(lambda: service.revert(done[pick % len(done)].id, with_later=with_later))

    @rule(pick=picks, of_video=st.booleans())
    def restore_to_a_point(self, pick: int, of_video: bool) -> None:
        found, done = self._chosen(pick), self._operations()
        point = done[pick % len(done)].id if done else self.first_operation
        service = HistoryService(editor(self.connection))
        what: dict[str, Any] = {"video": found.video_id} if of_video else {"segment": found.id}
        self._change(lambda: service.restore(**what, operation=point))

    # --- what is not people

    @rule(cut=edges, word=words, swap=st.booleans())
    def models_run_again(self, cut: tuple[int, ...], word: str, swap: bool) -> None:
        """Another captioner, other shots, a classifier that learnt: all that a backfill may bring."""
        on_screen = {"Ana of the promise": [(0, 6000)], "Ben of the promise": [(4000, 20_000)]}
        if swap:
            on_screen = dict(zip(on_screen, reversed(on_screen.values()), strict=True))
        before = self._human()
        self.model = Model(cut, word, on_screen)
        materialize(self.connection, self.films[0], self.model)
        self.models_ran = True
        assert self._human() == before

    @rule(records=st.lists(st.tuples(times, times), min_size=1, max_size=5), word=words)
    def import_again(self, records: list[tuple[int, int]], word: str) -> None:
        before = self._human()
        self.records = [(min(a, b) / 1000, max(a, b) / 1000 + 0.5) for a, b in records]
        self.word = word
        self._import()
        self.models_ran = True
        assert self._human() == before

    @rule(pick=picks, at=times)
    def crash(self, pick: int, at: int) -> None:
        """A transaction that dies after all its writes."""
        found = self._chosen(pick)
        before = [snapshot(self.connection, video) for video in self.films]

        class CrashError(Exception):
            pass

        def work(edit: Edit) -> None:
            service = SegmentService(editor(self.connection))
            service.set_captions([found.id], {"en": "lost"})
            if found.span.start_ms < at < found.span.end_ms:
                service.split(found.id, at)
            raise CrashError

        with pytest.raises((CrashError, VsearchError)):  # it may be locked, or nothing be there
            editor(self.connection).run(work)
        assert [snapshot(self.connection, video) for video in self.films] == before

    # --- what must hold

    @invariant()
    def segments_lie_as_they_may(self) -> None:
        for film in self.films:
            video = get_video(self.connection, film)
            shown = self._shown(film)
            for segment in shown:
                assert segment.span.end_ms <= (video.duration_ms or 0) or not segment.touched
            if not video.overlapping:
                spans = sorted(segment.span for segment in shown)
                assert all(a.end_ms <= b.start_ms for a, b in pairwise(spans)), spans

    @invariant()
    def laying_out_the_whole_video_again_changes_nothing(self) -> None:
        for film in self.films:
            rows = read_places(self.connection, film)
            origins = [row.place.origin for row in rows.values() if row.place.origin]
            assert len(origins) == len(set(origins))
            layout = lay_out(rows.values(), origins, overlapping=get_video(self.connection, film).overlapping)
            assert (layout.new, layout.dropped) == ((), ())
            assert layout.places == {number: row.place for number, row in rows.items()}

    @invariant()
    def search_reads_what_people_see(self) -> None:
        for film in self.films:
            shown = self._shown(film)
            stored = embedded_texts(self.connection, [s.id for s in shown], EMBEDDER.name)
            rows = self.connection.execute(
                text("select id, words, people, search from segments where video_id = :v and shown"), {"v": film}
            )
            searched = {row.id: row for row in rows}
            names = dict(self.connection.execute(text("select id, word from words")).tuples().all())
            for segment in shown:
                assert {part for number, part in stored if number == segment.id} == set(texts_of(segment))
                assert {names[i] for i in searched[segment.id].words} == {w.text for w in words_of(segment)}
                assert set(searched[segment.id].people) == {person.id for person in segment.people}

    @invariant()
    def the_log_tells_the_state(self) -> None:
        told: dict[str, dict[str, Any]] = {}
        for operation in reversed(self._operations()):
            for number, fields in operation.after.get("segment", {}).items():
                told.setdefault(number, {}).update(fields)
        said = {n: {k: v for k, v in fields.items() if v is not None} for n, fields in told.items()}
        assert {n: fields for n, fields in said.items() if fields} == self._human()

    # --- parts

    def _edit(self, edit: Callable[[SegmentService, SegmentRecord], Done], pick: int, actor: str = "mina") -> None:
        service, found = SegmentService(editor(self.connection, actor)), self._chosen(pick)
        self._change(lambda: edit(service, found))

    def _change(self, change: Callable[[], Any]) -> None:
        """Only what the log says of it changes; what is refused changes nothing."""
        before = self._human()
        newest = self._last_operation()
        try:
            with self.connection.begin_nested():
                change()
        except (VsearchError, OverlapError, BlockedError, ConflictError):
            assert self._human() == before
            assert self._last_operation() == newest
            return
        expected = {number: dict(fields) for number, fields in before.items()}
        for operation in reversed(read_operations(self.connection, after=newest)):
            for number, fields in operation.after.get("segment", {}).items():
                assert {k: expected.get(number, {}).get(k) for k in fields} == operation.before["segment"][number]
                expected.setdefault(number, {}).update(fields)
        now = {n: {k: v for k, v in fields.items() if v is not None} for n, fields in expected.items()}
        assert self._human() == {number: fields for number, fields in now.items() if fields}

    def _import(self) -> None:
        records = [
            {"video_id": self.name, "timestamp": a, "end": b, "caption": f"{self.word} {a}", "faces": []}
            for a, b in self.records
        ]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "catalogue.json")
            path.write_text(json.dumps(records))
            [video] = import_metadata(Held(self.connection), path, actor="importer")  # type: ignore[arg-type]
        self.films[1] = video.video_id
        embed_segments(self.connection, video.video_id, EMBEDDER)

    def _take_everything_back(self) -> None:
        service = HistoryService(editor(self.connection, "last"))
        for operation in self._operations():
            if operation.after:
                [again] = [each for each in self._operations() if each.id == operation.id]
                if again.stands:
                    service.revert(operation.id, with_later=True)
                    self.laying_out_the_whole_video_again_changes_nothing()
        assert self._human() == {}
        if not self.models_ran:
            assert [snapshot(self.connection, video) for video in self.films] == self.untouched
            return
        twin = add_video(self.connection, self.model)
        for mine, other in zip(self._plain(self.films[0]), self._plain(twin), strict=True):
            assert mine == other, f"{mine[:5]} {other[:5]}"
        assert all(s.version == 0 and not s.covered and s.origin == s.span for s in self._all(self.films[0]))

    def _plain(self, film: str) -> list[tuple[Any, ...]]:
        """Everything of a video's segments but their numbers."""
        embeddings = text(
            "select part, text_sha256, cast(embedding as text) from segment_embeddings"
            " where segment_id = :id order by part"
        )
        return [
            (
                s.span,
                s.layers,
                s.objects,
                s.speech,
                s.people,
                [tuple(row) for row in self.connection.execute(embeddings, {"id": s.id})],
            )
            for s in self._all(film)
        ]

    def _human(self) -> dict[str, dict[str, Any]]:
        ids = [str(s.id) for film in self.films for s in self._all(film)]
        return {
            number: fields for number, fields in read_fields(self.connection, "segment", ids).items() if fields
        }

    def _all(self, film: str) -> list[SegmentRecord]:
        return read_segments(self.connection, video_id=film, deleted=True)

    def _shown(self, film: str) -> list[SegmentRecord]:
        return read_segments(self.connection, video_id=film)

    def _chosen(self, pick: int) -> SegmentRecord:
        shown = [s for film in self.films for s in self._shown(film)] or self._all(self.films[0])
        return shown[pick % len(shown)]

    def _operations(self) -> list[Any]:
        return read_operations(self.connection, after=self.first_operation)

    def _last_operation(self) -> int:
        return next((each.id for each in read_operations(self.connection, limit=1)), 0)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_nobodys_word_is_lost(connection: Connection) -> None:
    machine = type("Held", (Library,), {"connection": connection})
    run_state_machine_as_test(
        machine,
        settings=hypothesis.settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )
