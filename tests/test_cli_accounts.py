"""The operator's commands for accounts, as they are typed."""

from __future__ import annotations

import json

import pytest
from signing import BETTER, GOOD, HERE
from typer.testing import CliRunner

import services
from cli import app
from support.errors import DataError


@pytest.fixture
def run(mode, monkeypatch):
    """Give a function that runs a command; the database of the tests goes on running."""
    mode("local")
    monkeypatch.setattr(services, "_started", False)
    monkeypatch.setattr(services, "stop", lambda: None)

    def call(*words, typed=""):
        return CliRunner().invoke(app, list(words), input=typed)

    return call


def test_the_first_administrator_signs_in(run):
    made = run("create-admin", "Boss@example.org", "--nickname", "Boss", typed=f"{GOOD}\n{GOOD}\n")
    assert made.exit_code == 0 and "Boss (boss@example.org) is an administrator" in made.output
    assert GOOD not in made.output
    assert services.sign_in("boss@example.org", GOOD, HERE).actor.role == "administrator"


def test_a_password_from_standard_input_and_with_another_mode(run, mode):
    mode("off")
    made = run("create-admin", "boss@example.org", "--nickname", "Boss", "--password-stdin", typed=f"{GOOD}\n")
    assert made.exit_code == 0 and "AUTH is off" in made.output
    mode("local")
    assert services.sign_in("boss@example.org", GOOD, HERE).actor.name == "Boss"


def test_taking_over(run, query, local_as_it_came):
    made = run("create-admin", "boss@example.org", "--nickname", "Boss", "--take-over", "--password-stdin", "--lang", "ko",
               typed=f"{GOOD}\n")
    assert made.exit_code == 0 and "관리자가 되었습니다" in made.output
    assert services.sign_in("boss@example.org", GOOD, HERE).actor.id == 1


@pytest.mark.parametrize(("words", "typed", "said"), [
    (("create-admin", "boss@example.org", "--password-stdin"), GOOD, "password and a nickname"),
    (("create-admin", "boss@example.org", "--nickname", "Boss", "--password-stdin"), "password123", "anybody would try"),
    (("create-admin", "boss", "--nickname", "Boss", "--password-stdin"), GOOD, "no e-mail address"),
    (("create-admin", "boss@example.org", "--keep-password", "--nickname", "Boss"), "", "password and a nickname"),
    (("reset-password", "nobody@example.org", "--password-stdin"), GOOD, "no such account")])
def test_what_is_refused(run, query, words, typed, said):
    refused = run(*words, typed=f"{typed}\n")
    assert refused.exit_code == 1 and said in refused.output
    assert query("SELECT count(*) FROM users") == [(1,)]


def test_two_passwords_that_differ_are_asked_for_again(run):
    made = run("create-admin", "boss@example.org", "--nickname", "Boss", typed=f"{GOOD}\n{BETTER}\n{BETTER}\n{BETTER}\n")
    assert made.exit_code == 0 and services.sign_in("boss@example.org", BETTER, HERE).actor.name == "Boss"


def test_a_forgotten_password(run):
    services.sign_up("mina@example.org", GOOD, "Mina", terms=True, place=HERE)
    opened = services.sign_in("mina@example.org", GOOD, HERE)
    done = run("reset-password", "MINA@example.org", "--password-stdin", typed=f"{BETTER}\n")
    assert done.exit_code == 0 and "signed out everywhere" in done.output
    assert services.actor_by_token(opened.token) is None
    with pytest.raises(DataError):
        services.sign_in("mina@example.org", GOOD, HERE)
    assert services.sign_in("mina@example.org", BETTER, HERE).actor.name == "Mina"


def test_promoting_and_listing(run):
    services.sign_up("mina@example.org", GOOD, "Mina", terms=True, place=HERE)
    assert run("create-admin", "mina@example.org", "--keep-password").exit_code == 0
    assert services.sign_in("mina@example.org", GOOD, HERE).actor.role == "administrator"
    listed = run("members")
    assert listed.exit_code == 0 and "Mina" in listed.output and "2 account(s), page 1 of 1" in listed.output
    assert "argon2" not in listed.output
    found = json.loads(run("members", "--search", "mina", "--json").stdout)
    assert [row["email"] for row in found["rows"]] == ["mina@example.org"] and found["count"] == 1
