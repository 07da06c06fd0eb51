"""One title gives a playlist: playlists like it, songs by the model, controls, edits; saved lists, links, exports."""

from __future__ import annotations

import csv
import io
import json
import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

import db
from accounts import Actor, require
from locales import t
from playlisting import selection
from playlisting.library import Request
from playlisting.selection import Candidate, Controls, Reason
from providers.youtube import search_link
from queries import people
from queries import playlists as queries
from recommender import Wish, mood_of, vocabulary
from support.errors import DataError, NotFound
from usecases.mood_search import COUNTS, find_songs
from usecases.playlist_library import Shelf, Trained, check_title, shelf, trained

log = logging.getLogger(__name__)
SHOWN, MOST_CHOSEN, HASHTAGS = 3, 3, 5
LOOKED_AT = 600
"""Songs of the model that controls choose among."""
EXPORTS = ("csv", "json", "m3u8", "description")
FORMULA = "=+-@\t\r\n＝＋－＠"
"""First characters of a cell that a spreadsheet runs, in full width as well (OWASP, CSV injection)."""
GUESSED_S = 210
"""Seconds a song is taken to last in the timestamps of a description where its length is not known; said there."""


@dataclass(frozen=True, slots=True)
class SimilarPlaylist:
    """A playlist like the title.

    Attributes
    ----------
    id : int
    title, source : str
    tags : tuple of str
    songs : tuple of (int, str, str)
        Id, title and artist.
    score : float
        0 to 1; compares within one search.
    shared : tuple of str
        Words it shares with the title.
    """

    id: int
    title: str
    source: str
    tags: tuple[str, ...]
    songs: tuple[tuple[int, str, str], ...]
    score: float
    shared: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SimilarPlaylists:
    """Playlists like a title, best first; `how` is ``title``, else ``tags`` or ``popularity``: nothing matched it."""

    hits: tuple[SimilarPlaylist, ...]
    how: str


@dataclass(frozen=True, slots=True)
class Ask:
    """What a playlist is made from.

    Attributes
    ----------
    title : str
    tags : dict of str to float
        Weight of each tag, -1 to 1; empty: what the title says.
    chosen : tuple of int or None
        Up to `MOST_CHOSEN` playlists; None: the one most like the title.
    controls : Controls
        Songs are known by their ids in the database.
    """

    title: str
    tags: Mapping[str, float] = field(default_factory=dict)
    chosen: tuple[int, ...] | None = None
    controls: Controls = field(default_factory=Controls)


@dataclass(frozen=True, slots=True)
class DraftSong:
    """A song of a draft.

    Attributes
    ----------
    song_id : int
    title, artist, genre, language : str
    year : int or None
    tags : tuple of str
        Of the catalogue.
    score : float
        0 to 1; compares within one draft.
    playlists : tuple of str
        Titles of the chosen playlists that have it.
    shared : tuple of str
        Wished tags that it has.
    locked : bool
    """

    song_id: int
    title: str
    artist: str
    genre: str
    language: str
    year: int | None
    tags: tuple[str, ...]
    score: float
    playlists: tuple[str, ...]
    shared: tuple[str, ...]
    locked: bool

    @property
    def link(self) -> str:
        """Return a search at YouTube."""
        return search_link(self.title, self.artist)


@dataclass(frozen=True, slots=True)
class Draft:
    """A playlist as proposed.

    Attributes
    ----------
    title : str
    hashtags : tuple of str
        Five, best first; fewer where there are no more.
    songs : tuple of DraftSong
    reasons : tuple of Reason
        What is not as asked, and why; keys below ``playlist_reason.``.
    how : str
        As in `SimilarPlaylists`.
    chosen : tuple of int
        The playlists it was made from.
    tags : dict of str to float
        What was looked for.
    model : str
        ``model``, or ``mood`` where there is no trained model and songs were found by mood alone.
    """

    title: str
    hashtags: tuple[str, ...]
    songs: tuple[DraftSong, ...]
    reasons: tuple[Reason, ...]
    how: str
    chosen: tuple[int, ...]
    tags: Mapping[str, float]
    model: str


@dataclass(frozen=True, slots=True)
class PlaylistView:
    """A saved playlist.

    `request` is what it was made from, empty for others than its owner; `picture` the thumbnail that was chosen for it.
    """

    id: int
    own: bool
    owner: str
    title: str
    tags: tuple[str, ...]
    songs: tuple[DraftSong, ...]
    count: int
    likes: int
    liked: bool
    token: str | None
    created_at: datetime
    changed_at: datetime
    request: Mapping[str, Any] = field(default_factory=dict)
    picture: int | None = None


