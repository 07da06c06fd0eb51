"""Compiled loops over 8-bit rows. Import it at use: numba takes 1 s.

A row is unsigned bytes that stand for their value less `ZERO`, a wish is signed bytes: 64 products of such and their
sum are one instruction where the processor has it (x86's VNNI). A loop as numba compiles it widens every byte first;
the product is written as LLVM's vectors instead, for which every processor is given its best instructions.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

ZERO = 128
"""Byte of a row that stands for 0."""
LEVELS = 127
"""Steps that the largest number of a row is divided into."""
BLOCK = 32
"""Rows of which the best is kept: the k-th best of these bounds the k-th best row from below."""
AHEAD = 8_192
"""Bytes before they are needed that rows are asked of memory: 12 % less time on a quiet machine, 30 % on a busy one."""
LINE = 64
"""Bytes that a processor reads at once."""
HALVINGS = 20
"""Times that what lies between the lowest and the highest score is halved: scores are of -2 to 1."""
_WIDEST = 256
_BYTE, _SUM, _PLACE = ir.IntType(8), ir.IntType(32), ir.IntType(64)


def parts(width: int) -> Iterator[tuple[int, int]]:
    """Give start and length of each part of a row: powers of 2, longest first."""
    start = 0
    while start < width:
        length = min(_WIDEST, 1 << (width - start).bit_length() - 1)
        yield start, length
        start += length


def _product(builder: Any, row: Any, wish: Any, start: int, length: int) -> Any:
    """Write the sum of products of one part of a row and of a wish."""
    few, wide = ir.VectorType(_BYTE, length), ir.VectorType(_SUM, length)
    at = ir.Constant(_PLACE, start)
    left, right = (builder.load(builder.bitcast(builder.gep(data, [at]), few.as_pointer()), align=1)
                   for data in (row, wish))
    total = cgutils.get_or_insert_function(builder.module, ir.FunctionType(_SUM, [wide]),
                                           f"llvm.vector.reduce.add.v{length}i32")
    return builder.call(total, [builder.mul(builder.zext(left, wide), builder.sext(right, wide))])


def _ask(builder: Any, row: Any, width: int) -> None:
    """Ask memory for what stands `AHEAD` of a row; past the last one that is without effect."""
    ask = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(ir.VoidType(), [row.type, _SUM, _SUM, _SUM]), "llvm.prefetch")
    for line in range(0, width, LINE):
        place = builder.gep(row, [ir.Constant(_PLACE, AHEAD + line)])
        builder.call(ask, [place, *(ir.Constant(_SUM, choice) for choice in (0, 3, 1))])  # to be read, kept near, data


def _dot(width: int) -> Any:
    """Return a compiled function of all rows' bytes, the place of one row's first, and a wish: their product."""

    @intrinsic
    def dot(typing: Any, codes: Any, place: Any, wish: Any) -> Any:
        def write(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            every, one = (context.make_array(signature.args[at])(context, builder, given[at]).data for at in (0, 2))
            row, total = builder.gep(every, [given[1]]), ir.Constant(_SUM, 0)
            _ask(builder, row, width)
            for start, length in parts(width):
                total = builder.add(total, _product(builder, row, one, start, length))
            return total

        return types.int32(codes, types.intp, wish), write

    return dot


@njit(nogil=True)
def blocks(firsts: Any, ends: Any) -> Any:
    """Return first row and end of each block of some slices."""
    count = 0
    for place in range(firsts.shape[0]):
        count += (ends[place] - firsts[place] + BLOCK - 1) // BLOCK
    starts, stops, at = np.empty(count, np.int64), np.empty(count, np.int64), 0
    for place in range(firsts.shape[0]):
        for start in range(firsts[place], ends[place], BLOCK):
            starts[at], stops[at] = start, min(start + BLOCK, ends[place])
            at += 1
    return starts, stops


@njit(nogil=True)
def coded(numbers: Any, width: int) -> Any:
    """Return a wish as `width` signed bytes, their sum times `ZERO`, their scale, and the length of what is lost."""
    highest = 1e-12
    for number in numbers:
        highest = max(highest, abs(number))
    codes, less, scale, lost = np.zeros(width, np.int8), 0, np.float32(highest / LEVELS), 0.0
    for place in range(numbers.shape[0]):
        code = int(math.floor(numbers[place] / scale + 0.5))
        codes[place], less, lost = code, less + ZERO * code, lost + (numbers[place] - code * scale) ** 2
    return codes, less, scale, math.sqrt(lost)


@njit(nogil=True)
def reached(scores: Any, k: int) -> float:
    """Return a score that at least `k` of some rows of scores reach, near the highest there is; else minus infinity."""
    low, high, finite = np.inf, -np.inf, 0
    for row in scores:
        for score in row:
            if score > -np.inf:
                low, high, finite = min(low, score), max(high, score), finite + 1
    if finite < k:
        return -np.inf
    for _ in range(HALVINGS):
        middle, count = (low + high) / 2, 0
        for row in scores:
            for score in row:
                count += score >= middle
        if count >= k:
            low = middle
        else:
            high = middle
    return low


@njit(nogil=True)
def within(lows: Any, tops: Any, peaks: Any, errors: Any, starts: Any, stops: Any, k: int, lost: float) -> Any:
    """Return the rows that may be among the `k` best, those left out (minus infinity) never.

    `lost` is what the wish's codes may add to or take from any score.
    """
    bound = reached(tops.reshape(1, -1) if tops.size >= 2 * k else lows, k) - 2 * lost
    found, count = np.empty(lows.size, np.int64), 0
    for block in range(starts.shape[0]):
        if peaks[block] < bound:
            continue
        for row in range(starts[block], stops[block]):
            low = lows[block, row - starts[block]]
            if low > -np.inf and low + 2 * errors[row] >= bound:
                found[count] = row
                count += 1
    return found[:count].copy()


@cache
def searching(width: int) -> tuple[Any, Any]:
    """Return two compiled functions for rows of `width` bytes: to compare some blocks with a wish, and a whole search.

    Both take of all rows the bytes (one after another), scale, error and what each loses (nothing: none does). The
    comparison takes first row and end of each block and a wish as `coded` gives it, and writes the least that each
    row's score can be (blocks, `BLOCK`), the highest of these in each block, and the most that any of a block can be.
    The search takes the slices' first rows and ends, the wish's numbers, `k` and the length of the longest coded row.
    """
    dot = _dot(width)

    @njit(nogil=True)
    def compare(codes: Any, scales: Any, errors: Any, minus: Any, starts: Any, stops: Any, wish: Any, less: Any,
                scale: Any, lows: Any, tops: Any, peaks: Any) -> None:
        for block in range(starts.shape[0]):
            start, top, peak = starts[block], np.float32(-np.inf), np.float32(-np.inf)
            lows[block, stops[block] - start:] = -np.inf
            for row in range(start, stops[block]):
                near = np.float32(dot(codes, row * width, wish) - less) * (scales[row] * scale)
                if minus.shape[0]:
                    near -= minus[row]
                low = near - errors[row]
                lows[block, row - start] = low
                top, peak = max(top, low), max(peak, near + errors[row])
            tops[block], peaks[block] = top, peak

    @njit(nogil=True)
    def search(codes: Any, scales: Any, errors: Any, minus: Any, firsts: Any, ends: Any, numbers: Any, k: int,
               longest: float) -> Any:
        starts, stops = blocks(firsts, ends)
        wish, less, scale, lost = coded(numbers, width)
        lows = np.empty((starts.size, BLOCK), np.float32)
        tops, peaks = np.empty(starts.size, np.float32), np.empty(starts.size, np.float32)
        compare(codes, scales, errors, minus, starts, stops, wish, less, scale, lows, tops, peaks)
        return within(lows, tops, peaks, errors, starts, stops, k, lost * longest)

    return compare, search
