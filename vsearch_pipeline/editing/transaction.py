"""One edit: rows, history and search together, in one transaction that is tried again where it has to be.

An edit says which fields of the human layer it sets (`Draft`). Everything that follows from them is the same for
all: what was there before, locks, the layout of the video, what the models say of new ranges, search rows,
vectors, versions and the line of history.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from vsearch_pipeline.catalog.human import NAMING, PERSON, missing_people, read_fields, write_fields
from vsearch_pipeline.catalog.identities import Mark, add_marks
from vsearch_pipeline.catalog.locks import be_patient, lock_names, lock_video
from vsearch_pipeline.catalog.operations import Door, Fields, Subject, Values, log_operation
from vsearch_pipeline.catalog.passages import passage_models, write_passages
from vsearch_pipeline.catalog.segments import (
    AutoFields,
    Place,
    PlacedSegment,
    SegmentRecord,
    delete_untouched,
    insert_segments,
    read_places,
    read_places_of,
    read_segments,
    segments_of_people,
    update_auto_fields,
    write_places,
    write_versions,
)
from vsearch_pipeline.catalog.slack import take_delivery
from vsearch_pipeline.catalog.stages import ProducerInfo, producer_id, stage_producer
from vsearch_pipeline.catalog.text_models import Answering, answering_model
from vsearch_pipeline.catalog.videos import VideoRecord, read_videos
from vsearch_pipeline.editing.description import describer
from vsearch_pipeline.editing.errors import AlreadyDoneError, OverlapError
from vsearch_pipeline.editing.fit import lay_out
from vsearch_pipeline.editing.refresh import refresh_search_of
from vsearch_pipeline.errors import BusyError, DatabaseError, InputError, LockedError
from vsearch_pipeline.language.embedding import SentenceEmbedder
from vsearch_pipeline.roles import Role, require_editor
from vsearch_pipeline.search.documents import Documents, Missing, NotReadyError
from vsearch_pipeline.search.text_models import TextModels
from vsearch_pipeline.timeline import TimeRange, clock

TRIES: Final = 8
"""Of an edit that the database breaks off because of another (a deadlock)."""
_TRY_AGAIN: Final = frozenset({"40001", "40P01"})  # serialization failure, deadlock
_WAITED: Final = "55P03"  # lock not available

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Draft:
    """What an edit sets.

    Attributes:
        kind: of the operation, `segment.caption`.
        after: the fields it sets, by kind and id; others stay.
        about: what is told of it in the history besides.
        where: video and span of segments that may have to be made, or go back to where they were.
        reverts: the operation it takes back.
        subjects: whose history it belongs to, besides those of the fields.
        marks: new words about faces, to be written and live from then on.
    """

    kind: str
    after: Values
    about: Mapping[str, Any] = field(default_factory=dict)
    where: Mapping[int, tuple[str, TimeRange]] = field(default_factory=dict)
    reverts: int | None = None
    subjects: Collection[Subject] = ()
    marks: Collection[Mark] = ()


@dataclass(frozen=True, slots=True)
class Done:
    """What became of an edit.

    Attributes:
        operation: its number in the history, None where everything was like that already.
        segments: those that were changed, as they are now; without those that are not to be seen any more.
    """

    operation: int | None
    segments: tuple[SegmentRecord, ...] = ()


class Transactions(Protocol):
    """What an edit needs of the catalogue."""

    def begin(self) -> AbstractContextManager[Connection]: ...


class Editor:
    """Runs edits through one door, by one actor.

    Args:
        embedder: the text model of the settings; the one that answers gives the vectors of what people write.
        role: the actor's; a viewer's edits are refused.
        once: what names a delivery of the door's; what was done for it already is not done again.
    """

    def __init__(
        self,
        catalog: Transactions,
        embedder: SentenceEmbedder,
        *,
        actor: str,
        door: Door,
        role: Role = "editor",
        once: str | None = None,
    ) -> None:
        if not actor.strip():
            raise InputError("An edit needs somebody who made it: set VSEARCH_ACTOR, or sign in.")
        self.catalog = catalog
        self.embedder = embedder
        self.actor = actor
        self.door = door
        self.role = role
        self.once = once
        self._models = TextModels(embedder)
        self._answering: Answering | None = None
        self._known_words: set[str] = set()  # that search knows, since somebody wrote them through here

    def run(
        self,
        work: Callable[[Edit], T],
        *,
        videos: Callable[[Connection], Iterable[str]] = lambda _: (),
        captions: Collection[str] = (),
        people: bool = False,
    ) -> T:
        """Run an edit in one transaction.

        It is tried again where texts turn out to need vectors, which are computed in between, and where the
        database breaks off one of two edits that wait for each other. So `work` must do nothing but read and
        `apply`.

        Args:
            videos: which are held before `work` starts.
            captions: texts that will be written, embedded before the transaction starts.
            people: whether it changes people or marks, so that nobody else changes any.

        Raises:
            ForbiddenError: the actor may only look.
            AlreadyDoneError: this delivery's edit was done before.
            BusyError: somebody else holds what is needed.
            DatabaseError: the connection was lost.
        """
        require_editor(self.role, self.actor)
        documents = self._documents(captions)
        tries = 0
        while True:
            storing = False
            try:
                with self.catalog.begin() as connection:
                    be_patient(connection)
                    if self.once is not None and not take_delivery(connection, self.once):
                        raise AlreadyDoneError("This was done already.")
                    if people:
                        lock_names(connection)
                    lock_video(connection, *sorted(set(videos(connection))))
                    answering = answering_model(connection)  # to the end of this: a change takes the same locks
                    if _name(answering) != _name(self._answering):
                        raise _OtherModelError(answering)
                    done = work(Edit(self, connection, documents))
                    storing = True
                return done
            except NotReadyError as error:
                documents.embed(error.missing)
            except _OtherModelError as error:
                self._answering, self._known_words = error.answering, set()
                documents = self._documents(captions)
            except DatabaseError as error:
                if storing:
                    raise DatabaseError(
                        "The database broke the connection off while the edit was being stored: look at the"
                        " history whether it is there, and try again if not."
                    ) from error
                raise DatabaseError(f"Nothing was changed. {error}") from error
            except OperationalError as error:
                state = getattr(error.orig, "sqlstate", None)
                if state == _WAITED:
                    raise BusyError("This is being written by somebody else or by a run: try again.") from error
                tries += 1
                if state not in _TRY_AGAIN or tries == TRIES:
                    raise
                time.sleep(random.uniform(0, 0.05 * 2**tries))  # noqa: S311 - so that two do not meet again

    def _documents(self, captions: Collection[str]) -> Documents:
        """What search reads, in the model that answers, with the vectors of captions that will be written."""
        documents = Documents(self._models.of(self._answering))
        if captions:
            wanted = documents.of_captions(captions)
            new = [word for word in wanted.words if word not in self._known_words]
            documents.embed(Missing(wanted.texts, tuple(new)))
            self._known_words.update(new)
        return documents


class _OtherModelError(Exception):
    """Another text model answers than the one that the edit was prepared for."""

    def __init__(self, answering: Answering | None) -> None:
        super().__init__(f"{_name(answering)} answers now")
        self.answering = answering


def _name(answering: Answering | None) -> str | None:
    return answering.model if answering else None


class Edit:
    """An edit under way, in its transaction."""

    def __init__(self, editor: Editor, connection: Connection, documents: Documents) -> None:
        self.connection = connection
        self._editor = editor
        self._documents = documents

    def apply(self, draft: Draft) -> Done:
        """Do it, whole.

        Raises:
            InputError: a segment would leave its video, or somebody who is spoken of is not there any more.
            LockedError: somebody locked one of the segments.
            OverlapError: a segment would lie over others that people own, where segments do not overlap.
        """
        connection = self.connection
        before, after = self._changed(draft)
        if not after:
            return Done(None)
        _refuse_missing(connection, after)
        segments = [int(number) for number in after.get("segment", {})]
        held = read_places_of(connection, segments) if segments else {}
        where = {number: (video, placed.place.span) for number, (video, placed) in held.items()} | {
            number: place for number, place in draft.where.items() if number not in held
        }
        operation = log_operation(
            connection,
            actor=self._editor.actor,
            door=self._editor.door,
            kind=draft.kind,
            before=before,
            after=after,
            about={**draft.about, **_told(where, segments)},
            reverts=draft.reverts,
            subjects=[*draft.subjects, *_subjects(after, {where[number][0] for number in segments})],
        )
        add_marks(connection, operation, draft.marks)
        for kind in ("person", "mark", "member"):
            write_fields(connection, kind, after.get(kind, {}), operation=operation)
        if segments:
            self._make(where, held.keys(), segments)
            write_fields(connection, "segment", after["segment"], operation=operation)
            self._go_back(draft, after["segment"], held)
        changed = self._settle(where, held, segments, operation)
        renamed = [int(number) for number, fields in after.get("person", {}).items() if NAMING & fields.keys()]
        if renamed:
            refresh_search_of(connection, segments_of_people(connection, renamed))
        return Done(operation, tuple(changed))

    def _changed(self, draft: Draft) -> tuple[dict[str, Any], dict[str, Any]]:
        """The fields of a draft that are not like that already, before and after; nothing but unlocking is done to
        what is locked."""
        locked = []
        before: dict[str, Any] = {}
        after: dict[str, Any] = {}
        live = {str(mark.id): {"live": True} for mark in draft.marks}
        fields_of = {**draft.after, "mark": {**draft.after.get("mark", {}), **live}}
        for kind, wanted in fields_of.items():
            now = read_fields(self.connection, kind, wanted.keys())
            for number, fields in wanted.items():
                new = {name: value for name, value in fields.items() if now[number].get(name) != value}
                if new:
                    before.setdefault(kind, {})[number] = {name: now[number].get(name) for name in new}
                    after.setdefault(kind, {})[number] = new
                    if now[number].get("locked") and "locked" not in new:
                        locked.append(number)
        if locked:
            raise LockedError(f"Segment {', '.join(locked)} is locked: unlock it first.")
        return before, after

    def _make(
        self, where: Mapping[int, tuple[str, TimeRange]], there: Collection[int], segments: Sequence[int]
    ) -> None:
        """Make the rows of segments that are not there; what the models say of them comes with `_settle`."""
        for number in segments:
            if number not in there:
                video, span = where[number]
                producer = self._producer(video)
                insert_segments(
                    self.connection, video, producer, [(Place(span, None), AutoFields(None, None))], ids=[number]
                )

    def _go_back(
        self, draft: Draft, changes: Mapping[str, Fields], held: Mapping[int, tuple[str, PlacedSegment]]
    ) -> None:
        """Put segments where they were before an operation that is taken back, as far as no range says where: when
        people own something of them again, that is where they stay."""
        back = {
            int(number): draft.where[int(number)][1]
            for number, fields in changes.items()
            if int(number) in draft.where
            and int(number) in held
            and fields.get("range") is None
            and ("range" in fields or not held[int(number)][1].owned)
        }
        write_places(self.connection, {i: Place(span, held[i][1].place.origin) for i, span in back.items()})

    def _producer(self, video_id: str) -> int:
        """Whose the automatic fields of a video's segments are."""
        found = stage_producer(self.connection, video_id, "segments")
        return found or producer_id(self.connection, ProducerInfo("segments", "none", "1"))

    def _settle(
        self,
        where: Mapping[int, tuple[str, TimeRange]],
        held: Mapping[int, tuple[str, PlacedSegment]],
        segments: Sequence[int],
        operation: int,
    ) -> list[SegmentRecord]:
        """Lay the videos out anew around segments that were written, refresh what is searched, set versions.

        Returns:
            the segments that were written, as far as they are to be seen.
        """
        if not segments:
            return []
        connection = self.connection
        now = {number: placed for number, (_, placed) in read_places_of(connection, segments).items()}
        touched: dict[str, dict[int, Place]] = {}
        stirred: dict[str, list[int]] = {}
        for number in segments:
            video_id = where[number][0]
            touched.setdefault(video_id, {})[number] = now[number].place
            if _is_moved(held.get(number), now[number]):
                stirred.setdefault(video_id, []).append(number)
        videos = read_videos(connection, stirred) if stirred else {}
        for video_id, moved in sorted(stirred.items()):
            video = videos[video_id]
            spans = [now[number].place.span for number in moved]
            spans += [held[number][1].place.span for number in moved if number in held]
            # what a person moved far away may go back to the range it stands for
            spans += [now[number].place.origin or now[number].place.span for number in moved]
            self._refuse_outside(video, [now[number] for number in moved])
            touched[video_id] |= self._lay_out(video, _hull(spans), moved)
            self._refuse_overlap(video, moved)
        numbers = [number for places in touched.values() for number in places]
        placed = (
            {number: each for number, (_, each) in read_places_of(connection, numbers).items()} if stirred else now
        )
        pristine = [number for number, each in placed.items() if _is_pristine(each)]
        write_versions(connection, pristine, 0)
        beside = placed.keys() - now.keys() - set(pristine)  # those that were written have it already
        write_versions(connection, sorted(beside), operation)
        found = read_segments(connection, ids=numbers, deleted=True) if numbers else []
        self._refresh(found, touched, held)
        return [segment for segment in found if segment.id in now and segment.shown]

    def _lay_out(self, video: VideoRecord, region: TimeRange, moved: Collection[int]) -> dict[int, Place]:
        """Fit the models' ranges in a part of a video around what people own now.

        Returns:
            the rows that changed by it, with where they were (of new ones: are).
        """
        connection = self.connection
        while True:
            rows = read_places(connection, video.id, around=region)
            origins = [
                p.place.origin for p in rows.values() if p.place.origin and p.place.origin.overlap_ms(region)
            ]
            whole = _hull([region, *origins])
            if whole == region:
                break
            region = whole
        far = {i for i, p in rows.items() if p.place.origin and not p.place.origin.overlap_ms(region)}
        layout = lay_out(
            (placed for number, placed in rows.items() if number not in far),
            origins,
            overlapping=video.overlapping,
            others=[rows[number].place.span for number in far if rows[number].owned],
        )
        moved_places = {i: place for i, place in layout.places.items() if rows[i].place != place}
        delete_untouched(connection, layout.dropped)
        write_places(connection, moved_places)
        again = [i for i in {*moved_places, *moved} if i in layout.places or i in far]
        spans = {i: layout.places[i].span if i in layout.places else rows[i].place.span for i in again}
        describe = describer(connection, video, _hull([region, *spans.values()]))
        producer = self._producer(video.id)
        update_auto_fields(connection, producer, {i: describe(span) for i, span in spans.items()})
        made = insert_segments(
            connection, video.id, producer, [(place, describe(place.span)) for place in layout.new]
        )
        return {
            **{i: rows[i].place for i in moved_places},
            **dict(zip(made, layout.new, strict=True)),
        }

    def _refuse_outside(self, video: VideoRecord, placed: Iterable[PlacedSegment]) -> None:
        for each in placed:
            if video.duration_ms is not None and each.owned and each.place.span.end_ms > video.duration_ms:
                raise InputError(
                    f"{each.place.span} ends after {video.title}, which is {clock(video.duration_ms)} long."
                )

    def _refuse_overlap(self, video: VideoRecord, moved: Sequence[int]) -> None:
        if video.overlapping:
            return
        now = {number: placed for number, (_, placed) in read_places_of(self.connection, moved).items()}
        standing = {number: placed for number, placed in now.items() if placed.owned and not placed.deleted}
        if not standing:
            return
        around = _hull([placed.place.span for placed in standing.values()])
        others = [
            placed
            for placed in read_places(self.connection, video.id, around=around).values()
            if placed.owned and not placed.deleted
        ]
        for number, own in standing.items():
            over = [o for o in others if o.id != number and o.place.span.overlap_ms(own.place.span)]
            if over:
                listed = ", ".join(f"{other.id} ({other.place.span})" for other in over)
                raise OverlapError(
                    f"Segment {number} would lie at {own.place.span}, over {listed}, which people have edited:"
                    " move, merge or delete these first.",
                    [other.id for other in over],
                )

    def _refresh(
        self,
        segments: Sequence[SegmentRecord],
        touched: Mapping[str, Mapping[int, Place]],
        held: Mapping[int, tuple[str, PlacedSegment]],
    ) -> None:
        """Write what search reads of these segments, and of the stretches of video around them."""
        if not touched:
            return
        model = self._documents.embedder.name
        self._documents.write(self.connection, segments, edited=True)
        by_video: dict[str, list[TimeRange]] = {
            video: [place.span for place in places.values()] for video, places in touched.items()
        }
        for segment in segments:
            by_video[segment.video_id].append(segment.span)
        for video_id, placed in held.values():
            by_video[video_id].append(placed.place.span)
        for video_id, spans in by_video.items():
            for each in {model, *passage_models(self.connection, video_id)}:
                write_passages(self.connection, video_id, each, around=spans)


