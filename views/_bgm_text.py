"""The way from a text: the text, what was read from it as pictures, and all of it to be changed before it is used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

import services
from locales import texts
from support.errors import AppError
from support.figures import bgm as figures
from views import _bgm_caption, _bgm_ways, _cache, _shared
from views import _bgm_state as states
from views._bgm_shown import CHART, instrument
from views._hit_input import decoded
from views._shared import number, plain, text

LONGEST_TEXT = 20_000
"""Characters of a text that are read."""
TEXT_HEIGHT = 200
KEPT_KEYWORDS = 12
"""Keywords shown of a text."""


def draw(wish: services.BgmWish) -> None:
    """Draw the text's box, and what was read from it."""
    actor = _shared.frame().actor
    _box(actor, wish)
    reading = st.session_state.get("bgm_reading")
    if reading is None:
        return
    with st.container(border=True, key="bgm_reading_box"):
        _pictures(reading)
        _summary(reading)
        _scenes(reading)
    st.markdown(f"#### {text('bgm.read.edit')}")
    st.caption(text("bgm.read.edit_note"))
    _topic(reading)
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
                     type="secondary" if "bgm_reading" in state else "primary", disabled=not typed.strip()):
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
    state = st.session_state
    try:
        with st.spinner(text("bgm.read.reading")):
            words = states.words_of(state.get("bgm_text_keywords", ""))
            reading = services.read_bgm_text(actor, typed, words)
            read = services.bgm_wish_of(reading, _bare(wish))
    except AppError as error:
        _shared.error_box(error)
        return
    state["bgm_reading"] = reading
    state["bgm_put"] = read  # the fields are drawn already: they change in the run that follows
    st.rerun()


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


# what was read ------------------------------------------------------------


def _pictures(reading: services.BgmReading) -> None:
    st.markdown(f"#### {text('bgm.read.found')}  \n:small[:gray["
                f"{text(f'bgm.read.lang.{reading.lang}')} · {text('bgm.read.sentences', count=reading.sentences)}]]")
    left, right = st.columns(2, gap="medium")
    order = sorted(reading.emotions.items(), key=lambda item: -item[1])
    shown = [(text(f"bgm.emotion.{name}"), min(max(value, 0.0), 1.0)) for name, value in order]
    with left:
        st.markdown(f"**{text('bgm.read.emotions')}**")
        st.plotly_chart(_cache.Drawn(figures.emotions_figure(shown, labels={"hover": text("bgm.chart.emotion")})),
                        key="bgm_emotions", config=CHART, alt=text("bgm.chart.emotions_alt", name=shown[0][0]))
        with st.popover(text("bgm.read.emotions_edit"), icon=":material/tune:"):
            _emotions(reading)
    with right:
        st.markdown(f"**{text('bgm.read.point')}**")
        labels = {name: text(f"bgm.chart.circle_{name}") for name in (
            "left", "right", "top", "bottom", "excited", "tense", "low", "content", "hover")}
        valence, arousal = (min(max(value, -1.0), 1.0) for value in (reading.valence, reading.arousal))
        st.plotly_chart(_cache.Drawn(figures.circumplex_figure(valence, arousal, labels=labels)), key="bgm_circle",
                        config=CHART, alt=text("bgm.chart.circle_alt", valence=f"{valence:+.2f}",
                                               arousal=f"{arousal:+.2f}"))


def _summary(reading: services.BgmReading) -> None:
    if reading.summary:
        st.markdown(f"**{text('bgm.read.summary')}**")
        st.markdown("\n".join(f"> {plain(' '.join(sentence.text.split()))}\n" for sentence in reading.summary))
    words = list(dict.fromkeys(reading.keywords))[:KEPT_KEYWORDS]
    if words:
        st.session_state["bgm_words"] = [word for word in states.words_of(st.session_state["bgm_keywords"])
                                         if word in words]
        st.pills(text("bgm.read.words"), words, selection_mode="multi", key="bgm_words", wrap=True,
                 on_change=_take_words, args=(words,), help=text("bgm.read.words_help"))


def _emotions(reading: services.BgmReading) -> None:
    """Draw the emotions to be changed: moods, genres and feeling follow."""
    st.caption(text("bgm.read.emotions_note"))
    for name, value in reading.emotions.items():
        st.session_state[f"bgm_emotion_{name}"] = round(100 * value)
        st.slider(text(f"bgm.emotion.{name}"), 0, 100, key=f"bgm_emotion_{name}", format="%d%%", width=240,
                  on_change=_take_emotion, args=(name,))


def _take_emotion(name: str) -> None:
    """Take an emotion that was set by hand; what the text asks for stands in the fields anew."""
    state = st.session_state
    reading = services.bgm_with_emotions(state["bgm_reading"], {name: state[f"bgm_emotion_{name}"] / 100})
    state["bgm_reading"] = reading
    asked = services.bgm_wish_of(reading, services.BgmWish())
    state["bgm_genres"], state["bgm_moods"] = list(asked.genres), list(asked.moods)
    state["bgm_feel"] = states.write_feel([getattr(asked.feel or services.BgmFeel(), each) for each in states.FEELINGS])


def _take_words(offered: Sequence[str]) -> None:
    """Have the chosen words of a text be free keywords."""
    state = st.session_state
    others = [word for word in states.words_of(state["bgm_keywords"]) if word not in offered]
    state["bgm_keywords"] = ", ".join([*others, *state["bgm_words"]])[:states.LONGEST_WORDS]


def _scenes(reading: services.BgmReading) -> None:
    """Draw which words paint a scene, and what is heard of it."""
    if not reading.scenes:
        return
    lines = []
    for scene in reading.scenes:
        heard = [instrument(name) for name in (*scene.textures, *scene.instruments)]
        lines.append(f":violet-badge[{plain(scene.word)}] :material/arrow_right: {', '.join(heard)}")
    st.markdown(f"**{text('bgm.read.scenes')}**  \n" + "  \n".join(lines))


def _topic(reading: services.BgmReading) -> None:
    """Draw the topic with how sure it is; another one brings its own genres."""
    topics = list(reading.topic_scores)
    if not topics:
        return
    state = st.session_state
    state["bgm_topic"] = reading.topic
    shares = {name: f"{topic(name)} · {number(100 * share)}%" for name, share in reading.topic_scores.items()}
    st.selectbox(f":material/topic: {text('bgm.read.topic')}", topics, key="bgm_topic", on_change=_take_topic,
                 format_func=shares.__getitem__, help=text("bgm.read.topic_help"))
    names = states.names("genres")
    linked = [each for each in reading.genres if each in names]
    st.caption(text("bgm.read.linked", genres=", ".join(names[each] for each in linked)))


def _take_topic() -> None:
    """Take another topic: its genres stand in the fields."""
    state = st.session_state
    genres = states.told(services.bgm_topic_genres, state["bgm_topic"])
    if genres:
        reading = replace(state["bgm_reading"], topic=state["bgm_topic"], genres=tuple(genres))
        state["bgm_reading"] = reading
        state["bgm_genres"] = list(services.bgm_wish_of(reading, services.BgmWish()).genres)


def topic(name: str) -> str:
    """Return a topic in words."""
    for key in (f"bgm_text.topic.{name}", f"bgm.topic.{name}"):
        if key in texts(_shared.lang()):
            return text(key)
    return name.replace("_", " ")


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
