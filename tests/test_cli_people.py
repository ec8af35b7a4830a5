"""`vsearch people` from photos to search, over a library of rows: no video is decoded, no face detected again."""

from __future__ import annotations

import fcntl
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from dagster import DagsterInstance
from PIL import Image as Photo
from rich.console import Console
from sqlalchemy import delete, select, text
from typer.testing import CliRunner

from tests.people.photos import astronaut
from tests.people_library import add_tracks, add_video
from tests.stored import part_of
from vsearch_pipeline import runner
from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.identities import TrackRef
from vsearch_pipeline.catalog.library import ensure_person, people_by_id
from vsearch_pipeline.catalog.models import FaceEmbedding, FaceLabel, FaceMark, FaceTrack, Shot, StageRun, Video
from vsearch_pipeline.catalog.segments import read_segments
from vsearch_pipeline.catalog.stages import ProducerInfo, finish_stage, producer_id, replace_rows
from vsearch_pipeline.cli import _progress
from vsearch_pipeline.cli_people import Terminal, people
from vsearch_pipeline.definitions import definitions
from vsearch_pipeline.editing.doors import open_editor
from vsearch_pipeline.editing.history import HistoryService
from vsearch_pipeline.people.registry import load_face_detector, load_face_embedder
from vsearch_pipeline.resources import instance as instances
from vsearch_pipeline.resources.models import load_sentence_embedder
from vsearch_pipeline.search.service import SearchService
from vsearch_pipeline.settings import Settings

MODEL = "sface-dlib"
Say = Callable[..., Result]


