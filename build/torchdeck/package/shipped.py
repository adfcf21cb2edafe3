"""Which cards a note makes and what they ask: each is a schedule in learners' collections."""

from collections import defaultdict
from dataclasses import dataclass

from torchdeck.read.cloze import strip_marks
from torchdeck.render import field_names as names
from torchdeck.render.note import Note, NoteKind
from torchdeck.render.text import plain_text

_BLANK = "[…]"


@dataclass(frozen=True, slots=True)
class ShippedCards:
    """The cards of a note.

    Attributes:
        cards: Their ordinals.
        clozes: What each cloze number hides; nothing for other kinds.
        around: The text of a cloze note with blanks for what is hidden.
    """

    cards: tuple[int, ...]
    clozes: dict[str, str]
    around: str


def shipped_cards(note: Note) -> ShippedCards:
    """Return the cards that `note` makes."""
    if note.kind is not NoteKind.CLOZE:
        spare = (1,) if note.fields.get(names.SPARE_1) else ()
        return ShippedCards((0, *spare), {}, "")
    found = strip_marks(plain_text(note.fields[names.TEXT]))
    hidden: dict[int, list[str]] = defaultdict(list)
    around, end = "", 0
    for mark in found.marks:
        hidden[mark.number].append(found.text[mark.start : mark.end])
        around += found.text[end : mark.start] + _BLANK
        end = mark.end
    around += found.text[end:]
    numbers = sorted(hidden)
    clozes = {str(number): " … ".join(hidden[number]) for number in numbers}
    return ShippedCards(tuple(number - 1 for number in numbers), clozes, around)
