"""A recording to a mel spectrogram, and one clip through a network: time and memory beside the plain ways.

A made song of 30 s (chords, bass, drums, voices left and right, 44,100 Hz) is encoded as an MP3. Decoding by the
product means: kind, worker process, loudness, 22,050 Hz mono, samples back; beside it `soundfile.read` of the same file
in this process, and librosa's `load` and `melspectrogram`.

Run ``python bench/audio.py [--quick]``.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from _machine import ROOT, Bench, arguments
from threadpoolctl import threadpool_limits

from sound.mel import clip_of, log_mel
from support import decoding

RATE, SECONDS = 44_100, 30
ROUNDS, QUICK_ROUNDS = 41, 15
LONG_S = 600
CHORDS = ((220.0, 261.6, 329.6), (174.6, 220.0, 261.6), (261.6, 329.6, 392.0), (196.0, 246.9, 293.7))


def song(seconds: int = SECONDS, rate: int = RATE) -> np.ndarray:
    """Return a made song, (n, 2) float32: four chords of two seconds, drums at 120 a minute, wide."""
    times = np.arange(seconds * rate) / rate
    noise = np.random.default_rng(0).normal(size=(len(times), 2))
    left_right = np.zeros((len(times), 2))
    for place, hertz in enumerate(np.array(CHORDS).T):
        pitch = np.repeat(np.tile(hertz, -(-seconds // 8)), 2 * rate)[:len(times)]
        phase = 2 * np.pi * np.cumsum(pitch) / rate
        voice = sum(np.sin(order * phase) / order for order in range(1, 12))
        left_right += voice[:, None] * np.array([0.5 + 0.2 * place, 0.9 - 0.2 * place])
    beat = times % 0.5
    left_right += 4 * (np.sin(2 * np.pi * 55 * beat) * np.exp(-beat * 12))[:, None]
    left_right += noise * (np.exp(-(times % 0.25) * 30) + 0.05)[:, None]
    return (0.8 * left_right / np.abs(left_right).max()).astype(np.float32)


def timed(work: Callable[[], Any]) -> float:
    """Return the milliseconds of one call."""
    start = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - start)


def compared(rounds: int, plain: Callable[[], Any], ours: Callable[[], Any]) -> tuple[float, float, float]:
    """Return the medians of both in ms and of their ratio; the plain way runs before and after, its mean counts."""
    plain()
    ours()
    found = []
    for _ in range(rounds):
        before, own, after = timed(plain), timed(ours), timed(plain)
        found.append(((before + after) / 2, own, 2 * own / (before + after)))
    return tuple(float(value) for value in np.median(found, axis=0))


def speed(bench: Bench, path: Path, rounds: int) -> None:
    """Time decode and mel beside the decode alone and beside librosa; compare the values."""
    import librosa
    import soundfile

    data = path.read_bytes()

    def by_product() -> np.ndarray:
        return log_mel(decoding.audio(data).samples)

    def by_librosa() -> np.ndarray:
        samples, rate = librosa.load(path, sr=22_050)
        power = librosa.feature.melspectrogram(y=samples, sr=rate, n_fft=2_048, hop_length=512, n_mels=128)
        return librosa.power_to_db(power, ref=1.0, top_db=None).T

    alone, both, ratio = compared(rounds, lambda: soundfile.read(path, dtype="float32"), by_product)
    bench.figure("30 s MP3: decode alone by soundfile, ms", alone)
    bench.figure("30 s MP3: decode alone by soundfile as float64, its default, ms",
                 float(np.median([timed(lambda: soundfile.read(path)) for _ in range(rounds)])))
    bench.figure("30 s MP3: decode in a worker, with loudness, ms",
                 float(np.median([timed(lambda: decoding.audio(data)) for _ in range(rounds)])))
    samples = decoding.audio(data).samples
    bench.figure("30 s: mel spectrogram, ms",
                 float(np.median([timed(lambda: log_mel(samples)) for _ in range(rounds)])))
    bench.figure("30 s MP3: decode + mel, ms", both)
    with threadpool_limits(1, "blas"):  # further threads of librosa's product would still spin while ours is timed
        plain, _, share = compared(rounds, by_librosa, by_product)
    bench.figure("30 s MP3: librosa's load + melspectrogram, ms", plain)
    bench.at_most("decode + mel of a 30 s MP3, times the decode alone", 2.5, ratio)
    bench.at_most("decode + mel of a 30 s MP3, times librosa's load + melspectrogram", 1.0, share)
    bench.at_most("largest difference from librosa's values, dB", 0.1,
                  float(np.abs(by_product() - by_librosa()).max()))


def frames_of(data: bytes) -> bytes:
    """Return an MP3 without its first frame, which only states the length."""
    return data[data.index(data[:2], 4):]


def memory(bench: Bench, path: Path) -> None:
    """Decode ten minutes in a fresh process: an MP3, and the largest WAV that is taken."""
    import soundfile

    folder, seconds = path.parent, decoding.LARGEST_AUDIO // (22_050 * 4)
    (folder / "long.mp3").write_bytes(frames_of(path.read_bytes()) * (LONG_S // SECONDS))
    soundfile.write(folder / "long.wav", np.tile(song()[::2], (20, 1))[:seconds * 22_050], 22_050, subtype="PCM_16")
    found = {}
    for name, wanted in (("long.mp3", LONG_S), ("long.wav", seconds)):
        command = [sys.executable, str(Path(__file__).parent / "_audio_once.py"), str(folder / name)]
        report = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        if abs(report["seconds"] - wanted) > 1:
            raise SystemExit(f"{name} came back with {report['seconds']} s of {wanted}")
        kind, size = name[-3:].upper(), (folder / name).stat().st_size / 2**20
        for part in ("product_mb", "worker_mb"):
            bench.figure(f"{wanted / 60:.1f} minutes of {kind}, {size:.0f} MB: {part}", report[part])
        found[name] = report["above_idle_mb"]
    bench.at_most("decode + mel of 10 minutes, an MP3 and a WAV of 50 MB: memory above idle, both processes, MB", 300,
                  max(found.values()))


def passage(bench: Bench, path: Path, rounds: int) -> None:
    """Time one clip through the default network, by its compiled function and by `model.predict`."""
    from hits import fitting, network

    clip = clip_of(log_mel(decoding.audio(path).samples))[None]
    model = network.build("cnn1d", clip.shape[1:])
    compiled = fitting.forward(model)

    def by_predict() -> float:
        return float(model.predict(clip, verbose=0).ravel()[0])

    def by_function() -> float:
        return float(np.ravel(compiled(clip))[0])

    if abs(by_predict() - by_function()) > 1e-3:
        raise SystemExit(f"the compiled function says {by_function()}, predict {by_predict()}")
    by_all, own, ratio = compared(rounds, by_predict, by_function)
    bench.figure("one clip by model.predict, ms", by_all)
    bench.at_most("one clip through a warm network, ms", 5, own)
    bench.at_least("one clip through a warm network, times as fast as model.predict", 20, 1 / ratio)


def answer(bench: Bench, path: Path, rounds: int) -> None:
    """Time everything from a file to an answer with what ships, once the models are loaded, kept to one core."""
    import hit_model

    models = hit_model.load(ROOT / "models", ROOT / "data" / "none",
                            lambda texts: np.zeros((len(texts), 1), np.float32), "none")
    others = os.sched_getaffinity(0) if hasattr(os, "sched_setaffinity") else set()

    def whole() -> None:
        sounds = hit_model.hear(models, decoding.audio(path))
        if hit_model.predict(models, sounds, genre="POP", lyrics=None, prior=0.01).parts[0].judgement is None:
            raise SystemExit("the features have no answer")

    whole()
    if others:
        decoding.close()  # the next worker is started on that core as well
        os.sched_setaffinity(0, {min(others)})
    try:
        whole()
        took = statistics.median(timed(whole) for _ in range(rounds))
    finally:
        if others:
            os.sched_setaffinity(0, others)
    bench.at_most("30 s MP3 to an answer with its evidence, models loaded, one core, s", 3, took / 1000)


def main() -> None:
    """Run the bench and print its report."""
    chosen = arguments("A recording to a mel spectrogram, and one clip through a network.")
    bench, rounds = Bench("audio"), QUICK_ROUNDS if chosen.quick else ROUNDS
    with TemporaryDirectory() as name:
        import soundfile

        path = Path(name) / "song.mp3"
        soundfile.write(path, song(), RATE, format="MP3", bitrate_mode="CONSTANT", compression_level=0.5)
        bench.figure("30 s MP3: kilobits a second", path.stat().st_size * 8 / SECONDS / 1000)
        speed(bench, path, rounds)
        memory(bench, path)
        passage(bench, path, rounds)
        answer(bench, path, max(3, rounds // 3))
    bench.finish()


if __name__ == "__main__":
    main()
