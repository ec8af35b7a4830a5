"""The export panel: what leaves, in which form, what is told where it cannot, and files made beside it."""

from __future__ import annotations

import json
import os
import re
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from editor_app.components.export import FORMS, Form
from editor_app.making import PREFIX, Making, address_of, export_routes, told
from editor_app.texts.export import ENGLISH, KOREAN
from tests.editor_app.library import CAPTIONS, Library
from vsearch_pipeline.catalog.database import open_catalog
from vsearch_pipeline.catalog.segments import read_segments
from vsearch_pipeline.catalog.videos import list_videos
from vsearch_pipeline.errors import InputError, MediaError
from vsearch_pipeline.export.clips import Progress, Written

SCRIPT = """
import json, os
from editor_app.components.export import export_panel
from editor_app.services import open_services
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.timeline import TimeRange

asked = json.loads(os.environ["EXPORT_OF"])
moments = asked["moments"]
export_panel(
    open_services(Settings()),
    selection=asked["selection"],
    moments=moments and [(video, TimeRange(*span), ids) for video, span, ids in moments],
    video_id=asked["video"],
    title=asked["title"],
    language=asked["language"],
)
"""


@dataclass
class Panel:
    """The panel alone on a page."""

    monkeypatch: pytest.MonkeyPatch
    app: AppTest = field(default_factory=lambda: AppTest.from_string(SCRIPT, default_timeout=60))

    def show(self, **given: Any) -> Panel:
        asked = {"selection": [], "moments": None, "video": None, "title": "balloons", "language": "en"} | given
        self.monkeypatch.setenv("EXPORT_OF", json.dumps(asked))
        return self.run()

    def run(self) -> Panel:
        self.app.run()
        assert not self.app.exception, self.app.exception
        return self

    def choose(self, kind: str, form: Form | None = None, **options: str) -> Panel:
        self.app.segmented_control(key="export-kind-of-4").select(kind)
        self.run()
        if form:
            self.app.radio(key=f"export-form-{kind}").set_value(form)
            self.run()
        for name, value in options.items():
            self.app.selectbox(key=f"export-{name}").set_value(value)
            self.run()
        return self

    @property
    def written(self) -> str:
        """All Markdown of the panel, as it is read."""
        elements = (*self.app.markdown, *self.app.caption, *self.app.warning)
        return re.sub(r"\\(.)", r"\1", "\n".join(each.value for each in elements))

    @property
    def file(self) -> str:
        """The name of the file that can be downloaded."""
        [button] = self.app.get("download_button")
        return str(button.proto.label)

    @property
    def has_file(self) -> bool:
        return bool(self.app.get("download_button"))


@pytest.fixture
def panel(lib: Library, monkeypatch: pytest.MonkeyPatch) -> Iterator[Panel]:
    monkeypatch.setenv("VSEARCH_HOME", str(lib.settings.home))
    opened = Panel(monkeypatch)
    yield opened
    making = opened.app.session_state.get("export-making", None)
    if making:
        making.cancel()


@pytest.fixture
def downloads(monkeypatch: pytest.MonkeyPatch) -> list[SimpleNamespace]:
    """What each download button was given."""
    import streamlit as st

    given: list[SimpleNamespace] = []
    real = st.download_button

    def noted(label: str, data: Any, **options: Any) -> bool:
        given.append(SimpleNamespace(label=label, data=data, **options))
        return bool(real(label, data, **options))

    monkeypatch.setattr(st, "download_button", noted)
    return given


def imported(lib: Library) -> str:
    with open_catalog(lib.settings).begin() as connection:
        return next(each.video.id for each in list_videos(connection) if each.video.kind == "imported")


# --- what leaves ------------------------------------------------------------------------------------------------


def test_nothing_is_chosen(panel: Panel) -> None:
    assert ENGLISH.nothing in panel.show().written
    assert not panel.has_file


def test_what_leaves_is_told_with_its_length(panel: Panel, lib: Library) -> None:
    a, b, c = lib.film_segments
    panel.show(
        selection=[c, a],
        moments=[[lib.film.id, [0, 2520], [a, b]], [lib.avi.id, [0, 1480], []]],
        video=lib.film.id,
    )
    control = panel.app.segmented_control(key="export-what-of-3")
    assert control.options == ["Selection (2)", "All results (2)", "Whole video"]
    assert "2 pieces · 0:02 · 1 video" in panel.written
    control.select("results")
    assert "2 pieces · 0:04 · 2 videos" in panel.run().written
    panel.app.segmented_control(key="export-what-of-3").select("video")
    assert "3 pieces · 0:04 · 1 video" in panel.run().written
    panel.show(selection=[c], language="ko")
    assert "선택 1개" in panel.written


def test_a_segment_that_is_gone_is_told(panel: Panel) -> None:
    panel.show(selection=[10**9])
    assert "no segment 1000000000" in panel.written
    assert not panel.has_file


