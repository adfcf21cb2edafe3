"""A note before it is packaged."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from torchdeck.findings import Location

KEY_SEPARATOR = "#"  # between the slugs of question and card; part of no slug


class NoteKind(StrEnum):
    """The note types; the values name their folders and are identities."""

    QUESTION = "question"
    QUESTION_ANSWER = "qa"
    CLOZE = "cloze"
    PREDICT = "predict"


class NoteState(StrEnum):
    """What a note shows beside code that ran here; the worst of its blocks."""

    FINE = "fine"
    NOT_RUN = "not run"
    NOT_VERIFIED = "not verified"


@dataclass(frozen=True, slots=True)
class Media:
    """An image that a field shows.

    Attributes:
        name: Its name in Anki's media folder; holds a digest of the content.
        content: The bytes.
    """

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """One note of one question.

    Attributes:
        location: The heading it comes from, or the question's line.
        question: Slug of its question.
        card: Slug of its heading, or None for the note of the question itself.
        kind: Its note type.
        topic: Slug of its topic.
        number: The question's number in the syllabus.
        fields: HTML by field name; fields that packaging fills are absent.
        tags: Its tags.
        media: What its fields show.
        due: Position among new cards.
        state: Whether it shows code that was not executed.
        digest: Of what it says (`canonical`), where that is known already, else an empty text.
    """

    location: Location
    question: str
    card: str | None
    kind: NoteKind
    topic: str
    number: int
    fields: Mapping[str, str]
    tags: tuple[str, ...]
    media: tuple[Media, ...]
    due: int
    state: NoteState
    digest: str = ""

    @property
    def key(self) -> str:
        """The note's identity as people and the ledger write it: `question` or `question#card`."""
        return self.question if self.card is None else f"{self.question}{KEY_SEPARATOR}{self.card}"

    @property
    def sort_text(self) -> str:
        """What Anki's browser sorts by, such as `047 view-vs-reshape`."""
        return f"{self.number:03d} {self.key}"
