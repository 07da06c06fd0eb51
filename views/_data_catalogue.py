"""The catalogue tab of the Data page: how much there is, songs to find, tags to edit, export."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

import services
from locales import format_time, texts
from support.figures.counts import counts_figure
from views import _cache, _data_import, _shared
from views._shared import number, plain, text

PAGE = 20
"""Songs on a page of the list."""
LONGEST_SEARCH = 100
TILE_WIDTH, YEARS_WIDTH = 152, 176
CHART = {"displayModeBar": False}
UNKNOWN = "none"
"""What the URL and the filter say for songs whose language is not known."""
PARAMS = ("q", "genre", "tag", "sung", "from", "to", "sort", "kind")
FILTERS: dict[str, Any] = {"data_cat_q": "", "data_cat_genre": [], "data_cat_tag": [], "data_cat_sung": [],
                           "data_cat_from": None, "data_cat_to": None}
"""Widgets that narrow the list, and how each says that it does not."""


def draw() -> None:
    """Draw the tab."""
    actor = _shared.frame().actor
    counts = services.catalogue_counts(actor)
    _notice()
    if counts.entries:
        _tiles(counts)
        _charts(counts)
        _songs(actor, counts)
    else:
        _shared.empty_state("catalogue.empty", "library_music")
    _data_import.draw(actor, unfolded=not counts.entries)


def left() -> None:
    """Take the tab's choices out of the URL while another tab is shown."""
    _shared.not_in_url(*PARAMS)


def _notice() -> None:
    """Say once what the last press did."""
    done = st.session_state.pop("data_cat_done", None)
    if done:
        st.success(text(done[0], song=plain(done[1])), icon=":material/check_circle:")


def _tiles(counts: services.CatalogueCounts) -> None:
    tiles = {"songs": number(counts.songs), "entries": number(counts.entries), "edited": number(counts.edited)}
    with st.container(horizontal=True):
        for name, value in tiles.items():
            st.metric(text(f"catalogue.{name}"), value, help=text(f"catalogue.{name}_help"), border=True,
                      width=TILE_WIDTH, height="stretch")
        if counts.first_year is not None:
            st.metric(text("catalogue.years"), f"{counts.first_year}–{counts.last_year}", border=True,
                      width=YEARS_WIDTH, height="stretch")


# names ------------------------------------------------------------


def label(name: str) -> str:
    """Return how a tag or a genre is called in the user's language."""
    return services.tag_label(name, _shared.lang())


def language_name(code: str) -> str:
    """Return how a language is called; its code where that is not known."""
    key = f"catalogue.language.{code}"
    return text(key) if key in texts(_shared.lang()) else code or text("catalogue.unknown_language")


# charts ------------------------------------------------------------


def _charts(counts: services.CatalogueCounts) -> None:
    """Draw songs by genre and by tag of one category; what is folded is not drawn."""
    box = st.expander(text("catalogue.charts"), icon=":material/bar_chart:", key="data_cat_charts", on_change="rerun")
    if not box.open:
        return
    with box:
        left, right = st.columns(2, gap="large")
        with left:
            st.markdown(f"#### {text('catalogue.chart.genres')}")
            _bars({label(name): count for name, count in counts.genres.items()}, "data_cat_genres_chart")
        with right:
            st.markdown(f"#### {text('catalogue.chart.tags')}")
            tags = services.tag_categories()[_category()]
            _bars({label(name): counts.tags[name] for name in tags}, "data_cat_tags_chart")


def _category() -> str:
    names = {name: text(f"catalogue.category.{name}") for name in services.tag_categories()}
    chosen = _shared.in_url("kind", "data_cat_kind", _shared.one_of(tuple(names)), "emotion", quiet=True)
    st.pills(text("catalogue.chart.category"), list(names), key="data_cat_kind", format_func=names.__getitem__,
             required=True, label_visibility="collapsed")
    return chosen


def _bars(counts: dict[str, int], key: str) -> None:
    ranked = dict(sorted(counts.items(), key=lambda each: -each[1]))
    figure = counts_figure(ranked, lang=_shared.lang(), labels={"bar": text("catalogue.chart.bar")})
    st.plotly_chart(_cache.Drawn(figure), key=key, config=CHART)


# songs ------------------------------------------------------------


