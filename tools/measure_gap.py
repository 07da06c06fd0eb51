"""Measure how far `sound.measures` is from the truth, where it is known, and from the labelled set's distributions.

Run ``python tools/measure_gap.py [--songs 40]``. It reads below ``MIS_REAL_DATA`` (default ``../shared/data``):
``midi/POP909_main_midi_chords.tar.xz`` (songs with annotated beats and keys, rendered here with midirenderer and the
soundfont of pretty_midi), ``audio/`` and ``hits/spotify_hit_predictor_1960_2019.csv.gz``. The last thing written is one
JSON object; docs/hit-features.md quotes it. Songs number 5, 14, 23, ... (9 n + 5) and those in triple time were looked
at when constants were chosen: they are left out, or reported apart.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
import tarfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from sound.loudness import block_power, integrated  # noqa: E402
from sound.measures import Measures, analyse  # noqa: E402
from sound.mel import RATE  # noqa: E402
from sound.structure import expected  # noqa: E402

DATA = Path(os.environ.get("MIS_REAL_DATA") or ROOT.parent / "shared" / "data")
KEYS = {name: key for key, name in enumerate(("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B"))}
OCTAVES = (1, 2, 1 / 2, 3, 1 / 3)
TOLERANCE = 0.04
"""Of a tempo, as in the tempo contest of ISMIR 2004 (Gouyon et al. 2006)."""
BANDS = ((50, 70), (70, 80), (80, 110), (110, 140), (140, 220))
SHARES = (5, 25, 50, 75, 95)


@dataclass(frozen=True)
class Song:
    """One rendered song, what was annotated and what was measured."""

    name: str
    tempo: float
    metre: int
    key: int
    mode: int
    seconds: float
    measured: Measures
    clip: Measures


def songs(numbers: set[int], triple: bool) -> Iterator[Song]:
    """Give the songs with these numbers, or all in triple time."""
    for name, files in _folders(DATA / "midi" / "POP909_main_midi_chords.tar.xz"):
        beats = np.loadtxt(io.BytesIO(files["beat_midi.txt"]))
        metre = 3 if Counter(np.diff(np.flatnonzero(beats[:, 2] == 1))).most_common(1)[0][0] == 6 else 4
        if (metre == 3) if triple else (int(name) in numbers and metre == 4):
            audio = _heard(*_rendered(files[f"{name}.mid"]))
            key, mode = _key(files["key_audio.txt"].decode())
            middle = SimpleNamespace(samples=audio.samples[20 * RATE:50 * RATE], seconds=30.0, loudness=audio.loudness)
            tempo = 60 / float(np.median(np.diff(beats[:, 0])))
            sys.stderr.write(f"{name} ")
            yield Song(name, tempo, metre, key, mode, audio.seconds, analyse(audio).measures, analyse(middle).measures)


def tempo_report(found: list[Song], clip: bool = False) -> dict[str, Any]:
    """Return the shares of songs whose tempo is right: as annotated, and in any octave; and by annotated tempo."""
    ratio = np.array([(song.clip if clip else song.measured).tempo / song.tempo for song in found])
    right = np.abs(ratio - 1) < TOLERANCE
    octave = np.abs(ratio[:, None] / OCTAVES - 1).min(axis=1) < TOLERANCE
    true = np.array([song.tempo for song in found])
    by_band = {f"{low}-{high}": [int(inside.sum()), _share(right[inside]), _share(octave[inside])]
               for low, high in BANDS if (inside := (true >= low) & (true < high)).any()}
    return {"songs": len(found), "accuracy_1": _share(right), "accuracy_2": _share(octave),
            "doubled": _share(np.abs(ratio / 2 - 1) < TOLERANCE), "halved": _share(np.abs(ratio * 2 - 1) < TOLERANCE),
            "by_annotated_bpm_n_acc1_acc2": by_band, "annotated_bpm": _quantiles(true),
            "measured_bpm": _quantiles([(song.clip if clip else song.measured).tempo for song in found])}


def key_report(found: list[Song], clip: bool = False) -> dict[str, Any]:
    """Return the shares of keys that are exact, a fifth off, relative, parallel and other."""
    names = Counter(_relation(song.clip if clip else song.measured, song) for song in found)
    shares = {name: round(names[name] / len(found), 3) for name in ("exact", "fifth", "relative", "parallel", "other")}
    mode = _share(np.array([(song.clip if clip else song.measured).mode == song.mode for song in found]))
    return shares | {"mode_right": mode, "annotated_major": _share(np.array([song.mode == 1 for song in found]))}


def sections_report(found: list[Song]) -> dict[str, Any]:
    """Return how many sections and where the third starts, beside what the labelled set has at the same lengths."""
    sections = np.array([song.measured.sections for song in found], float)
    usual = np.array([expected(song.seconds) for song in found])
    seconds = np.array([song.seconds for song in found])
    return {"sections": _quantiles(sections), "expected_by_length": round(float(usual.mean()), 2),
            "mean": round(float(sections.mean()), 2), "relative_spread": round(float((sections / usual).std()), 3),
            "seconds_each": round(float(seconds.sum() / sections.sum()), 1),
            "chorus_hit": _quantiles([song.measured.chorus_hit for song in found])}


def set_report() -> dict[str, Any]:
    """Return what the labelled set looks like, for tracks of 90 to 480 s."""
    table = pd.read_csv(DATA / "hits" / "spotify_hit_predictor_1960_2019.csv.gz")
    table = table[table.duration_ms.between(90_000, 480_000)]
    usual = table.duration_ms.map(lambda length: expected(length / 1_000))
    newest = table[(table.decade == 2010) & (table.target == 1)]
    return {"tempo": _quantiles(table.tempo[table.tempo > 0]), "loudness": _quantiles(table.loudness),
            "loudness_hits_2010s": _quantiles(newest.loudness), "chorus_hit": _quantiles(table.chorus_hit),
            "sections": _quantiles(table.sections), "relative_spread": round(float((table.sections / usual).std()), 3),
            "seconds_each": round(float(table.duration_ms.sum() / 1_000 / table.sections.sum()), 1),
            "major": _share(table["mode"] == 1), "metre_3_4_5": [_share(table.time_signature == n) for n in (3, 4, 5)]}


def audio_report() -> list[dict[str, Any]]:
    """Return the measures of each file of the audio folder, of the mean of its channels."""
    import soundfile

    found = []
    for path in sorted((DATA / "audio").glob("*/*.ogg")):
        audio = _heard(*soundfile.read(path, dtype="float32"))
        measured = analyse(audio).measures
        found.append({"file": path.stem[:32], "seconds": round(audio.seconds, 1), "tempo": round(measured.tempo, 1),
                      "loudness": round(measured.loudness, 1), "key": measured.key, "mode": measured.mode,
                      "metre": measured.time_signature, "sections": measured.sections, "chorus": measured.chorus_hit})
    return found


def _relation(measured: Measures, true: Song) -> str:
    apart = (measured.key - true.key) % 12
    if measured.mode == true.mode:
        return {0: "exact", 5: "fifth", 7: "fifth"}.get(apart, "other")
    return {0: "parallel", 9 if true.mode else 3: "relative"}.get(apart, "other")


def _folders(path: Path) -> Iterator[tuple[str, dict[str, bytes]]]:
    """Give name and files of each song of the archive."""
    files: dict[str, dict[str, bytes]] = {}
    with tarfile.open(path) as archive:
        for member in archive:
            folder, _, name = member.name.rpartition("/")
            if member.isfile() and folder and Path(folder).name.isdigit() and (stream := archive.extractfile(member)):
                files.setdefault(Path(folder).name, {})[name] = stream.read()
    yield from ((name, each) for name, each in sorted(files.items()) if "key_audio.txt" in each)


def _rendered(midi: bytes) -> tuple[np.ndarray, int]:
    import midirenderer
    import pretty_midi
    import soundfile

    font = Path(pretty_midi.__file__).with_name("TimGM6mb.sf2").read_bytes()
    return soundfile.read(io.BytesIO(midirenderer.render_wave_from(font, midi)), dtype="float32")


def _heard(samples: np.ndarray, rate: int) -> SimpleNamespace:
    import soxr

    mono = soxr.resample(samples if samples.ndim == 1 else samples.mean(axis=1), rate, RATE)
    return SimpleNamespace(samples=mono, seconds=len(mono) / RATE, loudness=integrated(block_power(mono)))


def _key(text: str) -> tuple[int, int]:
    """Return the key that is annotated for the longest time."""
    times: Counter[str] = Counter()
    for line in text.splitlines():
        start, end, name = line.split()
        times[name] += float(end) - float(start)
    tonic, mode = times.most_common(1)[0][0].split(":")
    return KEYS[tonic], int(mode == "maj")


def _share(right: Any) -> float:
    return round(float(np.mean(right)), 3)


def _quantiles(values: Any) -> list[float]:
    return [round(float(value), 1) for value in np.percentile(np.asarray(values, float), SHARES)]


def main() -> None:
    """Write the report."""
    parser = argparse.ArgumentParser(description="Measure the gap between our measurements and the labelled set's.")
    parser.add_argument("--songs", type=int, default=40, help="how many songs to render (5 s each)")
    count = parser.parse_args().songs
    started = time.monotonic()
    unseen = [number for number in range(1, 910) if number % 9 != 5]
    chosen = set(np.random.default_rng(9).choice(unseen, count, replace=False).tolist())
    found, triple = list(songs(chosen, False)), list(songs(set(), True))
    report = {"set": set_report(), "tempo": tempo_report(found), "tempo_30_s": tempo_report(found, clip=True),
              "key": key_report(found), "key_30_s": key_report(found, clip=True), "sections": sections_report(found),
              "four_taken_for_four": _share([song.measured.time_signature == 4 for song in found]),
              "three_taken_for_three": [len(triple), _share([song.measured.time_signature == 3 for song in triple])],
              "tempo_of_triple_time": tempo_report(triple), "audio": audio_report(),
              "minutes": round((time.monotonic() - started) / 60, 1)}
    sys.stdout.write(json.dumps(report) + "\n")


if __name__ == "__main__":
    main()
