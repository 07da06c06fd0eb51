"""Made up for tests of dossiers: people, a song with readings and tags, and things tied to it by hand."""

from __future__ import annotations

import io
from types import SimpleNamespace

from PIL import Image

from accounts import LOCAL_ADMINISTRATOR as ADMIN
from accounts import Actor
from usecases.catalogue_import import import_catalogue
from usecases.sync import sync

MINA, JUNO, VIK = Actor(7, "analyst", "mina"), Actor(8, "analyst", "juno"), Actor(9, "viewer", "vik")
PLAN = '{"plan": {}, "facts": {}}'
DAYS = 120


def people(query):
    query("INSERT INTO users (id, nickname, role) VALUES (7, 'mina', 'analyst'), (8, 'juno', 'analyst'), "
          "(9, 'vik', 'viewer')")


def jpeg(colour="red"):
    out = io.BytesIO()
    Image.new("RGB", (128, 72), colour).save(out, "JPEG")
    return out.getvalue()


def song_of(query, title):
    return query("SELECT id FROM songs WHERE title = :title", title=title)[0][0]


def demo(export, query, tmp_path):
    """Let a song be there with readings of two platforms and an entry in a catalogue of twelve songs."""
    people(query)
    export("IU_Palette_yt_views.csv", [1_000 * day + 50_000 for day in range(DAYS)])
    export("IU_Palette_sp_streams.csv", [500 * day + 9_000 for day in range(DAYS)])
    sync(ADMIN)
    path = tmp_path / "songs.csv"
    lines = ["title,artist,genre,album,year,language,situation,emotion,style",
             "Palette,IU,발라드,Palette,2017,ko,카페,설렘,잔잔한"]
    lines += [f"Near {number},Band {number},발라드,,2018,ko,카페,설렘,잔잔한" for number in range(6)]
    lines += [f"Far {number},Club {number},댄스,,2019,en,운동,신남,신나는" for number in range(6)]
    path.write_text("\n".join(lines), "utf-8")
    import_catalogue(ADMIN, path)
    return song_of(query, "Palette")


def audition(query, owner, song, *, title="Palette", artist="IU", lyrics="la la", verdict="PASS", offline="{}"):
    return query("""INSERT INTO auditions (owner_id, song_id, artist, title, lyrics, source, panel, lang, repeats,
                        prompt_version, state, total, out_of, scaled_300, verdict, provisional, spread, split, offline,
                        finished_at)
                    VALUES (:owner, :song, :artist, :title, :lyrics, 'paste', 'default', 'ko', 1, 'v1', 'done', 210, 300,
                            210, :verdict, false, 0, false, NULL, now()) RETURNING id""",
                 owner=owner, song=song, artist=artist, title=title, lyrics=lyrics, verdict=verdict)[0][0]


def prediction(query, owner, song, *, title="Palette", artist="IU", public=False):
    track = query("""INSERT INTO tracks (owner_id, sha256, name, bytes, data)
                     VALUES (:owner, md5(random()::text), 'a.wav', 1, '\\x00') RETURNING id""", owner=owner)[0][0]
    return query("""INSERT INTO predictions (owner_id, track_id, song_id, title, artist, genre, prior, state,
                        log_odds_ratio, low, high, score, report, public_at, finished_at)
                    VALUES (:owner, :track, :song, :title, :artist, 'POP', 0.01, 'done', 1.5, 0.5, 2.5, 72,
                            '{"score_low": 60, "score_high": 84, "clip": [0, 30]}',
                            CASE WHEN :public THEN now() END, now()) RETURNING id""",
                 owner=owner, track=track, song=song, title=title, artist=artist, public=public)[0][0]


def thumbnail(query, owner, song, *, title="Palette", data=None):
    return query("""INSERT INTO playlist_pictures (owner_id, song_id, title, seed, painter, plan, kind, picture)
                    VALUES (:owner, :song, :title, 0, 'artwork', :plan, 'jpeg', :data) RETURNING id""",
                 owner=owner, song=song, title=title, plan=PLAN, data=data or jpeg())[0][0]


def track(query, owner, song, *, title="Calm", caption="calm piano", ogg=b"OggS"):
    batch = query("""INSERT INTO bgm_batches (owner_id, song_id, wish, caption, maker, tracks, state)
                     VALUES (:owner, :song, '{}', :caption, 'composer', 1, 'done') RETURNING id""",
                  owner=owner, song=song, caption=caption)[0][0]
    return query("""INSERT INTO bgm_tracks (batch_id, owner_id, song_id, variant, title, maker, state, seconds, ogg,
                        rating)
                    VALUES (:batch, :owner, :song, 0, :title, 'composer', 'done', 30, :ogg, 4) RETURNING id""",
                 batch=batch, owner=owner, song=song, title=title, ogg=ogg)[0][0]


def playlist(query, owner, *songs, title="Mine", tags=(), source=None):
    made = query("""INSERT INTO playlists (owner_id, source, title, tags) VALUES (:owner, :source, :title, :tags)
                    RETURNING id""",
                 owner=owner, source=source or ("made" if owner else "starter"), title=title, tags=list(tags))[0][0]
    for place, song in enumerate(songs):
        query("INSERT INTO playlist_songs (playlist_id, position, song_id) VALUES (:list, :place, :song)",
              list=made, place=place, song=song)
    return made


def image(query, owner, *tags):
    found = query("""INSERT INTO images (owner_id, sha256, format, width, height, jpeg, tagger)
                     VALUES (:owner, md5(random()::text), 'JPEG', 8, 8, '\\x00', 'here') RETURNING id""",
                  owner=owner)[0][0]
    for tag in tags:
        query("""INSERT INTO image_tags (image_id, tag, category, weight, ground, tagger)
                 VALUES (:image, :tag, 'weather', 1, 'seen', 'here')""", image=found, tag=tag)
    return found


def everything(query, owner, song, **names):
    """Tie one thing of each kind to a song; return their ids."""
    return SimpleNamespace(audition=audition(query, owner, song, **names),
                           prediction=prediction(query, owner, song, **names),
                           thumbnail=thumbnail(query, owner, song), track=track(query, owner, song),
                           playlist=playlist(query, owner, song))
