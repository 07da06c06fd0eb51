"""Accounts with a password: signing up, codes, resetting and changing; roles and the audit trail."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sign_in_tries import code_of
from signing import BETTER, GOOD, HERE, THERE

import config
import services
from accounts import LOCAL_ADMINISTRATOR, Actor
from support.errors import DataError, NotFound, ProviderError
from usecases import mails, sign_in

EMAIL = "mina@example.org"


def sign_up(email=EMAIL, nickname="Mina", password=GOOD, place=HERE, **named):
    return services.sign_up(email, password, nickname, terms=True, place=place, **named)


def member(email=EMAIL, nickname="Mina"):
    sign_up(email, nickname)
    return services.sign_in(email, GOOD, HERE)


def other_code(code):
    return f"{(int(code) + 1) % 1_000_000:06}"


@pytest.fixture
def free(monkeypatch):
    """Let nothing be held up by how often it is tried."""
    monkeypatch.setattr(config, "LIMITS", {name: (10_000, 1) for name in config.LIMITS})


# --- signing up -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("change", "code"), [
    ({"email": "mina"}, "account.email"), ({"password": "short"}, "account.password_length"),
    ({"password": "password123"}, "account.password_common"), ({"nickname": "x"}, "account.nickname_length"),
    ({"nickname": "admin"}, "account.nickname_reserved"), ({"password": EMAIL}, "account.password_own"),
    ({"nickname": "green Walrus", "password": "Green walrus"}, "account.password_own"), ({"terms": False}, "account.terms")])
def test_what_is_refused_leaves_nothing(mode, query, change, code):
    mode()
    given = {"email": EMAIL, "password": GOOD, "nickname": "Mina", "terms": True, **change}
    assert code_of(services.sign_up, given["email"], given["password"], given["nickname"], terms=given["terms"],
                   place=HERE) == code
    assert query("SELECT count(*) FROM users") == [(1,)] and query("SELECT count(*) FROM attempts") == [(0,)]


@pytest.mark.parametrize("auth", ["off", "oidc"])
def test_nobody_signs_up_where_nobody_signs_in(mode, auth):
    mode(auth)
    assert code_of(sign_up) == "account.no_sign_up"


def test_without_mail_an_account_is_ready_at_once_and_an_existing_one_is_not_told(mode, query):
    mode()
    first = sign_up()
    before = query("SELECT * FROM users WHERE email = :email", email=EMAIL)
    again = sign_up(EMAIL.upper(), "Somebody", BETTER)
    assert first == again == services.SignedUp(needs_code=False)
    assert query("SELECT * FROM users WHERE email = :email", email=EMAIL) == before
    assert code_of(services.sign_in, EMAIL, BETTER, HERE) == "account.wrong"
    assert services.sign_in(EMAIL, GOOD, HERE).actor.name == "Mina"


def test_with_mail_a_code_is_needed(mode, post, query):
    mode()
    assert sign_up() == services.SignedUp(needs_code=True)
    to, kind, values = post[0]
    assert (to, kind) == (EMAIL, "verify") and len(values["code"]) == 6
    assert values["code"] not in repr(query("SELECT * FROM account_codes"))
    assert code_of(services.sign_in, EMAIL, GOOD, HERE) == "account.unverified"
    assert code_of(services.sign_in, EMAIL, "wrong one", HERE) == "account.wrong"
    services.verify_email(EMAIL.upper(), values["code"], HERE)
    assert services.sign_in(EMAIL, GOOD, HERE).actor.name == "Mina"
    assert code_of(services.verify_email, EMAIL, values["code"], HERE) == "account.code_wrong"  # one use


def test_with_mail_an_existing_account_hears_of_it_by_mail(mode, post):
    mode()
    sign_up()
    services.verify_email(EMAIL, post[-1][2]["code"], HERE)
    answers = {sign_up(nickname="Somebody"), sign_up("free@example.org", "Another")}
    assert answers == {services.SignedUp(needs_code=True)}
    assert [(to, kind) for to, kind, _ in post[1:]] == [(EMAIL, "exists"), ("free@example.org", "verify")]
    assert post[1][2] == {}


def test_whether_a_nickname_is_free_afterwards_does_not_tell_of_an_account(mode, post, query):
    """Enumeration by a detour: sign up with an address, then see whether the nickname is taken."""
    mode()
    sign_up()
    services.verify_email(EMAIL, post[-1][2]["code"], HERE)
    sign_up(EMAIL, "Probe one")  # the address has an account
    sign_up("free@example.org", "Probe two")  # this one has none
    assert code_of(sign_up, "eve@example.org", "Probe one") == "account.nickname_taken"
    assert code_of(sign_up, "eve@example.org", "Probe two") == "account.nickname_taken"
    assert code_of(sign_up, EMAIL, "probe ONE") == code_of(sign_up, "free@example.org", "Probe two") is None
    query("UPDATE attempts SET at = at - interval '25 hours'")
    query("UPDATE users SET created_at = created_at - interval '25 hours' WHERE verified_at IS NULL")
    assert code_of(sign_up, "eve@example.org", "Probe one") == code_of(sign_up, "eva@example.org", "Probe two") is None


@pytest.mark.parametrize("with_mail", [False, True])
def test_an_account_of_a_provider_is_not_signed_up_over(mode, query, request, with_mail):
    mode("oidc")
    actor = services.oidc_actor({"iss": "https://id.example", "sub": "1", "iat": 1, "email": EMAIL,
                                 "email_verified": True, "name": "Mina"})
    query("UPDATE users SET verified_at = NULL WHERE id = :id", id=actor.id)
    before = query("SELECT * FROM users WHERE id = :id", id=actor.id)
    mode("local")
    if with_mail:
        request.getfixturevalue("post")
    assert sign_up(nickname="Eve") == services.SignedUp(needs_code=with_mail)
    assert query("SELECT * FROM users WHERE id = :id", id=actor.id) == before
    assert query("SELECT count(*) FROM users WHERE lower(email) = :email", email=EMAIL) == [(1,)]
    assert code_of(services.sign_in, EMAIL, GOOD, HERE) == "account.wrong"


def test_a_sign_up_that_was_never_confirmed_gives_way(mode, post, query):
    mode()
    sign_up(nickname="Squatter", password=BETTER)
    old = post[-1][2]["code"]
    sign_up()
    assert code_of(services.verify_email, EMAIL, old, HERE) == "account.code_wrong" or old == post[-1][2]["code"]
    services.verify_email(EMAIL, post[-1][2]["code"], HERE)
    assert code_of(services.sign_in, EMAIL, BETTER, HERE) == "account.wrong"
    assert services.sign_in(EMAIL, GOOD, HERE).actor.name == "Mina"
    assert query("SELECT count(*) FROM users WHERE email = :email", email=EMAIL) == [(1,)]


def test_a_mail_that_fails_is_told_and_the_sign_up_can_be_repeated(mode, post, monkeypatch):
    mode()

    def fail(*given, **named):
        raise ProviderError("mail.not_sent", why={"key": "errors.mail.why_timeout", "values": {}})

    with monkeypatch.context() as patch:
        patch.setattr(mails, "send", fail)
        assert code_of(sign_up) == "mail.not_sent"
    sign_up()
    services.verify_email(EMAIL, post[-1][2]["code"], HERE)


def test_two_who_want_one_nickname_at_once(mode, query, free):
    mode()
    for round_ in range(3):
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda number, of=round_: code_of(
                sign_up, f"u{of}-{number}@example.org", f"{'Mina' if number % 2 else 'MINA'} {of}"), range(8)))
        assert sorted(answers, key=str) == [None] + ["account.nickname_taken"] * 7
    assert query("SELECT count(*) FROM users WHERE nickname ILIKE 'mina%'") == [(3,)]


def test_one_address_signed_up_for_twice_at_once(mode, query, free):
    mode()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: code_of(sign_up, EMAIL, f"Mina {number}"), range(8)))
    assert query("SELECT count(*) FROM users WHERE email = :email", email=EMAIL) == [(1,)]
    assert set(answers) <= {None, "account.nickname_taken"} and None in answers


def test_signing_up_is_held_up_by_address(mode):
    mode()
    most = config.LIMITS["sign_up_address"][0]
    answers = [code_of(sign_up, f"u{number}@example.org", f"Mina {number}") for number in range(most + 2)]
    assert answers == [None] * most + ["account.throttled"] * 2
    assert code_of(sign_up, "x@example.org", "Other", place=THERE) is None


def test_mail_to_one_address_is_held_up(mode, post):
    """Nobody's box is filled from here."""
    mode()
    most = config.LIMITS["mail_account"][0]
    places = [services.Place(f"203.0.113.{number}") for number in range(most + 4)]
    assert [code_of(sign_up, place=place) for place in places[:most]] == [None] * most
    assert code_of(sign_up, place=places[most]) == "account.throttled"
    assert code_of(services.request_reset, EMAIL, places[most + 1]) == "account.throttled"
    assert code_of(services.resend_code, EMAIL, places[most + 2]) == "account.throttled" and len(post) == most


