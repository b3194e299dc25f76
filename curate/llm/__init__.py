"""Models, asked once.

In: calls (a model, a chat, parameters, which sample). Out: replies, in the order of the calls; a
call that failed is a reply with its reason. What was answered before is read from the ledger.
"""

from curate.llm.calls import Ask, Call, Client, Reply

__all__ = ["Ask", "Call", "Client", "Reply"]