def _is_moved(before: tuple[str, PlacedSegment] | None, now: PlacedSegment) -> bool:
    """Whether the segments around a segment may have to give way, or get room."""
    if before is None:
        return True
    _, was = before
    stands = was.place == now.place and was.deleted == now.deleted
    return not stands or (was.owned and not now.owned) or (now.owned and now.place.covered)


def _is_pristine(placed: PlacedSegment) -> bool:
    return not placed.owned and not placed.place.covered and placed.place.span == placed.place.origin


def _hull(spans: Sequence[TimeRange]) -> TimeRange:
    return TimeRange(min(span.start_ms for span in spans), max(span.end_ms for span in spans))


def _told(where: Mapping[int, tuple[str, TimeRange]], segments: Sequence[int]) -> dict[str, Any]:
    """Where the segments of an operation lay, so that its history can be read, and they be made again."""
    if not segments:
        return {}
    return {"where": {str(n): [where[n][0], where[n][1].start_ms, where[n][1].end_ms] for n in segments}}


def _subjects(after: Values, videos: Iterable[str]) -> list[Subject]:
    found: list[Subject] = [("video", video) for video in videos]
    found += [("person", number) for number in after.get("person", {})]
    for number, fields in after.get("segment", {}).items():
        found.append(("segment", number))
        found += [("person", name.removeprefix(PERSON)) for name in fields if name.startswith(PERSON)]
    return found


def _refuse_missing(connection: Connection, after: Values) -> None:
    missing = missing_people(connection, after)
    if missing:
        listed = ", ".join(map(str, sorted(missing)))
        raise InputError(f"Person {listed} is not there any more: do again first what made them.")
