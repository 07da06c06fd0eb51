"""The community's board: written, found, liked, reported, moderated; by whom, how often, and what a card tells."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from made_dossiers import (
    ADMIN,
    JUNO,
    MINA,
    VIK,
    audition,
    demo,
    image,
    jpeg,
    people,
    playlist,
    prediction,
    thumbnail,
    track,
)
from PIL import Image

from accounts import GUEST, Actor
from support.errors import DataError, NotAllowed, NotFound
from usecases import community, community_comments, community_reports
from usecases.community import (
    add_post,
    attachable,
    card_media,
    delete_post,
    edit_post,
    get_post,
    list_posts,
    posts_table,
    restore_post,
)
from usecases.community_cards import CARD_KINDS, FACTS, own_things
from usecases.community_comments import add_comment, delete_comment, edit_comment, list_comments, restore_comment
from usecases.community_likes import like, liked, likes
from usecases.community_reports import (
    open_reports,
    removed_things,
    report,
    reports,
    resolve_report,
    restore_removed,
)
from usecases.hits import leaderboard

NOBODY = Actor(10, "analyst", "visitor", "anonymous")
FANS = 50


@pytest.fixture
def board(clean, query, monkeypatch):
    """Give an empty board; limits of an hour far away."""
    people(query)
    query("INSERT INTO users (id, nickname, role, kind) VALUES (10, 'visitor', 'analyst', 'anonymous')")
    monkeypatch.setattr(community, "PER_HOUR", dict.fromkeys(community.PER_HOUR, 1_000))
    community._seen.clear()
    return query


@pytest.fixture
def song(export, query, tmp_path):
    community._seen.clear()
    return demo(export, query, tmp_path)


def acts(query):
    return [tuple(row) for row in query("SELECT actor_id, action, object FROM audit_log ORDER BY id")]


# --- posts --------------------------------------------------------------------------------------------------------


def test_a_post_is_written_read_changed_deleted_and_taken_back(board):
    made = add_post(MINA, "  첫\n글 ", "안녕하세요\r\n**모두**")
    post = get_post(JUNO, made)
    assert (post.row.title, post.body, post.row.author, post.row.own) == ("첫 글", "안녕하세요\n**모두**", "mina", False)
    assert (post.row.edited_at, post.card, post.row.excerpt) == (None, None, "안녕하세요 모두")
    edit_post(MINA, made, "새 제목", "새 글")
    post = get_post(MINA, made)
    assert (post.row.title, post.body, post.row.own) == ("새 제목", "새 글", True) and post.row.edited_at is not None
    delete_post(MINA, made)
    with pytest.raises(NotFound):
        get_post(MINA, made)
    assert list_posts(MINA).count == list_posts(MINA, mine=True).count == 0
    restore_post(MINA, made)
    assert get_post(JUNO, made).body == "새 글"
    assert [act[1:] for act in acts(board)] == [("post", f"post {made}"), ("edit", f"post {made}"),
                                                ("delete", f"post {made}"), ("restore", f"post {made}")]


def test_what_was_deleted_is_gone_after_an_hour(board):
    made, other = add_post(MINA, "a", "b"), add_post(MINA, "c", "d")
    said, kept = add_comment(JUNO, made, "x"), add_comment(JUNO, other, "secret")
    like(JUNO, "post", made)
    report(JUNO, "post", made, "spam")
    delete_post(MINA, made)
    delete_comment(JUNO, kept)
    board("UPDATE posts SET deleted_at = now() - interval '61 minutes' WHERE id = :id", id=made)
    board("UPDATE comments SET deleted_at = now() - interval '61 minutes' WHERE id = :id", id=kept)
    for undo, actor, item in ((restore_post, MINA, made), (restore_comment, JUNO, kept)):
        with pytest.raises(NotFound):
            undo(actor, item)
    add_post(MINA, "e", "f")
    assert board("SELECT count(*) FROM posts WHERE id = :id", id=made) == [(0,)]
    assert board("SELECT count(*) FROM comments WHERE id = :id", id=said) == [(0,)]
    assert board("SELECT body FROM comments WHERE id = :id", id=kept) == [("",)]
    assert board("SELECT count(*) FROM likes") == board("SELECT count(*) FROM reports") == [(0,)]


@pytest.mark.parametrize(("title", "body", "code"), [
    ("", "x", "community.title"), (" \n ", "x", "community.title"), ("\u200b", "x", "community.title"),
    ("x" * 121, "x", "community.title"), ("x", "", "community.body"), ("x", " \n\t", "community.body"),
    ("x", "y" * 10_001, "community.body")])
def test_titles_and_texts_have_a_length(board, title, body, code):
    with pytest.raises(DataError) as refused:
        add_post(MINA, title, body)
    assert refused.value.code == code
    add_post(MINA, "x" * 120, "y" * 10_000)


def test_marks_that_are_not_seen_do_not_get_in(board):
    made = get_post(MINA, add_post(MINA, "a\u202eb\x00c", "d\x1b[31m\u2066e\n\nf"))
    assert (made.row.title, made.body) == ("abc", "d[31me\n\nf")


def test_the_board_is_paged_in_order(board):
    made = [add_post(MINA, f"post {place}", "text") for place in range(25)]
    first, last, beyond = (list_posts(JUNO, page=page, size=10) for page in (1, 3, 99))
    assert (first.count, first.page, first.pages) == (25, 1, 3)
    assert [row.id for row in first.rows] == made[:14:-1] and [row.id for row in last.rows] == made[4::-1]
    assert beyond == last and list_posts(JUNO, page=-5, size=10) == first
    assert len(posts_table(JUNO)) == 25


def test_orders(board):
    one, two, three = (add_post(MINA, name, "text") for name in "abc")
    like(JUNO, "post", one)
    like(VIK, "post", one)
    like(JUNO, "post", two)
    gone = [add_comment(JUNO, two, "x"), add_comment(JUNO, two, "y")]
    add_comment(JUNO, three, "z")
    get_post(JUNO, three, count_view=True)
    for order, wanted in {"newest": [three, two, one], "liked": [one, two, three], "viewed": [three, two, one],
                          "discussed": [two, three, one]}.items():
        assert [row.id for row in list_posts(MINA, order=order).rows] == wanted, order
    for comment in gone:
        delete_comment(JUNO, comment)
    assert [row.comments for row in list_posts(MINA, order="discussed").rows] == [1, 0, 0]
    with pytest.raises(DataError):
        list_posts(MINA, order="id; DROP TABLE posts")


@pytest.mark.parametrize(("search", "found"), [
    ("palette", {"Palette notes"}), ("NOTES pal", {"Palette notes"}), ("안녕", {"인사"}), ("juno", {"인사"}),
    ("juno palette", set()), ("100%", {"100%_sure"}), ("%", {"100%_sure"}), ("_", {"100%_sure"}), ("'", set()),
    ("\\", set()), ("\x00", {"Palette notes", "인사", "100%_sure"})])
def test_a_search_finds_all_words_in_title_text_and_author(board, search, found):
    add_post(MINA, "Palette notes", "about the bridge")
    add_post(JUNO, "인사", "안녕하세요")
    add_post(MINA, "100%_sure", "ok")
    assert {row.title for row in list_posts(VIK, search=search).rows} == found


def test_ones_own_and_those_with_a_kind_of_card(board):
    item = thumbnail(board, 7, None)
    add_post(MINA, "with", "text", ("thumbnail", item))
    add_post(MINA, "without", "text")
    add_post(JUNO, "other", "text")
    assert [row.title for row in list_posts(MINA, mine=True).rows] == ["without", "with"]
    assert [row.title for row in list_posts(MINA, kind="thumbnail").rows] == ["with"]
    assert [row.title for row in list_posts(MINA, kind="none").rows] == ["other", "without"]
    with pytest.raises(DataError):
        list_posts(MINA, kind="users")


def test_a_view_counts_once_a_day_for_each_reader_and_never_the_authors(board, monkeypatch):
    made = add_post(MINA, "a", "b")
    for actor in (MINA, JUNO, JUNO, VIK):
        get_post(actor, made, count_view=True)
    get_post(ADMIN, made)
    assert get_post(JUNO, made, count_view=True).row.views == 2
    community._seen.clear()  # the next day
    assert get_post(JUNO, made, count_view=True).row.views == 3


# --- who may ------------------------------------------------------------------------------------------------------


def test_nobody_changes_or_deletes_what_another_wrote(board):
    made = add_post(MINA, "a", "b")
    said = add_comment(MINA, made, "c")
    for actor in (JUNO, ADMIN, NOBODY):
        for act in (lambda who: edit_post(who, made, "x", "y"), lambda who: delete_post(who, made),
                    lambda who: edit_comment(who, said, "x"), lambda who: delete_comment(who, said)):
            with pytest.raises(NotAllowed):
                act(actor)
    delete_post(MINA, made)
    for actor in (JUNO, ADMIN):
        with pytest.raises(NotFound):
            restore_post(actor, made)
    restore_post(MINA, made)
    assert get_post(JUNO, made).body == "b" and list_comments(JUNO, made).rows[0].body == "c"


def test_a_viewer_reads_likes_and_reports_but_does_not_write(board):
    made = add_post(MINA, "a", "b")
    assert get_post(VIK, made).body == "b" and like(VIK, "post", made).count == 1
    report(VIK, "post", made, "other")
    for act in (lambda: add_post(VIK, "x", "y"), lambda: add_comment(VIK, made, "x"), lambda: edit_post(VIK, made, "x", "y"),
                lambda: edit_comment(VIK, 1, "x")):
        with pytest.raises(NotAllowed):
            act()


def test_a_guest_reads_and_does_nothing(board):
    made = add_post(MINA, "a", "b", ("thumbnail", thumbnail(board, 7, None)))
    for act in (lambda: list_posts(GUEST), lambda: get_post(GUEST, made), lambda: list_comments(GUEST, made),
                lambda: card_media(GUEST, made), lambda: like(GUEST, "post", made), lambda: add_post(GUEST, "x", "y"),
                lambda: add_comment(GUEST, made, "x"), lambda: report(GUEST, "post", made, "spam"),
                lambda: restore_post(GUEST, made), lambda: reports(GUEST)):
        with pytest.raises(NotAllowed):
            act()


def test_moderation_is_for_administrators(board):
    made = add_post(MINA, "a", "b")
    for actor in (MINA, JUNO, VIK, NOBODY):
        for act in (lambda who: reports(who), lambda who: removed_things(who), lambda who: open_reports(who),
                    lambda who: resolve_report(who, "post", made, remove=True, reason="x"),
                    lambda who: restore_removed(who, "post", made)):
            with pytest.raises(NotAllowed):
                act(actor)


@pytest.mark.parametrize(("actor", "most"), [(MINA, 10), (NOBODY, 3)])
def test_only_so_many_posts_an_hour(board, monkeypatch, actor, most):
    monkeypatch.setattr(community, "PER_HOUR", {"post": 10, "comment": 60, "report": 20})
    made = [add_post(actor, f"{place}", "x") for place in range(most)]
    delete_post(actor, made[0])  # deleting one makes no room
    with pytest.raises(DataError) as refused:
        add_post(actor, "one more", "x")
    assert (refused.value.code, refused.value.values) == ("community.many_posts", {"most": most})
    board("UPDATE posts SET created_at = now() - interval '61 minutes'")
    add_post(actor, "one more", "x")


@pytest.mark.parametrize(("actor", "most"), [(MINA, 60), (NOBODY, 20)])
def test_only_so_many_comments_an_hour(board, monkeypatch, actor, most):
    made = add_post(JUNO, "a", "b")
    monkeypatch.setattr(community, "PER_HOUR", {"post": 10, "comment": 60, "report": 20})
    for place in range(most):
        add_comment(actor, made, f"{place}")
    with pytest.raises(DataError) as refused:
        add_comment(actor, made, "one more")
    assert refused.value.code == "community.many_comments"


def test_the_limit_holds_for_many_at_once(board, monkeypatch):
    monkeypatch.setattr(community, "PER_HOUR", {"post": 10, "comment": 60, "report": 20})

    def write(place):
        try:
            return add_post(MINA, f"{place}", "x")
        except DataError:
            return None

    with ThreadPoolExecutor(12) as pool:
        made = list(pool.map(write, range(24)))
    assert sum(each is not None for each in made) == 10 == list_posts(MINA).count


# --- comments -----------------------------------------------------------------------------------------------------


def test_comments_are_oldest_first_and_paged(board, monkeypatch):
    monkeypatch.setattr(community_comments, "PAGE", 3)
    made = add_post(MINA, "a", "b")
    said = [add_comment(JUNO, made, f"comment {place}") for place in range(7)]
    first, newest = list_comments(MINA, made), list_comments(MINA, made, 0)
    assert ([row.id for row in first.rows], first.count, first.pages) == (said[:3], 7, 3)
    assert ([row.id for row in newest.rows], newest.page) == (said[6:], 3)
    assert get_post(MINA, made).row.comments == 7


def test_a_deleted_comment_keeps_its_place_without_its_text(board):
    made = add_post(MINA, "a", "b")
    said = add_comment(JUNO, made, "first")
    edit_comment(JUNO, said, "better")
    row, = list_comments(MINA, made).rows
    assert row.body == "better" and row.edited_at is not None and (row.own, row.author) == (False, "juno")
    delete_comment(JUNO, said)
    for actor in (MINA, JUNO, ADMIN):
        row, = list_comments(actor, made).rows
        assert (row.body, row.deleted) == ("", True)
    assert get_post(MINA, made).row.comments == 0
    with pytest.raises(NotFound):
        edit_comment(JUNO, said, "x")
    restore_comment(JUNO, said)
    assert list_comments(MINA, made).rows[0].body == "better"


def test_a_comment_needs_a_post_that_stands(board):
    made = add_post(MINA, "a", "b")
    delete_post(MINA, made)
    for post_id in (made, 99_999):
        with pytest.raises(NotFound):
            add_comment(JUNO, post_id, "x")
    with pytest.raises(DataError):
        add_comment(JUNO, add_post(MINA, "a", "b"), "x" * 2_001)


def test_who_has_no_account_any_more_has_no_name(board):
    made = add_post(MINA, "a", "b")
    add_comment(JUNO, made, "c")
    board("DELETE FROM users WHERE id = 8")
    row, = list_comments(MINA, made).rows
    assert (row.author, row.author_id, row.own, row.body) == ("", None, False, "c")


# --- likes --------------------------------------------------------------------------------------------------------


def test_many_who_like_one_song_at_once_are_all_counted(song, query):
    query("INSERT INTO users (id, nickname, role) SELECT n, 'fan ' || n, 'viewer' FROM generate_series(1001, :last) n",
          last=1000 + FANS)
    fans = [Actor(1001 + place, "viewer", f"fan {1001 + place}") for place in range(FANS)]
    with ThreadPoolExecutor(FANS) as pool:
        list(pool.map(lambda fan: [like(fan, "song", song) for _ in range(2)], fans))
    assert likes(MINA, "song", [song])[song].count == FANS
    with ThreadPoolExecutor(FANS) as pool:
        list(pool.map(lambda fan: [like(fan, "song", song, False) for _ in range(2)], fans[:20]))
    found = likes(fans[-1], "song", [song])[song]
    assert (found.count, found.liked) == (FANS - 20, True) and not likes(fans[0], "song", [song])[song].liked


def test_likes_are_once_for_each_user_and_taken_back_once(board):
    made = add_post(MINA, "a", "b")
    assert [like(JUNO, "post", made, on).count for on in (True, True, False, False, True)] == [1, 1, 0, 0, 1]
    assert (get_post(JUNO, made).row.likes, get_post(JUNO, made).row.liked, get_post(MINA, made).row.liked) == (1, True, False)


def test_only_what_one_may_see_is_liked(song, query):
    hidden = query("INSERT INTO songs (artist_id, key, norm_title, title) SELECT artist_id, 'h', 'hidden', 'Hidden' "
                   "FROM songs LIMIT 1 RETURNING id")[0][0]
    query("INSERT INTO dossier_songs (owner_id, song_id) VALUES (7, :song)", song=hidden)
    assert like(MINA, "song", hidden).count == 1
    for kind, item, error in (("song", hidden, NotFound), ("song", 99_999, NotFound), ("post", 99_999, NotFound),
                              ("users", 1, DataError)):
        with pytest.raises(error):
            like(JUNO, kind, item)
    assert like(JUNO, "song", hidden, False).count == 1  # nothing to take back, and no error


def test_what_somebody_likes_newest_first(song, query):
    near = query("SELECT id FROM songs WHERE title = 'Near 1'")[0][0]
    for item in (song, near):
        like(JUNO, "song", item)
    made = add_post(MINA, "a", "b")
    like(JUNO, "post", made)
    assert [(card.title, card.note, card.query) for card in liked(JUNO, "song")] == [
        ("Near 1", "Band 1", {"song": str(near)}), ("Palette", "IU", {"song": str(song)})]
    assert [card.title for card in liked(JUNO, "post")] == ["a"] and liked(MINA, "song") == []
    delete_post(MINA, made)
    assert liked(JUNO, "post") == []


# --- cards --------------------------------------------------------------------------------------------------------


@pytest.fixture
def things(song, query):
    """Give one finished thing of each kind, Mina's."""
    ids = {"audition": audition(query, 7, song, lyrics="my secret lyrics"), "prediction": prediction(query, 7, song),
           "picture": image(query, 7, "밤", "비"), "thumbnail": thumbnail(query, 7, song, data=jpeg("blue")),
           "bgm": track(query, 7, song, caption="my secret caption"), "song": song}
    ids["playlist"] = playlist(query, 7, song, title="Late drive", tags=("night",))
    query("UPDATE images SET jpeg = :data, words = 'my secret words' WHERE id = :id", data=jpeg("green"), id=ids["picture"])
    query("""INSERT INTO audition_judges (audition_id, place, repeat, judge, name, provider, model, weight, language,
                 state, review, total)
             VALUES (:id, 0, 0, 'a', 'Ada', 'p', 'm', 1, 'ko', 'done', 'my secret review', 71),
                    (:id, 1, 0, 'b', 'Bo', 'p', 'm', 1, 'ko', 'failed', '', NULL)""", id=ids["audition"])
    return ids


