"""What of a segment is searched: the words for the lexical index and the text that is embedded."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from vsearch_pipeline.catalog.retrieval import ensure_vector_index
from vsearch_pipeline.catalog.segments import (
    SegmentRecord,
    embedded_texts,
    read_segments,
    write_embeddings,
    write_search,
)
from vsearch_pipeline.language.embedding import SentenceEmbedder
from vsearch_pipeline.language.tokens import search_tokens


def lexical_document(segment: SegmentRecord) -> Mapping[str, Sequence[str]]:
    """Tokens by weight: A names and aliases, B captions, C objects, D speech."""
    names = [text for p in segment.people for text in (p.name, p.group or "", *p.aliases)]
    captions = [segment.caption_en or "", segment.caption_ko or ""]
    return {
        "A": search_tokens(" ".join(names)),
        "B": search_tokens(" ".join(captions)),
        "C": search_tokens(" ".join(segment.objects)),
        "D": search_tokens(segment.speech or ""),
    }


def embedding_text(segment: SegmentRecord) -> str:
    """The effective captions in both languages, then what is said; empty where nothing is known."""
    return " ".join(part for part in (segment.caption_en, segment.caption_ko, segment.speech) if part)


def refresh_search(connection: Connection, segments: Sequence[SegmentRecord]) -> None:
    """Write the search rows of segments as they are now, in the transaction that changed them."""
    write_search(connection, {segment.id: lexical_document(segment) for segment in segments})


def embed_segments(connection: Connection, video_id: str, embedder: SentenceEmbedder) -> tuple[int, int]:
    """Embed the video's segments whose text is new or changed.

    Returns:
        how many were embedded, and how many there are.
    """
    ensure_vector_index(connection, embedder.name, embedder.dim)
    segments = read_segments(connection, video_id=video_id)
    known = embedded_texts(connection, video_id, embedder.name)
    texts = {segment.id: embedding_text(segment) for segment in segments}
    marks = {
        segment_id: hashlib.sha256(f"{embedder.version}\n{text}".encode()).hexdigest()
        for segment_id, text in texts.items()
    }
    stale = [
        segment_id for segment_id, text in texts.items() if text and known.get(segment_id) != marks[segment_id]
    ]
    vectors = embedder.embed([texts[segment_id] for segment_id in stale])
    write_embeddings(
        connection,
        embedder.name,
        [(segment_id, marks[segment_id], vector) for segment_id, vector in zip(stale, vectors, strict=True)],
    )
    return len(stale), len(segments)
