"""The tags of a picture: shown with their ground, taken out, added, weighed; free words. Each change counts at once."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

import services
from support.errors import AppError
from views import _image_shown, _shared
from views._shared import number, plain, text

ADDED = 0.8
"""Weight of a tag somebody adds: about what a sure tagger gives."""
SAME = 0.005
"""Difference of weights below which they are the same to a reader."""
COLUMNS = 3
"""Sliders in a row on a laptop."""


def editor(view: services.PictureView) -> None:
    """Draw the tags so that they can be changed."""
    st.markdown(f"#### {text('i2m.tags.heading')}")
    if not view.tags:
        st.info(text("i2m.tags.nothing"), icon=":material/label_off:")
    told = st.session_state.pop("i2m_told", None)
    if told:
        st.error(_shared.plain_text(told), icon=":material/error:")
    _categories(view)
    st.caption(text("i2m.tags.legend", **_image_shown.GROUNDS))
    left, right = st.columns([2, 3])
    with left:
        _add(view)
    with right:
        _words(view)
    _weights(view)


def _categories(view: services.PictureView) -> None:
    for category in services.tag_categories():
        tags = {tag.tag: tag for tag in view.tags if tag.category == category}
        name, place = st.columns([2, 7], vertical_alignment="center", gap="small")
        name.markdown(f"**{text(f'catalogue.category.{category}')}**")
        with place:
            if not tags:
                st.caption(text("i2m.tags.none"), help=text("i2m.tags.none_help"), width="content")
                continue
            key = f"i2m_tags_{view.id}_{category}"
            st.session_state[key] = [name for name, tag in tags.items() if tag.weight]
            st.pills(text(f"catalogue.category.{category}"), list(tags), selection_mode="multi", key=key,
                     label_visibility="collapsed", wrap=True, on_change=_toggled, args=(view, key, tuple(tags)),
                     format_func={name: _pill(tag) for name, tag in tags.items()}.__getitem__)


def _pill(tag: services.ImageTag) -> str:
    """Return a tag with its ground, the tagger's confidence, and the weight where it is another."""
    words = [_image_shown.GROUNDS[tag.ground], plain(_image_shown.label(tag.tag))]
    if tag.confidence is not None:
        words.append(f":small[{number(100 * tag.confidence)}%]")
    if tag.weight < 0:
        words.append(f":small[:red[{text('i2m.tags.avoid')} {tag.weight:.2g}]]")
    elif tag.weight and abs(tag.weight - (ADDED if tag.confidence is None else tag.confidence)) > SAME:
        words.append(f":small[×{tag.weight:.2g}]")
    return " ".join(words)


def _toggled(view: services.PictureView, key: str, names: tuple[str, ...]) -> None:
    """Take out what was switched off, put back what was switched on."""
    chosen = set(st.session_state[key])
    tags = {tag.tag: tag for tag in view.tags}
    changes = {name: _first(tags[name]) if name in chosen else 0.0 for name in names
               if (name in chosen) != bool(tags[name].weight)}
    _weigh(view, changes)


def _first(tag: services.ImageTag) -> float:
    """Return the weight a tag begins with."""
    return ADDED if tag.confidence is None else tag.confidence


def _add(view: services.PictureView) -> None:
    """Draw the choice of a tag the picture does not have."""
    there = {tag.tag for tag in view.tags if tag.weight}
    options = {name: f"{_image_shown.label(name)} · {text(f'catalogue.category.{category}')}"
               for category, names in services.tag_categories().items() for name in names if name not in there}
    st.selectbox(text("i2m.tags.add"), list(options), index=None, key=f"i2m_add_{view.id}",
                 placeholder=text("i2m.tags.add_hint"), format_func=lambda name: options.get(name, name),
                 on_change=_added, args=(view,))


def _added(view: services.PictureView) -> None:
    name = st.session_state[f"i2m_add_{view.id}"]
    if name:
        st.session_state[f"i2m_add_{view.id}"] = None
        _weigh(view, {name: ADDED})


