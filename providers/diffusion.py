"""A diffusion model on this machine, from a folder of the operator's, through the library diffusers.

Nothing is downloaded: the folder is all there is. One picture is painted at a time in a process, since a model takes
all cores or the whole GPU; others wait. The model stays in memory for `IDLE_S` seconds after a picture.
"""

from __future__ import annotations

import importlib
import inspect
import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from math import lcm
from pathlib import Path
from typing import Any

from providers._images import LARGEST_SEED, check
from providers._shelf import Shelf, out_of_memory
from providers.base import Painting, never, unwatched
from support.errors import Cancelled, ProviderError

log = logging.getLogger(__name__)
SETTING = "DIFFUSION_MODEL"
STEPS = 30
"""Past 30 the schedulers of today change a picture little."""
IDLE_S = 300.0
"""A model takes 2 to 24 GB; loading it again takes seconds."""
SIDE = 512
"""Pixels a model was trained on, where it does not say."""
RATIO = (16, 9)


@dataclass(frozen=True)
class DiffusionPainter:
    """A model in a folder (see `providers.base.Painter`).

    Attributes
    ----------
    folder : Path
        With ``model_index.json`` and weights as safetensors; others are not read, since they can hold programs.
    steps : int
        Of the scheduler; a distilled model needs 1 to 8.
    """

    folder: Path
    steps: int = STEPS
    provider: str = "diffusion"

    @property
    def model(self) -> str:
        """Name of the folder."""
        return self.folder.name

    def paint(self, prompt: str, negative: str, *, seed: int | None = None,
              progress: Callable[[int, int], None] = unwatched, stopped: Callable[[], bool] = never) -> Painting:
        """Return a picture; see `providers.base.Painter.paint`.

        A stop is heard while waiting and after each step, not while the model is loaded or the picture decoded.
        """
        check(prompt, negative, seed)
        chosen = secrets.randbelow(LARGEST_SEED + 1) if seed is None else seed
        self._there()
        progress(0, 0)
        with _shelf.turn(lambda: _stop(stopped)):
            pipeline = self._pipeline()
            _stop(stopped)
            picture = self._painted(pipeline, prompt, negative, chosen, progress, stopped)
        if all(low == high for low, high in picture.convert("RGB").getextrema()):
            raise ProviderError("painter.blank", model=self.model)
        out = BytesIO()
        picture.save(out, "PNG", compress_level=1)
        return Painting(out.getvalue(), "PNG", picture.width, picture.height, chosen, self.provider, self.model,
                        0.0)

    def _there(self) -> None:
        """Raise what is missing, before anything heavy is imported."""
        if not self.folder.is_dir():
            raise ProviderError("painter.no_folder", folder=str(self.folder), setting=SETTING)
        if not (self.folder / "model_index.json").is_file():
            raise ProviderError("painter.no_model", folder=str(self.folder), setting=SETTING)

    def _pipeline(self) -> Any:
        """Return the model, from memory or from its folder; any error of loading names its kind only."""
        if (kept := _shelf.get(self.folder)) is not None:
            return kept
        for package in ("torch", "transformers", "diffusers"):
            _import(package)
        began, why = time.monotonic(), ""
        try:
            pipeline = _loaded(self.folder)
        except Exception as error:  # a library's, for files that can hold anything
            log.warning("The diffusion model in %s cannot be loaded.", self.folder, exc_info=True)
            if out_of_memory(error):
                raise ProviderError("painter.memory", model=self.model, setting=SETTING) from None
            why = type(error).__name__
        if why:
            raise ProviderError("painter.load", folder=str(self.folder), reason=why, setting=SETTING)
        log.info("The diffusion model in %s was loaded in %.1f s.", self.folder, time.monotonic() - began)
        _shelf.keep(self.folder, pipeline)
        return pipeline

    def _painted(self, pipeline: Any, prompt: str, negative: str, seed: int, progress: Callable[[int, int], None],
                 stopped: Callable[[], bool]) -> Any:
        """Return the picture; progress is told after each step."""
        import torch

        def stepped(running: Any, step: int, _time: Any, values: dict[str, Any]) -> dict[str, Any]:
            _stop(stopped)
            total = getattr(running, "num_timesteps", self.steps)  # some schedulers add one
            progress(min(step + 1, total), total)
            return values

        width, height = size_of(pipeline)
        options = {"prompt": prompt, "negative_prompt": negative, "width": width, "height": height,
                   "num_inference_steps": self.steps, "callback_on_step_end": stepped,
                   "generator": torch.Generator("cpu").manual_seed(seed)}  # the same noise with and without a GPU
        known = inspect.signature(pipeline.__call__).parameters
        why = ""
        try:
            result = pipeline(**{name: value for name, value in options.items() if name in known})
        except Cancelled:
            raise
        except Exception as error:
            log.warning("The diffusion model %s failed.", self.model, exc_info=True)
            why = "memory" if out_of_memory(error) else type(error).__name__
        if why == "memory":
            _shelf.empty()
            raise ProviderError("painter.memory", model=self.model, setting=SETTING)
        if why:
            raise ProviderError("painter.failed", model=self.model, reason=why, setting=SETTING)
        if any(getattr(result, "nsfw_content_detected", None) or ()):
            raise ProviderError("painter.declined", service=self.model)
        return result.images[0]


