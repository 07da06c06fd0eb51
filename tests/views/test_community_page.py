"""The community as a user meets it: the board, writing with an attached result, comments, reports, moderation."""

from __future__ import annotations

import pytest
from conftest import words
from fake_community import OWN
from pages import LANGUAGES, keys, links, opening, press

from accounts import Actor
from locales import t
from support.errors import DataError, NotAllowed
from usecases.community_results import Card, CardMedia, Reported

JUNO, VIEWER = Actor(8, "analyst", "juno"), Actor(9, "viewer", "vik")
HOSTILE = "<script>alert(1)</script> ![x](https://e.com/a.png) [j](javascript:alert(1)) :red[y] $$x$$ :material/verified:"


opened = opening("community")


# --- the board ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_an_empty_board_invites_to_write(opened, locale, lang):
    app = opened(locale)
    assert t(lang, "community.empty.title") in words(app)
    assert t(lang, "community.write.new") in words(press(app, "community_write_first"))


def test_posts_are_listed_with_their_counts_and_open(opened, fake):
    fake.put_post(title="A *title*", views=1234, likes=5, comments=6, card=OWN["audition"])
    app = opened()
    shown = words(app)
    assert ("community", "post=1") in links(app)
    assert [link.proto.label for link in app.get("page_link") if link.proto.page == "community"] == [r"**A \*title\***"]
    assert ":material/visibility: 1,234" in shown and ":material/favorite: 5" in shown and ":material/chat_bubble: 6" in shown
    assert t("en", "community.kind.audition") in shown and t("en", "community.count_one") in shown


def test_what_is_narrowed_is_asked_and_in_the_url(opened, fake):
    fake.put_post(title="other")
    app = opened()
    app.text_input(key="community_find").input("no such").run()
    app.selectbox(key="community_kind").select("bgm").run()
    app.toggle(key="community_mine").set_value(True).run()
    app.segmented_control(key="community_by").set_value("liked").run()
    assert fake.called("list_posts")[-1][1] == {"search": "no such", "kind": "bgm", "mine": True, "order": "liked", "page": 1}
    assert t("en", "community.no_match.title") in words(app)
    assert {name: app.query_params[name] for name in ("q", "kind", "mine", "by")} == {
        "q": "no such", "kind": "bgm", "mine": "1", "by": "liked"}
    press(app, "community_clear")
    assert fake.called("list_posts")[-1][1]["search"] == "" and "1" not in app.query_params.get("mine", [])


def test_pages_turn_and_are_in_the_url(opened, fake):
    for _ in range(45):
        fake.put_post()
    app = press(opened(), "community_page_next")
    assert fake.called("list_posts")[-1][1]["page"] == 2 and app.query_params["page"] == "2"
    press(app, "community_page_next")
    assert app.button(key="community_page_next").disabled and len(fake.called("list_posts")) == 3


def test_the_list_is_downloaded(opened, fake):
    fake.put_post(title="=1+1")
    app = opened()
    assert any(button.proto.id.endswith("community_csv") for button in app.get("download_button"))


# --- a post -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_a_post_is_read_with_its_card_and_a_view_is_counted_once(opened, fake, locale, lang):
    fake.put_post(card=OWN["audition"])
    app = opened(locale, post="1")
    app.run()
    shown = words(app)
    assert "A **text**" in shown and r"**Parallel Summer**" in shown and t(lang, "community.card.total", total="243") in shown
    assert "Ada 81" in shown and ("ai_judges", "tab=audition&audition=5") in links(app)
    assert [call[1]["count_view"] for call in fake.called("get_post")] == [True, False]


@pytest.mark.parametrize("kind", OWN)
def test_every_kind_of_card_is_drawn(opened, fake, kind):
    fake.put_post(card=OWN[kind])
    app = opened(post="1")
    assert t("en", f"community.kind.{kind}") in words(app)
    if kind == "bgm":
        assert len(app.get("audio")) == 1


def test_a_card_whose_thing_is_gone_says_so(opened, fake):
    fake.put_post(card=Card("bgm", 9, "", gone=True))
    app = opened(post="1")
    assert t("en", "community.card.gone") in words(app) and fake.called("card_media") == []


