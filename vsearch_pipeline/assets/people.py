"""Faces, tracks and names; the gallery they are named from; and the faces that got no name."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dagster import (
    AssetCheckResult,
    AssetCheckSpec,
    AssetExecutionContext,
    MaterializeResult,
    MetadataValue,
    asset,
)

from vsearch_pipeline.assets.stage import GPU, GPU_TAG, OWNERS, PER_VIDEO, Output, Stage, picture, run_stage
from vsearch_pipeline.catalog.library import (
    add_classifier,
    ensure_person,
    list_people,
    promoted_classifier,
    reference_faces,
    replace_reference_faces,
    replace_unknown_people,
    unnamed_tracks,
)
from vsearch_pipeline.catalog.models import Face, FaceEmbedding, FaceLabel, FaceTrack, Frame, Shot
from vsearch_pipeline.catalog.stages import ProducerInfo, producer_id, read_rows
from vsearch_pipeline.catalog.videos import VideoRecord
from vsearch_pipeline.media.frames import read_rgb
from vsearch_pipeline.media.pictures import contact_sheet, people_timeline
from vsearch_pipeline.media.selection import select_frames
from vsearch_pipeline.people.classifier import PrototypeClassifier
from vsearch_pipeline.people.clustering import cluster_tracks
from vsearch_pipeline.people.gallery import enrol, read_gallery
from vsearch_pipeline.people.quality import face_quality
from vsearch_pipeline.people.records import FaceObservation, Prototype
from vsearch_pipeline.people.tracking import link_tracks
from vsearch_pipeline.resources.models import FacesResource
from vsearch_pipeline.resources.storage import CatalogResource, MediaResource
from vsearch_pipeline.timeline import TimeRange
