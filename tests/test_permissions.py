"""Who may do what: every service that takes an actor, by role and by owner, called directly as the wrong person.

A service is in exactly one of four tables, and one that is in none fails the first test, so that none can be forgotten:
`BY_ROLE` needs a role, `OWN` touches one thing by its id, `LISTS` shows several, `OPEN` is for everybody.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from made_dossiers import ADMIN, JUNO, MINA, audition, demo, image, playlist, prediction, thumbnail, track

import services
from accounts import GUEST, Actor
from support.errors import AppError, NotAllowed, NotFound
from usecases import jobs

VIEWER = Actor(9, "viewer", "vik")
EVERYBODY = {"guest": GUEST, "viewer": VIEWER, "analyst": JUNO, "administrator": ADMIN}
NO: Any = None
MARK = "Xanthippe"
"""In every text that is Mina's alone."""
PICTURE = b"\x89PNG"

Calls = dict[str, Callable[..., Any]]
BY_ROLE: dict[str, Calls] = {
    # act: the service that needs it, called with what gets it past nothing but its door
    "sync": {"submit_sync": lambda a: services.submit_sync(a), "sync": lambda a: services.sync(a),
             "analyse": lambda a: services.analyse(a), "restore_files": lambda a: services.restore_files(a, ["x.csv"]),
             "submit_refresh": lambda a: services.submit_refresh(a),
             "run_remotely": lambda a: services.run_remotely(a, "ingest"),
             "submit_remote": lambda a: services.submit_remote(a, "ingest")},
    "upload": {"save_uploads": lambda a: services.save_uploads(a, [("x.txt", b"1")]),
               "upload_remotely": lambda a: services.upload_remotely(a, NO)},
    "settings": {"set_file_options": lambda a: services.set_file_options(a, 0, kind=None, date_order=None),
                 "accept_level": lambda a: services.accept_level(a, 0, NO),
                 "withdraw_level": lambda a: services.withdraw_level(a, 0, NO),
                 "backup": lambda a: services.backup(a, NO), "restore": lambda a: services.restore(a, NO),
                 "status": lambda a: services.status(a), "doctor": lambda a: services.doctor(a)},
    "delete": {"delete_artist": lambda a: services.delete_artist(a, 0),
               "preview_delete": lambda a: services.preview_delete(a, 0)},
    "import": {"import_catalogue": lambda a: services.import_catalogue(a, NO),
               "import_melon": lambda a: services.import_melon(a, NO),
               "import_starter_playlists": lambda a: services.import_starter_playlists(a),
               "submit_import": lambda a: services.submit_import(a, "x.csv", b""),
               "resume_import": lambda a: services.resume_import(a, 0),
               "submit_starter": lambda a: services.submit_starter(a),
               "submit_starter_playlists": lambda a: services.submit_starter_playlists(a)},
    "train": {"submit_training": lambda a: services.submit_training(a),
              "train_playlists": lambda a: services.train_playlists(a),
              "submit_hit_training": lambda a: services.submit_hit_training(a, b"", name="x.csv"),
              "train_hit": lambda a: services.train_hit(a, NO)},
    "moderate": {"remove_picture": lambda a: services.remove_picture(a, 0, "spam"),
                 "settle_reports": lambda a: services.settle_reports(a, 0),
                 "archive(reported)": lambda a: services.archive(a, reported=True),
                 "reports": lambda a: services.reports(a), "open_reports": lambda a: services.open_reports(a),
                 "removed_things": lambda a: services.removed_things(a),
                 "resolve_report": lambda a: services.resolve_report(a, "post", 0, remove=False),
                 "restore_removed": lambda a: services.restore_removed(a, "post", 0)},
    "post": {"add_post": lambda a: services.add_post(a, "", ""),
             "edit_post": lambda a: services.edit_post(a, 0, "x", "y"),
             "add_comment": lambda a: services.add_comment(a, 0, "x"),
             "edit_comment": lambda a: services.edit_comment(a, 0, "x")},
    "like": {"like": lambda a: services.like(a, "song", 0), "report": lambda a: services.report(a, "post", 0, "spam")},
    "alert": {"add_rule": lambda a: services.add_rule(a, "none", {}, today=NO),
              "delete_rule": lambda a: services.delete_rule(a, 0)},
    "audition": {"start_audition": lambda a: services.start_audition(a, 0),
                 "start_batch": lambda a: services.start_batch(a, lyrics_ids=[]),
                 "resume_batch": lambda a: services.resume_batch(a, 0),
                 "retry_judge": lambda a: services.retry_judge(a, 0, 0, 0)},
    "catalogue": {"edit_tags": lambda a: services.edit_tags(a, 0, {})},
    "picture": {"submit_remote_songs": lambda a: services.submit_remote_songs(a, 0),
                "submit_picture": lambda a: services.submit_picture(a, b"no picture")},
    "playlist": {"submit_thumbnails": lambda a: services.submit_thumbnails(a, ""),
                 "submit_painting": lambda a: services.submit_painting(a, "", 0, NO),
                 "save_playlist": lambda a: services.save_playlist(a, NO, services.Ask(""))},
    "predict": {"start_prediction": lambda a: services.start_prediction(a, b"", name="x", title="", genre="POP"),
                "submit_prediction_batch": lambda a: services.submit_prediction_batch(a, b"", name="x.zip"),
                "resume_prediction_batch": lambda a: services.resume_prediction_batch(a, 0),
                "retry_prediction": lambda a: services.retry_prediction(a, 0),
                "predict_folder": lambda a: services.predict_folder(a, NO)},
    "bgm": {"submit_bgm": lambda a: services.submit_bgm(a, services.BgmWish()),
            "edit_bgm": lambda a: services.edit_bgm(a, 0, "section"),
            "retry_bgm": lambda a: services.retry_bgm(a, 0),
            "read_bgm_text": lambda a: services.read_bgm_text(a, ""),
            "write_bgm_caption": lambda a: services.write_bgm_caption(a, "", "", "en"),
            "write_bgm": lambda a: services.write_bgm(a, services.BgmWish(), NO)},
    "dossier": {"new_dossier_song": lambda a: services.new_dossier_song(a, "", ""),
                "share_dossier": lambda a: services.share_dossier(a, 0)},
    "people": {"list_members": lambda a: services.list_members(a),
               "audit_trail": lambda a: services.audit_trail(a),
               "audit_actions": lambda a: services.audit_actions(a),
               "set_role": lambda a: services.set_role(a, 0, "viewer"),
               "disable_member": lambda a: services.disable_member(a, 0),
               "enable_member": lambda a: services.enable_member(a, 0)},
}
ALLOWED = {"administrator": set(BY_ROLE),
           "analyst": {"alert", "audition", "catalogue", "picture", "playlist", "predict", "bgm", "dossier", "post",
                       "like"},
           "viewer": {"like"}, "guest": set()}
