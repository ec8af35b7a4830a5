"""Pictures that show a stage's result at a glance: contact sheets, shot strips, who is on screen when."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

from vsearch_pipeline.media.preview import thumbnail
from vsearch_pipeline.timeline import TimeRange, clock

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    AnyPicture = Path | bytes | NDArray[np.uint8]

LARGEST_BYTES = 150_000
"""Every picture made here is smaller, so that run metadata stays light."""

_MOST_TILES = 60
_MOST_LANES = 40
_STRIP_WIDTH = 1200
_NARROWEST_SHOT = 40
_ROW = 20
_LABEL_WIDTH = 150
_TEXT_SIZE = 12
_INK = "#222222"
_PAPER = "#ffffff"
_LINE = "#d0d0d0"
# Colour-blind safe, from Okabe and Ito.
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00")
# Fonts with Hangul, as Linux, macOS and Windows install them.
_FONTS = (
    "NotoSansCJK-Regular.ttc",
    "NotoSansKR-Regular.otf",
    "NanumGothic.ttf",
    "AppleSDGothicNeo.ttc",
    "malgun.ttf",
    "DejaVuSans.ttf",
)


def contact_sheet(
    images: Sequence[AnyPicture],
    captions: Sequence[str] | None = None,
    columns: int = 6,
    tile_width: int = 160,
) -> bytes:
    """A JPEG grid of the pictures, thinned out evenly where there are more than 60.

    Arguments:
        images: JPEG files, JPEG bytes or RGB arrays.
        captions: one for each image, cut off at the tile's width.

    Raises:
        ValueError: no images, or not one caption each.
    """
    if not images or (captions is not None and len(captions) != len(images)):
        raise ValueError("a contact sheet needs images, and one caption each if any")
    kept = thinned(len(images), _MOST_TILES)
    tiles = [thumbnail(images[i], tile_width) for i in kept]
    labels = [captions[i] for i in kept] if captions is not None else None
    columns = min(columns, len(tiles))
    height = max(tile.height for tile in tiles)
    cell = height + (_ROW if labels else 0)
    sheet = Image.new("RGB", (columns * tile_width, -(-len(tiles) // columns) * cell), _PAPER)
    for i, tile in enumerate(tiles):
        x, y = i % columns * tile_width, i // columns * cell
        sheet.paste(tile, (x + (tile_width - tile.width) // 2, y + (height - tile.height) // 2))
        if labels:
            _write(sheet, labels[i], x + 2, y + height + 2, tile_width - 4)
    return _jpeg(sheet)


def shot_strip(shots: Sequence[TimeRange], images: Sequence[AnyPicture], duration_ms: int) -> bytes:
    """A JPEG with one thumbnail a shot, as wide as the shot is long, and the time each begins.

    Where shots are too many to show, every n-th is shown, up to the beginning of the next one shown.

    Arguments:
        images: one for each shot.
        duration_ms: length of the video.

    Raises:
        ValueError: no shots, or not one image each.
    """
    if not shots or len(images) != len(shots):
        raise ValueError("a shot strip needs shots, and one image each")
    kept = thinned(len(shots), _STRIP_WIDTH // _NARROWEST_SHOT)
    spare = _STRIP_WIDTH - _NARROWEST_SHOT * len(kept)
    times = [shots[i].start_ms for i in kept] + [max(duration_ms, shots[-1].end_ms)]
    span = times[-1] - times[0]
    edges = [round(_NARROWEST_SHOT * i + spare * (time - times[0]) / span) for i, time in enumerate(times)]
    height = 90
    strip = Image.new("RGB", (_STRIP_WIDTH, height + _ROW), _PAPER)
    draw = ImageDraw.Draw(strip)
    for index, (left, right) in zip(kept, pairwise(edges), strict=True):
        tile = thumbnail(images[index], 240)
        tile = tile.resize((max(1, round(tile.width * height / tile.height)), height))
        inside = tile.crop((0, 0, min(tile.width, right - left - 2), height))
        strip.paste(inside, (left, 0))
        draw.line((left, 0, left, height + _ROW), fill=_LINE)
        _write(strip, clock(shots[index].start_ms)[:-4], left + 2, height + 2, right - left - 2)
    return _jpeg(strip)


def people_timeline(rows: Sequence[tuple[str, Sequence[TimeRange]]], duration_ms: int) -> bytes:
    """A PNG with a lane for each person: a bar wherever they are on screen. At most 40 lanes are drawn.

    Arguments:
        rows: name and ranges, in the order to show.
        duration_ms: length of the video.
    """
    shown, hidden = rows[:_MOST_LANES], len(rows) - _MOST_LANES
    lanes = max(1, len(shown)) + (hidden > 0)
    width = _STRIP_WIDTH - _LABEL_WIDTH
    picture = Image.new("RGB", (_STRIP_WIDTH, (lanes + 1) * _ROW), _PAPER)
    draw = ImageDraw.Draw(picture)
    for i, (name, ranges) in enumerate(shown):
        y = i * _ROW
        _write(picture, name, 2, y + 2, _LABEL_WIDTH - 6)
        draw.line((_LABEL_WIDTH, y + _ROW - 1, _STRIP_WIDTH, y + _ROW - 1), fill=_LINE)
        for span in ranges:
            left = _LABEL_WIDTH + width * span.start_ms // max(1, duration_ms)
            right = _LABEL_WIDTH + width * span.end_ms // max(1, duration_ms)
            box = (left, y + 3, max(left + 1, right - 1), y + _ROW - 5)
            draw.rectangle(box, fill=COLOURS[i % len(COLOURS)])
    if not shown:
        _write(picture, "nobody", 2, 2, _LABEL_WIDTH)
    if hidden > 0:
        _write(picture, f"and {hidden} more", 2, _MOST_LANES * _ROW + 2, _LABEL_WIDTH)
    for tick in range(6):
        label = clock(duration_ms * tick // 5)[:-4]
        x = _LABEL_WIDTH + width * tick // 5
        _write(picture, label, min(x + 2, _STRIP_WIDTH - 60), lanes * _ROW + 2, 60)
        draw.line((x, 0, x, lanes * _ROW), fill=_LINE)
    buffer = BytesIO()
    # Flat colours: a palette keeps hours of video within a few kB.
    picture.quantize(64).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def thinned(count: int, most: int) -> list[int]:
    """Indices of at most `most` of `count` things, from the first on, evenly."""
    kept = min(count, most)
    return [i * count // kept for i in range(kept)]


def _write(picture: Image.Image, text: str, x: int, y: int, width: int) -> None:
    font = _font()
    while text and font.getlength(text) > width:
        text = text[:-1]
    ImageDraw.Draw(picture).text((x, y), text, fill=_INK, font=font)


@cache
def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    for name in _FONTS:
        try:
            return ImageFont.truetype(name, _TEXT_SIZE)
        except OSError:
            continue
    return ImageFont.load_default(_TEXT_SIZE)


def _jpeg(picture: Image.Image) -> bytes:
    for quality in (80, 65, 50, 35, 20):
        buffer = BytesIO()
        picture.save(buffer, "JPEG", quality=quality)
        if buffer.tell() < LARGEST_BYTES:
            return buffer.getvalue()
    return _jpeg(picture.resize((picture.width * 2 // 3, picture.height * 2 // 3)))
