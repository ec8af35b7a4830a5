"""Clips, reels and moving pictures: files with exactly the frames asked for.

A single clip's packets are copied where the range begins at a key frame and is stored without frames from outside
of it; else pictures are encoded anew (H.264). Sound is always encoded: it begins and ends with the pictures. What
was written is read again: a file without the right frames is never handed over.
"""

from __future__ import annotations

import re
import tempfile
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal

from vsearch_pipeline.errors import InputError, MediaError, VsearchError
from vsearch_pipeline.export.frames import Cut, find_cut, shown_times
from vsearch_pipeline.export.sources import Placed, Reel
from vsearch_pipeline.export.text import one_line
from vsearch_pipeline.export.timecode import BROADCAST_RATES
from vsearch_pipeline.timeline import clock

Progress = Callable[[int, int], None]
"""Called with how many items are done, and how many there are."""

QUALITY: Final = 18
"""x264's constant rate factor: not to be told from the original by eye."""
SAMPLE_RATE: Final = 48_000
GIF_LONGEST_MS: Final = 30_000
GIF_WIDTH: Final = 480
GIF_RATE: Final = 12

_NAME_BYTES: Final = 150
_OFF_S: Final = Fraction(2, 1000)
"""Times of frames may be rounded so far, to the ms of Matroska and the ticks of MP4."""
_SEEK_S: Final = Fraction(1)
"""So much before the first frame ffmpeg begins to read."""
_BEHIND_S: Final = Fraction(1)
"""So far behind the last frame it reads packets to copy: they are stored in another order."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An item that was left out, and why."""

    placed: Placed
    reason: str

    def __str__(self) -> str:
        return f"{self.placed.item.title} {self.placed.item.span}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Written:
    """Files that were made, and the items that could not be."""

    paths: tuple[Path, ...]
    failures: tuple[Failure, ...]


def write_clips(reel: Reel, folder: Path, on_progress: Progress | None = None) -> Written:
    """An MP4 of its own for each item, named after its number, title and time."""
    return _each(reel, folder, ".mp4", _write_clip, on_progress)


def write_gifs(reel: Reel, folder: Path, on_progress: Progress | None = None) -> Written:
    """A GIF without sound for each item, at most `GIF_WIDTH` pixels wide and `GIF_RATE` frames a second."""
    return _each(reel, folder, ".gif", _write_gif, on_progress)


def write_reel(reel: Reel, path: Path, on_progress: Progress | None = None) -> Written:
    """One MP4 of all items, at the size of the first and the rate of the reel, each as long as the reel says.

    Pictures of another shape are put on black, items without sound are silent. An item that cannot be read is left
    out: the reel is shorter by it.

    Raises:
        InputError: the name is of another kind of file, or there already, or cannot be written.
        MediaError: no item can be read.
    """
    if path.suffix.lower() != ".mp4":
        raise InputError(f"{path}: a reel is an MP4 file; give a name that ends in .mp4.")
    if path.exists():
        raise InputError(f"{path}: it is there already; give another name.")
    size = _even_size(reel)
    failures: list[Failure] = []
    lengths: list[int] = []
    with _working_folder(path.parent) as work:
        for number, placed in enumerate(reel.placed):
            try:
                _write_part(placed, reel.rate, size, work / f"{len(lengths)}.mov")
                lengths.append(placed.length)
            except VsearchError as error:
                failures.append(Failure(placed, str(error)))
            if on_progress:
                on_progress(number + 1, len(reel.placed))
        if not lengths:
            raise MediaError(f"Nothing can be joined: {failures[0]}")
        _join(work, lengths, reel.rate)
        (work / "joined").rename(path)
    return Written((path,), tuple(failures))


def _each(
    reel: Reel,
    folder: Path,
    suffix: Literal[".mp4", ".gif"],
    write: Callable[[Placed, Path], None],
    on_progress: Progress | None,
) -> Written:
    paths: list[Path] = []
    failures: list[Failure] = []
    with _working_folder(folder) as work:
        for number, placed in enumerate(reel.placed, 1):
            try:
                write(placed, work / "part")
                name = file_name(placed, number, len(reel.placed), suffix)
                paths.append((work / "part").rename(_free(folder / name)))
            except VsearchError as error:
                failures.append(Failure(placed, str(error)))
            if on_progress:
                on_progress(number, len(reel.placed))
    return Written(tuple(paths), tuple(failures))


