"""CSV exports to audited daily series.

Task: read ``Artist_Song_Platform_Metric.csv`` files as platforms and analysts really write them, account for every
line, and turn each into one reading a day with a trustworthy daily gain. Pure: bytes in, arrays out; today is an
argument.

Conventions: a day is a calendar day without time zone, as a number of days since 1970-01-01; totals are cumulative
counts; gains are counts per day; what is missing is NaN or absent, never 0; a flagged reading keeps its place.

What is here
------------
parse_name       file name to artist, song, platform, metric
read_file        bytes to readings with an account of every line (encoding, separator, dates, numbers)
combine          readings of several sources of one series to one
build            readings to totals, gains, flags and findings
display_name     ``MorganWallen`` to Morgan Wallen
normalise        the key under which two spellings are the same
"""

from __future__ import annotations

from ingest.flags import LEFT_OUT_OF_MEANS, LEFT_OUT_OF_SPREADS, LEFT_OUT_OF_TOTALS, Flag, flag_names
from ingest.names import FileName, display_name, normalise, parse_name, printable
from ingest.platforms import BY_ID, BY_KEY, PLATFORMS, Platform
from ingest.series import Part, Readings, Rejected, Series, build, combine, find_kind, read_file

READER = 1
"""Version of the reading rules; raised when they change, so that unchanged files are read again."""

__all__ = [
    "BY_ID", "BY_KEY", "LEFT_OUT_OF_MEANS", "LEFT_OUT_OF_SPREADS", "LEFT_OUT_OF_TOTALS", "PLATFORMS", "READER",
    "FileName", "Flag", "Part", "Platform", "Readings", "Rejected", "Series", "build", "combine", "display_name",
    "find_kind", "flag_names", "normalise", "parse_name", "printable", "read_file",
]
