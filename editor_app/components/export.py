"""The panel of the export: what leaves, in which form, and the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

import streamlit as st

from editor_app.components.assets import read
from editor_app.components.frame import say
from editor_app.components.speech import file_name
from editor_app.making import Making, address_of
from editor_app.services import Services
from editor_app.texts.common import COMMON
from editor_app.texts.export import EXPORT, ExportTexts
from vsearch_pipeline.errors import VsearchError
from vsearch_pipeline.export.clips import Progress, Written
from vsearch_pipeline.export.selection import Item
from vsearch_pipeline.export.service import Text
from vsearch_pipeline.timeline import TimeRange, short_clock
from vsearch_pipeline.wording import Language, as_markdown, counted

Moments = Sequence[tuple[str, TimeRange, Sequence[int]]]
What = Literal["selection", "results", "video"]
Kind = Literal["timeline", "subtitles", "texts", "media"]
Form = Literal["fcpxml", "otio", "edl", "srt", "vtt", "ass", "csv", "txt", "json", "clips", "reel", "gif"]
Times = Literal["reel", "video"]

FORMS: Final[Mapping[Kind, tuple[Form, ...]]] = {
    "timeline": ("fcpxml", "otio", "edl"),
    "subtitles": ("srt", "vtt", "ass"),
    "texts": ("csv", "txt", "json"),
    "media": ("clips", "reel", "gif"),
}
_NAMES: Final[Mapping[Form, str]] = {
    "fcpxml": "FCPXML",
    "otio": "OTIO",
    "edl": "EDL",
    "srt": "SRT",
    "vtt": "WebVTT",
    "ass": "ASS",
    "gif": "GIF",
}
"""Of forms that are called the same in every language."""
_TYPES: Final[Mapping[Form, str]] = {
    "fcpxml": "application/xml",
    "otio": "application/json",
    "json": "application/json",
    "csv": "text/csv",
    "vtt": "text/vtt",
    "srt": "application/x-subrip",
}
_WORDED: Final = frozenset({"srt", "vtt", "ass", "txt"})
"""Forms of which somebody chooses what they say."""
_TITLES: Final = 3

LAST_KEY: Final = "export-last"
MAKING_KEY: Final = "export-making"
_PROBLEM_KEY: Final = "export-problem"

_file: Final = st.components.v2.component(
    "vsearch.export",
    html=read("export.html"),
    css=read("shared.css", "export.css"),
    js=read("shared.js", "export.js"),
)


@dataclass(frozen=True, slots=True)
class Leaving:
    """What can leave: segments by id, moments, or a whole video.

    Attributes:
        title: what the files are named after.
    """

    selection: tuple[int, ...]
    moments: tuple[tuple[str, TimeRange, tuple[int, ...]], ...] | None
    video_id: str | None
    title: str

    @property
    def whats(self) -> dict[What, int]:
        """What there is of it, with how many pieces where that is known at once."""
        found: dict[What, int] = {}
        if self.selection:
            found["selection"] = len(self.selection)
        if self.moments:
            found["results"] = len(self.moments)
        if self.video_id is not None:
            found["video"] = 0
        return found


@dataclass(frozen=True, slots=True)
class Chosen:
    """What somebody chose in the panel.

    Attributes:
        text: None for captions, Korean ones first.
    """

    what: What
    form: Form
    items: tuple[Item, ...]
    title: str
    text: Text | None = None
    times: Times = "reel"
    ids: tuple[int, ...] = field(default=())

    @property
    def file_name(self) -> str:
        """With the language of what it says, as players look for it."""
        language = f".{self.text}" if self.form in _WORDED and self.text in ("ko", "en") else ""
        return file_name(self.title, f"{language}.{self.form}".lstrip("."))


def export_panel(
    services: Services,
    *,
    selection: Sequence[int],
    moments: Moments | None,
    video_id: str | None,
    title: str,
    language: Language,
) -> None:
    """Draw the panel, where the page has room for it: in a popover or a dialog. Its presses run it alone again.

    Args:
        selection: ids of segments, in the order in which they leave.
        moments: the results, each a range of a video with ids of its segments; None where there are none.
        video_id: the video at hand, which can leave whole.
        title: of what is selected or found, for names of files.
    """
    found = None if moments is None else tuple((video, span, tuple(ids)) for video, span, ids in moments)
    _panel(services, Leaving(tuple(selection), found, video_id, title), language)


@st.fragment
def _panel(services: Services, leaving: Leaving, language: Language) -> None:
    texts = EXPORT[language]
    if not leaving.whats:
        st.caption(texts.nothing)
        return
    what = _what(leaving, texts)
    try:
        items, title = _items(services, leaving, what)
    except VsearchError as problem:
        st.warning(as_markdown(say(problem, language)), icon=":material/error:")
        return
    _facts(items, language)
    missing = _missing(services, items)
    if missing:
        st.caption(f":material/link_off: {as_markdown(_without_file(missing, texts))}")
    form = _form(texts)
    text, times = _wording(form, items, texts)
    ids = tuple(dict.fromkeys(i for item in items for i in item.segment_ids))
    chosen = Chosen(what, form, tuple(items), title, text, times, ids)
    making: Making | None = st.session_state.get(MAKING_KEY)
    if form not in FORMS["media"]:
        _download(services, chosen, texts, language)
    elif making is None and len(missing) == len(_videos(items)):
        st.warning(texts.no_files, icon=":material/link_off:")
    elif making is None:
        _make(services, chosen, texts, language)
    if making is not None:
        _file(
            key="export-file",
            data={"address": address_of(making), "lang": language, "texts": texts.as_dict()},
            on_left_change=_leave,
        )


# --- what leaves ------------------------------------------------------------------------------------------------


def _what(leaving: Leaving, texts: ExportTexts) -> What:
    whats = leaving.whats
    labels: dict[What, str] = {
        what: getattr(texts, f"what_{what}").format(count=f"{count:,}") for what, count in whats.items()
    }
    if len(whats) == 1:
        [what] = whats
        st.markdown(f"**{as_markdown(labels[what])}**")
        return what
    chosen: What = _kept("what", texts.what, list(whats), labels)
    return chosen


def _items(services: Services, leaving: Leaving, what: What) -> tuple[list[Item], str]:
    """The items, and what their file is called.

    Raises:
        NotFoundError: something of it is gone.
    """
    if what == "video" and leaving.video_id is not None:
        items = services.export.videos([leaving.video_id])
        return items, items[0].title
    if what == "results" and leaving.moments is not None:
        return services.export.ranges(leaving.moments), leaving.title
    return services.export.segments(leaving.selection), leaving.title


def _facts(items: Sequence[Item], language: Language) -> None:
    texts, common = EXPORT[language], COMMON[language]
    length = sum(item.span.duration_ms for item in items)
    facts = (
        counted(texts.items_one, texts.items_many, len(items)),
        short_clock(length) if length >= 1000 else f"0:00.{length // 100}",
        counted(common.videos_one, common.videos_many, len(_videos(items))),
    )
    st.caption(" · ".join(facts))


def _videos(items: Sequence[Item]) -> set[str]:
    return {item.video.id for item in items}


def _missing(services: Services, items: Sequence[Item]) -> list[str]:
    """Titles of the videos of which there is no file."""
    videos = {item.video.id: item.video for item in items}
    return [video.title for video in videos.values() if services.media.playback(video) in ("imported", "missing")]


def _without_file(titles: Sequence[str], texts: ExportTexts) -> str:
    if len(titles) == 1:
        return texts.offline_one.format(title=titles[0])
    named = ", ".join(titles[:_TITLES])
    if len(titles) > _TITLES:
        named = texts.others.format(titles=named, count=len(titles) - _TITLES)
    return texts.offline_many.format(titles=named, count=len(titles))


# --- in which form ----------------------------------------------------------------------------------------------


def _form(texts: ExportTexts) -> Form:
    kinds = list(FORMS)
    kind: Kind = _kept("kind", texts.kind, kinds, {name: getattr(texts, f"kind_{name}") for name in kinds})
    forms = FORMS[kind]
    key = f"export-form-{kind}"
    chosen: Form = st.radio(
        texts.form,
        forms,
        index=_last_of(key, forms),
        key=key,
        format_func=lambda form: _name(form, texts),
        captions=[getattr(texts, f"about_{form}") for form in forms],
        label_visibility="collapsed",
    )
    _last()[key] = chosen
    return chosen


def _name(form: Form, texts: ExportTexts) -> str:
    return _NAMES.get(form) or str(getattr(texts, f"form_{form}"))


def _wording(form: Form, items: Sequence[Item], texts: ExportTexts) -> tuple[Text | None, Times]:
    """What is said in the file, and on which clock."""
    if form not in _WORDED:
        return None, "reel"
    words = {"any": texts.text_any, **{name: getattr(texts, f"text_{name}") for name in get_args(Text)}}
    text = _select("text", texts.text, words)
    if form == "txt" or len(_videos(items)) > 1:
        return _text(text), "reel"
    times = _select("times", texts.times, {"video": texts.times_video, "reel": texts.times_reel})
    return _text(text), "video" if times == "video" else "reel"


def _text(name: str) -> Text | None:
    return next((text for text in get_args(Text) if text == name), None)


def _select(name: str, label: str, options: Mapping[str, str]) -> str:
    key = f"export-{name}"
    chosen: str = st.selectbox(
        label, list(options), index=_last_of(key, list(options)), key=key, format_func=options.__getitem__
    )
    _last()[key] = chosen
    return chosen


def _kept(name: str, label: str, options: Sequence[Any], labels: Mapping[Any, str]) -> Any:
    """A choice of a few, remembered for this visit."""
    key = f"export-{name}"
    chosen = st.segmented_control(
        label,
        options,
        default=options[_last_of(key, options)],
        key=f"{key}-of-{len(options)}",  # a choice that is not there any more is forgotten
        format_func=labels.__getitem__,
        label_visibility="collapsed",
        required=True,
    )
    _last()[key] = chosen
    return chosen


def _last_of(key: str, options: Sequence[Any]) -> int:
    """Index of what was chosen last, of the first one where that is not there."""
    last = _last().get(key)
    return options.index(last) if last in options else 0


def _last() -> dict[str, Any]:
    """What was chosen last on this visit; widgets forget it when the panel closes."""
    last: dict[str, Any] = st.session_state.setdefault(LAST_KEY, {})
    return last


# --- texts ------------------------------------------------------------------------------------------------------


def _download(services: Services, chosen: Chosen, texts: ExportTexts, language: Language) -> None:
    """A button with the file, or why there is none."""
    try:
        content = content_of(services, chosen)
    except VsearchError as problem:
        st.warning(as_markdown(say(problem, language)), icon=":material/error:")
        return
    st.download_button(
        texts.download.format(form=_name(chosen.form, texts)),
        content,
        file_name=chosen.file_name,
        mime=_TYPES.get(chosen.form, "text/plain"),
        key="export-download",
        icon=":material/download:",
        type="primary",
        on_click="ignore",
        width="stretch",
    )


def content_of(services: Services, chosen: Chosen) -> str | bytes:
    """The file's content.

    Raises:
        VsearchError: it cannot hold this, or there is nothing to write.
    """
    export, items, form = services.export, chosen.items, chosen.form
    if form in ("fcpxml", "otio", "edl"):
        return export.timeline(items, form, chosen.title)
    if form in ("srt", "vtt", "ass"):
        if chosen.what == "video" and chosen.text == "speech" and chosen.times == "video":
            return export.transcript(items[0].video.id, form)  # phrases are not cut where segments end
        return export.subtitles(items, form, chosen.text, own_clock=chosen.times == "video")
    if form == "csv":
        return export.table(items)
    if form == "json":
        whole = [items[0].video.id] if chosen.what == "video" else []
        return export.segments_json(videos=whole, segments=chosen.ids)
    return export.plain(items, chosen.text)


# --- video ------------------------------------------------------------------------------------------------------


def _make(services: Services, chosen: Chosen, texts: ExportTexts, language: Language) -> None:
    """A button that makes the files."""
    st.button(
        counted(texts.make_one, getattr(texts, f"make_{chosen.form}_many"), len(chosen.items)),
        key="export-make",
        icon=":material/movie:",
        type="primary",
        width="stretch",
        on_click=_start,
        args=(services, chosen, texts),
    )
    problem = st.session_state.pop(_PROBLEM_KEY, None)
    if problem is not None:
        st.warning(as_markdown(say(problem, language)), icon=":material/error:")


def _start(services: Services, chosen: Chosen, texts: ExportTexts) -> None:
    export, items, form = services.export, chosen.items, chosen.form

    def work(folder: Any, on_progress: Progress) -> Written:
        if form == "reel":
            return export.reel(items, folder / "reel.mp4", on_progress)
        return (export.clips if form == "clips" else export.gifs)(items, folder, on_progress)

    several = form != "reel" and len(items) > 1
    name = texts.names_clips.format(title=chosen.title) if several and form == "clips" else chosen.title
    try:
        st.session_state[MAKING_KEY] = Making(
            work,
            name=file_name(name, "x").removesuffix(".x"),
            total=len(items),
            root=services.settings.home / "exports",
        )
    except VsearchError as problem:
        st.session_state[_PROBLEM_KEY] = problem


def _leave() -> None:
    """Cancel what is being made, or drop what was."""
    making: Making | None = st.session_state.pop(MAKING_KEY, None)
    if making is not None:
        making.cancel()
