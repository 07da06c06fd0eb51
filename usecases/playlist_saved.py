"""Saved playlists: stored, listed, linked, liked, deleted, and as files."""

from __future__ import annotations

import csv
import io
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import db
from accounts import Actor, require
from locales import t
from queries import people
from queries import playlists as queries
from support.errors import DataError, NotFound
from support.tables import csv_safe
from usecases.playlist_results import Ask, Draft, DraftSong, PlaylistView

EXPORTS = ("csv", "json", "m3u8", "description")
GUESSED_S = 210
"""Seconds a song is taken to last in the timestamps of a description where its length is not known; said there."""


def save_playlist(actor: Actor, draft: Draft, ask: Ask, *, playlist_id: int | None = None) -> int:
    """Store a draft as the actor's playlist, a new one or in place of one of theirs; return its id.

    Raises
    ------
    NotAllowed, NotFound
    DataError
        If it has no songs.
    """
    require(actor, "playlist")
    if not draft.songs:
        raise DataError("playlist.no_songs")
    if playlist_id is not None:
        _own(actor, playlist_id)
    songs = [{"song_id": song.song_id, "locked": song.locked,
              "why": {"playlists": list(song.playlists), "shared": list(song.shared)}} for song in draft.songs]
    request = {"title": ask.title, "tags": dict(ask.tags), "chosen": list(draft.chosen), "controls": _plain(ask)}
    with db.begin() as connection:
        saved = queries.save(connection, actor.id, playlist_id, draft.title, draft.hashtags, request, songs)
        queries.add_feedback(connection, actor.id, "saved", draft.title, playlist_id=saved, tags=list(draft.hashtags),
                             songs=[song.song_id for song in draft.songs], chosen=list(draft.chosen))
    return saved


def _plain(ask: Ask) -> dict[str, Any]:
    found = asdict(ask.controls)
    return {name: sorted(value) if isinstance(value, set | frozenset) else value for name, value in found.items()}


def get_playlist(actor: Actor, playlist_id: int) -> PlaylistView:
    """Return one of the actor's playlists.

    Raises
    ------
    NotFound
    """
    return _view(actor, _own(actor, playlist_id))


def playlist_by_link(actor: Actor, token: str) -> PlaylistView:
    """Return the playlist a link shows.

    Raises
    ------
    NotFound
        If the link was never there or has been taken back.
    """
    with db.begin() as connection:
        found = queries.by_token(connection, token)
        row = None if found is None else queries.get(connection, found)
    if row is None:
        raise NotFound("playlist.link_gone")
    return _view(actor, row)


def list_playlists(actor: Actor, *, limit: int = 12, offset: int = 0) -> list[PlaylistView]:
    """Return the actor's playlists without their songs, the last changed first."""
    with db.begin() as connection:
        rows = queries.of_owner(connection, actor.id, limit, offset)
    return [_view(actor, row | {"songs": []}) for row in rows]


def delete_playlist(actor: Actor, playlist_id: int) -> None:
    """Delete one's own playlist with its thumbnails and link; it cannot be undone."""
    _own(actor, playlist_id)
    with db.begin() as connection:
        queries.delete(connection, playlist_id)
        people.record_act(connection, actor.id, "delete", f"playlist {playlist_id}")


def like_playlist(actor: Actor, playlist_id: int, *, on: bool = True, token: str | None = None) -> tuple[int, bool]:
    """Like one's own playlist, or one whose link one has; return how many like it and whether the actor does."""
    row = _seen(actor, playlist_id, token)
    with db.begin() as connection:
        queries.like(connection, actor.id, playlist_id, on=on)
        queries.add_feedback(connection, actor.id, "liked" if on else "unliked", row["title"], playlist_id=playlist_id)
        return queries.likes(connection, actor.id, [playlist_id]).get(playlist_id, (0, False))


def link_playlist(actor: Actor, playlist_id: int, *, on: bool = True) -> str | None:
    """Make an unguessable link that shows a playlist to whoever has it, or take it back; return its token."""
    row = _own(actor, playlist_id)
    token = (row["token"] or secrets.token_urlsafe(18)) if on else None
    with db.begin() as connection:
        queries.set_token(connection, playlist_id, token)
    return token


