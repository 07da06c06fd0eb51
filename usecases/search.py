"""One search for everything: songs, artists, tags, and the actor's own auditions, predictions, pictures, music."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import db
from accounts import Actor
from locales import format_number
from queries import dossier as dossier_queries
from queries import search as queries
from recommender import vocabulary
from usecases.dossier import MOST_NAME, words_of
from usecases.dossier_results import Found, FoundGroup

MOST = 50
KINDS = ("song", "artist", "tag", "audition", "prediction", "picture", "playlist", "bgm")
"""In the order in which they are shown."""


def search_everything(actor: Actor, text: str, limit: int = 5, lang: str = "ko") -> tuple[FoundGroup, ...]:
    """Return what the actor may see of all that is called so, by kind; kinds without any are left out.

    Parameters
    ----------
    text : str
        Words of artist, title or tag, each of which must be found; tags in Korean or English.
    limit : int
        Of each kind at most, `MOST` at most.
    lang : str
        ``ko`` or ``en``: how tags are written.

    Returns
    -------
    tuple of FoundGroup
        A group's ``count`` goes up to 1,000 for songs: as many, or more, match.
    """
    tidy = " ".join(text.replace("\x00", " ").split())[:MOST_NAME]
    names, words = words_of(tidy), list(dict.fromkeys(tidy.lower().split()))
    if not words:
        return ()
    most, tags = max(1, min(limit, MOST)), tags_of(tidy)
    with db.begin() as connection:
        groups = [_songs("song", connection, *dossier_queries.named(connection, actor.id, names, "".join(names), most))
                  if names else None,
                  _artists(*queries.artists(connection, names, "".join(names), most)) if names else None,
                  _songs("tag", connection, *dossier_queries.tagged(connection, vocabulary().sort(tags), most),
                         note=_labels(tags, lang)) if tags else None,
                  _named("audition", _audition, queries.auditions(connection, actor.id, words, most)),
                  _named("prediction", _prediction, queries.predictions(connection, actor.id, words, most)),
                  _named("picture", lambda row: _picture(row, lang),
                         queries.pictures(connection, actor.id, tags, most)) if tags else None,
                  _named("playlist", _playlist, queries.playlists(connection, actor.id, words, most)),
                  _named("bgm", _music, queries.music(connection, actor.id, words, most))]
    return tuple(group for group in groups if group is not None and group.count)


def tags_of(text: str) -> list[str]:
    """Return the tags that a text names, as a whole or with every word; none where a word is no tag."""
    known = vocabulary()
    whole = known.find(text)
    if whole is not None:
        return [whole]
    found = [known.find(word) for word in text.split()]
    return list(dict.fromkeys(tag for tag in found if tag)) if found and all(found) else []


def _labels(tags: Sequence[str], lang: str) -> str:
    return ", ".join(vocabulary().label(tag, lang) for tag in tags)


def _songs(kind: str, connection: Any, ids: list[int], count: int, note: str = "") -> FoundGroup:
    rows = dossier_queries.headings(connection, ids)
    return FoundGroup(kind, tuple(
        Found(kind, rows[each]["title"], " · ".join(part for part in (rows[each]["artist"], note) if part),
              "song_dossier", {"song": str(each)}, each) for each in ids if each in rows), count)


def _artists(rows: Sequence[Mapping[str, Any]], count: int) -> FoundGroup:
    return FoundGroup("artist", tuple(Found("artist", row["name"], str(row["songs"]), "growth_radar",
                                            {"artist": row["key"]}) for row in rows), count)


def _named(kind: str, one: Callable[[Mapping[str, Any]], Found], found: tuple[list[dict[str, Any]], int]) -> FoundGroup:
    return FoundGroup(kind, tuple(map(one, found[0])), found[1])


def _audition(row: Mapping[str, Any]) -> Found:
    return Found("audition", row["title"], " · ".join(part for part in (row["artist"], row["verdict"]) if part),
                 "ai_judges", {"tab": "audition", "audition": str(row["id"])}, row["song_id"])


def _prediction(row: Mapping[str, Any]) -> Found:
    score = None if row["score"] is None else format_number("en", row["score"])
    return Found("prediction", row["title"], " · ".join(part for part in (row["artist"], row["genre"], score) if part),
                 "hit_prediction", {"tab": "analyse", "prediction": str(row["id"])}, row["song_id"])


def _picture(row: Mapping[str, Any], lang: str) -> Found:
    return Found("picture", _labels(row["tags"], lang), row["created_at"].date().isoformat(), "image_to_music",
                 {"image": str(row["id"])}, row["song_id"])


def _playlist(row: Mapping[str, Any]) -> Found:
    return Found("playlist", row["title"], str(row["songs"]), "playlist_maker", {"saved": str(row["id"])})


def _music(row: Mapping[str, Any]) -> Found:
    return Found("bgm", row["title"], row["caption"], "text_to_bgm", {"batch": str(row["batch_id"])}, row["song_id"])
