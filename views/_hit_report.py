"""The report of a prediction: the track, score and probability with their intervals, the parts, what can be done."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import Any

import streamlit as st

import services
from locales import format_time
from support.figures import hits as figures
from views import _cache, _dossier_add, _hit_evidence, _hit_shown, _shared
from views import _hit_board as board
from views._hit_input import PRIORS, put_aside
from views._hit_shown import CHART, percent
from views._shared import day, number, plain, text

STATES = {"used": ":green-badge[:material/check:", "untrained": ":gray-badge[:material/model_training:",
          "no_lyrics": ":gray-badge[:material/lyrics:", "strange": ":orange-badge[:material/help:",
          "failed": ":red-badge[:material/error:"}
"""How the state of a part is written, up to its word."""
LEFT_OUT = ("token", "job_id", "own", "liked")
"""Of a prediction, what its download leaves out: it says who looks, not what was found."""


def draw(view: services.PredictionView, token: str | None = None) -> None:
    """Draw a report; `token` is that of the link by which somebody looks at another's."""
    _head(view, token)
    _result(view)
    _parts(view)
    _hit_evidence.draw(view, token)
    if token is None:
        _keep(view)


# the track ------------------------------------------------------------


def _head(view: services.PredictionView, token: str | None) -> None:
    with st.container(border=True, key="hit_head"):
        facts = [plain(view.artist)] if view.artist else []
        facts.append(text(f"hit.genre.{view.genre}"))
        if view.released:
            facts.append(day(view.released))
        if view.seconds:
            facts.append(figures.clock(view.seconds))
        st.markdown(f"### {plain(view.title)}\n{' · '.join(facts)} {_seen_by(view)}  \n"
                    f":small[:gray[{_made(view)}]]")
        with st.container(horizontal=True, gap="small"):
            playing = st.session_state.get("hit_playing") == view.id
            st.button(text("hit.head.stop" if playing else "hit.head.play"), key="hit_head_play",
                      icon=f":material/{'stop_circle' if playing else 'play_circle'}:", on_click=_hit_shown.play,
                      args=(0 if playing else view.id,))
            if token is None:
                st.button(text("hit.head.other"), key="hit_other", icon=":material/add:", on_click=put_aside)
            if view.song_id and token is None:
                st.page_link("views/ai_judges.py", label=f":violet[{text('hit.head.judge')}]", icon=":material/gavel:",
                             query_params={"song": str(view.song_id)})
            if view.own and token is None and services.may(_shared.frame().actor, "dossier"):
                _dossier_add.attach(f"hit_song_{view.id}", view.song_id, partial(_put, view.id))
            if view.own and token is None and view.state == "done":
                _dossier_add.post("prediction", view.id)
        if playing:
            _hit_shown.player(view.id, token)


def _put(prediction_id: int, song_id: int | None) -> None:
    board.told(services.attach_prediction, _shared.frame().actor, prediction_id, song_id,
               done="dossier_add.done" if song_id else "dossier_add.undone")


def _seen_by(view: services.PredictionView) -> str:
    if not view.own:
        return ""
    badges = [f":green-badge[:material/public: {text('hit.head.public')}]" if view.public
              else f":gray-badge[:material/lock: {text('hit.head.private')}]"]
    if view.token:
        badges.append(f":blue-badge[:material/link: {text('hit.head.linked')}]")
    return " ".join(badges)


def _made(view: services.PredictionView) -> str:
    return text("hit.head.of", owner=plain(view.owner), moment=format_time(_shared.lang(), view.created_at))


def aside(view: services.PredictionView) -> None:
    """Draw what can be done with a prediction that has no report."""
    actor = _shared.frame().actor
    with st.container(horizontal=True, gap="small"):
        if view.own:
            st.button(text("hit.end.retry"), key="hit_retry", type="primary", icon=":material/refresh:",
                      on_click=board.told, args=(services.retry_prediction, actor, view.id),
                      disabled=not services.may(actor, "predict"))
        st.button(text("hit.head.other"), key="hit_other", icon=":material/add:", on_click=put_aside)
        if view.own:
            delete(view)


# score and probability ------------------------------------------------------------


