"""Tracks put right by who is in them: cut where two people pass for one, joined where one was lost and found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import groupby, pairwise
from typing import Final

import numpy as np

from vsearch_pipeline.people.prior import FacePrior
from vsearch_pipeline.people.quality import DECIDING_QUALITY
from vsearch_pipeline.people.records import FaceObservation, FaceTrack, Vectors
from vsearch_pipeline.people.tracking import BEST_FACES, best_of_stretches, position_fit

MAX_HIDDEN_MS: Final = 5000
"""Longest time out of sight within a track, as long as a segment may be: after it, it is another appearance, so
that nobody is said to be on screen in a segment in which they are not."""


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    """Part of a track, or several joined.

    Attributes:
        faces: in order of time.
        best: those of `faces` that stand for the piece, in order of time.
        spans: times of the first and last face of each stretch that position alone had linked.
        total: sum of the vectors of the faces that decide.
        deciding: how many of `best` are good enough to decide.
    """

    faces: tuple[FaceObservation, ...]
    best: tuple[FaceObservation, ...]
    end_ms: int
    spans: tuple[tuple[int, int], ...]
    total: Vectors
    deciding: int


def stitch_tracks(
    tracks: Sequence[FaceTrack],
    faces: Sequence[FaceObservation],
    vectors: Mapping[int, Vectors],
    step_ms: int,
    prior: FacePrior,
) -> list[FaceTrack]:
    """Cut tracks whose best faces plainly disagree, then join those of a shot that agree.

    A track is cut between two of its best faces where the mean cosine across is lowest, if it is below the prior's
    `other_person_cosine`; in between, where the position fits worst. Two tracks are joined if no stretch of one is
    on screen together with one of the other, at most `MAX_HIDDEN_MS` lie between them, and the mean cosine of
    their best faces is at least `same_person_cosine`: the most alike first.

    Args:
        tracks: of one video, as `link_tracks` gives them.
        faces: all faces of these tracks, by their `index`.
        vectors: (dim,) unit vectors by the face's index, for those of the best faces that were embedded.
        step_ms: time between two frames that were looked at.
        prior: of the embedder.

    Returns:
        tracks with the guarantees of `link_tracks`, except that a joined track may be out of sight for longer.
    """
    pieces: list[_Piece] = []
    for _, of_shot in groupby(
        sorted(tracks, key=lambda track: track.shot_index), key=lambda track: track.shot_index
    ):
        whole = [
            _piece([faces[i] for i in t.faces], [faces[i] for i in t.best], t.end_ms, vectors) for t in of_shot
        ]
        cut = [piece for track in whole for piece in _cut(track, vectors, step_ms, prior.other_person_cosine)]
        pieces += _joined(cut, prior.same_person_cosine)
    pieces.sort(key=lambda piece: (piece.faces[0].time_ms, piece.faces[0].index))
    return [
        FaceTrack(
            index=index,
            shot_index=piece.faces[0].shot_index,
            start_ms=piece.faces[0].time_ms,
            end_ms=piece.end_ms,
            faces=tuple(face.index for face in piece.faces),
            best=best_of_stretches(piece.best, BEST_FACES),
        )
        for index, piece in enumerate(pieces)
    ]


def _piece(
    faces: Sequence[FaceObservation],
    best: Sequence[FaceObservation],
    end_ms: int,
    vectors: Mapping[int, Vectors],
) -> _Piece:
    deciding = _deciding(best, vectors)
    return _Piece(
        faces=tuple(faces),
        best=tuple(best),
        end_ms=end_ms,
        spans=((faces[0].time_ms, faces[-1].time_ms),),
        total=_sum(deciding, vectors),
        deciding=len(deciding),
    )


def _deciding(best: Sequence[FaceObservation], vectors: Mapping[int, Vectors]) -> list[FaceObservation]:
    return [face for face in best if face.index in vectors and face.quality >= DECIDING_QUALITY]


def _sum(faces: Sequence[FaceObservation], vectors: Mapping[int, Vectors]) -> Vectors:
    total: Vectors = np.array([vectors[face.index] for face in faces], dtype=np.float32).sum(axis=0)
    return total


def _cut(
    piece: _Piece, vectors: Mapping[int, Vectors], step_ms: int, other_person_cosine: float
) -> Iterator[_Piece]:
    deciding = _deciding(piece.best, vectors)
    across = [
        float(_sum(deciding[:k], vectors) @ _sum(deciding[k:], vectors)) / (k * (len(deciding) - k))
        for k in range(1, len(deciding))
    ]
    if not across or min(across) >= other_person_cosine:
        yield piece
        return
    k = across.index(min(across))
    first, last = piece.faces.index(deciding[k]), piece.faces.index(deciding[k + 1])
    fits = [position_fit(a.bbox_xyxy, b.bbox_xyxy) for a, b in pairwise(piece.faces[first : last + 1])]
    place = first + fits.index(min(fits)) + 1
    before, after = piece.faces[:place], piece.faces[place:]
    end_ms = min(before[-1].time_ms + step_ms, after[0].time_ms)
    best_before = [face for face in piece.best if face.time_ms < after[0].time_ms]
    best_after = piece.best[len(best_before) :]
    yield from _cut(_piece(before, best_before, end_ms, vectors), vectors, step_ms, other_person_cosine)
    yield from _cut(_piece(after, best_after, piece.end_ms, vectors), vectors, step_ms, other_person_cosine)


def _joined(pieces: Sequence[_Piece], same_person_cosine: float) -> list[_Piece]:
    """Greedy average linkage; of equally alike pairs the earlier first."""
    known = list(pieces)
    alive = set(range(len(known)))

    def candidates(number: int, others: Sequence[int]) -> list[tuple[float, int, int]]:
        pairs = [(other, number) for other in others if _may_join(known[other], known[number])]
        alike = [(_mean_cosine(known[a], known[b]), a, b) for a, b in pairs]
        return [(-cosine, a, b) for cosine, a, b in alike if cosine >= same_person_cosine]

    heap = [pair for number in range(len(known)) for pair in candidates(number, range(number))]
    heapify(heap)
    while heap:
        _, a, b = heappop(heap)
        if a in alive and b in alive:
            alive -= {a, b}
            known.append(_join(known[a], known[b]))
            for pair in candidates(len(known) - 1, sorted(alive)):
                heappush(heap, pair)
            alive.add(len(known) - 1)
    return [known[number] for number in sorted(alive)]


def _may_join(first: _Piece, second: _Piece) -> bool:
    gaps = [max(a[0] - b[1], b[0] - a[1]) for a in first.spans for b in second.spans]
    return min(gaps) > 0 and min(gaps) <= MAX_HIDDEN_MS


def _mean_cosine(first: _Piece, second: _Piece) -> float:
    if not first.deciding or not second.deciding:
        return -1.0
    return float(first.total @ second.total) / (first.deciding * second.deciding)


def _join(first: _Piece, second: _Piece) -> _Piece:
    return _Piece(
        faces=_in_time(first.faces + second.faces),
        best=_in_time(first.best + second.best),
        end_ms=max(first.end_ms, second.end_ms),
        spans=first.spans + second.spans,
        total=first.total + second.total,
        deciding=first.deciding + second.deciding,
    )


def _in_time(faces: tuple[FaceObservation, ...]) -> tuple[FaceObservation, ...]:
    return tuple(sorted(faces, key=lambda face: face.time_ms))
