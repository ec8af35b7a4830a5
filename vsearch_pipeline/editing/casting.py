"""Who is who right now: the names that runs gave faces, with what people said since laid over them."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Final, Literal

from sqlalchemy import Connection

from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.identities import Mark, TrackRef, live_marks, read_tracks, tracks_marks, video_titles
from vsearch_pipeline.catalog.library import PersonRecord, list_people, merged_people, people_by_id
from vsearch_pipeline.catalog.locks import lock_people
from vsearch_pipeline.catalog.sightings import (
    ClusterSize,
    FacesMark,
    LabelledTrack,
    MomentCount,
    Sighting,
    clearest_first,
    cluster_sizes,
    faces_mark,
    label_of_tracks,
    labelled_tracks,
    likely_people,
    moment_counts,
    photo_counts,
    read_sightings,
    tracks_of_clusters,
    unsorted_tracks,
)
from vsearch_pipeline.editing.called import existing
from vsearch_pipeline.editing.clusters import gather_clusters
from vsearch_pipeline.editing.marks import TrackFinder, Verdict, marks_by_track, verdict

FaceOrder = Literal["video", "doubt"]
"""`video`: as they come in each video; `doubt`: those that the classifier is least sure of first."""

PORTRAITS: Final = 6
"""Tracks of a person among which the clearest face is looked for."""
LIKELY: Final = 0.1
"""Least mean confidence, over the tracks of a cluster, at which somebody is suggested for it."""
SUGGESTED: Final = 2
_KEPT_VIDEOS: Final = 64


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """Somebody with a name.

    Attributes:
        photos: how many are learnt from.
        tracks: faces that are theirs, in how many `videos` and for how many `seconds`.
        moments: that search finds, in how many videos; those of imported catalogues have no faces.
        face: their clearest face in a video.
    """

    person: PersonRecord
    photos: int
    tracks: int
    videos: int
    seconds: float
    moments: MomentCount
    face: Sighting | None


@dataclass(frozen=True, slots=True)
class PersonFace:
    """A face of somebody; `said` where a person said so, else `confidence` (0..1) is the classifier's."""

    sighting: Sighting
    confidence: float
    said: bool


@dataclass(frozen=True, slots=True)
class PersonSheet:
    """Everything there is to see of a person.

    Attributes:
        faces: some of their faces.
        in_videos: how many faces they have in each video, by id.
        taken_out: faces of which people said that they are not this person.
    """

    known: KnownPerson
    faces: tuple[PersonFace, ...]
    in_videos: Mapping[str, int]
    taken_out: tuple[Sighting, ...]


@dataclass(frozen=True, slots=True)
class UnknownCluster:
    """Faces of one unknown person: the clearest of each of the first tracks, the best first.

    Attributes:
        likely: who the classifier thinks of, and nobody has ruled out.
    """

    size: ClusterSize
    faces: tuple[Sighting, ...]
    likely: tuple[PersonRecord, ...]


@dataclass(frozen=True, slots=True)
class UnknownPeople:
    """Some of the clusters.

    Attributes:
        total: how many there are.
        left: how many of them are wanted.
    """

    clusters: tuple[UnknownCluster, ...]
    total: int
    left: int


@dataclass(frozen=True, slots=True)
class _Named:
    ref: TrackRef
    duration_ms: int
    start_ms: int
    confidence: float
    said: bool


@dataclass(frozen=True, slots=True)
class _Cast:
    """Who is who at one time; `mark` tells that time.

    Attributes:
        tracks: of each person.
        out: tracks that people said are not this person, by person.
        excluded: who a track is not, of tracks that are nobody's.
        by_hand: tracks of which people said who they are.
        pending: how many tracks are somebody else than runs wrote.
        portraits: the clearest face of each person, filled in when it is asked for.
    """

    mark: FacesMark
    tracks: Mapping[int, Sequence[_Named]]
    out: Mapping[int, Sequence[TrackRef]]
    excluded: Mapping[TrackRef, frozenset[int]]
    by_hand: frozenset[TrackRef]
    pending: int
    moments: Mapping[int, MomentCount]
    portraits: dict[int, Sighting | None] = field(default_factory=dict)


