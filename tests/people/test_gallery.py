import os
import unicodedata
from pathlib import Path

import pytest

from vsearch_pipeline.people.gallery import GalleryIssue, read_gallery


def put(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"photo")
    return path


def issues(folder: Path) -> list[tuple[str, str, str]]:
    return [(issue.place(folder), issue.kind, issue.reason) for issue in read_gallery(folder).issues]


def test_people_with_and_without_a_group(tmp_path: Path) -> None:
    put(tmp_path / "뉴진스" / unicodedata.normalize("NFD", "민지") / "b.PNG")
    put(tmp_path / "뉴진스" / unicodedata.normalize("NFD", "민지") / "a.jpg")
    put(tmp_path / "뉴진스" / "하니 🐰" / "1.webp")
    put(tmp_path / "AC∕DC" / "Angus／Young" / "1.jpg")
    put(tmp_path / "Lin-Manuel" / "1.jpeg")
    (tmp_path / ".DS_Store").touch()
    gallery = read_gallery(tmp_path)
    assert [(person.group, person.name, len(person.photos)) for person in gallery.people] == [
        ("AC∕DC", "Angus／Young", 1),
        (None, "Lin-Manuel", 1),
        ("뉴진스", "민지", 2),
        ("뉴진스", "하니 🐰", 1),
    ]
    assert [photo.name for photo in gallery.people[2].photos] == ["a.jpg", "b.PNG"]
    assert gallery.people[2].label == "뉴진스/민지"
    assert gallery.issues == ()


def test_names_and_notes_come_from_the_list(tmp_path: Path) -> None:
    put(tmp_path / "nj" / "minji" / "1.jpg")
    put(tmp_path / "solo" / "1.jpg")
    (tmp_path / "gallery.toml").write_text(
        """
        colour = "red"
        [[person]]
        group = "nj"
        name = "minji"
        display = "민지"
        aliases = ["김민지", "Minji", "김민지"]
        notes = "since 2022"
        alias = "M"
        [[person]]
        name = "solo"
        [[person]]
        name = "solo"
        display = "again"
        [[person]]
        name = "nobody"
        [[person]]
        display = 3
        """,
        encoding="utf-8",
    )
    gallery = read_gallery(tmp_path)
    assert [(person.display, person.aliases, person.notes) for person in gallery.people] == [
        ("민지", ("김민지", "Minji"), "since 2022"),
        ("solo", (), ""),
    ]
    assert [(person.label, person.photos) for person in gallery.named] == [("nobody", ())]
    assert [issue.reason for issue in gallery.issues] == [
        "'colour' means nothing here; entries begin with [[person]] or [[group]]",
        "entry 1 (line 3) has 'alias', which is none of name, group, display, gender, aliases, notes",
        "entry 3 (line 12) names solo again; the first one counts",
        "entry 5 (line 17) needs a name, a list of texts as aliases, and texts for the rest",
    ]
    assert {issue.kind for issue in gallery.issues} == {"names_file"}


def test_gender_is_a_persons_own_or_their_groups(tmp_path: Path) -> None:
    for place in ("nj/minji", "nj/manager", "ive/wonyoung", "solo"):
        put(tmp_path / place / "1.jpg")
    (tmp_path / "gallery.toml").write_text(
        """
        [[group]]
        name = "nj"
        gender = "female"
        [[person]]
        group = "nj"
        name = "manager"
        gender = "male"
        [[person]]
        name = "solo"
        gender = "woman"
        [[group]]
        name = "ive"
        gender = 3
        [[group]]
        name = "nobody"
        gender = "male"
        [[group]]
        name = "nj"
        gender = "male"
        colour = "red"
        [[group]]
        gender = "male"
        """
    )
    gallery = read_gallery(tmp_path)
    assert {person.label: person.gender for person in gallery.people} == {
        "ive/wonyoung": None,
        "nj/manager": "male",
        "nj/minji": "female",
        "solo": None,
    }
    assert gallery.genders == {"nj": "female", "nobody": "male"}
    assert [issue.reason for issue in gallery.issues] == [
        "group 2 (line 12) needs a name, and 'female' or 'male' as its gender",
        "group 4 (line 18) has 'colour', which is none of name, gender",
        "group 4 (line 18) names nj again; the first one counts",
        "group 5 (line 22) needs a name, and 'female' or 'male' as its gender",
        "entry 2 (line 9) has the gender 'woman', which is neither 'female' nor 'male'",
    ]
    assert {issue.kind for issue in gallery.issues} == {"names_file"}


def test_somebody_without_photos_is_named_and_no_broken_folder(tmp_path: Path) -> None:
    (tmp_path / "gallery.toml").write_text(
        '[[person]]\ngroup="NJZ"\nname="Kim Minji"\naliases=["민지"]\n[[group]]\nname="NJZ"\ngender="female"\n'
    )
    gallery = read_gallery(tmp_path)
    assert (gallery.people, gallery.issues) == ((), ())
    [person] = gallery.named
    assert (person.label, person.aliases, person.photos, person.gender) == (
        "NJZ/Kim Minji", ("민지",), (), "female",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"\n[[person\n", "at line 2, column 9"),
        (b"\n[[person", "at the end, line 2"),
        (b"\n\xff\xfe", "line 2 is not UTF-8"),
    ],
)
def test_a_broken_list_is_an_issue_and_the_photos_still_count(tmp_path: Path, content: bytes, line: str) -> None:
    put(tmp_path / "solo" / "1.jpg")
    (tmp_path / "gallery.toml").write_bytes(content)
    ((place, kind, reason),) = issues(tmp_path)
    assert (place, kind) == ("gallery.toml", "names_file")
    assert reason.startswith("it is not valid TOML")
    assert line in reason
    assert "vsearch people names" in reason
    assert len(read_gallery(tmp_path).people) == 1


