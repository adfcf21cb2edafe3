"""`torchdeck changes`."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from torchdeck.commands.console import OUT, plural
from torchdeck.commands.status import Status, UsageError
from torchdeck.project import Project
from torchdeck.release.changes import DeckChanges, NoteChange, count
from torchdeck.release.changes import changes as changes_between
from torchdeck.release.form import ChangesFormat
from torchdeck.release.notes import release_notes
from torchdeck.release.shelf import Shelf, ShelfError


def changes(project: Project, since: str, form: ChangesFormat) -> Status:
    """Print what the decks bring to a learner who has those of `since`.

    Args:
        project: The project whose decks are new.
        since: A folder of older decks, or a revision of version control.
        form: How to print.

    Raises:
        UsageError: There are no decks in one of the two places.
    """
    found = changes_since(project, since)
    match form:
        case ChangesFormat.JSON:
            OUT.print(json.dumps([asdict(deck) for deck in found], ensure_ascii=False, indent=2))
        case ChangesFormat.MARKDOWN:
            OUT.print(release_notes(found), end="")
        case ChangesFormat.TEXT:
            _print(found)
    return Status.FINE


def changes_since(project: Project, since: str) -> tuple[DeckChanges, ...]:
    """Return what the decks bring to a learner who has those of `since`.

    Raises:
        UsageError: There are no decks in one of the two places.
    """
    folder = Path(since)
    try:
        before = Shelf.of_folder(folder) if folder.is_dir() else Shelf.of_revision(project, since)
        return changes_between(before, Shelf.of_folder(project.decks))
    except ShelfError as error:
        raise UsageError(str(error)) from error


def _print(found: Sequence[DeckChanges]) -> None:
    for deck in found:
        OUT.print(deck.deck)
        for what, notes in (
            ("new", deck.new),
            ("changed", deck.changed),
            ("retired", deck.retired),
        ):
            for note in notes:
                OUT.print(f"  {what}: {note.name}: {note.front}")
                _print_fields(note)
    counts = count(found)
    OUT.print(
        f"changes: {plural(counts['new'], 'new note')}, {counts['changed']} changed, "
        f"{counts['retired']} retired"
    )


def _print_fields(note: NoteChange) -> None:
    if note.notice:
        OUT.print(f"    {note.notice}")
    for field in note.fields:
        for sign, lines in (("-", field.before), ("+", field.after)):
            for line in lines:
                OUT.print(f"    {field.name} {sign} {line}")
