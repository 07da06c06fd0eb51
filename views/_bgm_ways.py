"""Two ways to a wish: popular terms as pills, and searchable lists of all of them with free keywords."""

from __future__ import annotations

import unicodedata
from typing import Any

import streamlit as st

import services
from views import _bgm_state as states
from views import _shared
from views._shared import plain, text

ICONS = {"genres": "music_note", "moods": "mood", "instruments": "piano", "textures": "water_drop"}


def simple() -> None:
    """Draw the popular terms as pills, with what was chosen elsewhere beside them."""
    for kind in states.KINDS[:3]:
        pills(kind, [term.id for term in services.bgm_terms(kind) if term.popular])
    _notes()


def extra() -> None:
    """Draw the searchable lists, background sounds and free keywords."""
    with st.container(key="bgm_extra"):
        for kind in states.KINDS[:3]:
            search(kind)
        pills("textures", [term.id for term in services.bgm_terms("textures")])
        keywords()
    _notes()


# pills ------------------------------------------------------------


def pills(kind: str, offered: list[str]) -> None:
    """Draw terms as pills, what was chosen beside those offered after them."""
    chosen: list[str] = st.session_state[f"bgm_{kind}"]
    names = states.names(kind)
    shown = [*offered, *(term for term in chosen if term not in offered)]
    key = f"bgm_pick_{kind}"
    st.session_state[key] = list(chosen)
    st.pills(_label(kind), shown, selection_mode="multi", key=key, wrap=True, on_change=_pick, args=(kind, key),
             format_func=names.__getitem__)


def _label(kind: str) -> str:
    count = len(st.session_state[f"bgm_{kind}"])
    return f":material/{ICONS[kind]}: {text(f'bgm.kind.{kind}')}" + (f" · {count}" if count else "")


def _pick(kind: str, key: str) -> None:
    """Take a choice over; one above the limit is not taken."""
    before, chosen = st.session_state[f"bgm_{kind}"], st.session_state[key]
    added = [term for term in chosen if term not in before]
    kept = [term for term in before if term in chosen] + added
    if len(kept) > services.BGM_MOST_CHOSEN:
        st.session_state["bgm_full"] = kind
        kept = kept[:services.BGM_MOST_CHOSEN]
    st.session_state[f"bgm_{kind}"] = kept


def _notes() -> None:
    """Say what a choice left out, and what became a keyword."""
    if kind := st.session_state.pop("bgm_full", None):
        st.warning(text("bgm.kind.full", kind=text(f"bgm.kind.{kind}"), most=services.BGM_MOST_CHOSEN),
                   icon=":material/info:")
    taken = st.session_state.pop("bgm_taken", ())
    if taken:
        st.info(text("bgm.kind.taken", words=", ".join(map(plain, taken))), icon=":material/sell:")


# search ------------------------------------------------------------


def search(kind: str) -> None:
    """Draw a list to search in both languages; a word that is an alias finds its term, another one is a keyword."""
    terms = {term.id: term for term in services.bgm_terms(kind)}
    labels: dict[Any, str] = {each: _both(term) for each, term in terms.items()}
    key = f"bgm_search_{kind}"
    st.session_state[key] = list(st.session_state[f"bgm_{kind}"])
    st.multiselect(_label(kind), list(terms), key=key, format_func=lambda each: str(labels.get(each, each)),
                   max_selections=services.BGM_MOST_CHOSEN, accept_new_options=True, filter_mode="contains",
                   select_all=False, placeholder=text("bgm.kind.search", count=len(terms)), on_change=_take,
                   args=(kind, key))


def _both(term: Any) -> str:
    """Return a term's names, the reader's language first."""
    names = (term.ko, term.en) if _shared.lang() == "ko" else (term.en, term.ko)
    return " · ".join(dict.fromkeys(names))


def _take(kind: str, key: str) -> None:
    """Take a choice over: known terms, aliases of terms, and else free keywords."""
    state, known = st.session_state, {term.id for term in services.bgm_terms(kind)}
    chosen: list[str] = []
    words: list[str] = []
    for each in state[key]:
        found = each if each in known else by_alias(kind, each)
        if found:
            chosen.append(found)
        else:
            words.append(each)
    state[f"bgm_{kind}"] = list(dict.fromkeys(chosen))[:services.BGM_MOST_CHOSEN]
    if words:
        now = states.words_of(state.get("bgm_keywords", ""))
        state["bgm_keywords"] = ", ".join(dict.fromkeys((*now, *words)))[:states.LONGEST_WORDS]
        state["bgm_taken"] = tuple(words)


def by_alias(kind: str, word: str) -> str | None:
    """Return the term with a name or alias in either language; case and spaces do not matter."""
    wanted = _bare(word)
    return next((term.id for term in services.bgm_terms(kind)
                 if wanted in {_bare(name) for name in (term.id, term.ko, term.en, *term.aliases)}), None)


def _bare(word: str) -> str:
    return "".join(unicodedata.normalize("NFKC", word).casefold().replace("-", "").replace("_", "").split())


def keywords() -> None:
    """Draw the free keywords."""
    st.text_input(f":material/sell: {text('bgm.kind.keywords')}", key="bgm_keywords", max_chars=states.LONGEST_WORDS,
                  placeholder=text("bgm.kind.keywords_hint"), help=text("bgm.kind.keywords_help"))
