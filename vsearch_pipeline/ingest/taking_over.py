"""Taking over what a file says of segments, in an edit under way: a video that is new is made exactly as the file
has it, of one that is here only what people did is taken over, and what people did here is not overwritten."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from vsearch_pipeline.catalog.dump import claim_segment_numbers
from vsearch_pipeline.catalog.human import (
    PERSON,
    name_holder,
    person_field,
    read_fields,
    take_person,
    write_fields,
)
from vsearch_pipeline.catalog.library import merged_people
from vsearch_pipeline.catalog.models import ImportedRecord
from vsearch_pipeline.catalog.operations import Door, Subject, log_operation
from vsearch_pipeline.catalog.segments import (
    AutoFields,
    Place,
    SegmentRecord,
    insert_segments,
    read_segments,
    write_versions,
)
from vsearch_pipeline.catalog.stages import ProducerInfo, fingerprint, finish_stage, producer_id, replace_rows
from vsearch_pipeline.catalog.videos import IMPORT_RUN, VideoRecord, find_by_content, insert_video, read_videos
from vsearch_pipeline.editing.description import imported_rows
from vsearch_pipeline.editing.fit import SAME_RANGE_IOU
from vsearch_pipeline.editing.refresh import refresh_search_of
from vsearch_pipeline.editing.segments import clean_caption
from vsearch_pipeline.editing.transaction import Draft, Edit
from vsearch_pipeline.errors import BusyError
from vsearch_pipeline.export.segments_json import (
    HumanLayer,
    PersonEntry,
    SaidPerson,
    SeenPerson,
    SegmentEntry,
    VideoEntry,
)
from vsearch_pipeline.timeline import TimeRange


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """Something people said here, and something else that the file says.

    Attributes:
        where: number and time of the segment, or a person's name.
        field: `caption_en`, `range`, a person's name, ...
        here, there: the value here and in the file, as people read them.
    """

    where: str
    field: str
    here: str
    there: str


@dataclass(frozen=True, slots=True)
class ImportedSegments:
    """What became of the segments of one video.

    Attributes:
        new: whether the video was made.
        changed: how many segments were made, or got something that people said.
        operation: its number in the history, None where nothing changed.
        differences: what is said otherwise here; kept, unless replacing was asked for.
        left_out: segments of the file that could not be taken over, each with the reason.
        numbers: of segments here, by their numbers in the file.
    """

    video_id: str
    title: str
    new: bool
    changed: int
    operation: int | None
    differences: tuple[FieldDifference, ...] = ()
    left_out: tuple[str, ...] = ()
    numbers: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Source:
    """Where segments come from, who takes them over as what kind of operation, and whether over other values."""

    file: str
    kind: str
    actor: str
    door: Door
    replace: bool = False


def composed(name: str | None) -> Any:
    return None if name is None else unicodedata.normalize("NFC", name)


def key_of(person: PersonEntry | SeenPerson | SaidPerson) -> tuple[str | None, str]:
    return composed(person.group), composed(person.name)


def label_of(group: str | None, name: str) -> str:
    return f"{group}/{name}" if group else name


def caption_fields(human: HumanLayer) -> dict[str, Any]:
    """Fields of the captions that a person wrote."""
    fields: dict[str, Any] = {}
    if human.caption_en:
        fields["caption_en"] = [clean_caption(human.caption_en.text, "en"), human.caption_en.seen]
    if human.caption_ko:
        fields["caption_ko"] = [clean_caption(human.caption_ko.text, "ko"), human.caption_ko.seen]
    return fields


class FilePeople:
    """The people of a file as they are here, by group and name. Who is not here yet is made by the first edit that
    speaks of them."""

    def __init__(self, connection: Connection, entries: Iterable[PersonEntry]) -> None:
        self._connection = connection
        self._entries = {key_of(entry): entry for entry in entries}
        self._ids: dict[tuple[str | None, str], int] = {}
        self._unmade: dict[int, dict[str, Any]] = {}
        self.merged = merged_people(connection)

    def id_of(self, person: SeenPerson | SaidPerson) -> int:
        key = key_of(person)
        if key not in self._ids:
            found = name_holder(self._connection, *key)
            if found is None:
                found = take_person(self._connection)
                entry = self._entries[key]
                said = {
                    "name": list(key),
                    "aliases": [composed(name) for name in entry.aliases] or None,
                    "display": composed(entry.display),
                    "gender": entry.gender,
                }
                self._unmade[found] = {name: value for name, value in said.items() if value is not None}
            self._ids[key] = self.merged.get(found, found)
        return self._ids[key]

    def take_unmade(self, people: Collection[int]) -> dict[str, dict[str, Any]]:
        """Fields of those of these people who have to be made, by id; they count as made from now on."""
        return {str(person): self._unmade.pop(person) for person in sorted(people) if person in self._unmade}


def known_video(connection: Connection, video_id: str, sha256: str) -> VideoRecord | None:
    """The video here, by id, else by content."""
    return read_videos(connection, [video_id]).get(video_id) or find_by_content(connection, sha256)


def import_video(
    edit: Edit,
    video: VideoEntry,
    people: FilePeople,
    source: Source,
    *,
    record: VideoRecord | None = None,
    records: Sequence[Mapping[str, Any]] | None = None,
) -> ImportedSegments:
    """Import one video of a checked document, in an edit under way that holds the video and the people.

    Args:
        record: more of the video than the document has, for one that has to be made.
        records: rows of what is known of the video, instead of what its automatic ranges say.
    """
    known = known_video(edit.connection, video.id, video.sha256)
    if known is not None:
        return _merge_into(edit, known, video, people, source)
    return _make(edit.connection, video, people, source, record=record or _record(video, source), records=records)


# --- a video that is new ----------------------------------------------------------------------------------------


def _record(video: VideoEntry, source: Source) -> VideoRecord:
    rate = video.frame_rate.split("/") if video.frame_rate else None
    return VideoRecord(
        id=video.id,
        title=video.title,
        kind="imported",
        sha256=video.sha256,
        source=source.file,
        duration_ms=video.duration_ms,
        frame_rate_num=int(rate[0]) if rate else None,
        frame_rate_den=int(rate[1]) if rate else None,
        overlapping=video.overlapping,
    )


def _make(
    connection: Connection,
    video: VideoEntry,
    people: FilePeople,
    source: Source,
    *,
    record: VideoRecord,
    records: Sequence[Mapping[str, Any]] | None,
) -> ImportedSegments:
    if not insert_video(connection, record):
        raise BusyError(f"{video.id} is being added by somebody else: import the file again.")
    autos = [_auto(segment, people) for segment in video.segments]
    numbers = claim_segment_numbers(connection, [segment.id for segment in video.segments])
    fields = {
        str(number): said
        for number, segment in zip(numbers, video.segments, strict=True)
        if segment.human and (said := _fields(segment.human, people))
    }
    spoken = {person for auto in autos for person in auto.people} | _people_of(fields.values())
    after = {"person": people.take_unmade(spoken), "segment": fields}
    after = {kind: changes for kind, changes in after.items() if changes}
    operation = log_operation(
        connection,
        actor=source.actor,
        door=source.door,
        kind=source.kind,
        before=_nothing(after) or None,
        after=after or None,
        about={
            "file": source.file,
            "title": video.title,
            "segments": len(numbers),
            "where": {
                str(number): [video.id, segment.start_ms, segment.end_ms]
                for number, segment in zip(numbers, video.segments, strict=True)
                if str(number) in fields
            },
        },
        subjects=_subjects(video.id, after),
    )
    write_fields(connection, "person", after.get("person", {}), operation=operation)
    info = ProducerInfo("segments", "imported", "1", {"file": source.file})
    producer = producer_id(connection, info)
    places = [_place(segment) for segment in video.segments]
    insert_segments(connection, video.id, producer, list(zip(places, autos, strict=True)), ids=numbers)
    write_fields(connection, "segment", fields, operation=operation)
    known = {place.origin: auto for place, auto in zip(places, autos, strict=True) if place.origin}
    replace_rows(
        connection, video.id, producer, {ImportedRecord: imported_rows(known) if records is None else records}
    )
    changed = [
        number
        for number, place in zip(numbers, places, strict=True)
        if str(number) in fields or place.covered or place.span != place.origin
    ]
    write_versions(connection, changed, operation)
    refresh_search_of(connection, numbers)
    content = hashlib.sha256(video.model_dump_json().encode()).hexdigest()
    mark = fingerprint(info, [content])
    run = f"{IMPORT_RUN}{source.file}"
    finish_stage(connection, video.id, "segments", mark=mark, producer=producer, run_id=run, seconds=0.0)
    return ImportedSegments(
        video.id,
        video.title,
        new=True,
        changed=len(numbers),
        operation=operation,
        numbers=dict(zip((segment.id for segment in video.segments), numbers, strict=True)),
    )


def _auto(segment: SegmentEntry, people: FilePeople) -> AutoFields:
    seen: dict[int, float] = {}
    for person in segment.auto.people:  # two of the file may be one here
        who = people.id_of(person)
        seen[who] = max(seen.get(who, 0.0), person.confidence)
    return AutoFields(segment.auto.caption_en, segment.auto.caption_ko, segment.objects, segment.speech, seen)


def _place(segment: SegmentEntry) -> Place:
    origin = TimeRange(*segment.auto.range) if segment.auto.range else None
    return Place(_span(segment), origin, segment.auto.covered)


def _span(segment: SegmentEntry) -> TimeRange:
    return TimeRange(segment.start_ms, segment.end_ms)


def _nothing(after: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> dict[str, dict[str, dict[str, None]]]:
    return {
        kind: {number: dict.fromkeys(fields) for number, fields in changes.items()}
        for kind, changes in after.items()
    }


def _subjects(video_id: str, after: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> list[Subject]:
    found: list[Subject] = [("video", video_id)]
    found += [("segment", number) for number in after.get("segment", {})]
    found += [("person", person) for person in after.get("person", {})]
    found += [("person", str(person)) for person in _people_of(after.get("segment", {}).values())]
    return found


def _people_of(changes: Iterable[Mapping[str, Any]]) -> set[int]:
    """Who is spoken of in fields of segments."""
    return {int(name.removeprefix(PERSON)) for fields in changes for name in fields if name.startswith(PERSON)}


def _fields(human: HumanLayer, people: FilePeople) -> dict[str, Any]:
    """What people said in the file, as fields."""
    fields: dict[str, Any] = caption_fields(human)
    if human.created:
        fields["created"] = True
    if human.range:
        fields["range"] = list(human.range)
    if human.deleted:
        fields["deleted"] = human.deleted
    if human.locked:
        fields["locked"] = True
    for said in human.people:
        present, seen = fields.get(person_field(people.id_of(said)), (False, False))
        fields[person_field(people.id_of(said))] = [present or said.present, seen or said.seen]
    return fields


# --- a video that is here ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Change:
    """What a segment gets. `moved`: whether it may come to lie over others; `shown`: whether it is to be seen."""

    segment: SegmentEntry
    fields: Mapping[str, Any]
    span: TimeRange
    moved: bool
    shown: bool


def _merge_into(
    edit: Edit, known: VideoRecord, video: VideoEntry, people: FilePeople, source: Source
) -> ImportedSegments:
    connection = edit.connection
    here = read_segments(connection, video_id=known.id, deleted=True)
    targets = _targets(video.segments, here)
    said_here = read_fields(connection, "segment", [str(target.id) for target in targets.values()])
    changes: dict[int, _Change] = {}
    differences: list[FieldDifference] = []
    left: dict[int, str] = {}
    for segment in video.segments:
        wanted = _fields(segment.human, people) if segment.human else {}
        target = targets.get(segment.id)
        if not wanted:
            continue
        if target is None:
            if "range" not in wanted and segment.auto.range is not None:
                left[segment.id] = "nothing lies there here"
                continue
            # a person's range, or a rest of a model's that they did something to
            made = {"created": True, "range": [segment.start_ms, segment.end_ms], **wanted}
            changes[-segment.id] = _Change(
                segment, made, _span(segment), moved=True, shown="deleted" not in wanted
            )
            continue
        now = said_here[str(target.id)]
        fields, other = _compared(now, wanted, people, source.replace)
        differences += [
            FieldDifference(f"segment {target.id} ({target.span})", _named(people, video, name), here_, there)
            for name, here_, there in other
        ]
        if fields and now.get("locked"):
            left[segment.id] = f"segment {target.id} is locked here"
        elif fields:
            if "range" not in wanted and not target.touched and _was_cut(segment):
                fields["range"] = [segment.start_ms, segment.end_ms]  # or it would lie over who cut it
            changes[target.id] = _changed(segment, target, fields)
    for number, change in list(changes.items()):
        if known.duration_ms is not None and change.span.end_ms > known.duration_ms:
            left[change.segment.id] = "it ends after the video here"
            del changes[number]
    owned = {s.id: s.span for s in here if s.touched and s.deleted_at is None}
    if not known.overlapping:
        for number, other_number in _clashing(changes, owned).items():
            left[changes.pop(number).segment.id] = f"it lies over segment {other_number}, which people edited"
    made_numbers = [-number for number in changes if number < 0]
    numbers = dict(zip(made_numbers, claim_segment_numbers(connection, made_numbers), strict=True))
    after = {str(numbers.get(-number, number)): change.fields for number, change in changes.items()}
    draft = Draft(
        source.kind,
        {"person": people.take_unmade(_people_of(after.values())), "segment": after},
        about={"file": source.file},
        where={numbers[-number]: (known.id, change.span) for number, change in changes.items() if number < 0},
    )
    done = edit.apply(draft)
    told = {segment.id: segment for segment in video.segments}
    return ImportedSegments(
        known.id,
        known.title,
        new=False,
        changed=len(after),
        operation=done.operation,
        differences=tuple(differences),
        left_out=tuple(f"segment {i} ({_span(told[i])}): {reason}" for i, reason in sorted(left.items())),
        numbers={i: target.id for i, target in targets.items()} | numbers,
    )


def _targets(segments: Sequence[SegmentEntry], here: Sequence[SegmentRecord]) -> dict[int, SegmentRecord]:
    """The segment here that each one of the file is about: of its number, where that stands for the same part of
    the video (another library may number otherwise), else of its span, else of its automatic range."""
    found: dict[int, SegmentRecord] = {}
    free = {segment.id: segment for segment in here}

    def take(segment: SegmentEntry, target: SegmentRecord | None) -> None:
        if target is not None and segment.id not in found and target.id in free:
            found[segment.id] = free.pop(target.id)

    for segment in segments:
        target = free.get(segment.id)
        take(segment, target if target and _is_alike(segment, target) else None)
    by_span: dict[TimeRange, SegmentRecord] = {}
    by_origin: dict[TimeRange, SegmentRecord] = {}
    for target in sorted(free.values(), key=lambda each: each.shown):  # of several, one that is seen
        by_span[target.span] = target
        if target.origin:
            by_origin[target.origin] = target
    for segment in segments:
        take(segment, by_span.get(_span(segment)))
    for segment in segments:
        take(segment, by_origin.get(TimeRange(*segment.auto.range)) if segment.auto.range else None)
    return found


def _was_cut(segment: SegmentEntry) -> bool:
    """Whether others had taken a part of its range before people did something to it."""
    return segment.auto.range is not None and segment.auto.range != (segment.start_ms, segment.end_ms)


def _is_alike(segment: SegmentEntry, target: SegmentRecord) -> bool:
    if segment.auto.range and target.origin == TimeRange(*segment.auto.range):
        return True
    span = _span(segment)
    shared = span.overlap_ms(target.span)
    return shared >= SAME_RANGE_IOU * (span.duration_ms + target.span.duration_ms - shared)


def _compared(
    now: Mapping[str, Any], wanted: Mapping[str, Any], people: FilePeople, replace: bool
) -> tuple[dict[str, Any], list[tuple[str, str, str]]]:
    """Fields to be set, and those that differ with both values as people read them."""
    old_names: dict[str, list[str]] = {}
    values: dict[str, Any] = {}
    for name, value in now.items():
        who = int(name.removeprefix(PERSON)) if name.startswith(PERSON) else None
        current = name if who is None else person_field(people.merged.get(who, who))
        old_names.setdefault(current, []).append(name)
        values[current] = value if current not in values else [values[current][0] or value[0], True]
    fields: dict[str, Any] = {}
    other: list[tuple[str, str, str]] = []
    for name, value in wanted.items():
        if name == "created":
            continue  # what is here already is not made
        if name not in values:
            fields[name] = value
        elif _meant(name, values[name]) != _meant(name, value):
            other.append((name, _readable(name, values[name]), _readable(name, value)))
            if replace:
                fields |= dict.fromkeys(old_names[name]) | {name: value}
    return fields, other


def _meant(name: str, value: Any) -> Any:
    """What of a value is a person's word: not what the models said then, nor when something was deleted."""
    if name.startswith((PERSON, "caption_")):
        return value[0]
    return True if name == "deleted" else value


