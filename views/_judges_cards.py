"""The judges' cards: state, figures, text as it arrives; a judge's points, criteria and quotes; failures and retry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

import services
from locales import texts
from support.errors import describe
from views import _judges_songs, _judges_verdict, _shared
from views._shared import number, plain, text

CARDS = 3
"""Cards in a row on a laptop; a phone has one."""
STATES = {"waiting": ":gray-badge[:material/hourglass_empty:", "running": ":blue-badge[:material/graphic_eq:",
          "done": ":green-badge[:material/check:", "failed": ":red-badge[:material/error:",
          "cancelled": ":gray-badge[:material/stop_circle:", "interrupted": ":orange-badge[:material/power_off:"}
"""How the state of a judge is written, up to its word."""
KINDS = ("lyrics", "tags", "audio")
"""What a judge can have before it."""
SOUND = ("melody", "rhythm", "arrangement")
"""Criteria that need tags or measured audio."""
TOP_LEVEL = 5


def provider(key: str) -> str:
    """Return how a provider is called."""
    known = f"judges.provider.{key}"
    return text(known) if known in texts(_shared.lang()) else plain(key)


def why(code: str | None, values: Mapping[str, Any]) -> str:
    """Return a stored error in words, for markdown; a code of another version is shown as it is."""
    if not code:
        return ""
    if f"errors.{code}" not in texts("en"):
        return plain(code)
    return _shared.plain_text(describe(_shared.lang(), code, dict(values)))


# an audition under way ------------------------------------------------------------


def live(view: services.AuditionView) -> None:
    """Draw the judges of an audition under way, each in the repeat it is at."""
    _rows([(judge, None) for judge in _now(view.judges)], view)
    before(view)


def _now(judges: Sequence[services.JudgeView]) -> list[services.JudgeView]:
    """Return each judge in one repeat: the one it is at, else the last it has done, else the first."""
    by_place: dict[int, list[services.JudgeView]] = {}
    for judge in judges:
        by_place.setdefault(judge.place, []).append(judge)
    return [next((one for one in turns if one.state == "running"), None)
            or next((one for one in reversed(turns) if one.state != "waiting"), turns[0])
            for _, turns in sorted(by_place.items())]


# an audition that has ended ------------------------------------------------------------


def result(view: services.AuditionView, *, may_retry: bool) -> None:
    """Draw the verdict, the judges with their points and reasons, and what they had before them."""
    if view.row.state == "done":
        _judges_verdict.draw(view)
    if view.offline is not None:
        _offline(view)
    else:
        turn = _repeat(view)
        shown = [judge for judge in view.judges if judge.repeat == turn]
        _rows([(judge, may_retry) for judge in shown], view)
        for judge in shown:
            _evidence(judge, view)
        _judges_verdict.figures(view, shown)
    before(view)


def _repeat(view: services.AuditionView) -> int:
    """Draw the choice of the repeat whose reviews are shown, and return it; both from 0."""
    if view.row.repeats < 2:
        return 0
    names = {turn: text("judges.card.repeat", repeat=number(turn + 1), count=number(view.row.repeats))
             for turn in range(view.row.repeats)}
    return st.segmented_control(text("judges.card.repeat_choice"), list(names), default=0, required=True,
                                key=f"judges_repeat_{view.row.id}", format_func=names.__getitem__)


def _offline(view: services.AuditionView) -> None:
    """Draw the offline rubric: its score told in three voices, and the one list of what it measured."""
    offline, judges = view.offline or {}, [judge for judge in view.judges if judge.repeat == 0]
    for start in range(0, len(judges), CARDS):
        for place, judge in zip(st.columns(min(CARDS, len(judges))), judges[start:start + CARDS], strict=False):
            with place.container(border=True, height="stretch"):
                st.markdown(f"**{plain(judge.name)}** :violet-badge[{text('judges.card.persona')}]  \n"
                            f":gray-badge[:material/cloud_off: {text('judging.offline.label')}]")
                st.markdown(_prose(offline.get("voices", {}).get(judge.judge, "–")))
    with st.container(border=True):
        st.markdown(f"##### {text('judges.card.measured')}")
        st.caption(text("judges.card.measured_note"))
        _points(offline["score"])
        _criteria(offline["score"], view)
        if offline.get("unread"):
            with st.expander(text("judges.card.unread", count=number(len(offline["unread"])))):
                st.markdown("  \n".join(plain(line) for line in offline["unread"]))


def before(view: services.AuditionView) -> None:
    """Draw what the judges have before them, and the whole lyrics folded."""
    with st.container(border=True, gap="small"):
        had = " ".join(f":green-badge[:material/check: {text(f'judging.evidence.{kind}')}]" if kind in view.had
                       else f":gray-badge[:material/remove: {text(f'judging.evidence.{kind}')}]" for kind in KINDS)
        st.markdown(f"**{text('judges.card.had')}** {had}")
        if view.tags:
            st.caption(f"{text('judging.evidence.tags')}: {', '.join(plain(tag) for tag in view.tags)}")
        if view.audio:
            st.caption(f"{text('judging.evidence.audio')}: {_audio(view.audio)}")
        if "tags" not in view.had and "audio" not in view.had:
            st.caption(text("judges.card.no_sound"))
        _judges_songs.lyrics(view.lyrics, f"judges_lyrics_{view.row.id}")


def _audio(audio: Mapping[str, Any]) -> str:
    """Return the measured figures that are there."""
    values = {"tempo_bpm": 0, "loudness_lufs": 1, "duration_s": 0}
    parts = [text(f"judges.card.audio.{name}", value=number(audio[name], digits))
             for name, digits in values.items() if audio.get(name) is not None]
    if audio.get("key"):
        parts.append(text("judges.card.audio.key", value=plain(audio["key"])))
    return " · ".join(parts) or "–"


# a card ------------------------------------------------------------


def _rows(judges: Sequence[tuple[services.JudgeView, bool | None]], view: services.AuditionView) -> None:
    for start in range(0, len(judges), CARDS):
        for place, (judge, may_retry) in zip(st.columns(min(CARDS, len(judges))), judges[start:start + CARDS],
                                             strict=False):
            with place.container(border=True, height="stretch", key=f"judges_card_{judge.repeat}_{judge.place}"):
                _card(judge, view, may_retry)


def state_of(judge: services.JudgeView, active: bool) -> str:
    """Return the state to show: one still to speak in an audition that has ended was interrupted."""
    return "interrupted" if not active and judge.state in ("waiting", "running") else judge.state


def _card(judge: services.JudgeView, view: services.AuditionView, may_retry: bool | None) -> None:
    state = state_of(judge, view.row.active)
    badge = f"{STATES[state]} {text(f'judges.card.state.{state}')}]"
    st.markdown(f"**{plain(judge.name)}** :violet-badge[{text('judges.card.persona')}] {badge}  \n"
                f":small[:gray[{' · '.join(_facts(judge, view.row.repeats))}]]")
    if judge.score is not None:
        _score(judge)
    if judge.review or state == "running":
        st.markdown(_prose(judge.review) + (" ▍" if state == "running" else ""))
    if state == "failed":
        st.error(why(judge.error_code, judge.error_values), icon=":material/error:")
    if judge.repaired:
        st.caption(f":material/build: {text('judges.card.repaired')}")
    if may_retry is not None and state in ("failed", "cancelled", "interrupted"):
        _retry(judge, view.row.id, may_retry)
    if judge.score is not None and not view.row.active:
        _points(judge.score)


def _facts(judge: services.JudgeView, repeats: int) -> list[str]:
    """Return provider and model, seconds, tokens and cost; what is unknown is an en dash."""
    facts = [f"{provider(judge.provider)} · {plain(judge.model)}"]
    if repeats > 1:
        facts.append(text("judges.card.repeat", repeat=number(judge.repeat + 1), count=number(repeats)))
    if judge.weight != 1:
        facts.append(text("judges.card.weight", weight=number(judge.weight)))
    if judge.state == "waiting":
        return facts
    facts.append(text("judges.card.seconds", seconds=number(judge.seconds, 1)))
    if judge.first_s is not None:
        facts.append(text("judges.card.first", seconds=number(judge.first_s, 1)))
    if judge.input_tokens is None and judge.output_tokens is None:
        facts.append(text("judges.card.tokens_unknown"))
    else:
        facts.append(text("judges.card.tokens", read=number(judge.input_tokens), written=number(judge.output_tokens)))
    cost = "–" if judge.cost_usd is None else f"\\${judge.cost_usd:.4f}"
    return [*facts, text("judges.card.cost", cost=cost)]


def _prose(words: str) -> str:
    return "  \n".join(plain(line) for line in words.splitlines())


def _score(judge: services.JudgeView) -> None:
    score = judge.score or {}
    if score.get("total") is None:
        st.markdown(f":gray[{text('judges.card.no_total')}]")
        return
    note = f" :small[:gray[{text('judges.card.scaled', points=_digits(score['out_of']))}]]" if score["scaled"] else ""
    st.markdown(f"#### {number(score['total'])} / 100{note}")


def _points(score: Mapping[str, Any]) -> None:
    """Draw the points by group as bars; a group nobody could judge says so."""
    for group in _judges_verdict.GROUPS:  # stored JSON does not keep their order
        points, out_of = score["groups"][group]
        name = text(f"judging.group.{group}")
        if out_of:
            st.progress(min(points / out_of, 1.0), text=f"{name} {_digits(points)} / {_digits(out_of)}")
        else:
            st.caption(f"{name}: {text('judges.card.not_judged')}")


def _digits(value: float) -> str:
    return number(value, 0 if float(value).is_integer() else 1)


def _retry(judge: services.JudgeView, audition_id: int, allowed: bool) -> None:
    if st.button(text("judges.card.retry"), key=f"judges_retry_{judge.repeat}_{judge.place}",
                 icon=":material/replay:", disabled=not allowed):
        with _shared.errors_shown():
            services.retry_judge(_shared.frame().actor, audition_id, judge.repeat, judge.place)
            st.session_state["judges_stopping"] = None
            st.rerun()


# criteria ------------------------------------------------------------


def _evidence(judge: services.JudgeView, view: services.AuditionView) -> None:
    """Draw a judge's criteria, folded and as wide as the page: a card is too narrow for quotes."""
    if judge.score is None:
        return
    with st.expander(f"{text('judges.card.criteria')} · **{plain(judge.name)}**", icon=":material/rule:",
                     key=f"judges_criteria_{view.row.id}_{judge.repeat}_{judge.place}", on_change="rerun") as box:
        if box.open:
            _criteria(judge.score, view)