SLOW = {"import_starter_playlists"}
"""Not called as somebody who may: it would import 300 playlists."""

OWN: Calls = {
    # service: what it is asked of Mina's things by somebody else
    "end_sign_in": lambda a, m: services.end_sign_in(a, m.sign_in),
    "get_audition": lambda a, m: services.get_audition(a, m.audition),
    "cancel_audition": lambda a, m: services.cancel_audition(a, m.audition),
    "delete_audition": lambda a, m: services.delete_audition(a, m.audition),
    "retry_judge": lambda a, m: services.retry_judge(a, m.audition, 0, 0),
    "start_audition": lambda a, m: services.start_audition(a, m.lyrics),
    "resume_batch": lambda a, m: services.resume_batch(a, m.audition_batch),
    "get_song": lambda a, m: services.get_song(a, m.lyrics),
    "song_info": lambda a, m: services.song_info(a, m.lyrics),
    "delete_song": lambda a, m: services.delete_song(a, m.lyrics),
    "delete_rule": lambda a, m: services.delete_rule(a, m.rule),
    "get_picture": lambda a, m: services.get_picture(a, m.picture),
    "delete_picture": lambda a, m: services.delete_picture(a, m.picture),
    "share_picture": lambda a, m: services.share_picture(a, m.picture, consent=True),
    "unshare_picture": lambda a, m: services.unshare_picture(a, m.picture),
    "link_picture": lambda a, m: services.link_picture(a, m.picture),
    "report_picture": lambda a, m: services.report_picture(a, m.picture, "other"),
    "weigh_tags": lambda a, m: services.weigh_tags(a, m.picture, {"비": 0.5}),
    "picture_songs": lambda a, m: services.picture_songs(a, m.picture, genres=["발라드"]),
    "recommend_remotely": lambda a, m: services.recommend_remotely(a, m.picture),
    "get_playlist": lambda a, m: services.get_playlist(a, m.playlist),
    "delete_playlist": lambda a, m: services.delete_playlist(a, m.playlist),
    "link_playlist": lambda a, m: services.link_playlist(a, m.playlist),
    "like_playlist": lambda a, m: services.like_playlist(a, m.playlist),
    "list_thumbnails": lambda a, m: services.list_thumbnails(a, m.playlist),
    "choose_thumbnail": lambda a, m: services.choose_thumbnail(a, m.thumbnail, m.playlist),
    "keep_thumbnails": lambda a, m: services.keep_thumbnails(a, [m.thumbnail], m.playlist),
    "thumbnail_bytes": lambda a, m: services.thumbnail_bytes(a, m.thumbnail),
    "get_thumbnails": lambda a, m: services.get_thumbnails(a, [m.thumbnail]),
    "delete_thumbnail": lambda a, m: services.delete_thumbnail(a, m.thumbnail),
    "playlist_card": lambda a, m: services.playlist_card(a, "x", (), (), m.thumbnail, "en"),
    "attach_thumbnail": lambda a, m: services.attach_thumbnail(a, m.thumbnail, None),
    "get_prediction": lambda a, m: services.get_prediction(a, m.prediction),
    "cancel_prediction": lambda a, m: services.cancel_prediction(a, m.prediction),
    "delete_prediction": lambda a, m: services.delete_prediction(a, m.prediction),
    "like_prediction": lambda a, m: services.like_prediction(a, m.prediction),
    "publish_prediction": lambda a, m: services.publish_prediction(a, m.prediction, on=True),
    "link_prediction": lambda a, m: services.link_prediction(a, m.prediction, on=True),
    "prediction_audio": lambda a, m: services.prediction_audio(a, m.prediction),
    "prediction_picture": lambda a, m: services.prediction_picture(a, m.prediction),
    "prediction_html": lambda a, m: services.prediction_html(a, m.prediction, "en"),
    "nearest_predictions": lambda a, m: services.nearest_predictions(a, m.prediction),
    "reference_predictions": lambda a, m: services.reference_predictions(a, m.prediction),
    "retry_prediction": lambda a, m: services.retry_prediction(a, m.prediction),
    "set_prediction_prior": lambda a, m: services.set_prediction_prior(a, m.prediction, 0.5),
    "attach_prediction": lambda a, m: services.attach_prediction(a, m.prediction, None),
    "delete_prediction_batch": lambda a, m: services.delete_prediction_batch(a, m.prediction_batch),
    "cancel_prediction_batch": lambda a, m: services.cancel_prediction_batch(a, m.prediction_batch),
    "resume_prediction_batch": lambda a, m: services.resume_prediction_batch(a, m.prediction_batch),
    "get_bgm": lambda a, m: services.get_bgm(a, m.batch),
    "get_bgm_track": lambda a, m: services.get_bgm_track(a, m.track),
    "cancel_bgm": lambda a, m: services.cancel_bgm(a, m.batch),
    "retry_bgm": lambda a, m: services.retry_bgm(a, m.batch),
    "edit_bgm": lambda a, m: services.edit_bgm(a, m.track, "calmer"),
    "rename_bgm": lambda a, m: services.rename_bgm(a, m.track, "x"),
    "rate_bgm": lambda a, m: services.rate_bgm(a, m.track, 1),
    "delete_bgm": lambda a, m: services.delete_bgm(a, m.track),
    "restore_bgm": lambda a, m: services.restore_bgm(a, m.track),
    "bgm_file": lambda a, m: services.bgm_file(a, m.track, "ogg"),
    "attach_bgm": lambda a, m: services.attach_bgm(a, m.track, None),
    "get_dossier": lambda a, m: services.get_dossier(a, m.own_song),
    "share_dossier": lambda a, m: services.share_dossier(a, m.own_song),
    "dossier_html": lambda a, m: services.dossier_html(a, m.own_song, "en"),
    "dossier_zip": lambda a, m: services.dossier_zip(a, m.own_song, "en"),
    "dossier_picture": lambda a, m: services.dossier_picture(a, m.thumbnail),
    "dossier_audio": lambda a, m: services.dossier_audio(a, m.track),
    "list_dossier_shares": lambda a, m: services.list_dossier_shares(a, m.song),
    "revoke_dossier_share": lambda a, m: services.revoke_dossier_share(a, m.share),
    "get_job": lambda a, m: services.get_job(a, m.job),
    "cancel_job": lambda a, m: services.cancel_job(a, m.job),
    "jobs_ahead": lambda a, m: services.jobs_ahead(a, m.job),
    "latest_job": lambda a, m: services.latest_job(a, "bgm"),
    "active_job": lambda a, m: services.active_job(a, "bgm"),
    "mark_seen": lambda a, m: services.mark_seen(a, [m.event]),
    "attachable": lambda a, m: services.attachable(a, "audition", m.audition),
    "get_post": lambda a, m: services.get_post(a, m.post), "delete_post": lambda a, m: services.delete_post(a, m.post),
    "edit_post": lambda a, m: services.edit_post(a, m.post, "x", "y"),
    "restore_post": lambda a, m: services.restore_post(a, m.post),
    "card_media": lambda a, m: services.card_media(a, m.post),
    "list_comments": lambda a, m: services.list_comments(a, m.post),
    "delete_comment": lambda a, m: services.delete_comment(a, m.comment),
    "edit_comment": lambda a, m: services.edit_comment(a, m.comment, "x"),
    "restore_comment": lambda a, m: services.restore_comment(a, m.comment),
    "my_picture": lambda a, m: services.my_picture(a, "thumbnail", m.thumbnail),
    "my_data_file": lambda a, m: services.my_data_file(a, m.job),
    "my_data_ticket": lambda a, m: services.my_data_ticket(a, m.job, "x.zip"),
}
NOTHING = {"get_thumbnails", "list_thumbnails", "list_dossier_shares", "get_job", "cancel_job", "jobs_ahead",
           "latest_job", "active_job", "mark_seen"}
