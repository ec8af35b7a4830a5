"""The text model that answers, loaded in this process: the library says which, whatever the settings say."""

from __future__ import annotations

import logging
from functools import lru_cache

from vsearch_pipeline.catalog.text_models import Answering
from vsearch_pipeline.errors import ModelUnavailableError
from vsearch_pipeline.language.embedding import SentenceEmbedder, load_sentence_embedder

_LOG = logging.getLogger(__name__)


@lru_cache(maxsize=1)
def _other(source: str) -> SentenceEmbedder | None:
    """A model beside that of the settings, one a process; None where it cannot be loaded any more."""
    try:
        embedder = load_sentence_embedder(source)
        embedder.embed([""])  # what is missing is found out here
    except ModelUnavailableError as error:
        _LOG.warning("%s cannot answer any more, the model of the settings does: %s", source, error)
        return None
    return embedder


class TextModels:
    """Hands out the model that answers.

    Args:
        own: the model of the settings. It answers where the library names none yet, and where the one that it
            names cannot be loaded.
    """

    def __init__(self, own: SentenceEmbedder) -> None:
        self.own = own

    def of(self, answering: Answering | None) -> SentenceEmbedder:
        """The embedder of a model; the first call for another than one's own loads it."""
        if answering is None or answering.model == self.own.name:
            return self.own
        return _other(answering.source) or self.own
