"""Signing in without a password of one's own: anonymously, with the operator's password, through a provider; logs."""

from __future__ import annotations

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sign_in_tries import code_of, limits_of_tries, member, wrong  # noqa: F401
from signing import GOOD, HERE, THERE

import accounts
import services
from support.errors import NotAllowed
from usecases import sign_in

OPERATOR = "a long operator's word"
CLAIMS = {"iss": "https://id.example", "sub": "u-1", "iat": 1_000, "email": "Mina@Example.org", "email_verified": True,
          "preferred_username": "mina"}


# --- visitors and the operator's password -----------------------------------------------------------------------------


def test_a_visitor_and_the_operators_password(mode, query):
    mode("off", ADMIN_PASSWORD=OPERATOR)
    opened = services.open_anonymous(HERE, "ko")
    assert opened.actor.name.startswith("방문자-") and opened.actor.kind == "anonymous"
    assert services.actor_by_token(opened.token).role == "analyst"
    raised = services.unlock_operator(opened.token, OPERATOR, HERE)
    assert raised.token != opened.token and services.actor_by_token(opened.token) is None
    actor = services.actor_by_token(raised.token)
    assert actor.role == "administrator" and actor.id == opened.actor.id
    assert services.list_sign_ins(actor, raised.token)[0].operator_until is not None
    services.lock_operator(raised.token)
    assert services.actor_by_token(raised.token).role == "analyst"
    assert query("SELECT role FROM users WHERE id = :id", id=actor.id) == [("analyst",)]
    assert query("SELECT detail::text FROM audit_log WHERE action = 'unlock_operator'") == [('{"hours": 12}',)]


def test_the_operators_rights_end(mode, query):
    mode("off", ADMIN_PASSWORD=OPERATOR)
    raised = services.unlock_operator(services.open_anonymous(HERE).token, OPERATOR, HERE)
    assert query("SELECT round(extract(epoch FROM operator_until - now()) / 3600)::int FROM sign_ins") == [(12,)]
    query("UPDATE sign_ins SET operator_until = now() + interval '0.3 seconds'")
    sign_in.forget_all()
    assert services.actor_by_token(raised.token).role == "administrator"
    time.sleep(0.4)
    sign_in.forget_all()
    assert services.actor_by_token(raised.token).role == "analyst"


def test_who_has_no_token_gets_one_with_the_operators_password(mode):
    mode("off", ADMIN_PASSWORD=OPERATOR)
    for token in (None, "made up"):
        raised = services.unlock_operator(token, OPERATOR, HERE)
        assert raised.token != token and services.actor_by_token(raised.token).role == "administrator"


def test_the_operators_password_is_not_found_by_trying(mode):
    mode("off", ADMIN_PASSWORD=OPERATOR)
    token = services.open_anonymous(HERE).token
    tried = [code_of(services.unlock_operator, token, f"{number}", HERE) for number in range(6)]
    assert tried == ["account.operator_wrong"] * 5 + ["account.throttled"]
    assert code_of(services.unlock_operator, token, OPERATOR, HERE) == "account.throttled"
    assert services.actor_by_token(services.unlock_operator(token, OPERATOR, THERE).token).role == "administrator"


def test_there_is_no_operators_password(mode):
    mode("off")
    token = services.open_anonymous(HERE).token
    assert code_of(services.unlock_operator, token, "", HERE) == "account.operator_off"
    mode("local", ADMIN_PASSWORD=OPERATOR)  # there, administrators sign in
    assert code_of(services.unlock_operator, None, OPERATOR, HERE) == "account.operator_off"
    assert code_of(services.open_anonymous, HERE) == "account.sign_in_first"


def test_rights_by_a_password_that_was_taken_away(mode, monkeypatch):
    mode("off", ADMIN_PASSWORD=OPERATOR)
    raised = services.unlock_operator(None, OPERATOR, HERE)
    monkeypatch.delenv("ADMIN_PASSWORD")
    mode("off")
    assert services.actor_by_token(raised.token).role == "analyst"


