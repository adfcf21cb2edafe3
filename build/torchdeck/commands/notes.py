"""All notes of a command's content."""

from torchdeck.commands.content import Content
from torchdeck.execute.records import Records
from torchdeck.findings import Finding, Findings, FindingsError
from torchdeck.project import Project
from torchdeck.render.media import read_media
from torchdeck.render.note import Note
from torchdeck.render.notes import notes_of


def notes_of_content(project: Project, content: Content) -> list[Note]:
    """Render the notes of all questions in `content`.

    Raises:
        FindingsError: A record or an image cannot be read.
    """
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
            notes += notes_of(reading.question, content.edition, media, records)
    if faults:
        raise FindingsError(faults)
    return notes
