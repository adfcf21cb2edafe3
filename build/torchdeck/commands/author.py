"""`torchdeck new`, `rename`, `retire` and `locate`."""

from torchdeck.author.locate import locate as locate_notes
from torchdeck.author.locate import title_of
from torchdeck.author.new import new as new_question
from torchdeck.author.places import Workspace
from torchdeck.author.rename import rename as rename_note
from torchdeck.author.retire import retire as retire_note
from torchdeck.commands.clock import now
from torchdeck.commands.console import ERR, OUT
from torchdeck.commands.content import read_content, refuse_findings
from torchdeck.commands.notes import render_content
from torchdeck.commands.status import Status
from torchdeck.package.ledger import Ledger
from torchdeck.project import Project
from torchdeck.read.edition import Edition, read_edition


def new(project: Project, number: int) -> Status:
    """Write the file of question `number`."""
    edition = read_edition(project.content)
    ledger = Ledger.read(project.ledger, project.name(project.ledger))
    OUT.print(new_question(project, edition, ledger, number))
    return Status.FINE


def locate(project: Project, wanted: str) -> Status:
    """Print file, line and front of the notes that `wanted` names."""
    content = read_content(project)
    places = locate_notes(content.readings, wanted)
    if not places:
        ERR.print(f"error: {_why_nothing(content.edition, wanted)}")
    for place in places:
        location = place.card.location if place.card else place.question.location
        OUT.print(f"{location}: {place.key}: {title_of(place)}")
    return Status.FINE if places else Status.FINDINGS


def _why_nothing(edition: Edition, wanted: str) -> str:
    entry = edition.syllabus.get(int(wanted)) if wanted.isdecimal() else None
    if entry is not None:
        return f"question {entry.number} has no file yet; `torchdeck new {entry.number}` makes it"
    return f"nothing found for {wanted!r}; give a note's id, a question's number, or a text"


def rename(project: Project, key: str, slug: str) -> Status:
    """Give the note `key` another slug."""
    workspace = _open(project)
    OUT.print(rename_note(workspace, key, slug))
    return Status.FINE


def retire(project: Project, key: str, reason: str) -> Status:
    """Take the note `key` out of the content."""
    workspace = _open(project)
    notes = tuple(render_content(project).notes)
    shipped = retire_note(workspace, notes, key, reason=reason, now=now())
    for name in shipped:
        OUT.print(f"{name}: kept in the ledger for learners who have it")
    if not shipped:
        OUT.print(f"{key}: was in no deck yet, so nothing of it is kept")
    return Status.FINE


def _open(project: Project) -> Workspace:
    """Read what the moves change; a file with findings might be cut in the wrong place."""
    content = read_content(project)
    refuse_findings(content)
    ledger = Ledger.read(project.ledger, project.name(project.ledger))
    return Workspace(project, content.edition, content.readings, ledger)
