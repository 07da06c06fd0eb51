"""ALS of the ``implicit`` package over songs, tags and title words, as one more method to compare with."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from playlisting.components import Scores
from playlisting.library import Library, Request

FACTORS, PENALTY, ALPHA, ROUNDS = 128, 0.05, 10.0, 12


class Als:
    """Implicit-feedback matrix factorisation (Hu, Koren and Volinsky 2008); a request's factors are solved for."""

    name = "als"

    def __init__(self, library: Library, seed: int = 0) -> None:
        from implicit.als import AlternatingLeastSquares
        from threadpoolctl import threadpool_limits

        self._library = library
        seen = sparse.hstack([library.by_song, library.by_tag, library.by_word]).tocsr()
        with threadpool_limits(1, "blas"):  # it has threads of its own, which wait for those of BLAS
            self._model = AlternatingLeastSquares(factors=FACTORS, regularization=PENALTY, alpha=ALPHA,
                                                  iterations=ROUNDS, random_state=seed, num_threads=2)
            self._model.fit(seen, show_progress=False)

    def scores(self, request: Request) -> Scores:
        """Return the products of the request's factors with those of songs and tags."""
        library = self._library
        starts = np.cumsum([0, len(library.songs), len(library.tags), len(library.words)])
        columns = np.concatenate([library.has_songs(request), starts[1] + library.has_tags(request), starts[2] +
                                  library.has_words(" ".join((request.title, *request.tags)))])
        if not len(columns):
            return np.zeros(starts[1], np.float32), np.zeros(starts[2] - starts[1], np.float32)
        row = sparse.csr_matrix((np.ones(len(columns), np.float32), columns, [0, len(columns)]), shape=(1, starts[3]))
        factors = self._model.recalculate_user(np.array([0]), row).ravel()
        values = np.maximum(self._model.item_factors[:starts[2]] @ factors, 0)
        return values[:starts[1]], values[starts[1]:]
