"""The models tab of the hit prediction page: what each part is, how good it is, and the way to train one's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

import services
from locales import texts
from support.errors import describe
from support.figures.hits import calibration_figure
from views import _hit_batch, _hit_shown, _shared
from views import _hit_board as board
from views._shared import day, number, plain, text

POLL_SECONDS = 0.5
"""How often a training is asked how far it is; nothing is asked while none runs."""
CHART = {"displayModeBar": False}
STATE_BADGES = {"shipped": "blue", "trained": "green", "untrained": "gray"}
METRICS = ("auc", "pr_auc", "brier")
COLUMNS = ("audio", "lyrics", "genre", "artist", "title", "date", "label", "popularity")
SAMPLE = (("01_ferry.mp3", "01_ferry.txt", "POP", "Luna Harbor", "Midnight Ferry", "2026-03-06", "1", ""),
          ("02_mailbox.flac", "", "BALLAD", "여울담", "새벽 우편함", "2025-11", "0", ""),
          ("03_finch.ogg", "", "DANCE", "Copper Finch", "Gravel And Gold", "2024", "", "120345"))
COMMAND = "python -m cli train hit --manifest manifest.csv"
EVERY = "all"


def draw() -> None:
    """Draw the models, then the training."""
    actor = _shared.frame().actor
    st.caption(text("hit.models.intro"))
    board.tell()
    models = services.hit_models(actor)
    for part in dict.fromkeys(model.part for model in models):
        _part(part, [model for model in models if model.part == part])
    st.markdown(f"#### {text('hit.models.train.heading')}")
    _training(actor)


# what there is ------------------------------------------------------------


def _part(part: str, models: Sequence[services.HitModel]) -> None:
    """Draw what a part listens to and its models; those nobody has trained in one line."""
    with st.container(border=True, gap="small", key=f"hit_model_{part}"):
        st.markdown(f"**{text(f'hit.part.{part}')}**  \n:small[:gray[{text(f'hit.models.what.{part}')}]]")
        trained = [model for model in models if model.state != "untrained"]
        for model in trained:
            _trained(model, alone=len(models) == 1)
        missing = [model for model in models if model.state == "untrained"]
        if missing:
            genres = ", ".join(_genre(model.genre) for model in missing if model.genre)
            badge = f":gray-badge[:material/model_training: {text('hit.models.state.untrained')}]"
            named = f" {genres}" if genres else ""
            key = "missing" if part == "features" else "untrained"
            st.markdown(f"{badge}{named}  \n:small[{text(f'hit.models.{key}')}]")


def _genre(genre: str | None) -> str:
    return text("hit.list.genre_all" if genre in (None, EVERY) else f"hit.genre.{genre}")


def _trained(model: services.HitModel, *, alone: bool) -> None:
    """Draw a trained model: where it is from, its figures, calibration and card."""
    name = f"{model.part}_{(model.genre or EVERY).lower()}"
    badge = f":{STATE_BADGES[model.state]}-badge[{text(f'hit.models.state.{model.state}')}]"
    head = badge if alone and model.genre is None else f"{badge} **{_genre(model.genre)}**"
    st.markdown(f"{head}  \n:small[:gray[{plain(' · '.join(_origin(model.metrics)))}]]")
    test = _hit_shown.tested(model.metrics)
    _figures(test, name)
    _kinds(model.metrics)
    points = _hit_shown.reliability(test)
    with st.container(horizontal=True, gap="small"):
        if points and st.button(text("hit.parts.reliable"), key=f"hit_model_curve_{name}",
                                icon=":material/show_chart:"):
            st.dialog(text("hit.parts.reliable"))(_calibration)(points, name)
        if model.card and st.button(text("hit.parts.card"), key=f"hit_model_card_{name}",
                                    icon=":material/description:"):
            st.dialog(text("hit.parts.card"), width="large")(st.markdown)(model.card)


def _origin(metrics: Mapping[str, Any]) -> list[str]:
    """Return when a model was trained, on what, and of which kind it is."""
    parts = []
    if date := metrics.get("date"):
        parts.append(text("hit.models.trained_on", day=day(str(date))))
    if kind := metrics.get("kind"):
        parts.append(str(kind))
    data = metrics.get("data")
    name = data.get("name") or data.get("manifest") if isinstance(data, Mapping) else data
    if name:
        parts.append(str(name))
    return parts


def _figures(test: Mapping[str, Any], name: str) -> None:
    """Draw AUC, PR-AUC and Brier, each beside what guessing by the base rate gives."""
    base = test.get("base_rate")
    guessed = {"auc": 0.5, "pr_auc": base, "brier": None if base is None else base * (1 - base)}
    with st.container(horizontal=True, gap="medium", key=f"hit_model_figures_{name}"):
        for metric in METRICS:
            if test.get(metric) is None:
                continue
            st.metric(text(f"hit.models.metric.{metric}"), number(test[metric], 3), width="content",
                      help=text(f"hit.models.metric.{metric}_help"))
    lines = []
    if base is not None:
        lines.append(text("hit.models.guessed", **{key: number(value, 3) for key, value in guessed.items()}))
        lines.append(text("hit.models.base_rate", share=number(100 * base, 1), count=number(test.get("n"))))
    if test.get("auc_low") is not None and test.get("auc_high") is not None:
        lines.append(text("hit.models.interval", low=number(test["auc_low"], 3), high=number(test["auc_high"], 3)))
    if lines:
        st.markdown(f":small[:gray[{plain(' '.join(lines))}]]")


def _kinds(metrics: Mapping[str, Any]) -> None:
    """Draw a model of several by what is known of a track, with what simpler ones come to on the same tracks."""
    kinds, baselines = metrics.get("kinds"), metrics.get("baselines")
    if not isinstance(kinds, Mapping) or len(kinds) < 2:
        return
    rows = {**{f"kind.{name}": each for name, each in kinds.items()},
            **{f"baseline.{name}": each for name, each in (baselines or {}).items()}}
    known = {f"hit.models.{name}": each for name, each in rows.items()
             if f"hit.models.{name}" in texts(_shared.lang())}
    with st.expander(text("hit.models.kinds"), icon=":material/table_chart:"):
        table = pd.DataFrame(
            [(text(name), *(number(each.get(metric), 3) for metric in METRICS), _between(each))
             for name, each in known.items()],
            columns=[text("hit.models.column.kind"), *(text(f"hit.models.metric.{metric}") for metric in METRICS),
                     text("hit.models.column.interval")])
        st.dataframe(table, hide_index=True, height="content")
        _shared.csv_download(table, text("hit.models.kinds_name"), "hit_model_kinds_csv")


def _between(test: Mapping[str, Any]) -> str:
    return f"{number(test.get('auc_low'), 3)}–{number(test.get('auc_high'), 3)}"


def _calibration(points: Sequence[Mapping[str, float]], name: str) -> None:
    labels = {"predicted": text("hit.chart.predicted"), "observed": text("hit.chart.observed"),
              "hover": texts(_shared.lang())["hit.chart.calibration_hover"]}
    figure = calibration_figure(points, labels=labels)
    if figure is not None:
        st.plotly_chart(figure, key=f"hit_model_chart_{name}", config=CHART, alt=text("hit.chart.calibration_alt"))
    st.caption(text("hit.parts.curve_note"))
    table = pd.DataFrame([(100 * each["predicted"], 100 * each["observed"], each["n"]) for each in points],
                         columns=[text(f"hit.models.chart.column_{key}") for key in ("predicted", "observed", "n")])
    _shared.csv_download(table.round(2), text("hit.models.chart.file_name"), f"hit_model_points_{name}")


# training ------------------------------------------------------------


def _training(actor: services.Actor) -> None:
    """Draw what training takes, and for who may, the form, a training under way, and what came of the last one."""
    st.markdown(text("hit.models.train.what"))
    with st.expander(text("hit.models.train.format"), icon=":material/help:"):
        _format()
    if not services.may(actor, "train"):
        st.caption(f":material/lock: {text('hit.models.train.not_allowed', role=actor.role)}")
        return
    job = st.session_state.get("hit_train", 0) or _under_way(actor)
    running = _followed(actor, job)
    _form(actor, running)
    _outcome(services.get_job(actor, job) if job else None)


def _format() -> None:
    st.markdown(text("hit.models.train.format_what"))
    _hit_batch.columns_table(COLUMNS, "hit.models.train.column")
    st.download_button(text("hit.batch.sample"), _shared.csv_bytes(pd.DataFrame(SAMPLE, columns=list(COLUMNS))),
                       file_name="manifest.csv", mime="text/csv", key="hit_train_sample", on_click="ignore",
                       icon=":material/download:")
    st.markdown(text("hit.models.train.command"))
    st.code(COMMAND, language="bash")


def _under_way(actor: services.Actor) -> int:
    job = services.active_job(actor, "hit_training")
    return job.id if job else 0


def _form(actor: services.Actor, running: bool) -> None:
    with st.container(border=True, key="hit_train_form"):
        turn = st.session_state.get("hit_train_turn", 0)
        upload = _hit_batch.uploader(text("hit.models.train.file"), f"hit_train_file_{turn}", disabled=running)
        left, right = st.columns([2, 3], vertical_alignment="bottom")
        names = {each: _genre(each) for each in (EVERY, *services.HIT_GENRES)}
        genre = left.selectbox(text("hit.list.genre"), list(names), key="hit_train_genre", disabled=running,
                               format_func=names.__getitem__, help=text("hit.models.train.genre_help"))
        if right.button(text("hit.models.train.start"), key="hit_train_start", type="primary",
                        icon=":material/model_training:", disabled=running or upload is None) and upload is not None:
            with _shared.errors_shown(), st.spinner(text("hit.batch.reading")):
                job = services.submit_hit_training(actor, upload.getvalue(), name=upload.name,
                                                   genre=None if genre == EVERY else genre)
                st.session_state["hit_train"], st.session_state["hit_train_turn"] = job.id, turn + 1
                st.rerun()


def _followed(actor: services.Actor, job_id: int) -> bool:
    """Draw a training under way, or why it failed; return whether it is under way."""
    job = services.get_job(actor, job_id) if job_id else None
    if job is None:
        return False
    if job.active:
        st.fragment(_running, run_every=POLL_SECONDS)(actor, job_id)
        return True
    if job.state in ("cancelled", "interrupted"):
        st.warning(text(f"hit.models.train.{job.state}"), icon=":material/warning:")
    elif job.state == "failed":
        st.error(_hit_shown.failure(job.error_code, job.error_values), icon=":material/error:")
    return False


def _running(actor: services.Actor, job_id: int) -> None:
    """Draw how far a training is; runs again by itself until it has ended, then once the whole page."""
    job = services.get_job(actor, job_id)
    if job is None or not job.active:
        st.rerun(scope="app")
    with st.container(border=True, key="hit_train_live"):
        st.progress(*_progress(actor, job))
        st.button(text("hit.models.train.stop"), key="hit_train_stop", icon=":material/stop_circle:",
                  on_click=board.told, args=(services.cancel_job, actor, job_id))


def _progress(actor: services.Actor, job: services.JobView) -> tuple[float, str]:
    """Return how far a training is, and in words."""
    if job.state == "queued":
        ahead = services.jobs_ahead(actor, job.id)
        return 0.0, text("hit.models.train.queued", count=number(ahead)) if ahead else text("hit.models.train.next")
    words = _step(job.note)
    if not job.total:
        return 0.0, words
    return min(job.done / job.total, 1.0), f"{words} ({number(job.done)}/{number(job.total)})"


def _step(note: str) -> str:
    """Return what a training is at: ``prepare``, or genre and part (``POP cnn1d``, ``ALL lyrics cnn1d``, ``ALL``)."""
    words = note.split()
    parts = [word for word in words if f"hit.part.{word}" in texts(_shared.lang())]
    genre = next((word for word in words if word in services.HIT_GENRES), None)
    if note == "prepare" or not note:
        return text(f"hit.models.train.step.{note or 'working'}")
    named = text(f"hit.part.{parts[0] if parts else 'audio' if len(words) > 1 else 'transfer'}")
    return text("hit.models.train.step.part", part=named) + (f" · {_genre(genre)}" if genre else "")


# what came of it ------------------------------------------------------------


def _outcome(job: services.JobView | None) -> None:
    """Say part by part which model is used now, with the figures of both; then the refused lines."""
    if job is None or job.state != "done" or not job.result:
        return
    st.markdown(f"**{text('hit.models.train.done', count=number(job.result.get('rows', 0)))}**")
    for part, found in job.result.get("parts", {}).items():
        icon, words = _said(found)
        st.markdown(f"{icon} **{_named(part)}**: {words}")
    _refused(job.result.get("refused", ()))


def _named(part: str) -> str:
    """Return a part's name; of a network with its genre (``audio_POP``)."""
    kind, _, genre = part.partition("_")
    return text(f"hit.part.{kind}") + (f" ({_genre(genre)})" if genre else "")


