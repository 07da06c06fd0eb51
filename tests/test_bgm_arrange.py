"""Whole scores: exact ends, edits that change what they name only, layers by energy, every style and meter."""

from __future__ import annotations

import itertools
import time
from dataclasses import replace

import numpy as np
import pytest

from music import arrange, editing, planning, vocabulary
from music.plan import Plan, Section
from music.score import METERS, Note, Score
from music.style import STYLES, style
from music.theory import chord_scale, pitch_classes
from music.wish import Feel, Wish

SECONDS = (5.0, 7.3, 15.0, 60.0, 300.0)
UNTUNED = ("drums", "percussion")


def plans(name: str, variants: int = 1, **changes) -> tuple[Plan, ...]:
    return planning.settle(Wish(genres=(name,), variants=variants, **changes))[0]


def end_of(plan: Plan) -> float:
    return plan.seconds * plan.bpm / 60 * METERS[plan.meter].beat


def track(score: Score, role: str) -> tuple[Note, ...]:
    return next((one.notes for one in score.tracks if one.role == role), ())


def inside(score: Score, section: int) -> dict[str, list[Note]]:
    """Return each part's notes of a section."""
    quarters = METERS[score.meter].quarters
    span = next(one for one in score.sections if one.id == section)
    low, high = span.first_bar * quarters, (span.first_bar + span.bars) * quarters
    last = span is score.sections[-1]
    return {one.role: [note for note in one.notes if low - 0.06 <= note.start < high - 0.06 or last and note.start >= low]
            for one in score.tracks}


CASES = [(name, meter, loop, SECONDS[(place + 2 * loop + len(meter)) % len(SECONDS)])
         for place, name in enumerate(STYLES) for meter in ("4/4", "3/4", "6/8") for loop in (False, True)]


@pytest.mark.parametrize(("name", "meter", "loop", "seconds"), CASES)
def test_every_style_composes_in_every_meter_and_length(name, meter, loop, seconds):
    plan = plans(name, meter=meter, loop=loop, seconds=seconds, seed=5)[0]
    score = arrange.compose(plan)
    end = end_of(plan)
    assert score.bars == sum(section.bars for section in plan.sections)
    assert [one.role for one in score.tracks] and {one.role for one in score.tracks} == {one.role for one in plan.parts}
    for one in score.tracks:
        assert one.notes, f"{one.role} plays nothing"
        assert list(one.notes) == sorted(one.notes, key=lambda note: (note.start, note.pitch))
        for note in one.notes:
            assert 0 <= note.start < end and note.length > 0 and note.start + note.length <= end + 1e-4
            assert 1 <= note.velocity <= 127
    assert sum(chord.length for chord in score.chords) == pytest.approx(score.bars * METERS[meter].quarters)


@pytest.mark.parametrize("name", STYLES)
def test_parts_keep_to_their_instruments_range_and_leave_no_note_hanging(name):
    plan = plans(name, seconds=60.0, seed=2)[0]
    score = arrange.compose(plan)
    for one in score.tracks:
        if one.role in UNTUNED:
            continue
        player = vocabulary.instruments()[one.instrument]
        assert all(player.low <= note.pitch <= player.high for note in one.notes), one.role
        sounding: dict[int, float] = {}
        for note in one.notes:
            assert note.start >= sounding.get(note.pitch, 0.0) - 1e-6, f"{one.role}: {note} is struck while it sounds"
            sounding[note.pitch] = note.start + note.length


@pytest.mark.parametrize("name", STYLES)
def test_chords_make_no_mud(name):
    score = arrange.compose(plans(name, seconds=30.0, seed=4)[0])
    for role in ("chords", "pad"):
        starts = itertools.groupby((note for note in track(score, role) if note.pitch < 48), key=lambda note: note.start)
        assert all(len({note.pitch for note in group}) <= 2 for _, group in starts)


@pytest.mark.parametrize("name", STYLES)
def test_melodies_stay_in_the_scale_of_their_chords(name):
    score = arrange.compose(plans(name, seconds=60.0, seed=3)[0])
    long = [note for note in track(score, "melody") if note.length > 0.3]
    fitting = 0
    for note in long:
        chord = next(one for one in reversed(score.chords) if one.start <= note.start + 0.1)
        fitting += note.pitch % 12 in chord_scale(score.tonic, score.mode, pitch_classes(chord.root, chord.intervals))
    assert fitting >= 0.95 * len(long)


@pytest.mark.parametrize("name", STYLES)
def test_the_same_plan_gives_the_same_notes(name):
    plan = plans(name, seed=11)[0]
    assert arrange.compose(plan) == arrange.compose(plan)


@pytest.mark.parametrize("name", STYLES)
def test_every_part_is_heard_in_half_of_the_piece(name):
    for seconds in (15.0, 60.0):
        plan = plans(name, seconds=seconds, seed=6)[0]
        score = arrange.compose(plan)
        for part in plan.parts:
            bars = sum(span.bars for span in score.sections if inside(score, span.id)[part.role])
            assert bars >= 0.5 * score.bars, (part, seconds)