# --- names and places -------------------------------------------------------------------------------------------


def file_name(placed: Placed, number: int, of: int, suffix: str) -> str:
    """`01 Title 0-03.500.mp4`: letters of any script, nothing that a file system forbids, at most 200 bytes."""
    title = unicodedata.normalize("NFC", one_line(placed.item.title))
    title = re.sub(r'[/\\:*?"<>|\u200e\u200f\u202a-\u202e\u2066-\u2069]+', " ", title)
    title = " ".join(title.split()).encode()[:_NAME_BYTES].decode(errors="ignore").strip(" .")
    time = clock(placed.item.span.start_ms).replace(":", "-")
    return f"{number:0{max(2, len(str(of)))}d} {title} {time}{suffix}".replace("  ", " ")


def _free(path: Path) -> Path:
    """The path, or with a number where there is such a file."""
    number = 2
    free = path
    while free.exists():
        free = path.with_name(f"{path.stem} ({number}){path.suffix}")
        number += 1
    return free


@contextmanager
def _working_folder(folder: Path) -> Iterator[Path]:
    """A folder inside `folder`, so that what is done is renamed into place; made with it, and taken away."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        work = tempfile.TemporaryDirectory(prefix=".vsearch-", dir=folder)
    except OSError as error:
        raise InputError(f"{folder}: nothing can be written there ({error.strerror}).") from error
    with work as name:
        yield Path(name)


# --- one item ---------------------------------------------------------------------------------------------------


def _file_of(placed: Placed) -> Path:
    if placed.source.file is None:
        kind = "it was imported without its file" if placed.item.video.kind == "imported" else "its file is gone"
        raise MediaError(f"{kind}, so no clip can be made of it; add the video file with `vsearch add`")
    return placed.source.file.local()


def _cut_of(placed: Placed) -> Cut:
    return find_cut(_file_of(placed), placed.item.span, placed.item.video.duration_ms)


def _write_clip(placed: Placed, target: Path) -> None:
    path = _file_of(placed)
    cut = _cut_of(placed)

    def copy() -> None:
        _copy(path, cut, target, _timecode(placed))

    def encode(source: Any) -> None:
        streams = [_even(_pictures(source, cut))]
        if cut.has_sound:
            streams.append(_sound(source, cut.start, cut.duration))
        _run(streams, target, "mp4", "-copyts", **_AS_SHOWN, **_H264, **_AAC, **_timecode(placed))

    ways = [partial(encode, source) for source in _openings(path, cut)]
    _first_good([copy, *ways] if cut.copyable else ways, lambda: _has_frames(target, cut), target, len(cut.times))


def _first_good(
    ways: Iterable[Callable[[], None]], is_good: Callable[[], bool], target: Path, frames: int
) -> None:
    """Try ways to write a file until one gives what is wanted.

    Raises:
        MediaError: none does; the message is that of the last.
    """
    reason = ""
    for way in ways:
        try:
            way()
        except MediaError as error:
            reason = str(error)
            continue
        if is_good():
            return
        reason = f"it takes {frames} frames, but {_count(target)} came out: it is damaged"
    raise MediaError(reason)


def _copy(path: Path, cut: Cut, target: Path, timecode: Mapping[str, str]) -> None:
    start = _decimal(cut.start - cut.clock_start, down=True)
    source = _input(path, ss=start, t=_decimal(cut.duration + _BEHIND_S))
    streams = [source[str(cut.stream)]]
    if cut.has_sound:
        streams.append(_sound(_open_near(path, cut), cut.start, cut.duration))
    options = {
        "c:v": "copy",
        # not by -frames, which makes ffmpeg drop the end of the sound
        "bsf:v": f"noise=drop=floor(n/{len(cut.times)}),setts=pts=PTS-STARTPTS:dts=DTS-STARTPTS",
        "metadata:s:v:0": "timecode=",  # that of the original's first frame
    }
    _run(streams, target, "mp4", "-copyts", **options, **_AAC, **timecode)


def _has_frames(made: Path, cut: Cut) -> bool:
    """Whether a file has as many frames as a cut, at their times (where the original stores times)."""
    if _count(made) != len(cut.times):
        return False
    return cut.number is not None or all(
        abs(new - (time - cut.start)) <= _OFF_S for new, time in zip(shown_times(made), cut.times, strict=True)
    )


def _count(made: Path) -> int:
    """How many frames a file has; ffmpeg leaves out the stream of none."""
    try:
        return len(shown_times(made))
    except MediaError:
        return 0


def _timecode(placed: Placed) -> dict[str, str]:
    """The original's timecode goes on in the clip, so that editing programs find the place in it."""
    source = placed.source
    if source.timecode is None or source.video.variable_frame_rate or source.rate not in BROADCAST_RATES:
        return {}
    return {"timecode": str((source.first() + placed.first).of_day())}


