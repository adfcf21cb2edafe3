"""Rules about figures that blocks draw."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from torchdeck.findings import Finding
from torchdeck.read.edition import Edition
from torchdeck.read.inline import inline_tokens
from torchdeck.read.question import Question
from torchdeck.rules import Rule


def figures_have_names_of_their_own(question: Question, _edition: Edition) -> Iterator[Finding]:
    """A figure lies beside the file: its name starts with the question's slug."""
    seen: set[str] = set()
    for block in question.blocks:
        name = block.words.figure
        if name is None:
            continue
        path = PurePosixPath(name)
        well_named = path.name == name and path.stem.startswith(question.slug)
        if path.suffix != ".svg" or not well_named or block.language != "python" or name in seen:
            yield Finding(
                block.location,
                Rule.FIGURE_NAME,
                f"figure={name}: a Python block draws figure={question.slug}.svg, "
                f"or figure={question.slug}-….svg, each name once",
            )
        seen.add(name)


def figures_are_shown(question: Question, _edition: Edition) -> Iterator[Finding]:
    """A figure that no text shows is drawn for nobody."""
    shown = {
        str(token.attrs.get("src", ""))
        for body in question.bodies
        for _, token in inline_tokens(body)
        if token.type == "image"
    }
    for block in question.blocks:
        name = block.words.figure
        if name is not None and name not in shown:
            yield Finding(
                block.location,
                Rule.FIGURE_UNSHOWN,
                f"no text shows the figure; write ![what it shows]({name}) below the block",
            )
