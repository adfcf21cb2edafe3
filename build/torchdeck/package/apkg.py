"""An `.apkg` as bytes: genanki fills the database, this module decides about time and order.

genanki alone stamps every note alike, numbers rows by the clock, and writes an uncompressed zip
with the times of the day; the subclasses and the zip step here make packages that differ only
where their content does.
"""

import errno
import io
import itertools
import json
import shutil
import sqlite3
import tempfile
import warnings
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import genanki

from torchdeck.package.note_types import NOTE_TYPES, NoteType
from torchdeck.render import field_names as names
from torchdeck.render.note import Media, Note

COLLECTION = "collection.anki2"
MEDIA_INDEX = "media"

# Rows are numbered from a fixed moment: Anki reads ids as creation times in milliseconds, and
# times in the future would be rewritten at import.
FIRST_ROW_ID = 1_763_000_000_000
ROWS_PER_NOTE = 1_000  # the note and room for its cards

ZIP_MODE = 0o644 << 16
ZIP_LEVEL = 7  # 9 takes two and a half times as long, for packages smaller by a fiftieth
# Places in the database's header: how often the file was changed (twice), and by which library.
PINNED_HEADER = (
    (24, bytes(4)),
    (92, bytes(4) + (3_045_000).to_bytes(4, "big")),
)


@dataclass(frozen=True, slots=True)
class StampedNote:
    """A note with what only packaging knows.

    Attributes:
        note: The rendered note.
        guid: Its identity.
        mod: When it last changed, in seconds since 1970.
        accepted_on: The PyTorch under which its text was accepted.
        link: Address of the file it comes from, or an empty text.
    """

    note: Note
    guid: str
    mod: int
    accepted_on: str
    link: str

    @property
    def values(self) -> Mapping[str, str]:
        """Its fields by name, those included that packaging fills."""
        return {
            **self.note.fields,
            names.ID: self.note.sort_text,
            names.ACCEPTED_ON: self.accepted_on,
            names.LINK: escape(self.link),
        }


@dataclass(frozen=True, slots=True)
class DeckContent:
    """A deck: its permanent name, its description, and its notes."""

    name: str
    description: str
    notes: tuple[StampedNote, ...]


def package_bytes(decks: Sequence[DeckContent], type_mods: Mapping[str, int]) -> bytes:
    """Return the package of `decks`.

    Args:
        decks: The decks; a note stands in one of them only.
        type_mods: When each note type last changed, by kind, in seconds since 1970.

    Raises:
        OSError: The temporary folder has no room for the database.
    """
    media = {
        media.name: media
        for deck in decks
        for stamped in deck.notes
        for media in stamped.note.media
    }
    # A file, since thousands of notes would stand in memory several times over.
    with tempfile.TemporaryDirectory(prefix="torchdeck-package-") as folder:
        database = Path(folder, COLLECTION)
        try:
            _write_database(database, decks, type_mods)
        except sqlite3.OperationalError as error:
            raise OSError(errno.EIO, str(error), folder) from error
        return _zip(database, [media[name] for name in sorted(media)])


class _Model(genanki.Model):  # type: ignore[misc]  # genanki has no types
    """A note type with a `mod` of its own."""

    def __init__(self, note_type: NoteType, mod: int) -> None:
        fields = [
            {"name": name, "id": note_type.field_id(index)}
            for index, name in enumerate(note_type.fields)
        ]
        templates = [
            {
                "name": template.name,
                "id": template.id,
                "qfmt": template.front,
                "afmt": template.back,
                "bqfmt": template.browser_front,
                "bafmt": template.browser_back,
            }
            for template in note_type.templates
        ]
        super().__init__(
            note_type.id,
            note_type.name,
            fields=fields,
            templates=templates,
            css=note_type.css,
            model_type=self.CLOZE if note_type.is_cloze else self.FRONT_BACK,
            sort_field_index=note_type.fields.index(names.ID),
        )
        self._mod = mod

    def to_json(self, timestamp: float, deck_id: int) -> dict[str, Any]:
        del timestamp, deck_id  # the first deck that is written must leave no trace in the type
        return dict(super().to_json(self._mod, None))


class _Note(genanki.Note):  # type: ignore[misc]  # genanki has no types
    """A note with a `mod` and row numbers of its own."""

    def __init__(self, stamped: StampedNote, note_type: NoteType, model: _Model) -> None:
        note = stamped.note
        values = stamped.values
        super().__init__(
            model=model,
            fields=[values.get(name, "") for name in note_type.fields],
            sort_field=note.sort_text,
            tags=list(note.tags),
            guid=stamped.guid,
            due=note.due,
        )
        self._mod = stamped.mod

    def write_to_db(
        self, cursor: sqlite3.Cursor, timestamp: float, deck_id: int, id_gen: Iterator[int]
    ) -> None:
        del timestamp, id_gen
        rows = itertools.count(FIRST_ROW_ID + self.due * ROWS_PER_NOTE)
        super().write_to_db(cursor, self._mod, deck_id, rows)


def _write_database(path: Path, decks: Sequence[DeckContent], type_mods: Mapping[str, int]) -> None:
    models = {kind: _Model(kind_type, type_mods[kind]) for kind, kind_type in NOTE_TYPES.items()}
    package = genanki.Package(
        [_deck(index, deck, models) for index, deck in enumerate(decks, start=1)]
    )
    with closing(sqlite3.connect(path)) as connection, warnings.catch_warnings():
        connection.executescript("pragma journal_mode = off; pragma synchronous = off")
        # genanki only warns of text that a browser would take for a tag and swallow.
        warnings.simplefilter("error")
        package.write_to_db(connection.cursor(), 0.0, itertools.count(1))
        connection.commit()
        connection.execute("VACUUM")
    with path.open("r+b") as file:
        for offset, value in PINNED_HEADER:
            file.seek(offset)
            file.write(value)


def _deck(index: int, content: DeckContent, models: Mapping[Any, _Model]) -> genanki.Deck:
    # Anki matches decks by name and throws these ids away.
    deck = genanki.Deck(FIRST_ROW_ID + index, content.name, content.description)
    for stamped in content.notes:
        kind = stamped.note.kind
        deck.add_note(_Note(stamped, NOTE_TYPES[kind], models[kind]))
    return deck


def _zip(database: Path, media: Sequence[Media]) -> bytes:
    index = {str(number): item.name for number, item in enumerate(media)}
    entries = {
        MEDIA_INDEX: json.dumps(index, ensure_ascii=False).encode(),
        **{str(number): item.content for number, item in enumerate(media)},
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=ZIP_LEVEL) as archive:
        with archive.open(COLLECTION, "w") as entry, database.open("rb") as source:
            shutil.copyfileobj(source, entry)
        for name, content in entries.items():
            with archive.open(name, "w") as entry:
                entry.write(content)
        for info in archive.infolist():  # all of the same time, that of zip's beginning
            info.create_system = 3  # the host system would show otherwise
            info.external_attr = ZIP_MODE
    return file.getvalue()
