"""The people page as an editor works on it: each step is seen on the screen and in the database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import text

from editor_app.texts.common import COMMON
from editor_app.texts.people import ENGLISH, KOREAN, PEOPLE, PeopleTexts
from tests.browser.conftest import Visit, serving_page, visiting
from tests.editor_app.cast import WRONG, Cast, Theatre, photo_of_somebody, photo_of_two
from tests.editor_app.library import Library
from vsearch_pipeline.catalog.database import open_catalog
from vsearch_pipeline.wording import Language

pytestmark = pytest.mark.browser

LOCALES: dict[str, Language] = {"en-US": "en", "ko-KR": "ko"}
IN_TIME_MS = 30_000


@pytest.fixture(scope="module")
def theatre(lib: Library) -> Theatre:
    return Theatre(lib, "cast_of_the_browser")


@pytest.fixture(scope="module")
def address(theatre: Theatre, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    cast = theatre.show()
    assert cast.settings.database_url
    environment = {"VSEARCH_DATABASE_URL": cast.settings.database_url, "VSEARCH_ACTOR": "tester"}
    with serving_page(cast, tmp_path_factory.mktemp("people"), **environment) as url:  # type: ignore[arg-type]
        yield url


@pytest.fixture
def cast(theatre: Theatre, address: str) -> Cast:
    return theatre.show()


@pytest.fixture
def visit(chromium: Browser, address: str, cast: Cast) -> Iterator[Visit]:
    with visiting(chromium, address) as opened:
        yield opened


def read(cast: Cast, statement: str, **values: Any) -> list[Any]:
    with open_catalog(cast.settings).begin() as connection:
        return list(connection.execute(text(statement), values).scalars())


def said(cast: Cast, kind: str, person: int) -> int:
    """How many faces people say are, or are not, a person."""
    statement = "select id from face_marks where kind = :kind and person_id = :person and revoked_by is null"
    return len(read(cast, statement, kind=kind, person=person))


def cluster(page: Page, number: int) -> Locator:
    return page.locator(f'.cluster[data-cluster="{number}"]')


def tile(page: Page, cast: Cast, title: str, who: str) -> Locator:
    return page.locator(f'.own .tile[data-track="{cast.tracks[title, who]}"]')


def toast(page: Page) -> Locator:
    return page.locator(".toast:not([hidden])")


def undo(page: Page, language: Language) -> None:
    toast(page).get_by_role("button", name=COMMON[language].undo, exact=True).click()
    expect(toast(page)).to_contain_text(PEOPLE[language].done_undo, timeout=IN_TIME_MS)


def tab_count(page: Page, view: str) -> Locator:
    return page.locator(f'.tab[data-view="{view}"] .count')


def settled(page: Page) -> None:
    """The server has drawn what was asked for: Streamlit loses a file that comes while it draws."""
    page.wait_for_timeout(300)
    app = page.get_by_test_id("stApp")
    expect(app).to_have_attribute("data-test-script-state", "notRunning", timeout=IN_TIME_MS)


def texts_of(locale: str) -> PeopleTexts:
    return PEOPLE[LOCALES[locale]]


@pytest.mark.parametrize("locale", LOCALES)
def test_a_cluster_is_named_in_one_press_and_taken_back(visit: Visit, cast: Cast, locale: str) -> None:
    texts, number = texts_of(locale), cast.cluster("stranger")
    page = visit("/people?view=unknown", locale=locale)
    expect(cluster(page, number).locator(".faces .face")).to_have_count(4, timeout=IN_TIME_MS)
    field = cluster(page, number).get_by_role("combobox")
    field.fill("다니엘")
    expect(page.get_by_role("option")).to_have_text([texts.name_new.format(name="다니엘")])
    field.press("Enter")
    expect(cluster(page, number)).to_have_count(0, timeout=IN_TIME_MS)
    expect(toast(page)).to_contain_text(texts.done_name_many.format(name="다니엘", count=4))
    expect(tab_count(page, "known")).to_have_text("4")
    expect(tab_count(page, "update")).to_have_text("4")
    [person] = read(cast, "select id from people where name = '다니엘'")
    assert said(cast, "is", person) == 4
    undo(page, LOCALES[locale])
    expect(cluster(page, number).locator(".faces .face")).to_have_count(4, timeout=IN_TIME_MS)
    assert said(cast, "is", person) == 0
    assert read(cast, "select id from people where name = '다니엘'") == []


def test_names_go_on_while_the_last_one_is_written(visit: Visit, cast: Cast) -> None:
    first, second = cast.cluster("stranger"), cast.cluster("passer-by")
    page = visit("/people?view=unknown")
    cluster(page, first).get_by_role("combobox").fill("Danielle")
    page.keyboard.press("Enter")
    page.keyboard.type("Haerin")  # the focus has gone on to the next
    page.keyboard.press("Enter")
    expect(page.get_by_text(ENGLISH.unknown_none_title)).to_be_visible(timeout=IN_TIME_MS)
    named = read(cast, "select name from people join face_marks on person_id = people.id order by face_marks.id")
    assert sorted(named) == ["Danielle"] * 4 + ["Haerin"] * 2
    assert (first, second) != (0, 0)


def test_known_people_are_offered_by_their_initial_sounds(visit: Visit, cast: Cast) -> None:
    page = visit("/people?view=unknown", locale="ko-KR")
    number = cast.cluster("stranger")
    field = cluster(page, number).get_by_role("combobox")
    field.press_sequentially("ㄱㅁㅈ")
    lit = page.get_by_role("option", selected=True)
    expect(lit).to_contain_text("김민지")
    field.press("Enter")
    expect(cluster(page, number)).to_have_count(0, timeout=IN_TIME_MS)
    assert said(cast, "is", cast.people["minji"]) == 4

    guess = cluster(page, cast.cluster("passer-by")).locator(".likely button")
    expect(guess).to_have_text(KOREAN.is_it.format(name="하니"))
    guess.click()
    expect(page.get_by_text(KOREAN.unknown_none_title)).to_be_visible(timeout=IN_TIME_MS)
    assert said(cast, "is", cast.people["hanni"]) == 2


def test_two_who_name_the_same_faces(visit: Visit, cast: Cast) -> None:
    number = cast.cluster("stranger")
    first, second = visit("/people?view=unknown"), visit("/people?view=unknown", locale="ko-KR")
    for page in (first, second):
        expect(cluster(page, number)).to_be_visible(timeout=IN_TIME_MS)
    cluster(first, number).get_by_role("combobox").fill("Danielle")
    first.keyboard.press("Enter")
    expect(cluster(first, number)).to_have_count(0, timeout=IN_TIME_MS)
    field = cluster(second, cast.cluster("passer-by")).get_by_role("combobox")
    field.fill("Haerin")  # not sent yet
    late = cluster(second, number).get_by_role("combobox")
    late.fill("Daniela")
    late.press("Enter")
    told = cluster(second, number).get_by_role("alert")
    expect(told).to_have_text(KOREAN.wrong_gone, timeout=IN_TIME_MS)
    expect(late).to_have_value("Daniela")
    expect(field).to_have_value("Haerin")
    assert read(cast, "select name from people where name like 'Dani%'") == ["Danielle"]
    cluster(second, number).get_by_role("button", name=KOREAN.skip).click()
    expect(second.locator(".cluster")).to_have_count(1)


@pytest.mark.parametrize("locale", LOCALES)
def test_a_wrong_face_is_taken_out_by_a_press(visit: Visit, cast: Cast, locale: str) -> None:
    texts, minji = texts_of(locale), cast.people["minji"]
    name = "김민지" if locale == "ko-KR" else "Kim Minji"
    page = visit(f"/people?person={minji}", locale=locale)
    wrong = tile(page, cast, *WRONG)
    wrong.hover()
    wrong.get_by_role("button", name=texts.not_this.format(name=name)).click()
    expect(wrong).to_have_count(0, timeout=IN_TIME_MS)
    expect(toast(page)).to_contain_text(texts.done_reject_one.format(name=name))
    expect(page.locator(".out summary")).to_contain_text(f"{texts.taken_out} (1)")
    assert said(cast, "is_not", minji) == 1
    undo(page, LOCALES[locale])
    expect(wrong).to_be_visible(timeout=IN_TIME_MS)
    assert said(cast, "is_not", minji) == 0


def test_several_faces_are_given_to_somebody_else(visit: Visit, cast: Cast) -> None:
    minji, hanni = cast.people["minji"], cast.people["hanni"]
    page = visit(f"/people?person={minji}")
    boxes = page.locator(".own .tile input[type=checkbox]")
    expect(boxes).to_have_count(4, timeout=IN_TIME_MS)
    boxes.nth(0).click()
    boxes.nth(2).click(modifiers=["Shift"])
    expect(page.get_by_text(ENGLISH.selected_many.format(count=3))).to_be_visible()
    field = page.locator(".body > .selection").get_by_role("combobox")
    field.fill("hann")
    field.press("Enter")
    expect(boxes).to_have_count(1, timeout=IN_TIME_MS)
    assert said(cast, "is", hanni) == 3
    page.goto(page.url.replace(f"person={minji}", f"person={hanni}"))
    expect(page.locator(".own .tile")).to_have_count(4, timeout=IN_TIME_MS)
    expect(page.locator(".own .said")).to_have_count(3)


def test_a_face_leads_to_its_moment(visit: Visit, cast: Cast) -> None:
    page = visit(f"/people?person={cast.people['minji']}")
    wrong = tile(page, cast, *WRONG)
    href = wrong.get_by_role("link").get_attribute("href")
    assert href is not None
    wrong.get_by_role("link").click()
    page.wait_for_url(re.compile(re.escape(href)), timeout=IN_TIME_MS)
    expect(page.get_by_text(WRONG[0]).first).to_be_visible(timeout=IN_TIME_MS)
    statement = "select id from segments where video_id = :video and start_ms = 0"
    [segment] = read(cast, statement, video=cast.tracks[WRONG].video_id)
    assert f"moment={segment}" in page.url


@pytest.mark.parametrize("locale", LOCALES)
def test_two_people_are_compared_and_become_one(visit: Visit, cast: Cast, locale: str) -> None:
    texts, minji, other = texts_of(locale), cast.people["minji"], cast.people["minji k"]
    page = visit(f"/people?person={other}", locale=locale)
    page.get_by_role("button", name=texts.merge_with).click()
    field = page.get_by_role("combobox", name=texts.merge_choose)
    field.fill("민지")
    field.press("Enter")
    expect(page.locator(".side")).to_have_count(2, timeout=IN_TIME_MS)
    expect(page.locator(".side").nth(0).locator(".few .face")).to_have_count(1)
    expect(page.locator(".side").nth(1).locator(".few .face")).to_have_count(4)
    expect(page.locator(".side").nth(1).get_by_role("radio")).to_be_checked()
    page.get_by_role("button", name=texts.merge_do).click()
    page.wait_for_url(re.compile(f"person={minji}(&|$)"), timeout=IN_TIME_MS)
    expect(page.locator(".own .tile")).to_have_count(5, timeout=IN_TIME_MS)
    expect(page.locator(".merge")).to_be_hidden()
    assert read(cast, "select merged_into from people where id = :id", id=other) == [minji]
    undo(page, LOCALES[locale])
    expect(page.locator(".own .tile")).to_have_count(4, timeout=IN_TIME_MS)
    assert read(cast, "select merged_into from people where id = :id", id=other) == [None]


def test_somebody_is_renamed_and_a_taken_name_leads_to_a_comparison(visit: Visit, cast: Cast) -> None:
    minji, other = cast.people["minji"], cast.people["minji k"]
    page = visit(f"/people?person={other}")
    name = page.get_by_label(ENGLISH.person_name, exact=True)
    name.fill("Minji Park")
    name.press("Enter")
    expect(page.get_by_role("heading", name="Minji Park")).to_be_visible(timeout=IN_TIME_MS)
    assert read(cast, "select aliases from people where id = :id", id=other) == [["Minji K"]]
    page.get_by_label(ENGLISH.person_group, exact=True).fill("Rainbow")
    page.keyboard.press("Tab")
    expect(page.locator('[data-field="group"][data-saved="Rainbow"]')).to_have_count(1, timeout=IN_TIME_MS)
    expect(toast(page)).to_contain_text(ENGLISH.done_person.format(name="Minji Park"))
    assert read(cast, "select group_name from people where id = :id", id=other) == ["Rainbow"]
    name.fill("kim minji")
    name.press("Enter")
    told = page.locator("form .wrong").filter(has_text=ENGLISH.wrong_taken.format(name="Kim Minji"))
    expect(told).to_be_visible(timeout=IN_TIME_MS)
    expect(name).to_have_value("kim minji")
    told.get_by_role("button", name=ENGLISH.compare).click()
    expect(page.locator(".side")).to_have_count(2, timeout=IN_TIME_MS)
    assert f"with={minji}" in page.url
    alias = page.get_by_label(ENGLISH.add_alias)
    alias.fill("MP")
    alias.press("Enter")
    expect(page.locator("form .chip")).to_have_text([re.compile("Minji K"), re.compile("MP")], timeout=IN_TIME_MS)
    assert read(cast, "select aliases from people where id = :id", id=other) == [["Minji K", "MP"]]


def test_clusters_are_put_together_looked_at_and_taken_apart(visit: Visit, cast: Cast) -> None:
    stranger, passer_by = cast.cluster("stranger"), cast.cluster("passer-by")
    page = visit("/people?view=unknown", locale="ko-KR")
    for number in (stranger, passer_by):
        cluster(page, number).get_by_role("checkbox").check()
    page.get_by_role("button", name=KOREAN.same_person, exact=True).click()
    expect(cluster(page, passer_by)).to_have_count(0, timeout=IN_TIME_MS)
    assert cast.cluster("passer-by") == stranger
    cluster(page, stranger).locator(".faces").click()
    expect(page.locator(".own .tile")).to_have_count(6, timeout=IN_TIME_MS)
    for title in ("Second stage", "Rehearsal"):
        tile(page, cast, title, "passer-by").get_by_role("checkbox").check()
    page.get_by_role("button", name=KOREAN.take_out, exact=True).click()
    expect(page.locator(".own .tile")).to_have_count(4, timeout=IN_TIME_MS)
    assert cast.cluster("passer-by") != stranger
    page.get_by_role("button", name=KOREAN.back_unknown).click()
    expect(page.locator(".cluster")).to_have_count(2, timeout=IN_TIME_MS)
    page.locator(".cluster").nth(0).get_by_role("button", name=KOREAN.skip).click()
    expect(page.locator(".cluster")).to_have_count(1, timeout=IN_TIME_MS)
    page.get_by_role("button", name=KOREAN.skipped.format(count=1)).click()
    expect(page.locator(".cluster")).to_have_count(2, timeout=IN_TIME_MS)


@pytest.mark.parametrize("locale", LOCALES)
def test_photos_are_judged_and_added(visit: Visit, cast: Cast, locale: str, tmp_path: Path) -> None:
    texts, name = texts_of(locale), "하니" if locale == "ko-KR" else "Hanni"
    photo_of_somebody().save(tmp_path / "one.jpg", quality=92)
    photo_of_two().save(tmp_path / "two.jpg", quality=92)
    Image.new("RGB", (300, 300), "green").save(tmp_path / "nobody.png")
    (tmp_path / "script.jpg").write_text("<script>alert(1)</script>")
    page = visit(f"/people?person={cast.people['hanni']}", locale=locale)
    page.locator(".photos").get_by_role("button", name=texts.add_photos).click()
    page.locator("input[type=file]").set_input_files(
        [tmp_path / file for file in ("one.jpg", "nobody.png", "script.jpg", "two.jpg")]
    )
    expect(page.get_by_text("script.jpg")).to_be_visible(timeout=IN_TIME_MS)
    page.get_by_role("button", name=texts.photos_add, exact=True).click()
    shots = page.locator(".judged .shots > li")
    expect(shots).to_have_count(4, timeout=60_000)
    told = [texts.photo_good, texts.photo_no_face, texts.photo_unreadable.format(megapixels=50)]
    # the first photo is not learnt yet, so nothing says whose face the last one means
    expect(shots.locator(".verdict")).to_have_text([*told, texts.photo_several])
    gallery = cast.settings.gallery_dir / "Rainbow" / "Hanni"
    assert [path.name for path in gallery.iterdir()] == ["one.jpg"]
    shots.nth(3).get_by_role("button", name=texts.photo_face.format(number=2)).click()
    expect(page.locator(".judged .good")).to_have_count(2, timeout=IN_TIME_MS)
    expect(page.locator(".judged .summary")).to_contain_text(texts.photos_told.format(good=2, all=4, name=name))
    assert sorted(path.name for path in gallery.iterdir()) == ["one.jpg", "two.jpg"]
    assert len(read(cast, "select id from operations where kind = 'gallery.photos'")) == 2
    toast(page).get_by_role("button", name=COMMON[LOCALES[locale]].undo, exact=True).click()
    expect(toast(page)).to_contain_text(texts.done_photo_out.format(name=name), timeout=IN_TIME_MS)
    expect(page.locator(".judged .good")).to_have_count(1)
    assert [path.name for path in gallery.iterdir()] == ["one.jpg"]


def test_somebody_new_gets_photos(visit: Visit, cast: Cast, tmp_path: Path) -> None:
    photo_of_somebody().save(tmp_path / "one.jpg", quality=92)
    page = visit("/people?view=photos")
    page.get_by_role("button", name=ENGLISH.photos_add, exact=True).click()
    expect(page.get_by_text(ENGLISH.photos_need_name)).to_be_visible(timeout=IN_TIME_MS)
    for label, value in ((ENGLISH.photos_who, "Haerin Kang"), (ENGLISH.person_group, "Rainbow")):
        box = page.get_by_role("combobox", name=re.compile(label))
        box.fill(value)
        box.press("Enter")
        expect(box).to_have_value(value)
        settled(page)
    page.locator("input[type=file]").set_input_files(tmp_path / "one.jpg")
    expect(page.get_by_text("one.jpg")).to_be_visible(timeout=IN_TIME_MS)
    page.get_by_role("button", name=ENGLISH.photos_add, exact=True).click()
    expect(page.locator(".judged .good")).to_have_count(1, timeout=60_000)
    expect(tab_count(page, "known")).to_have_text("4", timeout=IN_TIME_MS)
    assert read(cast, "select group_name from people where name = 'Haerin Kang'") == ["Rainbow"]
    assert (cast.settings.gallery_dir / "Rainbow" / "Haerin Kang" / "one.jpg").is_file()


@pytest.mark.parametrize("locale", LOCALES)
def test_an_update_is_looked_at_before_it_is_asked_for(visit: Visit, cast: Cast, locale: str) -> None:
    texts, number = texts_of(locale), cast.cluster("stranger")
    page = visit("/people?view=unknown", locale=locale)
    cluster(page, number).get_by_role("combobox").fill("Danielle")
    page.keyboard.press("Enter")
    expect(tab_count(page, "update")).to_have_text("4", timeout=IN_TIME_MS)
    page.locator('.tab[data-view="update"]').click()
    expect(page.get_by_text(texts.update_pending_many.format(count=4))).to_be_visible(timeout=IN_TIME_MS)
    look = page.get_by_role("button", name=re.compile(f"^({texts.update_look}|{texts.update_again})$"))
    look.click()
    change = page.locator(".change").filter(has_text=f"{texts.update_nobody} → Danielle")
    expect(change.locator(".tile")).to_have_count(4, timeout=120_000)
    expect(page.locator(".update .people li").filter(has_text="Danielle").locator(".gain")).to_have_text("+4")
    assert read(cast, "select kind from requests") == []
    labels = read(cast, "select person_id from face_labels where person_id is not null")
    page.get_by_role("button", name=texts.update_do).click()
    expect(page.get_by_text(texts.update_asked)).to_be_visible(timeout=IN_TIME_MS)
    assert read(cast, "select kind from requests order by id") == ["train", "relabel"]
    assert read(cast, "select actor from requests") == ["tester", "tester"]
    assert read(cast, "select person_id from face_labels where person_id is not null") == labels


def test_somebody_is_found_by_what_one_types(visit: Visit, cast: Cast) -> None:
    page = visit("/people", locale="ko-KR")
    cards = page.locator(".person:visible")
    expect(cards).to_have_count(3, timeout=IN_TIME_MS)
    find = page.get_by_role("searchbox", name=KOREAN.find)
    for typed, shown in (("ㅎㄴ", ["하니"]), ("kim", ["김민지"]), ("minji", ["김민지", "Minji K"]), ("xyz", [])):
        find.fill(typed)
        expect(cards.locator("b")).to_have_text(shown)
    expect(page.get_by_text(KOREAN.found_nobody)).to_be_visible()
    find.fill("하니")
    find.press("Enter")
    page.wait_for_url(re.compile(f"person={cast.people['hanni']}"), timeout=IN_TIME_MS)
    expect(page.get_by_role("heading", name="하니")).to_be_visible(timeout=IN_TIME_MS)
    page.go_back()
    expect(cards).to_have_count(3, timeout=IN_TIME_MS)


@pytest.mark.parametrize(
    "place", ["", "?view=unknown", "?person=1", "?person=1&with=3", "?view=photos", "?view=update"]
)
def test_nothing_runs_over_the_edge_of_a_phone(visit: Visit, place: str) -> None:
    page = visit(f"/people{place}", width=390, height=844, locale="ko-KR")
    expect(page.locator(".bar .tab").first).to_be_visible(timeout=IN_TIME_MS)
    page.wait_for_timeout(1500)
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 390
    widest = page.evaluate(
        """() => {
            const roots = [document];
            for (const root of roots)
                for (const { shadowRoot } of root.querySelectorAll('*')) if (shadowRoot) roots.push(shadowRoot);
            const parts = roots.flatMap((root) => [...root.querySelectorAll('.root *')]);
            return Math.max(...parts.map((part) => part.getBoundingClientRect().right));
        }"""
    )
    assert widest <= 391
