"""A judge's reply as it arrives: the review's text at once, the rest when the JSON is closed and the stream ended."""

from __future__ import annotations

import json
import re
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, StrictInt, ValidationError, field_validator

from auditioning.rubric import TOP_LEVEL
from support.errors import DataError

_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_LONE = re.compile("[\ud800-\udfff]")
_UNKNOWN = "\ufffd"


class Entry(BaseModel):
    """One criterion of a reply; a total the model may add is ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    criterion: str
    level: StrictInt | None = Field(ge=0, le=TOP_LEVEL)
    quote: str = Field(max_length=2000)
    reason: str = Field(default="", max_length=4000)


class Reply(BaseModel):
    """A whole reply in the right form."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    review: str = Field(min_length=1, max_length=20_000)
    criteria: tuple[Entry, ...]

    @field_validator("review")
    @classmethod
    def _says_something(cls, text: str) -> str:
        if not text.strip():
            raise ValueError("the review is empty")
        return text


class ReviewStream:
    """Decodes the string of the top-level field ``review`` while the reply arrives in pieces of any size.

    Parameters
    ----------
    asked : tuple of str
        Keys of the criteria the reply must hold, each once.

    Notes
    -----
    Prose and code fences around the object are passed over: it begins at the first brace that is followed by a quote.
    """

    def __init__(self, asked: tuple[str, ...]) -> None:
        self.asked = asked
        self._raw: list[str] = []
        self._json: list[str] = []
        self._depth = 0
        self._brace = self._closed = False
        self._string = _String()
        self._in_string = self._after_colon = False
        self._key = ""
        self._done = False

    @property
    def raw(self) -> str:
        """Return all that has arrived."""
        return "".join(self._raw)

    @property
    def closed(self) -> bool:
        """Tell whether the JSON object is complete."""
        return self._closed

    def feed(self, text: str) -> str:
        """Take a piece and return what it adds to the review."""
        self._raw.append(text)
        return "".join(map(self._step, text))

    def close(self, finish: str) -> Reply:
        """Return the whole reply, once the provider has ended the stream.

        Parameters
        ----------
        finish : str
            Why the model ended: only ``stop`` is a whole reply.

        Raises
        ------
        DataError
            ``judge.filtered``, ``judge.cut``, ``judge.not_json`` or ``judge.invalid``.
        """
        if finish == "filtered":
            raise DataError("judge.filtered")
        if finish != "stop" or (self._json and not self._closed):
            raise DataError("judge.cut", finish=finish)
        try:
            tree = _storable(json.loads("".join(self._json)))
        except (ValueError, RecursionError) as error:
            raise DataError("judge.not_json") from error
        try:
            return self._checked(Reply.model_validate(tree))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(map(str, first["loc"])) or "reply"
            raise DataError("judge.invalid", problem=f"{place}: {first['msg']}") from error

    def _checked(self, reply: Reply) -> Reply:
        entries = [entry for entry in reply.criteria if entry.criterion in self.asked]
        found = [entry.criterion for entry in entries]
        missing = [key for key in self.asked if key not in found]
        if missing or len(found) > len(set(found)):
            problem = f"missing {', '.join(missing)}" if missing else "a criterion twice"
            raise DataError("judge.invalid", problem=f"criteria: {problem}")
        return reply.model_copy(update={"criteria": tuple(entries)})

    def _step(self, char: str) -> str:
        if self._closed:
            return ""
        if not self._json:
            return self._seek(char)
        self._json.append(char)
        return self._inside_string(char) if self._in_string else self._structure(char)

    def _seek(self, char: str) -> str:
        if self._brace and char == '"':
            self._json, self._depth = ["{", char], 1
            self._open_string()
        elif char == "{" or not char.isspace():
            self._brace = char == "{"
        return ""

    def _open_string(self) -> None:
        self._in_string, self._string = True, _String()
        if self._depth == 1 and not self._after_colon:
            self._key = ""

    def _inside_string(self, char: str) -> str:
        decoded = self._string.step(char)
        self._in_string = not self._string.ended
        if self._depth != 1:
            return ""
        if not self._after_colon:
            self._key += decoded
            return ""
        if self._key != "review" or self._done:
            return ""
        self._done = self._string.ended
        return decoded

    def _structure(self, char: str) -> str:
        if char == '"':
            self._open_string()
        elif char in "{[":
            self._depth += 1
        elif char in "}]":
            self._depth -= 1
            self._closed = self._depth == 0
        elif self._depth == 1 and char in ":,":
            self._after_colon = char == ":"
        return ""


def _storable(tree: Any) -> Any:
    """Return the tree with lone halves of pairs replaced: UTF-8 cannot hold them."""
    if isinstance(tree, str):
        return _LONE.sub(_UNKNOWN, tree)
    if isinstance(tree, list):
        return [_storable(each) for each in tree]
    return {key: _storable(each) for key, each in tree.items()} if isinstance(tree, dict) else tree


class _String:
    """One JSON string, a character at a time."""

    def __init__(self) -> None:
        self.ended = False
        self._escape: str | None = None  # what follows a backslash so far
        self._high = ""  # the first half of a pair

    def step(self, char: str) -> str:
        """Return the text that `char` completes."""
        if self._escape is None:
            if char == "\\":
                self._escape = ""
                return ""
            self.ended = char == '"'
            return self._flush("" if self.ended else _LONE.sub(_UNKNOWN, char))
        self._escape += char
        if self._escape[0] != "u":
            decoded, self._escape = _ESCAPES.get(char, char), None
            return self._flush(decoded)
        if len(self._escape) < 5:
            return ""
        digits, self._escape = self._escape[1:], None
        return self._unit(int(digits, 16)) if re.fullmatch("[0-9a-fA-F]{4}", digits) else self._flush(_UNKNOWN)

    def _unit(self, unit: int) -> str:
        if 0xDC00 <= unit <= 0xDFFF and self._high:
            high, self._high = ord(self._high), ""
            return chr(0x10000 + ((high - 0xD800) << 10) + unit - 0xDC00)
        before = self._flush("")
        if 0xD800 <= unit <= 0xDBFF:
            self._high = chr(unit)
            return before
        return before + (_UNKNOWN if 0xDC00 <= unit <= 0xDFFF else chr(unit))

    def _flush(self, text: str) -> str:
        lone, self._high = self._high, ""
        return (_UNKNOWN if lone else "") + text
