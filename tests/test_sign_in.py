"""Signing in by password: who gets in, brute force, how a sign-in ends, visits."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sign_in_tries import code_of, limits_of_tries, member, wrong  # noqa: F401
from signing import GOOD, HERE, THERE

import accounts
import config
import services
from accounts import Actor
from support.errors import DataError, NotFound
from usecases import sign_in

# --- by password ------------------------------------------------------------------------------------------------------


def test_a_member_signs_up_in_and_out(mode, query):
    mode()
    assert not services.sign_up("Mina@Example.org", GOOD, "Mina", terms=True, place=HERE).needs_code
    opened = services.sign_in(" mina@example.ORG", GOOD, HERE, old_token=None)
    actor = services.actor_by_token(opened.token)
    assert actor == opened.actor and (actor.name, actor.role, actor.kind) == ("Mina", "analyst", "member")
    assert opened.token not in repr(opened)
    assert query("SELECT email FROM users WHERE id = :id", id=actor.id) == [("mina@example.org",)]
    assert query("""SELECT extract(epoch FROM expires_at - created_at)::int / 86400, address, device FROM sign_ins""") == [
        (30, "198.51.100.7", "Firefox")]
    services.sign_out(opened.token)
    assert services.actor_by_token(opened.token) is None and query("SELECT count(*) FROM sign_ins") == [(0,)]
    services.sign_out(opened.token)
    services.sign_out(None)
    assert [row[0] for row in query("SELECT action FROM audit_log WHERE actor_id = :id ORDER BY id", id=actor.id)] == [
        "sign_up", "sign_in", "sign_out"]


@pytest.mark.parametrize("token", [None, "", "x", "x" * 100_000, "\0", "\udc80", "' OR 1=1 --"])
def test_a_token_that_is_none(mode, token):
    mode()
    assert services.actor_by_token(token) is None


def test_a_planted_token_is_worth_nothing(mode, query):
    """Session fixation: what the browser had before does not become the victim's."""
    mode()
    attacker = member("eve@example.org", "Eve")
    services.sign_up("mina@example.org", GOOD, "Mina", terms=True, place=HERE)
    opened = services.sign_in("mina@example.org", GOOD, HERE, old_token=attacker.token)
    assert opened.token != attacker.token and services.actor_by_token(attacker.token) is None
    again = services.sign_in("mina@example.org", GOOD, HERE, old_token="made up by somebody")
    assert services.actor_by_token("made up by somebody") is None and services.actor_by_token(again.token).name == "Mina"


def test_unknown_wrong_and_disabled_answer_alike(mode, monkeypatch):
    mode()
    member()
    looked = []
    monkeypatch.setattr(accounts, "verify_password", lambda *given: looked.append("real") or False)
    monkeypatch.setattr(accounts, "dummy_verify", lambda *given: looked.append("dummy") or False)
    assert wrong() == wrong("nobody@example.org") == wrong("no address") == wrong("") == wrong("\0") == "account.wrong"
    assert looked == ["real", "dummy", "dummy", "dummy", "dummy"]


def test_a_disabled_account_with_the_right_password(mode):
    mode()
    opened = member()
    boss = services.create_admin("boss@example.org", GOOD, "Boss")
    services.disable_member(Actor(boss.id, "administrator", "Boss", "member"), opened.actor.id)
    assert services.actor_by_token(opened.token) is None
    assert code_of(services.sign_in, "mina@example.org", GOOD, HERE) == "account.wrong"
    services.enable_member(Actor(boss.id, "administrator", "Boss", "member"), opened.actor.id)
    assert services.actor_by_token(services.sign_in("mina@example.org", GOOD, HERE).token).name == "Mina"