def test_a_card_tells_what_it_lists_and_nothing_else(things, query):
    for kind in CARD_KINDS:
        card = get_post(JUNO, add_post(MINA, kind, "text", (kind, things[kind]))).card
        assert (card.kind, card.item, card.gone) == (kind, things[kind], False)
        assert set(card.facts) == set(FACTS.get(kind, ()))
    stored = str(query("SELECT card FROM posts"))
    assert "secret" not in stored and "Ada" in stored
    audit = get_post(JUNO, add_post(MINA, "x", "y", ("audition", things["audition"]))).card
    assert (audit.title, audit.note, audit.facts["total"], audit.facts["verdict"]) == ("Palette", "IU", 210, "PASS")
    assert audit.facts["judges"] == [{"name": "Ada", "total": 71}] and audit.page is None
    report_card = get_post(JUNO, add_post(MINA, "x", "y", ("prediction", things["prediction"]))).card
    assert [report_card.facts[name] for name in ("genre", "score", "low", "high")] == ["POP", 72, 60, 84]
    listed = get_post(JUNO, add_post(MINA, "x", "y", ("playlist", things["playlist"]))).card
    assert listed.facts == {"tags": ["night"], "songs": 1, "first": ["IU – Palette"]}


def test_a_card_opens_for_its_owner_and_where_everybody_may(things, query):
    made = {kind: add_post(MINA, kind, "text", (kind, things[kind])) for kind in CARD_KINDS}
    assert {kind for kind in CARD_KINDS if get_post(MINA, made[kind]).card.page} == set(CARD_KINDS) - {"thumbnail"}
    assert {kind for kind in CARD_KINDS if get_post(JUNO, made[kind]).card.page} == {"song"}
    query("UPDATE predictions SET public_at = now()")
    assert get_post(JUNO, made["prediction"]).card.query == {"tab": "analyse", "prediction": str(things["prediction"])}


