"""Edits of people are taken back to the byte, whatever order they come in, and say what stands in their way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, insert, text

from tests.editing.library import editing, editor, history
from tests.people_library import STEP_MS, add_tracks, add_video, automatic, toy_embedder
from vsearch_pipeline.catalog.identities import TrackRef, last_people_operation, live_marks
from vsearch_pipeline.catalog.library import PersonRecord, ensure_person, list_people, merged_people, people_by_id
from vsearch_pipeline.catalog.models import Classifier, SegmentPerson
from vsearch_pipeline.catalog.operations import get_operation
from vsearch_pipeline.catalog.segments import AutoFields, insert_segments, read_segments
from vsearch_pipeline.catalog.stages import ProducerInfo, producer_id
from vsearch_pipeline.editing.clusters import gather_clusters
from vsearch_pipeline.editing.errors import BlockedError
from vsearch_pipeline.editing.people import ClusterSummary, PeopleService
from vsearch_pipeline.editing.refresh import refresh_search_of
from vsearch_pipeline.errors import InputError, NotFoundError
from vsearch_pipeline.timeline import TimeRange

GROUP = "Band of history"
Edit = Callable[["Library"], int | None]


@dataclass
class Library:
    """Two people with a segment each, a third who was merged into the first, five faces without a name, and a
    segment of which somebody said that the third is not there."""

    connection: Connection
    service: PeopleService
    model: str
    video: str
    tracks: list[TrackRef]
    zoe: int
    kim: int
    segments: list[int]

    def cluster(self, track: int) -> int:
        return next(c.cluster for c in self.service.clusters() if self.tracks[track] in c.tracks)

    def gather(self) -> None:
        gather_clusters(self.connection, self.model, STEP_MS)

    def snapshot(self) -> list[tuple[object, ...]]:
        """Every byte that edits of people may change."""
        rows: list[tuple[object, ...]] = []
        for statement in (
            "select id, group_name, name, aliases, display, gender, gender_said, notes, merged_into from people"
            " order by id",
            "select id, video_id, time_ms, bbox_xyxy, kind, person_id, group_id from face_marks"
            " where revoked_by is null order by id",
            "select * from unknown_people order by video_id, track_index",
            "select id, search, words, people, version from segments order by id",
            "select * from segment_people order by segment_id, person_id, layer",
        ):
            rows += [tuple(row) for row in self.connection.execute(text(statement))]
        return rows

    def found_by(self, lexeme: str) -> list[int]:
        statement = text("select id from segments where search @@ cast(:lexeme as tsquery) order by id")
        return list(self.connection.execute(statement, {"lexeme": f"'{lexeme}'"}).scalars())


@pytest.fixture
def library(connection: Connection) -> Library:
    return make(connection)


def make(connection: Connection) -> Library:
    model = toy_embedder().name
    video = add_video(connection)
    tracks = add_tracks(connection, video, ["ana", "ana", "ben", "ben", "cem"], model)
    zoe, kim, old = (ensure_person(connection, GROUP, name, [f"{name}alias"]) for name in ("Zoeh", "Kimh", "Oldh"))
    producer = producer_id(connection, ProducerInfo("segments", "test", "1"))
    drafts = [
        (automatic(TimeRange(i * 1000, i * 1000 + 1000)), AutoFields(None, None, people={person: 0.9}))
        for i, person in enumerate((zoe, kim, old))
    ]
    segments = insert_segments(connection, video, producer, drafts)
    segments += insert_segments(
        connection,
        video,
        producer,
        [(automatic(TimeRange(5000, 6000)), AutoFields(None, None, people={zoe: 0.9}))],
    )
    said = {"segment_id": segments[3], "person_id": old, "layer": "human", "present": False, "seen": False}
    connection.execute(insert(SegmentPerson).values(**said))
    refresh_search_of(connection, segments)
    gather_clusters(connection, model, STEP_MS)
    service = PeopleService(editor(connection), embedding_model=model, step_ms=STEP_MS)
    service.merge(f"{GROUP}/Oldh", f"{GROUP}/Zoeh")
    return Library(connection, service, model, video, tracks, zoe, kim, segments)


EDITS: dict[str, Edit] = {
    "name a cluster as somebody new": lambda lib: (
        lib.service.name_cluster(lib.cluster(0), "Newh", GROUP).operation
    ),
    "name a cluster as somebody known": lambda lib: (
        lib.service.name_cluster(lib.cluster(2), "zoehalias").operation
    ),
    "name a track": lambda lib: lib.service.name_track(lib.tracks[4], f"{GROUP}/Kimh").operation,
    "merge clusters": lambda lib: lib.service.merge(str(lib.cluster(0)), str(lib.cluster(2))).operation,
    "merge a cluster and a person": lambda lib: lib.service.merge("Kimh", str(lib.cluster(0))).operation,
    "merge people": lambda lib: lib.service.merge(f"{GROUP}/Zoeh", f"{GROUP}/Kimh").operation,
    "split": lambda lib: lib.service.split(lib.cluster(0), [lib.tracks[1]]).operation,
    "reject": lambda lib: lib.service.reject(lib.tracks[3], "Kimh").operation,
    "gender": lambda lib: lib.service.set_gender(lib.kim, "male").operation,
    "no gender": lambda lib: lib.service.set_gender(lib.kim, None).operation,
    "rename": lambda lib: lib.service.rename(lib.zoe, "Xenah").operation,
    "rename without a trace": lambda lib: lib.service.rename(lib.zoe, "Xenah", keep_old=False).operation,
    "rename to an old name": lambda lib: lib.service.rename(lib.zoe, "Oldh").operation,
    "add aliases": lambda lib: lib.service.add_aliases(lib.kim, ["킴", " Kimmyh "]).operation,
    "remove an alias": lambda lib: lib.service.remove_aliases(lib.zoe, ["OLDH", "Zoehalias"]).operation,
    "move to a group": lambda lib: lib.service.move_to_group(lib.zoe, "Another band of history").operation,
    "move to no group": lambda lib: lib.service.move_to_group(lib.zoe, None).operation,
    "display": lambda lib: lib.service.set_display(lib.zoe, "조이").operation,
}


@pytest.mark.parametrize("name", EDITS)
def test_every_edit_is_taken_back_to_the_byte_and_done_again(library: Library, name: str) -> None:
    before = library.snapshot()
    operation = EDITS[name](library)
    assert operation is not None
    after = library.snapshot()
    assert after != before
    undone = history(library.connection).undo()
    assert undone is not None
    assert library.snapshot() == before
    history(library.connection).redo()
    assert library.snapshot() == after
    history(library.connection).revert(operation)
    assert library.snapshot() == before


@pytest.mark.parametrize("name", [name for name in EDITS if not name.startswith(("name a cl", "merge", "split"))])
def test_what_is_like_that_already_is_no_operation(library: Library, name: str) -> None:
    assert EDITS[name](library) is not None
    after = library.snapshot()
    if name.startswith("remove"):
        with pytest.raises(InputError, match="is no alias of"):
            EDITS[name](library)
    else:
        assert EDITS[name](library) is None
    assert library.snapshot() == after


def test_search_follows_the_names_of_all_that_was_merged(library: Library) -> None:
    first, second, merged, _ = library.segments
    service = library.service
    service.rename(library.zoe, "Xenah")
    assert library.found_by("xenah") == library.found_by("zoeh") == [first, merged]
    service.rename("xenah", "Yvoneh", keep_old=False)
    assert library.found_by("yvoneh") == [first, merged]
    assert library.found_by("xenah") == []
    service.add_aliases(library.zoe, ["Zetah"])
    service.set_display(library.zoe, "Shownh")
    assert library.found_by("zetah") == library.found_by("shownh") == [first, merged]
    service.remove_aliases(library.zoe, ["Zetah"])
    assert library.found_by("zetah") == []
    service.move_to_group(library.zoe, "Quartet")
    assert library.found_by("quartet") == [first, merged]
    operation = service.merge("Yvoneh", "Kimh").operation
    assert library.found_by("kimh") == library.found_by("yvoneh") == [first, second, merged]
    history(library.connection).revert(operation or 0)
    assert library.found_by("kimh") == [second]
    assert library.found_by("yvoneh") == [first, merged]


def test_what_is_known_under_the_old_name_stays_theirs(library: Library) -> None:
    service, connection = library.service, library.connection
    service.rename(library.zoe, "Xenah", keep_old=False)
    service.move_to_group(library.zoe, "Elsewhere of history")
    for group, name in ((GROUP, "Zoeh"), (GROUP, "Xenah"), ("Elsewhere of history", "Xenah"), (GROUP, "Oldh")):
        assert ensure_person(connection, group, name) == library.zoe
    naming = service.name_cluster(library.cluster(0), "Zoeh", GROUP)
    assert (naming.person.id, naming.new) == (library.zoe, False)
    service.move_to_group(library.zoe, GROUP)
    service.rename(library.zoe, "Zoeh")
    assert people_by_id(connection)[library.zoe].aliases == ("Zoehalias", "Oldh", "Oldhalias", "Xenah")
    assert ensure_person(connection, "Elsewhere of history", "Xenah") == library.zoe


def test_somebody_new_stays_where_something_else_refers_to_them(library: Library) -> None:
    connection, service = library.connection, library.service
    naming = service.name_cluster(library.cluster(0), "Newh", GROUP)
    service.reject(library.tracks[4], f"{GROUP}/Newh")
    history(connection).revert(naming.operation or 0)
    assert naming.person.id in people_by_id(connection)
    assert [mark.kind for mark in live_marks(connection, library.video)] == ["is_not"]

    other = service.name_cluster(library.cluster(2), "Otherh", GROUP)
    ensure_person(connection, GROUP, "Otherh", ["Known from a list"])
    history(connection).revert(other.operation or 0)
    assert other.person.id in people_by_id(connection)

    learnt = service.name_cluster(library.cluster(2), "Learnth", GROUP)
    known = {"people": [{"person_id": learnt.person.id, "group": GROUP, "threshold": 0.5}]}
    values = {"fingerprint": library.model, "model": "m", "embedding_model": library.model, "metrics": {}}
    connection.execute(insert(Classifier).values(**values, description=known, parameters=b"", promoted=True))
    history(connection).revert(learnt.operation or 0)
    assert learnt.person.id in people_by_id(connection), "a classifier in use may name them"


def test_what_was_done_later_is_named_and_goes_first(library: Library) -> None:
    connection, service = library.connection, library.service
    before = library.snapshot()
    naming = service.name_cluster(library.cluster(0), "Newh", GROUP)
    renamed = service.rename(f"{GROUP}/Newh", "Newerh").operation
    again = service.name_track(library.tracks[0], f"{GROUP}/Kimh").operation
    with pytest.raises(BlockedError, match=r"people\.rename by mina") as refused:
        history(connection).revert(naming.operation or 0)
    assert [each.id for each in refused.value.operations] == [again, renamed]
    assert len(history(connection).revert(naming.operation or 0, with_later=True)) == 3
    assert library.snapshot() == before

    first = service.merge(f"{GROUP}/Zoeh", f"{GROUP}/Kimh").operation
    third = ensure_person(connection, None, "Thirdh")
    second = service.merge("Kimh", "Thirdh").operation
    assert set(merged_people(connection).values()) >= {third}
    with pytest.raises(BlockedError) as refused:
        history(connection).revert(first or 0)
    assert [each.id for each in refused.value.operations] == [second]
    history(connection).revert(second or 0)
    history(connection).revert(first or 0)


def test_what_was_taken_back_already_does_not_stand_in_the_way(library: Library) -> None:
    before = library.snapshot()
    done = [
        library.service.add_aliases(library.kim, [f"{word}h"]).operation or 0 for word in ("one", "two", "three")
    ]
    history(library.connection).revert(done[2])
    assert len(history(library.connection).revert(done[0], with_later=True)) == 2
    assert library.snapshot() == before


def test_nothing_is_said_of_who_is_not_there_any_more(library: Library) -> None:
    connection, service = library.connection, library.service
    naming = service.name_cluster(library.cluster(0), "Newh", GROUP)
    said = editing(connection).set_people([library.segments[0]], add=[naming.person.id]).operation or 0
    rejected = service.reject(library.tracks[4], f"{GROUP}/Newh").operation or 0
    [back] = history(connection).revert(said)
    [away] = history(connection).revert(rejected)
    [gone] = history(connection).revert(naming.operation or 0)
    assert naming.person.id not in people_by_id(connection)
    for undone in (back, away):
        with pytest.raises(BlockedError) as refused:
            history(connection).revert(undone.operation or 0)
        assert [each.id for each in refused.value.operations] == [gone.operation]
    with pytest.raises(InputError, match="is not there any more"):
        history(connection).restore(segment=library.segments[0], operation=said)
    history(connection).revert(back.operation or 0, with_later=True)
    assert naming.person.id in {p.id for p in read_segments(connection, ids=[library.segments[0]])[0].people}


def test_a_name_that_somebody_else_has_by_now_is_not_given_back(library: Library) -> None:
    connection, service = library.connection, library.service
    service.rename(library.kim, "Kimmyh", keep_old=False)
    undone = history(connection).undo()
    assert undone is not None
    naming = service.name_cluster(library.cluster(0), "Kimmyh", GROUP)
    with pytest.raises(BlockedError) as refused:
        history(connection).revert(undone.operation or 0)
    assert [each.id for each in refused.value.operations] == [naming.operation]


def test_runs_and_lists_do_not_stand_in_the_way(library: Library) -> None:
    connection, service = library.connection, library.service
    numbers = [str(library.cluster(track)) for track in (0, 2)]
    merged = service.merge(*numbers).operation
    named = service.name_cluster(library.cluster(4), "Newh", GROUP).operation
    aliases = service.add_aliases(library.kim, ["Kimmyh"]).operation
    ensure_person(connection, GROUP, "Kimh", ["From a list"])
    library.tracks = add_tracks(
        connection, library.video, ["ana", "ana", "ben", "ben", "cem"], library.model, order=[4, 3, 2, 1, 0]
    )
    library.gather()
    for operation in (merged, named, aliases):
        history(connection).revert(operation or 0)
    library.gather()
    assert len({library.cluster(track) for track in (0, 2, 4)}) == 3
    assert people_by_id(connection)[library.kim].aliases == ("Kimhalias", "From a list")


def test_training_follows_what_is_taken_back(library: Library) -> None:
    connection = library.connection
    done = library.service.reject(library.tracks[0], "Kimh").operation
    assert last_people_operation(connection) == done
    undone = history(connection).undo()
    assert undone is not None
    assert last_people_operation(connection) == undone.operation
    editing(connection).lock([library.segments[0]])
    history(connection).undo()
    assert last_people_operation(connection) == undone.operation, "segments teach nothing"


def test_the_history_of_people_can_be_read(library: Library) -> None:
    service, connection = library.service, library.connection
    service.name_track(library.tracks[4], f"{GROUP}/Kimh")
    service.rename(library.kim, "Kimmyh")
    service.merge("Kimmyh", "Zoeh")
    merge, rename, name = history(connection).entries(person=library.kim, limit=3)
    assert {(d.label, d.before, d.after) for d in merge.differences if d.field == "merged_into"} == {
        (f"{GROUP}/Kimmyh", None, f"{GROUP}/Zoeh"),
        (f"{GROUP}/Kimh", f"{GROUP}/Kimmyh", f"{GROUP}/Zoeh"),
    }
    assert [(d.field, d.before, d.after) for d in rename.differences] == [
        ("name", f"{GROUP}/Kimh", f"{GROUP}/Kimmyh"),
        ("aliases", "Kimhalias", "Kimhalias, Kimh"),
    ]
    assert [(d.kind, d.label, d.field, d.after, d.who) for d in name.differences] == [
        ("mark", "a clip 0:06.000", "is", "yes", f"{GROUP}/Zoeh"),
        ("member", "a clip track 4", "row", None, None),
    ]
    assert [e.operation.id for e in history(connection).entries(video=library.video)][:1] == [name.operation.id]


def test_bad_input_changes_nothing(library: Library) -> None:
    service = library.service
    ensure_person(library.connection, "Elsewhere of history", "Zoeh")
    before = library.snapshot()
    operations = library.connection.execute(text("select count(*) from operations")).scalar_one()
    zoe, taken = library.zoe, "say that the two are one with `vsearch people merge`"
    for edit, reason in (
        (lambda: service.rename(zoe, " \t "), "needs a name"),
        (lambda: service.rename(zoe, "\u200b"), "needs a name"),
        (lambda: service.rename(zoe, "a/b"), "no slash"),
        (lambda: service.rename(zoe, "a\x00b"), "control character"),
        (lambda: service.rename(zoe, "a\ud800"), "half of one"),
        (lambda: service.rename(zoe, "가" * 201), "201 characters"),
        (lambda: service.rename(zoe, "kimH"), rf"is the name of {GROUP}/Kimh \({library.kim}\): {taken}"),
        (lambda: service.rename(library.kim, "Oldh"), f"was the name of {GROUP}/Zoeh .*: {taken}"),
        (lambda: service.rename("Nemo of history", "x"), "Nobody is called"),
        (lambda: service.rename(10**8, "x"), "no person 100000000"),
        (lambda: service.rename("zoeh", "x"), "write GROUP/NAME"),
        (
            lambda: service.move_to_group(zoe, "elsewhere OF history"),
            f"is the name of Elsewhere of history/Zoeh .*: {taken}",
        ),
        (lambda: service.move_to_group(zoe, "a/b"), "no slash"),
        (lambda: service.move_to_group(zoe, "\x00"), "control character"),
        (lambda: service.add_aliases(zoe, []), "Say which"),
        (lambda: service.add_aliases(zoe, ["fine", ""]), "An alias is empty"),
        (lambda: service.add_aliases(zoe, ["zoeH"]), "an alias is another one"),
        (lambda: service.remove_aliases(zoe, ["fine"]), "'fine' is no alias of .*: they are Zoehalias, Oldh"),
        (lambda: service.set_display(zoe, ""), "to be shown is empty"),
        (lambda: service.name_cluster(library.cluster(0), "x" * 3000), "3,000 characters"),
        (lambda: service.merge(f"{GROUP}/Zoeh", "Oldhalias"), "already the same"),
    ):
        with pytest.raises((InputError, NotFoundError), match=reason):
            edit()
    assert library.snapshot() == before
    assert library.connection.execute(text("select count(*) from operations")).scalar_one() == operations


def test_an_alias_is_kept_once(library: Library) -> None:
    edit = library.service.add_aliases(library.kim, ["A  b", "a b", "KIMHALIAS", "c"])
    assert edit.person.aliases == ("Kimhalias", "A b", "c")
    assert library.service.add_aliases(library.kim, ["C"]).operation is None


# --- any edits in any order -------------------------------------------------------------------------------------

NAMES = ("Zoeh", "Kimh", "Oldh", "Newh", "Xenah")


def merge_clusters(lib: Library, one: int, other: int) -> int | None:
    first, second = (clusters(lib)[(one + i) % len(clusters(lib))] for i in (0, 1 + other % 2))
    return lib.service.merge(str(first.cluster), str(second.cluster)).operation


def split(lib: Library, one: int, other: int) -> int | None:
    cluster = clusters(lib)[one % len(clusters(lib))]
    return lib.service.split(cluster.cluster, [cluster.tracks[other % len(cluster.tracks)]]).operation


def clusters(lib: Library) -> list[ClusterSummary]:
    return [c for c in lib.service.clusters() if c.tracks[0].video_id == lib.video]


def somebody(lib: Library, number: int) -> PersonRecord:
    everybody = [person for person in list_people(lib.connection) if (person.group or "").endswith("of history")]
    return everybody[number % len(everybody)]


def named(number: int) -> str:
    return f"{GROUP}/{NAMES[number % len(NAMES)]}"


ACTIONS: dict[str, Callable[[Library, int, int], int | None]] = {
    "name": lambda lib, i, j: (
        lib.service.name_cluster(clusters(lib)[i % len(clusters(lib))].cluster, named(j)).operation
    ),
    "track": lambda lib, i, j: lib.service.name_track(lib.tracks[i % len(lib.tracks)], named(j)).operation,
    "merge clusters": merge_clusters,
    "split": split,
    "merge": lambda lib, i, j: lib.service.merge(str(somebody(lib, i)), str(somebody(lib, j))).operation,
    "reject": lambda lib, i, j: (
        lib.service.reject(lib.tracks[j % len(lib.tracks)], str(somebody(lib, i))).operation
    ),
    "rename": lambda lib, i, j: (
        lib.service.rename(somebody(lib, i).id, NAMES[j % len(NAMES)], keep_old=j % 2 == 0).operation
    ),
    "group": lambda lib, i, j: (
        lib.service.move_to_group(somebody(lib, i).id, GROUP if j % 2 else "Second band of history").operation
    ),
    "alias": lambda lib, i, j: lib.service.add_aliases(somebody(lib, i).id, [f"alias {j % 3}"]).operation,
    "remove": lambda lib, i, j: (
        lib.service.remove_aliases(somebody(lib, i).id, somebody(lib, i).aliases[: 1 + j % 2]).operation
    ),
    "display": lambda lib, i, j: (
        lib.service.set_display(somebody(lib, i).id, f"shown {j % 2}" if j % 3 else None).operation
    ),
}
STEPS = st.tuples(st.sampled_from(sorted(ACTIONS)), st.integers(0, 99), st.integers(0, 99))


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STEPS, min_size=1, max_size=10), st.randoms(use_true_random=False))
def test_whatever_is_done_comes_back_in_any_order(
    connection: Connection, steps: Sequence[tuple[str, int, int]], random: Random
) -> None:
    with connection.begin_nested() as savepoint:
        library = make(connection)
        states = [library.snapshot()]
        done = []
        for action, one, other in steps:
            try:
                operation = ACTIONS[action](library, one, other)
            except (InputError, NotFoundError, ZeroDivisionError):  # there is nothing that it could be done to
                continue
            if operation is not None:
                done.append(operation)
                states.append(library.snapshot())
        undone = []
        for operation, state in zip(reversed(done), reversed(states[:-1]), strict=True):
            undone += history(connection).revert(operation)
            assert library.snapshot() == state, "the newest first"
        for each in reversed(undone):
            history(connection).revert(each.operation or 0)
        assert library.snapshot() == states[-1], "done again"

        shuffled = random.sample(done, len(done))
        for operation in [
            *shuffled,
            *reversed(done),
        ]:  # taking one back may do an older one again that was in the way
            if get_operation(connection, operation).stands:
                history(connection).revert(operation, with_later=True)
        now = library.snapshot()
        # somebody new stays who was referred to when the operation that made them was taken back
        assert [row for row in now if row in states[0]] == states[0]
        assert all(str(row[1]).endswith("of history") for row in now if row not in states[0])
        savepoint.rollback()
