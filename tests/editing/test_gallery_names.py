"""Names of gallery.toml reach the catalogue and search, with photos or without."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from tests.editing.library import editor
from tests.people_library import automatic
from vsearch_pipeline.catalog.human import write_fields
from vsearch_pipeline.catalog.library import PersonRecord, ensure_person, list_people, people_by_id
from vsearch_pipeline.catalog.segments import AutoFields, insert_segments, read_segments
from vsearch_pipeline.catalog.stages import ProducerInfo, producer_id
from vsearch_pipeline.catalog.videos import VideoRecord, insert_video
from vsearch_pipeline.editing.gallery_names import GalleryNames, apply_gallery_names
from vsearch_pipeline.editing.people import PeopleService
from vsearch_pipeline.people.gallery import read_gallery
from vsearch_pipeline.search.documents import refresh_search
from vsearch_pipeline.timeline import TimeRange

VIDEO = "named-clip"
GROUP = "Listed"


def apply(connection: Connection, folder: Path, toml: str) -> GalleryNames:
    (folder / "gallery.toml").write_text(toml, encoding="utf-8")
    return apply_gallery_names(connection, read_gallery(folder), actor="tester", door="cli")


def entry(name: str, *, group: str | None = GROUP, **values: object) -> str:
    given = {"name": name, **({"group": group} if group else {}), **values}
    return "[[person]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in given.items())


def show(connection: Connection, *people: int) -> list[int]:
    """A segment of each person, with its search row."""
    insert_video(connection, VideoRecord(VIDEO, VIDEO, "imported", f"sha-{VIDEO}", "test"))
    producer = producer_id(connection, ProducerInfo("segments", "test", "1"))
    drafts = [
        (automatic(TimeRange(index * 1000, index * 1000 + 1000)), AutoFields("a caption", None, people={who: 0.9}))
        for index, who in enumerate(people)
    ]
    ids = insert_segments(connection, VIDEO, producer, drafts)
    refresh_search(connection, read_segments(connection, video_id=VIDEO))
    return ids


def found_by(connection: Connection, token: str) -> list[int]:
    statement = text(
        "select id from segments where video_id = :video and search @@ to_tsquery('simple', :token) order by id"
    )
    return list(connection.execute(statement, {"video": VIDEO, "token": token}).scalars())


def known(connection: Connection, name: str) -> PersonRecord:
    return next(person for person in list_people(connection) if person.name == name)


def test_somebody_without_photos_is_found_by_every_name(connection: Connection, tmp_path: Path) -> None:
    kim, other = ensure_person(connection, GROUP, "Kim Zmin"), ensure_person(connection, GROUP, "Other One")
    first, second = show(connection, kim, other)
    toml = entry("Kim Zmin", aliases=["Zaba"], display="Zshow", gender="female")
    names = apply(connection, tmp_path, toml)
    [learnt] = names.learnt
    assert (learnt.person.id, learnt.new, learnt.names, learnt.segments) == (kim, False, ("Zshow", "Zaba"), 1)
    assert (learnt.person.display, learnt.person.gender) == ("Zshow", "female")
    assert names.issues == ()
    assert found_by(connection, "zaba") == found_by(connection, "zshow") == [first]
    assert found_by(connection, "caption") == [first, second]

    log = text("select count(*) from operations where kind = 'gallery.names'")
    logged = connection.execute(log).scalar_one()
    assert apply(connection, tmp_path, toml).learnt == ()
    assert connection.execute(log).scalar_one() == logged
    [more] = apply(connection, tmp_path, entry("Kim Zmin", aliases=["Zuku"])).learnt
    assert more.names == ("Zuku",)
    assert known(connection, "Kim Zmin").aliases == ("Zshow", "Zaba", "Zuku"), "names are never taken away"
    assert found_by(connection, "zuku") == [first]


def test_somebody_whom_no_video_shows_is_known_all_the_same(connection: Connection, tmp_path: Path) -> None:
    [learnt] = apply(connection, tmp_path, entry("Not Seen", aliases=["Zunseen"])).learnt
    assert (learnt.new, learnt.names, learnt.segments) == (True, ("Zunseen",), 0)
    assert str(learnt.person) == f"{GROUP}/Not Seen"


def test_an_entry_without_a_group_is_about_the_one_of_that_name(connection: Connection, tmp_path: Path) -> None:
    ensure_person(connection, GROUP, "Only One")
    [learnt] = apply(connection, tmp_path, entry("Only One", group=None, aliases=["Zone"])).learnt
    assert (str(learnt.person), learnt.new) == (f"{GROUP}/Only One", False)
    ensure_person(connection, "Elsewhere", "Only One")
    names = apply(connection, tmp_path, entry("Only One", group=None, aliases=["Ztwo"]))
    assert names.learnt == ()
    [issue] = names.issues
    assert issue.reason == "'Only One' can be Listed/Only One or Elsewhere/Only One: give the entry its group"


def test_who_was_merged_is_who_they_turned_out_to_be(connection: Connection, tmp_path: Path) -> None:
    old, new = ensure_person(connection, GROUP, "Stage Zname"), ensure_person(connection, GROUP, "Real Zname")
    [segment] = show(connection, old)
    write_fields(connection, "person", {str(old): {"merged_into": new}}, operation=0)
    [learnt] = apply(connection, tmp_path, entry("Stage Zname", aliases=["Zuku"])).learnt
    assert (learnt.person.id, learnt.segments) == (new, 1)
    assert found_by(connection, "zuku") == [segment]


def test_a_groups_gender_reaches_everybody_in_it(connection: Connection, tmp_path: Path) -> None:
    for name in ("One", "Two"):
        ensure_person(connection, GROUP, name)
    toml = entry("One", gender="male") + f'[[group]]\nname = "{GROUP}"\ngender = "female"\n'
    apply(connection, tmp_path, toml)
    genders = {p.name: p.gender for p in list_people(connection) if p.group == GROUP}
    assert genders == {"One": "male", "Two": "female"}
    names = apply(connection, tmp_path, '[[group]]\nname = "Nowhere"\ngender = "female"\n')
    assert [issue.reason for issue in names.issues] == ["nobody is in the group Nowhere"]


def test_a_broken_list_changes_nothing(connection: Connection, tmp_path: Path) -> None:
    before = list_people(connection)
    names = apply(connection, tmp_path, "[[person]]\nname = \n")
    assert list_people(connection) == before
    [issue] = names.issues
    assert "line 2" in issue.reason


@pytest.mark.parametrize("present", [True, False])
def test_what_a_person_said_of_a_segment_counts(connection: Connection, tmp_path: Path, present: bool) -> None:
    person = ensure_person(connection, GROUP, "Said")
    [segment] = show(connection, person)
    connection.execute(
        text("insert into segment_people (segment_id, person_id, layer, present) values (:s, :p, 'human', :said)"),
        {"s": segment, "p": person, "said": present},
    )
    [learnt] = apply(connection, tmp_path, entry("Said", aliases=["Zsaid"])).learnt
    assert learnt.segments == int(present)
    assert found_by(connection, "zsaid") == ([segment] if present else [])


def test_what_somebody_took_away_or_set_does_not_come_back(connection: Connection, tmp_path: Path) -> None:
    told = entry("Taken Zaway", aliases=["Zone", "Ztwo"], display="Zdisplay")
    [learnt] = apply(connection, tmp_path, told).learnt
    service = PeopleService(editor(connection), embedding_model="none", step_ms=500)
    service.remove_aliases(learnt.person.id, ["Ztwo"])
    service.set_display(learnt.person.id, "Zmine")
    assert apply(connection, tmp_path, told).learnt == ()
    now = people_by_id(connection)[learnt.person.id]
    assert ("Ztwo" in now.aliases, now.display) == (False, "Zmine")
    service.add_aliases(learnt.person.id, ["Ztwo"])
    assert "Ztwo" in people_by_id(connection)[learnt.person.id].aliases
