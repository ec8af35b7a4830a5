"""Segments out and in again: exact where a video is new, careful where people worked on it already."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from tests.editing.library import Model, add_video, editing, editor, history, shown, spans
from tests.editing.test_segments import snapshot
from tests.ingest.empty import empty_catalog
from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.human import read_fields
from vsearch_pipeline.catalog.library import ensure_person
from vsearch_pipeline.catalog.operations import get_operation
from vsearch_pipeline.catalog.segments import read_segments
from vsearch_pipeline.catalog.videos import get_video
from vsearch_pipeline.errors import InputError, VsearchError
from vsearch_pipeline.export.segments_json import as_json, document_of_segments, document_of_videos
from vsearch_pipeline.ingest.segments_json import ImportedSegments, import_segments
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.timeline import TimeRange

PEOPLE = {"Ana of files": [(0, 6000)], "Ben of files": [(4000, 20_000)]}


@pytest.fixture(scope="module")
def nothing(catalog: Catalog, settings: Settings) -> Iterator[Catalog]:
    with empty_catalog(catalog, settings, "segments_json") as made:
        yield made


@pytest.fixture
def elsewhere(nothing: Catalog) -> Iterator[Connection]:
    """A catalogue with nothing in it, whose work is rolled back."""
    with nothing.engine.connect() as opened:
        transaction = opened.begin()
        yield opened
        transaction.rollback()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "segments.json"


def take(connection: Connection, file: Path, *, replace: bool = False) -> list[ImportedSegments]:
    return import_segments(editor(connection), file, replace=replace)


def give(connection: Connection, file: Path, *videos: str) -> str:
    written = as_json(document_of_videos(connection, videos))
    file.write_text(written, encoding="utf-8")
    return written


def human_layer(connection: Connection, video: str) -> list[tuple[Any, ...]]:
    """What people did, and where; rests of the models' ranges may have other numbers."""
    [entry] = document_of_videos(connection, [video]).videos
    return [(s.start_ms, s.end_ms, s.auto.range, s.auto.covered, s.human) for s in entry.segments]


def operations(connection: Connection) -> int:
    return int(connection.execute(text("select count(*) from operations")).scalar_one())


def edited(connection: Connection) -> str:
    """A video with an edit of every kind."""
    video = add_video(connection, Model(people=PEOPLE))
    service = editing(connection)
    cem = ensure_person(connection, "Band", "Cem of files", ["C"], display="Cem!", gender="male")
    _, second, third, fourth = shown(connection, video)
    service.create(video, TimeRange(1000, 4000), captions={"ko": "새 장면"})
    service.set_captions([second.id], {"en": "mine"})
    service.set_people([second.id], add=[cem], remove=[p.id for p in second.people][:1])
    service.move(third.id, end_ms=17_000)
    service.split(third.id, 12_000)
    service.delete([third.id])
    service.lock([fourth.id])
    return video


# --- a video that is new


def test_a_library_is_made_again_exactly(connection: Connection, elsewhere: Connection, file: Path) -> None:
    video = edited(connection)
    written = give(connection, file, video)
    [done] = take(elsewhere, file)
    assert (done.video_id, done.new, done.differences, done.left_out) == (video, True, (), ())
    assert give(elsewhere, file, video) == written
    assert get_video(elsewhere, video).kind == "imported"
    here, there = (read_segments(each, video_id=video, deleted=True) for each in (connection, elsewhere))
    assert [s.id for s in there] == [s.id for s in here]
    assert operations(elsewhere) == 1
    assert take(elsewhere, file)[0].operation is None
    assert operations(elsewhere) == 1
    assert elsewhere.execute(
        text("select count(*) from segments where search @@ '새'::tsquery and shown")
    ).scalar_one()


def test_what_was_made_can_be_edited_and_taken_back(
    connection: Connection, elsewhere: Connection, file: Path
) -> None:
    video = edited(connection)
    give(connection, file, video)
    [done] = take(elsewhere, file)
    made = human_layer(elsewhere, video)
    assert done.operation
    [reverted] = history(elsewhere).revert(done.operation)
    assert spans(elsewhere, video) == [(0, 5000), (5000, 10_000), (10_000, 15_000), (15_000, 20_000)]
    assert not any(s.touched for s in read_segments(elsewhere, video_id=video, deleted=True))
    history(elsewhere).revert(reverted.operation or 0)
    assert human_layer(elsewhere, video) == made
    assert editing(elsewhere).create(video, TimeRange(500, 900)).operation


