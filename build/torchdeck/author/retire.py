"""A note taken out of the content for good; the ledger keeps it whole.

Learners of older editions have the note, so its identity, its last text and the reason stay.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from torchdeck.author.places import Place, Workspace, place_of
from torchdeck.package.advance import refuse_old_clock
from torchdeck.package.ledger import RetiredEntry
from torchdeck.project import ProjectError
from torchdeck.render.note import Note


def retire(
    workspace: Workspace, notes: Sequence[Note], key: str, *, reason: str, now: int
) -> tuple[str, ...]:
    """Take the note `key` out of its file and return the keys that learners may have.

    Retiring a question retires its cards too and removes its file.

    Args:
        workspace: What is changed.
        notes: All notes as they are now.
        key: `question` or `question#card`.
        reason: What a learner is told, such as what replaces it.
        now: Seconds since 1970.

    Raises:
        FindingsError: The time is not after the ledger's newest entry, or a file cannot be written.
        ProjectError: There is no such note, or no reason.
    """
    if not reason.strip():
        raise ProjectError("learners are told the reason: write what replaces the note, or why")
    place, ledger = place_of(workspace.readings, key), workspace.ledger
    shipped = tuple(key for key in place.keys if key in ledger.notes)
    if shipped:
        refuse_old_clock(ledger, now)
    last = {note.key: note for note in notes}
    retired = dict(ledger.retired)
    for name in shipped:
        entry, note = ledger.notes[name], last[name]
        retired[name] = RetiredEntry.of(note, entry, reason=reason, now=now)
    kept = {name: entry for name, entry in ledger.notes.items() if name not in shipped}
    after = dataclasses.replace(ledger, notes=kept, retired=retired)
    contents = _without(place)
    if shipped:
        contents[workspace.project.ledger] = after.serialize().encode()
    removed = [place.path] if place.card is None else []
    workspace.project.journal.write(contents, remove=removed)
    return shipped


def _without(place: Place) -> dict[Path, bytes]:
    """Return the file without the card; a question's file is removed as a whole."""
    if place.card is None:
        return {}
    start, end = place.card_lines()
    lines = place.path.read_bytes().split(b"\n")
    rest = lines[end - 1 :] if end else [b""]
    kept = lines[: start - 1]
    while not end and kept and not kept[-1].strip():
        kept.pop()
    return {place.path: b"\n".join([*kept, *rest])}
