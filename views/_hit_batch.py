"""The batch tab of the hit prediction page: a ZIP of tracks, how far each batch is, its results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

import services
from locales import format_time
from support.errors import describe
from views import _hit_board as board
from views import _shared
from views._shared import number, plain, text

POLL_SECONDS = 1.0
"""How often batches under way are asked how far they are; nothing is asked while none is."""
MOST_SHOWN = 1_000
"""Tracks in the table of a batch."""
COLUMNS = ("file", "title", "artist", "genre", "lyrics", "date", "full_seconds")
"""Of a manifest, in the order of the sample."""
SAMPLE = (("01_midnight_ferry.mp3", "Midnight Ferry", "Luna Harbor", "POP", "01_midnight_ferry.txt", "2026-03-06", ""),
          ("02_saebyeok.wav", "새벽 우편함", "여울담", "BALLAD", "", "", "214"))
USUAL_PRIOR = 1.0
"""Percent of tracks that become hits, unless the user knows better."""
ENDED = ("done", "failed", "cancelled", "interrupted")


def draw() -> None:
    """Draw the tab."""
    actor = _shared.frame().actor
    st.caption(text("hit.batch.intro"))
    board.tell()
    _form(actor)
    _list(actor)


# start ------------------------------------------------------------


def _form(actor: services.Actor) -> None:
    """Draw what a ZIP holds, the choice of one, and the start."""
    allowed = services.may(actor, "predict")
    with st.container(border=True, key="hit_batch_form"):
        with st.expander(text("hit.batch.format"), icon=":material/help:"):
            _format()
        turn = st.session_state.get("hit_batch_turn", 0)
        upload = uploader(text("hit.batch.file"), f"hit_batch_file_{turn}", disabled=not allowed,
                          note=text("hit.batch.file_help"))
        left, right = st.columns([2, 3], vertical_alignment="bottom")
        prior = left.number_input(text("hit.batch.prior"), min_value=0.01, max_value=90.0, value=USUAL_PRIOR, step=0.5,
                                  format="%.2f", key="hit_batch_prior", help=text("hit.batch.prior_help"))
        if right.button(text("hit.batch.start"), key="hit_batch_start", type="primary", icon=":material/playlist_play:",
                        disabled=upload is None or not allowed) and upload is not None:
            with _shared.errors_shown(), st.spinner(text("hit.batch.reading")):
                services.submit_prediction_batch(actor, upload.getvalue(), name=upload.name, prior=prior / 100)
                st.session_state["hit_batch_turn"] = turn + 1  # an empty uploader for the next one
                st.session_state["hit_did"] = "hit.batch.started"
                st.rerun()
        if not allowed:
            st.caption(f":material/lock: {text('hit.batch.not_allowed', role=actor.role)}")


def uploader(label: str, key: str, *, disabled: bool, note: str | None = None) -> Any:
    """Draw the choice of a ZIP file, its texts in the page's language; return the file, None before one is chosen."""
    limit = number(services.settings().upload_limit_mb)
    box = f".st-key-{key} [data-testid=stFileUploaderDropzone]"
    words = {f"{box} > span button p": text("hit.batch.browse"),
             f"{box} [data-testid=stFileUploaderDropzoneInstructions] span": text("hit.batch.drop", limit=limit)}
    # the browser draws these words itself, in English; no option sets them
    st.html("<style>" + " ".join(f"{place} {{font-size: 0}} {place}::after {{content: '{said}'; font-size: 0.875rem}}"
                                 for place, said in words.items()) + "</style>")
    return st.file_uploader(label, type=["zip"], key=key, disabled=disabled, help=note)


def _format() -> None:
    """Draw what a ZIP holds: files, the columns of its manifest, and a sample to begin with."""
    st.markdown(text("hit.batch.format_what", megabytes=number(services.LARGEST_AUDIO_MB),
                     minutes=number(services.LONGEST_AUDIO_MIN)))
    columns_table(COLUMNS, "hit.batch.column")
    st.download_button(text("hit.batch.sample"), _shared.csv_bytes(pd.DataFrame(SAMPLE, columns=list(COLUMNS))),
                       file_name="manifest.csv", mime="text/csv", key="hit_batch_sample", on_click="ignore",
                       icon=":material/download:")


