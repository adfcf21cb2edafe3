"""What verifying tells."""

from dataclasses import dataclass

from torchdeck.verify.rules import Rule


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One fault of one package."""

    file: str
    rule: Rule
    message: str


@dataclass(frozen=True, slots=True)
class Report:
    """The faults found, and how much was looked at.

    Attributes:
        faults: What is wrong.
        packages: Packages that were imported.
        notes: Notes in the collection after all imports.
        cards: Cards in the collection, all of them rendered on both sides.
        anki: Version of Anki.
    """

    faults: tuple[Fault, ...]
    packages: int
    notes: int
    cards: int
    anki: str
