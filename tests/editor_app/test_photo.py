from __future__ import annotations

import base64
from io import BytesIO

import pytest
from PIL import Image

from editor_app import photo
from editor_app.photo import read_upload, thumbnail
from vsearch_pipeline.errors import InputError


def encoded(size: tuple[int, int], form: str, **options: object) -> bytes:
    content = BytesIO()
    Image.new("RGB", size, (200, 10, 10)).save(content, form, **options)
    return content.getvalue()


@pytest.mark.parametrize("form", photo.FORMATS)
def test_photos_are_read_upright(form: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    image = read_upload(encoded((40, 20), form, exif=exif))
    assert image.shape == (40, 20, 3)
    assert image[20, 10, 0] > 150 > image[20, 10, 1]


def test_large_photos_are_made_smaller() -> None:
    assert max(read_upload(encoded((4000, 100), "JPEG")).shape) == 2048
    head, data = thumbnail(encoded((400, 100), "PNG")).split(",")
    assert head == "data:image/jpeg;base64"
    assert Image.open(BytesIO(base64.b64decode(data))).size == (96, 24)


@pytest.mark.parametrize(
    "content", [b"", b"no photo", encoded((9, 9), "PNG")[:40], encoded((9, 9), "GIF"), encoded((9, 9), "BMP")]
)
def test_what_is_no_photo_is_refused(content: bytes) -> None:
    with pytest.raises(InputError, match="JPEG, PNG or WebP"):
        read_upload(content)


def test_too_many_pixels_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photo, "MAX_PIXELS", 100)
    with pytest.raises(InputError, match="million pixels"):
        read_upload(encoded((20, 20), "PNG"))
