"""Write the demo song's audio, cover and facts into catalogue/demo.

Task: play "Midnight Ferry" by the made-up artist Luna Harbor, mix and encode it, and paint its cover.
lyrics.txt and README.md there are written by hand and left alone.

Source: the notes of demo_score.py, played by demo_synth.py; the picture is demo_cover.py's.

Conventions: beats are quarter notes counted from the start of the song; levels are LUFS. The same seed gives
the same samples and pixels; the encoded bytes also depend on the codecs' versions.

Run ``python tools/make_demo_song.py [--out DIR] [--seed N] [--stems DIR]``.
"""

from __future__ import annotations

import argparse
import json
import logging
from dataclasses import dataclass, replace
from pathlib import Path

import demo_cover
import demo_score as score
import demo_synth as synth
import numpy as np
import soundfile
from demo_score import BEAT, LENGTH

SEED = 112
TARGET_LUFS = -14.0
CEILING = 0.72  # about -2.9 dBFS: the codec may overshoot by a decibel or so
BLOCK = 65_536  # frames a write; the Vorbis encoder does not survive a whole song at once

log = logging.getLogger("make_demo_song")

# --- playing and mixing -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stem:
    """How one instrument sits in the mix: loudness before mastering, place, reverberation and echo."""

    lufs: float
    pan: float = 0.0  # -1 left, 1 right
    hall: float = 0.0
    echo: float = 0.0
    ducked: bool = False


STEMS = {
    "kick": Stem(-21.5), "snare": Stem(-22, hall=0.16), "hats": Stem(-30, pan=0.25),
    "cymbals": Stem(-31, hall=0.1), "bass": Stem(-21, ducked=True),
    "piano": Stem(-22.5, hall=0.22, ducked=True), "guitar": Stem(-26.5, pan=-0.55, hall=0.1),
    "pad": Stem(-25.5, hall=0.3, ducked=True), "lead": Stem(-20, hall=0.24, echo=0.35),
    "harmony": Stem(-26, pan=0.4, hall=0.4, echo=0.2), "bells": Stem(-26, pan=-0.3, hall=0.55, echo=0.4),
    "pluck": Stem(-27.5, pan=0.5, hall=0.3, echo=0.4, ducked=True), "sea": Stem(-37),
    "horn": Stem(-29, hall=0.5),
}  # fmt: skip


class Tape:
    """Stereo tracks of the song's length, one for each stem; ``put`` adds a sound to one."""

    def __init__(self, rng: synth.Rng) -> None:
        self.rng = rng
        self.tracks = {name: np.zeros((round(LENGTH * synth.RATE), 2)) for name in STEMS}

    def put(self, stem: str, beat: float, sound: synth.Audio, loose_s: float = 0.003) -> None:
        """Add a mono or stereo sound at a beat, up to ``loose_s`` early or late as a player would be."""
        at = max(0, round((beat * BEAT + loose_s * float(self.rng.uniform(-1, 1))) * synth.RATE))
        if sound.ndim == 1:
            angle = (STEMS[stem].pan + 1) * np.pi / 4
            sound = sound[:, None] * np.array([np.cos(angle), np.sin(angle)])
        room = self.tracks[stem][at : at + len(sound)]
        room += sound[: len(room)]


def _play_melodies(tape: Tape) -> None:
    for section, first, _ in score.SECTIONS:
        soft = section in ("verse", "pre-chorus")
        notes = list(score.melody(score.MELODY.get(section, ""), first, 0.66 if soft else 0.8))
        for before, note in zip([None, *notes], notes, strict=False):
            tied = before is not None and before.beat + before.length == note.beat
            source = before.pitch if before is not None and tied else None
            length = note.length * BEAT * 0.96
            tape.put("lead", note.beat, synth.lead(note.pitch, length, note.velocity, source), 0.006)
            if section.startswith("chorus"):
                low = score.below(note) if section == "chorus 2" else replace(note, pitch=note.pitch - 12)
                tape.put("harmony", low.beat, synth.lead(low.pitch, length, low.velocity), 0.01)
        for note in score.melody(score.BELLS.get(section, ""), first, 0.6):
            tape.put("bells", note.beat, synth.bell(note.pitch, note.length * BEAT, note.velocity))


