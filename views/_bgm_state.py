"""The wish on the page: every choice in the session and in the URL, as one `services.BgmWish` and back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

import services
from support.errors import AppError
from views import _shared
from views._shared import text

WAYS = ("simple", "extra", "text")
KINDS = ("genres", "moods", "instruments", "textures")
"""Categories, in the order in which they are chosen."""
PARAMS = {"genres": "g", "moods": "m", "instruments": "i", "textures": "x"}
"""Their names in the URL."""
PRESETS = (15, 30, 60)
"""Lengths a click away, seconds."""
EXACT, CUSTOM, FREE = "exact", "custom", "free"
USUAL_BPM = 120.0
USUAL_POINTS = (0.3, 0.6, 1.0, 0.7, 0.4)
MOST_POINTS = 8
LONGEST_WORDS = 200
TONICS = ("C", "C# · Db", "D", "D# · Eb", "E", "F", "F# · Gb", "G", "G# · Ab", "A", "A# · Bb", "B")
"""Notes to choose from, spelt both ways as on a keyboard."""
FEELINGS = ("valence", "arousal", "density", "register", "dynamics")
READING = ("bgm_reading", "bgm_as_read", "bgm_found", "bgm_edits", "bgm_read_text", "bgm_read_told",
           "bgm_read_did")
"""What the session keeps of a text that was read."""
BATCH = "bgm_batch"
"""Where the session keeps the request that is open; 0: the inputs are."""


# the wish ------------------------------------------------------------


def read() -> services.BgmWish:
    """Bring every choice of the inputs together with the URL, before any of them is drawn; return the wish."""
    chosen = {kind: tuple(_list(kind)) for kind in KINDS}
    keywords = _shared.in_url("k", "bgm_keywords", lambda value: value[:LONGEST_WORDS], "", quiet=True)
    seconds = _shared.in_url("s", "bgm_seconds", _within(services.BGM_SECONDS), 30.0, quiet=True)
    loop = _shared.switch_in_url("loop", "bgm_loop")
    locks = _option("lock", "bgm_locks", services.BGM_LOCKS)
    variants = _shared.in_url("n", "bgm_variants", _whole(1, services.BGM_MOST_VARIANTS), 4, quiet=True)
    seed = _shared.in_url("seed", "bgm_seed", _whole(0, 2**31 - 1), 1, quiet=True)
    loudness = _option("lufs", "bgm_loudness", [f"{value:g}" for value in services.BGM_LOUDNESS])
    if not loop:
        _shared.not_in_url("lock")
    return services.BgmWish(
        **chosen, keywords=words_of(keywords), seconds=seconds, tempo=_tempo(), tonic=_tonic(),
        mode=_free("mode", "bgm_mode", services.BGM_MODES), meter=_free("meter", "bgm_meter", services.BGM_METERS),
        energy=_energy(), loop=loop, locks=locks, loudness=float(loudness), variants=variants, seed=seed, feel=_feel())


def put(wish: services.BgmWish) -> None:
    """Have the inputs say a wish, from the next run on: called by what a press or an edit does."""
    state = st.session_state
    for kind in KINDS:
        state[f"bgm_{kind}"] = list(getattr(wish, kind))
    put_words(wish)
    exact = not isinstance(wish.tempo, str)
    drawn = not isinstance(wish.energy, str)
    state.update({
        "bgm_seconds": float(wish.seconds), "bgm_loop": wish.loop, "bgm_locks": wish.locks,
        "bgm_tonic": FREE if wish.tonic is None else str(wish.tonic), "bgm_mode": wish.mode or FREE,
        "bgm_meter": wish.meter or FREE, "bgm_energy": CUSTOM if drawn else wish.energy,
        "bgm_loudness": f"{wish.loudness:g}", "bgm_variants": wish.variants, "bgm_seed": wish.seed,
        "bgm_tempo": EXACT if exact else wish.tempo})
    if exact:
        state["bgm_bpm"] = round(float(wish.tempo), 2)
    if drawn:
        state["bgm_points"] = write_points([float(value) for value in wish.energy])
    feel = wish.feel
    state["bgm_feel"] = "" if feel is None else write_feel([getattr(feel, name) for name in FEELINGS])


def follow(before: services.BgmWish, after: services.BgmWish) -> None:
    """Have the fields go from what a text asked to what it asks now; what was chosen by hand stays as it is."""
    state = st.session_state
    for kind in KINDS:
        chosen, was, asked = state[f"bgm_{kind}"], getattr(before, kind), getattr(after, kind)
        kept = [term for term in asked if term in chosen or term not in was]
        own = [term for term in chosen if term not in was]
        state[f"bgm_{kind}"] = list(dict.fromkeys([*kept, *own]))[:services.BGM_MOST_CHOSEN]
    state["bgm_feel"] = _followed_feel(state["bgm_feel"], _feel_of(before), _feel_of(after))
    if not isinstance(after.energy, str) and after.energy != before.energy:
        state["bgm_energy"], state["bgm_points"] = CUSTOM, write_points(after.energy)


def _followed_feel(chosen: str, was: str, asked: str) -> str:
    """Return a feel in which only what is as it was asked follows."""
    if chosen in ("", was):
        return asked
    rows = zip(chosen.split(","), was.split(","), asked.split(","), strict=True)
    return ",".join(now if own == before else own for own, before, now in rows)


def _feel_of(wish: services.BgmWish) -> str:
    feel = wish.feel or services.BgmFeel()
    return write_feel([getattr(feel, name) for name in FEELINGS])


def put_words(wish: services.BgmWish) -> None:
    """Have the free keywords be those of a wish."""
    st.session_state["bgm_keywords"] = ", ".join(wish.keywords)


def clear() -> None:
    """Take everything that was chosen back."""
    put(services.BgmWish())
    state = st.session_state
    for name in (*READING, "bgm_caption", "bgm_caption_of", "bgm_unknown", "bgm_other_length"):
        state.pop(name, None)


def words_of(value: str) -> tuple[str, ...]:
    """Return keywords as they were typed, at commas and line breaks; each once."""
    parts = [part.strip() for part in value.replace("\n", ",").replace("、", ",").split(",")]
    return tuple(dict.fromkeys(part for part in parts if part))


def blank(wish: services.BgmWish) -> bool:
    """Return whether nothing at all was chosen."""
    return not any(getattr(wish, kind) for kind in KINDS) and not wish.keywords and wish.feel is None


# single choices ------------------------------------------------------------


def _list(kind: str) -> list[str]:
    known = tuple(term.id for term in services.bgm_terms(kind))
    key, most = f"bgm_{kind}", services.BGM_MOST_CHOSEN
    chosen = _shared.list_in_url(PARAMS[kind], key, known, [], empty=True, quiet=True)
    if len(chosen) > most:  # an address written by hand
        chosen = st.session_state[key] = chosen[:most]
    return chosen


def _option(param: str, key: str, options: Sequence[str]) -> str:
    return _shared.in_url(param, key, _shared.one_of(options), options[0], quiet=True)


def _free(param: str, key: str, options: Sequence[str]) -> str | None:
    """Return a choice that may be left open."""
    found = _option(param, key, (FREE, *options))
    return None if found == FREE else found


def _tonic() -> int | None:
    found = _free("key", "bgm_tonic", [str(place) for place in range(12)])
    return None if found is None else int(found)


def _tempo() -> str | float:
    tempo = _option("tempo", "bgm_tempo", (*services.BGM_TEMPOS, EXACT))
    bpm = _shared.in_url("bpm", "bgm_bpm", _within(services.BGM_BPM), USUAL_BPM, quiet=True)
    if tempo != EXACT:
        _shared.not_in_url("bpm")
        return tempo
    return bpm


def _energy() -> str | tuple[float, ...]:
    curve = _option("energy", "bgm_energy", (*services.BGM_CURVES, CUSTOM))
    points = _shared.in_url("points", "bgm_points", _points, write_points(USUAL_POINTS), quiet=True)
    if curve != CUSTOM:
        _shared.not_in_url("points")
        return curve
    return read_points(points)


def _feel() -> services.BgmFeel | None:
    found = _shared.in_url("feel", "bgm_feel", _feel_text, "", quiet=True)
    return services.BgmFeel(*(float(part) for part in found.split(","))) if found else None


def _points(value: str) -> str | None:
    parts = value.split("-")
    whole = [int(part) for part in parts if part.isascii() and part.isdigit() and len(part) <= 3]
    fine = len(whole) == len(parts) and 2 <= len(whole) <= MOST_POINTS and max(whole) <= 100
    return value if fine else None


def read_points(value: str) -> tuple[float, ...]:
    """Return a drawn curve of its form in the URL, ``30-60-100``."""
    return tuple(int(part) / 100 for part in value.split("-"))


def write_points(values: Sequence[float]) -> str:
    """Return a drawn curve in its form in the URL; of more points than can be drawn, some evenly apart."""
    count = min(len(values), MOST_POINTS)
    kept = [values[round(place * (len(values) - 1) / max(count - 1, 1))] for place in range(count)]
    return "-".join(str(round(100 * value)) for value in kept)


def _feel_text(value: str) -> str | None:
    if not value:
        return value
    parts = [number_of(part) for part in value.split(",")]
    known = [part for part in parts if part is not None and -1 <= part <= 1]
    return write_feel(known) if len(known) == len(parts) == len(FEELINGS) else None


def write_feel(values: Sequence[float]) -> str:
    """Return a feel in its form in the URL, ``0.5,-0.2,0,0,0``."""
    return ",".join(f"{round(max(-1.0, min(1.0, value)), 2):g}" for value in values)


def number_of(value: str) -> float | None:
    """Return a finite number, None where it is none."""
    try:
        found = float(value)
    except ValueError:
        return None
    return found if abs(found) < 1e6 else None


def _within(ends: tuple[float, float]) -> Callable[[str], float | None]:
    def parsed(value: str) -> float | None:
        found = number_of(value)
        return round(found, 2) if found is not None and ends[0] <= found <= ends[1] else None
    return parsed


def _whole(least: int, most: int) -> Callable[[str], int | None]:
    def parsed(value: str) -> int | None:
        found = int(value) if value.isascii() and value.isdigit() and len(value) <= 10 else None
        return found if found is not None and least <= found <= most else None
    return parsed


def number_in_url(value: str) -> int | None:
    """Return an id of the URL, None where it is none."""
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 9 else None


# terms and told ------------------------------------------------------------


def name_of(term: Any) -> str:
    """Return a genre, instrument, mood or texture in the reader's language."""
    return term.ko if _shared.lang() == "ko" else term.en


def names(kind: str) -> dict[str, str]:
    """Return the names of a category by id, in the reader's language."""
    return {term.id: name_of(term) for term in services.bgm_terms(kind)}


def open_batch(batch_id: int) -> None:
    """Open a request; 0: the inputs."""
    st.session_state[BATCH] = batch_id


def told(act: Callable[..., Any], *args: Any, done: str = "", **options: Any) -> Any:
    """Do what a button says; the run that follows shows that it is done, or why it was refused."""
    try:
        found = act(*args, **options)
    except AppError as error:
        st.session_state["bgm_told"] = error.message(_shared.lang())
        return None
    if done:
        st.session_state["bgm_did"] = done
    return found


def tell() -> None:
    """Say once what the last press did, or why it was refused; in a place of its own, so that nothing below moves."""
    with st.container(key="bgm_told_box"):
        if done := st.session_state.pop("bgm_did", None):
            st.success(text(done), icon=":material/check_circle:")
        if refused := st.session_state.pop("bgm_told", None):
            st.error(_shared.plain_text(refused), icon=":material/error:")
