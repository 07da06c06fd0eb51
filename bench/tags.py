"""How good the local picture tagger is: weather, scenes, categories, and time a picture.

Weather: mean of ten repeats of stratified 5-fold cross-validation of the whole training (`seeing.training`), macro-F1
over six labels, beside a plain linear head on the network's last features in the same folds; and, of the pictures not
trained on in each fold, how often a weather would be said at all (sure enough, familiar enough) and how often that is
right. Scenes: the share of scene groups named for the wallpapers that ``data/wallpaper_scenes.csv`` allows; these
labels were written before the tables were tuned, and the tables were then tuned on them. Categories: wallpapers with
tags in at least four.

Run ``python bench/tags.py [--quick] [--test TAR --manifest CSV]``. Pictures are looked for in ``MIS_REAL_DATA``,
default ``../shared/data``. ``--test`` scores the shipped head, trained on nothing of it, on the weather pictures of a
tar: labels from the manifest (columns ``file`` and ``label``) or, where it has no row for a file, from the folder's
name. Pictures that the shipped head was trained on, by sha256, are left out.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import sys
import tarfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

import numpy as np
from _machine import ROOT, Bench
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

import image_tags
from image_tags import WEATHER, see, suggest
from seeing.head import FOLDER, Head
from seeing.training import FOLDS, PENALTY, familiar_limit, fit_familiar, fit_weather, views

IMAGES = Path(os.environ.get("MIS_REAL_DATA") or ROOT.parent / "shared" / "data") / "images"
REPEATS, QUICK_REPEATS = 10, 2
PLAIN = 1280  # the network's last features come first
TIMED = 40  # pictures
SURE = 0.7  # what the tables ask of most kinds of weather


def arguments() -> argparse.Namespace:
    """Return the command line's choices: ``quick``, ``test`` and ``manifest``."""
    parser = argparse.ArgumentParser(description="The local picture tagger on real pictures.")
    parser.add_argument("--quick", action="store_true", help="fewer repeats, at most 50 s on 2 cores")
    parser.add_argument("--test", type=Path, metavar="TAR", help="weather pictures to score the shipped head on")
    parser.add_argument("--manifest", type=Path, metavar="CSV", help="file,label of the pictures of --test")
    return parser.parse_args()


def read(path: Path) -> dict[str, bytes]:
    """Return the pictures of a tar by name."""
    with tarfile.open(path) as archive:
        files = {member.name.removeprefix("./"): archive.extractfile(member)
                 for member in archive.getmembers() if member.isfile()}
        return {name: file.read() for name, file in sorted(files.items())
                if file is not None and name.lower().endswith((".jpg", ".jpeg", ".png", ".webp", ".bmp"))}


def labelled(names: Sequence[str], manifest: Path | None) -> dict[str, str]:
    """Return each picture's weather: by the manifest's row for its path or bare name, else its folder."""
    rows: dict[str, str] = {}
    if manifest is not None:
        with manifest.open(encoding="utf-8-sig", newline="") as file:
            rows = {row["file"].removeprefix("./"): row["label"].strip().lower() for row in csv.DictReader(file)}
    bare = {PurePosixPath(name).name: label for name, label in rows.items()}
    found = {name: rows.get(name) or bare.get(PurePosixPath(name).name) or PurePosixPath(name).parent.name
             for name in names}
    return {name: label for name, label in found.items() if label in WEATHER}


def opened(data: bytes) -> Image.Image:
    """Return a picture as RGB."""
    return Image.open(io.BytesIO(data)).convert("RGB")


def macro_f1(truth: Sequence[str], given: Sequence[str]) -> float:
    """Return the mean F1 over the labels that occur in `truth`."""
    return float(f1_score(truth, given, average="macro", labels=sorted(set(truth)), zero_division=0))


def confusion(bench: Bench, truth: Sequence[str], given: Sequence[str]) -> None:
    """Say how often each label was taken for which."""
    pairs = list(zip(truth, given, strict=True))
    bench.say("true \\ said " + " ".join(f"{label:>8}" for label in WEATHER))
    for label in WEATHER:
        bench.say(f"{label:>11} " + " ".join(f"{pairs.count((label, other)):8d}" for other in WEATHER))


