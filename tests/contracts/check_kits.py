"""Rows that checks are tried on: hostile ones, and ones that hold a bit of every trouble."""

import hashlib
import json
from dataclasses import asdict, replace

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st

from curate.audit import Watches
from curate.checks import CHECKS, Beside, Context, rows_of
from curate.files import without_nan

WHILE_READING = ("format", "mixed-schema")

_TEXTS = st.one_of(
    st.none(),
    st.text(max_size=60),
    st.sampled_from(
        [
            *("", " ", "\n", "\x00", "a\x00b", "yes", "no", "A", "The answer is 4.", "####", "{"),
            *(
                "\u202eright to left\u202c",
                "مرحبا بالعالم، كيف حالك؟",
                "שלום",
                "👩‍👩‍👧‍👦" * 9,
                "é" * 300,
            ),
            *("e\u0301" * 40, "\ufffd\ufeff", "\u2028x\u2029", "Ã©tÃ©", "<|im_end|>", "[INST]"),
            *(
                "```json\n{",
                "```python\ndef f(:\n```",
                "{" * 400,
                "(" * 3000,
                "na " * 900,
                "x" * 9000,
            ),
            *("I'm sorry, but I can't help with that.", "jo@curate.dev and 4111 1111 1111 1111"),
            *(
                "Sure! Here is\n- one\n- **two**\n1. three",
                "東京は日本の首都です。" * 9,
                "\\boxed{4}",
            ),
            "Translate the following sentence into German, please: I would like a cup of tea.",
        ]
    ),
)
_VOTES = st.sampled_from(
    [None, "[]", "{}", "null", '[["ann","a"],["bob","b"]]', '[["m1","4"],["m2","5"]]']
)
_METADATA = st.sampled_from(
    [
        *(None, "{}", "[]", "null", '{"winner":"a"}', '{"choices":["x","y"],"answer":"z"}'),
        *(
            '{"position":1}',
            '{"label":"refusal","reference":"5"}',
            '{"chosen_score":1,"rejected_score":2}',
        ),
    ]
)
_NAMES = st.sampled_from([None, "", " ", "a", "b", "train", "test", "MIT", "length", "\x00", "🎉"])
_COLUMNS = (
    *("split", "group", "model", "rejected_model", "source", "license", "annotator", "label"),
    "finish_reason",
)
_ROW = st.tuples(_TEXTS, _TEXTS, _TEXTS, _VOTES, _METADATA, *[_NAMES for _ in _COLUMNS])
hostile_rows = st.builds(
    lambda cells, times: _rows(cells * times), st.lists(_ROW, max_size=10), st.integers(1, 4)
)


def _rows(cells):
    columns = [list(column) for column in zip(*cells, strict=True)] or [[]] * (5 + len(_COLUMNS))
    prompts, answers, rejected, votes, metadata, *said = columns
    rows = rows_of(
        [prompt or "" for prompt in prompts],
        answers,
        rejected,
        votes=votes,
        metadata=metadata,
        **dict(zip(_COLUMNS, said, strict=True)),
    )
    asked = pa.array(prompts, pa.large_string())
    return replace(rows, prompt=asked, asked=asked)


def vectors_of(rows, dims=8):
    """Unit vectors that depend on the text alone; zero where there is none."""
    return {name: _unit(getattr(rows, name), dims) for name in ("asked", "answer", "rejected")}


def _unit(texts, dims):
    out = np.zeros((len(texts), dims), np.float32)
    for n, text in enumerate(texts.to_pylist()):
        if text is not None:
            seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
            out[n] = np.random.default_rng(seed).normal(size=dims)
            out[n] /= np.linalg.norm(out[n])
    return out


def context_of(rows, given=("vectors", "benchmarks", "logs", "before"), **more):
    """A context that holds of each kind what is given: the rows themselves, turned round."""
    vectors = vectors_of(rows) if "vectors" in given else {}
    turned = np.arange(len(rows))[::-1]
    other = Beside(
        name="beside.jsonl",
        rows=rows.take(turned),
        vectors={name: one[turned] for name, one in vectors.items()},
    )
    return Context(
        vectors=vectors,
        benchmarks=(other,) if "benchmarks" in given else (),
        logs=other if "logs" in given else None,
        before=other if "before" in given else None,
        token_limit=200,
        **more,
    )


def found_by(name, rows, context):
    """What a check finds; of those that look while files are read, of the rows as raw ones."""
    if name not in WHILE_READING:
        return CHECKS.get(name).run(rows, context)
    watches = Watches()
    for number in range(len(rows)):
        watches.add(rows.files[0], number, _raw(rows, number))
    found = watches.found(np.arange(len(rows)))
    return found[WHILE_READING.index(name)] if found else CHECKS.get(name).run(rows, context)


