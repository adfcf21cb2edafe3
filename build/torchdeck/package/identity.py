"""GUIDs: what makes a note the same note in every later release."""

import genanki

from torchdeck.render.note import KEY_SEPARATOR


def guid(namespace: str, identity: str) -> str:
    """Return the GUID of a note: from the edition and its slugs, never from its text.

    Args:
        namespace: Of the edition, such as `torchdeck/zh`.
        identity: The note's first key, `question` or `question#card`; renaming keeps it.
    """
    return str(genanki.guid_for(namespace, *identity.split(KEY_SEPARATOR)))