def test_chosen_instruments_are_heard():
    plan = plans("pop", instruments=("violin", "harp", "flute"), seconds=60.0)[0]
    score = arrange.compose(plan)
    played = {one.instrument: one.notes for one in score.tracks}
    assert all(len(played[name]) >= 8 for name in ("violin", "harp", "flute"))


@pytest.mark.parametrize("name", ["pop", "jazz", "edm", "gugak", "orchestral", "blues"])
def test_a_section_made_anew_leaves_all_other_notes(name):
    plan = plans(name, seconds=60.0, seed=8)[0]
    target = plan.sections[len(plan.sections) // 2]
    anew = replace(plan, sections=tuple(replace(one, take=one.take + (one.id == target.id)) for one in plan.sections))
    before, after = arrange.compose(plan), arrange.compose(anew)
    for section in plan.sections:
        same = inside(before, section.id) == inside(after, section.id)
        assert same == (section.id != target.id), section.name


@pytest.mark.parametrize("name", ["pop", "jazz", "edm", "gugak", "orchestral", "blues"])
def test_a_part_made_anew_leaves_all_other_parts(name):
    plan = plans(name, seconds=60.0, seed=8)[0]
    anew = replace(plan, parts=tuple(replace(one, take=one.take + (one.role == "melody")) for one in plan.parts))
    before, after = arrange.compose(plan), arrange.compose(anew)
    for one, other in zip(before.tracks, after.tracks, strict=True):
        assert (one == other) == (one.role != "melody"), one.role


@pytest.mark.parametrize("name", ["pop", "new_age", "edm"])
def test_another_instrument_leaves_all_other_parts(name):
    plan = plans(name, seconds=30.0, seed=8)[0]
    other = "cello" if plan.part("melody").instrument != "cello" else "flute"
    changed = replace(plan, parts=tuple(replace(one, instrument=other) if one.role == "melody" else one
                                        for one in plan.parts))
    before, after = arrange.compose(plan), arrange.compose(changed)
    for one, two in zip(before.tracks, after.tracks, strict=True):
        assert (one == two) == (one.role != "melody")
    assert [note.start for note in track(before, "melody")] == pytest.approx(
        [note.start for note in track(after, "melody")])


@pytest.mark.parametrize("name", STYLES)
@pytest.mark.parametrize("loop", [False, True])
def test_a_longer_piece_keeps_every_section_it_had(name, loop):
    plan = plans(name, seconds=30.0, seed=8, loop=loop)[0]
    longer = editing.lengthen(plan, 75.0)
    before, after = arrange.compose(plan), arrange.compose(longer)
    for section in plan.sections[:-1]:
        assert inside(before, section.id) == inside(after, section.id), section.name
    last = plan.sections[-1].id
    shift = (after.bars - before.bars) * METERS[plan.meter].quarters
    old, new = inside(before, last), inside(after, last)
    for role, notes in old.items():
        was = sorted((round(note.start + shift, 1), note.pitch) for note in notes)
        now = sorted((round(note.start, 1), note.pitch) for note in new[role])
        assert len(was) == len(now)
        for (at, pitch), (then, other) in zip(was, now, strict=True):
            assert pitch == other and abs(at - then) < 0.11, role


def test_energy_changes_layers_and_touch_but_not_chords_and_melody():
    plan = plans("pop", seconds=60.0, seed=9)[0]
    quiet = replace(plan, sections=tuple(replace(one, energy=one.energy * 0.6) for one in plan.sections))
    before, after = arrange.compose(plan), arrange.compose(quiet)
    assert before.chords == after.chords
    tune, softer = track(before, "melody"), track(after, "melody")
    common = {(round(note.start, 6), note.pitch) for note in tune} & {(round(note.start, 6), note.pitch) for note in softer}
    assert len(common) == min(len(tune), len(softer))
    assert np.mean([note.velocity for note in softer]) < np.mean([note.velocity for note in tune]) - 3
    assert sum(len(one.notes) for one in after.tracks) < sum(len(one.notes) for one in before.tracks)


def test_lively_sections_are_fuller_than_calm_ones():
    for name in ("pop", "rock", "disco", "orchestral"):
        plan = replace(plans(name, seconds=60.0, seed=4)[0], feel=Feel())
        calm, lively = Section(1, "verse", 8, 0.2), Section(2, "chorus", 8, 0.95)
        score = arrange.compose(replace(plan, sections=(calm, lively)))
        counts = [sum(len(notes) for notes in inside(score, number).values()) for number in (1, 2)]
        assert counts[1] > 1.3 * counts[0], name


def test_builds_grow_and_endings_fade():
    plan = replace(plans("edm", seconds=60.0, seed=4)[0], loop=False)
    form = (Section(1, "build", 8, 0.6), Section(2, "drop", 8, 0.9), Section(3, "outro", 8, 0.6))
    score = arrange.compose(replace(plan, sections=form, seconds=24 * 4 * 60 / plan.bpm))
    for number, grows in ((1, True), (3, False)):
        notes = sorted(inside(score, number)["chords"], key=lambda note: note.start)
        third = len(notes) // 3
        early, late = (np.mean([note.velocity for note in part]) for part in (notes[:third], notes[-third:]))
        assert (late > early) == grows and abs(late - early) > 3


def test_an_introduction_is_without_the_melody():
    plan = plans("pop", seconds=60.0, seed=4)[0]
    score = arrange.compose(replace(plan, sections=(Section(1, "intro", 4, 0.4), Section(2, "verse", 8, 0.6),
                                                    Section(3, "outro", 4, 0.4))))
    assert not inside(score, 1)["melody"] and inside(score, 2)["melody"]


@pytest.mark.parametrize("name", STYLES)
def test_a_piece_with_an_ending_rings_out_on_its_tonic(name):
    plan = plans(name, seconds=30.0, seed=12)[0]
    score = arrange.compose(plan)
    last = (score.bars - 1) * METERS[plan.meter].quarters
    tuned = [one for one in score.tracks if one.role not in UNTUNED]
    starts = [note for one in tuned for note in one.notes if note.start > last + 0.3]
    assert not starts, "nothing new begins after the last chord"
    ringing = [note for one in tuned for note in one.notes if note.start + note.length >= end_of(plan) - 0.05]
    assert ringing and (plan.tonic in {note.pitch % 12 for note in ringing})
    tune = [note for note in track(score, "melody") if note.start + note.length >= end_of(plan) - 0.05]
    assert [note.pitch % 12 for note in tune] in ([], [plan.tonic]), "no grace note hangs"


@pytest.mark.parametrize("name", STYLES)
def test_a_loop_begins_on_the_beat_and_nothing_starts_at_its_end(name):
    plan = plans(name, seconds=15.0, loop=True, seed=3)[0]
    score = arrange.compose(plan)
    end = score.bars * METERS[plan.meter].quarters
    assert min(note.start for one in score.tracks for note in one.notes) < 0.6
    assert max(note.start for one in score.tracks for note in one.notes) < end


@pytest.mark.parametrize("name", STYLES)
def test_four_variants_differ_in_notes_and_times(name):
    scores = [arrange.compose(plan) for plan in plans(name, variants=4, seconds=30.0, seed=20)]
    chromas, onsets = [], []
    for score in scores:
        chroma = np.zeros(12)
        for one in score.tracks:
            for note in one.notes if one.role not in UNTUNED else ():
                chroma[note.pitch % 12] += note.length
        chromas.append(chroma / np.linalg.norm(chroma))
        onsets.append({round(note.start * score.quarter_s, 2) for one in score.tracks for note in one.notes
                       if one.role not in UNTUNED})
    for one, other in itertools.combinations(range(4), 2):
        assert chromas[one] @ chromas[other] < 0.99
        common = len(onsets[one] & onsets[other]) / len(onsets[one] | onsets[other])
        assert common < 0.9


def test_the_beat_is_plain_without_drums():
    for name in ("new_age", "orchestral", "acoustic", "folk"):
        plan = plans(name, seconds=30.0, moods=("calm",), seed=2)[0]
        bare = replace(plan, parts=tuple(part for part in plan.parts if part.role not in UNTUNED))
        score = arrange.compose(bare)
        meter = METERS[plan.meter]
        starts = {round(note.start / meter.beat, 1) for one in score.tracks for note in one.notes}
        beats = (score.bars - 1) * meter.beats
        struck = sum(1 for beat in range(beats) if any(abs(start - beat) <= 0.1 for start in starts))
        assert struck >= 0.9 * beats, name


def test_a_minute_is_composed_quickly():
    made = [plans(name, seconds=60.0)[0] for name in STYLES]
    arrange.compose(made[0])
    start = time.process_time()
    for plan in made:
        arrange.compose(plan)
    assert (time.process_time() - start) / len(made) < 0.25


def test_voices_are_those_of_style_and_instrument():
    edm = arrange.compose(plans("edm")[0])
    voices = {one.role: one.voice for one in edm.tracks}
    assert voices["drums"] == style("edm").kit and voices["bass"] == style("edm").bass_voice
    harp = arrange.compose(plans("pop", instruments=("harp",))[0])
    assert "gm:46" in {one.voice for one in harp.tracks}


def test_a_loop_begins_softly_where_the_instrument_begins_sharply():
    plan = plans("children", seconds=24.0, seed=3, loop=True, instruments=("glockenspiel",))[0]
    other = replace(plan, parts=tuple(replace(part, instrument="violin") if part.role == "melody" else part for part in plan.parts))
    for loop in (plan, other):  # the same touch, but for the loop's seam
        ending = arrange.compose(replace(loop, loop=False))
        first = {note.pitch: note.velocity for note in track(ending, "melody") if note.start < 0.1}
        soft = {note.pitch: note.velocity for note in track(arrange.compose(loop), "melody") if note.start < 0.1}
        share = arrange.SOFT_STRUCK if loop is plan else arrange.SOFT
        assert soft and soft == {pitch: pytest.approx(share * velocity, abs=1) for pitch, velocity in first.items()}