@pytest.fixture
def library(
    settings: Settings,
    catalog: Catalog,
    instance: DagsterInstance,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[tuple[Settings, DagsterInstance]]:
    """Settings with a gallery of this test's own, and Dagster runs that stay in memory."""
    own = settings.model_copy(update={"gallery": tmp_path / "gallery", "face_embedder": MODEL})
    monkeypatch.setattr(runner, "defs", definitions(own))
    monkeypatch.setattr(instances, "open_instance", lambda _: instance)
    yield own, instance
    with catalog.begin() as connection:
        connection.execute(delete(Video).where(Video.title.like("relabelled %")))


@pytest.fixture
def vsearch(library: tuple[Settings, DagsterInstance]) -> Say:
    own, _ = library
    console = Console(highlight=False, soft_wrap=True, width=200)

    def say(*arguments: str, answer: str | None = None) -> Result:
        printed = Console(highlight=False, soft_wrap=True, width=200)
        terminal = Terminal(lambda: own, printed, console, _progress)
        return CliRunner().invoke(people, list(arguments), obj=terminal, input=answer)

    return say


@pytest.fixture
def video(catalog: Catalog, library: object) -> tuple[str, list[TrackRef]]:
    """A video, as far as its faces: the astronaut, mirrored and smaller than in her photos, and two strangers."""
    seen = np.ascontiguousarray(np.asarray(Photo.fromarray(astronaut()).resize((400, 400)))[:, ::-1])
    detector, embedder = load_face_detector("centerface"), load_face_embedder(MODEL)
    [[vector]] = embedder.embed([seen], detector.detect([seen]))
    with catalog.begin() as connection:
        video_id = add_video(connection, "relabelled clip")
        tracks = add_tracks(connection, video_id, ["her", "stranger", "other"], MODEL)
        connection.execute(
            text("update face_embeddings set embedding = :v where video_id = :id and track_index = 0"),
            {"v": str(vector.tolist()), "id": video_id},
        )
        producer = producer_id(connection, ProducerInfo("sampling", "test", "1"))
        replace_rows(connection, video_id, producer, {Shot: [{"index": 0, "start_ms": 0, "end_ms": 4000}]})
        for stage in ("sampling", "faces", "objects", "captions", "korean_captions", "transcript"):
            finish_stage(connection, video_id, stage, mark="m", producer=producer, run_id="first", seconds=0.0)
    return video_id, tracks


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos" / "Crew" / "Eileen Test"
    folder.mkdir(parents=True)
    for size in (512, 448, 384):
        Photo.fromarray(astronaut()).resize((size, size)).save(folder / f"{size}.jpg", quality=92)
    return tmp_path / "photos"


def rows(catalog: Catalog, table: Any, video_id: str) -> list[str]:
    with catalog.begin() as connection:
        return sorted(map(repr, connection.execute(select(table).where(table.video_id == video_id))))


def names(catalog: Catalog, video_id: str) -> set[str]:
    with catalog.begin() as connection:
        return {p.name for segment in read_segments(connection, video_id=video_id) for p in segment.people}


def test_from_photos_to_search_and_back(
    vsearch: Say,
    catalog: Catalog,
    library: tuple[Settings, DagsterInstance],
    photos: Path,
    video: tuple[str, list[TrackRef]],
) -> None:
    settings, memory = library
    video_id, (her, stranger, _) = video
    untouched = [rows(catalog, table, video_id) for table in (FaceTrack, FaceEmbedding)]

    enrolled = vsearch("enroll", str(photos))
    assert enrolled.exit_code == 0, enrolled.output
    assert "3 photos of 1 people" in enrolled.output
    assert "vsearch people relabel --dry-run" in enrolled.output
    assert (settings.gallery_dir / "Crew" / "Eileen Test" / "512.jpg").is_file()
    assert rows(catalog, FaceLabel, video_id) == rows(catalog, FaceLabel, video_id)
    assert names(catalog, video_id) == set()

    shown = vsearch("relabel", "--dry-run")
    assert f"{her}" in shown.output
    assert "Crew/Eileen Test: +1 -0" in shown.output
    assert names(catalog, video_id) == set()
    refused = vsearch("relabel", answer="n\n")
    assert "Nothing was changed." in refused.output

    done = vsearch("relabel", "--yes")
    assert done.exit_code == 0, done.output
    assert names(catalog, video_id) == {"Eileen Test"}
    service = SearchService(catalog, load_sentence_embedder(settings.sentence_embedder))
    assert video_id in {hit.video.id for hit in service.search("Eileen Test").hits}
    listed = json.loads(vsearch("list", "--json").stdout)
    eileen = next(person for person in listed if person["name"] == "Eileen Test")
    assert (eileen["photos"], eileen["tracks"], eileen["seconds"]) == (3, 1, 1.5)

    clusters = json.loads(vsearch("list", "--unknown", "--json").stdout)
    own = {cluster["cluster"] for cluster in clusters if str(stranger) in cluster["tracks"]}
    assert len(own) == 1
    named = vsearch("name", str(own.pop()), "Somebody New", "--group", "Crew")
    assert "is Crew/Somebody New (new): 1 track" in named.output
    assert "undo with: vsearch undo" in named.output
    vsearch("reject", str(her))
    assert vsearch("relabel", "--yes").exit_code == 0
    assert names(catalog, video_id) == {"Somebody New"}
    assert video_id not in {hit.video.id for hit in service.search("Eileen Test").hits if hit.parts.people}

    marks = rows(catalog, FaceMark, video_id)
    assert vsearch("merge", "Somebody New", "Eileen Test").exit_code == 0
    assert vsearch("relabel", "--yes").exit_code == 0
    assert names(catalog, video_id) == {"Eileen Test"}
    assert rows(catalog, FaceMark, video_id) == marks
    assert [rows(catalog, table, video_id) for table in (FaceTrack, FaceEmbedding)] == untouched
    with catalog.begin() as connection:
        runs = connection.execute(select(StageRun.stage, StageRun.run_id).where(StageRun.video_id == video_id))
        stages = dict(runs.tuples().all())
    assert (stages["faces"], stages["face_tracks"]) == ("first", "test")
    assert "previews" not in stages
    steps = {event.step_key for run in memory.get_runs() for event in memory.all_logs(run.run_id)}
    assert {"face_labels", "segments", "segment_embeddings"} <= steps
    assert steps.isdisjoint({"faces", "face_tracks", "previews"})


def test_only_videos_whose_marks_changed_are_labelled_again(
    vsearch: Say, catalog: Catalog, library: tuple[Settings, DagsterInstance], video: tuple[str, list[TrackRef]]
) -> None:
    _, memory = library
    video_id, (_, stranger, other) = video
    with catalog.begin() as connection:
        second = add_video(connection, "relabelled second")
        add_tracks(connection, second, ["third"], MODEL)
        producer = producer_id(connection, ProducerInfo("sampling", "test", "1"))
        for stage in ("sampling", "faces", "objects", "captions", "korean_captions", "transcript"):
            finish_stage(connection, second, stage, mark="m", producer=producer, run_id="first", seconds=0.0)

    def labelled() -> dict[str, str]:
        for each in (video_id, second):
            assert runner.relabel_video(memory, each).success
        with catalog.begin() as connection:
            runs = select(StageRun.video_id, StageRun.run_id).where(
                StageRun.stage == "face_labels", StageRun.video_id.in_([video_id, second])
            )
            return dict(connection.execute(runs).tuples().all())

    first = labelled()
    assert labelled() == first
    assert vsearch("gather").exit_code == 0
    clusters = json.loads(vsearch("list", "--unknown", "--json").stdout)
    number = {track: cluster["cluster"] for cluster in clusters for track in cluster["tracks"]}
    vsearch("merge", str(number[str(stranger)]), str(number[str(other)]))
    assert labelled() == first, "a group of unknown people names nobody"
    vsearch("name", str(number[str(stranger)]), "Group Of Two")
    then = labelled()
    assert then[video_id] != first[video_id]
    assert then[second] == first[second]
    assert "Group Of Two" in names(catalog, video_id)


def test_with_vsearch_up_a_backfill_is_queued(
    vsearch: Say, library: tuple[Settings, DagsterInstance], video: tuple[str, list[TrackRef]]
) -> None:
    settings, memory = library
    assert not runner.is_served(settings)
    with settings.up_lock.open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert runner.is_served(settings)
        queued = vsearch("relabel", "--yes")
    assert queued.exit_code == 0, queued.output
    [backfill] = memory.get_backfills()
    assert backfill.backfill_id in queued.output
    assert {key.to_user_string() for key in backfill.asset_selection or ()} == set(runner.RELABELLED)
    data = backfill.asset_backfill_data
    assert data is not None
    assert video[0] in (data.get_partition_names() or ())
    assert not runner.is_served(settings)


def test_clusters_can_be_looked_at(
    vsearch: Say,
    catalog: Catalog,
    library: tuple[Settings, DagsterInstance],
    video: tuple[str, list[TrackRef]],
    tmp_path: Path,
) -> None:
    settings, _ = library
    video_id, (_, stranger, _) = video
    with part_of(settings, video_id, "frames") as frames:
        for index in range(3):
            Photo.fromarray(astronaut()).save(frames / f"{index:06d}.jpg")
    vsearch("gather")
    table = vsearch("list", "--unknown", "--pictures", str(tmp_path / "sheets"))
    assert table.exit_code == 0, table.output
    cluster = next(
        c["cluster"]
        for c in json.loads(vsearch("list", "--unknown", "--json").stdout)
        if str(stranger) in c["tracks"]
    )
    assert re.search(rf"\b{cluster}\b", table.output)
    with Photo.open(tmp_path / "sheets" / f"cluster-{cluster}.jpg") as sheet:
        assert sheet.width >= 160


def test_photos_are_never_replaced(vsearch: Say, library: tuple[Settings, DagsterInstance], photos: Path) -> None:
    from vsearch_pipeline.editing.photos import copy_photos

    settings, _ = library
    first = copy_photos(photos, settings.gallery_dir)
    assert (first.people, first.copied, first.known) == (1, 3, 0)
    own = settings.gallery_dir / "Crew" / "Eileen Test" / "512.jpg"
    content = own.read_bytes()
    Photo.fromarray(astronaut()[:, ::-1]).save(photos / "Crew" / "Eileen Test" / "512.jpg")
    (photos / "Crew" / "Eileen Test" / "notes.txt").write_text("no photo")
    second = copy_photos(photos, settings.gallery_dir)
    assert (second.copied, second.known) == (1, 2)
    assert own.read_bytes() == content
    assert len(list(own.parent.iterdir())) == 4
    assert any("notes.txt" in line for line in second.left_out)
    assert copy_photos(photos, settings.gallery_dir).copied == 0


def test_gender_is_said_at_enrolment_or_later(vsearch: Say, photos: Path) -> None:
    def gender() -> str | None:
        listed = json.loads(vsearch("list", "--json").stdout)
        found: str | None = next(person for person in listed if person["name"] == "Eileen Test")["gender"]
        return found

    assert vsearch("enroll", str(photos), "--gender", "female").exit_code == 0
    assert gender() == "female"
    assert "Crew/Eileen Test is male" in vsearch("gender", "Eileen Test", "male").output
    assert gender() == "male"
    assert vsearch("gender", "Crew/Eileen Test", "none").exit_code == 0
    assert gender() is None
    assert vsearch("gender", "Eileen Test", "other").exit_code == 2
    assert vsearch("enroll", str(photos), "--gender", "other").exit_code == 2


def test_names_groups_and_aliases_are_changed_and_taken_back(
    vsearch: Say, catalog: Catalog, library: tuple[Settings, DagsterInstance]
) -> None:
    settings, _ = library
    with catalog.begin() as connection:
        person = ensure_person(connection, "Told", "Ann Told")

    def known() -> tuple[str, tuple[str, ...]]:
        with catalog.begin() as connection:
            found = people_by_id(connection)[person]
        return str(found), found.aliases

    renamed = vsearch("rename", "ann told", "Anna Told")
    assert "Told/Anna Told, also called Ann Told" in renamed.output
    assert re.search(r"operation \d+; undo with: vsearch undo", renamed.output)
    assert "vsearch people relabel" in renamed.output
    assert "앤" in vsearch("alias", "Ann Told", "앤", "Annie Told").output
    assert known() == ("Told/Anna Told", ("Ann Told", "앤", "Annie Told"))
    vsearch("alias", "Ann Told", "앤", "--remove")
    assert "Retold/Anna Told" in vsearch("group", "Ann Told", "Retold").output
    assert "is Anna Told\n" in vsearch("group", "Ann Told", "-").output
    assert "It was like that already." in vsearch("group", "Ann Told", "-").output
    assert vsearch("rename", "Ann Told", "Annie Told", "--forget").exit_code == 0
    assert known() == ("Annie Told", ("Ann Told",))
    history = HistoryService(open_editor(settings, "cli"))
    for _ in range(6):
        assert history.undo()
    assert known() == ("Told/Ann Told", ())


def test_names_are_read_from_the_gallerys_list(
    vsearch: Say, catalog: Catalog, library: tuple[Settings, DagsterInstance]
) -> None:
    settings, _ = library
    settings.gallery_dir.mkdir()
    listed = settings.gallery_dir / "gallery.toml"
    with catalog.begin() as connection:
        ensure_person(connection, "Names", "Ann Listed")
    listed.write_text('[[person]]\ngroup = "Names"\nname = "Ann Listed"\naliases = ["앤"]\n', encoding="utf-8")
    assert "Names/Ann Listed, also called 앤, in no segment yet" in vsearch("names").output
    assert "Nothing new" in vsearch("names").output
    listed.write_text("[[person]\n")
    broken = vsearch("names")
    assert broken.exit_code == 1
    assert "learnt" not in broken.output


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("names",), "gallery.toml: there is no such file"),
        (("name", "123456", "Ann"), "There is no cluster 123456"),
        (("merge", "Nemo Nobody", "123456"), "Nobody is called|There is no cluster"),
        (("split", "123456"), "There is no cluster 123456"),
        (("reject", "nowhere:1"), "There is no video nowhere"),
        (("reject", "nowhere"), "is not a track"),
        (("gender", "Nemo Nobody", "male"), "Nobody is called"),
        (("rename", "Nemo Nobody", "Ann"), "Nobody is called"),
        (("alias", "Nemo Nobody", "Ann", "--remove"), "Nobody is called"),
        (("group", "Nemo Nobody", "-"), "Nobody is called"),
        (("enroll", "/no/such/folder"), "there is no such folder"),
        (("list", "--pictures", "x"), "add --unknown"),
    ],
)
def test_every_mistake_is_a_sentence(vsearch: Say, arguments: tuple[str, ...], sentence: str) -> None:
    result = vsearch(*arguments)
    assert result.exit_code == 1
    assert re.search(sentence, str(result.exception))


def test_evaluate_touches_no_library(vsearch: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("gallery", "probes"):
        place = tmp_path / folder / "nasa" / "eileen"
        place.mkdir(parents=True)
        Photo.fromarray(astronaut()).save(place / f"{folder}.png")

    def untouched(_: Any) -> Catalog:
        raise AssertionError("the catalogue was opened")

    monkeypatch.setattr("vsearch_pipeline.cli_people.open_catalog", untouched)
    asked = ("evaluate", "--gallery", str(tmp_path / "gallery"), "--probes", str(tmp_path / "probes"))
    report = json.loads(vsearch(*asked, "--json").output)
    assert report["as_labelled"]["named"] == 1
    assert report["embedder"]["name"] == MODEL
    shown = vsearch(*asked, "--strangers", str(tmp_path / "probes")).output
    assert "strangers named: 1 of 1" in shown
    assert "misnamed 0.0%" in shown