# --- codes ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def waiting(mode, post, query):
    """Let an account wait for its code; return the code."""
    mode()
    sign_up()
    return post[-1][2]["code"]


def test_a_code_takes_five_tries(waiting):
    assert [code_of(services.verify_email, EMAIL, other_code(waiting), HERE) for _ in range(5)] == ["account.code_wrong"] * 5
    assert code_of(services.verify_email, EMAIL, waiting, HERE) == "account.code_wrong"
    services.resend_code(EMAIL, HERE)


def test_a_code_at_the_fifth_try(waiting):
    for _ in range(4):
        code_of(services.verify_email, EMAIL, other_code(waiting), HERE)
    services.verify_email(EMAIL, f" {waiting[:3]} {waiting[3:]} ", HERE)


def test_many_codes_at_once_are_five_tries(waiting, free, query):
    """Fifty at the same moment, all wrong: the right one afterwards is one too many."""
    guesses = [f"{number:06}" for number in range(60) if f"{number:06}" != waiting][:50]
    with ThreadPoolExecutor(25) as pool:
        answers = list(pool.map(lambda guess: code_of(services.verify_email, EMAIL, guess, HERE), guesses))
    assert answers == ["account.code_wrong"] * 50 and query("SELECT tries FROM account_codes") == [(5,)]
    assert code_of(services.verify_email, EMAIL, waiting, HERE) == "account.code_wrong"