def size_of(pipeline: Any) -> tuple[int, int]:
    """Return width and height in pixels: exactly 16:9, as near in area to what the model was trained on as it can be.

    Both are multiples of 8 and of the factor of the autoencoder, of transformers of twice that.
    """
    network = getattr(pipeline, "unet", None) or getattr(pipeline, "transformer", None)
    factor = getattr(pipeline, "vae_scale_factor", 8)
    sample = getattr(pipeline, "default_sample_size", None) \
        or getattr(getattr(network, "config", None), "sample_size", None)
    side = sample * factor if isinstance(sample, int) and sample else SIDE
    grid = lcm(8, factor * (1 if getattr(pipeline, "unet", None) else 2))
    times = max(1, round(side / (grid * (RATIO[0] * RATIO[1]) ** 0.5)))
    return RATIO[0] * grid * times, RATIO[1] * grid * times


def release() -> None:
    """Let go of the model in memory; waits for a picture that is being painted."""
    with _shelf.turn(lambda: None):
        _shelf.empty()


_shelf = Shelf("diffusion", lambda: IDLE_S)


def _loaded(folder: Path) -> Any:
    """Return a folder's pipeline for prompts, on the GPU in half precision where there is one."""
    import torch

    diffusers, transformers = importlib.import_module("diffusers"), importlib.import_module("transformers")
    diffusers.utils.logging.set_verbosity_error()
    for library in (diffusers, transformers):
        library.utils.logging.disable_progress_bar()
    on_gpu = torch.cuda.is_available()
    pipeline = diffusers.AutoPipelineForText2Image.from_pretrained(
        str(folder), local_files_only=True, use_safetensors=True, variant=_variant(folder),
        dtype=torch.float16 if on_gpu else torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline.to("cuda" if on_gpu else "cpu")


def _variant(folder: Path) -> str | None:
    """Return ``fp16`` where a folder has weights of that name only."""
    for part in ("unet", "transformer"):
        weights = [path.name for path in (folder / part).glob("*.safetensors")]
        if weights:
            return "fp16" if all(".fp16" in name for name in weights) else None
    return None


def _import(package: str) -> None:
    try:
        importlib.import_module(package)
    except ImportError as error:
        log.info("%s cannot be imported: %s", package, error)
        raise ProviderError("painter.no_package", package=package) from None


def _stop(stopped: Callable[[], bool]) -> None:
    if stopped():
        raise Cancelled("painter.stopped")
