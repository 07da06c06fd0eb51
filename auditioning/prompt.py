"""The request a judge gets. The persona shapes the voice and nothing else; song data stands between markers.

The artist's name is not given: it could only tell the model what it has read about that artist, and the lyrics are what
is judged.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from auditioning.evidence import SongLike, What
from auditioning.panels import Judge
from auditioning.rubric import CRITERIA, TOP_LEVEL, Criterion
from locales import t

PROMPT_VERSION = "2026-11-1"
OPEN, CLOSE = "<<<SONG DATA", "SONG DATA>>>"
MOST_TOKENS = 3000  # of a reply: a review of 150 words and nine short reasons take about 1,200 in Korean
MOST_REPLY = 20_000  # characters of a broken reply shown again for repair
_RUN = re.compile(r"[<>]{3,}")


@dataclass(frozen=True)
class Prompt:
    """Fields of a chat request.

    Attributes
    ----------
    system, user : str
        The two messages.
    schema : dict
        JSON schema of the reply.
    asked : tuple of str
        Keys of the criteria to be judged.
    temperature : float
        The judge's.
    max_tokens : int
        Most tokens of the reply.
    version : str
        `PROMPT_VERSION`.
    """

    system: str
    user: str
    schema: dict[str, Any]
    asked: tuple[str, ...]
    temperature: float
    max_tokens: int = MOST_TOKENS
    version: str = PROMPT_VERSION


def asked_of(what: What) -> tuple[Criterion, ...]:
    """Return the criteria there is evidence for: those of the sound need tags or audio."""
    return tuple(each for each in CRITERIA if what.sound or not each.sound)


def prompt_of(judge: Judge, song: SongLike, lang: str, what: What) -> Prompt:
    """Return the request for one judge and one song, in the language the judge speaks to a reader of `lang`."""
    spoken, asked = judge.speaks(lang), asked_of(what)
    system = t(spoken, "judging.prompt.system", persona=judge.persona[spoken], rubric=_rubric(asked, spoken),
               opening=OPEN, closing=CLOSE)
    return Prompt(system, _user(song, what, spoken), schema_of(asked), tuple(each.key for each in asked),
                  judge.temperature)


def repair_prompt(prompt: Prompt, reply: str, problem: str, lang: str) -> Prompt:
    """Return the one request that asks for the same reply in the right form."""
    shown = f"{OPEN}\n{escape(reply[:MOST_REPLY])}\n{CLOSE}"
    user = f"{prompt.user}\n\n{t(lang, 'judging.prompt.repair', problem=escape(problem), reply=shown)}"
    return Prompt(prompt.system, user, prompt.schema, prompt.asked, 0.0, prompt.max_tokens, prompt.version)


def escape(text: str) -> str:
    """Return text that cannot hold a marker: runs of three or more ``<`` or ``>`` become quotation signs."""
    return _RUN.sub(lambda run: run.group().replace("<", "‹").replace(">", "›"), text)


def schema_of(asked: tuple[Criterion, ...]) -> dict[str, Any]:
    """Return the JSON schema of a reply; ``review`` comes first, so it streams first."""
    entry = {"criterion": {"type": "string", "enum": [each.key for each in asked]},
             "level": {"type": "integer", "minimum": 0, "maximum": TOP_LEVEL}, "quote": {"type": "string"},
             "reason": {"type": "string"}}
    return _object({"review": {"type": "string"}, "criteria": {"type": "array", "items": _object(entry)}})


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _rubric(asked: tuple[Criterion, ...], lang: str) -> str:
    def one(each: Criterion) -> str:
        levels = "\n".join(f"  {level}: {text}" for level, text in enumerate(each.anchors(lang)))
        return f"- {each.key} ({each.name(lang)}): {each.asks(lang)}\n{levels}"

    return "\n".join(map(one, asked))


def _user(song: SongLike, what: What, lang: str) -> str:
    audio = what.audio.lines if what.audio else ()
    had = ", ".join(t(lang, f"judging.evidence.{kind}") for kind in what.kinds)
    parts = [f"title: {' '.join(song.title.split())}",
             *([f"tags: {', '.join(' '.join(tag.split()) for tag in what.tags)}"] if what.tags else []),
             *([f"measured audio: {'; '.join(audio)}"] if audio else []), f"lyrics:\n{song.lyrics.strip()}"]
    return f"{t(lang, 'judging.prompt.user', evidence=had)}\n{OPEN}\n{escape(chr(10).join(parts))}\n{CLOSE}"
