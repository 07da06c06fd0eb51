"""The start of hit prediction: a track, its lyrics and what is known of it; then the analysis under way or its end."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

import streamlit as st

import services
from views import _hit_board as board
from views import _hit_shown, _shared
from views._shared import number, plain, text

POLL_SECONDS = 0.4
"""How often a running analysis is asked how far it is; nothing is asked while none runs."""
KINDS = ("mp3", "wav", "flac", "ogg", "opus", "m4a")
ENCODINGS = ("utf-8-sig", "cp949")
USUAL_PRIOR = 1.0
"""Percent."""
PRIORS = (0.01, 90.0)
"""Smallest and largest base rate, percent."""
FULL_SECONDS = (30, 3600)
OLDEST = date(1900, 1, 1)
KEPT = ("name", "artist", "genre", "words", "released", "is_clip", "full", "prior", "public")
"""Inputs that are kept while another tab is open; Streamlit forgets those of widgets it does not draw."""


@dataclass(frozen=True, slots=True)
class Track:
    """What the inputs say; `wrong` is what has to be put right first."""

    data: bytes | None
    name: str
    options: dict[str, Any]
    wrong: str | None


def keep() -> None:
    """Keep what was typed in while the inputs are not on the screen."""
    for name in KEPT:
        key = f"hit_{name}"
        if key in st.session_state:
            st.session_state[key] = st.session_state[key]


def draw() -> None:
    """Draw the inputs, what the answer claims, and the start."""
    actor = _shared.frame().actor
    allowed = services.may(actor, "predict")
    if not allowed:
        st.info(text("hit.input.not_allowed", role=actor.role), icon=":material/lock:")
    # open for whoever has no prediction yet; later it would push the inputs off a phone's screen
    first = not services.list_predictions(actor, limit=1).count
    with st.expander(text("hit.claim.title"), icon=":material/info:", expanded=first, key="hit_claim"):
        st.markdown(text("hit.claim.body"))
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown(f"#### {text('hit.input.heading')}")
        data, file_name = _audio()
        title, artist, genre = _facts()
    with right:
        lyrics, unread = _lyrics()
    known, wrong = _more()
    options = {"title": title, "artist": artist, "genre": genre, "lyrics": lyrics} | known
    track = Track(data, file_name, options, wrong or unread)
    _start(actor, track, allowed)


def _start(actor: services.Actor, track: Track, allowed: bool) -> None:
    st.caption(f":material/lock: {text('hit.input.private_note')}")
    if track.wrong:
        st.warning(track.wrong, icon=":material/edit:")
    ready = allowed and track.data is not None and track.wrong is None
    pressed = st.button(text("hit.input.start"), key="hit_start", type="primary", icon=":material/graphic_eq:",
                        disabled=not ready)
    if track.data is None:
        st.caption(text("hit.input.no_audio"))
        _demo(actor, allowed)
    if pressed and track.data is not None:
        _begin(actor, track.data, name=track.name, **track.options)


def _begin(actor: services.Actor, data: bytes, **options: Any) -> None:
    """Start an analysis and open it; a refusal is shown, and the inputs stay as they are."""
    with _shared.errors_shown():
        found = services.start_prediction(actor, data, **options)
        state = st.session_state
        state["hit_id"] = found
        state["hit_turn"] = state.get("hit_turn", 0) + 1  # the boxes are empty next time
        for name in ("name", "words", "full"):
            state.pop(f"hit_{name}", None)
        st.rerun()


def _demo(actor: services.Actor, allowed: bool) -> None:
    """Offer the song that came with the product, for whoever has none at hand."""
    demo = services.demo_song()
    if demo is None:
        return
    if st.button(text("hit.input.demo", title=plain(demo.title)), key="hit_demo", type="tertiary", disabled=not allowed,
                 icon=":material/music_note:"):
        lyrics = "\n".join(demo.lyrics.splitlines()[1:]).strip()  # without the heading ``Artist - Title:``
        _begin(actor, demo.audio.read_bytes(), name=demo.audio.name, title=demo.title, artist=demo.artist,
               genre=services.HIT_GENRES[0], lyrics=lyrics)


# inputs ------------------------------------------------------------


def _audio() -> tuple[bytes | None, str]:
    """Draw the box of the audio file; return its bytes and name. Nothing here decodes them."""
    limit, minutes = services.LARGEST_AUDIO_MB, services.LONGEST_AUDIO_MIN
    _box_words("hit_audio_box", text("hit.input.browse"), text("hit.input.drop", limit=limit))
    with st.container(key="hit_audio_box"):
        file = st.file_uploader(text("hit.input.file"), type=list(KINDS), key=f"hit_file_{_turn()}",
                                max_upload_size=limit, help=text("hit.input.file_help", limit=limit, minutes=minutes))
    return (None, "") if file is None else (file.getvalue(), file.name)


def _turn() -> int:
    return int(st.session_state.setdefault("hit_turn", 0))


def _box_words(key: str, browse: str, drop: str) -> None:
    """Put an upload box's own two English texts into the user's language; Streamlit has no option for them."""
    box = f".st-key-{key} [data-testid=stFileUploaderDropzone]"
    words = {f"{box} > span button p": browse,
             f"{box} [data-testid=stFileUploaderDropzoneInstructions] span": drop}
    st.html("<style>" + "".join(f"{place} {{font-size: 0}} {place}::after {{content: '{word}'; font-size: 0.875rem}}"
                                for place, word in words.items()) + "</style>")


def _facts() -> tuple[str, str, str]:
    """Draw title, artist and genre, and return them."""
    left, right = st.columns(2)
    title = left.text_input(text("hit.input.name"), key="hit_name", max_chars=200,
                            placeholder=text("hit.input.name_hint"))
    artist = right.text_input(text("hit.input.artist"), key="hit_artist", max_chars=200,
                              placeholder=text("hit.input.artist_hint"))
    genres = services.HIT_GENRES
    st.session_state.setdefault("hit_genre", genres[0])
    names = {name: text(f"hit.genre.{name}") for name in genres}
    genre = st.segmented_control(text("hit.input.genre"), genres, key="hit_genre", required=True,
                                 format_func=names.__getitem__)
    st.caption(text("hit.input.genre_note"))
    return title.strip(), artist.strip(), genre or genres[0]


def _lyrics() -> tuple[str | None, str | None]:
    """Draw the lyrics, pasted or from a file; return them and what is wrong with the file."""
    above = st.container()  # the file is read first: its text goes into the box above it
    _box_words("hit_lyrics_box", text("hit.input.lyrics_browse"), text("hit.input.lyrics_drop"))
    with st.container(key="hit_lyrics_box"):
        file = st.file_uploader(text("hit.input.lyrics_file"), type=["txt"], key=f"hit_txt_{_turn()}",
                                max_upload_size=1)
    found = decoded(file.getvalue()) if file is not None else None
    if file is not None and found is not None and st.session_state.get("hit_pasted") != file.file_id:
        # once for each file, so that it can be corrected
        st.session_state["hit_pasted"], st.session_state["hit_words"] = file.file_id, found
    typed = above.text_area(text("hit.input.lyrics"), key="hit_words", height=250,
                            placeholder=text("hit.input.lyrics_hint"))
    unread = file is not None and found is None
    return typed.strip() or None, text("hit.input.lyrics_bad") if unread else None


def decoded(data: bytes) -> str | None:
    """Return a text file's text, None where it is none."""
    for encoding in ENCODINGS:
        try:
            found = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return None if "\x00" in found else found
    return None


