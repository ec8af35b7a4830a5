"""The indexes behind search: nearest segments, matching words, nearest faces."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, select, text

from vsearch_pipeline.catalog.library import PersonRecord, list_people, survivor
from vsearch_pipeline.catalog.models import FaceLabel, FaceTrack, Person, Video
from vsearch_pipeline.catalog.passages import PASSAGE_MS
from vsearch_pipeline.catalog.segments import OBJECT
from vsearch_pipeline.catalog.text_models import Answering
from vsearch_pipeline.catalog.vocabulary import STATE, STATE_VALUES, VocabularyState
from vsearch_pipeline.timeline import TimeRange

EVERY_TUPLE = 2_000_000_000
"""For `hnsw.max_scan_tuples`: a search goes on until it has what it wants."""
FIRST_FACES = 200
MOST_EF_SEARCH = 1000
"""The highest value that pgvector takes."""


def _index_name(table: str, model: str) -> str:
    own = model if table == "segment_embeddings" else f"{table} {model}"
    return "hnsw_" + hashlib.sha256(own.encode()).hexdigest()[:16]


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def ensure_vector_index(connection: Connection, model: str, dim: int) -> None:
    """The model's own HNSW index over segments; another model's rows are not in it."""
    _ensure_index(connection, "segment_embeddings", model, dim)


def drop_vector_index(connection: Connection, model: str) -> None:
    """Drop a model's index over segments, without anybody waiting; not within a transaction."""
    connection.execute(text(f"drop index concurrently if exists {_index_name('segment_embeddings', model)}"))


def ensure_face_index(connection: Connection, model: str, dim: int) -> None:
    """The model's own HNSW index over the embedded faces of tracks."""
    _ensure_index(connection, "face_embeddings", model, dim)


def _ensure_index(connection: Connection, table: str, model: str, dim: int) -> None:
    name = _index_name(table, model)
    found = text("select to_regclass(:name) is not null")
    if connection.execute(found, {"name": name}).scalar_one():
        return  # making an index locks the table against writers, even where it is there
    connection.execute(
        text(
            f"create index if not exists {name} on {table}"
            f" using hnsw ((embedding::halfvec({int(dim)})) halfvec_cosine_ops)"
            f" where model = {_literal(model).replace(':', chr(92) + ':')}"
        )
    )


@dataclass(frozen=True, slots=True)
class NearTrack:
    """A track, and the highest cosine of its embedded faces to a query, -1..1."""

    video_id: str
    track_index: int
    similarity: float


def near_tracks(
    connection: Connection, *, model: str, vector: Sequence[float], threshold: float
) -> list[NearTrack]:
    """Every track with a face at `threshold` or more, the most alike first, then by video and index.

    The index hands faces out in order of likeness; four times as many are asked for until they lie beyond the
    threshold. Where it gives up before that, all faces are compared.
    """
    dim = len(vector)
    literal = _literal(model).replace(":", "\\:")
    distance = f"embedding::halfvec({dim}) <=> cast(:vector as halfvec({dim}))"
    columns = f"video_id, track_index, 1 - ({distance}) as similarity"
    faces = f"select {columns} from face_embeddings where model = {literal}"  # noqa: S608 - the name is quoted
    statement = text(f"{faces} order by {distance} limit :limit")
    connection.execute(text("set local hnsw.iterative_scan = strict_order"))
    connection.execute(text(f"set local hnsw.max_scan_tuples = {EVERY_TUPLE}"))
    query = "[" + ",".join(map(str, vector)) + "]"
    limit = FIRST_FACES
    while True:
        connection.execute(text(f"set local hnsw.ef_search = {min(limit, MOST_EF_SEARCH)}"))
        rows = connection.execute(statement, {"vector": query, "limit": limit}).all()
        if len(rows) < limit or rows[-1].similarity < threshold:
            break
        limit *= 4
    if rows and rows[-1].similarity >= threshold:
        beyond = text(f"{faces} and 1 - ({distance}) >= :threshold")
        rows = connection.execute(beyond, {"vector": query, "threshold": threshold}).all()
    best: dict[tuple[str, int], float] = {}
    for row in rows:
        key = (row.video_id, row.track_index)
        if row.similarity >= threshold:
            best[key] = max(best.get(key, -1.0), row.similarity)
    found = [NearTrack(video, track, similarity) for (video, track), similarity in best.items()]
    return sorted(found, key=lambda near: (-near.similarity, near.video_id, near.track_index))


