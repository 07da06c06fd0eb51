"""The product's texts in Korean and English, and `t`.

``ko.toml`` and ``en.toml`` hold what pages share and the first pages; the files in ``ko/`` and ``en/`` one page each.
Keys are dotted paths (``growth.tile.momentum``). Placeholders are ``str.format`` fields. Both files hold the same
keys; a test compares them.
"""

from __future__ import annotations

import tomllib
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

LANGUAGES = {"ko": "한국어", "en": "English"}
DEFAULT_LANGUAGE = "ko"


@cache
def texts(lang: str) -> dict[str, str]:
    """Return all texts of one language, keyed by dotted path."""
    folder = Path(__file__).parent
    files = [folder / f"{lang}.toml", *sorted((folder / lang).glob("*.toml"))]
    return {key: text for file in files for key, text in _flatten(tomllib.loads(file.read_text("utf-8")))}


def _flatten(tree: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    flat: list[tuple[str, str]] = []
    for key, value in tree.items():
        if isinstance(value, dict):
            flat += _flatten(value, f"{prefix}{key}.")
        else:
            flat.append((prefix + key, str(value)))
    return flat


def t(lang: str, key: str, **values: Any) -> str:
    """Return the text at `key` in `lang`, its placeholders filled.

    Raises
    ------
    KeyError
        If the key is in neither language: a mistake of the code, caught by the tests.
    """
    text = texts(lang).get(key) or texts(DEFAULT_LANGUAGE)[key]
    return text.format(**values) if values else text


def pick_language(browser: str | None) -> str:
    """Return the language for a browser's locale such as ``ko-KR``; Korean where nothing is known."""
    if not browser:
        return DEFAULT_LANGUAGE
    return "ko" if browser.lower().startswith("ko") else "en"


def format_number(lang: str, value: float | None, digits: int = 0) -> str:
    """Return a number with separators; an en dash where it is absent. Both languages group by thousands."""
    return "–" if value is None or value != value else f"{value:,.{digits}f}"


def format_compact(lang: str, value: float | None) -> str:
    """Return a short form: 12.3만 / 4.5억 in Korean, 123K / 45M in English."""
    if value is None or value != value:
        return "–"
    steps = [(1e12, "조"), (1e8, "억"), (1e4, "만")] if lang == "ko" else [(1e9, "B"), (1e6, "M"), (1e3, "K")]
    for size, unit in steps:
        if abs(value) >= size:
            scaled = value / size
            return f"{scaled:,.0f}{unit}" if abs(scaled) >= 100 else f"{scaled:,.1f}{unit}"
    return f"{value:,.0f}"


def format_date(lang: str, day: date | None) -> str:
    """Return a day as ``2026년 1월 9일`` or ``9 Jan 2026``."""
    if day is None:
        return "–"
    return f"{day.year}년 {day.month}월 {day.day}일" if lang == "ko" else f"{day.day} {day:%b} {day.year}"


def format_time(lang: str, moment: datetime | None) -> str:
    """Return a moment in the server's time zone, to the minute."""
    if moment is None:
        return "–"
    local = moment.astimezone()
    return f"{format_date(lang, local.date())} {local:%H:%M}"
