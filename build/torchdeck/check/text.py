"""Rules about running text: what a reader would see as a slip of the keyboard."""

import re
from collections.abc import Iterator

from markdown_it.token import Token

from torchdeck.findings import Finding, Location
from torchdeck.read.characters import hidden_character
from torchdeck.read.edition import Edition
from torchdeck.read.inline import LINE_ENDS, inline_blocks
from torchdeck.read.question import Question
from torchdeck.rules import Rule

_CJK = "\u3400-\u4dbf\u4e00-\u9fff"
# Between two Chinese characters, or behind one at the end of a clause before another.
_HALF_WIDTH = re.compile(rf"[{_CJK}][,;:?!()]\s*[{_CJK}]|[{_CJK}][,;:?!]$")
_MATH_SIGN = re.compile(r"[A-Za-z\\^=<>+\-.*]")
_SHELL_PATH = re.compile(r"^[A-Z_]{2,}[/:]")
_CHINESE = re.compile(f"[{_CJK}]")
REPLACEMENT = "\ufffd"
_MATH_TYPES = frozenset({"math_inline", "math_inline_double"})


def text_reads_well(question: Question, _edition: Edition) -> Iterator[Finding]:
    """Apply every rule of this module, in one walk over the text."""
    for first_line, block in _blocks(question):
        place = Location(question.location.file, first_line)
        yield from _faults_of_block(place, block)
        line = first_line
        in_address = False
        for token in block.children or ():
            if token.markup == "autolink":
                in_address = token.nesting == 1
            if in_address:
                continue
            place = Location(question.location.file, line)
            yield from _faults_of_token(place, token)
            line += token.type in LINE_ENDS
    for code in question.blocks:
        if REPLACEMENT in code.code:
            line = code.location.line + 1 + code.code.partition(REPLACEMENT)[0].count("\n")
            yield _lost_character(Location(code.location.file, line))


def _faults_of_block(place: Location, block: Token) -> Iterator[Finding]:
    r"""Find dollars and `\(` by comparing a block's source with what its tokens kept of it."""
    children = block.children or ()
    if "$" in block.content:
        shown = sum(token.content.count("$") for token in children if token.type == "text")
        if shown > block.content.count(r"\$"):
            message = r"a literal $; write \$, or close the formula"
            yield Finding(place, Rule.DOLLAR_LITERAL, message)
    for mark in (r"\(", r"\["):
        if mark in block.content:
            kept = "".join(token.content for token in children if token.type != "text")
            if block.content.count(mark) > kept.count(mark):
                yield Finding(place, Rule.MATH_DELIMITER, rf"write $…$ in place of {mark}…")


def _faults_of_token(place: Location, token: Token) -> Iterator[Finding]:
    if REPLACEMENT in token.content:
        yield _lost_character(place)
    if hidden := hidden_character(token.content):
        message = f"holds {hidden}, which nobody sees; remove it"
        yield Finding(place, Rule.CHARACTER_HIDDEN, message)
    if token.type == "text":
        # CommonMark leaves `**` literal next to CJK punctuation; a card would show the stars.
        if "*" in token.content or "_" in token.content:
            message = (
                "a literal * or _ here; move the emphasis away from punctuation, "
                "or write the name as code"
            )
            yield Finding(place, Rule.MARK_LITERAL, message)
        if match := _HALF_WIDTH.search(token.content):
            message = f"half-width punctuation in {match.group()!r}; use ，；：？！（）"
            yield Finding(place, Rule.PUNCTUATION_WIDTH, message)
    elif token.type in _MATH_TYPES:
        if not _is_mathematics(token.content):
            message = rf"${token.content}$ is set as a formula; write \$ for a dollar"
            yield Finding(place, Rule.MATH_EMPTY, message)
    elif token.nesting == 1 and token.markup in {"_", "__"}:
        message = "underscores emphasise this text; write a name as code, emphasise with *"
        yield Finding(place, Rule.EMPHASIS_UNDERSCORE, message)


def _lost_character(place: Location) -> Finding:
    return Finding(place, Rule.REPLACEMENT_CHARACTER, "a character was lost here (U+FFFD)")


def _is_mathematics(formula: str) -> bool:
    return bool(
        _MATH_SIGN.search(formula)
        and not _SHELL_PATH.match(formula)
        and not _CHINESE.search(_without_text(formula))
    )


def _without_text(formula: str) -> str:
    r"""Drop `\text{…}`, which may hold Chinese."""
    return re.sub(r"\\text\{[^{}]*\}", "", formula)


def _blocks(question: Question) -> Iterator[tuple[int, Token]]:
    """Yield every block of inline text, headings of cards included."""
    for card in question.cards:
        heading = Token("inline", "", 0, children=list(card.title))
        heading.content = card.heading
        yield card.location.line, heading
    for body in question.bodies:
        yield from inline_blocks(body)
