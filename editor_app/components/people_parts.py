"""What the parts of the people page share: how people and faces are drawn, what is done with a press."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from editor_app.components.assets import read
from editor_app.media import MediaFiles
from editor_app.people_edits import Request, read_request
from editor_app.texts.common import COMMON
from editor_app.texts.people import PEOPLE, PeopleTexts
from vsearch_pipeline.catalog.library import PersonRecord
from vsearch_pipeline.catalog.sightings import Sighting
from vsearch_pipeline.editing.casting import KnownPerson
from vsearch_pipeline.timeline import short_clock
from vsearch_pipeline.wording import Language, counted

_NAMES_SHOWN: Final = 3


def people_component(name: str) -> ComponentRenderer:
    """The component of `static/people_NAME.*`."""
    return st.components.v2.component(
        f"vsearch.people_{name}",
        html=read(f"people_{name}.html"),
        css=read("shared.css", "people.css", f"people_{name}.css"),
        js=read("shared.js", "names.js", "people.js", f"people_{name}.js"),
    )


def texts_of(language: Language) -> dict[str, str]:
    return COMMON[language].as_dict() | PEOPLE[language].as_dict()


def on_press(key: str, name: str, kind: type[Any], call: Callable[[Any], None]) -> Callable[[], None]:
    """Calls with what the trigger `name` of a component says, where it is of that type."""

    def pressed() -> None:
        value = getattr(st.session_state[key], name)
        if isinstance(value, kind):
            call(value)

    return pressed


def on_acts(key: str, call: Callable[[Request], None]) -> Callable[[], None]:
    """Calls with each request of a component; what is no request is passed over."""

    def asked(acts: list[object]) -> None:
        for each in acts:
            request = read_request(each)
            if request is not None:
                call(request)

    return on_press(key, "acts", list, asked)


@dataclass(frozen=True, slots=True)
class Drawing:
    """How people and faces are drawn for one visitor: plain values, shown as text only.

    Attributes:
        link: what every link keeps (`chosen_language`).
    """

    media: MediaFiles
    language: Language
    link: Mapping[str, str]

    @property
    def texts(self) -> PeopleTexts:
        return PEOPLE[self.language]

    def name(self, person: PersonRecord) -> str:
        return person.in_language(self.language)

    def also(self, person: PersonRecord) -> str:
        """A few of the other names."""
        shown = self.name(person)
        return ", ".join([name for name in dict.fromkeys(person.names) if name != shown][:_NAMES_SHOWN])

    def address(self, page: str, **values: str) -> str:
        """A link to another place of the page."""
        return f"{page}?{urlencode({**values, **self.link})}"

    def portrait(self, sighting: Sighting | None) -> str | None:
        """Address of a face's picture."""
        if sighting is None or sighting.face is None:
            return None
        return self.media.face(sighting.ref.video_id, sighting.face.frame_index, sighting.face.bbox_xyxy)

    def sighting(self, seen: Sighting) -> dict[str, Any]:
        """A face of a video, with the way to its moment."""
        time = short_clock(seen.face.time_ms if seen.face else seen.span.start_ms)
        moment = seen.segment_id
        return {
            "track": str(seen.ref),
            "picture": self.portrait(seen),
            "alt": f"{seen.title}, {time}",
            "time": time,
            "moment": moment,
            "href": self.address("/", moment=str(moment)) if moment is not None else "",
        }

    def sure(self, percent: int | None) -> dict[str, str]:
        """How sure the classifier is of a face; None where it was not asked."""
        if percent is None:
            return {"doubt": "", "sure": ""}
        return {"doubt": f"{percent}%", "sure": self.texts.sure.format(percent=percent)}

    def choices(self, people: Sequence[KnownPerson]) -> list[dict[str, Any]]:
        """Everybody who can be meant by a name, to choose from."""
        return [
            {
                "id": known.person.id,
                "label": str(known.person),
                "name": known.person.name,
                "names": list(dict.fromkeys(known.person.names)),
                "shown": self.name(known.person),
                "also": " · ".join(part for part in (known.person.group, self.also(known.person)) if part),
                "picture": self.portrait(known.face),
            }
            for known in people
        ]

    def guesses(
        self, people: Sequence[PersonRecord], portraits: Mapping[int, Sighting | None]
    ) -> list[dict[str, Any]]:
        """People who may be meant, to choose by a press."""
        return [{"id": p.id, "shown": self.name(p), "picture": self.portrait(portraits.get(p.id))} for p in people]

    def facts(self, known: KnownPerson) -> list[str]:
        """How often somebody is seen, by faces or where there are none (imported catalogues) by moments, and how
        many photos they are learnt from."""
        texts = self.texts
        facts = []
        if known.tracks:
            facts = [
                counted(texts.faces_one, texts.faces_many, known.tracks),
                counted(texts.videos_one, texts.videos_many, known.videos),
            ]
        elif known.moments.moments:
            facts = [
                counted(texts.moments_one, texts.moments_many, known.moments.moments),
                counted(texts.videos_one, texts.videos_many, known.moments.videos),
            ]
        if known.photos:
            facts.append(counted(texts.photos_one, texts.photos_many, known.photos))
        return facts