def _result(view: services.PredictionView) -> None:
    with st.container(border=True, key="hit_result"):
        if view.abstained or view.score is None:
            _abstained(view)
            return
        left, right = st.columns([3, 2], gap="large")
        with left:
            _score(view, view.score)
        with right:
            _probability(view)
            _standing(view)


def _abstained(view: services.PredictionView) -> None:
    st.markdown(f"#### :material/help: {text('hit.abstained.title')}")
    st.warning(text(f"hit.abstained.{view.abstained or 'no_part'}"), icon=":material/help:")
    st.caption(text("hit.abstained.note"))


def _score(view: services.PredictionView, score: float) -> None:
    low = min(score, view.score_low if view.score_low is not None else score)
    high = max(score, view.score_high if view.score_high is not None else score)
    said = {"low": number(low), "high": number(high)}
    st.markdown(f"#### {text('hit.result.heading')}")
    st.markdown(f"## {text('hit.result.score', score=number(score))}  \n{text('hit.result.interval', **said)}")
    labels = {name: text(f"hit.chart.{name}") for name in ("less", "more")} | {"hover": text("hit.chart.score_hover")}
    st.plotly_chart(_cache.Drawn(figures.score_figure(score, low, high, labels=labels)), key="hit_score_chart",
                    config=CHART, alt=text("hit.chart.score_alt", score=number(score), **said))
    st.caption(text("hit.result.of_score", score=number(score)))


def _probability(view: services.PredictionView) -> None:
    st.markdown(f"#### {text('hit.result.probability')}")
    prior = percent(view.prior)
    if view.own:
        key = f"hit_prior_{view.id}"
        st.session_state[key] = round(100 * view.prior, 4)
        st.number_input(text("hit.input.prior"), *PRIORS, key=key, step=0.5, format="%.2f", on_change=_rebase,
                        args=(view.id, key), help=text("hit.input.prior_help"))
    if view.probability is None:
        return
    low, high = (view.probability if each is None else each for each in (view.probability_low, view.probability_high))
    times = view.probability / view.prior
    base, found = (number(1000 * each, 0 if each >= 0.01 else 1) for each in (view.prior, view.probability))
    st.markdown(text("hit.result.at", prior=prior, middle=percent(view.probability), low=percent(low),
                     high=percent(high)), help=text("hit.result.at_help", base=base, found=found))
    st.caption(text("hit.result.times" if times >= 1 else "hit.result.times_less", times=number(times, 2)))


def _rebase(prediction_id: int, key: str) -> None:
    board.told(services.set_prediction_prior, _shared.frame().actor, prediction_id, st.session_state[key] / 100)


def _standing(view: services.PredictionView) -> None:
    """Say where the track stands among those of its genre, or why that cannot be said."""
    genre = text(f"hit.genre.{view.genre}")
    count = number(view.genre_count)
    if view.genre_percentile is not None:
        said = text("hit.result.genre_percentile", percent=number(view.genre_percentile), count=count)
    else:
        said = text("hit.result.genre_few", count=count) if view.genre_count > 1 else text("hit.result.genre_one")
    st.markdown(f"**{text('hit.result.genre', genre=genre)}**  \n{said}  \n"
                f":small[:gray[{text('hit.result.genre_note')}]]")


# parts ------------------------------------------------------------


def _parts(view: services.PredictionView) -> None:
    """Draw what each part says, or why it says nothing, and what its answers are worth."""
    with st.container(border=True, key="hit_parts"):
        st.markdown(f"#### {text('hit.parts.heading')}", help=text("hit.parts.share_help"))
        left, right = st.columns([3, 2], gap="large")
        with left:
            for part in view.parts:
                if part.state != "untrained":
                    st.markdown(_part(part))
            _untrained([part.part for part in view.parts if part.state == "untrained"])
        used = [(text(f"hit.part.{part.part}"), part.share) for part in view.parts
                if part.state == "used" and part.share is not None]
        if used:
            with right:
                _hit_shown.shares_chart(used, "hit_parts_chart")
        _worth(view)


