"""What tokens cost: the user's own prices, then the table that comes with the package.

In: a model, and where it is served. Out: the money for its tokens, or None where nobody said.
A server on this machine and the offline engine cost nothing. The Batch API costs half of the
list price; a price under `budget.prices` is taken as it is, whatever the client.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

import yaml

from curate.config import MemberConfig, SpendConfig

__all__ = ["Price", "Prices", "is_here"]

_BATCH = 0.5
"""Share of the list price that OpenAI's Batch API takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """Money for a million tokens."""

    prompt: float
    completion: float

    def money(self, prompt_tokens: float, completion_tokens: float) -> float:
        """Return what so many tokens cost.

        >>> Price(prompt=0.15, completion=0.6).money(2_000_000, 1_000_000)
        0.9
        """
        return (prompt_tokens * self.prompt + completion_tokens * self.completion) / 1e6


class Prices:
    """Prices by model.

    Args:
        spend: The `budget` section: its `prices` go before the package's table, which holds
            US dollars and is left aside where another `currency` is named.

    >>> prices = Prices(SpendConfig(prices={"ours": {"prompt": 1, "completion": 2}}))
    >>> prices.of("ours", "https://models.example/v1")
    Price(prompt=1.0, completion=2.0)
    >>> prices.of("anything", "http://127.0.0.1:8080/v1")
    Price(prompt=0.0, completion=0.0)
    >>> prices.of("anything", "https://models.example/v1") is None
    True
    """

    def __init__(self, spend: SpendConfig = SpendConfig()):  # noqa: B008
        self.currency = spend.currency
        self._own = {
            name: Price(prompt=price.prompt, completion=price.completion)
            for name, price in spend.prices.items()
        }

    def of(self, model: str, base_url: str, *, batch: bool = False) -> Price | None:
        """Return a model's price, or None where it is not known.

        Args:
            model: As the server knows it.
            base_url: Where it is served; ``vllm:`` for the offline engine.
            batch: Asked through the Batch API, at half the list price.
        """
        if model in self._own:
            return self._own[model]
        if is_here(base_url):
            return Price(prompt=0.0, completion=0.0)
        listed = _listed(model) if self.currency == _table()["currency"] else None
        share = _BATCH if batch else 1.0
        return listed and Price(prompt=listed[0] * share, completion=listed[1] * share)

    def of_member(self, member: MemberConfig) -> Price | None:
        """Return the price of what a member is asked, or None where it is not known."""
        address = member.address
        return self.of(member.model, address, batch=member.client == "openai-batch")

    @property
    def as_of(self) -> str:
        """When the package's table was looked up, as ``year-month``."""
        return str(_table()["as_of"])


def is_here(base_url: str) -> bool:
    """Whether an address is on this machine.

    >>> is_here("http://localhost:8000/v1"), is_here("https://api.openai.com/v1")
    (True, False)
    """
    if base_url.startswith("vllm:"):
        return True
    host = urlsplit(base_url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _listed(model: str) -> tuple[float, float] | None:
    listed: Mapping[str, tuple[float, float]] = _table()["prices"]
    return listed.get(model) or listed.get(_DATE.sub("", model))


_DATE = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{8})$")


@cache
def _table() -> Mapping[str, Any]:
    table: Mapping[str, Any] = yaml.safe_load(
        files("curate.llm").joinpath("prices.yaml").read_text(encoding="utf-8")
    )
    return table
