"""Sentences of a text in their order, and the few of them that stand for all where there are many."""

from __future__ import annotations

import re
from collections.abc import Sequence

LONGEST_SENTENCE = 240
"""Characters; what is longer is cut at a comma or a blank, so that no stretch weighs as much as a page."""
_END = re.compile(r"(?<=[.!?。！？…])[\"'”’)\]]*\s+|\n+")
_MARK = re.compile(r"^[ \t]*\[[^\]\n]{1,30}\][ \t]*$", re.MULTILINE)  # [Chorus] of lyrics
_CUT = re.compile(r"(?<=[,;:·])\s+|\s+")


def sentences(text: str) -> tuple[str, ...]:
    r"""Return the sentences of a text; each has at least one letter.

    >>> sentences("Rain again. It fell all night!\n그래도 좋았다.")
    ('Rain again.', 'It fell all night!', '그래도 좋았다.')
    """
    found = [piece for part in _END.split(_MARK.sub("", text)) for piece in _pieces(" ".join(part.split()))]
    return tuple(piece for piece in found if any(each.isalpha() for each in piece))


def _pieces(sentence: str) -> list[str]:
    """Return a sentence whole, or cut into pieces of at most `LONGEST_SENTENCE` characters."""
    pieces = []
    while len(sentence) > LONGEST_SENTENCE:
        places = [match.start() for match in _CUT.finditer(sentence, LONGEST_SENTENCE // 2, LONGEST_SENTENCE)]
        place = places[-1] if places else LONGEST_SENTENCE
        pieces.append(sentence[:place].strip())
        sentence = sentence[place:].strip()
    return [*pieces, sentence] if sentence else pieces


def chosen(weights: Sequence[float], most: int) -> tuple[int, ...]:
    """Return the places of at most `most` sentences: all, or the weightiest of each of `most` stretches of a text.

    Parameters
    ----------
    weights : sequence of float
        What each sentence says, one number a sentence in their order; of equals the first is taken.
    most : int
        At least 1.
    """
    count = len(weights)
    if count <= most:
        return tuple(range(count))
    ends = [count * part // most for part in range(most + 1)]
    return tuple(max(range(low, high), key=lambda place: (weights[place], -place))
                 for low, high in zip(ends, ends[1:], strict=False))
