"""Photos that somebody hands in: judged by the real models, kept in the gallery, taken out and put back."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Photo
from PIL import ImageFilter
from sqlalchemy import Connection, select

from tests.editing.library import editor
from tests.people.photos import astronaut, detector, embedder
from tests.people_library import STEP_MS
from vsearch_pipeline.catalog.library import ensure_person, replace_reference_faces
from vsearch_pipeline.catalog.models import Operation
from vsearch_pipeline.catalog.stages import ProducerInfo, producer_id
from vsearch_pipeline.editing.handing_in import PhotoService, Upload
from vsearch_pipeline.editing.transaction import Editor
from vsearch_pipeline.errors import ForbiddenError, InputError, NotFoundError
from vsearch_pipeline.people.gallery import read_gallery


def jpeg(image: Photo.Image, kind: str = "JPEG") -> bytes:
    content = io.BytesIO()
    image.save(content, kind, quality=92)
    return content.getvalue()


def her(size: int = 512) -> Photo.Image:
    return Photo.fromarray(astronaut()).resize((size, size))


def two() -> Photo.Image:
    both = Photo.new("RGB", (1024, 512))
    both.paste(her(), (0, 0))
    both.paste(her().transpose(Photo.Transpose.FLIP_LEFT_RIGHT), (512, 0))
    return both


@pytest.fixture
def gallery(tmp_path: Path) -> Path:
    return tmp_path / "gallery"


@pytest.fixture
def service(connection: Connection, gallery: Path) -> PhotoService:
    return over(editor(connection, "tester"), gallery)


def over(by: Editor, gallery: Path) -> PhotoService:
    return PhotoService(by, gallery, detector(), embedder(), step_ms=STEP_MS)


@pytest.fixture
def eileen(connection: Connection) -> int:
    return ensure_person(connection, "Handed", "Eileen Handed")


def learn(connection: Connection, person: int, source: str) -> None:
    """As if the astronaut were learnt as this person."""
    [[vector]] = embedder().embed([astronaut()], detector().detect([astronaut()]))
    row = {"person_id": person, "source": source, "sha256": "x", "quality": 1.0, "embedding": vector.tolist()}
    producer = producer_id(connection, ProducerInfo("gallery", embedder().name, "1"))
    replace_reference_faces(connection, embedder().name, [{**row, "producer_id": producer}])


def test_each_photo_is_judged_by_what_it_shows(service: PhotoService, eileen: int) -> None:
    seen: list[int] = []
    uploads = [
        Upload("good.jpg", jpeg(her())),
        Upload("nobody.png", jpeg(Photo.new("RGB", (200, 200), "green"), "PNG")),
        Upload("page.jpg", b"<script>alert(1)</script>"),
        Upload("blurred.webp", jpeg(her().filter(ImageFilter.GaussianBlur(5)), "WEBP")),
        Upload("two.jpg", jpeg(two())),
        Upload("again.jpg", jpeg(her())),
    ]
    judged = service.judge(uploads, eileen, seen.append)
    assert [photo.verdict for photo in judged] == ["good", "no_face", "unreadable", "poor", "several", "known"]
    assert (judged[0].meant, len(judged[0].faces)) == (0, 1)
    assert (judged[4].meant, len(judged[4].faces)) == (None, 2)
    assert seen == [1, 2, 3, 4, 5, 6]


def test_good_photos_are_kept_beside_what_is_there(
    service: PhotoService, eileen: int, gallery: Path, connection: Connection
) -> None:
    judged = service.judge([Upload("../../etc/pass wd?.jpg", jpeg(her()))], eileen)
    kept = service.keep(eileen, judged)
    assert kept.sources == ("Handed/Eileen Handed/pass wd_.jpg",)
    assert (gallery / kept.sources[0]).read_bytes() == judged[0].upload.content
    [operation] = connection.execute(select(Operation).where(Operation.kind == "gallery.photos")).all()
    assert (operation.actor, operation.about["photos"]) == ("tester", list(kept.sources))

    other = service.judge([Upload("pass wd_.png", jpeg(her(480))), judged[0].upload], eileen)
    assert [photo.verdict for photo in other] == ["good", "known"]
    [second] = service.keep(eileen, other[:1]).sources
    assert second != kept.sources[0]
    assert second.endswith(".jpg"), "by what it is, not by what it is called"
    [person] = read_gallery(gallery).people
    assert (person.group, person.name, len(person.photos)) == ("Handed", "Eileen Handed", 2)
    assert [photo.learnt for photo in service.photos(eileen)] == [False, False]
    learn(connection, eileen, second)
    assert {photo.source for photo in service.photos(eileen) if photo.learnt} == {second}


def test_of_several_faces_the_one_that_is_meant_is_cut_out(
    service: PhotoService, eileen: int, gallery: Path
) -> None:
    [photo] = service.judge([Upload("two.jpg", jpeg(two()))], eileen)
    right = max(range(2), key=lambda place: photo.faces[place][0])
    [source] = service.keep(eileen, [photo.of_face(right)]).sources
    with Photo.open(gallery / source) as cut:
        assert cut.width < 500
        [faces] = detector().detect([np.asarray(cut)])
    assert len(faces) == 1
    [again] = service.judge([Upload("cut.jpg", (gallery / source).read_bytes())], None)
    assert again.holder == "Handed/Eileen Handed"


def test_who_is_known_already_is_found_among_several(
    service: PhotoService, eileen: int, connection: Connection
) -> None:
    learn(connection, eileen, "somewhere.jpg")
    [photo] = service.judge([Upload("two.jpg", jpeg(two()))], eileen)
    assert (photo.verdict, photo.like) == ("good", None)
    assert photo.meant in {0, 1}


def test_a_photo_of_somebody_else_is_told(
    service: PhotoService, eileen: int, connection: Connection, gallery: Path
) -> None:
    other = ensure_person(connection, "Handed", "Other Handed")
    learn(connection, eileen, "somewhere.jpg")
    [photo] = service.judge([Upload("her.jpg", jpeg(her()))], other)
    assert photo.verdict == "good"
    assert photo.like is not None
    assert photo.like.id == eileen
    service.keep(eileen, service.judge([Upload("her.jpg", jpeg(her()))], eileen))
    [same] = service.judge([Upload("her.jpg", jpeg(her()))], other)
    assert (same.verdict, same.holder) == ("elsewhere", "Handed/Eileen Handed")
    assert not (gallery / "Handed" / "Other Handed").exists()


def test_a_photo_is_taken_out_and_put_back(service: PhotoService, eileen: int, gallery: Path) -> None:
    [source] = service.keep(eileen, service.judge([Upload("her.jpg", jpeg(her()))], eileen)).sources
    service.take_out(eileen, source)
    assert service.photos(eileen) == []
    assert read_gallery(gallery).people == ()
    with pytest.raises(NotFoundError):
        service.take_out(eileen, source)
    service.put_back(eileen, source)
    assert [photo.source for photo in service.photos(eileen)] == [source]
    for away in ("../../../etc/passwd", "nothing.jpg", source):
        with pytest.raises(NotFoundError):
            service.put_back(eileen, away)


@pytest.mark.parametrize("name", [".hidden", "가" * 100])
def test_a_name_that_can_be_no_folder_is_told(
    service: PhotoService, connection: Connection, name: str, gallery: Path
) -> None:
    person = ensure_person(connection, None, name)
    judged = service.judge([Upload("her.jpg", jpeg(her()))], person)
    with pytest.raises(InputError, match="can be no folder"):
        service.keep(person, judged)
    assert not gallery.exists()


def test_somebody_who_only_looks_adds_nothing(connection: Connection, gallery: Path, eileen: int) -> None:
    writer = editor(connection)
    viewer = over(Editor(writer.catalog, writer.embedder, actor="guest", door="web", role="viewer"), gallery)
    judged = viewer.judge([Upload("her.jpg", jpeg(her()))], eileen)
    with pytest.raises(ForbiddenError):
        viewer.keep(eileen, judged)
    assert not gallery.exists()