def test_a_code_holds_fifteen_minutes(waiting, query):
    assert query("SELECT round(extract(epoch FROM expires_at - created_at) / 60)::int FROM account_codes") == [(15,)]
    query("UPDATE account_codes SET expires_at = now() - interval '1 second'")
    assert code_of(services.verify_email, EMAIL, waiting, HERE) == "account.code_wrong"


def test_a_code_is_for_one_thing_and_one_account(waiting, post):
    sign_up("juno@example.org", "Juno")
    assert code_of(services.verify_email, "juno@example.org", waiting, HERE) == "account.code_wrong"
    assert code_of(services.reset_password, EMAIL, waiting, BETTER, HERE) == "account.code_wrong"
    services.verify_email(EMAIL, waiting, HERE)


@pytest.mark.parametrize("email", ["nobody@example.org", "no address", "", "\0"])
def test_a_code_for_nobody_answers_alike(mode, email):
    mode()
    assert code_of(services.verify_email, email, "123456", HERE) == "account.code_wrong"
    assert code_of(services.reset_password, email, "123456", BETTER, HERE) == "account.code_wrong"


def test_codes_in_a_row_are_held_up(mode, post, query):
    """With a fresh code every time one could go on trying."""
    mode()
    sign_up()
    most, tried = config.LIMITS["code_account"][0], 0
    for number in range(10):
        query("DELETE FROM attempts WHERE kind LIKE 'mail%'")
        services.resend_code(EMAIL, HERE)
        for _ in range(5):
            place = services.Place(f"203.0.113.{number}")
            tried += code_of(services.verify_email, EMAIL, other_code(post[-1][2]["code"]), place) == "account.code_wrong"
    assert tried == most


def test_a_new_code_ends_the_one_before(waiting, post):
    services.resend_code(EMAIL, HERE)
    assert post[-1][1] == "verify" and len(post) == 2
    if post[-1][2]["code"] != waiting:
        assert code_of(services.verify_email, EMAIL, waiting, HERE) == "account.code_wrong"
    services.verify_email(EMAIL, post[-1][2]["code"], HERE)
    services.resend_code(EMAIL, HERE)  # confirmed already: nothing is sent, the answer is the same
    services.resend_code("nobody@example.org", HERE)
    assert len(post) == 2