class Casting:
    """Reads who is who, for the doors that show faces; one a process, since it keeps what it has read.

    Args:
        embedding_model: of whose vectors photos are counted.
        step_ms: how far a mark may be from its face.
    """

    def __init__(self, catalog: Catalog, *, embedding_model: str, step_ms: int) -> None:
        self._catalog = catalog
        self._model = embedding_model
        self._step_ms = step_ms
        self._words = _Words(step_ms)
        self._lock = Lock()
        self._last: _Cast | None = None
        self._labelled: tuple[str, dict[TrackRef, LabelledTrack]] | None = None

    def people(self) -> list[KnownPerson]:
        """Everybody with a name, by group and name."""
        with self._catalog.begin() as connection:
            people = list_people(connection)
            known = self._known(connection, people)
        return sorted(known, key=lambda each: (each.person.group or "", each.person.name, each.person.id))

    def person(self, who: int, *, order: FaceOrder = "video", limit: int = 200) -> PersonSheet:
        """Somebody with their faces.

        Raises:
            NotFoundError: there is nobody like that.
        """
        with self._catalog.begin() as connection:
            person = existing(connection, who)
            cast = self._cast(connection)
            [known] = self._known(connection, [person])
            own = cast.tracks.get(person.id, ())
            if order == "doubt":
                ordered = sorted(own, key=lambda each: (each.said, each.confidence, each.ref))
            else:
                titles = video_titles(connection)
                ordered = sorted(
                    own, key=lambda each: (titles[each.ref.video_id], each.ref.video_id, each.start_ms, each.ref)
                )
            shown = {each.ref: each for each in ordered[:limit]}
            faces = [
                PersonFace(seen, shown[seen.ref].confidence, shown[seen.ref].said)
                for seen in read_sightings(connection, list(shown))
            ]
            out = read_sightings(connection, list(cast.out.get(person.id, ()))[:limit])
        counts: dict[str, int] = defaultdict(int)
        for each in ordered:
            counts[each.ref.video_id] += 1
        return PersonSheet(known, tuple(faces), counts, tuple(out))

    def unknown(
        self, *, limit: int, faces: int, skipped: Sequence[int] = (), only: int | None = None
    ) -> UnknownPeople:
        """The clusters of unknown people, those with most tracks first.

        Args:
            limit: how many clusters.
            faces: how many faces of each.
            skipped: numbers of clusters that are left out.
            only: the one cluster that is wanted, with all of its faces.
        """
        with self._catalog.begin() as connection:
            sizes = cluster_sizes(connection)
            aside = set(skipped)
            wanted = [
                size for size in sizes if (size.cluster == only if only is not None else size.cluster not in aside)
            ]
            shown = wanted[:limit]
            tracks = tracks_of_clusters(connection, [size.cluster for size in shown])
            clearest: dict[int, list[TrackRef]] = defaultdict(list)
            cluster_of = {ref: cluster for cluster, own in tracks.items() for ref in own}
            for ref in clearest_first(connection, list(cluster_of)):
                if len(clearest[cluster_of[ref]]) < (faces if only is None else len(cluster_of)):
                    clearest[cluster_of[ref]].append(ref)
            seen = {
                sighting.ref: sighting
                for sighting in read_sightings(connection, [ref for own in clearest.values() for ref in own])
            }
            likely = self._likely(connection, shown, tracks)
        return UnknownPeople(
            tuple(
                UnknownCluster(
                    size,
                    tuple(seen[ref] for ref in clearest[size.cluster] if ref in seen),
                    likely[size.cluster],
                )
                for size in shown
            ),
            len(sizes),
            len(wanted),
        )

    def unsorted(self) -> int:
        """How many faces without a name are in no cluster yet."""
        with self._catalog.begin() as connection:
            found = unsorted_tracks(connection, self._model)
            by_hand = self._cast(connection).by_hand if found else ()
        return sum(ref not in by_hand for ref in found)

    def gather(self) -> None:
        """Sort the faces without a name anew; clusters go on with their numbers."""
        with self._catalog.begin() as connection:
            lock_people(connection)
            gather_clusters(connection, self._model, self._step_ms)

    def clusters(self) -> int:
        """How many unknown people there are."""
        with self._catalog.begin() as connection:
            return len(cluster_sizes(connection))

    def sightings(self, refs: Sequence[TrackRef]) -> dict[TrackRef, Sighting]:
        """Those of these tracks that are there."""
        with self._catalog.begin() as connection:
            return {seen.ref: seen for seen in read_sightings(connection, refs)}

    def portraits(self, people: Sequence[int]) -> Mapping[int, Sighting | None]:
        """The clearest face of each of these people who has one in a video."""
        with self._catalog.begin() as connection:
            return self._portraits(connection, self._cast(connection), people)

    def mark(self) -> FacesMark:
        """Of who is who now."""
        with self._catalog.begin() as connection:
            return faces_mark(connection)

    def pending(self) -> int:
        """How many faces are by now somebody else than the videos say, until they are named again."""
        with self._catalog.begin() as connection:
            return self._cast(connection).pending

    def _likely(
        self, connection: Connection, shown: Sequence[ClusterSize], tracks: Mapping[int, Sequence[TrackRef]]
    ) -> dict[int, tuple[PersonRecord, ...]]:
        people = people_by_id(connection)
        excluded = self._cast(connection).excluded
        found = likely_people(connection, [size.cluster for size in shown])
        return {
            size.cluster: tuple(
                people[guess.person_id]
                for guess in found.get(size.cluster, ())
                if guess.weight >= LIKELY * size.tracks
                and guess.person_id in people
                and not any(guess.person_id in excluded.get(ref, ()) for ref in tracks[size.cluster])
            )[:SUGGESTED]
            for size in shown
        }

    def _known(self, connection: Connection, people: Sequence[PersonRecord]) -> list[KnownPerson]:
        cast = self._cast(connection)
        photos = photo_counts(connection, self._model)
        portraits = self._portraits(connection, cast, [person.id for person in people])
        nothing = MomentCount(0, 0)
        return [
            KnownPerson(
                person,
                photos.get(person.id, 0),
                len(own),
                len({each.ref.video_id for each in own}),
                sum(each.duration_ms for each in own) / 1000,
                cast.moments.get(person.id, nothing),
                portraits.get(person.id),
            )
            for person in people
            for own in [cast.tracks.get(person.id, ())]
        ]

    def _portraits(self, connection: Connection, cast: _Cast, people: Sequence[int]) -> dict[int, Sighting | None]:
        missing = [person for person in people if person not in cast.portraits and cast.tracks.get(person)]
        tried = {
            each.ref: person
            for person in missing
            for each in sorted(cast.tracks[person], key=lambda each: (not each.said, -each.duration_ms, each.ref))[
                :PORTRAITS
            ]
        }
        best: dict[int, TrackRef] = {}
        for ref in clearest_first(connection, list(tried)) if tried else ():
            best.setdefault(tried[ref], ref)
        for sighting in read_sightings(connection, list(best.values())) if best else ():
            cast.portraits[tried[sighting.ref]] = sighting
        return cast.portraits

    def _cast(self, connection: Connection) -> _Cast:
        mark = faces_mark(connection)
        with self._lock:
            if self._last is None or self._last.mark != mark:
                self._last = self._read(connection, mark)
            return self._last

    def _read(self, connection: Connection, mark: FacesMark) -> _Cast:
        said = self._words.read(connection)
        merged = merged_people(connection)
        if self._labelled is None or self._labelled[0] != mark.runs:
            self._labelled = mark.runs, {track.ref: track for track in labelled_tracks(connection)}
        _, labelled = self._labelled
        unnamed = label_of_tracks(connection, [ref for ref in said if ref not in labelled]) if said else {}
        tracks: dict[int, list[_Named]] = defaultdict(list)
        out: dict[int, list[TrackRef]] = defaultdict(list)
        excluded: dict[TrackRef, frozenset[int]] = {}
        pending = 0
        for track in (*labelled.values(), *unnamed.values()):
            words = said.get(track.ref)
            label = merged.get(track.person_id, track.person_id) if track.person_id is not None else None
            person = label if words is None else _who(label, words)
            pending += person != label
            if person is not None:
                named = words is not None and words.person_id is not None
                span = track.span
                tracks[person].append(_Named(track.ref, span.duration_ms, span.start_ms, track.confidence, named))
            for other in words.excluded if words else ():
                out[other].append(track.ref)
            if words and person is None:
                excluded[track.ref] = words.excluded
        by_hand = frozenset(ref for ref, words in said.items() if words.person_id is not None)
        return _Cast(mark, tracks, out, excluded, by_hand, pending, moment_counts(connection))


