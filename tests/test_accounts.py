"""Actors and what each role may do; addresses, passwords, nicknames, codes."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import accounts
from accounts import ACTS, GUEST, LOCAL_ADMINISTRATOR, Actor
from membership import passwords
from support.errors import DataError, NotAllowed

ADMINISTRATORS = {"sync", "delete", "import", "train", "settings", "upload", "moderate", "people"}
ANALYSTS = {"alert", "audition", "catalogue", "picture", "playlist", "predict", "bgm", "dossier", "post"}
TABLE = {("administrator", "member"): set(ACTS), ("administrator", "local"): set(ACTS),
         ("administrator", "anonymous"): set(ACTS),  # by the operator's password
         ("analyst", "member"): ANALYSTS | {"like"}, ("analyst", "anonymous"): ANALYSTS | {"like"},
         ("analyst", "oidc"): ANALYSTS | {"like"}, ("viewer", "member"): {"like"}, ("viewer", "guest"): set()}


def test_the_acts_are_those_of_the_table():
    assert set(ACTS) == ADMINISTRATORS | ANALYSTS | {"like"} and len(ACTS) == len(set(ACTS))


@pytest.mark.parametrize(("role", "kind"), TABLE)
@pytest.mark.parametrize("act", ACTS)
def test_role_by_act(role, kind, act):
    actor = Actor(5, role, "x", kind)
    assert accounts.may(actor, act) == (act in TABLE[role, kind])
    if act in TABLE[role, kind]:
        accounts.require(actor, act)
    else:
        with pytest.raises(NotAllowed) as caught:
            accounts.require(actor, act)
        assert caught.value.values == {"role": role, "act": act}


def test_who_is_always_there():
    assert (LOCAL_ADMINISTRATOR.id, LOCAL_ADMINISTRATOR.role, LOCAL_ADMINISTRATOR.kind) == (1, "administrator", "local")
    assert GUEST.id == 0 and not any(accounts.may(GUEST, act) for act in ACTS)


# --- addresses --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("typed", "stored"), [
    (" Mina@Example.ORG ", "mina@example.org"), ("a.b+tag@sub.example.co.kr", "a.b+tag@sub.example.co.kr"),
    ("x@음악.example", "x@xn--hk3bi5z.example".replace("xn--hk3bi5z", "음악".encode("idna").decode())),
    ("o'neil@example.com", "o'neil@example.com")])
def test_addresses(typed, stored):
    assert accounts.validate_email(typed) == stored


@pytest.mark.parametrize("typed", [
    "", "mina", "@example.org", "mina@", "mina@example", "mi na@example.org", "mina@exam ple.org", ".mina@example.org",
    "mi..na@example.org", "mina@-example.org", "mina@example.o", "mina@example.org\nBcc: x@example.org", "mina@[127.0.0.1]",
    "mina@127.0.0.1", "a" * 65 + "@example.org", "a@" + "b" * 64 + ".org", "미나@example.org", "a@b.c,d@e.org",
    "mina@example.org\0", "<mina@example.org>x", "a@" + ".".join(["b" * 60] * 5) + ".org"])
def test_no_addresses(typed):
    if typed == "mina@example.org\0":  # nothing that a database could hold: taken out
        assert accounts.validate_email(typed) == "mina@example.org"
        return
    with pytest.raises(DataError) as caught:
        accounts.validate_email(typed)
    assert caught.value.code == "account.email" and "\n" not in caught.value.values["value"].strip()[:5]


@pytest.mark.parametrize(("address", "network"), [
    ("198.51.100.7", "198.51.100.7"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
    ("2001:db8:1:2::ffff", "2001:db8:1:2::/64"), ("::ffff:198.51.100.7", "198.51.100.7"), ("", ""), ("unix", "unix")])
def test_networks(address, network):
    assert accounts.network_of(address) == network


# --- nicknames --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("typed", "stored"), [
    ("  Mina  ", "Mina"), ("미나 짱", "미나 짱"), ("ｍｉｎａ", "mina"), ("a_b.c-d", "a_b.c-d"), ("음악2024", "음악2024"),
    ("two   words", "two words"), ("Ünal", "Ünal"), ("さくら", "さくら"), ("नमस्ते", "नमस्ते"), ("a" * 20, "a" * 20),
    ("Administrate", "Administrate"), (unicodedata.normalize("NFD", "미나"), "미나")])
def test_nicknames(typed, stored):
    assert accounts.validate_nickname(typed) == stored


@pytest.mark.parametrize(("typed", "code"), [
    ("", "length"), ("a", "length"), ("a" * 21, "length"), ("   ", "length"), ("\u200b\u200b", "signs"),
    ("mi\u200dna", "signs"), ("mi\u202ena", "signs"), ("mi\nna", "signs"), ("mi\0na", "signs"), ("<b>mina", "signs"),
    ("mina@x", "signs"), ("....", "signs"), ("mina\ufe0f\u20e3", "signs"), ("\u3164\u3164\u3164", "signs"),
    ("min\u0430", "signs"), ("a\u0301\u0302\u0303\u0304", "signs"), ("=1+1", "signs"), ("😀😀", "signs"),
    ("admin", "reserved"), ("Ad.Min", "reserved"), ("ADMIN 1", "reserved"), ("4dmin", "reserved"), ("관리자", "reserved"),
    ("운영자1", "reserved"), ("local", "reserved"), ("operator", "reserved"), ("visitor-12", "reserved"),
    ("방문자-A", "reserved"), ("\u0430\u0501\u043c\u0456\u043f", "ok"), ("\uff41dmin", "reserved"), ("deleted", "reserved")])
def test_no_nicknames(typed, code):
    if code == "ok":  # a Cyrillic word that only looks a little like it
        assert accounts.validate_nickname(typed)
        return
    with pytest.raises(DataError) as caught:
        accounts.validate_nickname(typed)
    assert caught.value.code == f"account.nickname_{code}"


@given(st.text(max_size=30))
@settings(max_examples=300, deadline=None)
def test_what_is_taken_as_a_nickname_shows_and_stays(typed):
    try:
        stored = accounts.validate_nickname(typed)
    except DataError:
        return
    assert accounts.validate_nickname(stored) == stored and 2 <= len(stored) <= 20
    assert all(unicodedata.category(letter)[0] in "LMN" or letter in " ._-" for letter in stored)
    assert accounts.nickname_key(stored) == accounts.nickname_key(stored.upper().lower()) or stored.lower() != stored


def test_made_up_names():
    names = {accounts.made_up("en") for _ in range(50)}
    assert len(names) > 45 and all(name.startswith("visitor-") and len(name) == 12 for name in names)
    assert accounts.made_up("ko").startswith("방문자-")
    assert accounts.nickname_from("Mina Kim 😀") == "Mina Kim" and accounts.nickname_from("😀") is None
    assert accounts.nickname_from("admin") is None and len(accounts.nickname_from("x" * 50) or "") == 20


def test_what_somebody_says_of_themselves():
    assert accounts.validate_bio("  hi\r\nthere\0\u202e ") == "hi\nthere"
    with pytest.raises(DataError, match="301"):
        accounts.validate_bio("x" * 301)


# --- passwords --------------------------------------------------------------------------------------------------------


COMMON = ("password", "Password1", "P@ssw0rd!", "password123", "12345678", "123456789", "1234567890", "qwertyuiop",
          "qwerty123", "1q2w3e4r", "1qaz2wsx", "asdfghjkl", "zxcvbnm123", "iloveyou", "iloveyou2", "ILoveYou!!",
          "aaaaaaaa", "11111111", "abababab", "abcabcabc", "abcd1234", "1234abcd", "qwer1234", "asdf1234", "letmein123",
          "football1", "superman99", "sunshine", "princess1", "dragon2024", "monkey123!", "trustno1!", "welcome1",
          "admin123", "Admin@123", "administrator", "changeme1", "19900131", "31121999", "20001231", "87654321",
          "00000000", "lovelove", "비밀번호1234", "사랑해요12345", "대한민국2024", "qlalfqjsgh1", "rkskek1234",
          "tkfkdgo123", "ㅂㅈㄷㄱㅅㅛㅕㅑ", "가나다라마바사아", "michael1", "jennifer12", "blackpink1", "bts20130613", "music1234",
          "passwordpassword", "test1234", "ｐａｓｓｗｏｒｄ", "qwertyqwerty", "0987654321", "letmein!!", "987654321a")
FINE = ("three green walruses", "kU7#pq2!xZ", "초록 바다코끼리 셋", "vivace-tundra-91", "Tr0ub4dor&3", "한밤의기차소리들", "x7kq-93mz-p",
        "correct horse battery", "mozart haydn 1791", "83920174")


@pytest.mark.parametrize("password", COMMON)
def test_common_passwords_are_refused(password):
    with pytest.raises(DataError) as caught:
        accounts.validate_password(password)
    assert caught.value.code == "account.password_common" and caught.value.values == {}


@pytest.mark.parametrize("password", FINE)
def test_other_passwords_are_taken(password):
    assert accounts.validate_password(password) == password


@pytest.mark.parametrize(("password", "code"), [
    ("short", "length"), ("1234567", "length"), ("x" * 201, "length"), ("mina@example.org", "own"),
    ("MINA@EXAMPLE.ORG", "own"), ("Walrus of Jeju", "own"), ("walrus of jeju1!", "own"), ("mina.k.1984", "own")])
def test_refused_passwords(password, code):
    with pytest.raises(DataError) as caught:
        accounts.validate_password(password, email="mina@example.org" if code != "own" or "@" in password else
                                   "mina.k.1984@example.org", nickname="Walrus of Jeju")
    assert caught.value.code == f"account.password_{code}"


def test_a_password_is_hashed_with_argon2id_and_its_own_salt():
    one, other = accounts.hash_password("three green walruses"), accounts.hash_password("three green walruses")
    assert one != other and one.startswith("$argon2id$") and not accounts.needs_rehash(one)
    memory = int(one.split("m=")[1].split(",")[0])
    assert memory >= 19 * 1024  # KiB: the least that OWASP names for argon2id
    assert accounts.verify_password(one, "three green walruses")
    assert not accounts.verify_password(one, "three green walrus") and not accounts.verify_password("x", "y")
    assert not accounts.verify_password("", "") and accounts.needs_rehash(one.replace("t=3", "t=1"))


def test_a_password_does_not_depend_on_how_a_keyboard_composes():
    made = accounts.hash_password("초록 바다코끼리 é")
    assert accounts.verify_password(made, unicodedata.normalize("NFD", "초록 바다코끼리 é"))
    assert accounts.hash_password("x\udc80\0y" * 3)


def test_an_account_that_is_not_there_takes_as_long(monkeypatch):
    asked = []
    hasher = passwords._hasher()
    monkeypatch.setattr(passwords, "_hasher", lambda: type("Counting", (), {
        "verify": staticmethod(lambda *given: asked.append(given) or hasher.verify(*given)), "hash": hasher.hash})())
    assert accounts.dummy_verify("x") is False and len(asked) == 1
    assert asked[0][0].split("$")[3] == accounts.hash_password("y").split("$")[3]  # the same parameters


# --- codes ------------------------------------------------------------------------------------------------------------


def test_codes():
    codes = {accounts.new_code() for _ in range(200)}
    assert len(codes) > 190 and all(len(code) == 6 and code.isdecimal() for code in codes)
    stored = accounts.hash_code(5, "reset", "123456")
    assert "123456" not in stored and stored != accounts.hash_code(5, "reset", "123456")
    assert accounts.same_code(stored, 5, "reset", " 123 456 ")
    assert not any((accounts.same_code(stored, 6, "reset", "123456"), accounts.same_code(stored, 5, "verify", "123456"),
                    accounts.same_code(stored, 5, "reset", "123457"), accounts.same_code(stored, 5, "reset", "")))


def test_tokens():
    assert len({accounts.new_token() for _ in range(100)}) == 100 and len(accounts.new_token()) >= 43
    assert len(accounts.hash_token("x\udc80")) == 64
    assert accounts.same_text("a", "a") and not accounts.same_text("a", "b")