# --- a forgotten password ---------------------------------------------------------------------------------------------


def test_a_reset_ends_all_sign_ins(mode, post):
    mode()
    sign_up()
    services.verify_email(EMAIL, post[-1][2]["code"], HERE)
    tokens = [services.sign_in(EMAIL, GOOD, place).token for place in (HERE, THERE)]
    assert services.request_reset(EMAIL, HERE) is services.request_reset("nobody@example.org", HERE) is None
    assert [kind for _, kind, _ in post] == ["verify", "reset"]
    services.reset_password(EMAIL, post[-1][2]["code"], BETTER, HERE)
    assert [services.actor_by_token(token) for token in tokens] == [None, None]
    assert code_of(services.sign_in, EMAIL, GOOD, HERE) == "account.wrong"
    assert services.sign_in(EMAIL, BETTER, HERE).actor.name == "Mina"
    assert code_of(services.reset_password, EMAIL, post[-1][2]["code"], GOOD, HERE) == "account.code_wrong"


def test_a_reset_lets_in_whom_wrong_passwords_have_locked_out(mode, post):
    mode()
    sign_up()
    services.verify_email(EMAIL, post[-1][2]["code"], HERE)
    for _ in range(6):
        code_of(services.sign_in, EMAIL, "wrong one", HERE)
    services.request_reset(EMAIL, HERE)
    services.reset_password(EMAIL, post[-1][2]["code"], BETTER, HERE)
    assert services.sign_in(EMAIL, BETTER, HERE).actor.name == "Mina"


def test_a_bad_new_password_does_not_use_the_code_up(mode, post):
    mode()
    sign_up()
    services.request_reset(EMAIL, HERE)
    code = post[-1][2]["code"]
    assert code_of(services.reset_password, EMAIL, code, "password123", HERE) == "account.password_common"
    services.reset_password(EMAIL, code, BETTER, HERE)
    assert services.sign_in(EMAIL, BETTER, HERE).actor.name == "Mina"  # whoever has the code has the address


def test_a_disabled_account_gets_no_code(mode, post, query):
    mode()
    sign_up()
    query("UPDATE users SET disabled_at = now() WHERE email = :email", email=EMAIL)
    services.request_reset(EMAIL, HERE)
    services.resend_code(EMAIL, HERE)
    assert len(post) == 1


def test_without_mail_no_reset_and_it_is_the_same_for_all(mode):
    mode()
    member()
    assert code_of(services.request_reset, EMAIL, HERE) == code_of(services.request_reset, "x@example.org", HERE) == "mail.off"


def test_asking_for_a_code_does_not_wait_for_the_mail(mode, post, monkeypatch):
    """An account that is there must not be told by the time a mail takes."""
    mode()
    sign_up()
    later = []
    monkeypatch.setattr(mails, "send", lambda *given, **named: pytest.fail("sent while somebody waits"))
    monkeypatch.setattr(mails, "send_later", lambda *given, **named: later.append(given))
    services.request_reset(EMAIL, HERE)
    services.resend_code(EMAIL, HERE)
    assert len(later) == 2


# --- one's own account ------------------------------------------------------------------------------------------------


def test_changing_the_password(mode, query):
    mode()
    opened, other = member(), services.sign_in(EMAIL, GOOD, THERE)
    actor = opened.actor
    assert code_of(services.change_password, actor, "wrong one", BETTER, opened.token) == "account.password_wrong"
    assert code_of(services.change_password, actor, GOOD, "password123", opened.token) == "account.password_common"
    assert code_of(services.change_password, actor, GOOD, "mina@example.org", opened.token) == "account.password_own"
    services.change_password(actor, GOOD, BETTER, opened.token)
    assert services.actor_by_token(opened.token) == actor and services.actor_by_token(other.token) is None
    assert services.sign_in(EMAIL, BETTER, HERE).actor == actor