def _more() -> tuple[dict[str, Any], str | None]:
    """Draw what most tracks need not say; return it and what is wrong with it."""
    state = st.session_state
    state.setdefault("hit_prior", USUAL_PRIOR)
    with st.expander(text("hit.input.more"), icon=":material/tune:", key="hit_more"):
        left, right = st.columns(2, gap="large")
        with left:
            released = st.date_input(text("hit.input.released"), value=None, key="hit_released", min_value=OLDEST,
                                     format="YYYY-MM-DD")
            clip = st.checkbox(text("hit.input.clip"), key="hit_is_clip", help=text("hit.input.clip_help"))
            typed = st.text_input(text("hit.input.full"), key="hit_full", placeholder=text("hit.input.full_hint"),
                                  disabled=not clip)
        with right:
            prior = st.number_input(text("hit.input.prior"), *PRIORS, key="hit_prior", step=0.5, format="%.2f",
                                    help=text("hit.input.prior_help"))
            public = st.checkbox(text("hit.input.public"), key="hit_public", help=text("hit.input.public_help"))
    full = seconds_of(typed) if clip and typed.strip() else None
    wrong = text("hit.input.full_bad") if clip and typed.strip() and full is None else None
    return {"released": released, "full_seconds": full, "prior": prior / 100, "public": public}, wrong


