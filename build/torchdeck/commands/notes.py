"""All notes of a command's content."""

from torchdeck.commands.content import Content
from torchdeck.execute.keys import keyed_blocks
from torchdeck.execute.notices import Notices
from torchdeck.execute.records import Records
from torchdeck.execute.script import script_of
from torchdeck.findings import Finding, Findings, FindingsError
from torchdeck.project import Project
from torchdeck.render.media import read_media
from torchdeck.render.note import Note
from torchdeck.render.notes import notes_of


def notes_of_content(project: Project, content: Content) -> list[Note]:
    """Render the notes of all questions in `content`.

    Raises:
        FindingsError: A record, a notice or an image cannot be read.
    """
    notices = Notices.read(project.notices, project.name(project.notices))
    records = Records.read(project.records, project.name(project.records))
    notes: list[Note] = []
    faults: list[Finding] = []
    for reading in content.readings:
        if reading.question is None or reading.source is None:
            continue
        findings = Findings(reading.source.name)
        media = read_media(reading.question, reading.source.path.parent, findings)
        faults += findings
        if not findings:
            notes += notes_of(reading.question, content.edition, media, records, notices)
    if faults:
        raise FindingsError(faults)
    return notes


def refuse_stale_notices(project: Project, content: Content) -> None:
    """Refuse what is said of newer PyTorch about blocks that are not in `content`, the whole.

    Raises:
        FindingsError: A block was edited since its notice was accepted.
    """
    keys = {
        key for question in content.questions for _, _, key in keyed_blocks(script_of(question))
    }
    notices = Notices.read(project.notices, project.name(project.notices))
    if findings := list(notices.stale(keys)):
        raise FindingsError(findings)
