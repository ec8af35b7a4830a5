import json
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import requests

from tests.people.packs import EMBEDDING_DIM, FEATURES, paint, write_detector, write_pack, write_recogniser
from tests.people.photos import read
from vsearch_pipeline.doctor import examine
from vsearch_pipeline.errors import ModelRunError, ModelUnavailableError
from vsearch_pipeline.people import insightface_pack
from vsearch_pipeline.people.alignment import ARCFACE_LANDMARKS
from vsearch_pipeline.people.insightface_pack import BATCH, PackDetector, PackEmbedder
from vsearch_pipeline.people.records import DetectedFace, Image, Vectors
from vsearch_pipeline.people.registry import load_face_detector, load_face_embedder
from vsearch_pipeline.resources.models import FacesResource
from vsearch_pipeline.settings import Settings

PROCESSOR = ("CPUExecutionProvider",)


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pack(tmp_path_factory.mktemp("packs") / "squares")


@pytest.fixture(scope="module")
def detector(pack: Path) -> PackDetector:
    return PackDetector(str(pack), PROCESSOR)


@pytest.fixture(scope="module")
def embedder(pack: Path) -> PackEmbedder:
    return PackEmbedder(str(pack), PROCESSOR)


def black(width: int, height: int) -> Image:
    return np.zeros((height, width, 3), np.uint8)


def expected_landmarks(x: int, y: int, side: int) -> list[tuple[float, float]]:
    return [(x + side * (0.5 + dx), y + side * (0.5 + dy)) for dx, dy in FEATURES]


def whole(image: Image) -> DetectedFace:
    """An aligned crop as a face."""
    side = image.shape[0]
    points = tuple((x * side / 112, y * side / 112) for x, y in ARCFACE_LANDMARKS)
    return DetectedFace((0, 0, side, side), points, 1.0)


# --- detection ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "square"),
    [
        pytest.param((640, 640), (100, 300, 60), id="as it is"),
        pytest.param((640, 360), (520, 30, 90), id="padded below"),
        pytest.param((500, 1000), (300, 800, 70), id="padded on the right"),
        pytest.param((2560, 1440), (2000, 900, 240), id="shrunk"),
        pytest.param((1201, 333), (1000, 100, 40), id="odd"),
        pytest.param((64, 48), (30, 20, 6), id="enlarged"),
        pytest.param((21, 12), (12, 6, 2), id="tiny"),
    ],
)
def test_a_square_is_found_where_it_is(
    detector: PackDetector, size: tuple[int, int], square: tuple[int, int, int]
) -> None:
    image = black(*size)
    x, y, side = square
    paint(image, x, y, side)
    (face,) = detector.detect([image])[0]
    tolerance = max(1.5, 2 * max(size) / 640) if max(size) >= 640 else 0.3
    assert face.bbox_xyxy == pytest.approx((x, y, x + side, y + side), abs=tolerance)
    assert np.array(face.landmarks) == pytest.approx(np.array(expected_landmarks(x, y, side)), abs=tolerance)
    assert face.score > 0.6


def test_all_squares_are_found_once_the_best_first(detector: PackDetector) -> None:
    image = black(1280, 720)
    for x, y, side, red in [(100, 200, 60, 160), (600, 300, 150, 200), (1000, 500, 30, 255), (300, 600, 40, 110)]:
        paint(image, x, y, side, red=red)
    found = detector.detect([image])[0]
    assert [round(face.bbox_xyxy[0], -1) for face in found] == [1000, 600, 100]
    assert [face.score for face in found] == pytest.approx([1, 200 / 255, 160 / 255], abs=0.03)


def test_colours_come_as_rgb(detector: PackDetector) -> None:
    image = black(640, 480)
    paint(image, 200, 200, 50)
    assert len(detector.detect([image])[0]) == 1
    assert detector.detect([np.ascontiguousarray(image[:, :, ::-1])]) == [[]]


def test_boxes_stay_inside_the_image_and_landmarks_need_not(detector: PackDetector) -> None:
    image = black(640, 480)
    image[:, :] = (20, 20, 20)
    paint(image, 600, 440, 40)
    (face,) = detector.detect([image])[0]
    x1, y1, x2, y2 = face.bbox_xyxy
    assert 0 <= x1 < x2 <= 640
    assert 0 <= y1 < y2 <= 480


def test_a_batch_of_mixed_sizes_gives_what_each_gives_alone(detector: PackDetector) -> None:
    images = [black(640, 640), black(1280, 720), black(90, 40), black(640, 640)]
    for number, image in enumerate(images):
        paint(image, 20 + number, 10, 20)
    together = detector.detect(images)
    assert together == [detector.detect([image])[0] for image in images]
    assert detector.detect([]) == []


