"""Words of background music: counts, one meaning a name, sane values, opposites both ways, search."""

from __future__ import annotations

import itertools
import math

import pytest

from music import vocabulary
from music.score import METERS, ROLES
from music.vocabulary import KINDS, STYLES, entries, find, fold, genres, instruments, moods, names_of, textures
from music.wish import MODES
from support.errors import DataError, NotFound

POPULAR = {
    "genres": {"acoustic": ("어쿠스틱", "Acoustic"), "blues": ("블루스", "Blues"), "dance": ("댄스", "Dance"),
               "disco": ("디스코", "Disco"), "edm": ("EDM", "EDM"), "folk": ("포크", "Folk"), "hip_hop": ("힙합", "Hip hop"),
               "jazz": ("재즈", "Jazz"), "gugak": ("국악", "Korean traditional music"), "lofi": ("로파이", "Lofi"),
               "children": ("어린이 음악", "Music for children"), "new_age": ("뉴에이지", "New Age"),
               "orchestral": ("오케스트라", "Orchestral"), "pop": ("팝", "Pop"), "rock": ("락", "Rock")},
    "instruments": {"acoustic_guitar": ("어쿠스틱 기타", "Acoustic Guitar"), "bass": ("베이스", "Bass"),
                    "cello": ("첼로", "Cello"), "drums": ("드럼", "Drum"),
                    "electric_guitar": ("일렉 기타", "Electric Guitar"), "flute": ("플루트", "Flute"),
                    "harp": ("하프", "Harp"), "marimba": ("마림바", "Marimba"), "piano": ("피아노", "Piano"),
                    "saxophone": ("색소폰", "Saxophone"), "strings": ("스트링", "Strings"),
                    "synthesizer": ("신디사이저", "Synthesizer"), "trumpet": ("트럼펫", "Trumpet"),
                    "ukulele": ("우쿨렐레", "Ukulele"), "violin": ("바이올린", "Violin")},
    "moods": {"angry": ("화난", "Angry"), "calm": ("차분한", "Calm"), "cheerful": ("발랄한", "Cheerful"),
              "dark": ("어두운", "Dark"), "dreamy": ("꿈꾸는 듯한", "Dreamy"), "energetic": ("에너제틱", "Energetic"),
              "happy": ("행복한", "Happy"), "lonely": ("외로운", "Lonely"), "love": ("사랑", "Love"),
              "mysterious": ("신비한", "Mysterious"), "party": ("파티", "Party"), "peaceful": ("평화로운", "Peaceful"),
              "sad": ("슬픔", "Sad"), "scary": ("무서운", "Scary"), "sentimental": ("감상적", "Sentimental")}}


@pytest.mark.parametrize("kind", POPULAR)
def test_the_popular_ones_come_first_as_they_were_given(kind):
    listed = list(entries(kind).values())
    assert {one.id: (one.ko, one.en) for one in listed[:15]} == POPULAR[kind]
    assert [one.popular for one in listed] == [True] * 15 + [False] * (len(listed) - 15)
    others = [one.en.casefold() for one in listed[15:]]
    assert others == sorted(others)


@pytest.mark.parametrize(("kind", "least"), [("genres", 105), ("instruments", 85), ("moods", 85), ("textures", 8)])
def test_there_are_enough(kind, least):
    assert len(entries(kind)) >= least


def test_textures_are_the_eight_that_are_made():
    assert set(textures()) == {"rain", "waves", "wind", "birds", "crickets", "fire", "vinyl", "stream"}


def test_every_name_means_one_thing():
    said: dict[str, set] = {}
    for kind in KINDS:
        for one in entries(kind).values():
            for name in names_of(one):
                said.setdefault(fold(name), set()).add((kind, one.id))
    assert {name: of for name, of in said.items() if len(of) > 1} == {}


@pytest.mark.parametrize("kind", KINDS)
def test_names_are_written_properly(kind):
    for name, one in entries(kind).items():
        assert one.id == name and name.isascii() and name == name.lower() and fold(name)
        assert one.en.isascii(), one
        assert all(text == " ".join(text.split()) and fold(text) for text in names_of(one)), one
        folded = [fold(alias) for alias in one.aliases]
        assert one.aliases and len(set(folded)) == len(folded), one
        assert not set(folded) & {fold(one.ko), fold(one.en)}, one
        hangul = any("가" <= char <= "힣" for char in one.ko)
        assert hangul or one.ko in ("EDM", "IDM", "CCM"), one


