"""What goes through the pipes between the product and a worker: a head in JSON and a body of bytes."""

from __future__ import annotations

import json
import struct
from typing import Any, BinaryIO

_LENGTHS = struct.Struct(">II")
LONGEST_HEAD = 65_536
"""Bytes of a head: a few names and numbers."""


def write_frame(stream: BinaryIO, head: dict[str, Any], body: bytes | memoryview = b"") -> None:
    """Write one message and send it off."""
    raw = json.dumps(head).encode()
    stream.write(_LENGTHS.pack(len(raw), len(body)))
    stream.write(raw)
    stream.write(body)
    stream.flush()


def read_frame(stream: BinaryIO, longest_body: int) -> tuple[dict[str, Any], bytes] | None:
    """Return one message; None where the other side has gone.

    Parameters
    ----------
    stream : binary file
    longest_body : int
        Bytes; more are not read, since the sender may be a decoder that a file has led astray.

    Raises
    ------
    ValueError
        If it is no message of ours, or too long.
    """
    lengths = stream.read(_LENGTHS.size)
    if len(lengths) < _LENGTHS.size:
        return None
    head_size, body_size = _LENGTHS.unpack(lengths)
    if head_size > LONGEST_HEAD or body_size > longest_body:
        raise ValueError(f"A message of {head_size} + {body_size} bytes, accepted are {LONGEST_HEAD} + {longest_body}.")
    raw, body = stream.read(head_size), stream.read(body_size)
    if len(raw) < head_size or len(body) < body_size:
        return None
    head = json.loads(raw)
    if not isinstance(head, dict):
        raise ValueError("The head of a message is no object.")
    return head, body


def read_answer(stream: BinaryIO, longest_body: int) -> tuple[dict[str, Any], bytes | bytearray] | None:
    """Return head and body of an answer in parts: all heads but the last have ``more``, all bodies are one.

    A body that came in one part is the very bytes that were read. Else as `read_frame`.
    """
    body = bytearray()
    while (frame := read_frame(stream, longest_body - len(body))) is not None:
        head, part = frame
        if not head.get("more"):
            if not body:
                return head, part
            body += part
            return head, body
        body += part
    return None
