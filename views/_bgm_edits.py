"""What a user changes of a text's reading: kept beside what was read, followed by the fields, told, and taken back.

In the session ``bgm_found`` is the reading in the language that was found, ``bgm_as_read`` that in the language it is
read in, and ``bgm_reading`` the latter with ``bgm_edits``: the one that is shown and used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import streamlit as st

import services
from locales import texts
from support.errors import AppError
from views import _bgm_state as states
from views import _shared
from views._shared import text

MOST_TOLD = 3
"""Emotions whose change is told."""
LEAST_TOLD = 0.01


# to the session ------------------------------------------------------------


def begin(actor: services.Actor, typed: str, words: Sequence[str], lang: str | None = None) -> services.BgmReading:
    """Read a text and keep it; of the text read before, what was changed by hand stays.

    Raises
    ------
    NotAllowed, DataError
        As of `services.read_bgm_text`; what was read before stays.
    """
    state = st.session_state
    again = typed == state.get("bgm_read_text")
    forced = lang or (chosen_language() if again else None)
    found = services.read_bgm_text(actor, typed, words, forced)
    first = found
    if forced and found.found and found.found != forced:
        first = services.read_bgm_text(actor, typed, words)
    edits = _that_fit(edits_now(), found) if again else services.BgmEdits()
    state.update({"bgm_read_text": typed, "bgm_found": first, "bgm_as_read": found, "bgm_edits": edits,
                  "bgm_reading": services.edit_bgm_reading(found, edits)})
    return now()


def now() -> services.BgmReading:
    """Return the reading that is shown and used."""
    found: services.BgmReading = st.session_state["bgm_reading"]
    return found


def edits_now() -> services.BgmEdits:
    """Return what was changed by hand."""
    found: services.BgmEdits = st.session_state.get("bgm_edits", services.BgmEdits())
    return found


def chosen_language() -> str | None:
    """Return the language a user chose to have the text read in; None where it is the one that was found."""
    read = st.session_state.get("bgm_as_read")
    return read.lang if read is not None and read.lang != read.found else None


def changed() -> bool:
    """Return whether anything is not as it was read."""
    return edits_now() != services.BgmEdits() or st.session_state["bgm_as_read"] != st.session_state["bgm_found"]


def read_in(actor: services.Actor, lang: str) -> None:
    """Have the text read in another language; refused, everything stays as it is."""
    state = st.session_state
    before, read, edits = now(), state["bgm_as_read"], edits_now()
    try:
        if lang == state["bgm_found"].lang:
            read = state["bgm_found"]
        elif lang != read.lang:
            read = services.read_bgm_text(actor, state["bgm_read_text"], read.given, lang)
    except AppError as error:
        state["bgm_read_told"] = error.message(_shared.lang())
        return
    state["bgm_as_read"] = read
    _show(before, _that_fit(edits, read))
    state["bgm_read_did"] = (lang, differences(before, now(), skip=("bgm.read.language",)))


def change(edits: services.BgmEdits) -> None:
    """Take changes over; the fields that hung on what was read follow."""
    _show(now(), edits)


def back() -> None:
    """Have everything as it was read."""
    before = now()
    st.session_state["bgm_as_read"] = st.session_state["bgm_found"]
    _show(before, services.BgmEdits())


def without(**left_out: object) -> services.BgmReading:
    """Return the reading without some of the changes: what one of them would be if nobody had touched it."""
    found: services.BgmReading = services.edit_bgm_reading(
        st.session_state["bgm_as_read"], replace(edits_now(), **left_out))  # type: ignore[arg-type]
    return found


def _show(before: services.BgmReading, edits: services.BgmEdits) -> None:
    state = st.session_state
    made = states.told(services.edit_bgm_reading, state["bgm_as_read"], edits)
    if made is None:
        return
    state["bgm_edits"], state["bgm_reading"] = edits, made
    states.follow(_asked(before), _asked(made))


def _that_fit(edits: services.BgmEdits, reading: services.BgmReading) -> services.BgmEdits:
    """Return changes without sentences that this reading does not offer: of a long text it takes its own."""
    if edits.summary is None:
        return edits
    known = {line.index for line in reading.lines}
    fit = tuple(place for place in edits.summary if place in known)
    return replace(edits, summary=fit if fit or not edits.summary else None)


def _asked(reading: services.BgmReading) -> services.BgmWish:
    return services.bgm_wish_of(reading, services.BgmWish())


# what is different ------------------------------------------------------------


def tell() -> None:
    """Say once what another language changed, or why the text cannot be read in it."""
    state = st.session_state
    if refused := state.pop("bgm_read_told", None):
        st.error(_shared.plain_text(refused), icon=":material/translate:")
    if did := state.pop("bgm_read_did", None):
        lang, lines = did
        head = text("bgm.read.reread", language=language(lang))
        st.success("  \n".join([head, *(lines or [text("bgm.read.changed_nothing")])]), icon=":material/translate:")


def draw() -> None:
    """Say what is no longer as it was read and what that changed, with the way back.

    It stands below all that can be changed, so that nothing moves away under a finger.
    """
    if not changed():
        return
    lines = differences(st.session_state["bgm_found"], now())
    with st.container(key="bgm_changed"):
        st.markdown(f"**{text('bgm.read.changed')}**")
        st.caption("  \n".join(lines or [text("bgm.read.changed_nothing")]))
        st.button(text("bgm.read.back"), key="bgm_back_to_read", type="tertiary", icon=":material/undo:", on_click=back)


def differences(before: services.BgmReading, after: services.BgmReading, skip: Sequence[str] = ()) -> list[str]:
    """Return what one reading says and asks otherwise than another, one line each: ``Topic: Travel → War``."""
    was, asked = _asked(before), _asked(after)
    rows = [
        ("bgm.read.language", language(before.lang), language(after.lang)),
        ("bgm.read.words", _words(before), _words(after)),
        ("bgm.read.topic", topic(before.topic), topic(after.topic)),
        *((f"bgm.kind.{kind}", _terms(kind, getattr(was, kind)), _terms(kind, getattr(asked, kind)))
          for kind in ("moods", "genres", "textures", "instruments"))]
    return [*_emotions(before.emotions, after.emotions),
            *(f"{text(key)}: {_shared.plain(one)} → **{_shared.plain(other)}**"
              for key, one, other in rows if one != other and key not in skip)]


def _words(reading: services.BgmReading) -> str:
    return ", ".join(reading.keywords[:5]) or "–"


def _terms(kind: str, chosen: Sequence[str]) -> str:
    names = states.names(kind)
    return ", ".join(names.get(each, each) for each in chosen) or "–"


def _emotions(before: Mapping[str, float], after: Mapping[str, float]) -> list[str]:
    """Return a line of the emotions that moved most: ``Emotions: Fear 11 → 61%, Anger 30 → 12%``; none if none did."""
    moved = sorted((name for name in after if abs(after[name] - before[name]) >= LEAST_TOLD),
                   key=lambda name: -abs(after[name] - before[name]))[:MOST_TOLD]
    told = [f"{text(f'bgm.emotion.{name}')} {100 * before[name]:.0f} → **{100 * after[name]:.0f}%**" for name in moved]
    return [f"{text('bgm.read.emotions')}: {', '.join(told)}"] if told else []


def language(name: str) -> str:
    """Return a language in words."""
    return text(f"bgm.read.lang.{name}")


def topic(name: str) -> str:
    """Return a topic in words."""
    key = f"bgm_text.topic.{name}"
    return text(key) if key in texts(_shared.lang()) else name.replace("_", " ")
