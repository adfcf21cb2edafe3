"""Each tool's input form, and its command."""

import shutil
import sys
import uuid
from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from tests.conftest import ROOT
from tests.peers.notes import SourceNote, question_file

DECK = "Peers"
_IDS = uuid.UUID("0f8fad5b-d9cb-469f-a165-70867728950e")


class Tool(ABC):
    """A maker of decks.

    Attributes:
        name: Its name on the package index.
        start_up: Its command that does nothing but start.
    """

    name: str
    start_up: Sequence[str]

    def __init__(self, environments: Path) -> None:
        """Use the tool that is installed below `environments`."""
        self.bin = environments / self.name / "bin"

    @abstractmethod
    def write(self, notes: Sequence[SourceNote], folder: Path) -> None:
        """Write `notes` into `folder` in the tool's form."""

    @abstractmethod
    def command(self, folder: Path) -> Sequence[str]:
        """Return the command that makes the decks, called in `folder`."""

    def packages(self, folder: Path) -> list[Path]:
        """Return what it made."""
        return sorted(folder.rglob("*.apkg"))


class Torchdeck(Tool):
    """This project, as its command builds."""

    name = "torchdeck"

    def __init__(self, environments: Path) -> None:
        """Use the interpreter that runs this."""
        super().__init__(environments)
        self.start_up = [sys.executable, "-m", "torchdeck", "--help"]

    def write(self, notes: Sequence[SourceNote], folder: Path) -> None:
        content = folder / "content"
        content.mkdir(exist_ok=True)
        shutil.copy(ROOT / "content" / "topics.toml", content)
        rows = (ROOT / "content" / "syllabus.tsv").read_text(encoding="utf-8").splitlines()
        # The sentences that name twins are not among the notes.
        alone = ["\t".join([*row.split("\t")[:4], ""]) for row in rows[1:]]
        (content / "syllabus.tsv").write_text("\n".join([rows[0], *alone, ""]), encoding="utf-8")
        for path, group in groupby(notes, lambda note: note.file):
            target = folder / path.relative_to(ROOT)
            target.parent.mkdir(exist_ok=True)
            target.write_text(question_file(path, list(group)), encoding="utf-8")

    def command(self, folder: Path) -> Sequence[str]:
        del folder
        return [sys.executable, "-m", "torchdeck", "build"]

    def packages(self, folder: Path) -> list[Path]:
        return [folder / "decks" / "all.apkg"]


class Ankdown(Tool):
    """Fields between `%`, notes between `---`."""

    name = "ankdown"

    def __init__(self, environments: Path) -> None:
        super().__init__(environments)
        self.start_up = [str(self.bin / "ankdown"), "--help"]

    def write(self, notes: Sequence[SourceNote], folder: Path) -> None:
        (folder / DECK).mkdir(exist_ok=True)
        text = "\n\n---\n\n".join(f"{note.front}\n\n%\n\n{note.plain_back}" for note in notes)
        (folder / DECK / "notes.md").write_text(text + "\n", encoding="utf-8")

    def command(self, folder: Path) -> Sequence[str]:
        config = "{dollar: True}"
        options = ["-r", str(folder / DECK), "-p", str(folder / "out.apkg"), "--highlight"]
        return [str(self.bin / "ankdown"), *options, "--config", config]


class MarkdownAnkiDecks(Tool):
    """A heading is a question."""

    name = "markdown-anki-decks"

    def __init__(self, environments: Path) -> None:
        super().__init__(environments)
        self.start_up = [str(self.bin / "mdankideck"), "--help"]

    def write(self, notes: Sequence[SourceNote], folder: Path) -> None:
        for name in ("in", "out"):
            (folder / name).mkdir(exist_ok=True)
        text = "\n\n".join(f"## {note.front}\n\n{note.plain_back}" for note in notes)
        (folder / "in" / "notes.md").write_text(f"# {DECK}\n\n{text}\n", encoding="utf-8")

    def command(self, folder: Path) -> Sequence[str]:
        return [str(self.bin / "mdankideck"), str(folder / "in"), str(folder / "out")]


class Ankcompiler(Tool):
    """Blocks with `:::` between front and back, each with an id of the author's."""

    name = "ankcompiler"

    def __init__(self, environments: Path) -> None:
        super().__init__(environments)
        self.start_up = [str(self.bin / "ankc"), "--help"]

    def write(self, notes: Sequence[SourceNote], folder: Path) -> None:
        (folder / "in").mkdir(exist_ok=True)
        blocks = [
            f"---\n\n{note.front}\n\n:::\n\n{note.plain_back}\n\n---\n"
            f"[^uid]: {uuid.uuid5(_IDS, note.key).hex[:10]}\n"
            for note in notes
        ]
        text = f"---\ndeck: {DECK}\n---\n\n" + "\n".join(blocks)
        (folder / "in" / "notes.md").write_text(text, encoding="utf-8")

    def command(self, folder: Path) -> Sequence[str]:
        options = ["--all", "--path", str(folder / "in"), "--output", str(folder)]
        return [str(self.bin / "ankc"), "build", *options]


class Md2anki(Tool):
    """A heading with an id is a question."""

    name = "md2anki"

    def __init__(self, environments: Path) -> None:
        super().__init__(environments)
        self.start_up = [str(self.bin / "md2anki"), "--help"]

    def write(self, notes: Sequence[SourceNote], folder: Path) -> None:
        text = "\n\n".join(
            f"## {note.front} ({uuid.uuid5(_IDS, note.key)})\n\n{note.plain_back}" for note in notes
        )
        (folder / "notes.md").write_text(f"# {DECK} (20261123)\n\n{text}\n", encoding="utf-8")

    def command(self, folder: Path) -> Sequence[str]:
        output = str(folder / "out.apkg")
        return [str(self.bin / "md2anki"), str(folder / "notes.md"), "-o-anki", output]


TOOLS = (Torchdeck, Ankdown, MarkdownAnkiDecks, Ankcompiler, Md2anki)
