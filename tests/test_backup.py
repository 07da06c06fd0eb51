"""A backup holds every row and every file, and comes back whole or not at all."""

from __future__ import annotations

import json
import stat
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import text

import config
import db
from accounts import LOCAL_ADMINISTRATOR as ADMIN
from accounts import Actor
from queries import backup as queries
from support.errors import DataError, NotAllowed
from usecases import backup as module
from usecases.backup import backup, restore
from usecases.sync import sync


@pytest.fixture
def data(clean, tmp_path, monkeypatch):
    """Give a data folder of the test's own; the engine stays that of the session's database."""
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("MIS_DATA_DIR", str(folder))
    config.reload()
    yield folder
    monkeypatch.undo()
    config.reload()


def url():
    return db.engine().url.render_as_string(hide_password=False)


@pytest.fixture
def filled(data, export):
    """Give a database with rows of many kinds, among them awkward ones, and files of its own."""
    export("Somebody_First_yt_views.csv", [1000, 1100, 1250.5])
    export("Somebody_Second_sp_streams.csv", [10, 20, "x", 40])
    sync(ADMIN)
    with db.begin() as connection:
        connection.execute(text("INSERT INTO users (nickname, bio, role) VALUES ('somebody', :bio, 'analyst')"),
                           {"bio": "탭\t줄\n역\\슬래시 'quoted' \\N ☂"})
    for name, content in {"models/playlist/arrays.npz": b"\0weights", "imports/a b.csv": "제목".encode(),
                          "cache/made-anew.npy": b"x", "bgm/one.wav": b"x"}.items():
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_bytes(content)
    (data / "models" / "link").symlink_to("/etc/passwd")
    return data


def rows():
    """Return what every table holds, as text in any order."""
    with db.begin() as connection:
        names = queries.tables(connection)
        return {name: sorted(connection.execute(text(f'SELECT t::text FROM "{name}" t')).scalars()) for name in names}


def files(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*"))
            if path.is_file() and not path.is_symlink() and "postgres" not in path.relative_to(folder).parts[0]}


def test_round_trip(filled, tmp_path, query):
    before, target = rows(), tmp_path / "one.zip"
    told = backup(ADMIN, target)
    assert told.tables == {name: len(held) for name, held in before.items()} and sum(told.tables.values()) > 20
    assert told.files == 2 and told.skipped == ("models/link",) and told.revision == db.head()
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    query("DELETE FROM songs")
    query("INSERT INTO users (nickname, role) VALUES ('later', 'viewer')")
    (filled / "models/playlist/arrays.npz").write_bytes(b"changed")
    back = restore(ADMIN, target, replace=True)
    assert rows() == before and back.tables == told.tables and back.sha256 == told.sha256
    held = files(filled)
    assert held["models/playlist/arrays.npz"] == b"\0weights" and held["imports/a b.csv"].decode() == "제목"
    assert list(filled.glob(".restore-*")) == []
    new = query("INSERT INTO users (nickname, role) VALUES ('next', 'viewer') RETURNING id")[0][0]
    assert new == max(int(one.partition(",")[0][1:]) for one in before["users"]) + 1, "sequences go on"
    keys = "SELECT count(*) FROM pg_constraint WHERE contype = 'f'"
    kept = query(keys)
    assert kept[0][0] > 30
    with pytest.raises(Exception, match="append-only|audit"):
        query("DELETE FROM audit_log")


def test_a_fresh_database_takes_one_without_more_words(filled, tmp_path, monkeypatch):
    before, target = rows(), tmp_path / "one.zip"
    backup(ADMIN, target)
    real = db.engine()
    monkeypatch.setattr(db, "_engine", None)
    monkeypatch.setenv("DATABASE_URL", real.url.set(database="mis_restored").render_as_string(hide_password=False))
    monkeypatch.setenv("MIS_DATA_DIR", str(tmp_path / "elsewhere"))
    config.reload()
    try:
        restore(ADMIN, target)
        assert rows() == before
        assert set(files(tmp_path / "elsewhere")) == {"models/playlist/arrays.npz", "imports/a b.csv"}
        with pytest.raises(DataError) as caught:
            restore(ADMIN, target)
        assert caught.value.code == "backup.not_empty"
    finally:
        db.engine().dispose()
        with real.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("DROP DATABASE IF EXISTS mis_restored WITH (FORCE)"))


def rewritten(source, target, change):
    """Write a backup anew with its members changed by `change`, which gets name to bytes."""
    with zipfile.ZipFile(source) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    members = change(members) or members
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target


def manifest(**changes):
    def change(members):
        tree = json.loads(members["manifest.json"])
        tree.update(changes)
        members["manifest.json"] = json.dumps(tree).encode()
    return change


def with_file(name, content=b"evil"):
    def change(members):
        tree = json.loads(members["manifest.json"])
        import hashlib
        tree["members"][name] = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        members["manifest.json"] = json.dumps(tree).encode()
        members[name] = content
    return change


