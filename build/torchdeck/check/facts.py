"""What the rules about the content as a whole need of a question: little, unlike the question."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from torchdeck.findings import Location
from torchdeck.read.document import CARDS_LIMIT
from torchdeck.read.inline import inline_blocks, inline_tokens, plain_text
from torchdeck.read.question import Card, CardKind, Question, code_blocks

_REFERENCE = re.compile(r"第\s*(\d{1,9})\s*题")
_INSIGNIFICANT = re.compile(r"[\s，。；：？！、“”‘’「」（）,.;:?!`]+")


@dataclass(frozen=True, slots=True)
class Front:
    """What a learner sees first of a card.

    Attributes:
        location: The card's heading.
        slug: The card's slug.
        text: The front, reduced to its letters and digits.
    """

    location: Location
    slug: str
    text: str


@dataclass(frozen=True, slots=True)
class Facts:
    """A question as the other questions see it.

    Attributes:
        location: The file, at the line of its question.
        slug: The question's slug.
        number: Its number in the syllabus.
        number_line: The line that says so; None if none could be read.
        named: Numbers of the questions that its text names.
        blocks: How many fences run, or say why they do not.
        norun: How many of them do not.
        unstable: How many of them are compared only by shape.
        fronts: One a card.
    """

    location: Location
    slug: str
    number: int
    number_line: int | None
    named: tuple[int, ...]
    blocks: int
    norun: int
    unstable: int
    fronts: tuple[Front, ...]


def facts_of(question: Question) -> Facts:
    """Return the facts of `question`."""
    blocks = [block for block in question.blocks if block.runs or block.words.norun is not None]
    return Facts(
        location=question.location,
        slug=question.slug,
        number=question.number,
        number_line=question.lines.get("number"),
        named=tuple(sorted(set(_named(question)))),
        blocks=len(blocks),
        norun=sum(block.words.norun is not None for block in blocks),
        unstable=sum(block.words.unstable is not None for block in blocks),
        fronts=tuple(map(_front, question.cards[:CARDS_LIMIT])),
    )


def _named(question: Question) -> Iterator[int]:
    for body in question.bodies:
        for _, token in inline_tokens(body):
            if token.type == "text":
                yield from map(int, _REFERENCE.findall(token.content))


def _front(card: Card) -> Front:
    pieces = [] if card.kind is CardKind.CLOZE else [plain_text(card.title)]
    if card.kind is CardKind.CLOZE:
        pieces += [plain_text(token.children or ()) for _, token in inline_blocks(card.body)]
    if card.kind is not CardKind.QUESTION_ANSWER:
        pieces += [block.code for block in code_blocks(card.body)]
    text = _INSIGNIFICANT.sub("", " ".join(pieces)).lower()
    return Front(card.location, card.slug, text)