def test_only_ones_own_finished_things_are_attached(things, query):
    for kind in set(CARD_KINDS) - {"song"}:
        for actor in (JUNO, ADMIN):
            with pytest.raises(NotFound):
                add_post(actor, "x", "y", (kind, things[kind]))
            with pytest.raises(NotFound):
                attachable(actor, kind, things[kind])
    query("UPDATE auditions SET state = 'running', total = NULL")
    with pytest.raises(NotFound):
        add_post(MINA, "x", "y", ("audition", things["audition"]))
    for card, error in ((("users", 1), DataError), (("song", 99_999), NotFound)):
        with pytest.raises(error):
            add_post(MINA, "x", "y", card)
    assert list_posts(MINA).count == 0


def test_a_file_is_read_through_its_post_as_long_as_that_stands(things, query):
    made = {kind: add_post(MINA, kind, "text", (kind, things[kind])) for kind in ("picture", "thumbnail", "bgm", "song")}
    for kind, mime in (("picture", "image/jpeg"), ("thumbnail", "image/jpeg")):
        found = card_media(JUNO, made[kind])
        assert found.mime == mime and Image.open(io.BytesIO(found.data)).size == (128, 72)
    assert card_media(VIK, made["bgm"]) == SimpleEqual("audio/ogg", b"OggS")
    with pytest.raises(NotFound):
        card_media(JUNO, made["song"])
    delete_post(MINA, made["bgm"])
    resolve_report(ADMIN, "post", made["thumbnail"], remove=True, reason="no")
    for kind in ("bgm", "thumbnail"):
        with pytest.raises(NotFound):
            card_media(JUNO, made[kind])
    edit_post(MINA, made["picture"], "picture", "text")
    with pytest.raises(NotFound):
        card_media(JUNO, made["picture"])


