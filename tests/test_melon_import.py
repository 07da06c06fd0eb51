"""The Arena's files into the database: names, numbers where there are none, dirt, stops, the same files again; the
command."""

from __future__ import annotations

import gzip
import json

import pytest
from made_playlists import put_in_place
from typer.testing import CliRunner

import cli
import services
from accounts import LOCAL_ADMINISTRATOR as ADMIN
from accounts import Actor
from queries import playlists as queries
from support.errors import Busy, Cancelled, DataError, NotAllowed
from usecases import playlist_import, playlist_library
from usecases.catalogue_import import import_catalogue
from usecases.playlist_import import import_melon

GENRES = {"GN0100": "발라드"}
EVERY = [0, 1, 3, 4, 5, 6, 7]


def song(number, name, artists=("가수",), codes=("GN0100",)):
    return {"id": number, "song_name": name, "artist_name_basket": list(artists), "album_name": None, "issue_date": "0",
            "song_gn_gnr_basket": list(codes)}


def row(number, title, songs=EVERY, tags=("밤",), likes=1, day="2019-05-20 13:55:51.000"):
    return {"id": number, "plylst_title": title, "songs": list(songs), "tags": list(tags), "like_cnt": likes, "updt_date": day}


def write(folder, name, rows):
    (folder / f"{name}.json").write_text(json.dumps(rows, ensure_ascii=False), "utf-8")


@pytest.fixture
def folder(clean, monkeypatch, tmp_path):
    """Four clean playlists of seven songs (a song and a tag count from the fourth use on), and dirt."""
    put_in_place(monkeypatch, tmp_path)
    made = tmp_path / "melon"
    made.mkdir()
    write(made, "genre_gn_all", GENRES)
    write(made, "song_meta", [
        song(0, "  밤  편지 ", ["아이유", "다른 이"]), song(1, "밤편지", ["아이유"]), song(2, "장르 없음", codes=[]),
        song(3, ""), song(4, "이름뿐", []), song(5, "\u0000널\u0000", ["가\u0000수"]), song(6, "?!", ["…"])])
    write(made, "train", [
        row(10, "비 오는 밤!!", tags=["밤", "비\u0000", "드문"], likes=3), row(11, "새벽 감성", [7, 6, 5, 4, 3, 2, 1, 0], ["밤", "비\u0000"]),
        row(12, "퇴근길 노래", tags=["밤", "비\u0000", " "], day="언젠가"), row(12, "같은 번호", tags=["밤", "비\u0000", " "], day=""),
        row(13, "2019"), row(14, "♥"), row(15, "빈 목록", []), row(16, "드문 노래", [99]),
        row(17, "비 오는 밤", [0, 1, 3], ["밤"], likes=4, day="2020-01-02 00:00:00.000")])
    yield made
    playlist_library._shelf = playlist_library._model = None


def stored(query):
    return query("SELECT title, outer_id, tags, likes, updated::text FROM playlists WHERE source = 'melon' ORDER BY id")


def names(query, title):
    return query("""SELECT a.display_name, s.title FROM playlists p JOIN playlist_songs x ON x.playlist_id = p.id JOIN songs s ON s.id = x.song_id
                    JOIN artists a ON a.id = s.artist_id WHERE p.title = :title ORDER BY x.position""", title=title)


def test_playlists_are_stored_clean_with_their_songs_by_name(folder, query):
    report = import_melon(ADMIN, folder)
    assert stored(query) == [("비 오는 밤", "10", ["밤", "비"], 7, "2020-01-02"), ("새벽 감성", "11", ["밤", "비"], 1, "2019-05-20"),
                             ("퇴근길 노래", "12", ["밤", "비"], 1, None), ("같은 번호", "12:같은 번호", ["밤", "비"], 1, None)]
    # 0 and 1 are one song; without name or artist, or with nothing but signs, by number
    assert names(query, "새벽 감성") == [("Melon", "#7"), ("Melon", "#6"), ("가수", "널"), ("Melon", "#4"), ("Melon", "#3"), ("아이유", "밤 편지")]
    assert (report.imported, report.playlists, report.songs, report.named, report.known) == (True, 4, 6, 2, 0)
    assert report.dropped == {"songs_without_genre": 1, "titles": 2, "merged": 1, "rare_songs": 1, "rare_tags": 2, "empty": 2,
                              "days": 1, "songs_beyond": 0}
    assert report.embedded == 4 and query("SELECT count(*) FROM playlists WHERE embedding IS NULL") == [(0,)]
    logged = query("SELECT actor_id, object, detail ->> 'playlists' FROM audit_log WHERE action = 'import_playlists'")
    assert logged == [(1, "melon", "4")]
    assert query("SELECT source, reader, counts ->> 'songs', actor_id FROM playlist_imports") == [("melon", 1, "6", 1)]


def test_the_same_files_again_change_nothing_also_when_packed(folder, query):
    import_melon(ADMIN, folder)
    before = query("SELECT id, xmin::text FROM playlists ORDER BY id")
    again = import_melon(ADMIN, folder)
    assert not again.imported and (again.playlists, again.songs, again.embedded) == (4, 6, 0)
    assert query("SELECT id, xmin::text FROM playlists ORDER BY id") == before
    assert query("SELECT count(*) FROM playlist_imports") == [(1,)]


