"""Jobs of the playlist page: how far one is, its end, and a way to stop it."""

from __future__ import annotations

import streamlit as st

import services
from locales import texts
from views import _playlist_state as states
from views import _shared
from views._shared import number, text

POLL_SECONDS = 0.5
"""How often a running job is asked how far it is; nothing is asked while none runs."""


def show(actor: services.Actor, job_id: int, key: str, step: str) -> bool:
    """Draw a job that is under way, or why it failed; return whether it is under way.

    Parameters
    ----------
    actor : Actor
    job_id : int
        0: none.
    key : str
        Of the session, where the job's id is; set to 0 when it has failed.
    step : str
        Prefix of the texts of its notes.
    """
    job = services.get_job(actor, job_id) if job_id else None
    if job is None:
        return False
    if job.active:
        st.fragment(_live, run_every=POLL_SECONDS)(actor, job_id, key, step)
        return True
    if job.state in ("cancelled", "interrupted"):
        st.warning(text(f"plm.job.{job.state}"), icon=":material/warning:")
    elif job.state == "failed":
        st.error(_shared.refusal(job.error_code or "unexpected", job.error_values), icon=":material/error:")
    if job.state != "done":
        st.session_state[key] = 0
    return False


def _live(actor: services.Actor, job_id: int, key: str, step: str) -> None:
    """Draw how far a job is; runs again by itself until it has ended, then once the whole page."""
    job = services.get_job(actor, job_id)
    if job is None or not job.active:
        st.rerun(scope="app")
    with st.container(border=True, key=f"{key}_live"):
        st.progress(*progress(actor, job, step))
        st.button(text("plm.job.cancel"), key=f"{key}_cancel", icon=":material/stop_circle:", on_click=states.told,
                  args=(services.cancel_job, actor, job_id))


def progress(actor: services.Actor, job: services.JobView, step: str) -> tuple[float, str]:
    """Return how far a job is, and in words."""
    if job.state == "queued":
        ahead = services.jobs_ahead(actor, job.id)
        return 0.0, text("plm.job.queued", count=number(ahead)) if ahead else text("plm.job.next")
    name = f"{step}.{job.note}" if f"{step}.{job.note}" in texts(_shared.lang()) else f"{step}.working"
    if not job.total or job.note == "unknown":
        return 0.0, text(name)
    return (min(job.done / job.total, 1.0),
            f"{text(name)} {text('plm.job.of', done=number(job.done), total=number(job.total))}")
