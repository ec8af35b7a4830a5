"""Who is who right now: what people said shows at once, before any run has named a face again."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, text

from tests.editing.library import Held, editor, history
from tests.people_library import STEP_MS, ToyEmbedder, add_tracks, add_video, automatic, toy_embedder, write_labels
from vsearch_pipeline.catalog.identities import TrackRef
from vsearch_pipeline.catalog.library import ensure_person
from vsearch_pipeline.catalog.models import FaceLabel
from vsearch_pipeline.catalog.segments import AutoFields, insert_segments
from vsearch_pipeline.catalog.stages import ProducerInfo, producer_id
from vsearch_pipeline.editing.casting import Casting, KnownPerson, UnknownCluster
from vsearch_pipeline.editing.clusters import gather_clusters
from vsearch_pipeline.editing.people import PeopleService
from vsearch_pipeline.errors import NotFoundError
from vsearch_pipeline.timeline import TimeRange


class Library:
    def __init__(self, connection: Connection, embedder: ToyEmbedder) -> None:
        self.connection = connection
        self.embedder = embedder
        self.service = PeopleService(editor(connection, "tester"), embedding_model=embedder.name, step_ms=STEP_MS)
        self.casting = Casting(Held(connection), embedding_model=embedder.name, step_ms=STEP_MS)  # type: ignore[arg-type]
        self.zoe = ensure_person(connection, "Cast", "Zoe of casting", ["조이"])
        self.kim = ensure_person(connection, "Cast", "Kim of casting")
        self.video = add_video(connection, "a cast")
        self.tracks = add_tracks(connection, self.video, ["zoe", "kim", "cem", "cem", "kim"], embedder.name)
        self.label(self.zoe, self.kim, None, None, self.zoe)
        self.gather()

    def label(self, *people: int | None) -> None:
        write_labels(self.connection, self.video, people)

    def gather(self) -> None:
        gather_clusters(self.connection, self.embedder.name, STEP_MS)

    def known(self, person: int) -> KnownPerson:
        return next(each for each in self.casting.people() if each.person.id == person)

    def faces(self, person: int) -> list[TrackRef]:
        return [face.sighting.ref for face in self.casting.person(person).faces]

    def cluster(self) -> UnknownCluster:
        """The one of this library."""
        found = self.casting.unknown(limit=1000, faces=10)
        return next(c for c in found.clusters if any(face.ref.video_id == self.video for face in c.faces))


@pytest.fixture
def library(connection: Connection) -> Library:
    return Library(connection, toy_embedder())


def test_everybody_with_their_clearest_face(library: Library) -> None:
    zoe = library.known(library.zoe)
    assert (zoe.tracks, zoe.videos, zoe.seconds, zoe.photos) == (2, 1, 3.0, 0)
    assert zoe.face is not None
    assert zoe.face.ref in {library.tracks[0], library.tracks[4]}
    assert zoe.face.face is not None
    assert (zoe.face.face.quality, zoe.face.face.frame_index) == (0.7, 2)
    with pytest.raises(NotFoundError):
        library.casting.person(10**8)


def test_a_wrong_face_is_out_at_once_and_back_after_undo(library: Library, connection: Connection) -> None:
    wrong = library.tracks[4]
    assert library.casting.pending() == 0
    done = library.service.reject_all([wrong], library.zoe)
    sheet = library.casting.person(library.zoe)
    assert [face.sighting.ref for face in sheet.faces] == [library.tracks[0]]
    assert [seen.ref for seen in sheet.taken_out] == [wrong]
    assert library.known(library.zoe).tracks == 1
    assert library.casting.pending() == 1
    assert done.operation is not None
    history(connection, "tester").revert(done.operation)
    assert library.faces(library.zoe) == [library.tracks[0], wrong]
    assert library.casting.person(library.zoe).taken_out == ()
    assert library.casting.pending() == 0


def test_faces_go_over_to_who_they_are_given_to(library: Library) -> None:
    library.service.name_tracks([library.tracks[4], library.tracks[0]], library.kim)
    sheet = library.casting.person(library.kim)
    assert {face.sighting.ref for face in sheet.faces if face.said} == {library.tracks[0], library.tracks[4]}
    assert [face.sighting.ref for face in sheet.faces if not face.said] == [library.tracks[1]]
    assert library.faces(library.zoe) == []
    library.label(library.kim, library.kim, None, None, library.kim)
    library.service.merge_people(library.zoe, library.kim)
    assert library.casting.pending() == 0
    assert len(library.faces(library.zoe)) == 3, "under the old id is the other person"


def test_a_named_cluster_is_somebody_before_any_run(library: Library) -> None:
    cluster = library.cluster()
    assert (cluster.size.tracks, cluster.size.videos, cluster.size.shown_ms) == (2, 1, 3000)
    naming = library.service.name_cluster(cluster.size.cluster, "New of casting")
    assert library.faces(naming.person.id) == library.tracks[2:4]
    assert library.casting.unsorted() == 0
    with pytest.raises(StopIteration):
        library.cluster()


def test_doubtful_faces_come_first(library: Library, connection: Connection) -> None:
    library.label(library.zoe, library.zoe, library.zoe, library.zoe, None)
    for index, confidence in enumerate((0.9, 0.55, 0.8, 0.6)):
        connection.execute(
            FaceLabel.__table__.update()
            .where(FaceLabel.video_id == library.video, FaceLabel.track_index == index)
            .values(confidence=confidence)
        )
    library.service.name_track(library.tracks[1], library.zoe)
    sheet = library.casting.person(library.zoe, order="doubt")
    assert [face.sighting.ref.index for face in sheet.faces] == [3, 2, 0, 1]
    assert [face.confidence for face in sheet.faces[:3]] == [0.6, 0.8, 0.9]
    assert sheet.faces[3].said
    assert [face.sighting.ref.index for face in library.casting.person(library.zoe, limit=2).faces] == [0, 1]


def test_the_classifiers_second_choice_is_suggested_until_it_is_ruled_out(
    library: Library, connection: Connection
) -> None:
    def likely() -> list[int]:
        return [person.id for person in library.cluster().likely]

    def guess(person: int, confidence: float) -> None:
        connection.execute(
            FaceLabel.__table__.update()
            .where(FaceLabel.video_id == library.video, FaceLabel.track_index.in_([2, 3]))
            .values(runner_up_id=person, runner_up_confidence=confidence)
        )

    assert likely() == []
    guess(library.kim, 0.05)
    assert likely() == []
    guess(library.kim, 0.3)
    assert likely() == [library.kim]
    library.service.reject_all(library.tracks[2:3], library.kim)
    assert likely() == []


def test_faces_that_nobody_sorted_yet_are_counted_and_sorted(library: Library) -> None:
    before = library.casting.unsorted()
    library.label(library.zoe, None, None, None, library.zoe)
    assert library.casting.unsorted() == before + 1
    library.casting.gather()
    assert library.casting.unsorted() == 0


def test_a_face_leads_to_the_moment_it_is_seen_in(library: Library, connection: Connection) -> None:
    producer = producer_id(connection, ProducerInfo("segments", "toy", "1"))
    spans = [TimeRange(0, 900), TimeRange(900, 4000)]
    [_, second] = insert_segments(
        connection, library.video, producer, [(automatic(span), AutoFields(None, None)) for span in spans]
    )
    [first, *_] = library.casting.person(library.zoe).faces
    assert first.sighting.face is not None
    assert first.sighting.face.time_ms == 1000
    assert first.sighting.segment_id == second
    connection.execute(text("delete from segments where id = :id"), {"id": second})
    assert library.casting.person(library.zoe).faces[0].sighting.segment_id is None


def test_clusters_that_were_put_aside_are_left_out(library: Library) -> None:
    everything = library.casting.unknown(limit=1000, faces=1)
    number = library.cluster().size.cluster
    left = library.casting.unknown(limit=1000, faces=1, skipped=[number])
    assert left.total == everything.total
    assert left.left == everything.left - 1
    assert number not in {cluster.size.cluster for cluster in left.clusters}
    assert all(len(cluster.faces) == 1 for cluster in left.clusters)
    [only] = library.casting.unknown(limit=1, faces=0, only=number).clusters
    assert {face.ref for face in only.faces} == set(library.tracks[2:4])
