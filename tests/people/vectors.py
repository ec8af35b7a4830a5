"""Made-up face vectors: people around a common direction, faces around their person."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from vsearch_pipeline.people.prior import FacePrior
from vsearch_pipeline.people.records import Prototype, Vectors

DIM = 64
COMMON, OWN, NOISE = 0.8, 0.5, 0.2
PRIOR = FacePrior(
    stranger_mean=COMMON**2 / (COMMON**2 + OWN**2 + NOISE**2),
    stranger_sd=0.045,
    same_mean=(COMMON**2 + OWN**2) / (COMMON**2 + OWN**2 + NOISE**2),
)


class Faces:
    """Draws people and their faces; the cosines are about those of `PRIOR`."""

    def __init__(self, seed: int = 0) -> None:
        self._random = np.random.default_rng(seed)
        self._common = self._direction()

    def person(self) -> npt.NDArray[np.float64]:
        return COMMON * self._common + OWN * self._direction()

    def of(self, person: npt.NDArray[np.float64], count: int, noise: float = NOISE) -> Vectors:
        """(count, DIM) unit rows."""
        rows = np.stack([person + noise * self._direction() for _ in range(count)])
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)

    def gallery(self, people: int, photos: int, groups: int = 2) -> list[Prototype]:
        """People 1, 2, ... in groups `g0`, `g1`, ... by turns."""
        return [
            Prototype(number, f"g{number % groups}", self.of(self.person(), photos))
            for number in range(1, people + 1)
        ]

    def _direction(self) -> npt.NDArray[np.float64]:
        vector = self._random.normal(size=DIM)
        return np.asarray(vector / np.linalg.norm(vector))
