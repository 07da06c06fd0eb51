"""The feature model: how much a track's measured features look like those of songs that charted.

Task: from what can be measured in audio (`NAMES`), and where they are there the seven descriptors (`DESCRIPTORS`), a
calibrated `Judgement`. Trained on a set of tracks from 1960 to 2019 that charted or were obscure, about half and half
(`models/hit_features/CARD.md`); it tells those apart, it knows nothing of promotion, and its base rate is that set's.

Six sub-models, each trained and calibrated on its own: what is known of the form of a track (`FORMS`: all of it; its
length alone; nothing, as of a clip) times with or without descriptors. None of them fills in what was not measured.

Conventions: tempo in BPM, loudness in dB, durations in ms and s as `NAMES` says, key 0 (C) to 11, mode 1 for major;
missing values are None or NaN. Inputs are rounded to what a measurement can tell (`columns`), so that no digit of the
labelled set's own figures is learned.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hits import nets
from hits.calibration import Calibrator, restore
from hits.judgement import Judgement, logit, ranked
from hits.scoring import percentile
from hits.trees import Explainer, Trees, unpack
from support import weights
from support.errors import DataError

Floats = NDArray[np.float64]
NAMES = ("tempo", "loudness", "duration_ms", "key", "mode", "time_signature", "sections", "chorus_hit")
DESCRIPTORS = ("danceability", "energy", "speechiness", "acousticness", "instrumentalness", "liveness", "valence")
ALWAYS = ("tempo", "loudness", "key", "mode", "time_signature")
"""What every audio gives, however short."""
FORMS = {"full": NAMES, "length": (*ALWAYS, "duration_ms"), "short": ALWAYS}
PART = "features"
PLAYERS = (*NAMES, *DESCRIPTORS)
COLUMNS = {"tempo": "tempo", "loudness": "loudness", "seconds": "duration_ms", "key": "key", "mode": "mode",
           "time_signature": "time_signature", "sections": "sections", "chorus": "chorus_hit",
           "section_seconds": "sections", "chorus_in_sections": "chorus_hit", "fifths": "key",
           **{name: name for name in DESCRIPTORS}}
"""The trees' columns, each with the input whose contribution it counts to."""
SHAPES = ("tempo", "loudness", "seconds", "sections", "chorus", "section_seconds", *DESCRIPTORS)
"""Columns by which a track is strange or usual; seconds and counts as logarithms."""
Z80 = 1.2816
"""Standard deviations to either side of the middle 80 % of a normal distribution."""


@dataclass(frozen=True)
class SubModel:
    """One of the six: trees and nets, calibration, and what the tracks kept apart gave."""

    name: str
    columns: tuple[int, ...]
    trees: Trees
    explainer: Explainer
    nets: nets.Nets
    calibrator: Calibrator
    base_rate: float
    widening: float
    reference: Floats
    near: Mapping[str, Floats]

    def log_odds(self, table: Floats) -> Floats:
        """Return calibrated log-odds of rows of all columns, (n, columns)."""
        return self.calibrator(self.levels(table).mean(axis=0))

    def levels(self, table: Floats) -> Floats:
        """Return raw log-odds, (members, n), of rows of all columns: the mean of trees and nets."""
        used = table[:, self.columns]
        return (self.trees.levels(used) + self.nets.levels(used)) / 2

    def judge(self, row: Floats, facts: Mapping[str, Any]) -> Judgement:
        """Return the judgement of one row of all columns."""
        levels = self.levels(row[None])[:, 0]
        members, raw = self.calibrator(levels), levels.mean()
        log_odds = float(self.calibrator(raw))
        half = Z80 * self.widening * float(members.std(ddof=1))
        return Judgement(
            part=PART, log_odds=log_odds, base_rate=self.base_rate, low=log_odds - half, high=log_odds + half,
            percentile=percentile(self.reference, log_odds), strange=strangeness(row, self.near),
            contributions=self._contributions(row[list(self.columns)], float(raw), log_odds),
            facts={**facts, "kind": self.name},
            percentile_low=percentile(self.reference, log_odds - half),
            percentile_high=percentile(self.reference, log_odds + half))

    def _contributions(self, used: Floats, raw: float, log_odds: float) -> tuple[tuple[str, float], ...]:
        """Return what each input adds in calibrated log-odds: raw shares on the calibrator's chord."""
        start = (self.explainer.expected() + self.nets.expected()) / 2
        chord = (log_odds - float(self.calibrator(start))) / (raw - start) if abs(raw - start) > 1e-9 else 0.0
        trees = self.explainer.shares(used)
        shares = (trees + self.nets.shares(used, players(self.columns), len(trees))) / 2 * chord
        mine = {PLAYERS[number]: float(shares[number]) for number in sorted(set(players(self.columns)))}
        return ranked(mine, log_odds - logit(self.base_rate))


