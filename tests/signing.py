"""How tests of accounts set how people sign in, and mail that is read instead of sent."""

from __future__ import annotations

import pytest

import config
from usecases import mails, sign_in
from usecases.member_results import Place

HERE, THERE = Place("198.51.100.7", "Firefox"), Place("203.0.113.9", "Chrome")
GOOD, BETTER = "three green walruses", "four purple herons"


@pytest.fixture
def mode(clean, monkeypatch):
    """Give a function that sets how people sign in; passwords are hashed as quickly as argon2 allows."""
    from argon2 import PasswordHasher

    from membership import passwords

    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", lambda: quick)
    passwords._dummy.cache_clear()

    def switch(auth="local", **environment):
        monkeypatch.setenv("AUTH", auth)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        config.reload()
        sign_in.forget_all()

    yield switch
    sign_in.forget_all()
    passwords._dummy.cache_clear()


@pytest.fixture
def post(mode, monkeypatch):
    """Let mail be read: a list of (recipient, kind of mail, values)."""
    sent = []
    monkeypatch.setattr(mails, "configured", lambda: True)
    monkeypatch.setattr(mails, "send", lambda to, kind, lang, **values: sent.append((to, kind, values)))
    monkeypatch.setattr(mails, "send_later", lambda to, kind, lang, **values: sent.append((to, kind, values)))
    return sent


@pytest.fixture
def local_as_it_came(query):
    """Put the local user of AUTH=off back after a test that gave it credentials."""
    yield
    query("""UPDATE users SET email = NULL, password_hash = NULL, nickname = 'local', role = 'administrator',
             kind = 'local', verified_at = NULL, disabled_at = NULL, bio = '' WHERE id = 1""")
