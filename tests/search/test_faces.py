"""Search by face: every appearance, exactly as comparing with all faces would find them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Photo
from sqlalchemy import Connection, text

from tests.editing.library import Held
from tests.people.photos import astronaut
from tests.people_library import ToyEmbedder, add_tracks, add_video, toy_embedder, write_labels
from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.library import ensure_person
from vsearch_pipeline.catalog.models import FaceEmbedding
from vsearch_pipeline.catalog.retrieval import ensure_face_index, near_tracks
from vsearch_pipeline.catalog.stages import ProducerInfo, producer_id, replace_rows
from vsearch_pipeline.errors import InputError
from vsearch_pipeline.people.records import Vectors
from vsearch_pipeline.people.registry import load_face_detector, load_face_embedder
from vsearch_pipeline.search.faces import FaceSearch, appearances_as_json


def store(connection: Connection, video: str, model: str, rows: Vectors) -> None:
    """One embedded face a track."""
    producer = producer_id(connection, ProducerInfo("face_tracks", model, "1"))
    faces = [
        {"face_index": i, "track_index": i, "model": model, "embedding": row.tolist()}
        for i, row in enumerate(rows)
    ]
    replace_rows(connection, video, producer, {FaceEmbedding: faces})


@pytest.mark.parametrize("threshold", [0.35, 0.0, -0.1], ids=["few", "half", "nearly all"])
def test_the_index_finds_what_comparing_with_all_finds(connection: Connection, threshold: float) -> None:
    embedder = toy_embedder()
    rng = np.random.default_rng(5)
    rows = rng.normal(size=(3000, 64)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    video = add_video(connection)
    store(connection, video, embedder.name, rows)
    ensure_face_index(connection, embedder.name, 64)
    query = rows[17] + 0.1 * rows[18]
    query /= np.linalg.norm(query)
    plan = text(
        f"explain select 1 from face_embeddings where model = '{embedder.name}'"  # noqa: S608
        " order by embedding::halfvec(64) <=> cast(:v as halfvec(64)) limit 5"
    )
    shown = " ".join(connection.execute(plan, {"v": str(query.tolist())}).scalars())
    assert "hnsw_" in shown
    found = near_tracks(connection, model=embedder.name, vector=query.tolist(), threshold=threshold)
    exact = rows @ query
    wanted = set(np.flatnonzero(exact >= threshold).tolist())
    got = {near.track_index for near in found}
    assert len(wanted & got) >= 0.995 * len(wanted)
    assert all(exact[index] >= threshold - 2e-3 for index in got)
    assert [near.similarity for near in found] == sorted((near.similarity for near in found), reverse=True)
    assert found[0].track_index == 17


def test_another_models_faces_are_not_compared(connection: Connection) -> None:
    one, other = toy_embedder(), toy_embedder()
    rows = np.eye(4, dtype=np.float32)
    store(connection, add_video(connection), one.name, rows)
    store(connection, add_video(connection), other.name, np.eye(8, dtype=np.float32))
    found = near_tracks(connection, model=one.name, vector=rows[0].tolist(), threshold=0.5)
    assert [near.track_index for near in found] == [0]


def held(connection: Connection) -> Catalog:
    return Held(connection)  # type: ignore[return-value]


def test_a_track_is_one_appearance_with_its_label(connection: Connection) -> None:
    embedder: ToyEmbedder = toy_embedder()
    video = add_video(connection, "the clip")
    ana, ben = add_tracks(connection, video, ["ana", "ben"], embedder.name)
    write_labels(connection, video, [ensure_person(connection, "Faces", "Ana of faces"), None])
    service = FaceSearch(held(connection), load_face_detector("centerface"), embedder, 0.5)
    from tests.people_library import looks

    [found] = service.search_vector(np.array(looks("ana"), np.float32))
    assert (found.track, found.title, str(found.person)) == (ana, "the clip", "Faces/Ana of faces")
    assert found.similarity > 0.9
    assert appearances_as_json([found])[0]["person"] == "Ana of faces"
    assert ben not in {found.track}


def test_a_photo_finds_its_face(connection: Connection, tmp_path: Path) -> None:
    """A real photo against the embedding of the same woman's mirrored, smaller picture."""
    detector, embedder = load_face_detector("centerface"), load_face_embedder("sface-dlib")
    seen = np.ascontiguousarray(np.asarray(Photo.fromarray(astronaut()).resize((400, 400)))[:, ::-1])
    [vectors] = embedder.embed([seen], detector.detect([seen]))
    video = add_video(connection)
    add_tracks(connection, video, ["ana"], embedder.name)
    producer = producer_id(connection, ProducerInfo("face_tracks", embedder.name, "1"))
    row = {"face_index": 0, "track_index": 0, "model": embedder.name, "embedding": vectors[0].tolist()}
    replace_rows(connection, video, producer, {FaceEmbedding: [row]})
    service = FaceSearch(held(connection), detector, embedder, threshold=0.9)
    photo = tmp_path / "사진.png"
    Photo.fromarray(astronaut()).save(photo)
    assert video in {found.track.video_id for found in service.search(photo)}

    Photo.new("RGB", (300, 300), "grey").save(photo)
    with pytest.raises(InputError, match=r"사진.png: no face was found in it\."):
        service.search(photo)
    photo.write_bytes(b"not a picture")
    with pytest.raises(InputError, match=r"사진.png: it is not a JPEG"):
        service.search(photo)
    with pytest.raises(InputError, match="cannot be opened"):
        service.search(tmp_path / "missing.jpg")
