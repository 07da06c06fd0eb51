"""The fifteen styles: complete, idiomatic progressions that read as chords, patterns that exist."""

from __future__ import annotations

import pytest

from music.score import METERS, ROLES
from music.style import STYLES, at, style, styles
from music.vocabulary import instruments
from music.wish import MODES
from support.errors import DataError

COMPING = set("block sustained pulse8 pulse16 offbeat stab strum strum16 fingerpick arpeggio_up arpeggio_wave alberti "
              "broken10 swing_comp charleston oompah boom_chick shuffle skank disco_chop pad tremolo ostinato "
              "gugak_drone gugak_pluck".split())
BASS = set("root root_fifth eighths pulse octaves disco walking two_feel shuffle syncopated sub808 offbeat_edm reese "
           "boom pedal arco gugak_drone".split())


def test_there_are_the_fifteen_popular_genres():
    assert len(styles()) == 15 and tuple(styles()) == STYLES


@pytest.mark.parametrize("name", STYLES)
def test_a_style_is_whole(name):
    one = style(name)
    assert set(one.meters) <= set(METERS) and {"4/4", "3/4", "6/8"} <= set(one.meters)
    assert set(one.comping) | set(one.pad) <= COMPING and set(one.bass) <= BASS
    assert set(one.palette) == set(one.layers) == set(one.level) == set(ROLES)
    assert all(0 <= energy <= 1 for energy in one.layers.values())
    assert all(0 <= share <= 1 for share in (one.swing, one.extensions, one.sidechain, one.reverb, one.width))
    assert all(part.weight > 0 and 0 <= part.energy <= 1 for part in one.form)
    assert sum(one.modes.values()) == pytest.approx(1) and set(one.modes) <= set(MODES)
    assert one.swing_unit in (0.25, 0.5)
    assert 0 <= one.humanise.timing <= 0.012


@pytest.mark.parametrize("name", STYLES)
@pytest.mark.parametrize("mode", MODES)
def test_every_progression_reads_and_makes_the_tonic_plain(name, mode):
    roman = pytest.importorskip("music.theory").roman
    for row in style(name).progressions_of(mode):
        bars = [[roman(numeral, 0, mode) for numeral in bar.split(",")] for bar in row.split()]
        assert 3 < len(bars) <= 12
        roots = [chord[0] for bar in bars for chord in bar]
        assert 0 in (roots[0], roots[-1])
        third = {3, 4} & {step for bar in bars for chord in bar if chord[0] == 0 for step in chord[2]}
        dark = mode not in ("major", "mixolydian", "lydian", "pyeongjo")
        assert third <= ({3} if dark else {4}), "the tonic chord is of the other gender"


@pytest.mark.parametrize("name", STYLES)
def test_modes_that_are_drawn_have_progressions_of_the_styles_own(name):
    one = style(name)
    assert {"major", "minor"} <= set(one.progressions)
    assert set(one.modes) - set(one.progressions) == set()


def test_styles_differ_in_what_makes_them():
    assert {style(name).kit for name in ("edm", "dance")} == {"synth:909"}
    assert style("hip_hop").kit == "synth:808" and style("lofi").kit == "synth:lofi"
    assert all(style(name).bass_voice.startswith("synth:") for name in ("edm", "dance", "hip_hop", "lofi"))
    assert style("blues").swing == 1 and style("jazz").swing > 0.5 and style("rock").swing == 0
    assert style("edm").sidechain > 0.5 and style("orchestral").sidechain == 0
    assert len({one.drums for one in styles().values()}) == 15


def test_every_instrument_of_a_palette_is_in_the_vocabulary():
    known = set(instruments())
    assert {name for one in styles().values() for names in one.palette.values() for name in names} <= known


def test_an_unknown_style_is_refused_by_name():
    with pytest.raises(DataError) as refused:
        style("polka")
    assert refused.value.code == "bgm_styles.unknown"


@pytest.mark.parametrize(("energy", "name"), [(0, "a"), (0.32, "a"), (0.34, "b"), (0.99, "c"), (1, "c"), (7, "c"), (-1, "a")])
def test_energy_picks_from_quiet_to_loud(energy, name):
    assert at(("a", "b", "c"), energy) == name
