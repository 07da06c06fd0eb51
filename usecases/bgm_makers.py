"""Who makes background music: the composer, and providers as they are set up."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

import config
from providers.base import MusicMaker
from providers.registry import music_makers
from support import decoding
from support.errors import DataError, MissingKey
from support.jobs import Progress
from usecases.bgm_results import Maker

COMPOSER = "composer"
UNSET = {"musicgen": "MUSICGEN_MODEL", "music_http": "MUSIC_HTTP_URL"}
"""What the operator sets to have a provider, in the order they are shown."""


def bgm_makers() -> tuple[Maker, ...]:
    """Return who can be asked: the composer first, then the providers, each with why it cannot now."""
    there = _providers()
    unset = {name: Maker(name, "bgm.maker_unset", {"setting": setting}) for name, setting in UNSET.items()}
    return Maker(COMPOSER), *(_shown(there[name]) if name in there else unset[name] for name in unset)


def _shown(maker: MusicMaker) -> Maker:
    problem = maker.problem()
    return Maker(maker.provider, problem.code if problem else None, dict(problem.values) if problem else None,
                 maker.warning)


def _providers() -> Mapping[str, MusicMaker]:
    return {one.provider: one for one in music_makers(config.load())}


def check(name: str) -> None:
    """Refuse a maker that is not there or not set up.

    Raises
    ------
    DataError
    ProviderError
        Why it cannot make anything as it is set up.
    """
    if name == COMPOSER:
        return
    found = _providers()
    if name not in UNSET:
        raise DataError("bgm.maker", value=name, accepted=", ".join((COMPOSER, *UNSET)))
    if name not in found:
        raise MissingKey("bgm.maker_unset", setting=UNSET[name])
    problem = found[name].problem()
    if problem is not None:
        raise problem


def ask(name: str, prompt: str, seconds: float, seed: int, progress: Progress, done: int, count: int
        ) -> NDArray[np.float32]:
    """Return what a provider makes of a prompt, (n, 2) at 48 kHz, of whatever length and loudness it has.

    ``done`` of ``count`` tracks are there; the job's progress says, in hundredths of a track, how far this one is.
    """
    check(name)

    def told(step: int, steps: int) -> None:
        progress.report(100 * done + (99 * step // steps if steps else 0), 100 * count, "steps" if steps else "unknown")

    found = _providers()[name].make(prompt, seconds, seed=seed, progress=told, stopped=lambda: progress.cancelled)
    return decoding.stereo(found.audio)

