"""What musicnn hears in the made clips: kept as a file, since hearing 400 clips takes longer than a test may.

`python tests/made_embeddings.py` writes ``golden/made_embeddings.npz`` anew, after a change of the clips or of the
network; a test hears some of the clips again and compares.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

TESTS = Path(__file__).resolve().parent
if __name__ == "__main__":
    sys.path[:0] = [str(TESTS), str(TESTS.parent)]

import made_clips  # noqa: E402

from hits import musicnn  # noqa: E402

KEPT = TESTS / "golden" / "made_embeddings.npz"
COUNT = 400


@dataclass(frozen=True)
class Made:
    """A track as splits see it."""

    artist: str
    title: str
    hit: bool
    date: date | None = None


def hear(places):
    """Return the embeddings of some of the clips, (places, features)."""
    tagger, found = musicnn.load(TESTS.parent / "models" / "musicnn"), made_clips.clips(COUNT)
    return np.stack([tagger.embed(found[place].samples(), made_clips.RATE) for place in places])


def kept():
    """Return the embeddings of all clips, and the clips as tracks without dates."""
    with np.load(KEPT) as file:
        embeddings = file["embeddings"].astype(np.float32)
    return embeddings, [Made(clip.artist, clip.title, clip.hit) for clip in made_clips.clips(COUNT)]


if __name__ == "__main__":
    np.savez_compressed(KEPT, embeddings=hear(range(COUNT)).astype(np.float16))
