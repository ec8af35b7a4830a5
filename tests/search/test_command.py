"""`vsearch search`: what it prints for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from tests.search.conftest import NewCatalog
from tests.search.library import Told, filled
from tests.search.toys import WordEmbedder
from vsearch_pipeline.catalog.database import Catalog
from vsearch_pipeline.catalog.searches import recent_searches
from vsearch_pipeline.cli import app
from vsearch_pipeline.errors import InputError, NotFoundError, VsearchError
from vsearch_pipeline.search import service
from vsearch_pipeline.timeline import TimeRange

Search = Callable[..., Result]
HIT_KEYS = {
    *("segment_id", "video", "title", "start_ms", "end_ms", "caption_en", "caption_ko", "speech", "heard"),
    *("objects", "people", "score", "good", "parts", "edited", "moment"),
}


def told(second: int, en: str, **values: Any) -> Told:
    return Told("cli-film", TimeRange(second * 1000, second * 1000 + 1000), en=en, **values)


SEGMENTS = [
    told(0, "A dog [red] runs on the beach.", people={"Kim Minji": 0.9}, objects={"dog": 1}),
    told(1, "A dog runs on the beach again.", people={"Kim Minji": 0.8}),
    told(60, "A woman waves at a dog.", ko="여자가 개에게 손을 흔든다.", human={"Pham Hanni": True}),
    told(120, "A cat sleeps."),
]


@pytest.fixture(scope="module")
def films(new_catalog: NewCatalog) -> tuple[Catalog, list[Told]]:
    catalog = new_catalog()
    return catalog, filled(catalog, WordEmbedder(), SEGMENTS, titles={"cli-film": "A [bold]film"})


@pytest.fixture
def search(films: tuple[Catalog, list[Told]], monkeypatch: pytest.MonkeyPatch) -> Search:
    catalog, _ = films
    url = catalog.engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("VSEARCH_DATABASE_URL", url.replace("postgresql+psycopg", "postgresql"))
    monkeypatch.setenv("VSEARCH_ACTOR", "searcher")
    monkeypatch.setattr(service, "load_sentence_embedder", lambda _: WordEmbedder())
    return lambda *arguments: CliRunner().invoke(app, ["search", *arguments])


def as_json(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def test_json_of_a_search(search: Search) -> None:
    hits = as_json(search("민지 dog on the beach", "--json"))
    assert all(set(hit) == HIT_KEYS for hit in hits)
    [hit] = hits  # two seconds of one moment
    assert (hit["video"], hit["title"], hit["start_ms"], hit["objects"]) == (
        "cli-film",
        "A [bold]film",
        0,
        ["dog"],
    )
    assert hit["moment"]["end_ms"] == 2000
    assert len(hit["moment"]["segments"]) == 2
    assert set(hit["parts"]) == {"meaning", "words", "people", "speech"}
    assert hit["people"] == [{"name": "Kim Minji", "display": "Kim Minji", "group": "NJZ", "confidence": 0.9}]
    assert hit["good"] is True


def test_segments_and_moments(search: Search, films: tuple[Catalog, list[Told]]) -> None:
    alone = as_json(search("민지", "--json", "--segments"))
    assert [hit["segment_id"] for hit in alone] == [films[1][0].id, films[1][1].id]
    assert all(hit["moment"]["segments"] == [hit["segment_id"]] for hit in alone)
    assert len(as_json(search("민지", "--json", "--moments"))) == 1


def test_pages(search: Search) -> None:
    whole = as_json(search("dog", "--json", "--segments"))
    assert len(whole) == 4
    pages = [
        as_json(search("dog", "--json", "--segments", "--limit", "2", "--offset", n)) for n in ("0", "2", "4")
    ]
    assert [hit for page in pages for hit in page] == whole
    assert pages[2] == []
    assert "4 in all; --offset 2 shows the next" in search("dog", "--segments", "--limit", "2").output
    assert "in all" not in search("dog", "--segments").output


def test_what_is_printed_for_people(search: Search) -> None:
    output = search("민지랑 dog on the beach").output
    assert "person: Kim Minji" in output
    assert "A [bold]film  0:00.000-0:02.000  Kim Minji" in output
    assert "A dog [red] runs on the beach." in output
    assert "words" in output
    assert "person: not Kim Minji" in search("민지 말고 dog").output
    assert "for 민쥐가" in search("민쥐가 dog").output
    assert "Nothing has all that was asked for" in search("민지랑 하니").output
    assert "Nothing matches well" in search("xyzzy").output
    assert "Nothing is found" in search("longer:1h").output


def test_similar_segments(search: Search, films: tuple[Catalog, list[Told]]) -> None:
    first = films[1][0].id
    hits = as_json(search("--similar", str(first), "--json"))
    assert first not in [hit["segment_id"] for hit in hits]
    assert hits[0]["segment_id"] == films[1][1].id
    assert "again" in search("--similar", str(first)).output
    assert as_json(search("--similar", str(first), "--json", "--offset", "1")) == hits[1:]
    assert isinstance(search("--similar", "999999").exception, NotFoundError)


def test_many_queries_are_a_line_each(search: Search, tmp_path: Path, films: tuple[Catalog, list[Told]]) -> None:
    file = tmp_path / "queries.jsonl"
    lines = [
        {"query": "민지", "id": 7, "note": "개인", "expected": [1, 2]},
        {"query": "xyzzy plugh"},
        {"query": "민지랑 하니"},
    ]
    file.write_text("\n".join([json.dumps(lines[0], ensure_ascii=False), "", *map(json.dumps, lines[1:])]) + "\n")
    result = search("--queries", str(file), "--limit", "3")
    assert result.exit_code == 0
    printed = [json.loads(line) for line in result.output.splitlines()]
    for line, given in zip(printed, lines, strict=True):
        assert given.items() <= line.items()
        assert set(line) == {*given, "hits", "good", "found", "understood", "relaxed"}
        assert all(set(hit) == HIT_KEYS for hit in line["hits"])
    first, nonsense, apart = printed
    assert (first["good"], first["found"]) == (True, 2)  # segments, each by itself
    assert [each["kind"] for each in first["understood"]] == ["person"]
    assert nonsense["good"] is False
    assert (apart["relaxed"], apart["good"]) == (True, False)
    moments = search("--queries", str(file), "--moments").output.splitlines()
    assert json.loads(moments[0])["found"] == 1
    offset = search("--queries", str(file), "--offset", "1", "--limit", "1").output.splitlines()
    assert [hit["segment_id"] for hit in json.loads(offset[0])["hits"]] == [films[1][1].id]


def test_one_bad_query_holds_none_back(search: Search, tmp_path: Path) -> None:
    file = tmp_path / "queries.jsonl"
    file.write_text("\n".join(json.dumps({"query": query}) for query in ("a dog", "after:nonsense", "cat")))
    result = search("--queries", str(file))
    first, bad, last = [json.loads(line) for line in result.stdout.splitlines()[:3]]
    assert first["hits"]
    assert last["hits"]
    assert bad["hits"] == []
    assert "nonsense" in bad["error"]
    assert isinstance(result.exception, InputError)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"query": "a"}\n{"query": \n', "line 2: it is not JSON"),
        ('["a"]', 'line 1: it must be an object with a "query"'),
        ('{"query": 3}', 'line 1: it must be an object with a "query"'),
        ('\n{"text": "a"}', 'line 2: it must be an object with a "query"'),
        (None, "cannot be read"),
        (b"\xff\xfe", "cannot be read"),
    ],
)
def test_a_bad_file_of_queries_is_said(
    search: Search, tmp_path: Path, content: str | bytes | None, said: str
) -> None:
    file = tmp_path / "bad.jsonl"
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    result = search("--queries", str(file))
    assert isinstance(result.exception, InputError)
    assert said in str(result.exception)
    assert result.output == ""  # nothing is searched before all of it is read


@pytest.mark.parametrize(
    "arguments", [(), ("dog", "--similar", "1"), ("dog", "--face", "a.jpg"), ("--similar", "1", "--queries", "a")]
)
def test_one_thing_is_searched_for(search: Search, arguments: tuple[str, ...]) -> None:
    result = search(*arguments)
    assert isinstance(result.exception, InputError)
    assert "Give a query, or" in str(result.exception)


def test_a_photo_that_is_none_is_said(search: Search, tmp_path: Path) -> None:
    for name, content in (("absent.jpg", None), ("text.jpg", b"no picture")):
        file = tmp_path / name
        if content is not None:
            file.write_bytes(content)
        error = search("--face", str(file)).exception
        assert isinstance(error, VsearchError)
        assert name in str(error)


def test_limits_are_checked(search: Search) -> None:
    assert search("dog", "--limit", "0").exit_code == 2
    assert search("dog", "--offset", "-1").exit_code == 2
    assert isinstance(search("").exception, InputError)


def test_what_was_searched_is_remembered_and_batches_are_not(
    search: Search, films: tuple[Catalog, list[Told]], tmp_path: Path
) -> None:
    file = tmp_path / "queries.jsonl"
    file.write_text('{"query": "only in a batch"}')
    search("--queries", str(file))
    for query in ("remembered dog", "\udcff from a broken terminal", "개" * 1500):
        assert search(query).exit_code == 0
    with films[0].begin() as connection:
        recent = [kept.text for kept in recent_searches(connection, "searcher", 50)]
    assert recent[:2] == ["? from a broken terminal", "remembered dog"]
    assert "only in a batch" not in recent
