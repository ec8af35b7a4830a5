"""What of a segment is searched: lexemes and words, who is there, and a vector for each of its texts."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from sqlalchemy import Connection

from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.locks import lock_video
from vsearch_pipeline.catalog.passages import write_passages
from vsearch_pipeline.catalog.retrieval import ensure_vector_index
from vsearch_pipeline.catalog.segments import (
    OBJECT,
    Part,
    SearchRow,
    SegmentRecord,
    delete_embeddings,
    drop_other_models,
    embedded_texts,
    read_segments,
    write_embeddings,
    write_search,
)
from vsearch_pipeline.catalog.text_models import claim
from vsearch_pipeline.catalog.vocabulary import count_words, embedded_words, word_ids, write_word_embeddings
from vsearch_pipeline.language.embedding import SentenceEmbedder, Vectors
from vsearch_pipeline.language.tokens import Word, words
from vsearch_pipeline.search.text_models import TextModels


def texts_of(segment: SegmentRecord) -> dict[Part, str]:
    """The texts that are embedded, each by itself: a caption in either language and what is said."""
    texts: dict[Part, str | None] = {
        "en": segment.caption_en,
        "ko": segment.caption_ko,
        "speech": segment.speech,
    }
    return {part: text for part, text in texts.items() if text and text.strip()}


def words_of(segment: SegmentRecord) -> list[Word]:
    """The words by which a segment is found: captions, objects and speech, without those that say nothing."""
    return _words(_told(segment))


def _told(segment: SegmentRecord) -> list[str]:
    return [*texts_of(segment).values(), *segment.objects]


def _words(told: Sequence[str]) -> list[Word]:
    return [word for text in told for word in words(text) if not word.plain]


def refresh_search(connection: Connection, segments: Sequence[SegmentRecord]) -> None:
    """Write the search rows of segments as they are now, in the transaction that changed them."""
    _write_rows(connection, segments, {segment.id: words_of(segment) for segment in segments})


def _write_rows(
    connection: Connection, segments: Sequence[SegmentRecord], found: Mapping[int, Sequence[Word]]
) -> dict[str, int]:
    """Write the search rows, given the words of each segment; returns the words' numbers."""
    numbers = word_ids(connection, {word.text: word.token for each in found.values() for word in each})
    write_search(
        connection,
        {
            segment.id: SearchRow(
                _lexemes(segment),
                tuple(sorted({numbers[word.text] for word in found[segment.id]})),
                tuple(sorted(person.id for person in segment.people)),
            )
            for segment in segments
        },
    )
    return numbers


def _lexemes(segment: SegmentRecord) -> tuple[str, ...]:
    names = [text for p in segment.people for text in (p.name, p.group or "", *p.aliases)]
    told = [*texts_of(segment).values(), *segment.objects, *names]
    tokens = {word.token for text in told for word in words(text)}
    return tuple(sorted(tokens | {OBJECT + label.casefold() for label in segment.objects}))


@dataclass(frozen=True, slots=True)
class Missing:
    """Texts and words that have no vector yet; `beside`: in the model that is written beside, if any."""

    texts: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    beside: Missing | None = None

    def __bool__(self) -> bool:
        return bool(self.texts or self.words or self.beside)

    def __or__(self, other: Missing) -> Missing:
        beside = (self.beside or Missing()) | other.beside if other.beside else self.beside
        return Missing((*self.texts, *other.texts), (*self.words, *other.words), beside)


class NotReadyError(Exception):
    """Segments cannot be written before `Documents.embed` has made these vectors, outside of any transaction."""

    def __init__(self, missing: Missing) -> None:
        super().__init__(f"{len(missing.texts)} texts and {len(missing.words)} words have no vector yet")
        self.missing = missing


