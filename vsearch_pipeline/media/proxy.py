"""A copy of a video that every browser plays: MP4, H.264, AAC, with the same frames at the same times.

Frames and times come from the same decoder and clock as the sampled frames and shots, so what the catalogue knows
of the video holds to the frame: time 0 of the proxy is its first frame.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from vsearch_pipeline.browsers import Stored
from vsearch_pipeline.errors import MediaError
from vsearch_pipeline.media.audio import Sound
from vsearch_pipeline.media.decoding import (
    Frames,
    Pictures,
    Upright,
    has_alpha,
    open_media,
    pixel_aspect,
    square_size,
    timestamp,
    video_stream,
)
from vsearch_pipeline.media.probe import claimed_rate, probe
from vsearch_pipeline.media.timestamps import FrameClock

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Block = NDArray[np.int16]

LONG_SIDE: Final = 1920
SHORT_SIDE: Final = 1080
CRF: Final = 21
"""x264's constant rate factor: hardly to be told from the original at viewing distance."""

_MS: Final = Fraction(1, 1000)
_SAMPLE_RATE: Final = 48_000
_SOUND_BITS: Final = 160_000
_VIDEO_OPTIONS: Final = {"preset": "veryfast", "crf": str(CRF), "maxrate": "12M", "bufsize": "24M"}
_KEY_FRAME_S: Final = 1
"""Between two key frames: as much a browser decodes at most before it shows the frame that is sought."""
_DEFAULT_RATE: Final = Fraction(25)
_REPORT_MS: Final = 1000
# ITU-T H.273: BT.709; the transfers of high dynamic range (PQ, HLG), which browsers show by the file's tags.
_BT709: Final = 1
_HIGH_RANGE: Final = frozenset({16, 18})
_VIDEO_RANGE: Final = 1


@dataclass(frozen=True, slots=True)
class Proxy:
    """What was written, read back from it.

    Attributes:
        frames: how many it has.
        duration_ms: until its last frame is over.
        width, height: pixels.
        source_frames, source_duration_ms: the same of the video, as it was decoded.
        moved: frames that are shown at another ms than the video's.
    """

    frames: int
    duration_ms: int
    width: int
    height: int
    has_audio: bool
    size_bytes: int
    source_frames: int
    source_duration_ms: int
    moved: int


def stored(path: Path) -> Stored:
    """How a video is stored, for what browsers make of it.

    Raises:
        MediaError: it is not a video we can read.
    """
    info = probe(path)
    return Stored(
        info.container,
        info.video_codec,
        info.audio_codec,
        info.pixel_format,
        info.width,
        info.height,
        info.mirrored,
    )


def write_proxy(path: Path, target: Path, on_progress: Callable[[int], None] | None = None) -> Proxy:
    """Encode the video at `path` anew into `target`, an MP4, in memory that does not grow with its length.

    Pictures are upright with square pixels and fit into 1920x1080 (1080x1920), what is transparent is shown over
    black. Sound is stereo and ends with the pictures. Damaged packets are skipped, as they are in sampling.

    Arguments:
        on_progress: called about once a second of video with the time reached, ms.

    Raises:
        MediaError: it is not a video we can read, or `target` cannot be written.
    """
    import av

    try:
        times, duration_ms = _encode(path, target, on_progress)
        return _read_back(target, times, duration_ms)
    except av.error.FFmpegError as error:
        raise MediaError(f"a copy that browsers play cannot be made (ffmpeg: {error.strerror})") from error


def _encode(path: Path, target: Path, on_progress: Callable[[int], None] | None) -> tuple[list[int], int]:
    """Times of the frames, ms, and when the last one is over."""
    import av

    with open_media(path) as container, open_media(path) as sounding:
        stream = video_stream(container)
        clock = FrameClock(Fraction(stream.time_base), claimed_rate(stream))
        frames = Frames(container, stream, path)
        decoded = iter(frames)
        first = next(decoded, None)
        if first is None:
            raise frames.explain_nothing()
        begin = timestamp(container, first)
        start = None if begin is None else begin * Fraction(stream.time_base)
        sound = Sound.of(sounding, path, rate=_SAMPLE_RATE, layout="stereo", start=start)
        shaped = _Shape(first, stream)
        times: list[int] = []
        with av.open(f"file:{target}", "w", format="mp4", options={"movflags": "+faststart"}) as output:
            writer = _Writer(output, shaped, claimed_rate(stream), sound)
            last_duration: int | None = None
            reported = 0
            for frame in _chain(first, decoded):
                time_ms = clock.tick(timestamp(container, frame), frame.dts)
                times.append(time_ms)
                last_duration = frame.duration
                writer.add(frame, time_ms)
                if on_progress and time_ms - reported >= _REPORT_MS:
                    reported = time_ms
                    on_progress(time_ms)
            duration_ms = clock.end_ms(last_duration)
            writer.finish(duration_ms)
    return times, duration_ms


def _chain(first: Any, others: Iterator[Any]) -> Iterator[Any]:
    yield first
    yield from others