def seconds_of(value: str) -> float | None:
    """Return the seconds of ``3:45``; None where it is no length of a track."""
    found = re.fullmatch(r"\s*(\d{1,2}):([0-5]\d)\s*", value)
    seconds = 60 * int(found[1]) + int(found[2]) if found else 0
    return float(seconds) if FULL_SECONDS[0] <= seconds <= FULL_SECONDS[1] else None


# under way, and its end ------------------------------------------------------------


def follow(view: services.PredictionView) -> None:
    """Draw how far an analysis is; the page is drawn anew when it has ended."""
    st.markdown(f"#### {plain(view.title)}")
    st.fragment(_live, run_every=POLL_SECONDS)(view.id)


def _live(prediction_id: int) -> None:
    actor = _shared.frame().actor
    view = services.get_prediction(actor, prediction_id)
    if view.state not in board.UNDER_WAY:
        st.rerun(scope="app")
    job = services.get_job(actor, view.job_id) if view.job_id else None
    with st.container(border=True, key="hit_live"):
        st.progress(*_progress(actor, job))
        st.caption(text("hit.step.reload"))
        with st.container(horizontal=True, gap="small"):
            if view.own:
                st.button(text("hit.step.cancel"), key="hit_cancel", icon=":material/stop_circle:",
                          on_click=board.told, args=(services.cancel_prediction, actor, prediction_id))
            st.button(text("hit.head.other"), key="hit_other", icon=":material/add:", on_click=put_aside)


def put_aside() -> None:
    """Close what is open; the inputs come back."""
    st.session_state["hit_id"] = 0


def _progress(actor: services.Actor, job: services.JobView | None) -> tuple[float, str]:
    """Return how far a job is, and in words."""
    if job is None or job.state == "queued":
        ahead = services.jobs_ahead(actor, job.id) if job else 0
        return 0.0, text("hit.step.queued", count=number(ahead)) if ahead else text("hit.step.next")
    if job.note not in services.HIT_STEPS:
        return 0.0, text("hit.step.next")
    step, count = services.HIT_STEPS.index(job.note), len(services.HIT_STEPS)
    return (step + 0.5) / count, f"{text('hit.step.of', step=step + 1, count=count)} · {text(f'hit.step.{job.note}')}"


def waiting(view: services.PredictionView, token: str) -> None:
    """Say that there is no report behind a link: not yet, or not at all."""
    state = "not_yet" if view.state in board.UNDER_WAY else "none"
    st.info(text(f"hit.link.{state}", title=plain(view.title)), icon=":material/hourglass_empty:")


def ended(view: services.PredictionView) -> None:
    """Say why an analysis has no report."""
    title = plain(view.title)
    if view.state == "failed":
        why = _hit_shown.failure(view.error_code, view.error_values)
        st.error(text("hit.end.failed", title=title, why=why), icon=":material/error:")
    else:
        st.warning(text(f"hit.end.{view.state}", title=title), icon=":material/warning:")
