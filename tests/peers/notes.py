"""Notes of the content, of all kinds but cloze, as source text, for tools that read other forms."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from markdown_it import MarkdownIt

from torchdeck.project import Project
from torchdeck.read.document import read_question
from torchdeck.read.question import CardKind, Question


@dataclass(frozen=True, slots=True)
class SourceNote:
    """One question and its answer, in Markdown.

    Attributes:
        file: The question file that it is from.
        key: Its identity, `question-slug--card-slug`.
        heading: Its heading as torchdeck reads it.
        back: What stands below it, fences as torchdeck reads them.
    """

    file: Path
    key: str
    heading: str
    back: str

    @property
    def front(self) -> str:
        """The heading without attributes, told apart from those that ask the same."""
        text, _, attributes = self.heading.rpartition("{#")
        return f"{text.strip()}（{self.key}）" if ".predict" in attributes else text.strip()

    @property
    def plain_back(self) -> str:
        """The back with fences that name a language and nothing else."""
        lines = self.back.split("\n")
        for token in MarkdownIt().parse(self.back):
            if token.type == "fence" and token.map:
                start = token.map[0]
                indent = lines[start][: len(lines[start]) - len(lines[start].lstrip())]
                language = (token.info.split() or ["text"])[0]
                known = "text" if language == "output" else language
                lines[start] = f"{indent}{token.markup}{known}"
        return "\n".join(lines)

    def says(self, addition: str) -> "SourceNote":
        """Return the note with a sentence behind its answer."""
        return replace(self, back=f"{self.back}\n\n{addition}")


def source_notes(project: Project) -> list[SourceNote]:
    """Return all notes of `project` with a front and a back, in the order of its files."""
    notes: list[SourceNote] = []
    for path in project.question_files():
        question = read_question(path, project.name(path)).question
        if question is not None:
            notes += _notes(question, path)
    return notes


def _notes(question: Question, path: Path) -> Iterator[SourceNote]:
    lines = path.read_text(encoding="utf-8").split("\n")
    fences = _fenced(lines)
    for card in question.cards:
        if card.kind is CardKind.CLOZE:
            continue
        start = card.location.line  # counted from 1, so this is the line below the heading
        end = next(
            (
                number
                for number in range(start, len(lines))
                if number not in fences and lines[number].startswith(("## ", "### "))
            ),
            len(lines),
        )
        back = "\n".join(lines[start:end]).strip()
        yield SourceNote(path, f"{question.slug}--{card.slug}", card.heading, back)


def _fenced(lines: list[str]) -> set[int]:
    """Return the indices of lines within fences, where `##` is code."""
    tokens = MarkdownIt().parse("\n".join(lines))
    return {
        number
        for token in tokens
        if token.type == "fence" and token.map
        for number in range(*token.map)
    }


def question_file(path: Path, notes: Sequence[SourceNote]) -> str:
    """Return a question file that has `notes` and otherwise what its form asks for."""
    head = path.read_text(encoding="utf-8").split("\n---\n", 1)[0].split("\n")
    cards = "\n\n".join(f"### {note.heading}\n\n{note.back}" for note in notes)
    # Of what the file requires, what these notes of it import.
    listed = next((line for line in head if line.startswith("requires:")), "[]")
    names = listed.partition("[")[2].rstrip("]").split(", ")
    code = cards.replace("from ", "import ")
    used = [name for name in names if name and f"import {name.replace('-', '_')}" in code]
    requires = [f"requires: [{', '.join(used)}]"] if used else []
    kept = [line for line in head if not line.startswith("requires:")] + requires
    return (
        "\n".join(kept)
        + "\n---\n\n## 要点\n\n- 要点。\n\n## 详解\n\n正文。\n\n## 易错\n\n易错。\n\n"
        + f"## 追问\n\n{cards}\n\n"
        + f"## 卡片\n\n### {path.stem} {{#of-form .cloze}}\n\n`{path.stem}` 有{{{{c1::一}}}}题。\n"
    )
