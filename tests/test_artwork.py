"""Thumbnails: what the letters keep to, whatever the title and the picture; what tags lead to; crops and cards."""

from __future__ import annotations

import io
import random
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy.ndimage import binary_dilation

import artwork
from artwork import BADGE, LAYOUTS, SIZE, Song
from moods.vocabulary import vocabulary
from painting import layouts
from painting.colour import contrast, luminance
from painting.fonts import FACES, face, file_of
from painting.layouts import lettered
from painting.script import clusters, leads_left, settable, visual
from painting.setting import FLOOR, fitted
from painting.tables import SEASONS, STYLES, TIMES, WEATHERS, palettes, scenes, tree

HANGUL = "비 오는 날 창가에서 듣는 잔잔한 피아노 새벽 감성 드라이브 플레이리스트 위로가 되는 노래 모음 퇴근길 지하철 여름밤 옥상 시티팝".split()
LATIN = "late night city pop summer Beach PARTY 2026 rainy jazz café playlist for the lonely drive vol.2 deep house & more".split()
OTHERS = ["שלום", "עולם", "مرحبا", "بالعالم", "Привет", "Καλημέρα", "夜の音楽", "ピアノ", "🎧", "🔥💜", "☀", "(live)", "#1", "—", "50%"]


def titles(count: int = 200) -> list[str]:
    """Return made-up titles of 1 to 80 characters: Korean, English, mixed with others, and single long words."""
    dice = random.Random(7)
    made = []
    for place in range(count):
        length = 1 + place * 80 // count
        words = (HANGUL, LATIN, HANGUL + LATIN, HANGUL + LATIN + OTHERS, OTHERS)[place % 5]
        text = "".join(dice.choices("가나다라마바사Wiom", k=length)) if place % 13 == 0 else ""
        while len(text) < length:
            text += " " * bool(text) + dice.choice(words)
        made.append(text[:length].strip() or "밤")
    return made


