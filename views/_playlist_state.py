"""The playlist on the page: what it was made from, what the user did to it, and how a saved one comes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

import services
from support.errors import AppError
from views import _shared
from views._shared import text

Tags = tuple[tuple[str, float], ...]
"""Tags with their weights, in the order they were edited."""
USUAL_COUNT = 20
"""Songs that can be asked for without the advanced choices."""
LONGEST = 80
"""Characters of a title."""
IN_LINK = ("plm_title", "plm_on", "plm_saved", "plm_like", "plm_tags", "plm_seed", "plm_paint")
"""What a link to a title may say of it."""
FRESH: dict[str, Any] = {
    "plm_tags": "", "plm_seed": 0, "plm_saved": 0, "plm_paint": 0, "plm_brush": 0, "plm_picture": 0, "plm_kept": [],
    "plm_locked": [], "plm_removed": [], "plm_playing": 0, "plm_loaded": 0, "plm_painted": "", "plm_pictures": []}
"""What another title starts with."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the inputs say; two equal ones are the same playlist."""

    title: str
    tags: Tags
    chosen: tuple[int, ...]
    count: int
    similarity: int
    cap: int | None
    languages: tuple[str, ...]
    years: tuple[int, int] | None
    minutes: int | None
    arc: str
    seed: int

    def ask(self) -> services.Ask:
        """Return it as services take it, with the songs that stay and those taken out."""
        state = st.session_state
        standing = current()
        now = [song.song_id for song in standing.songs] if standing else []
        locked = {song: now.index(song) for song in state.get("plm_locked", ()) if song in now}
        controls = services.Controls(
            count=self.count, similarity=self.similarity, artist_cap=self.cap, languages=self.languages,
            years=self.years, minutes=self.minutes, arc=self.arc, seed=self.seed, locked=locked,
            removed=frozenset(state.get("plm_removed", ())))
        return services.Ask(self.title, dict(self.tags), self.chosen, controls)


def number_in_url(value: str) -> int | None:
    """Return an id of the URL, None where it is none."""
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 9 else None


def current() -> services.Draft | None:
    """Return the playlist as it stands."""
    found = st.session_state.get("plm_draft")
    return found[1] if found else None


def asked() -> services.Ask | None:
    """Return what the playlist as it stands was made from."""
    found = st.session_state.get("plm_draft")
    return found[0].ask() if found else None


def draft(wanted: Wanted) -> services.Draft:
    """Return the playlist for the inputs: as it was left while they are the same, else made anew.

    Raises
    ------
    AppError
    """
    state = st.session_state
    adopted = state.pop("plm_adopt", None)
    if adopted is not None:
        state["plm_draft"] = (wanted, adopted)
    known = state.get("plm_draft")
    if known is not None and known[0] == wanted:
        return known[1]
    if known is not None and known[0].title != wanted.title:
        state["plm_draft"], state["plm_locked"], state["plm_removed"] = None, [], []
    made = services.make_playlist(_shared.frame().actor, wanted.ask())
    state["plm_draft"] = (wanted, made)
    return made


def put(new: services.Draft) -> None:
    """Have a playlist take the place of the one that stands."""
    state = st.session_state
    state["plm_draft"] = (state["plm_draft"][0], new)


def fresh(title: str = "") -> None:
    """Begin with another title: nothing that was edited for the last one holds."""
    state = st.session_state
    state.update({name: list(value) if isinstance(value, list) else value for name, value in FRESH.items()})
    for name in ("plm_draft", "plm_adopt", "plm_prompt", "plm_card", "plm_like"):
        state.pop(name, None)
    state.pop("url_plm_like", None)
    _shared.not_in_url("like")
    state["plm_title"], state["plm_on"] = title, False


def arrive() -> None:
    """Begin anew where a link brings another title: what is saved then must not take the last playlist's place."""
    title = _shared.linked("title", "plm_title")
    if title is None or title[:LONGEST] == st.session_state.get("url_plm_title", ""):
        return
    fresh()
    for widget in IN_LINK:
        _shared.forget(widget)


def told(act: Callable[..., Any], *args: Any, done: str = "", **options: Any) -> Any:
    """Do what a button says; the run that follows shows that it is done, or why it was refused."""
    try:
        found = act(*args, **options)
    except AppError as error:
        st.session_state["plm_told"] = error.message(_shared.lang())
        return None
    if done:
        st.session_state["plm_done"] = done
    return found


def tell() -> None:
    """Say once what the last press did, or why it was refused."""
    if done := st.session_state.pop("plm_done", None):
        st.success(text(done), icon=":material/check_circle:")
    if refused := st.session_state.pop("plm_told", None):
        st.error(_shared.plain_text(refused), icon=":material/error:")


# edits ------------------------------------------------------------


