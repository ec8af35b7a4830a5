"""How well search finds: captions from Korean and English, timed captions of another annotator, people.

Each table compares on the same documents and queries: dense alone (the nearest vectors, compared exactly), words
alone, and `SearchService` as every door uses it. The data is shared/data/text; nothing was trained on it. The
weights of search/ranking.py were chosen on a sample of the ActivityNet sentences and on the caption pairs; a set
kept back elsewhere says what they are worth.

`VSEARCH_SENTENCE_EMBEDDER=NAME python -m benchmarks retrieval` runs it with another sentence embedder: a hub id or
a folder, as the full profile does with kpf-sbert-128d-v1.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.library import SHARED, Remembering, library, warm
from benchmarks.report import machine, table
from vsearch_pipeline.catalog.library import ensure_person
from vsearch_pipeline.language.embedding import load_sentence_embedder
from vsearch_pipeline.language.tokens import query_tokens, search_tokens
from vsearch_pipeline.search.service import SearchService
from vsearch_pipeline.settings import Settings

TEXT = SHARED / "text"
Ranking = list[int]
"""Documents, best first."""


@dataclass(frozen=True)
class Task:
    """Queries, the documents that are right for each, and those that do not count."""

    name: str
    queries: list[str]
    right: list[set[int]]
    left_out: list[set[int]]


def main() -> None:
    embedder = Remembering(load_sentence_embedder(Settings().sentence_embedder))
    print(f"## retrieval\n\n{machine()}, embedder {embedder.name}\n")
    print(caption_pairs(embedder))
    print(korean_tokens())
    print(activity_net(embedder))
    print(people(embedder))


# --- captions in two languages ----------------------------------------------------------------------------------


def caption_pairs(embedder: Remembering) -> str:
    rows = json.loads((TEXT / "caption_pairs_en_ko_train.json").read_text())
    documents = sorted({row[key] for row in rows for key in ("en1", "en2")})
    number = {text: i for i, text in enumerate(documents)}
    tasks = _caption_tasks(rows, number)
    records = [{"video_id": f"caption {i}", "timestamp": 0, "caption": text} for i, text in enumerate(documents)]
    warm(embedder, [query for task in tasks for query in task.queries])
    with library(records, embedder) as catalog:
        service = SearchService(catalog, embedder)
        ways: dict[str, Callable[[str], Ranking]] = {
            "dense alone": _dense(embedder, documents),
            "words alone (BM25, our tokens)": _bm25(documents),
            "ours": lambda query: [
                int(hit.video.title.split()[1]) for hit in service.search(query, limit=40, grouped=False).hits
            ],
        }
        lines = []
        for name, way in ways.items():
            cells: list[object] = [name]
            for task in tasks:
                cells += [f"{share:.3f}" for share in _recall(task, way, (1, 10))]
            lines.append(cells)
    header = ["", *(f"{task.name}, R@{k}" for task in tasks for k in (1, 10))]
    counts = ", ".join(f"{task.name} {len(task.queries)}" for task in tasks)
    return table(f"Captions: {len(documents)} English ones; queries: {counts}", header, lines)


def _caption_tasks(rows: Sequence[dict[str, Any]], number: dict[str, int]) -> list[Task]:
    own: dict[str, set[int]] = defaultdict(set)
    english: dict[str, set[int]] = defaultdict(set)
    korean: dict[str, set[int]] = defaultdict(set)
    for row in rows:
        for side in "12":
            own[row["ko" + side]].add(number[row["en" + side]])
        if row["score"] >= 4 and row["en1"] != row["en2"]:
            for side, other in ("12", "21"):
                english[row["en" + side]].add(number[row["en" + other]])
                korean[row["ko" + side]].add(number[row["en" + other]])
    korean = {text: right for text, found in korean.items() if (right := found - own[text])}
    return [
        Task("Korean to its own", list(own), list(own.values()), [set() for _ in own]),
        Task("paraphrase, English", list(english), list(english.values()), [{number[text]} for text in english]),
        Task("paraphrase, Korean", list(korean), list(korean.values()), [own[text] for text in korean]),
    ]


def _recall(task: Task, way: Callable[[str], Ranking], at: Sequence[int]) -> list[float]:
    found = [0] * len(at)
    for query, right, out in zip(task.queries, task.right, task.left_out, strict=True):
        ranked = [document for document in way(query) if document not in out]
        for i, k in enumerate(at):
            found[i] += any(document in right for document in ranked[:k])
    return [count / len(task.queries) for count in found]


def _dense(embedder: Remembering, documents: Sequence[str]) -> Callable[[str], Ranking]:
    vectors = embedder.embed(documents)

    def way(query: str) -> Ranking:
        likeness = vectors @ embedder.embed([query])[0]
        return list(np.argsort(-likeness, kind="stable")[:40])

    return way


def _bm25(
    documents: Sequence[str],
    of_document: Callable[[str], list[str]] = search_tokens,
    of_query: Callable[[str], list[str]] = query_tokens,
) -> Callable[[str], Ranking]:
    """BM25 with the usual k1 = 1.2 and b = 0.75 (Robertson and Zaragoza 2009)."""
    lists = [of_document(text) for text in documents]
    mean = sum(map(len, lists)) / len(lists)
    postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for i, tokens in enumerate(lists):
        for token in set(tokens):
            count = tokens.count(token)
            weight = count * 2.2 / (count + 1.2 * (0.25 + 0.75 * len(tokens) / mean))
            postings[token].append((i, weight))

    def way(query: str) -> Ranking:
        scores = np.zeros(len(documents))
        for token in set(of_query(query)):
            having = postings.get(token, [])
            rarity = np.log(1 + (len(documents) - len(having) + 0.5) / (len(having) + 0.5))
            for i, weight in having:
                scores[i] += rarity * weight
        best = np.argsort(-scores, kind="stable")[:40]
        return [int(i) for i in best if scores[i] > 0]

    return way


# --- morphemes beside bigrams -----------------------------------------------------------------------------------


def korean_tokens() -> str:
    """The same BM25 over Korean captions and sentences with either kind of token."""
    rows = json.loads((TEXT / "caption_pairs_en_ko_train.json").read_text())
    captions = sorted({row[key] for row in rows for key in ("ko1", "ko2")})
    number = {text: i for i, text in enumerate(captions)}
    alike: dict[str, set[int]] = defaultdict(set)
    for row in rows:
        if row["score"] >= 4 and row["ko1"] != row["ko2"]:
            alike[row["ko1"]].add(number[row["ko2"]])
            alike[row["ko2"]].add(number[row["ko1"]])
    own = [{number[text]} for text in alike]
    typed = Task("captions", list(alike), list(alike.values()), own)
    unspaced = Task("without spaces", [text.replace(" ", "") for text in alike], list(alike.values()), own)
    lines = (TEXT / "parakqc" / "paraKQC_v1.txt").read_text().splitlines()
    questions = [line.split("\t")[2] for line in lines if line.count("\t") >= 2]
    asked = range(0, len(questions), 10)
    intents = Task(
        "paraKQC", [questions[i] for i in asked], [set(range(i + 1, i + 10)) for i in asked], [{i} for i in asked]
    )
    kinds = {"morphemes (Kiwi, ours)": (search_tokens, query_tokens), "character bigrams": (_bigrams, _bigrams)}
    rows_out = []
    for name, (of_document, of_query) in kinds.items():
        cells: list[object] = [name]
        for task, documents in ((typed, captions), (unspaced, captions), (intents, questions)):
            way = _bm25(documents, of_document, of_query)
            cells += [f"{share:.3f}" for share in _recall(task, way, (1, 10))]
        rows_out.append(cells)
    tasks = (typed, unspaced, intents)
    header = ["", *(f"{task.name}, R@{k}" for task in tasks for k in (1, 10))]
    return table("Korean tokens: BM25 of Korean paraphrases", header, rows_out)


def _bigrams(text: str) -> list[str]:
    """Syllables and pairs of neighbours of each written word: what was searched before."""
    words = ["".join(filter(str.isalnum, word)) for word in text.split()]
    return [piece for word in words for piece in (*word, *(word[i : i + 2] for i in range(len(word) - 1)))]


# --- timed captions ---------------------------------------------------------------------------------------------


def activity_net(embedder: Remembering) -> str:
    """One annotator's sentences find the other's segments of the same video."""
    asked, told = (json.loads((TEXT / f"activitynet_val_{half}_half.json").read_text()) for half in (1, 2))
    videos = sorted(set(asked) & set(told))
    records = [
        {"video_id": video, "timestamp": start, "end": max(end, start + 0.1), "caption": text.strip()}
        for video in videos
        for (start, end), text in zip(told[video]["timestamps"], told[video]["sentences"], strict=True)
    ]
    queries = [
        (video, (start, end), text.strip())
        for video in videos
        for (start, end), text in zip(asked[video]["timestamps"], asked[video]["sentences"], strict=True)
        if text.strip()
    ]
    documents = [record["caption"] for record in records]
    places = [(r["video_id"], (float(r["timestamp"]), float(r["end"]))) for r in records]
    ways: dict[str, Callable[[str], list[tuple[str, tuple[float, float]]]]] = {}
    tf_idf, dense = _tf_idf(documents), _dense(embedder, documents)
    ways["plain tf-idf"] = lambda query: [places[i] for i in tf_idf(query)]
    ways["dense alone"] = lambda query: [places[i] for i in dense(query)]
    warm(embedder, [text[:2000] for _, _, text in queries])
    with library(records, embedder) as catalog:
        service = SearchService(catalog, embedder)

        def ours(query: str, *, grouped: bool) -> list[tuple[str, tuple[float, float]]]:
            moments = service.search(query[:2000], limit=10, grouped=grouped).moments
            return [(m.best.video.title, (m.span.start_ms / 1000, m.span.end_ms / 1000)) for m in moments]

        ways["ours, segments"] = lambda query: ours(query, grouped=False)
        ways["ours, moments"] = lambda query: ours(query, grouped=True)
        lines, base = [], 0.0
        for name, way in ways.items():
            hits = [_hits(way(text), video, span) for video, span, text in queries]
            first, ten = _shares(hits)
            base = base or ten
            lines.append([name, f"{first:.4f}", f"{ten:.4f}", f"{ten / base:.2f}"])
    header = ["", "R@1", "R@10", "R@10, times tf-idf"]
    title = f"ActivityNet: {len(queries)} sentences, {len(records)} segments of {len(videos)} videos, IoU >= 0.5"
    return table(title, header, lines)


def _hits(found: Sequence[tuple[str, tuple[float, float]]], video: str, span: tuple[float, float]) -> list[bool]:
    return [where == video and _iou(other, span) >= 0.5 for where, other in found[:10]]


def _shares(hits: Collection[Sequence[bool]]) -> tuple[float, float]:
    return sum(any(h[:1]) for h in hits) / len(hits), sum(map(any, hits)) / len(hits)


def _iou(a: tuple[float, float], b: tuple[float, float]) -> float:
    both = max(0.0, min(a[1], b[1]) - max(a[0], b[0]))
    either = max(a[1], b[1]) - min(a[0], b[0])
    return both / either if either > 0 else 0.0


def _tf_idf(documents: Sequence[str]) -> Callable[[str], Ranking]:
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer()
    matrix = vectorizer.fit_transform(documents)

    def way(query: str) -> Ranking:
        scores = (matrix @ vectorizer.transform([query]).T).toarray().ravel()
        return list(np.argsort(-scores, kind="stable")[:10])

    return way


# --- people -----------------------------------------------------------------------------------------------------

ALIASES = {
    "Kim Minji": ["민지", "김민지", "킴민지", "minji"],
    "Pham Hanni": ["하니", "하니팜", "팜하니", "hanni"],
    "Gang Harin": ["해린", "강해린", "고양이", "haerin"],
    "Danielle": ["다니엘", "다니", "dani"],
}


def people(embedder: Remembering) -> str:
    """Queries that name people in the earlier catalogue."""
    from tests.search.person_queries import person_queries

    records = json.loads((TEXT / "seed_catalog" / "combined_metadata.json").read_text())
    by_kind: dict[str, list[bool]] = defaultdict(list)
    with library(records, embedder) as catalog:
        with catalog.begin() as connection:
            for name, aliases in ALIASES.items():
                ensure_person(connection, "NJZ", name, aliases)
        service = SearchService(catalog, embedder)
        for query in person_queries(seed=2026, count=600):
            hits = service.search(query.text, limit=10, grouped=False).hits
            shown = [{person.name for person in hit.people} for hit in hits]
            right = all(
                all(wanted & names for wanted in query.wanted) and not names & query.without for names in shown
            )
            by_kind[query.kind].append(bool(hits) and right)
    every = [right for rights in by_kind.values() for right in rights]
    lines = [[kind, len(rights), f"{sum(rights) / len(rights):.3f}"] for kind, rights in sorted(by_kind.items())]
    lines.append(["all", len(every), f"{sum(every) / len(every):.3f}"])
    return table(
        "People: all of the first ten segments show who was asked for", ["queries", "number", "right"], lines
    )
