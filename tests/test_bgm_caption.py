"""Captions of background music: their form, and that reading gives back what was written."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from music.caption import Read, caption, read
from music.vocabulary import KINDS, entries, names_of
from support.errors import NotFound

LANGUAGES = ("ko", "en")


def test_the_form_in_english():
    text = caption(("pop", "jazz"), ("happy", "calm"), ("piano", "bass", "flute"), 120, "en")
    assert text == "Happy, calm, pop, jazz, with Piano, Bass, and Flute, etc, 120 BPM"


def test_the_form_in_korean():
    text = caption(("pop", "jazz"), ("happy", "calm"), ("piano", "bass", "flute"), 120.0, "ko")
    assert text == "행복한, 차분한, 팝, 재즈, 피아노, 베이스, 플루트 등, 120 BPM"


def test_one_and_two_instruments_textures_and_words_of_tempo():
    assert caption((), (), ("piano",), "slow", "en") == "with Piano, etc, slow tempo"
    assert caption((), (), ("drums", "bass"), "fast", "en", textures=("rain",)) == (
        "with Drum and Bass, etc, rain, fast tempo")
    assert caption((), (), ("piano",), "medium", "ko", ("브이로그",), ("waves",)) == "브이로그, 피아노 등, 파도 소리, 보통 템포"


def test_proper_names_and_abbreviations_keep_their_letters():
    text = caption(("k_pop", "edm", "rnb", "uk_garage", "latin_jazz", "gugak", "post_rock"), ("free_spirited",), (), 92.5,
                   "en")
    assert text == "Free-spirited, K-pop, EDM, R&B, UK garage, Latin jazz, Korean traditional music, post-rock, 92.5 BPM"


def test_nothing_is_nothing():
    assert caption((), (), (), "auto", "ko") == caption((), (), (), lang="en", keywords=("  ", '"')) == ""
    assert read("") == read(" , ,\n") == Read()


def test_an_unknown_id_is_refused():
    with pytest.raises(NotFound):
        caption(("dwelling",), (), (), "auto", "en")


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_entry_is_read_back(kind, lang):
    for name in entries(kind):
        chosen = {"genres": (), "moods": (), "instruments": (), kind: (name,)}
        assert read(caption(**chosen, tempo=92.25, lang=lang)) == Read(**{kind: (name,)}, tempo=92.25), name


@pytest.mark.parametrize("kind", KINDS)
def test_every_alias_is_read(kind):
    for name, one in entries(kind).items():
        for said in names_of(one):
            assert read(said) == Read(**{kind: (name,)}), said


def some(kind, most=6):
    return st.lists(st.sampled_from(sorted(entries(kind))), max_size=most, unique=True).map(tuple)


TEMPOS = st.one_of(st.sampled_from(["auto", "slow", "medium", "fast"]), st.integers(40, 220).map(float),
                   st.integers(4000, 22000).map(lambda cents: cents / 100))
KEYWORDS = st.lists(st.text(max_size=30), max_size=3)


@settings(max_examples=150, deadline=None)
@given(some("genres"), some("moods"), some("instruments"), some("textures", 3), TEMPOS, KEYWORDS,
       st.sampled_from(LANGUAGES))
def test_whatever_is_chosen_is_read_back(genres, moods, instruments, textures, tempo, keywords, lang):
    kept = tuple(dict.fromkeys(" ".join(word.translate(dict.fromkeys(map(ord, '"“”'), " ")).split())
                               for word in keywords))
    text = caption(genres, moods, instruments, tempo, lang, keywords, textures)
    assert read(text) == Read(genres, moods, instruments, textures, None if tempo == "auto" else tempo,
                              tuple(word for word in kept if word))


@settings(max_examples=60, deadline=None)
@given(some("genres"), some("moods"), some("instruments"), st.sampled_from(LANGUAGES), st.randoms())
def test_order_does_not_matter(genres, moods, instruments, lang, random):
    names = [(one.ko if lang == "ko" else one.en) for kind, ids in
             (("genres", genres), ("moods", moods), ("instruments", instruments)) for one in map(entries(kind).get, ids)]
    random.shuffle(names)
    found = read(", ".join(names).upper())
    assert (set(found.genres), set(found.moods), set(found.instruments), found.keywords) == (
        set(genres), set(moods), set(instruments), ())


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200))
def test_any_text_can_be_read(text):
    found = read(text)
    assert all(word.strip() for word in found.keywords)
    assert set(found.genres) <= set(entries("genres"))


@pytest.mark.parametrize(("text", "said"), [
    ("느린 재즈 피아노", Read(("jazz",), (), ("piano",), (), "slow")),
    ("Slow happy lofi with pianos and drum, 90bpm", Read(("lofi",), ("happy",), ("piano", "drums"), (), 90.0)),
    ("차분하고 슬픈 피아노와 첼로로 연주하는 90bpm 로우파이 음악", Read(("lofi",), ("calm", "sad"), ("piano", "cello"), (), 90.0)),
    ("외롭고 평화로우면서 어둡게, 템포 80", Read((), ("lonely", "peaceful", "dark"), (), (), 80.0)),
    ("tempo: 100.5 EDM으로", Read(("edm",), tempo=100.5)),
    ("120 BPM, fast", Read(tempo=120.0)),
    ("빠르게", Read(tempo="fast")),
    ("비 오는 밤 재즈", Read(("jazz",), textures=("rain",), keywords=("밤",))),
    ("rainy night in Seoul, drum and bass", Read(("drum_and_bass",), keywords=("rainy night in Seoul",))),
    ("with Drum and Bass, etc", Read(instruments=("drums", "bass"))),
    ("acoustic, acoustic guitar, bass, double bass, jazz, acid jazz",
     Read(("acoustic", "jazz", "acid_jazz"), instruments=("acoustic_guitar", "bass", "double_bass"))),
    ("드럼 앤 베이스, 드럼, 베이스", Read(("drum_and_bass",), instruments=("drums", "bass"))),
    ("펑크", Read(("punk_rock",))), ("펑크 (Funk)", Read(("funk",))),
    ('sad, "happy birthday"', Read(moods=("sad",), keywords=("happy birthday",))),
    ("재즈, 재즈, jazz", Read(("jazz",)))])
def test_edited_captions(text, said):
    assert read(text) == said


@pytest.mark.parametrize(("text", "said"), [
    ("no drums, sad piano", Read(moods=("sad",), instruments=("piano",), keywords=("no drums",))),
    ("without drums but with piano", Read(instruments=("piano",), keywords=("without drums",))),
    ("드럼 없이 피아노만", Read(instruments=("piano",), keywords=("드럼 없이",))),
    ("드럼과 베이스없이 잔잔하게", Read(moods=("calm",), keywords=("드럼 베이스 없이",)))])
def test_what_is_not_wanted_is_not_chosen(text, said):
    assert read(text) == said


def test_a_keyword_that_is_a_word_of_ours_stands_in_quotes():
    text = caption((), ("sad",), (), "auto", "en", ("happy birthday", "vlog"))
    assert text == 'Sad, "happy birthday", vlog'
