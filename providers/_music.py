"""What the makers of music share: what may be asked, and what is taken as an answer."""

from __future__ import annotations

import math
import secrets

from providers._images import LARGEST_SEED
from support.decode.audio_kinds import audio_kind
from support.decoding import LARGEST_AUDIO
from support.errors import DataError, ProviderError

MOST_BYTES = LARGEST_AUDIO
"""Of the music: what can be decoded afterwards; 4.5 minutes of 16-bit stereo at 48 kHz, hours of MP3."""
MOST_PROMPT = 2000
"""Characters; a caption has 100, a text model writes up to 500."""
SECONDS = (1.0, 300.0)
"""Lengths that may be asked for."""
KINDS = ("WAV", "MP3", "FLAC", "OGG")
"""Kinds that are decoded everywhere; M4A needs a program."""


def check(prompt: str, seconds: float, seed: int | None) -> None:
    """Raise what `providers.base.MusicMaker.make` raises for what cannot be asked."""
    if not prompt.strip():
        raise DataError("music_providers.prompt_empty")
    if len(prompt) > MOST_PROMPT:
        raise DataError("music_providers.prompt_long", length=f"{len(prompt):,}", limit=f"{MOST_PROMPT:,}")
    if not (math.isfinite(seconds) and SECONDS[0] <= seconds <= SECONDS[1]):
        raise ValueError(f"{seconds} s of music is not between {SECONDS[0]:g} and {SECONDS[1]:g}.")
    if seed is not None and not 0 <= seed <= LARGEST_SEED:
        raise ValueError(f"The seed {seed} is not between 0 and {LARGEST_SEED}.")


def drawn(seed: int | None) -> int:
    """Return the seed, or one by chance."""
    return secrets.randbelow(LARGEST_SEED + 1) if seed is None else seed


def kind_of(audio: bytes, service: str) -> str:
    """Return the kind of what a service sent as music; `ProviderError` where it is none."""
    if len(audio) > MOST_BYTES:
        raise ProviderError("music_providers.large", service=service, limit_mb=MOST_BYTES >> 20)
    kind = audio_kind(audio) if audio else None
    if kind not in KINDS:
        raise ProviderError("music_providers.not_audio", service=service)
    return kind
