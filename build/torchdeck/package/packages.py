"""All packages of a build; one that holds the same as before is not made again."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torchdeck.execute.keys import installed_version
from torchdeck.execute.stamp import program_digest
from torchdeck.package.apkg import DeckContent, StampedNote, package_bytes
from torchdeck.package.folder import DeckFolder
from torchdeck.package.ledger import Ledger
from torchdeck.package.payload import PackageContents, contents_of


@dataclass(frozen=True, slots=True)
class Package:
    """A package as a build wants it.

    Attributes:
        data: Its bytes.
        contents: What it holds.
    """

    data: bytes
    contents: PackageContents


def packages_of(
    wanted: Mapping[str, Sequence[DeckContent]], ledger: Ledger, folder: DeckFolder
) -> dict[str, Package]:
    """Return the packages of the decks in `wanted`, by file.

    A package in `folder` with the same contents keeps its bytes: another zlib writes others of the
    same payload.
    """
    type_mods = {kind: entry.mod for kind, entry in ledger.note_types.items()}
    keys: dict[str, str] = {}  # by deck: a deck stands in a package of its own and in that of all
    packages = {}
    for file, decks in wanted.items():
        for deck in decks:
            if deck.name not in keys:
                keys[deck.name] = _key(deck, ledger)
        key = _digest([keys[deck.name] for deck in decks])
        packages[file] = _package(decks, type_mods, key, folder.content(file), folder)
        folder.remember(key, packages[file].contents)
    return packages


def _package(
    decks: Sequence[DeckContent],
    type_mods: Mapping[str, int],
    key: str,
    existing: bytes | None,
    folder: DeckFolder,
) -> Package:
    held = None if existing is None else folder.held_by(existing)
    if existing is not None and held is not None and held == folder.known(key):
        return Package(existing, held)
    data = package_bytes(decks, type_mods)
    made = contents_of(data)
    folder.remember(hashlib.sha256(data).hexdigest(), made)
    return Package(data if existing is None or held != made else existing, made)


def _key(deck: DeckContent, ledger: Ledger) -> str:
    """Return the digest of all that the package of `deck` is made from."""
    note_types = {kind: (entry.digest, entry.mod) for kind, entry in ledger.note_types.items()}
    libraries = [program_digest(), installed_version("genanki")]
    notes = [_digest(_facts(stamped)) for stamped in deck.notes]
    return _digest([libraries, note_types, deck.name, deck.description, notes])


def _facts(stamped: StampedNote) -> list[object]:
    note = stamped.note
    media = [item.name for item in note.media]  # names hold a digest of the content
    return [note.kind, stamped.guid, stamped.mod, note.due, note.tags, media, dict(stamped.values)]


def _digest(facts: object) -> str:
    return hashlib.sha256(json.dumps(facts, ensure_ascii=False).encode()).hexdigest()
