"""`torchdeck release`."""

from pathlib import Path

from torchdeck.commands.changes import changes_since
from torchdeck.commands.console import OUT, plural
from torchdeck.commands.status import Status, UsageError
from torchdeck.project import Project
from torchdeck.read.edition import read_edition
from torchdeck.release.publish import CHANGELOG, ReleaseError, release, with_section
from torchdeck.release.shelf import ShelfError


def publish(project: Project, version: str, *, since: str | None, output: Path | None) -> Status:
    """Write the packages with checksums and texts, and the section of the change log.

    Args:
        project: The project whose decks go out.
        version: The release's version.
        since: The release before: a folder of its decks, or a revision; None for the first.
        output: Where to; `dist/VERSION` if None.

    Raises:
        FindingsError: A file cannot be written.
        UsageError: The version is no date or was released before, or there are no decks.
    """
    found = None if since is None else changes_since(project, since)
    log = project.root / CHANGELOG
    try:
        made = release(version, read_edition(project.content), project.decks, found)
        text = with_section(log.read_text(encoding="utf-8") if log.exists() else "", made)
    except (ReleaseError, ShelfError) as error:
        raise UsageError(str(error)) from error
    folder = output or project.root / "dist" / version
    contents = {folder / name: content for name, content in made.files.items()}
    project.journal.write({**contents, log: text.encode()})
    OUT.print(f"release: {version}: {plural(len(contents), 'file')} in {folder}; {CHANGELOG}")
    return Status.FINE
