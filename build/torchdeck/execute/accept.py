"""Writes outputs into question files: output fences, figures beside them, and nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from torchdeck.execute.compare import shown
from torchdeck.read.question import CodeBlock

MINIMAL_FENCE = "```"


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What replaces the accepted result of a block.

    Attributes:
        block: The block.
        output: What it printed; empty removes the fence.
        figure: The SVG that it drew, for the file that its fence names.
    """

    block: CodeBlock
    output: str
    figure: str


class FileChangedError(Exception):
    """A file is no longer the text that its outputs were computed from."""


def accept(path: Path, text: str, acceptances: Sequence[Acceptance]) -> dict[Path, bytes]:
    """Return the file at `path` with new output fences, and the figures beside it.

    Works on bytes and from the end of the file, so that everything else, line ends included,
    stays as it is.

    Args:
        path: The file.
        text: What it held when its blocks were read.
        acceptances: What to write.

    Raises:
        FileChangedError: The file holds something else now.
    """
    content = path.read_bytes()
    if content.decode("utf-8-sig", "replace") != text:
        raise FileChangedError(f"{path.name} was edited while it ran; run it again")
    lines = content.split(b"\n")
    for acceptance in sorted(acceptances, key=lambda item: -item.block.location.line):
        _apply(lines, acceptance)
    figures = {
        path.parent / str(acceptance.block.words.figure): acceptance.figure.encode()
        for acceptance in acceptances
        if acceptance.figure
    }
    return {**figures, path: b"\n".join(lines)}


def _apply(lines: list[bytes], acceptance: Acceptance) -> None:
    block = acceptance.block
    end_of_line = b"\r" if lines[block.location.line - 1].endswith(b"\r") else b""
    fence = [line.encode() + end_of_line for line in _fence(acceptance.output)]
    if block.output is not None:
        start, end = block.output.location.line - 1, block.output.end
        while not fence and start > block.end and not lines[start - 1].strip():
            start -= 1  # the blank line between block and output goes too
        lines[start:end] = fence
    elif fence:
        lines[block.end : block.end] = [end_of_line, *fence]


def _fence(output: str) -> list[str]:
    """Return the lines of a fence that is longer than any run of backticks in `output`."""
    text = shown(output)
    if not text:
        return []
    marks = MINIMAL_FENCE
    while marks in text:
        marks += "`"
    return [f"{marks}output", *text.split("\n"), marks]
