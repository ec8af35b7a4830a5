"""The files that items come from, and where an item lies: in its file and in what is joined of several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from vsearch_pipeline.catalog.videos import VideoRecord
from vsearch_pipeline.errors import InputError, MediaError
from vsearch_pipeline.export.selection import Item
from vsearch_pipeline.export.timecode import Timecode, broadcast_rate, edit_rate, frame_at, time_of
from vsearch_pipeline.media.decoding import open_media, video_stream
from vsearch_pipeline.storage.store import MediaStore


@dataclass(frozen=True, slots=True)
class StoredFile:
    """The file of a video in the store."""

    store: MediaStore
    name: str

    @property
    def uri(self) -> str:
        """Where editing programs find it, links resolved."""
        return self.store.local(self.name).resolve().as_uri() if self.store.is_folder else self.shown

    @property
    def shown(self) -> str:
        """Where people find it."""
        store = self.store
        return str(store.local(self.name).resolve()) if store.is_folder else f"{store.where}/{self.name}"

    def local(self) -> Path:
        """The file on this machine's disk."""
        return self.store.local(self.name)


@dataclass(frozen=True, slots=True)
class Source:
    """A video as editing programs see it.

    Attributes:
        file: of the video, in the store; None for an imported video, or where the file is gone.
        rate: frames a second by which its frames are counted; of a variable rate, the nearest one of a sequence.
        timecode: label of its first frame as the file says it; None where it has none.
        reel: name of the tape or card, as the file says it.
    """

    video: VideoRecord
    file: StoredFile | None
    rate: Fraction
    timecode: str | None = None
    reel: str | None = None

    @property
    def has_sound(self) -> bool:
        return self.video.audio_codec is not None

    @property
    def clip_name(self) -> str:
        """What the file is called outside of the library."""
        return self.video.title + (Path(self.video.path).suffix if self.video.path else "")

    def first(self, rate: Fraction | None = None) -> Timecode:
        """Label of the first frame at a rate, its own where None; 0 where the file has no timecode."""
        rate = rate or self.rate
        said = Timecode.parse(self.timecode, rate) if self.timecode else None
        return said or Timecode(0, rate)


def read_source(video: VideoRecord, store: MediaStore) -> Source:
    """What the file of a video says; a video without a file is a source as well."""
    rate = edit_rate(video.frame_rate, variable=bool(video.variable_frame_rate))
    if video.path is None or not store.exists(video.path):
        return Source(video, None, rate)
    file = StoredFile(store, video.path)
    try:
        with store.open(video.path) as opened, open_media(opened) as container:
            said = {
                key.lower(): value
                for metadata in (container.metadata, video_stream(container).metadata)
                for key, value in metadata.items()
            }
    except MediaError:
        said = {}
    return Source(video, file, rate, said.get("timecode"), said.get("reel_name"))


@dataclass(frozen=True, slots=True)
class Placed:
    """An item in frames.

    Attributes:
        first, count: frames of the source, at its own rate, from its first frame on.
        at, length: frames of the reel, at the rate of that.
    """

    item: Item
    source: Source
    first: int
    count: int
    at: int
    length: int


@dataclass(frozen=True, slots=True)
class Reel:
    """Items one after the other, at the rate of a sequence that fits the first of them."""

    rate: Fraction
    placed: tuple[Placed, ...]

    @property
    def length(self) -> int:
        """Frames of all of it."""
        return sum(placed.length for placed in self.placed)

    def ms(self, frame: int) -> int:
        """When a frame of the reel is shown, ms."""
        return time_of(frame, self.rate)


def make_reel(items: Sequence[Item], sources: Mapping[str, Source]) -> Reel:
    """Count items in frames.

    An item of another rate takes the nearest number of the reel's frames, at least one.

    Args:
        sources: by video id.
    """
    if not items:
        raise InputError("There is nothing to export: the selection is empty.")
    rate = broadcast_rate(sources[items[0].video.id].rate)
    placed: list[Placed] = []
    at = 0
    for item in items:
        source = sources[item.video.id]
        first, count = frames_of(item, source.rate)
        length = max(1, round(count * rate / source.rate))
        placed.append(Placed(item, source, first, count, at, length))
        at += length
    return Reel(rate, tuple(placed))


def frames_of(item: Item, rate: Fraction) -> tuple[int, int]:
    """The first frame of an item and how many it has, at a rate; at least one."""
    first = frame_at(item.span.start_ms, rate)
    return first, max(1, frame_at(item.span.end_ms, rate) - first)
