"""What people do to segments: each an operation that can be reverted, over one segment or a selection."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal

from sqlalchemy import Connection

from vsearch_pipeline.catalog.counters import take_numbers
from vsearch_pipeline.catalog.human import PERSON, person_field
from vsearch_pipeline.catalog.library import list_people, merged_people
from vsearch_pipeline.catalog.operations import Fields, OperationRecord, Subject, Values, read_operations
from vsearch_pipeline.catalog.segments import (
    LANGUAGES,
    AutoFields,
    Language,
    SegmentRecord,
    read_places,
    read_segments,
    videos_of_segments,
)
from vsearch_pipeline.catalog.videos import VideoRecord, get_video
from vsearch_pipeline.editing.description import describer
from vsearch_pipeline.editing.errors import ConflictError
from vsearch_pipeline.editing.transaction import Done, Draft, Edit, Editor
from vsearch_pipeline.errors import InputError, NotFoundError
from vsearch_pipeline.timeline import TimeRange, clock

Layer = Literal["en", "ko", "people"]
Seen = Mapping[int, int]
"""The version of each segment that the person had before them."""

LONGEST_CAPTION: Final = 5000
"""Characters."""
MOST_SEGMENTS: Final = 5000
"""In one operation."""
_STRUCTURE: Final = frozenset({"range", "created", "deleted"})
"""Fields that clash with whatever else was done to a segment."""


class SegmentService:
    """Edits of segments.

    Wherever `seen` is given, an edit of something that somebody else changed since is a `ConflictError`, unless
    the two changed different things. A deleted or unknown segment is a `NotFoundError`, a locked one a
    `LockedError`.
    """

    def __init__(self, editor: Editor) -> None:
        self._editor = editor

    # --- one segment or a selection

    def set_captions(
        self, segments: Sequence[int], captions: Mapping[Language, str], *, seen: Seen | None = None
    ) -> Done:
        """Write captions, in one language or both, of one segment or the same of several.

        Raises:
            InputError: one is empty, too long, or holds what is no text.
        """
        written = {language: clean_caption(text, language) for language, text in captions.items()}
        if not written:
            raise InputError("Give a caption, in English or Korean.")

        def work(edit: Edit) -> Done:
            found = _look(edit.connection, segments, seen, [f"caption_{language}" for language in written])
            after = {
                str(s.id): {f"caption_{lang}": _said(s, lang, text) for lang, text in written.items()}
                for s in found
            }
            return edit.apply(Draft("segment.caption", {"segment": after}))

        return self._run(work, segments, captions=list(written.values()))

    def set_people(
        self,
        segments: Sequence[int],
        *,
        add: Collection[int] = (),
        remove: Collection[int] = (),
        seen: Seen | None = None,
    ) -> Done:
        """Say who is there and who is not, by ids of people.

        Raises:
            NotFoundError: there is no such person.
            InputError: somebody is to be added and removed, or nobody is named.
        """
        wanted = _said_of(add, remove)
        if not wanted:
            raise InputError("Say who is there, or who is not.")

        def work(edit: Edit) -> Done:
            connection = edit.connection
            merged = merged_people(connection)
            _refuse_unknown(connection, wanted)
            found = _look(connection, segments, seen, [person_field(person) for person in wanted])
            after = {str(s.id): _judged(s, wanted, merged) for s in found}
            return edit.apply(Draft("segment.people", {"segment": after}))

        return self._run(work, segments)

    def use_models(self, segments: Sequence[int], layers: Collection[Layer], *, seen: Seen | None = None) -> Done:
        """Give captions or people back to the models: what they say now is accepted."""

        def work(edit: Edit) -> Done:
            found = _look(edit.connection, segments, seen, _fields_of(layers))
            after = {
                str(s.id): {
                    **{f"caption_{layer}": None for layer in layers if layer != "people"},
                    **({person_field(p): None for p in s.layers.said} if "people" in layers else {}),
                }
                for s in found
            }
            return edit.apply(Draft("segment.accept", {"segment": after}))

        return self._run(work, segments)

    def keep_mine(self, segments: Sequence[int], layers: Collection[Layer], *, seen: Seen | None = None) -> Done:
        """Let a person's captions or people stand, and no longer offer what the models say now."""

        def work(edit: Edit) -> Done:
            found = _look(edit.connection, segments, seen, _fields_of(layers))
            merged = merged_people(edit.connection)
            after: dict[str, dict[str, Any]] = {}
            for s in found:
                fields = after[str(s.id)] = {}
                for language in LANGUAGES:
                    text = s.layers.human(language)
                    if language in layers and text is not None:
                        fields[f"caption_{language}"] = _said(s, language, text)
                if "people" in layers:
                    now = _resolved(s.layers.auto_people, merged)
                    for person, said in s.layers.said.items():
                        fields[person_field(person)] = [said.present, merged.get(person, person) in now]
            return edit.apply(Draft("segment.keep", {"segment": after}))

        return self._run(work, segments)

    def delete(self, segments: Sequence[int], *, seen: Seen | None = None) -> Done:
        """Take segments out of the library; `restore` brings them back."""

        def work(edit: Edit) -> Done:
            found = _look(edit.connection, segments, seen, _STRUCTURE)
            now = datetime.now(UTC).isoformat()
            return edit.apply(Draft("segment.delete", {"segment": {str(s.id): {"deleted": now} for s in found}}))

        return self._run(work, segments)

    def restore(self, segments: Sequence[int], *, seen: Seen | None = None) -> Done:
        """Bring deleted segments back.

        Raises:
            OverlapError: people's segments lie there by now.
        """

        def work(edit: Edit) -> Done:
            found = _look(edit.connection, segments, seen, _STRUCTURE, deleted=True)
            there = [s for s in found if s.deleted_at is None]
            if there:
                raise InputError(f"Segment {there[0].id} is not deleted.")
            return edit.apply(Draft("segment.restore", {"segment": {str(s.id): {"deleted": None} for s in found}}))

        return self._run(work, segments)

    def lock(self, segments: Sequence[int], *, locked: bool = True) -> Done:
        """Let nobody change segments until they are unlocked."""

        def work(edit: Edit) -> Done:
            found = _look(edit.connection, segments, None, ["locked"])
            kind = "segment.lock" if locked else "segment.unlock"
            return edit.apply(
                Draft(kind, {"segment": {str(s.id): {"locked": True if locked else None} for s in found}})
            )

        return self._run(work, segments)

    # --- time

    def create(self, video_id: str, span: TimeRange, *, captions: Mapping[Language, str] | None = None) -> Done:
        """A new segment from an in and an out point; what the models made gives way.

        Raises:
            NotFoundError: there is no such video.
            InputError: it leaves the video, or a caption cannot be used.
            OverlapError: people's segments lie there.
        """
        written = {language: clean_caption(text, language) for language, text in (captions or {}).items()}

        def work(edit: Edit) -> Done:
            video = get_video(edit.connection, video_id)
            auto = describer(edit.connection, video, span)(span)
            [number] = take_numbers(edit.connection, "segment", 1)
            fields: dict[str, Any] = {"created": True, "range": [span.start_ms, span.end_ms]}
            for language, text in written.items():
                fields[f"caption_{language}"] = [text, auto.caption(language)]
            return edit.apply(
                Draft("segment.create", {"segment": {str(number): fields}}, where={number: (video_id, span)})
            )

        return self._editor.run(work, videos=lambda _: [video_id], captions=list(written.values()))

    def move(
        self,
        segment: int,
        *,
        start_ms: int | None = None,
        end_ms: int | None = None,
        neighbours: Literal["follow", "stay"] = "follow",
        seen: Seen | None = None,
    ) -> Done:
        """Move one edge of a segment or both.

        Args:
            neighbours: whether a segment that ends or begins at an edge follows it; where it stays, time that is
                let go of goes back to the models.

        Raises:
            InputError: the start is not before the end, a time is outside the video, or a neighbour that people
                edited would have no time left.
            OverlapError: it would lie over segments that people edited.
        """

        def work(edit: Edit) -> Done:
            [found] = _look(edit.connection, [segment], seen, _STRUCTURE)
            return edit.apply(
                Draft("segment.range", {"segment": _moved(edit.connection, found, start_ms, end_ms, neighbours)})
            )

        return self._run(work, [segment])

    def change(
        self,
        segment: int,
        *,
        captions: Mapping[Language, str | None] | None = None,
        add: Collection[int] = (),
        remove: Collection[int] = (),
        start_ms: int | None = None,
        end_ms: int | None = None,
        seen: Seen | None = None,
    ) -> Done:
        """Captions, people and edges of one segment in one operation, as a form gives them; all of it or nothing.

        Args:
            captions: None gives a language back to the models; a language that is left out stays as it is.

        Raises:
            InputError: nothing is given, or as `set_captions`, `set_people` and `move`.
            NotFoundError: somebody who is added or removed is not there.
            OverlapError: it would lie over segments that people edited.
        """
        written = {
            language: None if text is None else clean_caption(text, language)
            for language, text in (captions or {}).items()
        }
        wanted = _said_of(add, remove)
        moved = start_ms is not None or end_ms is not None
        given = {"segment.caption": written, "segment.people": wanted, "segment.range": moved}
        kinds = [kind for kind, what in given.items() if what]
        if not kinds:
            raise InputError("Nothing is changed.")
        set_fields = [f"caption_{language}" for language in written] + [person_field(person) for person in wanted]

        def work(edit: Edit) -> Done:
            connection = edit.connection
            _refuse_unknown(connection, wanted)
            [found] = _look(connection, [segment], seen, [*set_fields, *(_STRUCTURE if moved else ())])
            after: dict[str, dict[str, Any]] = {}
            if moved:
                after = _moved(connection, found, start_ms, end_ms, "follow")
            fields = after.setdefault(str(segment), {})
            for language, text in written.items():
                fields[f"caption_{language}"] = None if text is None else _said(found, language, text)
            if wanted:
                fields |= _judged(found, wanted, merged_people(connection))
            return edit.apply(Draft(kinds[0] if len(kinds) == 1 else "segment.edit", {"segment": after}))

        return self._run(work, [segment], captions=[text for text in written.values() if text is not None])

    def merge(
        self,
        segments: Sequence[int],
        *,
        captions: Literal["join", "first", "longest", "models"] = "join",
        people: Literal["all", "common", "first"] = "all",
        seen: Seen | None = None,
    ) -> Done:
        """Make one of several segments of a video, and of what lies between them.

        The first in time stays, with its number. Where people wrote a caption in one of them, the new one is
        theirs too; else the models describe the new range.

        Args:
            captions: all different ones after one another, the first's, the longest, or what the models say.
            people: those of all parts, those who are in each, or those of the first.

        Raises:
            InputError: fewer than two, of different videos, or captions too long together.
        """

        def work(edit: Edit) -> Done:
            connection = edit.connection
            chosen = _look(connection, segments, seen, _STRUCTURE)
            if len(chosen) < 2:
                raise InputError("Merging takes two segments or more.")
            if len({s.video_id for s in chosen}) > 1:
                raise InputError("Segments of different videos cannot be merged: export them as a reel instead.")
            video = get_video(connection, chosen[0].video_id)
            hull = TimeRange(min(s.span.start_ms for s in chosen), max(s.span.end_ms for s in chosen))
            parts = _parts(connection, video, chosen, hull)
            first = parts[0]
            auto = describer(connection, video, hull)(hull)
            fields: dict[str, Any] = {"range": [hull.start_ms, hull.end_ms]}
            for language in LANGUAGES:
                text = _merged_caption(parts, language, captions)
                fields[f"caption_{language}"] = None if text is None else [text, auto.caption(language)]
            fields |= _merged_people(parts, auto, people, merged_people(connection))
            now = datetime.now(UTC).isoformat()
            after = {str(first.id): fields}
            for part in parts[1:]:
                if video.overlapping or part.touched:  # the models' own are covered, and come back with their room
                    after[str(part.id)] = {"deleted": now}
            subjects: list[Subject] = [("segment", str(part.id)) for part in parts]
            about = {"merged": [part.id for part in parts]}
            return edit.apply(Draft("segment.merge", {"segment": after}, about=about, subjects=subjects))

        return self._run(work, segments)

    def split(
        self,
        segment: int,
        at_ms: int,
        *,
        captions: Literal["both", "first", "second"] = "both",
        seen: Seen | None = None,
    ) -> Done:
        """Cut a segment in two at a time of its video; the first part keeps the number.

        People are divided by who is on screen in each part; somebody whom the models see in neither or both is in
        both.

        Args:
            captions: which part keeps what a person wrote; the models describe the other.

        Raises:
            InputError: the time is not inside the segment.
        """

        def work(edit: Edit) -> Done:
            connection = edit.connection
            [found] = _look(connection, [segment], seen, _STRUCTURE)
            if not found.span.start_ms < at_ms < found.span.end_ms:
                raise InputError(f"{clock(at_ms)} is not inside segment {segment}, which lies at {found.span}.")
            parts = TimeRange(found.span.start_ms, at_ms), TimeRange(at_ms, found.span.end_ms)
            describe = describer(connection, get_video(connection, found.video_id), found.span)
            autos = [describe(part) for part in parts]
            merged = merged_people(connection)
            [number] = take_numbers(connection, "segment", 1)
            new: tuple[dict[str, Any], dict[str, Any]] = ({}, {"created": True})
            for place, (part, auto) in enumerate(zip(parts, autos, strict=True)):
                fields = new[place]
                fields["range"] = [part.start_ms, part.end_ms]
                for language in LANGUAGES:
                    text = found.layers.human(language)
                    if text is not None:
                        kept = captions in ("both", ("first", "second")[place])
                        fields[f"caption_{language}"] = [text, auto.caption(language)] if kept else None
                fields.update(_divided_people(found, autos, place, merged))
            return edit.apply(
                Draft(
                    "segment.split",
                    {"segment": {str(segment): new[0], str(number): new[1]}},
                    about={"split": segment, "at_ms": at_ms},
                    where={number: (found.video_id, parts[1])},
                )
            )

        return self._run(work, [segment])

    def _run(self, work: Any, segments: Sequence[int], captions: Collection[str] = ()) -> Done:
        if not segments:
            raise InputError("Choose a segment.")
        if len(set(segments)) > MOST_SEGMENTS:
            raise InputError(f"At most {MOST_SEGMENTS} segments can be edited at once.")
        done: Done = self._editor.run(
            work, videos=lambda connection: videos_of_segments(connection, segments).values(), captions=captions
        )
        return done


