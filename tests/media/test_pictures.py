from collections.abc import Iterator
from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.clips import COLOURS, scene
from vsearch_pipeline.media import pictures
from vsearch_pipeline.media.pictures import LARGEST_BYTES, contact_sheet, people_timeline, shot_strip
from vsearch_pipeline.timeline import TimeRange

HOUR = 3_600_000


def noise(count: int) -> list[NDArray[np.uint8]]:
    random = np.random.default_rng(0)
    return [random.integers(0, 255, (180, 320, 3), np.uint8) for _ in range(count)]


def opened(data: bytes, kind: str) -> Image.Image:
    assert len(data) < LARGEST_BYTES
    image = Image.open(BytesIO(data))
    assert image.format == kind
    return image.convert("RGB")


def test_a_contact_sheet_shows_the_pictures_in_order() -> None:
    image = opened(contact_sheet([scene(c, (320, 180)) for c in COLOURS], columns=3), "JPEG")
    assert image.size == (480, 180)
    for i, colour in enumerate(COLOURS):
        pixel = np.asarray(image)[i // 3 * 90 + 5, i % 3 * 160 + 80].astype(int)
        assert np.abs(pixel - colour).max() < 25


def test_a_contact_sheet_of_hours_stays_small() -> None:
    images = noise(20) * 10
    opened(contact_sheet(images, captions=["민지가 웃는다"] * 200), "JPEG")
    assert contact_sheet(images) == contact_sheet(images)


def test_captions_must_match() -> None:
    with pytest.raises(ValueError, match="one caption each"):
        contact_sheet(noise(2), captions=["one"])
    with pytest.raises(ValueError, match="needs images"):
        contact_sheet([])


def test_a_shot_strip_is_as_wide_as_the_shots_are_long() -> None:
    shots = [TimeRange(0, 9000), TimeRange(9000, 10_000)]
    image = opened(shot_strip(shots, [scene(c, (640, 90)) for c in COLOURS[:2]], 10_000), "JPEG")
    row = np.asarray(image)[5].astype(int)
    first, second = (int((np.abs(row - colour).max(axis=1) < 25).sum()) for colour in COLOURS[:2])
    assert first > second > 30
    assert image.size == (1200, 110)


def test_a_shot_strip_of_hours_stays_small() -> None:
    shots = [TimeRange(t, t + 2000) for t in range(0, 2 * HOUR, 2000)]
    opened(shot_strip(shots, noise(4) * (len(shots) // 4), 2 * HOUR), "JPEG")
    with pytest.raises(ValueError, match="one image each"):
        shot_strip(shots, noise(1), 2 * HOUR)


def test_a_timeline_draws_a_bar_where_somebody_is() -> None:
    image = opened(people_timeline([("민지", [TimeRange(5000, 10_000)]), ("하니", [])], 10_000), "PNG")
    lane = [image.getpixel((x, 10)) != (255, 255, 255) for x in range(160, 1190)]
    assert sum(lane[: len(lane) // 2 - 10]) < 10
    assert sum(lane[len(lane) // 2 + 10 :]) > 480


def test_a_timeline_of_hours_and_of_nobody() -> None:
    ranges = [TimeRange(t, t + 700) for t in range(0, 10 * HOUR, 5000)]
    opened(people_timeline([(f"사람 {i}", ranges) for i in range(100)], 10 * HOUR), "PNG")
    opened(people_timeline([], 0), "PNG")


@pytest.fixture
def no_fonts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(pictures, "_FONTS", ())
    pictures._font.cache_clear()
    yield
    pictures._font.cache_clear()


@pytest.mark.usefixtures("no_fonts")
def test_korean_names_do_not_crash_where_no_font_has_them() -> None:
    opened(people_timeline([("민지", [TimeRange(0, 500)])], 1000), "PNG")
    opened(contact_sheet(noise(2), captions=["민지", "ok"]), "JPEG")
