"""What a picture's songs leave the product as: hashtags, reasons in words, lists for other programs, a card."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from accounts import Actor
from locales import format_number, t
from providers.youtube import search_link
from recommender import Why, vocabulary
from support.errors import DataError
from usecases.listening import known_videos
from usecases.picture_results import PictureSearch, PictureView, Recommendation
from usecases.pictures import picture_jpeg

MOST_NEAR = 2
"""Pairs of tags near each other that a reason names."""


def hashtag(name: str, lang: str) -> str:
    """Return a tag as a hashtag of a language: ``#RainyDay``, ``#비오는날``."""
    words = re.findall(r"\w+", vocabulary().label(name, lang))
    return "#" + "".join(word[:1].upper() + word[1:] for word in words)


def why_lines(why: Why, lang: str) -> tuple[str, ...]:
    """Return why a song was found, a sentence a kind of reason; empty where nothing can be named."""
    def tags(names: Sequence[str]) -> str:
        return ", ".join(vocabulary().label(name, lang) for name in names)

    lines = []
    if why.shared:
        lines.append(t(lang, "i2m.why.shared", tags=tags(why.shared)))
    if why.near:
        pairs = ", ".join(f"{tags([mine])} ≈ {tags([theirs])}" for mine, theirs, _ in why.near[:MOST_NEAR])
        lines.append(t(lang, "i2m.why.near", pairs=pairs))
    if why.against:
        lines.append(t(lang, "i2m.why.against", tags=tags(why.against)))
    return tuple(lines)


def song_links(actor: Actor, songs: Sequence[Recommendation]) -> list[str]:
    """Return a link to each song at YouTube: the video where it is known, else a search; nobody is asked."""
    known = known_videos(actor, [song.song_id for song in songs if song.song_id is not None])
    return [known[song.song_id].link if song.song_id in known else search_link(song.title, song.artist)
            for song in songs]


def song_table(actor: Actor, search: PictureSearch, lang: str) -> pd.DataFrame:
    """Return the songs of a search as a table with headers in `lang`."""
    links = song_links(actor, search.songs)
    rows = [(song.rank, song.title, song.artist, vocabulary().label(song.genre, lang), round(100 * song.similarity),
             " / ".join(why_lines(song.why, lang)), link) for song, link in zip(search.songs, links, strict=True)]
    names = ("rank", "title", "artist", "genre", "similarity", "why", "link")
    return pd.DataFrame(rows, columns=[t(lang, f"i2m.column.{name}") for name in names])


def song_m3u8(actor: Actor, search: PictureSearch) -> bytes:
    """Return the songs as an M3U8 list of names and links; there are no recordings to point at."""
    lines = ["#EXTM3U"]
    for song, link in zip(search.songs, song_links(actor, search.songs), strict=True):
        lines += [f"#EXTINF:-1,{_line(song.artist)} - {_line(song.title)}", link]
    return ("\n".join(lines) + "\n").encode()


def song_text(search: PictureSearch, hashtags: Sequence[str], lang: str) -> str:
    """Return the songs as plain text, to be pasted."""
    lines = [" ".join(hashtag(name, lang) for name in hashtags), ""]
    lines += [f"{song.rank}. {_line(song.artist)} - {_line(song.title)} "
              f"({vocabulary().label(song.genre, lang)}, {format_number(lang, 100 * song.similarity)}%)"
              for song in search.songs]
    return "\n".join(lines).strip() + "\n"


def _line(name: str) -> str:
    """Return a name that stays on its line."""
    return " ".join(name.split())


def picture_card(actor: Actor, view: PictureView, lang: str) -> bytes:
    """Return a PNG to keep: the picture, its hashtags, the songs found last.

    Raises
    ------
    NotFound, ProviderError
        If the picture's pixels are not there.
    DataError
        If no songs have been found yet.
    """
    if view.search is None or not view.search.songs:
        raise DataError("picture.no_songs")
    import artwork  # fonts and numpy

    songs = [artwork.Song(song.title, song.artist, song.similarity, (*why_lines(song.why, lang), "")[0])
             for song in view.search.songs]
    tags = [hashtag(name, lang) for name in view.hashtags]
    return artwork.card(picture_jpeg(actor, view), t(lang, "i2m.card.title"), tags, songs, lang)