def test_changed_files_take_the_place_of_what_was_there_and_leave_the_starter(folder, query):
    services.import_starter_playlists(ADMIN)
    import_melon(ADMIN, folder)
    with gzip.open(folder / "val.json.gz", "wt", encoding="utf-8") as file:
        json.dump([row(30, "새 목록", [0, 1, 3, 4])], file)
    assert import_melon(ADMIN, folder).playlists == 5
    assert query("SELECT source, count(*) FROM playlists GROUP BY source ORDER BY source") == [("melon", 5), ("starter", 80)]


def test_songs_of_the_catalogue_are_found_by_their_names(folder, query, tmp_path):
    path = tmp_path / "songs.csv"
    path.write_text("title,artist,genre,emotion\n밤편지,아이유,발라드,사랑\n", "utf-8")
    import_catalogue(ADMIN, path)
    report = import_melon(ADMIN, folder)
    assert report.known == 1
    assert query("SELECT count(*) FROM songs WHERE norm_title = '밤편지'") == [(1,)]
    assert query("SELECT count(*) FROM playlist_songs x JOIN catalogue_entries e ON e.song_id = x.song_id") == [(4,)]


def test_a_stop_before_the_end_leaves_no_half_import(folder, query, monkeypatch):
    monkeypatch.setattr(playlist_import, "AT_ONCE", 1)

    class Watch:
        def report(self, done, total, note=""):
            self.now = note, done

        def check(self):
            if getattr(self, "now", None) == ("playlists", 0):
                raise Cancelled("cancelled")

    with pytest.raises(Cancelled):
        import_melon(ADMIN, folder, progress=Watch())
    assert stored(query) == [] and query("SELECT count(*) FROM playlist_imports") == [(0,)]
    assert import_melon(ADMIN, folder).imported  # the lock is free


def test_vectors_go_on_after_a_stop(folder, query, monkeypatch):
    real = playlist_import.embed_titles

    def stopped(watch):
        raise Cancelled("cancelled")

    monkeypatch.setattr(playlist_import, "embed_titles", stopped)
    with pytest.raises(Cancelled):
        import_melon(ADMIN, folder)
    monkeypatch.setattr(playlist_import, "embed_titles", real)
    report = import_melon(ADMIN, folder)
    assert not report.imported and report.embedded == 4


def test_songs_beyond_the_most_are_counted(folder, query, monkeypatch):
    monkeypatch.setattr(queries, "MOST_SONGS", 4)
    report = import_melon(ADMIN, folder)
    assert report.dropped["songs_beyond"] == 4 * 2
    assert len(names(query, "새벽 감성")) == 4


def test_playlists_can_be_looked_for_and_songs_are_shown(folder):
    import_melon(ADMIN, folder)
    found = services.similar_playlists(ADMIN, "비 오는 밤 감성")
    assert found.how == "title" and found.hits[0].source == "melon"
    assert {"#7", "밤 편지"} <= {title for _, title, _ in found.hits[0].songs}


@pytest.mark.parametrize("role", ["viewer", "analyst"])
def test_only_an_administrator_imports(folder, role, query):
    with pytest.raises(NotAllowed):
        import_melon(Actor(9, role, "x"), folder)
    assert stored(query) == []


def test_one_at_a_time(folder):
    with playlist_library.exclusive(), pytest.raises(Busy):
        import_melon(ADMIN, folder)


def test_files_that_are_missing_or_broken_are_refused_and_change_nothing(folder, query):
    import_melon(ADMIN, folder)
    (folder / "song_meta.json").write_text("[", "utf-8")
    for code in ("melon.broken", "melon.missing"):
        with pytest.raises(DataError) as caught:
            import_melon(ADMIN, folder)
        assert caught.value.code == code
        (folder / "song_meta.json").unlink(missing_ok=True)
    assert len(stored(query)) == 4


@pytest.fixture
def command(folder, monkeypatch):
    monkeypatch.setattr(cli.services, "start", lambda **_: None)
    monkeypatch.setattr(cli.services, "stop", lambda: None)
    return lambda *options: CliRunner().invoke(cli.app, ["import-melon", str(folder), *options])


def test_the_command_says_what_it_did(command):
    done = command()
    assert done.exit_code == 0, done.output
    assert "4 playlists of 6 songs imported: 2 songs with a name" in done.output and "4 titles embedded in" in done.output
    done = command("--lang", "ko")
    assert done.exit_code == 0 and "같은 파일을 이미" in done.output and "제목 0개" in done.output
    told = json.loads(command("--json").output.splitlines()[-1])
    assert told["imported"] is False and told["dropped"]["merged"] == 1


def test_the_command_fails_with_a_sentence(command, folder):
    (folder / "train.json").unlink()
    done = command()
    assert done.exit_code == 1 and "train.json is not in" in done.output


def test_the_bar_starts_again_with_each_part_and_says_how_long(monkeypatch, capsys):
    now = [0.0]
    monkeypatch.setattr(cli.time, "monotonic", lambda: now[0])
    bar = cli.Bar()
    bar.report(0, 10, "read")
    bar.report(10, 10, "read")
    for done in range(0, 1000, 50):
        bar.report(done, 1000, "embed")
        now[0] += 60
    lines = capsys.readouterr().err.splitlines()
    assert "embed" in lines[2] and "(about 19 min left)" in lines[3] and len(lines) == 2 + 10 + 1
