"""The report of a prediction: every state of it, both languages, nothing loaded from elsewhere, names as they are."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from test_reports import HOSTILE, Page

from locales import t
from usecases.hit_report import view_html
from usecases.hit_results import PartView, PredictionView

PNG = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010806000000"
                    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082")
PARTS = (PartView("features", "used", 0.62, 71.0, (("loudness", 0.4), ("tempo", 0.31), ("sections", -0.14)),
                  {"model": "hit_features", "date": "2026-01-20"}),
         PartView("audio", "untrained"), PartView("lyrics", "failed", facts={"code": "hit_lyrics.empty", "values": {}}))
VIEW = PredictionView(
    id=1, title="Midnight Ferry", artist="Luna Harbor", genre="POP", released=date(2026, 3, 6), state="done",
    error_code=None, error_values={}, job_id=None, owner="ann", own=True, public=False, token=None, batch_id=None,
    song_id=None, likes=0, liked=False, prior=0.01, score=71.6, score_low=58.0, score_high=83.0, probability=0.0184,
    probability_low=0.011, probability_high=0.0294, abstained=None, genre_percentile=64.0, genre_count=1234,
    parts=PARTS, clip=(20.0, 50.0), seconds=215.0, loudness=-9.13, peak=-0.4, format="OGG",
    measures={"tempo": 128.24, "loudness": -6.3, "duration_ms": 215_000.0, "key": 9, "mode": 0, "time_signature": 4,
              "sections": None, "chorus_hit": 44.6, "energy": 0.731}, left_out=("sections",),
    occlusion=tuple((5.0 * place, 5.0 * place + 5, math.sin(place) / 10) for place in range(43)),
    occlusion_by="features", lines=(("Morning light", 0.02), ("Stay, stay", -0.31), ("Nothing", 0.0)),
    tags=(("pop", 0.41), ("female_vocalists", 0.22)), waveform=tuple((-0.5, 0.5) for _ in range(50)), has_picture=True,
    lyrics="Morning light\n\nStay, stay", created_at=datetime(2026, 1, 28, 3, 4, tzinfo=UTC), finished_at=None)


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_it_says_what_came_out_relative_to_what_and_why(lang):
    page = Page(view_html(VIEW, PNG, lang))
    assert page.of("html") == [{"lang": lang}]
    assert page.said("h1") == [t(lang, "hit.file.title", name="Luna Harbor – Midnight Ferry")]
    assert page.said("h2") == [t(lang, key) for key in ("hit.file.result", "hit.parts.heading", "hit.why.heading",
                                                        "hit.file.sound", "hit.file.words", "hit.file.reading")]
    tiles = page.said("dd")
    assert tiles[:2] == ["72 / 100", t(lang, "hit.file.interval", low="58", high="83")]
    assert "1.84%" in tiles and "64" in tiles  # the probability never without its base rate
    assert any(t(lang, "hit.file.prior", prior="1%") in each for each in tiles)
    assert t(lang, "hit.file.genre_count", count="1,234") in tiles
    cells = page.said("td")
    assert f"{t(lang, 'hit.part.lyrics')}: {t(lang, 'errors.hit_lyrics.empty')}" in page.said("p")
    assert t(lang, "hit.part_state.untrained") in cells and "+0.62" in cells
    measured = dict(zip(cells, cells[1:], strict=False))
    assert measured[t(lang, "hit.measure.tempo")] == "128.2 BPM" and measured[t(lang, "hit.measure.energy")] == "0.73"
    assert measured[t(lang, "hit.measure.key")] == f"A {t(lang, 'hit.measured.mode_minor')}"
    assert measured[t(lang, "hit.measure.duration_ms")] == "3:35" and t(lang, "hit.measure.sections") not in cells
    assert cells[-4:] == ["Stay, stay", "−0.31", "Morning light", "+0.02"]  # the stronger first, none without effect


def test_a_part_nobody_trained_has_no_number():
    cells = Page(view_html(VIEW, None, "en")).said("td")
    place = cells.index(t("en", "hit.part.audio"))
    assert cells[place:place + 5] == [t("en", "hit.part.audio"), "not trained", "–", "–", "–"]


def figures(source):
    """Return the figures of a report by their places."""
    page = Page(source)
    found = [text for text in page.texts.get("script", []) if text.startswith('{"data"')]
    return [json.loads(text) for text in found]


def test_charts_are_the_score_the_parts_the_inputs_and_the_track_over_time():
    second = PartView("audio", "used", -0.2, 40.0, (("audio", -0.2),), {})
    drawn = figures(view_html(replace(VIEW, parts=(*PARTS, second)), PNG, "en"))
    assert len(drawn) == 4
    assert drawn[1]["data"][0]["x"] == [0.62, -0.2] and drawn[2]["data"][0]["x"] == [0.4, 0.31, -0.14]
    assert drawn[3]["layout"]["images"][0]["source"].startswith("data:image/png;base64,iVBORw0KGgo")
    assert "images" not in figures(view_html(VIEW, None, "en"))[2]["layout"]  # one part alone has no chart of parts


def test_nothing_is_loaded_and_names_are_text():
    hostile = replace(VIEW, title=HOSTILE, artist="<b>", lyrics=HOSTILE, lines=((HOSTILE, 0.2),), owner=HOSTILE)
    page = Page(view_html(hostile, PNG, "en"))
    assert not page.of("img") and not page.of("link") and not page.of("b")
    assert all("src" not in attrs and "href" not in attrs for _, attrs in page.elements)
    policy = page.of("meta")[1]["content"]
    assert "default-src 'none'" in policy and "http" not in policy.replace("http-equiv", "")
    assert HOSTILE.split("\u2028")[0] in "".join(page.texts["h1"])


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_no_score_is_said_with_its_reason(lang):
    view = replace(VIEW, score=None, score_low=None, score_high=None, probability=None, abstained="strange")
    page = Page(view_html(view, None, lang))
    said = " ".join(page.said("p"))
    assert t(lang, "hit.abstained.strange") in said and "/ 100" not in " ".join(page.said("dd"))
    assert t(lang, "hit.file.probability") not in page.said("dt")


@pytest.mark.parametrize(("state", "code"), [("failed", "audio.silent"), ("running", None), ("cancelled", None)])
def test_what_is_not_done_has_no_figures(state, code):
    view = replace(VIEW, state=state, error_code=code, score=None)
    source = view_html(view, None, "en")
    said = " ".join(Page(source).said("p"))
    assert t("en", f"job.{state}") in said and len(source) < 20_000
    assert code is None or t("en", f"errors.{code}") in said


def test_an_error_of_another_version_is_its_code():
    said = " ".join(Page(view_html(replace(VIEW, state="failed", error_code="gone.code"), None, "en")).said("p"))
    assert "gone.code" in said


def test_a_bare_prediction_still_makes_a_report():
    bare = replace(VIEW, artist="", released=None, seconds=None, format=None, parts=(), measures={}, left_out=(), tags=(),
                   occlusion=(), lines=(), waveform=(), lyrics=None, loudness=None, peak=None, genre_percentile=None)
    page = Page(view_html(bare, None, "ko"))
    assert page.said("h2") == [t("ko", "hit.file.result"), t("ko", "hit.file.reading")]