def _part(part: services.PartView) -> str:
    badge = f"{STATES[part.state]} {text(f'hit.part_state.{part.state}')}]"
    notes = []
    if part.state == "used" and part.share is not None:
        notes.append(text("hit.parts.share", value=figures.signed(part.share)))
    elif part.state == "failed":
        facts = part.facts or {}
        notes.append(_hit_shown.failure(facts.get("code"), facts.get("values")))
    elif part.state != "used":
        notes.append(text(f"hit.part_why.{part.state}"))
    if part.state == "used" and part.percentile is not None:
        notes.append(text("hit.parts.percentile", percent=number(part.percentile)))
    return f"**{text(f'hit.part.{part.part}')}** {badge}  \n:small[{' · '.join(notes)}]"


def _untrained(parts: list[str]) -> None:
    """Draw the parts nobody has trained, with the way to train them."""
    if not parts:
        return
    names = ", ".join(text(f"hit.part.{part}") for part in parts)
    st.markdown(f"**{names}** {STATES['untrained']} {text('hit.part_state.untrained')}]  \n"
                f":small[{text('hit.part_why.untrained')}]")
    if "hit" not in st.query_params:
        st.button(text("hit.parts.train"), key="hit_train_link", icon=":material/model_training:", on_click=_to_models,
                  type="tertiary")


def _to_models() -> None:
    st.session_state["hit_tab"] = text("hit.tab.models")


def _worth(view: services.PredictionView) -> None:
    """Draw calibration and card of the parts that were used, each one click away."""
    used = [part.part for part in view.parts if part.state in ("used", "strange")]
    kinds = {part.part: str((part.facts or {}).get("kind")) for part in view.parts}
    if not used:
        return
    with st.container(horizontal=True, gap="small"):
        for name, icon in (("reliable", "show_chart"), ("card", "description")):
            if st.button(text(f"hit.parts.{name}"), key=f"hit_{name}", icon=f":material/{icon}:"):
                st.dialog(text(f"hit.parts.{name}"), width="large")(_of_model)(view.genre, used, kinds, name)


def _of_model(genre: str, used: list[str], kinds: dict[str, str], what: str) -> None:
    names = {part: text(f"hit.part.{part}") for part in used}
    part = used[0]
    if len(used) > 1:
        part = st.segmented_control(text("hit.parts.which"), used, default=used[0], key=f"hit_{what}_part",
                                    required=True, format_func=names.__getitem__) or used[0]
    else:
        st.markdown(f"**{names[part]}**")
    with _shared.errors_shown():
        found = [model for model in services.hit_models(_shared.frame().actor)
                 if model.part == part and model.genre in (genre, None)]
        model = max(found, key=lambda each: each.genre is not None, default=None)
        if what == "card":
            _card(model)
        else:
            _curve(_hit_shown.tested(model.metrics, kinds.get(part)) if model else {})


def _card(model: services.HitModel | None) -> None:
    if model is None or not model.card:
        st.info(text("hit.parts.no_card"), icon=":material/info:")
    else:
        st.markdown(model.card)


def _curve(test: Mapping[str, Any]) -> None:
    labels = {name: text(f"hit.chart.{name}") for name in ("predicted", "observed")} | {
        "hover": text("hit.chart.calibration_hover")}
    figure = figures.calibration_figure(_hit_shown.reliability(test), labels=labels)
    if figure is None:
        st.info(text("hit.parts.no_curve"), icon=":material/info:")
        return
    st.plotly_chart(_cache.Drawn(figure), key="hit_curve_chart", config=CHART, alt=text("hit.chart.calibration_alt"))
    if all(test.get(name) is not None for name in ("auc", "brier", "base_rate", "n")):
        st.markdown(text("hit.parts.metrics", n=number(test["n"]), auc=number(test["auc"], 3),
                         brier=number(test["brier"], 3), base=percent(test["base_rate"])))
    st.caption(text("hit.parts.curve_note"))


# to keep, to share ------------------------------------------------------------


