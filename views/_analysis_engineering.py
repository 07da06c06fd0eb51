"""The data engineering tab: what the last syncs did, the pipeline with its numbers, and the same as an Airflow DAG."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

import services
from locales import format_time
from support.figures.runs import runs_figure
from views import _cache, _shared
from views._analysis_choice import Choice
from views._shared import number, text

DAG = Path(__file__).parents[1] / "docs" / "airflow" / "growth_radar_dag.py"
RUNS = 20
"""Runs that are listed and drawn."""
STATE_ICONS = {"done": "✅", "failed": "❌", "cancelled": "⏹️", "interrupted": "⚠️", "running": "⏳", "queued": "⏳"}
STEP_ICONS = {"read": "folder_open", "audit": "fact_check", "store": "database", "derive": "functions",
              "forecast": "online_prediction", "alerts": "notifications"}
"""The steps in their order, with their icons."""
STEPS_A_ROW = 3
CHART = {"displayModeBar": False}


def draw(choice: Choice) -> None:
    """Draw the tab."""
    actor = _shared.frame().actor
    state, runs = _cache.pipeline(actor), with_speed(services.recent_runs(actor, RUNS))
    _freshness(state)
    st.markdown(f"#### {text('analysis.engineering.steps.title')}")
    _steps(runs, state)
    st.markdown(f"#### {text('analysis.engineering.runs.title')}")
    _runs(runs)
    st.markdown(f"#### {text('analysis.engineering.tables.title')}")
    _tables(state)
    st.markdown(f"#### {text('analysis.engineering.dag.title')}")
    _dag()


def _freshness(state: services.PipelineState) -> None:
    """Say how old the figures are, and whether some wait."""
    if state.refreshed_at is None:
        st.info(text("analysis.engineering.never"), icon=":material/hourglass_empty:")
        return
    moment = format_time(_shared.lang(), state.refreshed_at)
    waiting = text("analysis.engineering.waiting" if state.waiting else "analysis.engineering.fresh",
                   count=number(state.waiting))
    badge = f":orange-badge[:material/hourglass_top: {waiting}]" if state.waiting \
        else f":green-badge[:material/check: {waiting}]"
    st.markdown(f"{badge} :gray[{text('analysis.engineering.refreshed', moment=moment)}]")


# steps ------------------------------------------------------------


def _steps(runs: pd.DataFrame, state: services.PipelineState) -> None:
    """Draw the way of the data, step by step, with the numbers of the newest run and refresh."""
    values = step_values(runs, state)
    names = list(STEP_ICONS)
    for start in range(0, len(names), STEPS_A_ROW):
        row = names[start:start + STEPS_A_ROW]
        for number_, (place, name) in enumerate(zip(st.columns(STEPS_A_ROW), row, strict=True), start + 1):
            with place.container(border=True, height="stretch", gap="small"):
                key = f"analysis.engineering.step.{name}"
                st.markdown(f":violet[:material/{STEP_ICONS[name]}:] **{number_}. {text(f'{key}.title')}**  \n"
                            f"{_step_line(name, values[name])}  \n:small[:gray[{text(f'{key}.body')}]]")


def _step_line(name: str, values: dict[str, int | None]) -> str:
    if None in values.values():
        return f":gray[{text('analysis.engineering.not_yet')}]"
    return text(f"analysis.engineering.step.{name}.line", **{key: number(value) for key, value in values.items()})


def step_values(runs: pd.DataFrame, state: services.PipelineState) -> dict[str, dict[str, int | None]]:
    """Return the numbers of each step; None where it has not run yet."""
    last = dict.fromkeys(("files", "imported", "lines_read", "accepted", "rejected", "repeated")) if runs.empty \
        else runs.iloc[0].to_dict()
    rows = state.rows
    return {
        "read": {name: last[name] for name in ("files", "imported", "lines_read")},
        "audit": {name: last[name] for name in ("accepted", "rejected", "repeated")},
        "store": {"rows": rows["daily_metrics"], "songs": rows["songs"]},
        "derive": {"artists": state.analysed_artists, "series": state.analysed_series},
        "forecast": {"forecasts": state.forecasts if state.refreshed_at else None, "series": rows["artist_outlook"]},
        "alerts": {"events": state.new_events, "rules": rows["alert_rules"]},
    }


# runs ------------------------------------------------------------


def with_speed(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the runs with the seconds each took and the lines it read a second; NaN where it has not ended."""
    started, finished = (pd.to_datetime(runs[name], utc=True) for name in ("started_at", "finished_at"))
    seconds = (finished - started).dt.total_seconds()
    return runs.assign(seconds=seconds, lines_per_second=(runs["lines_read"] / seconds).where(seconds > 0))


