"""Object detectors of transformers: RT-DETR, D-FINE, DETR and whatever else finds objects by itself."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from vsearch_pipeline.captioning.generation import Batches, torch_place
from vsearch_pipeline.captioning.objects import SCORE_FLOOR, DetectedObject, coco_name, records
from vsearch_pipeline.errors import ModelRunError, ModelUnavailableError
from vsearch_pipeline.hub import model_folder

Image = npt.NDArray[np.uint8]

DEFAULT_SOURCE: Final = "PekingU/rtdetr_v2_r50vd"
"""RT-DETRv2 with a ResNet-50, trained on COCO: 53.4 AP, Apache-2.0."""
BATCH: Final = 16


class TransformersDetector:
    """A model of transformers for object detection, in single precision: half of it moves boxes by pixels."""

    def __init__(self, source: str = DEFAULT_SOURCE) -> None:
        """
        Args:
            source: a folder (absolute, or from `~`) or a hub id; the default where empty. Weights are read at the
                first picture.

        Raises:
            ModelUnavailableError: torch or the model is not there.
        """
        self._device, _ = torch_place("float32")
        self._folder = model_folder(source or DEFAULT_SOURCE)
        self._batches = Batches(BATCH)
        self.name = f"transformers:{self._folder.name}"
        self.version = self._folder.version
        self.settings: dict[str, Any] = {"score_floor": SCORE_FLOOR, "precision": "float32"}

    def detect(self, images: Sequence[Image]) -> list[list[DetectedObject]]:
        """One list per RGB image (H, W, 3), best score first, ties in reading order.

        Raises:
            ModelUnavailableError: the folder holds no model that finds objects.
            ModelRunError: memory does not suffice for a single picture.
        """
        found: list[list[DetectedObject]] = [[] for _ in images]
        # pictures of one size need no padding, which some models take for part of the picture
        for shape in dict.fromkeys(image.shape for image in images):
            places = [place for place, image in enumerate(images) if image.shape == shape]
            try:
                results = self._batches.run(self._detect, [images[place] for place in places])
            except ModelRunError as error:
                raise ModelRunError(
                    f"Not even one picture fits into the memory beside {self.name}: choose a smaller detector."
                ) from error
            for place, result in zip(places, results, strict=True):
                found[place] = result
        return found

    def _detect(self, images: Sequence[Image]) -> list[list[DetectedObject]]:
        import torch

        processor, model, names = self._loaded
        inputs = processor(images=list(images), return_tensors="pt").to(self._device)
        height, width = images[0].shape[:2]
        with torch.inference_mode():
            outputs = model(**inputs)
        results = processor.post_process_object_detection(
            outputs, threshold=SCORE_FLOOR, target_sizes=[(height, width)] * len(images)
        )
        whole = np.array([width, height, width, height])
        return [
            records(
                zip(
                    [names[number] for number in result["labels"].tolist()],
                    result["scores"].tolist(),
                    result["boxes"].cpu().numpy() / whole,
                    strict=True,
                )
            )
            for result in results
        ]

    @cached_property
    def _loaded(self) -> tuple[Any, Any, dict[int, str]]:
        """Processor, model and the names of its classes."""
        import transformers

        library: Any = transformers  # largely untyped
        path = self._folder.path
        try:
            # PIL everywhere: torchvision need not be there, and would scale pictures a little differently
            processor = library.AutoImageProcessor.from_pretrained(path, backend="pil", local_files_only=True)
            model, report = library.AutoModelForObjectDetection.from_pretrained(
                path, dtype="float32", local_files_only=True, output_loading_info=True
            )
            if missing := sorted(report["missing_keys"]):
                raise ValueError(f"{len(missing)} of its weights are missing, {missing[0]} for one")
        except Exception as error:  # those of safetensors and transformers share no base
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".:")
            raise ModelUnavailableError(f"{path} cannot be loaded as an object detector: {reason}.") from error
        names = {number: coco_name(str(label)) for number, label in model.config.id2label.items()}
        return processor, model.to(self._device).eval(), names
