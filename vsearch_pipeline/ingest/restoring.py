"""A backup brought into a library that has work of its own: what is there stays, what differs is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Connection

from vsearch_pipeline.catalog.counters import take_numbers
from vsearch_pipeline.catalog.dump import (
    Kept,
    Row,
    add_past_operations,
    keep_searches,
    known_operations,
    load_rows,
    marks_of,
    people_rows,
)
from vsearch_pipeline.catalog.human import take_marks, take_person
from vsearch_pipeline.catalog.identities import Anchor, Mark
from vsearch_pipeline.catalog.library import merged_people
from vsearch_pipeline.catalog.operations import Door, Subject
from vsearch_pipeline.catalog.videos import VideoRecord
from vsearch_pipeline.editing.transaction import Draft, Edit
from vsearch_pipeline.export.segments_json import (
    AutoLayer,
    HumanLayer,
    PersonEntry,
    SaidCaption,
    SaidPerson,
    SeenPerson,
    SegmentEntry,
    VideoEntry,
)
from vsearch_pipeline.ingest.taking_over import (
    FieldDifference,
    FilePeople,
    Source,
    import_video,
    known_video,
    label_of,
)

KIND: Final = "backup.restore"
Tables = Mapping[Kept, Sequence[Row]]


@dataclass(frozen=True, slots=True)
class Restored:
    """What became of a backup.

    Attributes:
        exact: whether the library was empty, and is now as the other one was.
        videos: ids of those that were made; their vectors are to be made.
        people, segments, marks, operations, searches, photos: how many are new or changed.
        differences: what is said otherwise here; it stands.
        left_out: what could not be taken over, each with the reason.
    """

    exact: bool
    videos: tuple[str, ...]
    people: int
    segments: int
    marks: int
    operations: int
    searches: int
    photos: int = 0
    differences: tuple[FieldDifference, ...] = ()
    left_out: tuple[str, ...] = ()

    def with_photos(self, copied: int, left_out: Sequence[str]) -> Restored:
        return replace(self, photos=copied, left_out=(*self.left_out, *left_out))


def videos_here(connection: Connection, rows: Sequence[Row]) -> list[str]:
    """Ids here of the videos of a backup that are here."""
    found = (known_video(connection, row["id"], row["sha256"]) for row in rows)
    return [video.id for video in found if video]


def restore_into(
    edit: Edit, name: str, rows: Tables, *, actor: str, door: Door, on_part: Callable[[str], None]
) -> Restored:
    """Bring in a backup in an edit under way that holds its videos and the people.

    People are known by group and name, videos by id or content. What was done in the other library becomes history
    to be read, under its time and actor.
    """
    connection = edit.connection
    source = Source(name, KIND, actor, door)
    people = _restore_people(edit, name, rows["people"])
    on_part("people")
    named = {row["id"]: row for row in rows["people"]}
    files = FilePeople(connection, [_person(row) for row in rows["people"] if row.get("merged_into") is None])
    videos: dict[str, str] = {}
    segments: dict[int, int] = {}
    made: list[str] = []
    differences, left, changed = [*people.differences], list[str](), 0
    parts = by_video(rows)
    for row in rows["videos"]:
        own = parts[row["id"]]
        records = [_record(record, people.ids) for record in own["imported_records"]]
        done = import_video(
            edit, _entry(row, own, named), files, source, record=_video(row), records=records or None
        )
        videos[row["id"]] = done.video_id
        segments |= done.numbers
        changed += done.changed
        made += [done.video_id] if done.new else []
        differences += done.differences
        left += [f"{done.title}: {told}" for told in done.left_out]
        on_part(row["id"])
    marks = _restore_marks(edit, name, rows["face_marks"], videos, people.ids)
    numbers = {
        "video": videos,
        "person": {str(old): str(new) for old, new in people.ids.items()},
        "segment": {str(old): str(new) for old, new in segments.items()},
    }
    return Restored(
        exact=False,
        videos=tuple(made),
        people=people.changed,
        segments=changed,
        marks=marks,
        operations=_restore_history(connection, rows, numbers),
        searches=keep_searches(connection, rows["searches"]),
        differences=tuple(differences),
        left_out=tuple(left),
    )


def by_video(rows: Tables) -> dict[str, dict[str, list[Row]]]:
    """Segments, who is in them (`segment_people`) and imported records, by video."""
    parts: dict[str, dict[str, list[Row]]] = {
        row["id"]: {"segments": [], "segment_people": [], "imported_records": []} for row in rows["videos"]
    }
    video_of = {row["id"]: row["video_id"] for row in rows["segments"]}
    for row in rows["segments"]:
        parts[row["video_id"]]["segments"].append(row)
    for row in rows["segment_people"]:
        parts[video_of[row["segment_id"]]]["segment_people"].append(row)
    for row in rows["imported_records"]:
        parts[row["video_id"]]["imported_records"].append(row)
    return parts


def records_of(part: Mapping[str, Sequence[Row]]) -> list[Row]:
    """What is known of the models' ranges of a video, from its segments that stand for them."""
    seen: dict[int, dict[str, float]] = {}
    for row in part["segment_people"]:
        if row["layer"] == "auto":
            confidence = row.get("confidence")
            seen.setdefault(row["segment_id"], {})[str(row["person_id"])] = (
                1.0 if confidence is None else confidence
            )
    ranges = {
        (row["auto_start_ms"], row["auto_end_ms"]): row
        for row in part["segments"]
        if row.get("auto_start_ms") is not None
    }
    return [
        {
            "index": index,
            "start_ms": start,
            "end_ms": end,
            "caption_en": row.get("auto_caption_en"),
            "caption_ko": row.get("auto_caption_ko"),
            "objects": row.get("auto_objects") or {},
            "speech": row.get("auto_speech"),
            "people": seen.get(row["id"], {}),
        }
        for index, ((start, end), row) in enumerate(sorted(ranges.items(), key=lambda each: each[0]))
    ]


