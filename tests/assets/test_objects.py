"""The asset objects: rows with tracks, what it shows, and when it is done again."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from dagster import DagsterInstance, ExecuteInProcessResult, materialize
from sqlalchemy import delete, select

from tests.stored import part_of
from vsearch_pipeline.assets.objects import objects
from vsearch_pipeline.captioning.objects import DetectedObject
from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.models import Frame, Object, Producer, Shot, StageRun, Video
from vsearch_pipeline.catalog.stages import ProducerInfo, finish_stage, producer_id, replace_rows
from vsearch_pipeline.catalog.videos import VideoRecord, insert_video
from vsearch_pipeline.media.frames import decode_rgb
from vsearch_pipeline.resources.models import ObjectsResource
from vsearch_pipeline.resources.storage import CatalogResource, MediaResource
from vsearch_pipeline.settings import Settings

VIDEO = "objects-asset-video"
SIZE = (320, 180)
SIDE = 40
# left edges of the red and of the green square in each second; the shot is cut after the fourth
RED = (10, 50, 90, 130, 130, 90)
GREEN = (None, 260, 220, 180, None, None)


class SquareDetector:
    """Finds plain red ("person") and green ("car") squares."""

    name = "squares"
    version = "1"

    def __init__(self, settings: dict[str, Any]) -> None:
        self.settings = settings
        self.seen = 0

    def detect(self, images: Sequence[npt.NDArray[np.uint8]]) -> list[list[DetectedObject]]:
        self.seen += len(images)
        return [
            [
                DetectedObject(label, score, (left / SIZE[0], 0.25, (left + SIDE) / SIZE[0], 0.5))
                for label, score, channel in (("person", 0.9, 0), ("car", 0.6, 1))
                if (left := self._left(image, channel)) is not None
            ]
            for image in images
        ]

    @staticmethod
    def _left(image: npt.NDArray[np.uint8], channel: int) -> int | None:
        rest = np.delete(image.astype(int), channel, axis=2).max(axis=2)
        columns = np.flatnonzero((image[60, :, channel] > 150) & (rest[60] < 100))
        return int(columns[0]) if len(columns) > SIDE // 2 else None


class Squares(ObjectsResource):
    def load(self) -> Any:
        return DETECTORS[self.detector]


DETECTORS: dict[str, SquareDetector] = {}


@pytest.fixture
def video(catalog: Catalog, settings: Settings, instance: DagsterInstance) -> Iterator[str]:
    with part_of(settings, VIDEO, "frames") as frames:
        for index, (red, green) in enumerate(zip(RED, GREEN, strict=True)):
            picture = np.full((SIZE[1], SIZE[0], 3), 40, np.uint8)
            for left, colour in ((red, (255, 0, 0)), (green, (0, 255, 0))):
                if left is not None:
                    picture[45:90, left : left + SIDE] = colour
            cv2.imwrite(str(frames / f"{index:06d}.jpg"), picture[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])
    with catalog.begin() as connection:
        insert_video(connection, VideoRecord(VIDEO, VIDEO, "file", f"sha-{VIDEO}", "test", duration_ms=6000))
        producer = producer_id(connection, ProducerInfo("sampling", "test", "1"))
        shots = [{"index": 0, "start_ms": 0, "end_ms": 4000}, {"index": 1, "start_ms": 4000, "end_ms": 6000}]
        rows = [
            {"index": index, "time_ms": 1000 * index + 100, "width": SIZE[0], "height": SIZE[1]}
            for index in range(len(RED))
        ]
        replace_rows(connection, VIDEO, producer, {Shot: shots, Frame: rows})
        finish_stage(connection, VIDEO, "sampling", mark="sampled", producer=producer, run_id="r", seconds=1.0)
    instance.add_dynamic_partitions("videos", [VIDEO])
    yield VIDEO
    with catalog.begin() as connection:
        connection.execute(delete(Video).where(Video.id == VIDEO))


def run(settings: Settings, instance: DagsterInstance, detector: SquareDetector) -> ExecuteInProcessResult:
    DETECTORS["squares"] = detector
    return materialize(
        [objects],
        resources={
            "catalog": CatalogResource(home=str(settings.home)),
            "media": MediaResource(
                home=str(settings.home),
                media_url=settings.media_url,
                gallery_dir=str(settings.gallery_dir),
                frames_per_second=1.0,
                frame_max_side=settings.frame_max_side,
                jpeg_quality=settings.jpeg_quality,
                segment_max_ms=settings.segment_max_ms,
            ),
            "object_detection": Squares(detector="squares", onnx_providers=[], frames_per_second=1.0),
        },
        instance=instance,
        partition_key=VIDEO,
    )


def metadata(result: ExecuteInProcessResult) -> dict[str, Any]:
    [event] = result.get_asset_materialization_events()
    return {name: value.value for name, value in event.materialization.metadata.items()}


def test_things_are_followed_to_the_cut(
    catalog: Catalog, settings: Settings, instance: DagsterInstance, video: str
) -> None:
    result = run(settings, instance, SquareDetector({"score_floor": 0.3}))
    assert result.get_asset_check_evaluations()[0].passed
    with catalog.begin() as connection:
        columns = (Object.frame_index, Object.label, Object.track)
        rows = connection.execute(select(*columns).where(Object.video_id == video).order_by(Object.index)).all()
    assert [tuple(row) for row in rows] == [
        (0, "person", 0),
        (1, "person", 0),
        (1, "car", 1),
        (2, "person", 0),
        (2, "car", 1),
        (3, "person", 0),
        (3, "car", 1),
        (4, "person", 2),
        (5, "person", 2),
    ]
    shown = metadata(result)
    assert (shown["frames"], shown["objects"]) == (6, 9)
    assert shown["things"].splitlines()[2:] == ["| person | 2 | 1 | 6 |", "| car | 1 | 1 | 3 |"]


def test_boxes_are_drawn(settings: Settings, instance: DagsterInstance, video: str) -> None:
    shown = metadata(run(settings, instance, SquareDetector({})))["sheet"]
    [encoded] = re.findall(r"base64,([^)]+)", shown)
    sheet = decode_rgb(base64.b64decode(encoded))
    tile = 240
    assert sheet.shape[1] == 4 * tile
    # the lower edge of the red square in the first frame, in the colour of track 0
    x, y = round((RED[0] + SIDE / 2) * tile / SIZE[0]), round(0.5 * SIZE[1] * tile / SIZE[0])
    near = sheet[y - 3 : y + 3, x - 2 : x + 3].reshape(-1, 3).astype(int)
    assert np.abs(near - (0x00, 0x72, 0xB2)).sum(axis=1).min() < 90


def test_done_again_where_the_detector_or_its_code_changed(
    catalog: Catalog, settings: Settings, instance: DagsterInstance, video: str
) -> None:
    detector = SquareDetector({"score_floor": 0.3})
    run(settings, instance, detector)
    assert metadata(run(settings, instance, detector))["skipped"].startswith("unchanged")
    assert detector.seen == 6
    changed = SquareDetector({"score_floor": 0.4})
    run(settings, instance, changed)
    assert changed.seen == 6
    with catalog.begin() as connection:
        joined = select(Producer.settings).join(StageRun, StageRun.producer_id == Producer.id)
        done = joined.where(StageRun.video_id == video, StageRun.stage == "objects")
        [recorded] = connection.execute(done).scalars()
    assert recorded["detector"] == {"score_floor": 0.4}
    assert recorded["code"] == objects.code_versions_by_key[objects.key]


def test_nothing_on_screen(
    settings: Settings, instance: DagsterInstance, video: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    detector = SquareDetector({})
    monkeypatch.setattr(detector, "detect", lambda images: [[] for _ in images])
    shown = metadata(run(settings, instance, detector))
    assert (shown["objects"], shown["sheet"], shown["things"]) == (0, "no objects", "*nothing seen clearly*")