def _runs(runs: pd.DataFrame) -> None:
    """Draw the lines read a run, and the runs as a table."""
    if runs.empty:
        with _shared.empty_state("analysis.engineering.runs.empty", "sync"):
            _shared.sync_button("analysis_engineering_sync", type="primary", icon=":material/sync:")
        return
    oldest_first = runs.iloc[::-1]
    moments = [f"{_local(moment):%m-%d<br>%H:%M}" for moment in oldest_first["started_at"]]
    st.plotly_chart(_cache.Drawn(runs_figure(
        moments, [int(lines) for lines in oldest_first["lines_read"]], list(oldest_first["state"] == "done"),
        [_run_text(run) for run in oldest_first.to_dict("records")], lang=_shared.lang(),
        labels={"axis": text("analysis.engineering.runs.axis")})), key="analysis_engineering_runs", config=CHART)
    st.dataframe(runs_table(runs), hide_index=True, height=420 if len(runs) > 10 else "auto", placeholder="–",
                 column_config={
        text("analysis.engineering.runs.seconds"): st.column_config.NumberColumn(format="%.1f"),
        **{text(f"analysis.engineering.runs.{name}"): st.column_config.NumberColumn(format="%,d")
           for name in ("files", "imported", "lines_read", "accepted", "lines_per_second")}})
    _shared.csv_download(runs, text("analysis.engineering.runs.file_name"), "analysis_engineering_csv")


def _run_text(run: Mapping[Any, Any]) -> str:
    speed = "" if pd.isna(run["lines_per_second"]) else "\n" + text(
        "analysis.engineering.runs.speed", seconds=number(run["seconds"], 1), speed=number(run["lines_per_second"]))
    return (f"{_local(run['started_at']):%Y-%m-%d %H:%M} · {text('job.' + run['state'])}\n"
            + text("analysis.engineering.runs.hover", lines=number(run["lines_read"]), files=number(run["imported"]))
            + speed)


def runs_table(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the runs with headers, states and moments in the user's language."""
    columns = {
        "started_at": [f"{_local(moment):%Y-%m-%d %H:%M}" for moment in runs["started_at"]],
        "state": [f"{STATE_ICONS.get(state, '')} {text(f'job.{state}')}" for state in runs["state"]],
        **{name: runs[name].to_numpy() for name in ("files", "imported", "lines_read", "accepted", "seconds")},
        "lines_per_second": runs["lines_per_second"].round().astype("Int64").array,
        "actor": runs["actor"].to_numpy()}
    return pd.DataFrame({text(f"analysis.engineering.runs.{name}"): column for name, column in columns.items()})


def _local(moment: Any) -> Any:
    return pd.Timestamp(moment).to_pydatetime().astimezone()


# tables ------------------------------------------------------------


def _tables(state: services.PipelineState) -> None:
    """Draw the rows of each table and what it holds."""
    about = {"artist_growth_data"}
    table = pd.DataFrame({
        text("analysis.engineering.tables.name"): list(state.rows),
        text("analysis.engineering.tables.rows"): list(state.rows.values()),
        text("analysis.engineering.tables.holds"): [text(f"analysis.engineering.table.{name}") + (
            f" ({text('analysis.engineering.tables.about')})" if name in about else "") for name in state.rows]})
    st.dataframe(table, hide_index=True, height="content", column_config={
        text("analysis.engineering.tables.rows"): st.column_config.NumberColumn(format="%,d")})


# DAG ------------------------------------------------------------


def _dag() -> None:
    """Draw how the same pipeline runs in Airflow, and the file."""
    source = dag_source()
    if source is None:
        st.info(text("analysis.engineering.dag.missing", path="docs/airflow/"), icon=":material/info:")
        return
    st.markdown(text("analysis.engineering.dag.body"))
    st.markdown("\n".join(f"{place}. {text(f'analysis.engineering.dag.{step}', name=DAG.name)}"
                          for place, step in enumerate(("copy", "variables", "start"), 1)))
    st.download_button(text("analysis.engineering.dag.download"), source, file_name=DAG.name, mime="text/x-python",
                       key="analysis_engineering_dag", on_click="ignore", icon=":material/download:")
    with st.expander(f"`{DAG.name}`", icon=":material/code:", key="analysis_engineering_code",
                     on_change="rerun") as box:
        if box.open:
            st.code(source, language="python", line_numbers=True, height=520)


@cache
def dag_source() -> str | None:
    """Return the text of the DAG's file, None where it was not installed."""
    return DAG.read_text("utf-8") if DAG.is_file() else None
