"""Detectors of transformers small enough for tests: random weights, the published folder layout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

NAMES = {0: "person", 1: "sofa", 2: "traffic_light", 3: "N/A", 4: "Lego brick"}
SIDE = 64
ARCHITECTURES = ("rt_detr_v2", "yolos")


def tiny_detr(folder: Path, architecture: str) -> Path:
    """Save a model of `architecture` with its image processor."""
    import torch
    from transformers.utils import logging

    logging.disable_progress_bar()
    torch.manual_seed(3)
    model, processor = _MAKERS[architecture]()
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if "class" in name and weights.ndim == 2:
                weights.normal_(std=1.0)  # far from alike, so that what is seen changes what is found
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def _rt_detr_v2() -> tuple[Any, Any]:
    from transformers import (
        RTDetrImageProcessorPil,
        RTDetrResNetConfig,
        RTDetrV2Config,
        RTDetrV2ForObjectDetection,
    )

    backbone = RTDetrResNetConfig(
        embedding_size=8,
        hidden_sizes=[8, 16, 16, 16],
        depths=[1, 1, 1, 1],
        layer_type="basic",
        out_features=["stage2", "stage3", "stage4"],
    )
    config = RTDetrV2Config(
        backbone_config=backbone,
        encoder_hidden_dim=16,
        encoder_in_channels=[16, 16, 16],
        encoder_ffn_dim=16,
        encoder_attention_heads=2,
        d_model=16,
        num_queries=12,
        decoder_in_channels=[16, 16, 16],
        decoder_ffn_dim=16,
        decoder_layers=2,
        decoder_attention_heads=2,
        id2label=NAMES,
    )
    return RTDetrV2ForObjectDetection(config), RTDetrImageProcessorPil(size={"height": SIDE, "width": SIDE})


def _yolos() -> tuple[Any, Any]:
    from transformers import YolosConfig, YolosForObjectDetection, YolosImageProcessorPil

    config = YolosConfig(
        hidden_size=32,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=[SIDE, SIDE],
        patch_size=16,
        num_detection_tokens=12,
        id2label=NAMES,
    )
    return YolosForObjectDetection(config), YolosImageProcessorPil(size={"height": SIDE, "width": SIDE})


_MAKERS = {"rt_detr_v2": _rt_detr_v2, "yolos": _yolos}
