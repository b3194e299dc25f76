"""Rows as TRL's trainers read them.

A `tools` column holds a JSON text: Arrow would fill differing schemas up with nulls, and every
TRL that takes tools reads the text.
"""

from __future__ import annotations

import json

from curate.export.turns import chosen_of, liked_alone, pair_of, tools_on_offer, trl_turn, trl_turns
from curate.export.writers import Example, Row

__all__ = ["messages", "preference", "preference_implicit", "prompt_completion", "unpaired"]


def messages(example: Example) -> list[Row]:
    """Return the whole chat, for SFT on all of it or on assistant turns."""
    turns = [*_prompt(example), trl_turn(chosen_of(example))]
    return [{"messages": turns, **_tools(example)}]


def prompt_completion(example: Example) -> list[Row]:
    """Return prompt and answer apart, for SFT on the answer alone."""
    completion = [trl_turn(chosen_of(example))]
    return [{"prompt": _prompt(example), "completion": completion, **_tools(example)}]


def preference(example: Example) -> list[Row]:
    """Return a preference with its prompt apart, for DPO, CPO and ORPO."""
    chosen, rejected = pair_of(example)
    return [
        {
            "prompt": _prompt(example),
            "chosen": [trl_turn(chosen)],
            "rejected": [trl_turn(rejected)],
            **_tools(example),
        }
    ]


def preference_implicit(example: Example) -> list[Row]:
    """Return a preference of two whole chats, for reward models."""
    prompt = _prompt(example)
    chosen, rejected = pair_of(example)
    return [
        {
            "chosen": [*prompt, trl_turn(chosen)],
            "rejected": [*prompt, trl_turn(rejected)],
            **_tools(example),
        }
    ]


def unpaired(example: Example) -> list[Row]:
    """Return each answer with whether it is wanted, for KTO and BCO."""
    prompt, tools = _prompt(example), _tools(example)
    return [
        {"prompt": prompt, "completion": [trl_turn(message)], "label": wanted, **tools}
        for message, wanted in liked_alone(example)
    ]


def _prompt(example: Example) -> list[Row]:
    return trl_turns(example.record.messages)


def _tools(example: Example) -> Row:
    tools = tools_on_offer(example)
    return {"tools": json.dumps(tools, ensure_ascii=False)} if tools else {}