# --- segments ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SegmentFilter:
    """What a segment must be; everything that is given narrows.

    Attributes:
        people: of each, at least one id is on screen.
        objects: of each, at least one label is seen.
        phrases: folded texts that a caption or the speech has.
        videos: ids, any of them; None for all.
        after, before: when the video was added: the first day that counts, the first that does not.
        from_ms, to_ms: the segment's middle lies there.
        min_ms, max_ms: length.
    """

    people: tuple[tuple[int, ...], ...] = ()
    without_people: tuple[int, ...] = ()
    objects: tuple[tuple[str, ...], ...] = ()
    without_objects: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    without_phrases: tuple[str, ...] = ()
    videos: tuple[str, ...] | None = None
    without_videos: tuple[str, ...] = ()
    after: date | None = None
    before: date | None = None
    from_ms: int | None = None
    to_ms: int | None = None
    min_ms: int | None = None
    max_ms: int | None = None
    edited: bool | None = None
    untranslated: bool | None = None

    def __bool__(self) -> bool:
        return self != SegmentFilter()


_TEXT = "lower(concat_ws(' ', s.caption_en, s.caption_ko, s.auto_speech))"
_EDITED = (
    "(s.human_range or s.human_caption_en is not null or s.human_caption_ko is not null or exists"
    " (select 1 from segment_people h where h.segment_id = s.id and h.layer = 'human'))"
)
_UNTRANSLATED = "(s.caption_en is not null and s.caption_ko is null)"


def _conditions(wanted: SegmentFilter) -> tuple[str, dict[str, Any]]:  # noqa: PLR0912 - one for each filter
    """SQL that holds for the wanted segments `s`, and its parameters."""
    parts = ["s.shown"]
    values: dict[str, Any] = {}

    def add(condition: str, value: Any) -> None:
        name = f"f{len(values)}"
        parts.append(condition.format(name=":" + name))
        values[name] = value

    for ids in wanted.people:
        add("s.people && cast({name} as int[])", list(ids))
    if wanted.without_people:
        add("not s.people && cast({name} as int[])", list(wanted.without_people))
    for labels in wanted.objects:
        add("s.search @@ cast({name} as tsquery)", _any_lexeme(OBJECT + label for label in labels))
    if wanted.without_objects:
        without = _any_lexeme(OBJECT + label for label in wanted.without_objects)
        add("not s.search @@ cast({name} as tsquery)", without)
    for phrase in wanted.phrases:
        add(f"{_TEXT} ~ {{name}}", _pattern(phrase))
    for phrase in wanted.without_phrases:
        add(f"{_TEXT} !~ {{name}}", _pattern(phrase))
    if wanted.videos is not None:
        add("s.video_id = any(cast({name} as text[]))", list(wanted.videos))
    if wanted.without_videos:
        add("s.video_id <> all(cast({name} as text[]))", list(wanted.without_videos))
    added = "(select added_at from videos where videos.id = s.video_id)"
    for sign, day in ((">=", wanted.after), ("<", wanted.before)):
        if day is not None:
            add(f"{added} {sign} cast({{name}} as date)", day)
    middle, length = "(s.start_ms + s.end_ms) / 2", "s.end_ms - s.start_ms"
    bounds = ((middle, ">=", wanted.from_ms), (middle, "<", wanted.to_ms))
    lengths = ((length, ">=", wanted.min_ms), (length, "<=", wanted.max_ms))
    for what, sign, bound in (*bounds, *lengths):
        if bound is not None:
            add(f"{what} {sign} {{name}}", bound)
    for condition, asked in ((_EDITED, wanted.edited), (_UNTRANSLATED, wanted.untranslated)):
        if asked is not None:
            parts.append(condition if asked else f"not {condition}")
    return " and ".join(parts), values


