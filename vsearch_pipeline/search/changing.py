"""Changing the text model while people search: the new one is written beside the old one, and takes over at once.

1. `VSEARCH_SENTENCE_EMBEDDER` names another model. Runs of `segment_embeddings` write its vectors; search goes on
   with the old one, and what is new or edited is written for it as before.
2. Each run asks at its end whether the new model has all that the old one has (`change_over`). What was edited
   since its video's turn is made up for then.
3. One row says that the new model answers. Every process reads it with its next search or edit.
4. The old vectors stay, so that the way back is as short, until somebody drops them (`drop_unused`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.locks import lock_names
from vsearch_pipeline.catalog.retrieval import drop_vector_index
from vsearch_pipeline.catalog.text_models import (
    Answering,
    Coverage,
    StoredModel,
    answer_with,
    answering_model,
    claim,
    coverage,
    drop_vectors,
    lacking_videos,
    lacking_words,
    owed_videos,
    stored_models,
)
from vsearch_pipeline.catalog.vocabulary import write_word_embeddings
from vsearch_pipeline.language.embedding import SentenceEmbedder
from vsearch_pipeline.search.documents import embed_segments, embed_videos, word_vectors

_ROUNDS: Final = 5
"""Of making up for edits while people go on editing; the last one holds them up until it is done."""
_TOGETHER: Final = 16
_WORDS: Final = 4096


def change_over(catalog: Catalog, embedder: SentenceEmbedder) -> bool:
    """Let a model answer from now on, if it has all that the one before has.

    That is: a vector of each text of a shown segment, and of each word, that the one before has a vector of.

    Returns:
        whether it took over now.
    """
    with catalog.begin() as connection:
        old = answering_model(connection)
        if old is None or claim(connection, embedder.name, embedder.source) is None:
            return False
        if owed_videos(connection, old.model, embedder.name):
            return False
    for _ in range(_ROUNDS):
        _make_up(catalog, embedder, old.model)
        taken = _take_over(catalog, embedder, old.model, patient=True)
        if taken is not None:
            return taken
    return bool(_take_over(catalog, embedder, old.model, patient=False))


def _make_up(catalog: Catalog, embedder: SentenceEmbedder, old: str) -> None:
    """Write what was edited since the model went through its video, and words that no video has any more."""
    with catalog.begin() as connection:
        videos = lacking_videos(connection, old, embedder.name)
    for start in range(0, len(videos), _TOGETHER):
        embed_videos(catalog, videos[start : start + _TOGETHER], embedder)
    while True:
        with catalog.begin() as connection:
            words = lacking_words(connection, old, embedder.name, _WORDS)
        if not words:
            return
        vectors = word_vectors(embedder, list(words.values()))
        with catalog.begin() as connection:
            write_word_embeddings(connection, embedder.name, dict(zip(words, vectors.tolist(), strict=True)))


def _take_over(catalog: Catalog, embedder: SentenceEmbedder, old: str, *, patient: bool) -> bool | None:
    """Write the row that says so; None where an edit came in between and `patient`.

    Names are held, as by everybody who writes search rows: nothing can become lacking before this is committed.
    """
    with catalog.begin() as connection:
        lock_names(connection)
        now = answering_model(connection)
        if now is None or now.model != old:
            return False  # another process was faster
        if owed_videos(connection, old, embedder.name):
            return False
        videos = lacking_videos(connection, old, embedder.name)
        words = lacking_words(connection, old, embedder.name, _WORDS)
        if patient and (videos or words):
            return None
        for video in videos:
            embed_segments(connection, video, embedder)
        vectors = word_vectors(embedder, list(words.values()))
        write_word_embeddings(connection, embedder.name, dict(zip(words, vectors.tolist(), strict=True)))
        answer_with(connection, embedder.name, embedder.source)
        return True


@dataclass(frozen=True, slots=True)
class ModelState:
    """How a library stands with text models.

    Attributes:
        answering: None where nothing was embedded yet.
        wanted: the model of the settings.
        coverage: how far that one is on its way, None where it answers.
        stored: what is kept of each model.
    """

    answering: Answering | None
    wanted: str
    coverage: Coverage | None
    stored: tuple[StoredModel, ...]

    @property
    def unused(self) -> tuple[StoredModel, ...]:
        """Those that neither answer nor are on their way."""
        used = {self.wanted, self.answering.model if self.answering else self.wanted}
        return tuple(each for each in self.stored if each.model not in used)


def model_state(connection: Connection, wanted: str) -> ModelState:
    """What `vsearch models` and `vsearch status` tell.

    Args:
        wanted: the name of the model of the settings.
    """
    answering = answering_model(connection)
    changing = answering is not None and answering.model != wanted
    done = coverage(connection, answering.model, wanted) if answering and changing else None
    return ModelState(answering, wanted, done, tuple(stored_models(connection)))


def drop_unused(catalog: Catalog, wanted: str) -> tuple[StoredModel, ...]:
    """Drop the vectors and indexes of models that are used no more; returns what was dropped."""
    with catalog.begin() as connection:
        unused = model_state(connection, wanted).unused
    for each in unused:
        drop_vectors(catalog, each.model)
        with catalog.read() as connection:
            drop_vector_index(connection, each.model)
    return unused
