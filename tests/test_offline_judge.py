"""The offline rubric: same lyrics, same scores; order counts for narrative, padding for nothing, names for nothing."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import judging
import recommender
from auditioning.features import Finding, arc, level_of, nearness, pictures, refrain, sound, weakest_part
from auditioning.lyrics import is_read, read_lyrics, rhyme_key, rhymed, told_apart, weakest_window
from auditioning.rubric import BY_KEY
from auditioning.voices import told
from judging import Audio
from locales import LANGUAGES, t
from support.errors import DataError
from tests.verses import OTHERS, VERSES

ROOT = Path(__file__).parents[1]
SHUFFLES = 20
LOREM = ("Lorem ipsum dolor sit amet, consectetur adipiscing elit", "sed do eiusmod tempor incididunt ut labore et dolore",
         "Ut enim ad minim veniam, quis nostrud exercitation ullamco", "Duis aute irure dolor in reprehenderit in voluptate",
         "Excepteur sint occaecat cupidatat non proident, sunt in culpa")


def songs():
    """Return verses and the lyrics that ship, by name."""
    files = [*sorted((ROOT / "catalogue" / "lyrics").glob("*.txt")), ROOT / "catalogue" / "demo" / "lyrics.txt"]
    return VERSES | {path.stem: path.read_text("utf-8").split("\n", 1)[1] for path in files}


SONGS = songs()
EVERY = pytest.mark.parametrize("name", SONGS)


VECTORS = {}


def embed(texts):
    """Return what the model returns, each text computed once for all tests."""
    new = [text for text in dict.fromkeys(texts) if text not in VECTORS]
    VECTORS.update(zip(new, recommender.embed(new), strict=True))
    return np.stack([VECTORS[text] for text in texts])


@cache
def review(lyrics, lang="en", audio=None):
    return judging.offline(lyrics, lang, audio, embed=embed)


def total(lyrics):
    score = review(lyrics).score
    return 100 * score.points / score.out_of


def narrative(lyrics):
    return float(review(lyrics).score.groups["narrative"].points)


def shuffled(lyrics, seed):
    """Return the lyrics with their lines in random order, blank lines where they were."""
    lines = [line for line in lyrics.splitlines() if line.strip()]
    random.Random(f"{seed} {lyrics}").shuffle(lines)
    taken = iter(lines)
    return "\n".join(next(taken) if line.strip() else line for line in lyrics.splitlines())


# --- what the score must and must not follow


@EVERY
def test_the_same_lyrics_give_the_same_scores(name):
    again = judging.offline(SONGS[name], "en", embed=embed)
    assert again == review(SONGS[name])
    korean = review(SONGS[name], "ko")
    assert [each.level for each in korean.score.evidence] == [each.level for each in again.score.evidence]
    assert korean.voices != again.voices


def test_the_model_itself_repeats_and_does_not_look_at_neighbours():
    lines = VERSES["tyger"].splitlines()[:4]
    whole = recommender.embed(lines)
    assert whole.shape == (4, 384) and whole.dtype == np.float32
    assert np.allclose(np.linalg.norm(whole, axis=1), 1, atol=1e-4)
    assert np.array_equal(whole, recommender.embed(lines)) and np.array_equal(whole[2], recommender.embed(lines[2:3])[0])
    assert recommender.embed([]).shape == (0, 384)
    one = judging.offline(VERSES["later"], "en")
    assert one.score == review(VERSES["later"]).score


@pytest.mark.parametrize("texts", [SONGS, OTHERS], ids=["seen", "unseen"])
def test_shuffled_lines_lose_narrative_points(texts):
    lost = {name: [narrative(text) - narrative(shuffled(text, seed)) for seed in range(SHUFFLES)]
            for name, text in texts.items()}
    means = {name: float(np.mean(values)) for name, values in lost.items()}
    every = np.concatenate(list(lost.values()))
    assert np.mean(list(means.values())) >= 1.5, means
    assert sum(mean > 0 for mean in means.values()) >= 0.7 * len(means), means
    assert (every > 0).mean() > 0.6 and (every > 0).sum() > 2 * (every < 0).sum()


def test_shuffled_lines_change_nothing_that_order_cannot():
    for text in (VERSES["road"], VERSES["star"]):
        before, after = ({each.criterion: each.level for each in review(one).score.evidence}
                         for one in (text, shuffled(text, 3)))
        assert before["imagery"] == after["imagery"]


def interleaved(lyrics, more, every=3):
    lines = [line for line in lyrics.splitlines() if line.strip()]
    for number, line in enumerate(more):
        lines.insert((every + 1) * number + every, line)
    return "\n".join(lines)


def nonsense(seed, letters=("bcdfghklmnprstvwz", "aeiou")):
    rng = random.Random(seed)
    return ["".join(rng.choice(kind) for kind in letters * 3) + " " + "".join(rng.choice(kind) for kind in letters * 2)
            for _ in range(8)]


def nonsense_korean(seed):
    rng = random.Random(seed)
    return [" ".join("".join(chr(0xAC00 + rng.randrange(11172)) for _ in range(3)) for _ in range(4)) for _ in range(8)]


def word_salad(seed):
    rng = random.Random(seed)
    pool = ("purple seventeen because monkey stapler under over the of and window garlic tomorrow quick never engine "
            "beneath marble when silence running teacher seldom blue").split()
    return [" ".join(rng.choice(pool) for _ in range(6)) for _ in range(8)]


def padded(lyrics):
    lines = [line for line in lyrics.splitlines() if line.strip()]
    stanzas = lyrics.strip().split("\n\n")
    rng = random.Random(7)
    yield "last line again", "\n".join([lyrics, *lines[-1:] * 8])
    yield "first line again", "\n".join([*lines[:1] * 8, lyrics])
    yield "first stanza at the end", f"{lyrics}\n\n{stanzas[0]}"
    yield "every line twice", "\n".join(line for each in lines for line in (each, each))
    yield "every stanza twice", "\n\n".join(each for stanza in stanzas for each in (stanza, stanza))
    yield "everything twice", f"{lyrics}\n\n{lyrics}"
    yield "everything four times", "\n\n".join([lyrics] * 4)
    yield "first line as a refrain", interleaved(lyrics, lines[:1] * (len(lines) // 4))
    yield "random lines at the end", "\n".join([lyrics, *(rng.choice(lines) for _ in range(10))])
    yield "lorem at the end", "\n".join([lyrics, "", *LOREM])
    yield "lorem between", interleaved(lyrics, LOREM[:len(lines) // 4])
    yield "vocables", "\n".join([lyrics, *["la la la la", "oh yeah", "나나나 나나나"] * 4])
    yield "labels", "\n".join(["[Verse 1]", lyrics, "(Chorus)", "[후렴]"])
    yield "keyboard noise", "\n".join([lyrics, *["asdf jkl qwer zxcv", "ㅁㄴㅇㄹ ㅋㅋㅋㅋ", "12345 67890", "!!!"] * 2])
    yield "nonsense", "\n".join([lyrics, *nonsense(1)])
    yield "nonsense between", interleaved(lyrics, nonsense(2)[:len(lines) // 4])
    yield "Korean nonsense", "\n".join([lyrics, *nonsense_korean(3)])
    yield "word salad", "\n".join([lyrics, *word_salad(4)])


@EVERY
def test_padding_gains_nothing(name):
    before = total(SONGS[name])
    gained = {kind: float(total(text) - before) for kind, text in padded(SONGS[name]) if total(text) > before}
    assert gained == {}


@EVERY
def test_filler_that_is_set_aside_changes_nothing(name):
    for kind, text in padded(SONGS[name]):
        if kind in ("vocables", "labels", "lorem at the end", "lorem between", "Korean nonsense", "every line twice"):
            assert review(text).score == review(SONGS[name]).score, kind


def test_case_and_punctuation_are_nothing_to_the_order_and_repeats():
    noisy = VERSES["woods"].upper().replace(",", "!!")
    assert [each.level for each in review(noisy).score.evidence if each.criterion in ("hook", "freshness", "imagery")] == [
        each.level for each in review(VERSES["woods"]).score.evidence if each.criterion in ("hook", "freshness", "imagery")]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_another_artists_name_changes_nothing(lang):
    """The offline judge is given lyrics alone; the prompt of a model never holds the name."""
    panel = judging.load_panels(ROOT / "judges.toml")["default"]
    one, other = (SimpleNamespace(artist=artist, title="Road", lyrics=VERSES["road"]) for artist in ("Nobody", "아이유"))
    for judge in panel.judges:
        assert judging.prompt_of(judge, one, lang, judging.What()) == judging.prompt_of(judge, other, lang, judging.What())
    assert judging.offline(one.lyrics, lang, embed=embed) == judging.offline(other.lyrics, lang, embed=embed)


# --- refusals


@pytest.mark.parametrize(("lyrics", "code"), [
    ("", "judge.lyrics_empty"), (" \n\t\n", "judge.lyrics_empty"), ("[Chorus]\nla la la\n!!!", "judge.lyrics_empty"),
    ("나는 너를 사랑해", "judge.lyrics_short"), ("I love you so\n" * 40, "judge.lyrics_short"),
    ("\n".join(LOREM * 3), "judge.lyrics_unread"),
    ("Je ne regrette rien\nNi le bien qu'on m'a fait\nTout ça m'est bien égal\n忘れないで\nさよなら", "judge.lyrics_unread")])
def test_what_cannot_be_scored_is_refused_by_name(lyrics, code):
    with pytest.raises(DataError) as caught:
        judging.offline(lyrics, "en", embed=embed)
    assert caught.value.code == code
    assert all(caught.value.message(lang) for lang in LANGUAGES)


# --- what is told


@EVERY
def test_the_score_is_whole_and_honest(name):
    found = review(SONGS[name])
    assert found.score.not_judged == ("melody", "rhythm", "arrangement") and found.score.out_of == 60
    assert (found.verdict.provisional, found.verdict.spread, found.verdict.split) == (True, None, False)
    assert found.verdict.scaled_300 == 3 * found.score.total and found.verdict.judges == 1
    heard = read_lyrics(SONGS[name]).lines
    for each in found.findings:
        assert all(judging.quoted(part, SONGS[name]) for part in each.quote.split(" … ")), each
        assert 0 <= each.level <= 5
    assert found.score.flagged == () and len(heard) >= 8


@pytest.mark.parametrize("lang", LANGUAGES)
def test_three_voices_tell_the_same_findings(lang):
    texts = {name: review(text, lang).voices for name, text in SONGS.items()}
    for name, voices in texts.items():
        assert set(voices) == {"dry", "warm", "blunt"} and len(set(voices.values())) == 3
        by_level = sorted(each.level for each in review(SONGS[name]).findings)
        for voice in voices.values():
            assert BY_KEY["melody"].name(lang) in voice
            assert any(each.quote in voice and str(each.level) in voice for each in review(SONGS[name]).findings
                       if each.level in (by_level[0], by_level[-1]))
    assert len({voices["dry"] for voices in texts.values()}) == len(SONGS)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(("low", "high", "said"), [
    (2, 2, {"worst", "even"}), (4, 5, {"best", "even"}), (1, 4, {"best", "worst"}), (0, 0, {"worst", "even"})])
def test_what_is_said_follows_what_was_found(lang, low, high, said):
    """No praise below level 3, no blame above 2; the opening is the verdict's."""
    found = (Finding("hook", 0.1, high, "high line"), Finding("imagery", 0.1, low, "low line"))
    verdict = SimpleNamespace(verdict="SOLID")
    for voice, text in told(found, verdict, (), 0, lang).items():
        starts = {kind: t(lang, f"judging.voice.{voice}.{kind}").split("{")[0] for kind in ("best", "worst", "even")}
        assert {kind for kind, start in starts.items() if start in text} == said
        assert text.startswith(t(lang, f"judging.voice.{voice}.solid"))
        assert ("high line" in text) >= ("best" in said) and ("low line" in text) >= ("worst" in said)


