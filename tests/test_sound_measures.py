"""Measurements of a track: known tempos, keys, metres, sections and levels, made on the spot; and what must not crash."""

from __future__ import annotations

import os
import time
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from sound.curves import curves_of
from sound.frames import magnitudes
from sound.loudness import block_power, integrated
from sound.measures import LOUDNESS_OFFSET, Measures, analyse
from sound.mel import RATE
from sound.structure import boundaries, expected
from sound.tempo import rhythm_of
from sound.tonality import chroma, tonality_of, tuning

NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
REAL = Path(os.environ.get("MIS_REAL_DATA") or Path(__file__).parents[2] / "shared" / "data") / "audio" / "librosa_cc"
DEGREES = {1: ((0, 4, 7), (5, 9, 12), (7, 11, 14), (0, 4, 7)), 0: ((0, 3, 7), (5, 8, 12), (7, 11, 14), (0, 3, 7))}
"""Tonic, subdominant, dominant, tonic, in semitones over the tonic, by mode."""


def heard(samples, loudness=-14.0):
    samples = np.asarray(samples, np.float32)
    samples.flags.writeable = False  # as the door for files hands them out
    return SimpleNamespace(samples=samples, seconds=len(samples) / RATE, loudness=loudness)


def tone(midi, seconds, level=0.1, partials=5, cents=0.0):
    """A note with overtones and a soft end."""
    at = np.arange(round(seconds * RATE)) / RATE
    hertz = 440 * 2 ** ((midi + cents / 100 - 69) / 12)
    wave = sum(np.sin(2 * np.pi * k * hertz * at) / k**1.5 for k in range(1, partials + 1))
    return (level * wave * np.minimum(1, (seconds - at) * 20) * np.minimum(1, at * 200)).astype(np.float32)


def chords(key, mode, seconds=1.0, rounds=2, cents=0.0, base=48):
    bars = [sum(tone(base + key + note, seconds, cents=cents) for note in notes) for notes in DEGREES[mode]]
    bass = [tone(base - 12 + key + notes[0], seconds, cents=cents) for notes in DEGREES[mode]]
    return np.concatenate([chord + root for chord, root in zip(bars, bass, strict=True)] * rounds)


