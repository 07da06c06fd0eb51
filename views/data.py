"""Data: what is in the database, new files in, what each file holds, every sync, and the song catalogue."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pandas as pd
import streamlit as st

import services
from locales import format_time
from views import _cache, _data_catalogue, _shared
from views._shared import number, plain, text

REJECTED_SHOWN = 1000
"""Rejected rows on the page; the table says so when there are more."""
OUTCOMES = ("imported", "unchanged", "skipped", "refused", "deleted", "ignored")
STATES = ("imported", "refused", "deleted")
TILE_WIDTH = 152
"""Pixels. Four in a row on a laptop, two on a phone."""
KINDS = ("auto", "cumulative", "daily")
DATE_ORDERS = ("auto", "mdy", "dmy")


def page() -> None:
    """Draw the page."""
    st.title(text("data.title"))
    st.caption(text("data.intro"))
    with _shared.errors_shown():
        actor = _shared.frame().actor
        status, files = _cache.status(actor), _cache.files(actor)
        _status(status)
        parts = {"upload": _upload, "files": lambda: _files(files), "rejected": lambda: _rejected(status),
                 "runs": _runs, "catalogue": _data_catalogue.draw}
        _data_catalogue.left()  # its choices stand in the URL while it is shown
        for name, tab in _shared.tabs("data", tuple(parts)).items():
            if tab.open:
                with tab, _shared.errors_shown():
                    parts[name]()


def _status(status: services.DataStatus) -> None:
    """Draw the counts."""
    rejected = text("data.status.rejected", count=number(status.rejected_rows)) if status.rejected_rows else None
    refused = text("data.status.refused", count=number(status.refused_files)) if status.refused_files else None
    tiles = (("artists", status.artists, None), ("songs", status.songs, None), ("rows", status.rows, rejected),
             ("files", status.files, refused))
    with st.container(horizontal=True):
        for name, value, note in tiles:
            st.metric(text(f"data.status.{name}"), number(value), note, delta_color="off", delta_arrow="off",
                      help=text(f"data.status.{name}_help"), border=True, width=TILE_WIDTH, height="stretch")
    moment = format_time(_shared.lang(), status.last_sync) if status.last_sync else text("data.status.never")
    st.caption(text("data.status.line", moment=moment, database=plain(status.database)))


# upload ------------------------------------------------------------


def _upload() -> None:
    """Draw the upload box, what became of the last upload, and the grammar of file names."""
    actor, turn = _shared.frame().actor, st.session_state.get("data_upload_turn", 0)
    allowed = services.may(actor, "upload")
    if not allowed:
        st.info(text("data.upload.not_allowed"), icon=":material/lock:")
    limit = services.settings().upload_limit_mb
    _uploader_words(limit)
    with st.container(key="data_uploader"):
        chosen = st.file_uploader(text("data.upload.label"), type=["csv"], accept_multiple_files=True,
                                  key=f"data_upload_{turn}", disabled=not allowed, max_upload_size=limit,
                                  help=text("data.upload.help", limit=limit))
    if st.button(text("data.upload.save", count=number(len(chosen))), key="data_upload_save", type="primary",
                 disabled=not chosen, icon=":material/upload:"):
        _save(chosen)
    _upload_outcomes()
    with st.expander(text("data.grammar.title"), icon=":material/help:", expanded=False):
        st.markdown(text("data.grammar.body", folder=services.settings().cmdata_dir.name))


def _uploader_words(limit: int) -> None:
    """Put the upload box's own two English texts into the user's language; Streamlit has no option for them."""
    box = ".st-key-data_uploader [data-testid=stFileUploaderDropzone]"
    words = {f"{box} > span button p": text("data.upload.browse"),
             f"{box} [data-testid=stFileUploaderDropzoneInstructions] span": text("data.upload.drop", limit=limit)}
    st.html("<style>" + "".join(f"{place} {{font-size: 0}} {place}::after {{content: '{word}'; font-size: 0.875rem}}"
                                for place, word in words.items()) + "</style>")


def _save(chosen: Iterable[Any]) -> None:
    """Store the files, then start the sync that reads them."""
    actor = _shared.frame().actor
    outcomes = services.save_uploads(actor, [(file.name, file.getvalue()) for file in chosen])
    st.session_state["data_uploaded"] = outcomes
    st.session_state["data_upload_turn"] = st.session_state.get("data_upload_turn", 0) + 1
    saved = [outcome.name for outcome in outcomes if outcome.saved]
    if not saved:
        st.rerun()
    job = services.submit_sync(actor, names=saved)
    st.session_state["data_upload_job"] = job.id
    _shared.watch(job)


def _upload_outcomes() -> None:
    """List what became of each file of the last upload: refused at the door, or by the sync that followed."""
    outcomes: list[services.UploadOutcome] = st.session_state.get("data_uploaded", [])
    if not outcomes:
        return
    job = services.get_job(_shared.frame().actor, st.session_state.get("data_upload_job", 0))
    read = {file["name"]: file for file in (job.result or {}).get("files", [])} if job else {}
    st.markdown(f"#### {text('data.upload.outcomes')}")
    lines = [_upload_line(outcome, read.get(outcome.name), job) for outcome in outcomes]
    st.markdown("\n".join(f"- {line}" for line in lines))


def _upload_line(outcome: services.UploadOutcome, read: dict[str, Any] | None, job: services.JobView | None) -> str:
    name = f"**{plain(outcome.name)}**"
    if not outcome.saved:
        return f":red[:material/error:] {name}: {_shared.refusal(outcome.reason, outcome.reason_values)}"
    if read is None:
        icon, state = ("hourglass_top", "waiting") if job is not None and job.active else ("save", "saved")
        return f":material/{icon}: {name}: {text(f'data.upload.{state}')}"
    if read["outcome"] == "refused":
        return f":red[:material/error:] {name}: {_shared.refusal(read['reason'], read['reason_values'])}"
    replaced = " " + text("data.upload.replaced") if outcome.replaced else ""
    counts = text("data.upload.counts", accepted=number(read["accepted"]), rejected=number(read["rejected"]))
    return f":green[:material/check_circle:] {name}: {text('outcome.' + read['outcome'])}{replaced} · {counts}"


# files ------------------------------------------------------------


def _files(files: list[services.FileRecord]) -> None:
    """Draw the table of files, its filters, and the chosen file."""
    if not files:
        with _shared.empty_state("data.files.empty", "folder_open", folder=services.settings().cmdata_dir.name):
            _shared.sync_button("data_sync", type="primary", icon=":material/sync:")
        return
    wanted = st.text_input(text("data.files.search"), key="data_files_search",
                           placeholder=text("data.files.search_hint")).casefold()
    states = st.pills(text("data.files.states"), STATES, selection_mode="multi", key="data_files_states",
                      format_func=_names("file.state", STATES))
    shown = [file for file in files if (not states or file.state in states) and wanted in _searchable(file)]
    st.caption(text("data.files.shown", shown=number(len(shown)), all=number(len(files))))
    table = files_table(shown)
    _shared.table(table, wide={text("data.files.name"): "medium"})
    _shared.csv_download(table, text("data.files.file_name"), "data_files_csv")
    if shown:
        _details(shown)


def _searchable(file: services.FileRecord) -> str:
    return f"{file.name} {file.artist or ''} {file.song or ''} {_shared.platform(file.platform)}".casefold()


def files_table(files: list[services.FileRecord]) -> pd.DataFrame:
    """Return one row per file with headers and names in the user's language."""
    rows = [{"name": file.name, "artist": file.artist, "song": file.song, "platform": _shared.platform(file.platform),
             "state": text(f"file.state.{file.state}"),
             "kind": text(f"file.kind.{file.kind}") if file.kind else "–", "encoding": file.encoding or "–",
             "days": (file.last_day - file.first_day).days + 1 if file.first_day and file.last_day else 0,
             "accepted": file.accepted, "rejected": file.rejected, "repeated": file.repeated,
             "findings": _shared.findings(file.audit)} for file in files]
    names = ("name", "artist", "song", "platform", "state", "kind", "encoding", "days", "accepted", "rejected",
             "repeated", "findings")
    return pd.DataFrame(rows, columns=names).rename(columns={name: text(f"data.files.{name}") for name in names})


