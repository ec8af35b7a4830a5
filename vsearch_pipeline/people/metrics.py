"""How well faces are named: F1, average precision, ROC-AUC, confusion, strangers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]

NOBODY = -1
"""Number of the class of faces that got no name."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Of single faces of known classes, 0..1.

    Attributes:
        f1_weighted: of the likeliest class, nobody not being one; mean over classes by their faces.
        f1_macro: the same, each class counting alike.
        average_precision: mean over classes of the area under precision and recall (mAP).
        roc_auc: mean over classes, each against the rest; 0 where there is but one class.
    """

    f1_weighted: float
    f1_macro: float
    average_precision: float
    roc_auc: float

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def class_scores(truths: Numbers, confidences: Floats) -> Scores:
    """
    Args:
        truths: (n,) class of each face.
        confidences: (n, classes); any scale that ranks faces within a class and classes within a face.
    """
    from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

    if len(truths) == 0:
        return Scores(0.0, 0.0, 0.0, 0.0)
    guesses = confidences.argmax(axis=1)
    present = [int(label) for label in np.unique(truths)]
    f1 = {
        kind: float(f1_score(truths, guesses, labels=present, average=kind, zero_division=0))
        for kind in ("weighted", "macro")
    }
    precisions = [average_precision_score(truths == label, confidences[:, label]) for label in present]
    areas = [roc_auc_score(truths == label, confidences[:, label]) for label in present if len(present) > 1]
    return Scores(f1["weighted"], f1["macro"], float(np.mean(precisions)), float(np.mean(areas)) if areas else 0.0)


def confusion(truths: Numbers, guesses: Numbers, classes: int) -> Numbers:
    """(classes, classes + 1) counts: rows are who it is, columns who it was taken for, nobody last."""
    table = np.zeros((classes, classes + 1), dtype=np.int64)
    np.add.at(table, (truths, np.where(guesses == NOBODY, classes, guesses)), 1)
    return table


@dataclass(frozen=True, slots=True)
class OpenSet:
    """What happens where strangers are about, 0..1.

    Attributes:
        named: share of known people's faces that got their own name.
        misnamed: share of them that got another's.
        strangers_named: share of strangers' faces that got a name.
        strangers_at_95: the same, were the threshold such that 95% of known faces get their own name;
            1 where no threshold does.
        named_at_1: `named`, were the threshold such that 1% of strangers get a name.
    """

    named: float
    misnamed: float
    strangers_named: float
    strangers_at_95: float
    named_at_1: float

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def open_set(truths: Numbers, known: Floats, strangers: Floats, lowest: float = 0.0) -> OpenSet:
    """
    Args:
        truths: (n,) class of each known face.
        known: (n, classes) confidence of each known face; `lowest` or more gives a name.
        strangers: (m,) highest confidence of each stranger's face.
    """
    best = known.max(axis=1)
    right = known.argmax(axis=1) == truths
    own = np.sort(np.where(right, best, -np.inf))
    at_95 = own[int(0.05 * len(own))] if len(own) else np.inf
    at_1 = np.quantile(strangers, 0.99, method="higher") if len(strangers) else lowest
    return OpenSet(
        named=_share(right & (best >= lowest)),
        misnamed=_share(~right & (best >= lowest)),
        strangers_named=_share(strangers >= lowest),
        strangers_at_95=_share(strangers >= at_95) if np.isfinite(at_95) else 1.0,
        named_at_1=_share(right & (best > at_1)),
    )


def _share(which: Sequence[bool] | npt.NDArray[np.bool_]) -> float:
    return float(np.mean(which)) if len(which) else 0.0