class SimpleEqual(SimpleNamespace):
    """Equal to whatever has the same mime and data."""

    def __init__(self, mime, data):
        super().__init__(mime=mime, data=data)

    def __eq__(self, other):
        return (self.mime, self.data) == (other.mime, other.data)


GOING = {"audition": "DELETE FROM auditions", "prediction": "DELETE FROM predictions", "playlist": "DELETE FROM playlists",
         "picture": "UPDATE images SET removed_at = now()", "thumbnail": "DELETE FROM playlist_pictures",
         "bgm": "UPDATE bgm_tracks SET deleted_at = now()"}


@pytest.mark.parametrize("kind", GOING)
def test_a_card_says_that_its_thing_is_gone_and_tells_no_more(things, query, kind):
    made = add_post(MINA, "x", "y", (kind, things[kind]))
    query(GOING[kind])
    for actor in (JUNO, MINA):
        card = get_post(actor, made).card
        assert card.gone and (card.title, card.note, card.facts, card.page) == ("", "", {}, None)
    with pytest.raises(NotFound):
        card_media(JUNO, made)
    edit_post(MINA, made, "still", "there", (kind, things[kind]))  # the text can be changed all the same
    assert get_post(JUNO, made).card.gone


def test_what_can_be_attached_is_ones_own(things, query):
    for kind in CARD_KINDS:
        found = own_things(MINA, kind)
        assert things[kind] in [card.item for card in found]
        if kind != "song":
            assert own_things(JUNO, kind) == own_things(GUEST, kind) == []
    assert [card.item for card in own_things(MINA, "audition", "iu PALETTE")] == [things["audition"]]
    assert own_things(MINA, "audition", "other") == [] == own_things(MINA, "picture", "no such tag")
    assert [card.item for card in own_things(MINA, "picture", "밤")] == [things["picture"]]
    assert own_things(MINA, "playlist", "' OR 1=1 --") == []


