"""Items as Final Cut Pro X XML, version 1.8, which Final Cut Pro and DaVinci Resolve read.

Written here, not by `otio-fcpx-xml-adapter`: that knows 23.976, 29.97 and 59.94 by rounded numbers only, so that
its times are no multiples of 1001/30000 s and no frames of Final Cut's; it asks `ffprobe` for the picture's size,
and a quotation mark in a name breaks it. It opens what is written here, but its reader counts 29.97 as 29, and
cuts off what float arithmetic leaves, so that it may see points up to a frame early. The times in the file are
exact.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final
from urllib.parse import quote
from xml.etree import ElementTree as ET

from vsearch_pipeline.export.sources import Placed, Reel, Source
from vsearch_pipeline.export.text import one_line
from vsearch_pipeline.export.timeline import available_frames, captions_in

VERSION: Final = "1.8"
"""The last one that has the file's address on the asset itself, where opentimelineio's adapter looks for it."""
DEFAULT_SIZE: Final = (1920, 1080)


def write_fcpxml(reel: Reel, name: str) -> str:
    """A project with one sequence: a clip with picture and sound an item, with a marker a caption.

    A clip of another rate than the sequence takes the nearest whole number of the sequence's frames. An item
    without a file names one that does not exist, which Final Cut shows as missing.
    """
    root = ET.Element("fcpxml", version=VERSION)
    resources = _Resources(ET.SubElement(root, "resources"))
    first = reel.placed[0].source
    sequence = ET.SubElement(
        ET.SubElement(root, "project", name=one_line(name)),
        "sequence",
        format=resources.format(first, reel.rate),
        duration=_seconds(reel.length, reel.rate),
        tcStart="0s",
        tcFormat="DF" if first.first().drop else "NDF",
    )
    spine = ET.SubElement(sequence, "spine")
    for placed in reel.placed:
        _clip(spine, resources, placed, reel.rate)
    ET.indent(root)
    written = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n{written}\n'


class _Resources:
    """Formats and assets, each once."""

    def __init__(self, element: ET.Element) -> None:
        self._element = element
        self._ids: dict[object, str] = {}

    def format(self, source: Source, rate: Fraction) -> str:
        size = (source.video.width or DEFAULT_SIZE[0], source.video.height or DEFAULT_SIZE[1])
        return self._add(
            (rate, size),
            "format",
            frameDuration=_seconds(1, rate),
            width=str(size[0]),
            height=str(size[1]),
        )

    def asset(self, source: Source, at_least: int) -> str:
        sound = {"hasAudio": "1", "audioSources": "1", "audioChannels": "2"} if source.has_sound else {}
        return self._add(
            source.video.id,
            "asset",
            name=one_line(source.clip_name),
            src=source.file.uri if source.file else _offline(source),
            start=_seconds(source.first().frame, source.rate),
            duration=_seconds(max(available_frames(source), at_least), source.rate),
            format=self.format(source, source.rate),
            hasVideo="1",
            **sound,
        )

    def _add(self, key: object, tag: str, **attributes: str) -> str:
        if key not in self._ids:
            self._ids[key] = f"r{len(self._ids) + 1}"
            ET.SubElement(self._element, tag, {"id": self._ids[key], **attributes})
        return self._ids[key]


def _offline(source: Source) -> str:
    return f"file:///offline/{quote(one_line(source.clip_name), safe='')}"


def _clip(spine: ET.Element, resources: _Resources, placed: Placed, rate: Fraction) -> None:
    source, item = placed.source, placed.item
    start = source.first()
    clip = ET.SubElement(
        spine,
        "asset-clip",
        name=one_line(source.clip_name),
        ref=resources.asset(source, placed.first + placed.count),
        offset=_seconds(placed.at, rate),
        start=_seconds(start.frame + placed.first, source.rate),
        duration=_seconds(placed.length, rate),
        format=resources.format(source, source.rate),
        tcFormat="DF" if start.drop else "NDF",
    )
    note = one_line(" ".join(filter(None, (item.caption_ko, item.caption_en))))
    if note:
        ET.SubElement(clip, "note").text = note
    for first, _, caption in captions_in(placed):
        ET.SubElement(
            clip,
            "marker",
            start=_seconds(start.frame + first, source.rate),
            duration=_seconds(1, source.rate),
            value=caption,
        )


def _seconds(frames: int, rate: Fraction) -> str:
    """Frames as a rational number of seconds, in units of the rate as Final Cut writes it: `3003/30000s`."""
    if frames == 0:
        return "0s"
    return f"{frames * rate.denominator}/{rate.numerator}s"
