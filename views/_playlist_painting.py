"""A thumbnail by a model: which one, what it is asked, how far it is; without a model, what to set."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

import services
from views import _playlist_jobs as following
from views import _playlist_state as states
from views import _shared
from views._shared import plain, text

FIELDS = ("art_form", "subject", "details", "negative")
SETTINGS = ("DIFFUSION_MODEL", "OPENAI_API_KEY", "GOOGLE_API_KEY")


def draw(draft: services.Draft) -> None:
    """Draw the choice of a model, its prompt and the start."""
    actor, state = _shared.frame().actor, st.session_state
    painters = services.list_painters(actor)
    if not painters:
        st.info(text("plm.paint.none", settings=", ".join(f"`{name}`" for name in SETTINGS)),
                icon=":material/key_off:")
        return
    names = {one.place: f"{one.provider} · {one.model}" for one in painters}
    place = st.selectbox(text("plm.paint.model"), list(names), key="plm_painter", format_func=names.__getitem__)
    _prompt(actor, draft)
    known = state.get("plm_prompt")
    if known is not None and known[0] == draft.title:
        written = {field: st.session_state[f"plm_prompt_{field}"] for field in FIELDS}
        running = bool(state.get("plm_brush"))
        st.button(text("plm.paint.start"), key="plm_brush_start", type="primary", icon=":material/brush:",
                  disabled=running, on_click=_start, args=(draft, place, replace(known[1], **written)))
    following.show(actor, state.get("plm_brush", 0), "plm_brush", "plm.paint.step")


def _prompt(actor: services.Actor, draft: services.Draft) -> None:
    """Draw the prompt's fields once it is asked for: a title may be sent to a service to be translated."""
    known = st.session_state.get("plm_prompt")
    if known is None or known[0] != draft.title:
        st.button(text("plm.paint.prepare"), key="plm_prompt_make", icon=":material/edit_note:", on_click=_prepare,
                  args=(actor, draft), help=text("plm.paint.prepare_help"))
        return
    _, prompt, code = known
    left, right = st.columns(2, gap="medium")
    left.text_input(text("plm.paint.art_form"), key="plm_prompt_art_form", max_chars=120)
    right.text_input(text("plm.paint.details"), key="plm_prompt_details", max_chars=300)
    st.text_input(text("plm.paint.subject"), key="plm_prompt_subject", max_chars=300)
    st.caption(f":material/translate: {_came(draft.title, code)}")
    st.text_area(text("plm.paint.negative"), key="plm_prompt_negative", max_chars=600, height="content")


def _prepare(actor: services.Actor, draft: services.Draft) -> None:
    found = states.told(services.painting_prompt, actor, draft.title,
                        {name: weight for name, weight in draft.tags.items() if weight > 0} or None)
    if found is None:
        return
    prompt, code = found
    st.session_state["plm_prompt"] = (draft.title, prompt, code)
    st.session_state.update({f"plm_prompt_{field}": getattr(prompt, field) for field in FIELDS})


def _came(title: str, code: str | None) -> str:
    """Return how the subject came about."""
    if code is None:
        return text("plm.paint.came.english" if title.isascii() else "plm.paint.came.translated")
    known = {"painter.no_translator": "no_key", "painter.translation": "unusable"}
    return text(f"plm.paint.came.{known.get(code, 'failed')}", code=plain(code))


def _start(draft: services.Draft, place: int, prompt: object) -> None:
    state = st.session_state
    job = states.told(services.submit_painting, _shared.frame().actor, draft.title, place, prompt,
                      tags={name: weight for name, weight in draft.tags.items() if weight > 0},
                      playlist_id=state.get("plm_saved") or None)
    state["plm_brush"] = job.id if job else 0
