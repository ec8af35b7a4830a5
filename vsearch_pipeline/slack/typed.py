"""An edit in the earlier system's words, as changes of a segment. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from vsearch_pipeline.catalog.library import PersonRecord
from vsearch_pipeline.catalog.segments import SegmentRecord
from vsearch_pipeline.language.tokens import has_hangul
from vsearch_pipeline.slack.asking import TypedEdit
from vsearch_pipeline.slack.form import Changes
from vsearch_pipeline.slack.texts import SlackTexts
from vsearch_pipeline.slack.writing import escaped, folded
from vsearch_pipeline.wording import Language


def change_of(
    asked: TypedEdit, segment: SegmentRecord, people: Sequence[PersonRecord], texts: SlackTexts
) -> Changes | str:
    """What it changes: the caption in the language it is written in, and the people to all who are named.

    Returns:
        a sentence where a name is not known, or several have it.
    """
    named: set[int] = set()
    unknown = []
    for name in asked.people or ():
        found = [person for person in people if folded(name) in map(folded, (*person.names, str(person)))]
        if len(found) > 1:
            choices = ", ".join(str(person) for person in found)
            return texts.person_several.format(name=escaped(name, 100), choices=escaped(choices, 500))
        if found:
            named.add(found[0].id)
        else:
            unknown.append(name)
    if unknown:
        return texts.person_unknown.format(names=escaped(", ".join(unknown), 500))
    now = {person.id for person in segment.people}
    language: Language = "ko" if asked.caption and has_hangul(asked.caption) else "en"
    return Changes(
        {language: asked.caption} if asked.caption and asked.caption != segment.caption(language) else {},
        () if asked.people is None else tuple(sorted(named - now)),
        () if asked.people is None else tuple(sorted(now - named)),
        None,
        None,
    )