def decoded(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def plan(**changes):
    return replace(artwork.plan("밤", {"밤": 1.0}, 1), **changes)


@pytest.fixture(scope="module")
def hard() -> list[Image.Image]:
    """Return pictures that letters are hard to read on: white, mid-grey, stripes of both, noise, black."""
    dice = np.random.default_rng(3)
    stripes = np.tile(np.repeat(np.array([0, 255], np.uint8), 12), (720, 54))[:, :1280]
    noise = dice.integers(0, 256, (720, 1280, 3), np.uint8)
    return [Image.new("RGB", SIZE, "white"), Image.new("RGB", SIZE, (119, 119, 119)), Image.fromarray(stripes).convert("RGB"),
            Image.fromarray(noise), Image.new("RGB", SIZE, "black")]


# letters


@pytest.mark.parametrize("name", LAYOUTS)
def test_letters_stay_in_the_picture_off_the_badge_and_whole(name):
    layout = LAYOUTS[name]
    room = (layout.box[2] - layout.box[0], layouts._room(layout))
    for title in titles():
        text, _ = settable(layout.face, title)
        if not text:
            continue
        setting = fitted(text, layout.face, room, layout.largest, layout.most_lines)
        assert "".join("".join(setting.lines).split()) == "".join(text.split())
        kept = set(" ".join(setting.lines).split())
        wide = [word for word in text.split() if word not in kept and not any("぀" <= char <= "鿿" for char in word)]
        assert set(wide) <= set(setting.broken), f"{title!r} was cut"
        assert setting.size >= FLOOR, f"{title!r} is set in {setting.size}"
        sheet = Image.new("L", SIZE)
        layouts._write(sheet, setting, layout)
        left, top, right, bottom = sheet.getbbox()
        assert 0 < left and 0 < top and right < SIZE[0] and bottom < SIZE[1], f"{title!r} leaves the picture"
        assert right <= BADGE[0] or bottom <= BADGE[1], f"{title!r} covers the badge"


def test_only_words_wider_than_the_box_at_the_smallest_size_are_broken():
    whole = fitted("Donaudampfschifffahrtsgesellschaft 여행", "plain", (900, 300), 90, 3)
    assert whole.broken == () and "Donaudampfschifffahrtsgesellschaft" in " ".join(whole.lines).split()
    cut = fitted("W" * 80, "plain", (900, 300), 90, 3)
    assert cut.broken == ("W" * 80,) and "".join(cut.lines) == "W" * 80 and len({len(line) for line in cut.lines}) <= 2


def test_contrast_holds_on_the_pixels_around_the_letters(hard):
    """Measured anew on the finished picture: every pixel up to two from a letter against the ink."""
    for place, title in enumerate(titles()[::10]):
        name = list(LAYOUTS)[place % len(LAYOUTS)]
        text, _ = settable(LAYOUTS[name].face, title)
        if not text:
            continue
        found = lettered(hard[place % len(hard)], text, name, palettes()["noon_clear"])
        assert found.contrast >= artwork.LEAST
        sheet = Image.new("L", SIZE)
        layouts._write(sheet, found.setting, LAYOUTS[name])
        letters = np.asarray(sheet)
        near = binary_dilation(letters > 0, iterations=2) & (letters == 0)
        pixels = np.asarray(found.picture, float) / 255
        ink = luminance(np.median(pixels[letters == 255], axis=0))
        assert contrast(luminance(pixels[near]), ink).min() >= artwork.LEAST - 0.05, f"{title!r} on {name}"


def test_contrast_is_that_of_wcag():
    assert float(contrast(luminance([1, 1, 1]), luminance([0, 0, 0]))) == pytest.approx(21)
    grey = luminance(np.array([0x77] * 3) / 255)
    assert float(contrast(grey, luminance([1, 1, 1]))) == pytest.approx(4.478, abs=0.001)


def test_a_light_picture_keeps_its_light_where_dark_letters_do(hard):
    found = lettered(hard[0], "하얀 그림", "centre", palettes()["noon_clear"])
    assert np.asarray(found.picture).mean() > 225


def test_emoji_without_a_glyph_are_left_out_and_named_once():
    assert settable("heavy", "카페 🎷 재즈 🎷👩‍👩‍👧 ☀️") == ("카페 재즈 ☀", ("🎷", "👩‍👩‍👧"))
    thumb = artwork.thumbnail("🎧🔥🔥", plan())
    assert (thumb.left_out, thumb.lines, thumb.contrast, thumb.box, thumb.font_size) == (("🎧", "🔥"), (), None, None, 0)


def test_every_character_that_is_set_has_a_glyph():
    for title in titles():
        for name in FACES:
            text, left_out = settable(name, title)
            shown = visual(text, leads_left(text))
            assert all(any(font_has(font, char) for font in face(name)) for char in shown)
            assert not set(left_out) & set(clusters(text))


def font_has(font, char: str) -> bool:
    from fontTools.ttLib import TTFont

    if font not in _cmaps:
        _cmaps[font] = set(TTFont(str(file_of(font)), lazy=True).getBestCmap())
    return ord(char) in _cmaps[font]


_cmaps: dict = {}


def test_every_font_comes_with_an_installed_package():
    assert [font.path for fonts in FACES.values() for font in fonts if file_of(font) is None] == []


def test_decomposed_hangul_is_composed():
    assert settable("heavy", "\u1107\u1161\u11b7") == ("밤", ())


@pytest.mark.parametrize(("read", "leftward", "shown"), [
    ("abc", False, "abc"),
    ("שלום", True, "םולש"),
    ("שלום 2026", True, "2026 םולש"),
    ("abc שלום def", False, "abc םולש def"),
    ("שלום (אב)", True, "(בא) םולש"),
    ("سلام", True, "\ufee1\ufefc\ufeb3"),
    ("بيت", True, "\ufe96\ufef4\ufe91"),
    ("دار", True, "\ufead\ufe8d\ufea9"),
])
def test_right_to_left_text_is_joined_and_turned(read, leftward, shown):
    assert leads_left(read) is leftward
    assert visual(read, leftward) == shown


def test_chinese_and_japanese_break_between_characters_korean_at_blanks():
    assert len(fitted("夜の東京を歩く静かな時間", "plain", (300, 400), 90, 4).lines) > 1
    assert fitted("잔잔한 피아노", "plain", (300, 400), 200, 4).lines == ("잔잔한", "피아노")


# thumbnails


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_thumbnail_has_youtubes_size_and_stays_under_two_megabytes(kind):
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 256, (900, 1600, 3), np.uint8))
    thumb = artwork.thumbnail("가장 나쁜 그림", plan(layout="lower_left"), noise, kind)
    assert thumb.kind == "JPEG" and not thumb.painted  # noise as PNG would have 2.7 MB
    assert len(thumb.data) < artwork.MOST_BYTES and decoded(thumb.data).size == SIZE
    assert decoded(thumb.preview).size == (168, 94)


