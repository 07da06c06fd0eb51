"""The start of Image to Music: a picture from a file, the camera or the demo song; consent; the job and its steps."""

from __future__ import annotations

from base64 import b64encode

import streamlit as st

import services
from support.errors import AppError
from views import _image_choices, _image_shown, _shared
from views._shared import number, plain, text

POLL_SECONDS = 0.3
"""How often a running job is asked how far it is; nothing is asked while none runs."""
KINDS = ("png", "jpg", "jpeg", "webp", "bmp", "heic", "heif")
LARGEST_PREVIEW = 4 << 20
"""Bytes of a file that is shown before it is sent: it goes to the browser inside the page."""
SOURCES = ("file", "camera", "demo")
LIMIT_MB = 10
"""Of `support.decoding`."""


def draw() -> None:
    """Draw where the picture comes from beside what is looked for, and the start."""
    actor = _shared.frame().actor
    if not services.may(actor, "picture"):
        st.info(text("i2m.upload.not_allowed", role=actor.role), icon=":material/lock:")
    left, right = st.columns([5, 6], gap="large")
    with left:
        st.markdown(f"#### {text('i2m.upload.heading')}")
        data, label = _picture()
    with right:
        st.markdown(f"#### {text('i2m.choice.heading')}")
        _image_choices.draw()
        _consent(actor)
        if st.button(text(label), key="i2m_start", type="primary", icon=":material/image_search:",
                     disabled=data is None or not services.may(actor, "picture")) and data is not None:
            _start(actor, data)
        if data is None:
            st.caption(text("i2m.upload.no_picture"))


def _picture() -> tuple[bytes | None, str]:
    """Draw the choice of a picture; return it, None where there is none yet, and the text of the start."""
    source = _shared.in_url("source", "i2m_source", _shared.one_of(SOURCES), SOURCES[0], quiet=True)
    names = {name: text(f"i2m.upload.{name}") for name in SOURCES}
    st.segmented_control(text("i2m.upload.source"), SOURCES, key="i2m_source", required=True,
                         format_func=names.__getitem__, label_visibility="collapsed")
    if source == "demo":
        return _demo(), "i2m.upload.demo_start"
    found = _camera() if source == "camera" else _file()
    return found, "i2m.upload.start"


def _file() -> bytes | None:
    turn = st.session_state.setdefault("i2m_turn", 0)
    _uploader_words()
    with st.container(key="i2m_uploader"):
        file = st.file_uploader(text("i2m.upload.label"), type=list(KINDS), key=f"i2m_file_{turn}",
                                max_upload_size=LIMIT_MB, help=text("i2m.upload.help", limit=LIMIT_MB))
    if file is None:
        return None
    data = file.getvalue()
    if len(data) > LARGEST_PREVIEW or not _preview(data):
        st.caption(f":material/image: {text('i2m.upload.no_preview', name=plain(file.name))}")
    return data


def _preview(data: bytes) -> bool:
    """Draw a file of a kind browsers know; nothing here decodes it. Return whether it is one."""
    kinds = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"RIFF": "image/webp", b"BM": "image/bmp"}
    kind = next((kind for head, kind in kinds.items() if data.startswith(head)), None)
    if kind is None:
        return False
    address = f"data:{kind};base64,{b64encode(data).decode()}"
    st.html(f'<img src="{address}" alt="{text("i2m.upload.preview")}" '
            'style="max-width:100%;max-height:22rem;border-radius:0.5rem;display:block">')
    return True


def _uploader_words() -> None:
    """Put the upload box's own two English texts into the user's language; Streamlit has no option for them."""
    box = ".st-key-i2m_uploader [data-testid=stFileUploaderDropzone]"
    words = {f"{box} > span button p": text("i2m.upload.browse"),
             f"{box} [data-testid=stFileUploaderDropzoneInstructions] span": text("i2m.upload.drop", limit=LIMIT_MB)}
    st.html("<style>" + "".join(f"{place} {{font-size: 0}} {place}::after {{content: '{word}'; font-size: 0.875rem}}"
                                for place, word in words.items()) + "</style>")


