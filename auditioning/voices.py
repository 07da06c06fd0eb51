"""One score told in three voices: what is said follows from what was measured."""

from __future__ import annotations

from auditioning.features import Finding
from auditioning.rubric import BY_KEY, CRITERIA
from auditioning.score import Verdict
from locales import t

VOICES = ("dry", "warm", "blunt")
SHARES = {"hook", "singability", "freshness", "imagery"}  # shown in percent
_ORDER = {each.key: at for at, each in enumerate(CRITERIA)}


def reason(finding: Finding, lang: str) -> str:
    """Return the measured figure in words, and the anchor of its level."""
    shown = f"{100 * finding.figure:.0f}" if finding.criterion in SHARES else f"{finding.figure:.2f}"
    if BY_KEY[finding.criterion].sound:
        shown = f"{finding.figure:.1f}"
    anchor = BY_KEY[finding.criterion].anchors(lang)[finding.level]
    return t(lang, f"judging.offline.found.{finding.criterion}", figure=shown, anchor=anchor,
             share=f"{100 * finding.share:.0f}")


def told(found: tuple[Finding, ...], verdict: Verdict, not_judged: tuple[str, ...], unread: int,
         lang: str) -> dict[str, str]:
    """Return the review by voice: an opening by the verdict, the strongest, the weakest, what was left out."""
    ranked = sorted(found, key=lambda each: (-each.level, _ORDER[each.criterion]))
    return {voice: " ".join(_parts(voice, ranked, str(verdict.verdict), not_judged, unread, lang)) for voice in VOICES}


def _parts(voice: str, ranked: list[Finding], verdict: str, not_judged: tuple[str, ...], unread: int,
           lang: str) -> list[str]:
    best, worst = ranked[0], ranked[-1]
    parts = [t(lang, f"judging.voice.{voice}.{verdict.lower()}")]
    if best.level >= 3:
        parts.append(_point(voice, "best", best, lang))
    if worst.level <= 2:
        parts.append(_point(voice, "worst", worst, lang))
    if best.level < 3 or worst.level > 2:
        parts.append(_point(voice, "even", worst if best.level < 3 else best, lang))
    if unread:
        parts.append(t(lang, "judging.offline.unread", count=unread))
    if not_judged:
        names = ", ".join(BY_KEY[key].name(lang) for key in not_judged)
        parts.append(t(lang, "judging.offline.not_judged", names=names))
    return parts


def _point(voice: str, kind: str, finding: Finding, lang: str) -> str:
    return t(lang, f"judging.voice.{voice}.{kind}", name=BY_KEY[finding.criterion].name(lang), level=finding.level,
             reason=reason(finding, lang), quote=finding.quote)
