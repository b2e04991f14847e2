"""Hashes of strings that are the same on every machine, as TensorFlow has them: FarmHash64 and SipHash-2-4.

Strings of one length are hashed together: each step below is one operation on arrays of 64-bit words, modulo 2^64.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

__all__ = ["combine", "farmhash", "fingerprints", "siphash", "to_buckets"]

Words = np.ndarray[Any, np.dtype[np.uint64]]
Bytes = np.ndarray[Any, np.dtype[np.uint8]]

_U = np.uint64
_K0, _K1, _K2 = _U(0xC3A5C85C97CB3127), _U(0xB492B66FBE98F273), _U(0x9AE16A3B2F90404F)


def to_buckets(tokens: Any, count: int, salt: Sequence[int] | None = None) -> np.ndarray[Any, Any]:
    """bucket(s) = hash(s) mod `count`, with FarmHash64, or SipHash under the key `salt`.

    Args:
        tokens: An array of strings, bytes or whole numbers; the latter are hashed as their decimal digits.
        count: How many buckets there are.
        salt: Two whole numbers, or `None`.

    Returns:
        An array of int64 of the shape of `tokens`.
    """
    hashes = fingerprints(tokens, (lambda rows: siphash(rows, salt)) if salt is not None else farmhash)
    return (hashes % _U(count)).astype(np.int64)


def fingerprints(tokens: Any, function: Callable[[Bytes], Words] | None = None) -> Words:
    """The hash of each string in an array, each different string hashed once."""
    function = function or farmhash
    different, places = np.unique(np.asarray(tokens), return_inverse=True)
    encoded = [one if isinstance(one, bytes) else str(one).encode("utf-8") for one in different.tolist()]
    lengths = np.array([len(one) for one in encoded], np.int64)
    hashes = np.zeros(len(encoded), np.uint64)
    for length in np.unique(lengths):
        rows = np.flatnonzero(lengths == length)
        text = np.frombuffer(b"".join(encoded[row] for row in rows), np.uint8).reshape(len(rows), length)
        with np.errstate(over="ignore"):
            hashes[rows] = function(text)
    return hashes[places].reshape(np.shape(tokens))


def combine(first: Words, second: Words) -> Words:
    """One hash of two, in this order.

    h = mix(mix((a ^ k ^ mix(b k) k) k) k), where mix(v) = v ^ (v >> 47)
    """
    k = _U(0xC6A4A7935BD1E995)
    with np.errstate(over="ignore"):
        return np.asarray(_mix(_mix((first ^ k ^ (_mix(second * k) * k)) * k) * k), np.uint64)


# FarmHash64 ("na", the version behind TensorFlow's fingerprints): https://github.com/google/farmhash


def farmhash(text: Bytes) -> Words:
    """FarmHash64 of each row of bytes."""
    length = text.shape[1]
    if length <= 16:
        return _farm_short(text)
    if length <= 32:
        return _farm_17_to_32(text)
    return _farm_33_to_64(text) if length <= 64 else _farm_long(text)


def _farm_short(text: Bytes) -> Words:
    length = text.shape[1]
    k = _K2 + _U(2 * length)
    if length >= 8:
        a, b = _word(text, 0) + _K2, _word(text, length - 8)
        return _pair(_rotate(b, 37) * k + a, (_rotate(a, 25) + b) * k, k)
    if length >= 4:
        return _pair(_U(length) + (_half(text, 0) << _U(3)), _half(text, length - 4), k)
    if length == 0:
        return np.full(len(text), _K2)
    a, b, c = (text[:, place].astype(np.uint64) for place in (0, length >> 1, length - 1))
    mixed: Words = _mix((a + (b << _U(8))) * _K2 ^ (_U(length) + (c << _U(2))) * _K0) * _K2
    return mixed


def _farm_17_to_32(text: Bytes) -> Words:
    n = text.shape[1]
    k = _K2 + _U(2 * n)
    a, b = _word(text, 0) * _K1, _word(text, 8)
    c, d = _word(text, n - 8) * k, _word(text, n - 16) * _K2
    return _pair(_rotate(a + b, 43) + _rotate(c, 30) + d, a + _rotate(b + _K2, 18) + c, k)


def _farm_33_to_64(text: Bytes) -> Words:
    n = text.shape[1]
    k = _K2 + _U(2 * n)
    a, b = _word(text, 0) * _K2, _word(text, 8)
    c, d = _word(text, n - 8) * k, _word(text, n - 16) * _K2
    y = _rotate(a + b, 43) + _rotate(c, 30) + d
    z = _pair(y, a + _rotate(b + _K2, 18) + c, k)
    e, f = _word(text, 16) * k, _word(text, 24)
    g, h = (y + _word(text, n - 32)) * k, (z + _word(text, n - 24)) * k
    return _pair(_rotate(e + f, 43) + _rotate(g, 30) + h, e + _rotate(f + a, 18) + g, k)


def _farm_long(text: Bytes) -> Words:
    """Strings of more than 64 bytes: blocks of 64, and once more the last 64 bytes."""
    n = text.shape[1]
    zero = np.zeros(len(text), np.uint64)
    x = zero + _U(81)
    y = x * _K1 + _U(113)
    z = _mix(y * _K2 + _U(113)) * _K2
    v, w = (zero, zero), (zero, zero)
    x = x * _K2 + _word(text, 0)
    last = (n - 1) // 64 * 64
    for start in range(0, last, 64):
        x, y, z, v, w = _farm_block(text, start, x, y, z, v, w, _K1, _U(1))
    k = _K1 + ((z & _U(0xFF)) << _U(1))
    w = (w[0] + _U((n - 1) & 63), w[1])
    v = (v[0] + w[0], v[1])
    w = (w[0] + v[0], w[1])
    x, y, z, v, w = _farm_block(text, n - 64, x, y, z, v, w, k, _U(9))
    return _pair(_pair(v[0], w[0], k) + _mix(y) * _K0 + z, _pair(v[1], w[1], k) + x, k)


def _farm_block(
    text: Bytes, at: int, x: Any, y: Any, z: Any, v: Any, w: Any, k: Any, weight: Any
) -> tuple[Any, Any, Any, Any, Any]:
    x = _rotate(x + y + v[0] + _word(text, at + 8), 37) * k
    y = _rotate(y + v[1] + _word(text, at + 48), 42) * k
    x = x ^ w[1] * weight
    y = y + v[0] * weight + _word(text, at + 40)
    z = _rotate(z + w[0], 33) * k
    v = _weak(text, at, v[1] * k, x + w[0])
    w = _weak(text, at + 32, z + w[1], y + _word(text, at + 16))
    return z, y, x, v, w


def _weak(text: Bytes, at: int, a: Words, b: Words) -> tuple[Words, Words]:
    first, second, third, fourth = (_word(text, at + offset) for offset in (0, 8, 16, 24))
    a = a + first
    b = _rotate(b + a + fourth, 21)
    total = a + second + third
    return total + fourth, b + _rotate(total, 44) + a


def _pair(u: Any, v: Any, k: Any) -> Words:
    a = _mix((u ^ v) * k)
    mixed: Words = _mix((v ^ a) * k) * k
    return mixed


# SipHash-2-4: Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012.


def siphash(text: Bytes, key: Sequence[int] | None) -> Words:
    """SipHash of each row of bytes under a key of two 64-bit numbers."""
    first, second = (_U(int(part) % 2**64) for part in key or (0, 0))
    zero = np.zeros(len(text), np.uint64)
    v = [
        zero + (constant ^ part)
        for constant, part in (
            (_U(0x736F6D6570736575), first),
            (_U(0x646F72616E646F6D), second),
            (_U(0x6C7967656E657261), first),
            (_U(0x7465646279746573), second),
        )
    ]
    n = text.shape[1]
    # The last word holds what is left, and the length in its top byte.
    ended = np.zeros((len(text), n // 8 * 8 + 8), np.uint8)
    ended[:, :n] = text
    ended[:, -1] = n % 256
    for start in range(0, ended.shape[1], 8):
        word = _word(ended, start)
        v[3] = v[3] ^ word
        v = _sip_round(_sip_round(v))
        v[0] = v[0] ^ word
    v[2] = v[2] ^ _U(0xFF)
    for _ in range(4):
        v = _sip_round(v)
    return np.asarray(v[0] ^ v[1] ^ v[2] ^ v[3], np.uint64)


def _sip_round(v: list[Any]) -> list[Any]:
    a, b, c, d = v
    a, c = a + b, c + d
    b, d = _left(b, 13) ^ a, _left(d, 16) ^ c
    a = _left(a, 32)
    c, a = c + b, a + d
    b, d = _left(b, 17) ^ c, _left(d, 21) ^ a
    return [a, b, _left(c, 32), d]


def _word(text: Bytes, at: int) -> Words:
    """Eight bytes of each row, the lowest first."""
    return np.ascontiguousarray(text[:, at : at + 8]).view("<u8")[:, 0].astype(np.uint64)


def _half(text: Bytes, at: int) -> Words:
    return np.ascontiguousarray(text[:, at : at + 4]).view("<u4")[:, 0].astype(np.uint64)


def _mix(v: Any) -> Any:
    return v ^ (v >> _U(47))


def _rotate(v: Any, bits: int) -> Any:
    """To the right."""
    return (v >> _U(bits)) | (v << _U(64 - bits))


def _left(v: Any, bits: int) -> Any:
    return _rotate(v, 64 - bits)
