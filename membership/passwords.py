"""Passwords: which are taken, and how they are kept (argon2id, Biryukov, Dinu, Khovratovich 2016, RFC 9106)."""

from __future__ import annotations

import re
import threading
import unicodedata
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from support.errors import DataError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

LENGTHS = (8, 200)
"""Fewest characters that are taken, and most: hashing a book would keep the server busy."""
AT_ONCE = 2
"""Passwords that are hashed at the same time: each takes 64 MiB."""
_hashing = threading.BoundedSemaphore(AT_ONCE)
_LEET = str.maketrans("013457@$!", "oieastasi")
_ROWS = ("abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm", "1234567890", "qazwsxedcrfvtgbyhnujmikolp",
         "1qaz2wsx3edc4rfv5tgb6yhn", "1q2w3e4r5t6y7u8i9o0p", "q1w2e3r4t5y6u7i8o9p0", "ㅂㅈㄷㄱㅅㅛㅕㅑㅐㅔ",
         "ㅁㄴㅇㄹㅎㅗㅓㅏㅣ", "가나다라마바사아자차카타파하")
_RUN = 4
"""Characters of a row of the keyboard or of the alphabet from which on they are one thing, not several."""


def validate_password(password: str, *, email: str = "", nickname: str = "") -> str:
    """Return a password that may be taken, as it was given.

    It has 8-200 characters; is not among the common ones, with whatever digits and signs around them; not made of
    rows of the keyboard, repetitions or a date alone; and not the account's own address or nickname.

    Raises
    ------
    DataError
    """
    if not LENGTHS[0] <= len(password) <= LENGTHS[1]:
        raise DataError("account.password_length", least=LENGTHS[0], most=LENGTHS[1])
    folded = _fold(password)
    own = {_fold(email), _fold(email.partition("@")[0]), _fold(nickname)} - {""}
    if folded in own or folded.strip("0123456789!@#$%^&*._- ") in own:
        raise DataError("account.password_own")
    if is_common(password):
        raise DataError("account.password_common")
    return password


def is_common(password: str) -> bool:
    """Return whether a password is among the first that anybody would try."""
    folded = _fold(password)
    bare = "".join(letter for letter in folded if letter.isalnum())
    words = common_words()
    core = folded.strip("0123456789!@#$%^&*()_+-=.,?~ ")
    forms = {folded, bare, core, core.translate(_LEET), bare.translate(_LEET), folded.translate(_LEET)}
    return (not forms.isdisjoint(words) or _left(bare) < 3 or _is_day(bare) or _repeated(bare)
            or _halves(core.translate(_LEET), words))


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password, with its own salt and parameters in it."""
    with _hashing:
        return _hasher().hash(_encoded(password))


def verify_password(password_hash: str, password: str) -> bool:
    """Return whether a password is the one that was hashed; a hash that cannot be read holds none."""
    from argon2.exceptions import InvalidHashError, VerificationError

    with _hashing:
        try:
            return _hasher().verify(password_hash, _encoded(password[:LENGTHS[1] + 1]))
        except (VerificationError, InvalidHashError):
            return False


def dummy_verify(password: str) -> bool:
    """Take as long as `verify_password` for an account that is not there; return False."""
    verify_password(_dummy(), password)
    return False


def needs_rehash(password_hash: str) -> bool:
    """Return whether a hash was made with weaker parameters than the library's present ones."""
    return _hasher().check_needs_rehash(password_hash)


@cache
def common_words() -> frozenset[str]:
    """Return the words common passwords are made of, folded."""
    text = Path(__file__).with_name("common_passwords.txt").read_text("utf-8")
    return frozenset(_fold(word) for line in text.splitlines() if not line.startswith("#") for word in line.split())


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher()


@cache
def _dummy() -> str:
    return hash_password("a password that nobody has")


def _encoded(password: str) -> bytes:
    """Return the bytes that are hashed: the same for both ways in which keyboards compose Hangul and accents."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().strip()


def _left(bare: str) -> int:
    """Return how many characters are left when rows of the keyboard and of the alphabet are taken out."""
    rest, at = 0, 0
    while at < len(bare):
        length = max(_row_length(bare[at:], row) for row in _rows())
        rest, at = (rest, at + length) if length >= _RUN else (rest + 1, at + 1)
    return rest


@cache
def _rows() -> tuple[str, ...]:
    """Return the rows in both directions, once around."""
    return tuple(_fold(way) * 2 for row in _ROWS for way in (row, row[::-1]))


def _row_length(text: str, row: str) -> int:
    length = 0
    while length < len(text) and text[:length + 1] in row:
        length += 1
    return length


def _is_day(bare: str) -> bool:
    """Return whether this is a day of the last century or this one: ``19900131``, ``31011990``, ``01311990``."""
    if not re.fullmatch(r"\d{8}", bare, re.ASCII):
        return False
    return any(_exists(year, month, day) for year, month, day in (
        (bare[:4], bare[4:6], bare[6:]), (bare[4:], bare[2:4], bare[:2]), (bare[4:], bare[:2], bare[2:4])))


def _exists(year: str, month: str, day: str) -> bool:
    try:
        return 1900 <= date(int(year), int(month), int(day)).year <= 2099
    except ValueError:
        return False


def _repeated(bare: str) -> bool:
    """Return whether this is a short thing over and over: ``aaaaaaaa``, ``abcabcab``."""
    return any(bare == (bare[:size] * len(bare))[:len(bare)] for size in range(1, min(4, len(bare) // 2) + 1))


def _halves(core: str, words: frozenset[str]) -> bool:
    """Return whether this is two common words in one: ``iloveyoupassword``, ``lovelove``."""
    return any(core[:at] in words and core[at:] in words for at in range(3, len(core) - 2))
