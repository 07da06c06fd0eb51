"""MusicGen on this machine, from a folder of the operator's, through the library transformers.

Nothing is downloaded: the folder is all there is. One sample is made at a time in a process, since a model takes all
cores or the whole GPU; others wait. The model stays in memory for `IDLE_S` seconds after a sample.

The model was trained on 30 s (Copet et al., Simple and Controllable Music Generation, 2023, section 4.1). Longer music
is made in windows of that length, each going on from the last `OVERLAP_S` of the one before.
"""

from __future__ import annotations

import importlib
import io
import json
import logging
import math
import time
import wave
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from providers._music import check, drawn
from providers._shelf import Shelf, out_of_memory
from providers.base import Music, never, unwatched
from support.errors import Cancelled, MissingKey, ProviderError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

log = logging.getLogger(__name__)
SETTING = "MUSICGEN_MODEL"
WINDOW_S = 30.0
"""Seconds the model was trained on."""
OVERLAP_S = 10.0
"""Seconds a next window hears of what was before it: two to four bars."""
GUIDANCE = 3.0
"""How closely the prompt is followed (classifier-free guidance); the authors' own value."""
LIMIT_S = 1800.0
"""Seconds for one sample: the small model makes 30 s in about 3 minutes on 8 cores, the large one in 20."""
WORDS = ("tokenizer.json", "spiece.model")
"""Files of which a tokenizer is read; without one the library makes one that knows no word."""
IDLE_S = 300.0
"""A model takes 1 to 14 GB; loading it again takes seconds."""


@dataclass(frozen=True)
class MusicGen:
    """A model in a folder (see `providers.base.MusicMaker`).

    Attributes
    ----------
    folder : Path
        As `save_pretrained` writes it: ``config.json``, a tokenizer, weights as safetensors; others are not read, since
        they can hold programs.
    limit_s : float
        Seconds after which a sample is given up, its wait for others and the loading not counted.
    """

    folder: Path
    limit_s: float = LIMIT_S
    provider: str = "musicgen"
    warning: str | None = "music_providers.not_commercial"

    @property
    def model(self) -> str:
        """Name of the folder."""
        return self.folder.name

    def problem(self) -> ProviderError | None:
        """Return what is missing, before anything heavy is imported."""
        about = {"folder": str(self.folder), "setting": SETTING}
        if not self.folder.is_dir():
            return MissingKey("music_providers.no_folder", **about)
        if not _whole(self.folder):
            return MissingKey("music_providers.no_model", **about)
        return next((MissingKey("music_providers.no_package", package=name) for name in ("torch", "transformers")
                     if not _installed(name)), None)

    def make(self, prompt: str, seconds: float, *, seed: int | None = None,
             progress: Callable[[int, int], None] = unwatched, stopped: Callable[[], bool] = never) -> Music:
        """Return music; see `providers.base.MusicMaker.make`. A stop is not heard while the model is loaded."""
        check(prompt, seconds, seed)
        chosen = drawn(seed)
        _raise(self.problem())
        progress(0, 0)
        with _shelf.turn(lambda: _stop(stopped)):
            network, words = self._network()
            _stop(stopped)
            samples = self._made(_Course(network, seconds, self.limit_s, progress, stopped), words, prompt, chosen)
        if not math.isfinite(span := float(samples.max() - samples.min())) or span == 0.0:
            raise ProviderError("music_providers.silent", service=self.model)
        audio = _wav(samples, network.config.audio_encoder.sampling_rate)
        return Music(audio, "WAV", chosen, self.provider, self.model)

    def _network(self) -> tuple[Any, Any]:
        """Return model and tokenizer, from memory or from the folder; any error of loading names its kind only."""
        if (kept := _shelf.get(self.folder)) is not None:
            return kept  # type: ignore[no-any-return]
        began, failed = time.monotonic(), None
        try:
            found = _loaded(self.folder)
        except Exception as error:  # a library's, for files that can hold anything
            log.warning("The music model in %s cannot be loaded.", self.folder, exc_info=True)
            failed = self._memory() if out_of_memory(error) else ProviderError(
                "music_providers.load", folder=str(self.folder), reason=type(error).__name__, setting=SETTING)
        _raise(failed)
        log.info("The music model in %s was loaded in %.1f s.", self.folder, time.monotonic() - began)
        _shelf.keep(self.folder, found)
        return found

    def _made(self, course: _Course, words: Any, prompt: str, seed: int) -> NDArray[np.float32]:
        failed = None
        try:
            return course.run(words, prompt, seed)
        except (Cancelled, ProviderError):
            raise
        except Exception as error:
            log.warning("The music model %s failed.", self.model, exc_info=True)
            failed = self._memory() if out_of_memory(error) else ProviderError(
                "music_providers.failed", model=self.model, reason=type(error).__name__, setting=SETTING)
        if failed.code == "music_providers.memory":
            _shelf.empty()
        raise failed

    def _memory(self) -> ProviderError:
        return ProviderError("music_providers.memory", model=self.model, setting=SETTING)


