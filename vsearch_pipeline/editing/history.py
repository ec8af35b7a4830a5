"""The history, and going back in it: revert, undo, redo, restore. Each is an operation of the history itself."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from sqlalchemy import Connection

from vsearch_pipeline.catalog.human import missing_people, name_holder, person_references, read_fields
from vsearch_pipeline.catalog.locks import lock_names, lock_video
from vsearch_pipeline.catalog.operations import (
    Door,
    Fields,
    OperationRecord,
    Subject,
    Values,
    get_operation,
    last_operation_before,
    operation_actors,
    operation_subjects,
    read_operations,
)
from vsearch_pipeline.catalog.segments import videos_of_segments
from vsearch_pipeline.catalog.videos import get_video
from vsearch_pipeline.editing.entries import Entry, readable
from vsearch_pipeline.editing.errors import BlockedError, OverlapError
from vsearch_pipeline.editing.transaction import Done, Draft, Edit, Editor
from vsearch_pipeline.errors import InputError, NotFoundError
from vsearch_pipeline.timeline import TimeRange

T = TypeVar("T")

UNDO: Final = "history.undo"
REDO: Final = "history.redo"
REVERT: Final = "history.revert"
RESTORE: Final = "history.restore"
LOOKED_BACK: Final = 500
"""Operations of an actor among which undo and redo look."""
READ_AT_ONCE: Final = 10
"""Of these."""
LISTED: Final = 50


@dataclass(frozen=True, slots=True)
class Preview:
    """What going back would do.

    Attributes:
        entries: the operations that it would be, in the order they would be done; none where nothing would change.
        later: what stands in the way of a revert and would be taken back as well, the newest first.
        unwound: of a restore, how many operations it would put back.
    """

    entries: tuple[Entry, ...]
    later: tuple[Entry, ...] = ()
    unwound: int = 0


class HistoryService:
    """Reading the history, and going back in it through one door."""

    def __init__(self, editor: Editor) -> None:
        self._editor = editor

    # --- reading

    def entries(
        self,
        *,
        segment: int | None = None,
        person: int | None = None,
        video: str | None = None,
        actor: str | None = None,
        door: Door | None = None,
        kinds: Collection[str] = (),
        before: int | None = None,
        limit: int = LISTED,
    ) -> list[Entry]:
        """What was done, the newest first, also what cannot be reverted (a video that was added).

        Args:
            segment, person, video: only what is about it; of several, about each.
            kinds: only operations of one of these.
            before: only what is older than this operation, for the next page.
        """
        about: list[Subject] = []
        if segment is not None:
            about.append(("segment", str(segment)))
        if person is not None:
            about.append(("person", str(person)))
        if video is not None:
            about.append(("video", video))
        with self._editor.catalog.begin() as connection:
            found = read_operations(
                connection, about=about, actor=actor, door=door, kinds=kinds, before=before, limit=limit
            )
            return readable(connection, found)

    def entry(self, operation: int) -> Entry:
        """Raises NotFoundError where there is no such operation."""
        with self._editor.catalog.begin() as connection:
            return readable(connection, [get_operation(connection, operation)])[0]

    def actors(self) -> list[str]:
        """Everybody who did something, by name."""
        with self._editor.catalog.begin() as connection:
            return operation_actors(connection)

    def undoable(self) -> OperationRecord | None:
        """What `undo` would take back."""
        with self._editor.catalog.begin() as connection:
            return _undoable(connection, self._editor.actor)

    def redoable(self) -> OperationRecord | None:
        """What `redo` would take back: an undo."""
        with self._editor.catalog.begin() as connection:
            return _redoable(connection, self._editor.actor)

    # --- going back

    def revert(self, operation: int, *, with_later: bool = False) -> list[Done]:
        """Take an operation back; what was done to other fields since stands.

        Args:
            with_later: whether later operations that stand in the way are taken back as well, the newest first.

        Raises:
            NotFoundError: there is no such operation.
            InputError: it is taken back already, or cannot be.
            BlockedError: later operations stand in the way, and `with_later` is not given; it names them.
        """

        def work(edit: Edit) -> list[Done]:
            return _revert(edit, operation, REVERT, with_later=with_later)

        return self._go_back(work, operation)

    def undo(self) -> Done | None:
        """Take back the newest operation of the actor that stands; None where there is none."""
        with self._editor.catalog.begin() as connection:
            found = _undoable(connection, self._editor.actor)
        return self._go_back(lambda edit: _revert(edit, found.id, UNDO)[0], found.id) if found else None

    def redo(self) -> Done | None:
        """Do again what the actor undid last; None where there is nothing, or they did something else since."""
        with self._editor.catalog.begin() as connection:
            found = _redoable(connection, self._editor.actor)
        return self._go_back(lambda edit: _revert(edit, found.id, REDO)[0], found.id) if found else None

    def restore(
        self,
        *,
        segment: int | None = None,
        video: str | None = None,
        operation: int | None = None,
        moment: datetime | None = None,
    ) -> Done:
        """Put the human layer of a segment, or of all segments of a video, back to how it was.

        Args:
            operation: to right after this one; 0 for before all.
            moment: to this point in time, instead.

        Raises:
            NotFoundError: there is no such segment, video or operation.
            InputError: not exactly one of each pair is given.
            OverlapError: a segment would lie over others that people edited since: restore the video.
        """
        _refuse_vague(segment, video, operation, moment)

        def work(edit: Edit) -> Done:
            return edit.apply(_restoring(edit.connection, segment, video, operation, moment).draft)

        return self._restore(work, segment, video)

    def preview_revert(self, operation: int) -> Preview:
        """What taking an operation back would do, with what stands in its way where something does; nothing is
        done.

        Raises:
            as `revert` with later ones; never BlockedError.
        """

        def work(edit: Edit) -> Preview:
            try:
                done = _tried(edit, lambda: _revert(edit, operation, REVERT))
            except BlockedError:
                done = _tried(edit, lambda: _revert(edit, operation, REVERT, with_later=True))
            later = [each.operation.reverts for each in done if each.operation.reverts not in (None, operation)]
            found = [get_operation(edit.connection, number) for number in later if number is not None]
            return Preview(done, tuple(readable(edit.connection, found)))

        return self._go_back(work, operation)

    def preview_restore(
        self, *, segment: int | None = None, video: str | None = None, operation: int | None = None
    ) -> Preview:
        """What restoring to right after an operation would do; nothing is done.

        Raises:
            as `restore`.
        """
        _refuse_vague(segment, video, operation, None)

        def work(edit: Edit) -> Preview:
            wanted = _restoring(edit.connection, segment, video, operation, None)
            return Preview(_tried(edit, lambda: [edit.apply(wanted.draft)]), unwound=wanted.unwound)

        return self._restore(work, segment, video)

    def _restore(self, work: Callable[[Edit], T], segment: int | None, video: str | None) -> T:
        """Run it holding the videos that a segment is or was in, or the video."""

        def videos(connection: Connection) -> Iterable[str]:
            if video is not None:
                return [get_video(connection, video).id]
            subject: Subject = ("segment", str(segment))
            newest = read_operations(connection, subjects=[subject], limit=1)  # a segment stays in its video
            return _videos_where(newest) | _videos_of(connection, [subject])

        return self._editor.run(work, videos=videos)

    def _go_back(self, work: Callable[[Edit], T], number: int) -> T:
        """Run it holding all that an operation is about."""
        with self._editor.catalog.begin() as connection:
            people = _is_about_people(get_operation(connection, number))
        return self._editor.run(
            work,
            videos=lambda connection: _videos_of(connection, operation_subjects(connection, number)),
            people=people,
        )


def _tried(edit: Edit, work: Callable[[], Sequence[Done]]) -> tuple[Entry, ...]:
    """What it would do, as the history would tell it; nothing of it stays."""
    with edit.connection.begin_nested() as trial:
        numbers = [done.operation for done in work() if done.operation is not None]
        told = readable(edit.connection, [get_operation(edit.connection, number) for number in numbers])
        trial.rollback()
    return tuple(told)


def _revert(edit: Edit, number: int, kind: str, *, with_later: bool = False) -> list[Done]:
    """Take an operation back, after those that stand in its way where that is wished; the newest first."""
    done: list[Done] = []
    while True:
        try:
            return [*done, _revert_one(edit, number, kind)]
        except BlockedError as blocked:
            if not with_later:
                raise
            _hold(edit.connection, blocked.operations[0])
            done += _revert(edit, blocked.operations[0].id, kind, with_later=True)


def _revert_one(edit: Edit, number: int, kind: str) -> Done:
    connection = edit.connection
    operation = get_operation(connection, number)
    if not operation.after:
        raise InputError(f"Operation {number} ({operation.kind}) changed nothing that could be put back.")
    if operation.reverted_by is not None:
        raise InputError(f"Operation {number} is taken back already, by operation {operation.reverted_by}.")
    put_back = _without_needed(connection, operation)
    clashes = _clashes(connection, operation, put_back)
    if clashes:
        later = _later(connection, operation, clashes)
        if later:
            raise _blocked(operation, later)
        put_back = _beside_runs(connection, operation, put_back, clashes)
    draft = Draft(
        kind,
        put_back,
        about={"of": operation.kind, "root": operation.about.get("root", operation.kind)},
        where={int(i): (v, TimeRange(a, b)) for i, (v, a, b) in operation.about.get("where", {}).items()},
        reverts=number,
        subjects=operation_subjects(connection, number),
    )
    try:
        with connection.begin_nested():
            return edit.apply(draft)
    except OverlapError as error:
        later = _later(connection, operation, {("segment", str(other)): None for other in error.segments})
        raise (_blocked(operation, later) if later else _changed_otherwise(operation)) from error


def _hold(connection: Connection, operation: OperationRecord) -> None:
    """Lock what a further operation is about; that of the first one is held from the start."""
    if _is_about_people(operation):
        lock_names(connection)
    lock_video(connection, *sorted(_videos_of(connection, operation_subjects(connection, operation.id))))


def _is_about_people(operation: OperationRecord) -> bool:
    return bool(operation.after.keys() & {"person", "mark", "member"})


Clashes = dict[tuple[str, str], set[str] | None]
"""Fields by kind and id; None for whatever was done to it."""


def _clashes(connection: Connection, operation: OperationRecord, put_back: Values) -> Clashes:
    """What of an operation is not as it left it, and what else does not go with what would be put back."""
    found: Clashes = {}
    for kind, changed in operation.after.items():
        now = read_fields(connection, kind, changed.keys())
        for number, fields in changed.items():
            other = {name for name, value in fields.items() if now[number].get(name) != value}
            if other:
                found[kind, number] = other
            elif fields.get("created") and set(now[number]) - set(fields):
                found[kind, number] = None  # what is not there any more can hold nothing
    for person in missing_people(connection, put_back):
        found["person", str(person)] = {"name"}
    people = put_back.get("person", {})
    for number, fields in people.items():
        if fields.get("name") is not None:
            holder = str(name_holder(connection, *fields["name"]) or number)
            if holder != number and "name" not in people.get(holder, {}):
                found["person", holder] = {"name"}
    return found


def _later(connection: Connection, operation: OperationRecord, clashes: Clashes) -> list[OperationRecord]:
    """The operations that made these clashes and stand, the newest first; without those that only took back what
    was done since, or did it again."""
    others: list[Subject] = [("segment", number) for kind, number in clashes if kind == "segment"]
    others += [("person", number) for kind, number in clashes if kind == "person"]
    subjects = [*operation_subjects(connection, operation.id), *others]
    return [
        other
        for other in read_operations(connection, subjects=subjects, after=operation.id)
        if other.stands
        and (other.reverts is None or other.reverts <= operation.id)
        and any(
            fields is None or fields & set(other.after.get(kind, {}).get(number, {}))
            for (kind, number), fields in clashes.items()
            if number in other.after.get(kind, {})
        )
    ]


def _blocked(operation: OperationRecord, later: Sequence[OperationRecord]) -> BlockedError:
    listed = ", ".join(f"{each.id} ({each.kind} by {each.actor})" for each in later)
    return BlockedError(
        f"Operation {operation.id} cannot be taken back before what was done later: {listed}.", later
    )


def _changed_otherwise(operation: OperationRecord) -> InputError:
    return InputError(f"Operation {operation.id} cannot be taken back: what it changed was changed otherwise.")


def _beside_runs(
    connection: Connection, operation: OperationRecord, put_back: Values, clashes: Clashes
) -> dict[str, dict[str, dict[str, Any]]]:
    """What is put back where runs and lists have changed something since: clusters stay as they were gathered,
    and names that were learnt stay.

    Raises:
        InputError: something else was changed.
    """
    kept = {
        kind: {number: dict(fields) for number, fields in changed.items()} for kind, changed in put_back.items()
    }
    for (kind, number), fields in clashes.items():
        if fields is None:
            continue  # it was there already, with what it holds besides, before it was made again
        if kind == "member":
            kept[kind].pop(number)
        elif kind == "person" and fields == {"aliases"} and number in kept.get(kind, {}):
            before, after = (side[kind][number]["aliases"] or [] for side in (operation.before, operation.after))
            now = read_fields(connection, kind, [number])[number].get("aliases", [])
            left = [name for name in now if name in before or name not in after]
            names = [*left, *(name for name in before if name not in left and name not in after)]
            kept[kind][number]["aliases"] = names or None
        else:
            raise _changed_otherwise(operation)
    return kept


def _without_needed(connection: Connection, operation: OperationRecord) -> dict[str, dict[str, dict[str, Any]]]:
    """The fields that put things back; somebody who was new stays where more is known of them by now."""
    put_back = {
        kind: {number: dict(fields) for number, fields in changed.items()}
        for kind, changed in operation.before.items()
    }
    new = [n for n, fields in put_back.get("person", {}).items() if "name" in fields and fields["name"] is None]
    marks = [int(n) for n, fields in operation.after.get("mark", {}).items() if fields.get("live")]
    needed = person_references(connection, [int(n) for n in new], without_marks=marks)
    for number, now in read_fields(connection, "person", new).items():
        if int(number) in needed or now.keys() - operation.after["person"][number].keys():
            del put_back["person"][number]
    return put_back


def _undoable(connection: Connection, actor: str) -> OperationRecord | None:
    for operation in _done_by(connection, actor):
        if operation.after and operation.stands and operation.kind not in (UNDO, REDO):
            return operation
    return None


def _done_by(connection: Connection, actor: str) -> Iterator[OperationRecord]:
    """The last operations of an actor, the newest first, read a few at a time: mostly the first one is meant."""
    before = None
    for _ in range(LOOKED_BACK // READ_AT_ONCE):
        found = read_operations(connection, actor=actor, before=before, limit=READ_AT_ONCE)
        yield from found
        if len(found) < READ_AT_ONCE:
            return
        before = found[-1].id


def _redoable(connection: Connection, actor: str) -> OperationRecord | None:
    for operation in _done_by(connection, actor):
        if operation.kind == UNDO and operation.after and operation.stands:
            return operation
        if operation.after and operation.kind not in (UNDO, REDO):
            return None
    return None


def _refuse_vague(segment: int | None, video: str | None, operation: int | None, moment: datetime | None) -> None:
    if (segment is None) == (video is None) or (operation is None) == (moment is None):
        raise InputError("Say what to restore, a segment or a video, and to which operation or point in time.")


@dataclass(frozen=True, slots=True)
class _Restoring:
    """Attributes:
    unwound: how many operations it puts back.
    """

    draft: Draft
    unwound: int


def _restoring(
    connection: Connection,
    segment: int | None,
    video: str | None,
    operation: int | None,
    moment: datetime | None,
) -> _Restoring:
    subject: Subject = ("video", video) if video is not None else ("segment", str(segment))
    if operation:
        get_operation(connection, operation)
    point = operation or 0
    if moment is not None:
        point = last_operation_before(connection, moment)
    later = read_operations(connection, subjects=[subject], after=point)
    known = later or read_operations(connection, subjects=[subject], limit=1)
    if segment is not None and not known and not videos_of_segments(connection, [segment]):
        raise NotFoundError(f"There is no segment {segment}.")
    return _Restoring(_unwound(later, subject, point), sum(bool(_fields_of(each, subject)) for each in later))


def _fields_of(operation: OperationRecord, subject: Subject) -> dict[str, Fields]:
    """What an operation changed of a segment, or of the segments of a video, by segment: as it was before."""
    kind, name = subject
    where = operation.about.get("where", {})
    return {
        number: fields
        for number, fields in operation.before.get("segment", {}).items()
        if (number == name if kind == "segment" else where[number][0] == name)
    }


def _unwound(later: Sequence[OperationRecord], subject: Subject, point: int) -> Draft:
    """The fields of segments as they were before these operations, the newest of which comes first."""
    target: dict[str, dict[str, Any]] = {}
    where: dict[int, tuple[str, TimeRange]] = {}
    for operation in later:
        for number, (video, start, end) in operation.about.get("where", {}).items():
            where[int(number)] = (video, TimeRange(start, end))
        for number, fields in _fields_of(operation, subject).items():
            target.setdefault(number, {}).update(fields)
    return Draft(RESTORE, {"segment": target}, about={"to": point}, where=where, subjects=[subject])


def _videos_of(connection: Connection, subjects: Collection[Subject]) -> set[str]:
    """The videos of what these are, and of all that was done to it: an edit may reach into each."""
    found = {name for kind, name in subjects if kind == "video"}
    segments = [int(name) for kind, name in subjects if kind == "segment"]
    return found | set(videos_of_segments(connection, segments).values())


def _videos_where(operations: Iterable[OperationRecord]) -> set[str]:
    """The videos in which these operations were, also of segments that are gone."""
    return {place[0] for operation in operations for place in operation.about.get("where", {}).values()}
