"""Settings: read, cast and explained in one place.

`load` looks in the environment first, then in ``.env``, then in ``.streamlit/secrets.toml`` (whose root keys reach the
environment only inside a running server, and late), so that the command line and the server see the same database.
Nothing is read at import.
"""

from __future__ import annotations

import math
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.utils import parseaddr
from functools import cache
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from dotenv import dotenv_values

ROOT = Path(__file__).resolve().parent
SILENCE = {"ORT_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
"""Libraries that would tell their makers of each use (onnxruntime does, from native code and under an id it keeps) are
told not to. It has to stand before they are imported, so it is set here, which everything imports first."""
os.environ.update(SILENCE)
WINDOWS: tuple[int | None, ...] = (7, 30, 90, 180, None)
"""Days of the analysis window a page offers; None is all days."""
KEYS = ("OPENAI_API_KEY", "GOOGLE_API_KEY", "FRIENDLI_API_KEY", "LASTFM_API_KEY", "YOUTUBE_API_KEY", "AWS_ACCESS_KEY",
        "AWS_SECRET_KEY", "DATABRICKS_TOKEN")
"""Names of the keys of outside services."""
SECRET_ENDINGS = ("_KEY", "_TOKEN", "_SECRET", "PASSWORD", "WEBHOOK_URL", "PASSPHRASE")
"""How the names of settings end whose values must never be written down."""
NO_SECRETS = ("S3_KEY",)
"""Names that end like that and hold none: S3_KEY is a place in a bucket."""


CATEGORY_WEIGHTS = {"emotion": 1.0, "style": 1.0, "situation": 0.9, "season": 0.9, "weather": 0.9, "time": 0.9}
"""Weight of each category of mood tags in a song's vector. nDCG@5 of the development scenes, with tags and in free
words: 0.836 and 0.558, against 0.832 and 0.558 for equal weights; with 0.8 for the other four 0.835 and 0.552, with 0.6
0.824 and 0.544, with 0.4 0.789 and 0.523 (``bench/relevance.py --development``)."""
CONFLICT = 0.12
"""What a song's similarity loses for each of time, weather and season that is another than the wished one. nDCG@5 of
the development scenes with tags: 0.828 at 0, 0.834 at 0.06, 0.836 at 0.12, 0.834 at 0.24."""
WORDS_WEIGHT = 0.5
"""Weight of a tag found in free words against one that is given. nDCG@5 of the development scenes with tags, their text
joined in: 0.819 at 0.25, 0.836 at 0.5, 0.828 at 0.75, 0.823 at 1."""

SHORTEST_ADMIN_PASSWORD = 12
"""Characters of ``ADMIN_PASSWORD``: one word opens everything, and it is tried by whoever reaches the server."""
OPERATOR_HOURS = 12
"""Hours for which a browser keeps an administrator's rights after ``ADMIN_PASSWORD``: a working day."""
ANONYMOUS_DAYS = 180
"""Days for which a browser without an account is known again."""
IDLE_ANONYMOUS_DAYS = 30
"""Days after which an anonymous user who owns nothing and was not seen is forgotten."""
UNVERIFIED_HOURS = 24
"""Hours after which an account whose address was never confirmed is removed, so that its nickname is free again."""
CODE_MINUTES = 15
"""Minutes for which a code that was mailed holds: long enough for slow mail, too short to try many."""
CODE_TRIES = 5
"""Tries at one code of six digits: a chance of 1 in 200,000."""
VISIT_MINUTES = 30
"""Minutes of silence after which a new visit begins, as is usual in counts of visits."""
LIMITS: dict[str, tuple[int, int]] = {
    "sign_in_pair": (5, 15),        # one account from one network address: typing errors, no more
    "sign_in_account": (50, 60),    # one account from everywhere; addresses it has signed in from are not held by it
    "sign_in_address": (40, 15),    # one address at all accounts: an office behind one address still gets in
    "sign_up_address": (30, 60),    # a class behind one address
    "mail_account": (4, 60),        # mails to one address
    "mail_address": (20, 60),       # mails asked for from one address
    "code_account": (20, 1440),     # wrong codes a day: with fresh codes one could go on trying
    "code_address": (40, 15),
    "password_account": (10, 15),   # wrong passwords of somebody who is signed in
    "operator_address": (5, 15),
    "operator_all": (60, 60),       # from everywhere: many addresses together still cannot try much
    "open_address": (120, 60),      # new anonymous users
}
"""How often something may be tried, and in how many minutes."""


class SettingsError(ValueError):
    """A setting that cannot be used: its `name`, its `value`, and what is `accepted`."""

    def __init__(self, name: str, value: str, accepted: str) -> None:
        self.name, self.value, self.accepted = name, value, accepted
        super().__init__(f"{name} has the value {value}, accepted is {accepted}")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the operator can set, with its default.

    Attributes
    ----------
    database_url : str or None
        External PostgreSQL; None starts the built-in server in `data_dir`.
    data_dir : Path
        Folder for the built-in database and whatever the product writes (``MIS_DATA_DIR``).
    cmdata_dir : Path
        Folder the sync button reads (``MIS_CMDATA_DIR``).
    threshold_default : float
        Cumulative count a platform must exceed to be analysed; below it daily gains are mostly noise.
    windows : tuple
        Analysis windows in days.
    upload_limit_mb : int
        Largest file accepted, uploaded or synced.
    sync_batch_rows : int
        Readings in one transaction: large enough for COPY to pay, small enough for memory.
    sync_wait_s : float
        Seconds a second sync waits for the first one before it says so.
    auth : str
        Who signs in (``AUTH``). ``off``: nobody; one local user with all rights where the server is asked from this
        machine, an anonymous analyst a browser elsewhere. ``local``: accounts with password. ``oidc``: an identity
        provider's, by Streamlit's ``[auth]``.
    admin_password : str or None
        What gives a browser an administrator's rights with ``AUTH=off`` (``ADMIN_PASSWORD``); hidden from `repr`.
    smtp_url, smtp_from : str or None
        Where mail is handed in, as ``smtp://USER:PASSWORD@HOST:587`` (STARTTLS) or ``smtps://...:465``, hidden from
        `repr`; and who sends it. Both or neither; without, accounts are ready at once and no password can be reset
        by mail.
    public_url : str or None
        Under which address people reach the product (``PUBLIC_URL``): for links in mails and ``Secure`` cookies.
    oidc_administrators : frozenset of str
        Verified e-mail addresses whose owners are administrators with ``AUTH=oidc`` (``OIDC_ADMINISTRATORS``).
    trusted_proxies : tuple of str
        Addresses or networks whose ``X-Forwarded-For`` is believed (``TRUSTED_PROXIES``).
    sign_in_days : int
        Days after which a sign-in ends (``MIS_SIGN_IN_DAYS``).
    s3_bucket, s3_key, s3_endpoint_url : str or None
        Where lyrics are: one text, or a prefix with a text a song; any S3-compatible service.
    s3_pictures_prefix : str or None
        Where in that bucket pictures are kept (``S3_PICTURES_PREFIX``); None keeps them in the database.
    lastfm_endpoint : str or None
        Where Last.fm is asked in place of its own address.
    judges_file : Path
        Judges and panels (``MIS_JUDGES_FILE``).
    auditions_at_once : int
        Auditions that run at the same time; others wait.
    budget_tokens, budget_usd : int, float or None
        Tokens and US dollars a day (UTC) after which no new call of a language model is made; None is no limit.
    base_urls : dict of str to str
        Where a provider is asked in place of its own address, by provider (``OPENAI_BASE_URL`` and the like).
    alert_webhook : str or None
        Where alerts are posted (``ALERT_WEBHOOK_URL``); hidden from `repr`, since the address is the key.
    aws_region : str
    embedding_model : str or None
        Model of texts (``EMBEDDING_MODEL``): any sentence-transformers model by name or folder; None: the one that
        comes with the product.
    vision_models : dict of str to str
        Models that look at pictures by provider (``VISION_OPENAI_MODEL``, ``VISION_GEMINI_MODEL``).
    image_models : dict of str to str
        Models that paint by provider (``IMAGE_OPENAI_MODEL``, ``IMAGE_GEMINI_MODEL``).
    diffusion_model : str or None
        Folder of a local diffusion model (``DIFFUSION_MODEL``).
    musicgen_model : str or None
        Folder of a local MusicGen model (``MUSICGEN_MODEL``).
    music_http_url, music_http_model : str or None
        Where music is asked for (``MUSIC_HTTP_URL``), and the name of the model that is sent along.
    soundfont : Path or None
        SF2 file that background music is played with (``SOUNDFONT``); None: TimGM6mb, which comes with a library.
    databricks_host, databricks_job_id, databricks_volume : str or None
        A Databricks workspace, the number of its job that runs ``pipelines``, and a folder of a volume for uploads
        (docs/scale.md); with the key ``DATABRICKS_TOKEN``.
    keys : dict of str to str
        Keys that are set, by name; hidden from `repr`.
    log_format : str
        ``json``, ``text``, or ``auto`` (``MIS_LOG_FORMAT``): lines for people on a terminal, JSON elsewhere.
    log_level : str
        Least level that is written (``MIS_LOG_LEVEL``): ``debug``, ``info``, ``warning`` or ``error``.
    log_file : Path or None
        Where the log goes in place of stderr (``MIS_LOG_FILE``); one that was rotated away is opened anew.
    outbound_hosts : tuple of str
        Hosts, with or without a port, that may be connected to beside those that other settings name
        (``OUTBOUND_HOSTS``).
    metrics_token : str or None
        Whoever sends it as bearer token may read ``/metrics`` from elsewhere (``METRICS_TOKEN``); hidden from `repr`.
    stop_s : float
        Seconds that requests and then jobs get to end in after SIGTERM (``MIS_STOP_S``).
    """

    database_url: str | None = field(repr=False)
    data_dir: Path
    cmdata_dir: Path
    auth: str = "off"
    admin_password: str | None = field(default=None, repr=False)
    smtp_url: str | None = field(default=None, repr=False)
    smtp_from: str | None = None
    public_url: str | None = None
    oidc_administrators: frozenset[str] = frozenset()
    trusted_proxies: tuple[str, ...] = ("127.0.0.1", "::1")
    sign_in_days: int = 30
    threshold_default: float = 100_000.0
    windows: tuple[int | None, ...] = WINDOWS
    upload_limit_mb: int = 200
    sync_batch_rows: int = 150_000
    sync_wait_s: float = 30.0
    s3_bucket: str | None = None
    s3_key: str | None = None
    s3_endpoint_url: str | None = None
    s3_pictures_prefix: str | None = None
    lastfm_endpoint: str | None = None
    judges_file: Path = ROOT / "judges.toml"
    auditions_at_once: int = 2
    budget_tokens: int | None = None
    budget_usd: float | None = None
    base_urls: dict[str, str] = field(default_factory=dict)
    alert_webhook: str | None = field(default=None, repr=False)
    aws_region: str = "ap-northeast-2"
    embedding_model: str | None = None
    vision_models: dict[str, str] = field(default_factory=dict)
    image_models: dict[str, str] = field(default_factory=dict)
    diffusion_model: str | None = None
    musicgen_model: str | None = None
    music_http_url: str | None = None
    music_http_model: str | None = None
    soundfont: Path | None = None
    databricks_host: str | None = None
    databricks_job_id: str | None = None
    databricks_volume: str | None = None
    keys: dict[str, str] = field(default_factory=dict, repr=False)
    log_format: str = "auto"
    log_level: str = "info"
    log_file: Path | None = None
    outbound_hosts: tuple[str, ...] = ()
    metrics_token: str | None = field(default=None, repr=False)
    stop_s: float = 4.0


def load() -> Settings:
    """Return the settings, read once per process (`reload` reads them anew).

    Raises
    ------
    SettingsError
        If a value cannot be used.
    """
    return _load()


@cache
def _load() -> Settings:
    values = _values()
    return Settings(
        database_url=_database_url(values),
        data_dir=_path(values, "MIS_DATA_DIR", "data"),
        cmdata_dir=_path(values, "MIS_CMDATA_DIR", "cmdata"),
        auth=_choice(values, "AUTH", "off", ("off", "local", "oidc")),
        admin_password=_admin_password(values),
        smtp_url=_smtp_url(values), smtp_from=_smtp_from(values),
        public_url=(_web_address(values, "PUBLIC_URL") or "").rstrip("/") or None,
        oidc_administrators=frozenset(each.casefold() for each in _list(values, "OIDC_ADMINISTRATORS", "")),
        trusted_proxies=_networks(values, "TRUSTED_PROXIES", "127.0.0.1,::1"),
        sign_in_days=max(1, int(_number(values, "MIS_SIGN_IN_DAYS", 30))),
        threshold_default=_number(values, "MIS_THRESHOLD", 100_000.0),
        upload_limit_mb=int(_number(values, "MIS_UPLOAD_LIMIT_MB", 200)),
        sync_batch_rows=int(_number(values, "MIS_SYNC_BATCH_ROWS", 150_000)),
        sync_wait_s=_number(values, "MIS_SYNC_WAIT_S", 30.0),
        s3_bucket=values.get("S3_BUCKET"), s3_key=values.get("S3_KEY"),
        s3_endpoint_url=_web_address(values, "S3_ENDPOINT_URL"),
        s3_pictures_prefix=values.get("S3_PICTURES_PREFIX"),
        lastfm_endpoint=_web_address(values, "LASTFM_ENDPOINT"),
        judges_file=_path(values, "MIS_JUDGES_FILE", "judges.toml"),
        auditions_at_once=max(1, int(_number(values, "MIS_AUDITIONS_AT_ONCE", 2))),
        budget_tokens=int(_number(values, "MIS_BUDGET_TOKENS", 0)) if values.get("MIS_BUDGET_TOKENS") else None,
        budget_usd=_number(values, "MIS_BUDGET_USD", 0) if values.get("MIS_BUDGET_USD") else None,
        vision_models={provider: name for provider in ("openai", "gemini")
                       if (name := values.get(f"VISION_{provider.upper()}_MODEL"))},
        image_models={provider: name for provider in ("openai", "gemini")
                      if (name := values.get(f"IMAGE_{provider.upper()}_MODEL"))},
        diffusion_model=values.get("DIFFUSION_MODEL"), musicgen_model=values.get("MUSICGEN_MODEL"),
        music_http_url=_web_address(values, "MUSIC_HTTP_URL"), music_http_model=values.get("MUSIC_HTTP_MODEL"),
        soundfont=_path(values, "SOUNDFONT", "") if values.get("SOUNDFONT") else None,
        databricks_host=values.get("DATABRICKS_HOST"), databricks_job_id=values.get("DATABRICKS_JOB_ID"),
        databricks_volume=values.get("DATABRICKS_VOLUME"),
        base_urls={provider: address for provider in ("openai", "friendli", "gemini", "youtube")
                   if (address := _web_address(values, f"{provider.upper()}_BASE_URL"))},
        alert_webhook=_web_address(values, "ALERT_WEBHOOK_URL"),
        aws_region=values.get("AWS_REGION") or "ap-northeast-2",
        embedding_model=values.get("EMBEDDING_MODEL"),
        # a judge of judges.toml may name a key of its own
        keys={name: value for name, value in values.items() if name in KEYS or name.endswith("_API_KEY")},
        log_format=_choice(values, "MIS_LOG_FORMAT", "auto", ("auto", "json", "text")),
        log_level=_choice(values, "MIS_LOG_LEVEL", "info", ("debug", "info", "warning", "error")),
        log_file=_path(values, "MIS_LOG_FILE", "") if values.get("MIS_LOG_FILE") else None,
        outbound_hosts=_hosts(values, "OUTBOUND_HOSTS"),
        metrics_token=values.get("METRICS_TOKEN"),
        stop_s=_number(values, "MIS_STOP_S", 4.0),
    )


def reload() -> Settings:
    """Forget what was read and read again (tests, and the command line after a change)."""
    _load.cache_clear()
    return _load()


def secrets() -> frozenset[str]:
    """Return every value that must never be written down: keys, tokens, passwords, secret addresses."""
    try:
        values = _values() | dict(_nested(_tree()))
    except SettingsError:
        values = {name: value for name, value in os.environ.items() if value}
    found = {value for name, value in values.items() if _is_secret(name)}
    for value in values.values():
        if "://" in value and (password := _password(value)):
            found |= {password, unquote(password)}
    return frozenset(found)


def _is_secret(name: str) -> bool:
    name = name.upper()
    return name not in NO_SECRETS and (name.endswith(SECRET_ENDINGS) or name == "AWS_ACCESS_KEY")


def _password(address: str) -> str | None:
    try:
        return urlsplit(address).password
    except ValueError:
        return None


def sign_in_missing() -> list[str]:
    """Return what the table ``[auth]`` of secrets.toml, for an identity provider, lacks."""
    table = _tree().get("auth")
    table = table if isinstance(table, Mapping) else {}
    named = next((each for each in table.values() if isinstance(each, Mapping)), table)  # [auth.NAME] or [auth] itself
    return [name for name, where in (("redirect_uri", table), ("cookie_secret", table), ("client_id", named),
                                     ("client_secret", named), ("server_metadata_url", named)) if not where.get(name)]


def _nested(tree: Mapping[str, object], above: str = "") -> Iterator[tuple[str, str]]:
    """Yield the values of all tables, those of sign-in among them, by dotted name."""
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from _nested(value, f"{above}{name}.")
        elif isinstance(value, str) and value:
            yield f"{above}{name}", value


def _values() -> dict[str, str]:
    """Return all values, the environment before ``.env`` before ``secrets.toml``; an empty value counts as unset."""
    layers: list[Mapping[str, str | None]] = [_secrets(), dotenv_values(ROOT / ".env"), os.environ]
    merged: dict[str, str] = {}
    for layer in layers:
        merged.update({name: value for name, value in layer.items() if value})
    return merged


def _secrets() -> dict[str, str]:
    return {name: str(value) for name, value in _tree().items() if isinstance(value, str | int | float | bool)}


def _tree() -> dict[str, object]:
    path = ROOT / ".streamlit" / "secrets.toml"
    if not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(str(path), str(error), "TOML (UTF-8)") from error


def _database_url(values: Mapping[str, str]) -> str | None:
    if url := values.get("DATABASE_URL"):
        scheme, mark, rest = url.partition("://")
        if not mark or scheme.split("+")[0] not in ("postgres", "postgresql"):
            raise SettingsError("DATABASE_URL", scheme or "?", "postgresql://...")
        return f"postgresql+psycopg2://{rest}"
    if not values.get("PG_HOST"):
        return None
    port = int(_number(values, "PG_PORT", 5432))
    user = quote(values.get("PG_USER") or "postgres", safe="")
    password = f":{quote(values['PG_PASSWORD'], safe='')}" if values.get("PG_PASSWORD") else ""
    name = quote(values.get("PG_DB") or "music", safe="")
    host = values["PG_HOST"]
    if host.startswith("/"):
        return f"postgresql+psycopg2://{user}{password}@/{name}?host={quote(host)}&port={port}"
    host = f"[{host}]" if ":" in host else host
    return f"postgresql+psycopg2://{user}{password}@{host}:{port}/{name}"


def _path(values: Mapping[str, str], name: str, default: str) -> Path:
    path = Path(values.get(name) or default).expanduser()
    return path if path.is_absolute() else ROOT / path


def _number(values: Mapping[str, str], name: str, default: float) -> float:
    try:
        number = float(values.get(name) or default)
    except ValueError as error:
        raise SettingsError(name, values[name], "a number") from error
    if not math.isfinite(number) or number < 0:
        raise SettingsError(name, values[name], "a number of 0 or more")
    return number


def _web_address(values: Mapping[str, str], name: str) -> str | None:
    value = values.get(name)
    if value and urlsplit(value).scheme not in ("http", "https"):
        raise SettingsError(name, value.partition(":")[0], "http://... , https://...")
    return value or None


def _list(values: Mapping[str, str], name: str, default: str) -> tuple[str, ...]:
    return tuple(each for part in (values.get(name) or default).split(",") if (each := part.strip()))


def _networks(values: Mapping[str, str], name: str, default: str) -> tuple[str, ...]:
    found = _list(values, name, default)
    for each in found:
        try:
            ip_network(each, strict=False)
        except ValueError as error:
            raise SettingsError(name, each, "IP addresses or networks, with commas: 127.0.0.1,10.0.0.0/8") from error
    return found


def _hosts(values: Mapping[str, str], name: str) -> tuple[str, ...]:
    found = _list(values, name, "")
    for each in found:
        try:
            parts = urlsplit(f"//{each}")
            sound = bool(parts.hostname) and parts.netloc == each and parts.port != 0 and not set("@*") & set(each)
        except ValueError:
            sound = False
        if not sound:
            raise SettingsError(name, each.rpartition("@")[2], "hosts, with commas: files.example.org,10.0.0.5:9000")
    return found


def _admin_password(values: Mapping[str, str]) -> str | None:
    """Return the operator's password; a short one would be found by trying."""
    value = values.get("ADMIN_PASSWORD")
    if value and len(value) < SHORTEST_ADMIN_PASSWORD:
        raise SettingsError("ADMIN_PASSWORD", "***", f"{SHORTEST_ADMIN_PASSWORD} characters or more")
    return value or None


def _smtp_url(values: Mapping[str, str]) -> str | None:
    url = values.get("SMTP_URL")
    try:
        parts = urlsplit(url or "")
        sound = parts.scheme in ("smtp", "smtps") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if url and not sound:  # the value may hold a password
        raise SettingsError("SMTP_URL", "***", "smtp://USER:PASSWORD@HOST:587, smtps://USER:PASSWORD@HOST:465")
    return url or None


def _smtp_from(values: Mapping[str, str]) -> str | None:
    sender = values.get("SMTP_FROM")
    try:
        sound = not sender or bool(Address(addr_spec=parseaddr(sender)[1]).domain and sender.isprintable())
    except (ValueError, IndexError, HeaderParseError):
        sound = False
    if bool(values.get("SMTP_URL")) != bool(sender) or not sound:
        raise SettingsError("SMTP_FROM", sender or "-", "name@example.org, together with SMTP_URL")
    return sender or None


def _choice(values: Mapping[str, str], name: str, default: str, accepted: tuple[str, ...]) -> str:
    value = (values.get(name) or default).strip().lower()
    if value not in accepted:
        raise SettingsError(name, value, ", ".join(accepted))
    return value