# --- reports ------------------------------------------------------------------------------------------------------


def test_reports_wait_once_for_each_user_until_a_moderator_decides(board):
    made = add_post(MINA, "a", "bad words")
    said = add_comment(MINA, made, "worse words")
    report(JUNO, "post", made, "spam", "look\nhere")
    report(JUNO, "post", made, "abuse")
    report(VIK, "post", made, "abuse", "yes")
    report(JUNO, "comment", said, "other")
    queue = reports(ADMIN)
    first, second = queue.rows
    assert queue.count == open_reports(ADMIN) == 2
    assert (first.kind, first.count, first.reasons, first.notes, first.body) == ("post", 2, (("abuse", 2),), ("yes",), "bad words")
    assert (second.kind, second.post_id, second.title, second.body, second.author) == ("comment", made, "a", "worse words", "mina")
    resolve_report(ADMIN, "post", made, remove=False)
    assert [row.kind for row in reports(ADMIN).rows] == ["comment"] and get_post(JUNO, made).body == "bad words"
    with pytest.raises(DataError) as refused:
        report(JUNO, "post", made, "spam")
    assert refused.value.code == "community.settled"
    edit_post(MINA, made, "a", "even worse")
    report(JUNO, "post", made, "spam")
    assert reports(ADMIN).count == 2


