"""What of a file is executed, wherever it comes from."""

from dataclasses import dataclass

from torchdeck.read.question import CodeBlock, Question


@dataclass(frozen=True, slots=True)
class Script:
    """The code of one Markdown file.

    Attributes:
        file: Its name as findings show it.
        blocks: Its fences in reading order.
        requires: Distributions that the code imports beyond torch, as far as the file says.
        compares: Whether what a block prints is compared with its output fence.
    """

    file: str
    blocks: tuple[CodeBlock, ...]
    requires: tuple[str, ...]
    compares: bool


def script_of(question: Question) -> Script:
    """Return the code of a question file."""
    return Script(question.location.file, tuple(question.blocks), question.requires, compares=True)