def columns_table(names: Sequence[str], prefix: str) -> None:
    """Draw the columns of a manifest with what each holds; the texts are at ``<prefix>.<name>``."""
    lines = [f"| {text('hit.batch.table_column')} | {text('hit.batch.table_what')} |", "| --- | --- |",
             *(f"| `{name}` | {text(f'{prefix}.{name}')} |" for name in names)]
    st.markdown("\n".join(lines))


# list ------------------------------------------------------------


def _list(actor: services.Actor) -> None:
    """Draw the batches, newest first; those under way are asked how far they are until they have ended."""
    batches = services.list_prediction_batches(actor)
    if not batches:
        _shared.empty_state("hit.batch.empty", "folder_zip")
        return
    st.markdown(f"#### {text('hit.batch.list')}")
    board.quiet_links("hit_batch_list")
    with st.container(key="hit_batch_list", gap="small"):
        active = [batch.id for batch in batches if batch.active]
        if active:
            st.fragment(_running, run_every=POLL_SECONDS)(actor, active)
        for batch in batches:
            if not batch.active:
                with st.container(border=True, gap="small", key=f"hit_batch_{batch.id}"):
                    _ended(actor, batch)


def _running(actor: services.Actor, ids: Sequence[int]) -> None:
    """Draw the batches under way; runs again by itself until one of them has ended, then once the whole page."""
    found = {batch.id: batch for batch in services.list_prediction_batches(actor) if batch.id in ids}
    if len(found) < len(ids) or not all(batch.active for batch in found.values()):
        st.rerun(scope="app")
    for batch in found.values():
        with st.container(border=True, gap="small", key=f"hit_batch_{batch.id}"):
            st.markdown(_head(batch))
            done, count = _progress(batch.counts)
            st.progress(done / max(count, 1), text=text("hit.batch.progress", done=number(done), count=number(count)))
            st.markdown(_counts(batch.counts))
            # by a callback: a rerun of the fragment alone cannot be asked for in a run of the whole page
            st.button(text("hit.batch.stop"), key=f"hit_batch_stop_{batch.id}", icon=":material/stop_circle:",
                      on_click=board.told, args=(services.cancel_prediction_batch, actor, batch.id),
                      kwargs={"done": "hit.batch.stopping"})


def _progress(counts: Mapping[str, int]) -> tuple[int, int]:
    """Return how many tracks have ended, of how many."""
    return sum(counts.get(state, 0) for state in ENDED), sum(counts.values())


def _counts(counts: Mapping[str, int]) -> str:
    """Return how many tracks are in each state, as badges."""
    return " ".join(f":{colour}-badge[{text(f'job.{state}')} {number(counts[state])}]"
                    for state, colour in board.STATE_BADGES.items() if counts.get(state))


def _head(batch: services.PredictionBatch) -> str:
    title = f"**{text('hit.batch.name', number=number(batch.id))}** · {plain(batch.name)}"
    return f"{title}  \n:small[:gray[{format_time(_shared.lang(), batch.created_at)}]]"


def _ended(actor: services.Actor, batch: services.PredictionBatch) -> None:
    """Draw a batch that is not under way: what came of its tracks, how to go on, results, refused files."""
    allowed = services.may(actor, "predict")
    open_ones = sum(count for state, count in batch.counts.items() if state != "done")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"{_head(batch)}  \n{_counts(batch.counts)}", width="stretch")
        with st.container(horizontal=True, gap="small", width="content", vertical_alignment="center"):
            if open_ones:
                st.button(text("hit.batch.resume", count=number(open_ones)), key=f"hit_batch_resume_{batch.id}",
                          icon=":material/play_arrow:", help=text("hit.batch.resume_help"), disabled=not allowed,
                          on_click=board.told, args=(services.resume_prediction_batch, actor, batch.id))
            if st.button(":material/delete:", key=f"hit_batch_delete_{batch.id}", type="tertiary", disabled=not allowed,
                         help=text("hit.batch.delete_help", name=plain(batch.name))):
                st.dialog(text("hit.batch.delete_title"))(_confirm)(actor, batch)
    if batch.counts:
        with st.expander(text("hit.batch.results"), icon=":material/leaderboard:", key=f"hit_batch_open_{batch.id}",
                         on_change="rerun") as box:
            if box.open:
                _results(actor, batch)
    _refused(batch)