def test_rights_by_a_password_that_was_changed(mode, query):
    """They end at once, and the new password gives them again; nothing in the database tells of either."""
    mode("off", ADMIN_PASSWORD=OPERATOR)
    raised = services.unlock_operator(None, OPERATOR, HERE)
    assert services.actor_by_token(raised.token).role == "administrator"
    mode("off", ADMIN_PASSWORD=OPERATOR + "!")
    actor = services.actor_by_token(raised.token)
    assert (actor.id, actor.role) == (raised.actor.id, "analyst")
    assert code_of(services.unlock_operator, raised.token, OPERATOR, HERE) == "account.operator_wrong"
    again = services.unlock_operator(raised.token, OPERATOR + "!", HERE)
    assert services.actor_by_token(again.token).role == "administrator"
    (proof,), = query("SELECT operator_proof FROM sign_ins WHERE user_id = :id", id=actor.id)
    assert proof == accounts.proof(again.token, OPERATOR + "!") != accounts.proof(raised.token, OPERATOR + "!")
    services.lock_operator(again.token)
    assert query("SELECT operator_until, operator_proof FROM sign_ins WHERE user_id = :id", id=actor.id) == [(None, None)]


@pytest.mark.parametrize("proof", [None, "", "0" * 64, OPERATOR])
def test_rights_without_the_proof_of_the_password_are_none(mode, query, proof):
    mode("off", ADMIN_PASSWORD=OPERATOR)
    raised = services.unlock_operator(None, OPERATOR, HERE)
    query("UPDATE sign_ins SET operator_proof = :proof RETURNING id", proof=proof)
    sign_in.forget_all()
    assert services.actor_by_token(raised.token).role == "analyst"


def test_visitors_are_made_sparingly(mode, limits, query):
    mode("off")
    limits(open_address=3)
    assert [code_of(services.open_anonymous, HERE) for _ in range(4)] == [None] * 3 + ["account.throttled"]
    assert code_of(services.open_anonymous, THERE) is None
    assert query("SELECT count(DISTINCT nickname) FROM users WHERE kind = 'anonymous'") == [(4,)]


def test_made_up_names_that_are_taken(mode, monkeypatch):
    mode("off")
    monkeypatch.setattr(accounts, "made_up", lambda lang, length=4: f"visitor-{'A' * length}")
    names = [services.open_anonymous(HERE).actor.name for _ in range(3)]
    assert names == ["visitor-AAAA", "visitor-AAAAAA", "visitor-AAAAAAAA"]


# --- identity providers -----------------------------------------------------------------------------------------------


def test_somebody_from_an_identity_provider(mode, query):
    mode("oidc")
    actor = services.oidc_actor(CLAIMS)
    assert (actor.name, actor.role, actor.kind) == ("mina", "analyst", "oidc")
    sign_in.forget_all()
    assert services.oidc_actor({**CLAIMS, "preferred_username": "other", "iat": 2_000}) == actor
    assert query("SELECT email, issuer, subject, password_hash FROM users WHERE id = :id", id=actor.id) == [
        ("mina@example.org", "https://id.example", "u-1", None)]
    assert services.oidc_actor({**CLAIMS, "iss": "https://other.example"}).id != actor.id


@pytest.mark.parametrize("verified", [False, None, "false", 1, "yes"])
def test_an_address_that_is_not_verified_counts_for_nothing(mode, query, verified):
    mode("oidc", OIDC_ADMINISTRATORS="mina@example.org")
    actor = services.oidc_actor({**CLAIMS, "email_verified": verified})
    assert actor.role == "analyst" and query("SELECT email FROM users WHERE id = :id", id=actor.id) == [(None,)]


def test_administrators_are_those_of_the_settings(mode, query):
    mode("oidc", OIDC_ADMINISTRATORS="boss@example.org, MINA@example.org")
    actor = services.oidc_actor(CLAIMS)
    assert actor.role == "administrator"
    mode("oidc", OIDC_ADMINISTRATORS="boss@example.org")
    assert services.oidc_actor(CLAIMS) == replace(actor, role="analyst")
    assert code_of(services.set_role, replace(actor, id=1, role="administrator"), actor.id,
                   "administrator") == "account.role_by_settings"
    services.set_role(replace(actor, id=1, role="administrator"), actor.id, "viewer")
    assert services.oidc_actor(CLAIMS).role == "viewer"


