"""Errors that people read: one sentence that says what is wrong, where, and what to do."""

from typing import ClassVar

from vsearch_pipeline.redaction import REDACTED


class VsearchError(Exception):
    """Base of every error meant for a person.

    Attributes:
        code: stable identifier for scripts and tests.
        retry: whether the same call may succeed later without a change.
    """

    code: ClassVar[str] = "error"
    retry: ClassVar[bool] = False


def in_words(error: Exception) -> str:
    """An error for people: its own sentence, or what it is and says where it was not meant for them; without
    secrets, which other packages put into what they say."""
    return REDACTED(str(error) if isinstance(error, VsearchError) else f"{type(error).__name__}: {error}")


class MediaError(VsearchError):
    """A file that is not a video we can read; the message gives the reason without the path."""

    code = "bad_media"


class DownloadError(VsearchError):
    """A link that could not be fetched, or that is not allowed."""

    code = "download_failed"
    retry = True


class ModelUnavailableError(VsearchError):
    """A model's files or package are missing; the message says how to get them."""

    code = "model_unavailable"


class ModelRunError(VsearchError):
    """A model that is there failed while it ran; the machine may have room for it later."""

    code = "model_failed"
    retry = True


class DiskFullError(VsearchError):
    """A disk that is written to has no room left."""

    code = "disk_full"
    retry = True


class ServiceError(VsearchError):
    """An outside service (Gemini) could not be reached, refused, or answered nonsense more than once."""

    code = "service_failed"
    retry = True


class SpendingLimitError(VsearchError):
    """A day's limit of requests or money for a paid service is reached; tomorrow it goes on."""

    code = "spending_limit"


class InputError(VsearchError):
    """A value given by a person that cannot be used."""

    code = "bad_input"


class ForbiddenError(VsearchError):
    """Somebody may look, but not change things."""

    code = "forbidden"


class LockedError(VsearchError):
    """A segment that somebody locked is to be changed."""

    code = "locked"


class BusyError(VsearchError):
    """Somebody else, or a run, is writing the same thing for longer than an edit waits."""

    code = "busy"
    retry = True


class NotFoundError(VsearchError):
    """Something named by a person that the catalogue does not have."""

    code = "not_found"


class DatabaseError(VsearchError):
    """The database could not be started, reached or migrated."""

    code = "database"
    retry = True


class StoreError(VsearchError):
    """The folder or bucket of the videos cannot be reached, or takes no more."""

    code = "store"
    retry = True
