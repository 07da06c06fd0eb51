"""Playlist models: a planted pattern is found by every component, shuffled data stays at chance, the own row is not
used, what is stored comes back."""

from __future__ import annotations

import json
from dataclasses import replace as changed

import numpy as np
import pytest

from playlisting import autoencoder
from playlisting.components import Items, Neighbours, Popularity, Titles, everything, simple_components
from playlisting.ease import Ease
from playlisting.fusion import ALL, even, fuse, learn
from playlisting.library import Playlist, Request, build
from playlisting.model import Model, Options, evaluate, load, train
from playlisting.scoring import KINDS, Question, discounts, mask, mean_quality, ndcg
from support.errors import Cancelled, DataError

THEMES = {"비": ("빗소리", "우산"), "운동": ("헬스", "달리기"), "카페": ("커피", "브런치"), "겨울": ("눈사람", "크리스마스")}
SONGS = 30
"""Songs of a theme: theme t has SONGS * t to SONGS * (t + 1) - 1."""
EVIDENCE = {"popularity": "", "items": "S", "neighbours": "S", "titles": "N", "tags": "T", "ease": "STN", "autoencoder": "STN"}


def planted(count=240, seed=0, shuffled=False):
    """Playlists of four themes with songs, tags and title words of their own."""
    rng = np.random.default_rng(seed)
    made = []
    for number in range(count):
        kinds = rng.integers(0, len(THEMES), 3) if shuffled else [number % len(THEMES)] * 3
        name = list(THEMES)[kinds[1]]
        songs = rng.integers(0, SONGS * len(THEMES), 12) if shuffled else kinds[0] * SONGS + rng.permutation(SONGS)[:12]
        tags = rng.permutation([name, *THEMES[name]])[:2]
        title = f"{rng.permutation(THEMES[list(THEMES)[kinds[2]]])[0]} {list(THEMES)[kinds[2]]}"
        made.append(Playlist(f"p{number}", tuple(dict.fromkeys(int(song) for song in songs)), tuple(tags.tolist()), title))
    return made


def embed(texts):
    """A stand-in for the text model: the theme a text names, and a little noise of its own."""
    rows = [[float(name in text) + 0.01 * (len(text) % 3) for name in THEMES] for text in texts]
    found = np.array(rows, np.float32) + 0.05
    return found / np.linalg.norm(found, axis=1, keepdims=True)


SMALL = Options(epochs=20, most=(200, 50, 50), asking=12)


@pytest.fixture(scope="module")
def model():
    return train(planted(), embed, SMALL)


def asked(theme, kind):
    """A request of a theme that shows what `kind` names."""
    name = list(THEMES)[theme]
    return Request(tuple(range(theme * SONGS, theme * SONGS + 4)) if "S" in kind else (), (name,) if "T" in kind else (),
                   f"{THEMES[name][0]} {name}" if "N" in kind else "")


