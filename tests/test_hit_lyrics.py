"""Lyrics as words, the networks on them and the head on embeddings: made rules learned, nothing learned from chance."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

from hits import lyric_words
from hits.lyric_words import lines_of, worded, words, words_in
from support.errors import DataError

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