class _Course:
    """One sample on its way: windows, steps told, deadline."""

    def __init__(self, network: Any, seconds: float, limit_s: float, progress: Callable[[int, int], None],
                 stopped: Callable[[], bool]) -> None:
        self._network, self._progress, self._stopped = network, progress, stopped
        self._until, self._limit_s = time.monotonic() + limit_s, limit_s
        encoder = network.config.audio_encoder
        self._rate, self._hop = encoder.sampling_rate, math.prod(encoder.upsampling_ratios)
        self._samples = round(seconds * self._rate)
        self._frames = math.ceil(self._samples / self._hop)
        self._delay = network.decoder.num_codebooks // network.decoder.config.audio_channels - 1
        self._window, self._overlap = (int(span * self._rate / self._hop) for span in (WINDOW_S, OVERLAP_S))
        self._done, self._total = 0, self._steps()

    def run(self, words: Any, prompt: str, seed: int) -> NDArray[np.float32]:
        """Return the samples, (n, channels); the seed decides alone, and torch's own random state stays as it was."""
        import torch

        asked = dict(words([prompt], return_tensors="pt", truncation=True, max_length=256).to(self._network.device))
        with torch.random.fork_rng(), torch.inference_mode():
            torch.manual_seed(seed)
            sound = self._more(asked, None)
            while (missing := self._samples - sound.shape[-1]) > 0:
                heard = min(self._overlap, sound.shape[-1] // self._hop) * self._hop
                grown = self._more(asked, sound[..., -heard:], math.ceil(missing / self._hop))[..., heard:]
                if grown.shape[-1] == 0:
                    raise ProviderError("music_providers.failed", model="MusicGen", reason="no sound", setting=SETTING)
                sound = torch.cat([sound, grown], dim=-1)
        return sound[0, :, :self._samples].float().cpu().numpy().T  # type: ignore[no-any-return]

    def _more(self, asked: dict[str, Any], heard: Any, frames: int | None = None) -> Any:
        """Return sound of shape (1, channels, n): what was heard, where there is something, and what follows it."""
        room = self._window if heard is None else self._window - self._overlap
        steps = min(self._frames if frames is None else frames, room) + self._delay
        before = {} if heard is None else {"input_values": heard}
        sound = self._network.generate(**{name: asked[name] for name in ("input_ids", "attention_mask")}, **before,
                                       do_sample=True, guidance_scale=GUIDANCE, max_new_tokens=steps,
                                       stopping_criteria=[self._step])
        return sound if sound.ndim == 3 else sound[None]

    def _step(self, ids: Any, _scores: Any, **_: Any) -> Any:
        """Count a step of the model, as its criterion to stop; it never ends a sample early but by an error."""
        import torch

        _stop(self._stopped)
        if time.monotonic() > self._until:
            raise ProviderError("music_providers.slow", service="MusicGen", seconds=f"{self._limit_s:g}")
        self._done += 1
        self._progress(min(self._done, self._total), self._total)
        return torch.zeros(ids.shape[0], dtype=torch.bool, device=ids.device)

    def _steps(self) -> int:
        """Return the steps of all windows."""
        first = min(self._frames, self._window)
        later = math.ceil((self._frames - first) / (self._window - self._overlap))
        return self._frames + (1 + later) * self._delay


def release() -> None:
    """Let go of the model in memory; waits for a sample that is being made."""
    with _shelf.turn(lambda: None):
        _shelf.empty()


_shelf = Shelf("music", lambda: IDLE_S)


def _loaded(folder: Path) -> tuple[Any, Any]:
    """Return a folder's model and tokenizer, on the GPU in half precision where there is one."""
    import torch

    transformers: Any = importlib.import_module("transformers")
    transformers.utils.logging.disable_progress_bar()
    on_gpu = torch.cuda.is_available()
    words = transformers.AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
    network = transformers.MusicgenForConditionalGeneration.from_pretrained(
        str(folder), local_files_only=True, use_safetensors=True, dtype=torch.float16 if on_gpu else torch.float32)
    return network.eval().to("cuda" if on_gpu else "cpu"), words


def _whole(folder: Path) -> bool:
    """Return whether a folder has all that is needed; from half of it the library makes up the rest at random."""
    try:
        kind = json.loads((folder / "config.json").read_bytes()).get("model_type")
    except (OSError, ValueError, AttributeError):
        return False
    return kind == "musicgen" and any(folder.glob("*.safetensors")) and any((folder / name).is_file() for name in WORDS)


def _installed(package: str) -> bool:
    from importlib.util import find_spec

    try:
        return find_spec(package) is not None
    except (ImportError, ValueError):  # what a package says that is there and broken
        return False


def _wav(samples: NDArray[np.float32], rate: int) -> bytes:
    """Return samples, (n, channels), as a WAV of 16 bits; what is over full scale is brought under it as a whole."""
    peak = max(1.0, float(abs(samples).max()))
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(samples.shape[1])
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes((samples / peak * 32767).round().astype("<i2").tobytes())
    return file.getvalue()


def _raise(error: ProviderError | None) -> None:
    """Raise outside of a handler: what a library raised must not travel along."""
    if error is not None:
        raise error


def _stop(stopped: Callable[[], bool]) -> None:
    if stopped():
        raise Cancelled("music_providers.stopped")
