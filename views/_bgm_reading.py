"""What was read from a text, each of it to be changed: language, emotions, summary, keywords, scenes, topic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

import services
from support.figures import bgm as figures
from views import _bgm_edits as edits
from views import _bgm_state as states
from views import _cache
from views._bgm_shown import CHART, instrument
from views._shared import number, plain, text

KEPT_KEYWORDS = 12
"""Keywords shown of a text."""
MOST_LINES = 24
"""Sentences to choose a summary from, those that say most; one that is chosen is always among them."""
LINES_HEIGHT = 320


def draw(actor: services.Actor, reading: services.BgmReading) -> None:
    """Draw what was read, with what was changed of it."""
    with st.container(border=True, key="bgm_reading_box"):
        _language(actor, reading)
        edits.tell()
        _pictures(reading)
        _summary(reading)
        _keywords(reading)
        _scenes(reading)
        edits.draw()


def topic(reading: services.BgmReading) -> None:
    """Draw the topic with how sure it is; another one brings its own genres."""
    topics = list(reading.topic_scores)
    if not topics:
        return
    state = st.session_state
    state["bgm_topic"] = reading.topic
    shares = {name: f"{edits.topic(name)} · {number(100 * share)}%" for name, share in reading.topic_scores.items()}
    st.selectbox(f":material/topic: {text('bgm.read.topic')}", topics, key="bgm_topic", on_change=_take_topic,
                 format_func=shares.__getitem__, help=text("bgm.read.topic_help"))
    names = states.names("genres")
    linked = [each for each in reading.genres if each in names]
    st.caption(text("bgm.read.linked", genres=", ".join(names[each] for each in linked)))


def _take_topic() -> None:
    """Take another topic: its genres stand in the fields."""
    chosen = st.session_state["bgm_topic"]
    found = edits.without(topic=None).topic
    edits.change(replace(edits.edits_now(), topic=None if chosen == found else chosen))


# language ------------------------------------------------------------


def _language(actor: services.Actor, reading: services.BgmReading) -> None:
    """Draw the heading and the language; another one reads the text anew."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="bgm_read_head"):
        st.markdown(f"#### {text('bgm.read.found')}  \n"
                    f":small[:gray[{text('bgm.read.sentences', count=number(reading.sentences))}]]", width="stretch")
        st.session_state["bgm_read_lang"] = reading.lang
        st.selectbox(f":material/translate: {text('bgm.read.language')}", services.BGM_LANGS, key="bgm_read_lang",
                     format_func={lang: _share(lang, reading) for lang in services.BGM_LANGS}.__getitem__,
                     on_change=_take_language, args=(actor,), help=text("bgm.read.language_help"), width=230)


def _share(lang: str, reading: services.BgmReading) -> str:
    """Return a language with how much of the text is in it: ``English · 12% · found``; bare where none was found."""
    if not reading.found:
        return edits.language(lang)
    parts = [edits.language(lang), f"{number(100 * reading.shares.get(lang, 0.0))}%"]
    return " · ".join([*parts, *([text("bgm.read.is_found")] if lang == reading.found else [])])


def _take_language(actor: services.Actor) -> None:
    edits.read_in(actor, st.session_state["bgm_read_lang"])


# emotions ------------------------------------------------------------


def _pictures(reading: services.BgmReading) -> None:
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


def _emotions(reading: services.BgmReading) -> None:
    """Draw the emotions to be changed: moods, genres and feeling follow."""
    st.caption(text("bgm.read.emotions_note"))
    for name, value in reading.emotions.items():
        st.session_state[f"bgm_emotion_{name}"] = round(100 * value)
        st.slider(text(f"bgm.emotion.{name}"), 0, 100, key=f"bgm_emotion_{name}", format="%d%%", width=240,
                  on_change=_take_emotion, args=(name,))


def _take_emotion(name: str) -> None:
    """Take an emotion that was set by hand; set to what was read, it is as it was read."""
    percent, now = st.session_state[f"bgm_emotion_{name}"], edits.edits_now()
    others = {each: value for each, value in now.emotions.items() if each != name}
    found = round(100 * edits.without(emotions=others).emotions[name])
    edits.change(replace(now, emotions=others if percent == found else {**others, name: percent / 100}))


# summary ------------------------------------------------------------


