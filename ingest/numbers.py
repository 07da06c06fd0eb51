"""Counts as exports write them: thousands separators, decimals, full-width digits."""

from __future__ import annotations

import re
import unicodedata

import numpy as np

LARGEST = 1e15
"""A counter above this is a fault of the file; below it every whole number is exact in double precision."""
_SPACES = str.maketrans("", "", " \u00a0\u2009\u202f'’_\"")
_PLAIN = re.compile(r"\d+(?:\.\d*)?|\.\d+")
_SCIENTIFIC = re.compile(r"\d+(?:\.\d+)?[eE]\+?\d{1,2}")
_COMMA_GROUPS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d*)?")
_DOT_GROUPS = re.compile(r"\d{1,3}(?:\.\d{3}){2,}(?:,\d*)?|\d{1,3}\.\d{3},\d*")
_COMMA_DECIMAL = re.compile(r"\d+,\d+")
_DOT_GROUP = re.compile(r"\s*[1-9]\d{0,2}\.\d{3}\s*")
_TWO_DOTS = re.compile(r"\s*\d{1,3}(?:\.\d{3}){2,}(?:,\d*)?\s*")
_AMBIGUOUS = re.compile(r"0,\d{3}")


def read_numbers(cells: list[str]) -> tuple[np.ndarray, dict[int, str]]:
    """Return the values of `cells` (float64, NaN where unreadable) and, by index, why a cell was not read.

    The reason is a code below ``reject.`` in the locale files.
    """
    try:
        values = np.fromiter(map(float, cells), dtype=np.float64, count=len(cells))
    except ValueError:
        return _one_by_one(cells)
    if not values.size or not (values.min() >= 0 and values.max() <= LARGEST):
        return _one_by_one(cells)
    if values.max() < 1000 and _all_look_grouped(cells):
        return np.full(len(cells), np.nan), dict.fromkeys(range(len(cells)), "value_ambiguous")
    return values, {}


def _all_look_grouped(cells: list[str]) -> bool:
    """Return whether every cell is like ``12.345``: a fraction, or thousands the continental way? Nobody can tell."""
    return len(cells) > 2 and all(map(_DOT_GROUP.fullmatch, cells))


def _one_by_one(cells: list[str]) -> tuple[np.ndarray, dict[int, str]]:
    values = np.full(len(cells), np.nan)
    reasons: dict[int, str] = {}
    dots_group = any(map(_TWO_DOTS.fullmatch, cells))
    for index, cell in enumerate(cells):
        if dots_group and _DOT_GROUP.fullmatch(cell):
            cell = cell.replace(".", "")
        value, reason = read_number(cell)
        if reason:
            reasons[index] = reason
        else:
            values[index] = value
    return values, reasons


def read_number(cell: str) -> tuple[float, str | None]:
    """Return the value of one cell, or NaN and the reason why there is none."""
    text = unicodedata.normalize("NFKC", cell).strip().translate(_SPACES)
    if not text:
        return np.nan, "value_empty"
    if text[0] in "-−–" and _number(text[1:]) is not None:
        return np.nan, "value_negative"
    if _AMBIGUOUS.fullmatch(text):
        return np.nan, "value_ambiguous"
    value = _number(text.removeprefix("+"))
    if value is None:
        return np.nan, "value"
    return (np.nan, "value_large") if value > LARGEST else (value, None)


def _number(text: str) -> float | None:
    if not text.isascii():
        return None
    if _PLAIN.fullmatch(text) or _SCIENTIFIC.fullmatch(text):
        return float(text)
    if _COMMA_GROUPS.fullmatch(text):
        return float(text.replace(",", ""))
    if _DOT_GROUPS.fullmatch(text):
        return float(text.replace(".", "").replace(",", "."))
    if _COMMA_DECIMAL.fullmatch(text):
        return float(text.replace(",", "."))
    return None
