"""What naming every track again would change, before anything is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.identities import (
    TrackRef,
    live_marks,
    read_tracks,
    stored_labels,
    tracks_marks,
    video_titles,
)
from vsearch_pipeline.catalog.library import PersonRecord, merged_people, people_by_id, promoted_classifier
from vsearch_pipeline.editing.labelling import label_tracks
from vsearch_pipeline.editing.marks import verdicts
from vsearch_pipeline.editing.training import propose_classifier
from vsearch_pipeline.people.classifier import PersonClassifier
from vsearch_pipeline.people.embedding import FaceEmbedder
from vsearch_pipeline.timeline import TimeRange


@dataclass(frozen=True, slots=True)
class LabelChange:
    """A track that would get another name; `was` and `then` are None for nobody known."""

    track: TrackRef
    title: str
    span: TimeRange
    was: PersonRecord | None
    then: PersonRecord | None
    confidence: float
    decided_by: str

    @property
    def before(self) -> str | None:
        return str(self.was) if self.was else None

    @property
    def after(self) -> str | None:
        return str(self.then) if self.then else None


@dataclass(frozen=True, slots=True)
class RelabelPreview:
    """What a relabel would change.

    Attributes:
        changes: by video and track.
        videos: how many videos have tracks at all.
        kept: why the classifier in use stays, None where a newly trained one takes over.
    """

    changes: tuple[LabelChange, ...]
    videos: int
    kept: str | None

    @property
    def per_video(self) -> dict[str, int]:
        """Changes by video id, in order."""
        return dict(Counter(change.track.video_id for change in self.changes))

    @property
    def per_person(self) -> dict[str, tuple[int, int]]:
        """Tracks that each person gains and loses, by name."""
        gained = Counter(change.after for change in self.changes if change.after)
        lost = Counter(change.before for change in self.changes if change.before)
        return {name: (gained[name], lost[name]) for name in sorted(gained | lost)}


def relabel_preview(
    catalog: Catalog,
    embedder: FaceEmbedder,
    step_ms: int,
    on_video: Callable[[int, int], None] = lambda _done, _of: None,
) -> RelabelPreview:
    """Label every track with a classifier trained in memory on today's photos and corrections; writes nothing.

    Args:
        embedder: only what it is called is asked of it.
        on_video: called with how many videos are done, and of how many; with 0 when the classifier is trained.
    """
    with catalog.begin() as connection:
        candidate = propose_classifier(connection, embedder, step_ms)
        classifier = candidate.classifier
        in_use = promoted_classifier(connection, embedder.name)
        if candidate.worse and in_use:
            classifier = PersonClassifier.restore(in_use.description, in_use.parameters)
        people = people_by_id(connection)
        merged = merged_people(connection)
        titles = video_titles(connection)
        videos = list(tracks_marks(connection))
        groups = {person.id: person.group for person in people.values()}
        changes = []
        for done, video_id in enumerate(videos):
            on_video(done, len(videos))
            tracks = read_tracks(connection, video_id, embedder.name)
            said = verdicts(live_marks(connection, video_id), tracks, step_ms)
            labels = label_tracks(classifier, tracks, said, merged=merged, groups=groups)
            stored = stored_labels(connection, video_id)
            for track, label in zip(tracks, labels, strict=True):
                before = stored[track.index].person_id if track.index in stored else None
                if label.person_id != before:
                    changes.append(
                        LabelChange(
                            track.ref,
                            titles[video_id],
                            track.span,
                            people[before] if before is not None else None,
                            people[label.person_id] if label.person_id is not None else None,
                            label.confidence,
                            label.decided_by,
                        )
                    )
    return RelabelPreview(tuple(changes), len(videos), candidate.worse)
