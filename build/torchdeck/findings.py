"""What is wrong with the input, told so that an author can mend it."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from torchdeck.rules import Rule

LONGEST = 1_000  # characters of a finding; an author's file may hold anything


class Format(StrEnum):
    """How findings are printed."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a text file.

    Attributes:
        file: Path relative to the project's root, with forward slashes.
        line: Line number, counted from 1; 0 stands for the file as a whole.
    """

    file: str
    line: int = 0

    def __str__(self) -> str:
        """Write the place as editors and terminals link it."""
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One fault: where it is, the rule it breaks, what is wrong and what to do.

    Attributes:
        location: The line to look at.
        rule: The rule's name.
        message: One line.
        detail: What helps to see the fault, such as a diff or a traceback; may have many lines.
    """

    location: Location
    rule: StrEnum
    message: str
    detail: str = ""

    def __str__(self) -> str:
        """Return `file:line: error[rule]: message`, then the detail, indented."""
        head = _one_line(f"{self.location}: error[{self.rule}]: {self.message}")
        return "\n".join([head, *(f"    {line}" for line in self.detail.splitlines())])


def _one_line(text: str) -> str:
    """Return `text` with what would break the line, or command a terminal, as escapes."""
    short = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    if short.isprintable():
        return short
    return "".join(
        character if character.isprintable() else ascii(character)[1:-1] for character in short
    )


class FindingsError(Exception):
    """Input that a stage cannot work with; carries every finding, never just the first."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        """Keep `findings`, which must not be empty."""
        super().__init__("\n".join(map(str, findings)))
        self.findings = tuple(findings)


class Findings:
    """Collects the findings of one file while it is read."""

    def __init__(self, file: str) -> None:
        """Start without findings; `file` is the path that all of them name."""
        self.file = file
        self._items: list[Finding] = []

    def add(self, line: int, rule: Rule, message: str) -> None:
        """Note that `line` breaks `rule`."""
        self._items.append(Finding(Location(self.file, line), rule, message))

    def __iter__(self) -> Iterator[Finding]:
        """Yield the findings in the order of their lines."""
        return iter(sorted(self._items))

    def __bool__(self) -> bool:
        """Tell whether anything was found."""
        return bool(self._items)


def as_json(findings: Iterable[Finding]) -> str:
    """Return the findings as a JSON array of flat objects (file, line, rule, message, detail)."""
    rows = [
        {
            **asdict(finding.location),
            "rule": finding.rule,
            "message": finding.message,
            "detail": finding.detail,
        }
        for finding in findings
    ]
    return json.dumps(rows, ensure_ascii=False, indent=2)


def as_annotation(finding: Finding) -> str:
    """Return the finding as the workflow command with which GitHub marks a line."""
    file = _one_line(finding.location.file).replace("%", "%25")
    for character, escape in ((":", "%3A"), (",", "%2C")):
        file = file.replace(character, escape)
    place = f"file={file},line={max(finding.location.line, 1)}"
    message = _one_line(finding.message).replace("%", "%25")
    return f"::error {place},title={finding.rule}::{message}"