def _any_lexeme(lexemes: Iterable[str]) -> str:
    return " | ".join(map(_lexeme, lexemes))


def _lexeme(value: str) -> str:
    """A lexeme as a tsquery reads it: quotes and backslashes doubled."""
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def _pattern(phrase: str) -> str:
    """A regular expression for a phrase; an end that is a letter of a spaced script is the end of a word."""
    words = r"\s+".join(re.sub(r"([^\w\s])", r"\\\1", word) for word in phrase.split())
    spaced = re.compile(r"[0-9a-z\u00c0-\u024f\u0370-\u052f]")
    before = r"(?<!\w)" if spaced.match(phrase[:1]) else ""
    after = r"(?!\w)" if spaced.match(phrase[-1:]) else ""
    return before + words + after


@dataclass(frozen=True, slots=True)
class Candidate:
    """A segment that may match.

    Attributes:
        words: ids of its words.
        people: ids of who is there.
        cosine: of the query and the likest of its texts, -1..1; 0 where it has none.
        around: segments of its passage, 0 without one; `around_words` and `around_cosine` are the passage's.
    """

    segment_id: int
    video_id: str
    span: TimeRange
    words: Sequence[int]
    people: Sequence[int]
    cosine: float
    around: int
    around_words: Sequence[int]
    around_cosine: float


NEAR = 90
"""Candidates that the index of vectors gives."""
NEAR_FILTERED = 45
"""The same under a filter, which the index has to search on for."""
WORDED = 80
"""Candidates that the index of words gives."""
EXACT_BELOW = 10_000
"""A filter that leaves fewer segments is answered exactly: the graph would be searched in vain for them."""
_MOST_WORDED = 400
"""Segments that are compared by words; more have only words that tell nothing apart."""


def candidates(
    connection: Connection,
    *,
    model: str,
    vector: Sequence[float],
    tokens: Mapping[str, tuple[int, float]],
    wanted: SegmentFilter,
) -> list[Candidate]:
    """The segments nearest to a vector and those with the rarest of some words, within a filter.

    Args:
        vector: the query's embedding; its length names the index.
        tokens: how many segments have each token of the query, and what it weighs.
    """
    where, values = _conditions(wanted)
    exact = bool(wanted) and _is_small(connection, where, values)
    dim = len(vector)
    literal = _literal(model).replace(":", "\\:")
    distance = f"e.embedding::halfvec({dim}) <=> cast(:vector as halfvec({dim}))"
    order = f"({distance}) + 0" if exact else distance  # an expression is not what the index orders by
    near = NEAR_FILTERED if wanted and not exact else NEAR
    join = "join segments s on s.id = e.segment_id" if wanted else ""
    narrowed = f"and {where}" if wanted else ""
    words, word_values = _worded(tokens, where)
    statement = text(
        f"""
        with near as materialized (
            select e.segment_id as id from segment_embeddings e {join}
            where e.model = {literal} {narrowed} order by {order} limit {near}
        ), worded as materialized ({words}), found as (select id from near union select id from worded)
        select s.id, s.video_id, s.start_ms, s.end_ms, s.words, s.people, own.cosine,
            p.segments, p.words as around_words,
            1 - (p.embedding::halfvec({dim}) <=> cast(:vector as halfvec({dim}))) as around_cosine
        from segments s
        left join lateral (
            select max(1 - ({distance})) as cosine from segment_embeddings e
            where e.segment_id = s.id and e.model = {literal}
        ) own on true
        left join passages p on p.video_id = s.video_id and p.model = {literal}
            and p.index = (s.start_ms + s.end_ms) / 2 / {PASSAGE_MS}
        where s.shown and s.id = any(array(select id from found))
        """  # noqa: S608 - the model's name is quoted, the rest is ours
    )
    rows = connection.execute(
        statement, {"vector": "[" + ",".join(map(str, vector)) + "]", **values, **word_values}
    )
    return [
        Candidate(
            row.id,
            row.video_id,
            TimeRange(row.start_ms, row.end_ms),
            row.words,
            row.people,
            row.cosine or 0.0,
            row.segments or 0,
            row.around_words or (),
            row.around_cosine or 0.0,
        )
        for row in rows
    ]


