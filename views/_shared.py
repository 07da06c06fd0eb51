"""What pages share: the frame's choices, texts, URL, jobs, empty state, error box, downloads."""

from __future__ import annotations

import math
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from io import BytesIO, StringIO
from typing import Any, TypeVar

import pandas as pd
import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

import services
from locales import DEFAULT_LANGUAGE, format_compact, format_date, format_number, t
from support.errors import AppError
from support.tables import csv_safe

T = TypeVar("T")
PLATFORMS = ("youtube", "spotify", "soundcloud")
"""Keys of the platforms, in the order in which pages show them."""
PLATFORM_HUES = {"youtube": "red", "spotify": "green", "soundcloud": "orange"}
"""Colours of the theme that stand for the platforms in headings; the charts have their own shades."""
THRESHOLD_KEY = "sidebar_threshold"
"""Widget key of the quality threshold, which pages may lower."""

TURNS = 2
"""Pages drawn at once. One interpreter draws one at a time anyway; many at once only take it from each other."""
TURN_S = 1.0
"""Seconds a page waits for its turn before it goes ahead: one that waits for something outside holds up nobody."""
OLD_URL_S = 0.5
"""Seconds after a run in which a click may still bring the URL from before it: the browser is drawing."""
_turns = threading.Semaphore(TURNS)
_run = threading.local()
"""What the runs of a thread look up often, with the session it is of."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What the frame around the pages has settled: who looks, and the choices of the sidebar."""

    actor: services.Actor
    window_days: int | None
    threshold: float


@contextmanager
def turn() -> Iterator[None]:
    """Wait for one of the turns of drawing, so that a crowd's runs follow each other; never longer than `TURN_S`."""
    mine = _turns.acquire(timeout=TURN_S)
    try:
        yield
    finally:
        if mine:
            _turns.release()


def set_frame(frame: Frame) -> None:
    """Keep the frame for the page of this run."""
    st.session_state["app_frame"] = frame


def frame() -> Frame:
    """Return the frame of this run; a part that runs alone runs the whole page where somebody else looks by now."""
    from views import _identity  # which takes its texts from here

    found: Frame = st.session_state["app_frame"]
    if _identity.changed(found.actor):
        st.rerun()
    return found


def set_pages(files: Sequence[str]) -> None:
    """Keep the names of the pages there are, for pages that link to others."""
    st.session_state["app_pages"] = tuple(files)


def pages() -> tuple[str, ...]:
    """Return the names of the pages there are: their files below ``views/``."""
    return st.session_state.get("app_pages", ())


# texts ------------------------------------------------------------


def set_lang(value: str) -> None:
    """Settle the session's language."""
    st.session_state["app_lang_now"] = value
    _run.told = (_session(), value)


def lang() -> str:
    """Return the session's language."""
    # a page asks for it two hundred times, and the session's own state takes a lock each time
    session, value = getattr(_run, "told", (None, DEFAULT_LANGUAGE))
    if session is None or session != _session():
        value = st.session_state.get("app_lang_now", DEFAULT_LANGUAGE)
        _run.told = (_session(), value)
    return value


def _session() -> str | None:
    context = get_script_run_ctx(suppress_warning=True)
    return context.session_id if context else None


def text(key: str, **values: Any) -> str:
    """Return a text in the session's language."""
    return t(lang(), key, **values)


def number(value: float | None, digits: int = 0) -> str:
    """Return a number with separators."""
    return format_number(lang(), value, digits)


def compact(value: float | None) -> str:
    """Return a number in its short form (12.3만, 123K)."""
    return format_compact(lang(), value)


def day(value: date | str | None) -> str:
    """Return a day, also from its ISO form."""
    return format_date(lang(), date.fromisoformat(value[:10]) if isinstance(value, str) else value)


def plain(value: object) -> str:
    """Return a name so that markdown shows it as it is: A$AP, _intro_, :fire: and the like."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!$:<>~|])", r"\\\1", str(value))


def platform(key: str | None) -> str:
    """Return a platform's name; an en dash where there is none."""
    return text(f"platform.{key}.label") if key in PLATFORMS else "–"


def platform_head(key: str) -> str:
    """Return a platform's name for a heading, with a dot of its colour."""
    return f":{PLATFORM_HUES[key]}[●] {platform(key)}"


def flags(names: Sequence[str]) -> str:
    """Return the names of a day's flags as text."""
    return ", ".join(text(f"flags.{name}") for name in names)


def reason(code: str | None, values: Mapping[str, Any]) -> str:
    """Return why a file was refused."""
    return text(f"errors.{code}", **values) if code else ""