def test_numbers_that_are_taken_or_spoken_of_are_not_given_again(
    connection: Connection, elsewhere: Connection, file: Path
) -> None:
    video = add_video(connection)
    numbers = [s.id for s in shown(connection, video)]
    give(connection, file, video)
    elsewhere.execute(text("insert into counters values ('segment', :n)"), {"n": numbers[0] - 1})
    other = add_video(elsewhere, Model((0, 20_000)))
    assert [s.id for s in shown(elsewhere, other)] == numbers[:1]
    made = editing(elsewhere).create(other, TimeRange(0, 20_000))
    assert [s.id for s in made.segments] == numbers[1:2]
    history(elsewhere).undo()
    [done] = take(elsewhere, file)
    assert sorted(done.numbers.values()) == [*numbers[2:], numbers[-1] + 1, numbers[-1] + 2]
    history(elsewhere).redo()
    assert not set(done.numbers.values()) & {s.id for s in shown(elsewhere, other)}


def test_a_selection_has_only_what_was_chosen(connection: Connection, elsewhere: Connection, file: Path) -> None:
    one, other = edited(connection), add_video(connection)
    chosen = [shown(connection, other)[2].id, shown(connection, one)[0].id, shown(connection, other)[0].id]
    document = document_of_segments(connection, chosen)
    assert [(v.id, v.whole, [s.id for s in v.segments]) for v in document.videos] == [
        (other, False, [chosen[0], chosen[2]]),
        (one, False, [chosen[1]]),
    ]
    file.write_text(as_json(document), encoding="utf-8")
    assert [each.changed for each in take(elsewhere, file)] == [2, 1]


letters = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
texts = st.text(letters, max_size=30)
captions = st.none() | texts.filter(str.strip).map(lambda t: unicodedata.normalize("NFC", t).strip()).filter(bool)
names = st.sampled_from(["Ana", "Ben", "지수", "Ö/Ä"])
times = st.integers(0, 60_000)


@st.composite
def ranges(draw: Any) -> list[int]:
    start = draw(times)
    return [start, draw(st.integers(start + 1, 60_001))]


@st.composite
def segments(draw: Any, number: int) -> dict[str, Any]:
    span = draw(ranges())
    seen, said = (sorted(draw(st.sets(names))) for _ in range(2))
    human = {
        "created": draw(st.booleans()),
        "range": draw(st.none() | st.just(span)),
        "caption_en": draw(
            st.none() | st.fixed_dictionaries({"text": captions.filter(bool), "seen": st.none() | texts})
        ),
        "people": [
            {"group": None, "name": name, "present": draw(st.booleans()), "seen": draw(st.booleans())}
            for name in said
        ],
        "deleted": draw(st.none() | st.just("2026-01-02T03:04:05.000006+00:00")),
        "locked": draw(st.booleans()),
    }
    return {
        "id": number,
        "start_ms": span[0],
        "end_ms": span[1],
        "caption_en": None,
        "caption_ko": None,
        "objects": draw(st.dictionaries(texts, st.integers(0, 99), max_size=2)),
        "speech": draw(st.none() | texts),
        "people": [],
        "auto": {
            "caption_en": draw(st.none() | texts),
            "caption_ko": draw(st.none() | texts),
            "people": [{"group": None, "name": name, "confidence": draw(st.floats(0, 1))} for name in seen],
            "range": draw(st.none() | ranges()),
            "covered": draw(st.booleans()),
        },
        "human": draw(st.none() | st.just(human)),
    }


@st.composite
def documents(draw: Any) -> dict[str, Any]:
    numbers = iter(draw(st.permutations(range(1, 9))))
    videos = [
        {
            "id": f"film-{index}",
            "title": draw(texts),
            "sha256": f"sha-{index}",
            "duration_ms": draw(st.none() | st.just(60_001)),
            "frame_rate": draw(st.sampled_from([None, "25/1", "30000/1001"])),
            "overlapping": draw(st.booleans()),
            "whole": True,
            "segments": [draw(segments(next(numbers))) for _ in range(draw(st.integers(0, 4)))],
        }
        for index in range(draw(st.integers(1, 2)))
    ]
    people = [
        {"group": None, "name": name, "aliases": ["A"], "display": None, "gender": None}
        for name in ["Ana", "Ben", "지수", "Ö/Ä"]
    ]
    return {"format": "vsearch-segments", "version": 1, "people": people, "videos": videos}


