"""Rules about running text: what a reader would see as a slip of the keyboard."""

import re
from collections.abc import Iterator

from markdown_it.token import Token

from torchdeck.findings import Finding, Location
from torchdeck.read.edition import Edition
from torchdeck.read.inline import inline_blocks, inline_tokens
from torchdeck.read.question import Question
from torchdeck.rules import Rule

_CJK = "\u3400-\u4dbf\u4e00-\u9fff"
# Between two Chinese characters, or behind one at the end of a clause before another.
_HALF_WIDTH = re.compile(rf"[{_CJK}][,;:?!()][{_CJK}]|[{_CJK}][,;:?!]$")
_MATH_SIGN = re.compile(r"[A-Za-z\\^=<>]")
_SHELL_PATH = re.compile(r"^[A-Z_]{2,}[/:]")
_CHINESE = re.compile(f"[{_CJK}]")
_MATH_TYPES = frozenset({"math_inline", "math_inline_double"})


def marks_are_parsed(question: Question, _edition: Edition) -> Iterator[Finding]:
    """CommonMark leaves `**` literal next to CJK punctuation; a card would show the stars."""
    for line, token in _texts(question):
        if token.type == "text" and any(mark in token.content for mark in "*_"):
            yield Finding(
                Location(question.location.file, line),
                Rule.MARK_LITERAL,
                "a literal * or _ here; move the emphasis away from punctuation, "
                "or write the name as code",
            )


def emphasis_uses_stars(question: Question, _edition: Edition) -> Iterator[Finding]:
    """Underscores belong to names: `__init__` outside code would be set in bold as init."""
    for line, token in _texts(question):
        if token.nesting == 1 and token.markup in {"_", "__"}:
            yield Finding(
                Location(question.location.file, line),
                Rule.EMPHASIS_UNDERSCORE,
                "underscores emphasise this text; write a name as code, emphasise with *",
            )


def dollars_are_mathematics(question: Question, _edition: Edition) -> Iterator[Finding]:
    r"""A dollar that opens no formula is written `\$`."""
    for line, block in _blocks(question):
        shown = sum(
            token.content.count("$") for token in block.children or () if token.type == "text"
        )
        if shown > block.content.count(r"\$"):
            place = Location(question.location.file, line)
            yield Finding(
                place, Rule.DOLLAR_LITERAL, r"a literal $; write \$, or close the formula"
            )


def mathematics_is_in_dollars(question: Question, _edition: Edition) -> Iterator[Finding]:
    r"""`\(…\)` loses its backslashes in Markdown; Anki's delimiters are made from dollars."""
    for line, block in _blocks(question):
        children = block.children or ()
        kept = "".join(token.content for token in children if token.type != "text")
        for mark in (r"\(", r"\["):
            if block.content.count(mark) > kept.count(mark):
                place = Location(question.location.file, line)
                yield Finding(place, Rule.MATH_DELIMITER, rf"write $…$ in place of {mark}…")


def formulas_hold_mathematics(question: Question, _edition: Edition) -> Iterator[Finding]:
    """Two prices or two shell variables in a line are no formula."""
    for line, token in _texts(question):
        if token.type in _MATH_TYPES and not _is_mathematics(token.content):
            place = Location(question.location.file, line)
            message = rf"${token.content}$ is set as a formula; write \$ for a dollar"
            yield Finding(place, Rule.MATH_EMPTY, message)


def punctuation_is_full_width(question: Question, _edition: Edition) -> Iterator[Finding]:
    """Chinese text has Chinese punctuation."""
    for line, token in _texts(question):
        if token.type == "text" and (match := _HALF_WIDTH.search(token.content)):
            place = Location(question.location.file, line)
            message = f"half-width punctuation in {match.group()!r}; use ，；：？！（）"
            yield Finding(place, Rule.PUNCTUATION_WIDTH, message)


def characters_are_whole(question: Question, _edition: Edition) -> Iterator[Finding]:
    """U+FFFD stands for a character that some program could not read."""
    for line, token in _texts(question):
        if "\ufffd" in token.content:
            place = Location(question.location.file, line)
            yield Finding(place, Rule.REPLACEMENT_CHARACTER, "a character was lost here (U+FFFD)")
    for block in question.blocks:
        if "\ufffd" in block.code:
            place = Location(
                block.location.file,
                block.location.line + 1 + block.code[: block.code.index("\ufffd")].count("\n"),
            )
            yield Finding(place, Rule.REPLACEMENT_CHARACTER, "a character was lost here (U+FFFD)")


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


def _texts(question: Question) -> Iterator[tuple[int, Token]]:
    """Yield every inline token, headings of cards included."""
    for card in question.cards:
        for token in card.title:
            yield card.location.line, token
    for body in question.bodies:
        yield from inline_tokens(body)
