"""Release notes: what changed, as a learner reads it."""

import re
from collections.abc import Sequence

from torchdeck.release.changes import DeckChanges
from torchdeck.templates import render

_MARKS = re.compile(r"([\\`*_\[\]<>#|~$])")


def release_notes(found: Sequence[DeckChanges]) -> str:
    """Return `found` as Markdown."""
    text = render("torchdeck.release", "notes.md.j2", {"inline": _inline}, found=found)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _inline(text: str) -> str:
    """Return plain `text` so that Markdown shows it as it is."""
    return _MARKS.sub(r"\\\1", " ".join(text.split()))