@hypothesis.given(documents())
@hypothesis.settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_any_content_comes_out_as_it_went_in(elsewhere: Connection, file: Path, document: dict[str, Any]) -> None:
    file.write_text(json.dumps(document), encoding="utf-8")
    videos = [video["id"] for video in document["videos"]]
    with elsewhere.begin_nested() as savepoint:
        take(elsewhere, file)
        written = give(elsewhere, file, *videos)
        savepoint.rollback()
    with elsewhere.begin_nested() as savepoint:
        take(elsewhere, file)
        assert as_json(document_of_videos(elsewhere, videos)) == written
        before = operations(elsewhere)
        assert not any(each.operation or each.differences or each.left_out for each in take(elsewhere, file))
        assert operations(elsewhere) == before
        savepoint.rollback()
    said = [
        {**each, "human": each["human"] and {**each["human"], "caption_ko": None}}
        for video in document["videos"]
        for each in sorted(video["segments"], key=lambda s: (s["start_ms"], s["id"]))
    ]
    stored = [each for video in json.loads(written)["videos"] for each in video["segments"]]
    for given_, kept in zip(said, stored, strict=True):
        assert (given_["id"], given_["auto"], given_["objects"]) == (kept["id"], kept["auto"], kept["objects"])


# --- a video that is here


def test_what_people_did_is_taken_over_as_one_operation(connection: Connection, file: Path) -> None:
    video = add_video(connection, Model(people=PEOPLE), name="carried-film")
    before = snapshot(connection, video)
    with connection.begin_nested() as savepoint:
        service = editing(connection)
        first, second, third, _ = shown(connection, video)
        service.set_captions([first.id], {"en": "mine", "ko": "나의"})
        service.set_people([second.id], remove=[p.id for p in second.people])
        service.move(third.id, end_ms=13_000, neighbours="stay")
        service.create(video, TimeRange(16_000, 17_000), captions={"en": "made"})
        wanted = human_layer(connection, video)
        give(connection, file, video)
        savepoint.rollback()
    [done] = take(connection, file)
    assert (done.new, done.differences, done.left_out, done.changed) == (False, (), (), 4)
    assert human_layer(connection, video) == wanted
    assert get_operation(connection, done.operation or 0).kind == "import.segments"
    assert take(connection, file)[0].operation is None
    history(connection).undo()
    assert snapshot(connection, video) == before


def test_a_video_is_known_by_its_content_and_its_segments_by_their_time(
    connection: Connection, file: Path
) -> None:
    video = add_video(connection)
    document = json.loads(give(connection, file, video))
    document["videos"][0]["id"] = "of-another-name"
    for place, segment in enumerate(document["videos"][0]["segments"]):
        segment["id"] = shown(connection, video)[3 - place].id  # another library numbers otherwise
        segment["human"] = {"caption_en": {"text": f"at {segment['start_ms']}", "seen": None}}
    file.write_text(json.dumps(document), encoding="utf-8")
    [done] = take(connection, file)
    assert (done.video_id, done.changed) == (video, 4)
    assert [s.caption_en for s in shown(connection, video)] == [
        f"at {start}" for start, _ in spans(connection, video)
    ]


