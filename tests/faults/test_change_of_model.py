"""Another text model by the command line, from the setting to dropping the old one's vectors."""

from __future__ import annotations

import json

import pytest

from tests.commands import vsearch, write_catalogue
from tests.tiny_sbert import make_tiny_sbert
from vsearch_pipeline.catalog.server import embedded_server

pytestmark = pytest.mark.slow

FILMS = {
    "beach": ["a dog runs on the beach", "a woman waves", "children build a castle"],
    "kitchen": ["a man cooks soup", "a cat sleeps on a chair"],
}


def test_a_model_is_changed_by_command(tmp_path_factory: pytest.TempPathFactory) -> None:
    pytest.importorskip("sentence_transformers")
    home = tmp_path_factory.mktemp("changing")
    words = sorted({word for told in FILMS.values() for caption in told for word in caption.split()})
    folder = make_tiny_sbert(home / "models" / "tiny-sbert", words)
    new = {"VSEARCH_SENTENCE_EMBEDDER": str(folder)}
    try:
        assert vsearch(home, "models", "list").stdout.startswith("Nothing is embedded yet")
        imported = vsearch(home, "import", "metadata", str(write_catalogue(home / "films.json", FILMS)))
        assert imported.returncode == 0, imported.stderr

        def best() -> str:
            found = vsearch(home, "search", "a dog on the beach", "--json", "--limit", "1", settings=new)
            assert found.returncode == 0, found.stderr
            [hit] = json.loads(found.stdout)
            return f"{hit['caption_en']}, {hit['parts']['meaning']:.2f}"

        before = best()
        assert before.startswith("a dog runs on the beach, 0.")
        told = vsearch(home, "status", settings=new).stdout
        assert "Search answers with use-multilingual-v3 since" in told
        assert "It changes to tiny-sbert, which has 0 of 5 texts: `vsearch models embed`" in told
        assert "Search answers" not in vsearch(home, "status").stdout, "nothing changes by itself"
        assert "Every model that is kept is used." in vsearch(home, "models", "prune", settings=new).stdout

        changed = vsearch(home, "models", "embed", settings=new)
        assert changed.stdout.startswith("Search answers with tiny-sbert since"), changed.stderr
        assert best() != before
        listed = vsearch(home, "models", "list", settings=new).stdout
        assert "  use-multilingual-v3  5 texts" in listed
        assert "dropped by `vsearch models prune`" in listed
        dropped = vsearch(home, "models", "prune", settings=new)
        assert dropped.stdout.startswith("dropped  use-multilingual-v3: 5 texts")
        assert best().startswith("a dog runs on the beach")
    finally:
        embedded_server(home).cleanup()
