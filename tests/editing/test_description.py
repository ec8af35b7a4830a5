"""What the models say of any range: of a file by its model layer, of an imported video by its records."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from tests.people_library import add_video
from vsearch_pipeline.captioning.compose import compose
from vsearch_pipeline.captioning.facts import CaptionFacts, ObjectFact
from vsearch_pipeline.catalog.human import write_fields
from vsearch_pipeline.catalog.library import ensure_person
from vsearch_pipeline.catalog.models import FaceLabel, FaceTrack, ImportedRecord, Object, Utterance
from vsearch_pipeline.catalog.segments import AutoFields
from vsearch_pipeline.catalog.stages import ProducerInfo, producer_id, replace_captions, replace_rows
from vsearch_pipeline.catalog.videos import VideoRecord, get_video, insert_video
from vsearch_pipeline.editing.description import MOST_CAPTIONS, SURE_OBJECT, Describe, describer
from vsearch_pipeline.editing.on_screen import ON_SCREEN_MS
from vsearch_pipeline.timeline import TimeRange

SPANS = ((0, 5000), (5000, 10_000), (10_000, 15_000), (15_000, 20_000))


def producer(connection: Connection) -> int:
    return producer_id(connection, ProducerInfo("captions", "description test", "1"))


def caption(
    connection: Connection,
    video: str,
    language: str,
    texts: Sequence[str | None],
    spans: Sequence[tuple[int, int]] = SPANS,
    **more: Any,
) -> None:
    """One caption a span; None for one that is missing."""
    rows = [
        {"index": i, "start_ms": a, "end_ms": b, "text": told, "raw_text": "", **more}
        for i, (told, (a, b)) in enumerate(zip(texts, spans, strict=True))
        if told is not None
    ]
    replace_captions(connection, video, language, producer(connection), rows)


def put(connection: Connection, video: str, table: Any, rows: Sequence[dict[str, Any]]) -> None:
    numbered = [{"index": i, **row} for i, row in enumerate(rows)]
    replace_rows(connection, video, producer(connection), {table: numbered})


def on_screen(connection: Connection, video: str, seen: Sequence[tuple[int | None, int, int, float]]) -> None:
    """Who is seen when, and how surely."""
    tracks = [{"shot_index": 0, "start_ms": a, "end_ms": b, "faces": [], "best": []} for _, a, b, _ in seen]
    put(connection, video, FaceTrack, tracks)
    labels = [
        {"track_index": i, "person_id": who, "confidence": sure, "runner_up_confidence": 0.0}
        for i, (who, _, _, sure) in enumerate(seen)
    ]
    replace_rows(connection, video, producer(connection), {FaceLabel: labels})


def describe(connection: Connection, video: str, within: TimeRange | None = None) -> Describe:
    return describer(connection, get_video(connection, video), within)


@pytest.fixture
def film(connection: Connection) -> str:
    video = add_video(connection)
    caption(connection, video, "en", ["One.", "Two.", "Three.", "Four."])
    caption(connection, video, "ko", ["하나.", None, "셋.", "넷."])
    return video


# --- captions of a file -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("span", "english", "korean"),
    [
        ((0, 5000), "One.", "하나."),
        ((5000, 10_000), "Two.", None),
        ((0, 10_000), "One. Two.", "하나."),
        ((2500, 12_500), "One. Two. Three.", "하나. 셋."),  # half of a caption is enough
        ((2501, 12_499), "Two.", None),
        ((2501, 15_000), "Two. Three.", "셋."),
        ((0, 20_000), "One. Two. Three. Four.", "하나. 셋. 넷."),
        ((1000, 1500), "One.", "하나."),  # a part of one
        ((4000, 6000), "One.", "하나."),  # the earlier on a tie
        ((4000, 6001), "Two.", None),
        ((19_000, 30_000), "Four.", "넷."),
    ],
)
def test_a_range_is_told_by_the_captions_it_holds(
    connection: Connection, film: str, span: tuple[int, int], english: str, korean: str | None
) -> None:
    told = describe(connection, film)(TimeRange(*span))
    assert (told.caption_en, told.caption_ko) == (english, korean)


def test_of_what_no_model_saw_nothing_is_told(connection: Connection, film: str) -> None:
    nothing = AutoFields(None, None)
    assert describe(connection, film)(TimeRange(20_000, 30_000)) == nothing
    assert describe(connection, add_video(connection))(TimeRange(0, 1000)) == nothing


def test_a_caption_is_said_once_and_at_most_five_are(connection: Connection) -> None:
    video = add_video(connection)
    spans = [(i * 1000, i * 1000 + 1000) for i in range(12)]
    caption(connection, video, "en", [f"Scene {i // 2}." for i in range(12)], spans)
    told = describe(connection, video)(TimeRange(0, 12_000)).caption_en
    assert told == " ".join(f"Scene {i}." for i in range(MOST_CAPTIONS))
    caption(connection, video, "en", ["", "One.", "", "Two.", *[""] * 8], spans)
    assert describe(connection, video)(TimeRange(0, 12_000)).caption_en == "One. Two."
    assert describe(connection, video)(TimeRange(0, 1000)).caption_en is None


def test_names_are_put_into_what_is_joined(connection: Connection) -> None:
    video = add_video(connection)
    ana = ensure_person(connection, None, "Ana of descriptions", ["아나"], gender="female")
    caption(connection, video, "en", ["A woman is walking."] * 4)
    caption(connection, video, "ko", ["{P1}이(가) 걷고 있다."] * 4, people=[ana])
    on_screen(connection, video, [(ana, 0, 5000, 0.9)])
    told = describe(connection, video)(TimeRange(0, 10_000))
    assert told.caption_en == "Ana of descriptions is walking. A woman is walking.", "each caption by who is in it"
    assert told.caption_ko == "아나가 걷고 있다."


def test_captions_of_facts_are_composed_in_both_languages(connection: Connection) -> None:
    video = add_video(connection)
    facts = CaptionFacts(objects=(ObjectFact("dog", 1, 1.0, 0.9),))
    caption(connection, video, "en", ["stored"] * 4, facts=facts.to_json())
    told = describe(connection, video)(TimeRange(0, 10_000))
    assert told.caption_en == compose(facts, "en", [])
    assert told.caption_ko == compose(facts, "ko", []), "no translation is needed"


# --- the rest of a file -----------------------------------------------------------------------------------------


def test_objects_are_the_most_at_once(connection: Connection) -> None:
    video = add_video(connection)
    frames = [(0, ["dog", "dog"]), (1000, ["dog", "cat"]), (2000, ["dog", "dog", "dog"]), (3000, ["cow"])]
    rows = [
        {"frame_index": at, "time_ms": at, "label": label, "score": SURE_OBJECT, "bbox_xyxy": [0, 0, 1, 1]}
        for at, labels in frames
        for label in labels
    ]
    doubtful = {"frame_index": 0, "time_ms": 0, "label": "bench", "score": SURE_OBJECT - 0.01}
    put(connection, video, Object, [*rows, {**doubtful, "bbox_xyxy": [0, 0, 1, 1]}])
    told = describe(connection, video)
    assert told(TimeRange(0, 2000)).objects == {"cat": 1, "dog": 2}
    assert list(told(TimeRange(0, 3001)).objects.items()) == [("cat", 1), ("cow", 1), ("dog", 3)]
    assert told(TimeRange(3000, 3001)).objects == {"cow": 1}
    assert told(TimeRange(4000, 5000)).objects == {}


WORDS = [[f" w{i}", i * 700, i * 700 + 500, 1.0] for i in range(20)]


def speak(connection: Connection, video: str) -> None:
    rows = [
        {
            "start_ms": part[0][1],
            "end_ms": part[-1][2],
            "text": "",
            "language": "en",
            "confidence": 1.0,
            "words": part,
        }
        for part in (WORDS[:7], WORDS[7:8], WORDS[8:])
    ]
    put(connection, video, Utterance, rows)


def test_a_word_belongs_to_the_range_with_its_middle(connection: Connection) -> None:
    video = add_video(connection)
    speak(connection, video)
    told = describe(connection, video)
    assert told(TimeRange(0, 250)).speech is None
    assert told(TimeRange(0, 251)).speech == "w0"
    assert told(TimeRange(250, 951)).speech == "w0 w1"
    assert told(TimeRange(251, 950)).speech is None
    assert told(TimeRange(4000, 7000)).speech == "w6 w7 w8 w9", "through several utterances"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(st.sets(st.integers(1, 19_999), max_size=8))
def test_parts_of_a_video_share_its_words_among_them(connection: Connection, cuts: set[int]) -> None:
    video = add_video(connection)
    speak(connection, video)
    told = describe(connection, video)
    parts = [told(TimeRange(a, b)).speech for a, b in pairwise([0, *sorted(cuts), 20_000])]
    assert " ".join(part for part in parts if part) == " ".join(f"w{i}" for i in range(20))


def test_people_are_those_seen_for_long_enough(connection: Connection) -> None:
    video = add_video(connection)
    ana, ben, old = (ensure_person(connection, None, f"{name} of descriptions") for name in ("Ana", "Ben", "Old"))
    on_screen(
        connection,
        video,
        [
            (ana, 0, 3000, 0.7),
            (ana, 4000, 9000, 0.9),
            (ben, 3000, 6000, 0.8),
            (None, 0, 9000, 0.0),
            (old, 9000, 9900, 0.6),
        ],
    )
    told = describe(connection, video)
    assert told(TimeRange(0, 5000)).people == {ana: 0.9, ben: 0.8}
    assert told(TimeRange(0, 3000)).people == {ana: 0.7}
    assert told(TimeRange(0, 3000 + ON_SCREEN_MS - 1)).people == {ana: 0.7}
    assert told(TimeRange(0, 3000 + ON_SCREEN_MS)).people == {ana: 0.7, ben: 0.8}
    assert told(TimeRange(3000, 3100)).people == {ben: 0.8}, "a range shorter than that"
    write_fields(connection, "person", {str(old): {"merged_into": ben}}, operation=0)
    assert describe(connection, video)(TimeRange(5000, 9900)).people == {ana: 0.9, ben: 0.8}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 21_000), min_size=4, max_size=4, unique=True).map(sorted), st.booleans())
def test_a_part_is_told_the_same_from_the_part_alone(
    connection: Connection, film: str, times: list[int], imported: bool
) -> None:
    """What an edit reads around its segment is enough."""
    start, first, last, end = times
    video = film
    if imported:
        video = import_records(connection, [record(a, b, f"{a}.", speech=f"{b}") for a, b in SPANS])
    else:
        speak(connection, film)
        on_screen(connection, film, [(ensure_person(connection, None, "Ana of parts"), 0, 9000, 0.9)])
        seen = {"label": "dog", "score": 0.9, "bbox_xyxy": [0, 0, 1, 1]}
        put(connection, film, Object, [{"frame_index": i, "time_ms": i * 500, **seen} for i in range(40)])
    part = TimeRange(first, last)
    whole = describe(connection, video)(part)
    assert describe(connection, video, part)(part) == whole
    assert describe(connection, video, TimeRange(start, end))(part) == whole


# --- imported catalogues ----------------------------------------------------------------------------------------


def record(start_ms: int, end_ms: int, english: str | None, **more: Any) -> dict[str, Any]:
    nothing = {"caption_ko": None, "objects": {}, "speech": None, "people": {}}
    return {"start_ms": start_ms, "end_ms": end_ms, "caption_en": english, **nothing, **more}


def import_records(connection: Connection, records: Sequence[dict[str, Any]]) -> str:
    video = f"imported-{uuid.uuid4().hex[:8]}"
    insert_video(connection, VideoRecord(video, video, "imported", video, "test", duration_ms=20_000))
    put(connection, video, ImportedRecord, records)
    return video


def test_a_record_is_told_as_it_is(connection: Connection) -> None:
    video = import_records(
        connection,
        [
            record(0, 5000, "One.", caption_ko="하나.", objects={"dog": 2}, speech="hello", people={"7": 0.5}),
            record(5000, 9000, None),
        ],
    )
    told = describe(connection, video)
    assert told(TimeRange(0, 5000)) == AutoFields("One.", "하나.", {"dog": 2}, "hello", {7: 0.5})
    assert told(TimeRange(5000, 9000)) == AutoFields(None, None)
    assert told(TimeRange(9000, 9001)) == AutoFields(None, None)


def test_records_of_a_drawn_range_are_joined(connection: Connection) -> None:
    video = import_records(
        connection,
        [
            record(0, 4000, "One.", objects={"dog": 2, "cat": 1}, speech="a", people={"7": 0.5, "8": 0.4}),
            record(4000, 8000, "Two.", caption_ko="둘.", objects={"dog": 3}, people={"7": 0.9}),
            record(8000, 12_000, "One.", objects={"ant": 1}, speech="b"),
        ],
    )
    told = describe(connection, video)
    assert told(TimeRange(2000, 10_000)) == AutoFields(
        "One. Two.", "둘.", {"ant": 1, "cat": 1, "dog": 3}, "a b", {7: 0.9, 8: 0.4}
    )
    assert told(TimeRange(2001, 9000)) == AutoFields("Two.", "둘.", {"dog": 3}, None, {7: 0.9})
    assert told(TimeRange(3000, 4500)).caption_en == "One."


def test_records_that_overlap_are_each_told_alone(connection: Connection) -> None:
    video = import_records(
        connection, [record(0, 9000, "All."), record(1000, 3000, "A part."), record(2000, 4000, "Another.")]
    )
    told = describe(connection, video)
    assert [told(TimeRange(*span)).caption_en for span in ((0, 9000), (1000, 3000), (2000, 4000))] == [
        "All.",
        "A part.",
        "Another.",
    ]
    assert told(TimeRange(1000, 4000)).caption_en == "A part. Another."
    assert told(TimeRange(5000, 6000)).caption_en == "All."