def refusal(code: str | None, values: Mapping[str, Any]) -> str:
    """Return why something was refused, for markdown."""
    return plain_text(reason(code, values))


# errors and empty states ------------------------------------------------------------


def error_box(error: AppError) -> None:
    """Show an error in the user's language."""
    st.error(plain_text(error.message(lang())), icon=":material/error:")


def plain_text(message: str) -> str:
    """Return a message whose file names and values keep their underscores, dollars and stars."""
    return re.sub(r"([*_$~`\[\]<>])", r"\\\1", message)


@contextmanager
def errors_shown() -> Iterator[None]:
    """Show an `AppError` of the block as text instead of failing."""
    try:
        yield
    except AppError as error:
        error_box(error)


def empty_state(key: str, icon: str, **values: Any) -> Any:
    """Draw a friendly sentence at ``<key>.title`` and ``<key>.body``; return the box for its buttons."""
    box = st.container(border=True, horizontal_alignment="center", gap="small")
    box.markdown(f"# :gray[:material/{icon}:]", text_alignment="center")
    box.markdown(f"#### {text(f'{key}.title', **values)}", text_alignment="center")
    box.markdown(text(f"{key}.body", **values), text_alignment="center")
    return box


# URL ------------------------------------------------------------


def in_url(param: str, widget: str, parse: Callable[[str], T | None], default: T, *, quiet: bool = False) -> T:
    """Bring a widget, the session and ``?param=`` together, before the widget is drawn.

    What the user has just chosen wins, then a URL that says something new (an opened link, the browser's back button),
    then what the session knew. A click made before the browser has heard of the last run's URL comes with the URL from
    before that run, which says nothing new. Streamlit's own ``bind`` would put the option's label into the URL, which
    changes with the language.

    Parameters
    ----------
    param : str
        Name in the URL.
    widget : str
        Key of the widget that shows the value.
    parse : callable
        Turns the URL's text into a value, None where it is not accepted.
    default : T
        Value where nothing says otherwise.
    quiet : bool
        Leave the default out of the URL.

    Returns
    -------
    T
        The value, which the widget will show.
    """
    def read(value: object) -> T | None:
        return None if value is None else parse(str(value))

    return _settle(param, widget, read, st.query_params.get(param), default, lambda value: str(value), quiet)


def list_in_url(param: str, widget: str, options: Sequence[str], default: Sequence[str], *,
                empty: bool = False, quiet: bool = False) -> list[str]:
    """Do as `in_url` for a choice of several: ``?param=a&param=b``.

    Parameters
    ----------
    param, widget, quiet
        As of `in_url`.
    options : sequence of str
        What can be chosen; anything else is dropped, and so are repetitions.
    default : sequence of str
        Choice where nothing says otherwise.
    empty : bool
        Whether nothing may be chosen; else the last choice stays.
    """
    accepted = one_of(options)

    def read(values: Any) -> list[str] | None:
        if values is None:
            return None
        chosen = list(dict.fromkeys(found for value in values if (found := accepted(str(value))) is not None))
        return chosen if chosen or (empty and not values) else None

    url = st.query_params.get_all(param) if param in st.query_params else None
    return _settle(param, widget, read, url, list(default), lambda value: value, quiet)


def switch_in_url(param: str, widget: str, default: bool = False) -> bool:
    """Do as `in_url` for a switch: ``?param=1``; its usual position is left out of the URL."""
    def read(value: object) -> bool | None:
        return {"True": True, "False": False, "1": True, "0": False}.get(str(value))

    return _settle(param, widget, read, st.query_params.get(param), default, lambda value: str(int(value)), True)


def _settle(param: str, widget: str, read: Callable[[Any], T | None], url: Any, default: T,
            write: Callable[[T], str | list[str]], quiet: bool) -> T:
    state, kept_key = st.session_state, f"url_{widget}"
    kept = read(state.get(kept_key))
    chosen = read(state.get(widget, kept))
    linked = read(url) if _is_new(url, widget) else None
    candidates = (chosen if chosen != kept else None, linked, kept, default)
    value = next(candidate for candidate in candidates if candidate is not None)
    state[widget] = state[kept_key] = value
    written = None if quiet and value == default else write(value)
    state.setdefault("app_url", {})[param] = written
    state.setdefault("app_settled", {})[f"seen_{widget}"] = (url, written)
    return value


def _is_new(url: Any, widget: str) -> bool:
    """Return whether the URL says what it did not before; it may be the one from before a run that has just ended."""
    seen = st.session_state.get(f"seen_{widget}", ())
    just_ended = time.monotonic() < st.session_state.get("app_url_at", 0.0) + OLD_URL_S
    return url not in (seen if just_ended else seen[-1:])


