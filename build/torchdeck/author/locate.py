"""From what a learner sees to the line that an author edits."""

from collections.abc import Sequence

from torchdeck.author.places import Place, places
from torchdeck.read.document import Reading
from torchdeck.read.inline import inline_blocks, plain_text
from torchdeck.read.question import code_blocks


def locate(readings: Sequence[Reading], wanted: str) -> list[Place]:
    """Return the notes that `wanted` names, by id if it is one, else by their text.

    An id is what the card shows, such as `047 view-vs-reshape#view-fails`; the number alone
    names the question, the key alone the note.
    """
    wanted = wanted.strip()
    found = list(places(readings))
    key = wanted.rpartition(" ")[2]
    exact = [place for place in found if place.key == key and _number_fits(place, wanted)]
    if not exact and wanted.isdecimal():
        return [
            place for place in found if place.card is None and place.question.number == int(wanted)
        ]
    if exact or not wanted:
        return exact
    return [place for place in found if wanted.casefold() in _text(place).casefold()]


def title_of(place: Place) -> str:
    """Return the front of the note in one line."""
    return plain_text(place.card.title) if place.card else place.question.wording


def _number_fits(place: Place, wanted: str) -> bool:
    number = wanted.rpartition(" ")[0]
    return not number or (number.isdecimal() and int(number) == place.question.number)


def _text(place: Place) -> str:
    question = place.question
    bodies = (
        (place.card.body,)
        if place.card
        else (question.key_points, question.detail, question.pitfalls)
    )
    pieces = [title_of(place)]
    for body in bodies:
        pieces += [plain_text(block.children or ()) for _, block in inline_blocks(body)]
        pieces += [block.code for block in code_blocks(body)]
    return "\n".join(pieces)
