import os
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Photo

from tests.people.photos import astronaut
from vsearch_pipeline.errors import InputError
from vsearch_pipeline.people import photographs
from vsearch_pipeline.people.photographs import MAX_SIDE, decode_photo, photo_bytes
from vsearch_pipeline.people.records import Image


def encoded(photo: Photo.Image, kind: str = "PNG", **settings: object) -> bytes:
    buffer = BytesIO()
    photo.save(buffer, kind, **settings)
    return buffer.getvalue()


def off_by(content: bytes) -> float:
    """Mean difference of the decoded photo from the astronaut, grey levels."""
    return float(np.abs(decode_photo(content).astype(float) - astronaut()).mean())


def sixteen_bit(image: Image) -> Photo.Image:
    return Photo.fromarray(image[:, :, 1].astype(np.uint16) * 257)


def test_any_kind_of_picture_comes_out_as_it_looks() -> None:
    photo = Photo.fromarray(astronaut())
    assert off_by(encoded(photo)) == 0
    assert off_by(encoded(photo, "JPEG", quality=95)) < 3
    assert off_by(encoded(photo, "WEBP", quality=95)) < 3
    assert off_by(encoded(photo.convert("CMYK"), "JPEG", quality=95)) < 3
    assert off_by(encoded(photo.quantize(256))) < 8
    assert off_by(encoded(photo, "WEBP", save_all=True, append_images=[photo.rotate(90)], lossless=True)) == 0


def test_a_grey_picture_of_16_bits() -> None:
    decoded = decode_photo(encoded(sixteen_bit(astronaut())))
    assert (decoded == astronaut()[:, :, 1:2]).all()


def test_it_is_turned_upright() -> None:
    exif = Photo.Exif()
    exif[0x0112] = 6
    turned = Photo.fromarray(np.ascontiguousarray(np.rot90(astronaut())))
    assert off_by(encoded(turned, "JPEG", quality=95, exif=exif)) < 3


def test_transparent_parts_are_white() -> None:
    pixels = np.dstack((astronaut(), np.full(astronaut().shape[:2], 255, np.uint8)))
    pixels[:100, :100, 3] = 0
    decoded = decode_photo(encoded(Photo.fromarray(pixels)))
    assert (decoded[:100, :100] == 255).all()
    assert (decoded[100:] == astronaut()[100:]).all()


def test_a_large_one_is_shrunk() -> None:
    assert decode_photo(encoded(Photo.new("RGB", (6000, 30), "red"))).shape == (10, MAX_SIDE, 3)
    assert decode_photo(encoded(Photo.new("RGB", (1, 1), "red"))).shape == (1, 1, 3)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\xff\xd8\xff\xe0 not a photo", "damaged or cut short"),
        (b"hello", "not a JPEG, PNG or WebP photo"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "not a JPEG, PNG or WebP photo"),
        (encoded(Photo.fromarray(np.zeros((900, 900, 3), np.uint8)), "BMP"), "not a JPEG, PNG or WebP photo"),
        (encoded(Photo.effect_noise((300, 300), 80), "JPEG")[:9000], "damaged or cut short"),
        (encoded(Photo.effect_noise((300, 300), 80))[:9000], "damaged or cut short"),
        (encoded(Photo.effect_noise((300, 300), 80), "WEBP")[:5000], "damaged or cut short|not a JPEG"),
    ],
    ids=["start of a jpeg", "text", "postscript", "bitmap", "cut jpeg", "cut png", "cut webp"],
)
def test_what_is_no_photo(content: bytes, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        decode_photo(content)


def test_a_decompression_bomb_is_not_unpacked() -> None:
    # a header that promises 60000 x 60000 pixels
    bomb = bytearray(encoded(Photo.new("1", (8, 8))))
    bomb[16:24] = (60_000).to_bytes(4, "big") * 2
    bomb[29:33] = zlib.crc32(bytes(bomb[12:29])).to_bytes(4, "big")
    with pytest.raises(InputError, match="more than 89 million pixels"):
        decode_photo(bytes(bomb))


def test_files_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = tmp_path / "empty.jpg"
    empty.touch()
    loop = tmp_path / "loop.jpg"
    loop.symlink_to(loop)
    pipe = tmp_path / "pipe.jpg"
    os.mkfifo(pipe)
    large = tmp_path / "large.jpg"
    large.write_bytes(b"12345")
    monkeypatch.setattr(photographs, "MAX_BYTES", 4)
    for path, reason in (
        (empty, "it is empty"),
        (loop, "it cannot be opened"),
        (pipe, "it is not an ordinary file"),
        (tmp_path / "none.jpg", "No such file"),
        (large, "it is larger than"),
    ):
        with pytest.raises(InputError, match=reason):
            photo_bytes(path)
