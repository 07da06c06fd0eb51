"""Valence and arousal read off the starter catalogue's tags, beside what others measured of the same songs."""

from __future__ import annotations

import csv
import gzip
import os
import re
import unicodedata
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

from moods.vocabulary import CATEGORIES, mood_of

ROOT = Path(__file__).resolve().parent.parent
REAL = Path(os.environ.get("MIS_REAL_DATA") or ROOT.parent / "shared" / "data") / "mood"
DEEZER, MOODS = REAL / "deezer_mood_va.csv.gz", REAL / "data_moods_1010.csv"
LEAST = 0.4
FEWEST = 10
"""Songs under which a correlation says nothing."""


def key(artist: str, title: str) -> str:
    """Return artist and title without case, marks, brackets and what follows a dash."""
    def plain(text: str) -> str:
        text = re.sub(r"\(.*?\)|\[.*?\]| - .*", "", unicodedata.normalize("NFKD", text).casefold())
        text = re.sub(r"^the |\b(feat|ft)\b.*", "", text)
        return "".join(char for char in text if char.isalnum())
    return f"{plain(artist)}|{plain(title)}"


def starter() -> dict[str, tuple[float, float]]:
    with (ROOT / "catalogue" / "songs.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found = {}
    for row in rows:
        tags = [tag for category in CATEGORIES for tag in row[category].split("|") if tag]
        if (mood := mood_of(tags)) is not None:
            found[key(row["artist"], row["title"])] = mood
    return found


def deezer() -> dict[str, tuple[float, float]]:
    """Return the songs of the Deezer mood set: valence and arousal, standardised."""
    with gzip.open(DEEZER, "rt", encoding="utf-8", newline="") as file:
        return mean_of((key(row["artist_name"], row["track_name"]), (float(row["valence"]), float(row["arousal"])))
                       for row in csv.DictReader(file))


def spotify() -> dict[str, tuple[float, float]]:
    """Return the songs of the set of eight moods: Spotify's own `valence` and, for arousal, its `energy`."""
    with MOODS.open(encoding="utf-8", newline="") as file:
        return mean_of((key(row["artist"], row["name"]), (float(row["valence"]), float(row["energy"])))
                       for row in csv.DictReader(file) if row["valence"] and row["energy"])


def mean_of(rows) -> dict[str, tuple[float, float]]:
    kept = defaultdict(list)
    for name, pair in rows:
        kept[name].append(pair)
    return {name: tuple(np.mean(pairs, axis=0)) for name, pairs in kept.items()}


def agreement(measured: dict[str, tuple[float, float]]) -> tuple[int, float, float]:
    """Return how many songs are in both, and Spearman's correlation of valence and of arousal."""
    ours = starter()
    both = sorted(ours.keys() & measured.keys())
    if len(both) < 3:
        return len(both), float("nan"), float("nan")
    pairs = np.array([[*ours[name], *measured[name]] for name in both])
    return (len(both), float(spearmanr(pairs[:, 0], pairs[:, 2]).statistic),
            float(spearmanr(pairs[:, 1], pairs[:, 3]).statistic))


@pytest.mark.parametrize(("path", "read"), [(DEEZER, deezer), (MOODS, spotify)], ids=["deezer", "spotify"])
def test_moods_agree_with_what_was_measured(path, read):
    if not path.is_file():
        pytest.skip(f"{path} is not there (MIS_REAL_DATA)")
    count, valence, arousal = agreement(read())
    if count < FEWEST:
        pytest.skip(f"only {count} songs of the starter catalogue are in {path.name}")
    assert valence >= LEAST and arousal >= LEAST, f"{count} songs: valence {valence:.2f}, arousal {arousal:.2f}"


def test_the_same_song_under_other_spellings():
    assert key("The Beatles", "Yesterday - Remastered 2009") == key("Beatles", "yesterday")
    assert key("Beyoncé", "Halo") == key("BEYONCE", "Halo (Live)") and key("아이유", "밤편지") != key("아이유", "좋은 날")


def test_a_turned_catalogue_would_not_pass():
    if not DEEZER.is_file():
        pytest.skip(f"{DEEZER} is not there (MIS_REAL_DATA)")
    turned = {name: (-valence, -arousal) for name, (valence, arousal) in deezer().items()}
    _, valence, arousal = agreement(turned)
    assert not (valence >= LEAST or arousal >= LEAST)
