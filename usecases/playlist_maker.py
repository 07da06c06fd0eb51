"""One title gives a playlist: playlists like it, songs by the model or by mood, controls, edits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import db
from accounts import Actor
from playlisting import selection
from playlisting.library import Request
from playlisting.selection import Candidate
from queries import playlists as queries
from recommender import Wish, mood_of, space, vocabulary
from support.errors import DataError
from usecases.mood_search import COUNTS, find_songs
from usecases.playlist_library import Shelf, Trained, check_title, shelf, trained
from usecases.playlist_results import Ask, Draft, DraftSong, SimilarPlaylist, SimilarPlaylists

SHOWN, MOST_CHOSEN, HASHTAGS = 3, 3, 5
LOOKED_AT = 600
"""Songs of the model that controls choose among."""


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


def playlist_tags() -> tuple[str, ...]:
    """Return the mood tags that can be edited."""
    return vocabulary().names
