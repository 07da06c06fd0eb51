"""The wish in its fields: how to begin, what holds for all ways, the caption, what it comes to, and the start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

import services
from locales import texts
from support.errors import AppError
from support.figures import bgm as figures
from views import _bgm_caption, _bgm_shown, _bgm_text, _bgm_ways, _cache, _shared
from views import _bgm_state as states
from views._bgm_shown import CHART
from views._shared import number, text

OTHER = "other"
STAYS = """<style>@media (min-width: 640px) {
[data-testid=stLayoutWrapper]:has(> .st-key-bgm_outcome) {position: sticky; top: 4rem}}</style>"""
"""Beside long inputs the box that says what they come to stays in sight; on a phone it follows them."""


def draw() -> None:
    """Draw the inputs, what they come to, and the start."""
    actor = _shared.frame().actor
    allowed = services.may(actor, "bgm")
    if not allowed:
        st.info(text("bgm.not_allowed", role=actor.role), icon=":material/lock:")
    way = _shared.in_url("way", "bgm_way", _shared.one_of(states.WAYS), states.WAYS[0], quiet=True)
    names = {each: text(f"bgm.way.{each}") for each in states.WAYS}
    st.segmented_control(text("bgm.way.label"), states.WAYS, key="bgm_way", required=True, width="stretch",
                         format_func=names.__getitem__, label_visibility="collapsed")
    st.caption(text(f"bgm.way.{way}_note"))
    if (read := st.session_state.pop("bgm_put", None)) is not None:
        states.put(read)
    wish = states.read()
    maker = _maker_chosen()
    st.html(STAYS)
    left, right = st.columns([3, 2], gap="large")
    with left:
        if way == "text":
            _bgm_text.draw(wish)
        else:
            (_bgm_ways.simple if way == "simple" else _bgm_ways.extra)()
            _feel_line(wish)
        _length()
        _tempo()
        _ending(wish)
    settled, refused = _settled(actor, wish)
    with left:
        _more(wish, settled)
    with right:
        _outcome(actor, wish, settled, refused, maker, allowed)


# for all ways ------------------------------------------------------------


def _feel_line(wish: services.BgmWish) -> None:
    """Say that a text's feeling is in the wish, with the way to take it out."""
    if wish.feel is None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f":material/favorite: {text('bgm.feel.in_wish')}", width="content")
        st.button(text("bgm.feel.drop"), key="bgm_feel_drop", type="tertiary", icon=":material/close:",
                  on_click=_drop_feel)


def _drop_feel() -> None:
    st.session_state["bgm_feel"] = ""


def _length() -> None:
    state = st.session_state
    options = [*map(str, states.PRESETS), OTHER]
    seconds = state["bgm_seconds"]
    other = state.get("bgm_other_length", False) or seconds not in states.PRESETS
    state["bgm_length"] = OTHER if other else str(int(seconds))
    labels = {each: text("bgm.length.other") if each == OTHER else text("bgm.length.s", seconds=each)
              for each in options}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.segmented_control(f":material/timer: {text('bgm.length.label')}", options, key="bgm_length", required=True,
                             format_func=labels.__getitem__, on_change=_take_length)
        if other:
            least, most = services.BGM_SECONDS
            st.number_input(text("bgm.length.exact", least=number(least), most=number(most)), least, most,
                            key="bgm_seconds", step=1.0, format="%g", width=180)


def _take_length() -> None:
    state = st.session_state
    state["bgm_other_length"] = state["bgm_length"] == OTHER
    if not state["bgm_other_length"]:
        state["bgm_seconds"] = float(state["bgm_length"])


def _tempo() -> None:
    options = (*services.BGM_TEMPOS, states.EXACT)
    labels = {each: text(f"bgm.tempo.{each}") for each in options}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.segmented_control(f":material/speed: {text('bgm.tempo.label')}", options, key="bgm_tempo", required=True,
                             format_func=labels.__getitem__)
        if st.session_state["bgm_tempo"] == states.EXACT:
            least, most = services.BGM_BPM
            st.number_input(text("bgm.tempo.bpm", least=number(least), most=number(most)), least, most, key="bgm_bpm",
                            step=1.0, format="%g", width=180)