def test_videos_without_a_file_are_named_before(panel: Panel, lib: Library) -> None:
    panel.show(video=imported(lib))
    assert ENGLISH.offline_one.partition("“")[0] in panel.written
    assert panel.choose("timeline", "otio").has_file, "timelines show it offline"
    panel.choose("media")
    assert ENGLISH.no_files in panel.written
    assert not [button for button in panel.app.button if button.key == "export-make"]


# --- forms ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "form", "name", "holds"),
    [
        ("timeline", "fcpxml", "balloons.fcpxml", "<fcpxml"),
        ("timeline", "otio", "balloons.otio", "OTIO_SCHEMA"),
        ("timeline", "edl", "balloons.edl", "TITLE: balloons"),
        ("subtitles", "srt", "balloons.srt", CAPTIONS[0][1].split()[0]),
        ("subtitles", "vtt", "balloons.vtt", "WEBVTT"),
        ("subtitles", "ass", "balloons.ass", "[Events]"),
        ("texts", "csv", "balloons.csv", CAPTIONS[0][0]),
        ("texts", "txt", "balloons.txt", CAPTIONS[0][1]),
        ("texts", "json", "balloons.json", '"segments"'),
    ],
)
def test_each_form_is_a_file_with_a_name(
    panel: Panel, lib: Library, downloads: list[SimpleNamespace], *, kind: str, form: Form, name: str, holds: str
) -> None:
    panel.show(selection=[lib.film_segments[0]]).choose(kind, form)
    given = downloads[-1]
    content = given.data.decode("utf-8-sig") if isinstance(given.data, bytes) else given.data
    assert (given.file_name, holds in content) == (name, True)
    assert CAPTIONS[2][0] not in content, "what is not selected stays here"
    assert panel.app.get("download_button")


def test_each_form_is_explained(panel: Panel, lib: Library) -> None:
    panel.show(selection=[lib.film_segments[0]], language="ko")
    for kind, forms in FORMS.items():
        panel.choose(kind)
        radio = panel.app.radio(key=f"export-form-{kind}")
        assert list(radio.proto.captions) == [getattr(KOREAN, f"about_{form}") for form in forms]


@pytest.mark.parametrize(
    ("text", "name", "holds"),
    [
        ("ko", "balloons.ko.srt", CAPTIONS[1][1]),
        ("en", "balloons.en.srt", CAPTIONS[1][0]),
        ("speech", "balloons.srt", "앵무새가 먹어요."),
    ],
)
def test_subtitles_say_what_is_chosen(
    panel: Panel, lib: Library, downloads: list[SimpleNamespace], *, text: str, name: str, holds: str
) -> None:
    panel.show(selection=[lib.film_segments[1]]).choose("subtitles", "srt", text=text, times="reel")
    given = downloads[-1]
    assert given.file_name == name
    assert holds in " ".join(given.data.split())
    assert "00:00:00" in given.data
    panel.choose("subtitles", "srt", times="video")
    assert "00:00:01,4" in downloads[-1].data or "00:00:01,6" in downloads[-1].data, "the video's own clock"


def test_the_times_of_several_videos_are_those_of_the_reel(panel: Panel, lib: Library) -> None:
    panel.show(moments=[[lib.film.id, [0, 1480], []], [lib.avi.id, [0, 1480], []]]).choose("subtitles")
    assert [box.key for box in panel.app.selectbox] == ["export-text"]


def test_all_that_is_said_in_a_video(panel: Panel, lib: Library, downloads: list[SimpleNamespace]) -> None:
    panel.show(video=lib.film.id).choose("subtitles", "vtt", text="speech", times="video")
    assert downloads[-1].file_name == "세 가지 색.vtt"
    assert "balloon!" in downloads[-1].data
    assert "&lt;b&gt;the&lt;/b&gt;" in downloads[-1].data


def test_what_cannot_be_written_is_told_and_the_other_forms_stay(panel: Panel, lib: Library) -> None:
    panel.show(video=lib.avi.id).choose("subtitles", "srt", text="ko")
    assert "there are no Korean captions yet" in panel.written
    assert not panel.has_file
    assert panel.choose("subtitles", "srt", text="en").has_file
    panel.choose("subtitles", "srt", text="speech")
    assert "nothing is said in it" in panel.written
    assert panel.choose("timeline", "edl").has_file


def test_the_last_form_is_remembered(panel: Panel, lib: Library) -> None:
    panel.show(selection=[lib.film_segments[0]]).choose("texts", "json")
    panel.show()
    assert not panel.app.radio
    panel.show(selection=[lib.film_segments[1]])
    assert panel.app.segmented_control(key="export-kind-of-4").value == "texts"
    assert panel.app.radio(key="export-form-texts").value == "json"


# --- files that are made ----------------------------------------------------------------------------------------


def waited(making: Making, *states: str) -> str:
    deadline = time.monotonic() + 60
    while making.state not in states and time.monotonic() < deadline:
        time.sleep(0.02)
    return making.state