# --- people -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _People:
    """Ids here by those of the backup, how many are new or have something new, and what differs."""

    ids: Mapping[int, int]
    changed: int
    differences: Sequence[FieldDifference]


def _restore_people(edit: Edit, name: str, rows: Sequence[Row]) -> _People:
    here, merged = people_rows(edit.connection), merged_people(edit.connection)
    by_name = {(row["group_name"], row["name"]): number for number, row in here.items()}
    ids: dict[int, int] = {}
    after: dict[str, dict[str, Any]] = {}
    differences: list[FieldDifference] = []
    # who was merged comes after whom they turned out to be
    for row in sorted(rows, key=lambda row: (row.get("merged_into") is not None, row["id"])):
        key = (row.get("group_name"), row["name"])
        into = row.get("merged_into")
        known = by_name.get(key)
        if known is None:
            ids[row["id"]] = take_person(edit.connection)
            who = None if into is None else merged.get(ids[into], ids[into])
            after[str(ids[row["id"]])] = _new_fields(row, who)
            continue
        ids[row["id"]] = known
        if known in merged:
            continue  # here they are somebody else, of whom more may be known
        fields, other = _more(here[known], row)
        if into is not None:
            other.append(("merged_into", "nobody", next(str(r["name"]) for r in rows if r["id"] == into)))
        differences += [FieldDifference(label_of(*key), *told) for told in other]
        if fields:
            after[str(known)] = fields
    edit.apply(Draft(KIND, {"person": after}, about={"file": name}))
    return _People(ids, len(after), differences)


def _new_fields(row: Row, merged_into: int | None) -> dict[str, Any]:
    fields = {
        "name": [row.get("group_name"), row["name"]],
        "merged_into": merged_into,
        **{name: row.get(name) or None for name in ("aliases", "dropped_aliases", "display_said", "gender_said")},
        **{name: row.get(name) for name in ("display", "gender", "notes")},
    }
    return {name: value for name, value in fields.items() if value is not None}


def _more(here: Row, there: Row) -> tuple[dict[str, Any], list[tuple[str, str, str]]]:
    """What a backup knows of somebody besides, and what it says otherwise."""
    fields: dict[str, Any] = {}
    other = []
    known = [here["name"], *here["aliases"], *here["dropped_aliases"]]
    for names in ("aliases", "dropped_aliases"):
        new = [alias for alias in there.get(names) or [] if alias not in known]
        if new:
            fields[names] = [*here[names], *new]
    for name in ("display", "gender", "notes"):
        mine, theirs, said = here[name], there.get(name), f"{name}_said"
        if theirs is None or mine == theirs:
            continue
        if mine is not None or here.get(said):
            other.append((name, str(mine or "none"), str(theirs)))
        else:
            fields[name] = theirs
            if there.get(said):
                fields[said] = True
    return fields, other


# --- videos -----------------------------------------------------------------------------------------------------


def _video(row: Row) -> VideoRecord:
    known = {name: row[name] for name in VideoRecord.__dataclass_fields__ if name in row}
    return VideoRecord(**{**known, "kind": "imported", "path": None})


def _record(row: Row, people: Mapping[int, int]) -> Row:
    seen = {str(people[int(person)]): confidence for person, confidence in row.get("people", {}).items()}
    return {**{name: row[name] for name in row if name not in ("video_id", "producer_id")}, "people": seen}


def _person(row: Row) -> PersonEntry:
    return PersonEntry(group=row.get("group_name"), name=row["name"])


def _entry(row: Row, part: Mapping[str, Sequence[Row]], people: Mapping[int, Row]) -> VideoEntry:
    """A video as a file of segments has it."""
    seen: dict[int, dict[int, float]] = {}
    said: dict[int, dict[int, tuple[bool, bool]]] = {}
    for judged in part["segment_people"]:
        segment, person = judged["segment_id"], people[judged["person_id"]]
        who = person.get("merged_into") or person["id"]
        if judged["layer"] == "auto":
            confidence = judged.get("confidence")
            known = seen.setdefault(segment, {})
            known[who] = max(known.get(who, 0.0), 1.0 if confidence is None else confidence)
        else:
            present, before = said.setdefault(segment, {}).get(who, (False, False))
            now = judged.get("present", True)
            said[segment][who] = (present or now, before or bool(judged.get("seen")))
    return VideoEntry(
        id=row["id"],
        title=row["title"],
        sha256=row["sha256"],
        duration_ms=row.get("duration_ms"),
        frame_rate=None,
        overlapping=row.get("overlapping", False),
        whole=True,
        segments=[
            _segment(segment, seen.get(segment["id"], {}), said.get(segment["id"], {}), people)
            for segment in part["segments"]
        ],
    )


