"""Train ``models/weather_head`` anew on a folder or tar of weather pictures and on painted pictures.

Run ``python tools/train_weather_head.py [--pictures TAR]``; default ``weather6_256px.tar`` below ``MIS_REAL_DATA``
(default ``../shared/data``) ``/images``. A picture's label is its folder. Photos to tell from drawings are the weather
pictures and parts of the two sample photos that scikit-learn brings along. Cross-validation of the whole procedure is
written to ``metrics.json``; `bench/tags.py` measures the same again.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import sys
import tarfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from painted import paint  # noqa: E402
from PIL import Image  # noqa: E402

from seeing.head import LABELS  # noqa: E402
from seeing.network import look  # noqa: E402
from seeing.training import familiar_limit, fit_familiar, fit_painted, fit_weather, views  # noqa: E402

TARGET = ROOT / "models" / "weather_head"
DEFAULT = Path(os.environ.get("MIS_REAL_DATA") or ROOT.parent / "shared" / "data") / "images" / "weather6_256px.tar"
DRAWINGS, PARTS = 250, 60  # painted pictures; parts of sample photos
STORED = (1980, 1, 1, 0, 0, 0)  # the moment written into the archive: the same weights give the same file


def read(path: Path) -> list[tuple[str, str, bytes]]:
    """Return name, label and content of each picture of a tar, by name; a name says its label as its folder."""
    found = []
    with tarfile.open(path) as archive:
        for member in archive.getmembers():
            label = Path(member.name).parent.name
            file = archive.extractfile(member) if member.isfile() else None
            if file is not None and label in LABELS:
                found.append((member.name, label, file.read()))
    return sorted(found)


def photo_parts(count: int, seed: int = 0) -> list[Image.Image]:
    """Return square parts of the two sample photos of scikit-learn."""
    from sklearn.datasets import load_sample_images

    random = np.random.default_rng(seed)
    photos = [Image.fromarray(each) for each in load_sample_images().images]
    parts = []
    for number in range(count):
        photo = photos[number % len(photos)]
        side = random.uniform(120, min(photo.size))
        x, y = random.uniform(0, photo.width - side), random.uniform(0, photo.height - side)
        parts.append(photo.crop((int(x), int(y), int(x + side), int(y + side))))
    return parts


def cross_validated(seen: np.ndarray, labels: list[str], repeats: int = 10) -> list[float]:
    """Return macro-F1 of each repeat of stratified 5-fold cross-validation."""
    from sklearn.metrics import f1_score
    from sklearn.model_selection import StratifiedKFold

    scores = []
    for seed in range(repeats):
        given = np.empty(len(labels), dtype=object)
        for train, test in StratifiedKFold(5, shuffle=True, random_state=seed).split(labels, labels):
            weights, bias = fit_weather(seen[train], [labels[place] for place in train])
            given[test] = [LABELS[place] for place in (seen[test, 0] @ weights.T + bias).argmax(axis=1)]
        scores.append(float(f1_score(labels, given.tolist(), average="macro")))
    return scores


def save(arrays: dict[str, np.ndarray]) -> bytes:
    """Return arrays as an npz file that is the same each time."""
    import zipfile

    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, values in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, values, allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", STORED), content.getvalue(), zipfile.ZIP_DEFLATED)
    return file.getvalue()


def say(text: str) -> None:
    """Write a line of progress."""
    sys.stderr.write(text + "\n")


def main() -> int:
    """Train, measure and write; 1 if there are no pictures."""
    parser = argparse.ArgumentParser(description="Train models/weather_head anew.")
    parser.add_argument("--pictures", type=Path, default=DEFAULT, metavar="TAR")
    path = parser.parse_args().pictures
    if not path.exists():
        say(f"no pictures at {path}; set MIS_REAL_DATA or give --pictures TAR")
        return 1
    pictures = read(path)
    labels = [label for _, label, _ in pictures]
    say(f"{len(pictures)} weather pictures")
    seen = np.stack([views(Image.open(io.BytesIO(data)).convert("RGB")) for _, _, data in pictures])
    say(f"{DRAWINGS} painted pictures, {PARTS} parts of photos")
    drawings = np.stack([look(paint(seed)).features for seed in range(DRAWINGS)])
    photos = np.concatenate([seen[:, 0], np.stack([look(each).features for each in photo_parts(PARTS)])])
    weather, painted = fit_weather(seen, labels), fit_painted(drawings, photos)
    arrays = {"weather_weights": weather[0], "weather_bias": weather[1], "painted_weights": painted[0],
              "painted_bias": painted[1], **fit_familiar(seen[:, 0]),
              "limit": np.array([familiar_limit(seen[:, 0])], np.float32)}
    say("cross-validation")
    scores = cross_validated(seen, labels)
    data = save(arrays)
    TARGET.mkdir(parents=True, exist_ok=True)
    (TARGET / "weights.npz").write_bytes(data)
    facts = {"file": "weights.npz", "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data),
             "pictures": {label: labels.count(label) for label in LABELS}, "painted_pictures": DRAWINGS,
             "photo_parts": PARTS, "macro_f1_mean_of_10_repeats_of_5_folds": round(float(np.mean(scores)), 4),
             "macro_f1_lowest_repeat": round(min(scores), 4), "macro_f1_highest_repeat": round(max(scores), 4),
             "trained_on_sha256": sorted(hashlib.sha256(each).hexdigest() for _, _, each in pictures)}
    (TARGET / "metrics.json").write_text(json.dumps(facts, indent=2) + "\n", "utf-8")
    say(json.dumps({name: value for name, value in facts.items() if name != "trained_on_sha256"}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