def test_a_stolen_session_does_not_find_the_password_by_trying(mode):
    mode()
    actor = member().actor
    most = config.LIMITS["password_account"][0]
    tried = [code_of(services.change_password, actor, "wrong one", BETTER) for _ in range(most + 1)]
    assert tried == ["account.password_wrong"] * most + ["account.throttled"]
    assert code_of(services.delete_account, actor, GOOD) == "account.throttled"


def test_changing_nickname_and_bio(mode, query):
    mode()
    opened, _ = member(), member("juno@example.org", "Juno")
    assert services.change_nickname(opened.actor, " ｍｉｎａ 2 ") == "mina 2"
    assert services.actor_by_token(opened.token).name == "mina 2"
    assert services.change_nickname(opened.actor, "MINA 2") == "MINA 2"  # one's own in another case
    assert code_of(services.change_nickname, opened.actor, "JUNO") == "account.nickname_taken"
    assert code_of(services.change_nickname, opened.actor, "관리자") == "account.nickname_reserved"
    assert services.change_bio(opened.actor, " hello ") == "hello"
    mine = services.my_account(opened.actor)
    assert (mine.nickname, mine.bio, mine.email, mine.has_password) == ("MINA 2", "hello", EMAIL, True)
    assert not any(hasattr(mine, name) for name in ("password_hash", "issuer", "subject"))
    with pytest.raises(NotFound):
        services.my_account(Actor(999, "analyst", "x"))


def test_changing_the_address_with_mail(mode, post, query):
    mode()
    sign_up()
    services.verify_email(EMAIL, post[-1][2]["code"], HERE)
    actor = services.sign_in(EMAIL, GOOD, HERE).actor
    assert code_of(services.request_email_change, actor, "wrong one", "new@example.org") == "account.password_wrong"
    assert services.request_email_change(actor, GOOD, "New@example.org").needs_code
    to, kind, values = post[-1]
    assert (to, kind) == ("new@example.org", "email")
    assert services.my_account(actor).email == EMAIL  # until it is confirmed
    assert code_of(services.confirm_email_change, actor, other_code(values["code"])) == "account.code_wrong"
    assert services.confirm_email_change(actor, values["code"]) == "new@example.org"
    assert services.sign_in("new@example.org", GOOD, HERE).actor == actor
    assert code_of(services.sign_in, EMAIL, GOOD, HERE) == "account.wrong"


def test_an_address_that_another_has(mode, post):
    mode()
    sign_up()
    services.verify_email(EMAIL, post[-1][2]["code"], HERE)
    sign_up("juno@example.org", "Juno")
    services.verify_email("juno@example.org", post[-1][2]["code"], HERE)
    actor = services.sign_in(EMAIL, GOOD, HERE).actor
    assert services.request_email_change(actor, GOOD, "JUNO@example.org") == services.SignedUp(needs_code=True)
    assert post[-1] == ("juno@example.org", "exists", {})
    services.request_email_change(actor, GOOD, "free@example.org")
    code = post[-1][2]["code"]
    services.request_email_change(services.sign_in("juno@example.org", GOOD, HERE).actor, GOOD, "free@example.org")
    services.confirm_email_change(services.sign_in("juno@example.org", GOOD, HERE).actor, post[-1][2]["code"])
    assert code_of(services.confirm_email_change, actor, code) == "account.code_wrong"  # Juno was first
    assert services.my_account(actor).email == EMAIL


def test_changing_the_address_without_mail(mode):
    mode()
    actor, juno = member().actor, member("juno@example.org", "Juno").actor
    assert services.request_email_change(actor, GOOD, "new@example.org") == services.SignedUp(needs_code=False)
    assert services.my_account(actor).email == "new@example.org"
    assert services.request_email_change(juno, GOOD, "new@example.org") == services.SignedUp(needs_code=False)
    assert services.my_account(juno).email == "juno@example.org"


def test_a_visitor_has_a_name_and_no_password(mode):
    mode("off")
    opened = services.open_anonymous(HERE)
    services.change_nickname(opened.actor, "Passing by")
    assert services.actor_by_token(opened.token).name == "Passing by"
    assert code_of(services.change_password, opened.actor, "", BETTER) == "account.no_password"


# --- administrators ---------------------------------------------------------------------------------------------------


