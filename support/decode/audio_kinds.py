"""What a file of sound is by its content, whatever its name says; plain Python, so safe to run anywhere."""

from __future__ import annotations

from collections.abc import Iterator

from support.decode.kinds import other_kind, picture_kind

ACCEPTED = ("MP3", "WAV", "FLAC", "OGG", "M4A")
BIT_RATES = {3: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0),
             0: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0)}
"""Kilobits a second of layer III by number in the header: MPEG-1; MPEG-2 and 2.5 (ISO/IEC 11172-3, 13818-3)."""
RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
"""Samples a second by version and number in the header."""
MOST_TAGS, MOST_BOXES = 16, 200
"""ID3v2 tags in a row, boxes of an MP4 in one other, that are looked at: a file can be made of nothing else."""
JUNK = 65_536
"""Bytes before the first frame of an MP3 that are passed over: padding after tags, remains of a cut."""
VIDEOS = ((b"\x1aE\xdf\xa3", "MKV"), (b"FLV\1", "FLV"), (b"\0\0\1\xba", "MPEG"), (b"\0\0\1\xb3", "MPEG"))
OTHER_SOUNDS = ((b"FORM", "AIFF"), (b"0&\xb2u", "WMA"), (b"MThd", "MIDI"), (b"#!AMR", "AMR"), (b"caff", "CAF"),
                (b"wvpk", "WavPack"), (b"MAC ", "APE"), (b".snd", "AU"))
OGG_VIDEOS = (b"\x80theora", b"OVP80", b"BBCD\0", b"\1video\0\0\0")
"""How the first packet of a stream of pictures begins: Theora, VP8, Dirac, Ogg's old video."""
OGG_SOUNDS = (b"\1vorbis", b"OpusHead", b"\x7fFLAC")


def audio_kind(data: bytes) -> str | None:
    """Return one of `ACCEPTED`; ``video``, or None for anything else."""
    start = tags_end(data)
    head = data[start:start + 16]
    if head[:4] in (b"RIFF", b"RF64"):
        return {b"WAVE": "WAV", b"AVI ": "video"}.get(head[8:12])
    if head[:4] == b"fLaC":
        return "FLAC"
    if head[:4] == b"OggS":
        return _ogg_kind(data[start:start + 4096])
    if head[4:8] == b"ftyp":
        return _iso_kind(data)
    if any(head.startswith(magic) for magic, _ in VIDEOS) or _is_transport_stream(data):
        return "video"
    if head[:2] in (b"\xff\xf1", b"\xff\xf9"):  # AAC without a container (ADTS)
        return "M4A"
    return "MP3" if mp3_start(data) is not None and picture_kind(data) is None else None


def found_kind(data: bytes) -> str:
    """Return the name of what is not accepted, ``TXT`` for text, ``?`` where it is not known."""
    if data[:4] == b"RIFF":
        return "AVI" if data[8:12] == b"AVI " else picture_kind(data) or "RIFF"
    if data[4:8] == b"ftyp" and audio_kind(data) == "video":
        return "MP4"
    named = next((name for magic, name in (*VIDEOS, *OTHER_SOUNDS) if data.startswith(magic)), None)
    if named is None and _is_transport_stream(data):
        return "MPEG"
    if data.startswith(b"ID3") and named is None:
        return "ID3"
    return named or picture_kind(data) or other_kind(data)


def tags_end(data: bytes) -> int:
    """Return where the content begins: after the ID3v2 tags in front of it."""
    start = 0
    for _ in range(MOST_TAGS):
        if data[start:start + 3] != b"ID3" or len(data) <= start + 10:
            break
        size = 0
        for byte in data[start + 6:start + 10]:  # seven bits each (id3.org, id3v2.4.0-structure)
            size = size << 7 | byte & 0x7F
        start += 10 + size + (10 if data[start + 5] & 0x10 else 0)
    return start


