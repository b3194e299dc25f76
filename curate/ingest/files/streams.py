"""A file's bytes, decompressed on the way, with how far the reading has come."""

from __future__ import annotations

import contextlib
import gzip
import io
import zlib
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, cast

from curate.ingest.files.paths import Source

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer as Buffer

__all__ = ["BROKEN", "Opened", "opened", "why_broken"]

BROKEN = (EOFError, gzip.BadGzipFile, zlib.error, OSError)
"""What reading a damaged file raises; zstandard's own error is turned into an OSError."""

_BLOCK = 1 << 20
_ZSTD_BLOCK = 1 << 14
"""Compressed bytes taken at once: small, since their content may be a thousand times as large."""


class Opened:
    """An open file: its decompressed bytes, and how far the reading has come."""

    def __init__(self, stream: io.BufferedReader, raw: IO[bytes]):
        self.stream = stream
        self._raw = raw

    def done(self) -> int:
        """Return how many bytes of the file on disk were read so far."""
        return self._raw.tell()


@contextlib.contextmanager
def opened(source: Source) -> Iterator[Opened]:
    """Open a file, decompressing .gz and .zst."""
    with source.path.open("rb", buffering=0) as raw:
        yield Opened(_unpacked(raw, source.packed), raw)


def _unpacked(raw: IO[bytes], packed: str) -> io.BufferedReader:
    if packed == ".gz":
        stream = gzip.GzipFile(fileobj=io.BufferedReader(cast(io.RawIOBase, raw), _BLOCK))
        return io.BufferedReader(_Gzip(stream), _BLOCK)
    if packed == ".zst":
        return io.BufferedReader(_Zstandard(raw), _BLOCK)
    return io.BufferedReader(cast(io.RawIOBase, raw), _BLOCK)


class _Gzip(io.RawIOBase):
    """Gzip as a raw stream that gives what came before a damage: `readinto` would drop it."""

    def __init__(self, file: gzip.GzipFile):
        self._file = file

    def readable(self) -> bool:
        """Say yes, as `io.BufferedReader` asks."""
        return True

    def readinto(self, buffer: Buffer) -> int:
        """Fill `buffer` with decompressed bytes; 0 at the end."""
        room = memoryview(buffer)
        block = self._file.read1(len(room))
        room[: len(block)] = block
        return len(block)


class _Zstandard(io.RawIOBase):
    """Zstandard frames as a raw stream that notices when the last one is cut short."""

    def __init__(self, raw: IO[bytes]):
        import zstandard

        self._raw = raw
        self._error = zstandard.ZstdError
        self._decompressor = zstandard.ZstdDecompressor()
        self._frame = self._decompressor.decompressobj()
        self._within = False
        self._waiting = memoryview(b"")

    def readable(self) -> bool:
        """Say yes, as `io.BufferedReader` asks."""
        return True

    def readinto(self, buffer: Buffer) -> int:
        """Fill `buffer` with decompressed bytes; 0 at the end."""
        while not self._waiting:
            block = self._raw.read(_ZSTD_BLOCK)
            if not block and self._within:
                raise EOFError("the last zstd frame is cut short")
            if not block:
                return 0
            self._waiting = memoryview(self._decompressed(block))
        room = memoryview(buffer)
        n = min(len(room), len(self._waiting))
        room[:n] = self._waiting[:n]
        self._waiting = self._waiting[n:]
        return n

    def _decompressed(self, block: bytes) -> bytes:
        out = []
        while block:
            try:
                out.append(self._frame.decompress(block))
            except self._error as bad:
                raise OSError(f"not (or no longer) valid zstd: {bad}") from bad
            block = self._frame.unused_data
            self._within = not self._frame.eof
            if not self._within:
                self._frame = self._decompressor.decompressobj()
        return b"".join(out)


def why_broken(error: BaseException) -> str:
    """Say in a sentence why a file could not be read on."""
    if isinstance(error, EOFError):
        return "the compressed file is cut short; what came before was kept"
    if isinstance(error, gzip.BadGzipFile | zlib.error):
        return f"the file is not (or no longer) valid gzip: {error}"
    return f"the file could not be read on: {error}"
