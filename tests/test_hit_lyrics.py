"""Lyrics as words, the networks on them and the head on embeddings: made rules learned, nothing learned from chance."""

from __future__ import annotations

import doctest
import json
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest
from made_lyrics import songs

from hits import lyric_words
from hits.judgement import logit
from hits.lyric_words import lines_of, worded, words, words_in
from hits.lyrics import FITTING, KINDS, LyricsNetwork, build, numbered, usable, vocabulary_of
from hits.scoring import auc
from hits.sentences import SentenceHead
from hits.split import split
from support.errors import Cancelled, DataError

CALLED = {"genre": "POP", "today": date(2026, 1, 2)}
ROOT = Path(__file__).resolve().parent.parent


def refusal(call, *values, **options):
    with pytest.raises(DataError) as caught:
        call(*values, **options)
    assert caught.value.message("ko") != caught.value.message("en")
    return caught.value


def test_the_examples_in_the_words():
    assert doctest.testmod(lyric_words).failed == 0


@pytest.mark.parametrize("mark", [
    "[Chorus]", "[Verse 1: Mina]", "(Chorus)", "Verse 2:", "Pre-Chorus", "후렴", "후렴구:", "2절", "- 간주 -", "브릿지", "(랩)",
    "【サビ】", "Lyrics by: Nobody", "Written and composed by Some One", "작사: 아무개", "작사/작곡: 아무개", "작사, 작곡 - 아무개",
    "Artist: Luna", "© 2020 Label", "[00:12.50]", "---", "♪ ♪", "", "12"])
def test_marks_and_credits_are_no_lyrics(mark):
    assert lines_of(f"first line of it\n{mark}\nlast line of it") == ("first line of it", "last line of it")


@pytest.mark.parametrize("line", ["Break my heart again", "Music is my life", "Verse by verse I go", "(oh oh oh)",
                                  "written in the stars", "2절까지 부르던 노래", "노래하는 너와 나"])
def test_what_is_sung_stays(line):
    assert lines_of(f"{line}\n{line}") == (line, line)


def test_names_above_the_song_time_stamps_and_repeat_marks_go():
    text = "Luna Harbor - Midnight Ferry:\n[00:01.00] Hold on (x2)\n[00:02.00][00:09.00] 꼭 잡아 ×3\nHold on"
    assert lines_of(text) == ("Hold on", "꼭 잡아", "Hold on")


def test_korean_by_morphemes_english_by_letters_and_both_in_one_line():
    assert words_in("별처럼 빛나는 두 눈") == ("별", "빛나", "눈")
    assert words_in("Don’t the summer's rains stop?".replace("’", "'")) == ("summer", "rains", "stop")
    assert words_in("사랑해 baby가 Don't leave 우주로") == ("사랑", "baby", "leave", "우주")
    assert words("Don’t you leave") == ("leave",)


def test_repeats_are_kept_in_a_line_and_between_lines():
    assert words("사랑해 사랑해 너를 사랑해\nhoney honey\nhoney honey") == ("사랑",) * 3 + ("honey",) * 4


def test_other_scripts_give_words_so_that_they_count_as_unknown():
    assert words("愛してる\nПривет мир") == ("愛してる", "привет", "мир")


@pytest.mark.parametrize(("text", "code"), [
    ("", "empty"), (" \n\n", "empty"), ("[Chorus]\n작사: 아무개", "empty"), ("love", "few"), ("사랑", "few"),
    ("and the of\n" * 50, "few"), ("a long long song\n" * 20_000, "long")])
def test_lyrics_that_say_too_little_are_refused_by_name(text, code):
    assert refusal(worded, text).code == f"hit_lyrics.{code}"


def test_every_sample_has_words_enough():
    for path in sorted((ROOT / "catalogue" / "lyrics").glob("* - *.txt")):
        lines = worded(path.read_text("utf-8"))
        assert sum(len(each) for _, each in lines) > 60 and " - " not in lines[0][0]


@dataclass(frozen=True)
class Row:
    """What a split needs of a track."""

    artist: str
    hit: bool
    title: str = "made"
    date: None = None


