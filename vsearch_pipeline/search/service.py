"""One search for every door: page, Slack, command line, Python."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from sqlalchemy import Connection

from vsearch_pipeline.captioning.vocabulary import terms
from vsearch_pipeline.catalog.database import Catalog, open_catalog
from vsearch_pipeline.catalog.library import PersonRecord
from vsearch_pipeline.catalog.retrieval import (
    Candidate,
    SegmentFilter,
    candidates,
    library_state,
    listed,
    segment_vectors,
)
from vsearch_pipeline.catalog.searches import (
    KeptSearch,
    forget_search,
    recent_searches,
    remember_search,
    save_search,
    saved_searches,
)
from vsearch_pipeline.catalog.segments import read_segments
from vsearch_pipeline.catalog.speech import words_in_ranges
from vsearch_pipeline.catalog.videos import read_videos, videos_named
from vsearch_pipeline.errors import InputError, NotFoundError
from vsearch_pipeline.language.bridge import counterparts, glossed
from vsearch_pipeline.language.embedding import SentenceEmbedder, load_sentence_embedder
from vsearch_pipeline.language.tokens import fold
from vsearch_pipeline.people.records import Image
from vsearch_pipeline.search.documents import texts_of, without_unknown, word_vectors
from vsearch_pipeline.search.faces import Appearance, FaceSearch, open_face_search
from vsearch_pipeline.search.heard import SpokenMatch
from vsearch_pipeline.search.lexicon import Asked, Floats, Lexicon
from vsearch_pipeline.search.marks import marks_of
from vsearch_pipeline.search.moments import Group, Placed, group
from vsearch_pipeline.search.names import NameIndex
from vsearch_pipeline.search.observing import SearchDoor, observed
from vsearch_pipeline.search.query import Query, cleaned, understand
from vsearch_pipeline.search.ranking import GOOD, NAMED, Ranked, chance, rank
from vsearch_pipeline.search.results import Hit, Member, Moment, Parts, SearchResult
from vsearch_pipeline.search.text_models import TextModels
from vsearch_pipeline.settings import Settings

ALIKE: Final = 0.75
"""Share of the best hit's value from which a neighbour widens its moment."""
LONGEST_NAME: Final = 80
LONGEST_KEPT: Final = 600
"""Characters of a search that is remembered or saved: an index entry holds 2,704 bytes."""