@pytest.fixture
def boss(mode):
    """Make an administrator."""
    mode()
    made = services.create_admin("boss@example.org", GOOD, "Boss")
    return Actor(made.id, made.role, made.nickname, made.kind)


def test_a_list_of_members(boss, query):
    for number in range(7):
        member(f"u{number}@example.org", f"Analyst {number}")
    page = services.list_members(boss, size=3)
    assert (page.count, page.page, page.pages) == (9, 1, 3) and page.rows[0].role == "administrator"
    seen = [row.nickname for number in (1, 2, 3) for row in services.list_members(boss, "", number, 3).rows]
    assert len(seen) == len(set(seen)) == 9
    assert [row.nickname for row in services.list_members(boss, "ANALYST 3").rows] == ["Analyst 3"]
    assert [row.nickname for row in services.list_members(boss, "u4@EXAMPLE").rows] == ["Analyst 4"]
    assert services.list_members(boss, "100%\0_").rows == () and services.list_members(boss, "x", -5).page == 1
    assert "argon2" not in repr(page)


def test_roles_and_disabling(boss, query):
    mina = member()
    services.set_role(boss, mina.actor.id, "administrator")
    now = services.actor_by_token(mina.token)
    assert now.role == "administrator"
    services.set_role(now, boss.id, "viewer")
    assert code_of(services.set_role, now, now.id, "analyst") == "account.last_administrator"
    assert code_of(services.disable_member, now, now.id) == "account.last_administrator"
    assert code_of(services.set_role, now, 999, "viewer") == code_of(services.enable_member, now, 999) == "account.gone"
    assert code_of(services.set_role, now, boss.id, "king") == "account.role"
    services.disable_member(now, boss.id)
    assert code_of(services.sign_in, "boss@example.org", GOOD, HERE) == "account.wrong"
    assert query("SELECT action, object, detail::text FROM audit_log WHERE action IN ('set_role', 'disable_member') ORDER BY id") == [
        ("set_role", f"user {now.id}", '{"role": "administrator"}'), ("set_role", f"user {boss.id}", '{"role": "viewer"}'),
        ("disable_member", f"user {boss.id}", "{}")]


def test_two_administrators_who_demote_each_other_at_once(boss, free, query):
    """One is left, whoever it is."""
    for round_ in range(5):
        other = services.create_admin(f"other{round_}@example.org", GOOD, f"Other {round_}")
        first = services.list_members(boss, "").rows
        both = [row for row in first if row.role == "administrator" and row.has_password]
        assert len(both) == 2 and other.id in {row.id for row in both}
        pairs = [(both[0].id, both[1].id), (both[1].id, both[0].id)]
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda pair: code_of(
                services.set_role, replace(boss, id=pair[0]), pair[1], "viewer"), pairs))
        assert sorted(answers, key=str) == [None, "account.last_administrator"]


def test_a_visitor_stays_an_analyst(mode, query):
    mode("off")
    visitor = services.open_anonymous(HERE)
    assert code_of(services.set_role, LOCAL_ADMINISTRATOR, visitor.actor.id, "administrator") == "account.role_of_visitor"
    services.disable_member(LOCAL_ADMINISTRATOR, visitor.actor.id)
    assert services.actor_by_token(visitor.token) is None


def test_the_audit_trail(boss, query):
    mina = member()
    services.change_nickname(mina.actor, "Mina K")
    page = services.audit_trail(boss, size=3)
    assert page.count > 3 and [row.action for row in page.rows] == ["change_nickname", "sign_in", "sign_up"]
    assert page.rows[0].actor == "Mina K" and page.rows[0].at.tzinfo is not None
    assert {row.action for row in services.audit_trail(boss, "MINA K").rows} == {"sign_up", "sign_in", "change_nickname"}
    assert services.audit_trail(boss, "create_admin").count == 1
    assert services.audit_trail(boss, str(mina.actor.id)).count >= 3
    services.delete_account(mina.actor, GOOD)
    assert services.audit_trail(boss, "delete_account").rows[0].actor is None


