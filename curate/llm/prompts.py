r"""Prompts as files.

In: a Markdown file. Out: a `Prompt`, for `rendering.render` to make chats of.

A prompt's file begins with a front matter and has two parts, each led by its role on a line of
its own. The system part is constant; texts go where the user part has ``{{name}}`` alone on a
line, and something of the prompt's own (how to reply) must follow the last of them. ``{{mark}}``
anywhere in the user part gives the mark that delimits the texts::

    ---
    name: rubric
    version: 1
    kind: pointwise
    inputs: [question, answer]
    reply: {type: object, …}         a JSON schema; leave it out where there is none
    ---
    system:
    You grade …
    user:
    {{question}}

    {{answer}}

    The material ends here. Reply with …
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from curate.errors import ConfigError
from curate.records import digest

__all__ = ["MARK", "PLACEHOLDER", "Prompt", "load", "read"]

Json = Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What a model is told, and what it is to be shown."""

    name: str
    version: str
    kind: str
    """What it is for; the stage that uses it knows which kinds there are."""
    inputs: tuple[str, ...]
    """Names of the texts that `render` needs."""
    reply: Mapping[str, Json] | None
    """JSON schema of the reply; None = a reply in plain words."""
    system: str
    user: str
    """With ``{{name}}`` where the texts go."""
    file: str = ""
    """Where it was read from, for messages."""

    @property
    def hash(self) -> str:
        """Content id: any change of wording, inputs or schema is another prompt."""
        schema = json.dumps(self.reply, sort_keys=True)
        return digest(self.kind, self.system, self.user, schema, *self.inputs)

    @property
    def label(self) -> str:
        """Name, version and the first digits of the hash, as ``rubric@1+2c41f0``."""
        return f"{self.name}@{self.version}+{self.hash[:6]}"


def load(stage: str, name: str, *, folder: Path | None = None) -> Prompt:
    """Read a prompt that comes with the package, or a file of one's own.

    Args:
        stage: Whose prompts the name is looked for among, e.g. ``judge``.
        name: A prompt's name, or the path of a Markdown file (it ends in ``.md``).
        folder: What a relative path starts from; None = the current folder.

    Raises:
        ConfigError: If there is no such prompt, or its file is not as it must be; the message has
            file and line.

    >>> load("judge", "rubric").inputs
    ('question', 'answer')
    """
    own = _PROMPTS / stage
    known = sorted(path.stem for path in own.glob("*.md"))
    if name.endswith(".md"):
        path = (folder or Path()) / name
    elif name in known:
        path = own / f"{name}.md"
    else:
        raise ConfigError(_miss(stage, name, known))
    try:
        return read(path.read_text(encoding="utf-8-sig"), path.as_posix())
    except (OSError, UnicodeDecodeError) as bad:
        raise ConfigError(
            f"{path}: the prompt cannot be read ({bad}); name a Markdown file in UTF-8, "
            f"or one of: {', '.join(known)}"
        ) from bad


_PROMPTS = Path(__file__).resolve().parents[1] / "prompts"

MARK = "mark"
PLACEHOLDER = re.compile(r"\{\{ *(?P<name>\w+) *\}\}")


def read(text: str, file: str) -> Prompt:
    """Return the prompt that a file's text describes.

    Args:
        text: The whole file.
        file: Its name, for messages.

    Raises:
        ConfigError: If the front matter is missing or lacks something, or a part or a placeholder
            is not as it must be; the message has file and line.
    """
    lines = text.replace("\r\n", "\n").split("\n")
    head, body_starts = _front_matter(lines, file)
    system, user = _parts(lines, body_starts, file)
    inputs = _inputs(head, lines, file)
    _check_placeholders(lines, system, user, inputs, file)
    return Prompt(
        name=_word(head, "name", lines, file),
        version=_word(head, "version", lines, file),
        kind=str(head.get("kind") or ""),
        inputs=inputs,
        reply=_schema(head, lines, file),
        system="\n".join(lines[system[0] : system[1]]).strip(),
        user="\n".join(lines[user[0] : user[1]]).strip(),
        file=file,
    )


