"""Lyrics: the form, encodings, refusals by name, whole songs; whatever is written is read back."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_processing import LyricsText, language_of, make_song, normalise, read_lyrics, song_key, write_lyrics
from ingest.lyrics import LARGEST_TEXT, LONGEST_NAME, LONGEST_SONG, header_of
from support.errors import DataError

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = sorted((ROOT / "catalogue" / "lyrics").glob("*.txt"))
TWO = "Luna Harbor - Midnight Ferry:\nslow\nlines\n\nsecond stanza\n\n물빛정거장 - 고래의 계절:\n파도가\n온다\n"


def songs(text, **options):
    return [(song.artist, song.title, song.lyrics) for song in read_lyrics(text, **options).songs]


def refusal(call, *values, **options):
    with pytest.raises(DataError) as caught:
        call(*values, **options)
    assert caught.value.message("ko") != caught.value.message("en")
    return caught.value


def test_many_songs_in_one_text_with_their_stanzas():
    assert songs(TWO) == [("Luna Harbor", "Midnight Ferry", "slow\nlines\n\nsecond stanza"),
                          ("물빛정거장", "고래의 계절", "파도가\n온다")]
    assert [song.line for song in read_lyrics(TWO).songs] == [1, 7]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp949"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends(encoding, end):
    assert songs(TWO.replace("\n", end).encode(encoding)) == songs(TWO)


def test_a_name_written_in_parts_is_the_same_name():
    decomposed = unicodedata.normalize("NFD", TWO)
    assert decomposed != TWO and songs(decomposed) == songs(TWO)


@pytest.mark.parametrize(("line", "names"), [
    ("Jay-Z - 99 Problems:", ("Jay-Z", "99 Problems")), ("A – B：", ("A", "B")), ("A — B - C :", ("A", "B - C")),
    ("  A - B:  ", ("A", "B")), ("A-B:", None), ("A - B", None), ("- B:", None), ("A - :", None), ("Chorus:", None),
    ("Verse 2 - Mina:", None), ("Pre-Chorus - All:", None), ("2절 - 모두:", None), ("후렴 - 다 같이:", None),
    ("\\A - B:", None), ("The Verse - X:", ("The Verse", "X")), ("x" * 500 + " - B:", None)])
def test_what_is_a_line_of_names(line, names):
    assert header_of(line) == names


def test_a_song_is_whole():
    lyrics = "\n".join(f"line {number} of a very long song" for number in range(3000))
    assert len(lyrics) > 80_000
    assert songs(f"A - B:\n{lyrics}") == [("A", "B", lyrics)]


def test_a_line_that_looks_like_names_is_written_with_a_backslash():
    assert songs("A - B:\nHe said\n\\She - softly:\n\\o/ wave") == [("A", "B", "He said\nShe - softly:\n\\o/ wave")]


def test_what_nobody_sees_is_taken_off():
    assert songs("\ufeffA - B:\n\n\n  in\u2028two\x00\t. \x07\n\n\n") == [("A", "B", "  in\ntwo .")]


def test_a_text_without_names_is_named_after_its_file():
    assert songs("la la la", name="songs/Mr. Blue - Sky.txt") == [("Mr. Blue", "Sky", "la la la")]
    assert songs("A - B:\nla", name="C - D.txt") == [("A", "B", "la")]
    assert refusal(read_lyrics, "hello you\nla", name="lyrics.txt").values == {"found": "hello you"}
    assert refusal(read_lyrics, "stray\n\nA - B:\nla", name="C - D.txt").code == "lyrics.header"


@pytest.mark.parametrize(("data", "code"), [
    (b"", "empty"), (" \n\t\n", "empty"), ("A - B:\n\n", "empty"), ("just words", "header"),
    (b"PK\x03\x04\x00\x00\x00\x01" * 40, "binary"), (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, "binary"),
    (b"A - B:\n\xff\xff\xff", "encoding"), (b"x" * (LARGEST_TEXT + 1), "large")])
def test_a_text_that_cannot_be_used_is_refused_by_name(data, code):
    assert refusal(read_lyrics, data).code == f"lyrics.{code}"


def test_one_bad_song_does_not_cost_the_others():
    found = read_lyrics(f"A - B:\nla\n\nC - D:\n\n. - E:\nla\nF - {'x' * (LONGEST_NAME + 1)}:\nla\na - b:\nagain\n"
                        f"G - H:\n{'x' * (LONGEST_SONG + 1)}\nI - J:\nend")
    assert [(song.artist, song.lyrics) for song in found.songs] == [("A", "la"), ("I", "end")]
    assert [(each.line, each.code) for each in found.refused] == [
        (4, "lyrics.no_lines"), (6, "lyrics.name"), (8, "lyrics.name_long"), (10, "lyrics.twice"), (12, "lyrics.long")]


def test_names_and_lyrics_given_apart():
    assert make_song(" Luna \n Harbor ", "Ferry", "Luna Harbor - Ferry:\nrow") == LyricsText("Luna Harbor", "Ferry",
                                                                                            "row")
    assert make_song("A", "B", "He - said:\nx").lyrics == "He - said:\nx"
    assert refusal(make_song, " ", "B", "x").code == "lyrics.name"
    assert refusal(make_song, "A", "B", " \n ").code == "lyrics.no_lines"
    assert refusal(make_song, "A", "B", "x" * (LONGEST_SONG + 1)).values["count"] == LONGEST_SONG + 1


@pytest.mark.parametrize(("lyrics", "language"), [
    ("나는 너를 사랑해", "ko"), ("오늘 밤 너와 나의 춤 we are gonna dance all night", "ko"), ("I walk the line with you", "en"),
    ("One 밤 and the long night of it all, you and me, the sea", "en"), ("La vie est belle, mon amour", "other"),
    ("君の名前を呼ぶ", "other"), ("1 2 3", "other"), ("", "other")])
def test_the_language(lyrics, language):
    assert language_of(lyrics) == language


def test_the_samples_are_songs_of_their_language():
    read = {path.stem: read_lyrics(path.read_bytes()) for path in SAMPLES}
    assert len(read) == 6 and all(len(file.songs) == 1 and not file.refused for file in read.values())
    found = {stem: file.songs[0] for stem, file in read.items()}
    assert all(f"{song.artist} - {song.title}" == unicodedata.normalize("NFC", stem) for stem, song in found.items())
    assert sorted(language_of(song.lyrics) for song in found.values()) == ["en"] * 3 + ["ko"] * 3
    assert all(24 <= sum(map(bool, song.lyrics.split("\n"))) <= 40 for song in found.values())
    readme = (ROOT / "catalogue" / "lyrics" / "README.md").read_text("utf-8")
    assert all(f"`{path.name}`" in unicodedata.normalize("NFC", readme) for path in SAMPLES)


names = st.text(st.characters(categories=("L", "N")), min_size=1, max_size=20).map(
    lambda text: unicodedata.normalize("NFC", text)).filter(lambda text: normalise(text) and header_of(f"{text} - x:"))
lines = st.one_of(st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters="\ufeff"),
                          max_size=30),
                  st.sampled_from(["A - B:", "\\A - B:", "\\\\A - B:", " \\A - B:", "\\", "후렴 - 모두:", ""]))


@st.composite
def catalogues(draw):
    found = {}
    for _ in range(draw(st.integers(1, 4))):
        artist, title = draw(names), draw(names)
        text = "\n".join(unicodedata.normalize("NFC", line).rstrip() for line in draw(st.lists(lines, max_size=6)))
        lyrics = f"first\n{text}\nlast"
        found.setdefault(song_key(artist, title), (artist, title, lyrics))
    return list(found.values())


@settings(max_examples=150, deadline=None)
@given(catalogues())
def test_what_is_written_is_read_back(catalogue):
    text = write_lyrics(LyricsText(*song) for song in catalogue)
    assert songs(text) == catalogue and songs(text.encode()) == catalogue


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_read_or_refused_by_name(data):
    try:
        found = read_lyrics(data, name="A - B.txt")
    except DataError as error:
        assert error.code.startswith("lyrics.") and error.message("ko")
    else:
        assert found.songs or found.refused
        assert all(song.lyrics and "\0" not in song.lyrics for song in found.songs)