def test_every_act_is_recorded_without_anything_personal(mode, post, query):
    mode()
    sign_up()
    services.verify_email(EMAIL, post[-1][2]["code"], HERE)
    opened = services.sign_in(EMAIL, GOOD, HERE)
    services.change_nickname(opened.actor, "Mina K")
    services.change_bio(opened.actor, "about me")
    services.change_password(opened.actor, GOOD, BETTER, opened.token)
    services.request_email_change(opened.actor, BETTER, "new@example.org")
    services.confirm_email_change(opened.actor, post[-1][2]["code"])
    services.request_reset("new@example.org", HERE)
    services.reset_password("new@example.org", post[-1][2]["code"], GOOD, HERE)
    services.sign_out_everywhere(opened.actor)
    services.sign_out(services.sign_in("new@example.org", GOOD, HERE).token)
    services.delete_account(opened.actor, GOOD)
    acts = query("SELECT action, object, detail::text FROM audit_log WHERE actor_id = :id ORDER BY id", id=opened.actor.id)
    assert [action for action, _, _ in acts] == [
        "sign_up", "verify_email", "sign_in", "change_nickname", "change_bio", "change_password", "change_email",
        "reset_password", "sign_out_everywhere", "sign_in", "sign_out", "delete_account"]
    assert {item for _, item, _ in acts} == {f"user {opened.actor.id}"}
    assert {detail for _, _, detail in acts} == {"{}", '{"ended": 0}'}


# --- the first administrator ------------------------------------------------------------------------------------------


def test_the_first_administrator(mode, query):
    mode()
    made = services.create_admin("Boss@example.org", GOOD, "Boss")
    assert (made.email, made.role, made.kind) == ("boss@example.org", "administrator", "member")
    assert services.sign_in("boss@example.org", GOOD, HERE).actor.role == "administrator"
    assert code_of(services.create_admin, "x@example.org", GOOD, "BOSS") == "account.nickname_taken"
    assert code_of(services.create_admin, "x@example.org", "password123", "Other") == "account.password_common"
    assert code_of(services.create_admin, "x@example.org", None, "Other") == "account.password_needed"
    assert code_of(services.create_admin, "x@example.org", GOOD) == "account.password_needed"


def test_an_existing_account_becomes_an_administrator(mode, query):
    mode()
    opened = member()
    query("UPDATE users SET disabled_at = now() WHERE id = :id", id=opened.actor.id)
    made = services.create_admin(EMAIL)
    assert (made.id, made.nickname, made.role, made.disabled_at) == (opened.actor.id, "Mina", "administrator", None)
    assert services.actor_by_token(opened.token) is None  # its sign-ins were an analyst's
    assert services.sign_in(EMAIL, GOOD, HERE).actor.role == "administrator"
    services.create_admin(EMAIL, BETTER)
    assert code_of(services.sign_in, EMAIL, GOOD, HERE) == "account.wrong"


def test_what_was_made_with_auth_off_is_kept(mode, query, local_as_it_came):
    mode("off")
    query("INSERT INTO likes (owner_id, kind, item) VALUES (1, 'song', '7')")
    made = services.create_admin(EMAIL, GOOD, "Mina", take_over=True)
    assert made.id == 1
    mode("local")
    opened = services.sign_in(EMAIL, GOOD, HERE)
    assert opened.actor == Actor(1, "administrator", "Mina", "local") == services.actor_by_token(opened.token)
    assert query("SELECT owner_id FROM likes") == [(1,)]
    services.create_admin("mina2@example.org", BETTER, take_over=True)  # once more: the same account
    assert query("SELECT count(*) FROM users") == [(1,)]
    member("juno@example.org", "Juno")
    assert code_of(services.create_admin, "juno@example.org", GOOD, "Juno 2", take_over=True) == "account.email_taken"


def test_a_password_set_by_the_operator(mode):
    mode()
    opened = member()
    services.set_password(EMAIL.upper(), BETTER)
    assert services.actor_by_token(opened.token) is None
    assert services.sign_in(EMAIL, BETTER, HERE).actor == opened.actor
    with pytest.raises(NotFound):
        services.set_password("nobody@example.org", BETTER)
    with pytest.raises(DataError):
        services.set_password(EMAIL, "password123")


def test_kept_answers_are_bounded():
    assert sign_in._actors.maxsize == sign_in._claimed.maxsize == sign_in._visits.maxsize == 8_192
