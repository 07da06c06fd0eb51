"""From scored songs to the playlist that is shown: how much comes from the chosen playlists, filters, order, edits.

Pure functions of candidates and controls; the same in, the same out. A song is never there twice. The number asked for
is exact, or a `Reason` says why not. Reasons carry a code, a key below ``playlist_reason.`` in the locale files, and
values.

select     picks the songs and orders them
reorder    moves one
remove     takes one out
replace    another like this
lean       scores moved by edited tags, for live re-ranking
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace as changed

from playlisting.candidates import (
    ADVANCED_COUNTS,
    ARCS,
    COUNTS,
    SIMILARITY,
    Candidate,
    Controls,
    Reason,
    Selection,
)

__all__ = ["ADVANCED_COUNTS", "ARCS", "COUNTS", "SIMILARITY", "Candidate", "Controls", "Reason", "Selection", "lean",
           "remove", "reorder", "replace", "select"]

WAVE = 8
"""Songs from one height of energy to the next."""
SHAKE = 0.35
"""How far a seed moves scores, as a share of the candidates' spread."""
TAG_SHARE = 0.5
"""Most that edited tags move a score, as a share of the largest score."""


def select(candidates: Sequence[Candidate], controls: Controls) -> Selection:
    """Return the playlist for some candidates.

    Parameters
    ----------
    candidates : sequence of Candidate
        Of a song given twice the better one counts; from a chosen playlist if either is. Locked songs must be among
        them; those that are not are left out.
    controls : Controls

    Returns
    -------
    Selection
        ``round(count * similarity / 100)`` songs come from the chosen playlists, best first. Where one side has too
        few, the other fills up, but never at 0 and 100, where one side is what was asked for.
    """
    every = _once(candidates)
    locked = [every[song] for song in sorted(controls.locked, key=lambda song: controls.locked[song]) if song in every]
    pool, reasons = _fitting([each for each in every.values() if each.song not in controls.locked], controls)
    pool = sorted(_shaken(pool, controls.seed), key=lambda each: (-each.score, each.song))
    picked, why = _picked(pool, locked, controls.count, controls)
    if controls.minutes is not None:
        picked, why = _timed(pool, locked, controls)
    final = [every[each.song] for each in picked]  # with the scores that were handed in
    ordered, unknown = _ordered(final, controls)
    return Selection(tuple(ordered), (*reasons, *why, *unknown))


def reorder(songs: Sequence[Candidate], song: int, place: int) -> tuple[Candidate, ...]:
    """Return the songs with one moved to a place, 0 the first; what is not there changes nothing."""
    moved = [each for each in songs if each.song == song]
    rest = [each for each in songs if each.song != song]
    return (*rest[:max(0, place)], *moved, *rest[max(0, place):])


def remove(songs: Sequence[Candidate], song: int) -> tuple[Candidate, ...]:
    """Return the songs without one."""
    return tuple(each for each in songs if each.song != song)


def replace(songs: Sequence[Candidate], song: int, candidates: Sequence[Candidate], controls: Controls,
            alike: Mapping[int, float] | None = None) -> Selection:
    """Return the songs with another one like `song` in its place.

    Parameters
    ----------
    songs : sequence of Candidate
    song : int
        The one to replace.
    candidates : sequence of Candidate
    controls : Controls
        Filters and the artist cap hold.
    alike : mapping of int to float, optional
        How like the old one each song is; by default the one with the nearest score from the same side is taken.

    Returns
    -------
    Selection
        The same songs with reason ``short`` where nothing else fits.
    """
    old = next((each for each in songs if each.song == song), None)
    if old is None:
        return Selection(tuple(songs), ())
    rest = remove(songs, song)
    there = {each.song for each in songs}
    pool, _ = _fitting([each for each in _once(candidates).values() if each.song not in there], controls)
    uses = Counter(each.artist for each in rest)
    free = [each for each in pool if _under_cap(each, uses, controls)]
    if not free:
        return Selection(tuple(songs), (Reason("short", {"have": len(rest), "wanted": len(songs)}),))
    rank = (lambda each: (-alike.get(each.song, 0.0), -each.score, each.song)) if alike is not None else (
        lambda each: (each.chosen != old.chosen, abs(each.score - old.score), each.song))
    new: Candidate = min(free, key=rank)
    return Selection(tuple(new if each.song == song else each for each in songs), ())


