from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.people.photos import astronaut, cameraman, only_face
from vsearch_pipeline.errors import ModelUnavailableError
from vsearch_pipeline.people.alignment import DLIB_LANDMARKS, DLIB_SIDE, aligned_chip
from vsearch_pipeline.people.dlib_network import dlib_network
from vsearch_pipeline.wheels import wheel_file


def weights() -> Path:
    return wheel_file("face_recognition_models", "models", "dlib_face_recognition_resnet_model_v1.dat")


def test_it_gives_the_descriptors_of_dlib_itself() -> None:
    import cv2

    dlib: Any = pytest.importorskip("dlib")
    chips = [
        aligned_chip(image, only_face(image), DLIB_LANDMARKS, DLIB_SIDE) for image in (astronaut(), cameraman())
    ]
    chips += [np.ascontiguousarray(chips[0][:, ::-1]), np.full_like(chips[0], 255), np.zeros_like(chips[0])]
    expected = np.array(dlib.face_recognition_model_v1(str(weights())).compute_face_descriptor(chips))
    network = cv2.dnn.readNetFromONNX(np.frombuffer(dlib_network(weights()), np.uint8))
    network.setInput(cv2.dnn.blobFromImages(chips))
    assert np.allclose(network.forward(), expected, atol=1e-5)


def test_the_graph_is_valid_and_the_same_each_time() -> None:
    import onnx

    model = dlib_network(weights())
    onnx.checker.check_model(onnx.load_from_string(model), full_check=True)
    assert dlib_network(weights()) == model


@pytest.mark.parametrize("size", [0, 100, 20_000, 2_000_000])
def test_a_file_that_is_cut_off_is_refused_in_one_sentence(tmp_path: Path, size: int) -> None:
    broken = tmp_path / "broken.dat"
    broken.write_bytes(weights().read_bytes()[:size])
    with pytest.raises(
        ModelUnavailableError, match=r"broken.dat is not dlib's face recognition network \(.*\)\.$"
    ):
        dlib_network(broken)


def test_another_network_of_dlib_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    other = wheel_file("face_recognition_models", "models", "mmod_human_face_detector.dat")
    for path in (other, tmp_path / "missing.dat"):
        with pytest.raises(ModelUnavailableError, match="is not dlib's face recognition network"):
            dlib_network(path)