def table_changed(members):
    members["tables/users.copy"] = members["tables/users.copy"].replace(b"analyst", b"vanalys")


def table_invalid(members):
    content = members["tables/users.copy"].replace(b"analyst", b"nothing")
    with_file("tables/users.copy", content)(members)
    tree = json.loads(members["manifest.json"])
    tree["members"]["tables/users.copy"] |= {"rows": 2, "columns": ["id", "nickname"]}
    members["manifest.json"] = json.dumps(tree).encode()


CHANGES = [
    (manifest(form=99), "backup.form"), (manifest(revision="9999"), "backup.newer"),
    (manifest(revision="../x"), "backup.broken"), (manifest(members=[]), "backup.broken"),
    (lambda members: {name: held for name, held in members.items() if name != "manifest.json"}, "backup.broken"),
    (lambda members: members.pop("tables/artists.copy") and None, "backup.broken"),
    (table_changed, "backup.broken"), (table_invalid, "backup.not_loaded"),
    (with_file("files/../../evil"), "backup.broken"), (with_file("files//evil"), "backup.broken"),
    (with_file("files/postgres/evil"), "backup.broken"), (with_file("../evil"), "backup.broken"),
    (with_file("files/a\\..\\evil"), "backup.broken"), (with_file("tables/no_such.copy"), "backup.broken"),
]


def test_what_is_not_ours_changes_nothing(filled, tmp_path):
    before, held = rows(), files(filled)
    backup(ADMIN, tmp_path / "one.zip")
    for number, (change, code) in enumerate(CHANGES):
        other = rewritten(tmp_path / "one.zip", tmp_path / f"other{number}.zip", change)
        with pytest.raises(DataError) as caught:
            restore(ADMIN, other, replace=True)
        assert caught.value.code == code, (number, caught.value)
    whole = (tmp_path / "one.zip").read_bytes()
    for share in (0.2, 0.9, 0.999):
        (tmp_path / "cut.zip").write_bytes(whole[:int(len(whole) * share)])
        with pytest.raises(DataError) as caught:
            restore(ADMIN, tmp_path / "cut.zip", replace=True)
        assert caught.value.code == "backup.broken"
    assert rows() == before and files(filled) == held and list(filled.glob(".restore-*")) == []
    assert not list(tmp_path.rglob("evil"))


def test_a_link_in_the_zip_is_refused(filled, tmp_path):
    backup(ADMIN, tmp_path / "one.zip")
    link = zipfile.ZipInfo("files/link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "one.zip", "a") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(DataError) as caught:
        restore(ADMIN, tmp_path / "one.zip", replace=True)
    assert caught.value.code == "backup.broken" and not (filled / "link").exists()


def test_files_come_back_if_the_database_does_not_commit(filled, tmp_path, monkeypatch):
    before = rows()
    backup(ADMIN, tmp_path / "one.zip")
    (filled / "models/playlist/arrays.npz").write_bytes(b"newer")
    held = files(filled)
    swap = module._swapped

    class Fails:
        def __init__(self, *given):
            self.inner = swap(*given)

        def __enter__(self):
            self.inner.__enter__()
            assert files(filled)["models/playlist/arrays.npz"] == b"\0weights"
            error = OSError(28, "No space left on device")
            self.inner.gen.throw(error)

        def __exit__(self, *error):
            return False

    monkeypatch.setattr(module, "_swapped", Fails)
    with pytest.raises(DataError) as caught:
        restore(ADMIN, tmp_path / "one.zip", replace=True)
    assert caught.value.code == "backup.not_written"
    assert rows() == before and files(filled) == held


def test_a_running_server_is_not_pulled_the_rug(filled, tmp_path):
    from sqlalchemy import create_engine

    backup(ADMIN, tmp_path / "one.zip")
    other = create_engine(url(), connect_args={"application_name": db.APPLICATION})
    with other.connect() as connection:
        connection.execute(text("SELECT 1"))
        with pytest.raises(DataError) as caught:
            restore(ADMIN, tmp_path / "one.zip", replace=True)
    other.dispose()
    assert caught.value.code == "backup.in_use"


def test_what_is_there_is_not_written_over(filled, tmp_path):
    (tmp_path / "one.zip").write_text("mine")
    with pytest.raises(DataError) as caught:
        backup(ADMIN, tmp_path / "one.zip")
    assert caught.value.code == "backup.exists" and (tmp_path / "one.zip").read_text() == "mine"
    with pytest.raises(DataError) as caught:
        restore(ADMIN, tmp_path / "none.zip")
    assert caught.value.code == "backup.not_read"
    with pytest.raises(DataError) as caught:
        restore(ADMIN, tmp_path / "one.zip", replace=True)
    assert caught.value.code == "backup.broken"


def test_only_administrators(data, tmp_path):
    analyst = Actor(2, "analyst", "a")
    for act in (lambda: backup(analyst, tmp_path / "x.zip"), lambda: restore(analyst, tmp_path / "x.zip")):
        with pytest.raises(NotAllowed):
            act()
    assert not Path(tmp_path / "x.zip").exists()
