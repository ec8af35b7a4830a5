"""What was understood of a query as the page draws it: chips, and what a press makes of the query."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from editor_app.texts.search import Texts
from vsearch_pipeline.errors import InputError
from vsearch_pipeline.search.objects import object_name
from vsearch_pipeline.search.query import JOINED, Query, Understood
from vsearch_pipeline.search.syntax import length_ms
from vsearch_pipeline.wording import Language

_STATES: Final = ("edited", "untranslated")
_LENGTHS: Final = ("longer", "shorter")


def draw_understood(query: Query, texts: Texts, language: Language) -> list[dict[str, Any]]:
    """Values for the chips of `results`; none where the whole query is the scene."""
    if all(item.kind == "rest" for item in query.understood):
        return []
    clauses = (*query.people.all_of, *query.people.preferred, query.people.none_of)
    groups = {person.id: person.group for clause in clauses for person in clause if person.group}
    return [_chip(item, texts, language, groups) for item in query.understood]


def _chip(item: Understood, texts: Texts, language: Language, groups: Mapping[int, str]) -> dict[str, Any]:
    shown = _shown(item, texts, language)
    text = texts.chip_not.format(text=shown) if item.negated else shown
    tips = {
        "exact": JOINED.join(dict.fromkeys(groups[person] for person in item.person_ids if person in groups))
        if item.kind == "person"
        else "",
        "typo": texts.chip_typo.format(typed=item.typed, text=text),
        "likely": texts.chip_likely.format(typed=item.typed, text=text),
    }
    choices = [{"label": texts.choice_remove, "query": item.removed}]
    if item.as_words is not None:
        choices.append({"label": texts.choice_words.format(text=item.typed), "query": item.as_words})
    choices += [{"label": texts.choice_other.format(text=label), "query": query} for label, query in item.others]
    return {
        "kind": item.kind,
        "label": getattr(texts, f"kind_{'state' if item.kind in _STATES else item.kind}"),
        "text": f"{text}?" if item.how == "typo" else text,
        "negated": item.negated,
        "how": item.how,
        "tip": tips[item.how],
        "change": texts.chip_change.format(text=text),
        "remove": texts.chip_remove.format(text=text),
        "removed": item.removed,
        "choices": choices,
    }


def _shown(item: Understood, texts: Texts, language: Language) -> str:
    if item.kind in _STATES:
        return str(getattr(texts, f"state_{item.kind}"))
    if item.kind in _LENGTHS:
        return JOINED.join(_length(item.kind, value, texts) for value in item.text.split(JOINED))
    if item.kind == "object":
        return JOINED.join(object_name(name, language) for name in item.text.split(JOINED))
    return item.text


def _length(kind: str, value: str, texts: Texts) -> str:
    try:
        return texts.seconds.format(seconds=f"{length_ms(kind, value) / 1000:g}")
    except InputError:  # a chip says what was typed where it cannot be read
        return value