def _said(found: Mapping[str, Any]) -> tuple[str, str]:
    """Return a sign and a sentence for what came of a part."""
    if code := found.get("error"):
        known = f"errors.{code}" in texts(_shared.lang())
        why = _hit_shown.failure(code, found.get("values")) if known else plain(code)
        return ":red[:material/error:]", text("hit.models.train.failed", why=why)
    new, old = ((found.get(name) or {}).get("auc") for name in ("new", "old"))
    if found.get("replaced"):
        key = "replaced" if old is not None else "first"
        return ":green[:material/check_circle:]", text(f"hit.models.train.{key}", new=number(new, 3),
                                                       old=number(old, 3))
    return ":blue[:material/undo:]", text("hit.models.train.kept", new=number(new, 3), old=number(old, 3))


def _refused(lines: Sequence[Sequence[Any]]) -> None:
    if not lines:
        return
    with st.expander(text("hit.models.train.refused", count=number(len(lines))), icon=":material/error:"):
        rows = pd.DataFrame([(line, describe(_shared.lang(), code, dict(values))) for line, code, values in lines],
                            columns=[text("rejected.line"), text("rejected.reason")])
        _shared.table(rows, wide={rows.columns[1]: "large"})
        _shared.csv_download(rows, text("hit.models.train.refused_name"), "hit_train_refused")
