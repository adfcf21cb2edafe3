"""Highlighted code as HTML, with Anki's cloze marks between the tokens."""

import io
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Token, _TokenType

from torchdeck.read.question import ClozeMark

_Piece = tuple[_TokenType, str]

# They have the colour of the text around them. Without spans of their own, which would be two of
# three, a card is half as large.
UNSTYLED = frozenset({Token.Name, Token.Punctuation, Token.Text.Whitespace})

_FORMATTER = HtmlFormatter(nowrap=True)


def highlight(code: str, language: str, clozes: Sequence[ClozeMark] = ()) -> str:
    """Return `code` as spans with Pygments' short class names, without a surrounding element.

    The lexer sees the code without marks, so that a cloze changes no colour; tokens are split
    where a mark stands.
    """
    tokens = (
        (Token.Text if kind in UNSTYLED else kind, text)
        for kind, text in _lexer(language).get_tokens(code)
    )
    page = io.StringIO()
    _FORMATTER.format(_with_marks(tokens, _insertions(clozes)) if clozes else tokens, page)
    return page.getvalue().rstrip("\n")


@cache
def _lexer(language: str) -> Lexer:
    return get_lexer_by_name(language, stripnl=False, ensurenl=False)


def _insertions(clozes: Sequence[ClozeMark]) -> list[tuple[int, str]]:
    insertions = []
    for mark in clozes:
        insertions.append((mark.start, f"{{{{c{mark.number}::"))
        insertions.append((mark.end, "}}"))  # reading refuses hints in code
    return insertions


def _with_marks(
    tokens: Iterable[_Piece], insertions: Sequence[tuple[int, str]]
) -> Iterator[_Piece]:
    """Yield `tokens` with each insertion, of no token type, at its offset."""
    pending = list(insertions)
    offset = 0
    for kind, text in tokens:
        rest = text
        while pending and pending[0][0] <= offset + len(rest):
            at, mark = pending.pop(0)
            head, rest = rest[: at - offset], rest[at - offset :]
            if head:
                yield kind, head
            yield Token, mark
            offset = at
        yield kind, rest
        offset += len(rest)
    for _, mark in pending:
        yield Token, mark
