"""What is known of an embedder's vectors before any gallery."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from vsearch_pipeline.people.heads import centring

SAME_SHARE: Final = 0.63
"""Where between strangers' mean cosine and one person's mean cosine faces begin to be taken for one person.

Measured with sface-dlib on 12 people (30 photos each): of the pairs of tracks put together all belong together, of
those that belong together 95 (tracks of one face) to 100 of 100 (three faces and more) are; at 0.5 one pair in six
that is put together is wrong."""
OTHER_SHARE: Final = 0.22
"""Where between the two faces are no longer taken for one person: of single photographs of the same of 12 people
two pairs in 1,000 are below it, of two people 86 in 100."""


@dataclass(frozen=True, slots=True)
class FacePrior:
    """What is known of an embedder before any gallery: cosines between two single faces.

    Attributes:
        stranger_mean: mean for two different people.
        stranger_sd: its standard deviation.
        same_mean: mean for one person.
    """

    stranger_mean: float
    stranger_sd: float
    same_mean: float

    def stranger_mean_to(self, references: int) -> float:
        """Mean cosine of strangers to the unit mean of that many faces of a person."""
        return self.stranger_mean / float(np.sqrt(self.same_mean + (1 - self.same_mean) / references))

    def centred(self, people: int, references: float) -> FacePrior:
        """The same once `heads.centre_of` that many people, each with about that many faces, is taken away.

        Follows from the means of the dot products; vectors are of length 1, and a person's own share of the centre
        makes them more alike to it than strangers are.
        """
        share = centring(people)
        strangers, same = self.stranger_mean, self.same_mean
        own = strangers + (same + (1 - same) / references - strangers) / people
        again = strangers + (same - strangers) / people
        power = share**2 * own
        lengths = [float(np.sqrt(1 - 2 * share * along + power)) for along in (strangers, own, again)]
        return FacePrior(
            (strangers - share * (strangers + own) + power) / (lengths[0] * lengths[1]),
            self.stranger_sd / (lengths[0] * lengths[1]),
            (same - share * (again + own) + power) / (lengths[2] * lengths[1]),
        )

    @property
    def same_person_cosine(self) -> float:
        """From which on the mean cosine between the faces of two tracks makes them one person."""
        return self.stranger_mean + SAME_SHARE * (self.same_mean - self.stranger_mean)

    @property
    def other_person_cosine(self) -> float:
        """Below which the mean cosine between two stretches of a track makes them two people."""
        return self.stranger_mean + OTHER_SHARE * (self.same_mean - self.stranger_mean)


PRIORS: Final[dict[str, FacePrior]] = {"sface-dlib": FacePrior(0.658, 0.0395, 0.8465)}
"""Measured on 12 people x 60 photos."""
ARCFACE_PRIOR: Final = FacePrior(0.02, 0.07, 0.62)
"""Assumed of ArcFace models trained on millions of people (insightface's packs); not measured here."""


def prior_of(embedder: str) -> FacePrior:
    return PRIORS.get(embedder, ARCFACE_PRIOR)