def lean(candidates: Sequence[Candidate], tags: Mapping[str, float],
         tags_of: Callable[[int], Collection[str]]) -> tuple[Candidate, ...]:
    """Return the candidates with scores moved by edited tags.

    Parameters
    ----------
    candidates : sequence of Candidate
    tags : mapping of str to float
        Weight of each tag, -1 (away from it) to 1.
    tags_of : callable
        Tags of a song.

    Returns
    -------
    tuple of Candidate
        A song that has every tag of positive weight and no other gains `TAG_SHARE` of the largest score.
    """
    most = sum(max(weight, 0.0) for weight in tags.values()) or 1.0
    top = max((abs(each.score) for each in candidates), default=0.0) or 1.0
    return tuple(changed(each, score=each.score + TAG_SHARE * top * max(-1.0, sum(
        weight for tag, weight in tags.items() if tag in tags_of(each.song)) / most)) for each in candidates)


def _once(candidates: Sequence[Candidate]) -> dict[int, Candidate]:
    every: dict[int, Candidate] = {}
    for each in candidates:
        other = every.get(each.song)
        if other is None:
            every[each.song] = each
        else:
            every[each.song] = changed(max(other, each, key=lambda one: one.score), chosen=other.chosen or each.chosen)
    return every


def _fitting(pool: Sequence[Candidate], controls: Controls) -> tuple[list[Candidate], list[Reason]]:
    """Return the candidates that the filters let through, and how many they did not."""
    barred = set(controls.typed) | set(controls.removed)
    counts: Counter[str] = Counter()
    kept = []
    for each in pool:
        if each.song in barred:
            continue
        why = _misfit(each, controls)
        counts[why] += 1
        if not why:
            kept.append(each)
    return kept, [Reason(code, {"count": counts[code]}) for code in ("language_unknown", "year_unknown", "filtered")
                  if counts[code]]


def _misfit(each: Candidate, controls: Controls) -> str:
    if controls.languages and not each.language:
        return "language_unknown"
    if controls.years is not None and each.year is None:
        return "year_unknown"
    wrong_year = controls.years is not None and each.year is not None and not (
        controls.years[0] <= each.year <= controls.years[1])
    return "filtered" if wrong_year or (controls.languages and each.language not in controls.languages) else ""


def _shaken(pool: Sequence[Candidate], seed: int) -> list[Candidate]:
    """Return the candidates with scores moved by a draw of their own; as they are for seed 0."""
    if seed == 0 or len(pool) < 2:
        return list(pool)
    mean = sum(each.score for each in pool) / len(pool)
    spread = math.sqrt(sum((each.score - mean) ** 2 for each in pool) / len(pool))
    return [changed(each, score=each.score + SHAKE * spread * _draw(seed, each.song)) for each in pool]


def _draw(seed: int, song: int) -> float:
    """Return a Gumbel number that depends on seed and song alone: adding a candidate changes no other's draw."""
    part = int(hashlib.sha256(f"{seed}:{song}".encode()).hexdigest()[:12], 16)
    return -math.log(-math.log((part + 0.5) / 16**12))


def _picked(pool: Sequence[Candidate], locked: Sequence[Candidate], count: int,
            controls: Controls) -> tuple[list[Candidate], list[Reason]]:
    """Return locked songs and the best of both sides, `count` in all."""
    if len(locked) > count:
        return list(locked), [Reason("locked_many", {"have": len(locked), "wanted": count})]
    uses = Counter(each.artist for each in locked)
    capped: set[int] = set()
    share = math.floor(count * controls.similarity / 100 + 0.5)
    free = count - len(locked)
    # locked songs count for their own side, and the other side then has what is left
    from_chosen = min(free, max(0, share - sum(each.chosen for each in locked)))
    wanted = {True: from_chosen, False: free - from_chosen}
    taken = {side: _take([each for each in pool if each.chosen == side], wanted[side], uses, controls, capped)
             for side in (True, False)}
    reasons = [Reason(code, {"have": len(taken[side]), "wanted": wanted[side]}) for side, code in
               ((True, "short_chosen"), (False, "short_new")) if len(taken[side]) < wanted[side]]
    for side, code in ((False, "filled_new"), (True, "filled_chosen")):
        missing = free - len(taken[True]) - len(taken[False])
        if missing and 0 < controls.similarity < 100:
            there = {each.song for each in taken[side]}
            more = _take([each for each in pool if each.chosen == side and each.song not in there], missing, uses,
                         controls, capped)
            taken[side] += more
            reasons += [Reason(code, {"count": len(more)})] if more else []
    picked = [*locked, *sorted(taken[True] + taken[False], key=lambda each: (-each.score, each.song))]
    if len(picked) < count:
        reasons.append(Reason("short", {"have": len(picked), "wanted": count}))
        if capped and controls.artist_cap is not None:
            reasons.append(Reason("artist_cap", {"count": len(capped), "cap": controls.artist_cap}))
    return picked, reasons


