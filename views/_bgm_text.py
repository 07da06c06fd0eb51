"""The way from a text: the text, what was read from it, and all of it to be changed before it is used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

import services
from support.errors import AppError
from views import _bgm_caption, _bgm_edits, _bgm_reading, _bgm_ways, _shared
from views import _bgm_state as states
from views._hit_input import decoded
from views._shared import number, plain, text

LONGEST_TEXT = 20_000
"""Characters of a text that are read."""
TEXT_HEIGHT = 200


def draw(wish: services.BgmWish) -> None:
    """Draw the text's box, and what was read from it."""
    actor = _shared.frame().actor
    _box(actor, wish)
    reading = st.session_state.get("bgm_reading")
    if reading is None:
        return
    _bgm_reading.draw(actor, reading)
    st.markdown(f"#### {text('bgm.read.edit')}")
    st.caption(text("bgm.read.edit_note"))
    _bgm_reading.topic(reading)
    _bgm_ways.extra()
    _feel(wish)


# the text ------------------------------------------------------------


def _box(actor: services.Actor, wish: services.BgmWish) -> None:
    state = st.session_state
    above = st.container()  # the file is read first: its text goes into the box above it
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="bgm_text_more"):
        st.text_input(text("bgm.read.keywords"), key="bgm_text_keywords", max_chars=states.LONGEST_WORDS,
                      placeholder=text("bgm.read.keywords_hint"))
        with st.popover(text("bgm.read.file"), icon=":material/upload_file:"):
            unread = _file()
    state.setdefault("bgm_text", state.get("bgm_text_kept", ""))
    demo = _from_the_tour()
    typed = above.text_area(text("bgm.read.label"), key="bgm_text", height=TEXT_HEIGHT, max_chars=LONGEST_TEXT,
                            placeholder=text("bgm.read.hint"))
    state["bgm_text_kept"] = typed
    if demo is not None and typed == _lyrics(demo.lyrics):
        above.caption(text("bgm.read.of_demo", artist=plain(demo.artist), title=plain(demo.title)))
    if unread:
        st.warning(unread, icon=":material/edit:")
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        if st.button(text("bgm.read.start"), key="bgm_read", icon=":material/psychology:",
                     type="secondary" if state.get("bgm_read_text") == typed else "primary",
                     disabled=not typed.strip()):
            _read(actor, typed, wish)
        if not typed.strip():
            st.caption(text("bgm.read.blank"))
            _demo()
        _writers(actor, typed, wish)


def _file() -> str | None:
    """Draw the box of a text file and take its text over; return what is wrong with it."""
    state = st.session_state
    file = st.file_uploader(text("bgm.read.upload"), type=["txt"], key="bgm_txt", max_upload_size=1)
    if file is None or state.get("bgm_txt_read") == file.file_id:
        return None
    found = decoded(file.getvalue())
    state["bgm_txt_read"] = file.file_id
    if found is None:
        return text("bgm.read.bad_file")
    state["bgm_text"] = found[:LONGEST_TEXT]
    return text("bgm.read.cut", most=number(LONGEST_TEXT)) if len(found) > LONGEST_TEXT else None


def _demo() -> None:
    demo = services.demo_song()
    if demo is not None:
        st.button(text("bgm.read.demo", title=plain(demo.title)), key="bgm_read_demo", type="tertiary",
                  icon=":material/lyrics:", on_click=_take_demo, args=(demo.lyrics,))


def _take_demo(lyrics: str) -> None:
    st.session_state["bgm_text"] = _lyrics(lyrics)


def _lyrics(kept: str) -> str:
    """Return lyrics without their heading ``Artist - Title:``."""
    return "\n".join(kept.splitlines()[1:]).strip()[:LONGEST_TEXT]


def _from_the_tour() -> services.DemoSong | None:
    """Return the demo song where the tour led here; its lyrics are in the box, unless there is a text already."""
    source = _shared.in_url("source", "bgm_source", _shared.one_of(("own", "demo")), "own", quiet=True)
    demo = services.demo_song() if source == "demo" else None
    if demo is not None and not st.session_state["bgm_text"]:
        _take_demo(demo.lyrics)
    return demo