def _play_chords(tape: Tape) -> None:
    for note in score.piano_part():
        tape.put("piano", note.beat, synth.electric_piano(note.pitch, note.length * BEAT, note.velocity))
    for note in score.bass_part():
        tape.put("bass", note.beat, synth.bass(note.pitch, note.length * BEAT, note.velocity))
    for note in score.pluck_part():
        tape.put("pluck", note.beat, synth.pluck(note.pitch, note.length * BEAT, note.velocity))
    for note in score.strum_part():
        sound = synth.guitar(note.pitch, note.length * BEAT, note.velocity, tape.rng)
        tape.put("guitar", note.beat, sound, 0.001)
    bright = {"chorus": 0.75, "chorus 2": 0.9, "bridge": 0.7, "pre-chorus": 0.55, "verse": 0.4}
    for section, beat, length, name in score.chords():
        for pitch in score.VOICINGS[name]:
            tape.put("pad", beat, synth.pad(pitch, length * BEAT, bright.get(section, 0.5), tape.rng))


def _play_drums(tape: Tape) -> list[float]:
    """Play the drums; return when the bass drum sounds, in seconds."""
    kicks = []
    for drum, beat, velocity in score.drum_part():
        velocity *= float(tape.rng.uniform(0.92, 1.0))
        if drum == "kick":
            kicks.append(beat * BEAT)
            tape.put("kick", beat, synth.kick(velocity), 0.0)
        elif drum == "snare":
            tape.put("snare", beat, synth.snare(velocity, tape.rng), 0.002)
        elif drum == "clap":
            tape.put("snare", beat, 0.6 * synth.clap(velocity, tape.rng), 0.004)
        elif drum.startswith("tom"):
            tape.put("snare", beat, 0.9 * synth.tom(50 if drum == "tom high" else 43, velocity))
        elif drum == "crash":
            tape.put("cymbals", beat, synth.crash(velocity, tape.rng))
        else:
            tape.put("hats", beat, synth.hat(velocity, tape.rng, 0.14 if drum == "open" else 0.035))
    for bar in (16, 28):  # a cymbal played backwards leads into each chorus
        swell = synth.crash(0.7, tape.rng)[::-1]
        tape.put("cymbals", 4 * bar - len(swell) / synth.RATE / BEAT, swell, 0.0)
    return kicks


def _play_harbour(tape: Tape) -> None:
    """Play the sea under the whole song, loud where it is empty, and the ship's horn at both ends."""
    waves = synth.sea(LENGTH, tape.rng)
    knots = {0: 1.0, 12: 0.8, 16: 0.25, 92: 0.25, 96: 0.7, 110: 0.6, 112: 0.2, 144: 0.3, 156: 0.9, 168: 1.0}
    swell = np.interp(synth.times(LENGTH), np.array(list(knots)) * BEAT, list(knots.values()))
    tape.put("sea", 0, waves * swell[:, None], 0.0)
    tape.put("horn", 1, synth.foghorn(2.6))
    tape.put("horn", 161, synth.foghorn(2.2))


def mix(seed: int = SEED) -> dict[str, synth.Audio]:
    """Play every part; return the stems as loud as in the mix, reverberation and echo as two more."""
    tape = Tape(np.random.default_rng(seed))
    kicks = _play_drums(tape)
    _play_chords(tape)
    _play_melodies(tape)
    _play_harbour(tape)
    tape.tracks["pad"] = synth.chorus(tape.tracks["pad"])
    tape.tracks["piano"] = synth.chorus(tape.tracks["piano"], 0.0010, 0.9)
    hall, echoes = np.zeros_like(tape.tracks["kick"]), np.zeros_like(tape.tracks["kick"])
    for name, stem in STEMS.items():
        track = tape.tracks[name] * 10 ** ((stem.lufs - synth.loudness(tape.tracks[name])) / 20)
        if stem.ducked:
            track = synth.duck(track, kicks)
        tape.tracks[name] = track
        hall += stem.hall * track
        echoes += stem.echo * track
    tape.tracks["echo"] = synth.echo(echoes, 0.75 * BEAT, 0.45)
    tape.tracks["hall"] = synth.reverb(hall + 0.3 * tape.tracks["echo"], 2.1, tape.rng)
    return tape.tracks


def master(stems: dict[str, synth.Audio]) -> synth.Audio:
    """Sum the stems, bring the sum to the target loudness under the ceiling, and fade both ends."""
    song = synth.filtered(np.sum(list(stems.values()), axis=0), "high", 32)
    song += 0.3 * synth.filtered(song, "high", 3000, 1)  # air
    t = synth.times(LENGTH)
    fade = np.clip(t / 0.8, 0, 1) * np.sin(np.clip((LENGTH - t) / 3.6, 0, 1) * np.pi / 2) ** 2
    song *= fade[:, None]
    gain = 10 ** ((TARGET_LUFS - synth.loudness(song)) / 20)
    for _ in range(4):  # the limiter takes some loudness away; give it back
        finished = synth.limit(np.tanh(0.9 * song * gain) / 0.9, CEILING)
        gain *= 10 ** ((TARGET_LUFS - synth.loudness(finished)) / 20)
    return finished


