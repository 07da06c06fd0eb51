"""The diffusion model on this machine: a tiny one with random weights, built here, painted with for real."""

from __future__ import annotations

import gc
import json
import logging
import socket
import sys
import threading
import time
import weakref
from io import BytesIO
from types import SimpleNamespace

import pytest
from PIL import Image

from providers import diffusion
from providers.diffusion import DiffusionPainter, release, size_of
from providers.registry import painters
from support.errors import Cancelled, DataError, ProviderError

PROMPT, NEGATIVE = "photography, a pier at dawn", "people"


def tiny(folder):
    """Save a latent diffusion model of about 0.3 million random weights: CLIP text model, UNet, autoencoder."""
    torch, diffusers, transformers = (pytest.importorskip(name) for name in ("torch", "diffusers", "transformers"))
    torch.manual_seed(0)
    unet = diffusers.UNet2DConditionModel(
        block_out_channels=(4, 8), layers_per_block=1, sample_size=64, in_channels=4, out_channels=4, norm_num_groups=2,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=8, attention_head_dim=2)
    vae = diffusers.AutoencoderKL(
        block_out_channels=[4, 8], in_channels=3, out_channels=3, down_block_types=["DownEncoderBlock2D"] * 2,
        up_block_types=["UpDecoderBlock2D"] * 2, latent_channels=4, norm_num_groups=2)
    text = transformers.CLIPTextModel(transformers.CLIPTextConfig(
        bos_token_id=0, eos_token_id=1, pad_token_id=1, hidden_size=8, intermediate_size=16, num_attention_heads=2, num_hidden_layers=1,
        vocab_size=64, max_position_embeddings=77))
    words = folder / "words"
    words.mkdir(parents=True)
    letters = [chr(code) for code in range(97, 123)]
    known = ["<|startoftext|>", "<|endoftext|>", *letters, *(f"{letter}</w>" for letter in letters)]
    (words / "vocab.json").write_text(json.dumps({word: place for place, word in enumerate(known)}))
    (words / "merges.txt").write_text("#version: 0.2\n")
    tokenizer = transformers.CLIPTokenizer(str(words / "vocab.json"), str(words / "merges.txt"), model_max_length=77)
    scheduler = diffusers.DDIMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False, steps_offset=1,
                                        set_alpha_to_one=False)
    pipeline = diffusers.StableDiffusionPipeline(
        vae=vae, text_encoder=text, tokenizer=tokenizer, unet=unet, scheduler=scheduler, safety_checker=None, feature_extractor=None,
        requires_safety_checker=False)
    pipeline.save_pretrained(folder / "tiny", safe_serialization=True)
    return folder / "tiny"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    pytest.importorskip("diffusers", reason="diffusers is not installed: pip install -r requirements-dev.txt")
    return tiny(tmp_path_factory.mktemp("diffusion"))


@pytest.fixture(autouse=True)
def nothing_from_outside(monkeypatch):
    """Fail on any connection, and leave no model behind."""
    def refuse(*_):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    yield
    release()


def painting_with(folder, steps=3):
    return DiffusionPainter(folder, steps)


def failure(painting, kind=ProviderError, **options):
    with pytest.raises(kind) as caught:
        painting.paint(PROMPT, NEGATIVE, **options)
    assert caught.value.message("ko") != caught.value.message("en")
    return caught.value


def test_a_picture_of_a_model_in_a_folder(folder):
    told = []
    result = painting_with(folder).paint(PROMPT, NEGATIVE, seed=5, progress=lambda *step: told.append(step))
    with Image.open(BytesIO(result.image)) as picture:
        assert picture.size == (result.width, result.height) == (128, 72) and picture.format == result.format == "PNG"
    assert told == [(0, 0), (1, 3), (2, 3), (3, 3)]
    assert (result.provider, result.model, result.seed, result.cost_usd, result.revised_prompt) == ("diffusion", "tiny", 5, 0.0, None)