def _criteria(score: Mapping[str, Any], view: services.AuditionView) -> None:
    """Draw the nine criteria: the level with its anchor, the quote, and whether the quote is really there."""
    group = None
    for one in score["criteria"]:
        now = text(f"judging.group.{_group(one['criterion'])}")
        if now != group:
            group = now
            st.markdown(f"###### {group}")
        _criterion(one, view)


def _group(criterion: str) -> str:
    return next(group for group, names in _judges_verdict.GROUPS.items() if criterion in names)


def _criterion(one: Mapping[str, Any], view: services.AuditionView) -> None:
    key = f"judging.criterion.{one['criterion']}"
    name, level = text(f"{key}.name"), one["level"]
    if level is None:
        deaf = one["criterion"] in SOUND and "tags" not in view.had and "audio" not in view.had
        offline = "offline" if view.offline is not None else "unsaid"
        st.markdown(f"**{name}** :gray-badge[{text('judges.card.not_judged')}]  \n"
                    f":small[:gray[{text('judges.card.why.' + ('sound' if deaf else offline))}]]",
                    help=text(f"{key}.asks"))
        return
    anchor = text(f"{key}.level{level}")
    lines = [f"**{name}** {'●' * level}{'○' * (TOP_LEVEL - level)} {level} / {TOP_LEVEL}"]
    if one["quote"]:
        flag = "" if one["in_lyrics"] else f" :red-badge[:material/flag: {text('judges.card.flagged')}]"
        lines.append(f"*“{plain(one['quote'].strip())}”*{flag}")
    elif not one["in_lyrics"]:
        lines.append(f":red-badge[:material/flag: {text('judges.card.no_quote')}]")
    if one["reason"]:
        lines.append(f":small[:gray[{plain(one['reason'])}]]")
    st.markdown("  \n".join(lines), help=f"{text(f'{key}.asks')}\n\n**{level}** · {anchor}")
