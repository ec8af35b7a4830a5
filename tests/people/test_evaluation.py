"""A gallery judged on photos it has not seen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.people.made_faces import BlockDetector, PatternEmbedder, made_face, save
from vsearch_pipeline.errors import InputError
from vsearch_pipeline.people.evaluation import Evaluation, evaluate


def photos(folder: Path, people: range, takes: range) -> Path:
    for person in people:
        for take in takes:
            save(folder / f"g{person % 2}" / f"p{person}" / f"{take}.png", made_face(person, take))
    return folder


def judged(gallery: Path, probes: Path, strangers: Path | None = None) -> Evaluation:
    return evaluate(gallery, probes, strangers, detector=BlockDetector(), embedder=PatternEmbedder())


def test_known_people_are_named_and_strangers_are_not(tmp_path: Path) -> None:
    strangers = photos(tmp_path / "strangers", range(50, 57), range(3))
    for take in range(3):
        save(strangers / f"loose {take}.png", made_face(57, take))
    result = judged(
        photos(tmp_path / "gallery", range(6), range(4)),
        photos(tmp_path / "probes", range(6), range(10, 15)),
        strangers,
    )
    report = result.report
    assert json.loads(json.dumps(report)) == report
    assert report["member"]["f1_macro"] == report["group"]["f1_weighted"] == 1
    assert report["as_labelled"] == {"named": 1, "misnamed": 0, "unknown": 0}
    assert report["probes"] == 30
    assert report["strangers"]["faces"] == 24
    assert report["strangers"]["false_name_rate"] < 0.1
    assert report["gallery"] == {"people": 6, "references": 24, "issues": []}
    assert result.people == tuple(sorted(result.people))
    assert result.confusion.sum() == 30
    assert {entry["recall"] for entry in report["people"]} == {1.0}


def test_a_wrong_folder_is_a_wrong_answer(tmp_path: Path) -> None:
    """The figures come from the probes: faces of one person under another's name count as misnamed."""
    gallery = photos(tmp_path / "gallery", range(4), range(4))
    probes = photos(tmp_path / "probes", range(4), range(10, 13))
    for take in range(10, 13):
        save(probes / "g0" / "p0" / f"{take}.png", made_face(1, take))
    report = judged(gallery, probes).report
    assert report["as_labelled"]["misnamed"] == pytest.approx(3 / 12)
    assert report["member"]["f1_macro"] < 0.8
    assert report["strangers"] is None


def test_what_cannot_be_scored_is_told(tmp_path: Path) -> None:
    gallery = photos(tmp_path / "gallery", range(3), range(3))
    (gallery / "g0" / "p0" / "broken.jpg").write_bytes(b"no picture")
    probes = photos(tmp_path / "probes", range(2), range(10, 12))
    photos(probes, range(9, 10), range(1))
    (probes / "g0" / "p0" / "broken.jpg").write_bytes(b"no picture")
    save(probes / "g0" / "p0" / "dark.png", made_face(0) * 0)
    report = judged(gallery, probes).report
    assert report["probes"] == 4
    assert report["probes_not_in_gallery"] == ["g1/p9"]
    assert report["probes_without_face"] == ["g0/p0/dark.png", "g0/p0/broken.jpg"]
    assert [issue["photo"] for issue in report["gallery"]["issues"]] == ["g0/p0/broken.jpg"]


def test_folders_that_do_not_fit(tmp_path: Path) -> None:
    gallery = photos(tmp_path / "gallery", range(3), range(3))
    others = photos(tmp_path / "others", range(8, 9), range(1))
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(InputError, match="no such folder"):
        judged(gallery, tmp_path / "nowhere")
    with pytest.raises(InputError, match="nobody in it can be enrolled"):
        judged(empty, gallery)
    with pytest.raises(InputError, match="no photo is of anyone"):
        judged(gallery, others)
