"""The page that shows the cards, and the same as a site of plain files."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from torchdeck.package.build import ALL, SUFFIX
from torchdeck.package.note_types import NOTE_TYPES
from torchdeck.preview.gallery import Gallery, Shown
from torchdeck.render.note import NoteKind, NoteState
from torchdeck.templates import render

PAGE_FILES = ("browse.html", "browse.css", "browse.js")


@dataclass(frozen=True, slots=True)
class Row:
    """A deck in the catalogue of the site."""

    name: str
    file: str
    questions: int
    notes: int
    cards: int
    not_verified: int
    pytorch: str

    @classmethod
    def of(cls, name: str, file: str, cards: Iterable[Shown]) -> "Row":
        """Count `cards`; `pytorch` lists the versions under which their texts were accepted."""
        shown = list(cards)
        notes = {item.note.key: item for item in shown}
        state = [item.note.state for item in notes.values()]
        return cls(
            name,
            file,
            len({item.note.question for item in notes.values()}),
            len(notes),
            len(shown),
            state.count(NoteState.NOT_VERIFIED),
            ", ".join(sorted({item.accepted_on for item in shown})),
        )


def page_file(name: str) -> bytes:
    """Return a file of the page."""
    return files(__package__).joinpath("page", name).read_bytes()


def data_of(gallery: Gallery, *, live: bool) -> bytes:
    """Return what the page shows, as JSON; a `live` page waits for changes."""
    data: dict[str, Any] = {
        "live": live,
        "css": NOTE_TYPES[NoteKind.QUESTION].css,
        "topics": [{"slug": topic.slug, "name": topic.name} for topic in gallery.edition.topics],
        "findings": gallery.findings,
        "cards": [item.as_json() for item in gallery.cards],
    }
    return json.dumps(data, ensure_ascii=False).encode()


def site_pages(gallery: Gallery, decks: Path, versions: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """Return the files of a site: catalogue, page, images, packages and `versions`, by name.

    Args:
        gallery: The cards.
        decks: Where the packages are.
        versions: Pages about other PyTorch, by name; the catalogue leads to the first.

    Raises:
        FileNotFoundError: A package of the content was not built.
    """
    cards = gallery.cards
    rows = [
        Row.of(topic.name, f"{topic.slug}{SUFFIX}", of_topic)
        for topic in gallery.edition.topics
        if (of_topic := [item for item in cards if item.note.topic == topic.slug])
    ]
    total = Row.of("全部", ALL, cards)
    index = _index(gallery, rows, total, next(iter(versions), ""))
    return {
        "index.html": index.encode(),
        "index.css": page_file("index.css"),
        **{name: page_file(name) for name in PAGE_FILES},
        "cards.json": data_of(gallery, live=False),
        **gallery.media,
        **versions,
        **{row.file: (decks / row.file).read_bytes() for row in [*rows, total]},
    }


def _index(gallery: Gallery, rows: list[Row], total: Row, versions: str) -> str:
    return render(
        "torchdeck.preview",
        "page/index.html.j2",
        edition=gallery.edition,
        rows=rows,
        total=total,
        versions=versions,
    )