class SearchService:
    """Finds moments by meaning, words, people and filters, in Korean and English.

    Args:
        embedder: the model of the settings. While the library answers with another one, that one is loaded and
            asked, and from the change on this one (`search/changing.py`).
        faces: makes the search by photo, at its first use.
        door: through which people search, for logs and metrics.

    Example:
        >>> service = open_search(Settings())
        >>> result = service.search("민지가 웃는 장면", limit=5)
        >>> result.good, result.moments[0].span, result.moments[0].best.parts
    """

    def __init__(
        self,
        catalog: Catalog,
        embedder: SentenceEmbedder,
        faces: Callable[[], FaceSearch] | None = None,
        *,
        door: SearchDoor = "cli",
    ) -> None:
        self.catalog = catalog
        self.door: SearchDoor = door
        self.embedder = embedder
        self._faces = faces
        self._models = TextModels(embedder)
        self._meaning: _Meaning | None = None
        self._names: tuple[tuple[PersonRecord, ...], NameIndex] = ((), NameIndex(()))

    # --- searching ---

    def search(
        self,
        text: str,
        *,
        limit: int = 20,
        offset: int = 0,
        grouped: bool = True,
        videos: Collection[str] | None = None,
    ) -> SearchResult:
        """A page of the moments for a query in Korean or English, best first; docs/search.md has its grammar.

        The ranking does not depend on `limit` and `offset`: pages joined are the whole, without repeats or gaps,
        as long as the library stays as it is.

        Args:
            grouped: neighbouring segments become one moment; without, each is a moment by itself.
            videos: ids; looks nowhere else, and within what the query says of videos.

        Raises:
            InputError: the query is empty, too long or has a filter that makes no sense; or the page makes none.
        """
        with observed(self.door, "text") as seen:
            result = self._search(text, limit=limit, offset=offset, grouped=grouped, videos=videos)
            seen.found(result.found, good=result.good, relaxed=result.relaxed)
            return result

    def warm_up(self, *texts: str) -> None:
        """Search for nobody, so that everything is loaded before somebody does."""
        for text in texts:
            self._search(text, limit=1, offset=0, grouped=True, videos=None)

    def _search(
        self, text: str, *, limit: int, offset: int, grouped: bool, videos: Collection[str] | None
    ) -> SearchResult:
        started = time.perf_counter()
        _check_page(limit, offset)
        with self.catalog.read() as connection:
            meaning, names = self._follow(connection)
        query = understand(text, names)
        vector, asked = meaning.embedded(query)
        with self.catalog.read() as connection:
            wanted = _filter(connection, query)
            if videos is not None:
                wanted = replace(wanted, videos=_both(videos, wanted.videos))
            ranking = _ranking(connection, meaning.model, query, vector, asked, wanted)
            relaxed = not ranking.groups and bool(wanted.people)
            if relaxed and vector is not None:  # those asked for may be there, with nothing told of them
                ranking = replace(_listed(connection, wanted, ()), good=frozenset())
            if relaxed and not ranking.groups:
                wanted = replace(wanted, people=())
                together = query.people.all_of + query.people.preferred
                query_near = replace(query, people=replace(query.people, all_of=(), preferred=together))
                ranking = _ranking(connection, meaning.model, query_near, vector, asked, wanted)
                ranking = _weakened(ranking, len(together))
            groups = ranking.groups if grouped else ranking.alone()
            moments = _moments(connection, groups[offset : offset + limit], ranking, query, asked)
        return SearchResult(query, moments, offset, len(groups), relaxed, time.perf_counter() - started)

    def prepare(self, texts: Sequence[str]) -> None:
        """Embed at once what the next searches for these texts need: one alone takes several times as long."""
        with self.catalog.read() as connection:
            meaning, names = self._follow(connection)
        asked = []
        for text in texts:
            with suppress(InputError):  # `search` says what is wrong
                asked.append(understand(text, names).rest)
        meaning.prepare([rest for rest in dict.fromkeys(asked) if rest])

    def candidates(self, text: str) -> list[Candidate]:
        """The segments that `search` would rank, in no order: for measuring what the indexes give."""
        with self.catalog.read() as connection:
            meaning, names = self._follow(connection)
        query = understand(text, names)
        vector, asked = meaning.embedded(query)
        if vector is None:
            return []
        with self.catalog.read() as connection:
            return candidates(
                connection,
                model=meaning.model,
                vector=vector,
                tokens=asked.tokens,
                wanted=_filter(connection, query),
            )

    def similar(self, segment_id: int, *, limit: int = 20, offset: int = 0) -> SearchResult:
        """A page of the moments that tell of the same as a segment, without itself.

        Raises:
            NotFoundError: there is no such segment.
            InputError: nothing is known of it that could be compared.
        """
        with observed(self.door, "similar") as seen:
            result = self._similar(segment_id, limit=limit, offset=offset)
            seen.found(result.found)
            return result

    def _similar(self, segment_id: int, *, limit: int, offset: int) -> SearchResult:
        started = time.perf_counter()
        _check_page(limit, offset)
        with self.catalog.read() as connection:
            meaning, _ = self._follow(connection)
            found = read_segments(connection, ids=[segment_id])
            if not found:
                raise NotFoundError(f"There is no segment {segment_id}: it may have been removed.")
            vectors = segment_vectors(connection, segment_id, meaning.model)
        if not vectors:
            raise InputError(
                "Nothing is known of this segment yet that could be compared: run `ingest` for its video."
            )
        text = next(iter(texts_of(found[0]).values()))
        asked = meaning.ask(text)
        with self.catalog.read() as connection:
            near = candidates(
                connection,
                model=meaning.model,
                vector=vectors[0],
                tokens=asked.tokens,
                wanted=SegmentFilter(),
            )
            others = rank([c for c in near if c.segment_id != segment_id], asked)
            ranking = _by_likeness(_grouped(others))
            moments = _moments(connection, ranking.groups[offset : offset + limit], ranking, None, asked)
        return SearchResult(None, moments, offset, len(ranking.groups), False, time.perf_counter() - started)

    def appearances(self, photo: Path | Image) -> list[Appearance]:
        """Where the face of a photo is on screen, the most alike first; see `FaceSearch.search`."""
        if self._faces is None:
            raise InputError("This search was opened without models for faces.")
        with observed(self.door, "face") as seen:
            found = self._faces().search(photo)
            seen.found(len(found))
            return found

    # --- recent and saved searches ---

    def remember(self, actor: str, text: str) -> None:
        """Put a search on top of somebody's recent ones; one longer than `LONGEST_KEPT` is not remembered."""
        typed = cleaned(text).strip()
        if 0 < len(typed) <= LONGEST_KEPT:
            with self.catalog.begin() as connection:
                remember_search(connection, actor, typed)

    def recent(self, actor: str, limit: int = 8) -> list[KeptSearch]:
        """Somebody's last searches, newest first."""
        with self.catalog.begin() as connection:
            return recent_searches(connection, actor, limit)

    def save(self, actor: str, text: str, name: str) -> KeptSearch:
        """Keep a search under a name.

        Raises:
            InputError: the search or the name is empty, or longer than `LONGEST_KEPT` or `LONGEST_NAME`.
        """
        typed, called = cleaned(text).strip(), cleaned(name).strip()
        if not typed or not called:
            raise InputError("A saved search needs words to search for and a name.")
        if len(typed) > LONGEST_KEPT:
            raise InputError(f"A search of more than {LONGEST_KEPT} characters cannot be saved.")
        if len(called) > LONGEST_NAME:
            raise InputError(f"The name of a saved search has at most {LONGEST_NAME} characters.")
        with self.catalog.begin() as connection:
            return save_search(connection, actor, typed, called)

    def saved(self, actor: str) -> list[KeptSearch]:
        """Somebody's saved searches, by name."""
        with self.catalog.begin() as connection:
            return saved_searches(connection, actor)

    def forget(self, actor: str, search_id: int) -> None:
        """Drop a recent or saved search of somebody's own."""
        with self.catalog.begin() as connection:
            forget_search(connection, actor, search_id)

    # --- inside ---

    def _follow(self, connection: Connection) -> tuple[_Meaning, NameIndex]:
        """The model that answers, and what is known of the library's words and names, up to date."""
        state = library_state(connection)
        embedder = self._models.of(state.answering)
        meaning = self._meaning
        if meaning is None or meaning.embedder is not embedder:  # who asks at this moment goes on with the old one
            self._meaning = meaning = _Meaning(embedder)
        meaning.lexicon.follow(connection, state.vocabulary)
        return meaning, self._name_index(state.people)

    def _name_index(self, people: Sequence[PersonRecord]) -> NameIndex:
        """The index of names, made anew only where people changed."""
        known, index = self._names
        if known != tuple(people):
            index = NameIndex(people, ordinary=_object_names())
            self._names = (tuple(people), index)
        return index


