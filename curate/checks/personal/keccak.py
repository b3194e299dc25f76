"""Keccak-256 as Ethereum uses it (the padding before SHA-3), for the check of an address."""

from __future__ import annotations

__all__ = ["keccak_256"]

_MASK = (1 << 64) - 1
_RATE = 136


def keccak_256(data: bytes) -> bytes:
    """Return the hash of a short text: 32 bytes.

    >>> keccak_256(b"").hex()[:16]
    'c5d2460186f7233c'
    """
    padded = data + b"\x01" + bytes(-(len(data) + 1) % _RATE)
    padded = padded[:-1] + bytes([padded[-1] | 0x80])
    lanes = [[0] * 5 for _ in range(5)]
    for at in range(0, len(padded), _RATE):
        for n in range(_RATE // 8):
            word = int.from_bytes(padded[at + 8 * n : at + 8 * n + 8], "little")
            lanes[n % 5][n // 5] ^= word
        lanes = _permuted(lanes)
    return b"".join(lanes[n % 5][n // 5].to_bytes(8, "little") for n in range(4))


def _permuted(a: list[list[int]]) -> list[list[int]]:
    """Return the state after 24 rounds of theta, rho, pi, chi and iota."""
    register = 1
    for _ in range(24):
        a = _chi(_rho_pi(_theta(a)))
        for j in range(7):
            register = (register << 1 ^ (register >> 7) * 0x71) % 256
            if register & 2:
                a[0][0] ^= 1 << (1 << j) - 1
    return a


def _theta(a: list[list[int]]) -> list[list[int]]:
    parity = [column[0] ^ column[1] ^ column[2] ^ column[3] ^ column[4] for column in a]
    change = [parity[(x + 4) % 5] ^ _turned(parity[(x + 1) % 5], 1) for x in range(5)]
    return [[a[x][y] ^ change[x] for y in range(5)] for x in range(5)]


def _rho_pi(a: list[list[int]]) -> list[list[int]]:
    x, y, current = 1, 0, a[1][0]
    for t in range(24):
        x, y = y, (2 * x + 3 * y) % 5
        current, a[x][y] = a[x][y], _turned(current, (t + 1) * (t + 2) // 2)
    return a


def _chi(a: list[list[int]]) -> list[list[int]]:
    return [
        [a[x][y] ^ (~a[(x + 1) % 5][y] & _MASK & a[(x + 2) % 5][y]) for y in range(5)]
        for x in range(5)
    ]


def _turned(word: int, places: int) -> int:
    places %= 64
    return (word << places | word >> (64 - places)) & _MASK