def _ending(wish: services.BgmWish) -> None:
    """Draw loop or ending; a loop cannot keep length and tempo both, so it says which one it keeps."""
    st.toggle(text("bgm.loop.label"), key="bgm_loop", help=text("bgm.loop.help"))
    if not wish.loop:
        return
    labels = {each: text(f"bgm.loop.lock_{each}") for each in services.BGM_LOCKS}
    st.segmented_control(text("bgm.loop.locks"), services.BGM_LOCKS, key="bgm_locks", required=True,
                         format_func=labels.__getitem__)


# advanced ------------------------------------------------------------


def _more(wish: services.BgmWish, settled: services.BgmSettled | None) -> None:
    """Draw what most need not say."""
    with st.expander(text("bgm.more.label"), icon=":material/tune:", key="bgm_more"):
        first, second, third = st.columns(3)
        keys = {states.FREE: text("bgm.more.free"), **{str(place): name for place, name in enumerate(states.TONICS)}}
        first.selectbox(text("bgm.more.key"), list(keys), key="bgm_tonic", format_func=keys.__getitem__)
        _choice(second, "mode", services.BGM_MODES, "bgm_mode")
        _choice(third, "meter", services.BGM_METERS, "bgm_meter")
        _energy(wish, settled)
        _loudness()
        left, right = st.columns(2, vertical_alignment="bottom")
        left.number_input(text("bgm.more.variants"), 1, services.BGM_MOST_VARIANTS, key="bgm_variants")
        with right.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            st.number_input(text("bgm.more.seed"), 0, 2**31 - 1, key="bgm_seed", help=text("bgm.more.seed_help"))
            st.button("", key="bgm_dice", icon=":material/casino:", help=text("bgm.more.dice"), on_click=_dice)
        _makers()


def _choice(place: Any, name: str, options: tuple[str, ...], key: str) -> None:
    """Draw a choice that may be left open."""
    labels = {states.FREE: text("bgm.more.free")} | {
        each: _bgm_shown.mode(each) if name == "mode" else each for each in options}
    place.selectbox(text(f"bgm.more.{name}"), list(labels), key=key, format_func=labels.__getitem__)


def _dice() -> None:
    st.session_state["bgm_seed"] = st.session_state["bgm_seed"] % (2**31 - 1) + 1


def _loudness() -> None:
    options = [f"{value:g}" for value in services.BGM_LOUDNESS]
    labels = {each: text("bgm.more.lufs", value=each.replace("-", "−"), use=text(f"bgm.more.lufs_use.{each[1:]}"))
              for each in options}
    st.segmented_control(text("bgm.more.loudness"), options, key="bgm_loudness", required=True,
                         format_func=labels.__getitem__)


def _energy(wish: services.BgmWish, settled: services.BgmSettled | None) -> None:
    """Draw the energy curve: its choice, the sections it comes to, and its points where it is drawn by hand."""
    options = (*services.BGM_CURVES, states.CUSTOM)
    labels = {each: text(f"bgm.energy.{each}") for each in options}
    st.segmented_control(text("bgm.energy.label"), options, key="bgm_energy", required=True,
                         format_func=labels.__getitem__)
    points = () if isinstance(wish.energy, str) else wish.energy
    if points:
        _point_sliders(points)
    sections = [(_bgm_shown.section(part.name), float(part.bars), part.energy) for part in settled.plan.sections
                ] if settled else []
    figure = figures.plan_figure(sections, points=points, labels={"section": text("bgm.chart.plan_section")})
    if figure is not None:
        st.plotly_chart(_cache.Drawn(figure), key="bgm_energy_chart", config=CHART, alt=text("bgm.chart.plan_alt"))


def _point_sliders(points: tuple[float, ...]) -> None:
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        for place, value in enumerate(points):
            key = f"bgm_point_{place}"
            st.session_state[key] = round(100 * value)
            where = round(100 * place / max(len(points) - 1, 1))
            st.slider(text("bgm.energy.point", percent=where), 0, 100, key=key, step=5, width=130,
                      on_change=_take_points, args=(len(points),))
    with st.container(horizontal=True, gap="small"):
        st.button(text("bgm.energy.more"), key="bgm_point_more", icon=":material/add:", type="tertiary",
                  disabled=len(points) >= states.MOST_POINTS, on_click=_resize, args=(points, 1))
        st.button(text("bgm.energy.fewer"), key="bgm_point_fewer", icon=":material/remove:", type="tertiary",
                  disabled=len(points) <= 2, on_click=_resize, args=(points, -1))


def _take_points(count: int) -> None:
    state = st.session_state
    state["bgm_points"] = states.write_points([state[f"bgm_point_{place}"] / 100 for place in range(count)])


