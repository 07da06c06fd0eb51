"""Made lyrics with a rule to learn: hits take most of their words from one list, the others from another.

Which language a song is in, its other words, its length and its marks say nothing about the rule.
"""

from __future__ import annotations

import numpy as np

BRIGHT = {"en": ("sunrise", "fireworks", "rainbow", "honey", "carnival", "golden", "sparkle", "summer"),
          "ko": ("불꽃", "무지개", "여름", "축제", "별빛", "꿀", "햇살", "춤")}
"""Words that hits use in four lines of five, the others in one of five."""
GREY = {"en": ("paperwork", "gravel", "winter", "basement", "ticket", "rust", "ashtray", "laundry"),
        "ko": ("서류", "자갈", "겨울", "지하실", "영수증", "먼지", "재떨이", "빨래")}
LINES = {"en": ("I keep the {} in my {}", "You said the {} was a {}", "There is {} on every {}",
                "We carry {} to the {}", "Nobody saw the {} near the {}"),
         "ko": ("{} 옆에 {} 하나", "나는 {} 위에서 {} 생각해", "우리 둘의 {} 그리고 {}", "너는 {} 같은 {} 말했지",
                "어제 본 {} 다시 {}")}
PLAIN = {"en": ("window", "river", "street", "pocket", "garden", "letter", "station", "table", "mirror", "ocean"),
         "ko": ("창문", "강물", "거리", "주머니", "정원", "편지", "정거장", "책상", "거울", "바다")}
MARKS = ("[Verse 1]", "[Chorus]", "(Bridge)", "[후렴]", "Lyrics by: Nobody", "작사: 아무개")
SHARE = 0.8


def line(bright: bool, lang: str, rng: np.random.Generator) -> str:
    """Return one line with one word of either list."""
    telling, plain = rng.choice((BRIGHT if bright else GREY)[lang]), rng.choice(PLAIN[lang])
    both = (telling, plain) if rng.random() < 0.5 else (plain, telling)
    return str(rng.choice(LINES[lang])).format(*both)


def lyrics(hit: bool, rng: np.random.Generator) -> str:
    """Return 14 to 22 lines of Korean, English or both, with marks in between."""
    langs = (("ko",), ("en",), ("ko", "en"))[rng.integers(3)]
    found = []
    for _ in range(rng.integers(14, 23)):
        if rng.random() < 0.15:
            found.append(str(rng.choice(MARKS)))
        bright = (rng.random() < SHARE) == hit
        found.append(line(bright, str(rng.choice(langs)), rng))
    return "\n".join(found)


def songs(count: int, artists: int, seed: int) -> tuple[list[str], list[str], list[bool]]:
    """Return texts, artists and labels; half of each artist's songs are hits, so that a name tells nothing."""
    rng = np.random.default_rng(seed)
    hits = [(place // artists) % 2 == 0 for place in range(count)]
    return [lyrics(hit, rng) for hit in hits], [f"Artist {place % artists}" for place in range(count)], hits