class _Meaning:
    """What a query means in one text model, and to the library's words."""

    def __init__(self, embedder: SentenceEmbedder) -> None:
        self.embedder = embedder
        self.model = embedder.name
        self.lexicon = Lexicon(embedder)
        self._ready: dict[str, Floats] = {}

    def prepare(self, rests: Sequence[str]) -> None:
        """Embed at once what queries leave to be compared."""
        readings = [self._readings(rest) for rest in rests]
        missing = list(dict.fromkeys(word for rest in rests for word in self.lexicon.missing(rest)))
        flat = [reading for each in readings for reading in each]
        vectors = self.embedder.embed(flat)
        ends = np.cumsum([len(each) for each in readings])
        parts = np.split(vectors, ends[:-1]) if rests else []
        self._ready = {rest: _mean(part) for rest, part in zip(rests, parts, strict=True)}
        self.lexicon.learn(dict(zip(missing, word_vectors(self.embedder, missing), strict=True)))

    def embedded(self, query: Query) -> tuple[list[float] | None, Asked]:
        """The query's vector, None where it is people and filters only; no transaction waits for the model."""
        if not query.rest:
            return None, self.lexicon.ask("", {})
        ready = self._ready.get(query.rest)
        readings = self._readings(query.rest) if ready is None else []
        missing = self.lexicon.missing(query.rest)
        # one call: what the model does for a call takes longer than what it does for a text
        vectors = self.embedder.embed([*readings, *missing])
        vector = _mean(vectors[: len(readings)]) if ready is None else ready
        spelt = without_unknown(self.embedder, missing, vectors[len(readings) :])
        return vector.tolist(), self.lexicon.ask(query.rest, dict(zip(missing, spelt, strict=True)))

    def ask(self, text: str) -> Asked:
        """The words of a text against the library's."""
        missing = self.lexicon.missing(text)
        vectors = word_vectors(self.embedder, missing)
        return self.lexicon.ask(text, dict(zip(missing, vectors, strict=True)))

    def _readings(self, text: str) -> list[str]:
        """What is embedded for a text: itself, and with English words in the place of Korean ones."""
        told = glossed(text) if self.embedder.glosses else None
        return [text, told] if told else [text]