def test_a_picture_is_read_through_its_post(opened, fake):
    import io

    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (16, 9)).save(out, "JPEG")
    fake.media = CardMedia("image/jpeg", out.getvalue())
    fake.put_post(card=OWN["picture"])
    app = opened(post="1")
    assert len(app.get("image")) == 1 and fake.called("card_media")[0][0][1] == 1


def test_nothing_written_is_more_than_text(opened, fake):
    fake.put_post(title=HOSTILE, body=HOSTILE, author="<b>:red[x]", excerpt=HOSTILE, own=True,
                  card=Card("song", 1, HOSTILE, HOSTILE, page="song_dossier", query={"song": "1"}))
    fake.put_comment(1, body=HOSTILE, author=HOSTILE)
    for app in (opened(), opened(post="1")):
        for element in app.markdown:
            if element.allow_html:
                continue
            raw = element.value.replace("\\<", "").replace("\\:", "").replace("\\$", "").replace("\\[", "").replace("\\!", "")
            assert "<script" not in raw and ":red[y" not in raw and "$$" not in raw and "![" not in raw
            assert "](javascript" not in raw
        assert not [element for element in app.markdown if element.allow_html and "script" in element.value]


def test_a_post_that_is_gone_says_so_above_the_way_back(opened):
    app = opened(post="99")
    assert t("en", "errors.community.post_gone") in words(app)
    press(app, "community_back")
    assert "post" not in app.query_params and t("en", "community.empty.title") in words(app)


def test_a_post_is_liked_and_no_longer(opened, fake):
    fake.put_post()
    app = press(opened(post="1"), "likes_post_1")
    assert app.button(key="likes_post_1").label == "1"
    assert press(app, "likes_post_1").button(key="likes_post_1").label == "0"


def test_a_removed_post_tells_its_author_why_and_cannot_be_changed(opened, fake):
    fake.actor = JUNO
    fake.put_post(own=True, removed=True, removed_reason="too *loud*")
    app = opened(post="1")
    assert t("en", "community.removed.why", reason=r"too \*loud\*") in words(app)
    assert "community_edit" not in keys(app) and "community_send" not in keys(app)


# --- writing ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_a_post_is_written_with_an_attached_result(opened, fake, locale, lang):
    app = press(opened(locale), "community_write")
    app.text_input(key="community_title").input("First").run()
    app.text_area(key="community_body").input("**hello** <b>").run()
    app.toggle(key="community_preview").set_value(True).run()
    assert r"**hello** \<b\>" in words(app)
    press(app, "community_put_audition_5")
    assert t(lang, "community.attach.shown") in words(app) and "Ada 81" in words(app)
    press(app, "community_publish")
    assert fake.called("add_post")[0][0][1:] == ("First", "**hello** <b>", ("audition", 5))
    assert t(lang, "community.write.published") in words(app) and "### First" in words(app)
    assert app.query_params["post"] in ("1", ["1"])


def test_a_draft_outlives_a_refusal_a_language_and_another_page(opened, fake):
    app = press(opened(), "community_write")
    app.text_area(key="community_body").input("half a thought").run()
    press(app, "community_publish")
    assert t("en", "errors.community.title", length=0, most=120) in words(app)
    assert app.text_area(key="community_body").value == "half a thought"
    app.segmented_control(key="app_lang").set_value("ko").run()
    assert app.text_area(key="community_body").value == "half a thought" and t("ko", "community.write.new") in words(app)
    app.switch_page("views/data.py").run()
    app.switch_page("views/community.py").run()
    assert app.text_area(key="community_body").value == "half a thought"
    press(app, "community_leave")
    assert t("ko", "community.write.go_on") in words(app)
    press(app, "community_write")
    assert app.text_area(key="community_body").value == "half a thought"
    press(app, "community_discard")
    assert app.text_area(key="community_body").value == "" if "community_body" in app.session_state else True
    assert t("ko", "community.write.label") in words(app)


def test_too_many_posts_are_refused_and_the_draft_stays(opened, fake):
    fake.failures["add_post"] = DataError("community.many_posts", most=10)
    app = press(opened(), "community_write")
    app.text_input(key="community_title").input("Eleventh").run()
    press(app, "community_publish")
    assert t("en", "errors.community.many_posts", most=10) in words(app)
    assert app.text_input(key="community_title").value == "Eleventh"


