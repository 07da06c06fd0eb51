"""Bad input made up from a seed: files cut short, with bits turned, headers that lie, bombs, names that lead elsewhere.

Each maker takes a `random.Random` and returns what a user might hand in; a few in ten are sound, so that what follows
the door is reached as well.
"""

from __future__ import annotations

import io
import random
import struct
import wave
import zipfile
import zlib

from PIL import Image

TOKEN = "mis-escaped"
"""In every file name that leads out of its folder: nothing of that name may ever be written."""
STRANGE = ("\x00", "\ufeff", "\u202e", "\u200b", "\U0001f3b5", "𝒜", "е́", "가\u0301", "\ud7ff", "\u2028", "'", '"', "=1+1",
           "@SUM(A1)", "<script>", "${x}", "%s", "\\", "/", "\r\n", "\t", "NaN", "inf", "-0", "1e999", "９", "١٢٣")
ELSEWHERE = ("../{t}", "../../{t}", "/tmp/{t}", "..\\{t}", "C:\\{t}", "a/../../{t}", "./../{t}", "~/{t}", "\\\\h\\{t}")


def text(rng: random.Random, most: int = 60) -> str:
    """Return words with strange letters among them, sometimes very many, sometimes none."""
    words = [rng.choice((*STRANGE, "love", "비", "밤", "night", "x" * rng.randint(1, 400))) for _ in
             range(rng.choice((0, 1, 3, most)))]
    return rng.choice(("", " ", "\n")).join(words)


def broken(rng: random.Random, data: bytes) -> bytes:
    """Return data cut short, with bits turned, doubled, or with something else in front of or behind it."""
    how = rng.randrange(6)
    if how == 0 and data:
        return data[:rng.randrange(len(data))]
    if how == 1 and data:
        changed = bytearray(data)
        for _ in range(rng.choice((1, 4, 64))):
            changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
        return bytes(changed)
    if how == 2:
        return rng.randbytes(rng.choice((0, 1, 100, 5_000)))
    if how == 3:
        return rng.randbytes(rng.randint(1, 20)) + data
    if how == 4:
        return data + rng.randbytes(200)
    return data


def export(rng: random.Random) -> tuple[str, bytes]:
    """Return the name and content of an export: rows that fall, repeat, leap, hold letters, or no rows at all."""
    artist, song = f"A{rng.randrange(5)}", f"S{rng.randrange(5)}"
    name = rng.choice((f"{artist}_{song}_yt_views.csv",) * 6 + (
        f"{text(rng, 3)[:80]}_yt_views.csv", f"{artist}_{song}.csv", "", ".csv", f"{artist}_{song}_yt_views.csv.exe",
        rng.choice(ELSEWHERE).format(t=f"{TOKEN}_{song}_yt_views.csv")))
    parted = rng.choice(",;\t| ")
    rows = [f"2026-{rng.randint(1, 13):02d}-{rng.randint(1, 31):02d}{parted}{_count(rng)}"
            for _ in range(rng.choice((0, 1, 30, 400)))]
    lines = [rng.choice(("date,value", "날짜;조회수", "", "a,b,c,d", "date,value,value")), *rows]
    encoding = rng.choice(("utf-8", "utf-8-sig", "cp949", "utf-16", "latin-1"))
    return name, broken(rng, rng.choice(("\n", "\r\n", "\r")).join(lines).encode(encoding, "replace"))


def _count(rng: random.Random) -> str:
    return rng.choice((str(rng.randrange(10**7)),) * 8 + (str(10**30), "-5", "1,234,567", '"1,000"', "NaN", "inf", "1e308",
                                                         "９９", text(rng, 1)[:50], ""))


def picture(rng: random.Random) -> bytes:
    """Return a picture, or a header that promises a billion pixels, or something that is none."""
    how = rng.randrange(8)
    if how == 0:
        return png(rng.choice((30_000, 2**31 - 1)), rng.choice((30_000, 2**31 - 1)))
    if how == 1:
        return b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    if how == 2:
        return b"GIF89a" + rng.randbytes(40)
    out = io.BytesIO()
    kind = rng.choice(("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"))
    size = (rng.choice((1, 2, 64, 900)), rng.choice((1, 64, 300)))
    Image.new(rng.choice(("RGB", "L")), size).save(out, kind)
    return broken(rng, out.getvalue())


def png(width: int, height: int) -> bytes:
    """Return a PNG of one kilobyte whose header names so many pixels."""
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(bytes(100_000))) + chunk(b"IEND", b""))


def audio(rng: random.Random) -> tuple[str, bytes]:
    """Return the name and content of a recording, mostly one that cannot be heard."""
    name = rng.choice(("a.wav", "a.mp3", "a.flac", "a.ogg", "a.m4a", "a.mp4", "a.txt", "a",
                       rng.choice(ELSEWHERE).format(t=TOKEN)))
    how = rng.randrange(8)
    if how == 0:
        return name, b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f" + rng.randbytes(500)
    if how == 1:
        return name, b"fLaC" + rng.randbytes(300)
    if how == 2:
        return name, b"OggS" + rng.randbytes(300)
    if how == 3:  # a header that promises four gigabytes
        return name, b"RIFF\xff\xff\xff\xffWAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 2, 44_100, 176_400, 4, 16) + \
            b"data\xff\xff\xff\xff" + bytes(100)
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(rng.choice((1, 2)))
        file.setsampwidth(rng.choice((1, 2, 4)))
        file.setframerate(rng.choice((1, 8_000, 44_100, 400_000)))
        file.writeframes(bytes(rng.choice((0, 4, 4_000))))  # silence, or nothing: never long enough to be judged
    return name, broken(rng, out.getvalue())


def archive(rng: random.Random) -> bytes:
    """Return a ZIP archive: names that lead elsewhere, links, bombs, entries without end, or a broken one."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for number in range(rng.choice((0, 1, 3, 8))):
            how = rng.randrange(8)
            if how == 0:
                file.writestr(rng.choice(ELSEWHERE).format(t=f"{TOKEN}{number}.wav"), b"RIFF")
            elif how == 1:  # a link
                entry = zipfile.ZipInfo(f"{TOKEN}-link{number}.wav")
                entry.create_system, entry.external_attr = 3, 0o120777 << 16
                file.writestr(entry, "/etc/passwd")
            elif how == 2:
                file.writestr(f"bomb{number}.wav", bytes(rng.choice((1_000, 60_000_000))))
            elif how == 3:
                file.writestr("manifest.csv", "file,title,genre,lyrics\n" + "\n".join(
                    f"{rng.choice(ELSEWHERE).format(t=TOKEN)},{text(rng, 2)[:40]},{rng.choice(('POP', 'X', ''))},x.txt"
                    for _ in range(rng.choice((1, 30)))))
            elif how == 4:
                file.writestr("ZZ.wav", b"RIFF")
            else:
                file.writestr(f"{text(rng, 1)[:40]}{number}.wav".replace("\x00", "ZZ"), audio(rng)[1])
    return broken(rng, out.getvalue().replace(b"ZZ", b"\x00Z"))  # names that begin with a zero byte: they read as empty