def mp3_start(data: bytes) -> int | None:
    """Return where the frames of an MP3 begin: at two in a row, or one that ends the file; else None."""
    at = tags_end(data)
    end = min(len(data), at + JUNK)
    while 0 <= (at := data.find(b"\xff", at, end)):
        if (size := _frame_size(data, at)) and (at + size >= len(data) or _frame_size(data, at + size)):
            return at
        at += 1
    return None


def is_cut(data: bytes, kind: str) -> bool:
    """Return whether a WAV or an MP3 says how many bytes it has, and has fewer: it was cut."""
    if kind == "WAV":
        return _wav_is_cut(data)
    return kind == "MP3" and _mp3_is_cut(data)


def _frame_size(data: bytes, at: int) -> int:
    """Return the bytes of the frame of layer III that begins here, 0 where none does."""
    head = int.from_bytes(data[at:at + 4], "big")
    version, layer, bit_rate, rate = head >> 19 & 3, head >> 17 & 3, head >> 12 & 15, head >> 10 & 3
    if len(data) < at + 4 or head >> 21 != 0x7FF or layer != 1 or version == 1 or rate == 3:
        return 0
    kilobits = BIT_RATES[3 if version == 3 else 0][bit_rate]
    return kilobits and (144_000 if version == 3 else 72_000) * kilobits // RATES[version][rate] + (head >> 9 & 1)


def _mp3_is_cut(data: bytes) -> bool:
    """Return whether the first frame states more bytes (Xing, Info) than there are, by over 2 %."""
    start = mp3_start(data) or 0
    first = data[start:start + 200]
    at = max(first.find(b"Xing"), first.find(b"Info"))
    if at < 0 or not first[at + 7] & 2:
        return False
    place = at + 8 + (4 if first[at + 7] & 1 else 0)
    return len(data) - start < 0.98 * int.from_bytes(first[place:place + 4], "big")


def _wav_is_cut(data: bytes) -> bool:
    """Return whether the chunk of samples states more bytes than there are; who writes to a pipe states none."""
    at = 12
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4:at + 8], "little")
        if data[at:at + 4] == b"data":
            return data[:4] == b"RIFF" and size < 0x7FFF0000 and at + 8 + size > len(data) + 1
        at += 8 + size + size % 2
    return True


def _ogg_kind(start: bytes) -> str | None:
    """Return the kind by the first packets: all streams of an Ogg file begin before any goes on (RFC 3533)."""
    if any(magic in start for magic in OGG_VIDEOS):
        return "video"
    return "OGG" if any(magic in start for magic in OGG_SOUNDS) else None


def _iso_kind(data: bytes) -> str | None:
    """Return the kind of an ISO base media file (MP4, M4A, MOV) by the tracks it has."""
    handlers = {body[8:12] for body in _found(data, 0, len(data), (b"moov", b"trak", b"mdia", b"hdlr"))}
    if b"vide" in handlers:
        return "video"
    return "M4A" if b"soun" in handlers or data[8:12] in (b"M4A ", b"M4B ") else None


def _found(data: bytes, start: int, end: int, path: tuple[bytes, ...]) -> Iterator[bytes]:
    """Yield the first bytes of all boxes at `path` (ISO/IEC 14496-12, 4.2)."""
    for at, name, last in _boxes(data, start, end):
        if name == path[0] and len(path) == 1:
            yield data[at:at + 24]
        elif name == path[0]:
            yield from _found(data, at, last, path[1:])


def _boxes(data: bytes, start: int, end: int) -> Iterator[tuple[int, bytes, int]]:
    """Yield begin of the content, name and end of each box."""
    for _ in range(MOST_BOXES):
        size, name, header = int.from_bytes(data[start:start + 4], "big"), data[start + 4:start + 8], 8
        if size == 1:
            size, header = int.from_bytes(data[start + 8:start + 16], "big"), 16
        size = size or end - start
        if start + header > end or size < header:
            return
        yield start + header, name, min(start + size, end)
        start += size


def _is_transport_stream(data: bytes) -> bool:
    return len(data) > 188 * 4 and all(data[packet * 188] == 0x47 for packet in range(5))
