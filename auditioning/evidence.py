"""What a judge has before it, and whether a quote is really in it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Protocol

LEAST_QUOTE = 3  # letters; shorter than that is found in any text and proves nothing
_GAP = re.compile(r"\.{2,}|…|⋯")


class SongLike(Protocol):
    """What of a song is needed here."""

    @property
    def title(self) -> str:
        """Return the title."""

    @property
    def lyrics(self) -> str:
        """Return the whole lyrics."""


@dataclass(frozen=True)
class Audio:
    """Measured audio; None where a figure was not measured.

    Attributes
    ----------
    tempo_bpm : float or None
        Beats a minute.
    loudness_lufs : float or None
        Integrated loudness after ITU-R BS.1770, LUFS.
    duration_s : float or None
        Length in seconds.
    key : str or None
        Key such as ``D minor``.
    """

    tempo_bpm: float | None = None
    loudness_lufs: float | None = None
    duration_s: float | None = None
    key: str | None = None

    @property
    def lines(self) -> tuple[str, ...]:
        """Return the measured figures as text, absent ones left out."""
        figures = ((self.tempo_bpm, "tempo {:.0f} BPM"), (self.loudness_lufs, "loudness {:.1f} LUFS"),
                   (self.duration_s, "duration {:.0f} s"), (self.key, "key {}"))
        return tuple(form.format(value) for value, form in figures if value is not None)


@dataclass(frozen=True)
class What:
    """What a judge has beside the lyrics.

    Attributes
    ----------
    tags : tuple of str
        Tags listeners gave the song.
    audio : Audio or None
        Measured audio of an uploaded track.
    """

    tags: tuple[str, ...] = ()
    audio: Audio | None = None

    @property
    def sound(self) -> bool:
        """Tell whether anything is known of the sound."""
        return bool(self.tags) or bool(self.audio and self.audio.lines)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Return the kinds of evidence, for display: ``lyrics``, ``tags``, ``audio``."""
        return ("lyrics", *(("tags",) if self.tags else ()), *(("audio",) if self.audio and self.audio.lines else ()))


def quoted(quote: str, source: str) -> bool:
    """Tell whether `quote` is in `source`.

    Case, whitespace, punctuation and the Unicode form do not matter. An ellipsis stands for anything left out: its
    parts must follow each other. Fewer than `LEAST_QUOTE` letters are no quote.
    """
    parts = [letters(part) for part in _GAP.split(quote)]
    if sum(map(len, parts)) < LEAST_QUOTE:
        return False
    text, at = letters(source), 0
    for part in parts:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return True


def letters(text: str) -> str:
    """Return letters and digits only, case folded."""
    return "".join(char for char in unicodedata.normalize("NFKC", text).casefold() if char.isalnum())