def _readable(name: str, value: Any) -> str:
    if name.startswith(PERSON):
        return "there" if value[0] else "not there"
    return str(TimeRange(*value)) if name == "range" else str(_meant(name, value))


def _named(people: FilePeople, video: VideoEntry, name: str) -> str:
    """A field as people read it."""
    if not name.startswith(PERSON):
        return name
    who = int(name.removeprefix(PERSON))
    said = (said for segment in video.segments if segment.human for said in segment.human.people)
    return next(label_of(*key_of(person)) for person in said if people.id_of(person) == who)


def _changed(segment: SegmentEntry, target: SegmentRecord, fields: Mapping[str, Any]) -> _Change:
    span = TimeRange(*fields["range"]) if "range" in fields else target.span
    shown = target.deleted_at is None and "deleted" not in fields
    return _Change(segment, fields, span, moved=span != target.span or target.covered, shown=shown)


def _clashing(changes: Mapping[int, _Change], owned: Mapping[int, TimeRange]) -> dict[int, int]:
    """Changes that would lay a segment over another one of people's, with that one's number."""
    fitting = dict(changes)
    clashing: dict[int, int] = {}
    while True:
        spans = {number: span for number, span in owned.items() if number not in fitting}
        spans |= {number: change.span for number, change in fitting.items() if change.shown}
        moved = {number for number, change in fitting.items() if change.moved}
        clash = _first_clash(spans, moved)
        if clash is None:
            return clashing
        number, other = clash
        clashing[number] = abs(other)
        del fitting[number]


def _first_clash(spans: Mapping[int, TimeRange], moved: Collection[int]) -> tuple[int, int] | None:
    """The first two that overlap, the one that moved there first."""
    last: tuple[TimeRange, int] | None = None
    for span, number in sorted((span, number) for number, span in spans.items()):
        if last is not None and last[0].end_ms > span.start_ms:
            for one, other in ((number, last[1]), (last[1], number)):
                if one in moved:
                    return one, other
        if last is None or span.end_ms > last[0].end_ms:
            last = (span, number)
    return None
