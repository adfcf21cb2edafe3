"""`torchdeck build`."""

import os
import time
from collections.abc import Sequence
from pathlib import Path

from torchdeck.commands.console import OUT, plural
from torchdeck.commands.content import Content, read_content, refuse_findings
from torchdeck.commands.status import Status, UsageError
from torchdeck.execute.records import Records
from torchdeck.findings import Finding, Findings, FindingsError, Location
from torchdeck.package.build import build as build_decks
from torchdeck.package.build import write
from torchdeck.project import Project
from torchdeck.render.media import read_media
from torchdeck.render.note import Note
from torchdeck.render.notes import notes_of
from torchdeck.rules import Rule


def build(
    project: Project, paths: Sequence[Path], *, only_check: bool, output: Path | None
) -> Status:
    """Package the question files under `paths` into `output`, or all of them into decks/.

    Raises:
        FindingsError: The content, its images or the ledger are not in order; with `only_check`,
            also if a file in the folder is not what the content builds.
        UsageError: Single files would replace whole decks, or the given time is no number.
    """
    if paths and output is None:
        raise UsageError("decks/ holds whole topics; give --output FOLDER to package single files")
    content = read_content(project, paths)
    refuse_findings(content)
    decks = output or project.decks
    name = str(output) if output else project.name(decks)
    built = build_decks(content.edition, _notes(project, content), decks, name, _now())
    if only_check and built.stale:
        raise FindingsError(
            [
                Finding(Location(f"{name}/{file}"), Rule.DECK_STALE, "is not what content/ builds")
                for file in built.stale
            ]
        )
    if not only_check:
        write(built, decks)
    OUT.print(
        f"build: {plural(built.notes, 'note')}, {plural(built.cards, 'card')}; "
        f"{len(built.moved)} new or changed; {plural(len(built.stale), 'file')} written"
    )
    return Status.FINE


def _notes(project: Project, content: Content) -> list[Note]:
    records = Records.read(project.records, project.name(project.records))
    notes: list[Note] = []
    faults: list[Finding] = []
    for reading in content.readings:
        if reading.question is None or reading.source is None:
            continue
        findings = Findings(reading.source.name)
        media = read_media(reading.question, reading.source.path.parent, findings)
        faults += findings
        if not findings:
            notes += notes_of(reading.question, content.edition, media, records)
    if faults:
        raise FindingsError(faults)
    return notes


def _now() -> int:
    """Return the time that changed notes get: SOURCE_DATE_EPOCH, or the clock's."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if epoch is None:
        return int(time.time())
    if not epoch.isdecimal():
        raise UsageError(f"SOURCE_DATE_EPOCH={epoch} is not a number of seconds")
    return int(epoch)
