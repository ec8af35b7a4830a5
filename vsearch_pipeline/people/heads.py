"""One direction a person in the space of face vectors: the mean of their references, or a trained ArcFace head."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

from vsearch_pipeline.people.records import Vectors

Owners = npt.NDArray[np.int64]
"""(n,) number, 0..people-1, of the person each vector belongs to."""
Head = Callable[[Vectors, Owners, Vectors], Vectors]
"""(references (n, dim), their owners, faces of nobody enrolled (m, dim)) -> (people, dim), rows of length 1."""

MARGIN: Final = 0.2
SCALE: Final = 32.0
ANCHOR: Final = 1.0
"""Pull towards the prototypes: a gallery is small, and a head that is free to turn fits its photos."""
CENTRING: Final = 0.7
"""Share of the mean person that is taken from every face: what all faces have in common tells nobody apart.
Between 0.5 and 0.8 all measures on held-out people rise alike; beyond, the chance likeness of few takes over."""
_STEPS: Final = 60
_EDGE: Final = 1e-6


def centre_of(vectors: Vectors, owners: Owners) -> npt.NDArray[np.float32]:
    """(dim,) what to take from every vector before directions are compared; each person counts alike."""
    people = int(owners.max()) + 1
    means = np.stack([vectors[owners == person].mean(axis=0) for person in range(people)])
    return np.asarray(centring(people) * means.mean(axis=0), dtype=np.float32)


def centring(people: int) -> float:
    """A few people's mean is mostly themselves: less of it is taken."""
    return CENTRING * (people - 1) / people


def centred(vectors: Vectors, centre: npt.NDArray[np.float32]) -> Vectors:
    """Rows less `centre`, of length 1 again."""
    moved = vectors - centre
    return np.asarray(moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-12), dtype=np.float32)


def prototype_head(vectors: Vectors, owners: Owners, _: Vectors) -> Vectors:
    """Each person's mean reference."""
    people = int(owners.max()) + 1
    return np.stack([_unit(vectors[owners == person].mean(axis=0)) for person in range(people)])


def arcface_head(vectors: Vectors, owners: Owners, others: Vectors) -> Vectors:
    """Directions trained with an additive angular margin (Deng et al. 2019), anchored to the prototypes.

    The loss is the mean over people of their references' cross-entropy over `SCALE` * cos(angle), the angle to
    the own person widened by `MARGIN`, plus `ANCHOR` * squared distance to the prototypes. Faces of nobody
    enrolled add their log-sum of odds, so that directions turn away from them.
    """
    from scipy.optimize import minimize

    start = prototype_head(vectors, owners, others).astype(np.float64)
    people, dim = start.shape
    faces = vectors.astype(np.float64)
    strangers = others.astype(np.float64).reshape(-1, dim)
    rows = np.arange(len(faces))
    own, other = (faces * start[owners]).sum(axis=1).mean(), (faces @ start.T).mean()
    middle = (own + other) / 2
    shares = 1 / (people * np.bincount(owners, minlength=people)[owners])

    def loss_and_gradient(flat: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        free = flat.reshape(people, dim)
        lengths = np.linalg.norm(free, axis=1, keepdims=True)
        heads = free / lengths
        cosines = np.clip(faces @ heads.T, -1 + _EDGE, 1 - _EDGE)
        angles = np.arccos(cosines[rows, owners])
        widened = np.minimum(angles + MARGIN, np.pi)
        logits = SCALE * cosines
        logits[rows, owners] = SCALE * np.cos(widened)
        log_odds = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
        slopes = np.exp(log_odds)
        slopes[rows, owners] -= 1
        slopes *= (shares * SCALE)[:, None]
        slopes[rows, owners] *= np.sin(widened) / np.sin(angles)
        loss = -float(shares @ log_odds[rows, owners]) + ANCHOR * float(((heads - start) ** 2).sum())
        gradient = slopes.T @ faces + 2 * ANCHOR * (heads - start)
        if len(strangers):
            even = SCALE * (strangers @ heads.T - middle)
            loss += float(np.logaddexp(0, even).mean())
            gradient += (SCALE / even.size / (1 + np.exp(-even))).T @ strangers
        gradient = (gradient - (gradient * heads).sum(axis=1, keepdims=True) * heads) / lengths
        return loss, gradient.ravel()

    found = minimize(loss_and_gradient, start.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": _STEPS})
    heads = found.x.reshape(people, dim)
    return np.asarray(heads / np.linalg.norm(heads, axis=1, keepdims=True), dtype=np.float32)


HEADS: Final[dict[str, Head]] = {"prototype": prototype_head, "arcface": arcface_head}
"""The simplest first: it is kept where no other is better."""


def _unit(vector: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return vector / max(float(np.linalg.norm(vector)), 1e-12)
