"""The transfer head: a made rule is learned from few tracks of other artists, nothing is learned where there is none."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import date
from pathlib import Path

import made_clips
import made_embeddings
import numpy as np
import pytest
from made_embeddings import Made

from hits import musicnn
from hits.judgement import logit
from hits.near import similar
from hits.split import Split, split
from hits.transfer import DRAWS, STRENGTHS, TransferHead
from support.errors import Cancelled, DataError

ROOT = Path(__file__).resolve().parent.parent
TODAY = date(2026, 1, 1)


def made(count=120, artists=30, features=12, pull=1.5, seed=0):
    """Return embeddings of noise, in which the first two features lean towards hits, and their tracks."""
    rng = np.random.default_rng(seed)
    rows = [Made(f"Artist {place % artists:02d}", f"Track {place}", bool(place // artists % 2)) for place in range(count)]
    embeddings = rng.standard_normal((count, features)).astype(np.float32)
    embeddings[:, :2] += pull * np.array([[row.hit] for row in rows])
    return embeddings, rows


def trained(embeddings, rows, draws=4, **options):
    """Return a head; few draws make a rough interval, soon."""
    return TransferHead.train(embeddings, rows, split(rows), genre="POP", today=TODAY, draws=draws, **options)


@pytest.fixture(scope="module")
def tagger():
    return musicnn.load(ROOT / "models" / "musicnn")


@pytest.fixture(scope="module")
def clips():
    """Return the embeddings of 400 made clips, and the clips as tracks without dates."""
    return made_embeddings.kept()


@pytest.fixture(scope="module")
def head():
    return trained(*made(), draws=DRAWS)


def test_the_kept_embeddings_are_those_of_the_clips(clips):
    """A change of clips or network shows here: then `python tests/made_embeddings.py` writes the file anew."""
    places = [0, 77, 154, 231, 308, 399]
    assert np.abs(made_embeddings.hear(places) - clips[0][places]).max() < 0.02


def test_tempo_and_brightness_are_learned_from_400_clips(clips):
    embeddings, rows = clips
    told = trained(embeddings, rows).metrics
    assert told["accuracy"] >= 0.9 and told["auc"] >= 0.95 and told["n"] >= 50
    assert told["accuracy_of_commoner"] < 0.6


def test_200_clips_are_enough(clips):
    embeddings, rows = clips[0][:200], clips[1][:200]
    assert trained(embeddings, rows).metrics["accuracy"] >= 0.9


def test_shuffled_labels_stay_at_chance(clips):
    """Several shuffles: one alone can look like something, by luck, either way."""
    embeddings, rows = clips
    found = []
    for seed in range(4):
        hits = np.random.default_rng(seed).permutation([row.hit for row in rows])
        shuffled = [replace(row, hit=bool(hit)) for row, hit in zip(rows, hits, strict=True)]
        found.append(trained(embeddings, shuffled).metrics)
    assert all(each["auc_low"] <= 0.5 for each in found)
    assert abs(np.mean([each["auc"] for each in found]) - 0.5) < 0.1
    assert all(each["accuracy"] < 0.68 for each in found)


def test_an_artist_on_two_sides_is_an_error():
    embeddings, rows = made()
    parts = split(rows)
    guest = replace(rows[parts.train[0]], artist=f"Someone feat. {rows[parts.test[0]].artist}")
    rows[parts.train[0]] = guest
    with pytest.raises(DataError) as caught:
        TransferHead.train(embeddings, rows, parts, genre="POP", today=TODAY)
    assert caught.value.code == "hit_split.artists"


def test_too_few_tracks_are_refused_with_what_to_do():
    embeddings, rows = made(59, artists=20)
    parts = Split(np.arange(0, 59, 3), np.arange(1, 59, 3), np.arange(2, 59, 3))
    with pytest.raises(DataError) as caught:
        TransferHead.train(embeddings, rows, parts, genre="POP", today=TODAY)
    assert caught.value.code == "hit_transfer.few" and "60" in caught.value.message("en")


def test_sixty_tracks_are_taken():
    embeddings, rows = made(60, artists=15, pull=3)
    parts = split(rows, least=60, least_of_class=20, validation=0.4)
    told = TransferHead.train(embeddings, rows, parts, genre="POP", today=TODAY).metrics
    assert told["n"] < 20 and told["auc_high"] > 0.5


@pytest.mark.parametrize(("change", "code"), [
    (lambda given, rows: (given[:-1], rows), "hit_transfer.rows"),
    (lambda given, rows: (np.where(np.arange(len(given))[:, None] == 7, np.nan, given), rows), "hit_transfer.values"),
    (lambda given, rows: (given, [replace(row, hit=False) for row in rows]), "hit_transfer.classes")])
def test_what_cannot_be_learned_from_is_refused(change, code):
    embeddings, rows = made()
    parts = split(rows)
    with pytest.raises(DataError) as caught:
        TransferHead.train(*change(embeddings, rows), parts, genre="POP", today=TODAY)
    assert caught.value.code == code


def test_hits_of_one_artist_alone_are_refused():
    embeddings, rows = made()
    rows = [replace(row, artist="The Only One" if row.hit else row.title) for row in rows]
    hits, others = (np.flatnonzero([row.hit is kind for row in rows]) for kind in (True, False))
    with pytest.raises(DataError) as caught:
        TransferHead.train(embeddings, rows, Split(np.r_[hits, others[:40]], others[40:50], others[50:]), genre="POP",
                           today=TODAY)
    assert caught.value.code == "hit_transfer.one_sided"


def test_a_feature_that_never_varies_says_nothing():
    embeddings, rows = made()
    embeddings[:, 5] = 3
    found = trained(embeddings, rows)
    moved = np.where(np.arange(12) == 5, 1e6, embeddings[0])
    assert found.log_odds(moved) == pytest.approx(found.log_odds(embeddings[0]))


def test_a_judgement_holds_together(head):
    embeddings, _ = made()
    for embedding in embeddings[:20]:
        said = head.judge(embedding)
        assert said.part == "transfer" and said.low <= said.log_odds <= said.high
        assert 0 <= said.percentile <= 100 and 0 <= said.strange <= 1
        assert sum(value for _, value in said.contributions) == pytest.approx(said.evidence)
        assert said.log_odds == pytest.approx(float(head.log_odds(embedding)[0]))
        assert said.facts["genre"] == "POP" and said.facts["date"] == "2026-01-01"
    low, high = np.zeros(12), np.r_[2.0, 2.0, np.zeros(10)]
    assert head.judge(high).log_odds > head.judge(low).log_odds
    assert head.judge(high).percentile > head.judge(low).percentile


def test_answers_are_calibrated():
    """Known answer: two features shifted by 1.5 each give the log-odds 1.5 (x + y - 1.5) among as many hits as others."""
    embeddings, rows = made(2_400, artists=300)
    found = trained(embeddings, rows, draws=DRAWS)
    fresh, tracks = made(2_400, seed=1)
    true = 1.5 * (fresh[:, 0] + fresh[:, 1] - 1.5)
    said = found.log_odds(fresh)
    assert np.abs(said - true).mean() < 0.3
    assert np.mean(1 / (1 + np.exp(-said))) == pytest.approx(np.mean([row.hit for row in tracks]), abs=0.03)
    inside = [each.low <= value <= each.high for each, value in zip(map(found.judge, fresh[:300]), true, strict=False)]
    assert np.mean(inside) > 0.5  # one draw of artists: 58 to 95 % in six of them, not 80 % in each


def test_intervals_are_wider_with_fewer_tracks():
    widths = [np.mean([each.high - each.low for each in map(trained(*made(count, artists=count // 4), draws=12).judge,
                                                            made()[0][:30])]) for count in (120, 1_200)]
    assert widths[1] < 0.7 * widths[0]


def test_what_lies_far_off_is_strange(head):
    embeddings, _ = made(seed=5)
    assert 0.2 < np.mean([head.judge(embedding).strange for embedding in embeddings]) < 0.9
    assert head.judge(np.full(12, 30.0)).strange == 1.0


def test_answers_beyond_certain_are_cut(head):
    said = head.judge(np.r_[1e4, 1e4, np.zeros(10)])
    assert said.log_odds == 20 and math.isfinite(said.low) and said.contributions[0][1] == pytest.approx(said.evidence)


def heard(embeddings):
    spans = np.array([(3.0 * place, 3.0 * place + 3) for place in range(len(embeddings))])
    patches = musicnn.Patches(spans, np.zeros((len(embeddings), 50), np.float32), embeddings)
    return musicnn.Heard((), musicnn.mean_of(embeddings), patches)


def test_patches_add_up_to_the_answer(head):
    sound = heard(made(4)[0])
    said = head.judge(sound.embedding)
    shares = head.over_time(sound)
    assert [span[:2] for span in shares] == [(0, 3), (3, 6), (6, 9), (9, 12)]
    assert sum(value for *_, value in shares) == pytest.approx(said.evidence, abs=1e-5)


def test_leaving_a_patch_out_changes_the_answer_as_told(head):
    sound = heard(made(4)[0])
    whole = head.judge(sound.embedding).log_odds
    for place, (start, end, change) in enumerate(head.occlusion(sound)):
        without = sound.by_patch.outside(start, end)
        assert len(without.spans) == 3
        assert whole + change == pytest.approx(head.judge(musicnn.mean_of(without.embeddings)).log_odds, abs=1e-5)
        assert without.spans[min(place, 2), 0] != start
    assert head.occlusion(heard(made(1)[0])) == ()


def test_leaving_five_seconds_out_changes_the_answer_as_told(head):
    sound = heard(made(4)[0])
    whole = head.judge(sound.embedding).log_odds
    found = head.occlusion(sound, 5.0, 2.5)
    assert [span[:2] for span in found] == [(0, 5), (2.5, 7.5), (5, 10)]
    for start, end, change in found:
        without = sound.by_patch.outside(start, end)
        assert 0 < len(without.spans) < 4
        assert whole + change == pytest.approx(head.judge(musicnn.mean_of(without.embeddings)).log_odds, abs=1e-5)
    assert head.occlusion(heard(made(1)[0]), 5.0, 2.5) == ()


def test_bright_seconds_are_those_that_lift(clips, tagger):
    """Known answer: a fast bright clip after a slow dark one; the first half lowers the answer, the second lifts it."""
    found = trained(*clips)
    kept = made_clips.clips(made_embeddings.COUNT)
    dark = next(clip for clip in kept if clip.slope > 2 and clip.tempo < 100)
    bright = next(clip for clip in kept if clip.hit)
    changes = found.occlusion(tagger.read(np.concatenate([dark.samples(), bright.samples()]), made_clips.RATE))
    assert changes[0][2] > 0 > changes[-1][2]


def test_a_head_is_the_same_when_loaded(head, tmp_path):
    head.save(tmp_path / "head")
    again = TransferHead.load(tmp_path / "head")
    embedding = made()[0][3]
    assert again.judge(embedding) == head.judge(embedding) and again.metrics == head.metrics
    card, told = ((tmp_path / "head" / name).read_text("utf-8") for name in ("CARD.md", "metrics.json"))
    assert f"AUC {head.metrics['auc']:.3f}" in card and "POP" in card
    assert json.loads(told) == head.metrics
    assert not list((tmp_path / "head").glob("*.pkl"))


def test_another_folder_is_no_head(tmp_path):
    with pytest.raises(DataError) as caught:
        TransferHead.load(ROOT / "models" / "musicnn")
    assert caught.value.code == "hit_transfer.broken"
    with pytest.raises(DataError) as caught:
        TransferHead.load(tmp_path)
    assert caught.value.code == "weights.missing"


def test_another_embedding_is_refused(head):
    with pytest.raises(DataError) as caught:
        head.judge(np.zeros(200))
    assert caught.value.code == "hit_transfer.features"


def test_training_twice_gives_the_same():
    embeddings, rows = made()
    first, second = trained(embeddings, rows), trained(embeddings, rows)
    assert first.judge(embeddings[0]) == second.judge(embeddings[0])
    assert first.facts["strength"] in STRENGTHS and first.facts["draws"] == 4


class Watching:
    def __init__(self, stop_at=10**6):
        self.seen, self.stop_at = [], stop_at

    def report(self, done, total, note=""):
        self.seen.append((done, total, note))

    def check(self):
        if len(self.seen) >= self.stop_at:
            raise Cancelled("cancelled")


def test_training_tells_how_far_it_is_and_stops_when_asked():
    watch = Watching()
    trained(*made(), draws=DRAWS, watch=watch)
    assert [done for done, *_ in watch.seen] == list(range(1, len(watch.seen) + 1))
    assert watch.seen[-1][0] <= watch.seen[-1][1] == len(STRENGTHS) + DRAWS
    with pytest.raises(Cancelled):
        trained(*made(), watch=Watching(5))


def test_songs_that_sound_alike_come_first():
    stored = np.array([[1.0, 0, 0], [0, 1, 0], [2, 0.2, 0], [-1, 0, 0], [0, 0, 0]])
    order, percent = similar(np.array([1.0, 0, 0]), stored)
    assert list(order[:2]) == [0, 2] and percent[0] == 100 and 99 < percent[1] < 100
    assert list(percent[2:]) == [0, 0, 0] and order[-1] == 3
    assert [len(each) for each in similar(np.ones(3), np.empty((0, 3)))] == [0, 0]
    with pytest.raises(DataError) as caught:
        similar(np.ones(2), stored)
    assert caught.value.code == "hit_near.features"


def test_made_clips_of_one_kind_sound_alike(clips):
    """Neighbours of a fast bright clip by sound are mostly fast and bright; a chance one is so in half of the cases."""
    embeddings, rows = clips
    hits = np.array([row.hit for row in rows])
    same = [hits[similar(embeddings[place], embeddings)[0][1:6]].mean() for place in np.flatnonzero(hits)[:60]]
    assert np.mean(same) > 0.7


def test_the_evidence_of_a_base_rate_is_nothing(head):
    """The log-odds of a head's own base rate are where evidence begins."""
    said = head.judge(made()[0][0])
    assert said.evidence == pytest.approx(said.log_odds - logit(said.base_rate))
    assert 0.3 < said.base_rate < 0.7