@pytest.mark.parametrize("shape", [(1, 1), (3, 2000), (2000, 3), (480, 640)])
def test_nothing_is_found_in_white(detector: PackDetector, shape: tuple[int, int]) -> None:
    assert detector.detect([np.full((*shape, 3), 255, np.uint8)]) == [[]]


# --- recognition ----------------------------------------------------------------------------------------------


def test_a_face_is_like_itself_at_any_place_and_size(detector: PackDetector, embedder: PackEmbedder) -> None:
    first, second = black(640, 480), black(1280, 720)
    paint(first, 100, 100, 60, person=1)
    paint(first, 400, 300, 48, person=2)
    paint(second, 900, 400, 160, person=1)
    found = detector.detect([first, second])
    vectors = np.concatenate(embedder.embed([first, second], found))
    assert vectors.shape == (3, EMBEDDING_DIM)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    ones = [i for i, face in enumerate([*found[0], *found[1]]) if face.width > 55]
    other = ({0, 1, 2} - set(ones)).pop()
    assert vectors[ones[0]] @ vectors[ones[1]] > 0.99
    assert max(vectors[one] @ vectors[other] for one in ones) < 0.97


@pytest.mark.filterwarnings("ignore:`estimate`")
def test_the_crop_is_insightfaces_own() -> None:
    from insightface.utils.face_align import estimate_norm

    for side in (112, 224, 128, 256):
        points = np.array(insightface_pack._template(side), np.float32)
        assert estimate_norm(points, side) == pytest.approx(np.eye(2, 3), abs=1e-3)


