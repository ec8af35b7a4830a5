"""Timelines read back with opentimelineio: where each clip of the video track begins and ends in its file."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from fractions import Fraction
from typing import Any
from xml.etree import ElementTree as ET

import opentimelineio as otio
from otio_fcpx_xml_adapter.fcpx_xml import FcpxXml


@dataclass(frozen=True)
class Points:
    """In and out point of a clip, frames of its own rate."""

    name: str
    first: int
    end: int
    rate: float


class ExactFcpxXml(FcpxXml):  # type: ignore[misc]
    """The adapter's reader with times as fractions; its own counts 29.97 as 29 and cuts off float remainders."""

    def _rate(self, format_id: str) -> Fraction:
        total, rate = self._format_frame_duration(format_id)
        return Fraction(int(rate), int(total))

    def _format_frame_rate(self, format_id: str) -> float:
        return float(self._rate(format_id))

    def _number_of_frames(self, time_value: str | None, format_id: str) -> int:
        return round(Fraction((time_value or "0s").rstrip("s")) * self._rate(format_id))

    def _time_range(self, element: ET.Element, format_id: str) -> Any:
        start, duration = (
            otio.opentime.RationalTime(
                self._number_of_frames(element.get(name), format_id), self._format_frame_rate(format_id)
            )
            for name in ("start", "duration")
        )
        return otio.opentime.TimeRange(start, duration)


def read(text: str, format_name: str, rate: float | None = None) -> Any:
    """A timeline from a file's text; an EDL does not say its rate."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if format_name == "fcpxml":
            return ExactFcpxXml(text).to_otio()
        if format_name == "edl":
            return otio.adapters.read_from_string(text, "cmx_3600", rate=rate)
        return otio.adapters.read_from_string(_released(text) if "Marker.3" in text else text, "otio_json")


def _released(text: str) -> str:
    """Markers of the unreleased schema `Marker.3`, whose colours are objects, as released versions know them."""

    def older(found: dict[str, Any]) -> dict[str, Any]:
        if found.get("OTIO_SCHEMA") != "Marker.3":
            return found
        colour = found.get("color") or {}
        return {**found, "OTIO_SCHEMA": "Marker.2", "color": colour.get("name", "RED")}

    return json.dumps(json.loads(text, object_hook=older))


def points(timeline: Any, track: int = 0) -> list[Points]:
    """Of each clip of a track, in order."""
    found = []
    for clip in timeline.tracks[track]:
        if isinstance(clip, otio.schema.Clip):
            span = clip.trimmed_range()
            end = span.end_time_exclusive()
            found.append(Points(clip.name, round(span.start_time.value), round(end.value), span.start_time.rate))
    return found
