"""From a title and the chosen playlists to candidates for `playlisting.selection` and to tags."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace as changed

import numpy as np

from playlisting.candidates import Candidate
from playlisting.library import Request
from playlisting.model import Model
from playlisting.similar import Hit

MOST_NEW = 400
"""Candidates from outside the chosen playlists: enough for 100 songs after filters and an artist cap."""
MOST_CHOSEN = 3


def request_of(title: str, tags: Sequence[str] = (), chosen: Sequence[Hit] = (), typed: Sequence[int] = ()) -> Request:
    """Return what is known of the playlist that is wanted: title, tags, songs typed in and those of chosen playlists.

    Raises
    ------
    ValueError
        If more than `MOST_CHOSEN` playlists are chosen.
    """
    if len(chosen) > MOST_CHOSEN:
        raise ValueError(f"{len(chosen)} playlists are chosen; choose up to {MOST_CHOSEN}")
    songs = dict.fromkeys((*typed, *(song for each in chosen for song in each.songs)))
    return Request(tuple(songs), tuple(dict.fromkeys(tags)), title)


def candidates(model: Model, request: Request, chosen: Sequence[Hit] = (),
               about: Callable[[int], Candidate | None] | None = None) -> tuple[Candidate, ...]:
    """Return songs that may be picked: all of the chosen playlists, and the model's best from elsewhere.

    Parameters
    ----------
    model : Model
    request : Request
        From `request_of`.
    chosen : sequence of Hit
    about : callable, optional
        What is known of a song (artist, language, year, length, energy), as a candidate whose score and side are filled
        in here; None: the song is not in the catalogue any more, and is left out.

    Returns
    -------
    tuple of Candidate
        Scores are 0 to 1 and compare among all.
    """
    scores = model.scores(request)[0]
    places = np.array(sorted({model.library.song_place[song] for each in chosen for song in each.songs
                              if song in model.library.song_place}), np.int64)
    outside = np.array(scores, np.float32)
    outside[model.library.has_songs(request)] = -1
    outside[places] = -1
    best = np.argsort(-outside, kind="stable")[:MOST_NEW]
    top = max(float(scores.max(initial=0)), 1e-9)
    made = []
    for place, is_chosen in (*((at, True) for at in places), *((at, False) for at in best if outside[at] > 0)):
        song = int(model.library.songs[place])
        known = about(song) if about is not None else Candidate(song, 0.0)
        if known is not None:
            made.append(changed(known, song=song, score=float(scores[place]) / top, chosen=is_chosen))
    return tuple(made)
