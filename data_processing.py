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
read_lyrics      a text of ``Artist - Title:`` and lines to songs, whole, with the reason of each that is refused
make_song        names and lyrics given apart to a song
language_of      lyrics to ``ko``, ``en`` or ``other``
open_catalogue   a CSV or Parquet file of songs with mood tags, to be read a batch of rows at a time
"""

from __future__ import annotations

from ingest.catalogue import (
    CATALOGUE_READER,
    CatalogueBatch,
    CatalogueFile,
    CatalogueRow,
    RefusedRow,
    digest_of,
    open_catalogue,
)
from ingest.catalogue_cells import COLUMNS as CATALOGUE_COLUMNS
from ingest.flags import LEFT_OUT_OF_MEANS, LEFT_OUT_OF_SPREADS, LEFT_OUT_OF_TOTALS, Flag, flag_names
from ingest.lyrics import (
    LARGEST_TEXT,
    LYRICS_READER,
    LyricsFile,
    LyricsText,
    RefusedLyrics,
    fold,
    language_of,
    make_song,
    read_lyrics,
    song_key,
    write_lyrics,
)
from ingest.names import FileName, display_name, normalise, parse_name, printable
from ingest.platforms import BY_ID, BY_KEY, PLATFORMS, Platform
from ingest.series import Part, Readings, Rejected, Series, build, combine, find_kind, read_file

READER = 1
"""Version of the reading rules; raised when they change, so that unchanged files are read again."""

__all__ = [
    "BY_ID", "BY_KEY", "CATALOGUE_COLUMNS", "CATALOGUE_READER", "CatalogueBatch", "CatalogueFile", "CatalogueRow",
    "LARGEST_TEXT", "LEFT_OUT_OF_MEANS", "LEFT_OUT_OF_SPREADS", "LEFT_OUT_OF_TOTALS", "LYRICS_READER", "PLATFORMS",
    "READER", "FileName", "Flag", "LyricsFile", "LyricsText", "Part", "Platform", "Readings", "RefusedLyrics",
    "RefusedRow", "Rejected", "Series", "build", "combine", "digest_of", "display_name", "find_kind", "flag_names",
    "fold", "language_of", "make_song", "normalise", "open_catalogue", "parse_name", "printable", "read_file",
    "read_lyrics", "song_key", "write_lyrics",
]
