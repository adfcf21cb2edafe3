"""A release: the packages with their checksums, and the texts that go out with them."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from torchdeck.package.build import SUFFIX
from torchdeck.read.edition import Edition
from torchdeck.release.changes import DeckChanges, count
from torchdeck.release.notes import release_notes
from torchdeck.release.shelf import Shelf
from torchdeck.templates import render

CHANGELOG = "CHANGELOG.md"
CHECKSUMS = "SHA256SUMS"
NOTES = "NOTES.md"
ANKIWEB = "ankiweb.md"

_HEADING = "## "


class ReleaseError(Exception):
    """A release cannot be made as asked."""


@dataclass(frozen=True, slots=True)
class Release:
    """What goes out.

    Attributes:
        version: By the calendar, such as `2026.11.23`; `-2` behind it is the second one that day.
        notes: What changed for a learner who has the release before, as Markdown.
        files: Content by name: the packages, their checksums, the notes, AnkiWeb's text.
    """

    version: str
    notes: str
    files: Mapping[str, bytes]


def release(
    version: str,
    edition: Edition,
    decks: Path,
    found: Sequence[DeckChanges] | None,
) -> Release:
    """Return the release `version` of the packages in the folder `decks`.

    Args:
        version: Its version.
        edition: The edition.
        decks: The folder.
        found: What changed since the release before; None if this is the first.

    Raises:
        ReleaseError: The version is no date.
        ShelfError: There are no decks.
    """
    _refuse_no_date(version)
    shelf = Shelf.of_folder(decks)
    packages = {path.name: path.read_bytes() for path in sorted(decks.glob(f"*{SUFFIX}"))}
    sums = [f"{hashlib.sha256(data).hexdigest()}  {name}" for name, data in packages.items()]
    notes = _summary(found, len(shelf.notes)) + (release_notes(found) if found else "")
    texts = {
        CHECKSUMS: "\n".join(sums) + "\n",
        NOTES: notes,
        ANKIWEB: render(
            "torchdeck.release",
            "ankiweb.md.j2",
            version=version,
            edition=edition,
            shelf=shelf,
            notes=notes,
        ),
    }
    return Release(
        version, notes, {**packages, **{name: text.encode() for name, text in texts.items()}}
    )


def with_section(changelog: str, it: Release) -> str:
    """Return `changelog` with a section for the release on top of the others.

    Raises:
        ReleaseError: It has one already.
    """
    heading = f"{_HEADING}{it.version}"
    lines = changelog.split("\n")
    if heading in lines:
        raise ReleaseError(f"{CHANGELOG} has the release {it.version} already")
    first = next((at for at, line in enumerate(lines) if line.startswith(_HEADING)), len(lines))
    section = [heading, "", *it.notes.rstrip("\n").split("\n"), ""]
    return "\n".join([*lines[:first], *section, *lines[first:]])


def _refuse_no_date(version: str) -> None:
    day, _, second = version.partition("-")
    try:
        date = datetime.strptime(day, "%Y.%m.%d").replace(tzinfo=UTC)
        is_one = f"{date:%Y.%m.%d}" == day and (second.isdecimal() or version == day)
    except ValueError:
        is_one = False
    if not is_one:
        message = f"{version} is no version by the calendar, such as 2026.11.23 or 2026.11.23-2"
        raise ReleaseError(message)


def _summary(found: Sequence[DeckChanges] | None, notes: int) -> str:
    if found is None:
        return f"首个版本：{notes} 张笔记。\n"
    numbers = count(found)
    words = {"new": "新增", "changed": "改动", "retired": "退役"}
    return "，".join(f"{words[what]} {numbers[what]} 张笔记" for what in words) + "。\n\n"
