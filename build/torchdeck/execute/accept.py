"""Writes outputs into question files: output fences, and nothing else."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from torchdeck.files import write_whole
from torchdeck.read.question import CodeBlock

MINIMAL_FENCE = "```"


@dataclass(frozen=True, slots=True)
class Acceptance:
    """An output that replaces the accepted one of its block; empty removes the fence."""

    block: CodeBlock
    output: str


def accept(path: Path, acceptances: Iterable[Acceptance]) -> None:
    """Rewrite the output fences of the file at `path`, from its end to its start.

    Works on bytes, so that everything else, line ends included, stays as it is. The file is
    replaced whole or not at all.
    """
    lines = path.read_bytes().split(b"\n")
    for acceptance in sorted(acceptances, key=lambda item: -item.block.location.line):
        _apply(lines, acceptance)
    write_whole({path: b"\n".join(lines)})


def _apply(lines: list[bytes], acceptance: Acceptance) -> None:
    block = acceptance.block
    end_of_line = b"\r" if lines[block.location.line - 1].endswith(b"\r") else b""
    fence = [line.encode() + end_of_line for line in _fence(acceptance.output)]
    if block.output is not None:
        start, end = block.output.location.line - 1, block.output.end
        if not fence:
            start = block.end  # the blank line between block and output goes too
        lines[start:end] = fence
    elif fence:
        lines[block.end : block.end] = [end_of_line, *fence]


def _fence(output: str) -> list[str]:
    """Return the lines of a fence that is longer than any run of backticks in `output`."""
    text = output.replace("\r\n", "\n").rstrip("\n")
    if not text:
        return []
    marks = MINIMAL_FENCE
    while marks in text:
        marks += "`"
    return [f"{marks}output", *text.split("\n"), marks]
