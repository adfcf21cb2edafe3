"""Another slug for a question or a card: file, syllabus and ledger in one step.

A note's GUID comes from the key that it had first, which the ledger keeps; so renaming changes
what authors see and the note's tag, and learners keep their schedules.
"""

import dataclasses
from pathlib import Path

from torchdeck.author.places import Place, Workspace, place_of, places
from torchdeck.package.ledger import Ledger
from torchdeck.project import Project, ProjectError
from torchdeck.read.slug import is_slug
from torchdeck.read.syllabus import SYLLABUS_FILE
from torchdeck.render.note import KEY_SEPARATOR
from torchdeck.render.notes import question_tag


def rename(workspace: Workspace, key: str, slug: str) -> str:
    """Give the note `key`, `question` or `question#card`, the new `slug`.

    Returns:
        The new key.

    Raises:
        FindingsError: A file cannot be written.
        ProjectError: There is no such note, or the slug is malformed or taken.
    """
    if not is_slug(slug):
        raise ProjectError(f"{slug!r}: use a-z, 0-9 and single hyphens between them")
    place = place_of(workspace.readings, key)
    new_key = slug if place.card is None else f"{place.question.slug}{KEY_SEPARATOR}{slug}"
    if new_key in _taken(workspace, place):
        raise ProjectError(f"{new_key} is taken; choose another slug")
    project = workspace.project
    contents = _syllabus(project, place, slug) if place.card is None else _heading(place, slug)
    contents[project.ledger] = _renamed(workspace.ledger, place, new_key).serialize().encode()
    project.journal.write(contents, remove=[place.path] if place.card is None else [])
    return new_key


def _heading(place: Place, slug: str) -> dict[Path, bytes]:
    """Return the file with the slug in the card's heading replaced."""
    if place.card is None:
        raise ValueError("a question's slug stands in no heading")
    lines = place.path.read_bytes().split(b"\n")
    index = place.card.location.line - 1
    before, mark, after = lines[index].rpartition(f"{{#{place.card.slug}".encode())
    lines[index] = before + mark[:2] + slug.encode() + after
    return {place.path: b"\n".join(lines)}


def _syllabus(project: Project, place: Place, slug: str) -> dict[Path, bytes]:
    """Return the question's file under its new name, and the syllabus with its new slug."""
    syllabus = project.content / SYLLABUS_FILE
    rows = [line.split(b"\t") for line in syllabus.read_bytes().split(b"\n")]
    for row in rows:
        if row[0].isdigit() and int(row[0]) == place.question.number:
            row[2] = slug.encode()
    text = b"\n".join(b"\t".join(row) for row in rows)
    return {place.path.with_stem(slug): place.path.read_bytes(), syllabus: text}


def _renamed(ledger: Ledger, place: Place, new_key: str) -> Ledger:
    notes = dict(ledger.notes)
    for key in place.keys:
        if (entry := notes.pop(key, None)) is not None:
            renamed = new_key + key.removeprefix(place.key)
            notes[renamed] = dataclasses.replace(entry, identity=entry.identity or key)
    # Only a question has a tag of its own name; renaming it on purpose lets the tag go.
    tags = ledger.tags - {question_tag(place.key)}
    return dataclasses.replace(ledger, notes=notes, tags=tags)


def _taken(workspace: Workspace, place: Place) -> set[str]:
    """Return the keys that the note cannot get: of notes, of retired ones, and first keys.

    A first key that its note has no more still makes that note's GUID.
    """
    ledger = workspace.ledger
    keys = {other.key for other in places(workspace.readings)}
    keys |= {*ledger.notes, *ledger.retired}
    keys |= {entry.identity for entry in ledger.notes.values() if entry.identity}
    keys |= {entry.identity for entry in ledger.retired.values()}
    if place.card is None:
        slugs = {entry.slug for entry in workspace.edition.syllabus.values()}
        return slugs | {key.partition(KEY_SEPARATOR)[0] for key in keys}
    return keys
