"""Recent and saved searches in the catalogue."""

from __future__ import annotations

from sqlalchemy import Connection, text

from vsearch_pipeline.catalog.searches import (
    REMEMBERED,
    forget_search,
    recent_searches,
    remember_search,
    save_search,
    saved_searches,
)


def texts(connection: Connection, actor: str = "me", limit: int = 1000) -> list[str]:
    return [kept.text for kept in recent_searches(connection, actor, limit)]


def test_only_the_last_ones_are_kept_and_saved_ones_stay(connection: Connection) -> None:
    saved = save_search(connection, "me", "saved", "Mine")
    remember_search(connection, "other", "theirs")
    for number in range(REMEMBERED + 10):
        remember_search(connection, "me", f"search {number}")
    kept = texts(connection)
    assert kept[:2] == [f"search {REMEMBERED + 9}", f"search {REMEMBERED + 8}"]
    assert sorted(kept) == sorted(["saved", *(f"search {n}" for n in range(10, REMEMBERED + 10))])
    assert [each.id for each in saved_searches(connection, "me")] == [saved.id]
    assert texts(connection, "other") == ["theirs"]


def test_searched_again_it_is_on_top_once(connection: Connection) -> None:
    for typed in ("a", "b", "a"):
        remember_search(connection, "me", typed)
    assert texts(connection) == ["a", "b"]
    assert texts(connection, limit=1) == ["a"]


def test_a_remembered_search_gets_a_name_and_another(connection: Connection) -> None:
    remember_search(connection, "me", "a")
    first = save_search(connection, "me", "a", "One")
    second = save_search(connection, "me", "a", "Two")
    assert first.id == second.id
    assert second.used_at >= first.used_at
    assert [(kept.text, kept.name) for kept in recent_searches(connection, "me", 5)] == [("a", "Two")]


def test_saved_searches_are_in_order_of_their_names(connection: Connection) -> None:
    for typed, name in (("1", "나"), ("2", "가"), ("3", "B"), ("4", "B")):
        save_search(connection, "me", typed, name)
    assert [kept.text for kept in saved_searches(connection, "me")] == ["3", "4", "2", "1"]


def test_nobody_forgets_somebody_elses(connection: Connection) -> None:
    kept = save_search(connection, "me", "a", "One")
    forget_search(connection, "other", kept.id)
    assert saved_searches(connection, "me") == [kept]
    forget_search(connection, "me", kept.id)
    assert connection.execute(text("select count(*) from searches where actor = 'me'")).scalar_one() == 0
