from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.people.made_faces import BlockDetector, PatternEmbedder, made_face, made_photo, save
from tests.people.photos import astronaut, cameraman, detector, embedder, scaled
from vsearch_pipeline.people.alignment import ARCFACE_LANDMARKS, ARCFACE_SIDE, aligned_chip
from vsearch_pipeline.people.augmentation import VARIANTS
from vsearch_pipeline.people.enrolment import Enrolment, enrol_gallery, reference_picture
from vsearch_pipeline.people.gallery import read_gallery
from vsearch_pipeline.people.photo_faces import KnownFace


def enrol(folder: Path) -> Enrolment:
    return enrol_gallery(read_gallery(folder), BlockDetector(), PatternEmbedder())


def used(enrolment: Enrolment) -> dict[str, list[str]]:
    return {person.label: [reference.photo.name for reference in found] for person, found in enrolment.people}


def reasons(enrolment: Enrolment, folder: Path) -> dict[str, tuple[str, str]]:
    return {issue.place(folder): (issue.kind, issue.reason) for issue in enrolment.issues}


def some_people(folder: Path, people: int = 4, photos: int = 4) -> None:
    for person in range(people):
        for photo in range(photos):
            save(folder / "g" / f"p{person}" / f"{photo}.png", made_face(person, photo))


def test_a_good_gallery(tmp_path: Path) -> None:
    some_people(tmp_path)
    seen: list[Path] = []
    gallery = read_gallery(tmp_path)
    result = enrol_gallery(gallery, BlockDetector(), PatternEmbedder(), seen.append)
    assert result.issues == ()
    assert used(result) == {f"g/p{person}": [f"{photo}.png" for photo in range(4)] for person in range(4)}
    assert seen == [photo for person in gallery.people for photo in person.photos]
    reference = result.people[0][1][0]
    assert reference.bbox_xyxy == (0, 0, 1, 1)
    assert reference.quality > 0.99
    assert reference.weak is False
    assert reference.augmented is not None
    assert reference.augmented.shape == (PatternEmbedder.dim,)
    assert np.linalg.norm(reference.augmented) == pytest.approx(1, abs=1e-5)
    assert 0.8 < reference.augmented @ reference.vector < 0.99999
    assert (reference_picture(reference.photo, reference.landmarks) == made_face(0, 0)).mean() > 0.95


def test_the_same_records_again(tmp_path: Path) -> None:
    some_people(tmp_path, people=2)
    first, second = enrol(tmp_path), enrol(tmp_path)
    for (_, before), (_, after) in zip(first.people, second.people, strict=True):
        for one, other in zip(before, after, strict=True):
            assert one.vector.tobytes() == other.vector.tobytes()
            assert one.augmented.tobytes() == other.augmented.tobytes()


def test_known_faces_are_not_embedded_again(tmp_path: Path) -> None:
    some_people(tmp_path, people=2)
    first = enrol(tmp_path)
    known = {
        reference.sha256: KnownFace(reference.quality, reference.vector, reference.augmented)
        for _, references in first.people
        for reference in references
    }
    save(tmp_path / "g" / "p0" / "new.png", made_face(0, 9))
    counting = PatternEmbedder()
    second = enrol_gallery(read_gallery(tmp_path), BlockDetector(), counting, known=known)
    assert counting.embedded == 1 + VARIANTS
    assert used(second)["g/p0"] == ["0.png", "1.png", "2.png", "3.png", "new.png"]
    assert second.people[1][1][0].vector is first.people[1][1][0].vector


def test_few_photos_are_not_augmented(tmp_path: Path) -> None:
    some_people(tmp_path, photos=2)
    assert all(reference.augmented is None for _, found in enrol(tmp_path).people for reference in found)


