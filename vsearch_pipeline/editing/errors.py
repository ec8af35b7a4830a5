"""Edits that do not fit what is there now: each says what stands in the way, so that a person can choose."""

from __future__ import annotations

from collections.abc import Sequence

from vsearch_pipeline.catalog.library import PersonRecord
from vsearch_pipeline.catalog.operations import OperationRecord
from vsearch_pipeline.catalog.segments import SegmentRecord
from vsearch_pipeline.errors import InputError


class ConflictError(InputError):
    """Somebody else changed the same thing since it was looked at.

    Attributes:
        segments: as they are now.
        operations: what was done to them meanwhile, the newest first.
    """

    code = "conflict"

    def __init__(
        self, message: str, segments: Sequence[SegmentRecord], operations: Sequence[OperationRecord]
    ) -> None:
        super().__init__(message)
        self.segments = tuple(segments)
        self.operations = tuple(operations)


class OverlapError(InputError):
    """A segment would lie over others that people own.

    Attributes:
        segments: ids of those others.
    """

    code = "overlap"

    def __init__(self, message: str, segments: Sequence[int]) -> None:
        super().__init__(message)
        self.segments = tuple(segments)


class BlockedError(InputError):
    """An operation cannot be taken back as long as later ones stand.

    Attributes:
        operations: the later ones, the newest first.
    """

    code = "blocked"

    def __init__(self, message: str, operations: Sequence[OperationRecord]) -> None:
        super().__init__(message)
        self.operations = tuple(operations)


class AmbiguousNameError(InputError):
    """Several people have the name that somebody wrote.

    Attributes:
        people: who can be meant.
    """

    code = "ambiguous_name"

    def __init__(self, message: str, people: Sequence[PersonRecord]) -> None:
        super().__init__(message)
        self.people = tuple(people)


class NameTakenError(InputError):
    """Somebody is to be called what somebody else is called, or was.

    Attributes:
        person: who that is.
    """

    code = "name_taken"

    def __init__(self, message: str, person: PersonRecord) -> None:
        super().__init__(message)
        self.person = person


class OutdatedClusterError(InputError):
    """The faces of a cluster were found anew since it was gathered."""

    code = "outdated_cluster"


class InseparableError(InputError):
    """A cluster is to be taken apart that holds too little, or whose tracks are too alike."""

    code = "too_alike"


class AlreadyDoneError(InputError):
    """A delivery came again whose edit was done the first time."""

    code = "already_done"
