"""Photos of known people enrolled: they are named where they are on screen, and nobody else is named anywhere."""

from __future__ import annotations

import shutil
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Photo

from tests.people.photos import detector, embedder
from vsearch_pipeline.media.sampling import sample
from vsearch_pipeline.media.selection import select_frames
from vsearch_pipeline.people.classifier import PersonClassifier
from vsearch_pipeline.people.enrolment import enrol_gallery
from vsearch_pipeline.people.evaluation import prototypes_of
from vsearch_pipeline.people.gallery import read_gallery
from vsearch_pipeline.people.observe import FrameAt, embed_best_faces, observe_faces
from vsearch_pipeline.people.prior import prior_of
from vsearch_pipeline.people.records import Image
from vsearch_pipeline.people.stitching import stitch_tracks
from vsearch_pipeline.people.tracking import link_tracks
from vsearch_pipeline.people.training import train
from vsearch_pipeline.timeline import TimeRange

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
PHOTOS = {
    "hamilton/miranda": ("lin-manuel-miranda.png",),
    "hamilton/lacamoire": ("alex-lacamoire.png", "knn_examples/train/alex_lacamoire/img1.jpg"),
    "whitehouse/obama": ("obama.jpg", "obama2.jpg", "obama_small.jpg"),
    "whitehouse/biden": ("biden.jpg", "knn_examples/train/biden/biden2.jpg"),
    "thrones/rose": ("knn_examples/train/rose_leslie/img1.jpg", "knn_examples/train/rose_leslie/img2.jpg"),
}
STRANGERS = sorted(
    path
    for folder in ("talking_heads", "actions", "intel/asl_gestures")
    for path in (DATA / "videos" / folder).rglob("*")
    if path.suffix in {".mpg", ".mp4", ".mkv", ".avi"}
)
STEP_MS = 500

pytestmark = pytest.mark.skipif(not STRANGERS, reason="needs ../shared/data, which is not on this machine")


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> tuple[PersonClassifier, dict[int, str]]:
    folder = tmp_path_factory.mktemp("gallery")
    for person, photos in PHOTOS.items():
        (folder / person).mkdir(parents=True)
        for number, photo in enumerate(photos):
            source = DATA / "faces" / "photos" / "examples" / photo
            shutil.copyfile(source, folder / person / f"{number}{source.suffix}")
    named = prototypes_of(enrol_gallery(read_gallery(folder), detector(), embedder()))
    assert len(named) == len(PHOTOS)
    trained = train([prototype for _, prototype in named], [], prior_of(embedder().name))
    return trained.classifier, {prototype.person_id: label for label, prototype in named}


def named_in(clip: Path, classifier: PersonClassifier, names: dict[int, str]) -> dict[str, list[TimeRange]]:
    """When each known person is on screen, as the assets say it."""
    jpegs: dict[int, bytes] = {}
    scan = sample(
        clip,
        frames_per_second=4.0,
        max_side=1280,
        jpeg_quality=85,
        on_frame=lambda frame: jpegs.update({frame.index: frame.jpeg}),
    )

    def read(index: int) -> Image:
        return np.asarray(Photo.open(BytesIO(jpegs[index])).convert("RGB"))

    times = [frame.time_ms for frame in scan.frames]
    frames = [
        FrameAt(scan.frames[i].index, times[i], shot)
        for shot, positions in enumerate(select_frames(times, scan.shots, 1000 / STEP_MS))
        for i in positions
    ]
    found = observe_faces(frames, read, detector())
    faces = [one.face for one in found]
    linked = link_tracks(faces, STEP_MS)
    vectors = embed_best_faces(linked, found, read, embedder())
    spans: dict[str, list[TimeRange]] = {}
    for track in stitch_tracks(linked, faces, vectors, STEP_MS, prior_of(embedder().name)):
        seen = [i for i in track.best if i in vectors]
        rows = np.array([vectors[i] for i in seen], dtype=np.float32).reshape(len(seen), embedder().dim)
        label = classifier.label(rows, [faces[i].quality for i in seen])
        if label.person_id is not None:
            spans.setdefault(names[label.person_id], []).append(TimeRange(track.start_ms, track.end_ms))
    return spans


def test_miranda_and_obama_are_named_where_they_are(known: tuple[PersonClassifier, dict[int, str]]) -> None:
    [clip] = (DATA / "videos" / "hamilton").glob("*.mp4")
    spans = named_in(clip, *known)
    assert set(spans) <= {"hamilton/miranda", "whitehouse/obama", "hamilton/lacamoire"}

    def shown(person: str, start_ms: int, end_ms: int) -> int:
        return sum(span.overlap_ms(TimeRange(start_ms, end_ms)) for span in spans[person])

    # seen by eye: Miranda sings until 0.7 s and from 3.0 to 7.1 s, Obama listens from 7.2 s to the end
    assert shown("hamilton/miranda", 0, 700) > 500
    assert shown("hamilton/miranda", 3000, 7100) > 3500
    assert shown("whitehouse/obama", 7200, 9200) > 1500
    assert shown("hamilton/miranda", 800, 2900) == shown("whitehouse/obama", 0, 7000) == 0


@pytest.mark.parametrize("clip", STRANGERS, ids=lambda path: path.stem)
def test_strangers_get_no_name(clip: Path, known: tuple[PersonClassifier, dict[int, str]]) -> None:
    assert named_in(clip, *known) == {}