def _words(view: services.PictureView) -> None:
    """Draw the free words, and which tags were read from them."""
    key = f"i2m_words_{view.id}"
    st.session_state[key] = view.words
    st.text_input(text("i2m.tags.words"), key=key, placeholder=text("i2m.tags.words_hint"), icon=":material/edit_note:",
                  max_chars=services.MOST_WORDS, on_change=_worded, args=(view, key))
    given = {tag.tag for tag in view.tags}
    read = [name for name, weight in (view.search.weights if view.search else {}).items()
            if weight > 0 and name not in given]
    if view.words and view.search and view.search.words == view.words and read:
        st.caption(text("i2m.tags.read_words", tags=" ".join(services.hashtag(name, _shared.lang()) for name in read)))


def _worded(view: services.PictureView, key: str) -> None:
    _weigh(view, {}, st.session_state[key])


def _weights(view: services.PictureView) -> None:
    """Draw a slider for each tag, and what each rests on, folded."""
    if not view.tags:
        return
    with st.expander(text("i2m.tags.weights"), icon=":material/tune:", key="i2m_weights", on_change="rerun") as box:
        if box.open:
            st.caption(text("i2m.tags.weights_help"))
            places = st.columns(COLUMNS)
            for place, tag in enumerate(view.tags):
                with places[place % COLUMNS]:
                    _slider(view, tag)
            st.button(text("i2m.tags.reset"), key="i2m_reset", icon=":material/restart_alt:", on_click=_weigh,
                      args=(view, {tag.tag: tag.confidence or 0.0 for tag in view.tags}))
    with st.expander(text("i2m.tags.details"), icon=":material/fact_check:", key="i2m_details",
                     on_change="rerun") as box:
        if box.open:
            details(view)


def _slider(view: services.PictureView, tag: services.ImageTag) -> None:
    key = f"i2m_weight_{view.id}_{tag.tag}"
    st.session_state[key] = round(min(1.0, max(-1.0, tag.weight)), 2)
    st.slider(_image_shown.label(tag.tag), -1.0, 1.0, key=key, step=0.05, on_change=_slid, args=(view, tag.tag, key))


def _slid(view: services.PictureView, name: str, key: str) -> None:
    _weigh(view, {name: round(st.session_state[key], 2)})


def _weigh(view: services.PictureView, weights: Mapping[str, float], words: str | None = None) -> None:
    """Store a change; a refusal is shown in the run that follows."""
    try:
        services.weigh_tags(_shared.frame().actor, view.id, weights, words)
    except AppError as error:
        st.session_state["i2m_told"] = error.message(_shared.lang())


def details(view: services.PictureView) -> None:
    """Draw what each tag rests on, as a table."""
    names = ("tag", "category", "ground", "confidence", "weight", "why")
    rows = [(_image_shown.label(tag.tag), text(f"catalogue.category.{tag.category}"), text(f"i2m.ground.{tag.ground}"),
             "–" if tag.confidence is None else f"{number(100 * tag.confidence)}%", f"{tag.weight:.2f}",
             _image_shown.why(tag.why) or "–") for tag in view.tags]
    st.dataframe(pd.DataFrame(rows, columns=[text(f"i2m.tags.column_{name}") for name in names]), hide_index=True)


def read_only(view: services.PictureView) -> None:
    """Draw the tags as they are, a line a category."""
    lines = []
    for category in services.tag_categories():
        tags = [f"{_image_shown.GROUNDS[tag.ground]} {plain(_image_shown.label(tag.tag))}"
                + (f" :small[:gray[{number(100 * tag.confidence)}%]]" if tag.confidence is not None else "")
                for tag in view.tags if tag.category == category and tag.weight > 0]
        lines.append(f"**{text(f'catalogue.category.{category}')}** · "
                     + (" · ".join(tags) or f":gray[{text('i2m.tags.none')}]"))
    st.markdown("  \n".join(lines))
    if view.words:
        st.caption(f"“{plain(view.words)}”")
