"""What people do about people: name, merge, split, reject, rename; each an operation that can be reverted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Connection

from vsearch_pipeline.catalog.identities import Member, SeenFace, TrackRef, cluster_members, read_tracks
from vsearch_pipeline.catalog.library import Gender, PersonSummary, summarize_people
from vsearch_pipeline.editing import person_edits
from vsearch_pipeline.editing.called import Who, candidates, existing
from vsearch_pipeline.editing.face_edits import FaceEdits, Merging, Naming, Rejection, Splitting
from vsearch_pipeline.editing.person_edits import PersonEdit
from vsearch_pipeline.editing.transaction import Edit, Editor
from vsearch_pipeline.errors import InputError

T = TypeVar("T")
BEST_FACES = 12
"""Faces that show a cluster."""


@dataclass(frozen=True, slots=True)
class BestFace:
    """A face to look at: its picture is the video's frame `frame_index`, the box in shares (0..1) of it."""

    track: TrackRef
    face: SeenFace


@dataclass(frozen=True, slots=True)
class ClusterSummary:
    """Tracks of one unknown person; `best` are their clearest faces, one a track."""

    cluster: int
    tracks: tuple[TrackRef, ...]
    videos: int
    seconds: float
    best: tuple[BestFace, ...]


class PeopleService:
    """Edits of people; each is an operation that can be reverted.

    Wherever a person is asked for (`who`), that is an id, a name, an alias or `GROUP/NAME`. Nobody of that name is
    a `NotFoundError`, several are an `InputError`.

    Args:
        embedding_model: whose vectors clusters are compared by.
        step_ms: time between two looked-at frames: how far a mark may be from its face.
    """

    def __init__(self, editor: Editor, *, embedding_model: str, step_ms: int) -> None:
        self._editor = editor
        self.embedding_model = embedding_model
        self.step_ms = step_ms

    # --- looking

    def people(self) -> list[PersonSummary]:
        """Everybody with a name, by group and name."""
        with self._editor.catalog.begin() as connection:
            return summarize_people(connection, self.embedding_model)

    def clusters(self) -> list[ClusterSummary]:
        """The unknown people, the one with most tracks first."""
        with self._editor.catalog.begin() as connection:
            return summarize_clusters(connection, self.embedding_model)

    # --- who a face is

    def name_cluster(self, cluster: int, who: Who, group: str | None = None) -> Naming:
        """Say who the people of a cluster are: a known person, else somebody new of that name.

        Raises:
            NotFoundError: there is no such cluster.
            OutdatedClusterError: its faces were found anew.
            AmbiguousNameError: several people have that name.
            InputError: the name cannot be used.
        """
        return self._run(lambda edit: self._faces(edit).name_cluster(cluster, who, group))

    def name_track(self, track: TrackRef, who: Who, group: str | None = None) -> Naming:
        """Say who a single track is, whatever it was taken for; otherwise as `name_cluster`."""
        return self.name_tracks([track], who, group)

    def name_tracks(self, tracks: Sequence[TrackRef], who: Who, group: str | None = None) -> Naming:
        """Say of several tracks at once that they are one person.

        Raises:
            NotFoundError: there is no such video or track.
            AmbiguousNameError: several people have that name.
            InputError: the name cannot be used.
        """
        return self._run(lambda edit: self._faces(edit).name_tracks(tracks, who, group))

    def reject(self, track: TrackRef, name: str | None = None) -> Rejection:
        """Say that a track is not somebody: by default the person it is taken for now.

        Raises:
            NotFoundError: there is no such video, track or person.
            InputError: the track has no name to take away, or several people have that name.
        """
        if name is not None:
            return self.reject_all([track], name)
        return self._run(lambda edit: self._faces(edit).reject(track))

    def reject_all(self, tracks: Sequence[TrackRef], who: Who) -> Rejection:
        """Say of several tracks at once that they are not somebody.

        Raises:
            NotFoundError: there is no such video, track or person.
            AmbiguousNameError: several people have that name.
        """
        return self._run(lambda edit: self._faces(edit).reject_all(tracks, who))

    def merge(self, first: str, second: str) -> Merging:
        """Say that two are one: two clusters, a cluster and a person, or a person and the one they turn out to be.

        Args:
            first: number of a cluster, or a person's name; of two people, the one whose name becomes an alias.
            second: the same; of two people, the one who stays.

        Raises:
            NotFoundError: there is no such cluster or person.
            InputError: both are the same, or as for `name_cluster`.
        """

        def work(edit: Edit) -> Merging:
            connection = edit.connection
            one, other = (_cluster_or_name(connection, text.strip()) for text in (first, second))
            if isinstance(one, int) and isinstance(other, int):
                return self._faces(edit).merge_clusters(one, [other])
            if isinstance(one, int) or isinstance(other, int):
                cluster, name = (one, other) if isinstance(one, int) else (other, one)
                person = existing(connection, str(name))
                naming = self._faces(edit).name_cluster(int(cluster), person.id, None)
                return Merging(naming.person, len(naming.tracks), naming.operation)
            return self._merge_people(edit, one, other)

        return self._run(work)

    def merge_clusters(self, first: int, others: Sequence[int]) -> Merging:
        """Say that the people of several clusters are one; the first keeps its number.

        Raises:
            NotFoundError: there is no such cluster.
            OutdatedClusterError: the faces of one were found anew.
            InputError: one would be merged with itself.
        """
        return self._run(lambda edit: self._faces(edit).merge_clusters(first, others))

    def merge_people(self, who: Who, into: Who) -> Merging:
        """Say that two people are one, who is called what `into` is; the other's names become aliases.

        Raises:
            NotFoundError: there is nobody like that.
            InputError: both are the same, or several people have that name.
        """
        return self._run(lambda edit: self._merge_people(edit, who, into))

    def split(self, cluster: int, tracks: Sequence[TrackRef] = ()) -> Splitting:
        """Take a cluster apart: the given tracks from the rest, or where none is given where it holds least.

        Raises:
            NotFoundError: there is no such cluster, or a track is not in it.
            OutdatedClusterError: its faces were found anew.
            InseparableError: it cannot be taken apart that way.
        """
        return self._run(lambda edit: self._faces(edit).split(cluster, tracks))

    # --- who somebody is

    def add_person(self, name: str, group: str | None = None) -> PersonEdit:
        """Let there be somebody of that name, from `NAME` or `GROUP/NAME`; who is known stays as they are.

        Raises:
            InputError: several people have that name, or it cannot be used.
        """
        return self._run(lambda edit: person_edits.add_person(edit, name, group))

    def rename(self, who: Who, name: str, *, keep_old: bool = True) -> PersonEdit:
        """Give somebody another name; what is known under the old one stays theirs.

        Args:
            keep_old: whether the old name becomes an alias, by which search finds them.

        Raises:
            NameTakenError: somebody else of the group is called that, or was.
            InputError: the name cannot be used.
        """
        return self._run(lambda edit: person_edits.rename(edit, who, name, keep_old=keep_old))

    def add_aliases(self, who: Who, aliases: Sequence[str]) -> PersonEdit:
        """Say what else somebody is called; what is known already stays as it is.

        Raises:
            InputError: one is their name, or cannot be used.
        """
        return self._run(lambda edit: person_edits.add_aliases(edit, who, aliases))

    def remove_aliases(self, who: Who, aliases: Sequence[str]) -> PersonEdit:
        """Take aliases away.

        Raises:
            InputError: they have no such alias.
        """
        return self._run(lambda edit: person_edits.remove_aliases(edit, who, aliases))

    def move_to_group(self, who: Who, group: str | None) -> PersonEdit:
        """Put somebody into a group, or into none.

        Raises:
            NameTakenError: somebody of that name is in the group, or was.
            InputError: the group's name cannot be used.
        """
        return self._run(lambda edit: person_edits.move_to_group(edit, who, group))

    def set_display(self, who: Who, display: str | None) -> PersonEdit:
        """Set the name that people read, which becomes an alias too; None takes it back.

        Raises:
            InputError: it cannot be used.
        """
        return self._run(lambda edit: person_edits.set_display(edit, who, display))

    def set_gender(self, who: Who, gender: Gender | None, group: str | None = None) -> PersonEdit:
        """Say what a person's gender is, which puts gender words of captions right; None takes it back.

        What is said here counts more than the gallery's list from then on.
        """
        return self._run(lambda edit: person_edits.set_gender(edit, who, gender, group))

    # --- parts

    def _run(self, work: Callable[[Edit], T]) -> T:
        return self._editor.run(work, people=True)

    def _faces(self, edit: Edit) -> FaceEdits:
        return FaceEdits(edit, model=self.embedding_model, step_ms=self.step_ms)

    def _merge_people(self, edit: Edit, first: Who, second: Who) -> Merging:
        connection = edit.connection
        person, into = existing(connection, first), existing(connection, second)
        if person.id == into.id:
            raise InputError(f"{first} and {second} are already the same person.")
        tracks = next(
            s.tracks for s in summarize_people(connection, self.embedding_model) if s.person.id == person.id
        )
        merged = person_edits.merge_people(edit, person, into)
        return Merging(merged.person, tracks, merged.operation)


