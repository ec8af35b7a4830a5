"""Scores against figures worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from vsearch_pipeline.people.metrics import NOBODY, class_scores, confusion, open_set


def test_scores_of_a_small_table() -> None:
    truths = np.array([0, 0, 0, 1])
    confidences = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.4, 0.6]])
    scores = class_scores(truths, confidences)
    # class 0: precision 1, recall 2/3; class 1: precision 1/2, recall 1
    assert scores.f1_macro == pytest.approx((0.8 + 2 / 3) / 2)
    assert scores.f1_weighted == pytest.approx((3 * 0.8 + 2 / 3) / 4)
    # class 0 ranks 0.9, 0.8, (0.4), 0.3: precisions 1, 1, 3/4; class 1 ranks 0.7 (wrong), 0.6
    assert scores.average_precision == pytest.approx(((1 + 1 + 0.75) / 3 + 0.5) / 2)
    assert scores.roc_auc == pytest.approx((2 / 3 + 2 / 3) / 2)


def test_nothing_scored_is_nothing() -> None:
    assert class_scores(np.empty(0, np.int64), np.empty((0, 3))).f1_macro == 0


def test_confusion_has_a_column_for_nobody() -> None:
    table = confusion(np.array([0, 0, 1, 1]), np.array([0, 1, NOBODY, 1]), 2)
    assert table.tolist() == [[1, 1, 0], [0, 1, 1]]


def test_open_set_counts() -> None:
    truths = np.array([0, 0, 1, 1])
    known = np.array([[0.9, 0.1], [-0.2, -0.5], [0.3, 0.2], [0.1, 0.8]])
    strangers = np.array([0.5, -0.1, -0.3, -0.4])
    seen = open_set(truths, known, strangers)
    assert seen.named == 0.5
    assert seen.misnamed == 0.25
    assert seen.strangers_named == 0.25
    assert seen.named_at_1 == 0.5
    # one face in four is misnamed at any threshold: 95% cannot be reached
    assert seen.strangers_at_95 == 1


def test_strangers_at_the_threshold_that_names_all() -> None:
    truths = np.zeros(20, np.int64)
    known = np.linspace(0.1, 1, 20)[:, None]
    seen = open_set(truths, known, np.array([0.12, 0.05]))
    assert seen.strangers_at_95 == 0
    assert open_set(truths, known, np.array([0.5, 0.05])).strangers_at_95 == 0.5