def _camera() -> bytes | None:
    shot = st.camera_input(text("i2m.upload.shoot"), key=f"i2m_camera_{st.session_state.setdefault('i2m_turn', 0)}")
    return None if shot is None else shot.getvalue()


def _demo() -> bytes | None:
    demo = services.demo_song()
    if demo is None:
        st.info(text("i2m.upload.demo_gone"), icon=":material/info:")
        return None
    st.markdown(text("i2m.upload.demo_words", title=plain(demo.title), artist=plain(demo.artist)))
    st.image(str(demo.cover), width=320, alt=text("i2m.upload.demo"))
    return demo.cover.read_bytes()


def _consent(actor: services.Actor) -> None:
    """Say what happens to the picture before it is sent."""
    outside = [_image_shown.tagger(name) for name in services.taggers(actor)[:-1]]
    first = text("i2m.consent.outside", services=", ".join(outside)) if outside else text("i2m.consent.local")
    lines = [first, text("i2m.consent.stored"), text("i2m.consent.private"), text("i2m.consent.agree")]
    with st.container(border=True, key="i2m_consent"):
        st.markdown(f":material/privacy_tip: **{text('i2m.consent.title')}**\n"
                    + "\n".join(f"- :small[{line}]" for line in lines))


def _start(actor: services.Actor, data: bytes) -> None:
    with _shared.errors_shown():
        job = services.submit_picture(actor, data)
        state = st.session_state
        state["i2m_job"], state["i2m_image"] = job.id, 0
        state["i2m_turn"] = state.get("i2m_turn", 0) + 1  # the box is empty next time
        state["i2m_seed"] = 0
        st.rerun()


# the job ------------------------------------------------------------


def follow(job_id: int) -> bool:
    """Draw the job of an upload; open its picture when it is done. Return whether there is anything to follow."""
    actor = _shared.frame().actor
    job = services.get_job(actor, job_id)
    if job is None:
        st.warning(text("i2m.job.gone"), icon=":material/warning:")
    elif job.active:
        st.fragment(_live, run_every=POLL_SECONDS)(actor, job_id)
        return True
    elif job.state == "done" and job.result:
        st.session_state["i2m_job"], st.session_state["i2m_image"] = 0, job.result["image"]
        st.session_state["i2m_known"] = job.result["image"] if job.result["known"] else 0
        st.rerun()
    else:
        _failed(job)
    st.session_state["i2m_job"] = 0
    _shared.not_in_url("job")
    return False


def _live(actor: services.Actor, job_id: int) -> None:
    """Draw how far a job is; runs again by itself until it has ended, then once the whole page."""
    job = services.get_job(actor, job_id)
    if job is None or not job.active:
        st.rerun(scope="app")
    with st.container(border=True, key="i2m_live"):
        st.progress(*_progress(actor, job))
        st.button(text("i2m.step.cancel"), key="i2m_cancel", icon=":material/stop_circle:", on_click=_cancel,
                  args=(actor, job_id))


def _progress(actor: services.Actor, job: services.JobView) -> tuple[float, str]:
    """Return how far a job is, and in words."""
    if job.state == "queued":
        ahead = services.jobs_ahead(actor, job.id)
        return 0.0, text("i2m.step.queued", count=number(ahead)) if ahead else text("i2m.step.next")
    if job.note not in services.STEPS:
        return 0.0, text("i2m.step.next")
    step, count = services.STEPS.index(job.note), len(services.STEPS)
    return (step + 0.5) / count, f"{text('i2m.step.of', step=step + 1, count=count)} · {text(f'i2m.step.{job.note}')}"


def _cancel(actor: services.Actor, job_id: int) -> None:
    try:
        services.cancel_job(actor, job_id)
    except AppError as error:
        st.session_state["i2m_told"] = error.message(_shared.lang())


def _failed(job: services.JobView) -> None:
    """Say why there is no picture, and what to do next."""
    if job.state in ("cancelled", "interrupted"):
        st.warning(text(f"i2m.job.{job.state}"), icon=":material/warning:")
        return
    why = _image_shown.told(job.error_code or "unexpected", job.error_values)
    st.error(f"{why}  \n{text('i2m.job.again')}", icon=":material/error:")