def open_search(settings: Settings, door: SearchDoor = "cli") -> SearchService:
    """The search of a library, through a door.

    Raises:
        VsearchError: the database or the text model is not available.
    """
    return SearchService(
        open_catalog(settings),
        load_sentence_embedder(settings.sentence_embedder),
        cache(lambda: open_face_search(settings)),
        door=door,
    )


def _mean(vectors: Floats) -> Floats:
    """The mean of unit vectors, of length 1."""
    mean = vectors.mean(axis=0)
    return np.asarray(mean / np.linalg.norm(mean), dtype=np.float32)


# --- ranking ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Scored:
    score: float
    cosine: float
    words: float
    preferred: int


@dataclass(frozen=True, slots=True)
class _Ranking:
    """Segments in order and the moments they make; `good` are the segments that match well."""

    placed: Sequence[Placed]
    groups: Sequence[Group]
    scores: Mapping[int, _Scored]
    good: frozenset[int]

    def alone(self) -> list[Group]:
        return [Group(each, each.span, (each,)) for each in self.placed]


def _ranking(  # noqa: PLR0917
    connection: Connection,
    model: str,
    query: Query,
    vector: list[float] | None,
    asked: Asked,
    wanted: SegmentFilter,
) -> _Ranking:
    preferred = [[person.id for person in clause] for clause in query.people.preferred]
    if vector is None:
        return _listed(connection, wanted, preferred)
    found = candidates(connection, model=model, vector=vector, tokens=asked.tokens, wanted=wanted)
    for ids in preferred:  # those with somebody preferred may all lie beyond the nearest
        narrowed = replace(wanted, people=(*wanted.people, tuple(ids)))
        found += candidates(connection, model=model, vector=vector, tokens=asked.tokens, wanted=narrowed)
    found = list({c.segment_id: c for c in found}.values())
    return _grouped(rank(found, asked, preferred), NAMED if wanted.people else 0.0)


def _grouped(ranked: Sequence[Ranked], more: float = 0.0) -> _Ranking:
    """The ranking and its moments; `more` is added to what the chance of a match is told from."""
    placed = [
        Placed(r.candidate.segment_id, r.candidate.video_id, r.candidate.span, r.raw + r.preferred) for r in ranked
    ]
    scores = {
        r.candidate.segment_id: _Scored(chance(r.raw + more), r.candidate.cosine, r.words, r.preferred)
        for r in ranked
    }
    good = frozenset(i for i, each in scores.items() if each.score >= GOOD)
    return _Ranking(placed, group(placed, alike=ALIKE), scores, good)


def _by_likeness(ranking: _Ranking) -> _Ranking:
    """With the cosine as the score: what is likely asked for is known of queries, not of whole captions."""
    scores = {i: replace(each, score=max(0.0, each.cosine)) for i, each in ranking.scores.items()}
    return replace(ranking, scores=scores, good=frozenset(i for i, each in scores.items() if each.score >= GOOD))


def _weakened(ranking: _Ranking, asked_for: int) -> _Ranking:
    """Of segments that have only some of the people asked for: none is good, and the score is a share of it."""
    scores = {
        i: replace(each, score=each.score * each.preferred / asked_for) for i, each in ranking.scores.items()
    }
    return replace(ranking, scores=scores, good=frozenset())


def _listed(connection: Connection, wanted: SegmentFilter, preferred: Sequence[Sequence[int]]) -> _Ranking:
    """Where nothing is to be compared, everything that is left matches, also with any one of those preferred."""
    if preferred:
        anybody = tuple(sorted({person for ids in preferred for person in ids}))
        wanted = replace(wanted, people=(*wanted.people, anybody))
    found = listed(connection, wanted)
    there = {one.segment_id: sum(any(i in one.people for i in ids) for ids in preferred) for one in found}
    found.sort(key=lambda one: -there[one.segment_id])
    placed = [Placed(one.segment_id, one.video_id, one.span, one.certainty) for one in found]
    scores = {one.segment_id: _Scored(one.certainty, 0.0, 0.0, there[one.segment_id]) for one in found}
    return _Ranking(placed, group(placed, alike=0.0), scores, frozenset(scores))


# --- filters ----------------------------------------------------------------------------------------------------


