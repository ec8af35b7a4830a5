"""Opening what edits need, for the doors: command line, page, Slack."""

from __future__ import annotations

from functools import cache

from vsearch_pipeline.catalog.database import open_catalog
from vsearch_pipeline.catalog.operations import Door
from vsearch_pipeline.editing.transaction import Editor
from vsearch_pipeline.language.embedding import SentenceEmbedder, load_sentence_embedder
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
