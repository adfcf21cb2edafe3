"""The cards of a project by file, kept up to date while files change."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torchdeck.check import check
from torchdeck.execute.notices import Notices
from torchdeck.execute.records import Records
from torchdeck.findings import Finding, Findings
from torchdeck.package.apkg import StampedNote
from torchdeck.package.build import link
from torchdeck.package.ledger import Ledger
from torchdeck.preview.faces import Face, Faces
from torchdeck.project import Project
from torchdeck.read.document import read_question
from torchdeck.read.edition import Edition, read_edition
from torchdeck.render.media import read_media
from torchdeck.render.note import Media, Note
from torchdeck.render.notes import notes_of
from torchdeck.rules import Rule

FINDING = "finding"  # the state of a card with faults, beside those of notes

# Faults without which there is nothing to render.
FATAL = frozenset({Rule.NUMBER_UNKNOWN, Rule.PREDICT_CODE, Rule.FILE_NAME, Rule.HEADING_CONTENT})


@dataclass(frozen=True, slots=True)
class Shown:
    """A card in the gallery.

    Attributes:
        note: Its note.
        face: Both sides.
        accepted_on: The PyTorch under which its text was accepted.
        state: `finding`, or the state of its note.
        findings: What is wrong with its file at its lines.
    """

    note: Note
    face: Face
    accepted_on: str
    state: str
    findings: tuple[str, ...]

    @property
    def id(self) -> str:
        """Its id in the page, the same after every change."""
        return f"{self.note.key}/{self.face.number}"

    def as_json(self) -> dict[str, Any]:
        """Return what the page needs."""
        return {
            "id": self.id,
            "sort": self.note.sort_text,
            "topic": self.note.topic,
            "kind": self.note.kind,
            "state": self.state,
            "place": str(self.note.location),
            "findings": list(self.findings),
            "front": self.face.front,
            "back": self.face.back,
        }


@dataclass(frozen=True, slots=True)
class _File:
    shown: tuple[Shown, ...]
    media: tuple[Media, ...]
    findings: tuple[str, ...]


class Gallery:
    """All cards, in the order in which learners meet them.

    Attributes:
        edition: The edition that they belong to.
    """

    def __init__(self, project: Project) -> None:
        """Read and render the whole content.

        Raises:
            FindingsError: The edition, the ledger or a record is broken.
        """
        self._project = project
        self._faces = Faces()
        self.edition: Edition = read_edition(project.content)
        self._ledger = Ledger.read(project.ledger, project.name(project.ledger))
        self._records = Records.read(project.records, project.name(project.records))
        self._notices = Notices.read(project.notices, project.name(project.notices))
        self._files: dict[Path, _File] = {}
        for path in project.question_files():
            self.refresh(path)

    def close(self) -> None:
        """Close what renders the cards."""
        self._faces.close()

    @property
    def cards(self) -> list[Shown]:
        """All cards."""
        shown = [item for file in self._files.values() for item in file.shown]
        return sorted(shown, key=lambda item: (item.note.due, item.face.number))

    @property
    def findings(self) -> list[str]:
        """The findings of files that give no cards."""
        return [line for file in self._files.values() for line in file.findings]

    @property
    def media(self) -> Mapping[str, bytes]:
        """The images of all cards by name."""
        return {media.name: media.content for file in self._files.values() for media in file.media}

    @property
    def files(self) -> list[Path]:
        """The question files."""
        return list(self._files)

    def refresh(self, path: Path) -> None:
        """Read and render the file at `path` again, or forget it if it is gone.

        While its form is broken, its cards stay as they were, and its findings are told.
        """
        if not path.is_file():
            self._files.pop(path, None)
            return
        reading = read_question(path, self._project.name(path))
        faults = check(self.edition, [reading], whole_content=False)
        question = reading.question
        notes: list[Note] = []
        if question is not None and not reading.findings and not _fatal(faults):
            found = Findings(question.location.file)
            media = read_media(question, path.parent, found)
            faults = sorted({*faults, *found})
            if not found:
                notes = notes_of(question, self.edition, media, self._records, self._notices)
        if notes:
            shown = tuple(self._show(notes, faults))
            images = {item.name: item for note in notes for item in note.media}
            self._files[path] = _File(shown, tuple(images.values()), ())
        else:
            before = self._files.get(path, _File((), (), ()))
            self._files[path] = replace(before, findings=tuple(map(str, faults)))

    def _show(self, notes: Sequence[Note], faults: Sequence[Finding]) -> Iterator[Shown]:
        by_note: dict[str, list[str]] = {note.key: [] for note in notes}
        for fault in faults:
            above = [note for note in notes if note.location.line <= fault.location.line]
            by_note[(above or notes[:1])[-1].key].append(str(fault))
        for note in notes:
            entry = self._ledger.notes.get(note.key)
            stamped = StampedNote(
                note,
                guid="preview",
                mod=1,
                accepted_on=entry.pytorch if entry else self.edition.pytorch,
                link=link(self.edition, note),
            )
            findings = tuple(by_note[note.key])
            for face in self._faces.of(stamped):
                state = FINDING if findings else note.state
                yield Shown(note, face, stamped.accepted_on, state, findings)


def _fatal(faults: Iterable[Finding]) -> bool:
    return any(fault.rule in FATAL for fault in faults)
