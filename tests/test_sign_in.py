"""Signing in: by password, anonymously, with the operator's password, through an identity provider."""

from __future__ import annotations

import pytest

import config
import services
from services import Place
from support.errors import DataError

HERE = Place("198.51.100.7", "Firefox")
GOOD = "three green walruses"


@pytest.fixture
def mode(clean, monkeypatch):
    """Give a function that sets how people sign in."""
    from usecases import sign_in

    def switch(auth, **environment):
        monkeypatch.setenv("AUTH", auth)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        config.reload()
        sign_in.forget_all()

    yield switch
    sign_in.forget_all()


def test_a_member_signs_up_in_and_out(mode):
    mode("local")
    assert not services.sign_up("Mina@Example.org", GOOD, "Mina", terms=True, place=HERE).needs_code
    opened = services.sign_in("mina@example.ORG", GOOD, HERE, old_token=None)
    actor = services.actor_by_token(opened.token)
    assert actor == opened.actor and (actor.name, actor.role, actor.kind) == ("Mina", "analyst", "member")
    services.sign_out(opened.token)
    assert services.actor_by_token(opened.token) is None
    with pytest.raises(DataError, match="not right"):
        services.sign_in("mina@example.org", "wrong", HERE)


def test_a_visitor_and_the_operators_password(mode):
    mode("off", ADMIN_PASSWORD="a long operator's word")
    opened = services.open_anonymous(HERE, "ko")
    assert opened.actor.name.startswith("방문자-") and services.actor_by_token(opened.token).role == "analyst"
    raised = services.unlock_operator(opened.token, "a long operator's word", HERE)
    assert raised.token != opened.token and services.actor_by_token(opened.token) is None
    assert services.actor_by_token(raised.token).role == "administrator"
    services.lock_operator(raised.token)
    assert services.actor_by_token(raised.token).role == "analyst"
    with pytest.raises(DataError, match="operator's password is not right"):
        services.unlock_operator(raised.token, "another one", HERE)
