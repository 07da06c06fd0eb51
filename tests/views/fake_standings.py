"""The part of the made-up services that is about standings: sixty artists on YouTube, few elsewhere.

Gains per day on YouTube are 1,000 to 57,000 for the crowd, which neither grows nor falls. Neon Marigold is on top,
여울담 between two of the crowd in the stage "developing", Copper Finch last.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import accounts
from usecases import analysis
from usecases.analysis_results import Outlook

LAST_DAY = date(2026, 1, 27)
CROWD = 57
ALERTS = {2: 3}
"""New alerts by artist id."""


def outlook(artist_id: int, name: str, platform: str, total: float, mean_30: float | None, mean_60: float | None,
            **figures: Any) -> Outlook:
    """Return an outlook whose other figures are fixed ones."""
    return Outlook(**{
        "artist_id": artist_id, "artist_key": name.lower().replace(" ", ""), "name": name, "platform": platform,
        "last_day": LAST_DAY, "total": total, "mean_7": mean_30, "mean_30": mean_30, "mean_60": mean_60,
        "momentum": 1.25, "volatility": 12.5, "acceleration": 1.0, "stability": 90.0, "growth_7": 1.0,
        "growth_28": -4.5, "growth_90": 3.0, "sum_30": mean_30 and 30 * mean_30, "sum_30_low": None,
        "sum_30_high": None, "target": 200_000_000.0, "target_day": date(2027, 3, 4), "target_90": 0.8} | figures)


class FakeStandings:
    """Standings of the made-up artists and a crowd."""

    peers, portfolio_table = staticmethod(analysis.peers), staticmethod(analysis.portfolio_table)
    artists: dict[int, str]
    _note: Any
    crowd = CROWD
    refreshed = True

    def standings(self, actor: accounts.Actor) -> analysis.Standings:
        """Return the standings of whoever is there."""
        self._note("standings", actor)
        if not self.refreshed:
            return analysis.standings_of((), {})
        own = [row for row in self._own() if row.artist_id in self.artists]
        crowd = [outlook(100 + place, f"Peer {place:02}", "youtube", 1e6 * place, 1000.0 * place, 1000.0 * place)
                 for place in range(1, self.crowd + 1)]
        return analysis.standings_of(tuple(own + crowd), ALERTS)

    @staticmethod
    def _own() -> list[Outlook]:
        return [
            outlook(1, "Neon Marigold", "youtube", 26_000_000.0, 100_000.0, 90_000.0),
            outlook(1, "Neon Marigold", "spotify", 9_000_000.0, 20_000.0, 21_000.0),
            outlook(1, "Neon Marigold", "soundcloud", 5_000_000.0, None, None, target_day=None, target_90=None),
            outlook(2, "여울담", "youtube", 1_500_000.0, 30_500.0, 30_290.0),
            outlook(2, "여울담", "spotify", 700_000.0, 3_000.0, 3_000.0),
            outlook(3, "Copper Finch", "youtube", 20_000.0, 500.0, 500.0)]