def linked(param: str, widget: str) -> str | None:
    """Return what a link has just brought in ``?param=``, None where it brought nothing new."""
    url = st.query_params.get(param)
    return url if url is not None and _is_new(url, widget) else None


def forget(widget: str) -> None:
    """Have the session know nothing of a choice that is in the URL, so that a link or the default settles it."""
    for key in (widget, f"url_{widget}", f"seen_{widget}"):
        st.session_state.pop(key, None)


def not_in_url(*params: str) -> None:
    """Take choices that do not apply now out of the URL; the session keeps them."""
    st.session_state.setdefault("app_url", {}).update(dict.fromkeys(params))


def write_url(*, finished: bool = True) -> None:
    """Bring the URL up to date, at the end of a run and in one go: each change is an entry in the browser's history."""
    st.session_state["app_url_at"] = time.monotonic() if finished else math.inf
    for key, values in st.session_state.pop("app_settled", {}).items():
        st.session_state[key] = values if finished else (*st.session_state.get(key, ()), *values)
    now = {param: st.query_params.get_all(param) for param in st.query_params}
    told = st.session_state.pop("app_url", {})
    then = now | {param: [value] if isinstance(value, str) else value for param, value in told.items()}
    wanted = {param: values for param, values in then.items() if values is not None}
    if wanted != now:
        st.query_params.from_dict(wanted)


def tabs(prefix: str, names: Sequence[str]) -> dict[str, Any]:
    """Draw tabs whose choice is in the URL; draw into those whose ``open`` is true, the others are not shown.

    Returns
    -------
    dict of str to container
        By name; a tab's label is the text at ``<prefix>.tab.<name>``.
    """
    labels = {name: text(f"{prefix}.tab.{name}") for name in names}
    by_label = {label: name for name, label in labels.items()}
    widget = f"{prefix}_tab"
    name = in_url("tab", widget, lambda value: value if value in labels else by_label.get(value), names[0])
    st.session_state[widget] = labels[name]
    return dict(zip(names, st.tabs(list(labels.values()), key=widget, on_change="rerun"), strict=True))


def one_of(options: Sequence[str]) -> Callable[[str], str | None]:
    """Return a parser that accepts the given options, in upper or lower case."""
    accepted = {option.casefold(): option for option in options}
    return lambda value: accepted.get(value.casefold())


# jobs ------------------------------------------------------------


def watch(job: services.JobView) -> None:
    """Follow a job in the sidebar from the next run on, and start that run."""
    st.session_state["app_job"] = job.id
    st.rerun()


def start_sync(*, force: bool = False, names: list[str] | None = None) -> None:
    """Start a sync and follow it; a refusal is shown."""
    with errors_shown():
        watch(services.submit_sync(frame().actor, force=force, names=names))


def sync_button(key: str, *, force: bool = False, label: str = "sidebar.sync", **options: Any) -> None:
    """Draw a button that starts a sync, for who may."""
    allowed = services.may(frame().actor, "sync")
    if st.button(text(label), key=key, disabled=not allowed, **options):
        start_sync(force=force)


def nothing_imported(key: str) -> None:
    """Say that there is no data yet, with the ways to some; `key` is the sync button's."""
    with empty_state("growth.empty", "inbox", folder=services.settings().cmdata_dir.name):
        sync_button(key, type="primary", icon=":material/sync:")
        st.page_link("views/data.py", label=text("growth.empty.upload"), icon=":material/upload_file:")


# downloads ------------------------------------------------------------


def csv_bytes(rows: pd.DataFrame) -> bytes:
    """Return a table as CSV that Excel opens with Korean intact and without running a cell as a formula."""
    safe = rows.copy()
    for column in safe.columns:
        if not pd.api.types.is_numeric_dtype(safe[column]) and not pd.api.types.is_datetime64_any_dtype(safe[column]):
            safe[column] = safe[column].map(csv_safe)
    buffer = StringIO()
    safe.to_csv(buffer, index=False, date_format="%Y-%m-%d", lineterminator="\r\n")
    return buffer.getvalue().encode("utf-8-sig")


def table(rows: pd.DataFrame, wide: Mapping[str, str] | None = None) -> None:
    """Draw a table with grouped numbers; `wide` sets the width of long columns."""
    config: dict[str, Any] = {name: st.column_config.NumberColumn(format="%,d") for name in rows.columns
                              if pd.api.types.is_numeric_dtype(rows[name])}
    config |= {name: st.column_config.TextColumn(width=width) for name, width in (wide or {}).items()}  # type: ignore[arg-type]
    st.dataframe(rows, hide_index=True, column_config=config, height=420 if len(rows) > 10 else "auto")