"""Answer with nothing rather than with an error: what is another's is as if it were not there."""

LISTS: Calls = {
    "list_auditions": lambda a: services.list_auditions(a),
    "list_batches": lambda a: services.list_batches(a),
    "audition_table": lambda a: services.audition_table(a).to_string(),
    "audition_json": lambda a: services.audition_json(a),
    "audition_html": lambda a: services.audition_html(a, lang="en"),
    "list_songs": lambda a: services.list_songs(a),
    "list_pictures": lambda a: services.list_pictures(a),
    "archive": lambda a: services.archive(a),
    "archive_tags": lambda a: services.archive_tags(a),
    "list_playlists": lambda a: services.list_playlists(a),
    "list_predictions": lambda a: services.list_predictions(a),
    "leaderboard": lambda a: services.leaderboard(a),
    "predictions_table": lambda a: services.predictions_table(a).to_string(),
    "list_prediction_batches": lambda a: services.list_prediction_batches(a),
    "list_bgm": lambda a: services.list_bgm(a),
    "list_dossier_songs": lambda a: services.list_dossier_songs(a, MARK),
    "search_everything": lambda a: services.search_everything(a, MARK),
    "get_dossier(song of all)": lambda a, m: services.get_dossier(a, m.song),
    "dossier_html(song of all)": lambda a, m: services.dossier_html(a, m.song, "en").decode(),
    "list_rules": lambda a: services.list_rules(a),
    "list_events": lambda a: services.list_events(a),
    "unseen_alerts": lambda a: services.unseen_alerts(a),
    "home": lambda a: services.home(a, 100_000),
    "estimate_batch": lambda a: services.estimate_batch(a, search=MARK),
    "list_posts": lambda a: services.list_posts(a),
    "posts_table": lambda a: services.posts_table(a).to_string(),
    "own_things": lambda a: [services.own_things(a, kind) for kind in services.CARD_KINDS],
    "liked": lambda a: services.liked(a, "song"),
    "my_overview": lambda a: services.my_overview(a),
    "my_things": lambda a: [services.my_things(a, kind) for kind in services.MY_KINDS],
    "my_data": lambda a: services.my_data(a),
    "news": lambda a: services.news(a, datetime(2000, 1, 1, tzinfo=UTC)),
}
FOR_MEMBERS = {"list_posts", "posts_table"}
"""Lists that a guest is refused."""
OPEN = {
    # readings, catalogue, models and the state of the product: the same for everybody who may see the pages
    "artist_analysis", "artist_data", "artist_growth", "artist_report", "capabilities", "catalogue_counts",
    "catalogue_entry", "catalogue_page", "catalogue_table", "data_status", "data_version", "find_songs", "hit_models",
    "known_videos", "list_artists", "list_files", "list_painters", "listen", "model_facts", "panels", "pipeline",
    "likes", "playlist_counts", "quota", "recent_imports", "recent_runs", "refused_songs", "rejected_rows", "settle_bgm",
    "standings", "taggers",
    # worked out from what the caller hands in, nothing of anybody's is read
    "audition_judges", "draft_of", "make_playlist", "painting_prompt", "picture_card", "picture_jpeg", "replace_song",
    "similar_playlists", "song_m3u8", "song_table",
    # makes something of the caller's own
    "add_song", "add_songs", "cancel_my_data", "submit_my_data",
    # the caller's own account, which no argument names
    "change_bio", "change_nickname", "change_password", "confirm_email_change", "delete_account", "list_sign_ins",
    "my_account", "request_email_change", "sign_out_everywhere", "visit",
    # opened by an unguessable token
    "picture_by_link", "playlist_by_link", "prediction_by_link",
}