def test_a_link_from_a_result_begins_a_post_with_it(opened):
    app = opened(attach="audition:5")
    assert "Ada 81" in words(app) and t("en", "community.write.new") in words(app) and "attach" not in app.query_params
    press(app, "community_attach_off")
    assert "Ada 81" not in words(app)
    for bad in ("audition:x", "users:1", "audition", "audition:999999999999"):
        assert t("en", "community.write.new") not in words(opened(attach=bad))


def test_somebody_elses_result_is_not_attached(opened):
    assert t("en", "errors.community.thing_gone") in words(opened(attach="audition:77"))


def test_a_post_is_changed(opened, fake):
    fake.put_post(own=True, card=OWN["song"])
    app = press(opened(post="1"), "community_edit")
    assert app.text_area(key="community_body").value == "A **text**"
    app.text_area(key="community_body").input("another").run()
    press(app, "community_publish")
    assert fake.called("edit_post")[0][0][1:] == (1, "Post 1", "another", ("song", 1))
    assert t("en", "community.write.saved") in words(app) and "another" in words(app)


def test_a_post_is_deleted_after_a_question_and_taken_back(opened, fake):
    fake.put_post(own=True)
    app = press(opened(post="1"), "community_delete")
    assert t("en", "community.delete.what", title="Post 1") in words(app) and fake.called("delete_post") == []
    app.button(key="community_delete").click()  # here a dialog's button draws the whole page again
    press(app, "community_delete_yes")
    assert t("en", "community.delete.done") in words(app) and t("en", "community.empty.title") in words(app)
    press(app, "community_undo_go")
    assert t("en", "community.delete.undone") in words(app) and "### Post 1" in words(app)


def test_who_may_not_write_reads_likes_and_reports(opened, fake):
    fake.actor = VIEWER
    fake.put_post()
    fake.put_comment(1)
    assert opened().button(key="community_write").disabled
    app = opened(post="1", attach="audition:5")
    assert {"likes_post_1", "community_report_post_1", "community_report_comment_1"} <= keys(app)
    assert not {"community_send", "community_edit", "community_delete", "community_remove_post_1"} & keys(app)
    assert t("en", "community.write.new") not in words(app)


# --- comments -----------------------------------------------------------------------------------------------------


def test_comments_are_written_changed_deleted_and_taken_back(opened, fake):
    fake.put_post()
    app = opened(post="1")
    assert t("en", "community.comments.empty") in words(app)
    app.text_area(key="community_say_1").input("nice one").run()
    press(app, "community_send")
    assert "nice one" in words(app) and app.text_area(key="community_say_1").value == ""
    press(app, "community_change_1")
    app.text_area(key="community_changed_1").input("nicer").run()
    press(app, "community_changed_save")
    assert "nicer" in words(app) and "edited" in words(app)
    press(app, "community_drop_1").button(key="community_drop_1").click()
    press(app, "community_drop_1_yes")
    assert t("en", "community.comments.deleted") in words(app) and "nicer" not in words(app)
    press(app, "community_undo_go")
    assert "nicer" in words(app)


def test_a_refused_comment_stays_in_its_box(opened, fake):
    fake.put_post()
    fake.failures["add_comment"] = DataError("community.many_comments", most=60)
    app = opened(post="1")
    app.text_area(key="community_say_1").input("one too many").run()
    press(app, "community_send")
    assert t("en", "errors.community.many_comments", most=60) in words(app)
    assert app.text_area(key="community_say_1").value == "one too many"


def test_many_comments_have_pages_and_a_jump_to_the_newest(opened, fake):
    fake.put_post()
    for place in range(45):
        fake.put_comment(1, body=f"said {place}.")
    app = press(opened(post="1"), "community_newest")
    assert r"said 44\." in words(app) and r"said 0\." not in words(app)
    assert "community_newest" not in keys(app)
    press(app, "community_comments_1_previous")
    assert r"said 20\." in words(app)


# --- reports and moderation ---------------------------------------------------------------------------------------


def test_a_post_is_reported_with_a_reason(opened, fake):
    fake.actor = JUNO
    fake.put_post()
    app = press(opened(post="1"), "community_report_post_1")
    app.radio(key="community_report_reason").set_value("rights")
    app.text_area(key="community_report_note").input("my song")
    app.button(key="community_report_post_1").click()
    press(app, "community_report_yes")
    assert fake.called("report")[0][0][1:] == ("post", 1, "rights", "my song")
    assert t("en", "community.report.done") in words(app)


