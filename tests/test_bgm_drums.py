"""Drums and percussion: known beats, swing as asked, jangdan, small and centred errors of time, edits that stay local."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from music import drums, jangdan, tabs
from music.plan import Part, Plan, Section
from music.score import METERS, Note, Span
from music.style import STYLES, style, styles
from music.vocabulary import genres
from music.wish import Feel

SECTIONS = (Section(1, "intro", 4, 0.3), Section(2, "verse", 4, 0.5), Section(3, "build", 4, 0.65),
            Section(4, "drop", 8, 1.0), Section(5, "outro", 4, 0.4))


def plan_of(name, meter="4/4", *, sections=SECTIONS, loop=True, seed=1, bpm=None, swing=None, instrument="drums",
            role="drums", genre=None, tonic=0) -> Plan:
    own = style(name)
    tempo = bpm or genres()[name].bpm[1]
    bars = sum(one.bars for one in sections)
    seconds = (bars * METERS[meter].quarters + (0 if loop else 1.5)) / METERS[meter].beat * 60 / tempo
    return Plan(name, genre or name, (), tonic, "major", meter, tempo, own.swing if swing is None else swing, sections,
                (Part(role, instrument),), loop, seconds, -14.0, seed, Feel())


def spans_of(plan: Plan) -> tuple[Span, ...]:
    found, bar = [], 0
    for one in plan.sections:
        found.append(Span(one.id, one.name, bar, one.bars, one.energy))
        bar += one.bars
    return tuple(found)


def played(plan: Plan) -> tuple[Note, ...]:
    return drums.play(plan, style(plan.style), spans_of(plan), plan.parts[0])


def steady(name, monkeypatch, *, energy=0.5, bars=8, **wishes) -> list[Note]:
    """Play one section as a machine would: no error of time or touch, no fills."""
    own = style(name)
    exact = replace(own, humanise=replace(own.humanise, timing=0.0, velocity=0.0), fills=())
    monkeypatch.setattr(tabs, "genre_grooves", dict)
    plan = plan_of(name, sections=(Section(1, "verse", bars, energy),), **wishes)
    return list(drums.play(plan, exact, spans_of(plan), plan.parts[0]))


def beats(notes, *pitches, bar=4.0) -> set[float]:
    """Return where in the bar pitches are struck in every bar."""
    bars = {int(note.start / bar + 1e-6) for note in notes}
    each = [{round(note.start % bar, 3) for note in notes if note.pitch in pitches and int(note.start / bar + 1e-6) == one}
            for one in bars]
    return set.intersection(*each)


@pytest.mark.parametrize("name", ["disco", "dance", "edm"])
def test_four_on_the_floor(name, monkeypatch):
    notes = steady(name, monkeypatch)
    assert beats(notes, 36) == {0.0, 1.0, 2.0, 3.0}
    assert beats(notes, 38, 39) == {1.0, 3.0}, "snare or clap on two and four"
    assert beats(notes, 46) == {0.5, 1.5, 2.5, 3.5}, "the open hat off the beat"


@pytest.mark.parametrize("name", ["rock", "pop", "hip_hop", "lofi", "blues"])
def test_backbeat_on_two_and_four(name, monkeypatch):
    notes = steady(name, monkeypatch, swing=0.0)
    loud = [note for note in notes if note.pitch in (37, 38, 39) and note.velocity > 60]
    places = {round(note.start % 4, 1) for note in loud}
    assert places == {1.0, 3.0}
    assert 0.0 in beats(notes, 36)


def test_fast_hip_hop_is_trap_in_half_time(monkeypatch):
    notes = steady("hip_hop", monkeypatch, bpm=140.0, swing=0.0)
    assert beats(notes, 39) == {2.0}
    gaps = np.diff(sorted(note.start for note in notes if note.pitch == 42))
    assert gaps.min() == pytest.approx(0.125), "hats roll in thirty-seconds"


def test_jazz_rides_with_the_foot_on_two_and_four(monkeypatch):
    notes = steady("jazz", monkeypatch, swing=0.0)
    assert beats(notes, 44) == {1.0, 3.0}
    assert beats(notes, 51) == {0.0, 1.0, 1.5, 2.0, 3.0, 3.5}
    assert style("jazz").kit == "drums:40"


@pytest.mark.parametrize("swing", [0.0, 0.5, 1.0])
def test_the_swing_that_is_played_is_the_swing_asked(swing, monkeypatch):
    notes = steady("jazz", monkeypatch, swing=swing)
    after = {round(note.start % 4, 4) for note in notes if note.pitch == 51} - {0.0, 1.0, 2.0, 3.0}
    assert after == {round(1 + (0.5 + swing / 6), 4), round(3 + (0.5 + swing / 6), 4)}
    first, second = 0.5 + swing / 6, 0.5 - swing / 6
    assert first / second == pytest.approx({0.0: 1.0, 0.5: 7 / 5, 1.0: 2.0}[swing])


def test_swing_of_sixteenths_and_what_does_not_swing():
    assert tabs.swung(0.25, 1.0, 0.25, "4/4") == pytest.approx(1 / 3)
    assert tabs.swung(1.5, 1.0, 0.25, "4/4") == pytest.approx(1.5)
    assert tabs.swung(0.25, 1.0, 0.5, "4/4") == pytest.approx(1 / 3)
    assert tabs.swung(0.75, 1.0, 0.5, "4/4") == pytest.approx(5 / 6)
    assert tabs.swung(0.5, 1.0, 0.5, "6/8") == 0.5, "eighths of compound meters are triplets already"


GUTGEORI = {36: {0.0, 1.5, 3.0, 4.5}, 37: {1.0, 4.0}, 38: {0.0, 2.0, 2.25, 2.5, 2.75, 5.0, 5.25, 5.5, 5.75}}
JAJINMORI = {36: {0.0, 1.5, 3.0, 4.5}, 37: set(), 38: {0.0, 1.5, 3.0, 4.0, 5.0}}
JUNGMORI = {36: {0.0, 1.0, 3.0, 6.0, 7.0, 9.0, 10.0, 11.0}, 37: set(), 38: {0.0, 2.0, 4.0, 4.5, 5.0, 8.0}}


@pytest.mark.parametrize(("meter", "bpm", "strokes"), [("12/8", 60.0, GUTGEORI), ("12/8", 110.0, JAJINMORI),
                                                       ("12/4", 84.0, JUNGMORI)])
def test_jangdan_strokes(meter, bpm, strokes, monkeypatch):
    notes = steady("gugak", monkeypatch, meter=meter, bpm=bpm, instrument="janggu")
    for pitch, places in strokes.items():
        assert beats(notes, pitch, bar=METERS[meter].quarters) == places


def test_jangdan_accents(monkeypatch):
    gutgeori = steady("gugak", monkeypatch, meter="12/8", bpm=60.0, instrument="janggu")
    assert {round(note.start % 6, 3) for note in gutgeori if note.velocity == max(one.velocity for one in gutgeori)} == {0.0}
    jungmori = steady("gugak", monkeypatch, meter="12/4", bpm=84.0, instrument="janggu")
    loudest = max(note.velocity for note in jungmori)
    assert {round(note.start % 12) for note in jungmori if note.velocity == loudest} == {0, 8}, "the ninth beat binds"


def test_a_cycle_takes_two_bars_of_six_eight():
    whole = jangdan.groove("jangdan", "12/8", 60.0).bars[0]
    halves = jangdan.groove("jangdan", "6/8", 60.0).bars
    assert [(hit.at, hit.lane) for hit in halves[0]] + [(hit.at + 3, hit.lane) for hit in halves[1]] == [
        (hit.at, hit.lane) for hit in whole]
    assert [jangdan.jangdan("12/8", bpm) for bpm in (60, 110)] == ["gutgeori", "jajinmori"]


@pytest.mark.parametrize("name", STYLES)
@pytest.mark.parametrize("meter", METERS)
@pytest.mark.parametrize("loop", [True, False])
def test_every_style_plays_in_every_meter_inside_the_piece(name, meter, loop):
    plan = plan_of(name, meter, loop=loop)
    notes = played(plan)
    end = plan.seconds * plan.bpm / 60 * METERS[meter].beat
    assert len(notes) > 30
    assert all(0 <= note.start < end and note.start + note.length <= end + 1e-6 for note in notes)
    assert all(1 <= note.velocity <= 127 and 0 <= note.pitch <= 127 for note in notes)
    assert list(notes) == sorted(notes, key=lambda note: (note.start, note.pitch))
    bars = {int((note.start + 0.1) / METERS[meter].quarters) for note in notes}
    assert bars >= set(range(4, 24 - (not loop))), "no bar is silent once the drums have come in"


@pytest.mark.parametrize("name", ["jazz", "gugak", "edm", "lofi"])
def test_same_seed_same_notes_and_another_seed_others(name):
    assert played(plan_of(name)) == played(plan_of(name))
    assert played(plan_of(name)) != played(plan_of(name, seed=2))


@pytest.mark.parametrize("name", ["rock", "gugak", "hip_hop"])
def test_a_section_made_anew_leaves_the_rest_as_it_is(name):
    plan = plan_of(name)
    anew = replace(plan, sections=tuple(replace(one, take=1) if one.id == 4 else one for one in plan.sections))
    before, after = played(plan), played(anew)
    span = next(one for one in spans_of(plan) if one.id == 4)
    bar = METERS[plan.meter].quarters
    low, high = span.first_bar * bar - 0.05, (span.first_bar + span.bars) * bar - 0.05

    def outside(notes):
        return [note for note in notes if not low <= note.start < high]

    assert outside(before) == outside(after)
    assert before != after


def test_a_section_put_in_moves_the_others_without_changing_them():
    plan = plan_of("pop")
    longer = replace(plan, sections=(*plan.sections[:4], Section(9, "chorus", 4, 0.9), plan.sections[4]))
    first = [note for note in played(plan) if note.start < 79.9]
    assert [note for note in played(longer) if note.start < 79.9] == first
    last = [(round(note.start - 80, 6), note.pitch, note.velocity) for note in played(plan) if note.start >= 79.95]
    moved = [(round(note.start - 96, 6), note.pitch, note.velocity) for note in played(longer) if note.start >= 95.95]
    assert last == moved


@pytest.mark.parametrize("name", STYLES)
def test_errors_of_time_are_small_and_centred(name):
    own = style(name)
    exact = replace(own, humanise=replace(own.humanise, timing=0.0))
    errors = []
    for seed in range(6):
        plan = plan_of(name, seed=seed, sections=(Section(1, "verse", 16, 0.6),), swing=0.0)
        pair = [drums.play(plan, one, spans_of(plan), plan.parts[0]) for one in (own, exact)]
        kicks = [np.array([note.start for note in notes if note.pitch in (36, 82)]) for notes in pair]
        places = np.round(kicks[1] / METERS[plan.meter].beat, 6)
        on_beat = np.abs(places - np.round(places)) < 1e-6
        assert len(kicks[0]) == len(kicks[1])
        shift = (np.sort(kicks[0]) - np.sort(kicks[1]))[on_beat][1:]
        errors += list(shift * 60 / plan.bpm / METERS[plan.meter].beat)
    assert np.abs(errors).max() <= 2 * drums.ON_BEAT * own.humanise.timing + 1e-9 < 0.01
    assert abs(np.mean(errors)) < max(0.15 * own.humanise.timing, 1e-9)


def test_a_line_through_the_beats_has_the_tempo_asked():
    plan = plan_of("rock", bpm=117.3, sections=(Section(1, "verse", 16, 0.6),))
    kicks = [note.start for note in played(plan) if note.pitch in (36, 38) and note.velocity > 80]
    near = [(round(place), place) for place in kicks if abs(place - round(place)) < 0.1]
    slope = np.polyfit(*np.transpose(near), 1)[0]
    assert slope == pytest.approx(1.0, abs=0.0005)


def test_fills_close_lively_sections_and_a_crash_opens_them():
    plan = plan_of("rock", sections=(Section(1, "verse", 4, 0.6), Section(2, "chorus", 8, 1.0), Section(3, "verse", 4, 0.6)))
    notes = played(plan)
    toms = [note.start for note in notes if note.pitch in (41, 43, 45, 47, 50)]
    assert toms and all(any(end - 4.01 <= start < end for end in (16, 48, 64)) for start in toms)
    assert [round(note.start) for note in notes if note.pitch == 49] == [16, 48]


def test_a_loop_starts_without_a_crash_and_an_ending_closes_on_its_last_bar():
    loop = plan_of("rock", sections=(Section(1, "chorus", 8, 1.0),))
    assert not [note for note in played(loop) if note.pitch == 49]
    ends = plan_of("rock", sections=(Section(1, "chorus", 8, 1.0),), loop=False)
    last = [note for note in played(ends) if note.start >= 27.99]
    assert {note.pitch for note in last} == {36, 49} and {note.start for note in last} == {28.0}
    assert all(note.start + note.length == pytest.approx(33.5) for note in last)


def test_the_first_beat_of_a_loop_is_struck_softer(monkeypatch):
    kicks = [note.velocity for note in steady("disco", monkeypatch) if note.pitch == 36]
    assert kicks[0] < 0.8 * min(kicks[1:])


def test_a_slow_piece_keeps_time_on_the_beats(monkeypatch):
    for bpm, expected in ((60.0, {0.0, 1.0, 2.0, 3.0}), (110.0, {0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5})):
        assert beats(steady("pop", monkeypatch, bpm=bpm, swing=0.0), 42) == expected


def test_hands_leave_out_what_is_too_fast_for_them(monkeypatch):
    def closest(name, bpm):
        hats = [note.start for note in steady(name, monkeypatch, bpm=bpm, energy=0.9) if note.pitch == 42]
        return np.diff(sorted(hats)).min()

    assert closest("disco", 118.0) == pytest.approx(0.25) and closest("disco", 200.0) == pytest.approx(1.0)


def test_a_build_gathers_and_the_kick_leaves_before_the_drop():
    notes = [note for note in played(plan_of("edm", sections=(Section(1, "build", 8, 0.65), Section(2, "drop", 8, 1.0))))]
    rolls = [sum(1 for note in notes if note.pitch == 38 and bar * 8 <= note.start + 0.02 < bar * 8 + 8) for bar in range(4)]
    assert rolls[0] == 8 and rolls == sorted(rolls) and rolls[3] == 32
    assert not [note for note in notes if note.pitch == 36 and 30.5 < note.start < 31.9]
    louder = [np.mean([note.velocity for note in notes if note.pitch == 38 and a <= note.start < a + 8]) for a in (0, 16)]
    assert louder[0] < louder[1]
    assert 49 in {note.pitch for note in notes if abs(note.start - 32) < 0.02}


@pytest.mark.parametrize(("tonic", "low", "high"), [(0, 48, 43), (7, 43, 50), (5, 41, 48)])
def test_timpani_are_tuned_to_tonic_and_dominant(tonic, low, high):
    plan = plan_of("orchestral", role="percussion", instrument="timpani", tonic=tonic)
    assert {note.pitch for note in played(plan)} == {low, high}
    assert drums.voice(plan.parts[0], style("orchestral")) == "gm:47"


@pytest.mark.parametrize("instrument", sorted(tabs.percussion()))
@pytest.mark.parametrize("meter", METERS)
def test_every_percussion_instrument_is_heard(instrument, meter):
    plan = plan_of("pop", meter, role="percussion", instrument=instrument)
    notes = played(plan)
    bars = {int((note.start + 0.1) / METERS[meter].quarters) for note in notes}
    assert len(bars) >= 12
    assert drums.percussion_voice(plan.parts[0], style("pop")).partition(":")[0] in ("drums", "gm", "synth")


@pytest.mark.parametrize(("instrument", "name", "voice"), [
    ("drums", "rock", "drums:16"), ("drums", "edm", "synth:909"), ("drum_machine", "lofi", "synth:lofi"),
    ("drum_machine", "pop", "synth:808"), ("janggu", "pop", "synth:gugak"), ("drums", "gugak", "drums:0"),
    ("brush_drums", "pop", "drums:40"), ("cajon", "acoustic", "drums:0")])
def test_a_chosen_drum_has_its_own_voice(instrument, name, voice):
    assert drums.voice(Part("drums", instrument), style(name)) == voice


def test_all_names_of_patterns_exist():
    known = set(tabs.grooves()) | set(jangdan.NAMES)
    for one in styles().values():
        assert {name for name in (*one.drums, *one.moments.values()) if name} <= known
        assert {name for name in one.fills if name} <= set(tabs.fills())
        assert not one.crash or one.crash in tabs.LANES
    assert {name for names in tabs.genre_grooves().values() for name in names} <= known
    assert {name for table in tabs.percussion().values() for name in table["patterns"]} <= known


@pytest.mark.parametrize("name", tabs.grooves())
@pytest.mark.parametrize("meter", METERS)
def test_a_groove_stands_on_its_bar_and_marks_the_beat(name, meter):
    groove = tabs.groove(name, meter)
    assert all(0 <= hit.at < METERS[meter].quarters for bar in groove.bars for hit in bar)
    lanes = {hit.lane for bar in groove.bars for hit in bar}
    assert lanes <= set(tabs.LANES) | {"h", "m", "l"}
    if not name.startswith("perc_"):
        beat = METERS[meter].beat
        struck = {round(hit.at / beat) for hit in groove.bars[0] if abs(hit.at / beat - round(hit.at / beat)) < 1e-6}
        assert len(struck) >= METERS[meter].beats * 0.75


@pytest.mark.parametrize("name", tabs.fills())
@pytest.mark.parametrize("meter", METERS)
def test_a_fill_fits_its_beats(name, meter):
    fill = tabs.fill(name, meter)
    assert all(0 <= hit.at < fill.length for hit in fill.hits) and fill.hits
    assert set(fill.keep) | {hit.lane for hit in fill.hits} <= set(tabs.LANES)
