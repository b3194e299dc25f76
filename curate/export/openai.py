"""Rows as OpenAI's fine-tuning reads them (Together and Fireworks take the same)."""

from __future__ import annotations

from curate.export.turns import chosen_of, openai_turn, openai_turns, pair_of, tools_on_offer
from curate.export.writers import Example, Row, Unfit
from curate.records import Message

__all__ = ["dpo", "sft"]


def sft(example: Example) -> list[Row]:
    """Return the whole chat; only its last answer, the one that people saw, is learned."""
    turns = openai_turns(example.record.messages)
    earlier = [turn | {"weight": 0} if turn["role"] == "assistant" else turn for turn in turns]
    row: Row = {"messages": [*earlier, openai_turn(chosen_of(example))]}
    tools = tools_on_offer(example)
    return [row | {"tools": tools} if tools else row]


def dpo(example: Example) -> list[Row]:
    """Return a prompt with a preferred and a non-preferred answer of one message each."""
    chosen, rejected = pair_of(example)
    return [
        {
            "input": {
                "messages": openai_turns(example.record.messages),
                "tools": tools_on_offer(example),
                "parallel_tool_calls": True,
            },
            "preferred_output": [_output(chosen)],
            "non_preferred_output": [_output(rejected)],
        }
    ]


def _output(message: Message) -> Row:
    if message.tool_calls:
        raise Unfit("an answer calls tools, which OpenAI's DPO does not take")
    return openai_turn(message)