def _refused(batch: services.PredictionBatch) -> None:
    if not batch.refused:
        return
    label = text("hit.batch.refused_one") if len(batch.refused) == 1 else text("hit.batch.refused",
                                                                               count=number(len(batch.refused)))
    with st.expander(label, icon=":material/error:", key=f"hit_batch_refused_{batch.id}"):
        said = [(name, describe(_shared.lang(), code, dict(values))) for name, code, values in batch.refused]
        rows = pd.DataFrame(said, columns=[text("hit.batch.refused_file"), text("hit.batch.refused_why")])
        _shared.table(rows, wide={rows.columns[0]: "medium", rows.columns[1]: "large"})
        _shared.csv_download(rows, text("hit.batch.refused_name"), f"hit_batch_refused_csv_{batch.id}")


def _results(actor: services.Actor, batch: services.PredictionBatch) -> None:
    """Draw the tracks of a batch as a table, each with the link to its report, and their download."""
    found = services.list_predictions(actor, batch_id=batch.id, order="best", limit=MOST_SHOWN)
    names = {name: text(f"hit.batch.result.{name}") for name in ("title", "artist", "genre", "state", "score",
                                                                 "probability", "why", "report")}
    rows = pd.DataFrame([{
        names["title"]: row.title, names["artist"]: row.artist, names["genre"]: text(f"hit.genre.{row.genre}"),
        names["state"]: text(f"job.{row.state}"), names["score"]: row.score,
        names["probability"]: None if row.probability is None else row.probability * 100, names["why"]: _why(row),
        names["report"]: _address(row.id)} for row in found.rows], columns=list(names.values()))
    config = {names["score"]: st.column_config.NumberColumn(format="%.0f"),
              names["probability"]: st.column_config.NumberColumn(format="%.2f%%"),
              names["title"]: st.column_config.TextColumn(width="medium"),
              names["report"]: st.column_config.LinkColumn(display_text=text("hit.list.open"))}
    shown = ("title", "score", "report", "probability", "artist", "genre", "state",
             *(("why",) if rows[names["why"]].any() else ()))
    order = [names[name] for name in shown]
    st.dataframe(rows, hide_index=True, column_config=config, column_order=order,
                 height=420 if len(rows) > 10 else "auto", placeholder="–")
    if found.count > len(found.rows):
        st.caption(text("hit.batch.shown", shown=number(len(found.rows)), count=number(found.count)))
    _shared.csv_download(rows, text("hit.batch.results_name", number=batch.id), f"hit_batch_csv_{batch.id}")


def _why(row: services.PredictionRow) -> str:
    """Return why a track has no score; nothing where it has one."""
    if row.error_code:
        return describe(_shared.lang(), row.error_code, dict(row.error_values))
    return text(f"hit.abstained.{row.abstained}") if row.abstained else ""


def _address(prediction_id: int) -> str:
    """Return the whole address of a report."""
    page = (st.context.url or "").partition("?")[0].rstrip("/")
    return f"{page or '/hit_prediction'}?tab=analyse&prediction={prediction_id}"


def _confirm(actor: services.Actor, batch: services.PredictionBatch) -> None:
    """Say what goes with a batch, and delete it when confirmed."""
    st.markdown(text("hit.batch.delete_what", name=plain(batch.name), count=number(sum(batch.counts.values()))))
    left, right = st.columns(2)
    if left.button(text("common.cancel"), key="hit_batch_delete_no", width="stretch"):
        st.rerun()
    if right.button(text("hit.batch.delete"), key="hit_batch_delete_yes", type="primary", width="stretch"):
        with _shared.errors_shown():
            services.delete_prediction_batch(actor, batch.id)
            st.session_state["hit_did"] = "hit.batch.deleted"
            st.rerun()