def test_unknown_and_wrong_take_equally_long(mode, monkeypatch):
    """With a hash that takes a while: the medians of nine tries each are within a third of each other."""
    from argon2 import PasswordHasher

    from membership import passwords

    mode()
    slow = PasswordHasher(time_cost=3, memory_cost=16_384, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", lambda: slow)
    passwords._dummy.cache_clear()
    monkeypatch.setattr(config, "LIMITS", {name: (1_000, 1) for name in config.LIMITS})
    services.sign_up("mina@example.org", GOOD, "Mina", terms=True, place=HERE)
    wrong(), wrong("nobody@example.org")
    taken = {"mina@example.org": [], "nobody@example.org": []}
    for _ in range(9):
        for email, times in taken.items():
            start = time.perf_counter()
            assert wrong(email) == "account.wrong"
            times.append(time.perf_counter() - start)
    known, unknown = (sorted(times)[len(times) // 2] for times in taken.values())
    assert 0.66 < known / unknown < 1.5


def test_a_hash_of_weaker_parameters_is_renewed(mode, query):
    mode()
    member()
    from argon2 import PasswordHasher

    weak = PasswordHasher(time_cost=1, memory_cost=16, parallelism=1).hash(GOOD.encode())
    query("UPDATE users SET password_hash = :weak WHERE email = 'mina@example.org'", weak=weak)
    services.sign_in("mina@example.org", GOOD, HERE)
    assert query("SELECT password_hash = :weak FROM users WHERE email = 'mina@example.org'", weak=weak) == [(False,)]
    assert services.sign_in("mina@example.org", GOOD, HERE).actor.name == "Mina"


# --- brute force ------------------------------------------------------------------------------------------------------


def test_one_account_from_one_address(mode, query):
    mode()
    member()
    assert [wrong() for _ in range(7)] == ["account.wrong"] * 5 + ["account.throttled"] * 2
    with pytest.raises(DataError) as caught:
        services.sign_in("mina@example.org", GOOD, HERE)
    assert caught.value.code == "account.throttled" and 14 <= caught.value.values["minutes"] <= 15
    assert services.sign_in("mina@example.org", GOOD, THERE).actor.name == "Mina"  # its owner is not locked out
    query("UPDATE attempts SET at = at - interval '15 minutes'")
    assert services.sign_in("mina@example.org", GOOD, HERE).actor.name == "Mina"


def test_an_unknown_account_is_held_up_alike(mode):
    mode()
    assert [wrong("nobody@example.org") for _ in range(6)] == ["account.wrong"] * 5 + ["account.throttled"]


def test_a_success_forgives_its_pair(mode):
    mode()
    member()
    for _ in range(3):
        assert [wrong() for _ in range(4)] == ["account.wrong"] * 4
        services.sign_in("mina@example.org", GOOD, HERE)


def test_one_account_from_many_addresses(mode, limits):
    mode()
    limits(sign_in_account=12)
    opened = member()
    tried = [wrong(place=services.Place(f"203.0.113.{number}")) for number in range(20)]
    assert tried == ["account.wrong"] * 12 + ["account.throttled"] * 8
    assert wrong(place=services.Place("192.0.2.1")) == "account.throttled"
    assert wrong(place=HERE) == "account.wrong"  # it is signed in from here: not held by what others do
    services.sign_out(opened.token)
    assert wrong(place=HERE) == "account.throttled"


def test_many_accounts_from_one_address(mode, limits):
    mode()
    limits(sign_in_address=10)
    tried = [wrong(f"user{number}@example.org") for number in range(12)]
    assert tried == ["account.wrong"] * 10 + ["account.throttled"] * 2
    assert wrong("user99@example.org", THERE) == "account.wrong"


def test_addresses_of_one_ipv6_network_count_as_one(mode, limits):
    mode()
    limits(sign_in_address=10)
    tried = [wrong(f"user{number}@example.org", services.Place(f"2001:db8:1:2::{number:x}")) for number in range(12)]
    assert tried.count("account.throttled") == 2


def test_fifty_wrong_passwords_at_once_count_as_fifty(mode, limits, query):
    mode()
    member()
    limits(sign_in_pair=100, sign_in_account=100, sign_in_address=100)
    query("DELETE FROM attempts")
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: wrong(), range(50)))
    assert answers == ["account.wrong"] * 50
    assert dict(query("SELECT kind, count(*) FROM attempts GROUP BY kind")) == {"sign_in_pair": 50, "sign_in_address": 50}


def test_of_fifty_at_once_only_as_many_as_are_allowed_are_looked_at(mode, monkeypatch):
    mode()
    member()
    looked = []
    real = accounts.verify_password
    monkeypatch.setattr(accounts, "verify_password", lambda *given: looked.append(1) or real(*given))
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: wrong(), range(50)))
    assert answers.count("account.wrong") == len(looked) == 5 and answers.count("account.throttled") == 45


