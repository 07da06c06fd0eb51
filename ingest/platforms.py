"""The three platforms: identifiers, accepted spellings and the one metric each counts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Platform:
    """One platform. `id` is what the database stores, `key` what the code says."""

    id: int
    key: str
    label: str
    metric: str
    names: frozenset[str]
    metrics: frozenset[str]


YOUTUBE = Platform(1, "youtube", "YouTube", "views", frozenset({"youtube", "yt"}), frozenset({"views", "view"}))
SPOTIFY = Platform(2, "spotify", "Spotify", "streams", frozenset({"spotify", "sp"}), frozenset({"streams", "stream"}))
SOUNDCLOUD = Platform(3, "soundcloud", "SoundCloud", "plays", frozenset({"soundcloud", "sc"}),
                      frozenset({"plays", "play"}))
PLATFORMS = (YOUTUBE, SPOTIFY, SOUNDCLOUD)
BY_KEY = {platform.key: platform for platform in PLATFORMS}
BY_ID = {platform.id: platform for platform in PLATFORMS}
BY_NAME = {name: platform for platform in PLATFORMS for name in platform.names}