@pytest.fixture(scope="module")
def made():
    """Return 400 lyrics, their rows and a split by artists."""
    texts, artists, hits = songs(400, 80, seed=0)
    rows = [Row(artist, hit) for artist, hit in zip(artists, hits, strict=True)]
    return texts, rows, split(rows, validation=0.2, test=0.25)


@pytest.fixture(scope="module")
def network(made):
    texts, rows, sides = made
    return LyricsNetwork.train(texts, rows, sides, **CALLED, length=90)


def right(model, made):
    """Return the share of test songs of which a model is right."""
    texts, rows, sides = made
    rate = logit(0.6)  # three of five are hits
    return np.mean([(model.judge(texts[place]).log_odds > rate) == rows[place].hit for place in sides.test])


def test_the_network_learns_the_rule_for_artists_it_never_saw(network, made):
    assert right(network, made) >= 0.9
    assert network.facts["test"]["auc"] > 0.95 and network.facts["test"]["n"] == len(made[2].test)
    assert network.facts["date"] == "2026-01-02" and network.facts["left_out"] == 0


def test_of_shuffled_labels_nothing_is_learned(made):
    texts, rows, sides = made
    drawn = np.random.default_rng(7).permutation([row.hit for row in rows])
    rows = [Row(row.artist, bool(hit)) for row, hit in zip(rows, drawn, strict=True)]
    found = LyricsNetwork.train(texts, rows, sides, **CALLED, length=90, options=replace(FITTING, epochs=12))
    assert 0.35 < found.facts["test"]["auc"] < 0.65
    said = np.array([found.judge(texts[place]).evidence for place in sides.test])
    assert np.abs(said).mean() < 1


def test_an_artist_on_two_sides_is_an_error(made):
    texts, rows, sides = made
    leaked = [replace(row, artist=rows[sides.train[0]].artist) if place == sides.test[0] else row
              for place, row in enumerate(rows)]
    assert refusal(LyricsNetwork.train, texts, leaked, sides, **CALLED).code == "hit_split.artists"


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_trains_a_step_and_says_the_same_once_stored(kind, made, tmp_path):
    texts, rows, sides = made
    few = replace(sides, train=sides.train[::8], validation=sides.validation[::2])
    one = LyricsNetwork.train(texts, rows, few, **CALLED, kind=kind, length=20, options=replace(FITTING, epochs=1))
    one.save(tmp_path / kind)
    again = LyricsNetwork.load(tmp_path / kind)
    assert (again.kind, again.length, again.vocabulary) == (kind, 20, one.vocabulary)
    assert again.facts["test"] == one.facts["test"]
    assert "Lyrics network" in (tmp_path / kind / "CARD.md").read_text("utf-8")
    told = json.loads((tmp_path / kind / "metrics.json").read_text("utf-8"))
    assert told["test"] == one.metrics and (told["kind"], told["date"]) == (kind, "2026-01-02")
    for text in texts[:3]:
        first, second = one.judge(text), again.judge(text)
        assert (first.log_odds, first.low, first.high, first.percentile, first.strange) == pytest.approx(
            (second.log_odds, second.low, second.high, second.percentile, second.strange), abs=1e-6)
        assert first.low <= first.log_odds <= first.high
        assert first.percentile_low <= first.percentile <= first.percentile_high


def test_the_vocabulary_is_of_the_training_side_alone(made):
    texts, rows, sides = made
    texts = list(texts)
    for place in sides.test:
        texts[place] += "\nzanzibar zanzibar"
    texts[sides.train[0]] += "\nonceonly"
    found = LyricsNetwork.train(texts, rows, replace(sides, train=sides.train[::4]), **CALLED, length=20,
                                options=replace(FITTING, epochs=1))
    assert "zanzibar" not in found.vocabulary and "onceonly" not in found.vocabulary and "sunrise" in found.vocabulary