def _songs(actor: services.Actor, counts: services.CatalogueCounts) -> None:
    """Draw the filters, the page of songs they leave, its export, and the tags of a chosen song."""
    st.markdown(f"#### {text('catalogue.list.title')}")
    asked = _asked(counts)
    page = _page(actor, asked)
    if not page.rows:
        st.info(text("catalogue.list.none"), icon=":material/search_off:")
        return
    wide = {text(f"catalogue.column.{name}"): st.column_config.TextColumn(width=width)  # type: ignore[arg-type]
            for name, width in (("title", "medium"), ("tags", "large"))}
    st.dataframe(songs_table(page.rows), hide_index=True, height="content", column_config=wide)
    _pages(page.count)
    st.download_button(text("catalogue.list.download", count=number(page.count)),
                       lambda: _shared.csv_bytes(services.catalogue_table(actor, **asked)),
                       file_name=text("catalogue.list.file_name") + ".csv", mime="text/csv", key="data_cat_csv",
                       on_click="ignore", icon=":material/download:")
    _edit(actor, page.rows)


def _asked(counts: services.CatalogueCounts) -> dict[str, Any]:
    """Draw search, filters and order; return what is asked of `services.catalogue_page`."""
    asked: dict[str, Any] = {}
    above, below = st.columns([3, 2, 2], vertical_alignment="bottom"), st.columns([2, 1, 1, 2],
                                                                                  vertical_alignment="bottom")
    asked["search"] = _shared.in_url("q", "data_cat_q", lambda value: value[:LONGEST_SEARCH], "", quiet=True)
    above[0].text_input(text("catalogue.list.search"), key="data_cat_q", icon=":material/search:",
                        placeholder=text("catalogue.list.search_hint"), max_chars=LONGEST_SEARCH)
    asked["genres"] = _several(above[1], "genre", {name: label(name) for name in services.genre_names()}, "genres")
    tags = {tag: f"{label(tag)} · {text(f'catalogue.category.{category}')}"
            for category, tags in services.tag_categories().items() for tag in tags}
    asked["tags"] = _several(above[2], "tag", tags, "tags", help=text("catalogue.list.tags_help"))
    sung = {code or UNKNOWN: language_name(code) for code in counts.languages}
    chosen = _several(below[0], "sung", sung, "languages")
    asked["languages"] = ["" if code == UNKNOWN else code for code in chosen]
    asked["years"] = _years(below[1], below[2], counts)
    asked["sort"] = _sort(below[3])
    if any(st.session_state.get(key) != usual for key, usual in FILTERS.items()):
        st.button(text("catalogue.list.clear"), key="data_cat_clear", icon=":material/filter_alt_off:",
                  on_click=_clear)
    return asked


def _several(place: Any, param: str, names: dict[str, str], what: str, **options: Any) -> list[str]:
    widget = f"data_cat_{param}"
    chosen = _shared.list_in_url(param, widget, list(names), (), empty=True, quiet=True)
    place.multiselect(text(f"catalogue.list.{what}"), list(names), key=widget, format_func=names.__getitem__,
                      placeholder=text("catalogue.list.any"), **options)
    return chosen


def _years(start: Any, end: Any, counts: services.CatalogueCounts) -> tuple[int | None, int | None] | None:
    """Draw first and last year; None where neither is given."""
    if counts.first_year is None or counts.last_year is None:
        return None
    found = []
    for place, param in ((start, "from"), (end, "to")):
        widget = f"data_cat_{param}"
        found.append(_year(param, widget, counts.first_year, counts.last_year))
        place.number_input(text(f"catalogue.list.{param}_year"), value=None, min_value=counts.first_year,
                           max_value=counts.last_year, step=1, key=widget, format="%d",
                           placeholder=str(counts.first_year if param == "from" else counts.last_year))
    first, last = found
    return None if first is None and last is None else (first, last)


def _year(param: str, widget: str, low: int, high: int) -> int | None:
    """Bring a year's widget and the URL together; an empty box is 0 there, since None stands for nothing known."""
    def read(value: str) -> int | None:
        if value == "None":
            return 0
        year = int(value) if value.isascii() and value.isdigit() and len(value) <= 4 else -1
        return year if low <= year <= high or year == 0 else None

    if widget in st.session_state and st.session_state[widget] is None:
        st.session_state[widget] = 0
    year = _shared.in_url(param, widget, read, 0, quiet=True)
    st.session_state[widget] = year or None
    return year or None


def _sort(place: Any) -> str:
    names = {name: text(f"catalogue.sort.{name}") for name in services.CATALOGUE_SORTS}
    chosen = _shared.in_url("sort", "data_cat_sort", _shared.one_of(tuple(names)), "artist", quiet=True)
    place.selectbox(text("catalogue.list.sort"), list(names), key="data_cat_sort", format_func=names.__getitem__)
    return chosen


def _clear() -> None:
    for key, usual in FILTERS.items():
        st.session_state[key] = usual if not isinstance(usual, list) else []