def taking_an_actor() -> set[str]:
    """Return the names of the services whose first argument is the actor."""
    found = {name: getattr(services, name) for name in services.__all__}
    return {name for name, made in found.items()
            if inspect.isfunction(made) and next(iter(inspect.signature(made).parameters), "") == "actor"} - {"may"}


def named(table) -> set[str]:
    return {name.partition("(")[0] for name in table}


def test_no_service_is_forgotten():
    known = named({name for services_ in BY_ROLE.values() for name in services_}) | named(OWN) | named(LISTS) | OPEN
    assert taking_an_actor() - known == set()
    assert known - taking_an_actor() == set()


@pytest.fixture
def nothing_begins(monkeypatch):
    """Let a job that would begin be refused: getting as far shows that the door let the caller in."""
    def reached(*given, **named):
        raise NotFound("picture.gone")

    monkeypatch.setattr(jobs, "submit", reached)


@pytest.mark.parametrize("role", EVERYBODY)
@pytest.mark.parametrize("act", BY_ROLE)
def test_by_role(act, role, clean, query, nothing_begins):
    query("INSERT INTO users (id, nickname, role) VALUES (8, 'juno', 'analyst'), (9, 'vik', 'viewer')")
    before = query("SELECT (SELECT count(*) FROM audit_log), (SELECT count(*) FROM jobs)")
    for name, call in BY_ROLE[act].items():
        if act in ALLOWED[role]:
            if name not in SLOW:
                _let_in(name, call, EVERYBODY[role])
            continue
        with pytest.raises(NotAllowed) as caught:
            call(EVERYBODY[role])
        assert caught.value.values == {"role": EVERYBODY[role].role, "act": act}, name
    if act not in ALLOWED[role]:
        assert query("SELECT (SELECT count(*) FROM audit_log), (SELECT count(*) FROM jobs)") == before