def clicks(bpm, seconds, metre=1, seed=0):
    """A hiss on each beat; with it a low drum on the first of each bar."""
    noise = np.diff(np.random.default_rng(seed).normal(size=RATE // 20 + 1)) * np.exp(-np.arange(RATE // 20) / 200)
    drum = 3 * np.sin(2 * np.pi * 70 * np.arange(RATE // 8) / RATE) * np.exp(-np.arange(RATE // 8) / 600)
    samples = np.zeros(round(seconds * RATE) + RATE, np.float32)
    for beat, at in enumerate(np.arange(0, seconds, 60 / bpm)):
        for sound in (noise, drum) if beat % metre == 0 and metre > 1 else (noise,):
            samples[round(at * RATE):][:len(sound)] += 0.1 * sound
    return samples[:round(seconds * RATE)]


@pytest.mark.parametrize("bpm", [72, 80, 97.3, 110, 120, 133.7, 145, 160])
def test_tempo_of_clicks_is_true_to_half_a_percent(bpm):
    curves = curves_of(clicks(bpm, 20))
    assert rhythm_of(curves.onset, curves.low).tempo == pytest.approx(bpm, rel=0.005)


@pytest.mark.parametrize("bpm", [60, 65, 180, 200])
def test_tempo_of_even_clicks_outside_the_usual_is_an_octave_of_theirs(bpm):
    curves = curves_of(clicks(bpm, 20))
    tempo = rhythm_of(curves.onset, curves.low).tempo
    assert min(abs(tempo / bpm / octave - 1) for octave in (0.5, 1, 2)) < 0.005


@pytest.mark.parametrize("metre", [3, 4, 5])
@pytest.mark.parametrize("bpm", [90, 128])
def test_metre_of_accented_clicks(bpm, metre):
    curves = curves_of(clicks(bpm, 30, metre))
    rhythm = rhythm_of(curves.onset, curves.low)
    assert (round(rhythm.tempo), rhythm.metre) == (bpm, metre)
    assert rhythm.regularity > 0.5


@pytest.mark.parametrize("mode", [0, 1], ids=["minor", "major"])
@pytest.mark.parametrize("key", range(12), ids=NAMES)
def test_all_24_keys(key, mode):
    pitch = curves_of(chords(key, mode, 0.75)).pitch
    found = tonality_of(chroma(pitch, tuning(pitch)))
    assert (NAMES[found.key], found.mode) == (NAMES[key], mode)
    assert found.correlation > 0.7


@pytest.mark.parametrize("cents", [-35, 20, 40])
def test_key_of_a_song_that_is_out_of_tune(cents):
    pitch = curves_of(chords(2, 1, cents=cents)).pitch
    assert tuning(pitch) == pytest.approx(cents, abs=6)
    found = tonality_of(chroma(pitch, tuning(pitch)))
    assert (found.key, found.mode) == (2, 1)


def test_a_tone_at_minus_14_lufs():
    at = np.arange(10 * RATE) / RATE
    one_channel = np.sin(2 * np.pi * 997 * at)  # -3.01 LUFS at full scale, says BS.1770
    assert integrated(block_power(one_channel.astype(np.float32))) == pytest.approx(-3.01, abs=0.05)
    tone_of = heard(one_channel * 10 ** ((-14 + 3.01) / 20), loudness=-14.0)
    assert integrated(block_power(tone_of.samples)) == pytest.approx(-14, abs=0.05)
    assert analyse(tone_of).measures.loudness == pytest.approx(-14 + LOUDNESS_OFFSET)


def test_silent_parts_are_no_part_of_loudness():
    at = np.arange(10 * RATE) / RATE
    loud = (0.5 * np.sin(2 * np.pi * 997 * at)).astype(np.float32)
    with_pause = np.concatenate([loud, np.zeros(20 * RATE, np.float32)])
    assert integrated(block_power(with_pause)) == pytest.approx(integrated(block_power(loud)), abs=0.2)
    assert integrated(block_power(np.zeros(RATE, np.float32))) == -np.inf


def song(form, seconds=24.0):
    """Parts of 24 s: A is a soft organ in C, B is a bright band in E flat with a beat, C is bass alone in A minor."""
    return np.concatenate([part(letter)[:round(seconds * RATE)] for letter in form])


@cache
def part(letter):
    if letter == "B":
        band = chords(3, 1, 0.75, 8, base=60)
        return band + clicks(160, 30, 4)[:len(band)]
    return chords(0, 1, 1.5, 4) if letter == "A" else 2 * chords(9, 0, 1.5, 4, base=36)


def test_sections_of_a_made_song_start_where_its_parts_change():
    analysis = analyse(heard(song("AABA")))
    assert 3 <= analysis.measures.sections <= 5
    for change in (48, 72):
        assert min(abs(start - change) for start in analysis.starts) < 2
    assert analysis.measures.sections == len(analysis.starts)
    assert analysis.measures.chorus_hit == analysis.starts[2]


def test_third_section_of_a_song_whose_every_part_differs():
    analysis = analyse(heard(song("ABCABC")))
    assert analysis.measures.sections == 6
    np.testing.assert_allclose(analysis.starts, np.arange(6) * 24, atol=1.5)
    assert analysis.measures.chorus_hit == pytest.approx(48, abs=1.5)


def test_expected_sections_are_those_of_the_labelled_set():
    """Means of the set for tracks of 90-120, 210-240 and 300-360 s: 5.6, 10.1 and 13.6."""
    assert [expected(seconds) for seconds in (105, 225, 328)] == pytest.approx([5.6, 10.1, 13.6], abs=0.4)


def test_a_steady_sound_is_divided_about_as_often_as_tracks_of_its_length():
    noise = np.random.default_rng(4).normal(size=120 * RATE) * 0.1
    starts = analyse(heard(noise)).starts
    assert len(starts) == pytest.approx(expected(120), abs=3)
    assert np.diff([*starts, 120]).min() >= 5


def test_boundaries_skip_what_is_left_out():
    features = np.repeat(np.eye(4), 60, axis=0)
    times = np.arange(240) / 2
    np.testing.assert_allclose(boundaries(features, features, times), [30, 60, 90], atol=1.5)
    kept = (times < 40) | (times >= 50)
    assert not any(40 < start < 50 for start in boundaries(features[kept], features[kept], times[kept]))


def test_a_clip_has_no_length_no_sections_no_chorus():
    measures = analyse(heard(song("AB"))).measures
    assert (measures.duration_ms, measures.sections, measures.chorus_hit) == (None, None, None)
    assert analyse(heard(song("AB"))).starts == ()


def test_full_length_of_a_clip_is_taken_but_its_sections_are_not_made_up():
    measures = analyse(heard(song("AB")), full_seconds=200).measures
    assert (measures.duration_ms, measures.sections, measures.chorus_hit) == (200_000, None, None)


def test_a_long_part_of_a_longer_track_has_no_sections_either():
    part = heard(song("AABA"))
    assert analyse(part, full_seconds=300).measures.sections is None
    assert analyse(part, full_seconds=100).measures.sections == analyse(part).measures.sections
    assert analyse(part, full_seconds=50).measures.duration_ms == pytest.approx(96_000)


@pytest.mark.parametrize("wrong", [0, -1, float("nan"), float("inf")])
def test_full_length_must_be_a_length(wrong):
    with pytest.raises(ValueError, match="full_seconds"):
        analyse(heard(clicks(120, 2)), full_seconds=wrong)


@pytest.mark.parametrize("samples", [np.zeros(RATE * 3), np.zeros(1), np.full(RATE, 0.5), np.zeros(RATE * 95),
                                     np.random.default_rng(1).normal(size=RATE * 5) * 0.1,
                                     np.random.default_rng(2).normal(size=RATE * 100) * 1e-6],
                         ids=["silence", "one sample", "constant", "long silence", "noise", "faint long noise"])
def test_what_is_no_music_gives_numbers_within_their_scales(samples):
    analysis = analyse(heard(samples))
    for measures in (analysis.measures, *([analysis.without(0, 1)] if len(samples) > 2 * RATE else [])):
        assert measures.tempo == 0 or 50 <= measures.tempo <= 215
        assert measures.key in range(12) and measures.mode in (0, 1) and measures.time_signature in (3, 4, 5)
        assert np.isfinite(measures.loudness)
    assert analyse(heard(np.zeros(RATE * 3))).measures.tempo == 0


def test_loudness_of_the_file_does_not_change_tempo_key_or_sections():
    samples = song("ABA")
    loud, soft = analyse(heard(samples)).measures, analyse(heard(samples * 0.02, loudness=-48.0)).measures
    assert soft.tempo == pytest.approx(loud.tempo, rel=0.002)
    assert (soft.key, soft.mode, soft.sections) == (loud.key, loud.mode, loud.sections)
    assert soft.loudness == pytest.approx(loud.loudness - 34)


def test_without_the_other_key_the_song_is_in_its_own():
    samples = np.concatenate([chords(0, 1, rounds=2), chords(6, 1, rounds=4)])
    analysis = analyse(heard(samples))
    assert analysis.measures.key == 6
    assert analysis.without(8, 24).key == 0


def test_without_the_other_tempo_the_song_has_its_own():
    analysis = analyse(heard(np.concatenate([clicks(100, 8), clicks(150, 16)])))
    assert analysis.measures.tempo == pytest.approx(150, rel=0.01)
    assert analysis.without(8, 24).tempo == pytest.approx(100, rel=0.01)


def test_without_the_loud_part_the_song_is_softer_and_as_long():
    samples = np.concatenate([song("A"), 0.1 * song("A"), song("AB")])
    analysis = analyse(heard(samples))
    assert analysis.without(24, 48).loudness >= analysis.measures.loudness
    assert analysis.without(72, 96).loudness < analysis.measures.loudness
    assert analysis.without(0, 24).duration_ms == analysis.measures.duration_ms


def test_without_nothing_is_the_whole():
    analysis = analyse(heard(song("AABA")))
    assert analysis.without(500, 505) == analysis.measures


def test_without_leaves_something_and_goes_forward():
    analysis = analyse(heard(clicks(120, 5)))
    with pytest.raises(ValueError, match="the end has to come after"):
        analysis.without(3, 3)
    with pytest.raises(ValueError, match="left"):
        analysis.without(-1, 9)


def test_measures_are_the_same_each_time():
    samples = heard(song("ABA"))
    assert analyse(samples).measures == analyse(samples).measures
    assert isinstance(analyse(samples).measures, Measures)


def test_spectra_come_in_blocks_that_join():
    samples = np.random.default_rng(3).normal(size=RATE * 60).astype(np.float32)
    firsts, parts = zip(*magnitudes(samples, 1024, 256), strict=True)
    assert len(parts) > 2 and firsts[1] == len(parts[0])
    assert sum(map(len, parts)) == 1 + (len(samples) - 1024) // 256
    at = firsts[-1] + 5
    window = np.hanning(1025)[:-1]
    expected_row = np.abs(np.fft.rfft(samples[at * 256:at * 256 + 1024] * window)) * 2 / window.sum()
    np.testing.assert_allclose(parts[-1][5], expected_row, atol=1e-5)


def test_half_a_minute_takes_a_fraction_of_a_second_and_leaving_out_a_few_milliseconds():
    samples = heard(song("AB")[:30 * RATE])
    analyse(samples)
    started = time.process_time()
    analysis = analyse(samples)
    assert time.process_time() - started < 1.5
    started = time.process_time()
    for start in range(0, 25, 5):
        analysis.without(start, start + 5)
    assert (time.process_time() - started) / 5 < 0.03


@pytest.mark.parametrize(("name", "tempo", "key", "mode"), [
    ("Kevin_MacLeod_-_P_I_Tchaikovsky_Dance_of_the_Sugar_Plum_Fairy", None, 4, 0),  # in E minor
    ("Kevin_MacLeod_-_Vibe_Ace", 130, None, None),  # librosa 0.11 finds 64.6, half of 129.2
    ("sorohanro_-_solo-trumpet-06", None, 5, None),  # a loop "in F, mostly Blues and Dorian scale"
])
def test_recordings_whose_key_or_tempo_is_known(name, tempo, key, mode):
    path = REAL / f"{name}.ogg"
    if not path.exists():
        pytest.skip(f"{path} is not there (MIS_REAL_DATA)")
    import soundfile
    import soxr

    samples, rate = soundfile.read(path, frames=60 * 44_100, dtype="float32", always_2d=True)
    measures = analyse(heard(soxr.resample(samples.mean(axis=1), rate, RATE))).measures
    assert tempo is None or measures.tempo == pytest.approx(tempo, rel=0.01)
    assert key is None or measures.key == key
    assert mode is None or measures.mode == mode