def _write_gif(placed: Placed, target: Path) -> None:
    import ffmpeg

    item, path = placed.item, _file_of(placed)
    if item.span.duration_ms > GIF_LONGEST_MS:
        raise InputError(
            f"a GIF can be {GIF_LONGEST_MS // 1000} seconds long, but this is {item.span.duration_ms / 1000:.1f}:"
            " choose a shorter range, or clips"
        )
    cut = _cut_of(placed)
    width, height = item.video.width or GIF_WIDTH, item.video.height or GIF_WIDTH
    scale = min(Fraction(1), Fraction(GIF_WIDTH, width))
    rate = min(placed.source.rate, Fraction(GIF_RATE))

    def write(source: Any) -> None:
        pictures = (
            _at_rate(_pictures(source, cut), rate)
            .filter("scale", max(1, round(width * scale)), max(1, round(height * scale)), flags="lanczos")
            .filter("setsar", 1)
            .split()
        )
        palette = pictures[0].filter("palettegen", stats_mode="diff")
        drawn = ffmpeg.filter([pictures[1], palette], "paletteuse", diff_mode="rectangle")
        _run([drawn], target, "gif", "-copyts")

    least = max(1, int(cut.duration * rate))
    ways = [partial(write, source) for source in _openings(path, cut)]
    _first_good(ways, lambda: _count(target) >= least, target, least)


# --- a reel -----------------------------------------------------------------------------------------------------


def _even_size(reel: Reel) -> tuple[int, int]:
    """Of the first item that has a file, pixels; H.264 needs even numbers."""
    video = next((p.source.video for p in reel.placed if p.source.file), reel.placed[0].source.video)
    width, height = video.width or 1920, video.height or 1080
    return width + width % 2, height + height % 2


def _write_part(placed: Placed, rate: Fraction, size: tuple[int, int], target: Path) -> None:
    """An item as a part of a reel: parts differ in nothing but what they show, so that they can be joined."""
    path = _file_of(placed)
    cut = _cut_of(placed)
    duration = placed.length / rate

    def write(source: Any) -> None:
        pictures = (
            _at_rate(_pictures(source, cut), rate)
            .filter("tpad", stop_mode="clone", stop=-1)
            .filter("trim", end_frame=placed.length)
            .filter("scale", "iw*sar", "ih")
            .filter("setsar", 1)
            .filter(
                "scale", *size, force_original_aspect_ratio="decrease", out_color_matrix="bt709", out_range="tv"
            )
            .filter("pad", *size, "(ow-iw)/2", "(oh-ih)/2")
            .filter("setsar", 1)
            .filter("format", "yuv420p")
            .filter("setparams", range="tv", colorspace="bt709", color_primaries="bt709", color_trc="bt709")
        )
        sound = _sound(source, cut.start, duration) if cut.has_sound else _silence(duration)
        sound = sound.filter("aformat", sample_fmts="s16", channel_layouts="stereo")
        _run([pictures, sound], target, "mov", "-copyts", **_AS_SHOWN, **_H264, **{"c:a": "pcm_s16le"})

    ways = [partial(write, source) for source in _openings(path, cut)]
    _first_good(ways, lambda: _count(target) == placed.length, target, placed.length)


def _join(work: Path, lengths: Sequence[int], rate: Fraction) -> None:
    listed = "".join(f"file {i}.mov\nduration {_decimal(length / rate)}\n" for i, length in enumerate(lengths))
    (work / "list").write_text(f"ffconcat version 1.0\n{listed}", encoding="ascii")
    parts = _input(work / "list", f="concat")
    _run([parts["v"], parts["a"]], work / "joined", "mp4", **{"c:v": "copy"}, **_AAC)
    if _count(work / "joined") != sum(lengths):
        raise MediaError(f"the reel has {_count(work / 'joined')} frames, but {sum(lengths)} were joined")


