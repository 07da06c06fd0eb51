"""The data-health tab of the Growth Radar: what each file's audit found, and what can be done about it."""

from __future__ import annotations

from datetime import date

import pandas as pd
import streamlit as st

import services
from locales import format_time
from views import _cache, _shared
from views._shared import day, number, plain, text


def draw(files: list[services.FileRecord], *, several: bool) -> None:
    """Draw a line of counts, then the files, those that wait for a decision first.

    Parameters
    ----------
    files : list of FileRecord
    several : bool
        Whether the files are of several artists, so that each names its own.
    """
    if not files:
        st.info(text("growth.health.none"), icon=":material/inbox:")
        return
    _counts(files)
    st.caption(text("growth.health.intro"))
    for file in sorted(files, key=lambda file: (not waits(file), -_shared.findings(file.audit))):
        _file(file, several)
    _rejected(files)


def _counts(files: list[services.FileRecord]) -> None:
    """Draw how much was read, kept and left out, and when."""
    last = _cache.status(_shared.frame().actor).last_sync
    parts = [text("growth.health.files", count=number(len(files))),
             text("growth.health.rows", rows=number(sum(file.accepted for file in files)))]
    for name in ("rejected", "repeated"):
        if total := sum(getattr(file, name) for file in files):
            parts.append(text(f"growth.health.{name}_rows", rows=number(total)))
    if last:
        parts.append(text("sidebar.last_sync", moment=format_time(_shared.lang(), last)))
    st.markdown(" · ".join(parts))


def _file(file: services.FileRecord, several: bool) -> None:
    """Draw one file, unfolded where it waits for a decision."""
    count, waiting = _shared.findings(file.audit), waits(file)
    state = text("growth.health.count", count=number(count)) if count else text("audit.clean")
    if file.state == "refused":
        state = text("file.state.refused")
    icon = "error" if waiting else "info" if count else "check_circle"
    names = [file.artist, file.song] if several else [file.song]
    title = " · ".join([*(plain(name) for name in names if name), _shared.platform(file.platform)])
    with st.expander(f"**{title}**  ·  {state}", expanded=waiting, icon=f":material/{icon}:"):
        _shared.file_report(file)
        _levels(file)


def waits(file: services.FileRecord) -> bool:
    """Return whether somebody has to decide about a file."""
    return file.state == "refused" or bool(_open_leaps(file))


def _leaps(file: services.FileRecord) -> list[date]:
    return [date.fromisoformat(item["day"][:10]) for item in file.audit.get("jumps", {}).get("items", [])]


def _open_leaps(file: services.FileRecord) -> list[date]:
    """Return the leaps whose new level nobody has accepted."""
    return [leap for leap in _leaps(file) if leap not in file.accepted_days]


def _levels(file: services.FileRecord) -> None:
    """Draw the buttons that accept a new level from a leap on, or withdraw that."""
    actor = _shared.frame().actor
    allowed = services.may(actor, "settings")
    for leap in _open_leaps(file):
        st.caption(text("growth.health.accept_note", day=day(leap)))
        if st.button(text("growth.health.accept", day=day(leap)), key=f"growth_accept_{file.id}_{leap}",
                     icon=":material/check:", disabled=not allowed):
            with _shared.errors_shown():
                _shared.watch(services.accept_level(actor, file.id, leap))
    for accepted in file.accepted_days:
        st.caption(text("growth.health.accepted", day=day(accepted)))
        if st.button(text("growth.health.withdraw", day=day(accepted)), key=f"growth_withdraw_{file.id}_{accepted}",
                     icon=":material/undo:", disabled=not allowed):
            with _shared.errors_shown():
                _shared.watch(services.withdraw_level(actor, file.id, accepted))


def _rejected(files: list[services.FileRecord]) -> None:
    """Draw the rejected rows of the files."""
    parts = [services.rejected_rows(_shared.frame().actor, file.id) for file in files if file.rejected]
    if not parts:
        return
    st.markdown(f"#### {text('growth.health.rejected')}")
    _shared.rejected_table(pd.concat(parts, ignore_index=True), "growth_rejected")
