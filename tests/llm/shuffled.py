"""A client that answers out of order, as servers do."""

import itertools
from collections import Counter

import numpy as np

from curate.llm.calls import Reply
from curate.records import Message

__all__ = ["Shuffled", "said", "text_of"]


def said(text):
    return Reply(message=Message(role="assistant", content=text), prompt_tokens=1)


def text_of(call):
    return call.messages[-1]["content"]


class Shuffled:
    """Answers so many calls at once in an order of its own, and counts what it was asked."""

    def __init__(self, at_once=4, seed=0, fails=()):
        self.at_once, self.rng, self.fails = at_once, np.random.default_rng(seed), fails
        self.asked = Counter()

    def complete(self, calls):
        calls = iter(calls)
        waiting = list(itertools.islice(calls, self.at_once))
        while waiting:
            one = waiting.pop(int(self.rng.integers(len(waiting))))
            self.asked[text_of(one)] += 1
            failed = text_of(one) in self.fails
            yield one, Reply.failed("HTTP 500") if failed else said(text_of(one).upper())
            waiting += itertools.islice(calls, 1)
