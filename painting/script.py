"""Scripts: what of a text can be set, letters of Arabic joined, right-to-left runs turned.

Set are Latin, Greek, Cyrillic, Hangul, kana, 4,620 Hanja, Hebrew and Arabic, and the signs and few emoji the fonts
have in black and white. Everything else, colour emoji first of all, is left out and named. The order of right-to-left
text follows the implicit rules of Unicode annex 9 in short: no explicit embeddings, numbers always left to right.
"""

from __future__ import annotations

import unicodedata
from functools import cache

from painting.fonts import covers

JOINER, VARIANTS, TONES = "\u200d", range(0xFE00, 0xFE10), range(0x1F3FB, 0x1F400)
MIRRORS = str.maketrans("()[]{}<>«»‹›", ")(][}{><»«›‹")


def clusters(text: str) -> list[str]:
    """Return a text as people count characters: marks, skin tones, joined emoji and flags stay together."""
    result: list[str] = []
    for char in text:
        flag = 0x1F1E6 <= ord(char) <= 0x1F1FF
        glued = result and (unicodedata.combining(char) or char == JOINER or result[-1].endswith(JOINER)
                            or ord(char) in VARIANTS or ord(char) in TONES or ord(char) == 0x20E3
                            or (flag and len(result[-1]) == 1 and 0x1F1E6 <= ord(result[-1]) <= 0x1F1FF))
        if glued:
            result[-1] += char
        else:
            result.append(char)
    return result


def settable(name: str, text: str, instead: str = "") -> tuple[str, tuple[str, ...]]:
    """Return what of a text a face can set, blanks made single, and what is left out, each once.

    `instead` is put where a letter is missing, so that a name with a gap does not pass for another one.
    """
    kept, left_out = "", []
    composed = unicodedata.normalize("NFC", text)
    for cluster in clusters(" ".join(composed.split())):
        plain = "".join(char for char in cluster if ord(char) not in VARIANTS
                        and unicodedata.category(char) not in ("Cf", "Cc"))
        if plain and covers(name, _shaped(plain)) and JOINER not in cluster.strip(JOINER):
            kept += plain
        elif plain:
            kept += instead if unicodedata.category(plain[0]).startswith("L") else ""
            left_out += [cluster] if cluster not in left_out else []
    return " ".join(kept.split()), tuple(left_out)


def leads_left(text: str) -> bool:
    """Return whether a text reads from right to left: whether its first letter does."""
    kinds = (unicodedata.bidirectional(char) for char in text)
    return next((kind for kind in kinds if kind in ("L", "R", "AL")), "L") != "L"


def visual(line: str, leftward: bool) -> str:
    """Return a line as it is drawn from left to right; `leftward` is the direction of its paragraph."""
    if not any(unicodedata.bidirectional(char) in ("R", "AL", "AN") for char in line):
        return line
    shaped = _shaped(line)
    levels = _levels(shaped, leftward)
    order = list(range(len(shaped)))
    for level in range(max(levels), 0, -1):
        order = _turned(order, levels, level)
    return "".join(shaped[place].translate(MIRRORS) if levels[place] % 2 else shaped[place] for place in order)


def _turned(order: list[int], levels: list[int], level: int) -> list[int]:
    """Return an order with each run of at least a level reversed."""
    result: list[int] = []
    run: list[int] = []
    for place in order:
        if levels[place] >= level:
            run.append(place)
        else:
            result += run[::-1]
            run = []
            result.append(place)
    return result + run[::-1]


def _levels(text: str, leftward: bool) -> list[int]:
    base = int(leftward)
    kinds = [unicodedata.bidirectional(char) for char in text]
    strong: list[str] = []
    for place, kind in enumerate(kinds):
        before = next((each for each in reversed(strong) if each in "LRN"), "R" if leftward else "L")
        if kind == "NSM":
            strong.append(strong[-1] if strong else "?")
        elif kind in ("R", "AL"):
            strong.append("R")
        elif kind == "L":
            strong.append("L")
        elif kind in ("EN", "AN"):
            strong.append("L" if before == "L" and kind == "EN" else "N")
        elif kind in ("ES", "CS", "ET") and before == "N" and kinds[place + 1:place + 2] in (["EN"], ["AN"]):
            strong.append("N")
        else:
            strong.append("?")
    return [_level(strong, place, base) for place in range(len(strong))]


def _level(strong: list[str], place: int, base: int) -> int:
    kind = strong[place]
    if kind == "?":
        sides = [next((each for each in part if each != "?"), "R" if base else "L")
                 for part in (strong[place::-1], strong[place:])]
        same = {"R" if side == "N" else side for side in sides}
        kind = same.pop() if len(same) == 1 else ("R" if base else "L")
    return {"R": 1, "N": 2, "L": 2 * base}[kind]


@cache
def _forms() -> tuple[dict[str, dict[str, str]], dict[str, dict[str, str]]]:
    """Return the joined forms of Arabic letters and of lam with alef, as Unicode's own data list them."""
    letters: dict[str, dict[str, str]] = {}
    ligatures: dict[str, dict[str, str]] = {}
    for code in (*range(0xFB50, 0xFBB2), *range(0xFE80, 0xFEFD)):
        form, *parts = unicodedata.decomposition(chr(code)).split() or [""]
        base = "".join(chr(int(part, 16)) for part in parts)
        if form in ("<isolated>", "<final>", "<initial>", "<medial>"):
            (letters if len(base) == 1 else ligatures).setdefault(base, {})[form] = chr(code)
    letters["\u0640"] = dict.fromkeys(("<isolated>", "<final>", "<initial>", "<medial>"), "\u0640")
    return letters, {base: found for base, found in ligatures.items() if base[0] == "\u0644"}


def _shaped(text: str) -> str:
    """Return a text with Arabic letters in the form their neighbours ask for."""
    letters, ligatures = _forms()
    units = _joined(text, ligatures)
    result = ""
    for place, unit in enumerate(units):
        forms = ligatures.get(unit) or letters.get(unit)
        if not forms:
            result += unit
            continue
        before = _neighbour(units, place, -1)
        after = _neighbour(units, place, 1)
        tied = "<final>" in forms and "<initial>" in letters.get(before, {})
        ties = "<initial>" in forms and "<final>" in (ligatures.get(after) or letters.get(after, {}))
        form = {(True, True): "<medial>", (True, False): "<final>", (False, True): "<initial>"}.get((tied, ties), "")
        result += forms.get(form, forms.get("<isolated>", unit))
    return result


def _joined(text: str, ligatures: dict[str, dict[str, str]]) -> list[str]:
    units: list[str] = []
    for char in text:
        if units and units[-1] + char in ligatures:
            units[-1] += char
        else:
            units.append(char)
    return units


def _neighbour(units: list[str], place: int, step: int) -> str:
    """Return the next letter that is no mark, or nothing."""
    place += step
    while 0 <= place < len(units) and unicodedata.combining(units[place][0]):
        place += step
    return units[place] if 0 <= place < len(units) else ""