def test_every_bad_photo_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    some_people(tmp_path)
    folder = tmp_path / "g" / "p0"
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 not a photo")
    (folder / "empty.jpg").touch()
    (folder / "loop.jpg").symlink_to(folder / "loop.jpg")
    save(folder / "nobody.png", np.zeros((200, 200, 3), np.uint8))
    save(folder / "small.png", made_photo(made_face(0, 20, side=16)))
    save(folder / "blurred.png", cv2.GaussianBlur(made_photo(made_face(0, 21)), (0, 0), 14))
    (folder / "again.png").write_bytes((folder / "1.png").read_bytes())
    save(tmp_path / "g" / "lone" / "1.png", made_face(30))
    gone = tmp_path / "g" / "gone"
    gone.mkdir()
    (gone / "1.jpg").touch()
    result = enrol(tmp_path)
    assert reasons(result, tmp_path) == {
        "g/p0/again.png": ("duplicate", "it is the same file as 1.png"),
        "g/p0/broken.jpg": ("unreadable", "it is damaged or cut short"),
        "g/p0/empty.jpg": ("unreadable", "it is empty"),
        "g/p0/loop.jpg": ("unreadable", "it cannot be opened (Too many levels of symbolic links)"),
        "g/p0/nobody.png": ("no_face", "no face was found in it"),
        "g/p0/small.png": ("poor", "its faces are too small, blurred or turned away"),
        "g/p0/blurred.png": ("poor", "its faces are too small, blurred or turned away"),
        "g/gone/1.jpg": ("unreadable", "it is empty"),
        "g/gone": ("no_photos", "none of its photos can be used"),
    }
    assert used(result)["g/p0"] == ["0.png", "1.png", "2.png", "3.png"]
    assert used(result)["g/lone"] == ["1.png"]
    assert used(result)["g/gone"] == []


def test_the_best_of_weak_photos_is_kept(tmp_path: Path) -> None:
    some_people(tmp_path)
    for number, side in enumerate((10, 16)):
        save(tmp_path / "g" / "weak" / f"{number}.png", made_photo(made_face(9, side=side)))
    result = enrol(tmp_path)
    (reference,) = next(found for person, found in result.people if person.name == "weak")
    assert (reference.photo.name, reference.weak) == ("1.png", True)
    assert {place: kind for place, (kind, _) in reasons(result, tmp_path).items()} == {
        "g/weak/0.png": "poor",
        "g/weak/1.png": "weak",
    }


def test_of_several_faces_the_one_like_the_other_photos_is_taken(tmp_path: Path) -> None:
    some_people(tmp_path)
    both = made_photo(made_face(1, 10, side=160), made_face(0, 10))
    save(tmp_path / "g" / "p0" / "both.png", both)
    save(tmp_path / "g" / "stranger" / "both.png", made_photo(made_face(40, 1), made_face(41, 1, side=130)))
    save(tmp_path / "g" / "friend" / "both.png", made_photo(made_face(3, 8, side=160), made_face(60, side=140)))
    result = enrol(tmp_path)
    assert reasons(result, tmp_path) == {
        "g/stranger/both.png": (
            "several_faces",
            "it shows 2 people and nothing says who is meant; the largest face was taken",
        )
    }
    reference = next(found for found in result.people[0][1] if found.photo.name == "both.png")
    assert reference.bbox_xyxy[0] > 0.5
    (largest,) = next(found for person, found in result.people if person.name == "stranger")
    assert largest.bbox_xyxy[0] > 0.4
    (friend,) = next(found for person, found in result.people if person.name == "friend")
    assert friend.bbox_xyxy[0] > 0.5


def test_one_picture_saved_again_counts_once(tmp_path: Path) -> None:
    some_people(tmp_path)
    folder = tmp_path / "g" / "p0"
    save(folder / "saved again.jpg", made_face(0, 1), quality=30)
    save(folder / "smaller.png", made_photo(scaled(made_face(0, 2), 60, 60)))
    result = enrol(tmp_path)
    assert used(result)["g/p0"] == ["0.png", "1.png", "2.png", "3.png"]
    assert {place: kind for place, (kind, _) in reasons(result, tmp_path).items()} == {
        "g/p0/saved again.jpg": "duplicate",
        "g/p0/smaller.png": "duplicate",
    }


def test_one_photo_under_two_people_is_nobodys(tmp_path: Path) -> None:
    some_people(tmp_path)
    same = (tmp_path / "g" / "p0" / "1.png").read_bytes()
    (tmp_path / "g" / "p1" / "same file.png").write_bytes(same)
    save(tmp_path / "g" / "p3" / "same picture.jpg", made_face(2, 1))
    result = enrol(tmp_path)
    assert reasons(result, tmp_path) == {
        "g/p0/1.png": ("conflict", "the same photo is in the folder of g/p1; neither uses it"),
        "g/p1/same file.png": ("conflict", "the same photo is in the folder of g/p0; neither uses it"),
        "g/p2/1.png": ("conflict", "the same picture is in the folder of g/p3; neither uses it"),
        "g/p3/same picture.jpg": ("conflict", "the same picture is in the folder of g/p2; neither uses it"),
    }
    assert [len(found) for _, found in result.people] == [3, 4, 3, 4]


