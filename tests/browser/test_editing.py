"""Captions and people edited where they stand, one segment and many, by one person and by two at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import text

from editor_app.texts.common import ENGLISH as COMMON
from editor_app.texts.editing import ENGLISH, KOREAN
from tests.browser.conftest import Visit, serving_page, visiting
from tests.editor_app.library import CAPTIONS, Library, another_library
from vsearch_pipeline.catalog.database import database_url, open_catalog
from vsearch_pipeline.catalog.library import ensure_person
from vsearch_pipeline.catalog.segments import SegmentRecord, read_segments
from vsearch_pipeline.editing.history import HistoryService
from vsearch_pipeline.editing.transaction import Editor
from vsearch_pipeline.language.embedding import load_sentence_embedder

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def own(lib: Library) -> Library:
    other = another_library(lib, "edited_in_a_browser")
    with open_catalog(other.settings).begin() as connection:
        ensure_person(connection, "Rainbow", "Lee Hana", ["이하나", "하나"])
    return other


@pytest.fixture(scope="module")
def address(own: Library, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    url = database_url(own.settings).render_as_string(hide_password=False)
    folder = tmp_path_factory.mktemp("editing")
    with serving_page(own, folder, VSEARCH_DATABASE_URL=url, VSEARCH_ACTOR="tester") as served:
        yield served


@pytest.fixture
def visit(chromium: Browser, address: str, own: Library) -> Iterator[Visit]:
    with visiting(chromium, address) as opened:
        yield opened
    editor = Editor(
        open_catalog(own.settings),
        load_sentence_embedder(own.settings.sentence_embedder),
        actor="tester",
        door="web",
    )
    HistoryService(editor).restore(video=own.film.id, operation=_added(own))


def _added(own: Library) -> int:
    """The operation that added the film, before all edits."""
    newest = text("select max(id) from operations where actor = 'tester' and kind like 'video.%'")
    with open_catalog(own.settings).begin() as connection:
        return int(connection.execute(newest).scalar_one())


def segments(own: Library) -> list[SegmentRecord]:
    with open_catalog(own.settings).begin() as connection:
        return read_segments(connection, video_id=own.film.id)


def operations(own: Library) -> list[tuple[str, str]]:
    with open_catalog(own.settings).begin() as connection:
        rows: Any = connection.execute(text("select kind, door from operations order by id desc limit 5"))
        return [(row.kind, row.door) for row in rows]


def field(page: Page, language: str) -> Locator:
    return page.locator(f"#caption-{language}")


def toast(page: Page) -> Locator:
    return page.locator(".inspector .toast")


def open_segment(visit: Visit, own: Library, index: int, **how: Any) -> Page:
    page = visit(f"/?moment={own.film_segments[index]}", **how)
    expect(field(page, "en")).to_have_value(CAPTIONS[index][0])
    return page


def test_a_caption_is_written_where_it_stands_and_taken_back(visit: Visit, own: Library) -> None:
    page = visit("/?q=parrot")
    expect(page.locator(".card[aria-current=true] .caption").first).to_have_text(CAPTIONS[1][0])
    english = field(page, "en")
    expect(english).to_have_value(CAPTIONS[1][0])
    badge = page.locator(".written", has=english).locator(".by")
    expect(badge).to_have_text(ENGLISH.by_model)
    english.fill("A green parrot eats two apples")
    english.press("Control+Enter")
    expect(toast(page)).to_contain_text(ENGLISH.done_captions)
    expect(badge).to_have_text(ENGLISH.by_person)
    expect(page.locator(".written", has=english).locator(".model")).to_contain_text(CAPTIONS[1][0])
    expect(page.locator(".card[aria-current=true] .caption").first).to_have_text("A green parrot eats two apples")
    assert segments(own)[1].layers.human_en == "A green parrot eats two apples"
    assert segments(own)[1].layers.auto_en == CAPTIONS[1][0]
    assert operations(own)[0] == ("segment.caption", "web")
    toast(page).get_by_role("button", name=COMMON.undo).click()
    expect(toast(page)).to_contain_text(ENGLISH.done_revert)
    expect(english).to_have_value(CAPTIONS[1][0])
    assert segments(own)[1].layers.human_en is None


def test_what_was_typed_waits_while_one_looks_elsewhere(visit: Visit, own: Library) -> None:
    page = open_segment(visit, own, 0)
    field(page, "ko").fill("아직 다 못 쓴 글")
    page.locator(f'.timeline [data-id="{own.film_segments[2]}"]').click()
    expect(field(page, "ko")).to_have_value(CAPTIONS[2][1])
    page.locator(f'.timeline [data-id="{own.film_segments[0]}"]').click()
    expect(field(page, "ko")).to_have_value("아직 다 못 쓴 글")
    field(page, "ko").press("Escape")
    expect(field(page, "ko")).to_have_value(CAPTIONS[0][1])
    assert segments(own)[0].layers.human_ko is None


def test_the_models_words_are_taken_again(visit: Visit, own: Library) -> None:
    page = open_segment(visit, own, 0, locale="ko-KR")
    field(page, "ko").fill("사람이 쓴 글")
    page.get_by_role("button", name="저장", exact=True).click()
    expect(toast(page)).to_contain_text(KOREAN.done_captions)
    page.locator(".written", has=field(page, "ko")).get_by_role("button", name=KOREAN.use_model).click()
    expect(field(page, "ko")).to_have_value(CAPTIONS[0][1])
    assert segments(own)[0].layers.human_ko is None


def test_people_are_said_to_be_there_and_not(visit: Visit, own: Library) -> None:
    page = open_segment(visit, own, 1, locale="ko-KR")
    people = page.locator(".inspector .one .people")
    expect(people.locator(".who .person .name")).to_have_text(["김민지"])
    finder = people.get_by_role("combobox")
    finder.fill("ㅎㄴ")  # initial consonants
    expect(people.locator(".option .name")).to_have_text(["이하나"])
    finder.press("Enter")
    expect(people.locator(".who .person .name")).to_have_text(["이하나", "김민지"])
    expect(people.locator(".chip.person.human .name")).to_have_text(["이하나"])
    people.get_by_role("button", name=KOREAN.remove_person.format(name="김민지")).click()
    expect(people.locator(".who .person .name")).to_have_text(["이하나"])
    expect(people.locator(".absent s")).to_have_text(["김민지"])
    said = segments(own)[1].layers.said.values()
    assert sorted(each.present for each in said) == [False, True]
    people.get_by_role("button", name=KOREAN.put_back.format(name="김민지")).click()
    expect(people.locator(".who .chip.person")).to_have_count(2)
    assert len(segments(own)[1].people) == 2


def test_a_selection_is_edited_at_once(visit: Visit, own: Library) -> None:
    page = open_segment(visit, own, 0)
    for index in (0, 1):
        page.locator(f'.timeline [data-id="{own.film_segments[index]}"]').click(modifiers=["ControlOrMeta"])
    many = page.locator(".inspector .many")
    expect(many).to_contain_text(ENGLISH.selected_many.format(count=2))
    many.locator("textarea").fill("The same for both")
    many.get_by_role("button", name=ENGLISH.caption_en).click()
    expect(toast(page)).to_contain_text(ENGLISH.done_captions)
    assert [s.caption_en for s in segments(own)] == ["The same for both", "The same for both", CAPTIONS[2][0]]
    many.get_by_label(ENGLISH.bulk_add).fill("hana")
    many.get_by_label(ENGLISH.bulk_add).press("Enter")
    expect(toast(page)).to_contain_text(ENGLISH.done_people)
    assert ["Lee Hana" in [p.name for p in s.people] for s in segments(own)] == [True, True, False]
    many.get_by_role("button", name=ENGLISH.merge, exact=True).click()
    expect(toast(page)).to_contain_text(ENGLISH.done_merge)
    expect(many).to_be_hidden()
    assert [(s.span.start_ms, s.span.end_ms) for s in segments(own)] == [(0, 2520), (2520, 4000)]


def test_cards_are_selected(visit: Visit, own: Library) -> None:
    page = visit("/?q=bridge")
    first = page.locator(".item").first
    first.hover()
    first.locator(".pick").click()
    expect(first.locator(".pick")).to_have_attribute("aria-pressed", "true")
    second = page.locator(".item").nth(1)
    second.hover()
    second.locator(".pick").click()
    expect(page.locator(".inspector .many")).to_be_visible()
    page.get_by_role("button", name=ENGLISH.clear_selection).click()
    expect(page.locator(".inspector .many")).to_be_hidden()
    expect(first.locator(".pick")).to_have_attribute("aria-pressed", "false")


def test_a_deleted_segment_goes_and_comes_back(visit: Visit, own: Library) -> None:
    page = open_segment(visit, own, 1)
    page.locator(".inspector .one").get_by_role("button", name=ENGLISH.delete).click()
    expect(toast(page)).to_contain_text(ENGLISH.done_delete)
    expect(field(page, "en")).to_have_value(CAPTIONS[2][0])  # the next one
    assert [s.id for s in segments(own)] == [own.film_segments[0], own.film_segments[2]]
    toast(page).get_by_role("button", name=COMMON.undo).click()
    expect(page.locator(".timeline [data-id]")).to_have_count(3)
    assert [s.id for s in segments(own)] == list(own.film_segments)


def test_a_locked_segment_is_not_changed(visit: Visit, own: Library) -> None:
    page = open_segment(visit, own, 2)
    one = page.locator(".inspector .one")
    one.get_by_role("button", name=ENGLISH.lock, exact=True).click()
    expect(one).to_contain_text(ENGLISH.locked_note)
    expect(field(page, "en")).not_to_be_editable()
    expect(one.get_by_role("button", name=ENGLISH.delete)).to_be_disabled()
    one.get_by_role("button", name=ENGLISH.unlock).click()
    expect(field(page, "en")).to_be_editable()


@pytest.mark.parametrize("choice", ["theirs", "mine", "both"])
def test_two_people_write_the_same_caption(visit: Visit, own: Library, choice: str) -> None:
    mine, theirs = open_segment(visit, own, 0), open_segment(visit, own, 0)
    field(mine, "en").fill("What I say")
    field(theirs, "en").fill("What they say")
    field(theirs, "en").press("Control+Enter")
    expect(toast(theirs)).to_contain_text(ENGLISH.done_captions)
    field(mine, "en").press("Control+Enter")
    dialog = mine.get_by_role("dialog", name=ENGLISH.conflict_title)
    expect(dialog).to_be_visible()
    expect(dialog.locator(".side").nth(0)).to_contain_text("What they say")
    expect(dialog.locator(".side").nth(1)).to_contain_text("What I say")
    expect(dialog).to_contain_text("tester")
    assert segments(own)[0].caption_en == "What they say"
    if choice == "theirs":
        dialog.get_by_role("button", name=ENGLISH.keep_theirs).click()
        expect(field(mine, "en")).to_have_value("What they say")
        assert segments(own)[0].caption_en == "What they say"
    elif choice == "mine":
        dialog.get_by_role("button", name=ENGLISH.write_mine).click()
        expect(toast(mine)).to_contain_text(ENGLISH.done_captions)
        assert segments(own)[0].caption_en == "What I say"
    else:
        dialog.get_by_role("button", name=ENGLISH.edit_on).click()
        expect(field(mine, "en")).to_have_value("What I say")
        field(mine, "en").fill("What they say, and what I say")
        field(mine, "en").press("Control+Enter")
        expect(toast(mine)).to_contain_text(ENGLISH.done_captions)
        assert segments(own)[0].caption_en == "What they say, and what I say"
    kinds = [kind for kind, _ in operations(own)]
    assert kinds[: 1 if choice == "theirs" else 2] == ["segment.caption"] * (1 if choice == "theirs" else 2)


def test_two_people_write_different_things(visit: Visit, own: Library) -> None:
    mine, theirs = open_segment(visit, own, 1), open_segment(visit, own, 1)
    field(theirs, "ko").fill("그들의 글")
    field(theirs, "ko").press("Control+Enter")
    expect(toast(theirs)).to_contain_text(ENGLISH.done_captions)
    field(mine, "en").fill("Mine in English")
    field(mine, "en").press("Control+Enter")
    expect(toast(mine)).to_contain_text(ENGLISH.done_captions)
    assert (segments(own)[1].caption_en, segments(own)[1].caption_ko) == ("Mine in English", "그들의 글")
    expect(field(mine, "ko")).to_have_value("그들의 글")