def move(song_id: int, step: int) -> None:
    """Move a song up (-1) or down (1)."""
    now = current()
    if now is None:
        return
    songs = list(now.songs)
    at = next((place for place, song in enumerate(songs) if song.song_id == song_id), None)
    if at is None or not 0 <= at + step < len(songs):
        return
    songs[at], songs[at + step] = songs[at + step], songs[at]
    put(replace(now, songs=tuple(songs)))


def take_out(song_id: int) -> None:
    """Take a song out; it does not come back for this title."""
    now, state = current(), st.session_state
    if now is None:
        return
    state["plm_removed"] = [*state.get("plm_removed", []), song_id]
    state["plm_locked"] = [song for song in state.get("plm_locked", []) if song != song_id]
    put(replace(now, songs=tuple(song for song in now.songs if song.song_id != song_id)))


def another(song_id: int) -> None:
    """Put another song like one in its place."""
    now, ask, state = current(), asked(), st.session_state
    if now is None or ask is None:
        return
    found = told(services.replace_song, _shared.frame().actor, ask, [song.song_id for song in now.songs], song_id)
    if found is None:
        return
    if song_id not in {song.song_id for song in found.songs}:
        state["plm_removed"] = [*state.get("plm_removed", []), song_id]
        state["plm_locked"] = [song for song in state.get("plm_locked", []) if song != song_id]
    put(replace(found, hashtags=now.hashtags))


def lock(song_id: int) -> None:
    """Have a song stay when the list is made again, or no longer."""
    locked = st.session_state.get("plm_locked", [])
    st.session_state["plm_locked"] = ([song for song in locked if song != song_id] if song_id in locked
                                      else [*locked, song_id])


def again() -> None:
    """Draw other songs; locked ones stay where they are."""
    st.session_state["plm_seed"] = int(st.session_state.get("plm_seed", 0)) + 1


def fill() -> None:
    """Fill up the places of songs that were taken out; all others stay where they are."""
    found, state = st.session_state.get("plm_draft"), st.session_state
    if not found:
        return
    before = state.get("plm_locked", [])
    state["plm_locked"] = [song.song_id for song in found[1].songs]
    made = told(services.make_playlist, _shared.frame().actor, found[0].ask())
    state["plm_locked"] = before
    if made is not None:
        put(made)


def edit_tag(name: str, weight: float) -> None:
    """Weigh a tag; the first edit begins with what the title says."""
    now = current()
    tags = dict(read_tags(st.session_state.get("plm_tags", "")) or (now.tags if now else {}))
    clean = " ".join(name.replace(",", " ").replace(":", " ").split())
    if clean:
        tags[clean] = round(max(-1.0, min(1.0, weight)), 2)
    st.session_state["plm_tags"] = write_tags(tags)


def read_tags(value: str) -> dict[str, float]:
    """Return tags of their form in the URL, ``sad:0.5,night:-1``; what cannot be read is left out."""
    found = {}
    for part in value[:2000].split(","):
        name, _, weight = part.rpartition(":")
        try:
            number = round(float(weight), 2)
        except ValueError:
            continue
        if name.strip() and -1 <= number <= 1:
            found[name.strip()[:40]] = number
    return found


def write_tags(tags: Mapping[str, float]) -> str:
    """Return tags in their form in the URL."""
    return ",".join(f"{name}:{weight:g}" for name, weight in tags.items())


# saved ones ------------------------------------------------------------


def load(view: services.PlaylistView) -> None:
    """Bring a saved playlist of one's own back, as it was left."""
    fresh(view.title)
    state, request = st.session_state, view.request
    controls = request.get("controls", {})
    years = controls.get("years")
    state.update({
        "plm_on": True, "plm_saved": view.id, "plm_loaded": view.id, "plm_tags": write_tags(request.get("tags", {})),
        "plm_count": controls.get("count", 10), "plm_advanced": controls.get("count", 10) > USUAL_COUNT,
        "plm_similarity": controls.get("similarity", 10), "plm_cap": controls.get("artist_cap") or 0,
        "plm_languages": list(controls.get("languages", ())), "plm_by_year": years is not None,
        "plm_minutes": int(controls.get("minutes") or 0), "plm_arc": controls.get("arc", "best"),
        "plm_seed": controls.get("seed", 0), "plm_removed": list(controls.get("removed", ())),
        "plm_locked": [song.song_id for song in view.songs if song.locked],
        "plm_like": [str(each) for each in request.get("chosen", ())], "plm_painted": view.title})
    if years:
        state["plm_from"], state["plm_to"] = years
    state["plm_pictures"] = [each.id for each in services.list_thumbnails(_shared.frame().actor, view.id)]
    state["plm_picture"] = view.picture or 0
    chosen = tuple(request.get("chosen", ()))
    state["plm_adopt"] = services.Draft(view.title, view.tags, view.songs, (), "title", chosen,
                                        dict(request.get("tags", {})), "saved")
