"""MIDI files: tempo, meter, key, notes that end, the same bytes; opened by two other libraries."""

from __future__ import annotations

import io

import mido
import pretty_midi
import pytest

from music import midi
from music.score import METERS, Note, Score, Span, Track

ONE = (Note(0, 1, 60, 90),)


def score(meter="4/4", bpm=120.0, tonic=9, mode="minor", notes=ONE, voice="gm:0", bars=4):
    made = Score(bpm, meter, tonic, mode, 0.0, True, (), (Span(1, "verse", 0, bars - 1, 0.5), Span(2, "outro", bars - 1, 1, 0.4)),
                 (Track("melody", "piano", voice, tuple(notes)), Track("drums", "drums", "synth:909", (Note(0, 0.1, 36, 100),))))
    return Score(**{**{name: getattr(made, name) for name in Score.__slots__}, "seconds": made.bar_s * bars})


@pytest.mark.parametrize("meter", METERS)
@pytest.mark.parametrize("bpm", [40.0, 97.53, 220.0])
def test_tempo_and_meter(meter, bpm):
    made = pretty_midi.PrettyMIDI(io.BytesIO(midi.write(score(meter, bpm))))
    assert made.get_tempo_changes()[1] == pytest.approx([bpm * METERS[meter].beat], rel=1e-5)
    change, = made.time_signature_changes
    assert f"{change.numerator}/{change.denominator}" == meter


@pytest.mark.parametrize("tonic", range(12))
@pytest.mark.parametrize(("mode", "dark"), [("major", False), ("minor", True), ("dorian", True), ("lydian", False),
                                            ("gyemyeonjo", True), ("pyeongjo", False)])
def test_key_signature_names_the_tonic(tonic, mode, dark):
    made = pretty_midi.PrettyMIDI(io.BytesIO(midi.write(score(tonic=tonic, mode=mode))))
    assert [change.key_number for change in made.key_signature_changes] == [tonic + 12 * dark]


def test_notes_come_back_with_their_times():
    notes = (Note(0, 1, 60, 90), Note(1.5, 0.5, 64, 1), Note(15, 1, 67, 127))
    made = pretty_midi.PrettyMIDI(io.BytesIO(midi.write(score(notes=notes))))
    piano = made.instruments[0]
    assert [(round(note.start, 4), round(note.end, 4), note.pitch, note.velocity) for note in piano.notes] == [
        (0, 0.5, 60, 90), (0.75, 1.0, 64, 1), (7.5, 8.0, 67, 127)]
    assert made.instruments[1].is_drum and not piano.is_drum


def test_every_note_is_ended_before_its_pitch_sounds_again():
    notes = tuple(Note(start / 2, 3.0, 60, 80) for start in range(20)) + (Note(2, 0, 60, 100), Note(0, 99, 61, 80))
    sounding = set()
    for message in mido.merge_tracks(mido.MidiFile(file=io.BytesIO(midi.write(score(notes=notes)))).tracks):
        if message.type == "note_on" and message.velocity:
            assert (message.channel, message.note) not in sounding
            sounding.add((message.channel, message.note))
        elif message.type == "note_off":
            sounding.remove((message.channel, message.note))
    assert not sounding


def test_sections_are_marked_and_tracks_named():
    file = mido.MidiFile(file=io.BytesIO(midi.write(score())))
    now, found = 0, []
    for message in file.tracks[0]:
        now += message.time
        if message.type == "marker":
            found.append((now, message.text))
    assert found == [(0, "verse"), (3 * 4 * midi.TICKS, "outro")]
    assert [track.name for track in file.tracks] == ["BGM", "melody: piano", "drums: drums"]
    assert file.length == pytest.approx(8.0)


def test_the_same_score_gives_the_same_bytes():
    assert midi.write(score()) == midi.write(score())
    assert midi.write(score()) != midi.write(score(bpm=121))


def test_voices_made_here_are_written_as_their_nearest_program():
    made = pretty_midi.PrettyMIDI(io.BytesIO(midi.write(score(voice="synth:bass808"))))
    assert made.instruments[0].program == 38
    assert midi.is_drums("synth:gugak") and midi.is_drums("drums:40") and not midi.is_drums("synth:basssaw")