def test_a_removed_post_is_for_its_author_and_moderators_with_the_reason(board):
    made = add_post(MINA, "a", "b")
    report(JUNO, "post", made, "spam")
    resolve_report(ADMIN, "post", made, remove=True, reason="advertising")
    for actor in (JUNO, VIK, NOBODY):
        with pytest.raises(NotFound):
            get_post(actor, made)
    assert get_post(MINA, made).removed_reason == get_post(ADMIN, made).removed_reason == "advertising"
    assert list_posts(JUNO).count == list_posts(MINA).count == reports(ADMIN).count == 0
    assert [row.removed for row in list_posts(MINA, mine=True).rows] == [True]
    for act in (lambda: edit_post(MINA, made, "x", "y"), lambda: add_comment(MINA, made, "x")):
        with pytest.raises(NotAllowed):
            act()
    assert [(row.kind, row.item, row.removed_reason) for row in removed_things(ADMIN).rows] == [("post", made, "advertising")]
    restore_removed(ADMIN, "post", made)
    assert get_post(JUNO, made).removed_reason is None and removed_things(ADMIN).count == 0
    assert [act for act in acts(board) if act[0] == 1] == [(1, "remove", f"post {made}"), (1, "restore", f"post {made}")]


def test_a_removed_comment_keeps_its_place(board):
    made = add_post(MINA, "a", "b")
    said = add_comment(JUNO, made, "bad")
    resolve_report(ADMIN, "comment", said, remove=True, reason="insult")
    shown = {actor.name: list_comments(actor, made).rows[0] for actor in (MINA, JUNO, ADMIN)}
    assert {name: (row.body, row.removed_reason) for name, row in shown.items()} == {
        "mina": ("", None), "juno": ("bad", "insult"), "local": ("bad", "insult")}
    assert get_post(MINA, made).row.comments == 0
    with pytest.raises(NotAllowed):
        edit_comment(JUNO, said, "x")
    restore_removed(ADMIN, "comment", said)
    assert list_comments(MINA, made).rows[0].body == "bad"


