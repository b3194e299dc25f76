"""A plain function in the place of a model: for tests, dry runs and demonstrations.

In: a function from a chat to an answer. Out: a client that takes calls like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from curate.llm.calls import Call, Reply
from curate.records import Message

__all__ = ["Scripted", "scripted"]

Script = Callable[[Call], str | Reply]
Chat = Sequence[Mapping[str, Any]]


def scripted(answer: Callable[[Chat], str | Reply]) -> Scripted:
    """Return a client that answers each chat by a function, whichever sample is asked for.

    Args:
        answer: Gives the answer to a chat: a text, or a whole reply. What it raises goes through.

    >>> ask = scripted(lambda chat: chat[-1]["content"].upper())
    >>> call = Call(model="parrot", base_url="script:", messages=({"content": "hello"},))
    >>> [reply.text for reply in ask([call])]
    ['HELLO']
    """
    return Scripted(lambda call: answer(call.messages))


class Scripted:
    """A client that answers each call by a function, one after the other.

    Args:
        script: Gives a call's answer: a text, or a whole reply. What it raises goes through.

    >>> parrot = Scripted(lambda call: call.messages[-1]["content"].upper())
    >>> call = Call(model="parrot", base_url="script:", messages=({"content": "hello"},))
    >>> [reply.text for _, reply in parrot.complete([call])]
    ['HELLO']
    """

    def __init__(self, script: Script):
        self._script = script

    def complete(self, calls: Iterable[Call]) -> Iterator[tuple[Call, Reply]]:
        """Give the reply to each call as soon as it is taken."""
        for call in calls:
            yield call, _reply(self._script(call))

    def __call__(self, calls: Iterable[Call]) -> Iterator[Reply]:
        """Give the replies alone, in the order of the calls: an `Ask` without a ledger."""
        return (reply for _, reply in self.complete(calls))


def _reply(said: str | Reply) -> Reply:
    if isinstance(said, Reply):
        return said
    message = Message(role="assistant", content=said)
    return Reply(message=message, finish_reason="stop", served_by="script", seconds=0.0)