def _summary(reading: services.BgmReading) -> None:
    """Draw the sentences that stand for the text, and all of them to choose from."""
    if not reading.lines:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="bgm_summary_head"):
        st.markdown(f"**{text('bgm.read.summary')}**", width="content", help=text("bgm.read.summary_help"))
        with st.popover(text("bgm.read.summary_edit"), icon=":material/checklist:"):
            _lines(reading)
    said = [f"> {plain(' '.join(sentence.text.split()))}\n" for sentence in reading.summary]
    st.markdown("\n".join(said) or f":gray[{text('bgm.read.summary_none')}]")


def _lines(reading: services.BgmReading) -> None:
    """Draw the sentences as boxes to tick, those that say most first."""
    chosen = {sentence.index for sentence in reading.summary}
    ranked = sorted(reading.lines, key=lambda line: (-round(line.rank, 6), line.index))
    offered = [line for place, line in enumerate(ranked) if place < MOST_LINES or line.index in chosen]
    st.caption(text("bgm.read.summary_note"))
    if len(offered) < reading.sentences:
        st.caption(text("bgm.read.summary_some", count=number(len(offered)), sentences=number(reading.sentences)))
    with st.container(height=LINES_HEIGHT if len(offered) > 6 else "content", border=False, key="bgm_lines"):
        for line in offered:
            key = f"bgm_line_{line.index}"
            st.session_state[key] = line.index in chosen
            st.checkbox(plain(" ".join(line.text.split())), key=key, on_change=_take_line, args=(line.index, key))


def _take_line(index: int, key: str) -> None:
    """Put a sentence into the summary or take it out; the sentences that were read make it as it was read."""
    chosen = {sentence.index for sentence in edits.now().summary} - {index}
    if st.session_state[key]:
        chosen.add(index)
    read = {sentence.index for sentence in edits.without(summary=None).summary}
    edits.change(replace(edits.edits_now(), summary=None if chosen == read else tuple(sorted(chosen))))


# keywords and scenes ------------------------------------------------------------


def _keywords(reading: services.BgmReading) -> None:
    words = list(dict.fromkeys(reading.keywords))[:KEPT_KEYWORDS]
    if words:
        st.session_state["bgm_words"] = [word for word in states.words_of(st.session_state["bgm_keywords"])
                                         if word in words]
        st.pills(text("bgm.read.words"), words, selection_mode="multi", key="bgm_words", wrap=True,
                 on_change=_take_words, args=(words,), help=text("bgm.read.words_help"))


def _take_words(offered: Sequence[str]) -> None:
    """Have the chosen words of a text be free keywords."""
    state = st.session_state
    others = [word for word in states.words_of(state["bgm_keywords"]) if word not in offered]
    state["bgm_keywords"] = ", ".join([*others, *state["bgm_words"]])[:states.LONGEST_WORDS]


def _scenes(reading: services.BgmReading) -> None:
    """Draw the scenes to be taken out or added, and what is heard of each."""
    words = {scene.scene: scene.word for scene in reading.scenes}
    names = {name: text(f"bgm_text.scene.{name}") for name in services.bgm_scenes()}
    labels = {name: " · ".join([shown, *_other_word(words.get(name, ""), shown)]) for name, shown in names.items()}
    st.session_state["bgm_scenes"] = list(words)
    st.multiselect(f"**{text('bgm.read.scenes')}**", list(names), key="bgm_scenes", format_func=labels.__getitem__,
                   max_selections=services.BGM_MOST_SCENES, filter_mode="contains", select_all=False,
                   placeholder=text("bgm.read.scenes_add"), on_change=_take_scenes, help=text("bgm.read.scenes_help"))
    lines = []
    for scene in reading.scenes:
        heard = [instrument(name) for name in (*scene.textures, *scene.instruments)]
        lines.append(f":violet-badge[{plain(names[scene.scene])}] :material/arrow_right: {', '.join(heard)}")
    if lines:
        st.markdown("  \n".join(lines))


def _other_word(word: str, shown: str) -> tuple[str, ...]:
    """Return the word that painted a scene, where it is not its name anyway."""
    return (word,) if word and word.casefold() != shown.casefold() else ()


def _take_scenes() -> None:
    """Take the chosen scenes over, those that were added in the order in which they were."""
    chosen, now = st.session_state["bgm_scenes"], edits.edits_now()
    read = tuple(scene.scene for scene in edits.without(scenes=None).scenes)
    before = read if now.scenes is None else now.scenes
    names = (*(name for name in before if name in chosen), *(name for name in chosen if name not in before))
    edits.change(replace(now, scenes=None if names == read else names))