def summarize_clusters(connection: Connection, model: str) -> list[ClusterSummary]:
    """The unknown people as they were last gathered, the one with most tracks first."""
    members: dict[int, list[Member]] = {}
    for member in cluster_members(connection):
        if not member.out_of_date:
            members.setdefault(member.cluster, []).append(member)
    videos = {member.ref.video_id for own in members.values() for member in own}
    tracks = {track.ref: track for video in sorted(videos) for track in read_tracks(connection, video, model)}
    summaries = []
    for cluster, own in members.items():
        found = [tracks[member.ref] for member in own]
        clearest = sorted(found, key=lambda track: (-track.clearest.quality, track.ref))[:BEST_FACES]
        summaries.append(
            ClusterSummary(
                cluster,
                tuple(track.ref for track in found),
                len({track.video_id for track in found}),
                sum(track.span.duration_ms for track in found) / 1000,
                tuple(BestFace(track.ref, track.clearest) for track in clearest),
            )
        )
    return sorted(summaries, key=lambda summary: (-len(summary.tracks), summary.cluster))


def parse_track(text: str) -> TrackRef:
    """`VIDEO:INDEX`, as lists print it.

    Raises:
        InputError: it is not written that way.
    """
    video, _, index = text.strip().rpartition(":")
    if not video or not (index.isascii() and index.isdigit()):
        raise InputError(f"{text!r} is not a track: write VIDEO:NUMBER, as `vsearch people list --unknown` does.")
    return TrackRef(video, int(index))


def _cluster_or_name(connection: Connection, text: str) -> int | str:
    """A number is a cluster's, unless only a person is called that."""
    if text.isascii() and text.isdigit():
        number = int(text)
        if cluster_members(connection, number) or not candidates(connection, text):
            return number
    return text
