"""The song dossier as a user meets it: a song chosen, its sections, links to share, what is gone; the search."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import plotly.graph_objects as go
import pytest
from conftest import in_place, words
from fake_dossier import EMPTY, FULL, STRANGER, TOKEN, FakeDossiers, growth
from pages import LANGUAGES, keys, links, opening, press

from accounts import Actor
from locales import t
from support.errors import DataError, NotFound
from support.figures.dossier import Outlook, growth_figure
from usecases.dossier_results import DossierSong, Found, FoundGroup

SECTIONS = ("growth", "auditions", "predictions", "mood", "playlists", "thumbnails", "tracks")
VIEWER = Actor(9, "viewer", "vik")


@pytest.fixture
def fake(monkeypatch):
    """Put a fresh fake that has dossiers in the place of `services`."""
    yield from in_place(monkeypatch, FakeDossiers())


opened = opening("song_dossier")


# --- a song chosen ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_without_a_song_those_with_most_to_show_are_offered(opened, fake, locale, lang):
    app = opened(locale)
    assert t(lang, "dossier.choose.rich") in words(app)
    assert fake.called("list_dossier_songs")[0][0][1:] == ("", 20)
    assert [query for page, query in links(app) if page == "song_dossier"] == [f"song={FULL}", f"song={EMPTY}"]


def test_a_search_narrows_the_songs_and_says_when_there_is_none(opened):
    app = opened()
    app.text_input(key="dossier_q").input("marigold").run()
    assert [query for page, query in links(app) if page == "song_dossier"] == [f"song={FULL}"]
    app.text_input(key="dossier_q").input("no_such*song").run()
    assert t("en", "dossier.choose.none", text=r"no\_such\*song") in words(app)


def test_with_no_song_at_all_the_ways_to_one_are_shown(opened, fake):
    fake.dossiers.clear()
    app = opened()
    assert t("en", "dossier.empty.title") in words(app) and ("data", "tab=upload") in links(app)


def test_a_new_song_opens_and_its_names_are_asked_for(opened, fake):
    app = press(opened(), "dossier_new_make")
    assert t("en", "errors.dossier.names", most=200) in words(app)
    app.text_input(key="dossier_new_artist").input("Luna")
    app.text_input(key="dossier_new_title").input("Night Ferry")
    press(app, "dossier_new_make")
    assert "### Night Ferry" in words(app) and app.query_params["song"] in ("4", ["4"])


def test_who_may_only_look_makes_and_shares_nothing(opened, fake):
    fake.actor = VIEWER
    assert "dossier_new_make" not in keys(opened())
    app = opened(song=str(FULL))
    assert "dossier_share_make" not in keys(app) and app.button(key="dossier_make_auditions").disabled


def test_a_song_that_is_gone_says_so_and_offers_others(opened):
    app = opened(song=str(STRANGER))
    assert t("en", "errors.dossier.gone") in words(app) and "song" not in app.query_params
    assert t("en", "dossier.choose.rich") in words(app)


def test_names_are_shown_as_they_are_and_no_file_is_taken_for_a_cover(opened, fake):
    bad = DossierSong(FULL, 1, "<script>alert(1)</script>", "_a_ **b** $x$", None, None, "/etc/passwd")
    fake.dossiers[FULL] = replace(fake.dossiers[FULL], song=bad)
    app = opened(song=str(FULL))
    assert r"\_a\_ \*\*b\*\* \$x\$" in words(app) and r"\<script\>alert\(1\)\</script\>" in words(app)
    assert not [image for image in app.get("imgs") if "passwd" in str(image.proto)]


# --- sections -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_a_full_dossier_shows_every_section(opened, locale, lang):
    app = opened(locale, song=str(FULL))
    shown = words(app)
    for name in SECTIONS:
        assert t(lang, f"dossier.{name}.title") in shown and t(lang, f"dossier.{name}.empty") not in shown
    assert t(lang, "dossier.auditions.total", total="243") in shown and ":blue-badge[GOOD]" in shown
    assert t(lang, "dossier.auditions.no_verdict") in shown
    assert t(lang, "dossier.predictions.interval", low="58", high="83") in shown
    assert t(lang, "dossier.predictions.probability", percent="2.3") in shown and t(lang, "hit.abstained.strange") in shown
    assert t(lang, "dossier.cut", shown="5", count="17") in shown
    assert t(lang, "dossier.growth.no_forecast") in shown
    assert len(app.get("audio")) == 2 and len(app.get("plotly_chart")) == 3


def test_each_thing_links_to_where_it_lives(opened):
    found = links(opened(song=str(FULL)))
    assert ("ai_judges", "tab=audition&audition=5") in found
    assert ("hit_prediction", "tab=analyse&prediction=9") in found
    assert ("playlist_maker", "tab=make&saved=6") in found
    assert ("playlist_maker", "tab=make&saved=2") not in found
    assert ("text_to_bgm", "tab=make&batch=7") in found
    assert [query for page, query in found if page == "song_dossier"] == ["song=2", "song=3"]
    radar = next(query for page, query in found if page == "growth_radar")
    assert "artist=" in radar and "song=" in radar


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_what_is_empty_says_so_with_a_way_to_make_it(opened, locale, lang):
    app = opened(locale, song=str(EMPTY))
    for name in SECTIONS:
        assert t(lang, f"dossier.{name}.empty") in words(app)
        assert app.button(key=f"dossier_make_{name}").label == t(lang, f"dossier.{name}.make")


def test_the_pages_that_make_things_open_filled_in_for_the_song(fake):
    from views import _dossier_empty as empty

    full, bare = fake.dossiers[FULL], fake.dossiers[EMPTY]
    assert empty.query("auditions", full)["song"] == "12"
    assert empty.query("auditions", bare)["q"] == "여울담 새벽우편함"
    assert empty.query("thumbnails", bare) == {"tab": "make", "saved": "0", "title": "새벽우편함"}
    assert "k" in empty.query("tracks", full) and "k" not in empty.query("tracks", bare)
    assert empty.query("mood", bare)["q"] == "새벽우편함"


def test_a_recording_is_asked_for_with_the_songs_names(opened):
    app = press(opened(song=str(FULL)), "dossier_make_predictions")
    assert app.text_input(key="hit_name").value == "Parallel Summer"
    assert app.text_input(key="hit_artist").value == "Neon Marigold"


def test_more_pictures_come_when_they_are_asked_for(opened, fake):
    app = opened(song=str(FULL))
    assert len(fake.called("dossier_picture")) == 4
    press(app, "dossier_all_thumbnails_go")
    assert {args[1] for args, _ in fake.called("dossier_picture")} == {20, 21, 22, 23, 24}


def test_a_picture_deleted_meanwhile_is_said_and_the_rest_stays(opened, fake):
    fake.failures["dossier_picture"] = NotFound("playlist.picture_gone")
    app = opened(song=str(FULL))
    assert t("en", "errors.playlist.picture_gone") in words(app) and "Soft rain under neon" in words(app)


def test_a_failure_is_shown_and_the_choice_stays(opened, fake):
    fake.failures["get_dossier"] = DataError("unexpected", kind="test")
    app = opened(song=str(FULL))
    assert len(app.error) == 1 and t("en", "dossier.choose.rich") in words(app)


def test_an_earlier_prediction_can_be_added(opened, fake):
    mine = fake.put_hit(title="Parallel Summer demo")
    app = opened(song=str(FULL))
    press(app, f"dossier_add_{mine.id}")
    assert fake.called("attach_prediction")[0][0][1:] == (mine.id, FULL)
    assert t("en", "dossier.predictions.added") in words(app)


def test_a_total_that_fell_has_its_sign(opened, fake):
    fallen = replace(growth("spotify", 830_000), gain_30=-1200.0)
    fake.dossiers[FULL] = replace(fake.dossiers[FULL], growth=(fallen,))
    assert t("en", "dossier.growth.gain", gain="−1.2K") in words(opened(song=str(FULL)))


# --- links to share -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_a_link_is_made_for_the_days_chosen_and_shown_once(opened, fake, locale, lang):
    app = opened(locale, song=str(FULL))
    next(group for group in app.get("button_group") if group.key == "dossier_days").set_value("7").run()
    press(app, "dossier_share_make")
    assert fake.called("share_dossier")[0][0][1:] == (FULL, 7)
    assert app.code[0].value.endswith(f"song_dossier?share={TOKEN}")
    assert t(lang, "dossier.share.copy") in words(app) and "dossier_revoke_1" in keys(app)
    assert not opened(locale, song=str(FULL)).code  # another session has only the list


def test_a_link_is_revoked_once_that_is_confirmed(opened, fake):
    fake.put_share(opened=3)
    app = press(opened(song=str(FULL)), "dossier_revoke_1")
    assert t("en", "dossier.share.revoke_what", count="3") in words(app) and not fake.called("revoke_dossier_share")
    app.button(key="dossier_revoke_1").click()  # here a dialog's button draws the whole page again
    press(app, "dossier_revoke_yes")
    assert fake.called("revoke_dossier_share")[0][0][1:] == (1,)
    assert t("en", "dossier.share.is_revoked") in words(app) and "dossier_revoke_1" not in keys(app)


def test_links_that_hold_no_more_say_why_and_cannot_be_revoked(opened, fake):
    fake.put_share(expires_at=datetime.now(UTC) - timedelta(days=1))
    fake.put_share(revoked_at=datetime.now(UTC))
    app = opened(song=str(FULL))
    shown = words(app)
    assert t("en", "dossier.share.revoked") in shown and "timer_off" in shown
    assert not {"dossier_revoke_1", "dossier_revoke_2"} & keys(app)


def test_a_refused_link_says_why(opened, fake):
    fake.failures["share_dossier"] = DataError("dossier.many_links", most=50)
    app = press(opened(song=str(FULL)), "dossier_share_make")
    assert t("en", "errors.dossier.many_links", most=50) in words(app) and not app.code


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_a_link_shows_the_dossier_to_look_at_only(opened, fake, locale, lang):
    fake.put_share()
    app = opened(locale, share=TOKEN)
    shown = words(app)
    assert t(lang, "dossier.linked") in shown and "### Parallel Summer" in shown and "Soft rain under neon" in shown
    assert not {key for key in keys(app) if key and key.startswith("dossier_") and "_all_" not in key}
    assert t(lang, "dossier.playlists.own") + "]" not in shown
    pages = {"ai_judges", "hit_prediction", "playlist_maker", "text_to_bgm", "growth_radar", "song_dossier"}
    assert not [page for page, _ in links(app) if page in pages]
    assert {args[2] for args, _ in fake.called("dossier_picture")} <= {TOKEN}
    assert not fake.called("get_dossier") and not fake.called("list_dossier_shares")


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_a_link_that_is_gone_says_so_and_shows_nothing(opened, fake, locale, lang):
    fake.put_share(revoked_at=datetime.now(UTC))
    for token in (TOKEN, "never-made"):
        app = opened(locale, share=token)
        assert t(lang, "errors.dossier.link_gone") in words(app) and "Parallel Summer" not in words(app)


def test_an_empty_section_of_a_linked_dossier_offers_nothing_to_make(opened, fake):
    fake.put_share()
    fake.dossiers[FULL] = fake.dossiers[EMPTY]
    app = opened(share=TOKEN)
    assert words(app).count(t("en", "dossier.nothing")) == len(SECTIONS) and "dossier_make_growth" not in keys(app)


# --- the figure ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_the_figure_is_one_plotly_accepts_and_ends_at_the_forecast(lang):
    one = growth("youtube", 1000.0)
    labels = {"total": "T<", "forecast": "F", "interval": "{low} to {high}"}
    ahead = Outlook(one.on + timedelta(days=30), 4000.0, 3500.0, 5000.0)
    figure = growth_figure(one.days, one.totals, ahead, "youtube", lang=lang, labels=labels)
    go.Figure(figure)
    line, dashes, end, hover = figure["data"]
    assert line["y"][50] is None and dashes["y"] == [one.total, 4000.0]
    assert end["error_y"]["array"] == [1000.0] and end["error_y"]["arrayminus"] == [500.0]
    assert len(hover["x"]) == 118 + 1 and "3,500 to 5,000" in hover["hovertext"][-1]


def test_the_figure_without_forecast_is_the_line_alone():
    one = growth("spotify", 10.0, forecast=False)
    figure = growth_figure(one.days, one.totals, None, "spotify", lang="en", labels={"total": "T"})
    assert len(figure["data"]) == 2
    with pytest.raises(ValueError, match="as many of each"):
        growth_figure((), (), None, "spotify", lang="en", labels={"total": "T"})


# --- the search ---------------------------------------------------------------------------------------------------


def search(app, wanted):
    app.session_state["search_text"] = wanted
    return press(app, "search_open")


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_the_search_shows_what_it_finds_by_kind_as_links(open_app, fake, locale, lang):
    fake.found = (FoundGroup("song", (Found("song", "Parallel *Summer*", "Neon Marigold", "song_dossier", {"song": "1"}, 1),), 1000),
                  FoundGroup("artist", (Found("artist", "Neon Marigold", "12", "growth_radar", {"artist": "neon"}),), 1),
                  FoundGroup("bgm", (Found("bgm", "Soft rain", "", "text_to_bgm", {"batch": "7"}),), 3))
    app = search(open_app("home", locale), "neon")
    assert fake.called("search_everything")[0][0][1:] + tuple(fake.called("search_everything")[0][1].values()) in (
        ("neon", 5, lang),)
    shown = words(app)
    for kind in ("song", "artist", "bgm"):
        assert t(lang, f"search.kind.{kind}") in shown
    assert t(lang, "search.count_more", count="1,000") in shown
    labels = [link.label for link in app.get("page_link")]
    assert r"Parallel \*Summer\* :gray[· Neon Marigold]" in labels
    assert f"Neon Marigold :gray[· {t(lang, 'search.songs', count='12')}]" in labels
    assert {("song_dossier", "song=1"), ("growth_radar", "artist=neon"), ("text_to_bgm", "batch=7")} <= set(links(app))


def test_the_search_begins_with_a_word_of_what_it_takes_and_says_when_nothing_is_found(open_app, fake):
    app = press(open_app("home", "en-US"), "search_open")
    assert t("en", "search.start") in words(app) and not fake.called("search_everything")
    app = search(open_app("home", "en-US"), "zzz")
    assert t("en", "search.none", text="zzz") in words(app)


def test_the_search_opens_by_a_shortcut_and_shows_a_failure(open_app, fake):
    fake.failures["search_everything"] = DataError("unexpected", kind="test")
    app = open_app("home", "en-US")
    assert app.button(key="search_open").proto.shortcut == "ctrl+k"
    assert len(search(app, "neon").error) == 1
