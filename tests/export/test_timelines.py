"""OTIO, EDL and FCPXML read back with opentimelineio: the same points to the frame, whatever captions hold."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import opentimelineio as otio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.export.items import frames, from_file, reel, segment, video
from tests.export.numbered import make_numbered
from tests.export.reading import points, read
from vsearch_pipeline.errors import InputError
from vsearch_pipeline.export.edl import MOST_EVENTS, reel_name, write_edl
from vsearch_pipeline.export.fcpxml import write_fcpxml
from vsearch_pipeline.export.selection import Item
from vsearch_pipeline.export.sources import Reel, Source, make_reel
from vsearch_pipeline.export.timecode import BROADCAST_RATES, DROP_RATES, Timecode
from vsearch_pipeline.export.timeline import write_otio
from vsearch_pipeline.timeline import TimeRange

WRITERS: dict[str, Callable[[Reel, str], str]] = {"otio": write_otio, "edl": write_edl, "fcpxml": write_fcpxml}
NTSC = Fraction(30000, 1001)
HOSTILE = (
    "one\ntwo\r\nthree\u2028four",
    "* FROM CLIP NAME: other",
    "TITLE: x\n001  AX V C 00:00:00:00 00:00:01:00 00:00:00:00 00:00:01:00",
    "1 --> 2 <i>&amp;</i> ]]> \"quoted\" 'single'",
    "{\\an8}\\N",
    "\x00\x07\x1b lone \ud800 surrogate \uffff",
    "\u202eright to left\u202c \u200f",
    "가" * 10_000,
    "=HYPERLINK(1)",
)

CUTS = st.lists(st.tuples(st.integers(0, 80_000), st.integers(1, 2000)), min_size=1, max_size=6)


@st.composite
def reels(draw: st.DrawFn) -> Reel:
    """Cuts of one video of any rate of a sequence, with or without a timecode of its own."""
    rate = draw(st.sampled_from(BROADCAST_RATES))
    drop = rate in DROP_RATES and draw(st.booleans())
    start = Timecode(draw(st.integers(0, 22 * 3600 * 24)), rate, drop)
    record = video(rate=rate, duration_ms=8_000_000)
    source = Source(record, None, rate, draw(st.sampled_from([None, str(start)])))
    items = [frames(record, first, first + count) for first, count in draw(CUTS)]
    return make_reel(items, {record.id: source})


@given(reels(), st.sampled_from(sorted(WRITERS)))
def test_points_are_the_same_to_the_frame(made: Reel, format_name: str) -> None:
    source = made.placed[0].source
    start = source.first().frame
    found = points(read(WRITERS[format_name](made, "Reel"), format_name, float(made.rate)))
    assert [(p.first, p.end) for p in found] == [
        (start + placed.first, start + placed.first + placed.count) for placed in made.placed
    ]
    assert {round(p.rate, 3) for p in found} == {round(float(made.rate), 3)}


@given(reels())
def test_the_adapter_itself_opens_fcpxml_within_a_frame(made: Reel) -> None:
    timeline = otio.adapters.read_from_string(write_fcpxml(made, "Reel"), "fcpx_xml")
    start = made.placed[0].source.first().frame
    clips = [clip for clip in timeline.tracks[0] if isinstance(clip, otio.schema.Clip)]
    for clip, placed in zip(clips, made.placed, strict=True):
        seconds = clip.source_range.start_time.to_seconds()
        assert abs(seconds - float((start + placed.first) / made.rate)) <= 1.05 / int(made.rate)


@pytest.mark.parametrize("format_name", sorted(WRITERS))
@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_is_harmless(format_name: str, text: str) -> None:
    record = video(title=text)
    spans = [TimeRange(0, 1000), TimeRange(4000, 5000)]
    items = [Item(record, span, (segment(span, text, text, people=(text,)),)) for span in spans]
    written = WRITERS[format_name](reel(Path("/nowhere"), *items), text)
    found = points(read(written.encode().decode(), format_name, 25.0))
    assert [(p.first, p.end) for p in found] == [(0, 25), (100, 125)]


def test_otio_holds_what_is_known(tmp_path: Path) -> None:
    path = make_numbered(tmp_path / "민지 생일 #1.mp4", count=50)
    record = from_file(path)
    span = TimeRange(400, 1200)
    item = Item(record, span, (segment(span, "민지가 웃는다", "Minji laughs", segment_id=7, people=("민지",)),))
    timeline = read(write_otio(reel(tmp_path, item), "Reel"), "otio")
    assert timeline.global_start_time == otio.opentime.RationalTime(90_000, 25)
    pictures, sound = timeline.tracks
    assert (pictures.kind, sound.kind) == ("Video", "Audio")
    clip = pictures[0]
    assert list(clip.metadata["vsearch"]["segments"]) == [7]
    assert list(clip.metadata["vsearch"]["people"]) == ["민지"]
    assert [(m.name, m.marked_range) for m in clip.markers] == [("민지가 웃는다", clip.source_range)]
    assert clip.media_reference.available_range.duration.value == 50
    assert otio.url_utils.filepath_from_url(clip.media_reference.target_url) == str(path)
    assert Path(path.as_uri().removeprefix("file://")) != path  # it is quoted


def asset_of(fcpxml: str, attribute: str) -> str:
    found = re.search(rf'<asset [^>]*\b{attribute}="([^"]*)"', fcpxml)
    assert found is not None
    return found[1]


def test_a_camera_s_timecode_is_counted_from(tmp_path: Path) -> None:
    dropped = from_file(make_numbered(tmp_path / "drop.mp4", rate=NTSC, timecode="00:59:59;20"))
    counted = from_file(make_numbered(tmp_path / "count.mov", rate=NTSC, timecode="01:00:00:00"))
    edl = write_edl(reel(tmp_path, frames(dropped, 15, 45)), "Drop")
    assert "FCM: DROP FRAME" in edl
    assert "00:59:59;20" not in edl
    assert "01:00:00;05 01:00:01;05 01:00:00;00 01:00:01;00" in edl
    edl = write_edl(reel(tmp_path, frames(counted, 15, 45)), "Count")
    assert "FCM: NON-DROP FRAME" in edl
    assert "01:00:00:15 01:00:01:15 01:00:00:00 01:00:01:00" in edl
    start = asset_of(write_fcpxml(reel(tmp_path, frames(dropped, 15, 45)), "Drop"), "start")
    assert Fraction(start.removesuffix("s")) * NTSC == 107_892 - 10


def test_a_variable_rate_is_cut_by_time(tmp_path: Path) -> None:
    times = [Fraction(i * (40 if i % 3 else 33), 1000) for i in range(60)]
    record = from_file(make_numbered(tmp_path / "phone.mkv", rate=30, times=sorted(times)))
    assert record.variable_frame_rate
    made = reel(tmp_path, Item(record, TimeRange(400, 1200)))
    for format_name, write in WRITERS.items():
        [point] = points(read(write(made, "Phone"), format_name, float(made.rate)))
        assert point.first == pytest.approx(0.4 * float(made.rate), abs=1)
        assert point.end == pytest.approx(1.2 * float(made.rate), abs=1)


def test_several_rates_in_one_timeline() -> None:
    slow, fast, silent = video("a"), video("b", "Fast", Fraction(50)), video("c", "Silent", audio_codec=None)
    made = reel(Path("/nowhere"), frames(slow, 10, 20), frames(fast, 30, 71), frames(silent, 5, 6))
    assert [(p.at, p.length) for p in made.placed] == [(0, 10), (10, 20), (30, 1)]
    timeline = read(write_otio(made, "Mixed"), "otio")
    assert [(p.first, p.end, p.rate) for p in points(timeline)] == [(10, 20, 25), (30, 71, 50), (5, 6, 25)]
    assert [type(each).__name__ for each in timeline.tracks[1]] == ["Clip", "Clip", "Gap"]
    found = points(read(write_fcpxml(made, "Mixed"), "fcpxml"))
    assert [(p.first, p.end, p.rate) for p in found] == [(10, 20, 25), (30, 70, 50), (5, 6, 25)]
    with pytest.raises(InputError, match=r"Film has 25 and Fast 50 frames a second"):
        write_edl(made, "Mixed")


def test_slow_pictures_go_into_a_sequence_that_programs_have() -> None:
    made = reel(Path("/nowhere"), frames(video(rate=Fraction(15)), 30, 45))
    assert [(p.first, p.end) for p in points(read(write_edl(made, "Slow"), "edl", 30.0))] == [(60, 90)]
    assert [(p.first, p.end) for p in points(read(write_otio(made, "Slow"), "otio"))] == [(30, 45)]


def test_imported_videos_are_offline() -> None:
    made = reel(Path("/nowhere"), frames(video(title="먼 곳"), 0, 10))
    clip = read(write_otio(made, "Far"), "otio").tracks[0][0]
    assert isinstance(clip.media_reference, otio.schema.MissingReference)
    assert "OTIO REFERENCE" not in write_edl(made, "Far")
    assert asset_of(write_fcpxml(made, "Far"), "src").startswith("file:///offline/")


def test_an_edl_has_its_limits() -> None:
    record = video()
    with pytest.raises(InputError, match="room for 999 events"):
        write_edl(reel(Path("/nowhere"), *[frames(record, 0, 1)] * (MOST_EVENTS + 1)), "Long")
    with pytest.raises(InputError, match="empty"):
        make_reel([], {})
    assert reel_name(Source(record, None, Fraction(25), reel="A001 c-002_xyz")) == "A001C002"
    assert reel_name(Source(record, None, Fraction(25), reel="민지")) == "AX"


def ranges(timeline: Any) -> list[Any]:
    clips = timeline.find_clips() if hasattr(timeline, "find_clips") else []
    return [(clip.name, clip.source_range) for clip in clips]


def test_samples_of_opentimelineio_are_read(shared_data: Path) -> None:
    samples = sorted((shared_data / "timeline" / "otio").rglob("*.otio"))
    assert len(samples) > 10
    clips = 0
    for path in samples:
        timeline = read(path.read_text(encoding="utf-8"), "otio")
        found = ranges(timeline)
        assert ranges(read(otio.adapters.write_to_string(timeline, "otio_json"), "otio")) == found
        clips += len(found)
    assert clips > 50
