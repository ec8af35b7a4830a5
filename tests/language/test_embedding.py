from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tiny_sbert import make_tiny_sbert
from vsearch_pipeline.errors import ModelUnavailableError
from vsearch_pipeline.language import embedding
from vsearch_pipeline.language.embedding import MAX_CHARS, SentenceEmbedder, load_sentence_embedder


@cache
def use() -> SentenceEmbedder:
    return load_sentence_embedder("use-multilingual-v3")


def test_korean_and_english_meet() -> None:
    wave, dog, ocean = use().embed(["A woman waves her hand", "A dog is running", "The ocean at night"])
    korean = use().embed(["여자가 손을 흔든다"])[0]
    assert korean @ wave > max(korean @ dog, korean @ ocean) + 0.2


def test_alone_or_in_a_batch_is_the_same_to_rounding() -> None:
    texts = [f"{count} people walk past a {color} car" for count in range(20) for color in ("red", "blue")]
    together = use().embed(texts)
    alone = np.concatenate([use().embed([text]) for text in texts])
    assert np.abs(together - alone).max() < 1e-6
    assert use().embed(texts).tobytes() == together.tobytes()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=())), max_size=4))
def test_any_string_gives_a_unit_vector(texts: list[str]) -> None:
    vectors = use().embed(texts)
    assert vectors.shape == (len(texts), use().dim)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_blank_texts_share_one_vector_and_surrogates_are_dropped() -> None:
    empty, blank, lone, plain, odd = use().embed(["", " \n", "\ud800", "a dog", "a \udfffdog"])
    assert np.abs(empty - blank).max() < 1e-6
    assert np.abs(empty - lone).max() < 1e-6
    assert np.abs(plain - odd).max() < 1e-6


def test_only_the_first_characters_are_read() -> None:
    start = "a dog runs " * (MAX_CHARS // 11 + 1)
    cut, longer = use().embed([start[:MAX_CHARS], start[:MAX_CHARS] + "금요일 " * 100_000])
    assert np.abs(cut - longer).max() < 1e-6


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ModelUnavailableError, match=r"'nope'.*use-multilingual-v3"):
        load_sentence_embedder("nope")


def test_a_hub_model_without_its_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "find_spec", lambda _: None)
    with pytest.raises(ModelUnavailableError, match=r"owner/model.*vsearch\[models\]"):
        load_sentence_embedder("owner/model")


def test_a_folder_of_sentence_transformers_is_read_and_told_apart(tmp_path: Path) -> None:
    """A tiny BERT of random weights in the layout that the package writes, as kpf-sbert has it."""
    pytest.importorskip("sentence_transformers")
    folder = make_tiny_sbert(tmp_path / "tiny-sbert", ["a", "dog", "개", "runs"])

    embedder = load_sentence_embedder(str(folder))
    vectors = embedder.embed(["a dog runs", "개", ""])
    assert (embedder.name, embedder.dim, vectors.shape) == ("tiny-sbert", 16, (3, 16))
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(3), abs=1e-5)
    version = embedder.version

    config_file = folder / "config.json"
    config_file.write_text(config_file.read_text() + "\n")
    assert load_sentence_embedder(str(folder)).version != version