def _filter(connection: Connection, query: Query) -> SegmentFilter:
    """The filter of a query in the catalogue's terms.

    Raises:
        InputError: a video that it names is not there.
    """
    people = query.people
    return SegmentFilter(
        people=tuple(tuple(person.id for person in clause) for clause in people.all_of),
        without_people=tuple(person.id for person in people.none_of),
        objects=tuple(_labels(name) for name in query.objects),
        without_objects=tuple(label for name in query.without_objects for label in _labels(name)),
        phrases=query.phrases,
        without_phrases=query.without_phrases,
        videos=_videos(connection, query.videos) if query.videos else None,
        without_videos=_videos(connection, query.without_videos),
        after=query.after,
        before=query.before,
        from_ms=query.from_ms,
        to_ms=query.to_ms,
        min_ms=query.min_ms,
        max_ms=query.max_ms,
        edited=query.edited,
        untranslated=query.untranslated,
    )


def _videos(connection: Connection, names: Sequence[str]) -> tuple[str, ...]:
    found = []
    for name in names:
        ids = videos_named(connection, name)
        if not ids:
            raise InputError(f"There is no video {name!r}: `video:` takes a title, a part of one, or an id.")
        found += ids
    return tuple(found)


def _both(videos: Collection[str], named: Collection[str] | None) -> tuple[str, ...]:
    return tuple(video for video in videos if named is None or video in named)


def _labels(name: str) -> tuple[str, ...]:
    """The detectors' labels that a name means, in either language, broader words included; itself always."""
    others = [label for other in counterparts(name) for label in _labels_by_name().get(other, ())]
    return tuple(dict.fromkeys((*_labels_by_name().get(name, ()), *others, name)))


@cache
def _labels_by_name() -> dict[str, list[str]]:
    labels: dict[str, list[str]] = {}
    for label, term in terms("coco").items():
        for noun in (term.noun, term.broader):
            for name in (noun.en, noun.ko) if noun else ():
                labels.setdefault(fold(name), []).append(label.casefold())
    return labels


@cache
def _object_names() -> frozenset[str]:
    """Words for things, which are no misspelt names."""
    return frozenset(_labels_by_name())


def _check_page(limit: int, offset: int) -> None:
    if limit < 1:
        raise InputError(f"The limit must be at least 1, not {limit}.")
    if offset < 0:
        raise InputError(f"The offset must be at least 0, not {offset}.")


# --- what is shown ----------------------------------------------------------------------------------------------


def _moments(
    connection: Connection, page: Sequence[Group], ranking: _Ranking, query: Query | None, asked: Asked
) -> tuple[Moment, ...]:
    """Everything that is said of the moments of a page, in a number of statements that does not grow with it."""
    if not page:
        return ()
    segments = {s.id: s for s in read_segments(connection, ids=[each.best.segment_id for each in page])}
    videos = read_videos(connection, {each.best.video_id for each in page})
    # a run or a person may have removed some since they were ranked
    page = [each for each in page if each.best.segment_id in segments and each.best.video_id in videos]
    there = [segments[each.best.segment_id] for each in page]
    spoken_in = [segment for segment in there if segment.speech]
    said = words_in_ranges(connection, [(each.video_id, each.span) for each in spoken_in]) if spoken_in else []
    heard = {segment.id: words for segment, words in zip(spoken_in, said, strict=True)}
    named = query.named if query else frozenset()
    clauses = (*query.people.all_of, *query.people.preferred) if query else ()
    spoken = SpokenMatch(query.rest) if query else SpokenMatch("")
    literal = list(query.phrases) if query else []
    moments = []
    for each, segment in zip(page, there, strict=True):
        scored = ranking.scores[segment.id]
        on_screen = {person.id for person in segment.people}
        names = [name for person in segment.people if person.id in named for name in person.names]
        marks = marks_of(segment, asked, [*literal, *names])
        shown = sum(any(p.id in on_screen for p in clause) for clause in clauses)
        hit = Hit(
            segment_id=segment.id,
            video=videos[segment.video_id],
            span=segment.span,
            caption_en=segment.caption_en,
            caption_ko=segment.caption_ko,
            speech=segment.speech,
            objects=tuple(segment.objects),
            people=segment.people,
            score=round(scored.score, 4),
            good=segment.id in ranking.good,
            parts=Parts(
                meaning=round(max(0.0, scored.cosine), 4),
                words=round(scored.words, 4),
                people=round(shown / len(clauses), 4) if clauses else 0.0,
                speech=round(asked.share_in(segment.speech or ""), 4),
            ),
            marks=marks,
            heard=tuple(word for word in heard.get(segment.id, ()) if spoken(word.text)),
            edited=segment.touched,
        )
        members = tuple(
            Member(member.segment_id, member.span, round(ranking.scores[member.segment_id].score, 4))
            for member in each.members
        )
        moments.append(Moment(each.span, hit, members))
    return tuple(moments)
