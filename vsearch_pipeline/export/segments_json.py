"""Segments with both layers as JSON: to be read by other programs, and made again exactly (`vsearch import`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import Connection

from vsearch_pipeline.catalog.library import PersonRecord, merged_people, people_by_id
from vsearch_pipeline.catalog.segments import SegmentRecord, read_segments
from vsearch_pipeline.catalog.videos import VideoRecord, get_video, read_videos
from vsearch_pipeline.errors import NotFoundError

FORMAT: Final = "vsearch-segments"
VERSION: Final = 1
_MOST_MS: Final = 2**31 - 1
_MOST_NUMBER: Final = 2**53


def _storable(text: str) -> str:
    text.encode()  # a lone surrogate is a ValueError
    if "\x00" in text:
        raise ValueError("it holds a zero byte")
    return text


def _moment(text: str) -> str:
    if datetime.fromisoformat(text).tzinfo is None:
        raise ValueError("a time needs its offset from UTC")
    return text


Text = Annotated[str, AfterValidator(_storable)]
Ms = Annotated[int, Field(ge=0, le=_MOST_MS)]
Range = tuple[Ms, Ms]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class PersonEntry(_Entry):
    group: Text | None
    name: Text
    aliases: list[Text] = []
    display: Text | None = None
    gender: Literal["female", "male"] | None = None


class SeenPerson(_Entry):
    """Somebody the models see."""

    group: Text | None
    name: Text
    confidence: Annotated[float, Field(allow_inf_nan=False)]


class SaidPerson(_Entry):
    """What a person said of whether somebody is there; `seen`: whether the models had them when it was said."""

    group: Text | None
    name: Text
    present: bool
    seen: bool


class SaidCaption(_Entry):
    """What a person wrote, and what the models said when they did."""

    text: Text
    seen: Text | None = None


class AutoLayer(_Entry):
    """What the models say; `range` is theirs that the segment stands for."""

    caption_en: Text | None
    caption_ko: Text | None
    people: list[SeenPerson]
    range: Range | None
    covered: bool


class HumanLayer(_Entry):
    """What people did; `range` is the segment's own where a person set it."""

    created: bool = False
    range: Range | None = None
    caption_en: SaidCaption | None = None
    caption_ko: SaidCaption | None = None
    people: list[SaidPerson] = []
    deleted: Annotated[str, AfterValidator(_moment)] | None = None
    locked: bool = False


class SegmentEntry(_Entry):
    """`caption_en`, `caption_ko` and `people` are what people see, for reading; an import reads the layers."""

    id: Annotated[int, Field(ge=1, le=_MOST_NUMBER)]
    start_ms: Ms
    end_ms: Ms
    caption_en: Text | None
    caption_ko: Text | None
    objects: dict[Text, Annotated[int, Field(ge=0, le=_MOST_NUMBER)]]
    speech: Text | None
    people: list[Text]
    auto: AutoLayer
    human: HumanLayer | None

    @model_validator(mode="after")
    def _has_ranges(self) -> SegmentEntry:
        ranges = [(self.start_ms, self.end_ms)]
        ranges += [self.auto.range] if self.auto.range else []
        if any(end <= start for start, end in ranges):
            raise ValueError(f"segment {self.id} ends before it begins")
        if self.human and self.human.range and self.human.range != ranges[0]:
            raise ValueError(f"segment {self.id} has another range than the one that a person set")
        return self


class VideoEntry(_Entry):
    """`whole` where all its rows are here, deleted and covered ones too."""

    id: Text
    title: Text
    sha256: Text
    duration_ms: Ms | None
    frame_rate: Annotated[str, Field(pattern=r"^[1-9]\d{0,8}/[1-9]\d{0,8}$")] | None
    overlapping: bool
    whole: bool
    segments: list[SegmentEntry]


class SegmentsFile(_Entry):
    format: Literal["vsearch-segments"]
    version: Literal[1]
    people: list[PersonEntry]
    videos: list[VideoEntry]


# --- writing ----------------------------------------------------------------------------------------------------


def document_of_videos(connection: Connection, ids: Sequence[str]) -> SegmentsFile:
    """All rows of whole videos.

    Raises:
        NotFoundError: there is no such video.
    """
    found = [(get_video(connection, i), read_segments(connection, video_id=i, deleted=True)) for i in ids]
    return _document(connection, found, whole=True)