def _keep(view: services.PredictionView) -> None:
    """Draw what can be done with the prediction."""
    actor = _shared.frame().actor
    st.markdown(f"#### {text('hit.keep.heading')}")
    with st.container(horizontal=True, gap="small", key="hit_keep"):
        st.button(text("hit.keep.liked" if view.liked else "hit.keep.like") + f" · {number(view.likes)}",
                  key="hit_like", type="primary" if view.liked else "secondary", icon=":material/favorite:",
                  on_click=board.told, args=(services.like_prediction, actor, view.id),
                  kwargs={"on": not view.liked})
        if view.own:
            with st.popover(text("hit.keep.publish"), icon=":material/public:", key="hit_publish"):
                _publish(view)
            with st.popover(text("hit.keep.link"), icon=":material/link:", key="hit_link"):
                _link(view)
        with st.popover(text("hit.keep.download"), icon=":material/download:", key="hit_download"):
            _files(view)
        if view.own or services.may(actor, "moderate"):
            delete(view)


def _publish(view: services.PredictionView) -> None:
    st.caption(text("hit.keep.publish_note"))
    on = not view.public
    st.button(text("hit.keep.publish_on" if on else "hit.keep.publish_off"), key="hit_publish_go",
              type="primary" if on else "secondary", icon=f":material/{'public' if on else 'public_off'}:",
              on_click=board.told, args=(services.publish_prediction, _shared.frame().actor, view.id),
              kwargs={"on": on, "done": f"hit.keep.{'published' if on else 'withdrawn'}"})


def _link(view: services.PredictionView) -> None:
    st.caption(text("hit.keep.link_note"))
    actor = _shared.frame().actor
    if view.token is None:
        st.button(text("hit.keep.link_make"), key="hit_link_make", type="primary", icon=":material/add_link:",
                  on_click=board.told, args=(services.link_prediction, actor, view.id), kwargs={"on": True})
        return
    st.code(address(view.token), language=None, wrap_lines=True)
    st.button(text("hit.keep.link_back"), key="hit_link_back", icon=":material/link_off:", on_click=board.told,
              args=(services.link_prediction, actor, view.id), kwargs={"on": False, "done": "hit.keep.link_is_back"})


def address(token: str) -> str:
    """Return the whole address that shows a report."""
    page = (st.context.url or "").partition("?")[0].rstrip("/")
    return f"{page or '/hit_prediction'}?hit={token}"


def _files(view: services.PredictionView) -> None:
    """Draw the files; each is made when its button is pressed."""
    actor, lang = _shared.frame().actor, _shared.lang()
    st.caption(text("hit.keep.download_note"))
    name = f"{_shared.file_part(text('hit.keep.file_name'))}-{_shared.file_part(view.title)}"
    made = {"html": ("text/html", lambda: services.prediction_html(actor, view.id, lang).encode()),
            "json": ("application/json", lambda: as_json(view))}
    for kind, (mime, work) in made.items():
        st.download_button(text(f"hit.keep.{kind}"), work, file_name=f"{name}.{kind}", mime=mime, width="stretch",
                           key=f"hit_file_{kind}", on_click="ignore", icon=":material/download:")


def as_json(view: services.PredictionView) -> bytes:
    """Return a prediction as JSON, without what is only for who looks."""
    kept = {name: value for name, value in asdict(view).items() if name not in LEFT_OUT}
    return json.dumps(kept, ensure_ascii=False, indent=1, default=str).encode()


def delete(view: services.PredictionView) -> None:
    """Draw the button that deletes a prediction once that is confirmed."""
    if st.button(text("hit.keep.delete"), key="hit_delete", icon=":material/delete:", type="tertiary"):
        st.dialog(text("hit.keep.delete_title"))(_confirm)(view)


def _confirm(view: services.PredictionView) -> None:
    st.markdown(text("hit.keep.delete_what", title=plain(view.title)))
    left, right = st.columns(2)
    if left.button(text("common.cancel"), key="hit_confirm_no", width="stretch"):
        st.rerun()
    if right.button(text("hit.keep.delete"), key="hit_confirm_yes", type="primary", width="stretch"):
        with _shared.errors_shown():
            services.delete_prediction(_shared.frame().actor, view.id)
            st.session_state["hit_did"] = "hit.keep.deleted"
            put_aside()
            st.rerun()
