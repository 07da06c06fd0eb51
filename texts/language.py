"""The language of a text by the share of its scripts; what is neither Korean nor English is said so.

A Hangul syllable counts as two letters, since it says about as much. Latin letters are taken for English unless the
small words of another language stand out. A user may know better: a text is then read in the language that was chosen,
sentences without a word of it in their own.
"""

from __future__ import annotations

import re
import unicodedata

from support.errors import DataError

LONGEST = 20_000
"""Characters of a text."""
LEAST_SHARE = 0.5
"""Share of Korean and English below which a text is refused."""
LEAST_SMALL_WORDS = 3
_HANGUL = re.compile("[\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3]")
_LATIN = re.compile("[A-Za-z\u00c0-\u024f]")
_ENGLISH = re.compile("(?<![A-Za-z\u00c0-\u024f])[A-Za-z]{2,}(?![A-Za-z\u00c0-\u024f])")
LANGS = ("ko", "en")
_LACKING = {"ko": "bgm_text.no_korean", "en": "bgm_text.no_english"}
_WORD = re.compile(r"[^\W\d_]+")
_SMALL = {
    "en": "the and of to in is it that was for with you he she they this be are i my not on at from but we me your",
    "fr": "le la les des et une est dans que qui pour pas je tu il elle nous vous avec sur au du mais ce cette",
    "de": "der die das und ist nicht ich du er sie wir ein eine mit auf den dem zu von im für auch es war",
    "es": "el los las y una es en que por para no con se su lo del yo tú pero más como este esta era",
    "it": "il lo gli e una è che non per con di sono mi si della nel ma come questo questa era la le",
    "pt": "o os as e uma é em que não para com se do da eu você mas mais como este esta um na no",
    "nl": "de het een en is niet ik je hij zij wij van op met voor dat die maar ook was aan",
    "id": "yang dan di ini itu dengan untuk tidak saya kamu dari ke pada adalah kita akan",
    "vi": "và của là không có tôi bạn một những trong cho với người này được",
    "tr": "ve bir bu da için ben sen o ile çok ne gibi ama değil daha var",
}
_SMALL_WORDS = {lang: frozenset(words.split()) for lang, words in _SMALL.items()}


def cleaned(text: str) -> str:
    """Return a text in composed form without marks that are not seen; refuse what cannot be read.

    Raises
    ------
    DataError
        ``bgm_text.empty``: nothing but blanks and signs; ``.long``: more than `LONGEST` characters.
    """
    plain = unicodedata.normalize("NFC", text).replace("\u2019", "'").replace("\r\n", "\n").replace("\r", "\n")
    plain = "".join(each for each in plain if each in "\n\t" or unicodedata.category(each) not in ("Cc", "Cf", "Cs"))
    plain = plain.strip()
    if len(plain) > LONGEST:
        raise DataError("bgm_text.long", characters=len(plain), limit=LONGEST)
    if not any(each.isalpha() for each in plain):
        raise DataError("bgm_text.empty")
    return plain


def shares(text: str) -> dict[str, float]:
    """Return the shares of ``ko``, ``en`` and ``other`` among the letters of a text, adding up to 1.

    >>> shares("밤 rain")
    {'ko': 0.333..., 'en': 0.666..., 'other': 0.0}
    """
    letters = [each for each in text if each.isalpha()]
    korean = 2 * sum(bool(_HANGUL.match(each)) for each in letters)
    latin = sum(bool(_LATIN.match(each)) for each in letters)
    other = 2 * (len(letters) - korean // 2 - latin)
    whole = max(1, korean + latin + other)
    found = {"ko": korean / whole, "en": latin / whole, "other": other / whole}
    return found if _english(text) else {**found, "en": 0.0, "other": found["other"] + found["en"]}


def language(text: str, chosen: str | None = None) -> tuple[str, str, dict[str, float]]:
    """Return the language a text is read in, the one that was found, and the shares.

    Parameters
    ----------
    text : str
    chosen : str, optional
        One of `LANGS`, of a user who knows better than the shares.

    Returns
    -------
    (str, str, dict)
        ``ko`` or ``en``; the one with the greater share, blank where most of the text is in neither; the shares.

    Raises
    ------
    DataError
        ``bgm_text.language``: most of it is in neither, and none was chosen; ``.no_korean``, ``.no_english``: it has
        no word of the one that was.
    """
    found = shares(text)
    known = found["ko"] + found["en"] >= LEAST_SHARE
    if chosen is not None and not has_words(text, chosen):
        raise DataError(_LACKING[chosen])
    if chosen is None and not known:
        raise DataError("bgm_text.language", percent=round(100 * found["other"]))
    guess = ("ko" if found["ko"] >= found["en"] else "en") if known else ""
    return chosen or guess, guess, found


def has_words(text: str, lang: str) -> bool:
    """Return whether a text has a Korean letter, or a word that may be English.

    >>> has_words("Привет, мир", "en"), has_words("밤 rain", "en"), has_words("A번", "en")
    (False, True, False)
    """
    return has_korean(text) if lang == "ko" else bool(_ENGLISH.search(text))


def of_sentence(text: str, chosen: str | None = None) -> str:
    """Return the language one sentence is read in: the chosen one if it has a word of it, else that of a good part."""
    if chosen is not None and has_words(text, chosen):
        return chosen
    korean, latin = len(_HANGUL.findall(text)), len(_LATIN.findall(text))
    return "ko" if 2 * korean >= latin else "en"


def has_korean(text: str) -> bool:
    """Return whether there is a Korean letter in a text."""
    return bool(_HANGUL.search(text))


def _english(text: str) -> bool:
    """Return whether the Latin letters of a text may be English: no other language's small words outnumber its own."""
    words = {word for word in _WORD.findall(text.lower()) if _LATIN.match(word)}  # "la la la" is one word, not French
    hits = {lang: sum(word in small for word in words) for lang, small in _SMALL_WORDS.items()}
    most = max(hits.values())
    return most < LEAST_SMALL_WORDS or hits["en"] >= 0.8 * most
