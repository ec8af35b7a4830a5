from pathlib import Path
from typing import Any

import pytest
from dagster import AssetCheckSeverity, ExecuteInProcessResult, materialize

from tests.people.made_faces import BlockDetector, PatternEmbedder, made_face, save
from vsearch_pipeline.assets.gallery import gallery
from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.library import ensure_person, list_people, reference_faces
from vsearch_pipeline.people.detection import FaceDetector
from vsearch_pipeline.people.embedding import FaceEmbedder
from vsearch_pipeline.resources.models import FacesResource
from vsearch_pipeline.resources.storage import CatalogResource, MediaResource


class MadeFaces(FacesResource):
    def load_detector(self) -> FaceDetector:
        return BlockDetector()

    def load_embedder(self) -> FaceEmbedder:
        return PatternEmbedder()


def run(folder: Path, home: Path) -> ExecuteInProcessResult:
    return materialize(
        [gallery],
        resources={
            "catalog": CatalogResource(home=str(home)),
            "media": MediaResource(
                home=str(home),
                gallery_dir=str(folder),
                frames_per_second=1,
                frame_max_side=640,
                jpeg_quality=80,
                segment_max_ms=1000,
            ),
            "face_models": MadeFaces(
                detector="blocks", embedder="patterns", onnx_providers=[], frames_per_second=1
            ),
        },
    )


def metadata(result: ExecuteInProcessResult) -> dict[str, Any]:
    (event,) = result.get_asset_materialization_events()
    return {name: value.value for name, value in event.materialization.metadata.items()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for person in range(3):
        for photo in range(4):
            save(tmp_path / "made group" / f"made {person}" / f"{photo}.png", made_face(person, photo))
    return tmp_path


def test_faces_become_rows_with_names(folder: Path, catalog: Catalog, home: Path) -> None:
    (folder / "gallery.toml").write_text(
        '[[person]]\ngroup="made group"\nname="made 1"\ndisplay="만든 1"\naliases=["Number One"]\n'
        '[[group]]\nname="made group"\ngender="female"\n'
    )
    result = run(folder, home)
    (check,) = result.get_asset_check_evaluations()
    assert check.passed
    assert metadata(result)["photos_used"] == 12
    assert metadata(result)["faces"].startswith("![reference faces](data:image/jpeg")
    assert "suspects" not in metadata(result)
    with catalog.engine.connect() as connection:
        rows = reference_faces(connection, PatternEmbedder.name)
        people = {person.name: person for person in list_people(connection)}
    assert [row.source for row in rows][:2] == ["made group/made 0/0.png", "made group/made 0/1.png"]
    assert {row.person_id for row in rows} == {people[f"made {number}"].id for number in range(3)}
    assert people["made 1"].aliases == ("만든 1", "Number One")
    assert people["made 1"].display == "만든 1"
    assert people["made 0"].display is None
    assert {person.gender for person in people.values() if person.group == "made group"} == {"female"}


def test_people_without_photos_get_their_names(folder: Path, catalog: Catalog, home: Path) -> None:
    (folder / "gallery.toml").write_text(
        '[[person]]\ngroup="listed only"\nname="made 9"\naliases=["Number Nine"]\n[[person]]\nname="made 1"\n'
    )
    with catalog.begin() as connection:
        for group in ("one", "two"):
            ensure_person(connection, group, "made twice")
    (folder / "gallery.toml").open("a").write('[[person]]\nname="made twice"\n')
    result = run(folder, home)
    assert result.success
    told = metadata(result)
    assert (told["people"], told["people_without_photos"]) == (3, 3)
    assert "'made twice' can be one/made twice or two/made twice" in told["issues"]
    with catalog.engine.connect() as connection:
        owners = {row.person_id for row in reference_faces(connection, PatternEmbedder.name)}
        people = {str(person): person for person in list_people(connection)}
    assert people["listed only/made 9"].aliases == ("Number Nine",)
    assert people["listed only/made 9"].id not in owners
    assert "made 1" not in people, "it is the one of the gallery"


def test_what_needs_a_look_warns_and_is_shown(folder: Path, catalog: Catalog, home: Path) -> None:
    save(folder / "made group" / "made 0" / "wrong.png", made_face(1, 12))
    (folder / "made group" / "made 2" / "empty.jpg").touch()
    result = run(folder, home)
    (check,) = result.get_asset_check_evaluations()
    assert not check.passed
    assert check.severity == AssetCheckSeverity.WARN
    assert check.description == "2 photos or folders need a look"
    shown = metadata(result)
    assert shown["issues"] == (
        "- `made group/made 2/empty.jpg`: it is empty\n"
        "- `made group/made 0/wrong.png`: "
        "it looks like made group/made 1, not like made group/made 0; it is not used"
    )
    assert shown["suspects"].startswith("![suspects")
    assert shown["photos_by_person"].records[0].data == {
        "group": "made group",
        "person": "made 0",
        "photos": 5,
        "used": 4,
        "weak": 0,
    }


def test_an_empty_gallery_is_no_failure(tmp_path: Path, catalog: Catalog, home: Path) -> None:
    result = run(tmp_path / "none yet", home)
    assert result.success
    assert metadata(result)["photos_used"] == 0
    assert metadata(result)["issues"] == "- `.`: it has no folder of a person yet"
