"""A whole video for the timeline."""

from __future__ import annotations

from sqlalchemy import Connection

from tests.editing.library import Model, add_video, editing, shown
from vsearch_pipeline.catalog.film import film_mark, read_film
from vsearch_pipeline.catalog.library import ensure_person
from vsearch_pipeline.timeline import TimeRange


def test_people_are_there_while_their_face_is_seen_or_as_people_say(connection: Connection) -> None:
    ana, ben = (ensure_person(connection, None, f"{name} of the film") for name in ("Ana", "Ben"))
    seen = {"Ana of the film": [(1000, 4000), (3500, 6000), (12_000, 13_000)]}
    video = add_video(connection, Model(people=seen))
    first, second, third, _ = (segment.id for segment in shown(connection, video))
    editing(connection).set_people([second], add=[ben])
    editing(connection).set_people([third], remove=[ana])
    film = read_film(connection, video)
    found = {appearances.person.id: appearances.spans for appearances in film.people}
    assert found == {ana: (TimeRange(1000, 6000),), ben: (TimeRange(5000, 10_000),)}
    assert [segment.id for segment in film.segments][:2] == [first, second]


def test_the_mark_changes_with_every_edit_and_run(connection: Connection) -> None:
    video = add_video(connection)
    marks = [film_mark(connection, video)]
    assert film_mark(connection, video) == marks[0]
    editing(connection).set_captions([shown(connection, video)[0].id], {"en": "Other"})
    marks.append(film_mark(connection, video))
    assert len(set(marks)) == 2
