"""A machine that has no room left, on its disk or in its memory, said in a sentence."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from vsearch_pipeline.errors import DiskFullError, ModelRunError, VsearchError

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_NO_MEMORY: Final = (
    *("bad_alloc", "bad allocation", "allocate memory", "insufficient memory", "not enough memory"),
    *("out of memory", "failed to allocate", "failed to map segment"),
)
"""What libraries say that have no error of their own for it: onnxruntime, OpenCV, torch on the processor, and the
loader of shared objects."""
_LIBRARIES: Final = ("onnxruntime", "cv2", "torch", "av.", "dlib", "builtins", "ctranslate2")


@contextmanager
def disk_of(folder: Path) -> Iterator[None]:
    """Say that the disk of a folder is full, where writing into it fails for that.

    Raises:
        DiskFullError: it is.
    """
    try:
        yield
    except DiskFullError:
        raise
    except Exception as error:
        if is_disk_full(error):
            raise DiskFullError(
                f"The disk of {folder} is full ({_size(_free(folder))} left): make room there, then try again."
            ) from error
        raise


def require_room(folder: Path, needed: int) -> None:
    """Refuse before anything is written.

    Raises:
        DiskFullError: the disk of the folder has less than `needed` bytes left.
    """
    free = _free(folder)
    if free < needed:
        raise DiskFullError(
            f"The disk of {folder} has {_size(free)} left, and {_size(needed)} are needed: make room there, then"
            " try again."
        )


def is_disk_full(error: BaseException) -> bool:
    """Whether it is what a file system says that has no room, or comes from that."""
    return _comes_from(error, lambda cause: getattr(cause, "errno", None) in _FULL)


def plainly(error: Exception) -> Exception:
    """The error, or where it says that memory or a disk is full, one that says so to people."""
    if isinstance(error, VsearchError):
        return error
    if is_disk_full(error):
        return _caused(DiskFullError("The disk is full: make room, then try again."), error)
    if is_out_of_memory(error):
        return _caused(
            ModelRunError(
                "There was not enough memory: end other programs or choose a smaller model, then try again; what"
                " was done before stays."
            ),
            error,
        )
    return error


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory did not suffice, of the machine or of its graphics card, or it comes from that."""
    return _comes_from(error, _is_out_of_memory)


def _comes_from(error: BaseException, found: Callable[[BaseException], bool]) -> bool:
    """Whether this holds for an error or for what caused it."""
    cause: BaseException | None = error
    while cause is not None:
        if found(cause):
            return True
        cause = cause.__cause__
    return False


def _is_out_of_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    if getattr(error, "errno", None) == errno.ENOMEM:
        return True
    said = str(error).lower()
    return type(error).__module__.startswith(_LIBRARIES) and any(words in said for words in _NO_MEMORY)


def _caused(told: VsearchError, error: Exception) -> VsearchError:
    told.__cause__ = error
    return told


def _free(folder: Path) -> int:
    there = next(path for path in (folder, *folder.parents) if path.exists())
    return shutil.disk_usage(there).free


def _size(count: int) -> str:
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 else f"{count / 2**20:.1f} MiB"
