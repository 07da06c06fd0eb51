"""Judges and panels as the file `judges.toml` names them."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from locales import LANGUAGES
from support.errors import DataError

MOST_JUDGES = 5


class Judge(BaseModel):
    """One judge: who speaks, through which model, with what weight.

    `key_name` is the setting that holds the provider's key (None: no key needed); `language` is ``ko``, ``en`` or
    ``user`` for the reader's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    key: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    name: str = Field(min_length=1)
    provider: Literal["openai", "friendli", "gemini", "compatible"]
    model: str = Field(min_length=1)
    base_url: str | None = None
    key_name: str | None = None
    weight: int = Field(default=1, ge=1, le=10)
    language: Literal["ko", "en", "user"] = "user"
    temperature: float = Field(default=0.7, ge=0, le=2)
    voice: Literal["dry", "warm", "blunt"] = "dry"
    persona: dict[str, str]

    @model_validator(mode="after")
    def _complete(self) -> Judge:
        if set(self.persona) != set(LANGUAGES) or not all(map(str.strip, self.persona.values())):
            raise ValueError(f"persona needs one text each for {', '.join(LANGUAGES)}")
        if self.provider == "compatible" and not self.base_url:
            raise ValueError("provider 'compatible' needs a base_url")
        return self

    def speaks(self, lang: str) -> str:
        """Return the language of the review for a reader of `lang`."""
        return lang if self.language == "user" else self.language


class Panel(BaseModel):
    """One to five judges who hear a song together."""

    model_config = ConfigDict(frozen=True)

    key: str
    judges: tuple[Judge, ...] = Field(min_length=1, max_length=MOST_JUDGES)


def load_panels(path: Path) -> dict[str, Panel]:
    """Return the panels of a file, in its order.

    Raises
    ------
    DataError
        ``judge.file``: the file is absent, not TOML, or an entry is not as described in it.
    """
    try:
        tree = tomllib.loads(path.read_text("utf-8"))
        judges = {judge.key: judge for judge in (Judge(**entry) for entry in tree["judges"])}
        if len(judges) < len(tree["judges"]):
            raise ValueError("two judges have the same key")
        return {key: _panel(key, panel["judges"], judges) for key, panel in tree["panels"].items()}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError,
            ValueError) as error:
        raise DataError("judge.file", path=path.name, problem=_problem(error)) from error


def _panel(key: str, names: list[str], judges: dict[str, Judge]) -> Panel:
    unknown = [name for name in names if name not in judges]
    if unknown or len(set(names)) < len(names):
        raise ValueError(f"panel {key}: unknown or repeated judges in {names}; known: {', '.join(judges)}")
    return Panel(key=key, judges=tuple(judges[name] for name in names))


def _problem(error: Exception) -> Any:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return f"missing {error}" if isinstance(error, KeyError) else str(error)
