"""What a user has: counts, newest first, searches, where each opens; never anything of anybody else."""

from __future__ import annotations

from dataclasses import fields

import pytest
from made_dossiers import JUNO, MINA, audition, image, jpeg, people, playlist, prediction, thumbnail, track

from accounts import Actor
from support.errors import DataError, NotFound
from usecases import my_page
from usecases.my_page import KINDS, my_overview, my_picture, my_things


@pytest.fixture
def palette(clean, query):
    people(query)
    artist = query("INSERT INTO artists (key, norm_key, display_name) VALUES ('IU', 'iu', 'IU') RETURNING id")[0][0]
    return query("""INSERT INTO songs (artist_id, key, norm_title, title) VALUES (:artist, 'p', 'palette', 'Palette')
                    RETURNING id""", artist=artist)[0][0]


def liked(query, owner, song):
    query("INSERT INTO likes (owner_id, kind, item) VALUES (:owner, 'song', :item)", owner=owner, item=str(song))
    return song


def post(query, owner, title="Hello", body="What do you think?"):
    return query("INSERT INTO posts (author_id, title, body) VALUES (:owner, :title, :body) RETURNING id", owner=owner,
                 title=title, body=body)[0][0]


def one_of_each(query, owner, song):
    return {"audition": audition(query, owner, song), "picture": image(query, owner, "비"),
            "playlist": playlist(query, owner, song), "thumbnail": thumbnail(query, owner, song),
            "prediction": prediction(query, owner, song), "track": track(query, owner, song),
            "song": liked(query, owner, song), "post": post(query, owner)}


def test_the_overview_has_one_shelf_of_every_kind(palette, query):
    made = one_of_each(query, 7, palette)
    mine = my_overview(MINA)
    assert [shelf.kind for shelf in mine.shelves] == list(KINDS) and len(fields(mine)) == len(KINDS)
    assert {shelf.kind: shelf.things[0].id for shelf in mine.shelves} == made
    assert [shelf.count for shelf in mine.shelves] == [1] * len(KINDS) and not mine.empty
    assert my_overview(JUNO).empty and my_overview(Actor(0, "viewer", "guest")).empty


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_sees_anothers(palette, query, kind):
    one_of_each(query, 8, palette)
    shelf = my_things(MINA, kind)
    assert (shelf.count, shelf.things, shelf.page, shelf.pages) == (0, (), 1, 1)


def test_each_opens_on_its_page(palette, query):
    made = one_of_each(query, 7, palette)
    batch = query("SELECT batch_id FROM bgm_tracks")[0][0]
    places = {shelf.kind: (shelf.things[0].page, shelf.things[0].query) for shelf in my_overview(MINA).shelves}
    assert places == {
        "audition": ("ai_judges", {"tab": "audition", "audition": str(made["audition"])}),
        "picture": ("image_to_music", {"image": str(made["picture"])}),
        "playlist": ("playlist_maker", {"saved": str(made["playlist"])}),
        "thumbnail": ("song_dossier", {"song": str(palette)}),
        "prediction": ("hit_prediction", {"tab": "analyse", "prediction": str(made["prediction"])}),
        "track": ("text_to_bgm", {"batch": str(batch)}),
        "song": ("song_dossier", {"song": str(palette)}),
        "post": ("community", {"post": str(made["post"])})}


def test_a_thumbnail_opens_with_its_playlist_or_makes_one_of_its_title(palette, query):
    own = playlist(query, 7, palette)
    first, second = thumbnail(query, 7, palette), thumbnail(query, 7, None, title="Rain")
    query("UPDATE playlist_pictures SET playlist_id = :own WHERE id = :first", own=own, first=first)
    places = {thing.id: (thing.page, thing.query) for thing in my_things(MINA, "thumbnail").things}
    assert places == {first: ("playlist_maker", {"saved": str(own)}), second: ("playlist_maker", {"title": "Rain"})}


