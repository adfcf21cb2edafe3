"""Walks over inline tokens."""

from collections.abc import Iterator, Sequence

from markdown_it.token import Token

from torchdeck.read.question import Body, Prose

LINE_ENDS = frozenset({"softbreak", "hardbreak"})
_TEXT_TYPES = frozenset({"text", "code_inline", "math_inline", "math_inline_double"})


def inline_blocks(body: Body) -> Iterator[tuple[int, Token]]:
    """Yield every paragraph, heading and table cell of the prose in `body` with its line."""
    for part in body:
        if isinstance(part, Prose):
            line = part.location.line
            for token in part.tokens:
                line = token.map[0] + 1 if token.map else line
                if token.type == "inline":
                    yield line, token


def inline_tokens(body: Body) -> Iterator[tuple[int, Token]]:
    """Yield every inline token of the prose in `body` with its line."""
    for line, block in inline_blocks(body):
        offset = 0
        for child in block.children or ():
            yield line + offset, child
            offset += child.type in LINE_ENDS


def plain_text(tokens: Sequence[Token]) -> str:
    """Return the text of inline tokens without any markup."""
    pieces = []
    for token in tokens:
        if token.type in _TEXT_TYPES:
            pieces.append(token.content)
        elif token.type in LINE_ENDS:
            pieces.append(" ")
        elif token.type == "image":
            pieces.append(token.content)
    return "".join(pieces)
