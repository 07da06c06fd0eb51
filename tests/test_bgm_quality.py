"""Background music keeps its word: 27 pieces of the bench, measured from their sound alone, and the measures themselves.

The pieces are those of ``bench/bgm.py --quick``: every popular genre and mood, loops and endings.
"""

from __future__ import annotations

import io
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bench"))
import _bgm_measure as measure  # noqa: E402
import _bgm_pieces as made  # noqa: E402

RATE, MONO = measure.RATE, measure.MONO_RATE
PIECES = made.some(made.QUICK_SECONDS)
RANDOM = np.random.default_rng(0)


@cache
def judged(piece):
    return made.judge(piece, tags=False)


@pytest.mark.parametrize("piece", PIECES, ids=lambda piece: f"{piece.genre}-{piece.mood}-{piece.seed}")
def test_a_piece_keeps_its_word(piece):
    told = judged(piece)
    assert told["length_ok"] and told["bpm_ok"] and told["key_asked_ok"] and told["midi_ok"]
    assert told["loudness_ok"] and told["peak_ok"], (told["loudness_error"], told["true_peak"])
    assert told["alive"], (told["silence_s"], told["held_s"], told["onsets"])
    assert told.get("seam_ok", True), (told.get("seam"), told.get("jump"))


def test_the_tempo_is_heard():
    missed = {(told["genre"], told["mood"]): (told["bpm"], told["found_bpm"]) for told in map(judged, PIECES) if not told["tempo_ok"]}
    assert len(missed) <= 0.05 * len(PIECES), missed


def test_the_key_is_heard():
    tonal = [told for told in map(judged, PIECES) if told["tonal"]]
    missed = {(told["genre"], told["mood"]): (told["tonic"], told["mode"], told["found_key"]) for told in tonal if not told["key_ok"]}
    assert len(missed) <= 0.15 * len(tonal), missed


@pytest.mark.parametrize(("genre", "mood"), [("pop", "happy"), ("new_age", "calm")])
def test_four_variants_differ(genre, mood):
    told = made.variants(genre, mood, 6.0)
    assert told["differ"] and told["files"] == 4, told


def test_27_pieces_hold_every_genre_mood_and_seed():
    assert len(set(PIECES)) == 27 and {piece.genre for piece in PIECES} == set(made.styles())
    assert {piece.mood for piece in PIECES} == set(made.MOODS) and {piece.seed for piece in PIECES} == set(made.SEEDS)
    assert len(set(made.pieces(20.0))) == 675


# --- the measures, on sounds whose answers are known ---------------------------------------------------------------


def strokes(bpm, seconds, rate=MONO):
    """Return short noises, one a beat."""
    sound = np.zeros(round(seconds * rate), np.float32)
    for start in (np.arange(0, seconds - 0.1, 60 / bpm) * rate).astype(int):
        sound[start:start + 1000] += RANDOM.standard_normal(1000) * np.exp(-np.arange(1000) / 200)
    return sound


def chords(roots, shape, seconds=1.0, rate=MONO):
    times = np.arange(round(seconds * rate)) / rate
    return np.concatenate([sum(np.sin(2 * np.pi * 440 * 2 ** ((48 + root + step - 69) / 12) * times) for step in shape[place % len(shape)])
                           for place, root in enumerate(roots)]).astype(np.float32)


@pytest.mark.parametrize("bpm", [84.0, 97.3, 132.0])
def test_the_tempo_of_strokes(bpm):
    found = measure.tempo(strokes(bpm, 20.0))
    assert abs(found.bpm / bpm - 1) < 0.005 and found.beats >= 20


def test_tempi_that_count():
    assert measure.tempo_error(101.0, 100.0) == pytest.approx(0.01)
    assert measure.tempo_error(50.0, 100.0) == pytest.approx(0.5) and measure.tempo_error(50.0, 100.0, (1.0, 0.5)) == pytest.approx(0)
    assert measure.tempo_error(float("nan"), 100.0) == float("inf")
    assert [measure.ratio_name(found, 100.0) for found in (199.0, 67.0, 123.0, float("nan"))] == ["2", "2/3", "1.230", "none"]


MAJOR, MINOR = (0, 4, 7), (0, 3, 7)


