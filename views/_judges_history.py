"""The history tab: every audition to look up, filter, rank, open, compare, export and delete."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

import services
from locales import format_time
from support.charts import VERDICT_COLOURS
from views import _judges_cards, _judges_compare, _judges_songs, _shared
from views._shared import number, plain, text

PAGE = 10
"""Auditions on a page of the list."""
ORDERS = ("newest", "best", "worst", "split")
EVERY = "all"
"""What the filters say where they do not narrow."""
LONGEST_SEARCH = 100
PAGE_KEY, PAIR_KEY = "judges_h_page", "judges_h_pair"
PAIRED = 2
FILTERS = ("judges_h_find", "judges_h_verdict", "judges_h_panel", "judges_h_batch")


def draw() -> None:
    """Draw the tab."""
    actor = _shared.frame().actor
    _notice()
    pair = _pair()
    asked = _asked(actor)
    page = _page(asked)
    rows, count = services.list_auditions(actor, **asked, limit=PAGE, offset=(page - 1) * PAGE)
    if not rows and page > 1:  # what stood here was deleted
        st.session_state[PAGE_KEY] = page = max(1, -(-count // PAGE))
        rows, count = services.list_auditions(actor, **asked, limit=PAGE, offset=(page - 1) * PAGE)
    if not rows:
        _nothing(asked)
        return
    if len(pair) == PAIRED:
        _judges_compare.draw(pair[0], pair[1], _clear_pair)
    _summary(rows, count, page, pair)
    _list(actor, rows, asked["order"], page, pair)
    _pages(count, page)
    _export(actor, asked, count)


def _notice() -> None:
    """Say once what the last press did."""
    gone = st.session_state.pop("judges_h_done", None)
    if gone:
        st.success(text("judges.history.confirm.done", name=plain(gone)), icon=":material/check_circle:")


# filters ------------------------------------------------------------


def _asked(actor: services.Actor) -> dict[str, Any]:
    """Draw search, filters and order; return what is asked of `services.list_auditions`."""
    panels = [panel.key for panel in services.panels(actor)]
    batches = {str(batch.id): batch for batch in services.list_batches(actor)}
    search = _shared.in_url("find", FILTERS[0], lambda value: value[:LONGEST_SEARCH], "", quiet=True)
    filters: dict[str, tuple[str, Sequence[str], Callable[[str], str]]] = {
        "verdict": ("verdict", tuple(VERDICT_COLOURS), str)}
    if len(panels) > 1:
        filters["panel"] = ("jury", panels, _judges_songs.panel_name)
    if batches:
        filters["batch"] = ("batch", tuple(batches), lambda key: _batch_name(batches[key]))
    place, *places = st.columns([3] + [2] * len(filters), vertical_alignment="bottom")
    place.text_input(text("judges.history.search"), key=FILTERS[0], icon=":material/search:",
                     placeholder=text("judges.history.search_placeholder"), max_chars=LONGEST_SEARCH)
    chosen: dict[str, str | None] = {}
    for place, (name, (param, options, label)) in zip(places, filters.items(), strict=True):
        with place:
            chosen[name] = _choice(name, f"judges_h_{name}", options, label, param)
    batch = chosen.get("batch")
    order = _shared.in_url("by", "judges_h_by", _shared.one_of(ORDERS), ORDERS[0], quiet=True)
    orders = {key: text(f"judges.history.by.{key}") for key in ORDERS}
    st.segmented_control(text("judges.history.order"), ORDERS, key="judges_h_by", required=True,
                         format_func=orders.__getitem__,
                         help=text(f"judges.history.by_help.{order}"))
    return {"search": search.strip(), "verdict": chosen["verdict"], "panel": chosen.get("panel"),
            "batch_id": int(batch) if batch else None, "done_only": order != ORDERS[0], "order": order}


def _choice(name: str, key: str, options: Sequence[str], label: Callable[[str], str], param: str) -> str | None:
    """Draw a filter; return what was chosen, None for everything."""
    every = (EVERY, *options)
    chosen = _shared.in_url(param, key, _shared.one_of(every), EVERY, quiet=True)
    names = {option: text("judges.history.any") if option == EVERY else label(option) for option in every}
    st.selectbox(text(f"judges.history.{name}"), every, key=key, format_func=names.__getitem__)
    return None if chosen == EVERY else chosen


def _batch_name(batch: services.BatchView) -> str:
    return text("judges.history.batch_item", number=number(batch.id),
                day=format_time(_shared.lang(), batch.created_at))


def _page(asked: dict[str, Any]) -> int:
    """Return the page of the list; a change of the filters begins at the first."""
    state, wanted = st.session_state, tuple(asked.values())
    if state.get("judges_h_asked", wanted) != wanted:
        state[PAGE_KEY] = 1
    state["judges_h_asked"] = wanted
    return _shared.in_url("p", PAGE_KEY, _whole, 1, quiet=True)


def _whole(value: str) -> int | None:
    return int(value) if value.isascii() and value.isdigit() and 0 < len(value) <= 6 and int(value) else None


def _clear_filters() -> None:
    for key in FILTERS:
        st.session_state[key] = EVERY if key != FILTERS[0] else ""
    st.session_state["judges_h_by"] = ORDERS[0]


def _nothing(asked: dict[str, Any]) -> None:
    """Say that there is no audition, or none that matches."""
    if any(asked[name] for name in ("search", "verdict", "panel", "batch_id", "done_only")):
        with _shared.empty_state("judges.history.no_match", "search_off"):
            st.button(text("judges.history.no_match.clear"), key="judges_h_clear", on_click=_clear_filters,
                      icon=":material/filter_alt_off:")
        return
    with _shared.empty_state("judges.history.empty", "history"):
        st.page_link("views/ai_judges.py", label=text("judges.history.empty.start"), icon=":material/mic:",
                     query_params={"tab": "audition"})


# list ------------------------------------------------------------


def _summary(rows: Sequence[services.AuditionRow], count: int, page: int, pair: tuple[int, ...]) -> None:
    """Say how many auditions match, which are chosen for comparison, and how many are under way."""
    first = (page - 1) * PAGE + 1
    words = (text("judges.history.count_one") if count == 1 else text("judges.history.count", count=number(count))
             if count <= PAGE else text("judges.history.range", first=number(first), count=number(count),
                                        last=number(first + len(rows) - 1)))
    if len(pair) == 1 and count > 1:
        names = {row.id: f"{row.artist} – {row.title}" for row in rows}
        words += f" · {text('judges.compare.one', name=plain(names.get(pair[0], f'#{pair[0]}')))}"
    elif not pair and count > 1:
        words += f" · {text('judges.compare.pick')}"
    st.caption(words)
    active = sum(row.active for row in rows)
    if active:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f":blue[:material/graphic_eq:] {text('judges.history.running', count=number(active))}")
            st.button(text("judges.history.refresh"), key="judges_h_refresh", icon=":material/refresh:")


def _list(actor: services.Actor, rows: Sequence[services.AuditionRow], order: str, page: int,
          pair: tuple[int, ...]) -> None:
    marks = services.audition_judges(actor, rows)
    # a link to the page one is on looks like a pressed button, and here every row has one
    st.html("<style>.st-key-judges_h_list [data-testid=stPageLink-NavLink] {background: none}</style>")
    with st.container(key="judges_h_list", gap="small"):
        for place, row in enumerate(rows, (page - 1) * PAGE + 1):
            with st.container(border=True):
                _row(actor, row, marks.get(row.id, ()), place if order in ("best", "worst") else None, pair)


def _row(actor: services.Actor, row: services.AuditionRow, marks: Sequence[services.JudgeMark], place: int | None,
         pair: tuple[int, ...]) -> None:
    """Draw one audition: what it came to, who said so, and what can be done with it."""
    name = f"{row.artist} – {row.title}"
    head = (f"{place}\\. " if place else "") + f"**{plain(name)}** :small[:gray[\\#{row.id}]]"
    words, acts = st.columns([7, 3], vertical_alignment="center")
    words.markdown(f"{head}  \n{_judges_compare.badges(row)}  \n:small[:gray[{' · '.join(_notes(row, marks))}]]")
    with acts.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center", gap="small"):
        ticked = f"judges_h_tick_{row.id}"
        st.session_state[ticked] = row.id in pair
        st.checkbox(text("judges.history.tick"), key=ticked, on_change=_tick, args=(row.id,),
                    disabled=row.state != "done" or (len(pair) == PAIRED and row.id not in pair))
        st.page_link("views/ai_judges.py", label=f":violet[{text('judges.history.open')}]", width="content",
                     icon=":material/arrow_forward:", query_params={"tab": "audition", "audition": str(row.id)})
        if st.button(":material/delete:", key=f"judges_h_delete_{row.id}", help=text("judges.history.delete",
                     name=plain(name)), disabled=row.active or not services.may(actor, "audition"), type="tertiary"):
            st.dialog(text("judges.history.confirm.title"))(_confirm)(actor, row)


def _notes(row: services.AuditionRow, marks: Sequence[services.JudgeMark]) -> list[str]:
    """Return who said what, how far they are apart, and when and by whom the song was heard."""
    notes = [f"{plain(mark.name)} {_mark(mark)}" for mark in marks]
    if row.state == "done" and not marks:
        notes.append(text("judges.history.offline"))
    elif row.out_of not in (None, 300):
        notes.append(text("judges.history.answered", total=number(row.total), out_of=number(row.out_of)))
    if row.spread is not None:
        notes.append(text("judges.history.spread", spread=number(row.spread)))
    if row.repeats > 1:
        notes.append(text("judges.history.repeats", count=number(row.repeats)))
    if row.error_code and row.state == "failed":
        notes.append(_judges_cards.why(row.error_code, row.error_values))
    return [*notes, _judges_songs.panel_name(row.panel), format_time(_shared.lang(), row.created_at)]


def _mark(mark: services.JudgeMark) -> str:
    """Return a judge's total, without one how far it is."""
    if mark.total is None:
        return text(f"judges.state.{mark.state}")
    return number(mark.total, 0 if float(mark.total).is_integer() else 1)


