"""Made-up starter playlists of four themes, a stand-in for the text model, and both put in the product's place."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np

from playlisting.model import Options
from usecases import playlist_library, playlist_training

THEMES = {"비오는날": ("빗소리", "우산"), "운동": ("헬스", "달리기"), "카페": ("커피", "브런치"), "크리스마스": ("눈사람", "캐럴")}
SONGS = 30
"""Songs of a theme."""
QUICK = Options(epochs=0, rare=(1, 1, 0), most=(200, 50, 100))


def name_of(theme, number):
    """Artist and title of a song; three songs an artist."""
    return [f"{list(THEMES)[theme]} 가수 {number // 3}", f"{list(THEMES)[theme]} 노래 {number}"]


def lists(count=80, seed=0):
    """Lines of a starter file: title, tags, ten songs of one theme."""
    rng, made = np.random.default_rng(seed), []
    for number in range(count):
        theme = number % len(THEMES)
        tag = list(THEMES)[theme]
        songs = [name_of(theme, int(each)) for each in rng.permutation(SONGS)[:10]]
        title = f"{tag} {THEMES[tag][number // 4 % 2]} 모음 {chr(0xAC00 + 37 * number)}{number}"
        made.append({"title": title, "tags": [tag, *THEMES[tag]], "songs": songs, "likes": number, "updated": "2026-01-02"})
    return made


class TextModel:
    """A text's vector: the theme it names, and a little noise of its own. Counts what it is asked."""

    def __init__(self, name="made-up"):
        self.name, self.asked = name, []

    def embed(self, texts):
        self.asked += texts
        rows = [[float(name in text) + 0.01 * (len(text) % 3) for name in THEMES] for text in texts]
        found = np.array(rows, np.float32) + 0.05
        return found / np.linalg.norm(found, axis=1, keepdims=True)


def put_in_place(monkeypatch, tmp_path, rows=None):
    """Write a starter file and let everything about playlists live in a folder of the test's own."""
    starter, own, shipped = tmp_path / "playlists.jsonl", tmp_path / "own", tmp_path / "shipped"
    model = TextModel()

    def write(rows):
        starter.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")

    write(lists() if rows is None else rows)
    monkeypatch.setattr(playlist_library, "STARTER", starter)
    monkeypatch.setattr(playlist_library, "SHIPPED", shipped)
    for module in (playlist_library, playlist_training):
        monkeypatch.setattr(module, "embedder", lambda name=None: model)
        monkeypatch.setattr(module, "own_folder", lambda: own)
    playlist_library._shelf = playlist_library._model = None
    return SimpleNamespace(write=write, own=own, shipped=shipped, model=model)