def test_a_photo_in_the_wrong_folder_is_shown_and_left_out(tmp_path: Path) -> None:
    some_people(tmp_path)
    save(tmp_path / "g" / "p0" / "wrong.png", made_face(1, 12))
    result = enrol(tmp_path)
    (issue,) = result.issues
    assert (issue.place(tmp_path), issue.kind) == ("g/p0/wrong.png", "rejected")
    assert issue.reason == "it looks like g/p1, not like g/p0; it is not used"
    wrong, own, other = issue.pictures
    assert np.abs(wrong.astype(int) - made_face(1, 12)).mean() < 1
    for shown, person in ((own, 0), (other, 1)):
        assert min(np.abs(shown.astype(int) - made_face(person, photo)).mean() for photo in range(4)) < 1
    assert used(result)["g/p0"] == ["0.png", "1.png", "2.png", "3.png"]


def test_a_doubtful_photo_is_used_and_counts_less(tmp_path: Path) -> None:
    some_people(tmp_path)
    save(tmp_path / "g" / "p0" / "unlike.png", made_face(50))
    result = enrol(tmp_path)
    (issue,) = result.issues
    assert (issue.kind, issue.place(tmp_path)) == ("suspect", "g/p0/unlike.png")
    names = [reference.photo.name for reference in result.people[0][1]]
    assert names == ["0.png", "1.png", "2.png", "3.png", "unlike.png"]


def test_a_small_photo_of_the_size_of_a_crop_is_no_crop(tmp_path: Path) -> None:
    photo = np.zeros((ARCFACE_SIDE, ARCFACE_SIDE, 3), np.uint8)
    photo[30:80, 50:100] = made_face(0, side=50)
    save(tmp_path / "p" / "1.png", photo)
    ((_, (reference,)),) = enrol(tmp_path).people
    assert reference.bbox_xyxy == pytest.approx((50 / 112, 30 / 112, 100 / 112, 80 / 112), abs=0.01)


def test_the_real_models_on_real_photos(tmp_path: Path) -> None:
    """A portrait and an aligned crop of it; a man beside her, whose photo it is; and nobody."""
    folder = tmp_path / "NASA" / "Eileen Collins"
    save(folder / "alone.png", astronaut())
    (face,) = detector().detect([astronaut()])[0]
    save(folder / "crop.png", aligned_chip(astronaut(), face, ARCFACE_LANDMARKS, ARCFACE_SIDE))
    save(
        tmp_path / "film" / "cameraman" / "both.png",
        np.concatenate([scaled(astronaut(), 512, 512)[:, ::-1], cameraman()], axis=1),
    )
    save(tmp_path / "film" / "dog" / "1.png", np.full((300, 300, 3), 90, np.uint8))
    result = enrol_gallery(read_gallery(tmp_path), detector(), embedder())
    by_name = {person.name: found for person, found in result.people}
    (alone,) = by_name["Eileen Collins"]
    assert alone.photo.name in {"alone.png", "crop.png"}
    kinds = {issue.place(tmp_path): issue.kind for issue in result.issues}
    assert kinds["film/dog/1.png"] == "no_face"
    assert "film/cameraman/both.png" not in kinds
    (man,) = by_name["cameraman"]
    assert man.bbox_xyxy[0] > 0.5


def test_moved_crops_are_found_and_the_others_left_in_peace(tmp_path: Path, shared_data: Path) -> None:
    people = sorted((shared_data / "faces" / "aligned").glob("*/*"))[:4]
    for person in people:
        for photo in sorted(person.glob("*.png"))[:7]:
            target = tmp_path / person.parent.name / person.name / photo.name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(photo.read_bytes())
    moved = tmp_path / people[0].parent.name / people[0].name / "moved.png"
    moved.write_bytes(sorted(people[1].glob("*.png"))[8].read_bytes())
    result = enrol_gallery(read_gallery(tmp_path), detector(), embedder())
    assert [(issue.path, issue.kind) for issue in result.issues] == [(moved, "rejected")]
    assert all(len(found) == 7 for _, found in result.people)
