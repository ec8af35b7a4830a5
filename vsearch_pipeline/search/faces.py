"""Search by face: a photo in, everywhere its face is on screen out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vsearch_pipeline.catalog.database import Catalog, open_catalog
from vsearch_pipeline.catalog.identities import TrackRef
from vsearch_pipeline.catalog.library import PersonRecord
from vsearch_pipeline.catalog.retrieval import ensure_face_index, near_tracks, shown_tracks
from vsearch_pipeline.errors import InputError
from vsearch_pipeline.people.detection import FaceDetector
from vsearch_pipeline.people.embedding import FaceEmbedder
from vsearch_pipeline.people.photo_faces import faces_in_photos, read_photo
from vsearch_pipeline.people.records import Image, Vectors
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.timeline import TimeRange


@dataclass(frozen=True, slots=True)
class Appearance:
    """A track that shows the face; `similarity` is the cosine of its most alike face, `person` its label now."""

    track: TrackRef
    title: str
    span: TimeRange
    similarity: float
    person: PersonRecord | None


class FaceSearch:
    """Finds where a face is on screen.

    Args:
        threshold: lowest cosine between the photo's face and one of a track's, -1..1; the `same_person_cosine`
            of the embedder's prior.
    """

    def __init__(self, catalog: Catalog, detector: FaceDetector, embedder: FaceEmbedder, threshold: float) -> None:
        self.catalog = catalog
        self.detector = detector
        self.embedder = embedder
        self.threshold = threshold

    def search(self, photo: Path | Image) -> list[Appearance]:
        """Every appearance of the largest clear face of a photo, the most alike first.

        Args:
            photo: a JPEG, PNG or WebP file, or (height, width, 3) uint8 RGB.

        Raises:
            InputError: the photo cannot be read, or shows no face that is large and clear enough.
        """
        name = photo.name if isinstance(photo, Path) else "The photo"
        try:
            image = read_photo(photo) if isinstance(photo, Path) else photo
        except InputError as error:
            raise InputError(f"{name}: {error}.") from error
        [faces] = faces_in_photos([image], self.detector, self.embedder, [None])
        if not faces:
            raise InputError(f"{name}: no face was found in it.")
        if not faces[0].usable:
            raise InputError(f"{name}: its faces are too small, blurred or turned away.")
        return self.search_vector(faces[0].vector)

    def search_vector(self, vector: Vectors) -> list[Appearance]:
        """The same for a face that is embedded already, (dim,) of length 1."""
        with self.catalog.begin() as connection:
            ensure_face_index(connection, self.embedder.name, self.embedder.dim)
            near = near_tracks(
                connection, model=self.embedder.name, vector=vector.tolist(), threshold=self.threshold
            )
            shown = shown_tracks(connection, [(found.video_id, found.track_index) for found in near])
        return [
            Appearance(TrackRef(*key), row.title, row.span, round(found.similarity, 4), row.person)
            for found in near
            if (key := (found.video_id, found.track_index)) in shown and (row := shown[key])
        ]


def open_face_search(settings: Settings) -> FaceSearch:
    """The search by face with the models of the settings.

    Raises:
        ModelUnavailableError: a model is not here.
    """
    from vsearch_pipeline.people.prior import prior_of
    from vsearch_pipeline.people.registry import load_face_detector, load_face_embedder

    embedder = load_face_embedder(settings.face_embedder, settings.onnx_providers)
    detector = load_face_detector(settings.face_detector, settings.onnx_providers)
    return FaceSearch(open_catalog(settings), detector, embedder, prior_of(embedder.name).same_person_cosine)


def appearances_as_json(found: Sequence[Appearance]) -> list[dict[str, object]]:
    """The appearances as plain data: what `vsearch search --face --json` prints."""
    return [
        {
            "video": item.track.video_id,
            "title": item.title,
            "track": str(item.track),
            "start_ms": item.span.start_ms,
            "end_ms": item.span.end_ms,
            "similarity": item.similarity,
            "person": item.person.name if item.person else None,
            "group": item.person.group if item.person else None,
        }
        for item in found
    ]
