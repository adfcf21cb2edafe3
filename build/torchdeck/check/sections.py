"""Rules about sections."""

from collections.abc import Iterator

from torchdeck.findings import Finding, Location
from torchdeck.read.document import CARD_SECTIONS, DETAIL, KEY_POINTS, PITFALLS
from torchdeck.read.edition import Edition
from torchdeck.read.question import Prose, Question
from torchdeck.rules import Rule

MOST_KEY_POINTS = 5


def sections_are_not_empty(question: Question, _edition: Edition) -> Iterator[Finding]:
    """A learner finds something below every heading."""
    filled = {card.section for card in question.cards}
    for title, body in (
        (KEY_POINTS, question.key_points),
        (DETAIL, question.detail),
        (PITFALLS, question.pitfalls),
    ):
        if body:
            filled.add(title)
    for title, line in question.sections.items():
        if title not in filled:
            what = "write a note: ### … {#slug}" if title in CARD_SECTIONS else "write it"
            place = Location(question.location.file, line)
            yield Finding(place, Rule.SECTION_EMPTY, f"section {title} is empty; {what}")
    for card in question.cards:
        if not card.body:
            yield Finding(card.location, Rule.CARD_EMPTY, f"#{card.slug} has no answer")


def key_points_are_few(question: Question, _edition: Edition) -> Iterator[Finding]:
    """Nobody keeps more points in mind while speaking."""
    for part in question.key_points:
        if not isinstance(part, Prose):
            continue
        items = [token for token in part.tokens if token.type == "list_item_open"]
        top = [token for token in items if token.level == 1]
        if len(top) > MOST_KEY_POINTS:
            place = Location(question.location.file, question.sections[KEY_POINTS])
            message = f"{len(top)} points; keep to {MOST_KEY_POINTS}"
            yield Finding(place, Rule.KEY_POINTS_MANY, message)