def test_the_seed_and_the_prompts_decide(folder):
    painting = painting_with(folder)
    first = painting.paint(PROMPT, NEGATIVE, seed=5).image
    assert painting.paint(PROMPT, NEGATIVE, seed=5).image == first
    others = [painting.paint(PROMPT, NEGATIVE, seed=6), painting.paint("a red car", NEGATIVE, seed=5), painting.paint(PROMPT, "cars", seed=5)]
    assert len({first, *(other.image for other in others)}) == 4
    chance = painting.paint(PROMPT, NEGATIVE)
    assert chance.seed is not None and painting.paint(PROMPT, NEGATIVE, seed=chance.seed).image == chance.image


def test_it_comes_first_of_the_painters(folder):
    assert painters({"OPENAI_API_KEY": "o"}, diffusion_model=str(folder))[0] == DiffusionPainter(folder)


def test_a_stop_is_heard_between_steps(folder):
    told = []
    painting = painting_with(folder, 50)
    failure(painting, Cancelled, progress=lambda *step: told.append(step), stopped=lambda: len(told) > 3)
    assert told == [(0, 0), (1, 50), (2, 50), (3, 50)]
    assert painting_with(folder).paint(PROMPT, NEGATIVE).width == 128  # the model is whole after it


def test_one_at_a_time_and_those_who_wait_can_stop(folder):
    running, most, seen = [], [], []
    started, go = threading.Event(), threading.Event()

    def step(done, _total):
        if done:
            running.append(1)
            most.append(len(running))
            started.set()
            go.wait(5)
            running.pop()

    threads = [threading.Thread(target=lambda: seen.append(painting_with(folder, 2).paint(PROMPT, NEGATIVE, progress=step))) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert started.wait(20)
    began = time.monotonic()
    failure(painting_with(folder), Cancelled, stopped=lambda: time.monotonic() > began + 0.2)
    assert time.monotonic() - began < 2
    go.set()
    for thread in threads:
        thread.join(20)
    assert len(seen) == 3 and max(most) == 1


def test_the_model_is_kept_and_let_go_when_idle(folder, monkeypatch):
    loads = []
    monkeypatch.setattr(diffusion, "_loaded", lambda path, load=diffusion._loaded: loads.append(path) or load(path))
    monkeypatch.setattr(diffusion, "IDLE_S", 60.0)
    for _ in range(2):
        painting_with(folder).paint(PROMPT, NEGATIVE)
    assert loads == [folder]
    monkeypatch.setattr(diffusion, "IDLE_S", 0.05)
    painting_with(folder).paint(PROMPT, NEGATIVE)
    kept = weakref.ref(diffusion._shelf._kept[1].unet)
    until = time.monotonic() + 5
    while kept() is not None and time.monotonic() < until:  # whoever lets go holds it a moment longer
        time.sleep(0.01)
        gc.collect()
    assert diffusion._shelf._kept is None and kept() is None and len(loads) == 1


def test_another_folder_takes_the_place(folder, tmp_path):
    other = tmp_path / "other"
    other.symlink_to(folder)
    painting_with(folder).paint(PROMPT, NEGATIVE)
    assert DiffusionPainter(other, 2).paint(PROMPT, NEGATIVE).model == "other"
    assert diffusion._shelf._kept[0] == other


def test_a_folder_that_is_not_there_or_holds_no_model(tmp_path):
    error = failure(painting_with(tmp_path / "none"))
    assert error.code == "painter.no_folder" and "DIFFUSION_MODEL" in str(error) and str(tmp_path / "none") in str(error)
    assert failure(painting_with(tmp_path)).code == "painter.no_model"


@pytest.mark.parametrize("index", ["", "{", "[]", '{"_class_name": "NoSuchPipeline"}', '{"_class_name": "StableDiffusionPipeline"}'])
def test_a_folder_that_cannot_be_loaded(folder, tmp_path, index, caplog):
    (tmp_path / "model_index.json").write_text(index)
    error = failure(painting_with(tmp_path))
    assert error.code == "painter.load" and error.__cause__ is None and error.__context__ is None
    assert "cannot be loaded" in caplog.text  # with the library's own words, for the operator


def test_weights_that_can_hold_programs_are_not_read(folder, tmp_path):
    import shutil

    import torch

    whole = tmp_path / "pickled"
    shutil.copytree(folder, whole)
    [weights] = (whole / "unet").glob("*.safetensors")
    weights.unlink()
    torch.save({}, whole / "unet" / "diffusion_pytorch_model.bin")
    assert failure(painting_with(whole)).code == "painter.load"


@pytest.mark.parametrize("package", ["diffusers", "transformers"])
def test_a_package_that_is_missing_is_named(folder, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    error = failure(painting_with(folder))
    assert error.code == "painter.no_package" and f"pip install {package}" in str(error)


class Broken:
    """A pipeline that does as told."""

    vae_scale_factor, unet = 8, SimpleNamespace(config=SimpleNamespace(sample_size=16))

    def __init__(self, does):
        self.does = does

    def __call__(self, prompt, width, height, num_inference_steps):
        if isinstance(self.does, Exception):
            raise self.does
        return SimpleNamespace(images=[Image.new("RGB", (width, height))] if self.does == "blank" else [Image.linear_gradient("L")],
                               nsfw_content_detected=[self.does == "nsfw"])


class OutOfMemoryError(RuntimeError):
    """As torch calls its own."""


@pytest.mark.parametrize(("does", "code"), [
    (OutOfMemoryError("CUDA out of memory"), "painter.memory"), (MemoryError(), "painter.memory"),
    (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "painter.memory"), (RuntimeError("mat1 and mat2"), "painter.failed"),
    ("blank", "painter.blank"), ("nsfw", "painter.declined")], ids=str)
def test_what_goes_wrong_while_painting(folder, monkeypatch, does, code):
    monkeypatch.setattr(diffusion, "_loaded", lambda _: Broken(does))
    error = failure(painting_with(folder))
    assert error.code == code and "mat1" not in str(error) and error.__context__ is None
    assert (diffusion._shelf._kept is None) == (code == "painter.memory")


def test_memory_that_runs_out_while_loading(folder, monkeypatch):
    def load(_):
        raise MemoryError

    monkeypatch.setattr(diffusion, "_loaded", load)
    assert failure(painting_with(folder)).code == "painter.memory"


@pytest.mark.parametrize(("prompt", "seed", "kind"), [("", None, DataError), ("x" * 5000, None, DataError), (PROMPT, -1, ValueError)])
def test_what_cannot_be_asked(folder, prompt, seed, kind):
    with pytest.raises(kind):
        painting_with(folder).paint(prompt, "", seed=seed)


@pytest.mark.parametrize(("unet", "factor", "sample", "size"), [
    (True, 8, 64, (640, 360)), (True, 8, 96, (1024, 576)), (True, 8, 128, (1408, 792)), (False, 8, 128, (1280, 720)),
    (True, 8, None, (640, 360)), (True, 8, [64, 64], (640, 360)), (True, 2, 8, (128, 72)), (False, 32, 32, (1024, 576))])
def test_sizes_are_16_to_9_on_the_grid_of_the_model(unet, factor, sample, size):
    network = SimpleNamespace(config=SimpleNamespace(sample_size=sample))
    pipeline = SimpleNamespace(unet=network if unet else None, transformer=None if unet else network, vae_scale_factor=factor)
    width, height = size_of(pipeline)
    assert (width, height) == size and width * 9 == height * 16 and width % 8 == height % 8 == 0
    assert width % factor == height % factor == 0


def test_the_half_precision_files_are_taken_where_there_are_no_others(tmp_path):
    (tmp_path / "unet").mkdir()
    assert diffusion._variant(tmp_path) is None
    (tmp_path / "unet" / "diffusion_pytorch_model.fp16.safetensors").touch()
    assert diffusion._variant(tmp_path) == "fp16"
    (tmp_path / "unet" / "diffusion_pytorch_model.safetensors").touch()
    assert diffusion._variant(tmp_path) is None


def test_the_library_says_nothing_on_its_own(folder, capfd, caplog):
    caplog.set_level(logging.WARNING)
    painting_with(folder).paint(PROMPT, NEGATIVE)
    out = capfd.readouterr()
    assert out.out == "" and "it/s" not in out.err and caplog.text == ""