def _who(label: int | None, words: Verdict) -> int | None:
    """Who a track is after what people said: until a run, nobody where they only ruled somebody out."""
    if words.person_id is not None:
        return words.person_id
    return None if label in words.excluded else label


class _Words:
    """What people said, by the track it lies on; only videos in which something changed are looked at again."""

    def __init__(self, step_ms: int) -> None:
        self._step_ms = step_ms
        self._finders: OrderedDict[tuple[str, str], TrackFinder] = OrderedDict()
        self._verdicts: dict[str, tuple[object, dict[TrackRef, Verdict]]] = {}

    def read(self, connection: Connection) -> dict[TrackRef, Verdict]:
        tracks = tracks_marks(connection)
        marks: dict[str, list[Mark]] = defaultdict(list)
        for mark in live_marks(connection):
            if mark.kind != "group" and mark.anchor.video_id in tracks:
                marks[mark.anchor.video_id].append(mark)
        verdicts = {}
        for video_id, own in marks.items():
            key = (tracks[video_id], [(mark.id, mark.person_id) for mark in own])
            known = self._verdicts.get(video_id)
            if known is None or known[0] != key:
                found = marks_by_track(own, self._finder(connection, video_id, tracks[video_id]))
                known = key, {TrackRef(video_id, index): verdict(said) for index, said in found.items()}
            verdicts[video_id] = known
        self._verdicts = verdicts
        return {ref: said for _, by_track in verdicts.values() for ref, said in by_track.items()}

    def _finder(self, connection: Connection, video_id: str, fingerprint: str) -> TrackFinder:
        key = (video_id, fingerprint)
        finder = self._finders.pop(key, None) or TrackFinder(
            read_tracks(connection, video_id, None), self._step_ms
        )
        self._finders[key] = finder
        while len(self._finders) > _KEPT_VIDEOS:
            self._finders.popitem(last=False)
        return finder
