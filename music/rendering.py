"""A score made sound: parts played, mixed, mastered, exact to the sample.

Each part is played on a bus of its own, one after another, so that memory holds few of them; stems are played again
when asked for. The same score and plan give the same samples.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from music import master, mix, playing, soundfont, textures
from music.plan import Plan
from music.score import METERS, ROLES, SAMPLE_RATE, Score
from music.style import Style, style
from support.errors import DataError

Audio = NDArray[np.float32]

AMBIENCE = "ambience"
"""Name of the part that is rain, wind and the like."""
FADE_SHARE, FADE_S, AMBIENCE_FADE_S = 0.05, (0.15, 0.7), 2.0
"""An ending's fade: share of the piece within limits in seconds; longer where a background sound would stop short."""
KICKS = (35, 36)
LEAST, MOST = -30.0, 30.0
"""dB a part may be moved to its level."""


class Watch(Protocol):
    """Who is told how far the work is, and asked whether to stop."""

    def report(self, done: int, total: int, note: str = "") -> None:
        """Say how far the work is."""

    def check(self) -> None:
        """Raise `support.errors.Cancelled` if the work is to stop."""


class Quiet:
    """A watch nobody looks at."""

    def report(self, done: int, total: int, note: str = "") -> None:
        """Say nothing."""

    def check(self) -> None:
        """Go on."""


QUIET = Quiet()


@dataclass(frozen=True, slots=True)
class Rendered:
    """A finished piece.

    Attributes
    ----------
    mix : array (n, 2)
        Mastered, float32 on the grid of 24 bits, 48 kHz.
    stems : mapping of str to array (n, 2)
        By role, `AMBIENCE` for background sounds; they add up to the mix. Empty unless asked for. Each is made when
        it is looked up.
    figures : dict
        ``loudness`` (LUFS), ``true_peak`` (dBTP), ``peak`` (dBFS), ``seconds``, ``bpm``.
    """

    mix: Audio
    stems: Mapping[str, Audio]
    figures: dict[str, float]


def render(score: Score, plan: Plan, watch: Watch = QUIET, stems: bool = False, soundfont: Path | None = None
           ) -> Rendered:
    """Return the sound of a score.

    Parameters
    ----------
    score : Score
    plan : Plan
        Its style, loudness, background sounds and random streams are used.
    watch : Watch
        Told of each part; its `check` may stop the work.
    stems : bool
        Whether parts are wanted on their own as well.
    soundfont : Path, optional
        SF2 file; the shipped one if None.

    Raises
    ------
    DataError
        ``bgm_sound.silent``, ``bgm_sound.voice``, ``bgm_sound.soundfont``, ``bgm_sound.no_soundfont``.
    Cancelled
        By the watch.
    """
    studio = _Studio(score, plan, style(plan.style), soundfont, watch)
    mixed = studio.mixed()
    audio, curve, figures = master.mastered(mixed, plan.loudness, score.loop)
    watch.report(studio.steps, studio.steps, "")
    return Rendered(audio, _Stems(studio, curve) if stems else {},
                    {**asdict(figures), "seconds": studio.time.count / SAMPLE_RATE, "bpm": score.bpm})


class _Studio:
    """Buses of one piece."""

    def __init__(self, score: Score, plan: Plan, style_: Style, font: Path | None, watch: Watch) -> None:
        self.plan, self.score, self.style, self.watch = plan, score, style_, watch
        self.time = playing.Time(score.quarter_s, round(score.seconds * SAMPLE_RATE), score.loop,
                                 score.tonic)
        self.tracks = {track.role: track for track in score.tracks if track.notes}
        self.parts = [role for role in ROLES if role in self.tracks] + [AMBIENCE] * bool(plan.textures)
        self.steps = len(self.parts) + 2
        if not self.parts or self.time.count < 1:
            raise DataError("bgm_sound.silent")
        self.room = mix.room(style_.reverb)
        self._font, self._gains, self._duck_gain = font, dict[str, float](), self._ducking()
        self._tones: playing.Tones | None = None

    def mixed(self) -> Audio:
        """Return all parts with their room, before mastering."""
        made, send, bus = self._empty(), self._empty(), self._empty()
        for done, part in enumerate(self.parts):
            self.watch.check()
            self.watch.report(done, self.steps, part)
            self._add(part, bus, made, send)
        self.watch.check()
        self.watch.report(self.steps - 2, self.steps, "room")
        mix.add_room(send, made, self.room, self.score.loop)
        return self._faded(made)

    def stem(self, part: str) -> Audio:
        """Return one part with its room, before mastering."""
        made, send = self._empty(), self._empty()
        self._add(part, self._empty(), made, send)
        if mix.SENDS[part]:
            mix.add_room(send, made, self.room, self.score.loop)
        return self._faded(made)

    def _add(self, part: str, bus: Audio, made: Audio, send: Audio) -> None:
        """Play a part on a bus, which is emptied, and add it to the mix."""
        bus[:] = 0
        if part == AMBIENCE:
            for name in self.plan.textures:
                bus += textures.texture(name, self.time.count, self.plan.stream("texture", name))
        else:
            playing.play(self.tracks[part], self.time, bus, self._notes(), self.style.width)
        if part not in self._gains:
            self._gains[part] = self._balance(bus, part)
        mix.add_part(bus, made, send, part, self._gains[part], self.style.width, self._duck_gain, self.score.loop)

    def _notes(self) -> playing.Tones:
        if self._tones is None:
            keys = {key for track in self.tracks.values() for key in playing.needed(track, self.time)}
            self._tones = soundfont.bank(self._font).tones(keys, self.watch) if keys else {}
        return self._tones

    def _balance(self, bus: Audio, part: str) -> float:
        have = master.loud_part(bus)
        level = mix.AMBIENCE_LEVEL if part == AMBIENCE else self.style.level.get(part, mix.USUAL_LEVEL[part])
        if not np.isfinite(have):
            return 1.0
        return float(10 ** (min(MOST, max(LEAST, mix.ANCHOR + level - have)) / 20))

    def _ducking(self) -> NDArray[np.float32] | None:
        drums = self.tracks.get("drums")
        starts = [note.start for note in drums.notes if note.pitch in KICKS] if drums else []
        kicks = np.array(sorted({round(start * self.time.quarter_s * SAMPLE_RATE) for start in starts}), np.int64)
        beat_s = self.time.quarter_s * METERS[self.score.meter].beat
        return mix.ducking(kicks, self.time.count, self.style.sidechain, beat_s, self.score.loop)

    def _faded(self, made: Audio) -> Audio:
        """Return the mix or a part, whose end is faded where the piece ends."""
        if self.score.loop:
            return made
        seconds = self.score.seconds
        fade = min(FADE_S[1], max(FADE_S[0], FADE_SHARE * seconds))
        if self.plan.textures:
            fade = max(fade, min(AMBIENCE_FADE_S, seconds / 5))
        master.fade(made, fade)
        return made

    def _empty(self) -> Audio:
        return np.zeros((self.time.count, 2), np.float32)


class _Stems(Mapping[str, Audio]):
    """Parts on their own, mastered by the mix's own gain, each made when it is looked up."""

    def __init__(self, studio: _Studio, curve: master.Curve) -> None:
        self._studio, self._curve = studio, curve

    def __getitem__(self, part: str) -> Audio:
        if part not in self._studio.parts:
            raise KeyError(part)
        return master.applied(self._studio.stem(part), self._curve)

    def __iter__(self) -> Iterator[str]:
        return iter(self._studio.parts)

    def __len__(self) -> int:
        return len(self._studio.parts)
