"""What people do about people: name, merge, split, reject; each in one transaction, with one line of history."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sqlalchemy import Connection

from vsearch_pipeline.catalog.counters import take_numbers
from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.identities import (
    Anchor,
    Mark,
    Member,
    SeenFace,
    Track,
    TrackRef,
    add_marks,
    cluster_members,
    leave_clusters,
    live_marks,
    lock_people,
    move_to_cluster,
    read_tracks,
    revoke_marks,
    stored_labels,
)
from vsearch_pipeline.catalog.library import (
    GENDER_SAID,
    Gender,
    PersonRecord,
    PersonSummary,
    ensure_person,
    list_people,
    merge_person,
    set_gender,
    summarize_people,
)
from vsearch_pipeline.catalog.segments import segments_of_people
from vsearch_pipeline.catalog.videos import Door, get_video, log_operation
from vsearch_pipeline.editing.marks import marks_by_track, verdict
from vsearch_pipeline.editing.refresh import refresh_search_of
from vsearch_pipeline.errors import InputError, NotFoundError
from vsearch_pipeline.people.clustering import break_apart
from vsearch_pipeline.people.prior import prior_of

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


@dataclass(frozen=True, slots=True)
class Naming:
    """A cluster that got a name; `new` where the library did not know the person."""

    person: PersonRecord
    new: bool
    tracks: tuple[TrackRef, ...]


@dataclass(frozen=True, slots=True)
class Merging:
    """Two clusters that became one, or two people."""

    into: int | PersonRecord
    tracks: int


@dataclass(frozen=True, slots=True)
class Rejection:
    track: TrackRef
    person: PersonRecord


class PeopleService:
    """Edits of people through one door.

    Args:
        embedding_model: whose vectors clusters are compared by.
        step_ms: time between two looked-at frames: how far a mark may be from its face.
    """

    def __init__(self, catalog: Catalog, *, embedding_model: str, step_ms: int, actor: str, door: Door) -> None:
        self.catalog = catalog
        self.embedding_model = embedding_model
        self.step_ms = step_ms
        self.actor = actor
        self.door = door

    # --- looking

    def people(self) -> list[PersonSummary]:
        """Everybody with a name, by group and name."""
        with self.catalog.begin() as connection:
            return summarize_people(connection, self.embedding_model)

    def clusters(self) -> list[ClusterSummary]:
        """The unknown people, the one with most tracks first."""
        with self.catalog.begin() as connection:
            return summarize_clusters(connection, self.embedding_model)

    # --- editing

    def name_cluster(self, cluster: int, name: str, group: str | None = None) -> Naming:
        """Say who the people of a cluster are: a known person by name, alias or `GROUP/NAME`, else somebody new.

        Raises:
            NotFoundError: there is no such cluster.
            InputError: the cluster is out of date, several people have that name, or the name is empty.
        """
        with self._editing() as connection:
            return self._name_cluster(connection, cluster, name, group)

    def name_track(self, track: TrackRef, name: str, group: str | None = None) -> Naming:
        """Say who a single track is, whatever it was taken for; otherwise as `name_cluster`.

        Raises:
            NotFoundError: there is no such video or track.
            InputError: several people have that name, or the name is empty.
        """
        with self._editing() as connection:
            found = self._track(connection, track)
            return self._name(connection, {track: found.anchor}, name, group, {"track": str(track)})

    def merge(self, first: str, second: str) -> Merging:
        """Say that two are one: two clusters, a cluster and a person, or a person and the one they turn out to be.

        Args:
            first: number of a cluster, or a person's name; of two people, the one whose name becomes an alias.
            second: the same; of two people, the one who stays.

        Raises:
            NotFoundError: there is no such cluster or person.
            InputError: both are the same, or as for `name_cluster`.
        """
        with self._editing() as connection:
            one, other = (_cluster_or_name(connection, text.strip()) for text in (first, second))
            if isinstance(one, int) and isinstance(other, int):
                return self._merge_clusters(connection, one, other)
            if isinstance(one, int) or isinstance(other, int):
                cluster, name = (one, other) if isinstance(one, int) else (other, one)
                person = _existing(connection, str(name))
                naming = self._name_cluster(connection, int(cluster), person.name, person.group)
                return Merging(naming.person, len(naming.tracks))
            return self._merge_people(connection, one, other)

    def split(self, cluster: int, tracks: Sequence[TrackRef] = ()) -> tuple[int, ...]:
        """Take a cluster apart: the given tracks from the rest, or where none is given where it holds least.

        Returns:
            the numbers of the parts, the one that keeps the old number first.

        Raises:
            NotFoundError: there is no such cluster, or a track is not in it.
            InputError: the cluster is out of date, or cannot be taken apart that way.
        """
        with self._editing() as connection:
            members = _present(connection, cluster)
            refs = [member.ref for member in members]
            if tracks:
                strangers = [str(ref) for ref in tracks if ref not in refs]
                if strangers:
                    raise NotFoundError(f"Not in cluster {cluster}: {', '.join(strangers)}.")
                parts = [[ref for ref in refs if ref not in tracks], [ref for ref in refs if ref in tracks]]
            else:
                parts = self._weakest(connection, refs)
            if len(parts) < 2 or not all(parts):
                raise InputError(
                    f"Cluster {cluster} has {len(refs)} tracks: leave at least one of them out of the split."
                    if tracks
                    else f"The {len(refs)} tracks of cluster {cluster} are too alike: say which ones to take out."
                )
            parts.sort(key=lambda part: (-len(part), part[0]))
            anchors = {member.ref: member.anchor for member in members}
            groups = take_numbers(connection, "face group", len(parts))
            numbers = [cluster, *take_numbers(connection, "cluster", len(parts) - 1)]
            operation = self._log(
                connection,
                "people.split",
                before={"cluster": cluster, "tracks": _texts(refs)},
                after={"clusters": {str(n): _texts(part) for n, part in zip(numbers, parts, strict=True)}},
            )
            old = self._marks_on(connection, refs)
            for number, group, part in zip(numbers, groups, parts, strict=True):
                revoke_marks(connection, operation, _of_kind(old, part, "group"))
                add_marks(connection, operation, "group", [anchors[ref] for ref in part], group_id=group)
                move_to_cluster(connection, part, number)
            return tuple(numbers)

    def reject(self, track: TrackRef, name: str | None = None) -> Rejection:
        """Say that a track is not somebody: by default the person it is taken for now.

        Raises:
            NotFoundError: there is no such video, track or person.
            InputError: the track has no name to take away, or several people have that name.
        """
        with self._editing() as connection:
            found = self._track(connection, track)
            marks = self._marks_on(connection, [track]).get(track, [])
            if name is not None:
                person = _existing(connection, name)
            else:
                label = stored_labels(connection, track.video_id).get(track.index)
                said = verdict(marks)
                shown = said.person_id or (label.person_id if label else None)
                if shown is None or shown in said.excluded:
                    raise InputError(f"{track} has no name to take away: say who it is not with --person.")
                person = next(person for person in list_people(connection) if person.id == shown)
            contradicted = [mark for mark in marks if mark.kind == "is" and mark.person_id == person.id]
            operation = self._log(
                connection,
                "people.reject",
                before={"track": str(track), "named": bool(contradicted)},
                after={"track": str(track), "is_not": person.id, "name": str(person)},
            )
            revoke_marks(connection, operation, contradicted)
            if not any(mark.kind == "is_not" and mark.person_id == person.id for mark in marks):
                add_marks(connection, operation, "is_not", [found.anchor], person_id=person.id)
            return Rejection(track, person)

    def set_gender(self, name: str, gender: Gender | None, group: str | None = None) -> PersonRecord:
        """Say what a person's gender is, which puts gender words of captions right; None takes it back.

        What is said here counts more than the gallery's list from then on.

        Raises:
            NotFoundError: there is no such person.
            InputError: several people have that name.
        """
        with self._editing() as connection:
            person = _existing(connection, name, group)
            set_gender(connection, person.id, gender)
            self._log(
                connection,
                GENDER_SAID,
                before={"gender": person.gender},
                after={"person": person.id, "name": str(person), "gender": gender},
            )
            return replace(person, gender=gender)

    # --- parts

    @contextmanager
    def _editing(self) -> Iterator[Connection]:
        with self.catalog.begin() as connection:
            lock_people(connection)
            yield connection

    def _log(self, connection: Connection, kind: str, *, before: dict[str, Any], after: dict[str, Any]) -> int:
        return log_operation(connection, actor=self.actor, door=self.door, kind=kind, before=before, after=after)

    def _name_cluster(self, connection: Connection, cluster: int, name: str, group: str | None) -> Naming:
        anchors = {member.ref: member.anchor for member in _present(connection, cluster)}
        return self._name(connection, anchors, name, group, {"cluster": cluster, "tracks": _texts(anchors)})

    def _name(
        self,
        connection: Connection,
        anchors: Mapping[TrackRef, Anchor],
        name: str,
        group: str | None,
        before: dict[str, Any],
    ) -> Naming:
        known = _candidates(connection, name, group)
        if len(known) > 1:
            raise _ambiguous(name, known)
        if known:
            [person] = known
        else:
            group, name = _new_name(name, group)
            person_id = ensure_person(connection, group, name)
            person = next(person for person in list_people(connection) if person.id == person_id)
        refs = list(anchors)
        marks = self._marks_on(connection, refs)
        revoked = [mark for own in marks.values() for mark in own if _contradicts(mark, person.id)]
        operation = self._log(
            connection,
            "people.name",
            before=before,
            after={"person": person.id, "name": str(person), "new": not known},
        )
        revoke_marks(connection, operation, revoked)
        named = {
            ref
            for ref, own in marks.items()
            if any(mark.kind == "is" and mark.person_id == person.id for mark in own)
        }
        marked = [anchor for ref, anchor in anchors.items() if ref not in named]
        add_marks(connection, operation, "is", marked, person_id=person.id)
        leave_clusters(connection, refs)
        return Naming(person, not known, tuple(refs))

    def _merge_clusters(self, connection: Connection, first: int, second: int) -> Merging:
        if first == second:
            raise InputError(f"Cluster {first} cannot be merged with itself.")
        kept, gone = _present(connection, first), _present(connection, second)
        members = [*kept, *gone]
        refs = [member.ref for member in members]
        old_groups = {
            mark.group_id
            for own in self._marks_on(connection, refs).values()
            for mark in own
            if mark.kind == "group"
        }
        # also the marks whose faces no run finds now: they belong with these when they come back
        old = [mark for mark in live_marks(connection) if mark.kind == "group" and mark.group_id in old_groups]
        marked = {mark.anchor for mark in old}
        anchors = [mark.anchor for mark in old]
        anchors += [member.anchor for member in members if member.anchor not in marked]
        [group] = take_numbers(connection, "face group", 1)
        operation = self._log(
            connection,
            "people.merge_clusters",
            before={str(first): _texts(m.ref for m in kept), str(second): _texts(m.ref for m in gone)},
            after={"cluster": first},
        )
        revoke_marks(connection, operation, old)
        add_marks(connection, operation, "group", anchors, group_id=group)
        move_to_cluster(connection, [member.ref for member in gone], first)
        return Merging(first, len(members))

    def _merge_people(self, connection: Connection, first: str, second: str) -> Merging:
        person, into = _existing(connection, first), _existing(connection, second)
        if person.id == into.id:
            raise InputError(f"{first} and {second} are already the same person.")
        tracks = next(
            s.tracks for s in summarize_people(connection, self.embedding_model) if s.person.id == person.id
        )
        moved = merge_person(connection, person.id, into.id)
        refresh_search_of(connection, segments_of_people(connection, moved))
        self._log(
            connection,
            "people.merge",
            before={"person": person.id, "name": str(person), "aliases": list(into.aliases), "moved": moved},
            after={"person": into.id, "name": str(into)},
        )
        return Merging(into, tracks)

    def _weakest(self, connection: Connection, refs: Sequence[TrackRef]) -> list[list[TrackRef]]:
        looks = {track.ref: track.look for track in self._tracks(connection, {ref.video_id for ref in refs})}
        means = np.stack([looks[ref] for ref in refs])
        lowest = prior_of(self.embedding_model).same_person_cosine
        return [[refs[i] for i in part.tracks] for part in break_apart(means, lowest)]

    def _tracks(self, connection: Connection, videos: Iterable[str]) -> list[Track]:
        return [
            track for video in sorted(videos) for track in read_tracks(connection, video, self.embedding_model)
        ]

    def _track(self, connection: Connection, ref: TrackRef) -> Track:
        get_video(connection, ref.video_id)
        for track in read_tracks(connection, ref.video_id, self.embedding_model):
            if track.index == ref.index:
                return track
        raise NotFoundError(f"There is no track {ref}: `vsearch people list --unknown` shows the ones there are.")

    def _marks_on(self, connection: Connection, refs: Sequence[TrackRef]) -> dict[TrackRef, list[Mark]]:
        """Live marks of the given tracks, in the order in which they were made."""
        found: dict[TrackRef, list[Mark]] = {}
        for video_id in sorted({ref.video_id for ref in refs}):
            tracks = read_tracks(connection, video_id, self.embedding_model)
            marks = marks_by_track(live_marks(connection, video_id), tracks, self.step_ms)
            found |= {ref: own for index, own in marks.items() if (ref := TrackRef(video_id, index)) in refs}
        return found


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


def _present(connection: Connection, cluster: int) -> list[Member]:
    members = cluster_members(connection, cluster)
    if not members:
        raise NotFoundError(
            f"There is no cluster {cluster} of unknown people: `vsearch people list --unknown` shows them."
        )
    stale = sorted({member.ref.video_id for member in members if member.out_of_date})
    if stale:
        raise InputError(
            f"Cluster {cluster} is out of date, since the faces of {', '.join(stale)} were found anew:"
            " run `vsearch people gather`, then look at it again."
        )
    return members


def _cluster_or_name(connection: Connection, text: str) -> int | str:
    """A number is a cluster's, unless only a person is called that."""
    if text.isascii() and text.isdigit():
        number = int(text)
        if cluster_members(connection, number) or not _candidates(connection, text, None):
            return number
    return text