def parquet_bytes(rows: pd.DataFrame) -> bytes:
    """Return a table as Parquet, its types kept."""
    buffer = BytesIO()
    rows.to_parquet(buffer, index=False)
    return buffer.getvalue()


def parquet_download(rows: pd.DataFrame, name: str, key: str) -> None:
    """Draw a button that downloads a table for other programs; the file is made when it is pressed."""
    st.download_button(text("common.download_parquet"), lambda: parquet_bytes(rows),
                       file_name=file_part(name) + ".parquet", mime="application/vnd.apache.parquet", key=key,
                       on_click="ignore", icon=":material/download:")


def csv_download(rows: pd.DataFrame, name: str, key: str) -> None:
    """Draw a button that downloads a table; the file is made when it is pressed."""
    st.download_button(text("common.download_csv"), lambda: csv_bytes(rows), file_name=file_part(name) + ".csv",
                       mime="text/csv", key=key, on_click="ignore", icon=":material/download:")


def file_part(name: str) -> str:
    """Return a name every file system accepts; letters of all scripts stay."""
    return re.sub(r"[^\w.-]+", "-", name).strip("-.") or "data"


# data health ------------------------------------------------------------

FINDINGS_SHOWN = 5
"""Items of one finding spelled out; the rest is counted."""


def findings(audit: Mapping[str, Any]) -> int:
    """Return how many kinds of findings a file has."""
    return sum(1 for found in audit.values() if found.get("count"))


def findings_list(audit: Mapping[str, Any]) -> None:
    """Draw one item per finding: what, where, and what was done about it."""
    lines = [_finding(name, found) for name, found in audit.items() if found.get("count")]
    if lines:
        st.markdown("\n".join(f"- {line}" for line in lines))
    else:
        st.markdown(f":green[:material/check_circle:] {text('audit.clean')}")


def _finding(name: str, found: Mapping[str, Any]) -> str:
    items = found.get("items", [])
    places = "; ".join(_place(item) for item in items[:FINDINGS_SHOWN])
    if len(items) > FINDINGS_SHOWN:
        places += text("audit.more", count=number(len(items) - FINDINGS_SHOWN))
    head = text(f"audit.{name}.what", count=number(found["count"]))
    return f"**{head}**" + (f": {places}" if places else "") + f"  \n  {text(f'audit.{name}.repair')}"


def _place(item: Mapping[str, Any]) -> str:
    """Return where a finding is: day or days, line, and what explains it."""
    start, end = item.get("start", item.get("day")), item.get("end")
    when = day(start) if not end or end == start else text("common.days_between", start=day(start), end=day(end))
    details = [text("audit.line", line=number(item["line"]))] if item.get("line") is not None else []
    if item.get("from") is not None and item.get("to") is not None:
        details.append(text("audit.from_to", old=number(item["from"]), new=number(item["to"])))
    elif item.get("gain") is not None:
        details.append(text("audit.gain", gain=number(item["gain"])))
    if not start:
        return ", ".join(details)
    return f"{when} ({', '.join(details)})" if details else when


def file_report(file: services.FileRecord) -> None:
    """Draw a file's facts and its findings, or why it was refused."""
    st.markdown(file_facts(file))
    if file.state == "refused":
        st.error(refusal(file.reason, file.reason_values), icon=":material/error:")
    else:
        findings_list(file.audit)


def file_facts(file: services.FileRecord) -> str:
    """Return one markdown line about a file: name, days, kind, and who chose the kind."""
    facts = [f"`{file.name.replace('`', chr(39))}`"]
    if file.first_day:
        facts.append(text("common.days_between", start=day(file.first_day), end=day(file.last_day)))
    if file.kind:
        chosen = text("file.chosen") if file.kind_option else text("file.detected")
        facts.append(f"{text(f'file.kind.{file.kind}')} ({chosen})")
    return " · ".join(facts)


def rejected_table(rows: pd.DataFrame, key: str) -> None:
    """Draw rejected rows with their reasons, and their download."""
    shown = pd.DataFrame({
        text("rejected.file"): rows["file"], text("rejected.line"): rows["line"], text("rejected.raw"): rows["raw"],
        text("rejected.reason"): [text(f"reject.{code}", **values)
                                  for code, values in zip(rows["reason"], rows["values"], strict=True)]})
    table(shown, wide={text("rejected.file"): "medium", text("rejected.reason"): "large"})
    csv_download(shown, text("rejected.file_name"), f"{key}_csv")
