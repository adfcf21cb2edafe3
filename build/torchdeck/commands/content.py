"""Reads a project's edition and question files, as every command needs them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from torchdeck.check import check
from torchdeck.findings import Finding, FindingsError
from torchdeck.project import Project
from torchdeck.read.document import Reading, read_question
from torchdeck.read.edition import Edition, read_edition
from torchdeck.read.question import Question


@dataclass(frozen=True, slots=True)
class Content:
    """The question files of a command, read and checked.

    Attributes:
        edition: The edition that they belong to.
        readings: One per file.
        findings: What is wrong with them.
    """

    edition: Edition
    readings: tuple[Reading, ...]
    findings: tuple[Finding, ...]

    @property
    def questions(self) -> tuple[Question, ...]:
        """The questions of all files that could be decoded."""
        return tuple(reading.question for reading in self.readings if reading.question)


def read_content(project: Project, paths: Sequence[Path] = ()) -> Content:
    """Read and check the question files under `paths`, or all of them.

    Raises:
        FindingsError: The edition itself is broken.
        ProjectError: A path is no part of the project.
    """
    edition = read_edition(project.content)
    readings = read_files(project, project.question_files(paths))
    found = check(edition, readings, whole_content=not paths)
    return Content(edition, readings, tuple(sorted([*project.stray_files(paths), *found])))


def read_files(project: Project, files: Iterable[Path]) -> tuple[Reading, ...]:
    """Read question files; nothing holds them against the rules."""
    return tuple(read_question(path, project.name(path)) for path in files)


def refuse_findings(content: Content) -> None:
    """Refuse content that breaks any rule.

    Raises:
        FindingsError: There are findings.
    """
    if content.findings:
        raise FindingsError(content.findings)


def refuse_faults_of_form(strays: Iterable[Finding], readings: Iterable[Reading]) -> None:
    """Refuse content that was not read as it was meant; faults of style do not matter.

    Raises:
        FindingsError: Listing or reading the files gave findings.
    """
    findings = [*strays, *(finding for reading in readings for finding in reading.findings)]
    if findings:
        raise FindingsError(findings)
