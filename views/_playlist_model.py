"""What the page says of its model, and the administrator's way to train another; the import of the first playlists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

import services
from views import _playlist_jobs as following
from views import _playlist_state as states
from views import _shared
from views._shared import day, number, text

KINDS = {"STN": "songs_tags_title", "SN": "songs_title", "TN": "tags_title", "N": "title"}
"""What a question of the test shows, by its letters."""


def line() -> None:
    """Draw in a line how old the model is, what it learned from and how good it is."""
    found = services.model_facts(_shared.frame().actor)
    if found is None:
        st.caption(f":material/model_training: {text('plm.model.none')}")
        return
    st.caption(f":material/model_training: {text('plm.model.line', day=day(found['trained_at']), data=_data(found))} "
               f"{text('plm.model.ndcg', **_figures(found['test']))}")


def draw() -> None:
    """Draw all that is known of the model, and its training."""
    actor = _shared.frame().actor
    states.tell()
    found = services.model_facts(actor)
    if found is None:
        st.info(text("plm.model.none_long"), icon=":material/info:")
    else:
        _facts(found)
    st.markdown(f"#### {text('plm.model.train_heading')}")
    if not services.may(actor, "train"):
        st.caption(text("plm.model.not_allowed"))
        return
    st.markdown(text("plm.model.train_what"))
    job = st.session_state.get("plm_train", 0) or _under_way(actor)
    running = following.show(actor, job, "plm_train", "plm.model.step")
    st.button(text("plm.model.train"), key="plm_train_start", icon=":material/model_training:", on_click=_train,
              disabled=running)
    _report(services.get_job(actor, job) if job else None)


def _under_way(actor: services.Actor) -> int:
    job = services.active_job(actor, "playlists")
    return job.id if job else 0


def _train() -> None:
    job = states.told(services.submit_training, _shared.frame().actor)
    st.session_state["plm_train"] = job.id if job else 0


def _facts(found: Mapping[str, Any]) -> None:
    st.markdown(text("plm.model.line", day=day(found["trained_at"]), data=_data(found)))
    places = st.columns(4)
    for place, (name, value) in zip(places, (("songs", found["test"]["songs"]), ("tags", found["test"]["tags"]),
                                             ("score", found["test"]["score"]),
                                             ("questions", found["test"]["questions"])), strict=True):
        place.metric(text(f"plm.model.metric.{name}"), number(value, 0 if name == "questions" else 3),
                     help=text(f"plm.model.metric.{name}_help"))
    rows = [(text(f"plm.model.kind.{KINDS.get(kind, 'other')}"), each["questions"], f"{each['songs']:.3f}",
             f"{each['tags']:.3f}") for kind, each in found["test"].get("kinds", {}).items()]
    if rows:
        table = pd.DataFrame(rows, columns=[text(f"plm.model.column.{name}")
                                            for name in ("kind", "questions", "songs", "tags")])
        st.dataframe(table, hide_index=True)
        _shared.csv_download(table, text("plm.model.file_name"), "plm_model_csv")
    st.caption(text("plm.model.honest"))


def _data(found: Mapping[str, Any]) -> str:
    data = found.get("data", {})
    parts = [text(f"plm.model.data.{name}", count=number(data[name])) for name in ("starter", "melon", "made")
             if data.get(name)]
    return " + ".join(parts) or "–"


def _figures(test: Mapping[str, Any]) -> dict[str, str]:
    return {"songs": number(test["songs"], 3), "tags": number(test["tags"], 3)}


def _report(job: services.JobView | None) -> None:
    """Say what became of a training: which model is used now, with the figures of both."""
    if job is None or job.state != "done" or not job.result or "new" not in job.result:
        return
    result = job.result
    old = text("plm.model.figures", **_figures(result["old"])) if result["old"] else text("plm.model.no_old")
    told = text("plm.model.replaced" if result["replaced"] else "plm.model.kept",
                new=text("plm.model.figures", **_figures(result["new"])), old=old, count=number(result["playlists"]))
    (st.success if result["replaced"] else st.info)(
        told, icon=":material/check_circle:" if result["replaced"] else ":material/undo:")


# the first playlists ------------------------------------------------------------


def there_are_playlists() -> bool:
    """Draw the import while one runs, and the way to one where there are none; return whether there are any."""
    actor = _shared.frame().actor
    counts = services.playlist_counts(actor)
    running = following.show(actor, _under_way(actor), "plm_import", "plm.model.step")
    if counts:
        return True
    if not running:
        with _shared.empty_state("plm.empty", "queue_music"):
            st.button(text("plm.empty.button"), key="plm_import_start", type="primary", icon=":material/download:",
                      on_click=states.told, args=(services.submit_starter_playlists, actor),
                      disabled=not services.may(actor, "import"))
    return False
