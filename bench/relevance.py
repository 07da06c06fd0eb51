"""Search by mood over the starter catalogue, beside tags in common, character n-grams and plain sentences."""

from __future__ import annotations

import argparse
import csv
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import mean, median
from typing import Any

import numpy as np
from _machine import ROOT, Bench
from numpy.typing import NDArray

import config
from moods import meaning, words
from moods.embedders import embedder
from moods.meaning import Space, Wish
from moods.prototypes import prototypes
from moods.vocabulary import CATEGORIES, vocabulary, words_of

DATA = Path(__file__).parent / "data"
TOP = 5
DISCOUNT = 1 / np.log2(np.arange(2, TOP + 2))
PLAIN_TOP = 20
SIX = [("카페", "행복", "오후", "편안한", "맑은날", "봄"), ("해변", "기쁨", "오후", "신나는", "더운날", "여름"),
       ("집", "슬픔", "밤", "애절한", "비오는날", "가을"), ("드라이브", "기분전환", "저녁", "시원한", "맑은날", "여름"),
       ("산책", "그리움", "저녁", "잔잔한", "흐린날", "가을"), ("거리", "외로움", "밤", "어두운", "추운날", "겨울"),
       ("고백", "설렘", "밤", "달콤한", "눈오는날", "겨울"), ("공연", "힘찬", "밤", "신나는", "더운날", "여름")]
"""One tag of each category, for the comparison with plain sentences."""

Order = NDArray[np.int64]


@dataclass(frozen=True)
class Scene:
    """What someone wishes: free words, chosen tags (none: words alone), and the tags a listener would want."""

    text: str
    tags: tuple[str, ...]
    relevant: tuple[str, ...]


@dataclass(frozen=True)
class Songs:
    """The catalogue: tags as masks, as rows of 0 and 1, and as names."""

    masks: NDArray[np.uint64]
    bits: NDArray[np.float32]
    names: list[tuple[str, ...]]


def read_scenes(path: Path) -> list[Scene]:
    """Return the scenes of a JSONL file; a tag that is not in the vocabulary is an error."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    found = [Scene(row["text"], tuple(row.get("tags") or ()), tuple(row["relevant_tags"])) for row in rows]
    unknown = {name for scene in found for name in (*scene.tags, *scene.relevant) if name not in vocabulary()}
    if unknown or not all(scene.relevant for scene in found):
        raise RuntimeError(f"{path}: not in the vocabulary: {sorted(unknown)}; every scene needs relevant_tags")
    return found


def read_songs() -> Songs:
    """Return the songs of the starter catalogue."""
    with (ROOT / "catalogue" / "songs.csv").open(encoding="utf-8", newline="") as file:
        names = [tuple(tag for category in CATEGORIES for tag in row[category].split("|") if tag)
                 for row in csv.DictReader(file)]
    masks = words_of([vocabulary().mask(each) for each in names])
    return Songs(masks, meaning.unpack(masks), names)


# --- rankings of the whole catalogue --------------------------------------------------------------------------------


def by_score(scores: NDArray[Any]) -> Order:
    """Return rows by score, equal ones by row."""
    return np.lexsort((np.arange(len(scores)), -np.round(scores.astype(float), 6)))


def product(songs: Songs, space: Space, wish: Wish) -> Order:
    """Return the product's ranking."""
    return meaning.ranking(space, songs.masks, space.aim(wish))


def row_of(names: Sequence[str]) -> NDArray[np.float32]:
    """Return tags as a row of 0 and 1."""
    row = np.zeros(len(vocabulary().tags), np.float32)
    row[[vocabulary().place(name) for name in names]] = 1
    return row


def in_common(songs: Songs, tags: Sequence[str]) -> Order:
    """Return songs by how many of the tags they have."""
    return by_score(songs.bits @ row_of(tags))


@cache
def _ngrams() -> tuple[Any, Any]:
    from sklearn.feature_extraction.text import TfidfVectorizer

    said = prototypes()
    model = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), lowercase=True)
    return model, model.fit_transform(said.texts[:len(said.tags)])


def ngram_tags(text: str) -> NDArray[np.float32]:
    """Return each tag's best cosine of character n-grams among its texts of the vocabulary."""
    model, rows = _ngrams()
    near = (rows @ model.transform([text]).T).toarray()[:, 0]
    best = np.zeros(len(vocabulary().tags), np.float32)
    np.maximum.at(best, prototypes().tags, near)
    return best


def ngrams_same(songs: Songs, space: Space, text: str) -> Order:
    """Return the product's ranking for the tags that n-grams find."""
    found = ngram_tags(text)
    weights = {tag.name: float(weight) for tag, weight in zip(vocabulary().tags, found, strict=True) if weight > 0}
    return product(songs, space, Wish(weights))


