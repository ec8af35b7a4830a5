from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.clips import COLOURS, scene
from vsearch_pipeline.media.preview import preview


def pictures(count: int, size: tuple[int, int] = (640, 360)) -> list[NDArray[np.uint8]]:
    return [scene(COLOURS[0], size, i / count) for i in range(count)]


def opened(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    assert image.format == "WEBP"
    return image


def test_a_segment_becomes_a_small_moving_picture() -> None:
    data = preview(pictures(20), frame_ms=250)
    image = opened(data)
    assert (image.size, getattr(image, "n_frames", 1), image.info["loop"]) == ((240, 135), 20, 0)
    assert len(data) < 60_000
    assert data == preview(pictures(20), frame_ms=250)


def test_files_bytes_and_arrays_look_alike(tmp_path: Path) -> None:
    path = tmp_path / "frame.jpg"
    Image.fromarray(pictures(1)[0]).save(path, quality=95)
    assert preview([path], frame_ms=100) == preview([path.read_bytes()], frame_ms=100)
    assert opened(preview([path], frame_ms=100)).size == opened(preview(pictures(1), frame_ms=100)).size


def test_one_frame_and_small_frames_are_fine() -> None:
    assert opened(preview(pictures(1, (100, 50)), frame_ms=250)).size == (100, 50)


def test_a_long_segment_is_thinned_and_keeps_its_length() -> None:
    image = opened(preview(pictures(100, (64, 36)), frame_ms=100))
    frames = getattr(image, "n_frames", 1)
    assert frames <= 40
    total = 0
    for i in range(frames):
        image.seek(i)
        image.load()
        total += image.info["duration"]
    assert total == 10_000


def test_frames_of_another_size_are_fitted() -> None:
    mixed = [*pictures(2, (320, 180)), *pictures(2, (180, 320))]
    assert opened(preview(mixed, frame_ms=100)).size == (240, 135)


def test_no_images_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one image"):
        preview([], frame_ms=250)