class Documents:
    """What search reads of segments, for one embedder: vectors are computed before a transaction starts, and
    written within it together with the search rows.

    What was once computed is kept, for a transaction that has to be tried again.

    Args:
        beside: another model whose vectors are written as well, while one takes over from the other.
    """

    def __init__(self, embedder: SentenceEmbedder, beside: SentenceEmbedder | None = None) -> None:
        self.embedder = embedder
        self.beside = None if beside is None else Documents(beside)
        self._texts: dict[str, Vectors] = {}
        self._words: dict[str, Vectors] = {}
        self._found: dict[tuple[str, ...], list[Word]] = {}

    def embed(self, missing: Missing) -> None:
        if self.beside and missing.beside:
            self.beside.embed(missing.beside)
        texts, spelt = (sorted(set(new)) for new in (missing.texts, missing.words))
        self._texts.update(zip(texts, self.embedder.embed(texts), strict=True))
        self._words.update(zip(spelt, word_vectors(self.embedder, spelt), strict=True))

    def of_captions(self, captions: Collection[str]) -> Missing:
        """Texts that are about to be written, and all their words."""
        spelt = {word.text for text in captions for word in self._words_of([text])}
        return Missing(tuple(captions), tuple(sorted(spelt)))

    def missing(self, connection: Connection, segments: Sequence[SegmentRecord]) -> Missing:
        """What of segments has no vector, neither here nor in the catalogue."""
        known = embedded_texts(connection, _ids(segments), self.embedder.name)
        beside = self.beside.missing(connection, segments) if self.beside else None
        return replace(self._missing(connection, segments, self._stale(segments, known)), beside=beside)

    def _missing(
        self,
        connection: Connection,
        segments: Sequence[SegmentRecord],
        stale: Sequence[tuple[int, Part, str, str]],
    ) -> Missing:
        texts = (text for *_, text in stale if text not in self._texts)
        spelt = {word.text for segment in segments for word in self._words_of(_told(segment))}
        return Missing(tuple(dict.fromkeys(texts)), self._unknown(connection, spelt))

    def write(
        self, connection: Connection, segments: Sequence[SegmentRecord], *, edited: bool = False
    ) -> tuple[int, int]:
        """Write the search rows and vectors of segments as they are now, in the transaction that changed them.

        Args:
            edited: whether a person changed them, so that other models' vectors of what they were must go as well.

        Returns:
            how many texts got a new vector, and how many there are.

        Raises:
            NotReadyError: some have no vector; nothing is written.
        """
        missing = self.missing(connection, segments)
        if missing:
            raise NotReadyError(missing)
        numbers = _write_rows(connection, segments, {s.id: self._words_of(_told(s)) for s in segments})
        if self.beside:
            self.beside._write_vectors(connection, segments, numbers)
        new, total, changed = self._write_vectors(connection, segments, numbers)
        if edited:
            drop_other_models(connection, self.embedder.name, changed)
        return new, total

    def _write_vectors(
        self, connection: Connection, segments: Sequence[SegmentRecord], numbers: Mapping[str, int]
    ) -> tuple[int, int, list[tuple[int, Part]]]:
        """Write what is new and drop what is gone; returns how many are new, how many there are, what changed."""
        model = self.embedder.name
        known = embedded_texts(connection, _ids(segments), model)
        stale = self._stale(segments, known)
        write_word_embeddings(
            connection, model, {numbers[word]: v.tolist() for word, v in self._words.items() if word in numbers}
        )
        write_embeddings(
            connection,
            model,
            [(number, part, mark, self._texts[text].tolist()) for number, part, mark, text in stale],
        )
        texts = {(segment.id, part) for segment in segments for part in texts_of(segment)}
        gone = [key for key in known if key not in texts]
        delete_embeddings(connection, model, gone)
        return len(stale), len(texts), [*gone, *((number, part) for number, part, *_ in stale)]

    def _stale(
        self, segments: Sequence[SegmentRecord], known: Mapping[tuple[int, Part], str]
    ) -> list[tuple[int, Part, str, str]]:
        """Texts without a vector, or with that of another text: `(segment id, part, mark, text)`."""
        stale = []
        for segment in segments:
            for part, text in texts_of(segment).items():
                mark = hashlib.sha256(f"{self.embedder.version}\n{text}".encode("utf-8", "replace")).hexdigest()
                if known.get((segment.id, part)) != mark:
                    stale.append((segment.id, part, mark, text))
        return stale

    def _unknown(self, connection: Connection, spelt: set[str]) -> tuple[str, ...]:
        new = spelt - self._words.keys()
        return tuple(sorted(new - embedded_words(connection, self.embedder.name, new)))

    def _words_of(self, told: Sequence[str]) -> list[Word]:
        key = tuple(told)
        if key not in self._found:
            self._found[key] = _words(told)
        return self._found[key]


