"""A face cut out of a stored frame: how its place is written in an address, and the picture."""

from __future__ import annotations

import re
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final, Self

from PIL import Image

_NAME: Final = re.compile(r"faces/(\d{6,9})-(\d{1,5})-(\d{1,5})-(\d{1,5})-(\d{1,5})\.jpg")
_SHARES: Final = 10_000
_ROOM: Final = 1.6
"""Side of the picture, in sides of the face's box."""
_SIDE: Final = 160
_QUALITY: Final = 85


@dataclass(frozen=True, slots=True)
class FacePlace:
    """Where a face is: the frame's index, and the box in ten-thousandths of its width and height."""

    frame_index: int
    box: tuple[int, int, int, int]

    @classmethod
    def of(cls, frame_index: int, bbox_xyxy: tuple[float, float, float, float]) -> Self | None:
        """Args:
            bbox_xyxy: shares (0..1) of the frame; what is outside of it is left out.

        Returns:
            None where nothing is left.
        """
        x1, y1, x2, y2 = (min(_SHARES, max(0, round(share * _SHARES))) for share in bbox_xyxy)
        return cls(frame_index, (x1, y1, x2, y2)) if x1 < x2 and y1 < y2 and frame_index >= 0 else None

    @classmethod
    def parse(cls, name: str) -> Self | None:
        """The place that `name` writes; None where it writes none."""
        match = _NAME.fullmatch(name)
        if not match or not name.isascii():
            return None
        frame_index, x1, y1, x2, y2 = (int(number) for number in match.groups())
        place = cls(frame_index, (x1, y1, x2, y2))
        return place if x1 < x2 <= _SHARES and y1 < y2 <= _SHARES and place.name == name else None

    @property
    def name(self) -> str:
        """Of the picture, in the video's folder."""
        return f"faces/{self.frame_index:06d}-{'-'.join(map(str, self.box))}.jpg"

    @property
    def frame(self) -> str:
        """Of the stored frame, in the video's folder."""
        return f"frames/{self.frame_index:06d}.jpg"


def cut_out(frame: Path | BytesIO, place: FacePlace) -> bytes:
    """A square JPEG of the face with some room around it, at most `_SIDE` pixels wide.

    Raises:
        OSError: the frame cannot be read.
    """
    with Image.open(frame, formats=("JPEG",)) as image:
        side = _side(place, image.width, image.height)
        if side > _SIDE:  # let the decoder make it smaller on the way
            image.draft("RGB", (image.width * _SIDE // side, image.height * _SIDE // side))
        side = _side(place, image.width, image.height)
        x1, y1, x2, y2 = place.box
        left = _inside((x1 + x2) * image.width / (2 * _SHARES) - side / 2, image.width - side)
        top = _inside((y1 + y2) * image.height / (2 * _SHARES) - side / 2, image.height - side)
        picture = image.convert("RGB").crop((left, top, left + side, top + side))
    picture.thumbnail((_SIDE, _SIDE))
    content = BytesIO()
    picture.save(content, "JPEG", quality=_QUALITY)
    return content.getvalue()


def _side(place: FacePlace, width: int, height: int) -> int:
    x1, y1, x2, y2 = place.box
    longest = max((x2 - x1) * width, (y2 - y1) * height) / _SHARES
    return max(1, min(round(longest * _ROOM), width, height))


def _inside(value: float, most: int) -> int:
    return min(most, max(0, round(value)))