def _let_in(name, call, actor):
    """Call a service with what is no good: whatever it says, it is not that the role forbids it."""
    try:
        call(actor)
    except NotAllowed as error:
        pytest.fail(f"{name} refused {actor.role}: {error}")
    except (AppError, AttributeError, TypeError, ValueError):
        pass  # past its door, it finds that the arguments are no good


@pytest.fixture
def mina(export, query, tmp_path):
    """Let one of each thing be there that is Mina's alone, with a mark in every text."""
    song = demo(export, query, tmp_path)
    own = services.new_dossier_song(MINA, f"{MARK} band", f"{MARK} song")
    track_id = track(query, 7, song, title=f"{MARK} calm", caption=f"{MARK} caption")
    query("UPDATE bgm_batches SET wish = :wish", wish=json.dumps(asdict(services.BgmWish(genres=("lofi",)))))
    made = SimpleNamespace(
        song=song, own_song=own, audition=audition(query, 7, song, artist=MARK, title=MARK, lyrics=MARK),
        lyrics=services.add_song(MINA, MARK, MARK, f"{MARK} sings of rain\nand of the sea\n"),
        prediction=prediction(query, 7, song, title=MARK, artist=MARK), picture=image(query, 7, "비"),
        thumbnail=thumbnail(query, 7, song, title=MARK), track=track_id,
        batch=query("SELECT batch_id FROM bgm_tracks WHERE id = :id", id=track_id)[0][0],
        playlist=playlist(query, 7, song, title=f"{MARK} list"),
        share=services.share_dossier(MINA, song).id,
        audition_batch=query("""INSERT INTO audition_batches (owner_id, panel, lang, songs) VALUES (7, 'default', 'en', '{}')
                                RETURNING id""")[0][0],
        prediction_batch=query("""INSERT INTO prediction_batches (owner_id, name) VALUES (7, :mark)
                                  RETURNING id""", mark=MARK)[0][0],
        job=query("""INSERT INTO jobs (kind, state, owner_id, process, note) VALUES ('bgm', 'running', 7, :process, :mark)
                     RETURNING id""", process=jobs.own_process(), mark=MARK)[0][0])
    made.sign_in = query("""INSERT INTO sign_ins (user_id, token_sha256, expires_at)
                            VALUES (7, 'x', now() + interval '1 day') RETURNING id""")[0][0]
    # removed by a moderator: from then on it is its author's alone
    made.post = services.add_post(MINA, MARK, MARK, ("thumbnail", made.thumbnail))
    made.comment = services.add_comment(MINA, made.post, MARK)
    services.resolve_report(ADMIN, "post", made.post, remove=True, reason="no")
    made.rule = query("""INSERT INTO alert_rules (owner_id, kind, params) VALUES (7, 'milestone', '{"target": 99}')
                         RETURNING id""")[0][0]
    made.event = query("""INSERT INTO alert_events (rule_id, artist_id, platform, day, detail, initial, delivery)
                          SELECT :rule, a.id, 1, current_date, '{}', false, 'none' FROM artists a LIMIT 1 RETURNING id""",
                       rule=made.rule)[0][0]
    return made


