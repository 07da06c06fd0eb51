"""What a file is by its first bytes, whatever its name says."""

from __future__ import annotations

from codecs import getincrementaldecoder

HEIC = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
"""Brands of pictures in HEVC (ISO/IEC 23008-12, annex B)."""
BMP_HEADERS = {12, 40, 52, 56, 64, 108, 124}
"""Bytes of the second header, by version."""
OTHERS = ((b"GIF8", "GIF"), (b"%PDF", "PDF"), (b"II*\0", "TIFF"), (b"MM\0*", "TIFF"), (b"PK\3\4", "ZIP"),
          (b"8BPS", "PSD"), (b"\0\0\1\0", "ICO"), (b"\0\0\0\x0cjP  ", "JPEG 2000"), (b"\xff\x0a", "JPEG XL"),
          (b"ID3", "MP3"), (b"RIFF", "RIFF"), (b"fLaC", "FLAC"), (b"OggS", "Ogg"))


def picture_kind(data: bytes) -> str | None:
    """Return PNG, JPEG, WEBP, BMP or HEIF; None for anything else."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[:2] == b"BM" and int.from_bytes(data[14:18], "little") in BMP_HEADERS:
        return "BMP"
    return "HEIF" if _brands(data) & HEIC else None


def other_kind(data: bytes) -> str:
    """Return the name of a kind we do not take, ``?`` where it is not known."""
    if _brands(data):
        return "AVIF" if _brands(data) & {b"avif", b"avis"} else "MP4"
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"<svg" in head:
        return "SVG"
    if head.startswith((b"<!doctype html", b"<html")):
        return "HTML"
    if name := next((name for start, name in OTHERS if data.startswith(start)), None):
        return name
    return "TXT" if _is_text(data[:1024]) else "?"


def _is_text(start: bytes) -> bool:
    """Return whether bytes are UTF-8, their last letter perhaps cut, without control characters."""
    try:
        return min(getincrementaldecoder("utf-8")().decode(start), default="\0") >= "\t"
    except UnicodeDecodeError:
        return False


def _brands(data: bytes) -> set[bytes]:
    """Return the brands of an ISO base media file: its own and those it is compatible with."""
    if data[4:8] != b"ftyp":
        return set()
    end = min(int.from_bytes(data[:4], "big"), 256, len(data))
    return {data[8:12]} | {data[at:at + 4] for at in range(16, end - 3, 4)}
