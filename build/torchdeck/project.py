"""Where a project's parts lie: the folder that holds `content/topics.toml`."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from torchdeck.findings import Finding
from torchdeck.journal import Journal
from torchdeck.read.edition import TOPICS_FILE
from torchdeck.read.listing import Listing, list_questions
from torchdeck.read.syllabus import SYLLABUS_FILE

LEDGER_FILE = "ledger.json"


class ProjectError(Exception):
    """The command was given paths that are no project or no part of it."""


@dataclass(frozen=True, slots=True)
class Project:
    """A project on disk, by its root folder."""

    root: Path

    @classmethod
    def find(cls, start: Path) -> "Project":
        """Return the project that `start` lies in.

        Raises:
            ProjectError: Neither `start` nor a folder above it holds content/topics.toml.
        """
        start = start.resolve()
        for folder in (start, *start.parents):
            if (folder / "content" / TOPICS_FILE).is_file():
                return cls(folder)
        raise ProjectError(f"no content/{TOPICS_FILE} in {start} or a folder above it")

    @property
    def content(self) -> Path:
        """The folder of the question files."""
        return self.root / "content"

    @property
    def records(self) -> Path:
        """The folder of what ran elsewhere."""
        return self.content / "records"

    @property
    def notices(self) -> Path:
        """The file of what newer PyTorch do otherwise."""
        return self.content / "notices.json"

    @property
    def decks(self) -> Path:
        """The folder of the packages and their ledger."""
        return self.root / "decks"

    @property
    def ledger(self) -> Path:
        """The file that remembers every note that was ever packaged."""
        return self.decks / LEDGER_FILE

    @property
    def journal(self) -> Journal:
        """What changes files of the project, several as one."""
        return Journal(self.root)

    def name(self, path: Path) -> str:
        """Return `path` as findings show it: relative to the root, with forward slashes."""
        return path.relative_to(self.root).as_posix()

    def question_files(self, paths: Iterable[Path] = ()) -> list[Path]:
        """Return the question files under `paths`, or all of them, sorted by name.

        Raises:
            ProjectError: A path does not exist or is not below content/.
        """
        return sorted({file for listing in self._listings(paths) for file in listing.files})

    def stray_files(self, paths: Iterable[Path] = ()) -> list[Finding]:
        """Return what is wrong with files and folders under `paths`, apart from their content.

        Raises:
            ProjectError: A path does not exist or is not below content/.
        """
        return sorted({found for listing in self._listings(paths) for found in listing.findings})

    def run_inputs(self, files: Iterable[Path]) -> list[Path]:
        """Return all files of the project that a run of `files` depends on."""
        figures = {figure for file in files for figure in file.parent.glob("*.svg")}
        edition = (self.content / TOPICS_FILE, self.content / SYLLABUS_FILE)
        return [*files, *sorted(figures), *sorted(self.records.glob("*.json")), *edition]

    def render_inputs(self) -> list[Path]:
        """Return the files beside a question file and its images on which its notes depend."""
        edition = (self.content / TOPICS_FILE, self.content / SYLLABUS_FILE)
        return [*edition, self.notices, *sorted(self.records.glob("*.json"))]

    def _listings(self, paths: Iterable[Path]) -> list[Listing]:
        chosen = [_without_links_above(path) for path in paths] or [self.content]
        for path in chosen:
            if not os.path.lexists(path):
                raise ProjectError(f"{path} does not exist")
            if not path.is_relative_to(self.content):
                raise ProjectError(f"{path} is not below {self.content}")
        return [list_questions(self.content, path) for path in chosen]


def _without_links_above(path: Path) -> Path:
    """Return the absolute `path` through real folders; itself it may be a link.

    Raises:
        ProjectError: Links on the way lead in a circle.
    """
    path = Path(os.path.abspath(path))  # noqa: PTH100  # `resolve` would follow the last link too
    try:
        return path.parent.resolve() / path.name
    except RuntimeError as error:  # as Python 3.11 says it
        raise ProjectError(f"{path}: {error}") from error
