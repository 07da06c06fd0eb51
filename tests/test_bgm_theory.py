"""Scales, roman numerals in every mode, chord scales, voicings and patterns: known answers."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from music import bass, comping, voicing
from music.score import METERS, Chord
from music.style import styles
from music.theory import (
    SCALES,
    chord_scale,
    ladder,
    nearest,
    note_name,
    octave_in,
    pitch_classes,
    roman,
)
from music.wish import MODES

KNOWN = [
    ("I", 0, "major", 0, {0, 4, 7}, "C"), ("V7", 0, "major", 7, {7, 11, 2, 5}, "G7"),
    ("ii7", 2, "major", 4, {4, 7, 11, 2}, "Em7"), ("vi", 7, "major", 4, {4, 7, 11}, "Em"),
    ("IVmaj7", 5, "major", 10, {10, 2, 5, 9}, "Bbmaj7"), ("viidim", 0, "major", 11, {11, 2, 5}, "Bdim"),
    ("i", 9, "minor", 9, {9, 0, 4}, "Am"), ("bVI", 9, "minor", 5, {5, 9, 0}, "F"),
    ("bVII", 0, "minor", 10, {10, 2, 5}, "Bb"), ("VII", 0, "minor", 10, {10, 2, 5}, "Bb"),
    ("III", 9, "minor", 0, {0, 4, 7}, "C"), ("iim7b5", 0, "minor", 2, {2, 5, 8, 0}, "Dm7b5"),
    ("V7", 9, "harmonic_minor", 4, {4, 8, 11, 2}, "E7"), ("IV", 2, "dorian", 7, {7, 11, 2}, "G"),
    ("bVII", 7, "mixolydian", 5, {5, 9, 0}, "F"), ("II", 5, "lydian", 7, {7, 11, 2}, "G"),
    ("bII", 4, "phrygian", 5, {5, 9, 0}, "F"), ("I5", 0, "pyeongjo", 0, {0, 7}, "C5"),
    ("iv5", 9, "gyemyeonjo", 2, {2, 9}, "D5"), ("V7/V", 0, "major", 2, {2, 6, 9, 0}, "D7"),
    ("Vsus4", 0, "major", 7, {7, 0, 2}, "Gsus4"), ("Iadd9", 0, "major", 0, {0, 2, 4, 7}, "Cadd9"),
    ("i6", 0, "minor", 0, {0, 3, 7, 9}, "Cm6"), ("iadd9", 0, "minor", 0, {0, 2, 3, 7}, "Cmadd9"),
]


@pytest.mark.parametrize(("numeral", "tonic", "mode", "root", "tones", "name"), KNOWN)
def test_roman_numerals_have_known_roots_tones_and_names(numeral, tonic, mode, root, tones, name):
    found, bass_, intervals, text = roman(numeral, tonic, mode)
    assert (found, bass_, set(pitch_classes(found, intervals)), text) == (root, root, tones, name)


def test_a_numeral_may_put_another_tone_in_the_bass():
    assert roman("I/3", 0, "major")[:2] == (0, 4)
    assert roman("IV/5", 0, "major")[3] == "F/C"


@pytest.mark.parametrize("numeral", ["VIII", "Xyz", "Iwhat", "I/9", ""])
def test_what_is_no_numeral_is_refused(numeral):
    with pytest.raises(ValueError, match="such|known"):
        roman(numeral, 0, "major")


def test_every_numeral_of_every_style_is_read_in_every_key():
    for style in styles().values():
        for mode in MODES:
            for bar in itertools.chain.from_iterable(row.split() for row in style.progressions_of(mode)):
                for numeral in bar.split(","):
                    for tonic in (0, 7):
                        root, _, intervals, _ = roman(numeral, tonic, mode)
                        assert 0 <= root < 12 and intervals[0] == 0


@pytest.mark.parametrize("mode", MODES)
def test_the_triad_on_the_tonic_lies_in_its_scale(mode):
    third = 3 if 3 in SCALES[mode] else 4
    tones = {0, third, 7} if len(SCALES[mode]) > 5 else {0, 7}
    assert tones <= set(SCALES[mode])


def test_a_chord_scale_bends_to_altered_tones():
    minor_dominant = chord_scale(9, "minor", pitch_classes(4, (0, 4, 7, 10)))
    assert 8 in minor_dominant and 7 not in minor_dominant
    blues_tonic = chord_scale(0, "major", pitch_classes(0, (0, 4, 7, 10)))
    assert 10 in blues_tonic and 11 not in blues_tonic
    assert chord_scale(0, "major", pitch_classes(5, (0, 4, 7))) == (0, 2, 4, 5, 7, 9, 11)


def test_ladders_and_neighbours():
    assert ladder((0, 4, 7), 60, 72) == (60, 64, 67, 72)
    assert nearest((60, 64), 62) == 60
    assert octave_in(0, 40, 51, 47) == 48
    assert octave_in(11, 60, 62, 61) == 59


def test_names_are_spelt_in_the_key():
    assert note_name(10, 5, "major") == "Bb" and note_name(6, 7, "major") == "F#"
    assert note_name(3, 0, "minor") == "Eb" and note_name(6, 4, "minor") == "F#"


def chord(numeral: str, start: float = 0.0, length: float = 4.0, tonic: int = 0, mode: str = "major") -> Chord:
    root, bass_, intervals, name = roman(numeral, tonic, mode)
    return Chord(start, length, root, bass_, intervals, name)


def test_the_cost_of_a_movement_is_its_semitones():
    assert voicing.cost((60, 64, 67), (60, 64, 67)) == 0
    assert voicing.cost((60, 64, 67), (60, 65, 69)) == 3
    assert voicing.cost((48, 55), (50, 57)) == 4 + 2, "a parallel fifth costs two more"
    assert voicing.parallels((48, 55, 64), (50, 57, 64)) == 1


def test_chords_are_led_by_small_steps_above_the_mud():
    row = [chord(name) for name in ("I", "vi7", "ii7", "V7", "Imaj7", "IV", "iii7", "VI7")]
    found = voicing.led(row, 48, 80, 4, 62)
    for one, played in zip(row, found, strict=True):
        assert {pitch % 12 for pitch in played} <= pitch_classes(one.root, one.intervals)
        assert played[0] >= voicing.LOWEST and played[-1] <= 80
        assert all(above - below >= 3 for below, above in itertools.pairwise(played) if below < voicing.CLEAR)
    moves = [voicing.cost(one, other) for one, other in itertools.pairwise(found)]
    assert max(moves) <= 12 and sum(moves) / len(moves) <= 7


def test_the_third_and_seventh_are_never_dropped():
    assert voicing.tones((0, 4, 7, 10, 14), 4) == (0, 4, 10, 14)
    assert voicing.tones((0, 4, 7, 10, 14), 3) == (4, 10, 14)
    assert voicing.candidates(0, (0, 4, 7), 60, 64, 4), "a range too small still sounds"


@pytest.mark.parametrize("name", comping.PATTERNS)
@pytest.mark.parametrize("meter", METERS)
def test_every_comping_pattern_fills_every_meter(name, meter):
    length = METERS[meter].quarters
    row = [chord("I", 0, length), chord("V7", length, length / 2), chord("I", 1.5 * length, length / 2)]
    voiced = voicing.led(row, 48, 80, 4, 62)
    notes = comping.play(name, row, voiced, meter, 2, 41, 80)
    assert notes and all(0 <= note.start < 2 * length and note.length > 0 for note in notes)
    first = {pitch % 12 for pitch in voiced[0]} | {0, 7, 9, 4}
    assert all(note.pitch % 12 in first for note in notes if note.start < length)


@pytest.mark.parametrize("name", bass.PATTERNS)
@pytest.mark.parametrize("meter", METERS)
def test_every_bass_pattern_fills_every_meter_in_its_range(name, meter):
    length = METERS[meter].quarters
    row = [chord(numeral, place * length, length) for place, numeral in enumerate(("I", "vi", "IV", "V7"))]
    notes = bass.play(name, row, meter, 4, (0, "major"), (28, 52), 90, np.random.default_rng(1), fill=True)
    assert all(28 <= note.pitch <= 52 and 0 <= note.start < 4 * length for note in notes)
    starts = {round(note.start, 3): note.pitch % 12 for note in notes}
    if name not in ("pedal", "gugak_drone", "offbeat_edm"):
        assert [starts.get(place * length) for place in range(4)] == [0, 9, 5, 7], "a chord's root begins it"


def test_unknown_patterns_are_named():
    with pytest.raises(ValueError, match="no comping pattern 'nothing'"):
        comping.play("nothing", [], [], "4/4", 1, 41, 80)
    with pytest.raises(ValueError, match="no bass pattern 'nothing'"):
        bass.play("nothing", [], "4/4", 1, (0, "major"), (28, 52), 80, None)


def test_styles_name_only_patterns_there_are():
    for style in styles().values():
        assert set(style.comping) | set(style.pad) <= set(comping.PATTERNS), style.id
        assert set(style.bass) <= set(bass.PATTERNS), style.id