def embed_videos(catalog: Catalog, video_ids: Sequence[str], embedder: SentenceEmbedder) -> list[tuple[int, int]]:
    """Bring what is searched of videos up to date: search rows, the vectors of texts and words that are new or
    changed, passages.

    Texts of all videos are embedded together (one alone takes ten times as long), and outside of the transaction,
    so that nobody who edits waits for a model. Where another model still answers, its vectors are brought up to
    date as well: what is new is found through it until the change (`search/changing.py`).

    Returns:
        of each video, how many texts were embedded, and how many there are.
    """
    if not video_ids:
        return []
    with catalog.begin() as connection:
        answering = claim(connection, embedder.name, embedder.source)
    with catalog.begin() as connection:  # by itself, while the model has no rows: others wait for milliseconds
        ensure_vector_index(connection, embedder.name, embedder.dim)
    beside = TextModels(embedder).of(answering)
    documents = Documents(embedder, None if beside is embedder else beside)
    missing = Missing()
    with catalog.begin() as connection:
        for video_id in video_ids:
            missing |= documents.missing(connection, read_segments(connection, video_id=video_id))
    while True:
        documents.embed(missing)
        try:
            with catalog.begin() as connection:
                lock_video(connection, *video_ids)
                if claim(connection, embedder.name, embedder.source) != answering:
                    break
                counts = [_write_video(connection, video_id, documents) for video_id in video_ids]
        except NotReadyError as error:  # edited meanwhile
            missing = error.missing
        else:
            with catalog.begin() as connection:
                count_words(connection)
            return counts
    return embed_videos(catalog, video_ids, embedder)  # another model answers since


def embed_segments(connection: Connection, video_id: str, embedder: SentenceEmbedder) -> tuple[int, int]:
    """The same for one video, in the caller's transaction."""
    ensure_vector_index(connection, embedder.name, embedder.dim)
    documents = Documents(embedder)
    documents.embed(documents.missing(connection, read_segments(connection, video_id=video_id)))
    counts = _write_video(connection, video_id, documents)
    count_words(connection)
    return counts


def _write_video(connection: Connection, video_id: str, documents: Documents) -> tuple[int, int]:
    counts = documents.write(connection, read_segments(connection, video_id=video_id))
    write_passages(connection, video_id, documents.embedder.name)
    if documents.beside:
        write_passages(connection, video_id, documents.beside.embedder.name)
    return counts


def _ids(segments: Sequence[SegmentRecord]) -> list[int]:
    return [segment.id for segment in segments]


def word_vectors(embedder: SentenceEmbedder, spelt: Sequence[str]) -> Vectors:
    """Vectors of single words, (len(spelt), dim); all zero for those that the model does not have."""
    return without_unknown(embedder, spelt, embedder.embed(spelt))


def without_unknown(embedder: SentenceEmbedder, spelt: Sequence[str], vectors: Vectors) -> Vectors:
    """Vectors of words with those that the model does not have all zero."""
    known = [[embedder.knows(word)] for word in spelt]
    return vectors * np.array(known, dtype=np.float32).reshape(-1, 1)