def _worded(tokens: Mapping[str, tuple[int, float]], where: str) -> tuple[str, dict[str, Any]]:
    """A query for the segments with the rarest tokens, best first, and its parameters.

    Tokens are taken from the rarest on while few segments have them; where even the rarest is common, segments
    must have it together with the next ones. So the work stays bounded in a library of any size.
    """
    ranked = sorted(
        ((count, token, weight) for token, (count, weight) in tokens.items() if count), key=lambda t: t[:2]
    )
    if not ranked:
        return "select id from segments where false", {}
    taken: list[tuple[str, float]] = []
    total = 0
    for count, token, weight in ranked:
        if taken and total + count > _MOST_WORDED:
            break
        taken.append((token, weight))
        total += count
    joiner = " | "
    if total > _MOST_WORDED:  # only the rarest was taken, and it is common
        taken, joiner = [(token, weight) for _, token, weight in ranked[:_TOGETHER]], " & "
    score = " + ".join(
        f"case when s.search @@ cast(:t{i} as tsquery) then cast(:w{i} as float) else 0 end"
        for i in range(len(taken))
    )
    values: dict[str, Any] = {"asked": joiner.join(_lexeme(token) for token, _ in taken)}
    for i, (token, weight) in enumerate(taken):
        values |= {f"t{i}": _lexeme(token), f"w{i}": weight}
    return (
        f"select id from (select s.id, {score} as score from"  # noqa: S608 - numbers and names of ours
        f" (select * from segments s where s.search @@ cast(:asked as tsquery) and {where} limit {_MOST_WORDED}) s"
        f" ) scored order by score desc, id limit {WORDED}",
        values,
    )


_TOGETHER = 3


_EVERYTHING = "(select reltuples from pg_class where oid = 'segments'::regclass)"


def _is_small(connection: Connection, where: str, values: Mapping[str, Any]) -> bool:
    """Whether comparing all segments that satisfy a condition is less work than walking the graph for them.

    The graph hands out about `NEAR_FILTERED` / share of them, each some twenty times as dear as a comparison.
    """
    counted = text(
        f"select count(*) as segments, {_EVERYTHING} as everything"  # noqa: S608
        f" from (select 1 from segments s where {where} limit {EXACT_BELOW}) found"
    )
    row = connection.execute(counted, values).one()
    everything = max(row.everything, 0.0)  # -1 where nobody has counted yet
    return bool(
        row.segments < EXACT_BELOW and (not everything or row.segments**2 < 20 * NEAR_FILTERED * everything)
    )


_LIBRARY = text(
    f"""
    select vocabulary.*, answering.model, answering.source, answering.since,
        people.id, people.group_name, people.name, people.aliases, people.display, people.gender
    from ({STATE}) vocabulary
    left join (select model, source, since from text_models order by id desc limit 1) answering on true
    left join people on people.merged_into is null
    order by people.id
    """  # noqa: S608 - ours
)


@dataclass(frozen=True, slots=True)
class LibraryState:
    """What a search has to follow.

    Attributes:
        people: everybody who can be asked for.
        vocabulary: whether the words that are known are current.
        answering: the model that answers, None where nothing was embedded yet.
    """

    people: Sequence[PersonRecord]
    vocabulary: VocabularyState
    answering: Answering | None