def test_clips_are_made_beside_the_page(panel: Panel, lib: Library) -> None:
    panel.show(selection=list(lib.film_segments[:2])).choose("media", "clips")
    panel.app.button(key="export-make").click()
    panel.run()
    making: Making = panel.app.session_state["export-making"]
    assert waited(making, "done", "failed") == "done"
    assert making.made is not None
    assert making.made.name == "balloons clips.zip"
    with zipfile.ZipFile(making.made.path) as archive:
        assert sorted(archive.namelist()) == ["01 세 가지 색 0-00.000.mp4", "02 세 가지 색 0-01.480.mp4"]
    assert not [button for button in panel.app.button if button.key == "export-make"], "one at a time"
    assert told(making, "en")["size"] == making.made.path.stat().st_size


def test_what_has_no_file_is_left_out_with_the_reason(panel: Panel, lib: Library) -> None:
    with open_catalog(lib.settings).begin() as connection:
        without = read_segments(connection, video_id=imported(lib))[0].id
    panel.show(selection=[without, lib.film_segments[0]]).choose("media", "clips")
    panel.app.button(key="export-make").click()
    panel.run()
    making: Making = panel.app.session_state["export-making"]
    assert waited(making, "done", "failed") == "done"
    assert making.made is not None
    assert making.made.name == "balloons clips.mp4", "one file needs no archive"
    assert told(making, "en")["failures"] == [
        "festival: it was imported without its file, so no clip can be made of it; add the video file with"
        " `vsearch add`"
    ]


def written(folder: Path, *names: str) -> Written:
    for name in names:
        (folder / name).write_bytes(name.encode() * 1000)
    return Written(tuple(folder / name for name in names), ())


@pytest.fixture
def client() -> TestClient:
    return TestClient(Starlette(routes=export_routes()))


def test_what_is_made_is_handed_over_by_its_token(tmp_path: Path, client: TestClient) -> None:
    making = Making(lambda folder, _: written(folder, "reel.mp4"), name="모음 / a", total=3, root=tmp_path)
    assert waited(making, "done") == "done"
    followed = client.get(address_of(making)).json()
    assert (followed["state"], followed["name"], followed["size"]) == ("done", "모음 / a.mp4", 8000)
    making = Making(lambda folder, _: written(folder, "reel.mp4"), name="모음", total=3, root=tmp_path)
    assert waited(making, "done") == "done"
    followed = client.get(address_of(making)).json()
    answer = client.get(followed["address"])
    assert (answer.status_code, len(answer.content)) == (200, 8000)
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["content-type"] == "application/octet-stream"
    part = client.get(followed["address"], headers={"range": "bytes=4-7"})
    assert (part.status_code, part.content) == (206, b".mp4")
    for wrong in (f"{PREFIX}/nothing", f"{PREFIX}/nothing/모음.mp4", f"{address_of(making)}/other.mp4"):
        assert client.get(wrong).status_code == 404
    assert client.post(address_of(making)).status_code == 405


def test_files_go_with_the_visit(tmp_path: Path, client: TestClient) -> None:
    making = Making(lambda folder, _: written(folder, "a", "b"), name="both", total=2, root=tmp_path)
    waited(making, "done")
    address = address_of(making)
    assert len(list(tmp_path.iterdir())) == 1
    del making
    assert list(tmp_path.iterdir()) == []
    assert client.get(address).status_code == 404


def test_cancelling_stops_after_the_item_at_hand(tmp_path: Path) -> None:
    started, go_on = threading.Event(), threading.Event()
    made = []

    def work(folder: Path, on_progress: Progress) -> Written:
        for number in range(1, 4):
            made.append(number)
            started.set()
            go_on.wait(20)
            on_progress(number, 3)
        return written(folder, "never")

    making = Making(work, name="x", total=3, root=tmp_path)
    started.wait(20)
    making.cancel()
    go_on.set()
    assert (making.state, making.made, told(making, "en")["address"]) == ("cancelled", None, "")
    deadline = time.monotonic() + 20
    while list(tmp_path.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert (made, list(tmp_path.iterdir())) == ([1], [])


def raising(error: Exception) -> Callable[[Path, Progress], Written]:
    def work(folder: Path, _on_progress: Progress) -> Written:
        (folder / "half").write_bytes(b"x")
        raise error

    return work


def test_what_fails_is_told(tmp_path: Path) -> None:
    making = Making(raising(MediaError("it is broken")), name="x", total=1, root=tmp_path)
    assert waited(making, "failed") == "failed"
    assert told(making, "en")["problem"] == "it is broken"
    hidden = Making(raising(RuntimeError("a secret path")), name="x", total=1, root=tmp_path)
    assert waited(hidden, "failed") == "failed"
    assert told(hidden, "en")["problem"] == ""
    file = tmp_path / "file"
    file.write_bytes(b"")
    with pytest.raises(InputError, match="nothing can be written"):
        Making(raising(RuntimeError()), name="x", total=1, root=file)


def test_what_dead_processes_left_is_swept(tmp_path: Path) -> None:
    for name in ("999999999-abc", f"{os.getpid()}-own", "somebody else's"):
        (tmp_path / name).mkdir()
    making = Making(lambda folder, _: written(folder, "a"), name="x", total=1, root=tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    assert "999999999-abc" not in names
    assert {f"{os.getpid()}-own", "somebody else's"} < names
    making.cancel()
