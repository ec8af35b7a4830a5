"""PostgreSQL is killed under everything that uses it, and started again."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.catalogue_dump import assert_same, dump
from tests.clips import make_clip
from tests.commands import started, vsearch
from tests.editing.library import EMBEDDER, Model, add_video
from tests.external_postgres import ExternalPostgres, external_postgres
from vsearch_pipeline.catalog.database import Catalog, open_catalog
from vsearch_pipeline.catalog.operations import read_operations
from vsearch_pipeline.catalog.segments import read_segments
from vsearch_pipeline.editing.segments import SegmentService
from vsearch_pipeline.editing.transaction import Edit, Editor
from vsearch_pipeline.errors import DatabaseError
from vsearch_pipeline.search.service import SearchService
from vsearch_pipeline.settings import Settings

FILM = "killed-film"


@pytest.fixture
def catalog(server: ExternalPostgres, tmp_path: Path) -> Iterator[Catalog]:
    """A film that can be searched and edited."""
    opened = open_catalog(Settings(home=tmp_path, database_url=server.url))
    with opened.begin() as connection:
        add_video(connection, Model(), name=FILM)
    yield opened
    opened.close()


def editing(catalog: Catalog) -> SegmentService:
    return SegmentService(Editor(catalog, EMBEDDER, actor="mina", door="web"))


def first(catalog: Catalog) -> int:
    with catalog.begin() as connection:
        return read_segments(connection, video_id=FILM)[0].id


def test_readers_and_editors_say_so_and_go_on_when_it_is_back(server: ExternalPostgres, catalog: Catalog) -> None:
    service, segment = SearchService(catalog, EMBEDDER), first(catalog)
    before = service.search("model caption").hits
    assert before
    server.kill()
    with pytest.raises(DatabaseError, match=r"^The database cannot be reached \("):
        service.search("model caption")
    with pytest.raises(DatabaseError, match=r"^Nothing was changed. The database cannot be reached \("):
        editing(catalog).set_captions([segment], {"en": "a qzebra"})
    server.start()
    assert [hit.segment_id for hit in service.search("model caption").hits] == [hit.segment_id for hit in before]
    assert editing(catalog).set_captions([segment], {"en": "a qzebra"}).operation is not None
    assert service.search("qzebra").hits[0].segment_id == segment


def test_an_edit_that_is_broken_off_is_whole_or_not_there(server: ExternalPostgres, catalog: Catalog) -> None:
    with catalog.begin() as connection:
        before = dump(connection)
    editor = Editor(catalog, EMBEDDER, actor="mina", door="web")
    service, segment = SegmentService(editor), first(catalog)
    whole = Edit.apply

    def broken_off(edit: Edit, draft: object) -> object:
        done = whole(edit, draft)  # type: ignore[arg-type]
        server.kill()
        edit.connection.execute(text("select 1"))
        return done

    Edit.apply = broken_off  # type: ignore[method-assign, assignment]
    try:
        with pytest.raises(DatabaseError, match=r"^Nothing was changed\."):
            service.set_captions([segment], {"en": "a qzebra"})
    finally:
        Edit.apply = whole  # type: ignore[method-assign]
    server.start()
    with catalog.begin() as connection:
        assert_same(before, dump(connection))

    def while_storing(edit: Edit, draft: object) -> object:
        done = whole(edit, draft)  # type: ignore[arg-type]
        backend = edit.connection.execute(text("select pg_backend_pid()")).scalar_one()
        server.kill()
        server.wait_for_end_of(backend)  # before anybody here notices
        return done

    Edit.apply = while_storing  # type: ignore[method-assign, assignment]
    try:
        with pytest.raises(DatabaseError, match="look at the history whether it is there"):
            service.set_captions([segment], {"en": "a qzebra"})
    finally:
        Edit.apply = whole  # type: ignore[method-assign]
    server.start()
    with catalog.begin() as connection:
        [caption] = [s.caption_en for s in read_segments(connection, ids=[segment])]
        logged = [o for o in read_operations(connection) if o.kind == "segment.caption"]
    assert (caption == "a qzebra") == bool(logged), "both or neither"


def test_many_edits_while_it_is_killed_again_and_again(server: ExternalPostgres, catalog: Catalog) -> None:
    """What an editor was told is stored, is stored; what it was told is not, is not."""
    with catalog.begin() as connection:
        segments = [s.id for s in read_segments(connection, video_id=FILM)]
    told: dict[int, list[str]] = {number: [] for number in segments}
    unsure: dict[int, set[str]] = {number: set() for number in segments}
    over = threading.Event()

    def edit(number: int) -> None:
        count = 0
        while not over.is_set():
            count += 1
            caption = f"version {count} of {number}"
            try:
                editing(catalog).set_captions([number], {"en": caption})
            except DatabaseError as error:
                if "look at the history" in str(error):
                    unsure[number].add(caption)
                time.sleep(0.05)
            else:
                told[number].append(caption)
                unsure[number].clear()

    threads = [threading.Thread(target=edit, args=(number,)) for number in segments[:3]]
    for thread in threads:
        thread.start()
    for _ in range(3):
        time.sleep(1.0)
        server.kill()
        time.sleep(0.3)
        server.start()
    time.sleep(1.0)
    over.set()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    with catalog.begin() as connection:
        shown = {s.id: s.caption_en for s in read_segments(connection, video_id=FILM)}
        logged = [o for o in read_operations(connection, limit=100_000) if o.kind == "segment.caption"]
    for number in segments[:3]:
        assert told[number], "edits went on"
        assert shown[number] in {told[number][-1], *unsure[number]}
    stored = {
        fields["caption_en"][0]
        for o in logged
        for fields in o.after.get("segment", {}).values()
        if "caption_en" in fields
    }
    assert {caption for captions in told.values() for caption in captions} <= stored


@pytest.mark.slow
def test_a_run_goes_on_where_it_was(tmp_path_factory: pytest.TempPathFactory) -> None:
    """`vsearch add` under which the server dies says so, and the same command completes the video."""
    film = clip(tmp_path_factory)
    with external_postgres() as quiet, external_postgres() as killed:
        homes, dumps = {}, {}
        for name, server in (("quiet", quiet), ("killed", killed)):
            homes[name] = home = tmp_path_factory.mktemp(name)
            shutil.copyfile(film, home / "film.mp4")
            settings = {"VSEARCH_DATABASE_URL": server.url}
            if name == "killed":
                log = home / "log"
                command = started(home, "add", str(home / "film.mp4"), settings=settings, log=log)
                wait_for(server, "select count(*) from stage_runs where stage = 'sampling'")
                server.kill()
                time.sleep(4)
                server.start()
                code = command.wait(200)
                said = log.read_text()
                if code:
                    assert "database" in said.lower(), said
                    assert "Traceback" not in said
            added = vsearch(home, "add", str(home / "film.mp4"), settings=settings)
            assert added.returncode == 0, added.stdout + added.stderr
            catalog = open_catalog(Settings(home=home, database_url=server.url))
            with catalog.begin() as connection:
                dumps[name] = dump(connection)
                assert connection.execute(text("select count(*) from stage_progress")).scalar_one() == 0
            catalog.close()
            assert server.psql("select count(*) from dagster.concurrency_slots where run_id is not null") == "0\n"
        assert_same(dumps["quiet"], dumps["killed"])


def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("clip") / "film.mp4", seconds=6, cuts=(2, 4), size=(320, 240))


def wait_for(server: ExternalPostgres, statement: str, seconds: float = 120) -> None:
    """Until a count is above zero; the tables may not be there yet."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if int(server.psql(statement) or 0):
                return
        except Exception:  # noqa: BLE001, S110 - not yet
            pass
        time.sleep(0.2)
    raise AssertionError(statement)
