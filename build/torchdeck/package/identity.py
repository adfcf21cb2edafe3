"""GUIDs: what makes a note the same note in every later release."""

import genanki

from torchdeck.render.note import Note


def guid(namespace: str, note: Note) -> str:
    """Return the GUID of `note`: from the edition and its slugs, never from its text."""
    parts = (
        (namespace, note.question) if note.card is None else (namespace, note.question, note.card)
    )
    return str(genanki.guid_for(*parts))