class _Shape:
    """Brings frames to what the proxy stores: upright, square pixels, even sides, 8 bits, 4:2:0.

    Attributes:
        width, height: of the proxy, pixels.
        colours: tags for matrix, primaries and transfer; of high dynamic range the original's, which browsers map.
    """

    def __init__(self, first: Any, stream: Any) -> None:
        from av.video.reformatter import Colorspace, VideoReformatter

        self._upright = Upright.of(first)
        self._alpha = has_alpha(stream)
        self._scaler = VideoReformatter()
        self._pictures = Pictures("BICUBIC")
        width, height = square_size(first.width, first.height, pixel_aspect(stream))
        scale = min(1.0, LONG_SIDE / max(width, height), SHORT_SIDE / min(width, height))
        self._stored = _even(width * scale), _even(height * scale)
        self.width, self.height = self._stored[::-1] if self._upright.transpose else self._stored
        high_range = first.color_trc in _HIGH_RANGE
        self._colorspace = None if high_range else Colorspace.ITU709
        self.colours = (
            (first.colorspace, first.color_primaries, first.color_trc) if high_range else (_BT709, _BT709, _BT709)
        )

    def __call__(self, frame: Any, time_ms: int) -> Any:
        import av
        from av.video.reformatter import Interpolation

        if self._alpha:
            frame = av.VideoFrame.from_ndarray(self._pictures.bgr(frame, *self._stored), format="bgr24")
        shaped = self._scaler.reformat(
            frame,
            *self._stored,
            "yuv420p",
            dst_colorspace=self._colorspace,
            interpolation=Interpolation.BICUBIC,
            dst_color_range=_VIDEO_RANGE,
            threads=1,
        )
        if self._upright != Upright():
            shaped = self._turned(shaped)
        shaped.pts, shaped.time_base = time_ms, _MS
        shaped.pict_type = 0  # the encoder chooses its own key frames
        return shaped

    def _turned(self, frame: Any) -> Any:
        import av
        import numpy as np

        stored: Any = frame.to_ndarray()
        width, height = self._stored
        luma, chroma = stored[:height], stored[height:].reshape(2, height // 2, width // 2)
        planes = [self._upright.apply(plane) for plane in (luma, *chroma)]
        turned = np.concatenate([plane.reshape(-1) for plane in planes])
        return av.VideoFrame.from_ndarray(turned.reshape(-1, self.width), format="yuv420p")


def _even(side: float) -> int:
    """H.264 with 4:2:0 stores even numbers of pixels."""
    return max(2, round(side / 2) * 2)


class _Writer:
    """Pictures and sound, in step, each frame with the time until the next one."""

    def __init__(self, output: Any, shape: _Shape, rate: Fraction | None, sound: Sound | None) -> None:
        self._output = output
        self._shape = shape
        rate = rate if rate and 1 <= rate <= 240 else _DEFAULT_RATE
        self._video = output.add_stream("libx264", rate=rate, options=dict(_VIDEO_OPTIONS))
        context = self._video.codec_context
        context.width, context.height, context.pix_fmt = shape.width, shape.height, "yuv420p"
        context.time_base = _MS
        context.gop_size = max(1, round(rate * _KEY_FRAME_S))
        context.max_b_frames = 0  # stored in the order of showing, so that time 0 needs no edit list
        context.colorspace, context.color_primaries, context.color_trc = shape.colours
        context.color_range = _VIDEO_RANGE
        self._times: deque[int] = deque()  # of the frames whose packets are still to come
        self._waiting: deque[Any] = deque()  # packets whose frame's end is not known yet
        self._blocks = iter(sound) if sound else iter(())
        self._sound = None
        if sound:
            self._sound = output.add_stream("aac", rate=_SAMPLE_RATE, layout="stereo")
            self._sound.bit_rate = _SOUND_BITS
        self._samples = 0
        self._rest: Block | None = None

    def add(self, frame: Any, time_ms: int) -> None:
        self._times.append(time_ms)
        self._waiting.extend(self._video.encode(self._shape(frame, time_ms)))
        self._write(None)
        self._sound_until(time_ms)

    def finish(self, duration_ms: int) -> None:
        self._waiting.extend(self._video.encode())
        self._write(duration_ms)
        self._sound_until(duration_ms)
        if self._sound is not None:
            self._output.mux(self._sound.encode())

    def _write(self, end_ms: int | None) -> None:
        while self._waiting:
            following = self._times[1] if len(self._times) > 1 else end_ms
            if following is None:
                return
            packet = self._waiting.popleft()
            packet.duration = following - self._times.popleft()
            self._output.mux(packet)

    def _sound_until(self, time_ms: int) -> None:
        """Sound up to a time, or to its end."""
        import av

        until = time_ms * _SAMPLE_RATE // 1000
        while self._sound is not None and self._samples < until:
            block = self._rest if self._rest is not None else next(self._blocks, None)
            if block is None:
                return
            now, rest = block[: until - self._samples], block[until - self._samples :]
            self._rest = rest if len(rest) else None
            sound = av.AudioFrame.from_ndarray(now.reshape(1, -1), format="s16", layout="stereo")
            sound.rate, sound.pts, sound.time_base = _SAMPLE_RATE, self._samples, Fraction(1, _SAMPLE_RATE)
            self._output.mux(self._sound.encode(sound))
            self._samples += len(now)


def _read_back(target: Path, times: list[int], duration_ms: int) -> Proxy:
    with open_media(target) as container:
        stream = video_stream(container)
        base = Fraction(stream.time_base) * 1000
        made = [
            (round(packet.pts * base), round((packet.duration or 0) * base))
            for packet in container.demux(stream)
            if packet.pts is not None
        ]
        return Proxy(
            frames=len(made),
            duration_ms=sum(made[-1]) if made else 0,
            width=stream.width,
            height=stream.height,
            has_audio=bool(container.streams.audio),
            size_bytes=target.stat().st_size,
            source_frames=len(times),
            source_duration_ms=duration_ms,
            moved=sum(shown != time for (shown, _), time in zip(made, times, strict=False)),
        )