def clean_caption(text: str, language: Language) -> str:
    """A caption as it is stored: composed (NFC), without space around it.

    Raises:
        InputError: it is empty, too long, or holds what is no text.
    """
    name = {"en": "English", "ko": "Korean"}[language]
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"The {name} caption holds half a character (a lone surrogate): write it anew."
        ) from error
    if "\x00" in text:
        raise InputError(f"The {name} caption holds a zero byte: write it anew.")
    cleaned = unicodedata.normalize("NFC", text).strip()
    if not cleaned:
        raise InputError(f"The {name} caption is empty: write one, or give it back to the models.")
    if len(cleaned) > LONGEST_CAPTION:
        raise InputError(
            f"The {name} caption has {len(cleaned):,} characters; at most {LONGEST_CAPTION:,} can be stored."
        )
    return cleaned


def _look(
    connection: Connection,
    ids: Sequence[int],
    seen: Seen | None,
    fields: Iterable[str],
    *,
    deleted: bool = False,
) -> list[SegmentRecord]:
    """The segments to be edited, in time order, as nobody else changed them since they were seen.

    Args:
        fields: that will be set.
        deleted: whether deleted ones can be edited.
    """
    wanted = list(dict.fromkeys(ids))
    found = read_segments(connection, ids=wanted, deleted=True)
    there = {s.id: s for s in found if not s.covered}
    gone = [number for number in wanted if number not in there]
    if gone:
        raise NotFoundError(
            f"There is no segment {', '.join(map(str, gone))} (any more):"
            " look at the video again for what is there."
        )
    removed = [s.id for s in found if s.deleted_at is not None]
    if removed and not deleted:
        raise NotFoundError(f"Segment {', '.join(map(str, removed))} was deleted: restore it first.")
    for segment in found:
        if seen is not None and segment.id in seen and seen[segment.id] != segment.version:
            _refuse_clash(connection, segment, seen[segment.id], set(fields))
    return found