def test_genres_hold_together():
    for one in genres().values():
        slow, medium, fast = one.bpm
        assert one.style in STYLES and 40 <= slow < medium < fast <= 220, one
        assert one.swing is None or 0 <= one.swing <= 1, one
        assert one.meter is None or one.meter in METERS, one
        assert one.modes is None or set(one.modes) <= set(MODES) and sum(one.modes.values()) == pytest.approx(1), one
        for role, names in one.palette.items():
            assert role in ROLES, one
            assert all(role in instruments()[name].roles for name in names), (one.id, role)


def test_each_style_is_its_own_genre():
    assert [one.id for one in genres().values() if one.popular] == sorted(STYLES, key=list(genres()).index)
    assert all(genres()[style].style == style and not genres()[style].palette for style in STYLES)


@pytest.mark.parametrize(("name", "style", "least", "most"), [
    ("house", "dance", 115, 130), ("drum_and_bass", "edm", 160, 180), ("waltz", "orchestral", 80, 180),
    ("thrash_metal", "rock", 140, 220), ("ambient", "new_age", 40, 90), ("reggae", "pop", 60, 95),
    ("bossa_nova", "jazz", 100, 150), ("doom_metal", "rock", 45, 80)])
def test_known_genres(name, style, least, most):
    one = genres()[name]
    assert one.style == style and least <= one.bpm[0] and one.bpm[2] <= most


def test_instruments_hold_together():
    for one in instruments().values():
        assert one.family in vocabulary.FAMILIES and one.roles and set(one.roles) <= set(ROLES), one
        assert 0 <= one.low <= one.high <= 127 and len(set(one.roles)) == len(one.roles), one
        assert (one.program is None and one.kit) or 0 <= one.program <= 127, one
        assert one.kit or one.high - one.low >= 12, one
        assert not one.kit or set(one.roles) <= {"drums", "percussion"}, one
        assert not one.nearest or one.program is not None, one


@pytest.mark.parametrize(("name", "program", "low", "high"), [
    ("piano", 0, 21, 108), ("violin", 40, 55, 100), ("cello", 42, 36, 76), ("harpsichord", 6, 29, 89),
    ("timpani", 47, 40, 57), ("tuba", 58, 28, 58), ("sitar", 104, 48, 86)])
def test_known_instruments(name, program, low, high):
    one = instruments()[name]
    assert (one.program, one.low, one.high, one.nearest) == (program, low, high, False)


def test_korean_instruments_say_that_a_neighbour_plays():
    assert all(instruments()[name].nearest for name in ("gayageum", "geomungo", "haegeum", "daegeum", "piri", "ajaeng"))


def test_moods_hold_together():
    for one in moods().values():
        assert all(-1 <= value <= 1 for value in (one.valence, one.arousal, one.density, one.register, one.dynamics))
        assert one.major is None or 0 <= one.major <= 1
        assert (one.feel.valence, one.feel.arousal) == (one.valence, one.arousal)


def test_opposites_go_both_ways_and_lie_apart():
    pairs = [(one, moods()[one.opposite]) for one in moods().values() if one.opposite]
    assert len(pairs) >= 40
    for one, other in pairs:
        assert other.opposite == one.id and one is not other
        assert abs(one.valence - other.valence) + abs(one.arousal - other.arousal) >= 0.3, (one.id, other.id)


def test_the_quadrants_of_the_circumplex():
    quadrants = {(1, 1): "happy energetic cheerful party exciting", (1, -1): "calm peaceful relaxed content sleepy",
                 (-1, 1): "angry scary tense anxious aggressive", (-1, -1): "sad lonely gloomy melancholic empty"}
    for (valence, arousal), names in quadrants.items():
        for name in names.split():
            assert moods()[name].valence * valence > 0 and moods()[name].arousal * arousal > 0, name


@pytest.mark.parametrize(("name", "angle"), [
    ("exciting", 45), ("frustrated", 135), ("anxious", 135), ("gloomy", 225), ("sleepy", 270), ("relaxed", 315)])
