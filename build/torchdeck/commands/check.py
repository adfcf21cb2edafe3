"""`torchdeck check` and `torchdeck requires`."""

from collections.abc import Sequence
from pathlib import Path

from torchdeck.commands.console import OUT, plural, print_findings
from torchdeck.commands.content import read_content
from torchdeck.commands.status import Status
from torchdeck.findings import Format, as_annotation, as_json
from torchdeck.project import Project


def check(project: Project, paths: Sequence[Path], form: Format) -> Status:
    """Print the findings of the question files under `paths`."""
    content = read_content(project, paths)
    if form is Format.JSON:
        OUT.print(as_json(content.findings))
    elif form is Format.GITHUB:
        for finding in content.findings:
            OUT.print(as_annotation(finding))
    else:
        print_findings(content.findings)
        notes = sum(1 + len(question.cards) for question in content.questions)
        OUT.print(
            f"check: {plural(len(content.questions), 'question')} "
            f"of {len(content.edition.syllabus)}, {plural(notes, 'note')}, "
            f"{plural(len(content.findings), 'finding')}"
        )
    return Status.FINDINGS if content.findings else Status.FINE


def requires(project: Project, paths: Sequence[Path]) -> Status:
    """Print the distributions that the question files under `paths` import."""
    content = read_content(project, paths)
    for name in sorted({name for question in content.questions for name in question.requires}):
        OUT.print(name)
    return Status.FINE