def _refuse_clash(connection: Connection, segment: SegmentRecord, seen: int, fields: set[str]) -> None:
    number = str(segment.id)
    later = read_operations(connection, subjects=[("segment", number)], after=seen)
    clashing = {name for name in _net_changes(later, number) if fields & _STRUCTURE or _clashes(name, fields)}
    if not fields & _STRUCTURE and not clashing:
        return
    at_fault = [o for o in later if clashing & _changes(o.after, number).keys()] or later
    who = f" by {at_fault[0].actor} ({at_fault[0].door}) at {at_fault[0].at:%Y-%m-%d %H:%M}" if at_fault else ""
    raise ConflictError(
        f"Segment {segment.id} was changed{who} since you looked at it: look again, then choose.",
        [segment],
        at_fault,
    )


def _clashes(name: str, fields: set[str]) -> bool:
    return name in fields or name in _STRUCTURE or (name.startswith(PERSON) and "people" in fields)


def _net_changes(later: Sequence[OperationRecord], number: str) -> set[str]:
    """Fields of a segment that are not what they were before these operations, given the newest first.

    What was done and taken back in between changed nothing.
    """
    before: dict[str, Any] = {}
    now: dict[str, Any] = {}
    for operation in reversed(later):
        for name, value in _changes(operation.after, number).items():
            before.setdefault(name, _changes(operation.before, number).get(name))
            now[name] = value
    return {name for name in now if now[name] != before[name]}


