"""Naming, merging, splitting and rejecting: what a person said is never lost, whatever runs come after."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, func, select

from tests.editing.library import editor, history
from tests.people_library import STEP_MS, ToyEmbedder, add_tracks, add_video, automatic, toy_embedder, write_labels
from vsearch_pipeline.catalog.identities import TrackRef, live_marks, read_tracks
from vsearch_pipeline.catalog.library import (
    PersonRecord,
    ensure_person,
    list_people,
    merged_people,
    reference_faces,
    replace_reference_faces,
)
from vsearch_pipeline.catalog.models import FaceMark, Operation
from vsearch_pipeline.catalog.retrieval import SegmentFilter, listed
from vsearch_pipeline.catalog.segments import AutoFields, insert_segments
from vsearch_pipeline.catalog.stages import ProducerInfo, producer_id
from vsearch_pipeline.editing.clusters import gather_clusters
from vsearch_pipeline.editing.errors import AmbiguousNameError, NameTakenError
from vsearch_pipeline.editing.marks import verdicts
from vsearch_pipeline.editing.people import ClusterSummary, PeopleService, parse_track
from vsearch_pipeline.errors import InputError, NotFoundError
from vsearch_pipeline.timeline import TimeRange


@pytest.fixture
def embedder() -> ToyEmbedder:
    return toy_embedder()


@pytest.fixture
def service(connection: Connection, embedder: ToyEmbedder) -> PeopleService:
    return over(connection, embedder)


def over(connection: Connection, embedder: ToyEmbedder) -> PeopleService:
    return PeopleService(editor(connection, "tester"), embedding_model=embedder.name, step_ms=STEP_MS)


def gather(connection: Connection, embedder: ToyEmbedder) -> None:
    gather_clusters(connection, embedder.name, STEP_MS)


def cluster_of(service: PeopleService, track: TrackRef) -> int:
    return next(cluster.cluster for cluster in service.clusters() if track in cluster.tracks)


def said(connection: Connection, embedder: ToyEmbedder, track: TrackRef) -> tuple[str | None, set[str]]:
    """Who people say a track is, and who it is not."""
    names = {person.id: str(person) for person in list_people(connection)}
    tracks = read_tracks(connection, track.video_id, embedder.name)
    verdict = verdicts(live_marks(connection, track.video_id), tracks, STEP_MS).get(track.index)
    if verdict is None:
        return None, set()
    is_ = names[verdict.person_id] if verdict.person_id is not None else None
    return is_, {names[person] for person in verdict.excluded}


def test_clusters_show_their_clearest_faces(
    connection: Connection, embedder: ToyEmbedder, service: PeopleService
) -> None:
    first, second = add_video(connection), add_video(connection)
    ana, ben, _ = add_tracks(connection, first, ["ana", "ben", "cem"], embedder.name)
    [other] = add_tracks(connection, second, ["ana"], embedder.name)
    gather(connection, embedder)
    biggest = next(cluster for cluster in service.clusters() if ana in cluster.tracks)
    assert set(biggest.tracks) == {ana, other}
    assert (biggest.videos, biggest.seconds) == (2, 3.0)
    assert [best.face.quality for best in biggest.best] == [0.7, 0.7]
    assert cluster_of(service, ben) != biggest.cluster


def test_a_named_cluster_is_somebody_from_then_on(
    connection: Connection, embedder: ToyEmbedder, service: PeopleService
) -> None:
    video = add_video(connection)
    ana, again, ben = add_tracks(connection, video, ["ana", "ana", "ben"], embedder.name)
    gather(connection, embedder)
    cluster = cluster_of(service, ana)
    naming = service.name_cluster(cluster, "  Ana\u0303 Souza ", group="Band")
    assert naming.new
    assert str(naming.person) == "Band/Anã Souza"
    assert set(naming.tracks) == {ana, again}
    assert said(connection, embedder, again) == ("Band/Anã Souza", set())
    assert cluster not in {found.cluster for found in service.clusters()}
    gather(connection, embedder)
    assert all({ana, again}.isdisjoint(found.tracks) for found in service.clusters())

    later = service.name_cluster(cluster_of(service, ben), "anã souza")
    assert not later.new
    assert later.person.id == naming.person.id
    operation = connection.execute(select(Operation).order_by(Operation.id.desc()).limit(1)).one()
    assert (operation.kind, operation.actor, operation.door) == ("people.name", "tester", "web")


def test_a_single_track_is_named_whatever_it_was_taken_for(
    connection: Connection, embedder: ToyEmbedder, service: PeopleService
) -> None:
    video = add_video(connection)
    ana, again, _ = add_tracks(connection, video, ["ana", "ana", "ben"], embedder.name)
    gather(connection, embedder)
    service.name_cluster(cluster_of(service, ana), "Track Ana")
    naming = service.name_track(again, "Track Bea", group="Band")
    assert (naming.new, naming.tracks) == (True, (again,))
    assert said(connection, embedder, again) == ("Band/Track Bea", set())
    assert said(connection, embedder, ana) == ("Track Ana", set())
    with pytest.raises(NotFoundError, match="no track"):
        service.name_track(TrackRef(video, 99), "Track Ana")


def test_the_newest_name_counts_and_the_older_stays_in_the_history(
    connection: Connection, embedder: ToyEmbedder, service: PeopleService
) -> None:
    video = add_video(connection)
    [ana] = add_tracks(connection, video, ["ana"], embedder.name)
    gather(connection, embedder)
    service.name_cluster(cluster_of(service, ana), "Ann")
    service.reject(ana)
    assert said(connection, embedder, ana) == (None, {"Ann"})
    gather(connection, embedder)
    service.name_cluster(cluster_of(service, ana), "Ann")
    assert said(connection, embedder, ana) == ("Ann", set())
    rows = connection.execute(select(FaceMark).where(FaceMark.video_id == video).order_by(FaceMark.id)).all()
    assert [(row.kind, row.revoked_by is None) for row in rows] == [("is", False), ("is_not", False), ("is", True)]


def test_rejecting_takes_the_present_name_or_the_one_given(
    connection: Connection, embedder: ToyEmbedder, service: PeopleService
) -> None:
    video = add_video(connection)
    ana, ben = add_tracks(connection, video, ["ana", "ben"], embedder.name)
    zoe, kim = ensure_person(connection, None, "Zoe of reject"), ensure_person(connection, None, "Kim of reject")
    write_labels(connection, video, [zoe, None])
    assert service.reject(ana).person.id == zoe
    assert service.reject(ana, "kim OF reject").person.id == kim
    assert said(connection, embedder, ana) == (None, {"Zoe of reject", "Kim of reject"})
    with pytest.raises(InputError, match="has no name to take away"):
        service.reject(ben)
    with pytest.raises(NotFoundError, match="no track"):
        service.reject(TrackRef(video, 99))
    with pytest.raises(NotFoundError, match="no video"):
        service.reject(TrackRef("nowhere", 0))


def test_two_people_become_one_everywhere(
    connection: Connection, embedder: ToyEmbedder, service: PeopleService
) -> None:
    video = add_video(connection)
    _, _, cem = add_tracks(connection, video, ["ana", "ben", "cem"], embedder.name)
    stage = ensure_person(connection, "Merge", "Stage Name", ["Stagey"])
    real = ensure_person(connection, "Merge", "Real Name")
    last = ensure_person(connection, None, "Last Name")
    write_labels(connection, video, [stage, real, None])
    gather(connection, embedder)
    service.name_cluster(cluster_of(service, cem), "Stage Name")
    vector = read_tracks(connection, video, embedder.name)[0].vectors[0].tolist()
    photo = {
        "person_id": stage,
        "source": "Merge/Stage Name/1.jpg",
        "sha256": "x",
        "quality": 1.0,
        "embedding": vector,
    }
    producer = producer_id(connection, ProducerInfo("gallery", embedder.name, "1"))
    replace_reference_faces(connection, embedder.name, [{**photo, "producer_id": producer}])

    merging = service.merge("stagey", "Merge/Real Name")
    assert not isinstance(merging.into, int)
    assert merging.into.id == real
    assert "Stage Name" not in [person.name for person in list_people(connection)]
    survivor = next(person for person in list_people(connection) if person.id == real)
    assert survivor.aliases == ("Stage Name", "Stagey")
    assert said(connection, embedder, cem)[0] == "Merge/Real Name"
    assert ensure_person(connection, "Merge", "Stage Name") == real, "a gallery folder of the old name"
    assert [row.person_id for row in reference_faces(connection, embedder.name)] == [real]
    summary = next(item for item in service.people() if item.person.id == real)
    assert (summary.photos, summary.tracks, summary.videos, summary.seconds) == (1, 2, 1, 3.0)

    service.merge("Real Name", "Last Name")
    assert {stage, real} <= {old for old, new in merged_people(connection).items() if new == last}
    with pytest.raises(InputError, match="already the same"):
        service.merge("Stagey", "Last Name")


def test_what_is_said_of_a_gender_outlives_the_gallerys_list(
    connection: Connection, service: PeopleService
) -> None:
    def known(name: str) -> PersonRecord:
        return next(person for person in list_people(connection) if person.name == name)

    ensure_person(connection, "Gender Band", "Kim", gender="male")
    assert known("Kim").gender == "male"
    ensure_person(connection, "Gender Band", "Kim")
    assert known("Kim").gender == "male"
    ensure_person(connection, "Gender Band", "Kim", gender="female")
    assert known("Kim").gender == "female"
    ensure_person(connection, "Gender Band", "Lee", gender="male")

    assert service.set_gender("gender band/kim", "male").person.gender == "male"
    ensure_person(connection, "Gender Band", "Kim", gender="female")
    assert known("Kim").gender == "male"
    assert service.set_gender("Kim", None, group="Gender Band").person.gender is None
    ensure_person(connection, "Gender Band", "Kim", gender="female")
    assert known("Kim").gender is None
    ensure_person(connection, "Gender Band", "Lee", gender="female")
    assert known("Lee").gender == "female"

    kim = str(known("Kim").id)
    operations = connection.execute(
        select(Operation.actor, Operation.before, Operation.after)
        .where(Operation.kind == "people.gender")
        .order_by(Operation.id.desc())
        .limit(2)
    ).all()
    assert [tuple(row) for row in operations] == [
        ("tester", {"person": {kim: {"gender": "male"}}}, {"person": {kim: {"gender": None}}}),
        (
            "tester",
            {"person": {kim: {"gender": "female", "gender_said": None}}},
            {"person": {kim: {"gender": "male", "gender_said": True}}},
        ),
    ]
    with pytest.raises(NotFoundError, match="Nobody is called"):
        service.set_gender("Kim", "male", group="Another Band")


@pytest.mark.parametrize(
    ("person", "english", "korean"),
    [
        (PersonRecord(1, None, "Minji Kim", ("민지", "김민지")), "Minji Kim", "민지"),
        (PersonRecord(1, None, "minji", ("Minji", "김민지"), "민지"), "minji", "민지"),
        (PersonRecord(1, None, "하니 🐰", ("Hanni B612",)), "Hanni B612", "하니 🐰"),
        (PersonRecord(1, None, "민지 (NJZ)", ("M",)), "M", "민지 (NJZ)"),
        (PersonRecord(1, None, "Beyoncé", (), "Bey"), "Bey", "Bey"),
        (PersonRecord(1, None, "山田", ("7",)), "山田", "山田"),
    ],
)
def test_names_by_script(person: PersonRecord, english: str, korean: str) -> None:
    assert (person.in_english, person.in_korean) == (english, korean)


def test_clusters_merged_by_hand_stay_together_and_split_ones_apart(
    connection: Connection, embedder: ToyEmbedder, service: PeopleService
) -> None:
    video = add_video(connection)
    people = ["ana", "ana", "ben", "cem"]
    ana, twin, ben, cem = add_tracks(connection, video, people, embedder.name)
    gather(connection, embedder)
    numbers = [str(cluster_of(service, track)) for track in (ana, ben)]
    service.merge(*numbers)
    for _ in range(2):
        assert cluster_of(service, ben) == cluster_of(service, ana) == int(numbers[0])
        gather(connection, embedder)

    parts = service.split(cluster_of(service, ana), [twin, ben]).clusters
    assert len(parts) == 2
    for _ in range(2):
        assert cluster_of(service, twin) == cluster_of(service, ben) != cluster_of(service, ana)
        gather(connection, embedder)
    assert cluster_of(service, cem) not in parts


def test_a_cluster_splits_by_itself_where_it_holds_least(
    connection: Connection, embedder: ToyEmbedder, service: PeopleService
) -> None:
    video = add_video(connection)
    ana, ben, again = add_tracks(connection, video, ["ana", "ben", "ana"], embedder.name)
    gather(connection, embedder)
    service.merge(str(cluster_of(service, ana)), str(cluster_of(service, ben)))
    service.split(cluster_of(service, ana))
    gather(connection, embedder)
    assert cluster_of(service, ana) == cluster_of(service, again) != cluster_of(service, ben)


def test_every_mistake_is_a_sentence(
    connection: Connection, embedder: ToyEmbedder, service: PeopleService
) -> None:
    video = add_video(connection)
    ana, ben = add_tracks(connection, video, ["ana", "ben"], embedder.name)
    gather(connection, embedder)
    cluster = cluster_of(service, ana)
    ensure_person(connection, "One", "Same Name")
    ensure_person(connection, "Two", "Same Name")
    with pytest.raises(NotFoundError, match="no cluster 987654"):
        service.name_cluster(987654, "Ann")
    with pytest.raises(InputError, match=r"One/Same Name or Two/Same Name: write GROUP/NAME"):
        service.name_cluster(cluster, "same name")
    with pytest.raises(InputError, match="needs a name"):
        service.name_cluster(cluster, "Group/ ")
    with pytest.raises(InputError, match="cannot be merged with itself"):
        service.merge(str(cluster), str(cluster))
    with pytest.raises(NotFoundError, match="no cluster 987654"):
        service.merge("987654", str(cluster))
    with pytest.raises(NotFoundError, match="Nobody is called 'Nemo'"):
        service.merge("Nemo", "One/Same Name")
    with pytest.raises(NotFoundError, match=f"Not in cluster {cluster}: {ben}"):
        service.split(cluster, [ben])
    with pytest.raises(InputError, match="leave at least one"):
        service.split(cluster, [ana])
    with pytest.raises(InputError, match="too alike"):
        service.split(cluster)
    with pytest.raises(InputError, match="is not a track"):
        parse_track("video")
    add_tracks(connection, video, ["ben", "ana"], embedder.name)
    with pytest.raises(InputError, match="out of date"):
        service.name_cluster(cluster, "Ann")
    assert connection.execute(select(func.count()).where(FaceMark.video_id == video)).scalar_one() == 0


def test_clusters_keep_their_numbers_through_new_detections(
    connection: Connection, embedder: ToyEmbedder, service: PeopleService
) -> None:
    video = add_video(connection)
    people = ["ana", "ana", "ben", "cem", "cem", "cem"]
    before = add_tracks(connection, video, people, embedder.name)
    gather(connection, embedder)
    numbers = [cluster_of(service, track) for track in before]
    service.name_cluster(numbers[2], "Ben of numbers")
    after = add_tracks(connection, video, people, embedder.name, order=[4, 2, 0, 5, 3, 1], jitter=0.02)
    gather(connection, embedder)
    assert said(connection, embedder, after[2])[0] == "Ben of numbers"
    assert [cluster_of(service, after[i]) for i in (0, 1, 3, 4, 5)] == [numbers[i] for i in (0, 1, 3, 4, 5)]


def test_search_by_name_finds_what_a_merged_person_was_in(connection: Connection, service: PeopleService) -> None:
    video = add_video(connection)
    old, new = ensure_person(connection, None, "Old in search"), ensure_person(connection, None, "New in search")
    producer = producer_id(connection, ProducerInfo("segments", "test", "1"))
    drafts = [(automatic(TimeRange(0, 1000)), AutoFields(None, None, people={old: 0.9}))]
    [segment] = insert_segments(connection, video, producer, drafts)
    service.merge("Old in search", "New in search")
    found = listed(connection, SegmentFilter(people=((new,),)))
    assert [(one.segment_id, one.certainty) for one in found] == [(segment, pytest.approx(0.9))]


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["name", "merge", "split", "reject", "detect", "gather"]),
        st.integers(0, 99),
        st.integers(0, 99),
    ),
    max_size=8,
)


class Story:
    """What was said, told beside the catalogue: faces by their place, whatever number a run gives their tracks."""

    looks = ("ana", "ana", "ben", "ben", "cem")

    def __init__(self, connection: Connection, embedder: ToyEmbedder) -> None:
        self.connection, self.embedder = connection, embedder
        self.service = over(connection, embedder)
        self.video = add_video(connection)
        self.tracks: list[TrackRef] = []
        self.is_: dict[int, str] = {}
        self.is_not: list[set[str]] = [set() for _ in self.looks]
        self.together: list[set[int]] = []
        self.marks = 0
        self.detect(0, 0)

    @property
    def clusters(self) -> list[ClusterSummary]:
        return [cluster for cluster in self.service.clusters() if cluster.tracks[0].video_id == self.video]

    def places(self, cluster: ClusterSummary) -> set[int]:
        return {self.tracks.index(track) for track in cluster.tracks}

    def gather(self, _one: int, _other: int) -> None:
        gather(self.connection, self.embedder)

    def detect(self, one: int, other: int) -> None:
        order = sorted(range(len(self.looks)), key=lambda place: (place * one + other) % 7)
        self.tracks = add_tracks(
            self.connection, self.video, self.looks, self.embedder.name, order=order, jitter=one / 5000
        )
        gather(self.connection, self.embedder)

    def reject(self, one: int, other: int) -> None:
        place, name = one % len(self.looks), f"Person {other % 2} of steps"
        ensure_person(self.connection, None, name)
        self.service.reject(self.tracks[place], name)
        self.is_not[place].add(name)
        if self.is_.get(place) == name:
            del self.is_[place]
        gather(self.connection, self.embedder)

    def name(self, one: int, other: int) -> None:
        if found := self.clusters:
            cluster, name = found[one % len(found)], f"Person {other % 2} of steps"
            self.service.name_cluster(cluster.cluster, name)
            for place in self.places(cluster):
                self.is_[place] = name
                self.is_not[place].discard(name)

    def merge(self, one: int, other: int) -> None:
        found = self.clusters
        if len(found) > 1:
            first = found[one % len(found)]
            second = found[(one + 1 + other % (len(found) - 1)) % len(found)]
            self.service.merge(str(first.cluster), str(second.cluster))
            self.regroup(self.places(first) | self.places(second))

    def split(self, one: int, other: int) -> None:
        found = [cluster for cluster in self.clusters if len(cluster.tracks) > 1]
        if found:
            cluster = found[one % len(found)]
            out = cluster.tracks[other % len(cluster.tracks)]
            self.service.split(cluster.cluster, [out])
            alone = {self.tracks.index(out)}
            self.regroup(alone, self.places(cluster) - alone)

    def regroup(self, *parts: set[int]) -> None:
        moved = set().union(*parts)
        self.together = [rest for group in self.together if (rest := group - moved)] + list(parts)

    def check(self) -> None:
        for place, track in enumerate(self.tracks):
            told = (self.is_.get(place), self.is_not[place])
            assert said(self.connection, self.embedder, track) == told
        shown = {place: cluster.cluster for cluster in self.clusters for place in self.places(cluster)}
        assert shown.keys() == set(range(len(self.looks))) - self.is_.keys()
        grouped = [(shown[i], n) for n, group in enumerate(self.together) for i in group if i in shown]
        assert all((a == b) == (m == n) for a, m in grouped for b, n in grouped)
        count = select(func.count()).where(FaceMark.video_id == self.video)
        marks = self.connection.execute(count).scalar_one()
        assert marks >= self.marks, "a mark's row never goes away"
        self.marks = marks


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ACTIONS)
def test_whatever_people_and_runs_do_no_word_is_lost(
    connection: Connection, embedder: ToyEmbedder, actions: list[tuple[str, int, int]]
) -> None:
    with connection.begin_nested() as savepoint:
        story = Story(connection, embedder)
        for action, one, other in actions:
            getattr(story, action)(one, other)
            story.check()
        savepoint.rollback()


def test_several_faces_at_once_are_one_operation(
    connection: Connection, embedder: ToyEmbedder, service: PeopleService
) -> None:
    first, second = add_video(connection), add_video(connection)
    tracks = [
        *add_tracks(connection, first, ["ana", "ben"], embedder.name),
        *add_tracks(connection, second, ["cem"], embedder.name),
    ]
    zoe = ensure_person(connection, None, "Zoe at once")
    naming = service.name_tracks(tracks, zoe)
    assert (naming.new, naming.tracks) == (False, tuple(tracks))
    assert [said(connection, embedder, track)[0] for track in tracks] == ["Zoe at once"] * 3
    rejection = service.reject_all(tracks[:2], zoe)
    assert [said(connection, embedder, track) for track in tracks] == [
        (None, {"Zoe at once"}),
        (None, {"Zoe at once"}),
        ("Zoe at once", set()),
    ]
    assert service.reject_all(tracks[:2], zoe).operation is None
    assert naming.operation is not None
    assert rejection.operation == naming.operation + 1
    history(connection).revert(rejection.operation)
    assert [said(connection, embedder, track)[0] for track in tracks] == ["Zoe at once"] * 3
    with pytest.raises(NotFoundError, match="no track"):
        service.reject_all([tracks[0], TrackRef(second, 99)], zoe)


def test_several_clusters_become_one(
    connection: Connection, embedder: ToyEmbedder, service: PeopleService
) -> None:
    video = add_video(connection)
    tracks = add_tracks(connection, video, ["ana", "ben", "cem", "dora"], embedder.name)
    gather(connection, embedder)
    numbers = [cluster_of(service, track) for track in tracks]
    merging = service.merge_clusters(numbers[0], numbers[1:3])
    assert (merging.into, merging.tracks) == (numbers[0], 3)
    gather(connection, embedder)
    assert [cluster_of(service, track) for track in tracks] == [numbers[0]] * 3 + [numbers[3]]
    with pytest.raises(InputError, match="merged with itself"):
        service.merge_clusters(numbers[0], [numbers[3], numbers[0]])


def test_somebody_new_without_a_face(connection: Connection, service: PeopleService) -> None:
    added = service.add_person("Photos Only", "Band")
    assert str(added.person) == "Band/Photos Only"
    assert added.operation is not None
    again = service.add_person("band/photos only")
    assert (again.person.id, again.operation) == (added.person.id, None)
    history(connection).revert(added.operation)
    assert added.person.id not in {person.id for person in list_people(connection)}


def test_what_stands_in_the_way_is_named(connection: Connection, service: PeopleService) -> None:
    one = ensure_person(connection, "One", "Namesake")
    two = ensure_person(connection, "Two", "Namesake")
    with pytest.raises(AmbiguousNameError) as several:
        service.add_aliases("Namesake", ["Nobody else"])
    assert {person.id for person in several.value.people} == {one, two}
    other = ensure_person(connection, "Two", "Other Name")
    with pytest.raises(NameTakenError) as taken:
        service.rename(other, "namesake")
    assert taken.value.person.id == two
    with pytest.raises(NameTakenError) as taken:
        service.move_to_group(one, "Two")
    assert taken.value.person.id == two