def test_lines_set_aside_are_told():
    padded_song = "\n".join([VERSES["road"], *LOREM])
    assert review(padded_song).unread == LOREM
    assert all("5" in text and "neither Korean nor English" in text for text in review(padded_song).voices.values())


# --- audio


@pytest.mark.parametrize(("tempo", "level"), [(118, 4), (100, 4), (99.9, 3), (150, 3), (64, 2), (59, 1), (200, 1)])
def test_tempo(tempo, level):
    assert [(each.criterion, each.level) for each in sound(Audio(tempo_bpm=tempo))] == [("rhythm", level)]


@pytest.mark.parametrize(("loudness", "level"), [(-10, 4), (-16, 3), (-7, 3), (-20, 2), (-5, 2), (-30, 1), (-1, 1)])
def test_loudness(loudness, level):
    assert [(each.criterion, each.level) for each in sound(Audio(loudness_lufs=loudness))] == [("arrangement", level)]


def test_measured_audio_is_judged_and_melody_is_not():
    found = review(VERSES["road"], "en", Audio(120, -10.0))
    assert found.score.not_judged == ("melody",) and found.score.groups["musicality"].out_of == BY_KEY["rhythm"].weight * 2
    assert sound(Audio(tempo_bpm=float("nan"))) == sound(None) == sound(Audio(duration_s=200)) == ()


