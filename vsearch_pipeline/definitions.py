"""The Dagster code location."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from dagster import AssetsDefinition, Definitions, load_assets_from_modules

from vsearch_pipeline.assets import (
    captions,
    comparison,
    faces,
    gallery,
    media,
    objects,
    people,
    proxy,
    segments,
    transcript,
)
from vsearch_pipeline.assets.jobs import ingest_job, relabel_job, survey_job, take_in_job, train_job
from vsearch_pipeline.logs import set_up_dagster_logs
from vsearch_pipeline.resources.engine import executor_of
from vsearch_pipeline.resources.models import (
    CaptionerResource,
    FacesResource,
    GeminiResource,
    ObjectsResource,
    SentenceEmbedderResource,
    TranscriberResource,
    TranslatorResource,
)
from vsearch_pipeline.resources.placement import GPU_POOL
from vsearch_pipeline.resources.slack import SlackResource
from vsearch_pipeline.resources.storage import CatalogResource, MediaResource
from vsearch_pipeline.sensors.inbox import inbox_sensor, new_videos_sensor
from vsearch_pipeline.sensors.left_behind import left_behind_sensor
from vsearch_pipeline.sensors.people import people_changed_sensor
from vsearch_pipeline.sensors.requests import requests_sensor
from vsearch_pipeline.sensors.slack import slack_alerts_sensor
from vsearch_pipeline.settings import Settings


def definitions(settings: Settings) -> Definitions:
    """All of the pipeline for these settings."""
    gemini = GeminiResource(options=asdict(settings.gemini))
    assets = load_assets_from_modules(
        [media, proxy, objects, faces, gallery, people, captions, comparison, transcript, segments]
    )
    on_gpu = [
        asset.op.name for asset in assets if isinstance(asset, AssetsDefinition) and asset.op.pool == GPU_POOL
    ]
    return Definitions(
        assets=assets,
        jobs=[ingest_job, train_job, relabel_job, survey_job, take_in_job],
        sensors=[
            inbox_sensor(settings.inbox_dir),
            new_videos_sensor(),
            left_behind_sensor(),
            requests_sensor(),
            people_changed_sensor(settings.gallery_dir),
            slack_alerts_sensor(),
        ],
        resources={
            "catalog": CatalogResource(home=str(settings.home)),
            "media": MediaResource(
                home=str(settings.home),
                media_url=settings.media_url,
                cache_gib=settings.media_cache_gib,
                gallery_dir=str(settings.gallery_dir),
                frames_per_second=settings.frames_per_second,
                frame_max_side=settings.frame_max_side,
                jpeg_quality=settings.jpeg_quality,
                segment_max_ms=settings.segment_max_ms,
            ),
            "face_models": FacesResource(
                detector=settings.face_detector,
                embedder=settings.face_embedder,
                onnx_providers=list(settings.onnx_providers),
                frames_per_second=settings.faces_per_second,
            ),
            "object_detection": ObjectsResource(
                detector=settings.object_detector,
                onnx_providers=list(settings.onnx_providers),
                frames_per_second=settings.objects_per_second,
            ),
            "captioner": CaptionerResource(
                captioner=settings.captioner,
                scene_classifier=settings.scene_classifier,
                compared=list(settings.compared_captioners),
                references=str(settings.reference_captions) if settings.reference_captions else None,
                generation=_given(
                    prompt=settings.caption_prompt,
                    frames=settings.caption_frames,
                    beams=settings.caption_beams,
                    repetition_penalty=settings.caption_repetition_penalty,
                    max_new_tokens=settings.caption_max_new_tokens,
                    batch=settings.caption_batch,
                    precision=settings.caption_precision,
                    examples=str(settings.caption_examples) if settings.caption_examples else None,
                ),
                gemini=gemini,
            ),
            "translation": TranslatorResource(translator=settings.translator, gemini=gemini),
            "transcriber": TranscriberResource(model=settings.transcriber),
            "sentences": SentenceEmbedderResource(model=settings.sentence_embedder),
            "slack": SlackResource.of(settings),
        },
        executor=executor_of(settings, on_gpu),
    )


def _given(**values: Any) -> dict[str, Any]:
    """Without what is None, which a mapping in a resource's configuration cannot hold."""
    return {name: value for name, value in values.items() if value is not None}


_SETTINGS = Settings()
set_up_dagster_logs(_SETTINGS)  # of pods, whose instance is not opened by our storage
defs = definitions(_SETTINGS)
