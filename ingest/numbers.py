"""Counts as exports write them: thousands separators, decimals, full-width digits."""

from __future__ import annotations

import re
import unicodedata

import numpy as np

LARGEST = 1e15
"""A counter above this is a fault of the file; below it every whole number is exact in double precision."""
LONGEST = 64
"""Characters above which a cell is no count."""
_SPACES = str.maketrans("", "", " \u00a0\u2009\u202f'’_\ufeff\u200b\u200e\u200f")
_PLAIN = re.compile(r"\d+(?:\.\d*)?|\.\d+")
_SCIENTIFIC = re.compile(r"\d+(?:\.\d+)?[eE]\+?\d{1,2}")
_COMMA_GROUPS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d*)?")
_DOT_GROUPS = re.compile(r"\d{1,3}(?:\.\d{3}){2,}(?:,\d*)?|\d{1,3}\.\d{3},\d*")
_COMMA_DECIMAL = re.compile(r"\d+,\d+")
_DOT_GROUP = re.compile(r"\s*[1-9]\d{0,2}\.\d{3}\s*")
_DOTS_GROUP = re.compile(r"\s*(?:\d{1,3}(?:\.\d{3}){2,}(?:,\d*)?|\d{1,3}\.\d{3},\d+)\s*")
_COMMA_GROUP = re.compile(r"\s*[1-9]\d{0,2},\d{3}\s*")
_COMMAS_GROUP = re.compile(r"\s*(?:\d{1,3}(?:,\d{3}){2,}(?:\.\d*)?|\d{1,3},\d{3}\.\d*)\s*")
_COMMAS_DECIMAL = re.compile(r"\s*(?:\d+,\d{1,2}|\d+,\d{4,}|\d{4,},\d+)\s*")
_AMBIGUOUS = re.compile(r"0,\d{3}")
_ODD_SHARE = 20
"""One decimal comma in so many grouped numbers is a slip of the pen; more are the custom of the file."""


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
    if values.max() < 1000 and _dots_may_group(cells):
        return _one_by_one(cells)
    return values, {}


def _dots_may_group(cells: list[str]) -> bool:
    """Return whether cells are like ``12.345``: fractions, or thousands the continental way? Nobody can tell.

    One number with another fraction (``12.5``), or of a thousand and more without a dot, tells.
    """
    dotted = [cell for cell in cells if "." in cell]
    return (any(map(_DOT_GROUP.fullmatch, dotted))
            and not any(_PLAIN.fullmatch(cell.strip()) and not _DOT_GROUP.fullmatch(cell) for cell in dotted)
            and not any(len(cell) > 3 and cell.strip().isdecimal() and float(cell) >= 1000 for cell in cells))


def _one_by_one(cells: list[str]) -> tuple[np.ndarray, dict[int, str]]:
    values = np.full(len(cells), np.nan)
    reasons: dict[int, str] = {}
    dots_group = any(map(_DOTS_GROUP.fullmatch, cells))
    doubtful = [] if dots_group or not _dots_may_group(cells) else [_DOT_GROUP]
    if doubt := _doubtful_commas(cells):
        doubtful.append(doubt)
    for index, cell in enumerate(cells):
        if dots_group and _DOT_GROUP.fullmatch(cell):
            cell = cell.replace(".", "")
        if any(form.fullmatch(cell) for form in doubtful):
            reasons[index] = "value_ambiguous"
            continue
        value, reason = read_number(cell)
        if reason:
            reasons[index] = reason
        else:
            values[index] = value
    return values, reasons


def _doubtful_commas(cells: list[str]) -> re.Pattern[str] | None:
    """Return the form of cells that contradict the others of the file in what a comma means."""
    decimal = sum(bool(_COMMAS_DECIMAL.fullmatch(cell)) for cell in cells)
    grouped = sum(bool(_COMMA_GROUP.fullmatch(cell)) for cell in cells) if decimal else 0
    if not decimal or not grouped:
        return None
    sure = any(map(_COMMAS_GROUP.fullmatch, cells))
    return _COMMAS_DECIMAL if sure or decimal * _ODD_SHARE < grouped else _COMMA_GROUP


def read_number(cell: str) -> tuple[float, str | None]:
    """Return the value of one cell, or NaN and the reason why there is none."""
    if len(cell) > LONGEST:
        return np.nan, "value"
    if not cell.isascii() and any(unicodedata.category(char) == "No" for char in cell):
        return np.nan, "value"
    text = unicodedata.normalize("NFKC", cell).strip().translate(_SPACES)
    if len(text) > 2 and text[0] == text[-1] == '"':
        text = text[1:-1]
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
