"""Cells of tables for spreadsheets: what a spreadsheet would run as a formula becomes text."""

from __future__ import annotations

from typing import Any

FORMULA = "=+-@\t\r\n＝＋－＠"
"""First characters of a cell that a spreadsheet runs, in full width as well (OWASP, CSV injection)."""


def csv_safe(cell: Any) -> Any:
    """Return a cell with an apostrophe before it if a spreadsheet would run it; what is no text is left as it is.

    Spaces before such a character are looked past: programs that trim cells would run what follows.
    """
    if not isinstance(cell, str):
        return cell
    first = cell.lstrip(" \u00a0\u3000")[:1]
    return f"'{cell}" if first and first in FORMULA else cell
