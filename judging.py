"""Judging a song: a rubric of nine criteria, prompts for language models, their replies, totals, and an offline judge.

Levels run from 0 to 5, each with a written anchor; points are computed here as exact fractions and never read from a
model. Musicality counts 40, marketability 30 and narrative 30 of a judge's 100. A criterion without evidence is not
judged: it leaves the denominator, and the judge's total is scaled over the judged points. Totals are rounded half up
to whole points, and the verdict is of the rounded total on the scale of 300.

Nothing here calls a model: services do, with the requests of `prompt_of`, and feed what arrives to a `ReviewStream`.
"""

from __future__ import annotations

from auditioning.agreement import Alpha, Repeats, repeats
from auditioning.evidence import Audio, SongLike, What, quoted
from auditioning.features import Finding
from auditioning.offline import OFFLINE_VERSION, OfflineReview, offline
from auditioning.panels import Judge, Panel, load_panels
from auditioning.prompt import PROMPT_VERSION, Prompt, asked_of, prompt_of, repair_prompt
from auditioning.rubric import CRITERIA, GROUPS, SCALE, Criterion, verdict_of
from auditioning.score import SPLIT, Evidence, GroupPoints, JudgeScore, Verdict, jury, score
from auditioning.stream import Entry, Reply, ReviewStream

__all__ = ["CRITERIA", "GROUPS", "OFFLINE_VERSION", "PROMPT_VERSION", "SCALE", "SPLIT", "Alpha", "Audio", "Criterion",
           "Entry", "Evidence", "Finding", "GroupPoints", "Judge", "JudgeScore", "OfflineReview", "Panel", "Prompt",
           "Repeats", "Reply", "ReviewStream", "SongLike", "Verdict", "What", "asked_of", "jury", "load_panels",
           "offline", "prompt_of", "quoted", "repair_prompt", "repeats", "score", "verdict_of"]