def _changes(side: Values, number: str) -> Fields:
    """What one side of an operation says of a segment."""
    return side.get("segment", {}).get(number, {})


def _said_of(add: Collection[int], remove: Collection[int]) -> dict[int, bool]:
    """Whether each person is there.

    Raises:
        InputError: somebody is both.
    """
    if set(add) & set(remove):
        raise InputError("Somebody cannot be there and not be there: name them once.")
    return {**dict.fromkeys(add, True), **dict.fromkeys(remove, False)}


def _moved(
    connection: Connection,
    found: SegmentRecord,
    start_ms: int | None,
    end_ms: int | None,
    neighbours: Literal["follow", "stay"],
) -> dict[str, dict[str, Any]]:
    """The ranges of a segment whose edges are moved, and of those that follow it, as fields by number."""
    span = _range(
        found.span.start_ms if start_ms is None else start_ms,
        found.span.end_ms if end_ms is None else end_ms,
    )
    after: dict[str, dict[str, Any]] = {str(found.id): {"range": [span.start_ms, span.end_ms]}}
    if neighbours == "follow":
        touching = TimeRange(max(0, found.span.start_ms - 1), found.span.end_ms + 1)
        for other in _around(connection, found.video_id, touching):
            moved = _following(found.span, span, other) if other.id != found.id else None
            if moved is not None:
                after[str(other.id)] = {"range": [moved.start_ms, moved.end_ms]}
    return after


