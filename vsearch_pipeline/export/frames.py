"""Which frames of a file a range means, from its timestamps, and whether its packets can be copied as they are."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Final

from vsearch_pipeline.errors import MediaError
from vsearch_pipeline.media.decoding import Frames, open_media, timestamp, video_stream
from vsearch_pipeline.timeline import TimeRange

COPIED_CODECS: Final = frozenset({"h264", "hevc", "av1"})
"""What players of MP4 know."""

_BEFORE_S: Final = (2, 30)
"""The file is read from so much before a range; else, where there is no key frame, from its start."""
_BEHIND_S: Final = 2
"""And to so much behind it: frames are stored in another order than shown."""
_LOST_S: Final = 1
"""A file that ends so much before the catalogue's length has a clock that begins anew in the middle."""
_STEP_S: Final = Fraction(1, 25)


@dataclass(frozen=True, slots=True)
class Cut:
    """The frames of a range, in seconds of the file's own timestamps.

    Attributes:
        stream: index of the video stream.
        times: when each frame is shown.
        before: between the frame before and the first one; any time before the first where there is none.
        behind: between the last frame and the next one.
        end: when the last frame is over; the sound ends there.
        clock_start: where the file's clock begins.
        key: when the last key frame up to the first frame is shown: decoding begins there.
        number: of the first frame, counted from the file's first one, in files that store no presentation times.
        copyable: the frames are packets in a row from a key frame on, so that they can be copied.
    """

    stream: int
    times: tuple[Fraction, ...]
    before: Fraction
    behind: Fraction
    end: Fraction
    clock_start: Fraction
    key: Fraction
    number: int | None
    copyable: bool
    has_sound: bool

    @property
    def start(self) -> Fraction:
        return self.times[0]

    @property
    def duration(self) -> Fraction:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class _Packet:
    time: Fraction
    duration: Fraction
    key: bool


def find_cut(path: Path, span: TimeRange, length_ms: int | None) -> Cut:
    """The frames whose presentation time lies in a range of the video's clock, in ms as the catalogue rounds them.

    Args:
        length_ms: of the whole video, where it is known.

    Raises:
        MediaError: the file cannot be read, no frame begins in the range, or the file's clock begins anew.
    """
    origin = _first_time(path)
    with open_media(path) as container:
        length = Fraction(container.duration or 0, 1_000_000)
        if length_ms and 0 < length + _LOST_S < Fraction(length_ms, 1000):
            raise MediaError("its clock begins anew in the middle, so that ranges of it cannot be cut")
        stream = video_stream(container)
        index, codec = stream.index, stream.codec.canonical_name
        untimed = container.format.name == "avi"
        clock_start = Fraction(container.start_time or 0, 1_000_000)
        has_sound = any(s.codec_context is not None for s in container.streams.audio)
    packets = _packets_around(path, origin, span, from_start=untimed)
    if untimed and packets:  # the first frame comes out with a later packet's time
        origin = packets[0].time

    def ms(time: Fraction) -> int:
        return int(((time - origin) * 2000 + 1) // 2)

    wanted = [i for i, packet in enumerate(packets) if span.start_ms <= ms(packet.time) < span.end_ms]
    if not wanted:
        raise MediaError(f"no frame begins within {span}")
    times = sorted(packets[i].time for i in wanted)
    last = next(packets[i] for i in wanted if packets[i].time == times[-1])
    earlier = [packet.time for packet in packets if packet.time < times[0]]
    later = [packet.time for packet in packets if packet.time > times[-1]]
    following = min(later) if later else times[-1] + (last.duration or _usual_step(packets))
    in_a_row = wanted[-1] - wanted[0] + 1 == len(wanted)
    first = packets[wanted[0]]
    return Cut(
        stream=index,
        times=tuple(times),
        before=(max(earlier) + times[0]) / 2 if earlier else times[0] - 1,
        behind=(times[-1] + following) / 2,
        end=following if ms(following) <= span.end_ms else origin + Fraction(span.end_ms, 1000),
        clock_start=clock_start,
        key=max((p.time for p in packets if p.key and p.time <= times[0]), default=origin),
        number=len(earlier) if untimed else None,
        copyable=codec in COPIED_CODECS and not untimed and in_a_row and first.key and first.time == times[0],
        has_sound=has_sound,
    )


def _usual_step(packets: Sequence[_Packet]) -> Fraction:
    """The usual time between two frames, for a last one that does not say how long it is shown."""
    times = sorted(packet.time for packet in packets)
    gaps = sorted(after - before for before, after in pairwise(times))
    return gaps[len(gaps) // 2] if gaps else _STEP_S


def _first_time(path: Path) -> Fraction:
    """The time of the first frame that can be decoded: 0 of the video's clock."""
    with open_media(path) as container:
        stream = video_stream(container)
        frames = Frames(container, stream, path)
        first = next(iter(frames), None)
        if first is None:
            raise frames.explain_nothing()
        ticks = timestamp(container, first)
        if ticks is None:
            raise MediaError("its frames have no times, so that ranges of it cannot be cut")
        return Fraction(ticks * stream.time_base)


def _packets_around(path: Path, origin: Fraction, span: TimeRange, *, from_start: bool) -> list[_Packet]:
    """Packets in the order of decoding, from a key frame before the range to behind it."""
    start = origin + Fraction(span.start_ms, 1000)
    behind = origin + Fraction(span.end_ms, 1000) + _BEHIND_S
    for before in _BEFORE_S:
        if start - before > origin and not from_start:
            packets = _packets(path, start - before, behind)
            if any(packet.key and packet.time <= start for packet in packets):
                return packets
    return _packets(path, None, behind)


def _packets(path: Path, begin: Fraction | None, behind: Fraction) -> list[_Packet]:
    """Packets from about `begin` (the file's start where None, or where it cannot be searched) to `behind`."""
    import av

    packets = []
    with open_media(path) as container:
        stream = video_stream(container)
        base = Fraction(stream.time_base)
        untimed = container.format.name == "avi"
        if begin is not None:
            with suppress(av.error.FFmpegError):
                container.seek(int(begin / base), stream=stream)
        for packet in container.demux(stream):
            if packet.dts is not None and packet.dts * base > behind:
                break
            ticks = packet.dts if untimed else packet.pts
            if ticks is not None and packet.size and not packet.is_discard:
                packets.append(_Packet(ticks * base, (packet.duration or 0) * base, packet.is_keyframe))
    return packets


def shown_times(path: Path) -> list[Fraction]:
    """When each frame of a file is shown, seconds from the first, from its packets.

    Raises:
        MediaError: it is not a video.
    """
    with open_media(path) as container:
        stream = video_stream(container)
        base = Fraction(stream.time_base)
        times = sorted(p.pts * base for p in container.demux(stream) if p.pts is not None and not p.is_discard)
    return [time - times[0] for time in times]