def _page(actor: services.Actor, asked: dict[str, Any]) -> services.CataloguePage:
    """Return the page of songs to show; other filters start on the first."""
    state = st.session_state
    if state.get("data_cat_page_of") != asked:
        state["data_cat_page_of"], state["data_cat_page"] = asked, 0
    page = services.catalogue_page(actor, **asked, limit=PAGE, offset=state["data_cat_page"] * PAGE)
    if not page.rows and state["data_cat_page"]:
        state["data_cat_page"] = 0
        page = services.catalogue_page(actor, **asked, limit=PAGE, offset=0)
    return page


def songs_table(rows: Sequence[services.CatalogueEntry]) -> pd.DataFrame:
    """Return one row a song with headers and names in the user's language."""
    lines = [{"title": row.title, "artist": row.artist, "genre": label(row.genre), "tags": _tags(row),
              "year": "–" if row.year is None else str(row.year), "language": language_name(row.language),
              "album": row.album or "–", "edited": "✓" if row.edited_at else ""} for row in rows]
    names = ("title", "artist", "genre", "tags", "year", "language", "album", "edited")
    return pd.DataFrame(lines, columns=names).rename(columns={name: text(f"catalogue.column.{name}") for name in names})


def _tags(row: services.CatalogueEntry) -> str:
    return ", ".join(label(tag) for tags in row.tags.values() for tag in tags)


def _pages(count: int) -> None:
    """Draw which part of the list is shown, and the ways to the others."""
    page, last = st.session_state["data_cat_page"], max(0, count - 1) // PAGE
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(text("catalogue.list.shown", first=number(page * PAGE + 1), count=number(count),
                        last=number(min(count, (page + 1) * PAGE))), width="content")
        if last:
            with st.container(horizontal=True, width="content"):
                st.button(text("catalogue.list.previous"), key="data_cat_previous", icon=":material/chevron_left:",
                          disabled=page == 0, on_click=_turn, args=(page - 1,))
                st.button(text("catalogue.list.next"), key="data_cat_next", icon=":material/chevron_right:",
                          disabled=page >= last, on_click=_turn, args=(page + 1,))


def _turn(page: int) -> None:
    st.session_state["data_cat_page"] = page


# tags of a song ------------------------------------------------------------


def _edit(actor: services.Actor, rows: Sequence[services.CatalogueEntry]) -> None:
    """Draw the choice of a song of this page, and the form of its tags."""
    if not services.may(actor, "catalogue"):
        st.caption(f":material/lock: {text('catalogue.edit.not_allowed')}")
        return
    names = {row.id: f"{row.artist} – {row.title} ({label(row.genre)})" for row in rows}
    chosen = st.selectbox(text("catalogue.edit.choose"), list(names), format_func=names.__getitem__,
                          key="data_cat_entry", index=None, placeholder=text("catalogue.edit.placeholder"))
    row = next((row for row in rows if row.id == chosen), None)
    if row is not None:
        _form(actor, row)


def _form(actor: services.Actor, row: services.CatalogueEntry) -> None:
    version = f"{row.id}_{row.edited_at.timestamp() if row.edited_at else 0:.0f}"  # other tags, other widgets
    with st.form(f"data_cat_form_{version}"):
        st.markdown(f"**{plain(row.artist)} – {plain(row.title)}** · {label(row.genre)}")
        st.caption(_origin(row))
        places = [place for _ in range(3) for place in st.columns(2)]  # row by row: on a phone they are one column
        wanted = {category: place.multiselect(
            text(f"catalogue.category.{category}"), tags, default=list(row.tags[category]),
            format_func={tag: label(tag) for tag in tags}.__getitem__, key=f"data_cat_{category}_{version}",
            placeholder=text("catalogue.edit.pick"))
            for place, (category, tags) in zip(places, services.tag_categories().items(), strict=True)}
        pressed = st.form_submit_button(text("catalogue.edit.save"), key=f"data_cat_save_{version}", type="primary",
                                        icon=":material/save:")
    if pressed:
        with _shared.errors_shown():
            edited = services.edit_tags(actor, row.id, wanted)
            changed = "saved" if edited.tags != row.tags else "same"
            st.session_state["data_cat_done"] = (f"catalogue.edit.{changed}", f"{row.artist} – {row.title}")
            st.rerun()


def _origin(row: services.CatalogueEntry) -> str:
    """Return where an entry's tags come from."""
    source = text("catalogue.edit.source", source=plain(row.source))
    if row.edited_at is None:
        return source
    moment = format_time(_shared.lang(), row.edited_at)
    by = (text("catalogue.edit.by_hand", name=plain(row.edited_by), moment=moment) if row.edited_by
          else text("catalogue.edit.by_nobody", moment=moment))
    return f"{source}  \n:material/edit: {by}"
