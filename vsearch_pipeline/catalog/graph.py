"""The stages that a video goes through, known where Dagster is not: names, what each reads, which assets it makes.

The stages of `assets/` say the same for themselves; a test compares both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

STAGE_INPUTS: Final[Mapping[str, tuple[str, ...]]] = {
    "video": (),
    "sampling": ("video",),
    "transcript": ("video",),
    "faces": ("sampling",),
    "face_tracks": ("faces",),
    "face_labels": ("face_tracks",),
    "objects": ("sampling",),
    "captions": ("sampling", "objects"),
    "korean_captions": ("captions", "face_labels"),
    "segments": ("sampling", "objects", "captions", "korean_captions", "face_labels", "transcript"),
    "segment_embeddings": ("segments",),
    "previews": ("sampling", "segments"),
    "proxy": ("video",),
}
"""Every stage after those that it reads; the one that waits for all others comes last."""
STAGES: Final = tuple(STAGE_INPUTS)
SEARCHABLE: Final = "segment_embeddings"
"""The stage after which search finds a video."""
OF_IMPORTED: Final = ("segments", SEARCHABLE)
"""The stages of a video that was imported without a file; its segments are the import's."""


def stages_of(kind: str) -> tuple[str, ...]:
    """The stages that a video of this kind goes through."""
    return OF_IMPORTED if kind == "imported" else STAGES


def stage_assets(stage: str) -> tuple[str, ...]:
    """The assets that a stage makes."""
    return ("shots", "frames") if stage == "sampling" else (stage,)
