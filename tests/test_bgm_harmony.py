"""Chords of whole pieces: the tonic at start and close, sections of a kind alike, loops that lead home."""

from __future__ import annotations

from dataclasses import replace

import pytest

from music import harmony
from music.plan import Part, Plan, Section
from music.score import METERS
from music.style import STYLES, style
from music.theory import roman
from music.wish import MODES, Feel

FORM = (Section(1, "intro", 4, 0.3), Section(2, "verse", 8, 0.5), Section(3, "chorus", 8, 0.9),
        Section(4, "verse", 8, 0.5), Section(5, "bridge", 4, 0.6), Section(6, "outro", 4, 0.4))


def plan(name: str = "pop", mode: str = "major", loop: bool = False, **changes) -> Plan:
    base = Plan(name, name, (), 2, mode, "4/4", 100.0, 0.0, FORM, (Part("chords", "piano"),), loop,
                36 * 2.4 if loop else 36 * 2.4 + 1, -14.0, 7, Feel())
    return replace(base, **changes)


def chords(piece: Plan):
    return harmony.passages(piece, style(piece.style))


@pytest.mark.parametrize("name", STYLES)
@pytest.mark.parametrize("mode", MODES)
def test_a_piece_begins_and_ends_on_its_tonic(name, mode):
    found = chords(plan(name, mode))
    assert found[0].chords[0].root == 2
    assert found[-1].chords[-1].root == 2
    assert found[-1].chords[-1].length == 4.0, "the tonic has the whole last bar"


@pytest.mark.parametrize("bars", [1, 2, 3, 5])
def test_korean_modes_close_on_their_tonic_after_any_bars(bars):
    for mode in ("pyeongjo", "gyemyeonjo"):
        found = chords(plan("gugak", mode, sections=(*FORM[:2], Section(6, "outro", bars, 0.4))))
        assert found[-1].chords[-1].root == 2


@pytest.mark.parametrize("name", STYLES)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("meter", METERS)
def test_chords_follow_each_other_without_a_gap(name, mode, meter):
    for passage in chords(plan(name, mode, meter=meter)):
        at = 0.0
        for chord in passage.chords:
            assert chord.start == pytest.approx(at) and chord.length > 0
            at += chord.length
        assert at == pytest.approx(passage.section.bars * METERS[meter].quarters)


@pytest.mark.parametrize("name", ["jazz", "folk", "orchestral", "children", "blues", "lofi"])
@pytest.mark.parametrize("mode", ["major", "minor", "mixolydian", "phrygian"])
def test_a_loop_ends_on_a_chord_that_leads_home(name, mode):
    last = chords(plan(name, mode, loop=True))[-1].chords[-1]
    assert (last.root - 2) % 12 in (7, 10, 11, 1)


def test_the_last_cadence_is_a_dominant_and_the_tonic():
    before, last = chords(plan("folk"))[-1].chords[-2:]
    assert ((before.root - 2) % 12, (last.root - 2) % 12) == (7, 0)


def test_sections_of_a_kind_share_their_chords():
    found = chords(plan(loop=True))
    assert [one.root for one in found[1].chords[:4]] == [one.root for one in found[3].chords[:4]]
    pop = {tuple(chord.root for chord in passage.chords[:4]) for passage in found}
    assert len(pop) > 1, "verse, chorus and bridge do not all have the same chords"


def test_energy_does_not_touch_the_chords():
    quiet = tuple(replace(section, energy=0.1) for section in FORM)
    assert [one.chords for one in chords(plan())] == [one.chords for one in chords(plan(sections=quiet))]


def test_a_section_made_anew_leaves_the_others():
    anew = tuple(replace(section, take=section.take + (section.id == 3)) for section in FORM)
    before, after = chords(plan(seed=3)), chords(plan(seed=3, sections=anew))
    assert [one.chords for one in before if one.section.id != 3] == [one.chords for one in after if one.section.id != 3]


def test_keys_move_everything_alike():
    low, high = chords(plan(tonic=0)), chords(plan(tonic=5))
    for one, other in zip(low, high, strict=True):
        assert [(chord.root + 5) % 12 for chord in one.chords] == [chord.root for chord in other.chords]


def test_names_of_sections_are_understood():
    assert [harmony.kind(name) for name in ("intro", "verse", "chorus", "bridge", "drop", "break", "a", "b", "c")] == [
        "a", "a", "b", "c", "b", "c", "a", "b", "c"]


@pytest.mark.parametrize("length", [1, 2, 3])
def test_very_short_pieces_have_chords(length):
    for loop in (True, False):
        found = chords(plan(sections=(Section(1, "verse", length, 0.5),), loop=loop))
        assert found[0].chords[0].root == 2


def test_two_chords_share_a_bar_on_its_beats():
    starts, lengths = harmony._shares(3.0, 1.0, 2)
    assert starts == [0.0, 2.0] and lengths == [2.0, 1.0]
    assert harmony._shares(3.0, 1.5, 2) == ([0.0, 1.5], [1.5, 1.5])
    assert roman("I", 2, "major")[0] == 2