@pytest.mark.parametrize("name", [name for name in EVIDENCE if name != "popularity"])
def test_a_planted_theme_is_found_by_every_component(model, name):
    for theme, kind in ((theme, kind) for theme in range(len(THEMES)) for kind in EVIDENCE[name]):
        found = model.recommend(asked(theme, kind), songs=20, tags=2, component=name)
        own = [song // SONGS == theme for song in found.songs]
        assert len(own) == 20 and np.mean(own) >= 0.9, (name, kind, theme)
        key = list(THEMES)[theme]
        assert set(found.tags) <= {key, *THEMES[key]}, (name, kind, theme)


@pytest.mark.parametrize("kind", KINDS)
def test_fused_finds_the_theme_from_whatever_is_shown(model, kind):
    for theme in range(len(THEMES)):
        request = asked(theme, kind)
        found = model.recommend(request, songs=20)
        assert np.mean([song // SONGS == theme for song in found.songs]) >= 0.9
        assert not set(found.songs) & set(request.songs) and not set(found.tags) & set(request.tags)
        assert len(set(found.songs)) == 20 and list(found.song_scores) == sorted(found.song_scores, reverse=True)


def test_popularity_is_the_same_for_all_and_answers_what_matches_nothing(model):
    found = model.recommend(Request(title="zzqx"), songs=5, component="popularity")
    uses = model.library.song_uses
    assert list(found.songs) == sorted(model.library.songs.tolist(), key=lambda song: -uses[model.library.song_place[song]])[:5]
    assert model.recommend(Request(), songs=5).songs == found.songs
    assert len(model.recommend(Request(), songs=5, tags=3).tags) == 3


def test_shuffled_data_stays_at_chance():
    rows = planted(240, seed=1, shuffled=True)
    made = train(rows[:160], None, changed(SMALL, epochs=2))
    split = [mask(each, "STN") for each in rows[160:]]
    fused, popular = evaluate(made, split)["all"], evaluate(made, split, "popularity")["all"]
    honest = evaluate(train(planted(), None, changed(SMALL, epochs=0)),
                      [mask(changed(each, key=f"new {each.key}"), "STN") for each in planted(80, seed=5)])["all"]
    assert abs(fused.songs - popular.songs) < 0.08 < honest.songs - fused.songs


def test_the_own_row_is_not_used():
    """A playlist of songs that no other has: whoever looks it up finds nothing but by its own row."""
    rows = [*planted(40), Playlist("own", (900, 901, 902, 903), ("나만",), "하나뿐인 제목")]
    library = build(rows, rare_song=0, rare_tag=0, rare_word=0)
    vectors = embed([each.title for each in rows]).astype(np.float16)
    request = Request((900, 901), ("나만",), "하나뿐인 제목")
    places = [library.song_place[song] for song in (902, 903)]
    for component in (*simple_components(library, vectors, embed), everything(library)):
        if component.name != "popularity":
            assert component.scores(request)[0][places].min() > 0, component.name
            hidden = component.scores(changed(request, key="own"))
            assert hidden[0][places].max() == 0 and hidden[1][library.tag_place["나만"]] == 0, component.name


def test_validation_playlists_are_not_in_the_library_that_weights_are_learned_on(monkeypatch):
    from playlisting import model as module

    seen = []
    monkeypatch.setattr(module, "learn", lambda components, library, questions: seen.append(
        (set(library.keys), {each.request.key for each in questions})) or learn(components, library, questions[:1]))
    made = train(planted(), None, Options(epochs=0, ease=False))
    keys, asking = seen[0]
    assert len(asking) == 36 and not keys & asking and set(made.library.keys) == keys | asking


def test_weights_go_to_the_component_that_knows():
    class Knows:
        name = "knows"

        def scores(self, request):
            theme = int(request.songs[0]) // SONGS
            return ((np.arange(120) // SONGS == theme).astype(np.float32), np.zeros(len(library.tags), np.float32))

    class Noise:
        name = "noise"

        def scores(self, request):
            rng = np.random.default_rng(request.songs[0])
            return rng.random(120, dtype=np.float32), rng.random(len(library.tags), dtype=np.float32)

    library = build(planted())
    questions = [mask(each, "S") for each in planted(60, seed=9)]
    weights = learn([Noise(), Knows()], library, questions)
    assert weights[ALL][0][1] > 0.6 and weights["S"][0][1] > 0.6 and weights[ALL][0].sum() == pytest.approx(1)
    fused, _ = fuse([Noise(), Knows()], weights["S"], Request((0,)))
    assert (np.argsort(-fused)[:SONGS] < SONGS).mean() > 0.9
    assert learn([Noise()], library, [])[ALL][0].tolist() == [1.0]


def test_even_scores():
    assert even(np.array([0.0, 1.0, 4.0])).tolist() == [0.0, 0.5, 1.0] and even(np.array([-1.0, 0.0])).tolist() == [0, 0]


def test_a_liked_playlist_counts_more():
    rows = [Playlist("a", (1, 2)), Playlist("b", (1, 3), weight=3.0)]
    library = build(rows, rare_song=0)
    for component in (Items(library), Neighbours(library), everything(library), Popularity(library)):
        songs, _ = component.scores(Request((1,)))
        assert songs[library.song_place[3]] > songs[library.song_place[2]], component.name


def test_ease_against_the_formula():
    rows = [each for each in planted(60)]
    library = build(rows, rare_song=0, rare_tag=0, rare_word=0)
    fitted = Ease.fit(library, penalty=5.0)
    seen = np.hstack([library.by_song.toarray(), library.by_tag.toarray(), library.by_word.toarray()]).astype(float)
    inverse = np.linalg.inv(seen.T @ seen + 5 * np.eye(seen.shape[1]))
    expected = np.eye(len(inverse)) - inverse / np.diag(inverse)
    sums = expected[[library.song_place[3], library.song_place[40]]].sum(axis=0)
    songs, tags = fitted.scores(Request((3, 40)))
    assert songs == pytest.approx(np.maximum(sums[:len(library.songs)], 0), abs=1e-4)
    assert tags == pytest.approx(np.maximum(sums[len(library.songs):][:len(library.tags)], 0), abs=1e-4)


def test_the_network_in_numpy_is_the_one_keras_trained(monkeypatch):
    made = {}
    folded = autoencoder._folded
    monkeypatch.setattr(autoencoder, "_folded", lambda net: made.setdefault("net", net) and folded(net))
    library = build(planted(80))
    fitted = autoencoder.fit(library, epochs=2, most=(100, 10, 10), hidden=16)
    request = asked(1, "ST")
    places = library.song_place, library.tag_place
    arrays = fitted.arrays()
    row = np.zeros((1, sum(len(arrays[name]) for name in ("songs", "tags", "words"))), np.float32)
    for song in request.songs:
        row[0, np.flatnonzero(arrays["songs"] == places[0][song])] = 1
    row[0, len(arrays["songs"]) + np.flatnonzero(arrays["tags"] == places[1][request.tags[0]])] = 1
    words = [library.word_place[word] for word in library.words if word == request.tags[0]]
    row[0, len(arrays["songs"]) + len(arrays["tags"]) + np.flatnonzero(np.isin(arrays["words"], words))] = 1
    expected = made["net"](row, training=False).numpy()[0]
    songs, tags = fitted.scores(request)
    assert np.concatenate([songs[arrays["songs"]], tags[arrays["tags"]]]) == pytest.approx(expected, abs=2e-3)
    again = autoencoder.fit(library, epochs=2, most=(100, 10, 10), hidden=16)
    assert all(np.array_equal(arrays[name], again.arrays()[name]) for name in arrays)


def test_similar_titles_and_the_ways_out(model):
    found = model.finder.find("빗소리와 커피")
    assert found.how == "title" and len(found.hits) == 3 and all(each.songs for each in found.hits)
    assert {word for each in found.hits for word in each.shared} <= {"빗소리", "커피"}
    assert [each.score for each in found.hits] == sorted((each.score for each in found.hits), reverse=True)
    by_tags = model.finder.find("zzqx", tags=("운동",))
    assert by_tags.how == "tags" and all(each.songs[0] // SONGS == 1 for each in by_tags.hits)
    assert model.finder.find("zzqx").how == "popularity" and len(model.finder.find("zzqx").hits) == 3
    first = found.hits[0].key
    assert first not in [each.key for each in model.finder.find("빗소리와 커피", without=first).hits]


def test_titles_without_a_text_model_go_by_words(model):
    library = build(planted())
    by_words = Titles(library).scores(asked(2, "N"))[0]
    assert (np.argsort(-by_words)[:20] // SONGS == 2).mean() >= 0.9


def test_stored_and_read_again(model, tmp_path):
    model.save(tmp_path / "playlist", {"CARD.md": "text"})
    again = load(tmp_path / "playlist", embed)
    for kind in KINDS:
        assert again.recommend(asked(0, kind)) == model.recommend(asked(0, kind))
    assert again.finder.find("빗소리") == model.finder.find("빗소리") and again.facts == model.facts
    model.save(tmp_path / "playlist")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["playlist"]


def test_a_damaged_model_is_refused(model, tmp_path):
    folder = tmp_path / "playlist"
    with pytest.raises(DataError, match="train"):
        load(folder)
    model.save(folder)
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    content = bytearray((folder / "arrays.npz").read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "arrays.npz").write_bytes(content)
    with pytest.raises(DataError) as caught:
        load(folder)
    assert caught.value.code == "weights.broken"
    (folder / "manifest.json").write_text(json.dumps(manifest | {"form": 99}), "utf-8")
    with pytest.raises(DataError) as caught:
        load(folder)
    assert caught.value.code == "weights.form"


def test_the_same_seed_gives_the_same_model():
    one, two = (train(planted(120), None, changed(SMALL, epochs=0)) for _ in range(2))  # the network: see above
    assert one.recommend(asked(3, "SN")) == two.recommend(asked(3, "SN"))
    assert all(np.array_equal(a, b) for kind in one.weights for a, b in zip(one.weights[kind], two.weights[kind], strict=True))


def test_progress_and_stop():
    class Stops:
        def __init__(self):
            self.notes = []

        def report(self, done, total, note=""):
            self.notes.append(note)

        def check(self):
            if "ease" in self.notes:
                raise Cancelled("cancelled")

    watch = Stops()
    with pytest.raises(Cancelled):
        train(planted(), embed, SMALL, watch)
    assert watch.notes == ["titles", "ease"]


def test_too_few_playlists_are_refused():
    for rows in ([], planted(3)):
        with pytest.raises(DataError) as caught:
            train(rows, None, Options(epochs=0))
        assert caught.value.code == "playlist_model.few"


def test_ndcg():
    assert ndcg([1, 2, 3], {1, 2, 3}, 100) == pytest.approx(1)
    assert ndcg([9, 1], {1}, 100) == pytest.approx(1 / np.log2(3))
    assert ndcg([9, 8], {1}, 2) == 0 and np.isnan(ndcg([1], (), 10))
    assert ndcg([1, 9], {1, 2, 3}, 2) == pytest.approx(1 / discounts(2).sum())
    whole = mean_quality([(0.5, float("nan")), (0.7, 0.2)])
    assert (whole.songs, whole.tags, whole.questions) == (pytest.approx(0.6), pytest.approx(0.2), 2)
    assert whole.score == pytest.approx(0.85 * 0.6 + 0.15 * 0.2) and mean_quality([]).score == 0


def test_masks():
    whole = Playlist("k", (1, 2, 3, 4, 5), ("a", "b"), "제목")
    for kind in KINDS:
        question = mask(whole, kind)
        assert isinstance(question, Question) and question.request.kind == kind and question == mask(whole, kind)
        assert sorted((*question.request.songs, *question.songs)) == [1, 2, 3, 4, 5]
        assert sorted((*question.request.tags, *question.tags)) == ["a", "b"]
    assert mask(changed(whole, title=""), "N") is None and mask(Playlist("k", (), (), "제목"), "N") is None
    assert isinstance(Model, type)
