"""The Markdown that question files are written in: the parser and its one own rule.

Headings end in `{#slug .kind}`. No plugin parses that without also touching other text
(mdit-py-plugins' two attribute plugins rewrite code spans and drop lines), hence the core
rule here, which looks at headings only.
"""

from dataclasses import dataclass
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from mdit_py_plugins.attrs.parse import ParseError, parse
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.front_matter import front_matter_plugin

HEADING = "torchdeck_heading"


@dataclass(frozen=True, slots=True)
class HeadingAttributes:
    """What the braces at a heading's end say.

    Attributes:
        slug: The id, or None.
        kind: The class, or None.
        error: Why the braces could not be read, or None.
    """

    slug: str | None = None
    kind: str | None = None
    error: str | None = None


@cache
def markdown_parser() -> MarkdownIt:
    """Return the parser that every stage shares.

    Raw HTML stays text, and dollars are the only mathematics; both are decided here once.
    """
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    front_matter_plugin(parser)
    dollarmath_plugin(
        parser,
        allow_labels=False,
        allow_space=False,
        allow_digits=False,
        allow_blank_lines=False,
        double_inline=True,
    )
    parser.core.ruler.after("inline", "heading_attributes", _heading_attributes)
    return parser


def heading_attributes(token: Token) -> HeadingAttributes:
    """Return what the rule of this module found at a `heading_open` token."""
    attributes: HeadingAttributes = token.meta.get(HEADING, HeadingAttributes())
    return attributes


def _heading_attributes(state: StateCore) -> None:
    """Move `{#slug .kind}` from the end of each heading's text to its opening token."""
    for opening, inline in zip(state.tokens, state.tokens[1:], strict=False):
        if opening.type != "heading_open" or not inline.children:
            continue
        last = inline.children[-1]
        text = last.content.rstrip()
        if last.type != "text" or not text.endswith("}") or "{" not in text:
            continue
        start = text.rindex("{")
        if text[:start].endswith("{"):
            continue  # `{{c1::…}}` is a cloze, not an attribute
        opening.meta[HEADING] = _parse_attributes(text[start:])
        last.content = text[:start].rstrip()
        if not last.content:
            inline.children.pop()


def _parse_attributes(text: str) -> HeadingAttributes:
    try:
        end, found = parse(text)
    except ParseError:
        return HeadingAttributes(error=f"{text} is not of the form {{#slug}} or {{#slug .kind}}")
    slug, kind = found.get("id", ""), found.get("class", "")
    if text not in {f"{{#{slug}}}", f"{{#{slug} .{kind}}}"} or end != len(text) - 1:
        return HeadingAttributes(error=f"{text}: write {{#slug}} or {{#slug .kind}}")
    return HeadingAttributes(slug, kind or None)
