"""What became of photos that were handed in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from editor_app.components.people_parts import Drawing, on_acts, people_component, texts_of
from editor_app.people_edits import PhotoDesk, Request
from editor_app.photo import MAX_PIXELS, face_thumbnail, thumbnail
from vsearch_pipeline.editing.handing_in import JudgedPhoto
from vsearch_pipeline.errors import InputError
from vsearch_pipeline.wording import Language

KEY: Final = "people-photos"
_MOST_FACES: Final = 12

_photos: Final = people_component("photos")


def people_photos(
    photos: Sequence[dict[str, Any]],
    *,
    summary: str,
    next_step: str,
    outcomes: Sequence[dict[str, Any]],
    language: Language,
    on_act: Callable[[Request], None],
) -> None:
    """Show photos (`draw_desk`) with what was said of each."""
    _photos(
        key=KEY,
        data={
            "photos": list(photos),
            "summary": summary,
            "next": next_step,
            "outcomes": list(outcomes),
            "lang": language,
            "texts": texts_of(language),
        },
        on_acts_change=on_acts(KEY, on_act),
    )


def draw_desk(desk: PhotoDesk, drawing: Drawing) -> list[dict[str, Any]]:
    """Each photo: `state` is good, bad, or open where somebody has to say which face is meant."""
    name = drawing.name(desk.person)
    return [
        {
            "place": place,
            "file": photo.upload.name,
            "picture": _picture(photo),
            "verdict": drawing.texts.photo_out
            if photo.verdict == "good" and place not in desk.kept
            else _verdict(photo, name, drawing),
            "state": "good" if place in desk.kept else "open" if photo.verdict == "several" else "bad",
            "faces": [face_thumbnail(photo.upload.content, box) for box in photo.faces[:_MOST_FACES]]
            if photo.verdict == "several"
            else [],
        }
        for place, photo in enumerate(desk.photos)
    ]


def _verdict(photo: JudgedPhoto, name: str, drawing: Drawing) -> str:
    texts = drawing.texts
    if photo.verdict == "good":
        if photo.like:
            return texts.photo_good_like.format(other=drawing.name(photo.like))
        return texts.photo_good_one.format(name=name) if len(photo.faces) > 1 else texts.photo_good
    if photo.verdict == "elsewhere":
        return texts.photo_elsewhere.format(other=photo.holder)
    if photo.verdict == "unreadable":
        return texts.photo_unreadable.format(megapixels=MAX_PIXELS // 1_000_000)
    return texts.as_dict()[f"photo_{photo.verdict}"]


def _picture(photo: JudgedPhoto) -> str | None:
    try:
        if photo.meant is not None:
            return face_thumbnail(photo.upload.content, photo.faces[photo.meant])
        return thumbnail(photo.upload.content)
    except InputError:
        return None
