"""exp, tanh, sigmoid and the largest of many, written so that LLVM can take several elements of a loop at once.

e^x = 2^k e^r with k = round(x / ln 2), so that |r| <= ln 2 / 2, where a few terms of Taylor's series are enough;
2^k is k put into the bits of the exponent. Each is for float32 and float64, inside a kernel:

    y[i] = tanh(x[i])

Largest error: 2e-7 of the value in float32, 4e-16 in float64.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .compile import Kernel, kernel

# To regroup sums, as kernels otherwise may, would undo the two steps in which r is found: the first is exact.
EXACT = frozenset({"contract"})


def functions(number: type, whole: type, digits: int, bias: int, terms: int,
              ln2_high: float, ln2_low: float, least: float, most: float) -> tuple[Kernel, ...]:
    """exp, exp_down, tanh, sigmoid and largest for one type of number.

    whole: the integer of its size; digits: binary digits after the point; bias: of its exponent.
    ln2_high + ln2_low = ln 2, the first so short that k times it is exact.
    e^x is 0 below `least`, infinite above `most`.
    """
    # (e^r - 1) / r = 1 + r/2! + r²/3! + ..., highest power first
    series = tuple(number(1 / math.factorial(n)) for n in range(terms, 0, -1))
    high, low, per_ln2 = number(ln2_high), number(ln2_low), number(1 / math.log(2))
    least, most, infinity = number(least), number(most), number(math.inf)
    negligible = number(-40)  # e^-40 is nothing next to 1
    zero, half, one, two = number(0), number(0.5), number(1), number(2)
    least_normal = number(math.log(np.finfo(number).tiny))
    rounding = number(1.5 * 2**digits)  # numbers of this size have no digits after the point
    all_bits_but_sign, sign_bit = np.iinfo(whole).max, np.iinfo(whole).bits - 1

    @kernel(fastmath=EXACT)
    def power_of_two(k):
        """2^k, k a whole number between 1 - bias and bias"""
        return whole((whole(k) + bias) << digits).view(number)

    @kernel(fastmath=EXACT)
    def less_one(r):
        """e^r - 1, |r| <= ln 2 / 2, without the loss of digits that subtracting 1 would bring"""
        q = series[0]
        for n in range(1, len(series)):
            q = q * r + series[n]
        return q * r

    @kernel(fastmath=EXACT)
    def split(x):
        """e^r - 1 and 2^k, for k between 1 - bias and bias + 1: for that one an infinity. NaN stays NaN."""
        rounded = x * per_ln2 + rounding  # its last bits are k
        k = rounded - rounding
        power = whole((number(rounded).view(whole) + bias) << digits).view(number)
        return less_one((x - k * high) - k * low), power

    @kernel(fastmath=EXACT)
    def exp(x):
        inside = x if x > least else least  # NaN too goes to `least`: it has no place among whole numbers
        inside = inside if inside < most else most
        k = np.floor(inside * per_ln2 + half)
        k_half = np.floor(k * half)  # 2^k in two steps: k itself may be a little out of the exponent's range
        y = (one + less_one((inside - k * high) - k * low)) * power_of_two(k_half) * power_of_two(k - k_half)
        y = y if x > least else zero
        y = y if x <= most else infinity
        return y if x == x else x

    @kernel(fastmath=EXACT)
    def exp_down(x):
        """e^x for x <= 0, as softmax needs it, in half the steps: 2^k is in the exponent's range; what would be smaller
        than a normal number is 0"""
        e_r_minus_1, power = split(least_normal if x < least_normal else x)
        return zero if x < least_normal else (one + e_r_minus_1) * power

    @kernel(fastmath=EXACT)
    def tanh(x):
        """-e / (2 + e) with e = exp(-2|x|) - 1 and the sign of x: full precision near 0, nothing overflows"""
        y = -two * abs(x)
        e_r_minus_1, power = split(negligible if y < negligible else y)
        e = power * e_r_minus_1 + (power - one)
        return math.copysign(e / (two + e), x)

    @kernel(fastmath=EXACT)
    def sigmoid(x):
        """1 / (1 + exp(-x)), where exp(-x) goes from next to nothing up to an infinity, which gives 0"""
        y = most if x < -most else -x
        e_r_minus_1, power = split(negligible if y < negligible else y)
        return one / (one + (one + e_r_minus_1) * power)

    @kernel
    def largest(x):
        """The largest of x (N,), N > 0. The bits of numbers, read as integers, are in the same order as the numbers
        once those of negative ones are turned over; and integers LLVM compares many at a time."""
        bits = x.view(whole)
        most = whole(-all_bits_but_sign)
        for n in range(x.size):
            most = max(most, whole(bits[n] ^ ((bits[n] >> sign_bit) & all_bits_but_sign)))
        return whole(most ^ ((most >> sign_bit) & all_bits_but_sign)).view(number)

    return exp, exp_down, tanh, sigmoid, largest


exp32, exp_down32, tanh32, sigmoid32, largest32 = functions(
    np.float32, np.int32, 23, 127, 7, 0.693359375, math.log(2) - 0.693359375, -104, 88.722831)
exp64, exp_down64, tanh64, sigmoid64, largest64 = functions(
    np.float64, np.int64, 52, 1023, 13, 0.69314718036912381649, 1.90821492927058770002e-10, -746, 709.782712893384)


def by_type(for32: Kernel, for64: Kernel) -> Any:
    """What a kernel gets that calls one of the two: the one for the type of its number or array."""
    from numba import types
    from numba.extending import overload

    def function(x): ...

    @overload(function)
    def choose(x):
        chosen = for32 if getattr(x, "dtype", x) == types.float32 else for64
        return lambda x: chosen(x)

    return lambda x: function(x)


@kernel(emitted=lambda: by_type(exp32, exp64))
def exp(x):
    """e^x"""
    return exp32(x) if x.dtype == np.float32 else exp64(x)


@kernel(emitted=lambda: by_type(exp_down32, exp_down64))
def exp_down(x):
    """e^x, x <= 0"""
    return exp_down32(x) if x.dtype == np.float32 else exp_down64(x)


@kernel(emitted=lambda: by_type(tanh32, tanh64))
def tanh(x):
    """tanh x"""
    return tanh32(x) if x.dtype == np.float32 else tanh64(x)


@kernel(emitted=lambda: by_type(sigmoid32, sigmoid64))
def sigmoid(x):
    """1 / (1 + e^-x)"""
    return sigmoid32(x) if x.dtype == np.float32 else sigmoid64(x)


@kernel(emitted=lambda: by_type(largest32, largest64))
def largest(x):
    """max x, x (N,) with N > 0; where there is a NaN, that or the largest of the others"""
    return largest32(x) if x.dtype == np.float32 else largest64(x)