def test_facts_are_those_of_the_thing(palette, query):
    one_of_each(query, 7, palette)
    query("INSERT INTO comments (post_id, author_id, body) SELECT id, 8, 'nice' FROM posts")
    query("INSERT INTO comments (post_id, author_id, body, deleted_at) SELECT id, 8, 'gone', now() FROM posts")
    facts = {shelf.kind: shelf.things[0].facts for shelf in my_overview(MINA).shelves}
    assert facts["audition"] == {"verdict": "PASS", "score": 210, "provisional": False}
    assert facts["picture"] == {"tags": ["비"], "shared": False}
    assert facts["playlist"] == {"songs": 1, "tags": []}
    assert facts["prediction"] == {"genre": "POP", "score": 72, "abstained": None, "public": False}
    assert facts["track"]["seconds"] == 30 and facts["track"]["rating"] == 4
    assert facts["post"] == {"comments": 1, "likes": 0, "views": 0}


def test_newest_first_in_pages(palette, query):
    ids = [audition(query, 7, palette, title=f"Song {place}") for place in range(45)]
    assert [thing.id for thing in my_overview(MINA).auditions.things] == ids[:-4:-1]
    first, last = my_things(MINA, "audition"), my_things(MINA, "audition", page=99)
    assert (first.count, first.pages, len(first.things), first.things[0].id) == (45, 3, 20, ids[-1])
    assert (last.page, [thing.id for thing in last.things]) == (3, ids[4::-1])
    assert my_things(MINA, "audition", page=-3).page == 1
    assert len(my_things(MINA, "audition", size=10**9).things) == 45


def test_a_search_takes_every_word_in_any_case(palette, query):
    one, other = (audition(query, 7, palette, title=title, artist=artist)
                  for title, artist in (("Spring Day", "BTS"), ("봄날의 곰", "여울담")))
    assert [thing.id for thing in my_things(MINA, "audition", search="  bts SPRING ").things] == [one]
    assert [thing.id for thing in my_things(MINA, "audition", search="봄날").things] == [other]
    assert my_things(MINA, "audition", search="spring winter").count == 0
    assert my_things(MINA, "audition", search="%' OR 1=1 --").count == 0
    assert my_things(MINA, "audition", search="\x00" + "x" * 10_000).count == 0


def test_pictures_are_found_by_tag_in_either_language_and_by_words(palette, query):
    from recommender import vocabulary

    tag = vocabulary().find("비") or vocabulary().find("밤")
    rainy, plain = image(query, 7, tag), image(query, 7, "nothing")
    query("UPDATE images SET words = 'quiet Harbour' WHERE id = :id", id=plain)
    for label in (vocabulary().label(tag, "ko"), vocabulary().label(tag, "en")):
        assert [thing.id for thing in my_things(MINA, "picture", search=label).things] == [rainy]
    assert [thing.id for thing in my_things(MINA, "picture", search="harbour").things] == [plain]


def test_what_was_deleted_is_not_there_and_what_was_taken_down_says_so(palette, query):
    made = one_of_each(query, 7, palette)
    query("UPDATE bgm_tracks SET deleted_at = now()")
    query("UPDATE images SET removed_at = now()")
    query("UPDATE posts SET removed_at = now(), removed_by = 1")
    mine = my_overview(MINA)
    assert (mine.tracks.count, mine.pictures.count, mine.posts.count) == (0, 0, 1)
    assert mine.posts.things[0].state == "removed"
    query("UPDATE posts SET deleted_at = now()")
    assert my_overview(MINA).posts.count == 0 and made


def test_pictures_are_their_owners(palette, query):
    own, picture = thumbnail(query, 7, palette), image(query, 7)
    assert my_picture(MINA, "thumbnail", own) == jpeg() and my_picture(MINA, "picture", picture) == b"\0"
    for kind, item in (("thumbnail", own), ("picture", picture)):
        with pytest.raises(NotFound):
            my_picture(JUNO, kind, item)


def test_a_kind_that_is_none_is_refused(clean):
    with pytest.raises(DataError) as caught:
        my_things(MINA, "passwords")
    assert "passwords" in caught.value.message("en") and caught.value.message("ko")


def test_names_of_kinds_are_known_to_the_queries():
    assert my_page.KINDS == ("audition", "picture", "playlist", "thumbnail", "prediction", "track", "song", "post")
