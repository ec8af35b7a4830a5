"""Opening what edits need, for the doors: command line, page, Slack."""

from __future__ import annotations

from functools import cache

from vsearch_pipeline.catalog.database import Catalog, open_catalog
from vsearch_pipeline.catalog.operations import Door
from vsearch_pipeline.editing.casting import Casting
from vsearch_pipeline.editing.handing_in import PhotoService
from vsearch_pipeline.editing.people import PeopleService
from vsearch_pipeline.editing.transaction import Editor
from vsearch_pipeline.language.embedding import SentenceEmbedder, load_sentence_embedder
from vsearch_pipeline.people.embedding import FaceEmbedder
from vsearch_pipeline.people.registry import load_face_detector, load_face_embedder
from vsearch_pipeline.settings import Settings


def open_editor(settings: Settings, door: Door) -> Editor:
    """Edits of a library by the actor of the settings, through a door.

    Raises:
        VsearchError: the database or the text model is not available.
        InputError: the settings have no actor.
    """
    return Editor(open_catalog(settings), _embedder(settings.sentence_embedder), actor=settings.actor, door=door)


@cache
def _embedder(name: str) -> SentenceEmbedder:
    """One a process, however many people edit through it."""
    return load_sentence_embedder(name)


def open_people(settings: Settings, editor: Editor) -> PeopleService:
    """Edits of people by an editor.

    No weights are read for what the embedder is called, unless it is a pack of insightface.

    Raises:
        ModelUnavailableError: there is no such embedder.
    """
    return PeopleService(editor, embedding_model=face_embedder(settings).name, step_ms=step_ms(settings))


def open_casting(settings: Settings, catalog: Catalog) -> Casting:
    """Who is who in a library; the same errors as `open_people`."""
    return Casting(catalog, embedding_model=face_embedder(settings).name, step_ms=step_ms(settings))


def open_photos(settings: Settings, editor: Editor) -> PhotoService:
    """Photos of the gallery, for an editor; models are read when photos are judged."""
    detector = _face_detector(settings.face_detector, settings.onnx_providers)
    return PhotoService(editor, settings.gallery_dir, detector, face_embedder(settings), step_ms=step_ms(settings))


def face_embedder(settings: Settings) -> FaceEmbedder:
    """The embedder of the settings, one a process; its weights are read at first use."""
    return _face_embedder(settings.face_embedder, settings.onnx_providers)


def step_ms(settings: Settings) -> int:
    """Time between two frames that are looked at for faces."""
    return round(1000 / settings.faces_per_second)


_face_embedder = cache(load_face_embedder)
_face_detector = cache(load_face_detector)