def _candidates(connection: Connection, name: str, group: str | None) -> list[PersonRecord]:
    """People of that name: by `GROUP/NAME`, else by name, else by what else they are called."""
    wanted = _folded(name)
    people = [p for p in list_people(connection) if group is None or _folded(p.group or "") == _folded(group)]
    for names in (
        lambda person: [str(person)],
        lambda person: [person.name],
        lambda person: [person.display or "", *person.aliases],
    ):
        found = [person for person in people if wanted in map(_folded, names(person))]
        if found:
            return found
    return []


def _existing(connection: Connection, name: str, group: str | None = None) -> PersonRecord:
    found = _candidates(connection, name, group)
    if not found:
        raise NotFoundError(f"Nobody is called {name!r}: `vsearch people list` shows who there is.")
    if len(found) > 1:
        raise _ambiguous(name, found)
    return found[0]


def _ambiguous(name: str, found: Sequence[PersonRecord]) -> InputError:
    repeated = Counter(map(str, found))
    texts = [f"{person} ({person.id})" if repeated[str(person)] > 1 else str(person) for person in found]
    return InputError(f"{name!r} can be {' or '.join(texts)}: write GROUP/NAME.")


def _new_name(name: str, group: str | None) -> tuple[str | None, str]:
    """Group and name of somebody new, composed (NFC)."""
    if group is None and "/" in name:
        group, _, name = name.partition("/")
    group, name = (unicodedata.normalize("NFC", text or "").strip() for text in (group, name))
    if not name or "/" in name:
        raise InputError("A person needs a name: write NAME, or GROUP/NAME.")
    return group or None, name


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _of_kind(marks: dict[TrackRef, list[Mark]], refs: Iterable[TrackRef], kind: str) -> list[Mark]:
    return [mark for ref in refs for mark in marks.get(ref, ()) if mark.kind == kind]


def _contradicts(mark: Mark, person_id: int) -> bool:
    """Whether a mark speaks against the face being that person."""
    return mark.kind != "group" and (mark.kind == "is") != (mark.person_id == person_id)


def _texts(refs: Iterable[TrackRef]) -> list[str]:
    return [str(ref) for ref in refs]