def _pages(count: int, page: int) -> None:
    """Draw the way to the pages before and after."""
    last = max(1, -(-count // PAGE))
    if last == 1:
        return
    with st.container(horizontal=True, horizontal_alignment="center", vertical_alignment="center"):
        st.button(text("judges.history.previous"), key="judges_h_previous", icon=":material/chevron_left:",
                  disabled=page <= 1, on_click=_turn, args=(page - 1,))
        st.markdown(f"{number(page)} / {number(last)}", width="content")
        st.button(text("judges.history.next"), key="judges_h_next", icon=":material/chevron_right:",
                  icon_position="right", disabled=page >= last, on_click=_turn, args=(page + 1,))


def _turn(page: int) -> None:
    st.session_state[PAGE_KEY] = page


# choosing two ------------------------------------------------------------


def _pair() -> tuple[int, ...]:
    """Return the auditions chosen for comparison, at most two, from the session or the URL (``compare=12-15``)."""
    return _ids(_shared.in_url("compare", PAIR_KEY, _pair_text, "", quiet=True))


def _ids(value: str) -> tuple[int, ...]:
    return tuple(int(part) for part in value.split("-") if part)


def _pair_text(value: str) -> str | None:
    """Return a choice of up to two as it is written; None where it is not one."""
    parts = value.split("-") if value else []
    if any(_whole(part) is None for part in parts) or len(parts) > PAIRED or len(set(parts)) < len(parts):
        return None
    return "-".join(parts)


def _tick(audition_id: int) -> None:
    """Put an audition into the comparison, or take it out."""
    state = st.session_state
    chosen = [each for each in _ids(state.get(PAIR_KEY, "")) if each != audition_id]
    if state[f"judges_h_tick_{audition_id}"]:
        chosen = [*chosen, audition_id][-PAIRED:]
    state[PAIR_KEY] = "-".join(map(str, chosen))


def _clear_pair() -> None:
    st.session_state[PAIR_KEY] = ""


# deletion and export ------------------------------------------------------------


def _confirm(actor: services.Actor, row: services.AuditionRow) -> None:
    """Say what goes with an audition, and delete it when confirmed."""
    name = f"{row.artist} – {row.title}"
    st.markdown(text("judges.history.confirm.what", name=plain(name)))
    left, right = st.columns(2)
    if left.button(text("common.cancel"), key="judges_h_delete_no", width="stretch"):
        st.rerun()
    if right.button(text("judges.history.confirm.button"), key="judges_h_delete_yes", type="primary", width="stretch"):
        with _shared.errors_shown():
            services.delete_audition(actor, row.id)
            st.session_state["judges_h_done"] = name
            st.session_state[PAIR_KEY] = "-".join(str(each) for each in _ids(st.session_state[PAIR_KEY])
                                                  if each != row.id)
            st.rerun()


def _export(actor: services.Actor, asked: dict[str, Any], count: int) -> None:
    """Draw the downloads of everything that matches; a file is made when its button is pressed."""
    lang, name = _shared.lang(), _shared.file_part(text("judges.history.export.file_name"))
    makers: dict[str, tuple[Callable[[], bytes | str], str]] = {
        "csv": (lambda: _shared.csv_bytes(services.audition_table(actor, **asked)), "text/csv"),
        "json": (lambda: services.audition_json(actor, **asked), "application/json"),
        "html": (lambda: services.audition_html(actor, lang=lang, **asked), "text/html")}
    with st.container(border=True):
        st.markdown(f"**{text('judges.history.export.title')}** ({number(count)})")
        with st.container(horizontal=True):
            for kind, (make, mime) in makers.items():
                st.download_button(text(f"judges.history.export.{kind}"), make, file_name=f"{name}.{kind}", mime=mime,
                                   key=f"judges_h_{kind}", on_click="ignore", icon=":material/download:")
        st.caption(text("judges.history.export.note", most=number(services.MOST_EXPORTED),
                        reported=number(services.MOST_REPORTED)))
