"""`torchdeck drift` and `torchdeck grid`."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from torchdeck.commands.console import OUT
from torchdeck.commands.status import Status, UsageError
from torchdeck.drift.classify import AcceptedText, Kind
from torchdeck.drift.classify import drift as drift_between
from torchdeck.drift.form import DriftFormat
from torchdeck.drift.grid import Grid
from torchdeck.drift.grid import grid as grid_of
from torchdeck.drift.report import DriftReport
from torchdeck.drift.run import NoRecordError, RecordedBlock, RecordedRun, find, records_in
from torchdeck.execute.keys import keyed_blocks
from torchdeck.execute.notices import Notice, Notices
from torchdeck.execute.recording import digest
from torchdeck.execute.script import script_of
from torchdeck.project import Project
from torchdeck.read.document import read_question
from torchdeck.read.edition import read_edition


def drift(
    project: Project,
    before: str,
    after: str,
    form: DriftFormat,
    accepted: tuple[str, str] | None,
) -> Status:
    """Print what became of each block between two records.

    Args:
        project: The project whose records are compared.
        before: A version, such as `2.13.0`, or the name of a record or its file.
        after: Another.
        form: How to print.
        accepted: File and line of a block, and the sentence that its cards show from now on;
            None to print.

    Raises:
        UsageError: There is no such record, or that block has not changed.
    """
    try:
        runs = records_in(project.records)
        first, second = (_record(runs, wanted) for wanted in (before, after))
    except NoRecordError as error:
        raise UsageError(str(error)) from error
    found = drift_between(first, second, runs, accepted_text(project))
    report = DriftReport(first, second, found)
    if accepted is not None:
        _accept(project, report, *accepted)
        return Status.FINE
    _print(report, form)
    return Status.FINDINGS if report.is_alarming else Status.FINE


def grid(project: Project, form: DriftFormat) -> Status:
    """Print what became of each question under each PyTorch that there is a record of.

    Raises:
        FindingsError: The edition is broken.
        UsageError: There is no record of the PyTorch that the content names.
    """
    try:
        found = read_grid(project)
    except NoRecordError as error:
        raise UsageError(str(error)) from error
    _print(found, form)
    return Status.FINE


def read_grid(project: Project) -> Grid:
    """Hold all records of `project` against the one of the PyTorch that the content names.

    Raises:
        FindingsError: The edition is broken.
        NoRecordError: There is no record of that PyTorch, or a file is no record.
    """
    runs = records_in(project.records)
    pinned = find(runs, read_edition(project.content).pytorch)
    return grid_of(pinned, runs, accepted_text(project))


def accepted_text(project: Project) -> AcceptedText:
    """Return what finds the accepted output of a block in the content; files are read once."""

    @cache
    def outputs(file: str) -> Mapping[str, str]:
        path = project.root / file
        question = read_question(path, file).question if path.is_file() else None
        if question is None:
            return {}
        return {
            key: block.output.text
            for _, block, key in keyed_blocks(script_of(question))
            if block.output is not None
        }

    def find_text(block: RecordedBlock) -> str | None:
        text = outputs(block.file).get(block.key)
        return text if text is not None and digest(text) == block.accepted else None

    return find_text


def _accept(project: Project, report: DriftReport, place: str, say: str) -> None:
    item = next((item for item in report.found if item.place == place), None)
    if item is None or item.kind in {Kind.UNCHANGED, Kind.NOT_COMPARABLE}:
        what = f"is {item.kind}" if item else "is no block of the records"
        raise UsageError(f"{place} {what}; --accept takes FILE:LINE as this command prints it")
    if not say.strip():
        raise UsageError("learners are told the difference: write it behind --say, in Chinese")
    since = ".".join(map(str, report.after.release[:2]))
    notices = Notices.read(project.notices, project.name(project.notices))
    notice = Notice(item.file, item.line, since, say.strip())
    text = notices.with_notice(item.key, notice).serialize()
    project.journal.write({project.notices: text.encode()})
    OUT.print(f"{place}: {notice.text}")


def _print(report: DriftReport | Grid, form: DriftFormat) -> None:
    texts = {
        DriftFormat.TEXT: report.text,
        DriftFormat.MARKDOWN: report.markdown,
        DriftFormat.JSON: report.json,
        DriftFormat.HTML: report.html,
    }
    OUT.print(texts[form]().rstrip("\n"))


def _record(runs: list[RecordedRun], wanted: str) -> RecordedRun:
    path = Path(wanted)
    return RecordedRun.read(path) if path.is_file() else find(runs, wanted)