def test_words_in_order_of_use_with_a_cap():
    found = vocabulary_of([("b", "a", "a"), ("b", "c"), ("b", "a", "once")], least=2)
    assert found == ("b", "a") and vocabulary_of([("b", "a"), ("b",)], least=1, most=1) == ("b",)


def test_long_lyrics_are_cut_and_short_ones_padded(network):
    assert numbered([("a", "b", "new"), ("a",)], {"a": 2, "b": 3}, 2).tolist() == [[2, 3], [2, 0]]
    found = network.judge("golden sunrise honey summer\n" * 40)
    assert (found.facts["words"], found.facts["read"]) == (160, 90)
    assert found.log_odds == pytest.approx(network.judge("golden sunrise honey summer\n" * 30).log_odds, abs=1e-4)


def test_the_line_that_carries_the_rule_is_found(network):
    plain = "\n".join(f"the {one} near the {other}" for one, other in
                      zip(("window", "river", "street", "garden"), ("letter", "table", "mirror", "ocean"), strict=True))
    for telling, sign in (("sunrise honey carnival", -1), ("paperwork gravel basement", 1)):
        found = network.lines(f"{plain}\n[Chorus]\n{telling}\n{plain}\n{telling}")
        assert [line for line, _ in found].count(telling) == 1 and len(found) == 5
        line, change = max(found, key=lambda item: abs(item[1]))
        assert line == telling and np.sign(change) == sign
        without = network.judge(f"{plain}\n{plain}").log_odds - network.judge(f"{plain}\n{telling}\n{plain}\n{telling}").log_odds
        assert change == pytest.approx(without, abs=1e-3)


def test_a_song_of_one_line_has_none_to_leave_out(network):
    assert network.lines("sunrise honey carnival golden\n" * 4) == ()


def test_unknown_words_make_lyrics_strange(network, made):
    known = network.judge(made[0][0])
    odd = network.judge("zanzibar quokka umlaut vortex\n" * 8)
    other = network.judge("愛してる 世界 どこまでも 空\n" * 8)
    assert known.strange == 0.5 and odd.strange == other.strange == 1.0
    assert (odd.facts["unknown"], odd.facts["words"]) == (32, 32)


@pytest.mark.parametrize("text", ["", "[Chorus]", "사랑"])
def test_nothing_is_said_of_lyrics_that_say_nothing(text, network):
    assert refusal(network.judge, text).code.startswith("hit_lyrics.")
    assert refusal(network.lines, text).code.startswith("hit_lyrics.")


def test_songs_without_lyrics_are_left_out_and_too_few_are_refused(made):
    texts, rows, sides = made
    some = [None if place % 3 == 0 else "one" if place % 3 == 1 else text for place, text in enumerate(texts)]
    used, kept, inner = usable(some, rows, sides)
    assert len(used) == len(kept) == sum(map(len, inner.sides.values())) == 133
    assert all(kept[place].artist in {rows[each].artist for each in sides.test} for place in inner.test)
    assert refusal(usable, [None] * 400, rows, sides).code == "hit_lyrics.rows"


def test_a_folder_that_holds_another_model_is_refused_by_name(tmp_path):
    from support import weights

    weights.write(tmp_path / "other", {"a": np.zeros(3)}, {"kind": "cnn1d"})
    assert refusal(LyricsNetwork.load, tmp_path / "other").code == "hit_lyrics.model"
    assert refusal(LyricsNetwork.load, tmp_path / "nothing").code == "weights.missing"
    assert refusal(build, "gpt", 10).code == "hit_lyrics.kind"


@cache
def fixed(word):
    return np.random.default_rng(crc32(word.encode())).normal(size=40)