def cross_validate(bench: Bench, pictures: Mapping[str, bytes], repeats: int) -> None:
    """Repeat stratified 5-fold cross-validation of the training as it is shipped."""
    truth = list(labelled(list(pictures), None).values())
    names = list(labelled(list(pictures), None))
    bench.say(f"features of {len(names)} pictures")
    seen = np.stack([views(opened(pictures[name])) for name in names])
    scores: dict[str, list[float]] = {"shipped": [], "plain": []}
    said, right, shown = 0, 0, [""] * len(names)
    for seed in range(repeats):
        given = {kind: [""] * len(names) for kind in scores}
        for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(names, truth):
            labels = [truth[place] for place in train]
            weights, bias = fit_weather(seen[train], labels)
            levels = seen[test, 0] @ weights.T + bias
            plainly = _plain(seen[train, 0, :PLAIN], labels, seen[test, 0, :PLAIN])
            for place, level, other in zip(test, levels, plainly, strict=True):
                given["shipped"][place], given["plain"][place] = WEATHER[int(level.argmax())], other
            if seed == 0:
                sure = _sure(levels) & _familiar(seen[train, 0], seen[test, 0])
                said += int(sure.sum())
                right += sum(given["shipped"][place] == truth[place] for place in test[sure])
        for kind, labels in given.items():
            scores[kind].append(macro_f1(truth, labels))
        shown = given["shipped"]
    confusion(bench, truth, shown)
    bench.figure("weather: pictures", len(names))
    bench.figure("weather: repeats of 5 folds", repeats)
    bench.figure("weather: macro-F1, lowest repeat", min(scores["shipped"]))
    bench.figure("weather: macro-F1 of a linear head on the last features", float(np.mean(scores["plain"])))
    bench.figure("weather: pictures not trained on of which weather is said, %", 100 * said / len(names))
    bench.figure("weather: of these right, %", 100 * right / max(said, 1))
    bench.at_least(f"weather: macro-F1, mean of {repeats} repeats of stratified 5-fold", 0.85,
                   float(np.mean(scores["shipped"])))


def _plain(seen: np.ndarray, labels: Sequence[str], others: np.ndarray) -> list[str]:
    """Return what a linear head on the last features says, trained with the same penalty."""
    model = make_pipeline(StandardScaler(), LogisticRegression(C=PENALTY, max_iter=500))
    return [str(label) for label in model.fit(seen, labels).predict(others)]


def _sure(levels: np.ndarray) -> np.ndarray:
    likely = np.exp(levels - levels.max(axis=1, keepdims=True))
    return (likely / likely.sum(axis=1, keepdims=True)).max(axis=1) >= SURE


def _familiar(train: np.ndarray, test: np.ndarray) -> np.ndarray:
    space, limit = fit_familiar(train), familiar_limit(train)
    return np.array([Head.strangeness_in(space["mean"], space["scale"], space["basis"], each) <= limit
                     for each in test])


def score_shipped(bench: Bench, path: Path, manifest: Path | None) -> int:
    """Score the shipped head on other pictures; return how many there were."""
    from hashlib import sha256

    pictures = read(path)
    labels = labelled(list(pictures), manifest)
    trained = set(json.loads((FOLDER / "metrics.json").read_text("utf-8"))["trained_on_sha256"])
    fresh = {name: label for name, label in labels.items() if sha256(pictures[name]).hexdigest() not in trained}
    bench.figure("test: pictures in the tar", len(pictures))
    bench.figure("test: without a weather label", len(pictures) - len(labels))
    bench.figure("test: left out, the head was trained on them", len(labels) - len(fresh))
    if not fresh:
        bench.say("nothing is left to score")
        return 0
    seen = {name: see(opened(pictures[name])) for name in fresh}
    given = [max(each.weather, key=each.weather.__getitem__) for each in seen.values()]
    truth = list(fresh.values())
    confusion(bench, truth, given)
    bench.figure("test: pictures scored", len(fresh))
    bench.figure("test: accuracy", float(np.mean([a == b for a, b in zip(truth, given, strict=True)])))
    for label in sorted(set(truth)):
        bench.figure(f"test: F1 of {label}", _f1(truth, given, label))
    tagged = [suggest(opened(pictures[name])) for name in fresh]
    bench.figure("test: weather is said, %", 100 * float(np.mean([bool(each.of("weather")) for each in tagged])))
    bench.figure("test: tags in at least four categories, %", 100 * float(np.mean([_categories(each) >= 4
                                                                                  for each in tagged])))
    bench.at_least("test: macro-F1 of the shipped head on pictures it has not seen", 0.85, macro_f1(truth, given))
    return len(fresh)