@pytest.mark.parametrize(("locale", "lang"), LANGUAGES)
def test_moderators_keep_or_remove_what_was_reported(opened, fake, locale, lang):
    fake.queue = (Reported("post", 1, 1, "Bad", "bad **words**", 7, "mina", (("spam", 2), ("abuse", 1)), ("look_here",), 3, None),
                  Reported("comment", 4, 1, "Bad", "worse", None, "", (("other", 1),), (), 1, None))
    app = opened(locale, tab="moderation")
    shown = words(app)
    assert "bad **words**" in shown and f"{t(lang, 'community.report.reason.spam')} 2" in shown and r"look\_here" in shown
    assert t(lang, "community.nobody") in shown
    press(app, "community_keep_comment_4")
    assert fake.called("resolve_report")[0] == ((fake.actor, "comment", 4), {"remove": False, "reason": ""})
    press(app, "community_remove_post_1")
    assert app.button(key="community_remove_yes").disabled
    app.text_area(key="community_remove_reason").input("advertising")
    app.button(key="community_remove_post_1").click().run()
    app.button(key="community_remove_post_1").click()
    press(app, "community_remove_yes")
    assert fake.called("resolve_report")[1] == ((fake.actor, "post", 1), {"remove": True, "reason": "advertising"})


def test_what_was_removed_is_put_back(opened, fake):
    fake.removed = (Reported("post", 1, 1, "Bad", "words", 7, "mina", removed_reason="spam"),)
    app = press(opened(tab="moderation"), "community_restore_post_1")
    assert fake.called("restore_removed")[0][0][1:] == ("post", 1) and t("en", "community.moderate.restored") in words(app)


def test_moderation_is_in_nobody_elses_sight(opened, fake):
    fake.actor = JUNO
    app = opened(tab="moderation")
    assert fake.called("reports") == [] and t("en", "community.moderate.waiting") not in words(app)


def test_a_refusal_is_told(opened, fake):
    fake.failures["list_posts"] = NotAllowed("community.sign_in")
    assert t("en", "errors.community.sign_in") in words(opened())


# --- leaderboard --------------------------------------------------------------------------------------------------


def test_the_leaderboard_is_narrowed_and_leads_to_the_hit_page(opened, fake):
    app = opened(tab="leaders")
    assert t("en", "community.leaders.empty.title") in words(app)
    app.segmented_control(key="community_leaders_period").set_value("week").run()
    app.segmented_control(key="community_leaders_by").set_value("score").run()
    app.selectbox(key="community_leaders_genre").select("DANCE").run()
    asked = fake.called("leaderboard")[-1][1]
    assert (asked["genre"], asked["order"], asked["days"]) == ("DANCE", "score", 7)


def test_predictions_are_liked_in_the_leaderboard(opened, fake):
    number = fake.start_prediction(fake.actor, b"x", name="a.wav", title="Night *Ferry*", genre="POP", public=True)
    app = opened(tab="leaders")
    assert r"Night \*Ferry\*" in words(app) and ("hit_prediction", f"tab=analyse&prediction={number}") in links(app)
    press(app, f"community_leader_like_{number}")
    assert fake.called("like_prediction")[0] == ((fake.actor, number, True), {})


# --- likes of songs -----------------------------------------------------------------------------------------------


def test_a_song_is_liked_on_its_card(opened, fake):
    fake.put_post(card=OWN["song"])
    app = press(opened(post="1"), "likes_song_1")
    assert app.button(key="likes_song_1").label == "1"


# --- from results -------------------------------------------------------------------------------------------------


def test_a_report_of_ones_own_leads_to_a_post_with_it(open_app, fake):
    number = fake.start_prediction(fake.actor, b"x", name="a.wav", title="Ferry", genre="POP")
    app = open_app("hit_prediction", "en-US", tab="analyse", prediction=str(number))
    assert not app.exception
    assert ("community", f"attach=prediction%3A{number}") in links(app)
    fake.actor = VIEWER
    app = open_app("hit_prediction", "en-US", tab="analyse", prediction=str(number))
    assert "community" not in {page for page, query in links(app) if query}
