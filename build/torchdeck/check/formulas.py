"""A rule about formulas: MathJax knows commands that do more than set mathematics."""

import re
from collections.abc import Iterator

from torchdeck.findings import Finding, Location
from torchdeck.read.edition import Edition
from torchdeck.read.question import Body, Prose, Question
from torchdeck.rules import Rule

# They put an address, a style, a class or an id into the page, load a part of MathJax, or define
# something for every card that is shown after this one.
BEYOND_MATHEMATICS = frozenset(
    {
        *("bbox", "class", "cssId", "data", "href", "mmlToken", "style"),
        *("mathtoolsset", "require", "setOptions"),
        *("DeclareMathOperator", "def", "let", "newcommand", "newenvironment"),
        *("renewcommand", "renewenvironment"),
    }
)
# MathJax's own idea of a command's name; `\\` is one, so the letters behind it are none.
COMMAND = re.compile(r"\\(\\|[A-Za-z]+)")
_TYPES = frozenset({"math_block", "math_inline", "math_inline_double"})


def formulas_are_mathematics(question: Question, _edition: Edition) -> Iterator[Finding]:
    """A formula can neither load anything nor lead anywhere."""
    formulas = [
        (card.location.line, token.content)
        for card in question.cards
        for token in card.title
        if token.type in _TYPES
    ]
    for body in question.bodies:
        formulas += _formulas(body)
    for line, formula in formulas:
        for name in dict.fromkeys(COMMAND.findall(formula)):
            if name in BEYOND_MATHEMATICS:
                message = rf"\{name} does more than set mathematics; write the formula without it"
                yield Finding(Location(question.location.file, line), Rule.MATH_COMMAND, message)


def _formulas(body: Body) -> Iterator[tuple[int, str]]:
    """Yield every formula of the prose in `body` with the line of its block."""
    for part in body:
        if isinstance(part, Prose):
            line = part.location.line
            for token in part.tokens:
                line = token.map[0] + 1 if token.map else line
                for formula in (token, *(token.children or ())):
                    if formula.type in _TYPES:
                        yield line, formula.content
