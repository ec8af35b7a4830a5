"""One visit to the people page: where in it somebody is, what they asked for, and what became of that."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal, get_args

import streamlit as st

from editor_app.components.address import number, write
from editor_app.components.frame import chosen_language, current_language
from editor_app.components.people_outcome import draw_outcome, draw_toast
from editor_app.components.people_parts import Drawing
from editor_app.people_edits import MergeRequest, NameRequest, Outcome, PhotoDesk, Request, perform
from editor_app.services import Services
from vsearch_pipeline.editing.casting import KnownPerson

View = Literal["known", "unknown", "update", "photos"]

_PLACES: Final = ("view", "person", "cluster", "with", "order", "sort", "show")
"""What the address says of this page."""
_OUTCOMES_KEY: Final = "people-outcomes"
_TOAST_KEY: Final = "people-toast"
_SKIPPED_KEY: Final = "people-skipped"
_DESK_KEY: Final = "people-desk"
_LEAVE_KEY: Final = "people-leave"
_TOLD: Final = 30
"""Outcomes that are told again, in case a browser missed one."""
_DIGITS: Final = 9


@dataclass(frozen=True)
class Visit:
    services: Services

    @cached_property
    def people(self) -> list[KnownPerson]:
        """Everybody with a name."""
        return self.services.casting.people()

    @cached_property
    def drawing(self) -> Drawing:
        return Drawing(self.services.media, current_language(), chosen_language())

    @property
    def edits(self) -> bool:
        return self.services.visitor.edits

    @property
    def choices(self) -> list[dict[str, Any]]:
        """Who can be chosen by a name; nobody for somebody who only looks."""
        return self.drawing.choices(self.people) if self.edits else []

    @property
    def groups(self) -> list[str]:
        return sorted({known.person.group for known in self.people if known.person.group}, key=str.casefold)

    # --- the address

    @property
    def view(self) -> View:
        view = st.query_params.get("view")
        return next((known for known in get_args(View) if known == view), "known")

    def number(self, name: str) -> int | None:
        """A number in the address; None where there is none that can be somebody's."""
        return number(st.query_params, name, digits=_DIGITS)

    def shown(self, step: int) -> int:
        """How many things are to be shown; more come in steps."""
        return max(step, min(self.number("show") or 0, 100 * step))

    def show_more(self, step: int) -> None:
        write({"show": str(self.shown(step) + step)})

    def go(self, **values: str | None) -> None:
        """To another place of this page."""
        write({name: values.get(name) for name in _PLACES})

    def go_to(self, view: str) -> None:
        st.session_state.pop(_DESK_KEY, None)
        person = st.query_params.get("person") if view == "photos" else None
        self.go(view=None if view == "known" else view, person=person)

    def play(self, segment: int) -> None:
        self.leave(moment=str(segment))

    def leave(self, **values: str) -> None:
        """To the search page: a press cannot go there, the run after it can."""
        st.session_state[_LEAVE_KEY] = values

    def leaving(self) -> dict[str, str] | None:
        """What is wanted of the search page, once; None where somebody stays."""
        values: dict[str, str] | None = st.session_state.pop(_LEAVE_KEY, None)
        return None if values is None else {**values, **chosen_language()}

    # --- what is asked for

    @property
    def skipped(self) -> list[int]:
        """Numbers of the clusters that were put aside."""
        skipped: list[int] = st.session_state.setdefault(_SKIPPED_KEY, [])
        return skipped

    @property
    def desk(self) -> PhotoDesk | None:
        """The photos that were handed in last."""
        desk: PhotoDesk | None = st.session_state.get(_DESK_KEY)
        return desk

    def hand_in(self, desk: PhotoDesk) -> None:
        st.session_state[_DESK_KEY] = desk

    def act(self, request: Request) -> None:
        """Do what a browser asks, once: it asks again until it has heard what became of it."""
        outcomes, desk = self._outcomes, self.desk
        if request.token in outcomes:
            return
        outcome = outcomes[request.token] = perform(self.services, request, desk)
        for token in list(outcomes)[:-_TOLD]:
            del outcomes[token]
        st.session_state[_TOAST_KEY] = request.token
        if outcome.problem is not None:
            return
        if isinstance(request, MergeRequest):
            write({"person": str(request.into), "with": None})
        if isinstance(request, NameRequest) and request.cluster and request.cluster == self.number("cluster"):
            write({"cluster": None})

    @property
    def _outcomes(self) -> dict[str, Outcome]:
        outcomes: dict[str, Outcome] = st.session_state.setdefault(_OUTCOMES_KEY, {})
        return outcomes

    @property
    def outcomes(self) -> list[dict[str, Any]]:
        """What became of the last requests, drawn."""
        return [draw_outcome(outcome, self.drawing.language) for outcome in self._outcomes.values()]

    @property
    def toast(self) -> dict[str, Any] | None:
        """What is told of the last one, drawn."""
        last = self._outcomes.get(st.session_state.get(_TOAST_KEY, ""))
        return draw_toast(last, self.drawing.language) if last else None

    def forget_toast(self) -> None:
        st.session_state.pop(_TOAST_KEY, None)
