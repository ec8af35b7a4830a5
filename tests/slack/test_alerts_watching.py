"""Saved searches: what is new is told once, what was there or was told is not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.search.library import Told
from tests.search.toys import WordEmbedder
from tests.slack.alerting import alerts_of, finish, own_database, put_video
from vsearch_pipeline.catalog.database import Catalog, open_catalog
from vsearch_pipeline.catalog.segments import AutoFields, update_auto_fields
from vsearch_pipeline.catalog.stages import ProducerInfo, producer_id
from vsearch_pipeline.catalog.watches import WatchRecord, add_watch, list_watches, remove_watch, told_moments
from vsearch_pipeline.search.documents import embed_segments
from vsearch_pipeline.search.service import SearchService
from vsearch_pipeline.settings import Settings
from vsearch_pipeline.slack import watching
from vsearch_pipeline.slack.watching import look, matching, moments, remember_present
from vsearch_pipeline.timeline import TimeRange

M, H = "Kim Minji", "Pham Hanni"


@dataclass
class Watching:
    catalog: Catalog
    search: SearchService

    def watch(self, query: str, user: str = "U1") -> WatchRecord:
        with self.catalog.begin() as connection:
            return add_watch(
                connection, user_id=user, channel="C1", actor="mina@example.com", query=query, language="en"
            )

    def look(self, *videos: str, at: datetime | None = None) -> list[dict[str, Any]]:
        """The alerts that a look at these videos makes."""
        before = len(alerts_of(self.catalog))
        with self.catalog.begin() as connection:
            watches = list_watches(connection)
        changed = dict.fromkeys(videos, at or datetime.now(UTC) + timedelta(seconds=5))
        made = look(self.catalog, self.search, watches, changed)
        new = alerts_of(self.catalog)[before:]
        assert len(new) == made
        return [{"key": each["key"], **each["about"]} for each in new]

    def rename(self, told: Told, en: str, **people: float) -> None:
        """What a run does that says something else of a segment."""
        with self.catalog.begin() as connection:
            names = {row.name: row.id for row in connection.exec_driver_sql("select id, name from people")}
            fields = AutoFields(en, None, {}, None, {names[name]: c for name, c in people.items()})
            producer = producer_id(connection, ProducerInfo("segments", "tests", "1"))
            update_auto_fields(connection, producer, {told.id: fields})
            embed_segments(connection, told.video, WordEmbedder())
        finish(self.catalog, told.video)


@pytest.fixture
def library(settings: Settings, catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> Watching:
    address = own_database(settings, catalog)
    own = open_catalog(settings.model_copy(update={"database_url": address}))
    return Watching(own, SearchService(own, WordEmbedder()))


def ranges(alert: dict[str, Any]) -> list[tuple[int, int]]:
    return sorted((moment["from"], moment["to"]) for moment in alert["moments"])


def test_a_new_video_is_told_of_with_its_moments(library: Watching) -> None:
    watch = library.watch("a dog on the beach")
    assert remember_present(library.catalog, library.search, watch) == 0
    [first, _, third] = put_video(
        library.catalog, "v1", ["A dog on the beach.", "Tax forms.", "A dog runs on the beach."], title="Film <1>"
    )
    put_video(library.catalog, "v2", ["Tax forms."])
    [alert] = library.look("v1", "v2")
    assert alert["key"].startswith(f"watch {watch.id} v1 ")
    assert (alert["user"], alert["query"], alert["language"]) == ("U1", "a dog on the beach", "en")
    assert (alert["video"], alert["title"], alert["found"]) == ("v1", "Film <1>", 2)
    assert ranges(alert) == [(0, 1000), (120_000, 121_000)]
    assert {moment["segment"] for moment in alert["moments"]} == {first.id, third.id}
    assert alert["moments"][0]["caption"] == "A dog on the beach.", "the best one first"


def test_what_was_told_is_not_told_again(library: Watching) -> None:
    library.watch("a dog on the beach")
    put_video(library.catalog, "v1", ["A dog on the beach."])
    assert len(library.look("v1")) == 1
    assert library.look("v1") == []


def test_what_was_there_before_is_not_told_also_when_it_is_done_again(library: Watching) -> None:
    told = put_video(library.catalog, "v1", ["A dog on the beach.", "Tax forms."])
    watch = library.watch("a dog on the beach")
    assert remember_present(library.catalog, library.search, watch) == 1
    assert library.look("v1") == []
    library.rename(told[1], "A dog sits on the beach.")
    [alert] = library.look("v1")
    assert ranges(alert) == [(60_000, 61_000)], "only what came to match since"
    assert library.look("v1") == []


def test_videos_from_before_are_not_looked_at(library: Watching) -> None:
    put_video(library.catalog, "v1", ["A dog on the beach."])
    watch = library.watch("a dog on the beach")
    assert library.look("v1", at=watch.since - timedelta(seconds=1)) == []
    assert len(library.look("v1", at=watch.since)) == 1


def test_names_that_a_relabelling_brings(library: Watching) -> None:
    told = put_video(library.catalog, "v1", ["Somebody waves.", "Somebody sits."])
    watch = library.watch("민지")
    assert remember_present(library.catalog, library.search, watch) == 0
    library.rename(told[0], "Minji waves.", **{M: 0.9})
    [alert] = library.look("v1")
    assert ranges(alert) == [(0, 1000)]
    library.rename(told[1], "Minji sits.", **{M: 0.9})
    [alert] = library.look("v1")
    assert ranges(alert) == [(60_000, 61_000)]


def test_a_neighbour_of_what_was_told_is_news_by_itself(library: Watching) -> None:
    told = put_video(library.catalog, "v1", ["A dog on the beach.", "Tax forms."], apart_ms=1000)
    library.watch("a dog on the beach")
    [alert] = library.look("v1")
    assert ranges(alert) == [(0, 1000)]
    library.rename(told[1], "A dog on the beach.")
    [alert] = library.look("v1")
    assert ranges(alert) == [(1000, 2000)]


def test_neighbours_are_one_moment(library: Watching) -> None:
    put_video(library.catalog, "v1", ["A dog on the beach."] * 5, apart_ms=1000)
    library.watch("a dog on the beach")
    [alert] = library.look("v1")
    assert (ranges(alert), alert["found"]) == ([(0, 5000)], 1)


def test_more_than_three_are_counted(library: Watching) -> None:
    put_video(library.catalog, "v1", ["A dog on the beach."] * 7)
    watch = library.watch("a dog on the beach")
    [alert] = library.look("v1")
    assert (len(alert["moments"]), alert["found"]) == (3, 7)
    with library.catalog.begin() as connection:
        assert len(told_moments(connection, watch.id, ["v1"])["v1"]) == 7


def test_everybody_is_told_of_their_own(library: Watching) -> None:
    put_video(library.catalog, "v1", ["A dog on the beach."])
    library.watch("a dog on the beach", "U1")
    library.watch("a dog on the beach", "U2")
    library.watch("tax forms", "U3")
    assert [alert["user"] for alert in library.look("v1")] == ["U1", "U2"]


def test_a_watch_that_cannot_be_searched_for_disturbs_no_other(library: Watching) -> None:
    library.watch("video:gone a dog")
    library.watch("a dog on the beach")
    put_video(library.catalog, "v1", ["A dog on the beach."])
    assert len(library.look("v1")) == 1


def test_a_watch_that_was_removed_meanwhile_tells_nothing(library: Watching) -> None:
    watch = library.watch("a dog on the beach")
    put_video(library.catalog, "v1", ["A dog on the beach."])
    with library.catalog.begin() as connection:
        assert remove_watch(connection, watch.id, user_id="U1")
    changed = {"v1": datetime.now(UTC) + timedelta(seconds=5)}
    assert look(library.catalog, library.search, [watch], changed) == 0
    assert alerts_of(library.catalog) == []


def test_the_alert_and_its_note_are_made_together_or_not_at_all(
    library: Watching, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.watch("a dog on the beach")
    put_video(library.catalog, "v1", ["A dog on the beach."])

    def breaks(*_: object) -> None:
        raise OSError("the connection broke")

    with monkeypatch.context() as patch:
        patch.setattr(watching, "tell_moments", breaks)
        with pytest.raises(OSError, match="broke"):
            library.look("v1")
    assert alerts_of(library.catalog) == []
    assert len(library.look("v1")) == 1


def test_a_crowd_is_found_to_the_last(library: Watching) -> None:
    """More than one search compares."""
    videos = [f"v{n}" for n in range(6)]
    for video in videos:
        put_video(library.catalog, video, ["A dog on the beach."] * 40)
    found = matching(library.search, "a dog on the beach", videos)
    assert {video: len(moments(hits)) for video, hits in found.items()} == dict.fromkeys(videos, 40)
    watch = library.watch("a dog on the beach")
    assert remember_present(library.catalog, library.search, watch) == 240
    assert library.look(*videos) == []


def test_nowhere_is_looked_for_nothing(library: Watching) -> None:
    assert matching(library.search, "a dog", []) == {}
    assert moments([]) == []


def test_a_moments_caption_is_of_the_watchs_language(library: Watching) -> None:
    with library.catalog.begin() as connection:
        add_watch(connection, user_id="U1", channel="C1", actor="a", query="a dog on the beach", language="ko")
    put_video(library.catalog, "v1", ["A dog on the beach."])
    [alert] = library.look("v1")
    assert alert["moments"][0]["caption"] == "A dog on the beach. 한국어"
    assert TimeRange(alert["moments"][0]["start"], alert["moments"][0]["end"]) == TimeRange(0, 1000)
