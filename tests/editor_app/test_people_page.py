"""The people page as it is drawn, and what a browser can ask of it, on a library with faces of its own."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import text

from editor_app.access import Visitor
from editor_app.components.people_outcome import draw_outcome, draw_toast
from editor_app.components.people_parts import Drawing
from editor_app.components.people_photos import draw_desk
from editor_app.people_edits import Outcome, PhotoDesk, perform, read_request
from editor_app.services import Services, open_services
from editor_app.texts.people import ENGLISH, KOREAN
from tests.editor_app.cast import FILMS, WRONG, Cast, Theatre, photo_of_somebody, photo_of_two
from tests.editor_app.conftest import Page
from tests.editor_app.library import HOSTILE_NAME, Library
from vsearch_pipeline.catalog.database import open_catalog
from vsearch_pipeline.catalog.library import ensure_person, people_by_id
from vsearch_pipeline.catalog.requests import told_requests
from vsearch_pipeline.editing import doors
from vsearch_pipeline.editing.handing_in import Upload
from vsearch_pipeline.editing.relabel import relabel_preview
from vsearch_pipeline.people.embedding import SfaceDlibEmbedder
from vsearch_pipeline.people.registry import load_face_embedder

HOSTILE = "<img src=x onerror=alert(1)> ![x](javascript:alert(1))"


@pytest.fixture(scope="module")
def theatre(lib: Library) -> Theatre:
    return Theatre(lib, "cast_of_the_page")


@pytest.fixture
def cast(theatre: Theatre) -> Cast:
    return theatre.show()


def visiting(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Page:
    monkeypatch.setenv("VSEARCH_HOME", str(cast.settings.home))
    assert cast.settings.database_url
    monkeypatch.setenv("VSEARCH_DATABASE_URL", cast.settings.database_url)
    monkeypatch.setenv("VSEARCH_ACTOR", "tester")
    return Page()


def people_page(cast: Cast, monkeypatch: pytest.MonkeyPatch, **address: str) -> Page:
    page = visiting(cast, monkeypatch)
    locale = address.pop("locale", "en-US")
    page.run(locale=locale).app.switch_page("app_pages/people.py")
    return page.run(locale=locale, **address)


@pytest.fixture(autouse=True)
def without_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GEMINI_API_KEY", "GOOGLE_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def services(cast: Cast) -> Services:
    return open_services(cast.settings)


def ask(services: Services, desk: PhotoDesk | None = None, **request: Any) -> Outcome:
    read = read_request({"token": "t-1", **request})
    assert read is not None
    return perform(services, read, desk)


def count(cast: Cast, statement: str, **values: Any) -> int:
    with open_catalog(cast.settings).begin() as connection:
        return int(connection.execute(text(statement), values).scalar_one())


def said(cast: Cast, kind: str, person: int) -> int:
    """How many faces people say are, or are not, a person."""
    return count(
        cast,
        "select count(*) from face_marks where kind = :kind and person_id = :person and revoked_by is null",
        kind=kind,
        person=person,
    )


# --- what is drawn ----------------------------------------------------------------------------------------------


def test_known_people_by_group_in_the_visitors_language(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    page = people_page(cast, monkeypatch)
    rainbow, alone = page.drawn("people_known")["groups"]
    assert (rainbow["title"], alone["title"]) == ("Rainbow", ENGLISH.no_group)
    assert [(p["shown"], p["also"], p["facts"]) for p in rainbow["people"]] == [
        ("Kim Minji", "김민지, 민지", ["4 faces", "4 videos"]),
        ("Hanni", "하니", ["1 face", "1 video"]),
    ]
    assert all("/faces/" in p["picture"] for p in rainbow["people"])
    assert [tab["count"] for tab in page.drawn("people_bar")["tabs"]] == ["3", "2", ""]

    korean = people_page(cast, monkeypatch, locale="ko-KR")
    rainbow, alone = korean.drawn("people_known")["groups"]
    assert [p["shown"] for p in rainbow["people"]] == ["김민지", "하니"]
    assert rainbow["people"][0]["facts"] == ["얼굴 4개", "영상 4개"]
    assert alone["title"] == KOREAN.no_group

    by_name = people_page(cast, monkeypatch, sort="name")
    assert [p["shown"] for p in by_name.drawn("people_known")["groups"][0]["people"]] == ["Hanni", "Kim Minji"]


def test_one_person_with_all_faces_by_video(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    page = people_page(cast, monkeypatch, person=str(cast.people["minji"]))
    sheet = page.drawn("people_person")
    assert sheet["person"]["shown"] == "Kim Minji"
    assert (sheet["person"]["gender"], sheet["person"]["aliases"]) == ("female", ["김민지", "민지"])
    assert [section["title"] for section in sheet["sections"]] == sorted(FILMS)
    faces = [face for section in sheet["sections"] for face in section["faces"]]
    assert str(cast.tracks[WRONG]) in [face["track"] for face in faces]
    assert all(face["href"].startswith("/?moment=") and face["picture"] for face in faces)
    assert sheet["person"]["searched"].startswith("/?q=person")
    assert sheet["groups"] == ["Rainbow"]

    doubtful = people_page(cast, monkeypatch, person=str(cast.people["minji"]), order="doubt")
    [section] = doubtful.drawn("people_person")["sections"]
    assert [face["sure"] for face in section["faces"]] == [ENGLISH.sure.format(percent=90)] * 4


def test_people_without_a_name_with_a_guess(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    page = people_page(cast, monkeypatch, view="unknown", locale="ko-KR")
    first, second = page.drawn("people_unknown")["clusters"]
    assert (first["number"], first["facts"]) == (cast.cluster("stranger"), ["얼굴 4개", "영상 4개"])
    assert [guess["shown"] for guess in second["likely"]] == ["하니"]
    assert first["likely"] == []
    known = {choice["id"]: choice for choice in page.drawn("people_unknown")["known"]}
    assert known[cast.people["minji"]]["names"] == ["Kim Minji", "김민지", "민지"]

    one = people_page(cast, monkeypatch, view="unknown", cluster=str(second["number"]))
    assert len(one.drawn("people_cluster")["cluster"]["faces"]) == 2
    gone = people_page(cast, monkeypatch, view="unknown", cluster="999999")
    assert gone.drawn("people_unknown")["clusters"]
    assert ENGLISH.cluster_gone in [info.value for info in gone.app.info]


@pytest.mark.parametrize("person", ["999999", "9" * 30, "-1", "x", "١"])
def test_a_link_to_nobody(cast: Cast, monkeypatch: pytest.MonkeyPatch, person: str) -> None:
    page = people_page(cast, monkeypatch, person=person)
    assert page.drawn("people_known")
    assert (ENGLISH.person_gone in [info.value for info in page.app.info]) == (person == "999999")


def test_two_people_side_by_side(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    minji, other = cast.people["minji"], cast.people["minji k"]
    page = people_page(cast, monkeypatch, person=str(other), **{"with": str(minji)})
    mine, theirs = page.drawn("people_person")["merge"]
    assert (mine["id"], mine["kept"], len(mine["faces"])) == (other, False, 1)
    assert (theirs["id"], theirs["kept"], len(theirs["faces"])) == (minji, True, 4)
    alone = people_page(cast, monkeypatch, person=str(other), **{"with": str(other)})
    assert alone.drawn("people_person")["merge"] is None


def test_a_library_without_anybody(empty_page: Page) -> None:
    empty_page.run().app.switch_page("app_pages/people.py")
    assert ENGLISH.nobody_title in empty_page.run().written
    assert ENGLISH.unknown_none_title in empty_page.run(view="unknown").written
    assert empty_page.run(view="update").drawn("people_update")["ready"] is None
    empty_page.run(view="photos")
    assert [box.label for box in empty_page.app.selectbox] == [ENGLISH.photos_who, ENGLISH.person_group]


def test_imported_people_have_moments_instead_of_faces(page: Page) -> None:
    page.run().app.switch_page("app_pages/people.py")
    groups = page.run().drawn("people_known")["groups"]
    people = [person for group in groups for person in group["people"]]
    mallory = next(person for person in people if person["shown"] == HOSTILE_NAME)
    assert mallory["facts"] == ["1 moment", "1 video"]
    assert mallory["picture"] is None


# --- what is asked for ------------------------------------------------------------------------------------------


def test_a_cluster_gets_a_name_and_loses_it_again(cast: Cast, services: Services) -> None:
    number = cast.cluster("stranger")
    named = ask(services, do="name", cluster=number, name="Danielle")
    assert named.problem is None
    toast = draw_toast(named, "ko")
    assert toast is not None
    assert toast["text"] == "Danielle: 얼굴 4개에 이름을 붙였어요"
    person = count(cast, "select id from people where name = 'Danielle'")
    assert said(cast, "is", person) == 4
    assert count(cast, "select count(*) from operations where kind = 'people.name' and door = 'web'") == 1
    undone = ask(services, **toast["undo"])
    assert draw_toast(undone, "en") == {"token": "t-1", "text": ENGLISH.done_undo, "undo": None}
    assert said(cast, "is", person) == 0
    assert cast.cluster("stranger") == number


def test_a_known_person_is_meant_by_number_whatever_they_are_called(cast: Cast, services: Services) -> None:
    with open_catalog(cast.settings).begin() as connection:
        ensure_person(connection, "Another", "Hanni")
    ambiguous = ask(services, do="name", cluster=cast.cluster("passer-by"), name="hanni")
    told = draw_outcome(ambiguous, "en")
    assert told["text"] == ENGLISH.wrong_ambiguous.format(names="Rainbow/Hanni, Another/Hanni")
    assert draw_toast(ambiguous, "en") is None
    hanni = cast.people["hanni"]
    assert ask(services, do="name", cluster=cast.cluster("passer-by"), who=hanni).problem is None
    assert said(cast, "is", hanni) == 2


def test_wrong_faces_are_taken_out_several_at_once(cast: Cast, services: Services) -> None:
    minji = cast.people["minji"]
    tracks = [str(cast.tracks[WRONG]), str(cast.tracks["Fan cam", "minji"])]
    outcome = ask(services, do="reject", who=minji, tracks=tracks)
    assert draw_toast(outcome, "en")["text"] == "2 faces are not Kim Minji"  # type: ignore[index]
    assert said(cast, "is_not", minji) == 2
    assert services.casting.person(minji).known.tracks == 2
    assert services.casting.pending() == 2
    again = ask(services, do="reject", who=minji, tracks=tracks)
    assert draw_toast(again, "en")["text"] == ENGLISH.done_nothing  # type: ignore[index]
    given = ask(services, do="name", tracks=tracks[:1], who=cast.people["hanni"])
    assert given.problem is None
    assert services.casting.person(cast.people["hanni"]).known.tracks == 2


def test_who_somebody_is_can_be_changed(cast: Cast, services: Services) -> None:
    minji, alone = cast.people["minji"], cast.people["minji k"]
    changes: list[dict[str, Any]] = [
        {"do": "rename", "name": "Minji Kim"},
        {"do": "display", "display": "MINJI"},
        {"do": "group", "group": "rainbow two"},
        {"do": "gender", "gender": None},
        {"do": "aliases", "add": ["mj"]},
        {"do": "aliases", "remove": ["민지"]},
    ]
    for change in changes:
        assert ask(services, who=minji, **change).problem is None
    with open_catalog(cast.settings).begin() as connection:
        person = people_by_id(connection)[minji]
    assert (person.name, person.display, person.group, person.gender) == (
        "Minji Kim",
        "MINJI",
        "rainbow two",
        None,
    )
    assert set(person.aliases) == {"김민지", "Kim Minji", "MINJI", "mj"}
    taken = ask(services, do="rename", who=cast.people["hanni"], name="Somebody")
    assert taken.problem is None
    ask(services, do="group", who=alone, group="Rainbow")
    clash = ask(services, do="rename", who=alone, name="somebody")
    told = draw_outcome(clash, "ko")
    assert (told["ok"], told["other"]) == (False, cast.people["hanni"])
    assert told["text"] == KOREAN.wrong_taken.format(name="하니")


def test_two_people_become_one_and_two_again(cast: Cast, services: Services) -> None:
    minji, other = cast.people["minji"], cast.people["minji k"]
    merged = ask(services, do="merge", who=other, into=minji)
    assert count(cast, "select merged_into from people where id = :id", id=other) == minji
    assert services.casting.person(minji).known.tracks == 5
    toast = draw_toast(merged, "en")
    assert toast is not None
    ask(services, **toast["undo"])
    assert services.casting.person(other).known.tracks == 1


def test_clusters_are_put_together_and_taken_apart(cast: Cast, services: Services) -> None:
    stranger, passer_by = cast.cluster("stranger"), cast.cluster("passer-by")
    assert ask(services, do="together", clusters=[stranger, passer_by]).problem is None
    assert cast.cluster("passer-by") == stranger
    out = [str(ref) for (_, who), ref in cast.tracks.items() if who == "passer-by"]
    assert ask(services, do="take_out", cluster=stranger, tracks=out).problem is None
    assert cast.cluster("passer-by") != cast.cluster("stranger") == stranger
    rest = [str(ref) for (_, who), ref in cast.tracks.items() if who == "stranger"]
    alike = ask(services, do="take_out", cluster=stranger, tracks=rest)
    assert draw_outcome(alike, "en")["text"] == ENGLISH.wrong_alike
    gone = ask(services, do="name", cluster=987654, name="Nobody")
    assert draw_outcome(gone, "ko")["text"] == KOREAN.wrong_gone


def test_a_step_that_something_later_builds_on_is_not_undone(cast: Cast, services: Services) -> None:
    first = ask(services, do="rename", who=cast.people["hanni"], name="Hanni Two")
    ask(services, do="rename", who=cast.people["hanni"], name="Hanni Three")
    toast = draw_toast(first, "en")
    assert toast is not None
    blocked = ask(services, **toast["undo"])
    assert draw_toast(blocked, "en") == {"token": "t-1", "text": ENGLISH.wrong_later, "undo": None}
    assert count(cast, "select count(*) from people where name = 'Hanni Three'") == 1


def test_somebody_who_only_looks_changes_nothing(
    cast: Cast, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer = replace(services, visitor=Visitor("guest", "viewer"))
    before = count(cast, "select count(*) from operations")
    requests: list[dict[str, Any]] = [
        {"do": "name", "cluster": cast.cluster("stranger"), "name": "Nobody"},
        {"do": "reject", "who": cast.people["minji"], "tracks": [str(cast.tracks[WRONG])]},
        {"do": "merge", "who": cast.people["minji k"], "into": cast.people["minji"]},
        {"do": "rename", "who": cast.people["minji"], "name": "Nobody"},
        {"do": "photos_out", "who": cast.people["minji"], "sources": ["x.jpg"]},
        {"do": "undo", "operation": 1},
        {"do": "update"},
    ]
    for request in requests:
        assert ask(viewer, **request).problem is not None, request
    assert draw_outcome(ask(viewer, **requests[0]), "en")["text"] == ENGLISH.wrong_forbidden
    assert count(cast, "select count(*) from operations") == before
    monkeypatch.setattr("editor_app.services.visitor", lambda _: Visitor("guest", "viewer"))
    for address in ({}, {"view": "unknown"}, {"person": str(cast.people["minji"])}, {"view": "photos"}):
        page = people_page(cast, monkeypatch, **address)
        assert page.drawn("people_bar")["editable"] is False
        for name in ("people_unknown", "people_person"):
            drawn = page.component(name)
            assert drawn is None or (drawn["editable"], drawn["known"], drawn.get("merge")) == (False, [], None)
        assert not page.app.selectbox


@pytest.mark.parametrize(
    "asked",
    [
        None,
        {"do": "name"},
        {"do": "drop", "token": "1"},
        {"do": "name", "token": "1", "cluster": -1},
        {"do": "name", "token": "1", "tracks": ["no track"], "who": 1},
        {"do": "reject", "token": "1", "who": 1, "tracks": ["v:1"], "more": 1},
        {"do": "together", "token": "1", "clusters": [1]},
        {"do": "gender", "token": "1", "who": 1, "gender": "other"},
        {"do": "undo", "token": "1" * 100, "operation": 1},
    ],
)
def test_what_is_no_request_is_passed_over(asked: object) -> None:
    assert read_request(asked) is None


def test_names_are_text(cast: Cast, services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (
        ask(services, do="name", cluster=cast.cluster("stranger"), name=HOSTILE.replace("/", "|")).problem is None
    )
    page = people_page(cast, monkeypatch, view="photos")
    who = page.app.selectbox[0]
    assert any("<img" in option for option in who.options)
    assert "<img" not in page.written
    known = people_page(cast, monkeypatch).drawn("people_known")
    assert any(p["shown"].startswith("<img") for group in known["groups"] for p in group["people"])


# --- photos -----------------------------------------------------------------------------------------------------


def jpeg(image: Image.Image) -> bytes:
    content = io.BytesIO()
    image.save(content, "JPEG", quality=92)
    return content.getvalue()


def test_photos_wait_for_a_word_on_whose_face_is_meant(cast: Cast, services: Services) -> None:
    hanni = services.casting.person(cast.people["hanni"]).known.person
    uploads = [Upload("one.jpg", jpeg(photo_of_somebody())), Upload("two.jpg", jpeg(photo_of_two()))]
    judged = services.photos.judge(uploads, hanni.id)
    kept = services.photos.keep(hanni.id, judged[:1])
    desk = PhotoDesk(hanni, judged, {0: kept.sources[0]})
    first, second = draw_desk(desk, Drawing(services.media, "en", {}))
    assert (first["state"], first["verdict"]) == ("good", ENGLISH.photo_good)
    assert (second["state"], len(second["faces"])) == ("open", 2)
    assert all(face.startswith("data:image/jpeg") for face in second["faces"])
    assert ask(services, desk, do="photo_face", place=1, face=9).problem is not None

    chosen = ask(services, desk, do="photo_face", place=1, face=1)
    assert chosen.problem is None
    assert [each["state"] for each in draw_desk(desk, Drawing(services.media, "ko", {}))] == ["good", "good"]
    gallery = cast.settings.gallery_dir / "Rainbow" / "Hanni"
    assert sorted(path.name for path in gallery.iterdir()) == ["one.jpg", "two.jpg"]
    toast = draw_toast(chosen, "en")
    assert toast is not None
    ask(services, desk, **toast["undo"])
    assert [path.name for path in gallery.iterdir()] == ["one.jpg"]
    assert draw_desk(desk, Drawing(services.media, "en", {}))[1]["verdict"] == ENGLISH.photo_out
    assert ask(services, None, do="photo_face", place=0, face=0).problem is not None


def test_the_photos_of_a_person_are_shown(cast: Cast, services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    hanni = cast.people["hanni"]
    services.photos.keep(hanni, services.photos.judge([Upload("one.jpg", jpeg(photo_of_somebody()))], hanni))
    photos = people_page(cast, monkeypatch, person=str(hanni)).drawn("people_person")["photos"]
    assert photos["count"] == "1 photo"
    assert photos["shown"][0]["source"] == "Rainbow/Hanni/one.jpg"
    assert photos["shown"][0]["picture"].startswith("data:image/jpeg")
    (cast.settings.gallery_dir / "Rainbow" / "Hanni" / "two.jpg").write_bytes(b"nothing")
    shown = people_page(cast, monkeypatch, person=str(hanni)).drawn("people_person")["photos"]["shown"]
    assert [bool(photo["picture"]) for photo in shown] == [True, False]


# --- names brought up to date -----------------------------------------------------------------------------------


def test_what_an_update_would_change_is_shown_before(
    cast: Cast, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(services, do="name", cluster=cast.cluster("stranger"), name="Danielle")
    page = people_page(cast, monkeypatch, view="update", locale="ko-KR")
    drawn = page.drawn("people_update")
    assert drawn["ready"] is None
    assert drawn["pending"] == KOREAN.update_pending_many.format(count=4)
    services.relabelling.start()
    preview = services.relabelling.preview()
    assert preview is not None
    result = preview.future.result(timeout=120)
    ready = page.run(locale="ko-KR").drawn("people_update")["ready"]
    gained = {person["shown"]: person["gained"] for person in ready["people"]}
    assert gained["Danielle"] == 4
    named = next(change for change in ready["changes"] if change["title"] == "이름 없음 → Danielle")
    assert {face["track"] for face in named["faces"]} == {
        str(ref) for (_, who), ref in cast.tracks.items() if who == "stranger"
    }
    embedder = load_face_embedder("sface-dlib")
    assert relabel_preview(services.catalog, embedder, 500).changes == result.changes
    assert page.drawn("people_update")["notice"] == ""
    ask(services, do="rename", who=cast.people["hanni"], name="Pham")
    assert page.run(locale="ko-KR").drawn("people_update")["notice"] == KOREAN.update_outdated


def test_an_update_is_asked_of_the_pipeline(
    cast: Cast, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask(services, do="update").problem is None
    with services.catalog.begin() as connection:
        train, relabel = sorted(told_requests(connection), key=lambda request: request.id)
    assert (train.kind, relabel.kind, relabel.after) == ("train", "relabel", train.id)
    assert (relabel.actor, relabel.door) == ("tester", "web")
    drawn = people_page(cast, monkeypatch, view="update").drawn("people_update")
    assert (drawn["notice"], drawn["can_ask"]) == (ENGLISH.update_asked, False)


def test_new_faces_are_sorted_when_somebody_looks(
    cast: Cast, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    with services.catalog.begin() as connection:
        connection.execute(text("delete from unknown_people"))
    assert services.casting.unsorted() == 6
    page = people_page(cast, monkeypatch, view="unknown")
    for _ in range(50):
        if not open_services(cast.settings).casting.unsorted():
            break
        page.run()
    assert [len(cluster["faces"]) for cluster in page.run().drawn("people_unknown")["clusters"]] == [4, 2]


def test_naming_needs_no_weights(cast: Cast, services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    embedder = SfaceDlibEmbedder()
    monkeypatch.setattr(doors, "_face_embedder", lambda *_: embedder)
    ask(services, do="name", cluster=cast.cluster("stranger"), name="Danielle")
    assert services.naming.embedding_model == "sface-dlib"
    assert relabel_preview(services.catalog, doors.face_embedder(cast.settings), 500).changes
    assert vars(embedder).keys() <= {"_lock", "version"}