def _refuse_unknown(connection: Connection, people: Collection[int]) -> None:
    unknown = set(people) - {person.id for person in list_people(connection)}
    if unknown:
        raise NotFoundError(f"There is no person {', '.join(map(str, sorted(unknown)))}: `vsearch people list`.")


def _fields_of(layers: Collection[Layer]) -> list[str]:
    return ["people" if layer == "people" else f"caption_{layer}" for layer in layers]


def _said(segment: SegmentRecord, language: Language, text: str) -> list[str | None]:
    """A caption with what the models say beside it."""
    return [text, segment.layers.auto(language)]


def _resolved(people: Iterable[int], merged: Mapping[int, int]) -> set[int]:
    return {merged.get(person, person) for person in people}


def _judged(segment: SegmentRecord, wanted: Mapping[int, bool], merged: Mapping[int, int]) -> dict[str, Any]:
    """Fields that say of people whether they are there; what was said under their old ids goes."""
    auto = _resolved(segment.layers.auto_people, merged)
    fields: dict[str, Any] = {
        person_field(old): None for old in segment.layers.said if old in merged and merged[old] in wanted
    }
    return fields | {person_field(person): [present, person in auto] for person, present in wanted.items()}


def _range(start_ms: int, end_ms: int) -> TimeRange:
    if start_ms < 0:
        raise InputError("A segment cannot begin before its video.")
    if end_ms <= start_ms:
        end = clock(max(end_ms, 0))
        raise InputError(f"A segment must end after it begins: {clock(start_ms)} is not before {end}.")
    return TimeRange(start_ms, end_ms)


