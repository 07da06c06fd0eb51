"""How background music is made: each variant of a request composed or asked of a provider, mastered and stored."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

import composer
import db
from composer import Feel, Plan, Wish
from queries import bgm as queries
from recommender import embedder
from support.errors import AppError, Cancelled, state_after
from support.jobs import Progress
from usecases import bgm_files, bgm_makers

log = logging.getLogger(__name__)
PEAKS = 600
"""Pairs of least and greatest values in the drawing of a waveform."""


def run(batch_id: int, progress: Progress) -> dict[str, Any]:
    """Make the variants of a queued request that are missing; return ``{"bgm": id}``.

    One that fails is stored as failed, with its reason, and the others are made all the same.
    """
    with db.begin() as connection:
        row = queries.get_batch(connection, batch_id)
        if row is None or not queries.begin(connection, batch_id):
            return {"bgm": batch_id}
        there = queries.variants_done(connection, batch_id)
    try:
        made = _all(row, there, progress)
    except BaseException as error:
        _ended(batch_id, error)
        raise
    with db.begin() as connection:
        queries.end(connection, batch_id, "done" if made else "failed", None if made else "bgm.all_failed")
    return {"bgm": batch_id}


def _ended(batch_id: int, error: BaseException) -> None:
    with db.begin() as connection:
        if isinstance(error, Cancelled):
            queries.end(connection, batch_id, state_after(error))
        elif isinstance(error, AppError):
            queries.end(connection, batch_id, "failed", error.code, error.values)
        else:
            queries.end(connection, batch_id, "failed", "unexpected", {"kind": type(error).__name__})


def _all(row: Mapping[str, Any], there: set[int], progress: Progress) -> bool:
    """Make what is missing; return whether any track of the request is there."""
    plans, count = _plans(row), row["tracks"]
    for variant, plan in enumerate(plans):
        progress.report(100 * len(there), 100 * count, "compose")
        progress.check()
        if variant in there:
            continue
        try:
            found = _composed(plan) if row["maker"] == "composer" else _asked(row, plan, progress, len(there))
        except Cancelled:
            progress.check()  # says whether a person asked for it, which a maker cannot know
            raise
        except AppError as error:
            log.warning("Variant %s of background music %s failed: %s", variant, row["id"], error)
            found = {"state": "failed", "error_code": error.code, "error_values": error.values}
        else:
            there.add(variant)
        _keep(row, variant, plan, found)
    progress.report(100 * len(there), 100 * count, "compose")
    return bool(there)


def _plans(row: Mapping[str, Any]) -> tuple[Plan, ...]:
    if row["edit"] is not None:
        return (composer.from_json(row["edit"]["plan"]),)
    wish = wish_of(row["wish"])
    return composer.settle(wish, embedder().embed if wish.keywords else None)[0]


def wish_of(stored: Mapping[str, Any]) -> Wish:
    """Return a wish as it was stored."""
    lists = {name: tuple(stored[name]) for name in ("genres", "instruments", "moods", "textures", "keywords")}
    energy = stored["energy"] if isinstance(stored["energy"], str) else tuple(stored["energy"])
    feel = None if stored["feel"] is None else Feel(**stored["feel"])
    return Wish(**{**stored, **lists, "energy": energy, "feel": feel})


def _composed(plan: Plan) -> dict[str, Any]:
    made = composer.make(plan, bgm_files.soundfont())
    bgm_files.put_wav(plan, composer.files.wav(made.mix))
    return {"state": "done", "plan": composer.as_json(plan), "engine": composer.ENGINE, "midi": made.midi,
            "ogg": composer.files.ogg(made.mix), "figures": made.figures,
            "drawn": {**composer.drawn(made.score), "peaks": _peaks(made.mix)}}


def _asked(row: Mapping[str, Any], plan: Plan, progress: Progress, done: int) -> dict[str, Any]:
    """Return what a provider makes of the caption in English, brought to the exact length and loudness."""
    prompt = composer.in_english(row["caption"])
    sound = bgm_makers.ask(row["maker"], prompt, plan.seconds, plan.seed, progress, done, row["tracks"])
    mix, figures = composer.fit(sound, composer.SAMPLE_RATE, plan.seconds, plan.loudness)
    return {"state": "done", "ogg": composer.files.ogg(mix), "master": composer.files.flac(mix),
            "figures": {**asdict(figures), "seconds": plan.seconds}, "drawn": {"peaks": _peaks(mix)}}


def _peaks(mix: NDArray[np.float32]) -> list[list[float]]:
    return np.round(composer.files.peaks(mix, PEAKS), 3).tolist()


def _keep(row: Mapping[str, Any], variant: int, plan: Plan, found: Mapping[str, Any]) -> None:
    with db.begin() as connection:
        queries.put_track(connection, {
            **found, "batch_id": row["id"], "owner_id": row["owner_id"], "song_id": row["song_id"],
            "variant": variant, "title": _title(row, plan, variant), "maker": row["maker"], "seconds": plan.seconds})


def _title(row: Mapping[str, Any], plan: Plan, variant: int) -> str:
    """Return a title in the caption's language: mood, genre, number."""
    lang = "ko" if any("가" <= letter <= "힣" for letter in row["caption"]) else "en"
    mood = composer.moods().get(plan.moods[0]) if plan.moods else None
    words = [getattr(one, lang) for one in (mood, composer.genres().get(plan.genre)) if one is not None]
    return f"{' '.join(words)} {variant + 1}".strip()

