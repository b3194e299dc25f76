"""What reviewers are told: versioned Markdown files, known by the hash of their text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from curate.errors import ConfigError
from curate.records import Task, digest

__all__ = ["LONGEST", "Guideline", "guideline", "version_of"]

LONGEST = 9_000
"""Characters; Argilla takes 10,000, with the note of which version was shown when."""

_OWN = Path(__file__).resolve().parents[1] / "guidelines"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guideline:
    """One version of what reviewers are told."""

    name: str
    label: str
    """The version as its author calls it, from the front matter."""
    text: str
    """Markdown, as shown."""

    @property
    def version(self) -> str:
        """Content hash of the text: any change of wording is another version."""
        return version_of(self.text)


def version_of(text: str) -> str:
    """Return the version of a guideline's text; space around it does not count.

    >>> version_of("Be fair.") == version_of("Be fair. "), version_of("Be fair!")[0]
    (True, 'g')
    """
    return "g" + digest(text.strip())


def guideline(path: str | Path | None, task: Task) -> Guideline:
    """Read a guideline; by default the one that comes with the task.

    The file may begin with a front matter of `name` and `version` between lines of ``---``.

    Raises:
        ConfigError: If the file cannot be read, is empty, or is longer than `LONGEST`.
    """
    file = _OWN / f"{task}.md" if path is None else Path(path)
    head, body = _split(_read(file), file)
    _check(body, file)
    return Guideline(
        name=str(head.get("name") or file.stem), label=str(head.get("version") or ""), text=body
    )


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig").replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError) as bad:
        raise ConfigError(
            f"{file}: the guideline cannot be read ({bad}); name a Markdown file in UTF-8 as "
            "`push.guidelines`, or null for the one that comes with the task"
        ) from bad


def _split(text: str, file: Path) -> tuple[dict[str, object], str]:
    if not text.startswith("---\n") or "\n---\n" not in text[3:]:
        return {}, text.strip()
    raw, _, body = text[4:].partition("\n---\n")
    try:
        head = yaml.safe_load(raw)
    except yaml.YAMLError as bad:
        raise ConfigError(f"{file}: its front matter is no YAML ({bad})") from bad
    if not isinstance(head, dict):
        raise ConfigError(f"{file}: its front matter needs `name:` and `version:`")
    return head, body.strip()


def _check(body: str, file: Path) -> None:
    if not body:
        raise ConfigError(f"{file}: the guideline is empty; say what reviewers are to do")
    if len(body) > LONGEST:
        raise ConfigError(
            f"{file}: the guideline has {len(body):,} characters; a desk shows at most "
            f"{LONGEST:,}; keep the rules here and link to the rest"
        )
