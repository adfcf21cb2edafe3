"""Where notes stand in the files of the content."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from torchdeck.package.ledger import Ledger
from torchdeck.project import Project, ProjectError
from torchdeck.read.document import Reading
from torchdeck.read.edition import Edition
from torchdeck.read.question import Card, Question
from torchdeck.render.note import KEY_SEPARATOR


@dataclass(frozen=True, slots=True)
class Place:
    """A note in its file; `card` is None for the note of the question itself."""

    path: Path
    question: Question
    card: Card | None

    @property
    def key(self) -> str:
        """The note's key: `question` or `question#card`."""
        slug = self.question.slug
        return slug if self.card is None else f"{slug}{KEY_SEPARATOR}{self.card.slug}"

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the notes that move with this one: a question's cards with it."""
        if self.card is not None:
            return (self.key,)
        return (
            self.key,
            *(f"{self.key}{KEY_SEPARATOR}{card.slug}" for card in self.question.cards),
        )

    def card_lines(self) -> tuple[int, int]:
        """Return the first line of the card and the line behind its last (0: end of the file)."""
        if self.card is None:
            raise ValueError("the note of a question is its whole file")
        start = self.card.location.line
        headings = [card.location.line for card in self.question.cards]
        headings += self.question.sections.values()
        return start, min((line for line in headings if line > start), default=0)


@dataclass(frozen=True, slots=True)
class Workspace:
    """What the moves change: the project's files, as read without findings, and its ledger."""

    project: Project
    edition: Edition
    readings: Sequence[Reading]
    ledger: Ledger


def places(readings: Sequence[Reading]) -> Iterator[Place]:
    """Yield the place of every note, question by question."""
    for reading in readings:
        if reading.source is None or reading.question is None:
            continue
        yield Place(reading.source.path, reading.question, None)
        for card in reading.question.cards:
            yield Place(reading.source.path, reading.question, card)


def place_of(readings: Sequence[Reading], key: str) -> Place:
    """Return the place of the note with the key `key`.

    Raises:
        ProjectError: There is none.
    """
    for place in places(readings):
        if place.key == key:
            return place
    raise ProjectError(f"no note {key}; `torchdeck locate` searches for one")