# --- ffmpeg -----------------------------------------------------------------------------------------------------

_H264: Final[Mapping[str, Any]] = {"c:v": "libx264", "crf": QUALITY, "pix_fmt": "yuv420p"}
_AS_SHOWN: Final[Mapping[str, Any]] = {"fps_mode": "passthrough", "enc_time_base": "filter"}
"""No frame is dropped or doubled, and times are not rounded to a rate."""
_AAC: Final[Mapping[str, Any]] = {"c:a": "aac", "b:a": "192k"}


def _input(path: Path, **options: Any) -> Any:
    import ffmpeg

    # "file:" keeps names with colons from being read as protocols
    return ffmpeg.input(f"file:{path}", protocol_whitelist="file", **options)


def _open_near(path: Path, cut: Cut) -> Any:
    """The file from before the cut's key frame on; with `-copyts` its timestamps stay, wherever it begins."""
    at = cut.key - cut.clock_start - _SEEK_S
    return _input(path, ss=_decimal(at)) if at > 0 and cut.number is None else _input(path)


def _openings(path: Path, cut: Cut) -> tuple[Any, Any]:
    """Ways to open the file, the quick one first: some containers cannot be searched exactly."""
    return _open_near(path, cut), _input(path)


def _pictures(source: Any, cut: Cut) -> Any:
    """The frames of a cut, the first one at 0."""
    stream = source[str(cut.stream)]
    if cut.number is not None:
        frames = stream.filter("trim", start_frame=cut.number, end_frame=cut.number + len(cut.times))
    else:
        frames = stream.filter("trim", start=_decimal(cut.before), end=_decimal(cut.behind))
    return frames.filter("setpts", "PTS-STARTPTS")


def _at_rate(pictures: Any, rate: Fraction) -> Any:
    """Pictures at a constant rate, the first one first: each time shows the last picture that has begun."""
    early = pictures.filter("setpts", f"PTS-{_decimal(_OFF_S)}/TB")  # times are rounded, up would be a frame late
    return early.filter("fps", str(rate), start_time=0, round="up")


def _even(pictures: Any) -> Any:
    """Sides of even numbers of pixels, which H.264 needs."""
    return pictures.filter("pad", "ceil(iw/2)*2", "ceil(ih/2)*2")


def _sound(source: Any, start: Fraction, duration: Fraction) -> Any:
    """The sound of a stretch, from 0 on: silent where there is none, of exactly that length."""
    return (
        source["a:0"]
        .filter("atrim", start=_decimal(start), end=_decimal(start + duration))
        .filter("asetpts", f"PTS-({_decimal(start)})/TB")
        .filter("aresample", SAMPLE_RATE, **{"async": 1, "first_pts": 0})
        .filter("apad", whole_len=round(duration * SAMPLE_RATE))
        .filter("atrim", end_sample=round(duration * SAMPLE_RATE))
    )


def _silence(duration: Fraction) -> Any:
    import ffmpeg

    silence = ffmpeg.input(f"anullsrc=r={SAMPLE_RATE}:cl=stereo", f="lavfi")
    return silence.filter("atrim", end_sample=round(duration * SAMPLE_RATE))


def _run(streams: Sequence[Any], target: Path, container: str, *arguments: str, **options: Any) -> None:
    """Write streams to a file.

    Raises:
        MediaError: ffmpeg failed; the message has its last line.
    """
    import ffmpeg
    import imageio_ffmpeg

    output = ffmpeg.output(
        *streams, f"file:{target}", format=container, map_metadata=-1, map_chapters=-1, **options
    ).global_args("-nostdin", "-v", "error", *arguments)
    try:
        ffmpeg.run(output, cmd=imageio_ffmpeg.get_ffmpeg_exe(), quiet=True, overwrite_output=True)
    except ffmpeg.Error as error:
        lines = error.stderr.decode(errors="replace").strip().splitlines()
        raise MediaError(f"ffmpeg cannot write it ({lines[-1] if lines else 'it said nothing'})") from error


def _decimal(seconds: Fraction, *, down: bool = False) -> str:
    """Seconds to the microsecond, ffmpeg's smallest unit."""
    micro = int(seconds * 1_000_000 // 1) if down else round(seconds * 1_000_000)
    return f"{'-' if micro < 0 else ''}{abs(micro) // 1_000_000}.{abs(micro) % 1_000_000:06d}"
