"""Edits of who a face is: tracks and clusters that are named, merged, split and rejected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection

from vsearch_pipeline.catalog.counters import take_numbers
from vsearch_pipeline.catalog.human import read_fields
from vsearch_pipeline.catalog.identities import (
    Anchor,
    Mark,
    Member,
    Track,
    TrackRef,
    cluster_members,
    live_marks,
    new_marks,
    read_tracks,
    stored_labels,
)
from vsearch_pipeline.catalog.library import PersonRecord
from vsearch_pipeline.catalog.operations import Subject
from vsearch_pipeline.catalog.videos import get_video
from vsearch_pipeline.editing.called import Who, existing
from vsearch_pipeline.editing.errors import InseparableError, OutdatedClusterError
from vsearch_pipeline.editing.marks import TrackFinder, marks_by_track, verdict
from vsearch_pipeline.editing.person_edits import known_or_new
from vsearch_pipeline.editing.transaction import Draft, Edit
from vsearch_pipeline.errors import InputError, NotFoundError
from vsearch_pipeline.people.clustering import break_apart
from vsearch_pipeline.people.prior import prior_of


@dataclass(frozen=True, slots=True)
class Naming:
    """Tracks that got a name; `new` where the library did not know the person, `operation` None where everything
    was like that already."""

    person: PersonRecord
    new: bool
    tracks: tuple[TrackRef, ...]
    operation: int | None


@dataclass(frozen=True, slots=True)
class Merging:
    """Two clusters that became one, or two people."""

    into: int | PersonRecord
    tracks: int
    operation: int | None


@dataclass(frozen=True, slots=True)
class Splitting:
    """The numbers of what a cluster was taken apart into, the one that keeps the old number first."""

    clusters: tuple[int, ...]
    operation: int | None


@dataclass(frozen=True, slots=True)
class Rejection:
    tracks: tuple[TrackRef, ...]
    person: PersonRecord
    operation: int | None


class FaceEdits:
    """What an edit under way does to faces; `PeopleService` says what each raises.

    Args:
        model: embedding model by whose vectors clusters are compared.
        step_ms: how far a mark may be from its face.
    """

    def __init__(self, edit: Edit, *, model: str, step_ms: int) -> None:
        self._edit = edit
        self._model = model
        self._step_ms = step_ms

    def name_cluster(self, cluster: int, who: Who, group: str | None) -> Naming:
        anchors = {member.ref: member.anchor for member in _present(self._edit.connection, cluster)}
        return self._name(anchors, who, group, {"cluster": cluster, "tracks": _texts(anchors)})

    def name_tracks(self, tracks: Sequence[TrackRef], who: Who, group: str | None) -> Naming:
        return self._name(self._anchors(tracks), who, group, {"tracks": _texts(tracks)})

    def _name(
        self, anchors: Mapping[TrackRef, Anchor], who: Who, group: str | None, about: dict[str, Any]
    ) -> Naming:
        connection = self._edit.connection
        person, new = known_or_new(connection, who, group)
        refs = list(anchors)
        marks = self._marks_on(refs)
        revoked = [mark for own in marks.values() for mark in own if _contradicts(mark, person.id)]
        named = {
            ref
            for ref, own in marks.items()
            if any(mark.kind == "is" and mark.person_id == person.id for mark in own)
        }
        unmarked = [anchor for ref, anchor in anchors.items() if ref not in named]
        done = self._edit.apply(
            Draft(
                "people.name",
                {
                    "person": {str(person.id): {"name": [person.group, person.name]}} if new else {},
                    "mark": _revoked(revoked),
                    "member": {str(ref): {"row": None} for ref in refs},
                },
                about={**about, "person": str(person), "new": new},
                subjects=_subjects(refs, revoked, person),
                marks=new_marks(connection, "is", unmarked, person_id=person.id),
            )
        )
        return Naming(person, new, tuple(refs), done.operation)

    def reject(self, track: TrackRef) -> Rejection:
        """That it is not who it is taken for now."""
        self._anchors([track])
        said = verdict(self._marks_on([track]).get(track, []))
        label = stored_labels(self._edit.connection, track.video_id).get(track.index)
        shown = said.person_id or (label.person_id if label else None)
        if shown is None or shown in said.excluded:
            raise InputError(f"{track} has no name to take away: say who it is not with --person.")
        return self.reject_all([track], shown)

    def reject_all(self, tracks: Sequence[TrackRef], who: Who) -> Rejection:
        connection = self._edit.connection
        anchors = self._anchors(tracks)
        person = existing(connection, who)
        marks = self._marks_on(tracks)
        about = [mark for own in marks.values() for mark in own if mark.person_id == person.id]
        contradicted = [mark for mark in about if mark.kind == "is"]
        known = {
            ref
            for ref, own in marks.items()
            if any(mark.kind == "is_not" and mark.person_id == person.id for mark in own)
        }
        unmarked = [anchor for ref, anchor in anchors.items() if ref not in known]
        done = self._edit.apply(
            Draft(
                "people.reject",
                {"mark": _revoked(contradicted)},
                about={"tracks": _texts(tracks), "person": str(person)},
                subjects=_subjects(tracks, contradicted, person),
                marks=new_marks(connection, "is_not", unmarked, person_id=person.id),
            )
        )
        return Rejection(tuple(tracks), person, done.operation)

    def merge_clusters(self, first: int, others: Sequence[int]) -> Merging:
        """The first keeps its number."""
        connection = self._edit.connection
        if first in others or not others:
            raise InputError(f"Cluster {first} cannot be merged with itself.")
        kept = _present(connection, first)
        gone = [member for other in dict.fromkeys(others) for member in _present(connection, other)]
        members = [*kept, *gone]
        refs = [member.ref for member in members]
        old_groups = {
            mark.group_id for own in self._marks_on(refs).values() for mark in own if mark.kind == "group"
        }
        # also the marks whose faces no run finds now: they belong with these when they come back
        old = [mark for mark in live_marks(connection) if mark.kind == "group" and mark.group_id in old_groups]
        marked = {mark.anchor for mark in old}
        anchors = [mark.anchor for mark in old]
        anchors += [member.anchor for member in members if member.anchor not in marked]
        [group] = take_numbers(connection, "face group", 1)
        done = self._edit.apply(
            Draft(
                "people.merge_clusters",
                {"mark": _revoked(old), "member": _moved(connection, {m.ref: first for m in gone})},
                about={"clusters": list(others), "into": first, "tracks": _texts(m.ref for m in gone)},
                subjects=_subjects(refs, old),
                marks=new_marks(connection, "group", anchors, group_id=group),
            )
        )
        return Merging(first, len(members), done.operation)

    def split(self, cluster: int, tracks: Sequence[TrackRef]) -> Splitting:
        connection = self._edit.connection
        members = _present(connection, cluster)
        refs = [member.ref for member in members]
        if tracks:
            strangers = [str(ref) for ref in tracks if ref not in refs]
            if strangers:
                raise NotFoundError(f"Not in cluster {cluster}: {', '.join(strangers)}.")
            parts = [[ref for ref in refs if ref not in tracks], [ref for ref in refs if ref in tracks]]
        else:
            parts = self._weakest(refs)
        if len(parts) < 2 or not all(parts):
            raise InseparableError(
                f"Cluster {cluster} has {len(refs)} tracks: leave at least one of them out of the split."
                if tracks
                else f"The {len(refs)} tracks of cluster {cluster} are too alike: say which ones to take out."
            )
        parts.sort(key=lambda part: (-len(part), part[0]))
        anchors = {member.ref: member.anchor for member in members}
        groups = take_numbers(connection, "face group", len(parts))
        numbers = (cluster, *take_numbers(connection, "cluster", len(parts) - 1))
        old = [m for own in self._marks_on(refs).values() for m in own if m.kind == "group"]
        done = self._edit.apply(
            Draft(
                "people.split",
                {
                    "mark": _revoked(old),
                    "member": _moved(
                        connection, {ref: n for n, part in zip(numbers, parts, strict=True) for ref in part}
                    ),
                },
                about={
                    "cluster": cluster,
                    "parts": {str(n): _texts(part) for n, part in zip(numbers, parts, strict=True)},
                },
                subjects=_subjects(refs, old),
                marks=[
                    mark
                    for group, part in zip(groups, parts, strict=True)
                    for mark in new_marks(connection, "group", [anchors[ref] for ref in part], group_id=group)
                ],
            )
        )
        return Splitting(numbers, done.operation)

    def _weakest(self, refs: Sequence[TrackRef]) -> list[list[TrackRef]]:
        looks = {track.ref: track.look for track in self._tracks({ref.video_id for ref in refs})}
        means = np.stack([looks[ref] for ref in refs])
        lowest = prior_of(self._model).same_person_cosine
        return [[refs[i] for i in part.tracks] for part in break_apart(means, lowest)]

    def _tracks(self, videos: Iterable[str]) -> list[Track]:
        return [
            track for video in sorted(videos) for track in read_tracks(self._edit.connection, video, self._model)
        ]

    def _anchors(self, refs: Sequence[TrackRef]) -> dict[TrackRef, Anchor]:
        """Where these tracks are; a NotFoundError where one is not there."""
        found: dict[TrackRef, Anchor] = {}
        for video_id in dict.fromkeys(ref.video_id for ref in refs):
            get_video(self._edit.connection, video_id)
            found |= {t.ref: t.anchor for t in read_tracks(self._edit.connection, video_id, None)}
        for ref in refs:
            if ref not in found:
                raise NotFoundError(
                    f"There is no track {ref}: `vsearch people list --unknown` shows the ones there are."
                )
        return {ref: found[ref] for ref in refs}

    def _marks_on(self, refs: Sequence[TrackRef]) -> dict[TrackRef, list[Mark]]:
        """Live marks of the given tracks, in the order in which they were made."""
        found: dict[TrackRef, list[Mark]] = {}
        wanted = set(refs)
        for video_id in sorted({ref.video_id for ref in refs}):
            tracks = read_tracks(self._edit.connection, video_id, None)
            marks = live_marks(self._edit.connection, video_id)
            on = marks_by_track(marks, TrackFinder(tracks, self._step_ms)) if marks else {}
            found |= {ref: own for index, own in on.items() if (ref := TrackRef(video_id, index)) in wanted}
        return found


def _present(connection: Connection, cluster: int) -> list[Member]:
    members = cluster_members(connection, cluster)
    if not members:
        raise NotFoundError(
            f"There is no cluster {cluster} of unknown people: `vsearch people list --unknown` shows them."
        )
    stale = sorted({member.ref.video_id for member in members if member.out_of_date})
    if stale:
        raise OutdatedClusterError(
            f"Cluster {cluster} is out of date, since the faces of {', '.join(stale)} were found anew:"
            " run `vsearch people gather`, then look at it again."
        )
    return members


def _contradicts(mark: Mark, person_id: int) -> bool:
    """Whether a mark speaks against the face being that person."""
    return mark.kind != "group" and (mark.kind == "is") != (mark.person_id == person_id)


def _revoked(marks: Iterable[Mark]) -> dict[str, dict[str, Any]]:
    return {str(mark.id): {"live": None} for mark in marks}


def _moved(connection: Connection, clusters: Mapping[TrackRef, int]) -> dict[str, dict[str, Any]]:
    """Fields that put tracks, which are in a cluster now, into another."""
    rows = read_fields(connection, "member", _texts(clusters))
    return {str(ref): {"row": [cluster, *rows[str(ref)]["row"][1:]]} for ref, cluster in clusters.items()}


def _subjects(
    refs: Iterable[TrackRef], revoked: Iterable[Mark], person: PersonRecord | None = None
) -> list[Subject]:
    """Whose history it belongs to: the videos, and the people of whom something is said or no longer said."""
    found: list[Subject] = [("video", ref.video_id) for ref in refs]
    found += [("video", mark.anchor.video_id) for mark in revoked]
    people = [mark.person_id for mark in revoked] + ([person.id] if person else [])
    return found + [("person", str(number)) for number in people if number is not None]


def _texts(refs: Iterable[TrackRef]) -> list[str]:
    return [str(ref) for ref in refs]
