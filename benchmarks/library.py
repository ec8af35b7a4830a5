"""Libraries made for a benchmark: an embedded server of its own, filled through the import."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vsearch_pipeline.catalog.database import Catalog, open_catalog
from vsearch_pipeline.ingest.importing import import_metadata
from vsearch_pipeline.language.bridge import glossed
from vsearch_pipeline.language.embedding import SentenceEmbedder, Vectors
from vsearch_pipeline.language.tokens import query_words
from vsearch_pipeline.search.documents import embed_videos
from vsearch_pipeline.settings import Settings

TOGETHER = 256
"""Videos that are embedded at once."""
SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


class Remembering:
    """An embedder that embeds each text once, so that several libraries and queries of one run share the work."""

    def __init__(self, embedder: SentenceEmbedder) -> None:
        self._embedder = embedder
        self._known: dict[str, Any] = {}
        self.name, self.version, self.dim = embedder.name, embedder.version, embedder.dim
        self.source = embedder.source
        self.glosses, self.knows = embedder.glosses, embedder.knows

    def embed(self, texts: Sequence[str]) -> Vectors:
        import numpy as np

        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        for start in range(0, len(new), 512):
            part = new[start : start + 512]
            self._known |= dict(zip(part, self._embedder.embed(part), strict=True))
        if not texts:
            return np.zeros((0, self.dim), dtype=np.float32)
        return np.stack([self._known[text] for text in texts])


def warm(embedder: Remembering, queries: Sequence[str]) -> None:
    """Embed at once what searching for these queries needs: one text alone takes ten times as long."""
    told = [told for query in queries if (told := glossed(query))] if embedder.glosses else []
    words = [word.text for query in queries for word in query_words(query)]
    embedder.embed([*queries, *told, *words])


@contextmanager
def library(records: Sequence[Mapping[str, Any]], embedder: SentenceEmbedder) -> Iterator[Catalog]:
    """A catalogue with imported records, searchable, gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="vsearch-bench-"))
    home.chmod(0o755)  # the embedded server's user must reach it
    catalog = open_catalog(Settings(home=home))
    try:
        file = home / "records.json"
        file.write_text(json.dumps(records, ensure_ascii=False))
        videos = [video.video_id for video in import_metadata(catalog, file, actor="benchmark")]
        for start in range(0, len(videos), TOGETHER):
            embed_videos(catalog, videos[start : start + TOGETHER], embedder)
        yield catalog
    finally:
        catalog.close()
        shutil.rmtree(home, ignore_errors=True)