def test_faces_of_all_images_go_through_the_model_together(
    embedder: PackEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert embedder.dim == EMBEDDING_DIM
    sizes: list[int] = []
    run = onnxruntime.InferenceSession.run

    def counted(session: Any, names: Any, feed: dict[str, Any], *rest: Any) -> Any:
        sizes.extend(len(blob) for blob in feed.values())
        return run(session, names, feed, *rest)

    monkeypatch.setattr(onnxruntime.InferenceSession, "run", counted)
    images = [np.full((112, 112, 3), 3 * shade, np.uint8) for shade in range(70)]
    rows = embedder.embed(images, [[whole(image)] for image in images])
    assert sizes == [BATCH, 70 - BATCH]
    assert [row.shape for row in rows] == [(1, EMBEDDING_DIM)] * 70


def test_faces_come_back_with_their_images(embedder: PackEmbedder) -> None:
    one, other = black(112, 112), black(112, 112)
    paint(one, 0, 0, 112, person=1)
    paint(other, 0, 0, 112, person=2)
    nothing, single, two = embedder.embed([one, one, other], [[], [whole(one)], [whole(other)] * 2])
    assert nothing.shape == (0, EMBEDDING_DIM)
    assert single.shape == (1, EMBEDDING_DIM)
    assert np.allclose(two[0], two[1], atol=1e-6)
    assert np.linalg.norm(single[0] - two[0]) > 0.3
    assert embedder.embed([], []) == []
    with pytest.raises(ValueError, match="argument"):
        embedder.embed([one], [])


def test_degenerate_landmarks_still_give_a_number(embedder: PackEmbedder) -> None:
    face = DetectedFace((0, 0, 10, 10), ((5.0, 5.0),) * 5, 0.5)
    assert np.isfinite(embedder.embed([black(20, 20)], [[face]])[0]).all()


@pytest.mark.parametrize(
    ("side", "batch"), [(112, 1), (112, 4), (128, "batch"), (224, 1)], ids=["one", "four", "of 128", "of 224"]
)
def test_other_inputs_and_unnamed_outputs_work(
    tmp_path: Path, embedder: PackEmbedder, side: int, batch: int | str
) -> None:
    write_detector(tmp_path / "det.onnx")
    write_recogniser(tmp_path / "rec.onnx", side=side, batch=batch, named_width=False)
    other = PackEmbedder(str(tmp_path), PROCESSOR)
    images = [black(112, 112) for _ in range(6)]
    for person, image in enumerate(images):
        paint(image, 0, 0, 112, person=person)
    faces = [[whole(image)] for image in images]
    ours = np.concatenate(other.embed(images, faces))
    assert other.dim == EMBEDDING_DIM
    if side == 112:
        assert ours == pytest.approx(np.concatenate(embedder.embed(images, faces)), abs=1e-5)
    else:
        assert len({tuple(row) for row in ours.round(3).tolist()}) == len(images)


def test_an_input_that_cannot_be_aligned_is_refused(tmp_path: Path) -> None:
    write_detector(tmp_path / "det.onnx")
    write_recogniser(tmp_path / "rec.onnx", side=160)
    with pytest.raises(ModelUnavailableError, match=r"rec\.onnx reads faces of 160 pixels"):
        _ = PackEmbedder(str(tmp_path), PROCESSOR).dim


# --- what the real recognition model says ---------------------------------------------------------------------


def _aligned(shared: Path, people: int, photos: int) -> tuple[list[Image], list[str]]:
    folders = sorted(path for path in (shared / "faces/aligned").glob("*/*") if path.is_dir())[:people]
    files = [(file, folder.name) for folder in folders for file in sorted(folder.iterdir())[:photos]]
    return [read(file) for file, _ in files], [name for _, name in files]


def _separation(vectors: Vectors, names: list[str]) -> float:
    """How often two photos of a person are nearer than photos of two people (AUC)."""
    cosines = vectors @ vectors.T
    same = np.equal.outer(names, names)
    pairs = np.triu(np.ones_like(same), 1)
    return float((cosines[same & pairs][:, None] > cosines[~same & pairs][None]).mean())


def _with_real_model(folder: Path, shared: Path) -> Path:
    write_detector(folder / "det_10g.onnx")
    folder.joinpath("mobileface.onnx").write_bytes((shared / "models/mobileface_id_v2.onnx").read_bytes())
    return folder


def test_a_real_model_tells_people_apart(tmp_path: Path, shared_data: Path) -> None:
    images, names = _aligned(shared_data, people=10, photos=8)
    embedder = PackEmbedder(str(_with_real_model(tmp_path, shared_data)), PROCESSOR)
    vectors = np.concatenate(embedder.embed(images, [[whole(image)] for image in images]))
    assert vectors.shape == (80, 256)
    assert _separation(vectors, names) > 0.95


def test_a_pack_can_declare_how_pixels_are_scaled(tmp_path: Path, shared_data: Path) -> None:
    images, names = _aligned(shared_data, people=10, photos=4)
    faces = [[whole(image)] for image in images]
    scores, versions = [], []
    for number, scaling in enumerate([{"mean": 0, "std": 1}, {"mean": 127.5, "std": 127.5}]):
        folder = tmp_path / str(number)
        folder.mkdir()
        recognition = {"file": "mobileface.onnx", "preprocessing": scaling, "embedding_dimension": 256}
        tasks = {"detection": {"file": "det_10g.onnx"}, "recognition": recognition}
        manifest = {"manifest_version": 2, "model_id": "real", "license": "MODEL.LICENSE", "tasks": tasks}
        _with_real_model(folder, shared_data).joinpath("manifest.json").write_text(json.dumps(manifest))
        embedder = PackEmbedder(str(folder), PROCESSOR)
        scores.append(_separation(np.concatenate(embedder.embed(images, faces)), names))
        versions.append(embedder.version)
    assert scores[0] > 0.95
    assert scores[1] < 0.8
    assert versions[0] != versions[1]


# --- names, versions, settings --------------------------------------------------------------------------------


def test_names_say_pack_and_file_and_a_changed_file_is_a_new_version(tmp_path: Path) -> None:
    first, second = write_pack(tmp_path / "one" / "mine"), write_pack(tmp_path / "two" / "mine")
    write_recogniser(second / "w600k_r50.onnx", batch=1)
    models = [load_face_embedder(f"insightface:{folder}") for folder in (first, second)]
    assert {model.name for model in models} == {"insightface:mine/w600k_r50"}
    assert len({model.version for model in models}) == 2
    detectors = [load_face_detector(f"insightface:{folder}") for folder in (first, second)]
    assert {(model.name, len(model.version)) for model in detectors} == {("insightface:mine/det_10g", 12)}
    assert detectors[0].version == detectors[1].version


def test_detector_and_embedder_share_one_analysis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import insightface.app

    made: list[str] = []

    class Counted(insightface.app.FaceAnalysis):
        def __init__(self, name: str, **options: Any) -> None:
            made.append(name)
            super().__init__(name, **options)

    monkeypatch.setattr(insightface.app, "FaceAnalysis", Counted)
    name = f"insightface:{write_pack(tmp_path / 'shared')}"
    detector, embedder = load_face_detector(name), load_face_embedder(name)
    assert made == []
    image = black(640, 480)
    paint(image, 200, 100, 60)
    assert embedder.embed([image], detector.detect([image]))[0].shape == (1, EMBEDDING_DIM)
    assert load_face_embedder(name).dim == EMBEDDING_DIM
    assert len(made) == 1


def test_a_pack_in_the_home_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write_pack(tmp_path / "packs" / "mine")
    assert load_face_detector("insightface:~/packs/mine").name == "insightface:mine/det_10g"


def test_the_resource_logs_what_runs_them(pack: Path, caplog: pytest.LogCaptureFixture) -> None:
    models = FacesResource(
        detector=f"insightface:{pack}",
        embedder=f"insightface:{pack}",
        onnx_providers=list(PROCESSOR),
        frames_per_second=2,
    )
    assert models.load_detector().name == "insightface:squares/det_10g"
    assert models.load_embedder().name == "insightface:squares/w600k_r50"
    assert models.load_embedder() is models.load_embedder()
    assert "insightface:squares/w600k_r50 runs on CPUExecutionProvider" in caplog.text


def test_the_doctor_names_pack_and_provider(
    pack: Path, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    import vsearch_pipeline.doctor

    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: list(PROCESSOR))
    monkeypatch.setattr(vsearch_pipeline.doctor, "_database", lambda _: "not looked at")
    write_detector(tmp_path / "det.onnx")
    chosen = settings.model_copy(
        update={"face_detector": f"insightface:{pack}", "face_embedder": f"insightface:{tmp_path}"}
    )
    findings = islice((finding for finding in examine(chosen) if finding.what.startswith("face ")), 2)
    detector, embedder = findings
    assert (detector.what, embedder.what) == (
        f"face detector insightface:{pack}",
        f"face embedder insightface:{tmp_path}",
    )
    assert detector.state == "ok"
    assert "insightface:squares/det_10g on CPUExecutionProvider instead of CUDAExecutionProvider" in detector.found
    assert embedder.state == "bad"
    assert "has no recognition model" in embedder.found


# --- what goes wrong ------------------------------------------------------------------------------------------


def refusal(pack: str | Path, providers: tuple[str, ...] = PROCESSOR) -> str:
    with pytest.raises(ModelUnavailableError) as caught:
        _ = PackDetector(str(pack), providers).version
    return str(caught.value)


def test_a_folder_that_is_not_a_pack_says_what_is_missing(tmp_path: Path) -> None:
    assert "There is no folder" in refusal(tmp_path / "none")
    assert "has no ONNX files" in refusal(tmp_path)
    write_recogniser(tmp_path / "rec.onnx")
    assert "has no detection model" in refusal(tmp_path)
    assert "neither a pack's name nor a folder" in refusal("some/where")
    assert "neither a pack's name nor a folder" in refusal("")


def test_a_detector_alone_finds_faces_but_does_not_embed(tmp_path: Path) -> None:
    write_detector(tmp_path / "det.onnx")
    assert PackDetector(str(tmp_path), PROCESSOR).detect([black(64, 64)]) == [[]]
    with pytest.raises(ModelUnavailableError, match="no recognition model"):
        _ = PackEmbedder(str(tmp_path), PROCESSOR).version


def test_a_detector_without_landmarks_is_refused(tmp_path: Path) -> None:
    write_detector(tmp_path / "det.onnx", landmarks=False)
    write_recogniser(tmp_path / "rec.onnx")
    assert "gives no landmarks" in refusal(tmp_path)


@pytest.mark.parametrize(
    ("kept", "added"), [(0, b""), (2000, b""), (0, b"version https://git-lfs"), (2000, b"\0")]
)
def test_a_damaged_file_is_named(tmp_path: Path, kept: int, added: bytes) -> None:
    folder = write_pack(tmp_path / "broken")
    file = folder / "w600k_r50.onnx"
    file.write_bytes(file.read_bytes()[:kept] + added)
    assert refusal(folder) == f"{file} is damaged or no ONNX model: replace it."


def test_a_pack_that_cannot_be_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: Any, **__: Any) -> None:
        raise requests.ConnectionError("no route")

    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(requests, "get", unreachable)
    sentence = refusal("buffalo_l")
    assert "'buffalo_l' could not be downloaded (ConnectionError)" in sentence
    assert "insightface:/a/folder" in sentence


def test_without_insightface_the_sentence_says_how_to_get_it(pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "insightface.app", None)
    assert "run `make install`" in refusal(pack / "..")


def test_providers_that_are_not_there(pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: list(PROCESSOR))
    assert "none of CUDAExecutionProvider" in refusal(pack, ("CUDAExecutionProvider",))
    assert "no execution provider 'CUDA'" in refusal(pack, ("CUDA", "CPUExecutionProvider"))


def test_a_failure_while_running_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    detector = PackDetector(str(write_pack(tmp_path / "mine")), PROCESSOR)
    detector.detect([black(64, 64)])

    def full(*_: Any, **__: Any) -> None:
        from onnxruntime.capi.onnxruntime_pybind11_state import RuntimeException

        raise RuntimeException("Failed to allocate memory for requested buffer of size 104857600\nstack")

    monkeypatch.setattr(onnxruntime.InferenceSession, "run", full)
    with pytest.raises(
        ModelRunError, match=r"^insightface:mine/det_10g failed on CPU.*: Failed to allocate.*600$"
    ):
        detector.detect([black(64, 64)])
    assert ModelRunError.retry