# --- looking for what is like the title ---------------------------------------------------------------------------


def similar_playlists(actor: Actor, title: str, tags: Sequence[str] = ()) -> SimilarPlaylists:
    """Return the playlists most like a title, with their songs.

    Raises
    ------
    DataError
        If the title is empty or too long.
    """
    tidy, held = check_title(title), shelf()
    found = held.finder.find(tidy, list(tags) or list(_moods(tidy)), SHOWN)
    with db.begin() as connection:
        names = queries.song_names(connection, sorted({song for hit in found.hits for song in hit.songs}))
    hits = []
    for hit in found.hits:
        row = held.rows[hit.key]
        songs = tuple((song, names[song]["title"], names[song]["artist"]) for song in row["songs"] if song in names)
        hits.append(SimilarPlaylist(row["id"], row["title"], row["source"], tuple(row["tags"]), songs, hit.score,
                                    hit.shared))
    return SimilarPlaylists(tuple(hits), found.how)


def _moods(title: str) -> dict[str, float]:
    """Return the mood tags that a title stands for."""
    from recommender import space

    return dict(space().aim(Wish(text=title)).weights)


# --- making -------------------------------------------------------------------------------------------------------


def make_playlist(actor: Actor, ask: Ask, *, note: bool = True) -> Draft:
    """Return a playlist for a title.

    Parameters
    ----------
    ask : Ask
    note : bool
        Whether to keep what was shown, for later training.

    Raises
    ------
    DataError
        If the title or a tag's weight cannot be used, or too many playlists are chosen.
    """
    made = _Making(actor, ask)
    draft = made.draft(selection.select(made.candidates, ask.controls))
    if note:
        with db.begin() as connection:
            queries.add_feedback(connection, actor.id, "shown", draft.title, tags=list(draft.hashtags),
                                 songs=[song.song_id for song in draft.songs], chosen=list(draft.chosen))
    return draft


def replace_song(actor: Actor, ask: Ask, song_ids: Sequence[int], song_id: int) -> Draft:
    """Return the same list with another song like `song_id` in its place.

    Parameters
    ----------
    song_ids : sequence of int
        The list as it stands, in order.
    """
    made = _Making(actor, ask, also=song_ids)
    by_song = {each.song: each for each in made.candidates}
    songs = [by_song[song] for song in song_ids if song in by_song]
    barred = replace(ask.controls, removed={*ask.controls.removed, song_id})
    found = selection.replace(songs, song_id, made.candidates, barred, made.like(song_id))
    with db.begin() as connection:
        queries.add_feedback(connection, actor.id, "replaced", ask.title, songs=[song_id])
    return made.draft(found)


def draft_of(actor: Actor, ask: Ask, song_ids: Sequence[int]) -> Draft:
    """Return the draft of a list as the user ordered it, with the reasons of its songs."""
    made = _Making(actor, ask, also=song_ids)
    by_song = {each.song: each for each in made.candidates}
    return made.draft(selection.Selection(tuple(by_song[song] for song in song_ids if song in by_song), ()))


