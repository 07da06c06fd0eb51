"""The part of the made-up services that is about alerts and the pipeline: rules, events, rows of tables."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import accounts
from support.errors import DataError, NotFound
from usecases import alerts, analysis_results, pipeline

MOMENT = datetime(2026, 1, 28, 3, 4, tzinfo=UTC)
DETAILS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "band": ({"level": 95}, {"observed": 51_000.0, "expected": 40_000.0, "low": 36_000.0, "high": 44_000.0,
                             "outside": 1, "of": 1}),
    "change": ({"percent": 50, "floor": 1_000, "days": 7}, {"recent": 8_000.0, "before": 20_000.0, "percent": -60.0}),
    "milestone": ({"target": 5_000_000}, {"target": 5_000_000, "total": 5_010_000.0}),
    "silence": ({"days": 3}, {"days": 4}),
}
"""By kind: parameters of a rule, and what an event of it found."""


class FakeAlerts:
    """Rules and events that a test puts there, or that acts on the page make."""

    AlertRule, AlertEvent, PipelineState = (analysis_results.AlertRule, analysis_results.AlertEvent,
                                            pipeline.PipelineState)
    LIMITS, SUGGESTED, sentence = alerts.LIMITS, alerts.SUGGESTED, staticmethod(alerts.sentence)
    artists: dict[int, str]
    _note: Any

    def set_alerts(self) -> None:
        """Start without rules."""
        self.rules: list[analysis_results.AlertRule] = []
        self.events: list[analysis_results.AlertEvent] = []
        self.webhook: str | None = None
        self.finds = False
        self.state = pipeline.PipelineState(
            {"artists": 3, "songs": 4, "series": 12, "sync_files": 14, "artist_outlook": 9, "forecasts": 16,
             "alert_rules": 0, "alert_events": 0, "daily_metrics": 1_800, "rejected_rows": 3,
             "artist_growth_data": 1_350}, 0, 8, MOMENT, MOMENT, 3, 9, 2)

    def put_rule(self, kind: str, artist_id: int | None = None, platform: str | None = None,
                 **options: Any) -> analysis_results.AlertRule:
        """Add a rule."""
        name = self.artists[artist_id] if artist_id else None
        key = name.lower().replace(" ", "") if name else None
        rule = analysis_results.AlertRule(**{
            "id": len(self.rules) + 1, "owner_id": 1, "kind": kind, "artist_id": artist_id, "artist_key": key,
            "artist": name, "platform": platform, "params": DETAILS[kind][0], "created_at": MOMENT} | options)
        self.rules.append(rule)
        return rule

    def put_event(self, kind: str, artist_id: int = 1, platform: str = "youtube",
                  **options: Any) -> analysis_results.AlertEvent:
        """Add an event, and a rule for it where there is none of its kind."""
        rule = next((rule for rule in self.rules if rule.kind == kind), None) or self.put_rule(kind)
        name = self.artists[artist_id]
        event = analysis_results.AlertEvent(**{
            "id": len(self.events) + 1, "rule_id": rule.id, "kind": kind, "owner_id": 1, "params": rule.params,
            "artist_id": artist_id, "artist_key": name.lower().replace(" ", ""), "artist": name,
            "platform": platform, "day": date(2026, 1, 27), "detail": DETAILS[kind][1], "initial": False,
            "delivery": "none", "attempts": 0, "error": None, "created_at": MOMENT, "seen_at": None} | options)
        self.events.insert(0, event)
        return event

    def list_rules(self, actor: accounts.Actor) -> list[analysis_results.AlertRule]:
        self._note("list_rules", actor)
        return list(self.rules)

    def list_events(self, actor: accounts.Actor, *, limit: int = 200, artist_id: int | None = None,
                    unseen: bool = False) -> list[analysis_results.AlertEvent]:
        self._note("list_events", actor, limit=limit, artist_id=artist_id, unseen=unseen)
        return [event for event in self.events if artist_id in (None, event.artist_id)
                and not (unseen and (event.seen_at or event.initial))][:limit]

    def add_rule(self, actor: accounts.Actor, kind: str, params: dict[str, float], *, today: date,
                 artist_id: int | None = None, platform: str | None = None) -> analysis_results.AlertRule:
        self._note("add_rule", actor, kind, params, artist_id=artist_id, platform=platform)
        accounts.require(actor, "alert")
        params = alerts.validate_rule(kind, params)
        if any((rule.kind, rule.artist_id, rule.platform, rule.params) == (kind, artist_id, platform, params)
               for rule in self.rules):
            raise DataError("alert_twice")
        rule = self.put_rule(kind, artist_id, platform, params=params)
        if self.finds:
            self.put_event(kind, initial=True, rule_id=rule.id)
        return rule

    def delete_rule(self, actor: accounts.Actor, rule_id: int) -> analysis_results.AlertRule:
        self._note("delete_rule", actor, rule_id)
        gone = next((rule for rule in self.rules if rule.id == rule_id), None)
        if gone is None:
            raise NotFound("alert_gone")
        self.rules = [rule for rule in self.rules if rule.id != rule_id]
        self.events = [event for event in self.events if event.rule_id != rule_id]
        return gone

    def mark_seen(self, actor: accounts.Actor, event_ids: list[int]) -> None:
        self._note("mark_seen", actor, event_ids)
        self.events = [replace(event, seen_at=MOMENT) if event.id in event_ids else event for event in self.events]

    def pipeline(self, actor: accounts.Actor) -> pipeline.PipelineState:
        self._note("pipeline", actor)
        return self.state
