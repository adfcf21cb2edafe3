"""`decks/README.md`: which deck is what, for someone who only wants to import."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from torchdeck.package.apkg import DeckContent, StampedNote
from torchdeck.read.edition import Edition
from torchdeck.render.note import NoteState
from torchdeck.templates import render

TEMPLATE = "catalogue.md.j2"


@dataclass(frozen=True, slots=True)
class CatalogueRow:
    """One package of the catalogue; `not_verified` counts notes with code that never ran."""

    file: str
    name: str
    questions: int
    notes: int
    cards: int
    not_verified: int
    sha256: str

    @classmethod
    def of(
        cls, file: str, name: str, notes: Sequence[StampedNote], cards: int, data: bytes
    ) -> "CatalogueRow":
        """Count `notes` and digest the package's bytes."""
        questions = {item.note.question for item in notes}
        digest = hashlib.sha256(data).hexdigest()
        states = [item.note.state for item in notes]
        not_verified = states.count(NoteState.NOT_VERIFIED)
        return cls(file, name, len(questions), len(notes), cards, not_verified, digest)


def catalogue(
    edition: Edition,
    rows: Sequence[CatalogueRow],
    whole: CatalogueRow,
    retired: DeckContent | None,
) -> str:
    """Return the catalogue as Markdown.

    Args:
        edition: The edition.
        rows: The topics' packages.
        whole: The package of everything.
        retired: What was taken back, if there is any.
    """
    return render(
        "torchdeck.package",
        TEMPLATE,
        edition=edition,
        rows=[*rows, whole],
        whole=whole,
        retired=retired,
    )
