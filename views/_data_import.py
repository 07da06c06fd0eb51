"""Importing a list of songs into the catalogue: upload, progress, result, and the imports so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

import services
from locales import format_time
from support.errors import describe
from views import _cache, _shared
from views._shared import number, plain, text

POLL_SECONDS = 0.5
"""How often a running import is asked how far it is."""
REFUSALS_SHOWN = 20
UNKNOWN_SHOWN = 30
JOB, TOLD, TURN = "data_cat_job", "data_cat_job_told", "data_cat_upload_turn"


def draw(actor: services.Actor, *, unfolded: bool) -> None:
    """Draw a running import, what the last one of this session brought, and the way to the next."""
    job = _job(actor)
    if job is not None and job.active:
        st.fragment(_progress, run_every=POLL_SECONDS)(actor, job.id)
    elif job is not None:
        _finished(job)
    box = st.expander(text("catalogue.import.title"), icon=":material/upload_file:", expanded=unfolded,
                      key="data_cat_import", on_change="rerun")
    if box.open:
        with box:
            _upload(actor, running=job is not None and job.active)
            _columns()
            _recent(actor, running=job is not None and job.active)


def _job(actor: services.Actor) -> services.JobView | None:
    """Return the import to show: the one this session follows, else one that somebody else has running."""
    followed = st.session_state.get(JOB)
    job = services.get_job(actor, followed) if followed else None
    if job is None or not job.active:
        job = services.active_job(actor, "catalogue") or job
    if job is not None:
        st.session_state[JOB] = job.id
    return job


def _follow(job: services.JobView) -> None:
    st.session_state[JOB] = job.id
    st.rerun()


def _progress(actor: services.Actor, job_id: int) -> None:
    """Draw how far an import is; runs again by itself until it has ended, then once the whole page."""
    job = services.get_job(actor, job_id)
    if job is None or not job.active:
        st.rerun(scope="app")
    with st.container(border=True):
        if job.total:
            st.progress(min(job.done / job.total, 1.0), text=f"{plain(job.note)} · " + text(
                "catalogue.import.running", done=number(job.done), total=number(job.total)))
        else:
            st.progress(0.0, text=text("catalogue.import.begins"))
        if st.button(text("catalogue.import.cancel"), key="data_cat_cancel", icon=":material/stop_circle:"):
            with _shared.errors_shown():
                services.cancel_job(actor, job_id)


def _finished(job: services.JobView) -> None:
    """Show what an import brought; the first time, forget what was cached before it."""
    if st.session_state.get(TOLD) != job.id:
        st.session_state[TOLD] = job.id
        _cache.clear()
    if job.state in ("cancelled", "interrupted"):
        st.warning(text(f"catalogue.import.{job.state}"), icon=":material/warning:")
    elif job.state != "done":
        st.error(_shared.refusal(job.error_code or "unexpected", job.error_values), icon=":material/error:")
    elif job.result:
        _result(job.result)


def _result(report: Mapping[str, Any]) -> None:
    """Draw the counts of an import, the words it did not know and the rows it refused."""
    lines = [text("catalogue.import.done", name=plain(report["name"]), **{
        name: number(report[name]) for name in ("rows_read", "added", "changed", "unchanged")})]
    lines += [text(f"catalogue.import.{name}", count=number(report[name]))
              for name in ("edited", "untagged", "repeated", "refused") if report[name]]
    show, icon = (st.warning, "warning") if report["refused"] else (st.success, "check_circle")
    show("  \n".join(lines), icon=f":material/{icon}:")
    unknown = list(report["unknown_tags"].items())[:UNKNOWN_SHOWN]
    if unknown:
        with st.expander(text("catalogue.import.unknown"), icon=":material/help:"):
            st.caption(text("catalogue.import.unknown_note"))
            _shared.table(pd.DataFrame(unknown, columns=[text("catalogue.import.word"),
                                                         text("catalogue.import.count")]))
    refusals = report["refusals"][:REFUSALS_SHOWN]
    if refusals:
        with st.expander(text("catalogue.import.refusals", count=number(len(refusals))), icon=":material/block:"):
            st.dataframe(refusals_table(refusals), hide_index=True, column_config={
                text("catalogue.import.why"): st.column_config.TextColumn(width="large")})


def refusals_table(refusals: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return one row a refused row, with the reason in the user's language."""
    return pd.DataFrame({text("catalogue.import.line"): [each["line"] for each in refusals],
                         text("catalogue.import.why"): [describe(_shared.lang(), each["code"], each["values"])
                                                        for each in refusals]})