def test_an_address_does_not_open_another_s_account(mode, query):
    mode("local")
    mina = member().actor
    mode("oidc")
    actor = services.oidc_actor(CLAIMS)
    assert actor.id != mina.id and actor.name != "Mina"
    assert query("SELECT email FROM users WHERE id = :id", id=actor.id) == [(None,)]


def test_names_from_a_provider_are_made_unique_and_fit(mode):
    mode("oidc")
    names = [services.oidc_actor({**CLAIMS, "sub": f"u-{number}", "email": f"u{number}@example.org", **given}).name
             for number, given in enumerate([{}, {}, {"preferred_username": "admin"}, {"preferred_username": "\u202e😀"},
                                             {"preferred_username": "someone@example.org", "name": "Kim Mina"},
                                             {"preferred_username": None}])]
    assert names[0] == "mina" and names[1].startswith("mina-") and names[4] == "Kim Mina"
    assert all(name.startswith("visitor-") for name in (names[2], names[3], names[5])) and len(set(names)) == 6


@pytest.mark.parametrize("claims", [{}, {"iss": "x"}, {"sub": "x"}, {"iss": "", "sub": ""}])
def test_claims_that_name_nobody(mode, claims):
    mode("oidc")
    assert code_of(services.oidc_actor, claims) == "account.claims"


def test_disabled_and_signed_out_everywhere(mode):
    mode("oidc", OIDC_ADMINISTRATORS="boss@example.org")
    now = int(time.time())
    actor = services.oidc_actor({**CLAIMS, "iat": now})
    services.sign_out_everywhere(actor)
    with pytest.raises(NotAllowed) as caught:
        services.oidc_actor({**CLAIMS, "iat": now})
    assert caught.value.code == "account.signed_out"
    assert services.oidc_actor({**CLAIMS, "iat": now + 5}) == actor
    boss = services.oidc_actor({**CLAIMS, "sub": "boss", "email": "boss@example.org", "preferred_username": "Chef"})
    services.disable_member(boss, actor.id)
    assert code_of(services.oidc_actor, {**CLAIMS, "iat": now + 5}) == "account.disabled"


def test_the_first_time_at_two_places_at_once_makes_one_account(mode, query):
    mode("oidc")
    with ThreadPoolExecutor(8) as pool:
        actors = set(pool.map(lambda number: services.oidc_actor({**CLAIMS, "iat": number}), range(1, 9)))
    assert len(actors) == 1 and query("SELECT count(*) FROM users WHERE kind = 'oidc'") == [(1,)]


def test_an_account_of_a_provider_gets_a_password_from_the_operator(mode):
    mode("oidc")
    actor = services.oidc_actor(CLAIMS)
    services.set_password("mina@example.org", GOOD)
    mode("local")
    assert services.actor_by_token(services.sign_in("mina@example.org", GOOD, HERE).token).id == actor.id
    mode("oidc")
    assert services.oidc_actor({**CLAIMS, "iat": 3_000}) == actor


# --- logs -------------------------------------------------------------------------------------------------------------


def test_no_secret_in_log_or_audit(mode, caplog, query):
    mode("off", ADMIN_PASSWORD=OPERATOR)
    with caplog.at_level(logging.DEBUG):
        token = services.open_anonymous(HERE).token
        code_of(services.unlock_operator, token, "a wrong guess of it", HERE)
        raised = services.unlock_operator(token, OPERATOR, HERE).token
        mode("local")
        opened = member()
        wrong()
    said = caplog.text + repr(query("SELECT * FROM audit_log"))
    for secret in (token, raised, opened.token, OPERATOR, "a wrong guess", GOOD, "wrong password", "mina@example.org",
                   "Mina", "198.51.100.7"):
        assert secret not in said, secret