def test_reports_that_are_refused(board):
    made = add_post(MINA, "a", "b")
    for act, error in ((lambda: report(MINA, "post", made, "spam"), NotAllowed),
                       (lambda: report(JUNO, "post", made, "boring"), DataError),
                       (lambda: report(JUNO, "user", 1, "spam"), DataError),
                       (lambda: report(JUNO, "post", made, "spam", "x" * 501), DataError),
                       (lambda: report(JUNO, "post", 99_999, "spam"), NotFound),
                       (lambda: report(JUNO, "comment", 99_999, "spam"), NotFound),
                       (lambda: resolve_report(ADMIN, "post", made, remove=True, reason=" "), DataError),
                       (lambda: resolve_report(ADMIN, "post", 99_999, remove=False), NotFound)):
        with pytest.raises(error):
            act()
    assert reports(ADMIN).count == 0


def test_the_queue_is_paged_and_leaves_out_what_its_author_deleted(board, monkeypatch):
    monkeypatch.setattr(community_reports, "PAGE", 2)
    made = [add_post(MINA, f"{place}", "x") for place in range(3)]
    for item in made:
        report(JUNO, "post", item, "spam")
    assert (reports(ADMIN).pages, len(reports(ADMIN, 2).rows)) == (2, 1)
    delete_post(MINA, made[0])
    assert reports(ADMIN).count == 2
    restore_post(MINA, made[0])
    assert reports(ADMIN).count == 3


# --- leaderboard --------------------------------------------------------------------------------------------------


def test_the_leaderboard_narrows_to_a_period(board):
    new, old = prediction(board, 7, None, title="new", public=True), prediction(board, 7, None, title="old", public=True)
    prediction(board, 7, None, title="private")
    board("UPDATE predictions SET public_at = now() - interval '8 days' WHERE id = :id", id=old)
    assert [row.id for row in leaderboard(JUNO, days=7).rows] == [new]
    assert leaderboard(JUNO, days=30).count == leaderboard(JUNO).count == 2