def _following(old: TimeRange, new: TimeRange, other: SegmentRecord) -> TimeRange | None:
    """Where a neighbour goes that met the old range, None where it stays."""
    start, end = other.span.start_ms, other.span.end_ms
    if end == old.start_ms != new.start_ms:
        end = new.start_ms
    elif start == old.end_ms != new.end_ms:
        start = new.end_ms
    else:
        return None
    if start < end:
        return TimeRange(start, end)
    if other.touched:
        raise InputError(
            f"Segment {other.id} ({other.span}) would have no time left: merge it, or delete it first."
        )
    return None  # the models' own is covered


def _parts(
    connection: Connection, video: VideoRecord, chosen: Sequence[SegmentRecord], hull: TimeRange
) -> list[SegmentRecord]:
    """What becomes one: the chosen, and what lies between them where segments do not overlap."""
    if video.overlapping:
        return sorted(chosen, key=lambda s: (s.span, s.id))
    within = [s for s in _around(connection, video.id, hull) if s.span.overlap_ms(hull)]
    return sorted(within, key=lambda s: (s.span, s.id))


def _around(connection: Connection, video_id: str, span: TimeRange) -> list[SegmentRecord]:
    """The segments that people see in a part of a video."""
    return read_segments(connection, ids=list(read_places(connection, video_id, around=span)))


def _merged_caption(
    parts: Sequence[SegmentRecord], language: Language, how: Literal["join", "first", "longest", "models"]
) -> str | None:
    """What a person said in one of the parts, with the others; None where nobody did."""
    said = [s.layers.human(language) for s in parts]
    if how == "models" or not any(said):
        return None
    texts = [text for s in parts if (text := s.caption(language))]
    if how == "first":
        return texts[0]
    if how == "longest":
        return max(texts, key=len)
    return clean_caption(" ".join(dict.fromkeys(texts)), language)


def _merged_people(
    parts: Sequence[SegmentRecord],
    auto: AutoFields,
    how: Literal["all", "common", "first"],
    merged: Mapping[int, int],
) -> dict[str, Any]:
    """Fields of the first part that make the people of the whole what is wished, whatever the models see."""
    shown = [{person.id for person in part.people} for part in parts]
    wished = {"all": set.union(*shown), "common": set.intersection(*shown), "first": shown[0]}[how]
    seen = _resolved(auto.people, merged)
    said = {merged.get(p, p): judged.present for part in parts for p, judged in part.layers.said.items()}
    fields: dict[str, Any] = {person_field(old): None for old in parts[0].layers.said}
    for person in sorted(wished | seen | said.keys()):
        present = person in wished
        if person in said or present != (person in seen):
            fields[person_field(person)] = [present, person in seen]
    return fields


def _divided_people(
    segment: SegmentRecord, autos: Sequence[AutoFields], place: int, merged: Mapping[int, int]
) -> dict[str, Any]:
    """What was said of who is there, of one of the two parts."""
    on_screen = [_resolved(auto.people, merged) for auto in autos]
    fields: dict[str, Any] = {}
    for person, said in segment.layers.said.items():
        who = merged.get(person, person)
        only_other = who in on_screen[1 - place] and who not in on_screen[place]
        here = not said.present or not only_other
        fields[person_field(person)] = [said.present, who in on_screen[place]] if here else None
    return fields