class FeatureModel:
    """The six sub-models as loaded from a folder."""

    def __init__(self, parts: Mapping[str, SubModel], facts: Mapping[str, Any]) -> None:
        self.parts, self.facts = dict(parts), dict(facts)

    def judge(self, values: Mapping[str, float | None]) -> Judgement:
        """Judge one track by what is known of it.

        Parameters
        ----------
        values : mapping of str to float or None
            `NAMES`, and `DESCRIPTORS` where they are there (all seven or they are not used). `facts` of the judgement
            say which sub-model answered (``kind``), what it went by (``used``) and what it did without (``left_out``).

        Raises
        ------
        DataError
            ``hit_features.missing``: a measurement that every audio gives is not there, or is no number.
            ``hit_features.range``: a value that no track can have.
        """
        known = {name: _number(name, values.get(name)) for name in PLAYERS}
        lacking = [name for name in ALWAYS if known[name] is None]
        if lacking:
            raise DataError("hit_features.missing", names=", ".join(lacking), needed=", ".join(ALWAYS))
        part = self.parts[kind_of(known)]
        used = [PLAYERS[number] for number in sorted(set(players(part.columns)))]
        facts = self.facts | {"used": used, "left_out": [name for name in PLAYERS if name not in used]}
        return part.judge(columns([known])[0], facts)


def load(folder: Path) -> FeatureModel:
    """Return the model of a folder that `hits.features_training` filled.

    Raises
    ------
    DataError
        As `support.weights.read`; ``hit_features.form`` where the folder holds another model.
    """
    arrays, facts = weights.read(folder)
    if facts.get("part") != PART or facts.get("columns") != list(COLUMNS):
        raise DataError("hit_features.form", folder=str(folder))
    try:
        shown = {name: facts[name] for name in ("name", "date", "data", "licence")}
        parts = {name: part_of(name, arrays, numbers) for name, numbers in facts["kinds"].items()}
    except KeyError as error:
        raise DataError("hit_features.form", folder=str(folder)) from error
    return FeatureModel(parts, shown)


def part_of(name: str, arrays: Mapping[str, NDArray[Any]], numbers: Mapping[str, Any]) -> SubModel:
    """Return one sub-model of the arrays of all."""
    mine = {key.removeprefix(f"{name}."): value for key, value in arrays.items() if key.startswith(f"{name}.")}
    used = column_numbers(name)
    trees = unpack({key.removeprefix("trees."): value for key, value in mine.items() if key.startswith("trees.")})
    net = nets.unpack({key.removeprefix("nets."): value for key, value in mine.items() if key.startswith("nets.")})
    near = {key.removeprefix("near."): value.astype(float) for key, value in mine.items() if key.startswith("near.")}
    return SubModel(name, used, trees, Explainer(trees, players(used)), net, restore(numbers["calibration"]),
                    numbers["base_rate"], numbers["widening"], mine["reference"].astype(float), near)


def kind_of(known: Mapping[str, float | None]) -> str:
    """Return the sub-model for what is known: its form and whether all descriptors are there."""
    form = next(form for form, names in FORMS.items() if all(known.get(name) is not None for name in names))
    return f"{form}-described" if all(known.get(name) is not None for name in DESCRIPTORS) else form


KINDS = tuple(f"{form}{tail}" for form in FORMS for tail in ("", "-described"))


def inputs(kind: str) -> tuple[str, ...]:
    """Return the inputs a sub-model goes by."""
    form, described = kind.partition("-")[0], kind.endswith("-described")
    return FORMS[form] + (DESCRIPTORS if described else ())