def test_what_people_said_here_stands_and_is_told(connection: Connection, file: Path) -> None:
    video = add_video(connection, Model(people=PEOPLE))
    service = editing(connection)
    first, second, third, fourth = shown(connection, video)
    ana = first.people[0].id
    with connection.begin_nested() as savepoint:
        service.set_captions([first.id], {"en": "theirs", "ko": "그들의"})
        service.set_people([first.id], remove=[ana])
        service.set_captions([second.id, third.id], {"en": "theirs"})
        service.move(fourth.id, start_ms=16_000, neighbours="stay")
        give(connection, file, video)
        savepoint.rollback()
    service.set_captions([first.id], {"en": "mine"})
    service.set_people([first.id], add=[ana])
    service.lock([second.id])
    service.create(video, TimeRange(10_000, 16_500), captions={"en": "over the others"})
    [done] = take(connection, file)
    told = [(each.field, each.here, each.there) for each in done.differences]
    assert told == [("caption_en", "mine", "theirs"), ("Ana of files", "there", "not there")]
    assert [reason.split(": ", 1)[1].split(",")[0] for reason in done.left_out] == [
        f"segment {second.id} is locked here",
        f"it lies over segment {max(s.id for s in shown(connection, video) if s.created)}",
        f"it lies over segment {max(s.id for s in shown(connection, video) if s.created)}",
    ]
    [now] = read_segments(connection, ids=[first.id])
    assert (now.caption_en, now.caption_ko) == ("mine", "그들의")
    assert take(connection, file)[0].operation is None
    [done] = take(connection, file, replace=True)
    assert len(done.differences) == 2
    [now] = read_segments(connection, ids=[first.id])
    assert (now.caption_en, ana in {p.id for p in now.people}) == ("theirs", False)
    history(connection).undo()
    [now] = read_segments(connection, ids=[first.id])
    assert (now.caption_en, ana in {p.id for p in now.people}) == ("mine", True)


def test_people_who_are_new_are_made_by_the_operation(connection: Connection, file: Path) -> None:
    video = add_video(connection)
    document = json.loads(give(connection, file, video))
    document["people"] = [
        {"group": "G", "name": name, "aliases": ["Z"], "display": None, "gender": "female"}
        for name in ("New", "Unused")
    ]
    said = {"group": "G", "name": "New", "present": True, "seen": False}
    document["videos"][0]["segments"][0]["human"] = {"people": [said]}
    file.write_text(json.dumps(document), encoding="utf-8")
    [done] = take(connection, file)
    [person] = shown(connection, video)[0].people
    assert (person.group, person.name, person.aliases) == ("G", "New", ("Z",))
    assert connection.execute(text("select count(*) from people where name = 'Unused'")).scalar_one() == 0
    history(connection).revert(done.operation or 0)
    assert not shown(connection, video)[0].touched


# --- bad files


