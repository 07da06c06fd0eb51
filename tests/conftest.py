"""What tests share: one fresh database for the session, empty tables for each test, exports written on the spot.

Nothing here needs or touches what the checkout holds: settings come from the environment alone (no ``.env``, no
``secrets.toml``), the data folder is a temporary one. With ``MIS_TEST_DATABASE_URL`` that database is used, and its
tables are emptied, instead of a built-in server.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))
OWN = Path(tempfile.mkdtemp(prefix="mis-tests-"))
OURS = ("DATABASE_URL", "PG_", "MIS_", "AUTH", "AWS_", "OPENAI_", "GOOGLE_", "FRIENDLI_", "LASTFM_", "ALERT_",
        "S3_", "GEMINI_", "DATABRICKS_", "VISION_", "YOUTUBE_", "EMBEDDING_", "ADMIN_PASSWORD", "SMTP_", "PUBLIC_URL", "OIDC_", "TRUSTED_", "OUTBOUND_")
KEPT = ("MIS_TEST_DATABASE_URL", "MIS_REAL_DATA", "MIS_SOAK")


def _own_environment() -> None:
    for name in [name for name in os.environ if name.startswith(OURS) and name not in KEPT]:
        del os.environ[name]
    os.environ["MIS_DATA_DIR"] = str(OWN / "data")
    os.environ["MIS_CMDATA_DIR"] = str(OWN / "cmdata")
    os.environ["OUTBOUND_HOSTS"] = "127.0.0.1,localhost"  # services of the tests' own; test_outbound*.py do without
    if os.environ.get("MIS_TEST_DATABASE_URL"):
        os.environ["DATABASE_URL"] = os.environ["MIS_TEST_DATABASE_URL"]


_own_environment()
OWN.chmod(0o755)
(OWN / "cmdata").mkdir()

from signing import local_as_it_came, mode, post  # noqa: E402, F401

import config  # noqa: E402


def environment_only() -> dict[str, str]:
    """Stand in for `config._values`: a developer's ``.env`` must never lead a test to a real database."""
    return {name: value for name, value in os.environ.items() if value}


environment_only.as_written = config._values  # type: ignore[attr-defined]
config._values = environment_only

TABLES = ("artists", "songs", "series", "daily_metrics", "artist_growth_data", "sync_files", "rejected_rows")
"""Everything a sync leaves behind, but for the log of its runs."""
NATURAL = {
    "artists": "SELECT key, norm_key, display_name, growth_stale FROM artists",
    "songs": "SELECT a.norm_key, s.key, s.norm_title, s.title FROM songs s JOIN artists a ON a.id = s.artist_id",
    "series": """SELECT a.norm_key, s.norm_title, x.platform, x.kind, x.rows, x.flagged, x.first_day, x.last_day,
                        x.total
                 FROM series x JOIN songs s ON s.id = x.song_id JOIN artists a ON a.id = s.artist_id""",
    "daily_metrics": """SELECT a.norm_key, s.norm_title, d.platform, d.day, d.flags, d.total, d.gain, f.name
                        FROM daily_metrics d LEFT JOIN songs s ON s.id = d.song_id
                             LEFT JOIN artists a ON a.id = s.artist_id LEFT JOIN sync_files f ON f.id = d.source""",
    "artist_growth_data": """SELECT a.norm_key, g.day, g.platform, g.flags, g.songs, g.gain, g.mean_7, g.mean_28,
                                    g.growth_rate
                             FROM artist_growth_data g LEFT JOIN artists a ON a.id = g.artist_id""",
    "sync_files": """SELECT f.name, f.folder, f.sha256, f.reader, f.size_bytes, f.state, a.norm_key, s.norm_title,
                            f.platform, f.reason, f.reason_values, f.encoding, f.separator, f.date_format, f.kind,
                            f.kind_option, f.date_order_option, f.accepted_days, f.lines_read, f.accepted, f.rejected,
                            f.repeated, f.first_day, f.last_day, f.audit, f.recheck_on
                     FROM sync_files f LEFT JOIN songs s ON s.id = f.song_id
                          LEFT JOIN artists a ON a.id = s.artist_id""",
    "rejected_rows": """SELECT f.name, r.line, r.raw, r.reason, r.cell
                        FROM rejected_rows r LEFT JOIN sync_files f ON f.id = r.file_id""",
}
"""What the tables say, ids and moments aside."""


