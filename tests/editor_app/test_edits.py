"""Requests of the room: read strictly, done by the services, and told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from editor_app.components.details import draw_detail, draw_outcome
from editor_app.edits import Outcome, perform, read_request
from editor_app.texts.editing import ENGLISH, KOREAN
from tests.editing.library import Held, Model, add_video, editing, history, materialize, shown
from tests.search.toys import WordEmbedder
from vsearch_pipeline.catalog.library import ensure_person, list_people
from vsearch_pipeline.editing.history import HistoryService
from vsearch_pipeline.editing.segments import SegmentService
from vsearch_pipeline.editing.transaction import Editor
from vsearch_pipeline.errors import ForbiddenError


@dataclass
class Services:
    editing: SegmentService
    history: HistoryService


@pytest.fixture
def services(connection: Connection) -> Services:
    return Services(editing(connection), history(connection))


def ask(services: Services, **asked: Any) -> Outcome:
    request = read_request({"token": 7, **asked})
    assert request is not None, asked
    return perform(services, request)


def test_each_kind_of_edit(connection: Connection, services: Services) -> None:
    video = add_video(connection)
    ana = ensure_person(connection, None, "Ana of requests")
    first, second, third, fourth = (segment.id for segment in shown(connection, video))
    assert (
        ask(services, do="captions", ids=[first], captions={"ko": "새 글"}, seen={str(first): 0}).problem is None
    )
    assert ask(services, do="people", ids=[first, second], add=[ana]).problem is None
    assert [len(segment.people) for segment in shown(connection, video)] == [1, 1, 0, 0]
    assert ask(services, do="move", id=first, end_ms=4000).problem is None
    assert [segment.span.end_ms for segment in shown(connection, video)] == [4000, 10_000, 15_000, 20_000]
    assert ask(services, do="split", id=second, at_ms=6000.0).problem is None
    merged = ask(services, do="merge", ids=[fourth, third])
    assert merged.next == third
    assert ask(services, do="lock", ids=[third]).problem is None
    assert ask(services, do="unlock", ids=[third]).problem is None
    assert ask(services, do="delete", ids=[third]).problem is None
    made = ask(services, do="create", video=video, start_ms=16_000, end_ms=17_500)
    assert [s.id for s in shown(connection, video) if s.span.start_ms == 16_000] == [made.next]
    assert ask(services, do="models", ids=[first], layers=["ko", "people"]).problem is None
    assert shown(connection, video)[0].caption_ko == "model 캡션 0"
    made = ask(services, do="captions", ids=[first], captions={"en": "Mine"})
    assert made.done
    assert ask(services, do="revert", operation=made.done.operation).problem is None
    assert ask(services, do="undo").problem is None
    assert ask(services, do="redo").problem is None
    assert shown(connection, video)[0].caption_en == "model caption 0"


@pytest.mark.parametrize(
    "asked",
    [
        None,
        [],
        {"do": "captions", "ids": [], "captions": {"ko": "a"}},
        {"do": "captions", "ids": ["1; drop table segments"], "captions": {"ko": "a"}},
        {"do": "captions", "ids": [1], "captions": {"fr": "a"}},
        {"do": "captions", "ids": [1], "captions": {"ko": "a"}, "actor": "somebody else"},
        {"do": "delete", "ids": list(range(1, 5002))},
        {"do": "move", "id": 1, "start_ms": -4},
        {"do": "split", "id": 1, "at_ms": 1.5},
        {"do": "anything"},
    ],
)
def test_what_is_no_request_is_left_alone(asked: object) -> None:
    assert read_request(asked) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(["do", "id", "ids", "captions", "seen", "token", "at_ms", "layers"]), JSON))
def test_a_browser_may_send_anything(asked: dict[str, Any]) -> None:
    request = read_request(asked)
    assert request is None or request.do == asked["do"]


def test_a_conflict_shows_both_versions(connection: Connection, services: Services) -> None:
    video = add_video(connection)
    first = shown(connection, video)[0].id
    ask(services, do="captions", ids=[first], captions={"en": "Theirs"})
    mine = ask(services, do="captions", ids=[first], captions={"en": "Mine"}, seen={str(first): 0})
    assert shown(connection, video)[0].caption_en == "Theirs"
    drawn = draw_outcome(mine, str(mine.problem), {}, {}, "en")
    assert not drawn["ok"]
    conflict = drawn["conflict"]
    assert conflict["mine"] == [{"lang": "en", "text": "Mine"}]
    [theirs] = conflict["theirs"]
    assert theirs["captions"][0]["text"] == "Theirs"
    assert conflict["asked"] == {"do": "captions", "ids": [first], "captions": {"en": "Mine"}}
    over = ask(services, **conflict["asked"], seen={str(first): theirs["version"]})
    assert over.problem is None
    assert shown(connection, video)[0].caption_en == "Mine"


@pytest.mark.parametrize(("language", "texts"), [("en", ENGLISH), ("ko", KOREAN)])
def test_what_became_of_it_is_told(connection: Connection, services: Services, language: Any, texts: Any) -> None:
    video = add_video(connection)
    first = shown(connection, video)[0].id
    done = ask(services, do="captions", ids=[first], captions={"en": "Told"})
    told = draw_outcome(done, None, {}, {}, language)
    assert told == {
        "token": 7,
        "do": "captions",
        "ok": True,
        "message": texts.done_captions,
        "operation": done.done.operation if done.done else 0,
        "conflict": None,
    }
    again = ask(services, do="lock", ids=[first])
    again = ask(services, do="lock", ids=[first])
    assert draw_outcome(again, None, {}, {}, language)["message"] == texts.done_nothing
    nobody = Editor(Held(connection), WordEmbedder(), actor="nobody yet", door="web")
    nothing = ask(Services(SegmentService(nobody), HistoryService(nobody)), do="undo")
    assert draw_outcome(nothing, None, {}, {}, language)["message"] == texts.nothing_to_undo


def test_a_viewer_changes_nothing(connection: Connection) -> None:
    video = add_video(connection)
    viewer = Editor(Held(connection), WordEmbedder(), actor="a viewer", door="web", role="viewer")
    services = Services(SegmentService(viewer), HistoryService(viewer))
    segments = [segment.id for segment in shown(connection, video)]
    before = connection.execute(text("select count(*) from operations")).scalar_one()
    for asked in (
        {"do": "captions", "ids": segments, "captions": {"en": "x"}},
        {"do": "delete", "ids": segments},
        {"do": "split", "id": segments[0], "at_ms": 1000},
        {"do": "create", "video": video, "start_ms": 0, "end_ms": 10},
    ):
        assert isinstance(ask(services, **asked).problem, ForbiddenError)
    assert connection.execute(text("select count(*) from operations")).scalar_one() == before


def test_details_tell_the_layers_apart(connection: Connection, services: Services) -> None:
    ana, ben = (ensure_person(connection, None, f"{name} of details") for name in ("Ana", "Ben"))
    on_screen = {"Ana of details": [(0, 20_000)]}
    video = add_video(connection, Model(people=on_screen))
    first = shown(connection, video)[0].id
    ask(services, do="captions", ids=[first], captions={"ko": "사람의 말"})
    ask(services, do="people", ids=[first], add=[ben], remove=[ana])
    materialize(connection, video, Model(word="other", people=on_screen))
    people = {person.id: person for person in list_people(connection)}
    drawn = draw_detail(shown(connection, video)[0], people, {}, "ko")
    korean, english = drawn["captions"]
    assert korean == {
        "lang": "ko",
        "text": "사람의 말",
        "human": True,
        "auto": "other 캡션 0",
        "offered": True,
    }
    assert (english["text"], english["human"], english["offered"]) == ("other caption 0", False, False)
    assert [(p["id"], p["human"], p["percent"]) for p in drawn["people"]] == [(ben, True, None)]
    assert [p["id"] for p in drawn["absent"]] == [ana]