def changed(document: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """The document with another value at a path such as `videos.0.id`."""
    *inner, last = path.split(".")
    place: Any = document
    for step in inner:
        place = place[int(step)] if step.isdigit() else place[step]
    place[int(last) if last.isdigit() else last] = value
    return document


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("format", "other", "its format is 'other'"),
        ("version", 2, "is of version 2, and this vsearch reads version 1"),
        ("version", "x", "is no file of segments"),
        ("videos.0.segments.1.end_ms", 20_001, "it ends after its video"),
        ("videos.0.segments.1.end_ms", 10, "ends before it begins"),
        ("videos.0.segments.1.start_ms", -1, "videos, 0, segments, 1, start_ms: .*greater"),
        ("videos.0.segments.1.id", "7", "videos, 0, segments, 1, id: .*integer"),
        ("videos.0.segments.1.auto.range", [0, 30_000], "ends after its video"),
        ("videos.0.segments.1.extra", 1, "extra: "),
        ("videos.0.id", "../../etc", "cannot be a video's id"),
        ("videos.0.segments.1.human", {"range": [0, 1]}, "another range"),
        ("videos.0.segments.1.human", {"deleted": "yesterday"}, "human, deleted"),
        ("videos.0.segments.1.human", {"caption_en": {"text": "x" * 100_000}}, "at most 5,000"),
        ("videos.0.segments.1.human", {"caption_en": {"text": "\x00"}}, "zero byte"),
        ("videos.0.segments.1.auto.caption_en", "x" * 100_000, "50,000 at most"),
        ("videos.0.segments.1.human", {"people": [{"group": None, "name": "Who", "present": True, "seen": True}]},
         "segment [0-9]+: Who is not among the people"),
        ("people", [{"group": None, "name": "A"}] * 2, "Person A is there twice"),
        ("people", [{"group": None, "name": " "}], "is empty"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused_whole(
    connection: Connection, file: Path, path: str, value: Any, reason: str
) -> None:
    video = add_video(connection)
    document = changed(json.loads(give(connection, file, video)), path, value)
    file.write_text(json.dumps(document), encoding="utf-8")
    before = operations(connection)
    with pytest.raises(InputError, match=reason) as refused:
        take(connection, file)
    assert str(refused.value).startswith("segments.json: ")
    assert operations(connection) == before


def test_what_is_no_json_of_segments_is_refused(connection: Connection, file: Path) -> None:
    video = add_video(connection)
    written = give(connection, file, video)
    number = shown(connection, video)[0].id
    for content, reason in (
        (written[:1000], "not a whole JSON file"),
        ("", "not a whole JSON file"),
        ("[]", "no file of segments"),
        ('{"a": 1}', "no file of segments"),
        (written.replace('"model caption 0"', '"\\ud800"'), "not a whole JSON file .*hex escape"),
        (written.replace(f'"id": {number + 1},', f'"id": {number},'), f"Segment {number} is there twice"),
    ):
        file.write_text(content, encoding="utf-8")
        with pytest.raises(InputError, match=reason):
            take(connection, file)
    file.write_bytes(b"\xff\xfe{")
    with pytest.raises(InputError, match="not a whole JSON file"):
        take(connection, file)
    with pytest.raises(InputError, match="cannot be read"):
        take(connection, file.with_name("nowhere.json"))


# --- whatever was done here and there


spots = st.integers(0, 40).map(lambda n: n * 500)
edits = st.lists(
    st.tuples(st.sampled_from(["caption", "people", "create", "move", "split", "delete", "lock"]),
              st.integers(0, 9), spots, spots), max_size=5,
)  # fmt: skip


def do(connection: Connection, video: str, word: str, done: list[tuple[str, int, int, int]]) -> None:
    """Edits as far as they are possible."""
    service = editing(connection, word)
    for kind, pick, one, other in done:
        chosen = (
            shown(connection, video)[pick % len(shown(connection, video))] if shown(connection, video) else None
        )
        start, end = sorted((one, other))
        try:
            with connection.begin_nested():
                if kind == "create":
                    service.create(
                        video, TimeRange(start, max(end, start + 500)), captions={"ko": f"{word} {start}"}
                    )
                elif chosen is None:
                    continue
                elif kind == "caption":
                    service.set_captions([chosen.id], {"en": f"{word} {one}"})
                elif kind == "people":
                    who = [ensure_person(connection, None, "Ana of files")]
                    service.set_people([chosen.id], **{"add" if one < other else "remove": who})
                elif kind == "move":
                    service.move(chosen.id, start_ms=start, end_ms=end, neighbours="stay")
                elif kind == "split":
                    service.split(chosen.id, one)
                elif kind == "delete":
                    service.delete([chosen.id])
                else:
                    service.lock([chosen.id])
        except VsearchError:
            continue


@hypothesis.given(edits, edits, st.booleans())
@hypothesis.settings(
    max_examples=15,
    phases=[Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_nothing_that_people_did_here_is_lost(
    connection: Connection, file: Path, there: list[Any], here: list[Any], replace: bool
) -> None:
    with connection.begin_nested() as outer:
        video = add_video(connection, Model(people=PEOPLE))
        with connection.begin_nested() as savepoint:
            do(connection, video, "there", there)
            give(connection, file, video)
            savepoint.rollback()
        do(connection, video, "here", here)
        before, fields = human_layer(connection, video), said(connection, video)
        [done] = take(connection, file, replace=replace)
        after = said(connection, video)
        changed = {
            (number, name) for number, own in fields.items() for name, value in own.items()
            if after.get(number, {}).get(name) != value
        }  # fmt: skip
        assert len(changed) <= (len(done.differences) if replace else 0)
        owned = sorted(
            s.span
            for s in read_segments(connection, video_id=video, deleted=True)
            if s.touched and not s.deleted_at
        )
        assert all(one.end_ms <= other.start_ms for one, other in pairwise(owned))
        again = take(connection, file, replace=replace)[0]
        assert (again.operation, again.left_out) == (None, done.left_out)
        if done.operation:
            history(connection).revert(done.operation)
        assert (human_layer(connection, video), said(connection, video)) == (before, fields)
        outer.rollback()


def said(connection: Connection, video: str) -> dict[str, dict[str, Any]]:
    """Every field that people set, by segment."""
    numbers = [str(s.id) for s in read_segments(connection, video_id=video, deleted=True)]
    return {number: own for number, own in read_fields(connection, "segment", numbers).items() if own}
