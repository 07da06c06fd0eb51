"""The news at Home: a welcome at first, a quiet line when nothing came, cards when something did."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from conftest import words

from locales import t
from usecases.news import News, NewsGroup, NewsSyncs, NewsThing

MOMENT = datetime(2026, 1, 28, 3, 4, tzinfo=UTC)


def one(kind, number, page, fact, *, title="Palette", note="IU", state="done"):
    return NewsThing(kind, number, title, note, state, MOMENT, fact, page, {"id": str(number)})


def full():
    return News(MOMENT, NewsSyncs(3, 1, 12, 0, 5, 4_321, (("iu", "IU", 4_000),), MOMENT), 2, (
        NewsGroup("audition", (one("audition", 5, "ai_judges", "HIT"),
                               one("audition", 4, "ai_judges", None, state="failed")), 7, 1),
        NewsGroup("prediction", (one("prediction", 9, "hit_prediction", "72"),), 1, 0),
        NewsGroup("bgm", (one("bgm", 2, "text_to_bgm", "4", note=""),), 1, 0),
        NewsGroup("post", (one("post", 3, "community", "2", title="<b>Hello</b>", note="vik"),
                           one("post", 1, "community", "1", note="")), 2, 0)))


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_everything_new_is_named_and_leads_to_its_page(open_app, fake, lang):
    fake.found_news = full()
    app = open_app(locale="en-US" if lang == "en" else "ko-KR")
    assert not app.exception
    shown = words(app)
    assert f"### {t(lang, 'news.title')}" in shown and "4,321" in shown and "HIT" in shown
    assert t(lang, "news.answers", count="2", name="vik") in shown and t(lang, "news.somebody") in shown
    assert t(lang, "news.more", count="4") in shown and t(lang, "job.failed") in shown
    links = {(link.proto.page, link.proto.query_string): link.proto.label for link in app.main.get("page_link")}
    for place in (("ai_judges", "id=5"), ("hit_prediction", "id=9"), ("text_to_bgm", "id=2"),
                  ("growth_radar", "artist=iu"), ("advanced_analysis", "tab=alerts")):
        assert place in links
    assert "<b>" not in shown + "".join(links.values())
    assert fake.called("news")[-1][0][1] == MOMENT


def test_nothing_new_is_one_quiet_line(open_app, fake):
    app = open_app(locale="en-US")
    assert any(each.value.startswith(":material/check: Nothing new since your last visit") for each in app.caption)
    assert t("en", "news.title") not in words(app)


def test_a_first_visit_is_welcomed(open_app, fake):
    fake.visited = None
    shown = words(open_app(locale="en-US"))
    assert "**Welcome.**" in shown and t("en", "news.welcome_body") in shown
    fake.as_member()
    assert "**Welcome, mina.**" in words(open_app(locale="en-US"))
