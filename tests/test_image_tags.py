"""The local picture tagger: painted pictures with known answers, its weights and tables, real pictures where there are."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import tarfile
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

import image_tags
import locales
from image_tags import PictureTags, see, suggest
from moods.vocabulary import CATEGORIES, vocabulary
from seeing import head, links, network, scenes
from seeing.cues import cues_of
from seeing.training import fit_familiar, fit_painted, fit_weather
from support.errors import DataError

ROOT = Path(__file__).resolve().parent.parent
IMAGES = Path(os.environ.get("MIS_REAL_DATA") or ROOT.parent / "shared" / "data") / "images"
needs_wallpapers = pytest.mark.skipif(not (IMAGES / "debian_wallpapers_512px.tar").exists(),
                                      reason="no real pictures: set MIS_REAL_DATA")
needs_weather = pytest.mark.skipif(not (IMAGES / "weather6_256px.tar").exists(),
                                   reason="no real pictures: set MIS_REAL_DATA")


def gradient(top: tuple[int, int, int], bottom: tuple[int, int, int]) -> Image.Image:
    column = np.linspace(top, bottom, 200).astype(np.uint8)
    return Image.fromarray(np.repeat(column[:, None], 300, axis=1))


def lights_at_night() -> Image.Image:
    picture = Image.new("RGB", (300, 200), (8, 10, 22))
    draw = ImageDraw.Draw(picture)
    for number in range(40):
        x, y = (number * 73) % 290, 60 + (number * 37) % 120
        draw.rectangle([x, y, x + 4, y + 6], fill=(255, 220, 130))
    return picture


def names(result: PictureTags, category: str) -> list[str]:
    return [tag.tag for tag in result.of(category)]


def well_formed(result: PictureTags) -> None:
    """Check what must hold of any picture."""
    assert [CATEGORIES.index(tag.category) for tag in result.tags] == sorted(
        CATEGORIES.index(tag.category) for tag in result.tags)
    for category in CATEGORIES:
        tags = result.of(category)
        assert len(tags) <= 3
        assert [tag.confidence for tag in tags] == sorted((tag.confidence for tag in tags), reverse=True)
    for tag in result.tags:
        assert vocabulary().category_of(tag.tag) == tag.category
        assert 0 < tag.confidence <= 1
        assert tag.ground in ("seen", "inferred")
        assert locales.t("ko", f"image_tags.{tag.why}")
    assert len({tag.tag for tag in result.tags}) == len(result.tags)


def test_a_bright_blue_gradient_is_bright_cool_and_by_day():
    result = suggest(gradient((40, 120, 250), (200, 230, 255)))
    well_formed(result)
    assert {"밝은", "시원한"} <= set(names(result, "style"))
    assert names(result, "time")[0] == "오후"
    assert "밤" not in names(result, "time")


def test_lights_in_the_dark_are_night():
    result = suggest(lights_at_night())
    well_formed(result)
    assert names(result, "time")[0] == "밤"
    assert "어두운" in names(result, "style") or "매혹적인" in names(result, "style")
    assert "밝은" not in names(result, "style")


def test_a_warm_gradient_is_evening_and_warm():
    result = suggest(gradient((80, 40, 90), (255, 150, 40)))
    assert names(result, "time")[0] == "저녁"
    assert "따뜻한" in names(result, "style")
    assert "시원한" not in names(result, "style")


def test_white_is_winter_by_colour_only_and_not_snow():
    result = suggest(Image.new("RGB", (200, 150), "white"))
    assert names(result, "season") == ["겨울"]
    assert result.of("season")[0].ground == "inferred"
    assert result.of("weather") == ()


def test_flat_grey_gives_no_ground_for_time_weather_and_season():
    result = suggest(Image.new("RGB", (300, 200), (128, 128, 128)))
    well_formed(result)
    assert result.of("time") == result.of("weather") == result.of("season") == ()


@pytest.mark.parametrize("picture", [gradient((40, 120, 250), (200, 230, 255)), gradient((90, 90, 90), (200, 200, 200)),
                                     gradient((80, 40, 90), (255, 150, 40)), Image.new("RGB", (64, 64), "black")])
def test_a_painted_picture_has_no_weather(picture):
    result = suggest(picture)
    assert result.of("weather") == ()
    assert result.scenes[0].name == "graphic"


@pytest.mark.parametrize("picture", [Image.new("RGB", (1, 1), (20, 90, 200)), Image.new("RGB", (1, 900), "red"),
                                     Image.new("RGB", (900, 1), "green"), Image.new("L", (40, 30), 200),
                                     Image.new("1", (40, 30), 1), Image.new("P", (40, 30), 3),
                                     Image.new("LA", (40, 30), (200, 10)), Image.new("CMYK", (40, 30), (0, 90, 90, 0))])
def test_any_size_and_mode_is_taken(picture):
    well_formed(suggest(picture))


def test_what_is_transparent_counts_as_white():
    clear = Image.new("RGBA", (120, 90), (10, 20, 60, 0))
    assert suggest(clear) == suggest(Image.new("RGB", (120, 90), "white"))


def test_a_grey_picture_is_the_same_in_grey_and_in_colour():
    grey = gradient((30, 30, 30), (220, 220, 220))
    assert suggest(grey.convert("L")) == suggest(grey)


def test_the_same_picture_gives_the_same_tags_and_the_mirrored_one_nearly():
    picture = lights_at_night()
    assert suggest(picture) == suggest(picture.copy())
    here, there = see(picture), see(picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT))
    assert np.allclose(here.sight.features, there.sight.features, atol=1e-3)


def test_threads_do_not_disturb_each_other():
    pictures = [lights_at_night(), gradient((40, 120, 250), (200, 230, 255)), gradient((80, 40, 90), (255, 150, 40))]
    alone = [suggest(picture) for picture in pictures]
    found: dict[int, PictureTags] = {}

    def work(number: int) -> None:
        found[number] = suggest(pictures[number % 3])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [found[number] for number in range(9)] == alone * 3


def test_cues_of_plain_colours():
    red = cues_of(Image.new("RGB", (50, 50), (255, 0, 0)))
    assert red["brightness"] == pytest.approx(0.299, abs=1e-4)
    assert (red["red"], red["green"], red["saturation"], red["warmth"], red["contrast"]) == (1, 0, 1, 1, 0)
    blue = cues_of(Image.new("RGB", (50, 50), (0, 0, 255)))
    assert (blue["blue"], blue["warmth"], blue["dark"]) == (1, -1, 1)
    grey = cues_of(Image.new("RGB", (50, 50), (128, 128, 128)))
    assert (grey["colourfulness"], grey["saturation"], grey["warmth"], grey["detail"]) == (0, 0, 0, 0)
    board = np.indices((96, 96)).sum(axis=0) % 2 * 255
    assert cues_of(Image.fromarray(board.astype(np.uint8)).convert("RGB"))["contrast"] == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("name, hue", [("red", 0), ("orange", 30), ("yellow", 55), ("green", 120), ("blue", 220),
                                       ("purple", 300)])
def test_each_colour_is_counted_under_its_name(name, hue):
    picture = Image.new("HSV", (20, 20), (round(hue / 360 * 255), 255, 200)).convert("RGB")
    cues = cues_of(picture)
    assert cues[name] == 1
    assert sum(cues[other] for other in ("red", "orange", "yellow", "green", "blue", "purple")) == 1


# ---- weights


@pytest.mark.parametrize("folder, file", [("efficientnet_lite0", "model.onnx"), ("weather_head", "weights.npz")])
def test_weights_are_the_ones_written_down_with_card_and_licence(folder, file):
    path = ROOT / "models" / folder
    facts = json.loads((path / "metrics.json").read_text())
    assert hashlib.sha256((path / file).read_bytes()).hexdigest() == facts["sha256"]
    assert "icence" in (path / "CARD.md").read_text("utf-8")


def copy_of_head(folder: Path, **changed: np.ndarray) -> Path:
    """Write the shipped head with some arrays changed, and its sha256, into a folder."""
    folder.mkdir(exist_ok=True)
    with np.load(head.FOLDER / "weights.npz", allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files} | changed
    content = io.BytesIO()
    np.savez(content, **{name: values for name, values in arrays.items() if values is not None})
    (folder / "weights.npz").write_bytes(content.getvalue())
    (folder / "metrics.json").write_text(json.dumps({"sha256": hashlib.sha256(content.getvalue()).hexdigest()}))
    return folder


def test_a_copy_of_the_head_is_read(tmp_path):
    copied = head.load_head(copy_of_head(tmp_path / "head"))
    assert np.array_equal(copied.weather_weights, head.shipped_head().weather_weights)


@pytest.mark.parametrize("name, values", [
    ("weather_weights", np.zeros((5, network.WIDTH), np.float32)), ("weather_bias", np.zeros(7, np.float32)),
    ("painted_weights", np.zeros((1, 10), np.float32)), ("basis", np.zeros(network.WIDTH, np.float32)),
    ("mean", np.full(network.WIDTH, np.nan, np.float32)), ("scale", None),
    ("limit", np.array([{"code": 1}], dtype=object))])
def test_a_head_of_another_shape_is_refused(tmp_path, name, values):
    with pytest.raises(DataError) as caught:
        head.load_head(copy_of_head(tmp_path / "head", **{name: values}))
    assert caught.value.code == "image_tags.model"
    assert name in str(caught.value) or name == "limit"


def test_a_changed_or_absent_file_is_refused(tmp_path):
    folder = copy_of_head(tmp_path / "head")
    with (folder / "weights.npz").open("ab") as file:
        file.write(b"x")
    with pytest.raises(DataError, match="sha256"):
        head.load_head(folder)
    (folder / "weights.npz").unlink()
    with pytest.raises(DataError, match="FileNotFoundError"):
        head.load_head(folder)


def test_features_unlike_all_weather_pictures_are_strange():
    known = head.shipped_head()
    odd = np.random.default_rng(0).normal(0, 3, network.WIDTH).astype(np.float32)
    assert known.strangeness(known.mean + odd * known.scale) == pytest.approx(3, abs=0.3)
    assert not known.familiar(known.mean + odd * known.scale)
    assert known.strangeness(known.mean) == 0
    assert known.familiar(known.mean)


def test_weather_probabilities_sum_to_one():
    weather = see(lights_at_night()).weather
    assert tuple(weather) == image_tags.WEATHER
    assert sum(weather.values()) == pytest.approx(1, abs=1e-5)


def test_training_finds_what_tells_classes_apart():
    random = np.random.default_rng(1)
    labels = [label for label in head.LABELS for _ in range(8)]
    seen = random.normal(0, 1, (len(labels), 2, 40)).astype(np.float32)
    for place, label in enumerate(labels):
        seen[place, :, head.LABELS.index(label)] += 6
    weights, bias = fit_weather(seen, labels)
    assert weights.shape == (6, 40)
    assert [head.LABELS[place] for place in (seen[:, 0] @ weights.T + bias).argmax(axis=1)] == labels
    drawings, photos = random.normal(2, 1, (30, 40)), random.normal(0, 1, (30, 40))
    slope, level = fit_painted(drawings.astype(np.float32), photos.astype(np.float32))
    assert ((drawings @ slope[0] + level > 0).mean(), (photos @ slope[0] + level > 0).mean()) == (1, 0)


def test_the_space_of_pictures_explains_them_and_not_others():
    random = np.random.default_rng(2)
    inside = (random.normal(0, 1, (60, 5)) @ random.normal(0, 1, (5, 200))).astype(np.float32)
    space = fit_familiar(inside)
    given = [head.Head.strangeness_in(space["mean"], space["scale"], space["basis"], each)
             for each in (inside[0], random.normal(0, 5, 200).astype(np.float32))]
    assert given[0] < 0.05 < 0.5 < given[1]


# ---- tables


def test_each_class_belongs_to_one_group_and_all_to_some():
    found = np.concatenate([group.classes for group in scenes.groups()])
    assert sorted(found.tolist()) == list(range(network.CLASSES))


def test_every_row_of_the_tables_has_its_text_and_known_signs():
    signs = set(cues_of(Image.new("RGB", (2, 2)))) | {"painted", "nature", "sunny", "strange", "sky_weather", "low_sun"}
    signs |= {group.name for group in scenes.groups()}
    for lang in locales.LANGUAGES:
        for row in links.rows():
            assert locales.t(lang, f"image_tags.{row.key}")
        for group in scenes.groups():
            assert locales.t(lang, f"image_tags.scene.{group.name}")
        for cue in cues_of(Image.new("RGB", (2, 2))):
            assert locales.t(lang, f"image_tags.cue.{cue}")
    assert {name for row in links.rows() for name in row.looks} <= signs
    for group in scenes.groups():
        assert {name for look in group.looks for name in look.ramps} | set(group.unless) <= signs
    assert {row.name for row in links.rows() if row.kind == "weather"} == set(head.LABELS)


@pytest.mark.parametrize("text", ["[scene.sea]\nemotion = {\"해변\" = 0.5}", "[scene.sea]\nemotion = {\"없는태그\" = 0.5}",
                                  "[scene.nowhere]\nemotion = {\"행복\" = 0.5}", "[scene.sea]\nemotion = {\"행복\" = 1.5}",
                                  "[scene.sea]\nseen = [\"행복\"]", "[scene", "[scene.sea]\nemotions = {}"])
def test_a_wrong_table_of_links_is_refused(tmp_path, monkeypatch, text):
    path = tmp_path / "links.toml"
    path.write_text(f"{text}\n[weather]\n[palette]\n", "utf-8")
    monkeypatch.setattr(links, "FILE", path)
    links.rows.cache_clear()
    links._tree.cache_clear()
    try:
        with pytest.raises(DataError) as caught:
            links.rows()
        assert caught.value.code == "image_tags.table"
    finally:
        links.rows.cache_clear()
        links._tree.cache_clear()


@pytest.mark.parametrize("text", ["[sea]\nleast = 0.3\nclasses = {1000 = \"none\"}", "[sea]\nclasses = {1 = \"goldfish\"}",
                                  "[sea]\nleast = 0.3\nclasses = {1 = \"a\"}\n[lake]\nleast = 0.3\nclasses = {1 = \"a\"}"])
def test_a_wrong_table_of_scenes_is_refused(tmp_path, monkeypatch, text):
    path = tmp_path / "scenes.toml"
    path.write_text(text, "utf-8")
    monkeypatch.setattr(scenes, "FILE", path)
    scenes.groups.cache_clear()
    try:
        with pytest.raises(DataError) as caught:
            scenes.groups()
        assert caught.value.code == "image_tags.table"
    finally:
        scenes.groups.cache_clear()


def plain() -> links.Evidence:
    return links.Evidence((), {}, dict.fromkeys(cues_of(Image.new("RGB", (2, 2))), 0.0) | {"brightness": 0.45}, 0.0)


def test_a_scene_leads_to_its_tags_with_joined_confidence():
    beach = replace(plain(), scenes=(scenes.SceneGroup("sea", 0.8),))
    tags = {tag.tag: tag for tag in links.tags_of(beach)}
    assert (tags["해변"].ground, tags["해변"].why, tags["해변"].category) == ("seen", "scene.sea", "situation")
    assert tags["해변"].confidence == pytest.approx(0.8 * 0.9)
    assert tags["여름"].ground == "inferred"
    sunny = replace(beach, weather={"shine": 0.9})
    both = {tag.tag: tag for tag in links.tags_of(sunny)}
    assert both["여름"].confidence == pytest.approx(1 - (1 - 0.8 * 0.5) * (1 - 0.9 * 0.4))
    assert both["맑은날"].ground == "seen"


def test_weather_is_said_outdoors_only_of_photos_and_when_sure():
    rainy = replace(plain(), weather={"rain": 0.9}, cues=plain().cues | {"contrast": 0.4})
    assert [tag.tag for tag in links.tags_of(rainy) if tag.category == "weather"] == ["비오는날"]
    for hidden in (replace(rainy, painted=0.8), replace(rainy, scenes=(scenes.SceneGroup("indoor", 0.7),)),
                   replace(rainy, weather={"rain": 0.5}), replace(rainy, cues=rainy.cues | {"saturation": 0.9})):
        assert not [tag for tag in links.tags_of(hidden) if tag.category == "weather"]


def test_no_evidence_gives_no_tags():
    assert links.tags_of(replace(plain(), cues=plain().cues | {"brightness": 0.42, "colourfulness": 0.9})) == ()


# ---- real pictures


@pytest.mark.parametrize("place, scene, tag", [(0, "city", "거리"), (1, "garden", "산책")])
def test_sample_photos_show_a_temple_and_a_flower(place, scene, tag):
    from sklearn.datasets import load_sample_images

    result = suggest(Image.fromarray(load_sample_images().images[place]))
    well_formed(result)
    assert scene in [each.name for each in result.scenes]
    assert not [each for each in result.scenes if each.name in ("graphic", "sea", "indoor")]
    if place == 0:
        assert tag in names(result, "situation")


def pictures(tar: str, wanted: set[str] | None = None) -> dict[str, Image.Image]:
    with tarfile.open(IMAGES / tar) as archive:
        return {member.name: Image.open(io.BytesIO(archive.extractfile(member).read()))  # type: ignore[union-attr]
                for member in archive.getmembers() if member.isfile() and (wanted is None or member.name in wanted)}


@needs_wallpapers
def test_every_wallpaper_has_four_categories_and_most_scenes_are_right():
    with (ROOT / "bench" / "data" / "wallpaper_scenes.csv").open(encoding="utf-8") as file:
        allowed = {row["file"]: set(row["scenes"].split(";")) for row in csv.DictReader(file)}
    named = right = 0
    for name, picture in pictures("debian_wallpapers_512px.tar").items():
        result = suggest(picture)
        well_formed(result)
        assert len({tag.category for tag in result.tags}) >= 4, name
        named += len(result.scenes)
        right += sum(scene.name in allowed[name] for scene in result.scenes)
    assert named >= 40
    assert right / named >= 0.8


@needs_weather
@pytest.mark.parametrize("name, tag", [("rain/rain127.jpg", "비오는날"), ("fog/fog114.jpg", "안개낀날"),
                                       ("shine/shine13.jpg", "맑은날"), ("clouds/clouds193.jpg", "흐린날")])
def test_weather_is_seen_in_photos_of_it(name, tag):
    found = pictures("weather6_256px.tar", {name})[name]
    weather = suggest(found).of("weather")
    assert (weather[0].tag, weather[0].ground) == (tag, "seen")
