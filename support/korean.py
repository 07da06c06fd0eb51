"""Korean morphemes by Kiwi: one instance serves the product, since it holds 0.1 GB and loads in a second."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kiwipiepy import Kiwi, Token

_one_at_a_time = threading.Lock()


def tokens(texts: Sequence[str]) -> list[list[Token]]:
    """Return the morphemes of each text in order, with ``form``, ``tag`` (``NNG``, ``VV``, ...), ``start``, ``len``."""
    with _one_at_a_time:
        return [list(_kiwi().tokenize(text)) for text in texts]


@cache
def _kiwi() -> Kiwi:
    from kiwipiepy import Kiwi

    return Kiwi(num_workers=1)