# upload ------------------------------------------------------------


def _upload(actor: services.Actor, *, running: bool) -> None:
    allowed, limit = services.may(actor, "import"), services.settings().upload_limit_mb
    turn = st.session_state.get(TURN, 0)
    if not allowed:
        st.info(text("catalogue.import.not_allowed"), icon=":material/lock:")
    st.caption(text("catalogue.import.note"))
    _uploader_words(limit)
    with st.container(key="data_cat_uploader"):
        file = st.file_uploader(text("catalogue.import.label"), type=["csv", "tsv", "txt", "parquet"],
                                key=f"data_cat_upload_{turn}", disabled=not allowed, max_upload_size=limit,
                                help=text("catalogue.import.help", limit=limit))
    if st.button(text("catalogue.import.start"), key="data_cat_start", type="primary", icon=":material/upload:",
                 disabled=file is None or running or not allowed) and file is not None:
        with _shared.errors_shown():
            job = services.submit_import(actor, file.name, file.getvalue())
            st.session_state[TURN] = turn + 1  # an empty box
            _follow(job)


def _uploader_words(limit: int) -> None:
    """Put the upload box's own two English texts into the user's language; Streamlit has no option for them."""
    box = ".st-key-data_cat_uploader [data-testid=stFileUploaderDropzone]"
    words = {f"{box} > span button p": text("catalogue.import.browse"),
             f"{box} [data-testid=stFileUploaderDropzoneInstructions] span": text("catalogue.import.drop", limit=limit)}
    st.html("<style>" + "".join(f"{place} {{font-size: 0}} {place}::after {{content: '{word}'; font-size: 0.875rem}}"
                                for place, word in words.items()) + "</style>")


def _columns() -> None:
    """List the names of columns that are accepted."""
    with st.popover(text("catalogue.import.columns_title"), icon=":material/view_column:"):
        st.caption(text("catalogue.import.columns_note"))
        rows = [f"| {_column(name)} | {', '.join(map(plain, names))} |"
                for name, names in services.CATALOGUE_COLUMNS.items()]
        st.markdown("\n".join([f"| {text('catalogue.import.column')} | {text('catalogue.import.accepted')} |",
                               "|---|---|", *rows]))


def _column(name: str) -> str:
    if name == "tags":
        return text("catalogue.import.tags_column")
    kind = "category" if name in services.tag_categories() else "column"
    return text(f"catalogue.{kind}.{name}")


# imports so far ------------------------------------------------------------


def _recent(actor: services.Actor, *, running: bool) -> None:
    """Draw the imports so far, and a way on for those that were cut short."""
    st.markdown(f"#### {text('catalogue.import.recent')}")
    reports = services.recent_imports(actor)
    if not reports:
        st.caption(text("catalogue.import.none"))
        return
    for report in reports:
        if report.resumable and services.may(actor, "import") and st.button(
                text("catalogue.import.resume", name=plain(report.name), rows_read=number(report.rows_read)),
                key=f"data_cat_resume_{report.id}", icon=":material/resume:", disabled=running):
            with _shared.errors_shown():
                _follow(services.resume_import(actor, report.id))
    _shared.table(runs_table(reports))


def runs_table(reports: Sequence[services.ImportReport]) -> pd.DataFrame:
    """Return one row an import with headers, states and moments in the user's language."""
    names = ("started_at", "name", "state", "rows_read", "added", "changed", "unchanged", "edited", "untagged",
             "repeated", "refused", "actor")
    rows = [{name: getattr(report, name) for name in names} | {
        "started_at": format_time(_shared.lang(), report.started_at), "state": text(f"job.{report.state}"),
        "actor": report.actor or "–"} for report in reports]
    return pd.DataFrame(rows, columns=names).rename(columns={name: text(f"catalogue.runs.{name}") for name in names})
