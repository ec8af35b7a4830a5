"""What is on the stage of the search page: the moment that was chosen, the selection, and edits of both."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import streamlit as st

from editor_app.components.details import draw_detail, draw_known, draw_outcome
from editor_app.components.film import draw_film
from editor_app.components.frame import say
from editor_app.components.listing import Listing
from editor_app.components.moment import Clip
from editor_app.components.room import RoomPresses, room
from editor_app.components.speech import draw_transcript
from editor_app.edits import Outcome, Request, perform
from editor_app.services import Services
from editor_app.texts.search import TEXTS
from vsearch_pipeline.catalog.film import Film
from vsearch_pipeline.editing.segments import MOST_SEGMENTS
from vsearch_pipeline.search.heard import SpokenMatch
from vsearch_pipeline.wording import Language

_DESK_KEY: Final = "desk"
_MOST_DETAILED: Final = 200
"""Selected segments whose details are shown; of more of them only the versions are needed."""


@dataclass(frozen=True, slots=True)
class Choices:
    """Where the page keeps what is chosen.

    Attributes:
        chosen: id of the segment in the address.
        choose: put another there, or none.
        like: ask for moments similar to a segment.
    """

    chosen: int | None
    choose: Callable[[int | None], None]
    like: Callable[[int], None]


@dataclass(slots=True)
class _Desk:
    """What a visit selected and edited.

    One object, taken out of the visit's state before anything is done: where a newer press waits, Streamlit ends a
    callback at its next look into that state, and what was done must not go untold.

    Attributes:
        picked: ids of the selected segments, in the order in which they were selected.
        edited: ids of segments that were edited since the list of results was made.
        outcome: of the last edit.
        goes: whether another segment is to be chosen after it: `next`, or none.
    """

    picked: list[int] = field(default_factory=list)
    edited: set[int] = field(default_factory=set)
    outcome: Outcome | None = None
    goes: bool = False
    next: int | None = None


def _desk() -> _Desk:
    desk: _Desk = st.session_state.setdefault(_DESK_KEY, _Desk())
    return desk


# --- the selection


def picked() -> list[int]:
    """Ids of the selected segments."""
    return _desk().picked


def pick(ids: Sequence[object]) -> None:
    """Select exactly these segments; what a browser sends besides numbers is left out."""
    numbers = [number for number in ids if isinstance(number, int) and number > 0]
    _desk().picked = list(dict.fromkeys(numbers))[:MOST_SEGMENTS]


# --- after edits


def forget_edits() -> None:
    """The list of results was made anew: it shows what was edited by itself."""
    _desk().edited.clear()


def as_edited(services: Services, listing: Listing) -> Listing:
    """The list as it was found, its cards told by what people wrote since: nothing jumps away while it is edited.
    Segments that are gone leave the list."""
    touched = _desk().edited & {number for clip in listing.clips for number in (clip.id, *clip.members)}
    if not touched:
        return listing
    now = {segment.id: segment for segment in services.segments(touched)}
    gone = touched - now.keys()
    clips = [clip.as_now(now.get(clip.id), gone) for clip in listing.clips if clip.id not in gone]
    return replace(listing, clips=tuple(clips))


def go_on(choose: Callable[[int | None], None]) -> None:
    """Choose the segment that the last edit goes on with, where that is another one."""
    desk = _desk()
    if desk.goes:
        choose(desk.next)
        desk.goes = False


def _edit(services: Services, choices: Choices, request: Request) -> None:
    """Do what is asked; a request that is told again, because its answer was slow, is done once."""
    desk = _desk()
    if desk.outcome is not None and request.token <= desk.outcome.request.token:
        return
    beside = _beside(services, choices.chosen, getattr(request, "ids", ()))
    outcome = perform(services, request)
    desk.outcome = outcome
    if outcome.done is None:
        return
    changed = [segment.id for segment in outcome.done.segments]
    desk.edited.update(changed, getattr(request, "ids", ()))
    there = {segment.id for segment in services.segments([*desk.picked, *_wanted(choices.chosen)])}
    desk.picked = [] if outcome.next is not None else [number for number in desk.picked if number in there]
    if outcome.next is not None:
        desk.goes, desk.next = True, outcome.next
    elif choices.chosen is not None and choices.chosen not in there:
        desk.goes, desk.next = True, beside if beside is not None else next(iter(changed), None)


def _wanted(number: int | None) -> list[int]:
    return [] if number is None else [number]


def _beside(services: Services, chosen: int | None, going: Collection[int]) -> int | None:
    """The segment to go on with where the chosen one is deleted: the one after it, else the one before."""
    known = services.segment(chosen) if chosen in going and chosen is not None else None
    if known is None:
        return None
    segments = services.film(known[1].id).segments
    at = next((index for index, segment in enumerate(segments) if segment.id == chosen), 0)
    around = [*segments[at + 1 :], *reversed(segments[:at])]
    return next((segment.id for segment in around if segment.id not in going), None)


# --- drawing


def chosen_clips(
    services: Services, listing: Listing | None, chosen: int | None, language: Language
) -> tuple[Clip | None, Clip | None]:
    """What is played, which was chosen or is the first result, and the result that it belongs to.

    Args:
        chosen: id of a clip of the list or of any segment.
    """
    if chosen is None:
        first = next(iter(listing.clips if listing else ()), None)
        return first, first
    listed = listing.find(chosen) if listing else None
    if listed and listed.id == chosen:
        return listed, listed
    known = services.segment(chosen)
    if known is None:
        st.warning(TEXTS[language].moment_gone, icon=":material/link_off:")
        return None, None
    return Clip.of_segment(*known), listed


def draw_stage(
    services: Services,
    clip: Clip | None,
    *,
    listed: Clip | None,
    listing: Listing | None,
    choices: Choices,
    language: Language,
) -> Film | None:
    """The room with this clip in it; returns the whole video."""
    texts = TEXTS[language]
    film = services.film(clip.video.id) if clip else None
    named = listing.named if listing else frozenset()
    meant = SpokenMatch(listing.spoken if listing else "")
    others = _strip(services, clip, listed) if clip else []
    people = services.people()
    merged = services.merged()
    by_id = {person.id: person for person in people}
    detailed = picked()[:_MOST_DETAILED]
    at_hand = services.segments({*_wanted(clip.segment_id if clip else None), *detailed})
    gone = {*detailed} - {segment.id for segment in at_hand}  # by somebody else's edit
    if gone:
        pick([number for number in picked() if number not in gone])
    room(
        clip.draw(services.media, texts, language, named) if clip else None,
        strip=[other.draw(services.media, texts, language, named) for other in others],
        transcript=draw_transcript(clip.video, film.speech, meant) if clip and film else None,
        film=draw_film(film, services.media, language) if film else None,
        details=[draw_detail(segment, by_id, merged, language) for segment in at_hand],
        known=draw_known(people, language) if services.visitor.edits else [],
        picked=picked(),
        outcome=_outcome(by_id, merged, language),
        editable=services.visitor.edits,
        query=listing.key if listing else "",
        language=language,
        presses=RoomPresses(
            choose=choices.choose,
            like=choices.like,
            pick=pick,
            edit=lambda request: _edit(services, choices, request),
        ),
    )
    return film


def _outcome(people: Any, merged: Any, language: Language) -> dict[str, Any] | None:
    outcome = _desk().outcome
    if outcome is None:
        return None
    problem = say(outcome.problem, language) if outcome.problem else None
    return draw_outcome(outcome, problem, people, merged, language)


def _strip(services: Services, playing: Clip, listed: Clip | None) -> list[Clip]:
    """The segments of a result of several, the one that plays as it is."""
    if listed is None or len(listed.members) < 2:
        return []
    others = services.segments(listed.members)
    return [playing if other.id == playing.id else Clip.of_segment(other, playing.video) for other in others]
