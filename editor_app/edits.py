"""What the room asks for: requests of a browser, read strictly, done by the services, and what became of them."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Annotated, Final, Literal, Protocol

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveInt,
    TypeAdapter,
    ValidationError,
)

from vsearch_pipeline.catalog.segments import Language
from vsearch_pipeline.editing.errors import ConflictError
from vsearch_pipeline.editing.history import HistoryService
from vsearch_pipeline.editing.segments import MOST_SEGMENTS, Layer, SegmentService
from vsearch_pipeline.editing.transaction import Done
from vsearch_pipeline.errors import InputError, VsearchError
from vsearch_pipeline.timeline import TimeRange

Ids = Annotated[list[PositiveInt], Field(min_length=1, max_length=MOST_SEGMENTS)]


class Editing(Protocol):
    """What edits are done by."""

    @property
    def editing(self) -> SegmentService: ...

    @property
    def history(self) -> HistoryService: ...


class Request(BaseModel):
    """Attributes:
    token: tells the browser which of its requests an outcome belongs to.
    seen: versions of the segments as the browser showed them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    do: str
    token: NonNegativeInt = 0
    seen: dict[PositiveInt, NonNegativeInt] | None = None

    @abstractmethod
    def run(self, services: Editing) -> Done | None:
        """None where there is nothing to go back to."""

    def next(self, done: Done) -> int | None:  # noqa: ARG002
        """The segment to go on with, None for the one before."""
        return None


class Captions(Request):
    do: Literal["captions"]
    ids: Ids
    captions: dict[Language, str]

    def run(self, services: Editing) -> Done:
        return services.editing.set_captions(self.ids, self.captions, seen=self.seen)


class People(Request):
    do: Literal["people"]
    ids: Ids
    add: list[PositiveInt] = []
    remove: list[PositiveInt] = []

    def run(self, services: Editing) -> Done:
        return services.editing.set_people(self.ids, add=self.add, remove=self.remove, seen=self.seen)


class Offered(Request):
    """What the models say now is taken, or no longer offered."""

    do: Literal["models", "keep"]
    ids: Ids
    layers: Annotated[list[Layer], Field(min_length=1)]

    def run(self, services: Editing) -> Done:
        decide = services.editing.use_models if self.do == "models" else services.editing.keep_mine
        return decide(self.ids, self.layers, seen=self.seen)


class Whole(Request):
    do: Literal["delete", "restore", "lock", "unlock"]
    ids: Ids

    def run(self, services: Editing) -> Done:
        if self.do in ("lock", "unlock"):
            return services.editing.lock(self.ids, locked=self.do == "lock")
        decide = services.editing.delete if self.do == "delete" else services.editing.restore
        return decide(self.ids, seen=self.seen)


class Create(Request):
    do: Literal["create"]
    video: str
    start_ms: NonNegativeInt
    end_ms: PositiveInt

    def run(self, services: Editing) -> Done:
        if self.end_ms <= self.start_ms:
            raise InputError("The in point must come before the out point.")
        return services.editing.create(self.video, TimeRange(self.start_ms, self.end_ms))

    def next(self, done: Done) -> int | None:
        return next((segment.id for segment in done.segments if segment.created), None)


class Move(Request):
    do: Literal["move"]
    id: PositiveInt
    start_ms: NonNegativeInt | None = None
    end_ms: PositiveInt | None = None
    neighbours: Literal["follow", "stay"] = "follow"

    def run(self, services: Editing) -> Done:
        return services.editing.move(
            self.id, start_ms=self.start_ms, end_ms=self.end_ms, neighbours=self.neighbours, seen=self.seen
        )


class Merge(Request):
    do: Literal["merge"]
    ids: Ids
    captions: Literal["join", "first", "longest", "models"] = "join"
    people: Literal["all", "common", "first"] = "all"

    def run(self, services: Editing) -> Done:
        return services.editing.merge(self.ids, captions=self.captions, people=self.people, seen=self.seen)

    def next(self, done: Done) -> int | None:
        there = {segment.id for segment in done.segments}
        return next((number for number in self.ids if number in there), None)


class Split(Request):
    do: Literal["split"]
    id: PositiveInt
    at_ms: NonNegativeInt
    captions: Literal["both", "first", "second"] = "both"

    def run(self, services: Editing) -> Done:
        return services.editing.split(self.id, self.at_ms, captions=self.captions, seen=self.seen)


class Back(Request):
    do: Literal["undo", "redo"]

    def run(self, services: Editing) -> Done | None:
        return services.history.undo() if self.do == "undo" else services.history.redo()


class Revert(Request):
    do: Literal["revert"]
    operation: PositiveInt

    def run(self, services: Editing) -> Done:
        return services.history.revert(self.operation)[0]


_READER: Final[TypeAdapter[Request]] = TypeAdapter(
    Annotated[
        Captions | People | Offered | Whole | Create | Move | Merge | Split | Back | Revert,
        Field(discriminator="do"),
    ]
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request.

    Attributes:
        done: None where nothing was done.
        problem: what stood in the way; None where there was nothing to go back to.
    """

    request: Request
    done: Done | None = None
    problem: VsearchError | None = None

    @property
    def conflict(self) -> ConflictError | None:
        return self.problem if isinstance(self.problem, ConflictError) else None

    @property
    def next(self) -> int | None:
        return self.request.next(self.done) if self.done else None


def read_request(asked: object) -> Request | None:
    """The request that a browser sent; None where it is none."""
    try:
        return _READER.validate_python(asked)
    except ValidationError:
        return None


def perform(services: Editing, request: Request) -> Outcome:
    """Do what is asked; what stands in the way is told, not raised."""
    try:
        return Outcome(request, request.run(services))
    except VsearchError as problem:
        return Outcome(request, problem=problem)