# --- measures with known answers


def test_lines_that_come_back():
    lines = ["a b", "a b", "c d", "A, b!", "c d", "c d", "e f"]
    assert told_apart(lines) == (["a b", "c d", "e f"], ["A, b!", "c d"])
    song = read_lyrics(f"{VERSES['road']}\n\nI took the one less traveled by,\nAnd that has made all the difference.")
    assert refrain(song)[:2] == (pytest.approx(2 / 22), 0) and len(song.lines) == 20


def test_what_repetition_gives_the_hook_it_takes_from_freshness():
    lines = VERSES["grapes"].strip().split("\n\n")
    chorus = "\n\n".join(part for verse in lines[1:] for part in (verse, lines[0]))
    before, after = ({each.criterion: each.level for each in review(text).findings}
                     for text in (VERSES["grapes"], f"{lines[0]}\n\n{chorus}"))
    assert after["hook"] - before["hook"] == 2 == before["freshness"] - after["freshness"]


@pytest.mark.parametrize(("one", "other", "rhyme"), [
    ("불빛이 번져 가", "멀리 떠나", True), ("노래할게", "내게", True), ("가리라", "사람", False), ("눈", "순", True),
    ("bright", "of the night", True), ("day", "away", True), ("the rain", "in pain", True), ("the stone", "the sea", False)])