def column_numbers(kind: str) -> tuple[int, ...]:
    """Return the places of a sub-model's columns among `COLUMNS`."""
    return tuple(number for number, owner in enumerate(COLUMNS.values()) if owner in inputs(kind))


def players(used: Sequence[int]) -> list[int]:
    """Return, for each column used, the place among `PLAYERS` of the input it counts to."""
    owners = list(COLUMNS.values())
    return [PLAYERS.index(owners[number]) for number in used]


def columns(tracks: Sequence[Mapping[str, float | None]]) -> Floats:
    """Return the trees' columns, (n, columns), of the inputs of tracks; NaN where something is not known.

    Tempo and loudness to a tenth, length to a second, chorus to a tenth of a second, descriptors to a thousandth. The
    start of the chorus is also counted in mean sections, and a minor key by its relative major on the circle of fifths.
    A tempo, a chorus or a number of sections of 0 says that there was none to find: missing.
    """
    return columns_of({name: np.array([np.nan if (value := track.get(name)) is None else value for track in tracks],
                                      float) for name in PLAYERS})


def columns_of(given: Mapping[str, Any]) -> Floats:
    """Return the same from arrays by input."""
    value = {name: np.asarray(given[name], float) for name in PLAYERS}
    seconds = np.round(value["duration_ms"] / 1000)
    sections, chorus = _positive(value["sections"]), _positive(np.round(value["chorus_hit"], 1))
    each = seconds / sections
    relative = np.where(value["mode"] == 1, value["key"], value["key"] + 3)
    made = {"tempo": _positive(np.round(value["tempo"], 1)), "loudness": np.round(value["loudness"], 1),
            "seconds": _positive(seconds), "key": value["key"], "mode": value["mode"],
            "time_signature": value["time_signature"], "sections": sections, "chorus": chorus, "section_seconds": each,
            "chorus_in_sections": chorus / _positive(each), "fifths": relative * 7 % 12,
            **{name: np.round(value[name], 3) for name in DESCRIPTORS}}
    table = np.stack([made[name] for name in COLUMNS], axis=1)
    return table.astype(np.float32).astype(float)  # as exact as the thresholds are kept


def shape(table: Floats) -> Floats:
    """Return the columns of `SHAPES`, (n, shapes), on scales on which distances mean something."""
    places = list(COLUMNS)
    picked = table[:, [places.index(name) for name in SHAPES]].copy()
    logs = [number for number, name in enumerate(SHAPES) if name in ("seconds", "sections", "chorus",
                                                                     "section_seconds")]
    picked[:, logs] = np.log(picked[:, logs])
    return picked


def distances(shapes: Floats, near: Mapping[str, Floats]) -> Floats:
    """Return the distance of each row to the nearest centre, (n,): root mean square over the shapes it has."""
    used = near["used"].astype(int)
    at = (shapes[:, used] - near["middle"]) / near["spread"]
    apart = (at[:, None, :] - near["centres"]) ** 2
    return np.asarray(np.sqrt(np.nanmean(apart, axis=2).min(axis=1)), float)


def strangeness(row: Floats, near: Mapping[str, Floats]) -> float:
    """Return the share, 0 to 1, of tracks kept apart that lie nearer to the training data than `row`."""
    return percentile(near["reference"], float(distances(shape(row[None]), near)[0])) / 100


LIMITS: dict[str, tuple[float, float]] = {
    "tempo": (0, 1000), "loudness": (-120, 60), "duration_ms": (0, 86_400_000), "key": (0, 11), "mode": (0, 1),
    "time_signature": (0, 16), "sections": (0, 10_000), "chorus_hit": (0, 86_400), **dict.fromkeys(DESCRIPTORS, (0, 1))}
"""What a track can have at all; what is usual is `strangeness`."""


def _number(name: str, value: float | None) -> float | None:
    if value is None or not math.isfinite(value):
        return None
    low, high = LIMITS[name]
    if not low <= value <= high:
        raise DataError("hit_features.range", name=name, value=value, low=low, high=high)
    return float(value)


def _positive(values: Floats) -> Floats:
    return np.where(values > 0, values, np.nan)
