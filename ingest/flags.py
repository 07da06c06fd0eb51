"""Flags of a day's reading, as bits of one small integer.

========== ===== ==================================================================================================
flag       bit   meaning
========== ===== ==================================================================================================
GAP        1     days before it are missing; the gain is the difference divided by the days
AVERAGED   2     a day without gain beside a doubled one (or a frozen run and its catch-up): shared out evenly
STALE      4     the counter stood still for several days and never caught up
INTERPOLATED 8   part of a long run of identical gains: filled in by the source, not observed
DECREASE   16    the total fell: a correction or a counter reset; the day has no gain
JUMP       32    the total leapt far beyond the series' own rhythm: likely another source; no gain
NEW_LEVEL  64    a later reading on a leapt level nobody has accepted yet
ACCEPTED   128   an analyst accepted the level from this day on: totals follow it, the day has no gain
FUTURE     256   dated after the day of import
========== ===== ==================================================================================================

INTERPOLATED days count in sums and means (their sum is observed) but not in spreads and correlations. All other
flags leave a day out of both, unless the user asks to keep flagged days.
"""

from __future__ import annotations

from enum import IntFlag


class Flag(IntFlag):
    """Reasons for which a day's reading is not an ordinary one."""

    GAP = 1
    AVERAGED = 2
    STALE = 4
    INTERPOLATED = 8
    DECREASE = 16
    JUMP = 32
    NEW_LEVEL = 64
    ACCEPTED = 128
    FUTURE = 256


LEFT_OUT_OF_MEANS = int(~Flag.INTERPOLATED & ((1 << 9) - 1))
"""Days with any of these flags do not enter sums and means of gains."""
LEFT_OUT_OF_SPREADS = int((1 << 9) - 1)
"""Days with any of these flags do not enter standard deviations and correlations."""
LEFT_OUT_OF_TOTALS = int(Flag.JUMP | Flag.NEW_LEVEL | Flag.FUTURE)
"""Readings with any of these flags do not count as the latest total (unless the level was accepted)."""


def flag_names(bits: int) -> list[str]:
    """Return the lower-case names of the flags set in `bits`."""
    return [flag.name.lower() for flag in Flag if bits & flag and flag.name]
