from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vsearch_pipeline.errors import MediaError
from vsearch_pipeline.media.frames import decode_rgb, read_rgb


def test_colours_come_back_in_rgb_order(tmp_path: Path) -> None:
    path = tmp_path / "민지.jpg"
    Image.new("RGB", (40, 20), (220, 30, 10)).save(path, quality=95)
    image = read_rgb(path)
    assert image.shape == (20, 40, 3)
    assert image.dtype == np.uint8
    assert np.abs(image.astype(int) - (220, 30, 10)).max() < 6
    assert (decode_rgb(path.read_bytes()) == image).all()


@pytest.mark.parametrize("content", [b"", b"not a picture"])
def test_what_is_not_a_picture_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.jpg").write_bytes(content)
    with pytest.raises(MediaError, match="not a picture"):
        read_rgb(tmp_path / "x.jpg")
    with pytest.raises(MediaError, match="cannot be read"):
        read_rgb(tmp_path / "gone.jpg")
