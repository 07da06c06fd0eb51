"""Deleting an account with all that is personal, and forgetting visitors and sign-ups nobody came back to."""

from __future__ import annotations

import logging
import time

import accounts
import config
import db
from accounts import Actor
from queries import leaving as queries
from queries import people
from queries import sign_ins as sign_in_queries
from support.errors import DataError, NotFound
from usecases import jobs, picture_store, throttling
from usecases.administration import keep_an_administrator
from usecases.bgm_files import forget_wav
from usecases.members import check_password
from usecases.my_data import forget_my_data
from usecases.sign_in import forget

log = logging.getLogger(__name__)
WAIT_S = 5.0
"""Seconds for which running jobs of an account are waited for; what they still store finds no owner and fails."""


def delete_account(actor: Actor, confirmation: str) -> None:
    """Delete the actor's own account with everything of theirs; it cannot be undone.

    What they made goes, also what others liked or were shown by link; pictures in a bucket and files in the data
    folder as well. Posts and comments that others have answered to stay without text and author. The audit log keeps
    the account's number.

    Parameters
    ----------
    confirmation : str
        The password; for an account without one, the nickname as it is shown.

    Raises
    ------
    DataError
        ``account.password_wrong``, ``account.nickname_wrong``, ``account.throttled``; ``account.last_administrator``;
        ``account.local_stays`` for the local user of ``AUTH=off``, who is nobody's account.
    NotFound
    """
    _confirm(actor, confirmation)
    _stop_jobs(actor.id)
    with db.begin() as connection:
        keep_an_administrator(connection, actor.id)
        row = people.account(connection, actor.id, lock=True)
        if row is None:
            raise NotFound("account.gone")
        songs, plans = queries.songs_tied(connection, actor.id), queries.plans(connection, actor.id)
        pictures = queries.object_keys(connection, actor.id)
        queries.drop_likes(connection, actor.id)
        queries.drop_board(connection, actor.id)
        queries.drop_jobs(connection, actor.id)
        queries.drop_user(connection, actor.id)
        queries.drop_reports(connection)
        queries.drop_songs(connection, songs)
        if row["email"]:
            sign_in_queries.forget_attempts(connection, throttling.account_key(row["email"]))
        if actor.id == accounts.LOCAL_ADMINISTRATOR.id:
            queries.put_back_local(connection)
        people.record_act(connection, actor.id, "delete_account", f"user {actor.id}")
    forget(user_id=actor.id)
    for plan in plans:
        forget_wav(plan)
    for key in pictures:
        picture_store.drop(key)
    forget_my_data(actor.id)


def _confirm(actor: Actor, confirmation: str) -> None:
    with db.begin() as connection:
        row = people.account(connection, actor.id)
    if row is None:
        raise NotFound("account.gone")
    if row["password_hash"]:
        check_password(actor, confirmation)
    elif actor.id == accounts.LOCAL_ADMINISTRATOR.id:
        raise DataError("account.local_stays")
    elif accounts.nickname_key(confirmation.strip()) != accounts.nickname_key(row["nickname"]):
        raise DataError("account.nickname_wrong")


def _stop_jobs(user_id: int) -> None:
    """Ask a user's jobs to stop and wait a moment for those of this process."""
    with db.begin() as connection:
        active = queries.active_jobs(connection, user_id)
    here = [job for job in active if jobs.runner().cancel(job)]
    deadline = time.monotonic() + WAIT_S
    while any(jobs.runner().progress(job) for job in here) and time.monotonic() < deadline:
        time.sleep(0.05)


def tidy_accounts(most: int = 1_000) -> int:
    """Forget visitors and sign-ups nobody came back to; return how many.

    These are up to `most` visitors who own nothing and were not seen for `config.IDLE_ANONYMOUS_DAYS`, and accounts
    whose address was not confirmed in `config.UNVERIFIED_HOURS`. Attempts, codes and sign-ins that are over go too.
    """
    with db.begin() as connection:
        idle = queries.idle_visitors(connection, config.IDLE_ANONYMOUS_DAYS, most)
        for user_id in idle:
            queries.drop_user(connection, user_id)
        unconfirmed = queries.drop_unverified(connection, config.UNVERIFIED_HOURS)
        sign_in_queries.tidy(connection, most=100_000)
    if idle or unconfirmed:
        log.info("%s visitor(s) and %s sign-up(s) that nobody came back to are forgotten", len(idle), unconfirmed)
    return len(idle) + unconfirmed
