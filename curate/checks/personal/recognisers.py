"""All recognisers of the house."""

from __future__ import annotations

from curate.checks.personal import contact, identity, keys, network, passwords, payment
from curate.checks.personal.match import Recogniser

__all__ = ["PERSONAL", "RECOGNISERS", "SECRET"]

PERSONAL: tuple[Recogniser, ...] = (
    *contact.RECOGNISERS,
    *payment.RECOGNISERS,
    *identity.RECOGNISERS,
    *network.RECOGNISERS,
)
"""Personal data; names of persons need a model, which the user brings."""

SECRET: tuple[Recogniser, ...] = (*keys.RECOGNISERS, *passwords.RECOGNISERS)

RECOGNISERS: tuple[Recogniser, ...] = (*PERSONAL, *SECRET)