def document_of_segments(connection: Connection, ids: Sequence[int]) -> SegmentsFile:
    """These segments in the order given, by video.

    Raises:
        NotFoundError: one is not there, or was deleted.
    """
    found = {segment.id: segment for segment in read_segments(connection, ids=list(set(ids)))}
    missing = [str(i) for i in dict.fromkeys(ids) if i not in found]
    if missing:
        raise NotFoundError(f"There is no segment {', '.join(missing)}: it may have been removed; search again.")
    by_video: dict[str, list[SegmentRecord]] = {}
    for number in dict.fromkeys(ids):
        by_video.setdefault(found[number].video_id, []).append(found[number])
    videos = read_videos(connection, by_video.keys())
    return _document(connection, [(videos[i], segments) for i, segments in by_video.items()], whole=False)


def as_json(document: SegmentsFile) -> str:
    return document.model_dump_json(indent=2) + "\n"


def _document(
    connection: Connection, found: Sequence[tuple[VideoRecord, Sequence[SegmentRecord]]], *, whole: bool
) -> SegmentsFile:
    people, merged = people_by_id(connection), merged_people(connection)
    videos = [_video(video, segments, people, merged, whole=whole) for video, segments in found]
    named: set[tuple[str | None, str]] = set()
    for segment in (segment for video in videos for segment in video.segments):
        named |= {(seen.group, seen.name) for seen in segment.auto.people}
        named |= {(said.group, said.name) for said in (segment.human.people if segment.human else ())}
    entries = [
        PersonEntry(
            group=person.group,
            name=person.name,
            aliases=list(person.aliases),
            display=person.display,
            gender=person.gender,
        )
        for person in sorted(people.values(), key=_in_order)
        if (person.group, person.name) in named
    ]
    return SegmentsFile(format=FORMAT, version=VERSION, people=entries, videos=videos)


def _video(
    video: VideoRecord,
    segments: Sequence[SegmentRecord],
    people: Mapping[int, PersonRecord],
    merged: Mapping[int, int],
    *,
    whole: bool,
) -> VideoEntry:
    rate = video.frame_rate
    return VideoEntry(
        id=video.id,
        title=video.title,
        sha256=video.sha256,
        duration_ms=video.duration_ms,
        frame_rate=f"{rate.numerator}/{rate.denominator}" if rate else None,
        overlapping=video.overlapping,
        whole=whole,
        segments=[_segment(segment, people, merged) for segment in segments],
    )


def _segment(
    segment: SegmentRecord, people: Mapping[int, PersonRecord], merged: Mapping[int, int]
) -> SegmentEntry:
    layers = segment.layers
    seen: dict[int, float] = {}
    for person, confidence in layers.auto_people.items():
        who = merged.get(person, person)
        seen[who] = max(seen.get(who, 0.0), 1.0 if confidence is None else confidence)
    shown = sorted(segment.people, key=lambda p: (-(p.confidence or 1.0), p.name, p.group or ""))
    origin = segment.origin
    return SegmentEntry(
        id=segment.id,
        start_ms=segment.span.start_ms,
        end_ms=segment.span.end_ms,
        caption_en=segment.caption_en,
        caption_ko=segment.caption_ko,
        objects=dict(sorted(segment.objects.items())),
        speech=segment.speech,
        people=[person.shown for person in shown],
        auto=AutoLayer(
            caption_en=layers.auto_en,
            caption_ko=layers.auto_ko,
            people=[
                SeenPerson(group=person.group, name=person.name, confidence=seen[person.id])
                for person in sorted((people[who] for who in seen), key=_in_order)
            ],
            range=(origin.start_ms, origin.end_ms) if origin else None,
            covered=segment.covered,
        ),
        human=_human(segment, people, merged) if segment.touched else None,
    )


def _human(segment: SegmentRecord, people: Mapping[int, PersonRecord], merged: Mapping[int, int]) -> HumanLayer:
    layers = segment.layers
    said: dict[int, tuple[bool, bool]] = {}
    for person, judged in layers.said.items():
        present, seen = said.get(merged.get(person, person), (False, False))
        said[merged.get(person, person)] = (present or judged.present, seen or judged.seen)
    return HumanLayer(
        created=segment.created,
        range=(segment.span.start_ms, segment.span.end_ms) if segment.human_range else None,
        caption_en=_caption(layers.human_en, layers.seen_en),
        caption_ko=_caption(layers.human_ko, layers.seen_ko),
        people=[
            SaidPerson(group=person.group, name=person.name, present=said[person.id][0], seen=said[person.id][1])
            for person in sorted((people[who] for who in said), key=_in_order)
        ],
        deleted=segment.deleted_at.isoformat() if segment.deleted_at else None,
        locked=segment.locked,
    )


def _caption(text: str | None, seen: str | None) -> SaidCaption | None:
    return None if text is None else SaidCaption(text=text, seen=seen)


def _in_order(person: PersonRecord) -> tuple[str, str]:
    return (person.group or "", person.name)