def _seen(actor: Actor, playlist_id: int, token: str | None) -> dict[str, Any]:
    with db.begin() as connection:
        row = queries.get(connection, playlist_id)
    if row is None or (row["owner_id"] != actor.id and (token is None or row["token"] != token)):
        raise NotFound("playlist.gone")
    return row


def _own(actor: Actor, playlist_id: int) -> dict[str, Any]:
    return _seen(actor, playlist_id, None)


def _view(actor: Actor, row: Mapping[str, Any]) -> PlaylistView:
    with db.begin() as connection:
        names = queries.song_names(connection, [song["song_id"] for song in row["songs"]])
        likes, liked = queries.likes(connection, actor.id, [row["id"]]).get(row["id"], (0, False))
    songs = []
    for song in row["songs"]:
        name, why = names[song["song_id"]], song["why"]
        songs.append(DraftSong(song["song_id"], name["title"], name["artist"], name["genre"] or "",
                               name["language"] or "", name["year"], tuple(name["tags"]), 0.0,
                               tuple(why.get("playlists", ())), tuple(why.get("shared", ())), song["locked"]))
    own = row["owner_id"] == actor.id
    return PlaylistView(row["id"], own, row["owner"] or "", row["title"], tuple(row["tags"]), tuple(songs),
                        row.get("count", len(songs)), likes, liked, row["token"] if own else None, row["created_at"],
                        row["changed_at"], (row["request"] or {}) if own else {},
                        (row["request"] or {}).get("picture"))


# --- exports ------------------------------------------------------------------------------------------------------


def export_playlist(title: str, tags: Sequence[str], songs: Sequence[DraftSong], kind: str, lang: str) -> bytes:
    """Return a playlist as a file.

    Parameters
    ----------
    kind : str
        ``csv`` (with a byte order mark, for spreadsheets), ``json``, ``m3u8``, or ``description``: text for a video
        with timestamps.
    lang : str
        Of the description: ``ko`` or ``en``.

    Raises
    ------
    DataError
        If the kind is none of `EXPORTS`.
    """
    if kind not in EXPORTS:
        raise DataError("playlist.export", value=kind, accepted=", ".join(EXPORTS))
    made = {"csv": _csv, "json": _json, "m3u8": _m3u8, "description": _description}[kind](title, tags, songs, lang)
    return made.encode("utf-8-sig" if kind == "csv" else "utf-8")


def _csv(title: str, tags: Sequence[str], songs: Sequence[DraftSong], lang: str) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(("no", "title", "artist", "genre", "year", "language", "tags", "link"))
    for place, song in enumerate(songs, start=1):
        cells = (song.title, song.artist, song.genre, song.year or "", song.language, "|".join(song.tags), song.link)
        writer.writerow((place, *map(csv_safe, cells)))
    return out.getvalue()


def _json(title: str, tags: Sequence[str], songs: Sequence[DraftSong], lang: str) -> str:
    rows = [{"title": song.title, "artist": song.artist, "genre": song.genre, "year": song.year,
             "language": song.language, "tags": list(song.tags), "link": song.link} for song in songs]
    return json.dumps({"title": title, "tags": list(tags), "songs": rows}, ensure_ascii=False, indent=1) + "\n"


def _m3u8(title: str, tags: Sequence[str], songs: Sequence[DraftSong], lang: str) -> str:
    lines = ["#EXTM3U", "#EXTENC: UTF-8", f"#PLAYLIST:{_line(title)}"]
    for song in songs:
        lines += [f"#EXTINF:-1,{_line(song.artist)} - {_line(song.title)}", song.link]
    return "\n".join(lines) + "\n"


def _description(title: str, tags: Sequence[str], songs: Sequence[DraftSong], lang: str) -> str:
    lines, at = [title, ""], 0
    for song in songs:
        hours, rest = divmod(at, 3600)
        stamp = f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60:02d}:{rest % 60:02d}"
        lines.append(f"{stamp} {song.artist} - {song.title}")
        at += GUESSED_S
    note = t(lang, "playlist_export.guessed", minutes=f"{GUESSED_S // 60}:{GUESSED_S % 60:02d}")
    return "\n".join([*lines, "", note, "", " ".join(f"#{''.join(tag.split())}" for tag in tags)]) + "\n"


def _line(text: str) -> str:
    return " ".join(text.split())