def test_an_alias_of_two_people_is_reported(tmp_path: Path) -> None:
    put(tmp_path / "nj" / "minji" / "1.jpg")
    put(tmp_path / "ive" / "wonyoung" / "1.jpg")
    (tmp_path / "gallery.toml").write_text(
        '[[person]]\ngroup="nj"\nname="minji"\naliases=["MJ","Kim"]\n'
        '[[person]]\ngroup="ive"\nname="wonyoung"\naliases=["mj", "Wonyoung"]\n'
    )
    assert issues(tmp_path) == [("gallery.toml", "shared_alias", "'mj' names ive/wonyoung and nj/minji")]


def test_what_cannot_be_used_is_reported(tmp_path: Path) -> None:
    put(tmp_path / "stray.jpg")
    put(tmp_path / "nj" / "minji" / "1.jpg")
    put(tmp_path / "nj" / "minji" / "deeper" / "1.jpg")
    (tmp_path / "nj" / "minji" / "notes.txt").touch()
    (tmp_path / "nj" / "hani").mkdir()
    (tmp_path / "nobody").mkdir()
    assert issues(tmp_path) == [
        ("nj/hani", "no_photos", "it has no photo that can be used"),
        ("nj/minji/deeper", "nested", "folders inside a person's folder are not read"),
        ("nj/minji/notes.txt", "stray", "it is not a JPEG, PNG or WebP photo"),
        ("nobody", "no_photos", "it has no photo that can be used"),
        ("stray.jpg", "stray", "a photo belongs in a folder named after its person"),
    ]
    assert [person.name for person in read_gallery(tmp_path).people] == ["minji"]


def test_no_folder_and_an_empty_one(tmp_path: Path) -> None:
    assert issues(tmp_path) == [(".", "no_photos", "it has no folder of a person yet")]
    assert issues(tmp_path / "none") == [(".", "no_folder", "there is no such folder")]


def test_one_name_in_two_groups_is_two_people_until_somebody_says_otherwise(tmp_path: Path) -> None:
    put(tmp_path / "a" / "Minji" / "1.jpg")
    put(tmp_path / "b" / "minji" / "1.jpg")
    assert len(read_gallery(tmp_path).people) == 2
    assert issues(tmp_path) == [
        (
            "b/minji",
            "same_name",
            "a/Minji has the same name and is taken for somebody else; "
            "put the photos into one folder if they are one person",
        )
    ]


def test_folders_that_differ_only_in_composition_are_one_person(tmp_path: Path) -> None:
    for number, form in enumerate(("NFC", "NFD")):
        put(tmp_path / "뉴진스" / unicodedata.normalize(form, "민지") / f"{number}.jpg")
    if len(list((tmp_path / "뉴진스").iterdir())) == 1:
        pytest.skip("this file system composes names itself")
    gallery = read_gallery(tmp_path)
    assert [(person.name, len(person.photos)) for person in gallery.people] == [("민지", 2)]
    assert [issue.kind for issue in gallery.issues] == ["merged_folders"]


def test_links_back_into_the_gallery_are_not_followed(tmp_path: Path) -> None:
    home = tmp_path / "gallery"
    put(home / "a" / "minji" / "1.jpg")
    put(tmp_path / "elsewhere" / "1.jpg")
    (home / "a" / "loop").symlink_to(home)
    (home / "b").symlink_to(home / "a")
    (home / "a" / "self").symlink_to(home / "a" / "self")
    (home / "a" / "linked").symlink_to(tmp_path / "elsewhere")
    (home / "a" / "minji" / "gone.jpg").symlink_to(tmp_path / "gone.jpg")
    gallery = read_gallery(home)
    assert [(person.label, len(person.photos)) for person in gallery.people] == [("a/linked", 1), ("a/minji", 2)]
    assert [(issue.place(home), issue.kind) for issue in gallery.issues] == [("a/loop", "link"), ("b", "link")]


def test_a_folder_that_cannot_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "a" / "minji" / "1.jpg")
    locked = put(tmp_path / "a" / "hani" / "1.jpg").parent
    listing = Path.iterdir

    def iterdir(path: Path) -> object:
        if path == locked:
            raise PermissionError(13, "Permission denied")
        return listing(path)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    assert ("a/hani", "unreadable_folder", "it cannot be opened (Permission denied)") in issues(tmp_path)
    assert [person.name for person in read_gallery(tmp_path).people] == ["minji"]


def test_a_name_that_is_no_text_is_left_out(tmp_path: Path) -> None:
    try:
        (tmp_path / os.fsdecode(b"caf\xe9")).mkdir()
    except OSError:
        pytest.skip("this file system takes UTF-8 only")
    (issue,) = read_gallery(tmp_path).issues
    assert (issue.path.name, issue.kind) == ("caf?", "bad_name")
    assert isinstance(issue, GalleryIssue)