def _details(files: list[services.FileRecord]) -> None:
    """Draw the chosen file: facts, audit, options and rejected rows."""
    by_id = {file.id: file for file in files}
    names = {file.id: file.name for file in files}
    chosen = st.selectbox(text("data.files.details"), list(names), format_func=names.__getitem__,
                          key="data_file", index=None, placeholder=text("data.files.choose"))
    if chosen is None:
        return
    file = by_id[chosen]
    with st.container(border=True):
        _shared.file_report(file)
        _options(file)
        if file.rejected:
            _shared.rejected_table(services.rejected_rows(_shared.frame().actor, file.id, REJECTED_SHOWN),
                                   "data_file_rejected")


def _options(file: services.FileRecord) -> None:
    """Draw how the file is to be read; saving reads it again."""
    with st.form(f"data_options_{file.id}", border=False):
        left, right = st.columns(2)
        kind = left.selectbox(text("file.kind.label"), KINDS, index=KINDS.index(file.kind_option or "auto"),
                              format_func=_names("file.kind", KINDS), help=text("file.kind.help"),
                              key=f"data_kind_{file.id}")
        order = right.selectbox(text("file.order.label"), DATE_ORDERS,
                                index=DATE_ORDERS.index(file.date_order_option or "auto"),
                                format_func=_names("file.order", DATE_ORDERS), help=text("file.order.help"),
                                key=f"data_order_{file.id}")
        if st.form_submit_button(text("file.save_options"), icon=":material/save:", key=f"data_save_{file.id}",
                                 disabled=not services.may(_shared.frame().actor, "settings")):
            _shared.watch(services.set_file_options(_shared.frame().actor, file.id,
                                                    kind=None if kind == "auto" else kind,
                                                    date_order=None if order == "auto" else order))


