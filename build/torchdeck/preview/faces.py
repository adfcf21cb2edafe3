"""Both sides of each card of a note, rendered by the real Anki."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from anki.collection import Collection, ImportAnkiPackageRequest
from anki.models import NotetypeDict

from torchdeck.package.apkg import DeckContent, StampedNote, package_bytes
from torchdeck.package.note_types import NOTE_TYPES
from torchdeck.preview.mathematics import with_mathml
from torchdeck.render.note import NoteKind


@dataclass(frozen=True, slots=True)
class Face:
    """One card.

    Attributes:
        number: Its number in its note, from 1: for a cloze card that of its blank.
        front: HTML of the question side.
        back: HTML of the answer side.
    """

    number: int
    front: str
    back: str


class Faces:
    """A collection that knows the note types; notes are rendered in it and never added."""

    def __init__(self) -> None:
        """Open a collection in a temporary folder."""
        self._folder = tempfile.TemporaryDirectory(prefix="torchdeck-preview-")
        self._collection = Collection(str(Path(self._folder.name) / "collection.anki2"))
        self._types: dict[NoteKind, NotetypeDict] = {}

    def close(self) -> None:
        """Close the collection and remove its folder."""
        self._collection.close()
        self._folder.cleanup()

    def of(self, stamped: StampedNote) -> list[Face]:
        """Return the cards that Anki makes of a note."""
        kind = stamped.note.kind
        if kind not in self._types:
            self._types[kind] = self._import_type(stamped)
        note = self._collection.new_note(self._types[kind])
        for name, value in stamped.values.items():
            note[name] = value
        is_cloze = kind is NoteKind.CLOZE
        numbers = sorted(note.cloze_numbers_in_fields()) if is_cloze else [1]
        return [self._face(note.ephemeral_card(number - 1), number) for number in numbers]

    def _face(self, card: object, number: int) -> Face:
        output = card.render_output()  # type: ignore[attr-defined]
        return Face(number, with_mathml(output.question_text), with_mathml(output.answer_text))

    def _import_type(self, stamped: StampedNote) -> NotetypeDict:
        """Let Anki take the note type from a package, as a learner's Anki does."""
        package = Path(self._folder.name) / "type.apkg"
        content = DeckContent("preview", "", (stamped,))
        package.write_bytes(package_bytes([content], dict.fromkeys(NOTE_TYPES, 1)))
        presets = self._collection._backend.get_import_anki_package_presets()  # noqa: SLF001
        self._collection.import_anki_package(
            ImportAnkiPackageRequest(package_path=str(package), options=presets)
        )
        self._collection.models._clear_cache()  # noqa: SLF001  # it would miss the new type
        name = NOTE_TYPES[stamped.note.kind].name
        found = self._collection.models.by_name(name)
        if found is None:
            raise AssertionError(f"Anki did not import {name}")
        return found
