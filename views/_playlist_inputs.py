"""What a playlist is made from: the title, playlists like it, and the controls; all of it in the URL."""

from __future__ import annotations

from typing import Any

import streamlit as st

import services
from locales import texts
from views import _playlist_state as states
from views import _shared
from views._shared import number, plain, text

SONGS = 5
"""Songs named on the card of a playlist like the title; the others are counted."""


def title() -> str:
    """Draw the title with the demo song's, and return it."""
    demo = services.demo_song()
    value = _shared.in_url("title", "plm_title", lambda written: written[:states.LONGEST], "", quiet=True)
    left, right = st.columns([5, 2], vertical_alignment="bottom")
    left.text_input(text("plm.title_input.label"), key="plm_title", max_chars=states.LONGEST, on_change=_retitled,
                    placeholder=text("plm.title_input.hint"), icon=":material/title:")
    if demo is not None:
        right.button(text("plm.title_input.demo"), key="plm_demo", icon=":material/play_circle:", width="stretch",
                     on_click=states.fresh, args=(demo.title,))
    return " ".join(value.split())


def _retitled() -> None:
    states.fresh(st.session_state["plm_title"])


# playlists like the title ------------------------------------------------------------


def similar(value: str) -> tuple[int, ...]:
    """Draw the playlists most like the title, and return those chosen."""
    found = _found(value)
    st.markdown(f"#### {text('plm.similar.heading')}")
    if found.how != "title":
        st.info(text(f"plm.similar.how_{found.how}"), icon=":material/info:")
    if not found.hits:
        st.caption(text("plm.similar.none"))
        return ()
    st.caption(text("plm.similar.choose", most=services.MOST_CHOSEN))
    ids = [str(hit.id) for hit in found.hits]
    chosen = _shared.list_in_url("like", "plm_like", ids, ids[:1], empty=True, quiet=True)
    for place, hit in zip(st.columns(len(found.hits)), found.hits, strict=True):
        with place.container(border=True, height="stretch", gap="small", key=f"plm_hit_{hit.id}"):
            _hit(hit, str(hit.id) in chosen)
    return tuple(int(each) for each in chosen)


def _found(value: str) -> services.SimilarPlaylists:
    """Return the playlists like a title; looked for once, until others are imported."""
    actor, state = _shared.frame().actor, st.session_state
    asked = (value, tuple(services.playlist_counts(actor).items()))
    if state.get("plm_found", (None,))[0] != asked:
        state["plm_found"] = (asked, services.similar_playlists(actor, value))
    return state["plm_found"][1]


def _hit(hit: services.SimilarPlaylist, chosen: bool) -> None:
    key = f"plm_like_{hit.id}"
    st.session_state[key] = chosen
    st.checkbox(f"**{plain(hit.title)}**", key=key, on_change=_liked, args=(str(hit.id), key))
    shared = f" · {text('plm.similar.shared', words=', '.join(map(plain, hit.shared)))}" if hit.shared else ""
    st.markdown(" ".join(f":gray-badge[{plain(hashtag(tag))}]" for tag in hit.tags[:5])
                + f"  \n:small[:gray[{text('plm.similar.score', percent=number(100 * min(hit.score, 1.0)))}{shared}]]")
    names = "  \n".join(f":small[{plain(artist)} – {plain(name)}]" for _, name, artist in hit.songs[:SONGS])
    more = len(hit.songs) - SONGS
    st.markdown(names + (f"  \n:small[:gray[{text('plm.similar.more', count=number(more))}]]" if more > 0 else ""))


def _liked(hit: str, key: str) -> None:
    now = [each for each in st.session_state.get("plm_like", []) if each != hit]
    st.session_state["plm_like"] = [*now, hit] if st.session_state[key] else now


def hashtag(name: str) -> str:
    """Return a tag as a hashtag: moods in the reader's language, others as they are."""
    if name in services.playlist_tags():
        return services.hashtag(name, _shared.lang())
    return f"#{''.join(name.split())}"


# controls ------------------------------------------------------------


