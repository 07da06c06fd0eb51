"""A reading changed by hand: another language, summary, scenes and topic, with what follows, and the way back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from test_text_analysis import RAIN, SEA, embed

import text_analysis
from locales import texts
from music.wish import Feel, Wish
from support.errors import DataError
from text_analysis import Edits, edited
from texts import analysis, editing, feeling, language, topics, words
from texts.reading import EMOTIONS, Felt, Line, Reading, Scene, Sentence

MIXED = "비가 오는 night, 나는 alone 혼자 crying 울어. 창밖은 어둡다. Nobody knows."
RAINY, SEASIDE, WOODS = (Scene(name, name, words.scenes()[name].textures, words.scenes()[name].instruments)
                         for name in ("rain", "sea", "forest"))


def felt(sadness, happiness, valence, arousal=0.0):
    return Felt({**dict.fromkeys(EMOTIONS, 0.1), "sadness": sadness, "happiness": happiness}, valence, arousal)


def line(index, said, scenes=(), towards="travel"):
    """Return a line of 16 characters whose words speak for one topic."""
    return Line(index, f"{index:016d}", 0.25, said, tuple(2.0 * (name == towards) for name in words.topics()), scenes)


LINES = (line(0, felt(0.9, 0.1, -0.8), (RAINY,), "loss"), line(1, felt(0.7, 0.1, -0.6), (), "loss"),
         line(2, felt(0.1, 0.9, 0.8, 0.6), (SEASIDE,)), line(3, felt(0.1, 0.7, 0.6, 0.4), (WOODS,)))


@pytest.fixture
def sad():
    """Return a made-up reading of two sad and two happy sentences, summed up by the sad ones."""
    names = tuple(words.topics())
    shares = {name: 0.5 if name == "loss" else 0.5 / (len(names) - 1) for name in ("loss", *(each for each in names if each != "loss"))}
    return Reading(
        lang="ko", shares={"ko": 1.0, "en": 0.0, "other": 0.0}, keywords=("비",), given=(), sentences=4,
        summary=tuple(Sentence(each.index, each.text) for each in LINES[:2]), emotions=felt(0.5, 0.4, 0).emotions, valence=-0.1,
        arousal=0.1, arc=(), topic="loss", topic_scores=shares, genres=topics.genres_of("loss", -0.1, 0.1),
        scenes=(RAINY, SEASIDE), feel=Feel(-0.1, 0.1), moods=("sad",), found="ko", lines=LINES)


# the summary

def test_half_of_the_difference_between_two_summaries_is_added(sad):
    glad = edited(sad, Edits(summary=(2, 3)))
    # by hand: sadness 0.5 + (0.1 - 0.8) / 2, happiness 0.4 + (0.8 - 0.1) / 2, valence -0.1 + (0.7 - -0.7) / 2
    assert glad.emotions["sadness"] == pytest.approx(0.15) and glad.emotions["happiness"] == pytest.approx(0.75)
    assert glad.emotions["fear"] == pytest.approx(0.1) and sum(glad.topic_scores.values()) == pytest.approx(1)
    assert (glad.valence, glad.arousal) == (pytest.approx(0.6), pytest.approx(0.1 + 0.25))
    # topics: half of 2 more for travel, half of 2 less for loss, on the logarithm of their shares
    assert glad.topic_scores["travel"] / glad.topic_scores["loss"] == pytest.approx(np.exp(2) / 31, rel=1e-6)
    assert glad.feel.valence == glad.valence and "happy" in glad.moods and glad.genres != sad.genres
    assert [one.index for one in glad.summary] == [2, 3]
    assert text_analysis.to_wish(glad, Wish()).genres != text_analysis.to_wish(sad, Wish()).genres


def test_an_untouched_summary_moves_nothing_and_one_put_back_moves_it_back(sad):
    assert edited(sad, Edits()) is sad
    assert edited(sad, Edits(summary=(0, 1))) == sad
    nothing = edited(sad, Edits(summary=()))
    assert nothing == replace(sad, summary=()) and edited(sad, Edits(summary=(77,))) == nothing


def test_topics_turn_with_the_summary(sad):
    close = {name: 0.3 if name in ("loss", "travel") else 0.4 / 30 for name in sad.topic_scores}
    turned = edited(replace(sad, topic_scores=close), Edits(summary=(2, 3)))
    assert turned.topic == "travel" and set(turned.genres) <= set(words.topics()["travel"].genres)


def test_scenes_of_a_sentence_put_in_are_heard_first_and_of_one_taken_out_last(sad):
    assert [scene.scene for scene in edited(sad, Edits(summary=(0, 1, 2))).scenes] == ["sea", "rain"]
    assert [scene.scene for scene in edited(sad, Edits(summary=(1, 3))).scenes] == ["forest", "sea", "rain"]
    wish = text_analysis.to_wish(edited(sad, Edits(summary=(2, 3))), Wish())
    assert wish.textures == ("waves", "birds")


# scenes, topic, and all together

def test_scenes_are_taken_out_and_added_the_last_one_first(sad):
    assert edited(sad, Edits(scenes=("sea",))).scenes == (SEASIDE,)
    added = edited(sad, Edits(scenes=("rain", "sea", "campfire", "forest"))).scenes
    assert [scene.scene for scene in added] == ["forest", "campfire", "rain", "sea"]
    assert added[0] == WOODS and added[1].word == "" and added[1].textures == ("fire", "crickets")  # a line paints the forest, none a fire
    bare = text_analysis.to_wish(edited(sad, Edits(scenes=())), Wish())
    assert bare.textures == bare.instruments == ()
    assert len(edited(sad, Edits(scenes=tuple(words.scenes()))).scenes) == editing.MOST_SCENES


def test_what_is_set_by_hand_stands_whatever_the_summary_says(sad):
    made = edited(sad, Edits((2, 3), ("sea",), {"sadness": 1.0}, "war"))
    assert (made.topic, made.emotions["sadness"], [scene.scene for scene in made.scenes]) == ("war", 1.0, ["sea"])
    assert made.genres == topics.genres_of("war", made.valence, made.arousal) and made.emotions["happiness"] == pytest.approx(0.75)


@pytest.mark.parametrize(("edits", "code"), [(Edits(topic="nope"), "topic"), (Edits(scenes=("rain", "moon base")), "scene")])
def test_there_is_no_such_thing(sad, edits, code):
    with pytest.raises(DataError) as told:
        edited(sad, edits)
    assert told.value.code == f"bgm_text.{code}" and all(f"errors.bgm_text.{code}" in texts(lang) for lang in ("ko", "en"))


# the language

def test_a_mixed_sentence_is_read_in_the_language_that_was_chosen():
    said = MIXED.split(". ")
    assert [language.of_sentence(each, "en") for each in said] == ["en", "ko", "en"]
    assert [language.of_sentence(each, "ko") for each in said] == ["ko", "ko", "en"]
    korean, english = (analysis._parsed(said, lang) for lang in ("ko", "en"))
    assert {"비", "혼자"} <= {each.form for each in korean[0]} and [each.form for each in english[0]] == ["night", "alone", "crying"]
    assert korean[1] == english[1] and korean[2] == english[2]


def test_a_reading_tells_the_language_found_from_the_one_it_was_read_in():
    found, english = text_analysis.analyse(MIXED, embed), text_analysis.analyse(MIXED, embed, chosen="en")
    assert (found.lang, found.found, english.lang, english.found) == ("ko", "ko", "en", "ko")
    assert english.shares == found.shares and english.emotions != found.emotions and "비" not in english.keywords
    assert [each.index for each in english.lines] == [0, 1, 2] and english.sentences == 3
    assert text_analysis.analyse(RAIN, embed, chosen="ko") == text_analysis.analyse(RAIN, embed)


@pytest.mark.parametrize(("text", "lang", "code"), [
    (RAIN, "en", "no_english"), (SEA, "ko", "no_korean"), ("雨が降る夜", "en", "no_english"), ("Дождь шёл", "ko", "no_korean")])
def test_a_language_without_a_word_is_refused(text, lang, code):
    with pytest.raises(DataError) as told:
        text_analysis.analyse(text, embed, chosen=lang)
    assert told.value.code == f"bgm_text.{code}" and not language.has_words(text, lang)


def test_a_text_taken_for_another_language_can_be_read_all_the_same():
    text = "La vida es una noche de lluvia y los dos en el mar"
    with pytest.raises(DataError):
        text_analysis.analyse(text, embed)
    found = text_analysis.analyse(text, embed, chosen="en")
    assert (found.lang, found.found) == ("en", "") and found.lines


def test_the_lines_hold_what_each_sentence_says():
    found = text_analysis.analyse(RAIN, embed)
    assert [each.index for each in found.lines] == list(range(5)) and {one.index for one in found.summary} <= set(range(5))
    assert sum(each.rank for each in found.lines) == pytest.approx(1) and all(len(each.topics) == 32 for each in found.lines)
    assert [scene.scene for scene in found.lines[0].scenes] == ["rain", "night"] and found.lines[2].scenes == ()
    together = feeling.together([each.felt for each in found.lines], [len(each.text) for each in found.lines])
    assert -1 <= together.valence <= 1 and found.lines[3].felt.emotions["sadness"] > found.lines[0].felt.emotions["happiness"]