def _read(actor: services.Actor, typed: str, wish: services.BgmWish) -> None:
    """Read a text and have the fields say what it asks for; what is exact stays as it was."""
    try:
        with st.spinner(text("bgm.read.reading")):
            reading = _bgm_edits.begin(actor, typed, _own_words())
            read = services.bgm_wish_of(reading, _bare(wish))
    except AppError as error:
        _shared.error_box(error)
        if error.code == "bgm_text.language":
            _in_spite(actor, typed, wish)
        return
    st.session_state["bgm_put"] = read  # the fields are drawn already: they change in the run that follows
    st.rerun()


def _own_words() -> tuple[str, ...]:
    return states.words_of(st.session_state.get("bgm_text_keywords", ""))


def _in_spite(actor: services.Actor, typed: str, wish: services.BgmWish) -> None:
    """Offer to read a text all the same, in a language of which it has words: the guess may be wrong."""
    for lang in services.bgm_langs_of(typed):
        st.button(text("bgm.read.read_as", language=_bgm_edits.language(lang)), key=f"bgm_read_as_{lang}",
                  icon=":material/translate:", on_click=_read_as, args=(actor, typed, lang, wish))


def _read_as(actor: services.Actor, typed: str, lang: str, wish: services.BgmWish) -> None:
    reading = states.told(_bgm_edits.begin, actor, typed, _own_words(), lang)
    if reading is not None:
        states.put(services.bgm_wish_of(reading, _bare(wish)))


def _bare(wish: services.BgmWish) -> services.BgmWish:
    """Return a wish without what was chosen: a text says it anew."""
    return replace(wish, genres=(), moods=(), instruments=(), textures=(), keywords=(), feel=None)


def _writers(actor: services.Actor, typed: str, wish: services.BgmWish) -> None:
    """Offer the caption of a language model, where there is a key for one."""
    names = services.bgm_writers()
    if not names or not typed.strip():
        return
    with st.popover(text("bgm.read.writer"), icon=":material/stylus_note:"):
        name = names[0]
        if len(names) > 1:
            name = st.selectbox(text("bgm.read.writer_which"), names, key="bgm_writer") or name
        st.caption(text("bgm.read.writer_note", name=plain(name)))
        st.button(text("bgm.read.writer_start"), key="bgm_write", type="primary", on_click=_write,
                  args=(actor, typed, name, wish))


def _write(actor: services.Actor, typed: str, name: str, wish: services.BgmWish) -> None:
    caption = states.told(services.write_bgm_caption, actor, typed, name, _shared.lang())
    if caption:
        _bgm_caption.take(caption, _bare(wish))


# feeling ------------------------------------------------------------


def _feel(wish: services.BgmWish) -> None:
    """Draw how the music is to feel, moods and text together; what is changed is what the text adds to the moods."""
    if wish.feel is None:
        return
    st.markdown(f"**{text('bgm.feel.heading')}**", help=text("bgm.feel.help"))
    moods = _of_moods(wish.moods)
    with st.container(horizontal=True, gap="medium", key="bgm_feel_sliders"):
        for name in states.FEELINGS:
            key = f"bgm_feel_{name}"
            st.session_state[key] = _step(moods[name] + getattr(wish.feel, name))
            st.slider(text(f"bgm.feel.{name}"), -1.0, 1.0, key=key, step=0.05, on_change=_take_feel,
                      args=(wish.feel, name, moods[name]), width=200)


def _of_moods(chosen: Sequence[str]) -> dict[str, float]:
    """Return the mean feeling of the chosen moods."""
    known = [mood for mood in services.bgm_terms("moods") if mood.id in chosen]
    return {name: sum(getattr(mood, name) for mood in known) / max(len(known), 1) for name in states.FEELINGS}


def _step(value: float) -> float:
    """Return a value as the sliders have it."""
    return round(20 * max(-1.0, min(1.0, value))) / 20


def _take_feel(feel: services.BgmFeel, name: str, moods: float) -> None:
    state = st.session_state
    changed = replace(feel, **{name: state[f"bgm_feel_{name}"] - moods})
    state["bgm_feel"] = states.write_feel([getattr(changed, each) for each in states.FEELINGS])
