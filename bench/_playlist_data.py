"""Real playlists for the bench: what there is to learn from, and the Arena's masked questions, split in five.

A playlist to be judged is never in what is learned from: not under its own id, and not as a row of the matrix of
playlists without titles, which has it too. Rows have no ids: one counts as the same if it is equal, if it shares 0.6 of
all songs of both, or 0.8 of the shorter of the two (earlier and later states of a playlist are rows too).
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from _machine import ROOT
from scipy import sparse

import config
from playlisting.library import Array, Playlist, Request
from playlisting.scoring import Question, share_of

DATA = Path(os.environ.get("MIS_REAL_DATA") or ROOT.parent / "shared" / "data") / "melon"
SPLITS = 5
TASKS = ("all", "songs-only", "songs+tags", "tags+title", "title-only")
SAME_OF_BOTH, SAME_OF_SHORTER, SAME_FROM = 0.6, 0.8, 5
"""Songs that a row shares with a playlist if it is the same one; with fewer than five songs they must be equal."""


@dataclass(frozen=True)
class Asked:
    """A playlist of the set: whole, and as the Arena masked it."""

    id: int
    whole: Playlist
    shown: Request
    hidden_songs: tuple[int, ...]
    hidden_tags: tuple[str, ...]

    @property
    def split(self) -> int:
        """Which of the splits judges it."""
        return int(share_of(str(self.id)) * SPLITS)

    def question(self, task: str) -> Question | None:
        """Return the question of a task; None where the masked playlist does not show what the task shows."""
        if task == "all":
            return Question(self.shown, self.hidden_songs, self.hidden_tags)
        shown = self.shown
        songs = shown.songs if task in ("songs-only", "songs+tags") else ()
        tags = shown.tags if task in ("songs+tags", "tags+title") else ()
        title = shown.title if task in ("tags+title", "title-only") else ""
        lacking = (task.startswith("songs") and not songs) or ("tags" in task and not tags) or (
            "title" in task and not title)
        if lacking:
            return None
        return Question(Request(songs, tags, title), tuple(each for each in self.whole.songs if each not in set(songs)),
                        tuple(each for each in self.whole.tags if each not in tags))


def asked(folder: Path) -> list[Asked]:
    """Return the playlists of a folder with ``playlists``, ``questions`` and ``answers``, in an order by chance.

    The files are ``.json`` or ``.json.gz``; the order is always the same.
    """
    questions, answers = ({row["id"]: row for row in _read(folder, name)} for name in ("questions", "answers"))
    found = [_asked(row, questions[row["id"]], answers[row["id"]]) for row in _read(folder, "playlists")
             if row["id"] in questions and row["id"] in answers]
    return sorted(found, key=lambda each: share_of(f"order {each.id}"))


def _asked(row: dict[str, Any], question: dict[str, Any], answer: dict[str, Any]) -> Asked:
    shown = Request(tuple(question["songs"]), tuple(question["tags"]), question["plylst_title"])
    return Asked(row["id"], _playlist(row), shown, tuple(answer["songs"]), tuple(answer["tags"]))


def _playlist(row: dict[str, Any]) -> Playlist:
    return Playlist(str(row["id"]), tuple(row["songs"]), tuple(row["tags"]), row["plylst_title"])


def lessons(known: Sequence[Asked], judged: Collection[Asked]) -> list[Playlist]:
    """Return all there is to learn from but what is judged: `known` whole, and the rest of the shared set."""
    hidden = {each.id for each in judged}
    named = hidden | {each.id for each in known}
    made = [each.whole for each in known if each.id not in hidden]
    made += _untitled([each.whole.songs for each in (*known, *judged)])
    made += [Playlist(key, tuple(songs)) for key, songs in _read(DATA, "extra_playlist_songs").items()
             if int(key) not in named]
    made += [_playlist(row) for row in _read(DATA, "arena_test_10740") if row["id"] not in named]
    return made


def _untitled(others: Sequence[Sequence[int]]) -> list[Playlist]:
    """Return the rows of the matrix that are none of the playlists given."""
    kept = np.load(DATA / "playlist_song_csr.npz", allow_pickle=False)
    rows = sparse.csr_matrix((np.ones(len(kept["indices"]), np.float32), kept["indices"], kept["indptr"]),
                             shape=tuple(kept["shape"]))
    ends = np.cumsum([0, *(len(each) for each in others)])
    columns = np.concatenate([np.asarray(each, np.int64) for each in others])
    wanted = sparse.csr_matrix((np.ones(len(columns), np.float32), columns, ends), shape=(len(others), rows.shape[1]))
    both = (wanted @ rows.T).tocoo()
    sizes, lengths = np.diff(ends)[both.row], np.diff(rows.indptr)[both.col]
    shorter = np.minimum(sizes, lengths)
    near = (both.data >= SAME_OF_BOTH * (sizes + lengths - both.data)) | (both.data >= SAME_OF_SHORTER * shorter)
    same = (both.data == sizes) & (sizes == lengths) | (shorter >= SAME_FROM) & near
    own = set(both.col[same].tolist())
    return [Playlist(f"row {row}", tuple(rows.indices[rows.indptr[row]:rows.indptr[row + 1]].tolist()))
            for row in range(rows.shape[0]) if row not in own]


def _read(folder: Path, name: str) -> Any:
    for path, opened in ((folder / f"{name}.json.gz", gzip.open), (folder / f"{name}.json", open)):
        if path.exists():
            with opened(path, "rt", encoding="utf-8") as file:
                return json.load(file)
    raise FileNotFoundError(f"{name}.json(.gz) is not in {folder}")


class Embeddings:
    """The product's embeddings of titles, kept in the data folder from run to run: the same title is embedded once."""

    def __init__(self) -> None:
        self.path = config.load().data_dir / "cache" / "bench_playlist_titles.npz"
        self.known: dict[str, Array] = {}
        if self.path.exists():
            with np.load(self.path, allow_pickle=False) as kept:
                self.known = dict(zip(kept["names"].tolist(), kept["vectors"].astype(np.float32), strict=True))

    def __call__(self, titles: list[str]) -> Array:
        """Return one unit vector a title."""
        names = [hashlib.sha256(title.encode()).hexdigest()[:24] for title in titles]
        missing = {name: title for name, title in zip(names, titles, strict=True) if name not in self.known}
        if missing:
            from recommender import embed

            self.known |= dict(zip(missing, embed(list(missing.values())), strict=True))
        return np.stack([self.known[name] for name in names])

    def fill(self, titles: Collection[str], say: Any) -> None:
        """Embed what is new, a few at a time, and keep all."""
        before, wanted = len(self.known), sorted({title for title in titles if title.strip()})
        for start in range(0, len(wanted), 256):
            self(wanted[start:start + 256])
            say(f"titles embedded: {min(start + 256, len(wanted))} of {len(wanted)}")
        if len(self.known) > before:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            np.savez(self.path, names=np.array(list(self.known)), vectors=np.stack(list(self.known.values())))


def found_at(path: Path) -> Path | None:
    """Return a folder with the three files, or None, having said so."""
    try:
        for name in ("playlists", "questions", "answers"):
            _read(path, name)
    except FileNotFoundError as error:
        print(f"{error}; set MIS_REAL_DATA or give --test PATH", file=sys.stderr)
        return None
    return path
