"""Where a project's parts lie: the folder that holds `content/topics.toml`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from torchdeck.journal import Journal
from torchdeck.read.edition import SYLLABUS_FILE, TOPICS_FILE

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
        chosen = [path.resolve() for path in paths] or [self.content]
        files: set[Path] = set()
        for path in chosen:
            if not path.exists():
                raise ProjectError(f"{path} does not exist")
            if not path.is_relative_to(self.content):
                raise ProjectError(f"{path} is not below {self.content}")
            files.update(self._below(path))
        return sorted(files)

    def run_inputs(self, files: Iterable[Path]) -> list[Path]:
        """Return all files of the project that a run of `files` depends on."""
        figures = {figure for file in files for figure in file.parent.glob("*.svg")}
        edition = (self.content / TOPICS_FILE, self.content / SYLLABUS_FILE)
        return [*files, *sorted(figures), *sorted(self.records.glob("*.json")), *edition]

    def _below(self, path: Path) -> Iterator[Path]:
        if path.is_file():
            yield path
            return
        for file in path.rglob("*.md"):
            if file.parent.parent == self.content:
                yield file
