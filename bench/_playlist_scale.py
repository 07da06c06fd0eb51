"""How the playlist model holds at the size it is meant for: 50,000 made playlists, 90,000 songs; and thumbnails."""

from __future__ import annotations

import time

import numpy as np
from _machine import Bench, peak_mb

from playlisting.library import Array, Playlist, Request
from playlisting.model import Options, train

PLAYLISTS, SONGS, LENGTH = 50_000, 90_000, 45
WORDS = ("비", "밤", "새벽", "카페", "운동", "드라이브", "이별", "여름", "겨울", "퇴근길", "재즈", "힙합", "발라드",
         "인디", "감성", "휴식", "집중", "여행", "추억", "신나는", "잔잔한", "우울한", "설레는", "몽환적인")
REQUESTS = 60


def made(seed: int = 0) -> list[Playlist]:
    """Return playlists whose songs follow a power law within one of 200 groups; each song is in some."""
    rng = np.random.default_rng(seed)
    group = SONGS // 200
    rows = []
    for number in range(PLAYLISTS):
        start = int(rng.integers(0, 200)) * group
        songs = start + (group * rng.random(LENGTH) ** 1.5).astype(int)
        words = [WORDS[at] for at in rng.integers(0, len(WORDS), 4)]
        rows.append(Playlist(f"made {number}", tuple(dict.fromkeys(songs.tolist())), tuple(words[:2]),
                             " ".join((*words[1:], f"제목{int(rng.integers(0, 9_000))}"))))
    return rows


def scale(bench: Bench) -> None:
    """Train at that size and time requests of a title alone: songs and tags, and playlists like it."""
    from recommender import embed

    rng = np.random.default_rng(1)

    def quick(titles: list[str]) -> Array:  # as many vectors as titles; what they mean does not matter for the time
        vectors = rng.normal(size=(len(titles), 384)).astype(np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    start = time.perf_counter()
    model = train(made(), quick, Options(epochs=1))
    bench.figure("50,000 playlists: songs in the library", len(model.library.songs))
    bench.figure("50,000 playlists: training with one epoch, without embedding titles, s", time.perf_counter() - start)
    bench.at_most("50,000 playlists: peak memory of training, GB", 8, peak_mb() / 1000)
    model.components["titles"]._embed = embed  # type: ignore[attr-defined]  # requests are embedded in earnest
    times: dict[str, list[float]] = {"songs and tags": [], "playlists like it": []}
    titles = [" ".join(np.random.default_rng(at).permutation(WORDS)[:3]) for at in range(REQUESTS)]
    model.recommend(Request(title=titles[0]))
    model.finder.find(titles[0])
    for title in titles:
        for name, ask in (("songs and tags", lambda title=title: model.recommend(Request(title=title))),
                          ("playlists like it", lambda title=title: model.finder.find(title))):
            start = time.perf_counter()
            ask()
            times[name].append(1000 * (time.perf_counter() - start))
    for name, each in times.items():
        bench.figure(f"50,000 playlists, title to {name}: slowest in twenty, ms", float(np.quantile(each, 0.95)))
        bench.at_most(f"50,000 playlists, title to {name}: median, ms", 150, float(np.median(each)))


def thumbnails(bench: Bench, titles: int = 10) -> None:
    """Time thumbnails painted by code, four variants a title; processor time, so that it is that of one core."""
    import artwork

    artwork.variants("warm", {}, 1)
    times = []
    for at in range(titles):
        words = np.random.default_rng(at).permutation(WORDS)[:3]
        for seed in range(4):
            start = time.process_time()
            artwork.thumbnail(" ".join(words), artwork.plan(" ".join(words), {}, 4 * at + seed))
            times.append(time.process_time() - start)
    bench.figure("a thumbnail, median processor s", float(np.median(times)))
    bench.at_most(f"a thumbnail, slowest of {len(times)}, processor s", 1, max(times))
