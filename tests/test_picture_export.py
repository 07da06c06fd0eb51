"""What a picture's songs leave the product as: hashtags, reasons, lists, a card."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from PIL import Image

import services
from accounts import LOCAL_ADMINISTRATOR as ADMIN
from recommender import Why, vocabulary
from support.errors import DataError
from usecases import picture_export
from usecases.picture_results import ImageTag, Listen, PictureSearch, PictureView, Recommendation

WHY = Why(("휴식", "밤"), (("잔잔한", "편안한", 0.6), ("행복", "기쁨", 0.5), ("여름", "휴가/여행", 0.4)), ("겨울",))
SONGS = (Recommendation(1, 11, 1, "밤의\n바다", "물빛정거장", "발라드", 0.874, True, WHY, ("밤",)),
         Recommendation(2, 12, None, "=SUM(A1)", "Luna, Harbor", "POP", 0.5, False, Why((), (), ()), ()))
SEARCH = PictureSearch(("발라드", "POP"), 5, 0, 0.0, {"밤": 1.0}, "", 9, SONGS)
VIEW = PictureView(3, True, "mina", None, 120, 90, "PNG", "t", {}, (ImageTag("비오는날", "weather", 0.9, "seen", 0.9, ""),), "", None,
                   datetime(2026, 1, 1, tzinfo=UTC), None, None, SEARCH)


@pytest.fixture(autouse=True)
def videos(monkeypatch):
    """Know the video of the first song."""
    monkeypatch.setattr(picture_export, "known_videos",
                        lambda actor, ids: {1: Listen("https://www.youtube.com/watch?v=dQw4w9WgXcQ", "dQw4w9WgXcQ")} if ids == [1] else {})


def test_every_tag_is_a_hashtag_in_both_languages():
    assert services.hashtag("비오는날", "ko") == "#비오는날" and services.hashtag("휴가/여행", "ko") == "#휴가여행"
    tags = {lang: [services.hashtag(name, lang) for name in vocabulary().names] for lang in ("ko", "en")}
    for found in tags.values():
        assert len(set(found)) == len(found) and all(tag[1:].isalnum() for tag in found)
    assert tags["en"][vocabulary().place("비오는날")] == "#RainyDay"


def test_a_reason_names_each_kind_that_is_there():
    korean = services.why_lines(WHY, "ko")
    assert korean == ("같은 태그: 휴식, 밤", "가까운 태그: 잔잔한 ≈ 편안한, 행복 ≈ 기쁨", "어긋나는 태그: 겨울")
    assert len(services.why_lines(WHY, "en")) == 3 and services.why_lines(Why((), (), ()), "en") == ()


def test_the_lists_hold_names_and_links_that_are_known_or_a_search():
    lines = services.song_m3u8(ADMIN, SEARCH).decode().splitlines()
    assert lines[:3] == ["#EXTM3U", "#EXTINF:-1,물빛정거장 - 밤의 바다", "https://www.youtube.com/watch?v=dQw4w9WgXcQ"]
    assert lines[4] == "https://www.youtube.com/results?search_query=Luna%2C+Harbor+%3DSUM%28A1%29" and len(lines) == 5
    table = services.song_table(ADMIN, SEARCH, "en")
    assert list(table.columns)[:3] == ["Rank", "Title", "Artist"] and table["Similarity (%)"].tolist() == [87, 50]
    assert services.song_text(SEARCH, VIEW.hashtags, "ko").splitlines()[0] == "#비오는날"
    assert services.song_text(SEARCH, (), "ko").splitlines()[0] == "1. 물빛정거장 - 밤의 바다 (발라드, 87%)"


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_the_card_is_a_png_that_grows_with_the_songs(monkeypatch, lang):
    out = io.BytesIO()
    Image.new("RGB", (120, 90), "navy").save(out, "JPEG")
    monkeypatch.setattr(picture_export, "picture_jpeg", lambda actor, view: out.getvalue())
    cards = [Image.open(io.BytesIO(services.picture_card(ADMIN, replace(VIEW, search=replace(SEARCH, songs=songs)), lang)))
             for songs in (SONGS[:1], SONGS)]
    assert [card.format for card in cards] == ["PNG", "PNG"] and cards[0].width == cards[1].width == 1080
    assert cards[1].height > cards[0].height
    with pytest.raises(DataError) as caught:
        services.picture_card(ADMIN, replace(VIEW, search=None), lang)
    assert caught.value.code == "picture.no_songs"