def pytest_unconfigure() -> None:
    shutil.rmtree(OWN, ignore_errors=True)


def tune_for_tests() -> None:
    """Spare the disk: a server in a temporary folder need not survive a power cut."""
    from sqlalchemy import text

    import db

    with db.engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(text(f"ALTER SYSTEM SET {name} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))


@pytest.fixture(scope="session")
def database() -> Iterator[None]:
    """Give the session's database, migrated."""
    import db
    from usecases import jobs

    config.reload()
    db.init_db()
    if not config.load().database_url:
        tune_for_tests()
    yield
    jobs.close()
    db.stop()


def empty_tables() -> None:
    """Empty every table but for the local administrator and the platforms; audit_log refuses it from anyone else."""
    from sqlalchemy import text

    import db

    with db.begin() as connection:
        names = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).scalars()
        tables = ", ".join(sorted(set(names) - {"users", "platforms", "alembic_version"}))
        connection.execute(text("ALTER TABLE audit_log DISABLE TRIGGER audit_log_append_only"))
        connection.execute(text(f"TRUNCATE {tables} CASCADE"))
        connection.execute(text("ALTER TABLE audit_log ENABLE TRIGGER audit_log_append_only"))
        connection.execute(text("DELETE FROM users WHERE id <> 1"))


@pytest.fixture
def clean(database: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give an empty database and an empty ``cmdata`` folder of the test's own; return the folder."""
    from usecases import jobs

    folder = tmp_path / "cmdata"
    folder.mkdir()
    monkeypatch.setenv("MIS_CMDATA_DIR", str(folder))
    config.reload()
    empty_tables()
    yield folder
    jobs.close()
    monkeypatch.undo()
    config.reload()


Rows = Sequence[tuple[Any, Any]]
Export = Callable[..., Path]


@pytest.fixture
def export(clean: Path) -> Export:
    """Give a function that writes an export: name, rows of (day, value) or the totals from `start` on."""
    def write(name: str, rows: Rows | Sequence[float], *, start: date = date(2026, 1, 1), header: str = "date,value",
              encoding: str = "utf-8", folder: Path = clean) -> Path:
        return write_export(folder, name, rows, start=start, header=header, encoding=encoding)
    return write


def write_export(folder: Path, name: str, rows: Rows | Sequence[float], *, start: date = date(2026, 1, 1),
                 header: str = "date,value", encoding: str = "utf-8") -> Path:
    """Write an export; numbers alone are the readings of consecutive days from `start` on."""
    cells = [row if isinstance(row, tuple) else (start + timedelta(days=index), row) for index, row in enumerate(rows)]
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("".join(f"{line}\n" for line in [header, *(",".join(map(str, row)) for row in cells)])
                     .encode(encoding))
    return path


@pytest.fixture
def query(database: None) -> Callable[..., list[tuple[Any, ...]]]:
    """Give a function that runs a statement in a transaction of its own and returns its rows."""
    return run_query


def run_query(statement: str, **values: Any) -> list[tuple[Any, ...]]:
    """Run a statement in a transaction of its own and return its rows."""
    from sqlalchemy import text

    import db

    with db.begin() as connection:
        result = connection.execute(text(statement), values)
        return [tuple(row) for row in result] if result.returns_rows else []


def checksums(*, physical: bool = False) -> dict[str, str]:
    """Return an md5 for each table over all its rows.

    Parameters
    ----------
    physical : bool
        Over ids, moments and the row's version (xmin) as well: equal only if no row was written again. Else over
        what the rows say, which two databases with different histories can share.
    """
    sums = {}
    for table in TABLES:
        rows = f"SELECT t.xmin AS version, t.ctid AS place, t.* FROM {table} t" if physical else NATURAL[table]
        sums[table] = run_query(f"""SELECT md5(coalesce(string_agg(r::text, E'\\n' ORDER BY r::text COLLATE "C"), ''))
                                    FROM ({rows}) AS r""")[0][0]
    return sums


@pytest.fixture
def sums(database: None) -> Callable[..., dict[str, str]]:
    """Give `checksums`."""
    return checksums


@pytest.fixture
def empty(database: None) -> Callable[[], None]:
    """Give `empty_tables`."""
    return empty_tables