def _take(side: Sequence[Candidate], wanted: int, uses: Counter[str], controls: Controls,
          capped: set[int]) -> list[Candidate]:
    taken: list[Candidate] = []
    for each in side:
        if len(taken) == wanted:
            break
        if _under_cap(each, uses, controls):
            taken.append(each)
            uses[each.artist] += 1
        else:
            capped.add(each.song)
    return taken


def _under_cap(each: Candidate, uses: Mapping[str, int], controls: Controls) -> bool:
    return controls.artist_cap is None or not each.artist or uses.get(each.artist, 0) < controls.artist_cap


def _timed(pool: Sequence[Candidate], locked: Sequence[Candidate],
           controls: Controls) -> tuple[list[Candidate], list[Reason]]:
    """Return the pick whose length is nearest to the minutes wanted, `controls.count` songs at most."""
    assert controls.minutes is not None
    target = 60 * controls.minutes
    most = _picked(pool, locked, controls.count, controls)
    known = [each.seconds for each in most[0] if each.seconds is not None]
    if not known:
        return most[0], [*most[1], Reason("lengths_unknown", {})]
    mean = sum(known) / len(known)
    counts = range(max(1, len(locked)), controls.count + 1)
    tries = [_picked(pool, locked, count, controls) for count in counts] or [most]
    picked, why = min(tries, key=lambda each: abs(_length(each[0], mean) - target))
    unknown = sum(each.seconds is None for each in picked)
    reasons = [*why, *([Reason("length_unknown", {"count": unknown})] if unknown else [])]
    length = _length(picked, mean)
    if length < target - mean:
        reasons.append(Reason("minutes_short", {"have": round(length / 60), "wanted": round(controls.minutes)}))
    return picked, reasons


def _length(picked: Sequence[Candidate], mean: float) -> float:
    return sum(mean if each.seconds is None else each.seconds for each in picked)


def _ordered(picked: Sequence[Candidate], controls: Controls) -> tuple[list[Candidate], list[Reason]]:
    """Return the songs in the order of the arc, locked ones in their places."""
    fixed: dict[int, Candidate] = {}
    locked = [each for each in picked if each.song in controls.locked]
    for each in sorted(locked, key=lambda one: controls.locked[one.song]):
        place = min(controls.locked[each.song], len(picked) - 1)
        while place in fixed:  # two locked at one place, or beyond the end: the next free one
            place = (place + 1) % len(picked)
        fixed[place] = each
    free = [each for each in picked if each.song not in controls.locked]
    places = [place for place in range(len(picked)) if place not in fixed]
    unknown = sum(each.arousal is None for each in picked)
    reasons = [Reason("energy_unknown", {"count": unknown})] if unknown and controls.arc != "best" else []
    for place, each in zip(places, _arced(free, places, len(picked), controls.arc), strict=True):
        fixed[place] = each
    return [fixed[place] for place in range(len(picked))], reasons


def _arced(free: Sequence[Candidate], places: Sequence[int], total: int, arc: str) -> list[Candidate]:
    known = sorted(each.arousal for each in free if each.arousal is not None)
    middle = known[len(known) // 2] if known else 0.0
    energy = {each.song: middle if each.arousal is None else each.arousal for each in free}
    if arc == "best":
        return list(free)
    if arc == "flat":  # those nearest to the middle carry the list; what stands out comes last
        return sorted(free, key=lambda each: abs(energy[each.song] - middle))
    if arc == "rising":
        return sorted(free, key=lambda each: energy[each.song])
    heights = sorted(range(len(places)), key=lambda at: (-math.cos(2 * math.pi * places[at] / min(WAVE, total)), at))
    order: list[Candidate] = list(free)
    for at, each in zip(heights, sorted(free, key=lambda one: energy[one.song]), strict=True):
        order[at] = each
    return order
