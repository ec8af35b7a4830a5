"""What of a segment is searched: lexemes and words, who is there, and a vector for each of its texts."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from sqlalchemy import Connection

from vsearch_pipeline.catalog.passages import write_passages
from vsearch_pipeline.catalog.retrieval import ensure_vector_index
from vsearch_pipeline.catalog.segments import (
    OBJECT,
    Part,
    SearchRow,
    SegmentRecord,
    delete_embeddings,
    embedded_texts,
    read_segments,
    write_embeddings,
    write_search,
)
from vsearch_pipeline.catalog.vocabulary import count_words, unembedded_words, word_ids, write_word_embeddings
from vsearch_pipeline.language.embedding import SentenceEmbedder, Vectors
from vsearch_pipeline.language.tokens import Word, words


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
    told = [*texts_of(segment).values(), *segment.objects]
    return [word for text in told for word in words(text) if not word.plain]


def refresh_search(connection: Connection, segments: Sequence[SegmentRecord]) -> None:
    """Write the search rows of segments as they are now, in the transaction that changed them."""
    found = {segment.id: words_of(segment) for segment in segments}
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


def _lexemes(segment: SegmentRecord) -> tuple[str, ...]:
    names = [text for p in segment.people for text in (p.name, p.group or "", *p.aliases)]
    told = [*texts_of(segment).values(), *segment.objects, *names]
    tokens = {word.token for text in told for word in words(text)}
    return tuple(sorted(tokens | {OBJECT + label.casefold() for label in segment.objects}))


def embed_segments(connection: Connection, video_id: str, embedder: SentenceEmbedder) -> tuple[int, int]:
    """Bring what is searched of a video up to date: its search rows, the vectors of texts and words that are new
    or changed, its passages.

    Returns:
        how many texts were embedded, and how many there are.
    """
    [counts] = embed_videos(connection, [video_id], embedder)
    return counts


def embed_videos(
    connection: Connection, video_ids: Sequence[str], embedder: SentenceEmbedder
) -> list[tuple[int, int]]:
    """The same for several videos, whose texts are embedded together: one alone takes ten times as long."""
    ensure_vector_index(connection, embedder.name, embedder.dim)
    stale: list[tuple[int, Part, str, str]] = []
    counts = []
    for video_id in video_ids:
        segments = read_segments(connection, video_id=video_id)
        refresh_search(connection, segments)
        known = embedded_texts(connection, video_id, embedder.name)
        texts = {(segment.id, part): text for segment in segments for part, text in texts_of(segment).items()}
        before = len(stale)
        for key, text in texts.items():
            mark = hashlib.sha256(f"{embedder.version}\n{text}".encode("utf-8", "replace")).hexdigest()
            if known.get(key) != mark:
                stale.append((*key, mark, text))
        delete_embeddings(connection, embedder.name, [key for key in known if key not in texts])
        counts.append((len(stale) - before, len(texts)))
    vectors = embedder.embed([text for *_, text in stale])
    write_embeddings(
        connection,
        embedder.name,
        [
            (segment_id, part, mark, vector.tolist())
            for (segment_id, part, mark, _), vector in zip(stale, vectors, strict=True)
        ],
    )
    embed_words(connection, embedder)
    for video_id in video_ids:
        write_passages(connection, video_id, embedder.name)
    count_words(connection)
    return counts


def embed_words(connection: Connection, embedder: SentenceEmbedder) -> None:
    """Give every word of the library a vector in the embedder's model."""
    missing = unembedded_words(connection, embedder.name)
    vectors = word_vectors(embedder, list(missing.values()))
    write_word_embeddings(
        connection,
        embedder.name,
        {number: vector.tolist() for number, vector in zip(missing, vectors, strict=True)},
    )


def word_vectors(embedder: SentenceEmbedder, spelt: Sequence[str]) -> Vectors:
    """Vectors of single words, (len(spelt), dim); all zero for those that the model does not have."""
    return without_unknown(embedder, spelt, embedder.embed(spelt))


def without_unknown(embedder: SentenceEmbedder, spelt: Sequence[str], vectors: Vectors) -> Vectors:
    """Vectors of words with those that the model does not have all zero."""
    known = [[embedder.knows(word)] for word in spelt]
    return vectors * np.array(known, dtype=np.float32).reshape(-1, 1)
