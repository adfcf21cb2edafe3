"""What a package holds, apart from its bytes: zlib versions compress alike only in content."""

import hashlib
import io
import json
import sqlite3
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass

from torchdeck.package.apkg import COLLECTION, MEDIA_INDEX

_Media = tuple[tuple[str, str], ...]  # SHA-256 of each file by its name


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
    media: _Media


@dataclass(frozen=True, slots=True)
class PackageContents:
    """What builds compare of a package.

    Attributes:
        digest: Of its payload.
        cards: How many it has.
    """

    digest: str
    cards: int


def read_payload(package: bytes) -> Payload:
    """Read the payload of `package`.

    Raises:
        PackageError: The bytes are no package, or its database has another schema.
    """
    with _opened(package) as (connection, media):
        note_types, decks = _settings(connection)
        return Payload(
            tuple(_notes(connection)), tuple(_cards(connection)), note_types, decks, media
        )


def contents_of(package: bytes) -> PackageContents:
    """Return what builds compare of `package`, row by row: the rows of many notes fill memory.

    Raises:
        PackageError: The bytes are no package, or its database has another schema.
    """
    with _opened(package) as (connection, media):
        note_types, decks = _settings(connection)
        cards = tuple(_cards(connection))
        digest = _digest(_notes(connection), cards, note_types, decks, media)
        return PackageContents(digest, len(cards))


@contextmanager
def _opened(package: bytes) -> Iterator[tuple[sqlite3.Connection, _Media]]:
    """Yield the database of `package`, and the digests of its media.

    Raises:
        PackageError: The bytes are no package, or what is read there is not as it should be.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="torchdeck-package-") as folder:
            with zipfile.ZipFile(io.BytesIO(package)) as archive:
                database = archive.extract(COLLECTION, folder)
                index = json.loads(archive.read(MEDIA_INDEX))
                media = sorted(
                    (str(name), hashlib.sha256(archive.read(number)).hexdigest())
                    for number, name in index.items()
                )
            with closing(sqlite3.connect(database)) as connection:
                yield connection, tuple(media)
    except _BROKEN as error:
        raise PackageError(f"is no package of this project ({error})") from error


def _settings(connection: sqlite3.Connection) -> tuple[str, str]:
    """Return Anki's JSON of the note types and of the decks."""
    note_types, decks = connection.execute("select models, decks from col").fetchone()
    return _sorted(note_types), _sorted(decks)


def _sorted(text: str) -> str:
    return json.dumps(json.loads(text), sort_keys=True)


def _notes(connection: sqlite3.Connection) -> Iterator[NoteRow]:
    rows = connection.execute("select id, guid, mid, mod, tags, flds, sfld from notes order by id")
    for id_, guid, kind, mod, tags, fields, sort in rows:
        yield NoteRow(id_, guid, kind, mod, tuple(tags.split()), tuple(fields.split("\x1f")), sort)


def _cards(connection: sqlite3.Connection) -> Iterator[CardRow]:
    rows = connection.execute("select id, nid, did, ord, due from cards order by id")
    return (CardRow(*row) for row in rows)


def _digest(
    notes: Iterable[NoteRow],
    cards: Iterable[CardRow],
    note_types: str,
    decks: str,
    media: _Media,
) -> str:
    """Return the SHA-256 of the payload as one JSON object, its names sorted."""
    digest = hashlib.sha256()
    parts: Mapping[str, Iterable[object]] = {
        "cards": _list(cards),
        "decks": [_json(decks)],
        "media": [_json(media)],
        "note_types": [_json(note_types)],
        "notes": _list(notes),
    }
    for number, (name, pieces) in enumerate(parts.items()):
        digest.update(f"{', ' if number else '{'}{_json(name)}: ".encode())
        for piece in pieces:
            digest.update(str(piece).encode())
    digest.update(b"}")
    return digest.hexdigest()


def _list(rows: Iterable[NoteRow | CardRow]) -> Iterator[str]:
    yield "["
    for number, row in enumerate(rows):
        values = {name: getattr(row, name) for name in row.__slots__}
        yield f"{', ' if number else ''}{_json(values)}"
    yield "]"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
