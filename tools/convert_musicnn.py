"""Write ``models/musicnn`` anew from the weights published on the Python package index.

Run ``python tools/convert_musicnn.py``. The wheel (`musicnn` 0.1.0, ISC) is fetched with pip into a temporary folder
and is not installed. Its checkpoint of TensorFlow 1 is read and written as plain arrays: batch normalisations become
one scale and one offset a filter, those before the two dense layers are folded into them, kernels are laid out as
`hits.musicnn` multiplies them. The published graph is then run from its ``.meta`` on made audio, and what our network
gives for the same patches is compared; a difference over `TOLERANCE` stops the tool. Two of these patches and the
graph's answers are kept for the tests (``tests/golden/musicnn.npz``).
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from hits import musicnn  # noqa: E402
from support import weights  # noqa: E402

TARGET, GOLDEN = ROOT / "models" / "musicnn", ROOT / "tests" / "golden" / "musicnn.npz"
PACKAGE, TRAINED_ON = "musicnn==0.1.0", "MSD"
# of the checkpoint's data file
WEIGHTS_SHA256 = "8579734ee6388f799ed0def4bbd0d1fdcbeaf213ef2a9dc860917bd76a303de6"
EPSILON = 0.001  # of every batch normalisation in the graph
TOLERANCE = 1e-3  # largest difference of any likelihood or feature from the published graph
INPUT, TRAINING = "model/Placeholder:0", "model/Placeholder_2:0"
OUTPUTS = {"likelihoods": "model/Sigmoid", "embeddings": "model/dense/Relu"}
KEPT = 2  # patches in the golden file


def fetch(folder: Path, wheel: Path | None) -> Path:
    """Download the wheel (or take the one given) and unpack it into `folder`; return the checkpoint's folder."""
    if wheel is None:
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder),
                        PACKAGE], check=True)
        wheel = next(folder.glob("musicnn-*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    checkpoint = folder / "musicnn" / f"{TRAINED_ON}_musicnn"
    found = hashlib.sha256((checkpoint / ".data-00000-of-00001").read_bytes()).hexdigest()
    if found != WEIGHTS_SHA256:
        raise SystemExit(f"the checkpoint has sha256 {found}, not {WEIGHTS_SHA256}: other weights than those tested")
    return checkpoint


def tags_of(checkpoint: Path) -> list[str]:
    """Return the names of the 50 tags from the list beside the checkpoint; nothing of the package is run."""
    tree = ast.parse((checkpoint.parent / "configuration.py").read_text("utf-8"))
    lists = {node.targets[0].id: node.value for node in tree.body  # type: ignore[attr-defined]
             if isinstance(node, ast.Assign)}
    names: list[str] = ast.literal_eval(lists[f"{TRAINED_ON}_LABELS"])
    return names


def variables(checkpoint: Path) -> dict[str, np.ndarray]:
    """Return the weights of the checkpoint; what the optimiser kept is left out."""
    import tensorflow as tf

    reader = tf.compat.v1.train.NewCheckpointReader(f"{checkpoint}/")
    return {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()
            if "Adam" not in name and not name.endswith("_power")}


def normalisation(given: dict[str, np.ndarray], index: int) -> tuple[np.ndarray, np.ndarray]:
    """Return scale and offset that do what a trained batch normalisation does."""
    name = f"batch_normalization_{index}" if index else "batch_normalization"
    scale = given[f"{name}/gamma"] / np.sqrt(given[f"{name}/moving_variance"].astype(np.float64) + EPSILON)
    return scale, given[f"{name}/beta"] - given[f"{name}/moving_mean"] * scale


def filters(given: dict[str, np.ndarray], number: int, kernel: np.ndarray) -> dict[str, np.ndarray]:
    """Return a convolution's kernel with its bias and what normalises its answer."""
    name = f"conv2d_{number}" if number else "conv2d"
    scale, offset = normalisation(given, number + 1)
    return {"kernel": kernel, "bias": given[f"{name}/bias"], "scale": scale, "offset": offset}


def arrays_of(given: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the weights as `hits.musicnn` reads them, float32."""
    import librosa

    parts: dict[str, dict[str, np.ndarray]] = {}
    kernels = [given[f"conv2d_{number}/kernel" if number else "conv2d/kernel"][:, :, 0] for number in range(8)]
    for number in (0, 1):  # frames, bands, filters -> bands side by side with their frames
        parts[f"timbral_{number}"] = filters(given, number, _flat(kernels[number]))
    for number in (2, 3, 4):
        parts[f"temporal_{number - 2}"] = filters(given, number, kernels[number][:, 0])
    for number in (5, 6, 7):
        parts[f"middle_{number - 5}"] = filters(given, number, _flat(kernels[number]))
    parts["input"] = dict(zip(("scale", "offset"), normalisation(given, 0), strict=True))
    parts["dense"] = folded(given, "dense", 9)
    parts["embedding"], parts["tags"] = embedding_and_tags(given)
    parts["mel"] = {"window": librosa.filters.get_window("hann", musicnn.FFT),
                    "filters": librosa.filters.mel(sr=musicnn.RATE, n_fft=musicnn.FFT, n_mels=musicnn.BANDS).T}
    return {f"{part}.{name}": np.ascontiguousarray(array, np.float32)
            for part, named in parts.items() for name, array in named.items()}


def folded(given: dict[str, np.ndarray], name: str, index: int) -> dict[str, np.ndarray]:
    """Return a dense layer that does its batch normalisation itself."""
    scale, offset = normalisation(given, index)
    kernel = given[f"{name}/kernel"].astype(np.float64)
    return {"kernel": kernel * scale[:, None], "bias": given[f"{name}/bias"] + offset @ kernel}


def embedding_and_tags(given: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return what makes features those of typical music (mean 0, deviation 1), and the last layer on such features."""
    spread = np.sqrt(given["batch_normalization_10/moving_variance"].astype(np.float64) + EPSILON)
    kernel = given["dense_1/kernel"].astype(np.float64)
    return ({"mean": given["batch_normalization_10/moving_mean"], "spread": spread},
            {"kernel": kernel * given["batch_normalization_10/gamma"][:, None],
             "bias": given["dense_1/bias"] + given["batch_normalization_10/beta"] @ kernel})


def _flat(kernel: np.ndarray) -> np.ndarray:
    return kernel.transpose(1, 0, 2).reshape(-1, kernel.shape[-1])


def published(checkpoint: Path, patches: np.ndarray) -> dict[str, np.ndarray]:
    """Return what the published graph gives for patches; its gradients, which no longer load, are cut off.

    The features are those before the last batch normalisation, relative to what it keeps of the training tracks.
    """
    import tensorflow as tf

    v1 = tf.compat.v1
    meta = v1.MetaGraphDef()
    meta.ParseFromString((checkpoint / ".meta").read_bytes())
    graph = v1.graph_util.extract_sub_graph(meta.graph_def, list(OUTPUTS.values()))
    for node in graph.node:
        node.attr.pop("_output_shapes", None)
        node.device = ""
    reader = v1.train.NewCheckpointReader(f"{checkpoint}/")
    with v1.Graph().as_default() as whole, v1.Session() as session:
        v1.import_graph_def(graph, name="")
        for node in graph.node:
            if node.op == "VariableV2":
                kept = whole.get_tensor_by_name(f"{node.name}:0")
                session.run(v1.raw_ops.Assign(ref=kept, value=reader.get_tensor(node.name)))
        given = session.run([f"{name}:0" for name in OUTPUTS.values()], {INPUT: patches, TRAINING: False})
    found = dict(zip(OUTPUTS, given, strict=True))
    mean, variance = (reader.get_tensor(f"batch_normalization_10/moving_{name}") for name in ("mean", "variance"))
    return found | {"embeddings": (found["embeddings"] - mean) / np.sqrt(variance + EPSILON)}


def made_patches(tagger: musicnn.Tagger) -> np.ndarray:
    """Return patches of made audio: chords with a beat at several speeds, noise, a tone, almost nothing."""
    random, seconds = np.random.default_rng(1), np.arange(musicnn.RATE * 3) / musicnn.RATE
    sounds = []
    for beats, root in ((60, 110), (90, 147), (120, 220), (150, 262), (180, 330)):
        beat = np.exp(-8 * (seconds * beats / 60 % 1))
        chord = sum(np.sin(2 * np.pi * root * ratio * seconds) / ratio for ratio in (1, 1.26, 1.5, 2, 3, 4))
        sounds.append(0.2 * chord * beat + 0.1 * random.normal(size=len(seconds)) * beat ** 4)
    sounds += [0.3 * random.normal(size=len(seconds)), 0.8 * np.sin(2 * np.pi * 440 * seconds),
               1e-4 * random.normal(size=len(seconds))]
    frames = [np.lib.stride_tricks.sliding_window_view(sound.astype(np.float32), musicnn.FFT)[::musicnn.HOP]
              for sound in sounds]
    mel = [tagger.log_mel(each) for each in frames]
    # kept in the golden file as 16-bit numbers, so that both networks read exactly what is kept
    return np.stack([np.resize(each, (musicnn.PATCH, musicnn.BANDS)) for each in mel]).astype(np.float16)


def differences(tagger: musicnn.Tagger, patches: np.ndarray, wanted: dict[str, np.ndarray]) -> dict[str, Any]:
    """Return how far our network is from the published graph: largest difference an output, share of same best tags."""
    given = [np.stack(column) for column in zip(*(tagger.judge(patch) for patch in patches), strict=True)]
    found: dict[str, Any] = {name: float(np.abs(a - wanted[name]).max())
                             for name, a in zip(OUTPUTS, given, strict=True)}
    return found | {"same_tag": float(np.mean(given[0].argmax(1) == wanted["likelihoods"].argmax(1)))}


def main() -> int:
    """Fetch, convert, compare, write; 1 if our network computes something else than the published graph."""
    parser = argparse.ArgumentParser(description="Write models/musicnn anew.")
    parser.add_argument("--wheel", type=Path, help="the wheel, where it is here already")
    wheel = parser.parse_args().wheel
    with tempfile.TemporaryDirectory() as name:
        checkpoint = fetch(Path(name), wheel)
        arrays = arrays_of(variables(checkpoint))
        facts = {"tags": tags_of(checkpoint), "source": PACKAGE, "trained_on": TRAINED_ON,
                 "source_sha256": WEIGHTS_SHA256, "licence": "ISC"}
        licence = next(Path(name).glob("*.dist-info/LICENSE.md")).read_text("utf-8")
        tagger = musicnn.Tagger(arrays, facts)
        kept = made_patches(tagger)
        patches = kept.astype(np.float32)
        wanted = published(checkpoint, patches)
        half = musicnn.Tagger({each: array.astype(np.float16) for each, array in arrays.items()}, facts)
        found = {"stored": differences(tagger, patches, wanted), "as_16_bit": differences(half, patches, wanted)}
    sys.stderr.write(json.dumps(found, indent=2) + "\n")
    if max(found["stored"][name] for name in OUTPUTS) > TOLERANCE:
        sys.stderr.write(f"not written: differs from the published graph by more than {TOLERANCE}\n")
        return 1
    metrics = {"source": PACKAGE, "source_sha256": WEIGHTS_SHA256, "compared_patches": len(patches),
               "weights": int(sum(array.size for array in arrays.values())),
               "largest_difference_from_the_published_graph": found}
    card = TARGET / "CARD.md"
    weights.write(TARGET, arrays, facts, {
        "metrics.json": json.dumps(metrics, indent=2) + "\n", "LICENSE": licence.strip() + "\n",
        **({"CARD.md": card.read_text("utf-8")} if card.exists() else {})})
    GOLDEN.parent.mkdir(parents=True, exist_ok=True)
    answers = {each: answer[1:1 + KEPT] for each, answer in wanted.items()}
    np.savez_compressed(GOLDEN, patches=kept[1:1 + KEPT], **answers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