@pytest.mark.parametrize(("roots", "shapes", "key"), [
    ((0, 5, 7, 0), (MAJOR, MAJOR, MAJOR, MAJOR), (0, True)), ((2, 7, 9, 2), (MAJOR, MAJOR, MAJOR, MAJOR), (2, True)),
    ((9, 2, 4, 9), (MINOR, MINOR, MAJOR, MINOR), (9, False))])
def test_the_key_of_chords(roots, shapes, key):
    assert measure.key(measure.chroma(chords(roots, shapes))) == key


@pytest.mark.parametrize(("found", "tonic", "mode", "word"), [
    ((0, True), 0, "major", "right"), ((9, False), 0, "major", "relative"), ((0, True), 9, "minor", "relative"), ((2, False), 2, "dorian", "right"),
    ((0, False), 0, "major", "parallel"), ((7, True), 0, "major", "fifth"), ((4, False), 0, "major", "other")])
def test_keys_that_count(found, tonic, mode, word):
    assert measure.key_fits(found, tonic, mode) == word


def test_loudness_and_true_peak_of_a_sine():
    times = np.arange(5 * RATE) / RATE
    tone = np.repeat(0.5 * np.sin(2 * np.pi * 997 * times)[:, None], 2, axis=1).astype(np.float32)
    assert measure.loudness(tone) == pytest.approx(20 * np.log10(0.5), abs=0.1)  # BS.1770: 0 dBFS on one side is -3.01 LUFS
    between = np.repeat(np.sin(2 * np.pi * RATE / 4 * times + np.pi / 4)[:, None], 2, axis=1).astype(np.float32)
    assert np.abs(between).max() < 0.71 and measure.true_peak(between) == pytest.approx(0.0, abs=0.1)


def test_a_seam_like_any_bar_and_one_that_clicks():
    bar = np.repeat(strokes(120.0, 2.0, RATE)[:, None], 2, axis=1)
    loop = np.concatenate([bar] * 6)
    assert measure.seam(loop, 2.0).ratio == pytest.approx(1.0, abs=0.01)
    clicking = loop.copy()
    clicking[:40] += 3.0
    found = measure.seam(clicking, 2.0)
    assert found.ratio > 1.1 and found.jump > measure.seam(loop, 2.0).jump


def test_silence_and_what_hangs():
    noise = RANDOM.standard_normal((4 * RATE, 2)).astype(np.float32)
    quiet = np.concatenate([noise, np.zeros((2 * RATE, 2), np.float32), noise])
    assert measure.longest_silence(noise) == 0 and measure.longest_silence(quiet) == 2.0
    held = np.sin(np.arange(8 * MONO) / 20).astype(np.float32)
    assert measure.longest_held(held) > 6 and measure.longest_held(strokes(100.0, 8.0)) < 3
    assert measure.onsets_a_second(strokes(120.0, 10.0)) == pytest.approx(2.0, abs=0.2)


def test_distances_are_none_for_the_same_and_some_for_others():
    one, other = chords((0, 5, 7, 0), (MAJOR,)), chords((2, 4, 9, 11), (MINOR,))
    assert measure.least_distances([one, 0.5 * one]) == pytest.approx((0.0, 0.0), abs=1e-6)
    assert measure.least_distances([one, other])[0] > made.LEAST_CHROMA


def test_a_midi_file_is_read_by_another_library():
    import mido

    file, track = mido.MidiFile(ticks_per_beat=480), mido.MidiTrack()
    file.tracks.append(track)
    track.append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(90)))
    track += [mido.Message("note_on", note=60, velocity=64), mido.Message("note_off", note=60, time=1440)]
    out = io.BytesIO()
    file.save(file=out)
    found = measure.midi(out.getvalue())
    assert found.quarters_a_minute == pytest.approx(90, abs=0.001) and found.seconds == pytest.approx(2.0, abs=1e-4) and found.notes == 1


def test_tags_are_ranked_against_their_opposites():
    assert measure.ranked({"sad": 0.2, "happy": 0.1}, "sad") and not measure.ranked({"sad": 0.2, "happy": 0.1}, "happy")
    known, asked = set(made.tagger().names), {*made.MOODS, *made.styles()}
    assert {tag for pair in measure.PAIRS.values() for tag in pair} <= known and set(measure.PAIRS) <= asked
    for ones, others, *tags in measure.OPPOSITES:
        assert set(tags) <= known and {*ones, *others} <= asked
