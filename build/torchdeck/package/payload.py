"""What a package holds, apart from its bytes: zlib versions compress alike only in content."""

import hashlib
import io
import json
import sqlite3
import zipfile
import zlib
from contextlib import closing
from dataclasses import asdict, dataclass

from torchdeck.package.apkg import COLLECTION, MEDIA_INDEX


class PackageError(Exception):
    """A file is no package that this project writes."""


# What reading a file raises that is cut off, was changed, or is something else.
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError),
    *(KeyError, ValueError, TypeError, AttributeError, sqlite3.Error),
)


@dataclass(frozen=True, slots=True)
class NoteRow:
    """A note as the package's database holds it."""

    id: int
    guid: str
    note_type: int
    mod: int
    tags: tuple[str, ...]
    fields: tuple[str, ...]
    sort_text: str


@dataclass(frozen=True, slots=True)
class CardRow:
    """A card as the package's database holds it."""

    id: int
    note: int
    deck: int
    template: int
    due: int


@dataclass(frozen=True, slots=True)
class Payload:
    """Canonical rows and media of a package.

    Attributes:
        notes: By row id.
        cards: By row id.
        note_types: Anki's JSON of the note types.
        decks: Anki's JSON of the decks.
        media: SHA-256 of each file by its name.
    """

    notes: tuple[NoteRow, ...]
    cards: tuple[CardRow, ...]
    note_types: str
    decks: str
    media: tuple[tuple[str, str], ...]


def read_payload(package: bytes) -> Payload:
    """Read the payload of `package`.

    Raises:
        PackageError: The bytes are no package, or its database has another schema.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            database = archive.read(COLLECTION)
            index = json.loads(archive.read(MEDIA_INDEX))
            media = sorted(
                (str(name), hashlib.sha256(archive.read(number)).hexdigest())
                for number, name in index.items()
            )
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.deserialize(database)
            return _payload(connection, tuple(media))
    except _BROKEN as error:
        raise PackageError(f"is no package of this project ({error})") from error


def payload_digest(payload: Payload) -> str:
    """Return the SHA-256 of `payload`: the same wherever the same content was packaged."""
    text = json.dumps(asdict(payload), ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _payload(connection: sqlite3.Connection, media: tuple[tuple[str, str], ...]) -> Payload:
    notes = connection.execute(
        "select id, guid, mid, mod, tags, flds, sfld from notes order by id"
    ).fetchall()
    cards = connection.execute("select id, nid, did, ord, due from cards order by id").fetchall()
    note_types, decks = connection.execute("select models, decks from col").fetchone()
    return Payload(
        notes=tuple(
            NoteRow(id_, guid, kind, mod, tuple(tags.split()), tuple(fields.split("\x1f")), sort)
            for id_, guid, kind, mod, tags, fields, sort in notes
        ),
        cards=tuple(CardRow(*row) for row in cards),
        note_types=json.dumps(json.loads(note_types), sort_keys=True),
        decks=json.dumps(json.loads(decks), sort_keys=True),
        media=media,
    )