def _names(prefix: str, options: Iterable[str]) -> Callable[[str], str]:
    """Return the options' names, looked up now: Streamlit may ask later, when the language is not at hand."""
    return {option: text(f"{prefix}.{option}") for option in options}.__getitem__


# rejected rows ------------------------------------------------------------


def _rejected(status: services.DataStatus) -> None:
    """Draw the rejected rows of all files."""
    rows = services.rejected_rows(_shared.frame().actor, None, REJECTED_SHOWN)
    if rows.empty:
        st.success(text("data.rejected.none"), icon=":material/check_circle:")
        return
    st.caption(text("data.rejected.note", shown=number(len(rows)), all=number(max(status.rejected_rows, len(rows)))))
    _shared.rejected_table(rows, "data_rejected")


# runs ------------------------------------------------------------


def _runs() -> None:
    """Draw the last sync's files, the runs before it, and the button that reads everything again."""
    actor = _shared.frame().actor
    _last_run(services.latest_job(actor, "sync"))
    st.markdown(f"#### {text('data.runs.title')}")
    runs = services.recent_runs(actor)
    if runs.empty:
        st.info(text("data.runs.none"), icon=":material/inbox:")
    else:
        _shared.table(runs_table(runs))
    st.markdown(f"#### {text('data.runs.force_title')}")
    st.caption(text("data.runs.force_note"))
    _shared.sync_button("data_force", force=True, label="data.runs.force", icon=":material/restart_alt:")


def _last_run(job: services.JobView | None) -> None:
    """Draw what the last sync did with each file."""
    files = (job.result or {}).get("files", []) if job else []
    if not files:
        return
    st.markdown(f"#### {text('data.last.title')}")
    wanted = st.text_input(text("data.files.search"), key="data_last_search",
                           placeholder=text("data.last.search_hint")).casefold()
    outcomes = st.pills(text("data.last.outcomes"), OUTCOMES, selection_mode="multi", key="data_last_outcomes",
                        format_func=_names("outcome", OUTCOMES))
    shown = [file for file in files if (not outcomes or file["outcome"] in outcomes)
             and wanted in file["name"].casefold()]
    table = outcome_table(shown)
    reasons = "large" if any(file["reason"] for file in shown) else "small"
    _shared.table(table, wide={text("data.last.name"): "medium", text("data.last.reason"): reasons})
    _shared.csv_download(table, text("data.last.file_name"), "data_last_csv")


def outcome_table(files: list[dict[str, Any]]) -> pd.DataFrame:
    """Return one row per file of a sync with headers and reasons in the user's language."""
    rows = [{**file, "outcome": text(f"outcome.{file['outcome']}"),
             "reason": _shared.reason(file["reason"], file["reason_values"])} for file in files]
    names = ("name", "outcome", "reason", "lines_read", "accepted", "rejected", "repeated", "flagged")
    return pd.DataFrame(rows, columns=names).rename(columns={name: text(f"data.last.{name}") for name in names})


def runs_table(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the runs with headers, states and moments in the user's language."""
    table = runs.copy()
    for name in ("started_at", "finished_at"):
        table[name] = [_moment(moment) for moment in table[name]]
    table["state"] = [text(f"job.{state}") for state in table["state"]]
    return table.rename(columns={name: text(f"data.runs.{name}") for name in table.columns})


def _moment(moment: Any) -> str:
    return "–" if pd.isna(moment) else f"{pd.Timestamp(moment).to_pydatetime().astimezone():%Y-%m-%d %H:%M}"


if __name__ == "__main__":
    page()