def _resize(points: tuple[float, ...], step: int) -> None:
    kept = points[:step] if step < 0 else (*points, points[-1])
    st.session_state["bgm_points"] = states.write_points(kept)


# makers ------------------------------------------------------------


def _maker_chosen() -> services.BgmMaker | None:
    known = {maker.name: maker for maker in services.bgm_makers()}
    name = _shared.in_url("by", "bgm_maker", _shared.one_of(tuple(known)), next(iter(known)), quiet=True)
    return known.get(name)


def _makers() -> None:
    known = [maker.name for maker in services.bgm_makers()]
    if len(known) > 1:
        labels = {name: _bgm_shown.maker(name) for name in known}
        st.segmented_control(text("bgm.more.maker"), known, key="bgm_maker", required=True,
                             format_func=labels.__getitem__, help=text("bgm.more.maker_help"))


def _usable(maker: services.BgmMaker | None) -> bool:
    """Say what stands against a maker, or what to know of it; return whether it can be used."""
    if maker is not None and maker.problem:
        st.warning(_bgm_shown.worded(maker.problem, maker.problem_values), icon=":material/build:")
    elif maker is not None and maker.warning:
        st.warning(_bgm_shown.worded(maker.warning), icon=":material/gavel:")
    return maker is not None and maker.problem is None


# what it comes to ------------------------------------------------------------


def _settled(actor: services.Actor, wish: services.BgmWish) -> tuple[services.BgmSettled | None, AppError | None]:
    """Return what a wish comes to, or why it cannot be had; worked out once for each wish."""
    if states.blank(wish):
        return None, None
    state = st.session_state
    known = state.get("bgm_settled")
    if known is None or known[0] != wish:
        try:
            known = (wish, services.settle_bgm(actor, wish), None)
        except AppError as error:
            known = (wish, None, error)
        state["bgm_settled"] = known
    return known[1], known[2]


def _outcome(actor: services.Actor, wish: services.BgmWish, settled: services.BgmSettled | None,
             refused: AppError | None, maker: services.BgmMaker | None, allowed: bool) -> None:
    """Draw caption, exact figures, notes and the start in one box."""
    with st.container(border=True, key="bgm_outcome"):
        st.markdown(f"#### {text('bgm.outcome.heading')}")
        empty = states.blank(wish)
        if not empty:
            _bgm_caption.draw(wish)
        if refused is not None:
            st.error(_shared.plain_text(refused.message(_shared.lang())), icon=":material/error:")
        if settled is not None:
            _figures(settled)
            _notes(settled)
        usable = _usable(maker)
        label = text("bgm.start_one") if wish.variants == 1 else text("bgm.start", count=number(wish.variants))
        if st.button(label, key="bgm_start", type="primary", icon=":material/auto_awesome:", width="stretch",
                     disabled=empty or settled is None or not allowed or not usable):
            _begin(actor, wish, maker)
        if empty:
            st.caption(f":material/info: {text('bgm.blank')}")
        if not empty:
            st.button(text("bgm.clear"), key="bgm_clear", type="tertiary", icon=":material/restart_alt:",
                      on_click=states.clear)


def _begin(actor: services.Actor, wish: services.BgmWish, maker: services.BgmMaker | None) -> None:
    with _shared.errors_shown():
        batch = services.submit_bgm(actor, wish, _bgm_caption.current(wish), maker=maker.name if maker else "composer")
        states.open_batch(batch.id)
        st.rerun()


def _figures(settled: services.BgmSettled) -> None:
    plan = settled.plan
    facts = [("length", text("bgm.fact.seconds", seconds=number(settled.seconds, 2))),
             ("bars", number(settled.bars)), ("bpm", _bgm_shown.bpm(settled.bpm)),
             ("key", _bgm_shown.key(plan.tonic, plan.mode)), ("meter", plan.meter)]
    st.markdown("  \n".join(f":gray[{text(f'bgm.fact.{name}')}] **{value}**" for name, value in facts))


def _notes(settled: services.BgmSettled) -> None:
    """Say what was decided beside the wish, before anything runs."""
    lines = [f":material/arrow_right: {_note(code, values)}" for code, values in settled.notes]
    if lines:
        st.caption("  \n".join(lines))


def _note(code: str, values: Mapping[str, Any]) -> str:
    key = code if code in texts(_shared.lang()) else f"bgm.note.{code}"
    return _shared.plain_text(text(key, **{name: _bgm_shown.told_value(value) for name, value in values.items()}))
