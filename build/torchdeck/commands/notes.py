"""All notes of a command's content, rendered file by file: only what changed, and nothing kept."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from torchdeck.check import check_file, check_whole
from torchdeck.check.facts import Facts
from torchdeck.execute.keys import keyed_blocks
from torchdeck.execute.notices import Notices
from torchdeck.execute.records import Records
from torchdeck.execute.script import script_of
from torchdeck.findings import Finding, Findings, FindingsError
from torchdeck.project import Project
from torchdeck.read.document import read_question
from torchdeck.read.edition import Edition, read_edition
from torchdeck.render.cache import RenderCache
from torchdeck.render.canonical import digest
from torchdeck.render.media import read_media
from torchdeck.render.note import Note
from torchdeck.render.notes import notes_of
from torchdeck.render.rendered import Rendered


@dataclass(frozen=True, slots=True)
class RenderedContent:
    """Content without findings.

    Attributes:
        edition: The edition that it belongs to.
        files: One per question file.
    """

    edition: Edition
    files: tuple[Rendered, ...]

    @property
    def notes(self) -> Iterator[Note]:
        """The notes of all files."""
        for file in self.files:
            yield from file.notes


def render_content(project: Project, paths: Sequence[Path] = ()) -> RenderedContent:
    """Read, check and render the question files under `paths`, or all of them.

    Raises:
        FindingsError: The edition, a record or the notices are broken; the content breaks a rule,
            or an image cannot be read.
        ProjectError: A path is no part of the project.
    """
    content = _Content(project)
    files = project.question_files(paths)
    for path in files:
        content.add(path)
    content.findings += project.stray_files(paths)
    content.findings += check_whole(content.facts, content.edition, whole_content=not paths)
    if content.findings:
        raise FindingsError(sorted(set(content.findings)))
    if not paths:
        content.cache.keep_only({project.name(path) for path in files})
    return RenderedContent(content.edition, tuple(content.rendered))


def refuse_stale_notices(project: Project, content: RenderedContent) -> None:
    """Refuse what is said of newer PyTorch about blocks that are not in `content`, the whole.

    Raises:
        FindingsError: A block was edited since its notice was accepted.
    """
    keys = {key for file in content.files for key in file.code_keys}
    notices = Notices.read(project.notices, project.name(project.notices))
    if findings := list(notices.stale(keys)):
        raise FindingsError(findings)


class _Content:
    """What is known so far of the content; of a file no more than packaging needs."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self.edition = read_edition(project.content)
        self._records = Records.read(project.records, project.name(project.records))
        self._notices = Notices.read(project.notices, project.name(project.notices))
        self.cache = RenderCache(project.render_inputs())
        self.findings: list[Finding] = []
        self.facts: list[Facts] = []
        self.rendered: list[Rendered] = []

    def add(self, path: Path) -> None:
        """Take the file at `path` from the cache, or read, check and render it."""
        name = self._project.name(path)
        if (rendered := self.cache.get(path, name)) is None:
            rendered = self._render(path, name)
        else:
            self.facts.append(rendered.facts)
        if rendered is not None:
            self.rendered.append(rendered)

    def _render(self, path: Path, name: str) -> Rendered | None:
        reading = read_question(path, name)
        question = reading.question
        findings, facts = check_file(reading, self.edition)
        self.findings += findings
        if reading.source is None or question is None or facts is None:
            return None
        self.facts.append(facts)
        if findings:  # such as those about the addresses of its images
            return None
        faults = Findings(name)
        media = read_media(question, path.parent, faults)
        self.findings += faults
        if faults:
            return None
        notes = [
            replace(note, digest=digest(note))
            for note in notes_of(question, self.edition, media, self._records, self._notices)
        ]
        keys = (key for _, _, key in keyed_blocks(script_of(question)))
        rendered = Rendered(facts, tuple(keys), tuple(media.by_target), tuple(notes))
        self.cache.put(name, reading.source.text, rendered)
        return rendered