def _f1(truth: Sequence[str], given: Sequence[str], label: str) -> float:
    hits = sum(a == b == label for a, b in zip(truth, given, strict=True))
    return 2 * hits / (list(truth).count(label) + list(given).count(label))


def _categories(tags: image_tags.PictureTags) -> int:
    return len({tag.category for tag in tags.tags})


def wallpapers(bench: Bench, pictures: Mapping[str, bytes]) -> None:
    """Score scene groups and categories on the wallpapers."""
    with (Path(__file__).parent / "data" / "wallpaper_scenes.csv").open(encoding="utf-8") as file:
        allowed = {row["file"]: set(row["scenes"].split(";")) for row in csv.DictReader(file)}
    tagged = {name: suggest(opened(pictures[name])) for name in allowed if name in pictures}
    named = [(name, scene.name) for name, tags in tagged.items() for scene in tags.scenes]
    wrong = [(name, scene) for name, scene in named if scene not in allowed[name]]
    first = [(name, tags.scenes[0].name) for name, tags in tagged.items() if tags.scenes]
    for name, scene in wrong:
        bench.say(f"not there: {scene} on {name} ({'; '.join(sorted(allowed[name]))})")
    bench.figure("wallpapers", len(tagged))
    bench.figure("wallpapers: scene groups named", len(named))
    bench.figure("wallpapers: with a scene group, %", 100 * len(first) / len(tagged))
    bench.figure("wallpapers: right of the surest groups, %",
                 100 * sum(scene in allowed[name] for name, scene in first) / max(len(first), 1))
    bench.figure("wallpapers: mean number of categories", float(np.mean([_categories(tags)
                                                                         for tags in tagged.values()])))
    bench.at_least("wallpapers: precision of scene groups", 0.8, 1 - len(wrong) / max(len(named), 1))
    bench.at_least("wallpapers: tags in at least four categories, %", 100,
                   100 * float(np.mean([_categories(tags) >= 4 for tags in tagged.values()])))


def speed(bench: Bench, pictures: Sequence[bytes]) -> None:
    """Time pictures of 1024 pixels one by one; the network runs in one thread."""
    large = [opened(data).resize((1024, 768), Image.Resampling.BICUBIC) for data in pictures[:TIMED]]
    suggest(large[0])
    times = []
    for picture in large:
        start = time.perf_counter()
        suggest(picture)
        times.append(1000 * (time.perf_counter() - start))
    bench.figure("a picture of 1024 x 768: slowest, ms", max(times))
    bench.at_most("a picture of 1024 x 768: median, ms", 150, float(np.median(times)))


def load_time(bench: Bench) -> None:
    """Time the loading of both models, once a process."""
    start = time.perf_counter()
    image_tags.warm_up()
    bench.figure("loading the models, ms", 1000 * (time.perf_counter() - start))
    bench.figure("weights, MB", sum(path.stat().st_size for path in (FOLDER / "weights.npz",
                                    FOLDER.parent / "efficientnet_lite0" / "model.onnx")) / 1e6)


def main() -> int:
    """Run the bench and print its report; 1 if there are no pictures."""
    chosen = arguments()
    bench = Bench("tags")
    load_time(bench)
    weather, walls = IMAGES / "weather6_256px.tar", IMAGES / "debian_wallpapers_512px.tar"
    if chosen.test is not None:
        if not score_shipped(bench, chosen.test, chosen.manifest):
            print(f"no fresh labelled picture in {chosen.test}", file=sys.stderr)
            return 1
        speed(bench, list(read(chosen.test).values()))
    elif not (weather.exists() and walls.exists()):
        print(f"no pictures in {IMAGES}; set MIS_REAL_DATA or give --test TAR", file=sys.stderr)
        return 1
    else:
        papers = read(walls)
        wallpapers(bench, papers)
        speed(bench, list(papers.values()))
        with threadpool_limits(1):  # beside other work several threads wait for each other, three times as long
            cross_validate(bench, read(weather), QUICK_REPEATS if chosen.quick else REPEATS)
    bench.finish()
    return 0


if __name__ == "__main__":
    sys.exit(main())
