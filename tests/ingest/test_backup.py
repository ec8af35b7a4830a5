"""What people did, out of a library and into another: exactly where that is empty, else beside its own."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from tests.editing.library import EMBEDDER, Model, add_video, editing, editor, history, shown
from tests.ingest.empty import empty_catalog
from tests.people_library import STEP_MS, add_tracks, toy_embedder
from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.dump import KEPT, dump_numbers, dump_rows
from vsearch_pipeline.catalog.identities import live_marks
from vsearch_pipeline.catalog.library import ensure_person, list_people, merged_people
from vsearch_pipeline.catalog.operations import last_operation_before, read_operations
from vsearch_pipeline.catalog.searches import save_search, saved_searches
from vsearch_pipeline.catalog.segments import read_segments
from vsearch_pipeline.catalog.videos import get_video
from vsearch_pipeline.editing.clusters import gather_clusters
from vsearch_pipeline.editing.people import PeopleService
from vsearch_pipeline.editing.transaction import Editor
from vsearch_pipeline.errors import InputError
from vsearch_pipeline.export.segments_json import HumanLayer, document_of_videos
from vsearch_pipeline.ingest.backup import restore_backup, write_backup
from vsearch_pipeline.ingest.importing import import_metadata
from vsearch_pipeline.ingest.restoring import Restored
from vsearch_pipeline.search.documents import embed_videos
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.timeline import TimeRange

FILM = "kept-film"
FIRST = Path(__file__).with_name("backup_v1.zip")
"""A backup of format 1: every version reads it."""


@pytest.fixture(scope="module")
def origin(catalog: Catalog, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    with empty_catalog(catalog, settings, "backup_origin") as made:
        build(made, tmp_path_factory.mktemp("records"))
        yield made


@pytest.fixture
def target(catalog: Catalog, settings: Settings) -> Iterator[Catalog]:
    with empty_catalog(catalog, settings, "backup_target") as made:
        yield made


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home") / "gallery"
    (folder / "Band" / "Ana").mkdir(parents=True)
    (folder / "Band" / "Ana" / "한글 1.jpg").write_bytes(b"a photo")
    (folder / "Band" / ".hidden").write_bytes(b"")
    (folder / "gallery.toml").write_text('[[person]]\nname = "Ana"\n')
    return folder


@pytest.fixture(scope="module")
def file(origin: Catalog, gallery: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("backups") / "library.zip"
    write_backup(origin, gallery, path)
    return path


def build(catalog: Catalog, folder: Path) -> None:
    """A library with work of every kind."""
    records = [{"video_id": "Old clip", "timestamp": t, "caption": f"Record {t}",
                "faces": [{"group": "Band", "member": "Zoe", "confidence": 0.5}]} for t in range(3)]  # fmt: skip
    (folder / "old.json").write_text(json.dumps(records))
    import_metadata(catalog, folder / "old.json", actor="mina")
    with catalog.begin() as connection:
        people = {"Ana": [(0, 6000)], "Ben": [(4000, 20_000)]}
        add_video(connection, Model(people=people), name=FILM)
        tracks = add_tracks(connection, FILM, ["x", "y", "z"], model := toy_embedder().name)
        gather_clusters(connection, model, STEP_MS)
        service = editing(connection)
        first, second, third, fourth = shown(connection, FILM)
        service.set_captions([first.id], {"en": "mine", "ko": "나의 것"})
        service.create(FILM, TimeRange(6000, 8000), captions={"ko": "새 장면"})
        service.set_people([second.id], add=[ensure_person(connection, "Band", "Cem")])
        service.split(third.id, 12_000)
        service.delete([third.id])
        service.lock([fourth.id])
        who = PeopleService(editor(connection, "jun"), embedding_model=model, step_ms=STEP_MS)
        who.name_track(tracks[0], "Dora", "Band")
        who.reject(tracks[1], "Dora")
        who.rename("Dora", "Theodora")
        who.merge("Band/Cem", "Ana")
        who.set_gender("Ana", "female")
        history(connection).undo()
        history(connection).redo()
        history(connection).undo()
        save_search(connection, "mina", "Ana walks", "walks")


def restore(catalog: Catalog, file: Path, gallery: Path, actor: str = "mina") -> Restored:
    return restore_backup(Editor(catalog, EMBEDDER, actor=actor, door="cli"), gallery, file)


def rows(catalog: Catalog) -> dict[str, list[dict[str, Any]]]:
    """What a backup keeps, without what a restored library must have otherwise."""
    with catalog.begin() as connection:
        kept: dict[str, list[dict[str, Any]]] = {table: list(dump_rows(connection, table)) for table in KEPT}
    producers = {row["id"]: (row["stage"], row["model"], row["settings"]) for row in kept.pop("producers")}
    imported = {row["id"] for row in kept["videos"] if row["source"] == "old.json"}
    kept["videos"] = [{**row, "kind": "", "path": ""} for row in kept["videos"]]
    kept["imported_records"] = [row for row in kept["imported_records"] if row["video_id"] in imported]
    for table in ("segments", "imported_records"):
        kept[table] = [{**row, "producer_id": producers[row["producer_id"]]} for row in kept[table]]
    return kept


def everything(catalog: Catalog) -> list[Any]:
    """Every row that people see or did."""
    with catalog.begin() as connection:
        tables = ("videos", "people", "segments", "segment_people", "operations", "face_marks", "searches")
        return [connection.execute(text(f"select * from {name} order by 1, 2")).all() for name in tables]  # noqa: S608


def human_layer(connection: Connection, video: str) -> list[tuple[int, int, HumanLayer]]:
    [entry] = document_of_videos(connection, [video]).videos
    return [(s.start_ms, s.end_ms, s.human) for s in entry.segments if s.human]


# --- into an empty library


def test_an_empty_library_becomes_what_the_other_was(
    origin: Catalog, target: Catalog, file: Path, gallery: Path, tmp_path: Path
) -> None:
    done = restore(target, file, tmp_path / "gallery")
    assert (done.exact, done.left_out, done.differences) == (True, (), ())
    assert rows(target) == rows(origin)
    with origin.begin() as here, target.begin() as there:
        numbers, restored = dump_numbers(here), dump_numbers(there)
        assert restored["counters"] == numbers["counters"]
        assert {**restored["sequences"], "producers": 0} == {**numbers["sequences"], "producers": 0}
        assert get_video(there, FILM).kind == "imported"
    assert (tmp_path / "gallery" / "Band" / "Ana" / "한글 1.jpg").read_bytes() == b"a photo"
    assert not (tmp_path / "gallery" / "Band" / ".hidden").exists()
    assert done.photos == 2


def test_search_finds_what_was_restored(origin: Catalog, target: Catalog, file: Path, tmp_path: Path) -> None:
    done = restore(target, file, tmp_path)
    with origin.begin() as here, target.begin() as there:
        statement = text("select id, search, people from segments where shown order by id")
        assert there.execute(statement).all() == here.execute(statement).all()
        stages = text("select video_id from stage_runs where stage = 'segments' order by 1")
        assert set(there.execute(stages).scalars()) == set(done.videos)
    embed_videos(target, done.videos, EMBEDDER)
    with target.begin() as there:
        assert there.execute(text("select count(distinct segment_id) from segment_embeddings")).scalar_one()


def test_the_history_of_a_restored_library_goes_on(
    origin: Catalog, target: Catalog, file: Path, tmp_path: Path
) -> None:
    restore(target, file, tmp_path)
    undone = []
    for library in (origin, target):
        with library.engine.connect() as connection, connection.begin() as transaction:
            for actor in ("mina", "jun"):
                while history(connection, actor).undo():
                    pass
            undone.append((human_layer(connection, FILM), list_people(connection), len(live_marks(connection))))
            transaction.rollback()
    assert undone[0] == undone[1]
    assert undone[0][0] == []


def test_a_second_restore_changes_nothing(target: Catalog, file: Path, tmp_path: Path) -> None:
    restore(target, file, tmp_path)
    before = everything(target)
    again = restore(target, file, tmp_path, actor="somebody")
    assert again == Restored(False, (), 0, 0, 0, 0, 0)
    assert everything(target) == before


# --- into a library with work of its own


def test_a_fuller_library_keeps_its_own_and_learns_the_rest(
    origin: Catalog, target: Catalog, file: Path, tmp_path: Path
) -> None:
    with target.begin() as connection:
        ensure_person(connection, None, "Somebody first")
        ana = ensure_person(connection, None, "Ana", display="Ana!", gender="male")
        mine = add_video(connection, Model((0, 20_000)), name="own-film")
        film = add_video(connection, Model(), name="other-id")
        connection.execute(text("update videos set sha256 = :f where id = :v"), {"f": FILM, "v": film})
        first = shown(connection, film)[0]
        editing(connection, "own").set_captions([first.id], {"en": "said here"})
        own = connection.execute(text("select max(id) from operations")).scalar_one()
    (tmp_path / "gallery.toml").write_text("mine")
    done = restore(target, file, tmp_path, actor="restorer")
    assert (done.exact, done.searches, done.photos) == (False, 1, 1)
    told = [(each.field, each.here, each.there) for each in done.differences]
    assert ("caption_en", "said here", "mine") in told
    assert done.left_out == (f"{tmp_path / 'gallery.toml'}: the gallery has another file there; it stays",)
    [old] = done.videos
    with target.begin() as connection, origin.begin() as there:
        names = {str(person): person for person in list_people(connection)}
        assert set(names) == {"Somebody first", *(str(person) for person in list_people(there))}
        assert (names["Ana"].id, names["Ana"].display) == (ana, "Ana!")
        assert len(merged_people(connection)) == len(merged_people(there))
        assert [s.caption_en for s in read_segments(connection, video_id=old)] == [f"Record {t}" for t in range(3)]
        segments = shown(connection, film)
        assert (segments[0].caption_en, segments[0].caption_ko) == ("said here", "나의 것")
        assert "새 장면" in [s.caption_ko for s in segments if s.created]
        marks = live_marks(connection, film)
        assert [mark.kind for mark in marks] == [mark.kind for mark in live_marks(there, FILM)]
        assert {mark.person_id for mark in marks} == {names["Band/Theodora"].id}
        past = [each for each in read_operations(connection) if "restored" in each.about]
        assert len(past) == done.operations == len(read_operations(there))
        assert {(each.actor, each.kind, each.at) for each in past} == {
            (each.actor, each.kind, each.at) for each in read_operations(there)
        }
        assert not any(each.after or each.before for each in past)
        of_first = read_operations(connection, subjects=[("segment", str(first.id))])
        assert any(each.about.get("restored") and each.kind == "segment.caption" for each in of_first)
        assert history(connection, "mina").redo() is None
        assert last_operation_before(connection, past[0].at) < past[-1].id, (
            "old ones under new numbers do not count"
        )
        assert len(history(connection).entries(limit=1000)) == len(read_operations(connection))
        assert [search.name for search in saved_searches(connection, "mina")] == ["walks"]
        assert [s.span for s in shown(connection, mine)] == [TimeRange(0, 20_000)]
    before = everything(target)
    again = restore(target, file, tmp_path, actor="restorer")
    assert (again.people, again.segments, again.marks, again.operations, again.searches) == (0, 0, 0, 0, 0)
    assert everything(target) == before
    with target.begin() as connection:
        while history(connection, "restorer").undo():
            pass
        assert not live_marks(connection, film)
        [segment] = [s for s in read_segments(connection, video_id=film, deleted=True) if s.touched]
        assert (segment.id, segment.caption_en, segment.layers.human_ko) == (first.id, "said here", None)
        history(connection).restore(video=film, operation=own)


# --- files that cannot be used


def remade(file: Path, to: Path, **parts: Any) -> Path:
    """The backup with other contents of some parts; None leaves one out."""
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(to, "w") as new:
        for name in old.namelist():
            content = parts.get(name, old.read(name))
            if content is not None:
                new.writestr(name, content)
        for name in parts.keys() - set(old.namelist()):
            new.writestr(name, parts[name])
    return to


def test_damaged_and_foreign_files_change_nothing(target: Catalog, file: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(file) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        lines = {name: archive.read(name).decode().splitlines() for name in archive.namelist() if ".jsonl" in name}
    content = file.read_bytes()
    middle = len(content) // 2
    bad = {
        "truncated": content[:middle],
        "flipped": content[:200] + bytes([content[200] ^ 0xFF]) + content[201:],
        "empty": b"",
        "text": b"no zip at all",
    }
    before = everything(target)
    for name, damaged in bad.items():
        (tmp_path / f"{name}.zip").write_bytes(damaged)
        with pytest.raises(InputError, match=f"{name}.zip: it is no backup, or damaged"):
            restore(target, tmp_path / f"{name}.zip", tmp_path / "g")
    people, segments = lines["people.jsonl"], lines["segments.jsonl"]

    def with_row(table: list[str], **values: Any) -> str:
        return "\n".join([json.dumps({**json.loads(table[0]), **values}), *table[1:]])

    for parts, reason in (
        ({"manifest.json": None}, "no backup of vsearch"),
        ({"manifest.json": "{"}, "manifest is damaged"),
        ({"manifest.json": json.dumps({**manifest, "format": "x"})}, "its format is 'x'"),
        (
            {"manifest.json": json.dumps({**manifest, "version": 2, "app": "9.9"})},
            "vsearch 9.9 made it in format 2",
        ),
        ({"people.jsonl": "\n".join(people[:-1])}, f"people has {len(people) - 1} rows of {len(people)}"),
        ({"people.jsonl": "\n".join([*people[:-1], "{"])}, f"people.jsonl, line {len(people)}: it is damaged"),
        ({"people.jsonl": "\n".join([*people[:-1], "[]"])}, "it is no row"),
        ({"people.jsonl": with_row(people, name=7)}, "people, row 1: name is 7"),
        ({"people.jsonl": with_row(people, name=None)}, "people, row 1: it has no name"),
        ({"people.jsonl": with_row(people, name="a\x00b")}, "do not fit together|zero byte"),
        ({"people.jsonl": with_row(people, name="\ud800")}, "do not fit together|half"),
        ({"segments.jsonl": with_row(segments, video_id="nowhere")}, "do not fit together"),
        ({"segments.jsonl": with_row(segments, start_ms=2**40)}, "do not fit together"),
        ({"segments.jsonl": with_row(segments, producer_id=999)}, "do not fit together"),
        ({"videos.jsonl": with_row(lines["videos.jsonl"], id="../../x")}, "cannot be a video's id"),
        ({"gallery/../../evil.jpg": "x"}, "outside the gallery"),
    ):
        path = remade(file, tmp_path / "remade.zip", **parts)
        with pytest.raises(InputError, match=reason):
            restore(target, path, tmp_path / "g")
    with pytest.raises(InputError, match="cannot be read"):
        restore(target, tmp_path / "nowhere.zip", tmp_path / "g")
    assert everything(target) == before
    assert not (tmp_path / "g").exists()


def test_columns_go_by_name(origin: Catalog, target: Catalog, file: Path, tmp_path: Path) -> None:
    """Another version has columns that this one does not know, and lacks some that it has."""
    with zipfile.ZipFile(file) as archive:
        people = [json.loads(line) for line in archive.read("people.jsonl").decode().splitlines()]
    for row in people:
        row["invented_later"] = {"a": 1}
        del row["notes"], row["gender_said"], row["added_at"]
    path = remade(file, tmp_path / "x.zip", **{"people.jsonl": "\n".join(map(json.dumps, people))})
    assert restore(target, path, tmp_path / "g").exact
    with target.begin() as connection, origin.begin() as there:
        assert list_people(connection) == list_people(there)


def test_a_backup_is_whole_or_not_there(origin: Catalog, gallery: Path, tmp_path: Path) -> None:
    other = tmp_path / "notes.txt"
    other.write_text("mine")
    with pytest.raises(InputError, match="something that is no backup is there"):
        write_backup(origin, gallery, other)
    assert other.read_text() == "mine"
    with pytest.raises(InputError, match="cannot be written"):
        write_backup(origin, gallery, tmp_path / "nowhere" / "x.zip")
    path = tmp_path / "x.zip"
    write_backup(origin, gallery, path)
    seen: list[str] = []

    def stop(part: str) -> None:
        seen.append(part)
        if part == "segments":
            raise KeyboardInterrupt

    kept = path.read_bytes()
    with pytest.raises(KeyboardInterrupt):
        write_backup(origin, gallery, path, stop)
    assert path.read_bytes() == kept
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".")] == []
    write_backup(origin, gallery, path)


def test_a_backup_of_the_first_format_restores(target: Catalog, tmp_path: Path) -> None:
    done = restore(target, FIRST, tmp_path)
    assert (done.exact, done.marks, done.searches, done.photos) == (True, 2, 1, 2)
    with target.begin() as connection:
        captions = [s.caption_ko for s in shown(connection, FILM)]
        assert "나의 것" in captions
        assert "새 장면" in captions
        assert history(connection).undo()
