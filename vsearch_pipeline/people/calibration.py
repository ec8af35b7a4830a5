"""How alike a face must be to a person to get their name: thresholds for a stated share of false names."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from vsearch_pipeline.people.heads import Head, Owners, prototype_head
from vsearch_pipeline.people.prior import FacePrior
from vsearch_pipeline.people.records import Vectors

Floats = npt.NDArray[np.float64]

FALSE_NAMES: Final = 0.01
"""Share of strangers' faces that may get a name."""
FOLDS: Final = 5
PRIOR_PEOPLE: Final = 20
"""How many people's worth of evidence the embedder's prior is, against the strangers of the whole gallery."""
PRIOR_PEOPLE_FOR_ONE: Final = 100
"""The same, against the strangers of one person: less is seen of them, and thresholds that differ by chance
confuse people with each other."""
TAIL: Final = 1.15
"""What the quantile is widened by: strangers come as people, not as single faces, and one who looks like a member
of the gallery does so in every face. Set on 12 people, see `thresholds`."""
SOFTNESS: Final = 1 / 3
"""Standard deviations of the strangers' cosines over which the odds of a name change by a factor e."""
NEGATIVE_STEP: Final = 0.25
"""Standard deviations by which a threshold is put above the most alike face that was said not to be the person."""


def thresholds(head: Head, references: Vectors, owners: Owners, prior: FacePrior) -> Floats:
    """Lowest cosine to each person's direction at which a face gets their name.

    Strangers' cosines are modelled as normal with `TAIL`: mean and deviation are the embedder's, blended with what
    the gallery's people show to directions trained without them. The quantile leaves `FALSE_NAMES` over
    all people together, so that a stranger has as many chances as there are people. On 20 draws of 8 of 12 people,
    the other 4 as strangers, it let through 0.2 to 0.8% of strangers' faces with 1 to 48 references a person.

    Args:
        references: (n, dim) unit rows, every person having one.

    Returns:
        (people,) cosines.
    """
    from scipy.stats import norm

    people = int(owners.max()) + 1
    counts = np.bincount(owners, minlength=people)
    steps = TAIL * float(norm.ppf(1 - FALSE_NAMES / people))
    expected = np.array([prior.stranger_mean_to(int(count)) for count in counts])
    cosines = _strangers(head, references, owners)
    if np.isnan(cosines).all():
        return expected + steps * prior.stranger_sd
    if head is not prototype_head:
        # a trained head lies elsewhere than the mean that the prior speaks of
        expected += np.nanmean(cosines - _strangers(prototype_head, references, owners), axis=0)
    above = cosines - expected
    share = (people - 1) / (people - 1 + PRIOR_PEOPLE)
    shift = share * float(np.nanmean(above))
    variance = (1 - share) * prior.stranger_sd**2 + share * float(np.nanmean((above - shift) ** 2))
    share = (people - 1) / (people - 1 + PRIOR_PEOPLE_FOR_ONE)
    own = share * (np.nanmean(above, axis=0) - float(np.nanmean(above)))
    return np.asarray(expected + shift + own + steps * np.sqrt(variance), dtype=np.float64)


def raised_by_negatives(
    lowest: Floats, heads: Vectors, person: int, negatives: Vectors, prior: FacePrior
) -> float:
    """`person`'s threshold above every face that was said not to be them."""
    alike = float((negatives @ heads[person]).max())
    return max(float(lowest[person]), min(alike + NEGATIVE_STEP * prior.stranger_sd, 1.0))


def _strangers(head: Head, references: Vectors, owners: Owners) -> Floats:
    """(n, people) cosines of each reference to directions trained without its person; NaN where there is none."""
    people = int(owners.max()) + 1
    cosines = np.full((len(references), people), np.nan)
    for number in range(min(FOLDS, people)):
        left_out = owners % FOLDS == number
        kept, renumbered = np.unique(owners[~left_out], return_inverse=True)
        if len(kept):
            heads = head(references[~left_out], renumbered.astype(np.int64), references[:0])
            cosines[np.ix_(left_out, kept)] = references[left_out] @ heads.T
    return cosines
