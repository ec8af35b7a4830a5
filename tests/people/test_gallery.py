import unicodedata
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Photo

from tests.people.photos import astronaut, cameraman, detector, embedder, scaled
from vsearch_pipeline.people.gallery import enrol, read_gallery
from vsearch_pipeline.people.records import Image


def save(path: Path, image: Image | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Photo.fromarray(np.zeros((8, 8, 3), np.uint8) if image is None else image).save(path)
    return path


def reasons(folder: Path) -> dict[str, str]:
    return {issue.path.relative_to(folder).as_posix(): issue.reason for issue in read_gallery(folder).issues}


def test_people_with_and_without_a_group(tmp_path: Path) -> None:
    save(tmp_path / "뉴진스" / unicodedata.normalize("NFD", "민지") / "b.PNG")
    save(tmp_path / "뉴진스" / unicodedata.normalize("NFD", "민지") / "a.jpg")
    save(tmp_path / "뉴진스" / "하니" / "1.webp")
    save(tmp_path / "Lin-Manuel" / "1.jpeg")
    (tmp_path / ".DS_Store").touch()
    gallery = read_gallery(tmp_path)
    assert [(person.group, person.name, len(person.photos)) for person in gallery.people] == [
        (None, "Lin-Manuel", 1),
        ("뉴진스", "민지", 2),
        ("뉴진스", "하니", 1),
    ]
    assert [photo.name for photo in gallery.people[1].photos] == ["a.jpg", "b.PNG"]
    assert gallery.issues == ()


def test_names_come_from_the_list(tmp_path: Path) -> None:
    save(tmp_path / "nj" / "minji" / "1.jpg")
    save(tmp_path / "solo" / "1.jpg")
    (tmp_path / "gallery.toml").write_text(
        """
        [[person]]
        group = "nj"
        name = "minji"
        display = "민지"
        aliases = ["김민지", "Minji", "김민지"]
        [[person]]
        name = "solo"
        [[person]]
        name = "nobody"
        [[person]]
        display = 3
        """,
        encoding="utf-8",
    )
    gallery = read_gallery(tmp_path)
    assert [(person.display, person.aliases) for person in gallery.people] == [
        ("민지", ("김민지", "Minji")),
        ("solo", ()),
    ]
    assert [issue.reason for issue in gallery.issues] == [
        "there is no folder for nobody",
        "entry 4 needs a name, and texts for the rest",
    ]


@pytest.mark.parametrize("content", [b"[[person", b"\xff\xfe"])
def test_a_broken_list_is_an_issue_and_the_photos_still_count(tmp_path: Path, content: bytes) -> None:
    save(tmp_path / "solo" / "1.jpg")
    (tmp_path / "gallery.toml").write_bytes(content)
    assert reasons(tmp_path)["gallery.toml"].startswith("it is not valid TOML")
    assert len(read_gallery(tmp_path).people) == 1


def test_what_cannot_be_used_is_reported(tmp_path: Path) -> None:
    save(tmp_path / "stray.jpg")
    save(tmp_path / "nj" / "minji" / "1.jpg")
    save(tmp_path / "nj" / "minji" / "deeper" / "1.jpg")
    (tmp_path / "nj" / "minji" / "notes.txt").touch()
    (tmp_path / "nj" / "hani").mkdir()
    (tmp_path / "nj" / "hani" / "1.jpg").touch()
    assert reasons(tmp_path) == {
        "stray.jpg": "a photo belongs in a folder named after its person",
        "nj/minji/deeper": "folders inside a person's folder are not read",
        "nj/minji/notes.txt": "it is not a JPEG, PNG or WebP photo",
        "nj/hani/1.jpg": "it is empty",
        "nj/hani": "it has no photo that can be used",
    }
    assert [person.name for person in read_gallery(tmp_path).people] == ["minji"]
    assert reasons(tmp_path / "none") == {".": "there is no such folder"}


def test_enrolling_takes_the_largest_good_face(tmp_path: Path) -> None:
    alone = save(tmp_path / "alone.png", astronaut())
    rotated = tmp_path / "rotated.jpg"
    exif = Photo.Exif()
    exif[0x0112] = 6
    Photo.fromarray(np.ascontiguousarray(np.rot90(astronaut()))).save(rotated, exif=exif, quality=95)
    crowd = save(tmp_path / "crowd.png", np.concatenate([astronaut(), astronaut()[:, ::-1]], axis=1))
    background = save(
        tmp_path / "background.png",
        np.concatenate([astronaut(), np.pad(scaled(cameraman(), 300, 300), ((0, 212), (0, 0), (0, 0)))], axis=1),
    )
    nobody = save(tmp_path / "nobody.png", np.full((300, 300, 3), 90, np.uint8))
    tiny = save(tmp_path / "tiny.png", np.pad(scaled(astronaut(), 70, 70), ((0, 400), (0, 400), (0, 0))))
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff\xe0 not a photo")

    result = enrol([alone, rotated, crowd, background, nobody, tiny, broken], detector(), embedder())

    assert [reference.photo.name for reference in result.references] == [
        "alone.png",
        "rotated.jpg",
        "crowd.png",
        "background.png",
    ]
    assert {issue.path.name: issue.reason for issue in result.issues} == {
        "crowd.png": "it shows 2 people; the largest face was taken",
        "nobody.png": "no face was found in it",
        "tiny.png": "its faces are too small, blurred or turned away",
        "broken.jpg": "it cannot be read as a photo",
    }
    first, upright = result.references[:2]
    assert np.linalg.norm(first.vector - upright.vector) < 0.15
    assert upright.bbox_xyxy == pytest.approx(first.bbox_xyxy, abs=0.02)
    assert first.bbox_xyxy == pytest.approx((0.35, 0.13, 0.52, 0.36), abs=0.04)
    assert first.quality > 0.6
