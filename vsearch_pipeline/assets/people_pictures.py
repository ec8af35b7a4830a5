"""Pictures of people: the best faces of a cluster, and who was taken for whom."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Final

from vsearch_pipeline.assets.boxes import crop
from vsearch_pipeline.editing.people import BestFace
from vsearch_pipeline.errors import MediaError
from vsearch_pipeline.media.frames import read_rgb
from vsearch_pipeline.media.pictures import contact_sheet

MOST_NAMES: Final = 60
"""People shown in a confusion picture: more do not fit a screen."""
_CELL: Final = 14
_MARGIN: Final = 150


def face_sheet(faces: Iterable[tuple[BestFace, str]], frame: Callable[[str, int], Path]) -> bytes | None:
    """A JPEG contact sheet of faces with a caption each; None where no picture is left on disk.

    Args:
        frame: where the picture of a video's frame is.
    """
    crops, captions = [], []
    for best, caption in faces:
        try:
            image = read_rgb(frame(best.track.video_id, best.face.frame_index))
        except (MediaError, FileNotFoundError):
            continue
        crops.append(crop(image, best.face.bbox_xyxy))
        captions.append(caption)
    return contact_sheet(crops, captions) if crops else None


def confusion_picture(table: Sequence[Sequence[int]], names: Sequence[str]) -> bytes:
    """A PNG of counts: rows are who it is, columns who it was taken for, nobody last; darker is more of the row.

    Args:
        table: (people, people + 1) counts; at most `MOST_NAMES` rows are drawn, with the same columns and nobody.
        names: of the rows.
    """
    from PIL import Image, ImageDraw

    shown = min(len(table), MOST_NAMES)
    size = (_MARGIN + (shown + 1) * _CELL, _MARGIN + shown * _CELL)
    picture = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(picture)
    for place, name in enumerate([*names[:shown], "nobody"]):
        label = Image.new("RGB", (_MARGIN, _CELL), "white")
        ImageDraw.Draw(label).text((2, 1), name[:22], fill="black")
        if place < shown:
            picture.paste(label, (0, _MARGIN + place * _CELL))
        picture.paste(label.rotate(90, expand=True), (_MARGIN + place * _CELL, 0))
    for row, counts in enumerate(table[:shown]):
        total = max(1, sum(counts))
        for column, count in enumerate([*counts[:shown], counts[-1]]):
            if count:
                shade = 225 - round(225 * count / total)
                x, y = _MARGIN + column * _CELL, _MARGIN + row * _CELL
                colour = (shade, shade, 255) if column == row else (255, shade, shade)
                draw.rectangle((x, y, x + _CELL - 2, y + _CELL - 2), fill=colour)
    buffer = BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