def library_state(connection: Connection) -> LibraryState:
    """All that a search has to know before it begins, in one statement."""
    rows = connection.execute(_LIBRARY, STATE_VALUES).all()
    people = [
        PersonRecord(row.id, row.group_name, row.name, tuple(row.aliases), row.display, row.gender)
        for row in rows
        if row.id is not None
    ]
    first = rows[0]
    answering = None if first.model is None else Answering(first.model, first.source, first.since)
    return LibraryState(people, VocabularyState(first.last_id, first.counts, first.segments), answering)


@dataclass(frozen=True, slots=True)
class Listed:
    """A segment that a filter leaves; `certainty` is how sure it is that the people asked for are there, 0..1."""

    segment_id: int
    video_id: str
    span: TimeRange
    people: Sequence[int]
    certainty: float


LISTED = 2000
"""Segments listed where only people and filters are asked for."""


def listed(connection: Connection, wanted: SegmentFilter) -> list[Listed]:
    """The segments that a filter leaves, the surest first, then by video and time; `LISTED` at most."""
    where, values = _conditions(wanted)
    sure = "1.0"
    if wanted.people:
        sure = " * ".join(
            f"""coalesce((select max(case when layer = 'human' then 1.0 else coalesce(confidence, 1.0) end)
                from segment_people join people on people.id = person_id
                where segment_id = s.id and present
                  and coalesce(merged_into, people.id) = any(cast(:c{i} as int[]))), 0.0)"""  # noqa: S608
            for i in range(len(wanted.people))
        )
        values |= {f"c{i}": list(ids) for i, ids in enumerate(wanted.people)}
    rows = connection.execute(
        text(
            f"select s.id, s.video_id, s.start_ms, s.end_ms, s.people, {sure} as certainty"  # noqa: S608
            f" from segments s where {where} order by certainty desc, s.video_id, s.start_ms, s.id limit {LISTED}"
        ),
        values,
    )
    return [
        Listed(row.id, row.video_id, TimeRange(row.start_ms, row.end_ms), row.people, float(row.certainty))
        for row in rows
    ]


def segment_vectors(connection: Connection, segment_id: int, model: str) -> list[list[float]]:
    """The vectors of a segment's texts, captions before speech."""
    rows = connection.execute(
        text(
            "select cast(cast(embedding as vector) as real[]) as embedding from segment_embeddings"
            " where segment_id = :id and model = :model order by part = 'speech', part"
        ),
        {"id": segment_id, "model": model},
    )
    return [list(row.embedding) for row in rows]


# --- faces ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ShownTrack:
    """What is said of a track that was found."""

    title: str
    span: TimeRange
    person: PersonRecord | None


def shown_tracks(connection: Connection, keys: Sequence[tuple[str, int]]) -> dict[tuple[str, int], ShownTrack]:
    """Title of the video, time and present name of tracks, given as `(video id, track index)`."""
    rows = connection.execute(
        select(
            FaceTrack.video_id,
            FaceTrack.index.label("track_index"),
            FaceTrack.start_ms,
            FaceTrack.end_ms,
            Video.title,
            survivor().label("who"),
        )
        .join(Video, Video.id == FaceTrack.video_id)
        .outerjoin(
            FaceLabel, (FaceLabel.video_id == FaceTrack.video_id) & (FaceLabel.track_index == FaceTrack.index)
        )
        .outerjoin(Person, Person.id == FaceLabel.person_id)
        .where(FaceTrack.video_id.in_({video for video, _ in keys}))
    )
    wanted = set(keys)
    people = {person.id: person for person in list_people(connection)}
    return {
        (row.video_id, row.track_index): ShownTrack(
            row.title, TimeRange(row.start_ms, row.end_ms), people.get(row.who)
        )
        for row in rows
        if (row.video_id, row.track_index) in wanted
    }
