"""Wishes of background music: what is refused, what is kept exactly, what variants may differ in."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import locales
from moods.embedders import DEFAULT, embedder
from moods.vocabulary import vocabulary as tag_vocabulary
from music import casting, feel, keywords, tempos, vocabulary
from music.checks import validate
from music.lengths import bar_seconds
from music.plan import as_json, from_json
from music.planning import ground_of, settle
from music.score import ROLES, SAMPLE_RATE
from music.style import STYLES, styles
from music.wish import BPM, CURVES, LOUDNESS, METERS_ASKED, MODES, SECONDS, TEMPOS, Feel, Wish
from support.errors import DataError

POP = Wish(genres=("pop",))
GENRES, MOODS, INSTRUMENTS = vocabulary.genres(), vocabulary.moods(), vocabulary.instruments()
POPULAR = [name for name, entry in INSTRUMENTS.items() if entry.popular]


def one(**values):
    plans, _ = settle(replace(POP, **values))
    return plans[0]


def codes(wish, **more):
    return [code.removeprefix("bgm.note.") for code, _ in settle(wish, **more)[1]]


# --- the door --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wish", [Wish(), Wish(keywords=("", "  ", "\n")), Wish(seconds=60, tempo=120, loop=True)])
def test_nothing_chosen_or_blank_is_refused(wish):
    with pytest.raises(DataError) as caught:
        settle(wish)
    assert caught.value.code == "bgm_wish.nothing"


@pytest.mark.parametrize("values", [{"genres": ("jazz",)}, {"instruments": ("piano",)}, {"moods": ("calm",)},
                                    {"textures": (next(iter(vocabulary.textures())),)}, {"keywords": ("비",)},
                                    {"feel": Feel(0.2)}])
def test_one_choice_of_any_kind_is_enough(values):
    assert len(settle(Wish(**values))[0]) == 4


@pytest.mark.parametrize(("code", "values"), [
    ("seconds", {"seconds": 4.99}), ("seconds", {"seconds": 300.5}), ("seconds", {"seconds": float("nan")}),
    ("bpm", {"tempo": 39.9}), ("bpm", {"tempo": 221}), ("tempo", {"tempo": "presto"}), ("tonic", {"tonic": 12}),
    ("mode", {"mode": "locrian"}), ("meter", {"meter": "5/4"}), ("locks", {"locks": "key"}),
    ("loudness", {"loudness": -10}), ("variants", {"variants": 0}), ("variants", {"variants": 9}),
    ("seed", {"seed": -1}), ("curve", {"energy": "zigzag"}), ("levels", {"energy": ()}), ("level", {"energy": (0.2, 1.2)}),
    ("feel", {"feel": Feel(valence=1.5)}), ("unknown", {"genres": ("house_music_",)}), ("unknown", {"moods": ("Sad!",)}),
    ("unknown", {"instruments": ("pianoo",)}), ("unknown", {"textures": ("rainn",)}),
    ("many", {"moods": tuple(itertools.islice(MOODS, 9))}), ("keywords", {"keywords": tuple(map(str, range(21)))}),
    ("keyword_long", {"keywords": ("가" * 101,)})])
def test_what_cannot_be_made_is_refused_with_what_can(code, values):
    with pytest.raises(DataError) as caught:
        validate(replace(POP, **values))
    assert caught.value.code == f"bgm_wish.{code}"
    for lang in ("ko", "en"):
        assert "{" not in caught.value.message(lang)


def test_an_unknown_id_names_the_likeliest():
    with pytest.raises(DataError) as caught:
        validate(replace(POP, instruments=("pianoo",)))
    assert "piano" in caught.value.message("en") and "악기" in caught.value.message("ko")


def test_a_wish_comes_back_plain():
    checked = validate(Wish(genres=("pop", "pop", "jazz"), keywords=("  밤   바다 ", "밤 바다", " "), seconds=30, tempo=100))
    assert checked.genres == ("pop", "jazz") and checked.keywords == ("밤 바다",)
    assert isinstance(checked.seconds, float) and checked.tempo == 100.0
    assert validate(checked) == checked


# --- what is fixed stays ---------------------------------------------------------------------------------------------

WISHES = st.builds(
    Wish, genres=st.lists(st.sampled_from(list(GENRES)), min_size=1, max_size=3).map(tuple),
    moods=st.lists(st.sampled_from(list(MOODS)), max_size=3).map(tuple),
    instruments=st.lists(st.sampled_from(list(INSTRUMENTS)), max_size=4, unique=True).map(tuple),
    seconds=st.one_of(st.floats(*SECONDS), st.sampled_from((15.0, 30.0, 60.0))),
    tempo=st.one_of(st.sampled_from(TEMPOS), st.floats(*BPM)), tonic=st.one_of(st.none(), st.integers(0, 11)),
    mode=st.sampled_from((None, *MODES)), meter=st.sampled_from((None, *METERS_ASKED)),
    energy=st.one_of(st.sampled_from(CURVES), st.lists(st.floats(0, 1), min_size=1, max_size=6).map(tuple)),
    loop=st.booleans(), locks=st.sampled_from(("bpm", "length")), loudness=st.sampled_from(LOUDNESS),
    variants=st.integers(1, 3), seed=st.integers(0, 2**32 - 1))


@settings(max_examples=120, deadline=None)
@given(WISHES)
def test_every_plan_keeps_what_was_fixed(wish):
    plans, notes = settle(wish)
    for plan in plans:
        bars = sum(section.bars for section in plan.sections)
        exact = bars * bar_seconds(plan.bpm, plan.meter)
        assert plan.genre == wish.genres[0] and plan.loop == wish.loop and plan.loudness == wish.loudness
        assert wish.tonic in (None, plan.tonic) and wish.mode in (None, plan.mode) and wish.meter in (None, plan.meter)
        assert plan.bpm == wish.tempo or isinstance(wish.tempo, str) or (wish.loop and wish.locks == "length")
        same_length = round(plan.seconds * SAMPLE_RATE) == round(wish.seconds * SAMPLE_RATE)
        if wish.loop:
            assert round(exact * SAMPLE_RATE) == round(plan.seconds * SAMPLE_RATE)
            assert same_length or wish.locks == "bpm" or BPM[0] == plan.bpm or bars == 1
        else:
            assert same_length and (0 <= plan.seconds - exact + 1e-4 < exact / bars + 1e-3 or bars == 1)
        assert len({part.role for part in plan.parts}) == len(plan.parts) >= 1
        assert {part.role for part in plan.parts} <= set(ROLES)
        seated = {part.instrument for part in plan.parts}
        left = {values["instrument"]["en"] for code, values in notes if code == "bgm.note.no_role"}
        without = any(code == "bgm.note.no_drums" for code, _ in notes)
        for name in wish.instruments:
            assert name in seated or INSTRUMENTS[name].en in left or (INSTRUMENTS[name].kit and without)
        assert from_json(json.loads(json.dumps(as_json(plan)))) == plan


@pytest.mark.parametrize("genre", STYLES)
@pytest.mark.parametrize("loop", [False, True])
def test_tempo_words_are_ranges_of_the_genre_and_all_variants_lie_in_them(genre, loop):
    for word, seconds in itertools.product(("slow", "medium", "fast"), (15, 30, 60)):
        low, high = tempos.bounds(GENRES[genre].bpm, word)
        plans, _ = settle(Wish(genres=(genre,), tempo=word, seconds=seconds, loop=loop, variants=8))
        assert all(low - 1e-6 <= plan.bpm <= high + 1e-6 for plan in plans), (word, seconds)


@pytest.mark.parametrize("genre", STYLES)
def test_slow_is_slower_than_medium_and_medium_than_fast(genre):
    means = [np.mean([plan.bpm for plan in settle(Wish(genres=(genre,), tempo=word, variants=8))[0]])
             for word in ("slow", "medium", "fast")]
    assert means[0] < means[1] < means[2]


def test_a_free_loop_keeps_its_length_and_fits_whole_bars():
    for genre, seconds in itertools.product((*STYLES, "deep_house", "drill", "sanjo"), (5, 15, 30, 60, 90)):
        for plan in settle(Wish(genres=(genre,), seconds=seconds, loop=True, variants=8))[0]:
            assert plan.seconds == seconds
            assert sum(one.bars for one in plan.sections) * bar_seconds(plan.bpm, plan.meter) == pytest.approx(seconds)


def test_the_same_wish_gives_the_same_plans_whatever_the_number_of_variants():
    assert settle(replace(POP, variants=8))[0][:3] == settle(replace(POP, variants=3))[0]
    assert settle(POP)[0] != settle(replace(POP, seed=2))[0]


@pytest.mark.parametrize("genre", STYLES)
def test_eight_variants_differ(genre):
    plans = settle(Wish(genres=(genre,), variants=8, seconds=60))[0]
    assert len({plan.seed for plan in plans}) == 8
    assert len({(plan.tonic, plan.mode) for plan in plans}) >= 7
    assert len({tuple((one.name, one.bars) for one in plan.sections) for plan in plans}) >= 3
    assert len({plan.parts for plan in plans}) >= 3
    fixed = settle(Wish(genres=(genre,), variants=8, seconds=60, tonic=2, mode="minor", tempo=90))[0]
    assert {(plan.tonic, plan.mode, plan.bpm) for plan in fixed} == {(2, "minor", 90.0)}


def test_short_pieces_take_a_metre_whose_bars_fit():
    for genre, word, seconds in itertools.product(STYLES, TEMPOS, (5, 10, 15)):
        for plan in settle(Wish(genres=(genre,), tempo=word, seconds=seconds, loop=True, variants=2))[0]:
            assert plan.seconds <= seconds * 1.5 and plan.meter in styles()[plan.style].meters


# --- feeling ---------------------------------------------------------------------------------------------------------


def test_a_feeling_is_the_mean_of_the_moods_and_the_texts_on_top():
    sad, calm = MOODS["sad"], MOODS["calm"]
    found = feel.feel_of((sad, calm))
    assert found.valence == pytest.approx((sad.valence + calm.valence) / 2)
    assert found.dynamics == pytest.approx((sad.dynamics + calm.dynamics) / 2)
    assert feel.feel_of((), Feel(0.3, -0.2)) == Feel(0.3, -0.2)
    assert feel.feel_of((sad,), Feel(valence=-1)).valence == -1 and feel.feel_of(()) == Feel()


@pytest.mark.parametrize("genre", [name for name in STYLES if styles()[name].tonal])
def test_sad_is_dark_and_happy_bright_in_every_genre(genre):
    dark = settle(Wish(genres=(genre,), moods=("sad",), variants=8))[0]
    bright = settle(Wish(genres=(genre,), moods=("happy",), variants=8))[0]
    assert all(feel.BRIGHT[plan.mode] < 0 for plan in dark) and all(feel.BRIGHT[plan.mode] > 0 for plan in bright)


def test_modes_without_a_feeling_follow_the_genre():
    drawn = Counter(settle(replace(POP, seed=seed, variants=1))[0][0].mode for seed in range(300))
    share = styles()["pop"].modes if GENRES["pop"].modes is None else GENRES["pop"].modes
    assert set(drawn) == set(share)
    assert all(drawn[mode] / 300 == pytest.approx(chance / sum(share.values()), abs=0.09) for mode, chance in share.items())


def test_modes_for_a_known_table():
    modes = {"major": 3.0, "mixolydian": 1.0, "minor": 1.0}
    assert feel.modes_for(modes, "pop", None) == pytest.approx({"major": 0.6, "mixolydian": 0.2, "minor": 0.2})
    assert feel.modes_for(modes, "pop", 0.9) == pytest.approx({"major": 0.75, "mixolydian": 0.25})
    assert feel.modes_for(modes, "pop", 0.0) == {"minor": 1.0} and feel.modes_for({"major": 1.0}, "pop", 0.1) == {"minor": 1.0}
    assert feel.modes_for(modes, "pop", 0.5) == pytest.approx({"major": 0.375, "mixolydian": 0.125, "minor": 0.5})
    assert feel.modes_for({"pyeongjo": 1.0}, "gugak", 0.1) == {"gyemyeonjo": 1.0}


@pytest.mark.parametrize("genre", STYLES)
def test_energetic_is_faster_and_louder_than_calm(genre):
    calm = settle(Wish(genres=(genre,), moods=("calm",), variants=8, seconds=60))[0]
    wild = settle(Wish(genres=(genre,), moods=("energetic",), variants=8, seconds=60))[0]
    assert np.mean([plan.bpm for plan in calm]) < np.mean([plan.bpm for plan in wild])
    loud = [np.mean([one.energy for plan in plans for one in plan.sections]) for plans in (calm, wild)]
    assert loud[0] + 0.1 < loud[1]


def test_without_a_genre_the_feeling_and_the_instruments_choose_one():
    def chosen(**values):
        return settle(Wish(**values))[0][0].style

    assert chosen(moods=("peaceful",)) == "new_age" and chosen(moods=("energetic",)) in ("edm", "dance", "rock")
    assert chosen(moods=("party",)) in ("dance", "disco", "edm", "pop")
    assert chosen(instruments=("gayageum",)) == "gugak" and chosen(moods=("calm",), instruments=("piano",)) != "gugak"
    assert chosen(moods=("scary",)) == "orchestral" and chosen(moods=("happy",)) == "pop" and chosen(moods=("cute",)) == "children"
    assert chosen(instruments=("piano",)) == "pop" and chosen(instruments=("distortion_guitar",)) == "rock"
    assert "genre" in codes(Wish(moods=("sad",))) and "genre" not in codes(POP)


def test_the_homes_of_an_instrument_share_it():
    for name in INSTRUMENTS:
        assert sum(feel.homes(name).values()) == pytest.approx(1.0) or not feel.homes(name)
    assert set(feel.homes("gayageum")) == {"gugak"} and len(feel.homes("piano")) > 5
    assert {name for names in feel._HOMES.values() for name in names} <= set(MOODS)


# --- several genres --------------------------------------------------------------------------------------------------


def test_the_first_genre_is_the_base_and_others_colour_it():
    alone, both = (ground_of(validate(Wish(genres=genres)), keywords.Heard()) for genres in (("pop",), ("pop", "jazz")))
    assert both.styles[0].id == "pop" and both.meter == alone.meter and both.modes == alone.modes
    assert alone.swing < both.swing < styles()["jazz"].swing
    assert alone.words == pytest.approx(GENRES["pop"].bpm)
    assert "base" in codes(Wish(genres=("pop", "jazz"))) and "base" not in codes(POP)
    of_jazz = {name for role in casting.COLOURED for name in styles()["jazz"].palette.get(role, ())}
    for plan in settle(Wish(genres=("pop", "jazz"), variants=8, seconds=60))[0]:
        assert {part.instrument for part in plan.parts} & of_jazz


# --- instruments -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("genre", STYLES)
def test_each_popular_instrument_is_heard_in_every_genre(genre):
    for name in POPULAR:
        plan = settle(Wish(genres=(genre,), instruments=(name,), variants=1))[0][0]
        assert name in {part.instrument for part in plan.parts}, name


@pytest.mark.parametrize("chosen", [*itertools.combinations(("piano", "bass", "drums", "violin", "flute"), 3),
                                    ("piano", "harp"), ("cello", "violin", "strings", "flute")])
def test_chosen_instruments_share_the_roles(chosen):
    plan = one(instruments=chosen)
    assert set(chosen) <= {part.instrument for part in plan.parts}
    assert len({part.instrument for part in plan.parts}) == len(plan.parts)
    assert [ROLES.index(part.role) for part in plan.parts] == sorted(ROLES.index(part.role) for part in plan.parts)


def test_first_roles_are_kept_where_they_do_not_clash():
    seats, left = casting.seat(("piano", "bass", "drums"), True)
    assert seats["bass"] == "bass" and seats["drums"] == "drums" and not left
    assert seats[INSTRUMENTS["piano"].roles[0]] == "piano"


def test_more_instruments_than_roles_leave_the_last_named_out_and_say_so():
    solo = [name for name, entry in INSTRUMENTS.items() if set(entry.roles) <= {"melody", "counter"}][:4]
    seats, left = casting.seat(tuple(solo), True)
    assert left and left == tuple(solo[len(solo) - len(left):])
    assert codes(replace(POP, instruments=tuple(solo))).count("no_role") == len(left)


def test_drums_where_the_style_has_none_are_left_out_and_said():
    assert casting.seat(("drums", "piano"), False) == ({INSTRUMENTS["piano"].roles[0]: "piano"}, ("drums",))


def test_a_quiet_piece_has_no_parts_that_only_loud_ones_have():
    quiet, loud = one(energy=(0.1,), seed=3), one(energy=(1.0,), seed=3)
    layers = styles()["pop"].layers
    assert all(layers[part.role] <= 0.1 for part in quiet.parts) and len(loud.parts) > len(quiet.parts)
    assert "drums" not in {part.role for part in quiet.parts} and "drums" in {part.role for part in loud.parts}


def test_instruments_played_by_a_neighbour_are_named():
    name = next(name for name, entry in INSTRUMENTS.items() if entry.nearest)
    notes = settle(replace(POP, instruments=(name,)))[1]
    assert ("bgm.note.nearest", {"instrument": {"ko": INSTRUMENTS[name].ko, "en": INSTRUMENTS[name].en}}) in notes


# --- keywords --------------------------------------------------------------------------------------------------------


def plane(texts):
    """Embed texts on fixed axes: each term has its own for all its names and for "like NAME", the rest share one."""
    names = {name: place for place, each in enumerate(keywords.names().values()) for name in each}
    rows = np.zeros((len(texts), len(keywords.names()) + 1), np.float32)
    for row, text in zip(rows, texts, strict=True):
        row[names.get(text.removeprefix("like "), -1)] = 1
    return rows


def test_keywords_by_name_need_no_model():
    heard = keywords.read(("Jazz", "슬픔", "피아노", "고양이", "calm Piano jazz"))
    assert heard.of("genres") == ("jazz",) and heard.of("instruments") == ("piano",) and heard.unknown == ("고양이",)
    assert [term for term in heard.terms if term[0] == "calm Piano jazz"] == [
        ("calm Piano jazz", "moods", "calm"), ("calm Piano jazz", "instruments", "piano"), ("calm Piano jazz", "genres", "jazz")]


def test_mood_tags_in_keywords_bring_moods_and_sounds():
    assert set(keywords.TAGS) | {"연주음악"} == set(tag_vocabulary().names)
    for terms in keywords.TAGS.values():
        for kind, name in (term.split(":") for term in terms):
            assert name in vocabulary.entries(kind), name
    heard = keywords.read(("비 오는 밤에", "night at the beach"))
    assert "rain" in heard.of("textures") and "waves" in heard.of("textures") and not heard.unknown
    assert "rain" in settle(Wish(keywords=("비 오는 밤에",)))[0][0].textures


def test_keywords_by_meaning():
    rows = keywords.nearest(("like " + MOODS["tense"].en,), plane)
    assert rows[0][:2] == ("moods", "tense") and rows[0][2] == pytest.approx(1.0, abs=1e-6)
    heard = keywords.read(("like Tense", "zzz"), plane)
    assert heard.of("moods") == ("tense",) and heard.unknown == ("zzz",)
    plans, notes = settle(Wish(keywords=("like Tense", "zzz")), plane)
    assert plans[0].moods == ("tense",)
    assert {"keyword_read", "keyword_unknown", "genre"} <= {code.removeprefix("bgm.note.") for code, _ in notes}


def test_the_shipped_vectors_hold_every_name():
    texts = {name for each in keywords.names().values() for name in each}
    assert not texts - set(keywords._shipped()), "run python tools/embed_bgm_words.py"
    assert "icence" in (keywords.SHIPPED / "CARD.md").read_text("utf-8")


def test_keywords_under_the_model_that_is_shipped():
    words = {"긴장감": "tense", "cyberpunk": "futuristic", "결혼식": "festive", "western cowboy": "spaghetti_western",
             "냉장고": None, "의자": None, "tax return": None, "보스전": None}
    heard = keywords.read(tuple(words), embedder(DEFAULT).embed)
    assert {word: name for word, _, name in heard.terms} == {word: name for word, name in words.items() if name}
    assert heard.unknown == tuple(word for word, name in words.items() if name is None)


# --- notes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("code", "values"), [
    ("loop_both", {"tempo": 120, "seconds": 30, "loop": True}),
    ("loop_bpm", {"tempo": 121, "seconds": 30, "loop": True}),
    ("loop_length", {"tempo": 121, "seconds": 30, "loop": True, "locks": "length"}),
    ("loop_fits", {"seconds": 30, "loop": True}), ("ending", {"seconds": 30}),
    ("loop_word", {"tempo": "slow", "seconds": 5, "loop": True}),
    ("loop_moved", {"tempo": "slow", "seconds": 5, "loop": True, "locks": "length"}),
    ("full", {"seconds": 60, "tempo": 120}),
    ("cut", {"tempo": 40, "seconds": 5, "meter": "4/4"}), ("opposite", {"moods": ("happy", "sad")})])
def test_what_is_said_before_anything_runs(code, values):
    assert code in codes(replace(POP, **values))


def test_the_notes_of_a_loop_say_which_gives_way():
    (code, values), *_ = settle(replace(POP, tempo=95, seconds=60, loop=True))[1]
    assert (code, values["bpm"], values["bars"], values["seconds"]) == ("bgm.note.loop_bpm", "95", 24, "60.63")
    (code, values), *_ = settle(replace(POP, tempo=91, seconds=30, loop=True, locks="length"))[1]
    assert (code, values["bpm"], values["asked_bpm"], values["asked"]) == ("bgm.note.loop_length", "88", "91", "30")


@settings(max_examples=60, deadline=None)
@given(WISHES)
def test_every_note_reads_in_both_languages(wish):
    for code, values in settle(wish)[1]:
        for lang in ("ko", "en"):
            said = {name: value[lang] if isinstance(value, dict) else value for name, value in values.items()}
            assert "{" not in locales.t(lang, code, **said)
