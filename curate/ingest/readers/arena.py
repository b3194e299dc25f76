"""Chatbot Arena battles, and MT-bench questions and judgements."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from curate.ingest.exchange import Answer, Comparison, Context, Exchange, RowError, from_chat
from curate.ingest.fields import leftover, time_of
from curate.ingest.messages import chat, is_chat, said, user
from curate.ingest.reader import Reader
from curate.ingest.readers.pairs import vote_of

__all__ = ["ARENA", "MT_BENCH"]

Json = Any
Row = Mapping[str, Json]
Message = dict[str, Json]

_USED = {
    *("conversation_a", "conversation_b", "model_a", "model_b", "winner", "judge"),
    *("tstamp", "question_id"),
}


def _is_arena(row: Row) -> bool:
    return is_chat(row.get("conversation_a")) and is_chat(row.get("conversation_b"))


def _read_arena(row: Row, context: Context) -> Iterator[Exchange]:
    chats = [chat(row[key]) for key in ("conversation_a", "conversation_b")]
    judge, name = row.get("judge"), row.get("question_id")
    prompts = [turns[:-1] for turns in chats]
    if prompts[0] != prompts[1]:
        yield from _apart(row, chats, context)
        raise RowError(
            "the two conversations differ before their last answers: the answers were kept, "
            "the vote joins no pair"
        )
    comparison = Comparison(
        winner=vote_of(row.get("winner")),
        judge=judge if isinstance(judge, str) else "",
        metadata=leftover(row, _USED),
    )
    yield Exchange(
        messages=prompts[0],
        answers=[
            Answer(message={**turns[-1], "role": "assistant"}, model=str(row.get(key) or ""))
            for turns, key in zip(chats, ("model_a", "model_b"), strict=True)
        ],
        comparisons=(comparison,),
        time=time_of(row),
        group=f"question={name}" if name else None,
        key=f"question_id={name}" if name else None,
        merge=True,
    )


def _apart(row: Row, chats: list[list[Message]], context: Context) -> Iterator[Exchange]:
    """Yield each side of a battle on its own: after the first answer they are two chats."""
    name = row.get("question_id")
    for side, turns in zip("ab", chats, strict=True):
        metadata = leftover(row, _USED - {"winner", "judge"}) or {}
        yield from from_chat(
            turns,
            context.turns,
            model=str(row.get(f"model_{side}") or ""),
            metadata={**metadata, "side": f"model_{side}"},
            time=time_of(row),
            group=f"question={name}" if name else None,
            key=f"question_id={name}{side}" if name else None,
        )


ARENA = Reader(
    name="arena",
    about="Chatbot Arena battles: conversation_a, conversation_b, winner",
    matches=_is_arena,
    read=_read_arena,
)


def _is_mt_bench(row: Row) -> bool:
    if not ("question_id" in row or "uid" in row):
        return False
    judged = isinstance(row.get("user_prompt"), str) and "judgment" in row
    return judged or isinstance(row.get("turns"), list) or _is_answer(row)


def _is_answer(row: Row) -> bool:
    choices = row.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        return False
    return "turns" in choices[0]


def _read_mt_bench(row: Row, context: Context) -> Iterator[Exchange]:
    if "user_prompt" in row:
        yield from _read_judgment(row, context)
    elif "turns" in row:
        yield _read_question(row)
    else:
        raise RowError("a benchmark's answers without the questions; join them by question_id")


def _read_question(row: Row) -> Exchange:
    turns = row["turns"]
    first = turns[0] if turns else ""
    if isinstance(first, dict):
        first = first.get("content")
    metadata = leftover(row, {"turns"}) or {}
    if len(turns) > 1:
        metadata["later_turns"] = turns[1:]
    return Exchange(messages=user(str(first or "")), metadata=metadata)


def _read_judgment(row: Row, context: Context) -> Iterator[Exchange]:
    messages = _chat_in(row["user_prompt"])
    judge = row.get("judge")
    by = judge[0] if isinstance(judge, list) and judge else judge
    metadata = {**(leftover(row, _JUDGED) or {}), "judge": by, "judge_score": row.get("score")}
    yield from from_chat(
        messages,
        context.turns,
        model=str(row.get("model") or ""),
        metadata={k: v for k, v in metadata.items() if v is not None},
        key=f"question_id={row.get('question_id')}|{row.get('model')}|{row.get('turn')}",
        group=f"question={row.get('question_id')}",
    )


_JUDGED = {"user_prompt", "score", "judge", "model", "tstamp"}


def _chat_in(text: str) -> list[Message]:
    """Read the chat out of the prompt that a judge was shown."""
    if single := _SINGLE.search(text):
        return [said("user", single[1].strip()), said("assistant", single[2].strip())]
    whole = _WHOLE.search(text)
    pieces = _TURN.split(whole[1] if whole else text)[1:]
    if not pieces:
        raise RowError("no chat found in the judge's prompt")
    return [
        said("user" if who == "User" else "assistant", words.strip())
        for who, words in zip(pieces[::2], pieces[1::2], strict=True)
    ]


_SINGLE = re.compile(
    r"\[Question\]\n(.*?)\n\n\[The Start of Assistant's Answer\]\n(.*?)\n"
    r"\[The End of Assistant's Answer\]",
    re.DOTALL,
)
_WHOLE = re.compile(
    r"<\|The Start of Assistant A's Conversation with User\|>(.*?)"
    r"<\|The End of Assistant A's Conversation with User\|>",
    re.DOTALL,
)
_TURN = re.compile(r"^### (User|Assistant A):\n", re.MULTILINE)


MT_BENCH = Reader(
    name="mt-bench",
    about="MT-bench questions and single-answer judgements",
    matches=_is_mt_bench,
    read=_read_mt_bench,
)