def ngrams_sum(songs: Songs, text: str) -> Order:
    """Return songs by the sum of their tags' cosines of n-grams."""
    return by_score(songs.bits @ ngram_tags(text))


# --- scores ---------------------------------------------------------------------------------------------------------


def ndcg(songs: Songs, order: Order, relevant: Sequence[str]) -> float:
    """Return nDCG@5; a song's gain is the share of the relevant tags it has, the ideal is over the whole catalogue."""
    gains = songs.bits @ row_of(relevant) / len(relevant)
    ideal = np.sort(gains)[::-1][:TOP]
    if not ideal.any():
        raise RuntimeError(f"no song has any of {relevant}")
    return float((gains[order[:TOP]] * DISCOUNT).sum() / (ideal * DISCOUNT).sum())


def score(songs: Songs, scenes: Sequence[Scene], rank: Callable[[Scene], Order]) -> float:
    """Return the mean nDCG@5 of a ranking over scenes."""
    return mean(ndcg(songs, rank(scene), scene.relevant) for scene in scenes)


def tag_figures(songs: Songs, space: Space, scenes: Sequence[Scene]) -> dict[str, float]:
    """Return the scores of scenes with tags: ours with the scene's text and without, and tags in common."""
    return {"ours": score(songs, scenes, lambda each: product(songs, space, Wish(dict.fromkeys(each.tags, 1.0),
                                                                                 each.text))),
            "ours_without_text": score(songs, scenes, lambda each: product(songs, space,
                                                                           Wish(dict.fromkeys(each.tags, 1.0)))),
            "overlap": score(songs, scenes, lambda each: in_common(songs, each.tags))}


def word_figures(songs: Songs, space: Space, scenes: Sequence[Scene]) -> dict[str, float]:
    """Return the scores of scenes in free words: ours, both ways with n-grams, and songs in random order."""
    rng = np.random.default_rng(20260101)
    return {"ours": score(songs, scenes, lambda each: product(songs, space, Wish({}, each.text))),
            "ngrams_same_ranking": score(songs, scenes, lambda each: ngrams_same(songs, space, each.text)),
            "ngrams_sum": score(songs, scenes, lambda each: ngrams_sum(songs, each.text)),
            "random": score(songs, scenes, lambda each: rng.permutation(len(songs.masks)))}


def named_words(scenes: Sequence[Scene]) -> dict[str, list[str]]:
    """Return the scenes that name a word of the vocabulary, with the words."""
    return {scene.text: [each.word for each in found] for scene in scenes if (found := words.named(scene.text))}


# --- measurements ---------------------------------------------------------------------------------------------------


def measure(bench: Bench, songs: Songs, scenes: Sequence[Scene], strict: bool) -> None:
    """Measure and judge scenes with tags, and those in words."""
    space = meaning.space()
    tagged, free = [each for each in scenes if each.tags], [each for each in scenes if not each.tags]
    named = named_words(free)
    if named and strict:
        raise RuntimeError(f"scenes in free words that name a word of the vocabulary: {named}")
    if named:
        bench.figure("free_word_scenes_that_name_a_word_of_the_vocabulary", len(named))
    if tagged:
        found = tag_figures(songs, space, tagged)
        for name, value in found.items():
            bench.figure(f"tags_{name}_ndcg", value)
        bench.at_least(f"{len(tagged)} scenes with tags: nDCG@5 over that of tags in common", 0.95,
                       found["ours"] / found["overlap"])
    if free:
        found = word_figures(songs, space, free)
        for name, value in found.items():
            bench.figure(f"words_{name}_ndcg", value)
        bench.at_least(f"{len(free)} scenes in free words: nDCG@5 over that of character n-grams (the better way)", 1.3,
                       found["ours"] / max(found["ngrams_same_ranking"], found["ngrams_sum"]))


OTHERS = ((config, "CONFLICT", (0.0, 0.06, 0.24)), (config, "WORDS_WEIGHT", (0.25, 0.75, 1.0)),
          (meaning, "EVEN", (0.0, 0.25, 0.75, 1.0)), (words, "RIDGE", (1.0, 2.0, 5.0, 10.0)),
          (words, "SHARPNESS", (1.0, 2.0)), (words, "FAR", (0.7, 1.5, 9.0)), (words, "LEAST", (0.0, 0.1, 0.3)))
"""Constants and their other values that the development scenes are measured with."""


