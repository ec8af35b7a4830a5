"""What somebody did, told in one sentence of parts: the component shows the names in it stronger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from string import Formatter
from typing import Any, Final

from editor_app.texts.history import HistoryTexts
from vsearch_pipeline.catalog.operations import OperationRecord
from vsearch_pipeline.particles import with_particle
from vsearch_pipeline.timeline import clock
from vsearch_pipeline.wording import Language

Part = dict[str, Any]
"""`text`, and `strong` where it is a name."""

GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "captions": ("segment.caption", "segment.edit", "segment.accept", "segment.keep", "import.captions"),
    "screen": ("segment.people",),
    "cuts": (
        "segment.create",
        "segment.range",
        "segment.split",
        "segment.merge",
        "segment.delete",
        "segment.restore",
        "segment.lock",
        "segment.unlock",
    ),
    "names": (
        "people.name",
        "people.reject",
        "people.merge_clusters",
        "people.split",
        "people.rename",
        "people.group",
        "people.aliases",
        "people.display",
        "people.gender",
        "people.merge",
        "people.add",
        "gallery.photos",
        "gallery.take_out",
        "gallery.names",
        "library.relabel",
    ),
    "intake": (
        "video.add",
        "video.attach",
        "video.request",
        "video.retry",
        "catalogue.import",
        "import.segments",
        "backup.restore",
    ),
    "back": ("history.undo", "history.redo", "history.revert", "history.restore"),
}
"""Kinds of operations, by what the page's filter calls them."""

_COUNTED: Final = {
    "segment.people": "people",
    "segment.accept": "accept",
    "segment.keep": "keep",
    "segment.delete": "delete",
    "segment.restore": "restore",
    "segment.lock": "lock",
    "segment.unlock": "unlock",
    "segment.range": "range",
    "segment.edit": "edit",
    "import.captions": "import_captions",
    "history.restore": "put_back",
}
"""Kinds told with the number of segments."""
_OF_PERSON: Final = {
    "people.reject": "reject",
    "people.rename": "rename",
    "people.group": "group",
    "people.aliases": "aliases",
    "people.display": "display",
    "people.gender": "gender",
    "people.merge": "merge_people",
    "people.add": "new_person",
    "gallery.take_out": "take_out",
}


def did(operation: OperationRecord, texts: HistoryTexts, language: Language) -> list[Part]:
    """The sentence that tells of an operation."""
    about = operation.about
    values = {
        "person": _name(about.get("person")),
        "into": _name(about.get("into")),
        "title": str(about.get("title") or ""),
        "file": str(about.get("file") or about.get("source") or ""),
        "time": clock(int(about.get("at_ms") or 0)),
        "what": what(operation, texts),
        "kind": texts.kind(operation.kind),
    }
    template, count = _sentence(operation, texts)
    return _parts(template, operation.actor, {**values, "count": f"{count:,}"}, language)


def as_text(parts: Sequence[Part]) -> str:
    return "".join(part["text"] for part in parts)


def what(operation: OperationRecord, texts: HistoryTexts) -> str:
    """What an operation is called; of one that goes back, what it took back first of all."""
    about = operation.about
    return texts.kind(str(about.get("root") or about.get("of") or operation.kind))


def taken_back(actor: str, texts: HistoryTexts, language: Language) -> str:
    """That somebody took it back."""
    return as_text(_parts(texts.taken_back, actor, {}, language))


def _sentence(operation: OperationRecord, texts: HistoryTexts) -> tuple[str, int]:  # noqa: PLR0911 - a kind a line
    """The template, and the number that it may tell."""
    kind, about = operation.kind, operation.about
    segments = operation.after.get("segment", {})

    def many(name: str, count: int) -> tuple[str, int]:
        return getattr(texts, f"did_{name}_{'one' if count == 1 else 'many'}"), count

    if kind == "segment.caption":
        fields = {name for changed in segments.values() for name in changed}
        both = {"caption_ko", "caption_en"} <= fields
        return many(
            "captions" if both else "caption_ko" if "caption_ko" in fields else "caption_en", len(segments)
        )
    if kind in _COUNTED:
        return many(_COUNTED[kind], len(segments))
    if kind in _OF_PERSON:
        return getattr(texts, f"did_{_OF_PERSON[kind]}"), 1
    if kind == "people.name":
        return many("name", len(about.get("tracks") or ()))
    if kind == "gallery.photos":
        return many("photos", len(about.get("photos") or ()))
    if kind == "people.split":
        return texts.did_split_cluster, len(about.get("parts") or ())
    if kind == "segment.merge":
        return texts.did_merge, len(about.get("merged") or ())
    if kind == "gallery.names":
        return many("gallery", len(about.get("people") or ()))
    if kind in ("import.segments", "catalogue.import"):
        return many("import", int(about.get("segments") or len(segments)))
    if kind == "history.revert" and str(about.get("of", "")).startswith(("history.undo", "history.revert")):
        return texts.did_again, 1
    told = {
        "segment.create": texts.did_create,
        "segment.split": texts.did_split,
        "people.merge_clusters": texts.did_merge_clusters,
        "video.add": texts.did_add,
        "video.attach": texts.did_attach,
        "video.request": texts.did_request,
        "video.retry": texts.did_retry,
        "library.relabel": texts.did_relabel,
        "backup.restore": texts.did_backup,
        "history.undo": texts.did_undo,
        "history.redo": texts.did_redo,
        "history.revert": texts.did_revert,
    }
    return told.get(kind, texts.did_other), 1


def _name(told: object) -> str:
    """`GROUP/NAME` as people say it."""
    return str(told or "").rpartition("/")[2]


def _parts(template: str, actor: str, values: Mapping[str, str], language: Language) -> list[Part]:
    parts: list[Part] = []
    for literal, field, _, _ in Formatter().parse(template):
        text = literal
        if field == "who":
            parts += [{"text": literal, "strong": False}, {"text": actor, "strong": True}]
            particle = with_particle(actor, "이/가").removeprefix(actor) if language == "ko" else ""
            parts.append({"text": particle, "strong": False})
        else:
            parts.append({"text": text, "strong": False})
            if field is not None:
                parts.append({"text": values[field], "strong": field in ("person", "into", "title")})
    return [part for part in parts if part["text"]]
