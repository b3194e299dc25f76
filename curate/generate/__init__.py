"""Completions of committee members, and samples of one member.

In: records as Arrow, members, and something that answers calls. Out: candidates as Arrow, batch by
batch; a prompt that cannot be asked and a call that failed are rows with their reason.
"""

from curate.generate.adaptive import Adaptive, Group
from curate.generate.calls import calls, check, copies, notes
from curate.generate.committee import Asker, Generated, generate
from curate.generate.prompts import chat, evenly, refused

__all__ = [
    "Adaptive",
    "Asker",
    "Generated",
    "Group",
    "calls",
    "chat",
    "check",
    "copies",
    "evenly",
    "generate",
    "notes",
    "refused",
]