def embed(texts):
    """Return made vectors of lines: the sum of a fixed one for each word, of length 1."""
    found = np.array([sum(fixed(word) for word in (*words_in(text), "-")) for text in texts])
    return found / np.linalg.norm(found, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def few():
    """Return 100 lyrics of 25 artists with their rows and split."""
    texts, artists, hits = songs(100, 25, seed=5)
    rows = [Row(artist, hit) for artist, hit in zip(artists, hits, strict=True)]
    return texts, rows, split(rows, validation=0.24, test=0.2)


@pytest.fixture(scope="module")
def head(few):
    return SentenceHead.train(*few, embed=embed, embedder="made", **CALLED)


def test_the_head_learns_from_a_hundred_lyrics_what_holds_for_other_artists(head, few):
    assert head.metrics["auc"] > 0.95
    other, _, hits = songs(100, 25, seed=99)
    said = np.array([head.judge(text).log_odds for text in other])
    assert ((said > 0) == hits).mean() > 0.85 and auc(hits, said) > 0.9
    found = head.judge(few[0][0])
    assert found.percentile_low <= found.percentile <= found.percentile_high
    assert found.low < found.log_odds < found.high and 0 <= found.strange <= 1 and 50 < found.percentile <= 100


def test_the_head_learns_nothing_of_shuffled_labels(few):
    texts, rows, sides = few
    drawn = np.random.default_rng(3).permutation([row.hit for row in rows])
    rows = [Row(row.artist, bool(hit)) for row, hit in zip(rows, drawn, strict=True)]
    found = SentenceHead.train(texts, rows, sides, embed=embed, embedder="made", **CALLED)
    other, _, hits = songs(100, 25, seed=99)
    said = np.array([found.judge(text).evidence for text in other])
    assert np.abs(said).mean() < 0.7 and abs(np.mean((said > 0) == np.array(hits)) - 0.5) < 0.25


def test_an_artist_on_two_sides_is_an_error_for_the_head(few):
    texts, rows, sides = few
    leaked = [replace(row, artist="Someone") for row in rows]
    assert refusal(SentenceHead.train, texts, leaked, sides, embed=embed, embedder="made", **CALLED).code == "hit_split.artists"


def test_the_head_says_the_same_once_stored_and_only_on_its_own_embedding(head, few, tmp_path):
    head.save(tmp_path / "head")
    again = SentenceHead.load(tmp_path / "head", embed, "made")
    for text in few[0][:5]:
        first, second = head.judge(text), again.judge(text)
        assert (first.log_odds, first.low, first.high, first.percentile, first.strange) == (
            second.log_odds, second.low, second.high, second.percentile, second.strange)
    assert "sentence embeddings (made)" in (tmp_path / "head" / "CARD.md").read_text("utf-8")
    assert refusal(SentenceHead.load, tmp_path / "head", embed, "other").code == "hit_lyrics.embedder"
    longer = SentenceHead.load(tmp_path / "head", lambda texts: np.ones((len(texts), 50)), "made")
    assert refusal(longer.judge, few[0][0]).code == "hit_lyrics.embedder"
    head.save(tmp_path / "twice")
    assert refusal(LyricsNetwork.load, tmp_path / "twice").code == "hit_lyrics.model"


def test_the_head_finds_the_line_and_what_it_adds(head):
    plain = "the window near the letter\nthe river near the table\nthe street near the mirror"
    telling = "sunrise honey carnival"
    text = f"{plain}\n{telling}\n{telling}"
    found = dict(head.lines(text))
    assert len(found) == 4 and min(found, key=found.get) == telling
    assert found[telling] == pytest.approx(head.judge(plain).log_odds - head.judge(text).log_odds)
    assert head.lines("sunrise honey carnival\n" * 4) == ()


def test_lyrics_like_none_that_were_learned_from_are_strange(head, few):
    known = [head.judge(few[0][place]).strange for place in few[2].test]
    assert head.judge("愛してる 世界 どこまでも 空\n" * 8).strange == 1.0 and np.median(known) < 0.8


def test_training_can_be_stopped_and_tells_how_far_it_is(few):
    class Stopping:
        told = 0

        def report(self, done, total, note=""):
            self.told, self.total, self.note = done, total, note

        def check(self):
            if self.told == 7:
                raise Cancelled("cancelled")

    watch = Stopping()
    with pytest.raises(Cancelled):
        SentenceHead.train(*few, embed=embed, embedder="made", watch=watch, **CALLED)
    assert watch.note == "POP sentences" and watch.total > 100
