"""Every message and form keeps to Block Kit's limits, whatever people, models and files are called."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.slack.blockkit import message_problems, options_problems, view_problems
from tests.slack.test_door import formatted
from tests.slack.workspace import ALL_SCOPES
from vsearch_pipeline.catalog.library import PersonRecord
from vsearch_pipeline.catalog.segments import Layers, PersonOnScreen, SegmentRecord
from vsearch_pipeline.catalog.videos import VideoRecord
from vsearch_pipeline.search.answers import Answer, Claim
from vsearch_pipeline.search.query import understand
from vsearch_pipeline.search.results import Hit, Marks, Member, Moment, Parts, Piece, SearchResult
from vsearch_pipeline.settings import PROJECT_ROOT, Settings
from vsearch_pipeline.slack.form import (
    Filled,
    FormError,
    Origin,
    changes,
    edit_view,
    filled_in,
    now_lines,
    people_options,
)
from vsearch_pipeline.slack.messages import (
    note,
    of_moment,
    of_segment,
    results_message,
    saved_message,
    shared_message,
    watches_message,
)
from vsearch_pipeline.slack.texts import TEXTS
from vsearch_pipeline.slack.writing import escaped
from vsearch_pipeline.timeline import TimeRange
from vsearch_pipeline.wording import Language

SETTINGS = Settings(page_url="https://vsearch.example.com")
NASTY = st.sampled_from(
    [
        "<!channel> <!here> <@U1> <#C1|x> <https://evil.example|click>",
        "*bold* _italic_ ~gone~ `code` ```block``` >quote &amp;",
        "\u202egnirts\u202c \u200f\u2066",
        "half \ud800 a character \x00",
        "민지가 웃는다 " * 900,
        "x" * 10_000,
        "&<>" * 4000,
        "\n\n\n",
    ]
)
TEXT = NASTY | st.text(st.characters(), min_size=1, max_size=60)
LANGUAGE: st.SearchStrategy[Language] = st.sampled_from(["ko", "en"])


def video(title: str) -> VideoRecord:
    fields: dict[str, Any] = dict.fromkeys(VideoRecord.__dataclass_fields__)
    return VideoRecord(**{**fields, "id": "v", "title": title, "kind": "file", "duration_ms": 10_000})


@st.composite
def segments(draw: st.DrawFn) -> SegmentRecord:
    people = tuple(
        PersonOnScreen(i, draw(TEXT), draw(st.none() | TEXT), (), draw(st.none() | st.floats(0, 1)))
        for i in range(draw(st.integers(0, 60)))
    )
    start = draw(st.integers(0, 10**8))
    return SegmentRecord(
        draw(st.integers(1, 10**12)),
        "v",
        TimeRange(start, start + draw(st.integers(1, 10**6))),
        draw(st.none() | TEXT),
        draw(st.none() | TEXT),
        {},
        draw(st.none() | TEXT),
        people,
        touched=draw(st.booleans()),
        deleted_at=None,
        version=7,
        layers=Layers(auto_ko=draw(st.none() | TEXT), human_ko=draw(st.none() | TEXT)),
    )


@st.composite
def results(draw: st.DrawFn) -> SearchResult:
    moments = []
    for segment in draw(st.lists(segments(), max_size=3)):
        pieces = (Piece(draw(TEXT), True), Piece(draw(TEXT), False))
        hit = Hit(
            segment.id,
            video(draw(TEXT)),
            segment.span,
            segment.caption_en,
            segment.caption_ko,
            segment.speech,
            (draw(TEXT),),
            segment.people,
            draw(st.floats(0, 1)),
            draw(st.booleans()),
            Parts(*[draw(st.floats(0, 1)) for _ in range(4)]),
            Marks(pieces, pieces, pieces, pieces),
            (),
            draw(st.booleans()),
        )
        moments.append(Moment(segment.span, hit, (Member(segment.id, segment.span, hit.score),)))
    query = understand("풍선", ())
    offset = draw(st.sampled_from([0, 3]))
    return SearchResult(query, tuple(moments), offset, offset + len(moments) + draw(st.integers(0, 9)), False, 0.1)


def only_text(message: Any, hostile: str = "") -> None:
    """No mention, and no link but to the page."""
    for text in formatted(message):
        for marked in text.split("<")[1:]:
            assert marked.startswith(("https://vsearch.example.com/", "@U1>")), marked[:80]
        assert "<!" not in text
    assert not hostile or hostile not in json.dumps(message)


@settings(max_examples=60, deadline=None)
@given(results(), TEXT, LANGUAGE, st.booleans(), TEXT)
def test_results(found: SearchResult, query: str, language: Language, pictured: bool, claim: str) -> None:
    picture = "F00000001" if pictured else None
    shown = [of_moment(moment, found.query, language, picture) for moment in found.moments]
    answer = Answer(language, (Claim(claim, tuple(m.segment_id for m in shown)),) * 4, model="gemini <x>")
    message = results_message(SETTINGS, query, found, shown, language, answer=answer)
    assert message_problems(message) == []
    assert len(json.dumps(message["blocks"], ensure_ascii=False)) < 13_200
    only_text(message)
    for each in shown:
        shared = shared_message(SETTINGS, each, query, "U1", language)
        assert message_problems(shared) == []
        only_text(shared)


@settings(max_examples=60, deadline=None)
@given(segments(), TEXT, LANGUAGE, TEXT)
def test_the_form_and_what_became_of_it(segment: SegmentRecord, title: str, language: Language, what: str) -> None:
    origin = Origin.of(segment, "C1", "https://hooks.slack.com/commands/T1/123/abc")
    assert Origin.read(origin.dumped()) == origin
    view = edit_view(SETTINGS, segment, video(title), language, origin, picture="F00000001")
    assert view_problems(view) == []
    only_text(view)
    lines = now_lines(segment, escaped(what, 100), TEXTS[language])
    filled = Filled({"ko": what[:3000], "en": None}, (), segment.span.start_ms, segment.span.end_ms)
    view = edit_view(SETTINGS, segment, video(title), language, origin, conflict=lines, filled=filled)
    assert view_problems(view) == []
    saved = saved_message(SETTINGS, of_segment(segment, video(title), language, None), 12, what, language)
    assert message_problems(saved) == []
    only_text(saved)


@given(st.lists(st.tuples(st.integers(1, 10**9), TEXT), max_size=60, unique_by=lambda w: w[0]), LANGUAGE)
def test_the_list_of_watches(watches: list[tuple[int, str]], language: Language) -> None:
    message = watches_message(watches, language)
    assert message_problems(message) == []
    assert len(json.dumps(message["blocks"], ensure_ascii=False)) < 13_200
    only_text(message)


@given(st.lists(TEXT, max_size=120), TEXT | st.just(""))
def test_people_to_choose_from(names: list[str], typed: str) -> None:
    people = [PersonRecord(i, name, name, (name,)) for i, name in enumerate(names)]
    options = people_options(people, typed)
    assert options_problems({"options": options}) == []
    assert len(json.dumps({"options": options})) < 60_000


def test_all_sentences_are_messages() -> None:
    for texts in TEXTS.values():
        assert message_problems(note(texts.help)) == []
        assert len(texts.form_title) <= 24
        assert len(texts.conflict_save) <= 24


# --- what was filled in


def state(**fields: Any) -> dict[str, Any]:
    people = [{"value": str(number)} for number in fields.pop("people", ())]
    return {
        **{name: {name: {"value": value}} for name, value in fields.items()},
        "people": {"people": {"selected_options": people}},
    }


def a_segment() -> SegmentRecord:
    people = (PersonOnScreen(1, "Ana", None, (), 0.9),)
    return SegmentRecord(
        5,
        "v",
        TimeRange(1000, 2000),
        "in English",
        None,
        {},
        None,
        people,
        touched=False,
        deleted_at=None,
        version=3,
    )


def test_only_what_was_changed_is_an_edit() -> None:
    origin = Origin.of(a_segment(), "C1", "")
    left = filled_in(
        state(caption_en="in English", caption_ko=None, start="0:01", end="2", people=[1]), TEXTS["en"]
    )
    assert not changes(origin, left).any
    all_new = filled_in(
        state(caption_en=None, caption_ko="한국어", start="0.5", end="0:02.5", people=[2]), TEXTS["en"]
    )
    found = changes(origin, all_new)
    assert (found.captions, found.add, found.remove) == ({"en": None, "ko": "한국어"}, (2,), (1,))
    assert (found.start_ms, found.end_ms) == (500, 2500)
    without = filled_in(state(caption_ko=None, start="1", end="2", people=[1]), TEXTS["en"])
    assert not changes(origin, without).any, "a field that the form did not have stays"


@pytest.mark.parametrize(
    ("times", "fields"), [({"start": "x", "end": ""}, {"start", "end"}), ({"start": "2", "end": "2"}, {"end"})]
)
def test_times_that_are_none_are_told_by_field(times: dict[str, str], fields: set[str]) -> None:
    with pytest.raises(FormError) as raised:
        filled_in(state(caption_ko="", **times), TEXTS["ko"])
    assert set(raised.value.problems) == fields


def test_the_manifest_asks_for_what_is_used() -> None:
    manifest = yaml.safe_load((PROJECT_ROOT / "docs" / "slack-manifest.yaml").read_text())
    scopes = set(manifest["oauth_config"]["scopes"]["bot"])
    assert scopes <= set(ALL_SCOPES)
    explained = (PROJECT_ROOT / "docs" / "slack.md").read_text()
    assert all(f"`{scope}`" in explained for scope in scopes)
    assert [command["command"] for command in manifest["features"]["slash_commands"]] == ["/vsearch"]
    assert manifest["settings"]["event_subscriptions"]["bot_events"] == ["app_mention", "message.im"]
    assert len(manifest["display_information"]["description"]) <= 140