class _Making:
    """Everything one request needs: the chosen playlists, scored candidates, names, tags."""

    def __init__(self, actor: Actor, ask: Ask, also: Sequence[int] = ()) -> None:
        self.actor, self.ask, self.title = actor, ask, check_title(ask.title)
        _check(ask)
        self.tags = dict(ask.tags) or {tag: weight for tag, weight in _moods(self.title).items() if weight > 0}
        held = shelf()
        found = held.finder.find(self.title, list(self.tags), SHOWN)
        self.how = found.how
        keys = [hit.key for hit in found.hits[:1]] if ask.chosen is None else [str(each) for each in ask.chosen]
        self.chosen = [held.rows[key] for key in keys if key in held.rows]
        self.model = trained()
        scores, self.suggested = self._scores(held)
        wanted = {*scores, *(song for row in self.chosen for song in row["songs"]), *ask.controls.locked, *also}
        with db.begin() as connection:
            self.names = queries.song_names(connection, sorted(wanted))
        self.candidates = self._candidates(scores)

    def _scores(self, held: Shelf) -> tuple[dict[int, float], tuple[str, ...]]:
        """Return scores of songs, 0 to 1, and tags that go with the request, best first."""
        if self.model is None:
            return self._by_mood(), ()
        shown = [song for row in self.chosen for song in row["songs"]] + list(self.ask.controls.locked)
        known = self.model.number_of
        request = Request(tuple(known[song] for song in dict.fromkeys(shown) if song in known),
                          tuple(tag for tag, weight in self.tags.items() if weight > 0), self.title)
        songs, values = self._asked(self.model, request)
        return dict(zip(songs, values, strict=True)), self.model.model.recommend(request, 1, 20).tags

    def _asked(self, model: Trained, request: Request) -> tuple[list[int], list[float]]:
        """Return the model's songs and scores, those that the request shows among them."""
        scores = model.model.scores(request)[0]
        library = model.model.library
        order = scores.argsort()[::-1][:LOOKED_AT]
        shown = [library.song_place[number] for number in request.songs if number in library.song_place]
        top = float(scores.max(initial=0.0)) or 1.0
        found = {}
        for place in [*order.tolist(), *shown]:
            song = model.song_of.get(int(library.songs[place]))
            if song is not None and scores[place] > 0:
                found[song] = min(1.0, float(scores[place]) / top)
        return list(found), list(found.values())

    def _by_mood(self) -> dict[int, float]:
        try:
            found = find_songs(self.actor, Wish(self.tags, self.title), count=COUNTS[1])
        except DataError:
            return {}
        return {hit.song_id: hit.similarity for hit in found.hits}

    def _candidates(self, scores: Mapping[int, float]) -> tuple[Candidate, ...]:
        chosen = {song for row in self.chosen for song in row["songs"]}
        least = min(scores.values(), default=0.5)
        found = [self._candidate(song, scores.get(song, least), song in chosen)
                 for song in dict.fromkeys([*scores, *self.names]) if song in self.names]
        if not self.ask.tags:
            return tuple(found)
        return selection.lean(found, self.ask.tags, lambda song: self.names[song]["tags"])

    def _candidate(self, song: int, score: float, chosen: bool) -> Candidate:
        name = self.names[song]
        mood = mood_of(name["tags"])
        return Candidate(song, score, chosen, name["artist"], name["language"] or "", name["year"], None,
                         mood[1] if mood else None)

    def like(self, song_id: int) -> dict[int, float] | None:
        """Return how like a song each candidate is: tags in common over all tags of both; None without tags."""
        own = set(self.names.get(song_id, {}).get("tags", ()))
        if not own:
            return None
        return {each.song: len(own & set(tags)) / len(own | set(tags)) for each in self.candidates
                if (tags := self.names[each.song]["tags"])}

    def draft(self, found: selection.Selection) -> Draft:
        return Draft(self.title, self._hashtags(), tuple(self._song(each) for each in found.songs), found.reasons,
                     self.how, tuple(row["id"] for row in self.chosen), self.tags,
                     "mood" if self.model is None else "model")

    def _hashtags(self) -> tuple[str, ...]:
        """Return five tags: those the user wants, those of the chosen playlists, then the model's."""
        asked = [tag for tag, weight in sorted(self.ask.tags.items(), key=lambda pair: -pair[1]) if weight > 0]
        chosen = [tag for row in self.chosen for tag in row["tags"]] if self.how == "title" else []
        barred = {tag for tag, weight in self.ask.tags.items() if weight <= 0}
        every = dict.fromkeys([*asked, *chosen[:3], *self.suggested, *self.tags])
        return tuple(tag for tag in every if tag not in barred)[:HASHTAGS]

    def _song(self, each: Candidate) -> DraftSong:
        name = self.names[each.song]
        lists = tuple(row["title"] for row in self.chosen if each.song in row["songs"])
        wished = [tag for tag, weight in self.tags.items() if weight > 0]
        return DraftSong(each.song, name["title"], name["artist"], name["genre"] or "", name["language"] or "",
                         name["year"], tuple(name["tags"]), each.score, lists,
                         tuple(tag for tag in wished if tag in name["tags"]), each.song in self.ask.controls.locked)


def _check(ask: Ask) -> None:
    if ask.chosen is not None and len(ask.chosen) > MOST_CHOSEN:
        raise DataError("playlist.chosen", count=len(ask.chosen), most=MOST_CHOSEN)
    wrong = next((tag for tag, weight in ask.tags.items() if not -1 <= weight <= 1 or not tag.strip()), None)
    if wrong is not None:
        raise DataError("playlist.tag", value=wrong, weight=ask.tags[wrong])


# --- saved playlists ----------------------------------------------------------------------------------------------


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
        # a cell that a spreadsheet would run as a formula is text
        writer.writerow((place, *(f"'{cell}" if str(cell)[:1] in FORMULA and str(cell) else cell
                                  for cell in cells)))
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


def playlist_tags() -> tuple[str, ...]:
    """Return the mood tags that can be edited."""
    return vocabulary().names
