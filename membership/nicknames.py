"""Nicknames: what one may be called, and names made up for those who have given none."""

from __future__ import annotations

import re
import secrets
import unicodedata

from support.errors import DataError

LENGTHS = (2, 20)
LONGEST_BIO = 300
_SIGNS = frozenset(" ._-")
_INVISIBLE = frozenset("\u115f\u1160\u3164\uffa0\u17b4\u17b5\u034f\u180b\u180c\u180d\u180f")
"""Letters and marks by their category that show nothing: fillers of Hangul, vowels of Khmer, joiners of Mongolian."""
_VARIANTS = ((0xFE00, 0xFE0F), (0xE0100, 0xE01EF))
"""Marks that choose another form of a letter."""
_RESERVED = frozenset((
    "admin", "administrator", "root", "superuser", "operator", "system", "local", "moderator", "mod", "owner", "staff",
    "official", "support", "security", "help", "service", "guest", "anonymous", "deleted", "nobody", "null", "none",
    "undefined", "everyone", "all", "here", "me", "webmaster", "postmaster", "host", "server",
    "관리자", "운영자", "운영진", "운영", "관리", "시스템", "로컬", "공식", "고객센터", "손님",
    "익명", "탈퇴", "탈퇴회원", "삭제됨", "매니저", "마스터", "방장", "모두"))
_MADE_UP = ("visitor", "방문자")
_LOOKALIKES = str.maketrans("аеіорсухѕјαεικνορτυχ013457@$", "aeiopcyxsjaeiknoptuxoieastas")
"""Letters of Cyrillic and Greek and digits that pass for a Latin letter."""
_ONE_OF = ("LATIN", "CYRILLIC", "GREEK")
"""Scripts of which a name has one at most: their letters pass for each other's."""
_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"


def validate_nickname(nickname: str) -> str:
    """Return a nickname in its stored form: NFKC, without blanks around it, one blank between words.

    2-20 letters, digits, blanks and ``._-`` of any script; with a letter or digit; not from scripts whose letters
    look alike mixed; no name that passes for the operator's.

    Raises
    ------
    DataError
    """
    found = re.sub(" +", " ", unicodedata.normalize("NFKC", nickname).strip())
    if not LENGTHS[0] <= len(found) <= LENGTHS[1]:
        raise DataError("account.nickname_length", length=len(found), least=LENGTHS[0], most=LENGTHS[1])
    if not all(map(_allowed, found)) or not any(map(str.isalnum, found)) or _piled(found) or _mixed(found):
        raise DataError("account.nickname_signs")
    if _reserved(found):
        raise DataError("account.nickname_reserved", value=found)
    return found


def nickname_key(nickname: str) -> str:
    """Return a nickname as it is compared (the same as ``users.nickname_key``)."""
    return unicodedata.normalize("NFKC", nickname).lower()


def made_up(lang: str, length: int = 4) -> str:
    """Return a nickname for somebody who has given none: ``visitor-7K2M``, ``방문자-7K2M``."""
    return f"{_MADE_UP[lang == 'ko']}-{''.join(secrets.choice(_ALPHABET) for _ in range(length))}"


def nickname_from(name: str) -> str | None:
    """Return a nickname made of a name from elsewhere, None if nothing of it can be used."""
    kept = "".join(letter for letter in unicodedata.normalize("NFKC", name) if _allowed(letter))
    try:
        return validate_nickname(kept[:LENGTHS[1]])
    except DataError:
        return None


def validate_bio(bio: str) -> str:
    """Return what somebody says of themselves, without blanks around it and without control characters.

    Raises
    ------
    DataError
        If it is too long.
    """
    found = "".join(letter for letter in bio.replace("\r\n", "\n").strip()
                    if letter == "\n" or unicodedata.category(letter) not in ("Cc", "Cf", "Cs", "Co", "Cn"))
    if len(found) > LONGEST_BIO:
        raise DataError("account.bio_long", length=len(found), most=LONGEST_BIO)
    return found


def _allowed(letter: str) -> bool:
    """Return whether a character may be in a nickname: control, direction and zero-width ones are in no such class."""
    kind = unicodedata.category(letter)
    variant = any(first <= ord(letter) <= last for first, last in _VARIANTS)
    return letter in _SIGNS or (kind[0] in "LMN" and kind != "Me" and letter not in _INVISIBLE and not variant)


def _piled(name: str) -> bool:
    """Return whether more than two marks are on one letter, or the first sign is a mark."""
    kinds = "".join(unicodedata.category(letter)[0] for letter in name)
    return "MMM" in kinds or kinds[0] == "M" or " M" in "".join(
        kind if letter not in _SIGNS else " " for letter, kind in zip(name, kinds, strict=True))


def _mixed(name: str) -> bool:
    scripts = {unicodedata.name(letter, "?").split()[0] for letter in name if letter.isalpha()}
    return len(scripts.intersection(_ONE_OF)) > 1


def _reserved(name: str) -> bool:
    bare = "".join(letter for letter in name.casefold() if letter not in _SIGNS)
    forms = {bare, bare.rstrip("0123456789"), bare.translate(_LOOKALIKES)}
    return not forms.isdisjoint(_RESERVED) or bare.startswith(_MADE_UP)