def test_png_is_given_where_it_fits():
    flat = Image.new("RGB", (1600, 900), "#204060")
    thumb = artwork.thumbnail("밤", plan(), flat, "PNG")
    assert thumb.kind == "PNG" and thumb.data.startswith(b"\x89PNG")
    with pytest.raises(ValueError, match="'GIF' is not known; choose 'JPEG' or 'PNG'"):
        artwork.thumbnail("밤", plan(), flat, "GIF")


def test_four_variants_differ_and_repeat_with_the_seed():
    tags = {"비오는날": 1.0, "밤": 0.8, "카페": 0.7}
    first = artwork.variants("비 오는 밤", tags, 4, 5)
    assert artwork.thumbnail("비 오는 밤", first[2].plan).data == first[2].data
    assert all(thumb.contrast >= artwork.LEAST and thumb.painted and len(thumb.data) < artwork.MOST_BYTES for thumb in first)
    small = [np.asarray(decoded(thumb.data).resize((32, 18)), float) for thumb in first]
    apart = [np.abs(one - two).mean() for place, one in enumerate(small) for two in small[:place]]
    assert min(apart) > 8  # of 255, mean over the picture


def test_how_many_variants_there_may_be():
    with pytest.raises(ValueError, match="0 variants: make 1 to 12"):
        artwork.variants("밤", {}, 0, 1)


# plans


def test_plans_of_one_title_differ_in_layout_and_in_scene_or_style():
    from painting.planning import planned

    for seed in range(40):
        plans = planned("퇴근길", {"출/퇴근길": 1.0, "저녁": 0.8}, 4, seed)
        assert plans == planned("퇴근길", {"출/퇴근길": 1.0, "저녁": 0.8}, 4, seed)
        assert len({each.layout for each in plans}) == 4
        assert len({(each.scene, each.style) for each in plans}) == 4
        assert len({each.seed for each in plans}) == 4


@pytest.mark.parametrize(("tag", "part", "value"), [
    ("해변", "scene", "sea"), ("카페", "scene", "cafe"), ("드라이브", "scene", "road"), ("밤", "time", "night"),
    ("새벽", "time", "dawn"), ("비오는날", "weather", "rain"), ("눈오는날", "season", "winter"), ("가을", "season", "autumn"),
    ("로파이", "style", "lofi")])
def test_tags_lead_to_what_they_say(tag, part, value):
    found = [getattr(artwork.plan(f"제목 {seed}", {tag: 1.0}, seed), part) for seed in range(60)]
    others = max((found.count(other) for other in set(found) - {value}), default=0)
    assert found.count(value) > others


def test_a_time_that_is_said_holds_for_all_variants():
    from painting.planning import planned

    assert {palettes()[each.palette].time for each in planned("x", {"밤": 1.0, "해변": 0.9}, 6, 3)} == {"night"}


def test_without_tags_everything_can_come():
    plans = [artwork.plan("제목", {}, seed) for seed in range(300)]
    assert {each.scene for each in plans} == set(scenes()) and {each.style for each in plans} == set(STYLES)
    assert {each.time for each in plans} == set(TIMES) and {each.weather for each in plans} == {"clear"}


def test_tables_name_only_what_there_is_and_every_tag_asks_for_a_scene():
    known = set(vocabulary().names)
    tables = tree()
    allowed = {"tag_scenes": scenes(), "tag_times": TIMES, "tag_palettes": palettes(), "tag_styles": STYLES}
    for table, names in allowed.items():
        assert set(tables[table]) <= known
        assert {name for row in tables[table].values() for name in row} <= set(names)
    assert set(tables["tag_scenes"]) == known
    assert set(tables["tag_weather"].values()) <= set(WEATHERS) and set(tables["tag_seasons"].values()) <= set(SEASONS)
    assert set(tables["tag_weather"]) | set(tables["tag_seasons"]) <= known
    assert {palette.time for palette in palettes().values()} == set(TIMES)


# painting


@pytest.mark.parametrize("scene", scenes())
def test_every_scene_is_painted_in_every_style_and_weather(scene):
    for place, style in enumerate(STYLES):
        names = list(palettes())
        picture = artwork.paint(scene, names[place * 4], style, place, (192, 108), WEATHERS[place % 5], SEASONS[place % 5])
        pixels = np.asarray(picture, float)
        assert picture.size == (192, 108) and picture.mode == "RGB"
        assert pixels.std() > 4, f"{scene} in {style} is nearly one colour"
        assert 3 < pixels.mean() < 252


