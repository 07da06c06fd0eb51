"""Training of the head: six kinds of weather, drawing or photo, and how far a picture is from all weather pictures.

The features come from `seeing.network.look`. Weather is a multinomial logistic regression with a strong penalty over
the standardised features; each picture counts twice, as it is and softened,
so that the head does not lean on sharpness.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from seeing.head import LABELS, Head
from seeing.network import look

Array = NDArray[np.float32]
PENALTY = 0.01  # C of scikit-learn; 0.001 to 0.03 score alike, more is better calibrated
SOFT = 150  # pixels of the softened view's sides
COMPONENTS = 40  # directions in which weather pictures differ from each other
FAMILIAR = 0.95  # share of weather pictures, not trained on, that are to count as familiar
FOLDS = 5


def views(picture: Image.Image) -> Array:
    """Return the features of a training picture, as it is and softened, shape (2, 2816)."""
    soft = picture.resize((SOFT, SOFT), Image.Resampling.BICUBIC)
    return np.stack([look(picture).features, look(soft).features])


def fit_weather(seen: Array, labels: Sequence[str]) -> tuple[Array, Array]:
    """Return weights (6, 2816) and biases (6,) of the weather classes, in the order of `LABELS`.

    Parameters
    ----------
    seen : ndarray, shape (pictures, views, 2816)
    labels : sequence of str
        One a picture, all of `LABELS` among them.
    """
    from sklearn.linear_model import LogisticRegression

    flat = seen.reshape(-1, seen.shape[-1])
    mean, scale = _standard(flat)
    places = np.repeat([LABELS.index(label) for label in labels], seen.shape[1])
    model = LogisticRegression(C=PENALTY, max_iter=500).fit((flat - mean) / scale, places)
    weights = model.coef_ / scale
    return weights.astype(np.float32), (model.intercept_ - weights @ mean).astype(np.float32)


def fit_painted(drawings: Array, photos: Array) -> tuple[Array, Array]:
    """Return weights (1, 2816) and bias (1,) that tell drawings from photos; rows are pictures."""
    from sklearn.linear_model import LogisticRegression

    both = np.concatenate([drawings, photos])
    mean, scale = _standard(both)
    kinds = np.repeat([1, 0], [len(drawings), len(photos)])
    model = LogisticRegression(C=PENALTY / 10, max_iter=500, class_weight="balanced").fit((both - mean) / scale, kinds)
    weights = model.coef_ / scale
    return weights.astype(np.float32), (model.intercept_ - weights @ mean).astype(np.float32)


def fit_familiar(seen: Array) -> dict[str, Array]:
    """Return the space of weather pictures: mean, scale and basis of its directions; rows are pictures."""
    from sklearn.decomposition import PCA

    mean, scale = _standard(seen)
    # the full decomposition: the randomised one would give another basis with another library
    basis = PCA(COMPONENTS, svd_solver="full").fit((seen - mean) / scale).components_
    return {"mean": mean.astype(np.float32), "scale": scale.astype(np.float32), "basis": basis.astype(np.float16)}


def familiar_limit(seen: Array, seed: int = 0) -> float:
    """Return the strangeness that `FAMILIAR` of the pictures stay below when their space is built without them."""
    order = np.random.default_rng(seed).permutation(len(seen))
    found = []
    for part in np.array_split(order, FOLDS):
        space = fit_familiar(np.delete(seen, part, axis=0))
        found += [Head.strangeness_in(space["mean"], space["scale"], space["basis"], each) for each in seen[part]]
    return float(np.quantile(found, FAMILIAR))


def _standard(flat: Array) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    scale = flat.std(axis=0, dtype=np.float64)
    return flat.mean(axis=0, dtype=np.float64), np.where(scale > 1e-6, scale, 1.0)