class Remembered:
    """The model that comes with the product, each text embedded once: the same wishes are measured many times."""

    def __init__(self) -> None:
        self._kept: dict[str, NDArray[np.float32]] = {}

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one unit vector a text."""
        for text in texts:
            if text not in self._kept:
                self._kept[text] = embedder().embed([text])[0]
        return np.stack([self._kept[text] for text in texts])


def _forget() -> None:
    """Forget what was made with other constants."""
    meaning._space.cache_clear()
    words._map.cache_clear()


def both(bench: Bench, name: str, songs: Songs, space: Space, tagged: Sequence[Scene], free: Sequence[Scene]) -> None:
    """Keep our score of scenes with tags and of scenes in words."""
    bench.figure(f"{name}_tags", score(songs, tagged, lambda each: product(
        songs, space, Wish(dict.fromkeys(each.tags, 1.0), each.text))))
    bench.figure(f"{name}_words", score(songs, free, lambda each: product(songs, space, Wish({}, each.text))))


def development(bench: Bench, songs: Songs) -> None:
    """Measure what the constants were chosen by: the development scenes, with other constants as well."""
    scenes = read_scenes(DATA / "scenes_development.jsonl")
    remembered = Remembered()
    words.embedder = lambda model=None: remembered  # type: ignore[assignment]
    tagged = [each for each in scenes if each.tags]
    free = [each for each in scenes if not each.tags and not words.named(each.text)]
    chosen = config.CATEGORY_WEIGHTS
    tries = {"chosen": chosen, "equal": dict.fromkeys(chosen, 1.0),
             **{f"others_{low}": {name: 1.0 if name in ("emotion", "style") else low for name in chosen}
                for low in (0.4, 0.6, 0.8)}}
    for name, weights in tries.items():
        both(bench, f"development_{name}", songs, meaning.space(weights=weights), tagged, free)
    for module, constant, values in OTHERS:
        kept = getattr(module, constant)
        for value in values:
            setattr(module, constant, value)
            _forget()
            both(bench, f"development_{constant}_{value}", songs, meaning.space(), tagged, free)
        setattr(module, constant, kept)
    _forget()
    found = word_figures(songs, meaning.space(), free)
    bench.figures |= {f"development_words_{name}": round(value, 4) for name, value in found.items()}
    bench.figures |= {"development_scenes": {"tags": len(tagged), "words": len(free)}}


def plain(bench: Bench, songs: Songs) -> None:
    """Compare with sentences of tags embedded as they are: of the top 20, how many share place and emotion."""
    model = embedder()
    vectors = model.embed([", ".join(names) for names in songs.names])
    for way in ("plain", "ours"):
        shared = []
        for six in SIX:
            order = (by_score(vectors @ model.embed([", ".join(six)])[0]) if way == "plain"
                     else product(songs, meaning.space(), Wish(dict.fromkeys(six, 1.0))))[:PLAIN_TOP]
            shared.append([sum(six[place] in songs.names[row] for row in order) for place in range(2)])
        bench.figure(f"top_{PLAIN_TOP}_that_share_the_place_{way}", mean(place for place, _ in shared))
        bench.figure(f"top_{PLAIN_TOP}_that_share_the_emotion_{way}", mean(emotion for _, emotion in shared))


def speed(bench: Bench, songs: Songs, scenes: Sequence[Scene]) -> None:
    """Measure a wish in free words, from text to vector: processor time, and time on the clock beside it."""
    meaning.space().aim(Wish({}, scenes[0].text))  # loads the model
    took, spent = [], []
    for scene in scenes:
        start, busy = time.perf_counter(), time.process_time()
        meaning.space().aim(Wish({}, scene.text))
        took.append(1e3 * (time.perf_counter() - start))
        spent.append(1e3 * (time.process_time() - busy))
    bench.figure("free_words_to_a_vector_ms", median(took))
    bench.at_most("free words to a vector, median ms of processor time", 60, median(spent))


def options() -> argparse.Namespace:
    """Return the command line's choices."""
    parser = argparse.ArgumentParser(description="Relevance of the search by mood.")
    parser.add_argument("--quick", action="store_true", help="smaller sizes, at most 50 s on 2 cores")
    parser.add_argument("--test", type=Path, metavar="FILE", help="other scenes, JSONL of {text, tags, relevant_tags}")
    parser.add_argument("--development", action="store_true",
                        help="the scenes for tuning alone, with other values of the constants")
    return parser.parse_args()


def main() -> None:
    """Run the bench and print its report."""
    chosen = options()
    bench = Bench("relevance")
    songs = read_songs()
    bench.figures |= {"songs": len(songs.names), "texts": len(prototypes().texts)}
    if chosen.development:
        development(bench, songs)
        return bench.finish()
    files = [chosen.test] if chosen.test else [DATA / "scenes_tags.jsonl", DATA / "scenes_words.jsonl"]
    scenes = [scene for path in files for scene in read_scenes(path)]
    measure(bench, songs, scenes, strict=not chosen.test)
    speed(bench, songs, scenes)
    if not chosen.test:
        some = slice(None, None, 10 if chosen.quick else 1)
        plain(bench, Songs(songs.masks[some], songs.bits[some], songs.names[some]))
    return bench.finish()


if __name__ == "__main__":
    main()
