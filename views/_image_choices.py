"""What songs are looked for: genres, how many, how varied, which languages and years; all of it in the URL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

import services
from locales import texts
from views import _image_shown, _shared
from views._shared import text

GENRES = ("가요", "POP")
"""Genres before anybody chooses."""
VARIETY_STEP = 0.1
URL = ("genre", "count", "variety", "seed", "language", "from", "to")
"""Choices in the URL."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What is looked for beside the tags, as `services.picture_songs` takes it."""

    genres: tuple[str, ...]
    count: int
    seed: int
    variety: float
    languages: tuple[str, ...]
    years: tuple[int, int] | None

    def options(self) -> dict[str, Any]:
        """Return the choices as keywords."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def draw() -> Choices:
    """Draw the choices and return them."""
    genres = _genres()
    few, most = services.COUNTS
    left, middle, right = st.columns([4, 4, 3], vertical_alignment="bottom")
    count = _shared.in_url("count", "i2m_count", _whole(few, most), few, quiet=True)
    left.slider(text("i2m.choice.count"), few, most, key="i2m_count")
    variety = _shared.in_url("variety", "i2m_variety", _share, 0.0, quiet=True)
    middle.slider(text("i2m.choice.variety"), 0.0, 1.0, key="i2m_variety", step=VARIETY_STEP,
                  help=text("i2m.choice.variety_help"))
    with right:
        languages, years = _filters()
    seed = _shared.in_url("seed", "i2m_seed", _whole(0, 10**6), 0, quiet=True)
    return Choices(genres, count, seed, variety, languages, years)


def take(search: services.PictureSearch) -> None:
    """Have the choices be those of a search, from the next run on."""
    state = st.session_state
    state["i2m_genres"], state["i2m_count"] = list(search.genres), search.count
    state["i2m_seed"], state["i2m_variety"] = search.seed, search.variety
    state["i2m_languages"], state["i2m_by_year"] = list(search.languages), search.years is not None
    if search.years:
        state["i2m_from"], state["i2m_to"] = search.years


def _genres() -> tuple[str, ...]:
    genres = {name: _image_shown.label(name) for name in services.genre_names()}
    usual = [name for name in GENRES if name in genres]
    chosen = _shared.list_in_url("genre", "i2m_genres", tuple(genres), usual, quiet=True)
    if len(chosen) > services.MOST_GENRES:  # an address written by hand
        chosen = st.session_state["i2m_genres"] = chosen[:services.MOST_GENRES]
    st.session_state["i2m_genres_before"] = tuple(chosen)
    st.pills(text("i2m.choice.genres"), list(genres), selection_mode="multi", key="i2m_genres", wrap=True,
             on_change=_limit, format_func=genres.__getitem__)
    if told := st.session_state.pop("i2m_genres_told", None):
        st.warning(text(f"i2m.choice.{told}"), icon=":material/info:")
    return tuple(chosen)


def _limit() -> None:
    """Keep the last choice of genres where the new one is empty or too large."""
    chosen = st.session_state["i2m_genres"]
    told = "one" if not chosen else "too_many" if len(chosen) > services.MOST_GENRES else None
    if told:
        st.session_state["i2m_genres"] = list(st.session_state["i2m_genres_before"])
        st.session_state["i2m_genres_told"] = told


def _filters() -> tuple[tuple[str, ...], tuple[int, int] | None]:
    """Draw the filters behind one button, and return languages and years."""
    counts = services.catalogue_counts(_shared.frame().actor)
    known = [code for code in counts.languages if code]
    languages = _shared.list_in_url("language", "i2m_languages", known, [], empty=True, quiet=True)
    first, last = counts.first_year or 1900, counts.last_year or 2100
    start = _shared.in_url("from", "i2m_from", _whole(0, 3000), first, quiet=True)
    end = _shared.in_url("to", "i2m_to", _whole(0, 3000), last, quiet=True)
    start, end = max(first, min(start, last)), max(first, min(end, last))
    by_year = _shared.switch_in_url("years", "i2m_by_year", (start, end) != (first, last))
    active = bool(languages) + by_year
    label = text("i2m.choice.filters_on", count=active) if active else text("i2m.choice.filters")
    with st.popover(label, icon=":material/filter_list:", width="stretch", key="i2m_filters"):
        st.pills(text("i2m.choice.languages"), known, selection_mode="multi", key="i2m_languages", wrap=True,
                 format_func={code: _language(code) for code in known}.__getitem__)
        st.checkbox(text("i2m.choice.years_on"), key="i2m_by_year", help=text("i2m.choice.years_help"),
                    disabled=first >= last)
        if by_year and first < last:
            st.session_state["i2m_years"] = (min(start, end), max(start, end))
            st.slider(text("i2m.choice.years"), first, last, key="i2m_years", on_change=_years)
    if not by_year:
        _shared.not_in_url("from", "to")
    return tuple(languages), (min(start, end), max(start, end)) if by_year else None


def _years() -> None:
    st.session_state["i2m_from"], st.session_state["i2m_to"] = st.session_state["i2m_years"]


def _language(code: str) -> str:
    known = f"catalogue.language.{code}"
    return text(known) if known in texts(_shared.lang()) else code


def _whole(least: int, most: int) -> Any:
    def read(value: str) -> int | None:
        found = int(value) if value.isascii() and value.isdigit() and len(value) <= 7 else None
        return found if found is not None and least <= found <= most else None
    return read


def _share(value: str) -> float | None:
    try:
        found = round(float(value), 2)
    except ValueError:
        return None
    return found if 0 <= found <= 1 else None