def _segment(
    row: Row,
    seen: Mapping[int, float],
    said: Mapping[int, tuple[bool, bool]],
    people: Mapping[int, Row],
) -> SegmentEntry:
    span = (row["start_ms"], row["end_ms"])
    start, end = row.get("auto_start_ms"), row.get("auto_end_ms")
    deleted = row.get("deleted_at")
    return SegmentEntry(
        id=row["id"],
        start_ms=span[0],
        end_ms=span[1],
        caption_en=None,
        caption_ko=None,
        objects=row.get("auto_objects") or {},
        speech=row.get("auto_speech"),
        people=[],
        auto=AutoLayer(
            caption_en=row.get("auto_caption_en"),
            caption_ko=row.get("auto_caption_ko"),
            people=[SeenPerson(**_named(people[who]), confidence=sure) for who, sure in seen.items()],
            range=None if start is None or end is None else (start, end),
            covered=row.get("covered", False),
        ),
        human=HumanLayer(
            created=row.get("created", False),
            range=span if row.get("human_range") else None,
            caption_en=_caption(row, "caption_en"),
            caption_ko=_caption(row, "caption_ko"),
            people=[
                SaidPerson(**_named(people[who]), present=present, seen=saw)
                for who, (present, saw) in said.items()
            ],
            deleted=deleted.isoformat() if deleted else None,
            locked=row.get("locked", False),
        ),
    )


def _named(row: Row) -> dict[str, Any]:
    return {"group": row.get("group_name"), "name": row["name"]}


def _caption(row: Row, name: str) -> SaidCaption | None:
    text = row.get(f"human_{name}")
    return None if text is None else SaidCaption(text=text, seen=row.get(f"seen_{name}"))


# --- faces and history ------------------------------------------------------------------------------------------


def _restore_marks(
    edit: Edit, name: str, rows: Sequence[Row], videos: Mapping[str, str], people: Mapping[int, int]
) -> int:
    """Add the marks that nobody took back and that are not here; one that somebody took back here stays so."""
    connection = edit.connection
    merged = merged_people(connection)

    def key(video: str, row: Row, person: int | None) -> tuple[Any, ...]:
        return (video, row["time_ms"], tuple(row["bbox_xyxy"]), row["kind"], merged.get(person or 0, person))

    here = {key(row["video_id"], row, row["person_id"]) for row in marks_of(connection, set(videos.values()))}
    new = []
    for row in rows:
        person = people.get(row.get("person_id") or 0)
        gone = row["kind"] != "group" and person is None
        if row.get("revoked_by") is None and not gone and key(videos[row["video_id"]], row, person) not in here:
            new.append((row, person))
    groups = sorted({row["group_id"] for row, _ in new if row["kind"] == "group"})
    taken = dict(zip(groups, take_numbers(connection, "face group", len(groups)), strict=True)) if groups else {}
    marks = [
        Mark(
            number,
            Anchor(videos[row["video_id"]], row["time_ms"], tuple(row["bbox_xyxy"])),
            row["kind"],
            person,
            taken.get(row.get("group_id")),
        )
        for number, (row, person) in zip(take_marks(connection, len(new)), new, strict=True)
    ]
    subjects: list[Subject] = [("video", mark.anchor.video_id) for mark in marks]
    subjects += [("person", str(mark.person_id)) for mark in marks if mark.person_id is not None]
    edit.apply(Draft(KIND, {}, about={"file": name}, subjects=subjects, marks=marks))
    return len(marks)


def _restore_history(connection: Connection, rows: Tables, numbers: Mapping[str, Mapping[str, str]]) -> int:
    """Append what was done in the other library as facts: its fields are of that library's numbers, so they are
    told and not put back."""
    known = known_operations(connection)
    past = [row for row in rows["operations"] if (row["at"], row["actor"], row["kind"]) not in known]
    facts = []
    for row in past:
        told = {name: value for name, value in (row.get("about") or {}).items() if name != "where"}
        fields = {name: row[name] for name in ("before", "after") if row.get(name)}
        facts.append({**row, "before": None, "after": None, "about": {**told, **fields, "restored": row["id"]}})
    written = add_past_operations(connection, facts)
    number_of = {row["id"]: number for row, number in zip(past, written, strict=True)}
    subjects = {
        (row["kind"], numbers[row["kind"]][row["subject"]], number_of[row["operation_id"]])
        for row in rows["operation_subjects"]
        if row["operation_id"] in number_of and row["subject"] in numbers.get(row["kind"], {})
    }
    named = [
        {"kind": kind, "subject": subject, "operation_id": number} for kind, subject, number in sorted(subjects)
    ]
    load_rows(connection, "operation_subjects", named)
    return len(written)
