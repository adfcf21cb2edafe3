"""What of a file is executed, wherever it comes from."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from torchdeck.read.question import CodeBlock, Question


@dataclass(frozen=True, slots=True)
class Script:
    """The code of one Markdown file.

    Attributes:
        file: Its name as findings show it.
        blocks: Its fences in reading order.
        requires: Distributions that the code imports beyond torch, as far as the file says.
        figures: The accepted SVGs of its `figure=` blocks, by name, as far as there are any.
        compares: Whether what a block prints is compared with its output fence.
    """

    file: str
    blocks: tuple[CodeBlock, ...]
    requires: tuple[str, ...]
    figures: Mapping[str, str]
    compares: bool


def script_of(question: Question, figures: Mapping[str, str] = MappingProxyType({})) -> Script:
    """Return the code of a question file whose accepted figures are `figures`."""
    blocks = tuple(question.blocks)
    return Script(question.location.file, blocks, question.requires, figures, compares=True)


def accepted_figures(question: Question, folder: Path) -> Mapping[str, str]:
    """Return the SVGs in `folder` that blocks of `question` drew, by name."""
    names = {block.words.figure for block in question.blocks if block.words.figure}
    return {
        name: (folder / name).read_text(encoding="utf-8", errors="replace")
        for name in names
        if (folder / name).is_file()
    }
