"""Every filter of a query holds for every hit, and nothing that satisfies them is lost: checked against what is
written down of each segment beside the catalogue."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.search.conftest import NewCatalog
from tests.search.library import PEOPLE, Told, filled
from tests.search.toys import WordEmbedder
from vsearch_pipeline.catalog.retrieval import NEAR_FILTERED
from vsearch_pipeline.errors import InputError
from vsearch_pipeline.search.results import SearchResult
from vsearch_pipeline.search.service import SearchService
from vsearch_pipeline.timeline import TimeRange

TITLES = {"f-beach": "Beach day", "f-kitchen": "Kitchen diary", "f-sea": "바다 여행", "f-stage": "Stage 100%"}
ADDED = {video: datetime(2026, 1 + 2 * i, 15, tzinfo=UTC) for i, video in enumerate(TITLES)}
ENGLISH = (
    "A dog runs on the beach.",
    "A woman is waving at the camera.",
    "Two people dance on a stage, laughing.",
    "A man cooks soup in a small kitchen.",
    "It's a Red Car in a café (at night).",
)
KOREAN = (
    "개가 바닷가를 달린다.",
    "여자가 카메라를 보고 손을 흔든다.",
    "두 사람이 무대에서 춤을 춘다.",
    "빨간 차가 서 있다.",
)
SPEECH = ("what a beautiful day", "오늘 날씨가 좋네요", "see you in the café")
OBJECTS = ("dog", "cup", "car", "umbrella")


def made(seed: int = 5) -> list[Told]:
    """Sixty segments, with and without each of what can be filtered by."""
    chance = random.Random(seed)
    segments = []
    for video in TITLES:
        at = 0
        for _ in range(15):
            length = chance.choice((400, 1000, 2500, 5000, 12_000))
            told = Told(
                video,
                TimeRange(at, at + length),
                en=chance.choice((*ENGLISH, *ENGLISH, None)),
                ko=chance.choice((*KOREAN, None, None)),
                speech=chance.choice((*SPEECH, None, None, None)),
                objects={label: 1 for label in OBJECTS if chance.random() < 0.25},
                people={name: chance.choice((0.6, 0.9)) for name in PEOPLE if chance.random() < 0.3},
                human={name: chance.random() < 0.5 for name in PEOPLE if chance.random() < 0.05},
                human_en=chance.choice((*[None] * 9, "Somebody wrote about a zebra.")),
                human_ko=chance.choice((*[None] * 9, "누가 얼룩말에 대해 썼다.")),
                human_range=chance.random() < 0.05,
                deleted=chance.random() < 0.1,
            )
            segments.append(told)
            at += length + chance.choice((0, 0, 2000, 20_000))
    return segments


@dataclass(frozen=True)
class Library:
    service: SearchService
    segments: dict[int, Told]


@pytest.fixture(scope="module")
def library(new_catalog: NewCatalog) -> Library:
    catalog = new_catalog()
    segments = filled(catalog, WordEmbedder(), made(), titles=TITLES, added=ADDED)
    return Library(SearchService(catalog, WordEmbedder()), {segment.id: segment for segment in segments})


# --- queries -----------------------------------------------------------------------------------------------------

Holds = Callable[[Told], bool]


@dataclass(frozen=True)
class Part:
    """A piece of a query and what it demands of a hit."""

    text: str
    holds: Holds
    people: bool = False  # whether it asks for somebody


def shows(*names: str) -> Holds:
    return lambda told: bool(told.shown.intersection(names))


def hides(*names: str) -> Holds:
    return lambda told: not told.shown.intersection(names)


def both(first: Holds, second: Holds) -> Holds:
    return lambda told: first(told) and second(told)


NAMES = list(PEOPLE)
M, H, R, D = NAMES
PERSON = st.sampled_from(
    [
        Part("민지", shows(M), True),
        Part("민지랑 하니가", both(shows(M), shows(H)), True),
        Part("minji and haerin", both(shows(M), shows(R)), True),
        Part("하니 또는 해린", shows(H, R), True),
        Part("danielle or minji", shows(D, M), True),
        Part("해린 말고 민지", both(hides(R), shows(M)), True),
        Part("hanni without danielle", both(shows(H), hides(D)), True),
        Part("다니엘 없는", hides(D)),
        Part("NJZ", shows(*NAMES), True),
        Part("NJZ 말고", hides(*NAMES)),
        Part('person:"Kim Minji"', shows(M), True),
        Part("인물:하니,해린", shows(H, R), True),
        Part("person:민지 person:하니 person:해린", lambda t: {M, H, R} <= t.shown, True),
        Part("-person:민지,하니", hides(M, H)),
        Part("-person:danielle", hides(D)),
    ]
)
THINGS = {"dog": "dog", "개": "dog", "cup": "cup", "컵": "cup", "car": "car", "우산": "umbrella"}


def object_part(values: list[str], negated: bool) -> Part:
    labels = {THINGS[value] for value in values}
    text = f"{'-' if negated else ''}object:{','.join(values)}"
    if negated:
        return Part(text, lambda told: not labels & told.objects.keys())
    return Part(text, lambda told: labels <= told.objects.keys())


OBJECT = st.builds(
    object_part, st.lists(st.sampled_from(list(THINGS)), min_size=1, max_size=2, unique=True), st.booleans()
)
VIDEO = st.sampled_from(
    [
        Part('video:"Beach day"', lambda t: t.video == "f-beach"),
        Part("video:kitchen", lambda t: t.video == "f-kitchen"),
        Part("영상:바다,beach", lambda t: t.video in ("f-sea", "f-beach")),
        Part("video:f-sea", lambda t: t.video == "f-sea"),
        Part("video:100%", lambda t: t.video == "f-stage"),
        Part("-video:beach", lambda t: t.video != "f-beach"),
        Part("-video:바다,kitchen", lambda t: t.video not in ("f-sea", "f-kitchen")),
    ]
)
DAY = st.sampled_from(
    [
        Part("after:2026-03-15", lambda t: ADDED[t.video].month >= 3),
        Part("before:2026-05-15", lambda t: ADDED[t.video].month < 5),
        Part("after:2026-02 before:2026-06", lambda t: 2 <= ADDED[t.video].month < 6),
    ]
)


def middle(told: Told) -> int:
    return (told.span.start_ms + told.span.end_ms) // 2


LONGER = st.sampled_from([1000, 1001, 2500, 6000]).map(
    lambda ms: Part(f"longer:{ms}ms", lambda t: t.span.duration_ms >= ms)
)
SHORTER = st.sampled_from([400, 999, 1000, 5000]).map(
    lambda ms: Part(f"shorter:{ms / 1000}s", lambda t: t.span.duration_ms <= ms)
)
AFTER = st.integers(0, 60).map(
    lambda s: Part(f"after:0:{s:02d}" if s < 60 else "after:1:00", lambda t: middle(t) >= s * 1000)
)
BEFORE = st.integers(0, 59).map(lambda s: Part(f"before:1:{s:02d}", lambda t: middle(t) < 60_000 + s * 1000))
STATES = {"edited": lambda t: t.edited, "untranslated": lambda t: bool(t.caption_en) and t.caption_ko is None}


def state(name: str, negated: bool) -> Part:
    return Part(f"{'-' if negated else ''}is:{name}", lambda t: STATES[name](t) is not negated)


EDITED, UNTRANSLATED = (st.builds(partial(state, name), st.booleans()) for name in STATES)
PHRASES = {
    '"waving at"': "waving at",
    '"a dog"': "a dog",
    '"손을 흔든다"': "손을 흔든다",
    '"beautiful day"': "beautiful day",
    '"바닷가"': "바닷가",
    '"Red Car"': "red car",
    '"café"': "café",
    '"It\'s a"': "it's a",
    '"(at night)."': "(at night).",
    '"zebra"': "zebra",
}


def phrase(typed: str, negated: bool) -> Part:
    said = PHRASES[typed]
    return Part(("-" if negated else "") + typed, lambda t: (said in t.texts) is not negated)


PHRASE = st.builds(phrase, st.sampled_from(list(PHRASES)), st.booleans())
FREE = st.sampled_from(
    ["running on the beach", "손 흔드는", "laughing", "soup 요리", "xyzzy", "a", "날씨 좋은 날"]
)


@st.composite
def queries(draw: st.DrawFn) -> tuple[list[Part], str]:
    """Filters, and free text or none."""
    kinds = (PERSON, OBJECT, VIDEO, DAY, LONGER, SHORTER, AFTER, BEFORE, EDITED, UNTRANSLATED, PHRASE)
    chosen = draw(st.lists(st.sampled_from(range(len(kinds))), min_size=1, max_size=4, unique=True))
    parts = [draw(kinds[kind]) for kind in sorted(chosen)]
    return parts, draw(st.one_of(st.just(""), FREE))


def typed(parts: list[Part], free: str) -> str:
    return " ".join([*(part.text for part in parts), free]).strip()


# --- what holds --------------------------------------------------------------------------------------------------


@given(queries())
@hypothesis_settings(max_examples=250, deadline=None)
def test_hits_satisfy_every_filter(library: Library, query: tuple[list[Part], str]) -> None:
    parts, free = query
    result = library.service.search(typed(parts, free), limit=200, grouped=False)
    wanted = {
        number
        for number, told in library.segments.items()
        if not told.deleted and all(part.holds(told) for part in parts)
    }
    found = {hit.segment_id for hit in result.hits}
    assert len(found) == len(result.hits) == result.found
    assert not any(library.segments[number].deleted for number in found)
    compared = bool(result.query and result.query.rest)
    expected = {number for number in wanted if library.segments[number].texts} if compared else wanted
    asked_for_people = any(part.people for part in parts)
    assert result.relaxed is (asked_for_people and not expected)
    if result.relaxed:
        assert not result.good
        others = [part for part in parts if not part.people]
        assert all(part.holds(library.segments[number]) for part in others for number in found)
        return
    assert found <= wanted
    if len(expected) <= NEAR_FILTERED // 3:  # three vectors each; of more only the nearest are compared
        assert found == expected
    shown = {hit.segment_id: hit for hit in result.hits}
    for number, hit in shown.items():
        told = library.segments[number]
        assert {person.name for person in hit.people} == told.shown
        assert (hit.caption_en, hit.caption_ko, hit.speech) == (told.caption_en, told.caption_ko, told.speech)
        assert hit.edited is told.edited
        if asked_for_people and not free:
            assert hit.parts.people == 1.0


@given(queries())
@hypothesis_settings(max_examples=60, deadline=None)
def test_moments_hold_only_hits(library: Library, query: tuple[list[Part], str]) -> None:
    text = typed(*query)
    alone = library.service.search(text, limit=200, grouped=False)
    together = library.service.search(text, limit=200)
    members = [member.segment_id for moment in together.moments for member in moment.members]
    assert sorted(members) == sorted(hit.segment_id for hit in alone.hits)
    assert together.relaxed == alone.relaxed
    assert together.good == alone.good
    for moment in together.moments:
        assert moment.best.segment_id in [member.segment_id for member in moment.members]
        assert moment.span.start_ms <= moment.best.span.start_ms < moment.best.span.end_ms <= moment.span.end_ms


@given(
    st.one_of(queries().map(lambda query: typed(*query)), FREE),
    st.booleans(),
    st.lists(st.integers(1, 15), min_size=1, max_size=5),
)
@hypothesis_settings(max_examples=40, deadline=None)
def test_pages_joined_are_the_whole(library: Library, text: str, grouped: bool, sizes: list[int]) -> None:
    whole = library.service.search(text, limit=500, grouped=grouped)
    assert not whole.more
    pages: list[SearchResult] = []
    offset = 0
    while True:
        page = library.service.search(text, limit=sizes[len(pages) % len(sizes)], offset=offset, grouped=grouped)
        pages.append(page)
        assert (page.found, page.offset, page.relaxed) == (whole.found, offset, whole.relaxed)
        offset += len(page.moments)
        if not page.more:
            break
    joined = [moment for page in pages for moment in page.moments]
    assert joined == list(whole.moments)
    assert len({moment.best.segment_id for moment in joined}) == len(joined)


def test_a_page_beyond_the_end_is_empty(library: Library) -> None:
    page = library.service.search("dog", offset=10_000)
    assert page.moments == ()
    assert page.found > 0
    assert not page.more


# --- any text ----------------------------------------------------------------------------------------------------

HOSTILE = st.sampled_from(
    [
        "'; drop table segments; --",
        "' or 1=1 --",
        "민지' && 'x",
        '"',
        "“",
        "'",
        "\\",
        "a & b | !c",
        "<->",
        "%s %(name)s {0} :name",
        "$$",
        "🐶🏽‍🦰 \U0001f1f0\U0001f1f7",
        "\x00dog\x00",
        "\ud800 dog",
        "dog" * 3400,
        "가" * 10_000,
        "나는 " * 400,
        "東" * 1900,
        '"' + "(" * 50 + 'a"',
        'object:"\'\\"',
        'video:"%"',
        "-",
        "person:",
        "words:",
        "\u202e\u200b",
        "ᄀ" * 500,
        "é" * 900,
    ]
)


@given(
    st.one_of(
        HOSTILE, st.text(max_size=200), st.text(st.characters(exclude_categories=()), max_size=60),
        st.lists(st.one_of(HOSTILE, st.text(max_size=8)), max_size=3).map(" ".join),
    ),
    st.booleans(),
)  # fmt: skip
@hypothesis_settings(max_examples=150, deadline=None)
def test_any_text_gets_an_answer_or_a_sentence(library: Library, text: str, grouped: bool) -> None:
    try:
        result = library.service.search(text, limit=5, grouped=grouped)
    except InputError as error:
        said = str(error)
        result = None
    if result is None:
        assert said.endswith(".")
        assert len(said) < 400
        return
    assert len(result.moments) == min(5, result.found)
    scores = [hit.score for hit in result.hits]
    assert scores == sorted(scores, reverse=True) or (result.query and result.query.people.preferred)
    assert all(0 <= score <= 1 for score in scores)


@pytest.mark.parametrize("text", ["x" * 10_000, "", " \n", "\x00", "person:nobody", "video:nowhere", "longer:x"])
def test_what_makes_no_sense_is_said(library: Library, text: str) -> None:
    with pytest.raises(InputError, match=r"\.$"):
        library.service.search(text)


@pytest.mark.parametrize(("limit", "offset"), [(0, 0), (-1, 0), (5, -1)])
def test_a_page_that_makes_no_sense_is_refused(library: Library, limit: int, offset: int) -> None:
    with pytest.raises(InputError, match="at least"):
        library.service.search("dog", limit=limit, offset=offset)
