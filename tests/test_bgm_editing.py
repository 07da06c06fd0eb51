"""Changes to plans of background music: what they are about changes, the rest stays as it was."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from music import editing
from music.arrange import compose
from music.lengths import bar_seconds
from music.planning import settle
from music.score import SAMPLE_RATE
from music.wish import Wish
from support.errors import DataError

PIECE = settle(Wish(genres=("pop",), seconds=60, tempo=120))[0][0]
LOOPS = {locks: settle(Wish(genres=("jazz",), seconds=30, tempo=97, loop=True, locks=locks))[0][0]
         for locks in ("bpm", "length")}
LOOP = settle(Wish(genres=("jazz",), seconds=30, tempo=100, loop=True))[0][0]


def bars(plan):
    return sum(section.bars for section in plan.sections)


def test_a_section_made_anew_is_the_next_take_of_itself():
    changed = editing.again(PIECE, PIECE.sections[1].id)
    assert [one.take for one in changed.sections] == [int(place == 1) for place in range(len(PIECE.sections))]
    assert replace(changed, sections=PIECE.sections) == PIECE
    assert editing.again(changed, PIECE.sections[1].id).sections[1].take == 2


def test_a_section_that_is_not_there():
    with pytest.raises(DataError) as caught:
        editing.again(PIECE, 99)
    assert caught.value.code == "bgm_wish.section" and "99" in caught.value.message("ko")


def test_one_instrument_changes_and_its_take_does_not():
    role = next(part.role for part in PIECE.parts if part.role == "chords")
    changed = editing.with_instrument(PIECE, role, "harp")
    assert changed.part(role).instrument == "harp" and changed.part(role).take == PIECE.part(role).take
    assert [part for part in changed.parts if part.role != role] == [part for part in PIECE.parts if part.role != role]
    assert changed.sections == PIECE.sections and changed.seed == PIECE.seed


def test_a_role_that_nothing_played_is_added_in_its_place():
    bare = replace(PIECE, parts=tuple(part for part in PIECE.parts if part.role != "melody"))
    changed = editing.with_instrument(bare, "melody", "flute")
    assert changed.part("melody").instrument == "flute" and len(changed.parts) == len(bare.parts) + 1


@pytest.mark.parametrize(("role", "instrument", "code"), [("chords", "pianoo", "unknown"), ("solo", "piano", "role"),
                                                          ("drums", "flute", "role_unfit"), ("melody", "drums", "role_unfit")])
def test_instruments_and_roles_that_do_not_fit(role, instrument, code):
    with pytest.raises(DataError) as caught:
        editing.with_instrument(PIECE, role, instrument)
    assert caught.value.code == f"bgm_wish.{code}" and "{" not in caught.value.message("ko")


def test_energy_goes_down_and_up_within_its_bounds():
    low = editing.lower_energy(PIECE)
    assert [one.energy for one in low.sections] == pytest.approx([max(0, one.energy - 0.25) for one in PIECE.sections])
    assert replace(low, sections=PIECE.sections) == PIECE
    assert {one.energy for one in editing.change_energy(PIECE, 1).sections} == {1.0}
    assert {one.energy for one in editing.change_energy(PIECE, -1).sections} == {0.0}
    for by in (1.5, float("nan")):
        with pytest.raises(DataError):
            editing.change_energy(PIECE, by)


def kept(before, after):
    """Return the sections of `after` that were there before; the new ones stand before the last."""
    known = {one.id for one in before.sections}
    new = [one for one in after.sections if one.id not in known]
    assert after.sections[-1] == before.sections[-1] and after.sections[len(before.sections) - 1:-1] == tuple(new)
    assert len({one.id for one in after.sections}) == len(after.sections)
    return [one for one in after.sections if one.id in known]


@settings(deadline=None)
@given(st.one_of(st.floats(60.5, 300), st.integers(61, 300).map(float)))
def test_a_longer_piece_is_exactly_so_long_and_keeps_every_section(seconds):
    longer = editing.lengthen(PIECE, seconds)
    rest = longer.seconds - bars(longer) * bar_seconds(longer.bpm, longer.meter)
    assert round(longer.seconds * SAMPLE_RATE) == round(seconds * SAMPLE_RATE) and longer.bpm == PIECE.bpm
    assert -1e-4 <= rest < bar_seconds(longer.bpm, longer.meter)
    assert kept(PIECE, longer) == list(PIECE.sections) and longer.parts == PIECE.parts


@settings(deadline=None)
@given(st.floats(30, 300, exclude_min=True), st.sampled_from(("bpm", "length")))
def test_a_longer_loop_is_whole_bars_at_the_same_tempo(seconds, locks):
    loop = LOOPS[locks]
    if round(seconds * SAMPLE_RATE) <= round(loop.seconds * SAMPLE_RATE):
        return
    longer = editing.lengthen(loop, seconds)
    exact = bars(longer) * bar_seconds(loop.bpm, loop.meter)
    assert longer.bpm == loop.bpm and bars(longer) > bars(loop)
    assert round(exact * SAMPLE_RATE) == round(longer.seconds * SAMPLE_RATE) <= 300 * SAMPLE_RATE
    assert abs(longer.seconds - seconds) <= bar_seconds(loop.bpm, loop.meter)
    assert kept(loop, longer) == list(loop.sections)


def test_new_sections_are_like_those_of_the_middle():
    longer = editing.lengthen(PIECE, 120)
    new = longer.sections[len(PIECE.sections) - 1:-1]
    assert sum(one.bars for one in new) == 30 and {one.name for one in new}.isdisjoint({"intro", "outro"})
    assert all(one.energy in {each.energy for each in PIECE.sections} for one in new)
    assert editing.lengthen(longer, 200).sections[:len(PIECE.sections) - 1] == PIECE.sections[:-1]


def test_a_cut_bar_becomes_whole():
    short = settle(Wish(genres=("pop",), seconds=5, tempo=40, meter="4/4"))[0][0]
    assert bars(short) == 1 and editing.lengthen(short, 5.5).sections == short.sections
    assert bars(editing.lengthen(short, 12)) == 2


@pytest.mark.parametrize(("seconds", "code"), [(60, "not_longer"), (30, "not_longer"), (301, "seconds"), (float("nan"), "seconds")])
def test_lengths_that_are_no_longer(seconds, code):
    with pytest.raises(DataError) as caught:
        editing.lengthen(PIECE, seconds)
    assert caught.value.code == f"bgm_wish.{code}" and "{" not in caught.value.message("en")


def test_changes_follow_one_another():
    changed = editing.lower_energy(editing.with_instrument(editing.again(editing.lengthen(LOOP, 60), 1), "bass", "bass"), 0.1)
    assert changed.sections[0].take == 1 and changed.part("bass").instrument == "bass" and bars(changed) == 25


# --- heard in the notes ----------------------------------------------------------------------------------------------


def notes_of(plan):
    """Return the notes of each part in each section, from the section's start; a note just before it belongs to it."""
    score = compose(plan)
    bar, early = score.bar_s / score.quarter_s, 0.06 / score.quarter_s
    found = {(track.role, span.id): [] for track in score.tracks for span in score.sections}
    for track in score.tracks:
        for note in track.notes:
            span = [one for one in score.sections if one.first_bar * bar <= note.start + early][-1]
            found[track.role, span.id].append((round(note.start - span.first_bar * bar, 6), note.pitch, note.velocity))
    return {key: sorted(notes) for key, notes in found.items()}


def differing(before, after):
    return {key for key in before if before[key] != after.get(key)}


@pytest.mark.parametrize("genre", ["pop", "edm", "jazz", "gugak"])
@pytest.mark.parametrize("loop", [False, True])
def test_the_rest_stays_note_for_note(genre, loop):
    plan = settle(Wish(genres=(genre,), seconds=40, loop=loop, variants=1, seed=5))[0][0]
    before, number = notes_of(plan), plan.sections[1].id
    made_anew = differing(before, notes_of(editing.again(plan, number)))
    assert made_anew and {section for _, section in made_anew} == {number}
    other = "harp" if plan.part("chords").instrument != "harp" else "piano"
    assert {role for role, _ in differing(before, notes_of(editing.with_instrument(plan, "chords", other)))} <= {"chords"}
    assert differing(before, notes_of(editing.lower_energy(plan)))
    assert not differing(before, notes_of(editing.lengthen(plan, 75)))  # but for how long the last chord rings