def test_old_attempts_are_removed_and_hold_nobody_s_name(mode, query):
    mode()
    wrong()
    query("UPDATE attempts SET at = now() - interval '26 hours'")
    query("INSERT INTO attempts (kind, key, at) SELECT 'x', 'y', now() - interval '2 days' FROM generate_series(1, 500)")
    wrong()
    assert query("SELECT count(*), min(at) > now() - interval '1 minute' FROM attempts") == [(3, True)]
    assert not any("mina" in key or "198.51" in key for (key,) in query("SELECT key FROM attempts"))


# --- expiry, ending, what is kept -------------------------------------------------------------------------------------


def test_a_sign_in_ends(mode, query):
    mode(MIS_SIGN_IN_DAYS="7")
    opened = member()
    assert query("SELECT round(extract(epoch FROM expires_at - now()) / 86400)::int FROM sign_ins") == [(7,)]
    query("UPDATE sign_ins SET expires_at = now() - interval '1 second'")
    sign_in.forget_all()
    assert services.actor_by_token(opened.token) is None and services.list_sign_ins(opened.actor, opened.token) == ()
    services.tidy_accounts()
    assert query("SELECT count(*) FROM sign_ins") == [(0,)]


def test_what_is_kept_does_not_outlive_the_sign_in(mode, query):
    mode()
    opened = member()
    query("UPDATE sign_ins SET expires_at = now() + interval '0.3 seconds'")
    assert services.actor_by_token(opened.token) is not None
    time.sleep(0.4)
    assert services.actor_by_token(opened.token) is None


def test_a_look_at_a_token_costs_one_query_in_five_seconds(mode, monkeypatch):
    mode()
    opened = member()
    looked = []
    real = sign_in.queries.by_token
    monkeypatch.setattr(sign_in.queries, "by_token", lambda *given: looked.append(1) or real(*given))
    for _ in range(20):
        services.actor_by_token(opened.token)
    assert len(looked) == 1 and sign_in.KEPT_S <= 5


def test_seen_is_written_once_a_minute(mode, query):
    mode()
    opened = member()
    query("UPDATE sign_ins SET seen_at = now() - interval '59 seconds'")
    before = query("SELECT seen_at FROM sign_ins")
    services.actor_by_token(opened.token)
    assert query("SELECT seen_at FROM sign_ins") == before
    query("UPDATE sign_ins SET seen_at = now() - interval '61 seconds'")
    sign_in.forget_all()
    services.actor_by_token(opened.token)
    assert query("SELECT seen_at > now() - interval '10 seconds' FROM sign_ins") == [(True,)]


def test_signing_out_everywhere(mode):
    mode()
    member()
    tokens = [services.sign_in("mina@example.org", GOOD, place).token for place in (HERE, THERE)]
    actor = services.actor_by_token(tokens[0])
    listed = services.list_sign_ins(actor, tokens[0])
    assert len(listed) == 3 and [each.current for each in listed] == [True, False, False]
    assert not hasattr(listed[0], "token_sha256") and tokens[0] not in repr(listed)
    assert services.sign_out_everywhere(actor, tokens[0]) == 2
    assert services.actor_by_token(tokens[1]) is None and services.actor_by_token(tokens[0]) == actor
    assert services.sign_out_everywhere(actor) == 1 and services.actor_by_token(tokens[0]) is None


