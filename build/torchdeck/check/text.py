"""Rules about sections and running text."""

from collections.abc import Iterator

from torchdeck.findings import Finding, Location
from torchdeck.read.document import DETAIL, KEY_POINTS, PITFALLS
from torchdeck.read.edition import Edition
from torchdeck.read.inline import inline_tokens
from torchdeck.read.question import Question


def sections_are_not_empty(question: Question, _edition: Edition) -> Iterator[Finding]:
    """A learner finds something below every heading."""
    sections = {
        KEY_POINTS: question.key_points,
        DETAIL: question.detail,
        PITFALLS: question.pitfalls,
    }
    for title, body in sections.items():
        if not body:
            yield Finding(
                Location(question.location.file), "section-empty", f"section {title} is empty"
            )
    if not question.cards:
        yield Finding(
            Location(question.location.file), "cards-missing", "write notes under 追问 and 卡片"
        )
    for card in question.cards:
        if not card.body:
            yield Finding(card.location, "card-empty", f"#{card.slug} has no answer")


def emphasis_is_parsed(question: Question, _edition: Edition) -> Iterator[Finding]:
    """CommonMark leaves `**` literal next to CJK punctuation; a card would show the stars."""
    for body in question.bodies:
        for line, token in inline_tokens(body):
            if token.type == "text" and any(mark in token.content for mark in ("**", "__")):
                yield Finding(
                    Location(question.location.file, line),
                    "emphasis-literal",
                    "** or __ stays literal here; move it away from the punctuation, "
                    "or write the name as code",
                )


def emphasis_uses_stars(question: Question, _edition: Edition) -> Iterator[Finding]:
    """Underscores belong to names: `__init__` outside code would be set in bold as init."""
    for body in question.bodies:
        for line, token in inline_tokens(body):
            if token.nesting == 1 and token.markup in {"_", "__"}:
                yield Finding(
                    Location(question.location.file, line),
                    "emphasis-underscore",
                    "underscores make this text emphasised; write a name as code, "
                    "and emphasis with *",
                )