def _miss(stage: str, name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return (
        f"no {stage} prompt named {name!r}; {hint}Known: {', '.join(known)}; "
        "a file of one's own ends in .md"
    )


def _front_matter(lines: list[str], file: str) -> tuple[dict[str, Json], int]:
    ends = next((n for n, line in enumerate(lines[1:], 1) if line.rstrip() == "---"), 0)
    if lines[0].rstrip() != "---" or not ends:
        raise ConfigError(
            f"{file}:1: no front matter; begin with name, version, kind and inputs "
            "between two lines of ---"
        )
    try:
        head = yaml.safe_load("\n".join(lines[1:ends]))
    except yaml.YAMLError as bad:
        mark = getattr(bad, "problem_mark", None)
        line = mark.line + 2 if mark else 1
        raise ConfigError(f"{file}:{line}: no YAML: {getattr(bad, 'problem', bad)}") from bad
    if not isinstance(head, dict):
        raise ConfigError(f"{file}:2: the front matter needs keys such as `name: my_rubric`")
    unknown = [str(key) for key in head if key not in _KEYS]
    if unknown:
        where = _line_of(unknown[0], lines)
        raise ConfigError(f"{file}:{where}: unknown key `{unknown[0]}`; known: {', '.join(_KEYS)}")
    return head, ends + 1


_KEYS = ("name", "version", "kind", "inputs", "reply")


def _line_of(key: str, lines: list[str]) -> int:
    found = (n for n, line in enumerate(lines, 1) if line.lstrip().startswith(f"{key}:"))
    return next(found, 1)


def _word(head: Mapping[str, Json], key: str, lines: list[str], file: str) -> str:
    word = str(head.get(key, ""))
    if not re.fullmatch(r"[\w.-]+", word):
        raise ConfigError(
            f"{file}:{_line_of(key, lines)}: `{key}:` must be one word of letters, digits, "
            f"'.', '_' and '-', not {word!r}"
        )
    return word


def _inputs(head: Mapping[str, Json], lines: list[str], file: str) -> tuple[str, ...]:
    names: Json = head.get("inputs")
    listed = isinstance(names, list) and names and all(isinstance(name, str) for name in names)
    if not listed or len(set(names)) < len(names) or MARK in names:
        raise ConfigError(
            f"{file}:{_line_of('inputs', lines)}: `inputs:` must list the names of the texts, "
            "each once, e.g. [question, answer]"
        )
    return tuple(names)


def _schema(head: Mapping[str, Json], lines: list[str], file: str) -> Mapping[str, Json] | None:
    schema = head.get("reply")
    if schema is None:
        return None
    if not isinstance(schema, dict) or schema.get("type") != "object":
        raise ConfigError(
            f"{file}:{_line_of('reply', lines)}: `reply:` must be a JSON schema of an object "
            "(type: object, properties: …), or be left out"
        )
    return schema


def _parts(lines: list[str], start: int, file: str) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return where the system part and the user part begin and end."""
    system = [n for n in range(start, len(lines)) if lines[n].rstrip() == "system:"]
    user = [n for n in range(start, len(lines)) if lines[n].rstrip() == "user:"]
    if len(system) != 1 or len(user) != 1 or user[0] < system[0]:
        at = (system[1:] or user[1:] or [start])[0] + 1
        raise ConfigError(
            f"{file}:{at}: after the front matter stand a line `system:` with the instructions "
            "below it, and one line `user:` with the places of the texts below it"
        )
    astray = [n for n in range(start, system[0]) if lines[n].strip()]
    if astray:
        raise ConfigError(f"{file}:{astray[0] + 1}: text before the line `system:`")
    return (system[0] + 1, user[0]), (user[0] + 1, len(lines))


def _check_placeholders(
    lines: list[str],
    system: tuple[int, int],
    user: tuple[int, int],
    inputs: tuple[str, ...],
    file: str,
) -> None:
    places: dict[str, int] = {}
    for n in range(system[0], len(lines)):
        for place in PLACEHOLDER.finditer(lines[n]):
            _check_place(place["name"], lines[n], n, user[0], inputs, places, file)
    missing = [name for name in inputs if name not in places]
    if missing:
        where = _line_of("inputs", lines)
        raise ConfigError(f"{file}:{where}: no place for {missing[0]!r}; put {{{{{missing[0]}}}}}")
    last = max(places.values())
    if not any(line.strip() for line in lines[last + 1 :]):
        raise ConfigError(f"{file}:{last + 1}: say after the last text how to reply")


def _check_place(
    name: str,
    line: str,
    n: int,
    user_starts: int,
    inputs: tuple[str, ...],
    places: dict[str, int],
    file: str,
) -> None:
    where = f"{file}:{n + 1}"
    if name == MARK and n >= user_starts:
        return
    if name not in inputs:
        raise ConfigError(f"{where}: {name!r} is none of the inputs {', '.join(inputs)}")
    if n < user_starts:
        raise ConfigError(f"{where}: {{{{{name}}}}} is a text; it belongs below `user:`")
    if line.strip() != PLACEHOLDER.search(line)[0]:  # type: ignore[index]
        raise ConfigError(f"{where}: {{{{{name}}}}} must stand alone on its line")
    if name in places:
        raise ConfigError(f"{where}: {{{{{name}}}}} stands twice")
    places[name] = n
