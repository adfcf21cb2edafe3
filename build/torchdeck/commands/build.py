"""`torchdeck build`."""

from collections.abc import Sequence
from pathlib import Path

from torchdeck.commands.clock import now
from torchdeck.commands.console import OUT, plural
from torchdeck.commands.notes import refuse_stale_notices, render_content
from torchdeck.commands.status import Status, UsageError
from torchdeck.findings import Finding, FindingsError, Location
from torchdeck.package.build import build as build_decks
from torchdeck.package.build import refuse_edited, write
from torchdeck.package.folder import DeckFolder
from torchdeck.package.ledger import Ledger
from torchdeck.project import Project
from torchdeck.rules import Rule


def build(
    project: Project, paths: Sequence[Path], *, only_check: bool, output: Path | None
) -> Status:
    """Package the question files under `paths` into `output`, or all of them into decks/.

    Raises:
        FindingsError: The content, its images or the ledger are not in order, or a package in
            decks/ was edited by hand; with `only_check`, also if a file in the folder is not what
            the content builds.
        UsageError: Single files would replace whole decks, or the given time is no number.
    """
    if paths and output is None:
        raise UsageError("decks/ holds whole topics; give --output FOLDER to package single files")
    content = render_content(project, paths)
    decks = DeckFolder(output or project.decks)
    name = str(output) if output else project.name(decks.path)
    ledger = Ledger.read(project.ledger, project.name(project.ledger))
    if output is None:
        refuse_edited(ledger, decks, name)
    if paths:
        ledger = ledger.of_questions({file.facts.slug for file in content.files})
    else:
        refuse_stale_notices(project, content)
    built = build_decks(content.edition, tuple(content.notes), ledger, decks, now=now())
    decks.save()
    if only_check and built.stale:
        raise FindingsError(
            [
                Finding(Location(f"{name}/{file}"), Rule.DECK_STALE, "is not what content/ builds")
                for file in built.stale
            ]
        )
    if not only_check:
        write(built, decks.path, project.journal)
    OUT.print(
        f"build: {plural(built.notes, 'note')}, {plural(built.cards, 'card')}; "
        f"{len(built.moved)} new or changed; {built.not_verified} with code that is not verified; "
        f"{plural(len(built.stale), 'file')} written"
    )
    return Status.FINE
