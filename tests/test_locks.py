"""Locks of the database: held by one, given back, taken anew after the database was away; what an error of it says."""

from __future__ import annotations

import psycopg2
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

import config
import db
from queries import sync as statements
from support.errors import Busy, DatabaseUnavailable
from usecases import locks


def hold(wait_s=0.0):
    return locks.hold(statements.try_lock, statements.unlock, lambda _: Busy("songs.busy"), wait_s)


def cut(query):
    """End the connection that holds the lock, as a database that goes away does, and wait until it has ended."""
    assert query("SELECT pg_terminate_backend(pid, 10000) FROM pg_locks WHERE locktype = 'advisory' AND objid = :key",
                 key=statements.LOCK) == [(True,)]


def held(query):
    return query("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = :key", key=statements.LOCK)[0][0]


def test_one_at_a_time_and_given_back(database, query):
    with hold():
        with pytest.raises(Busy), hold(0.2):
            pass
        assert held(query) == 1
    assert held(query) == 0
    with pytest.raises(ZeroDivisionError), hold():
        raise ZeroDivisionError
    assert held(query) == 0


def test_a_lock_that_went_with_its_connection_is_taken_anew(database, query):
    with hold() as lock:
        lock.keep()
        cut(query)
        assert held(query) == 0
        lock.keep()
        assert held(query) == 1
    assert held(query) == 0


def test_a_lock_that_is_gone_is_no_failure_of_finished_work(database, query):
    with hold():
        cut(query)
    with hold() as lock:
        cut(query)
        with hold(), pytest.raises(Busy):  # another was quicker
            lock.keep()


def test_a_connection_cut_in_the_middle_is_told_in_our_words(database, query):
    """Also where COPY goes past SQLAlchemy."""
    for statement in ("SELECT 1", "COPY (SELECT 1) TO STDOUT"):
        with pytest.raises(DatabaseUnavailable) as caught, db.begin() as connection:
            query("SELECT pg_terminate_backend(:pid, 10000)", pid=connection.execute(text("SELECT pg_backend_pid()")).scalar())
            connection.connection.cursor().execute(statement)
        assert caught.value.code == ("database_unreachable" if config.load().database_url else "database_gone")
    with pytest.raises(DBAPIError), db.begin() as connection:
        connection.execute(text("SELECT 1 / 0"))


class Full(psycopg2.OperationalError):
    """What the driver raises where the server's disk is full."""

    pgcode = "53100"


def test_a_full_disk_is_told_as_such(database):
    with pytest.raises(DatabaseUnavailable) as caught, db.begin():
        raise Full('could not extend file "base/5/16384": No space left on device\nHINT:  Check free disk space.')
    assert caught.value.code == "database_full" and "could not extend file" in caught.value.message("en")
    assert "공간" in caught.value.message("ko") and "HINT" not in caught.value.message("en")