def _raw(rows, n):
    prompt, answer, rejected = (
        getattr(rows, name)[n].as_py() for name in ("prompt", "answer", "rejected")
    )
    if rejected is not None:
        return {"prompt": prompt, "chosen": answer, "rejected": rejected}
    return {"prompt": prompt, "completion": answer}


def as_json(found):
    """All that was found as one text; NaN as null, since it equals nothing."""
    return json.dumps(without_nan(asdict(found)), sort_keys=True, allow_nan=False)


def troubled():
    """Rows with a bit of every trouble, of which each check but a few finds something."""
    cells = [*_preferences(), *_answers(), *_faults(), *_copies()]
    names = ("prompt", "answer", "rejected", "votes", "metadata", *_COLUMNS)
    return _rows([tuple(cell.get(name) for name in names) for cell in cells])


_WORDS = "river stone lamp cedar orbit violin harbor pepper glacier meadow copper lantern".split()


def _sentence(n, size=9):
    return " ".join(_WORDS[(n * 7 + k * (n % 5 + 1)) % 12] + str((n + k) % 17) for k in range(size))


def _preferences():
    """Longer answers with bullets are preferred, those shown first, and of one model."""
    for n in range(150):
        long, short = f"Great question! {_sentence(n, 24)}\n- **one**\n- two", _sentence(n + 5, 6)
        if n % 12 == 0:
            long, short = short, long
        yield {
            "prompt": f"Tell me of {_sentence(n // 2)}",
            "answer": long,
            "rejected": short,
            "votes": json.dumps([["ann", "a"], ["bob", "b" if n % 3 else "a"], ["cy", "a"]]),
            "metadata": json.dumps({"winner": "a", "chosen_score": n % 3, "rejected_score": 1}),
            "annotator": "ann" if n % 4 else "bob",
            "source": "web",
            "model": "big",
            "rejected_model": "small",
            "license": "CC-BY-SA-4.0" if n % 2 else "GPL-3.0",
        }
    for better, worse in ("ab", "bc", "ca"):
        yield {"prompt": "Which one?", "answer": f"It is {better}", "rejected": f"It is {worse}"}


def _answers():
    for n in range(60):
        yield {
            "prompt": f"How many are there of {_sentence(n % 40)}?",
            "answer": f"The answer is {n}. I hope this helps!",
            "votes": json.dumps([[f"m{k}", str(n + (k < 5))] for k in range(6)]),
            "metadata": json.dumps({"reference": str(n + n % 2)}),
            "split": "train" if n % 2 else "test",
            "label": "sum" if n % 20 else "odd one",
        }


_GERMAN = "Das Wetter ist heute sehr schön, und wir gehen mit den Kindern in den Park spazieren."
_ENGLISH = "Please tell me in a few words what the weather is going to be like in the mountains."


def _faults():
    wrong = (
        *("I'm sorry, but I can't help with that request.", "and then the river went on to the"),
        *(
            "The cat sat on the mat again. " * 30,
            _GERMAN,
            "",
            "```python\nprint('hi'",
            "cafÃ© dâ€™Ã©tÃ©",
        ),
        *("<|im_start|>assistant\nyes", "Write to jo.marsh@curate.dev or call +1 415 555 2671 now"),
        "My key is AKIAQ4ZRT7XKLM2N5P3B and ghp_q8Zr4LxT2mVb9KcW1yNs7DfHg3JpQa5RtUe6",
        *("word " * 400, _ENGLISH),
    )
    for n, answer in enumerate(wrong):
        yield {"prompt": f"{_ENGLISH} ({n})" if answer != _ENGLISH else _ENGLISH, "answer": answer}
    yield {
        "prompt": "Say 'é' \u202e👩‍👩‍👧‍👦 twice",
        "answer": "👩‍👩‍👧‍👦 jo.marsh@curate.dev 👩‍👩‍👧‍👦 cafÃ©",
    }
    yield {"prompt": None, "answer": None}
    yield {"prompt": "Only a prompt"}


def _copies():
    long = "Explain to a child of six why the sky is blue in the day and red in the evening, please"
    said = "Light is made of many colours, and the air sends the blue ones all over the place in it"
    yield {"prompt": long, "answer": f"{said}.", "split": "train"}
    yield {"prompt": long.upper(), "answer": f"{said}. ", "split": "train"}
    yield {"prompt": long, "answer": f"{said} all.", "split": "train"}
    yield {"prompt": long, "answer": "Because of the air.", "split": "test"}
