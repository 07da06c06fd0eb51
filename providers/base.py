"""What an outside service can do, one Protocol per capability."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class Notifier(Protocol):
    """Takes alerts to where people read them."""

    def post(self, text: str, event: Mapping[str, Any], key: str) -> None:
        """Deliver one alert.

        Parameters
        ----------
        text : str
            The alert in one sentence, in the reader's language.
        event : mapping
            The same for programs; days, moments and numpy numbers are allowed.
        key : str
            Names the event: posting it again under the same key is the same alert, not a second one.

        Raises
        ------
        ProviderError
            If it was not delivered; `RateLimited` where the service asks to wait longer than we do.
        """
