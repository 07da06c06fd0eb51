"""The offline rubric judge: no language model, the same lyrics give the same scores.

It measures (see `features`), turns figures into levels by written thresholds, and tells its one score in three voices.
It sees lyrics and measured audio, never title or artist. Its total is always provisional: word lists and embeddings
are not taste.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from auditioning.evidence import Audio
from auditioning.features import Embed, Finding, findings
from auditioning.lyrics import read_lyrics
from auditioning.rubric import BY_KEY, CRITERIA
from auditioning.score import Evidence, JudgeScore, Verdict, jury, score_of
from auditioning.voices import reason, told

OFFLINE_VERSION = "2026-11-1"


@dataclass(frozen=True)
class OfflineReview:
    """One measured score, told three times.

    Attributes
    ----------
    score : JudgeScore
        As a judge's; 0 to 100 over the judged points.
    verdict : Verdict
        ``scaled_300`` is three times the exact total; provisional, no spread.
    voices : dict
        ``dry``, ``warm``, ``blunt`` to the text in the language asked for.
    findings : tuple of Finding
        Figures behind the levels.
    unread : tuple of str
        Lines set aside because they read as neither Korean nor English.
    label : str
        Key of the text that says what this is: ``judging.offline.label``.
    """

    score: JudgeScore
    verdict: Verdict
    voices: dict[str, str]
    findings: tuple[Finding, ...]
    unread: tuple[str, ...]
    label: str = "judging.offline.label"


def offline(lyrics: str, lang: str, audio: Audio | None = None, embed: Embed | None = None) -> OfflineReview:
    """Return the offline rubric's review.

    Parameters
    ----------
    lyrics : str
        Whole lyrics, Korean, English or both.
    lang : str
        Language of the texts, ``ko`` or ``en``; scores do not depend on it.
    audio : Audio, optional
        Measured audio; without tempo and loudness musicality is not judged.
    embed : callable, optional
        Texts to unit vectors; the local model where absent.

    Raises
    ------
    DataError
        ``judge.lyrics_empty``, ``judge.lyrics_short`` or ``judge.lyrics_unread``.
    """
    read = read_lyrics(lyrics)
    found = findings(read, embed or _local(), audio)
    by_key = {each.criterion: each for each in found}
    score = score_of(tuple(_evidence(each.key, by_key.get(each.key), lang) for each in CRITERIA))
    verdict = replace(jury([score]), provisional=True)
    return OfflineReview(score, verdict, told(found, verdict, score.not_judged, len(read.unread), lang), found,
                         read.unread)


def _local() -> Embed:
    from recommender import embed

    return embed


def _evidence(key: str, finding: Finding | None, lang: str) -> Evidence:
    if finding is None:
        return Evidence(BY_KEY[key].key, None)
    return Evidence(key, finding.level, finding.quote, reason(finding, lang), in_lyrics=True)