def test_places_on_the_circle(name, angle):
    """Russell (1980): pleasure 0°, excitement 45°, arousal 90°, distress 135°, depression 225°, sleepiness 270°, relaxation 315°."""
    one = moods()[name]
    assert math.degrees(math.atan2(one.arousal, one.valence)) % 360 == pytest.approx(angle, abs=15)


def test_the_pairs_that_tags_are_checked_by():
    assert moods()["sad"].opposite == "happy" and moods()["calm"].opposite == "energetic"


def test_no_two_moods_feel_and_read_the_same():
    for one, other in itertools.combinations(moods().values(), 2):
        assert (one.feel, one.major) != (other.feel, other.major), (one.id, other.id)


@pytest.mark.parametrize(("kind", "text", "first"), [
    ("genres", "로우파이", "lofi"), ("genres", "lo-fi", "lofi"), ("genres", "hiphop", "hip_hop"), ("genres", "힢합", "hip_hop"),
    ("genres", "HOUSE", "house"), ("genres", "하우스", "house"), ("genres", "드럼앤베이스", "drum_and_bass"),
    ("genres", "dnb", "drum_and_bass"), ("genres", "훵크", "funk"), ("genres", "punk", "punk_rock"),
    ("genres", "록", "rock"), ("genres", "트롯", "trot"), ("genres", "사물", "samulnori"),
    ("instruments", "가야금", "gayageum"), ("instruments", "kayageum", "gayageum"), ("instruments", "섹소폰", "saxophone"),
    ("instruments", "우쿠렐레", "ukulele"), ("instruments", "fiddle", "violin"), ("instruments", "drums", "drums"),
    ("instruments", "더블 베이스", "double_bass"), ("moods", "슬픈", "sad"), ("moods", "몽환적인", "dreamy"),
    ("moods", "신나", "exciting"), ("moods", "epic", "epic"), ("textures", "바다 소리", "waves")])
def test_search(kind, text, first):
    assert find(kind, text)[0].id == first


def test_search_finds_parts_and_puts_whole_names_first():
    found = [one.id for one in find("genres", "하우스")]
    assert found[0] == "house" and {"deep_house", "tech_house", "tropical_house"} <= set(found)
    assert [one.id for one in find("instruments", "베이스")][0] == "bass"


def test_search_for_nothing_and_for_what_is_not_there():
    assert find("moods", "  ") == list(moods().values())
    assert find("moods", "!!") == find("genres", "qwzx") == []


def test_what_is_unknown_is_named():
    with pytest.raises(DataError) as kind:
        find("colours", "red")
    assert kind.value.code == "bgm_words.kind" and kind.value.values["kind"] == "colours"
    with pytest.raises(NotFound) as name:
        vocabulary.entry("genres", "dwelling")
    assert name.value.code == "bgm_words.entry" and "dwelling" in name.value.message("ko")


@pytest.mark.parametrize(("kind", "name", "ko", "en"), [
    ("genres", "house", "하우스", "House"), ("genres", "trap", "트랩", "Trap"), ("genres", "uk_garage", "UK 개러지", "UK Garage"),
    ("genres", "swing", "스윙", "Swing"), ("genres", "march", "행진곡", "March"), ("genres", "trance", "트랜스", "Trance"),
    ("genres", "math_rock", "매스 락", "Math Rock"), ("genres", "chamber_music", "실내악", "Chamber Music"),
    ("genres", "country", "컨트리", "Country"), ("genres", "acid_jazz", "애시드 재즈", "Acid Jazz"),
    ("genres", "drill", "드릴", "Drill"), ("genres", "emo", "이모 락", "Emo Rock"), ("instruments", "french_horn", "호른", "French Horn"),
    ("instruments", "triangle", "트라이앵글", "Triangle"), ("instruments", "recorder", "리코더", "Recorder"),
    ("moods", "cool", "쿨한", "Cool"), ("moods", "light", "가벼운", "Light"), ("moods", "touching", "감동적인", "Touching")])
def test_words_that_machines_mistranslate(kind, name, ko, en):
    assert (entries(kind)[name].ko, entries(kind)[name].en) == (ko, en)
