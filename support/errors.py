"""The product's exceptions: few, drawn as a tree; views catch `AppError` only.

AppError
├── DataError            bad input: a file, a cell, a form field
│   └── FileRefused      a whole file that cannot be read, with its reason code
├── NotFound             a thing asked for by id is not there (any more)
├── NotAllowed           the actor's role does not permit the act
├── Busy                 another run of the same work holds the lock
├── Cancelled            a job is stopped: the user asked for it
│   └── Interrupted      or the process ends
├── DatabaseUnavailable  the database cannot be reached or started
└── ProviderError        an outside service
    ├── MissingKey
    └── RateLimited

Each carries a `code`, which is a key below ``errors.`` in the locale files, and `values` that fill its text, so
that a page can show the message in the user's language; ``str(error)`` is the English text for logs and the
command line.
"""

from __future__ import annotations

from typing import Any

from locales import t


class AppError(Exception):
    """Base of all errors that are shown to a user.

    Parameters
    ----------
    code : str
        Key below ``errors.`` in the locale files.
    **values
        What fills the placeholders of the text.
    """

    def __init__(self, code: str, **values: Any) -> None:
        self.code = code
        self.values = values
        super().__init__(self.message("en"))

    def message(self, lang: str) -> str:
        """Return the text in `lang` (``ko`` or ``en``)."""
        return describe(lang, self.code, self.values)

    def __reduce__(self) -> tuple[Any, ...]:
        """Keep code and values when the error crosses a process."""
        return _rebuild, (type(self), self.code, self.values)


def describe(lang: str, code: str, values: dict[str, Any]) -> str:
    """Return the text of an error, stored or raised; a value ``{"key": ..., "values": {...}}`` is itself a text."""
    shown = {name: t(lang, value["key"], **value["values"]) if isinstance(value, dict) else value
             for name, value in values.items()}
    return t(lang, f"errors.{code}", **shown)


def _rebuild(kind: type[AppError], code: str, values: dict[str, Any]) -> AppError:
    return kind(code, **values)


class DataError(AppError):
    """Input that cannot be used as it is."""


class FileRefused(DataError):
    """A file that is not imported at all."""


class NotFound(AppError):
    """A thing asked for by id does not exist."""


class NotAllowed(AppError):
    """The actor's role does not permit the act."""


class Busy(AppError):
    """Another run of the same work is under way."""


class Cancelled(AppError):
    """The work is stopped: a person asked for it."""


class Interrupted(Cancelled):
    """The work is stopped because the process ends; nobody asked for it, and it can be taken up again."""


def state_after(error: BaseException) -> str:
    """Return the state of work that an error ended: ``interrupted``, ``cancelled`` or ``failed``."""
    if isinstance(error, Interrupted):
        return "interrupted"
    return "cancelled" if isinstance(error, Cancelled) else "failed"


class DatabaseUnavailable(AppError):
    """The database cannot be reached or started."""


class ProviderError(AppError):
    """An outside service failed."""


class MissingKey(ProviderError):
    """No key is configured for an outside service."""


class RateLimited(ProviderError):
    """An outside service asks to slow down."""