def test_rhymes(one, other, rhyme):
    assert (rhyme_key(one) == rhyme_key(other)) is rhyme


def test_a_word_does_not_rhyme_with_itself():
    assert rhymed(("my day", "your day", "the stone", "away")).tolist() == [False, True, False, True]


@pytest.mark.parametrize(("line", "read"), [
    ("The ticket booth is closing and the neon starts to hum", True), ("밤바다 위로 불빛이 번져 가", True),
    (LOREM[0], False), (LOREM[3], False), ("xqzt blorf nim gwaddle", False), ("뷁쉙 꿹뒓 뽉쀍 쿩", False),
    ("Je ne regrette rien", False), ("忘れないで", False)])
def test_what_reads_as_a_language(line, read):
    assert is_read(line) is read


@pytest.mark.parametrize(("line", "count"), [("The moon above the harbor", 2), ("I think that I know why", 0),
                                             ("하늘 아래 바다를 보며", 2), ("그리움이 사라질 때", 0)])
def test_pictures(line, count):
    assert pictures(line) == count


def test_figures_of_order_are_zero_on_average_for_random_order():
    rng = np.random.default_rng(4)
    moods, alike = rng.normal(size=24), rng.normal(size=(24, 24))
    alike = alike + alike.T
    orders = [rng.permutation(24) for _ in range(600)]
    assert abs(np.mean([arc(moods[order]) for order in orders])) < 0.02
    assert abs(np.mean([nearness(alike[np.ix_(order, order)], 2, range(4, 11)) for order in orders])) < 0.02


def test_figures_of_order_are_high_for_a_slope_and_for_blocks():
    slope = np.linspace(-1, 1, 24)
    assert arc(slope) > 0.9 and arc(np.zeros(24)) == 0
    blocks = np.kron(np.eye(6), np.ones((4, 4)))
    assert nearness(blocks, 2, range(4, 11)) > 1
    assert nearness(np.zeros((9, 9)), 2) == 0
    tacked_on = np.r_[np.random.default_rng(1).normal(size=24), 9 + np.zeros(6)]
    assert weakest_part(lambda part: arc(tacked_on[part]), 30) < 0.3 < arc(tacked_on)


def test_windows_and_limits():
    values = np.array([1.0, 1, 0, 0, 1])
    assert weakest_window(values, 2) == (0.0, 2) and weakest_window(values, 9) == (0.6, 0)
    assert [level_of("imagery", share) for share in (0, 0.1, 0.349, 0.35, 0.7)] == [0, 1, 2, 3, 5]
