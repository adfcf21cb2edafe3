"""Decks as they were shipped: in a folder, or in a revision of version control."""

import json
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from torchdeck.package.build import ALL
from torchdeck.package.payload import NoteRow, PackageError, Payload, read_payload
from torchdeck.package.retired import RETIRED
from torchdeck.project import Project


class ShelfError(Exception):
    """There are no decks in the place that was named."""


@dataclass(frozen=True, slots=True)
class ShippedNote:
    """A note as learners got it.

    Attributes:
        guid: Its identity.
        name: What Anki's browser sorts by, such as `047 view-vs-reshape`.
        deck: Name of its deck.
        mod: When it last changed, in seconds since 1970.
        fields: HTML by field name.
        tags: Its tags.
    """

    guid: str
    name: str
    deck: str
    mod: int
    fields: Mapping[str, str]
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shelf:
    """All notes of one release by GUID: those that learn, and those that were taken back."""

    notes: Mapping[str, ShippedNote]
    retired: Mapping[str, ShippedNote]

    @classmethod
    def of_folder(cls, folder: Path) -> "Shelf":
        """Read the packages in `folder`.

        Raises:
            ShelfError: The package of everything is not there, or is none.
        """

        def read(file: str) -> bytes | None:
            path = folder / file
            return path.read_bytes() if path.is_file() else None

        return cls._read(read, str(folder))

    @classmethod
    def of_revision(cls, project: Project, revision: str) -> "Shelf":
        """Read the decks that `project` had in `revision`.

        Raises:
            ShelfError: There is no such revision, or it has no decks.
        """
        commit = _git(project.root, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
        if commit is None:
            raise ShelfError(f"{revision} is neither a folder nor a revision of version control")
        name = commit.decode().strip()

        def read(file: str) -> bytes | None:
            return _git(project.root, "show", f"{name}:./{project.name(project.decks)}/{file}")

        return cls._read(read, revision)

    @classmethod
    def _read(cls, read: Callable[[str], bytes | None], name: str) -> "Shelf":
        everything = read(ALL)
        if everything is None:
            raise ShelfError(f"{name} has no {ALL}")
        retired = read(RETIRED)
        try:
            return cls(
                _notes(read_payload(everything)),
                {} if retired is None else _notes(read_payload(retired)),
            )
        except PackageError as error:
            raise ShelfError(f"{name}: {error}") from error


def _notes(payload: Payload) -> dict[str, ShippedNote]:
    decks = {int(number): deck["name"] for number, deck in json.loads(payload.decks).items()}
    deck_of = {card.note: decks[card.deck] for card in payload.cards}
    field_names = {
        int(number): [field["name"] for field in kind["flds"]]
        for number, kind in json.loads(payload.note_types).items()
    }
    return {
        row.guid: _note(row, deck_of[row.id], field_names[row.note_type]) for row in payload.notes
    }


def _note(row: NoteRow, deck: str, names: list[str]) -> ShippedNote:
    fields = dict(zip(names, row.fields, strict=True))
    return ShippedNote(row.guid, row.sort_text, deck, row.mod, fields, row.tags)


def _git(folder: Path, *arguments: str) -> bytes | None:
    """Return what git prints, or None if it fails or is not there."""
    try:
        process = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, check=False)
    except FileNotFoundError:
        return None
    return None if process.returncode else process.stdout
