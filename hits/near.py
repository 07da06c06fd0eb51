"""Songs that sound alike: a track's embedding beside those of the songs analysed before.

Conventions: embeddings are those of `hits.musicnn`, whose features are relative to music at large; likeness is their
cosine, as a percentage, 0 where they differ from music at large in unrelated or opposite ways. It orders songs; two
tracks of one orchestra or one production easily reach 90 %.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from support.errors import DataError


def similar(embedding: Any, stored: Any) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return analysed songs by how much they sound like a track.

    Parameters
    ----------
    embedding : array_like, shape (features,)
    stored : array_like, shape (songs, features)
        In any order; none gives none.

    Returns
    -------
    order : ndarray of intp, shape (songs,)
        Positions in `stored`, the most alike first, equal ones as they are stored.
    percent : ndarray, shape (songs,)
        Likeness in that order, 0 to 100.

    Raises
    ------
    DataError
        ``hit_near.features``: the songs have other features than the track (analysed by another model).
    """
    track, songs = np.asarray(embedding, float), np.asarray(stored, float)
    if not songs.size:
        return np.empty(0, np.intp), np.empty(0)
    if songs.ndim != 2 or songs.shape[1:] != track.shape:
        raise DataError("hit_near.features", wanted=len(track), found=songs.shape[-1])
    lengths = np.linalg.norm(songs, axis=1) * np.linalg.norm(track)
    cosines = np.divide(songs @ track, lengths, out=np.zeros(len(songs)), where=lengths > 0)
    order = np.argsort(-cosines, kind="stable")
    return order, 100 * np.clip(cosines[order], 0, 1)
