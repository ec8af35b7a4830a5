import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.people.photos import astronaut, scaled
from vsearch_pipeline.people.motion import any_changed, changed_blocks, luminance, patches


def test_the_small_picture_keeps_the_shape_and_the_brightness() -> None:
    wide = scaled(astronaut(), 1280, 720)
    small = luminance(wide)
    assert small.shape == (90, 160)
    assert abs(float(small.mean()) - float(luminance(astronaut()).mean())) < 1
    assert luminance(np.full((1, 3, 3), 7, np.uint8)).tolist() == [[7, 7, 7]]


def test_compression_changes_nothing() -> None:
    import cv2

    stored = []
    for quality in (85, 70):
        _, data = cv2.imencode(
            ".jpg", np.ascontiguousarray(astronaut()[:, :, ::-1]), [cv2.IMWRITE_JPEG_QUALITY, quality]
        )
        stored.append(luminance(cv2.imdecode(data, cv2.IMREAD_COLOR_RGB)))
    assert not changed_blocks(stored[0], stored[1]).any()


def test_a_closed_eye_changes_something_where_it_is() -> None:
    blinking = astronaut().copy()
    blinking[108:116, 196:214] = (205, 165, 150)  # skin over her right eye
    changed = changed_blocks(luminance(astronaut()), luminance(blinking))
    per_block = 512 / 160
    assert any_changed(changed, tuple(v / per_block for v in (177, 63, 266, 184)))  # type: ignore[arg-type]
    assert not any_changed(changed, tuple(v / per_block for v in (300, 200, 500, 500)))  # type: ignore[arg-type]


def test_a_thin_edge_is_no_patch_and_a_patch_has_its_box() -> None:
    changed = np.zeros((50, 80), np.uint8)
    changed[:, 10:12] = 1
    changed[20:26, 40:47] = 1
    assert patches(changed, 4) == [(39, 19, 48, 27)]
    assert len(patches(changed, 1)) == 2
    assert patches(np.zeros_like(changed), 1) == []


@given(st.integers(0, 2**32), st.integers(1, 5))
def test_every_block_of_every_wide_change_lies_in_a_patch(seed: int, smallest: int) -> None:
    rng = np.random.default_rng(seed)
    changed = np.zeros((30, 40), np.uint8)
    squares = [(int(rng.integers(0, 25)), int(rng.integers(0, 35))) for _ in range(3)]
    for y, x in squares:
        changed[y : y + smallest, x : x + smallest] = 1
    boxes = patches(changed, smallest)
    for y, x in squares:
        assert any(x1 <= x and y1 <= y and x + smallest <= x2 and y + smallest <= y2 for x1, y1, x2, y2 in boxes)
