"""Release notes: what changed, as a learner reads it."""

import re
from collections.abc import Sequence

import jinja2

from torchdeck.release.changes import DeckChanges

_MARKS = re.compile(r"([\\`*_\[\]<>#|~$])")


def release_notes(found: Sequence[DeckChanges]) -> str:
    """Return `found` as Markdown."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("torchdeck.release", ""),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701  # the result is Markdown; `inline` escapes its marks
    )
    environment.filters["inline"] = _inline
    text = environment.get_template("notes.md.j2").render(found=found)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _inline(text: str) -> str:
    """Return plain `text` so that Markdown shows it as it is."""
    return _MARKS.sub(r"\\\1", " ".join(text.split()))
