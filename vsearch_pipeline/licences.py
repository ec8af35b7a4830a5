"""Under which licence the weights of models are, as in the tables of docs/models.md (a test compares them)."""

from __future__ import annotations

from typing import Final

_OTHERS: Final = "others have their own"

LICENCES: Final[dict[str, dict[str, str]]] = {
    "face_detector": {
        "centerface": "MIT",
        "insightface": "insightface's own: non-commercial research only",
    },
    "face_embedder": {
        "sface-dlib": "Apache-2.0 (OpenCV Zoo); the wheel itself says MIT; CC0 (public domain) of its other half",
        "insightface": "insightface's own: non-commercial research only",
    },
    "object_detector": {
        "ssd-mobilenet-v2": "Apache-2.0 (TensorFlow model zoo); the wheel itself states none",
        "transformers": f"Apache-2.0; {_OTHERS}",
        "onnx": "the file's own; Ultralytics' YOLO is AGPL",
    },
    "scene_classifier": {
        "efficientnet-lite3": "Apache-2.0 (TensorFlow); the wheel itself states none",
    },
    "captioner": {
        "compact": "Apache-2.0",
        "objects-only": "Apache-2.0",
        "eilev": "the OPT part is Meta's, for non-commercial research; flan-t5 is Apache-2.0",
        "blip2": "the OPT part is Meta's, for non-commercial research; flan-t5 is Apache-2.0",
        "vlm": f"Apache-2.0; {_OTHERS}",
        "gemini": "their terms; frames leave the machine",
    },
    "sentence_embedder": {
        "use-multilingual-v3": "Apache-2.0",
        "kpf-sbert-128d-v1": "see its page",
    },
    "transcriber": {
        "whisper-tiny.en": "MIT",
        "large-v3": "MIT",
    },
    "translator": {
        "gemini": "their terms; captions leave the machine, without names",
    },
}
"""By setting and model, a source behind `:` left out."""


def licence_of(setting: str, model: str) -> str:
    """The licence of what a setting names; of what is not known, that it has one of its own."""
    known = LICENCES[setting]
    name = model.partition(":")[0]
    if setting == "transcriber" and "/" not in model:  # every size of Whisper
        return known["large-v3"]
    return known.get(model) or known.get(name) or "its own: see its page"
