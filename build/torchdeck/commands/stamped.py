"""A run in which nothing can have changed: told from its stamp, without reading the files."""

from collections.abc import Sequence
from pathlib import Path

from torchdeck.commands.console import OUT
from torchdeck.commands.status import UsageError
from torchdeck.execute.keys import MissingPackageError
from torchdeck.execute.stamp import Stamps, digest_of
from torchdeck.project import Project


def print_unchanged(project: Project, paths: Sequence[Path]) -> bool:
    """Print what the last run of `paths` found, if it found no fault and nothing has changed.

    Raises:
        ProjectError: A path is no part of the project.
        UsageError: torch is missing.
    """
    files = project.question_files(paths)
    try:
        digest = digest_of(project.run_inputs(files))
    except MissingPackageError as error:
        raise missing(error) from error
    stamp = Stamps().get(files)
    if stamp is None or not stamp.holds(digest):
        return False
    for line in (*stamp.lines, *stamp.not_verified, stamp.summary):
        OUT.print(line)
    return True


def missing(error: Exception) -> UsageError:
    """Return what a person is told who lacks a package."""
    return UsageError(f"{error}; install the extra `run` and what `torchdeck requires` lists")
