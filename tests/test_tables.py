"""Cells that a spreadsheet would run as a formula are made text."""

from __future__ import annotations

import pytest

from support.tables import csv_safe


@pytest.mark.parametrize("cell", ["=1+1", "+82 10", "-2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "＋1", "－1", "＠a",
                                  " =1+1", "\u3000=1", '=HYPERLINK("http://a.b")'])
def test_a_cell_that_would_run_begins_with_an_apostrophe(cell):
    assert csv_safe(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", " ", "IU", "a=b", "'=1", "좋은 날", "1-2", -2, 3.5, None, True])
def test_any_other_cell_is_left_as_it_is(cell):
    assert csv_safe(cell) is cell