def test_ending_one_of_one_s_own_alone(mode):
    mode()
    mine, other = member(), member("juno@example.org", "Juno")
    theirs = services.list_sign_ins(other.actor, other.token)[0].id
    assert code_of(services.end_sign_in, mine.actor, theirs) == "account.sign_in_gone"
    assert services.actor_by_token(other.token) is not None
    services.end_sign_in(other.actor, theirs)
    assert services.actor_by_token(other.token) is None


def test_a_role_counts_at_once(mode):
    mode()
    opened = member()
    boss = services.create_admin("boss@example.org", GOOD, "Boss")
    assert services.actor_by_token(opened.token).role == "analyst"
    services.set_role(Actor(boss.id, "administrator", "Boss", "member"), opened.actor.id, "viewer")
    assert services.actor_by_token(opened.token).role == "viewer"


def test_a_token_opens_nothing_under_another_mode(mode):
    mode("off")
    visitor = services.open_anonymous(HERE)
    mode("local")
    assert services.actor_by_token(visitor.token) is None
    opened = member()
    mode("off")
    assert services.actor_by_token(opened.token) is None and services.actor_by_token(visitor.token) is not None
    mode("oidc")
    assert services.actor_by_token(opened.token) is None and services.actor_by_token(visitor.token) is None


# --- visits -----------------------------------------------------------------------------------------------------------


def test_visits(mode, query):
    mode()
    actor = member().actor

    def later(minutes):
        query("""UPDATE users SET seen_at = seen_at - make_interval(mins => :minutes),
                                  seen_before = seen_before - make_interval(mins => :minutes) WHERE id = :id""",
              id=actor.id, minutes=minutes)
        sign_in.forget_all()
        return query("SELECT seen_at FROM users WHERE id = :id", id=actor.id)[0][0]

    assert services.visit(actor) is None
    later(29)
    assert services.visit(actor) is None  # the same visit goes on
    ended = later(31)
    assert services.visit(actor) == ended
    kept = query("SELECT xmin, seen_at FROM users WHERE id = :id", id=actor.id)
    sign_in.forget_all()
    assert services.visit(actor) == ended  # within a minute nothing is written
    assert query("SELECT xmin, seen_at FROM users WHERE id = :id", id=actor.id) == kept
    assert services.visit(accounts.GUEST) is None


# --- neighbours, other modes, changes meanwhile -----------------------------------------------------------------------


def test_who_is_not_there_cannot_end_a_sign_in(mode):
    mode()
    opened = member()
    with pytest.raises(NotFound):
        services.end_sign_in(accounts.GUEST, services.list_sign_ins(opened.actor, None)[0].id)


def test_those_who_get_in_do_not_hold_up_their_neighbours(mode, limits):
    """An office behind one address signs in at nine."""
    mode()
    limits(sign_in_address=3, sign_in_account=3)
    member()
    assert [code_of(services.sign_in, "mina@example.org", GOOD, HERE) for _ in range(9)] == [None] * 9
    assert [wrong("nobody@example.org") for _ in range(4)] == ["account.wrong"] * 3 + ["account.throttled"]


@pytest.mark.parametrize("auth", ["off", "oidc"])
def test_no_password_opens_anything_under_another_mode(mode, auth):
    mode()
    member()
    mode(auth)
    assert code_of(services.sign_in, "mina@example.org", GOOD, HERE) == "account.no_sign_up"


def test_what_was_read_before_a_change_is_not_kept(mode, monkeypatch):
    """The row is read, then the sign-in ends, then the reader goes on: its answer must not stay."""
    mode()
    opened = member()
    real = sign_in.queries.by_token

    def slowly(*given):
        row = real(*given)
        monkeypatch.setattr(sign_in.queries, "by_token", real)
        services.sign_out(opened.token)
        return row

    sign_in.forget_all()
    monkeypatch.setattr(sign_in.queries, "by_token", slowly)
    services.actor_by_token(opened.token)
    assert services.actor_by_token(opened.token) is None
