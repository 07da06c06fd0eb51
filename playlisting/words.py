"""Titles as words: cleaned of symbols, then Kiwi's morphemes that carry meaning."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from support.korean import tokens

KEPT = ("NN", "NR", "VV", "VA", "XR", "MAG", "IC", "SL", "SN", "SH")
"""Tags of Kiwi that say something: nouns, verbs, adjectives, roots, adverbs, foreign words, numbers."""
_SYMBOLS = re.compile(r"[\W_]+")


def clean(title: str) -> str:
    """Return a title without symbols: letters, digits and single blanks, in composed form."""
    return _SYMBOLS.sub(" ", unicodedata.normalize("NFKC", title)).strip()


def is_title(title: str) -> bool:
    """Return whether a cleaned title says anything: more than one character, and not digits alone."""
    return len(title) > 1 and not title.replace(" ", "").isdigit()


@lru_cache(maxsize=1 << 16)
def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a text, each once, in order; empty for a text without any.

    Verbs and adjectives come as stems, foreign words in small letters: ``"밤에 듣는 Jazz"`` gives ``("밤", "듣",
    "jazz")``.
    """
    plain = clean(text).lower()
    if not plain:
        return ()
    return tuple(dict.fromkeys(token.form for token in tokens([plain])[0] if token.tag.startswith(KEPT)))
