"""A question file, checked and rendered: all that packaging needs of it."""

from dataclasses import dataclass

from torchdeck.check.facts import Facts
from torchdeck.render.note import Note


@dataclass(frozen=True, slots=True)
class Rendered:
    """A question file without findings.

    Attributes:
        facts: What the rules about the content as a whole need of it.
        code_keys: Those of its blocks.
        images: Targets of its images, as written in the file.
        notes: Its notes.
    """

    facts: Facts
    code_keys: tuple[str, ...]
    images: tuple[str, ...]
    notes: tuple[Note, ...]
