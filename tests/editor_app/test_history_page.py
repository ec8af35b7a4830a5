"""The history as the page draws it, and going back in it, on a library of its own."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

import vsearch_pipeline
from editor_app.components.differences import Scene, draw_changes, word_changes
from editor_app.components.entries import net
from editor_app.components.operations import GROUPS, as_text, did
from editor_app.links import Links
from editor_app.media import MediaFiles
from editor_app.texts.history import ENGLISH, HISTORY, KOREAN
from tests.editor_app.conftest import Page
from tests.editor_app.library import HOSTILE_CAPTION, Library, another_library
from vsearch_pipeline.catalog.database import open_catalog
from vsearch_pipeline.catalog.library import PersonRecord
from vsearch_pipeline.catalog.operations import Door, OperationRecord, log_operation
from vsearch_pipeline.catalog.segments import SegmentRecord, read_segments
from vsearch_pipeline.editing.entries import Difference, Entry, Spot
from vsearch_pipeline.editing.history import HistoryService
from vsearch_pipeline.editing.segments import SegmentService
from vsearch_pipeline.editing.transaction import Editor
from vsearch_pipeline.language.embedding import load_sentence_embedder
from vsearch_pipeline.wording import Language

KIND = re.compile(r"(segment|people|gallery|video|library|catalogue|import|backup|history)\.[a-z_]+")


# --- words ------------------------------------------------------------------------------------------------------


def marked(old: str, new: str) -> str:
    """`a [-red-] {+blue+} balloon`."""
    signs = {"same": "{}", "in": "{{+{}+}}", "out": "[-{}-]"}
    return "".join(signs[part["change"]].format(part["text"]) for part in word_changes(old, new))


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ("a red balloon", "a blue balloon", "a[- red-]{+ blue+} balloon"),
        ("민지가 사과를 먹는다", "민지가 초록 사과를 먹는다", "민지가{+ 초록+} 사과를 먹는다"),
        ("민지가 먹는다", "하니가 먹는다", "[-민지가-]{+하니가+} 먹는다"),
        ("A dog.", "A dog runs.", "A dog{+ runs+}."),
        ("the dog’s ball", "the cat’s ball", "the[- dog’s-]{+ cat’s+} ball"),
        ("猫が走る", "犬が走る", "[-猫-]{+犬+}が走る"),
        ("", "new", "{+new+}"),
        ("old", "", "[-old-]"),
        ("same", "same", "same"),
        ("a\nb", "a b", "a b"),
    ],
)
def test_words_that_changed_are_marked(old: str, new: str, shown: str) -> None:
    assert marked(old, new) == shown


@given(st.text(max_size=60), st.text(max_size=60))
def test_both_texts_can_be_read_from_the_changes(old: str, new: str) -> None:
    parts = word_changes(old, new)
    kept = "".join(part["text"] for part in parts if part["change"] != "out")
    assert kept.split() == new.split()
    before = "".join(part["text"] for part in parts if part["change"] != "in")
    assert "".join(before.split()) == "".join(old.split())


def test_a_long_caption_of_few_words_is_compared_in_no_time() -> None:
    sentence = "The parrot takes a bite of the apple. "
    assert marked(sentence * 40, sentence * 39 + "The parrot takes a bite of the red apple. ").count("{+") == 1
    started = datetime.now(UTC)
    word_changes("a " * 2500, "b a " * 1250)
    assert datetime.now(UTC) - started < timedelta(seconds=2)


# --- sentences --------------------------------------------------------------------------------------------------


def operation(kind: str, **given: Any) -> OperationRecord:
    values = {
        "id": 7,
        "at": datetime(2026, 11, 26, tzinfo=UTC),
        "actor": "Minji",
        "door": "web",
        "kind": kind,
        "before": {},
        "after": {},
        "about": {},
        "reverts": None,
        "reverted_by": None,
    }
    return OperationRecord(**(values | given))


def kinds_of_the_pipeline() -> set[str]:
    """Every string of the code that edits and takes in which is a kind of operation."""
    found = set()
    for files in ("editing/*.py", "ingest/*.py", "catalog/requests.py"):
        for path in sorted(Path(vsearch_pipeline.__file__).parent.glob(files)):
            nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            strings = [
                node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)
            ]
            found |= {value for value in strings if KIND.fullmatch(value) and not value.endswith(".toml")}
    return found


def test_every_kind_of_operation_is_told_in_both_languages() -> None:
    kinds = kinds_of_the_pipeline()
    assert "segment.split" in kinds
    assert {kind for group in GROUPS.values() for kind in group} == kinds
    for language, texts in HISTORY.items():
        sentences = {kind: as_text(did(operation(kind), texts, language)) for kind in kinds}
        assert all("Minji" in sentence and kind not in sentence for kind, sentence in sentences.items())
        assert all(texts.kind(kind) != kind for kind in kinds)
        assert sentences.pop("catalogue.import") == sentences["import.segments"]
        assert len(set(sentences.values())) == len(sentences), "each its own"


@pytest.mark.parametrize(
    ("given", "english", "korean"),
    [
        (
            {"kind": "segment.caption", "after": {"segment": {"1": {"caption_ko": ["가", None]}}}},
            "Minji wrote the Korean caption",
            "Minji가 한국어 설명을 썼어요",
        ),
        (
            {
                "kind": "segment.caption",
                "actor": "김하늘",
                "after": {
                    "segment": {str(n): {"caption_ko": ["가", None], "caption_en": None} for n in range(1200)}
                },
            },
            "김하늘 wrote both captions of 1,200 segments",
            "김하늘이 구간 1,200개의 한국어와 영어 설명을 썼어요",
        ),
        (
            {"kind": "segment.split", "about": {"at_ms": 3200}},
            "Minji split a segment at 0:03.200",
            "Minji가 0:03.200에서 구간을 나눴어요",
        ),
        (
            {"kind": "people.name", "about": {"person": "Rainbow/Kim Minji", "tracks": ["v:1", "v:2"]}},
            "Minji named 2 faces Kim Minji",
            "Minji가 얼굴 2개에 이름을 붙였어요: Kim Minji",
        ),
        (
            {"kind": "history.undo", "about": {"of": "segment.split", "root": "segment.split"}, "reverts": 3},
            "Minji undid: splitting a segment",
            "Minji가 실행을 취소했어요: 구간 나누기",
        ),
        (
            {"kind": "history.revert", "about": {"of": "history.undo", "root": "segment.lock"}, "reverts": 3},
            "Minji brought back: locking segments",
            "Minji가 되돌린 것을 다시 살렸어요: 구간 잠그기",
        ),
        (
            {"kind": "video.add", "about": {"title": "{who} <b>"}},
            "Minji added a video: {who} <b>",
            "Minji가 영상을 추가했어요: {who} <b>",
        ),
        ({"kind": "what.nobody_knows"}, "Minji: what.nobody_knows", "Minji가 한 작업: what.nobody_knows"),
    ],
)
def test_what_somebody_did_in_plain_words(given: dict[str, Any], english: str, korean: str) -> None:
    done = operation(**given)
    assert as_text(did(done, ENGLISH, "en")) == english
    assert as_text(did(done, KOREAN, "ko")) == korean


# --- differences ------------------------------------------------------------------------------------------------


def scene(folder: Path, language: Language = "en", **given: Any) -> Scene:
    foreign = "en" if language == "ko" else "ko"
    people = {2: PersonRecord(2, "Rainbow", "Hanni Pham", (), "Hanni")}
    media = MediaFiles(folder, Links(b"key", 60))
    return replace(Scene(HISTORY[language], foreign, media, {}, people, {7}, {}, {}), **given)


def difference(field: str, old: Any, new: Any, **given: Any) -> Difference:
    told = Difference("segment", "7", "film 0:01-0:03", field, None, None, at=Spot("film", 1000, 3000))
    return replace(told, old=old, new=new, **given)


def lines(own: list[Difference], at: Scene) -> list[dict[str, Any]]:
    [drawn], left = draw_changes(own, at, 3)
    assert left == 0
    return list(drawn["lines"])


def test_a_first_caption_is_compared_with_what_the_models_said(tmp_path: Path) -> None:
    [line] = lines([difference("caption_en", None, ["a red dog", "a dog"])], scene(tmp_path))
    assert (line["label"], line["lang"], line["note"]) == (ENGLISH.caption_en, "en", ENGLISH.from_model)
    assert line["parts"] == [
        {"change": "same", "text": "a"},
        {"change": "in", "text": " red"},
        {"change": "same", "text": " dog"},
    ]
    [line] = lines([difference("caption_en", ["a red dog", "a dog"], ["a red cat", "a dog"])], scene(tmp_path))
    assert (line["note"], line["parts"][1]) == ("", {"change": "out", "text": " dog"})


def test_the_readers_language_comes_first(tmp_path: Path) -> None:
    own = [difference("caption_en", None, ["a", None]), difference("caption_ko", None, ["가", None])]
    assert [line["lang"] for line in lines(own, scene(tmp_path))] == ["en", "ko"]
    assert [line["lang"] for line in lines(own, scene(tmp_path, "ko"))] == ["ko", "en"]


def test_a_range_is_told_in_time_and_drawn_to_scale(tmp_path: Path) -> None:
    [line] = lines([difference("range", None, [1500, 3000])], scene(tmp_path))
    before, after = line["before"], line["after"]
    assert (before["text"], after["text"]) == ("0:01–0:03", "0:01.500–0:03.000")
    assert after["width"] == pytest.approx(before["width"] * 0.75, abs=0.1)
    assert after["left"] + after["width"] == pytest.approx(before["left"] + before["width"], abs=0.1)
    assert (before["left"] > 0, before["left"] + before["width"] < 100, line["model"]) == (True, True, "")
    [line] = lines([difference("range", [1500, 3000], None)], scene(tmp_path))
    assert (line["after"], line["model"]) == (None, ENGLISH.range_model)


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        (None, [True, False], "in"),
        (None, [False, True], "out"),
        ([True, False], [False, False], "out"),
        ([True, False], None, "out"),
        ([False, True], None, "in"),
        ([True, True], None, "same"),
    ],
)
def test_people_are_names_with_a_sign(tmp_path: Path, old: Any, new: Any, change: str) -> None:
    own = [difference("person", old, new, who="Rainbow/Hanni Pham", who_id=2)]
    [line] = lines(own, scene(tmp_path))
    [person] = line["people"]
    assert (person["name"], person["group"], person["change"]) == ("Hanni", "Rainbow", change)


def test_who_is_gone_is_still_a_name(tmp_path: Path) -> None:
    known = difference("person", None, [True, False], who="Duo/Zoe", who_id=9)
    unknown = difference("person", None, [True, False], who="person 8", who_id=8)
    [line] = lines([known, unknown], scene(tmp_path, "ko"))
    assert [(each["name"], each["group"]) for each in line["people"]] == [("Zoe", "Duo"), ("인물 8", "")]


def test_names_are_told_without_what_did_not_change(tmp_path: Path) -> None:
    own = [
        difference("name", ["Rainbow", "Hanni"], ["Sun", "Hanni"], kind="person", at=None),
        difference("aliases", ["a", "b"], ["b", "c"], kind="person", at=None),
        difference("dropped_aliases", None, ["a"], kind="person", at=None),
        difference("gender_said", None, True, kind="person", at=None),
        difference("gender", None, "female", kind="person", at=None),
    ]
    group, aliases, gender = lines(own, scene(tmp_path))
    assert (group["label"], group["before"], group["after"]) == (ENGLISH.field_group_name, "Rainbow", "Sun")
    assert aliases["words"] == [{"change": "out", "text": "a"}, {"change": "in", "text": "c"}]
    assert (gender["before"], gender["after"]) == ("", ENGLISH.value_female)


def test_of_a_large_operation_the_first_are_drawn(tmp_path: Path) -> None:
    own = [difference("locked", None, True, id=str(number)) for number in range(5)]
    drawn, left = draw_changes(own, scene(tmp_path), 3)
    assert (len(drawn), left) == (3, 2)
    assert [
        each["href"] for each in draw_changes(own, scene(tmp_path, there={1}, address={"lang": "ko"}), 3)[0]
    ] == [
        "",
        "/?moment=1&lang=ko",
        "",
    ]


def test_the_net_of_several_operations() -> None:
    def entry(*own: Difference) -> Entry:
        return Entry(operation("history.revert"), own)

    first = difference("caption_en", ["three", None], ["two", None], before="three", after="two")
    second = difference("caption_en", ["two", None], None, before="two", after=None)
    there = difference("locked", None, True)
    back = difference("locked", True, None)
    [left] = net([entry(first, there), entry(second, back)])
    assert (left.field, left.before, left.after, left.old, left.new) == (
        "caption_en",
        "three",
        None,
        ["three", None],
        None,
    )


# --- the page ---------------------------------------------------------------------------------------------------


@dataclass
class Edited:
    """A library of its own that people edited."""

    lib: Library
    made: dict[str, int]

    def editor(self, actor: str = "tester", door: Door = "web") -> Editor:
        catalog = open_catalog(self.lib.settings)
        return Editor(catalog, load_sentence_embedder("use-multilingual-v3"), actor=actor, door=door)

    def editing(self, actor: str = "tester", door: Door = "web") -> SegmentService:
        return SegmentService(self.editor(actor, door))

    def segment(self, index: int) -> SegmentRecord:
        with open_catalog(self.lib.settings).begin() as connection:
            [found] = read_segments(connection, ids=[self.lib.film_segments[index]], deleted=True)
            return found


@pytest.fixture(scope="module")
def own(lib: Library) -> Library:
    return another_library(lib, "history_page")


@pytest.fixture
def edited(own: Library, monkeypatch: pytest.MonkeyPatch) -> Iterator[Edited]:
    for name in ("GEMINI_API_KEY", "GOOGLE_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("VSEARCH_HOME", str(own.settings.home))
    monkeypatch.setenv("VSEARCH_DATABASE_URL", own.settings.database_url or "")
    monkeypatch.setenv("VSEARCH_ACTOR", "tester")
    there = Edited(own, {})
    with open_catalog(own.settings).begin() as connection:
        before = int(connection.execute(text("select coalesce(max(id), 0) from operations")).scalar_one())
    a, b, c = own.film_segments
    minji, tester = there.editing("민지"), there.editing()
    done = {
        "one": minji.set_captions([a], {"en": "A red balloon drifts", "ko": "빨간 풍선"}),
        "two": minji.set_captions([a], {"en": "A blue balloon drifts"}),
        "cut": there.editing("Hannah", "cli").move(b, end_ms=2300),
        "lock": tester.lock([a, c]),
        "unlock": tester.lock([a, c], locked=False),
    }
    there.made = {name: each.operation or 0 for name, each in done.items()}
    yield there
    HistoryService(there.editor()).restore(video=own.film.id, operation=before)


def entries(page: Page) -> dict[int, dict[str, Any]]:
    return {entry["id"]: entry for each in page.drawn("history")["days"] for entry in each["entries"]}


def visited(locale: str = "en-US", **address: str) -> Page:
    page = Page()
    page.app.switch_page("app_pages/history.py")
    return page.run(locale=locale, **address)


def told(page: Page, number: int) -> str:
    return as_text(entries(page)[number]["did"])


def test_who_did_what_and_what_it_was_before(edited: Edited) -> None:
    page = visited()
    made = edited.made
    shown = entries(page)
    assert list(shown)[:5] == sorted(made.values(), reverse=True)[:5]
    assert told(page, made["one"]) == "민지 wrote both captions"
    assert told(page, made["cut"]) == "Hannah moved an edge, and the neighbours followed"
    assert shown[made["cut"]]["doorName"] == ENGLISH.door_cli
    [change] = shown[made["two"]]["changes"]
    assert change["label"] == edited.lib.film.title
    assert change["href"] == f"/?moment={edited.lib.film_segments[0]}"
    assert change["picture"].startswith("/store/")
    assert [part["text"] for part in change["lines"][0]["parts"] if part["change"] != "same"] == [" red", " blue"]
    assert page.drawn("history")["days"][0]["label"] == ENGLISH.today


def test_in_korean(edited: Edited) -> None:
    page = visited("ko-KR")
    assert told(page, edited.made["one"]) == "민지가 한국어와 영어 설명을 썼어요"
    assert told(page, edited.made["lock"]) == "tester가 구간 2개를 잠갔어요"
    first = entries(page)[edited.made["one"]]["changes"][0]["lines"]
    assert [line["lang"] for line in first] == ["ko", "en"]


def test_days_are_named(edited: Edited) -> None:
    ages = {"two": timedelta(days=1), "one": timedelta(days=400)}
    with open_catalog(edited.lib.settings).begin() as connection:
        for name, age in ages.items():
            connection.execute(
                text("update operations set at = at - :age where id = :id"), {"age": age, "id": edited.made[name]}
            )
    labels = {
        entry["id"]: each["label"]
        for each in visited("ko-KR").drawn("history")["days"]
        for entry in each["entries"]
    }
    assert labels[edited.made["two"]] == KOREAN.yesterday
    assert re.fullmatch(r"20\d\d년 \d+월 \d+일", labels[edited.made["one"]])


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ({"actor": "Hannah"}, {"cut"}),
        ({"actor": "민지", "kind": "captions"}, {"one", "two"}),
        ({"kind": "segment.range"}, {"cut"}),
        ({"door": "cli", "video": "FILM"}, {"cut"}),
        ({"segment": "A", "actor": "tester"}, {"lock", "unlock"}),
        ({"video": "nowhere"}, set()),
        ({"actor": "tester", "kind": "names"}, set()),
    ],
)
def test_the_address_says_what_is_shown(edited: Edited, address: dict[str, str], expected: set[str]) -> None:
    names = {"FILM": edited.lib.film.id, "A": str(edited.lib.film_segments[0])}
    page = visited(**{name: names.get(value, value) for name, value in address.items()})
    numbers = {name: number for name, number in edited.made.items() if number in entries_or_none(page)}
    assert set(numbers) == expected
    if not expected:
        assert ENGLISH.none_match_title in page.written


def entries_or_none(page: Page) -> dict[int, dict[str, Any]]:
    return entries(page) if page.component("history") else {}


def test_a_filter_is_chosen_and_taken_away(edited: Edited) -> None:
    page = visited(segment=str(edited.lib.film_segments[0]))
    box = page.app.selectbox(key="history-actor")
    assert {"민지", "tester"} <= set(box.options)
    box.select("민지").run()
    assert page.app.query_params == {"segment": str(edited.lib.film_segments[0]), "actor": "민지"}
    assert {entry["id"] for entry in entries(page).values()} >= {edited.made["one"], edited.made["two"]}
    assert edited.made["lock"] not in entries(page)
    page.app.button(key="history-without-segment").click().run()
    assert page.app.query_params == {"actor": "민지"}


def test_older_entries_come_with_a_press(edited: Edited) -> None:
    with open_catalog(edited.lib.settings).begin() as connection:
        first = log_operation(connection, actor="many", door="import", kind="video.add", about={"title": "0"})
        for number in range(1, 220):
            log_operation(connection, actor="many", door="import", kind="video.add", about={"title": str(number)})
    page = visited(actor="many")
    assert len(entries(page)) == 25
    page.app.button(key="history-older").click().run()
    assert len(entries(page)) == 50
    assert page.app.query_params["show"] == "50"
    page = visited(actor="many", show="200")
    page.app.button(key="history-older").click().run()
    assert list(entries(page))[-1] == first
    assert page.app.query_params == {"actor": "many", "before": str(first + 20)}
    assert all(entry["back"] is None for entry in entries(page).values()), "nothing of it could be put back"


def test_undo_and_redo(edited: Edited) -> None:
    page = visited()
    assert page.app.button(key="history-redo").disabled
    page.app.button(key="history-undo").click().run()
    assert not page.app.exception
    assert edited.segment(0).locked
    assert page.drawn("history")["told"] == ENGLISH.done_revert
    assert entries(page)[edited.made["unlock"]]["taken"]["text"] == "Taken back by tester"
    page.app.button(key="history-redo").click().run()
    assert not edited.segment(0).locked
    assert page.drawn("history")["told"] == ENGLISH.done_again
    assert page.app.button(key="history-redo").disabled


def test_a_viewer_looks_only(edited: Edited, monkeypatch: pytest.MonkeyPatch) -> None:
    from editor_app.access import Visitor

    monkeypatch.setattr("editor_app.services.visitor", lambda _: Visitor("guest", "viewer"))
    page = visited()
    assert all(entry["back"] is None and not entry["ways"] for entry in entries(page).values())
    assert not [button for button in page.app.button if button.key in ("history-undo", "history-redo")]


def test_hostile_text_is_text(edited: Edited) -> None:
    done = edited.editing(HOSTILE_CAPTION).set_captions([edited.lib.film_segments[1]], {"en": HOSTILE_CAPTION})
    page = visited()
    entry = entries(page)[done.operation or 0]
    assert entry["did"][0] == {"text": HOSTILE_CAPTION, "strong": True}
    assert "<script>" not in page.written