def test_painting_repeats_with_the_seed_and_differs_without():
    one, same, other = (artwork.paint("sea", "night_blue", "painterly", seed, (192, 108)) for seed in (4, 4, 5))
    assert one.tobytes() == same.tobytes() != other.tobytes()


def test_night_is_darker_than_noon_and_rain_greyer_than_sun():
    def mean(*asked: str, weather: str = "clear") -> np.ndarray:
        return np.mean([np.asarray(artwork.paint(*asked, seed, (192, 108), weather), float).mean(axis=(0, 1)) for seed in range(3)], axis=0)

    assert mean("mountains", "night_blue", "poster").mean() < 0.5 * mean("mountains", "noon_clear", "poster").mean()
    sunny, rainy = mean("sky", "noon_clear", "poster"), mean("sky", "noon_clear", "poster", weather="rain")
    assert np.ptp(rainy) < 0.8 * np.ptp(sunny)


@pytest.mark.parametrize(("changes", "message"), [
    ({"scene": "moonbase"}, "scene 'moonbase' is not known; choose one of 'sea', 'mountains'"),
    ({"palette": "mud"}, "palette 'mud' is not known"), ({"style": "oil"}, "style 'oil' is not known"),
    ({"size": (20, 20)}, "each side is 64 to 4096"), ({"weather": "hail"}, "weather 'hail' is not known")])
def test_what_cannot_be_painted_is_said(changes, message):
    asked = {"scene": "sea", "palette": "noon_clear", "style": "poster", "seed": 1, "size": (192, 108)} | changes
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        artwork.paint(**asked)


@pytest.mark.parametrize("size", [(1000, 2000), (2000, 500), (640, 360), (300, 300)])
def test_a_crop_is_never_stretched(size):
    picture = Image.new("RGB", size, "black")
    radius = min(size) // 6
    middle = (size[0] // 2, size[1] // 2)
    ImageDraw.Draw(picture).ellipse((middle[0] - radius, middle[1] - radius, middle[0] + radius, middle[1] + radius), fill="white")
    found = artwork.cropped(picture)
    left, top, right, bottom = found.convert("L").point(lambda value: 255 * (value > 127)).getbbox()
    assert found.size == SIZE
    assert (right - left) / (bottom - top) == pytest.approx(1, abs=0.02)
    assert ((left + right) / 2, (top + bottom) / 2) == pytest.approx((640, 360), abs=4)


# cards


def rows(count: int) -> list[Song]:
    return [Song(f"노래 {place} " + "아주 긴 이름 " * (place % 12), "가수 " * (1 + place % 20), place / count, "잔잔한, 밤 " * (place % 15))
            for place in range(count)]


def test_a_card_is_a_tall_png_whose_margins_stay_free():
    picture = artwork.paint("sky", "sunset_pink", "poster", 1, (320, 180))
    data = artwork.card(picture, "비 오는 날 듣는 아주 긴 제목 " * 3, ["비오는날", "rainy day", "x" * 120, "🔥", *["잔잔한"] * 12], rows(30), "ko")
    shown = np.asarray(decoded(data), int)
    assert data.startswith(b"\x89PNG") and shown.shape[1] == 1080 and shown.shape[0] > 1920
    ground = shown[700, 4]
    for strip in (shown[700:, :20], shown[700:, -20:]):
        assert np.abs(strip - ground).max() <= 2


def test_a_card_grows_with_its_songs_and_stops_at_fifty():
    picture = Image.new("RGB", (160, 90), "#335577")
    heights = [decoded(artwork.card(picture, "밤", [], rows(count), "en")).height for count in (1, 50, 53)]
    assert heights[0] < heights[1] == heights[2]


def test_a_card_takes_a_thumbnails_bytes_and_no_title():
    thumb = artwork.thumbnail("밤", plan(), Image.new("RGB", (320, 180), "#335577"))
    assert decoded(artwork.card(thumb.data, "", ["밤"], [Song("노래", "가수")], "en")).width == 1080


def test_letters_a_card_cannot_set_are_marked_and_named():
    assert settable("plain", "夜に駆ける 🎵", "·")[0] == "夜に·ける"
    assert artwork.left_out("夜に駆ける", "駆 🎵") == ("駆", "🎵")