def state_of(query):
    """Return what all tables with an owner say of Mina's things."""
    tables = [row[0] for row in query("""SELECT table_name FROM information_schema.columns
                                         WHERE column_name = 'owner_id' AND table_schema = 'public' ORDER BY 1""")]
    return {table: query(f"SELECT t::text FROM {table} t WHERE owner_id = 7 ORDER BY 1") for table in tables}


@pytest.mark.parametrize("who", [GUEST, VIEWER, JUNO], ids=["guest", "viewer", "analyst"])
def test_another_ones_things_are_as_if_they_were_not_there(who, mina, query, nothing_begins):
    before = state_of(query)
    answered = {name: answer for name, call in OWN.items() if (answer := _answer(call, who, mina))}
    assert answered == {}
    assert state_of(query) == before


def _answer(call, who, mina):
    """Return what a service answers, None where it refuses as it should and says nothing of the thing."""
    try:
        return call(who, mina) or ("nothing" if call not in [OWN[name] for name in NOTHING] else None)
    except (NotFound, NotAllowed) as error:
        return str(error) if MARK in str(error) else None
    except Exception as error:
        return repr(error)


def test_the_owner_is_let_in(mina):
    """The table's calls mean what they say: of the same things their owner is shown those that can be read."""
    for name in ("get_audition", "get_song", "get_picture", "get_playlist", "get_prediction", "get_bgm", "get_bgm_track",
                 "get_dossier", "get_job", "list_dossier_shares", "get_thumbnails", "thumbnail_bytes"):
        assert OWN[name](MINA, mina), name


def test_lists_hold_nothing_of_another(mina):
    for name, call in LISTS.items():
        for who in (GUEST, VIEWER, JUNO):
            if who is GUEST and name in FOR_MEMBERS:
                with pytest.raises(NotAllowed):
                    call(who)
                continue
            shown = call(who, mina) if "song of all" in name else call(who)
            assert MARK not in repr(shown), (name, who.name)


def test_the_mark_is_found_by_its_owner(mina):
    """The lists can show the mark: otherwise the test above could not fail."""
    shown = {name for name, call in LISTS.items() if "song of all" not in name and MARK in repr(call(MINA))}
    assert shown >= {"list_auditions", "audition_table", "audition_json", "audition_html", "list_songs", "list_playlists",
                     "list_predictions", "predictions_table", "list_prediction_batches", "list_bgm",
                     "list_dossier_songs", "search_everything"}
