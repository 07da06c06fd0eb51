"""Rendering: exact lengths, loops without a seam, stems that add up, the same samples, what stops it."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from music import master, rendering, soundfont
from music.plan import Plan
from music.plan import Section as Part
from music.score import SAMPLE_RATE, Note, Score, Span, Track
from music.wish import Feel
from support.errors import Cancelled, DataError

FIFTHS = (45, 52, 57, 60)


def piece(style="pop", bars=4, bpm=120.0, loop=True, seconds=None, tracks=None, textures=(), loudness=-14.0):
    """Return a score of four roles, or of `tracks`, and its plan."""
    beats = range(4 * bars)
    kick = [Note(beat, 0.2, 36 if beat % 2 == 0 else 38, 105) for beat in beats]
    hats = [Note(beat + half, 0.1, 42, 70) for beat in beats for half in (0, 0.5)]
    tracks = tracks or (
        Track("drums", "drums", "synth:909", tuple(sorted(kick + hats, key=lambda note: note.start))),
        Track("bass", "bass", "synth:basssaw", tuple(Note(beat, 0.9, 33, 95) for beat in beats)),
        Track("chords", "piano", "gm:0", tuple(Note(4.0 * bar, 3.8, pitch, 80) for bar in range(bars) for pitch in FIFTHS)),
        Track("melody", "flute", "gm:73", tuple(Note(beat + 0.5, 0.5, 69 + beat % 4, 90) for beat in beats)))
    seconds = seconds or bars * 240 / bpm
    score = Score(bpm, "4/4", 9, "minor", seconds, loop, (), (Span(1, "verse", 0, bars, 0.7),), tuple(tracks))
    return score, Plan(style, style, (), 9, "minor", "4/4", bpm, 0.0, (Part(1, "verse", bars, 0.7),), (), loop, seconds,
                       loudness, 7, Feel(), tuple(textures))


def flux(audio, places, size=1024):
    """Return how much the spectrum grows at places, against just before; audio is taken as a circle."""
    mono = np.concatenate([audio, audio, audio]).mean(axis=1)
    def shape(start):
        return np.abs(np.fft.rfft(mono[start + len(audio):start + len(audio) + size] * np.hanning(size)))
    return [float(np.maximum(0, shape(place) - shape(place - size // 2)).sum()) for place in places]


@pytest.mark.parametrize(("loop", "bpm", "seconds"), [(True, 120.0, None), (True, 131.37, None), (False, 120.0, 8.7654), (False, 97.0, 10.0)])
def test_length_is_exact_and_loudness_holds(loop, bpm, seconds):
    score, plan = piece(bpm=bpm, loop=loop, seconds=seconds)
    made = rendering.render(score, plan)
    assert made.mix.shape == (round(score.seconds * SAMPLE_RATE), 2) and made.mix.dtype == np.float32
    assert made.figures["loudness"] == pytest.approx(-14, abs=0.2) and made.figures["true_peak"] <= -1
    assert master.integrated(made.mix) == pytest.approx(made.figures["loudness"], abs=1e-6)
    assert made.figures["seconds"] == pytest.approx(score.seconds, abs=1 / SAMPLE_RATE) and made.figures["bpm"] == bpm
    assert not made.stems


def test_the_end_of_a_loop_runs_into_its_start():
    score, plan = piece()
    audio = rendering.render(score, plan).mix
    bar = len(audio) // 4
    at_seam, *others = flux(audio, [bar * number for number in range(4)])
    assert at_seam <= 1.15 * float(np.median(others))
    steps = np.abs(np.diff(audio, axis=0)).max(axis=1)
    assert np.abs(audio[0] - audio[-1]).max() <= steps.max()
    around = np.concatenate([audio[-400:], audio[:1]])  # up to the first kick
    assert np.abs(np.diff(around, axis=0)).max() <= np.quantile(steps, 0.999)


def test_what_rings_past_the_end_of_a_loop_is_heard_at_its_start():
    late = Track("chords", "piano", "gm:0", (Note(7.5, 0.5, 60, 100),))
    score, plan = piece("orchestral", bars=2, tracks=(late,))
    audio = np.abs(rendering.render(score, plan).mix)
    assert audio[:9600].max() > 0.05 * audio.max()
    ending = rendering.render(*piece("orchestral", bars=2, tracks=(late,), loop=False)).mix
    assert not ending[:SAMPLE_RATE].any()


def test_an_ending_fades_to_nothing_but_rings_before():
    audio = rendering.render(*piece(loop=False, seconds=9.0, textures=("waves",))).mix
    assert np.abs(audio[-5:]).max() < 1e-4 and np.abs(audio[-SAMPLE_RATE // 2:-SAMPLE_RATE // 4]).max() > 1e-3


def test_the_same_score_gives_the_same_samples_with_notes_kept_or_rendered_anew():
    score, plan = piece(textures=("vinyl",))
    first = rendering.render(score, plan).mix
    soundfont._bank.cache_clear()
    assert np.array_equal(rendering.render(score, plan).mix, first)
    rendering.render(*piece(bpm=60.0))  # longer notes are kept now
    assert np.array_equal(rendering.render(score, plan).mix, first)
    assert not np.array_equal(rendering.render(score, replace(plan, seed=8)).mix, first)  # other crackle


@pytest.mark.parametrize("style", ["edm", "lofi", "gugak"])
def test_stems_add_up_to_the_mix(style):
    made = rendering.render(*piece(style, bars=2, textures=("fire",)), stems=True)
    assert list(made.stems) == ["drums", "bass", "chords", "melody", rendering.AMBIENCE] and len(made.stems) == 5
    whole = sum(made.stems[part] for part in made.stems)
    assert np.abs(whole - made.mix).max() < 5e-6
    assert all(np.abs(made.stems[part]).max() > 0.003 for part in made.stems)
    with pytest.raises(KeyError):
        made.stems["counter"]


def test_a_part_gives_way_to_the_kick_where_the_style_asks():
    pad = Track("pad", "pad", "gm:89", tuple(Note(4.0 * bar, 4.0, pitch, 80) for bar in range(2) for pitch in FIFTHS))
    drums = Track("drums", "drums", "synth:909", tuple(Note(float(beat), 0.2, 36, 110) for beat in range(8)))

    def depth(style):
        sound = rendering.render(*piece(style, bars=2, tracks=(drums, pad)), stems=True).stems["pad"] ** 2
        beat = SAMPLE_RATE // 2
        after, before = (np.mean([sound[beat * k + part:beat * k + part + 2400].mean() for k in range(2, 7)])
                         for part in (1200, beat - 3600))
        return 10 * np.log10(before / after)

    assert depth("edm") > 5 > 1.5 > abs(depth("rock"))


def test_levels_of_the_style_hold_for_soft_and_loud_instruments():
    score, plan = piece("pop")
    for velocity in (40, 120):
        tracks = tuple(replace(track, notes=tuple(replace(note, velocity=velocity) for note in track.notes))
                       if track.role == "melody" else track for track in score.tracks)
        stems = rendering.render(replace(score, tracks=tracks), plan, stems=True).stems
        assert -9 < master.loud_part(stems["melody"]) - master.loud_part(stems["drums"]) < 5


@pytest.mark.parametrize("loudness", [-14.0, -23.0])
def test_one_soft_note_in_five_seconds(loudness):
    track = Track("melody", "harp", "gm:46", (Note(1.0, 0.5, 72, 12),))
    made = rendering.render(*piece("new_age", bars=1, loop=False, seconds=5.0, tracks=(track,), loudness=loudness))
    assert made.figures["loudness"] == pytest.approx(loudness, abs=0.2) and made.figures["true_peak"] <= -1
    assert len(made.mix) == 240_000


def test_no_note_hangs_and_every_program_sounds():
    for program in range(0, 128, 7):
        track = Track("melody", "x", f"gm:{program}", (Note(0, 1.0, 62, 100), Note(0, 9.0, 62, 100), Note(1.0, 0.05, 67, 90)))
        audio = rendering.render(*piece("rock", bars=4, loop=False, tracks=(track,), seconds=8.0)).mix
        assert np.abs(audio[:24_000]).max() > 0.02, program
    short = Track("melody", "x", "gm:19", (Note(0, 1.0, 62, 100),))
    audio = rendering.render(*piece("rock", bars=4, loop=False, tracks=(short,), seconds=8.0)).mix
    assert np.abs(audio[-3 * SAMPLE_RATE:]).max() < 1e-3 * np.abs(audio).max()


def test_every_voice_and_kit_can_be_played():
    for voice in ("drums:0", "drums:48", "synth:808", "synth:lofi", "synth:gugak", "synth:bass808", "synth:keys", "gm:38", "gm:88"):
        track = Track("drums" if "drums" in voice else "bass", "x", voice, (Note(0, 1.0, 38, 100), Note(2, 1.0, 46, 100), Note(2.5, 1, 42, 90)))
        assert np.abs(rendering.render(*piece("rock", bars=1, tracks=(track,))).mix).max() > 0.1


def test_what_cannot_be_played_is_refused(tmp_path):
    def refused(code, **values):
        with pytest.raises(DataError) as error:
            rendering.render(*piece(tracks=values.pop("tracks", None), bars=1), **values)
        assert error.value.code == code and error.value.message("ko")

    (tmp_path / "no.sf2").write_bytes(b"RIFF\0\0\0\0sfbkrubbish")
    (tmp_path / "text.sf2").write_bytes(b"hello")
    refused("bgm_sound.soundfont", soundfont=tmp_path / "no.sf2")
    refused("bgm_sound.soundfont", soundfont=tmp_path / "text.sf2")
    refused("bgm_sound.no_soundfont", soundfont=tmp_path / "missing.sf2")
    for voice in ("synth:theremin", "gm:128", "gm:x", "flute"):
        refused("bgm_sound.voice", tracks=(Track("melody", "x", voice, (Note(0, 1, 60, 90),)),))
    refused("bgm_sound.silent", tracks=(Track("melody", "x", "gm:0", ()),))


def test_it_tells_how_far_it_is_and_stops_when_asked():
    class Impatient:
        seen: list[tuple[int, int]] = []

        def report(self, done, total, note=""):
            self.seen.append((done, total))

        def check(self):
            if len(self.seen) > 2:
                raise Cancelled("cancelled")

    with pytest.raises(Cancelled):
        rendering.render(*piece(bars=1), watch=Impatient())
    assert Impatient.seen == [(0, 6), (1, 6), (2, 6)]


def test_notes_of_the_soundfont_are_in_tune():
    bank = soundfont.bank()
    for program, pitch in ((0, 60), (73, 72), (48, 57), (24, 52)):
        key, step = soundfont.key(False, program, pitch, 0.8)
        tone, gain = bank.tones([key])[key]
        sound = tone.sample.mean(axis=1)[4800:33_600]
        power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 1 << 18))
        hertz = np.fft.rfftfreq(1 << 18, 1 / SAMPLE_RATE) * step
        wanted = 440 * 2 ** ((pitch - 69) / 12)
        near = np.abs(hertz / wanted - 1) < 0.06
        assert hertz[near][np.argmax(power[near])] == pytest.approx(wanted, rel=0.01)


def test_held_notes_of_the_soundfont_go_on_without_a_bump():
    key, _ = soundfont.key(False, 48, 60, 6.0)
    tone, _ = soundfont.bank().tones([key])[key]
    assert tone.loop[1] > SAMPLE_RATE // 2
    from music import _placing

    bus = np.zeros((8 * SAMPLE_RATE, 2), np.float32)
    sample = _placing.pitched(tone.sample, 1.0, 0.0, tone.loop[1], 8 * SAMPLE_RATE)
    _placing.add(bus, sample, 0, 7 * SAMPLE_RATE, 4800, 1.0, 1.0, False)
    level = np.sqrt((bus[SAMPLE_RATE:7 * SAMPLE_RATE].mean(axis=1).reshape(-1, 4800) ** 2).mean(axis=1))
    assert level.min() > 0.25 * level.max()
    assert np.abs(bus[7 * SAMPLE_RATE + 6000:]).max() < 1e-3 * np.abs(bus).max()


def test_the_wav_is_what_was_measured():
    from music import files

    made = rendering.render(*piece("hip_hop", bars=2))
    held, _ = soundfile.read(io.BytesIO(files.wav(made.mix)), dtype="float32")
    assert np.array_equal(held, made.mix)
    assert master.measured(held).true_peak == pytest.approx(made.figures["true_peak"], abs=1e-6)


def test_a_note_sounds_the_same_alone_and_after_others():
    bank = soundfont.bank()
    flute = soundfont.Key(False, 73, 69, 0)
    alone = bank._render([flute])[0]
    others = [soundfont.Key(False, 65, 60, 1), soundfont.Key(True, 0, 38, 0), soundfont.Key(False, 0, 45, 2)]
    for count in (1, 2, 3):
        assert np.array_equal(bank._render([*others[:count], flute])[-1], alone)


@pytest.mark.parametrize(("program", "pitch"), [(0, 45), (73, 69), (48, 60), (12, 72)])
def test_a_short_note_is_the_same_out_of_one_rendered_for_longer(program, pitch):
    soundfont._bank.cache_clear()
    bank, kept = soundfont.bank(), [soundfont.Key(False, program, pitch, length) for length in range(4)]
    alone = [bank.tones([key])[key][0].sample.copy() for key in kept]
    soundfont._bank.cache_clear()
    together = soundfont.bank().tones([*kept, soundfont.Key(False, program, pitch, 5)] if program == 0 else kept)
    for key, sample in zip(kept, alone, strict=True):
        assert np.array_equal(together[key][0].sample, sample)


def test_a_soundfont_without_its_tables_is_refused():
    with pytest.raises(DataError) as caught:
        soundfont.dry(b"RIFF\x00\x00\x00\x00sfbkLIST")
    assert caught.value.code == "bgm_sound.soundfont"