def controls(value: str, chosen: tuple[int, ...]) -> states.Wanted:
    """Draw the controls, and return all that is wanted."""
    advanced = _shared.switch_in_url("advanced", "plm_advanced")
    few, most = services.ADVANCED_COUNTS if advanced else (services.ADVANCED_COUNTS[0], states.USUAL_COUNT)
    left, middle, right = st.columns(3, gap="medium")
    similarity = _shared.in_url("similarity", "plm_similarity", _whole(0, 100), 10, quiet=True)
    left.slider(text("plm.control.similarity"), 0, 100, key="plm_similarity", format="%d%%",
                help=text("plm.control.similarity_help"))
    count = _shared.in_url("count", "plm_count", _whole(*services.ADVANCED_COUNTS), 10, quiet=True)
    if count > most:  # asked for with the advanced choices, which are off now
        count = st.session_state["plm_count"] = most
    middle.slider(text("plm.control.count"), few, most, key="plm_count")
    arc = _shared.in_url("arc", "plm_arc", _shared.one_of(services.ARCS), services.ARCS[0], quiet=True)
    names = {name: text(f"plm.arc.{name}") for name in services.ARCS}
    right.selectbox(text("plm.control.arc"), services.ARCS, key="plm_arc", format_func=names.__getitem__,
                    help=text("plm.control.arc_help"))
    cap, languages, years, minutes = _filters()
    seed = _shared.in_url("seed", "plm_seed", _whole(0, 10**6), 0, quiet=True)
    written = _shared.in_url("tags", "plm_tags", lambda one: states.write_tags(states.read_tags(one)), "", quiet=True)
    return states.Wanted(value, tuple(states.read_tags(written).items()), chosen, count, similarity, cap, languages,
                         years, minutes, arc, seed)


def _filters() -> tuple[int | None, tuple[str, ...], tuple[int, int] | None, int | None]:
    """Draw the rest behind one button: artist cap, languages, years, minutes, and more songs."""
    counts = services.catalogue_counts(_shared.frame().actor)
    known = [code for code in counts.languages if code]
    cap = _shared.in_url("cap", "plm_cap", _whole(0, 10), 0, quiet=True)
    minutes = _shared.in_url("minutes", "plm_minutes", _whole(0, 600), 0, quiet=True)
    languages = _shared.list_in_url("language", "plm_languages", known, [], empty=True, quiet=True)
    first, last = counts.first_year or 1900, counts.last_year or 2100
    start = _shared.in_url("from", "plm_from", _whole(0, 3000), first, quiet=True)
    end = _shared.in_url("to", "plm_to", _whole(0, 3000), last, quiet=True)
    start, end = max(first, min(start, last)), max(first, min(end, last))
    by_year = _shared.switch_in_url("years", "plm_by_year", (start, end) != (first, last))
    active = bool(cap) + bool(languages) + by_year + bool(minutes)
    label = text("plm.control.filters_on", count=active) if active else text("plm.control.filters")
    with st.expander(label, icon=":material/tune:", key="plm_filters"):
        left, middle, right = st.columns(3, gap="medium")
        with left:
            st.number_input(text("plm.control.cap"), 0, 10, key="plm_cap", help=text("plm.control.cap_help"))
            st.toggle(text("plm.control.advanced"), key="plm_advanced")
        with middle:
            st.number_input(text("plm.control.minutes"), 0, 600, key="plm_minutes", step=10,
                            help=text("plm.control.minutes_help"))
            st.pills(text("plm.control.languages"), known, selection_mode="multi", key="plm_languages", wrap=True,
                     format_func={code: _language(code) for code in known}.__getitem__)
        with right:
            st.checkbox(text("plm.control.years_on"), key="plm_by_year", disabled=first >= last,
                        help=text("plm.control.years_help"))
            if by_year and first < last:
                st.session_state["plm_years"] = (min(start, end), max(start, end))
                st.slider(text("plm.control.years"), first, last, key="plm_years", on_change=_years)
    if not by_year:
        _shared.not_in_url("from", "to")
    return cap or None, tuple(languages), (min(start, end), max(start, end)) if by_year else None, minutes or None


def _years() -> None:
    st.session_state["plm_from"], st.session_state["plm_to"] = st.session_state["plm_years"]


def _language(code: str) -> str:
    known = f"catalogue.language.{code}"
    return text(known) if known in texts(_shared.lang()) else code


def _whole(least: int, most: int) -> Any:
    def read(value: str) -> int | None:
        found = int(value) if value.isascii() and value.isdigit() and len(value) <= 7 else None
        return found if found is not None and least <= found <= most else None
    return read
