"""What tests of signing in try: a member, a wrong password, the code of an error, limits of their own."""

from __future__ import annotations

import pytest
from signing import GOOD, HERE

import config
import services
from support.errors import AppError


def member(email="mina@example.org", nickname="Mina"):
    services.sign_up(email, GOOD, nickname, terms=True, place=HERE)
    return services.sign_in(email, GOOD, HERE)


def code_of(call, *given, **named):
    """Return the code of the error a call ends with, None where it ends well."""
    try:
        call(*given, **named)
    except AppError as error:
        return error.code
    return None


def wrong(email="mina@example.org", place=HERE):
    return code_of(services.sign_in, email, "wrong password", place)


@pytest.fixture(name="limits")
def limits_of_tries(monkeypatch):
    """Give a function that sets how often something may be tried."""
    def change(**most):
        monkeypatch.setattr(config, "LIMITS", {**config.LIMITS, **{name: (count, config.LIMITS[name][1])
                                                                   for name, count in most.items()}})
    return change