# --- files ------------------------------------------------------------------------------------------------


def _checksum(page: bytes | bytearray) -> int:
    """Return the CRC-32 of an Ogg page (RFC 3533: polynomial 0x04c11db7, nothing inverted or mirrored)."""
    value = 0
    for byte in page:
        value = (value << 8 & 0xFFFFFFFF) ^ CRC[value >> 24 ^ byte]
    return value


def _crc_table() -> list[int]:
    table = []
    for value in range(256):
        value <<= 24
        for _ in range(8):
            value = (value << 1 & 0xFFFFFFFF) ^ (0x04C11DB7 if value >> 31 else 0)
        table.append(value)
    return table


CRC = _crc_table()


def with_serial(ogg: bytes, serial: int) -> bytes:
    """Return an Ogg stream under another serial number: the encoder draws one at random on each run."""
    pages, at = [], 0
    while at < len(ogg):
        count = ogg[at + 26]
        size = 27 + count + sum(ogg[at + 27 : at + 27 + count])
        page = bytearray(ogg[at : at + size])
        page[14:18], page[22:26] = serial.to_bytes(4, "little"), bytes(4)
        page[22:26] = _checksum(page).to_bytes(4, "little")
        pages.append(bytes(page))
        at += size
    return b"".join(pages)


def write_ogg(path: Path, song: synth.Audio, serial: int) -> None:
    """Encode a song as Ogg Vorbis, a block at a time."""
    with soundfile.SoundFile(path, "w", synth.RATE, 2, format="OGG", subtype="VORBIS") as file:
        for start in range(0, len(song), BLOCK):
            file.write(song[start : start + BLOCK])
    path.write_bytes(with_serial(path.read_bytes(), serial))


FACTS = {
    "artist": "Luna Harbor",
    "title": "Midnight Ferry",
    "artist_key": "LunaHarbor",
    "song_key": "MidnightFerry",
    "made_up": True,
    "bpm": score.TEMPO,
    "key": "D minor",
    "duration_s": LENGTH,
    "genre": "POP",
    "style": "city pop",
    "moods": ["밤", "그리움", "설렘", "그루브한", "몽환적인", "드라이브"],
    "moods_en": ["night", "longing", "anticipation", "groovy", "dreamy", "driving"],
    "licence": "CC0-1.0",
    "files": {"audio": "audio.ogg", "cover": "cover.jpg", "lyrics": "lyrics.txt"},
    "structure": [
        {"name": name, "start_s": round(4 * first * BEAT, 3), "bars": bars}
        for name, first, bars in score.SECTIONS
    ],
}


def main(argv: list[str] | None = None) -> None:
    """Write audio.ogg, cover.jpg and demo.json.

    Parameters
    ----------
    argv : list of str, optional
        Command line without the program's name; None reads the real one.
    """
    default = Path(__file__).resolve().parent.parent / "catalogue" / "demo"
    parser = argparse.ArgumentParser(description="Write the demo song's audio, cover and facts.")
    parser.add_argument("--out", type=Path, default=default, help="folder to write into")
    parser.add_argument("--seed", type=int, default=SEED, help="same seed, same samples and pixels")
    parser.add_argument("--stems", type=Path, help="folder for the single instruments as FLAC")
    options = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    options.out.mkdir(parents=True, exist_ok=True)
    stems = mix(options.seed)
    song = master(stems)
    write_ogg(options.out / "audio.ogg", song, options.seed)
    peak = synth.decibels(float(np.abs(song).max()))
    log.info("audio: %.1f LUFS, peak %.2f dBFS", synth.loudness(song), peak)
    if options.stems:
        options.stems.mkdir(parents=True, exist_ok=True)
        for name, stem in stems.items():
            soundfile.write(options.stems / f"{name}.flac", stem, synth.RATE)
    demo_cover.write(options.out / "cover.jpg", options.seed)
    facts = json.dumps(FACTS, ensure_ascii=False, indent=2) + "\n"
    (options.out / "demo.json").write_text(facts, encoding="utf-8")
    log.info("written to %s", options.out)


if __name__ == "__main__":
    main()
