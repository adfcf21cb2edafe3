"""`torchdeck run`."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from torchdeck.commands.console import OUT, counts, plural, print_findings, task
from torchdeck.commands.content import Content, read_content, refuse_faults_of_form
from torchdeck.commands.status import Status, UsageError
from torchdeck.execute.accept import FileChangedError
from torchdeck.execute.accept import accept as write_outputs
from torchdeck.execute.cache import ResultCache
from torchdeck.execute.engine import Engine, FileReport, RunReport
from torchdeck.execute.keys import Environment, MissingPackageError, environment
from torchdeck.execute.records import Records
from torchdeck.execute.script import script_of
from torchdeck.project import Project
from torchdeck.read.question import CodeBlock


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How to run.

    Attributes:
        accept: Write new and changed outputs into the files.
        force: Execute everything, whatever the cache holds.
        jobs: Files to run at once; None for the number of CPUs.
        require_guards: Refuse to run where a guard is not enforced.
    """

    accept: bool
    force: bool
    jobs: int | None
    require_guards: bool


def run(project: Project, paths: Sequence[Path], options: RunOptions) -> Status:
    """Execute the question files under `paths` and print what became of their blocks.

    Raises:
        UsageError: A package or a guard is missing, or outputs must not be accepted here.
    """
    if options.accept and os.environ.get("CI", "").lower() in {"1", "true"}:
        raise UsageError("--accept is refused under CI=true: outputs are accepted by a person")
    content = read_content(project, paths)
    refuse_faults_of_form(content)
    records = Records.read(project.records, project.name(project.records))
    try:
        engine = Engine(ResultCache(), records, force=options.force, jobs=options.jobs)
        if options.require_guards and engine.guards.missing:
            missing = ", ".join(engine.guards.missing)
            raise UsageError(f"--require-guards: not enforced on this machine: {missing}")
        where = environment(())
        if options.accept and where.release != content.edition.pytorch:
            raise UsageError(
                f"--accept needs torch {content.edition.pytorch} (content/topics.toml), "
                f"but torch {where.torch} is installed"
            )
        report = _execute(engine, content)
    except MissingPackageError as error:
        raise UsageError(
            f"{error}; install the extra `run` and what `torchdeck requires` lists"
        ) from error
    accepted = _accept(content, report) if options.accept else []
    findings = report.findings(accepted)
    print_findings(findings)
    OUT.print(f"run: guards: {engine.guards}")
    _print_summary(report, where, accepted)
    return Status.FINDINGS if findings else Status.FINE


def _execute(engine: Engine, content: Content) -> RunReport:
    with task("run", total=len(content.questions)) as progress:

        def on_file(file: FileReport) -> None:
            progress.done(f"{file.script.file}: {counts(file.outcomes)}")

        return engine.run([script_of(question) for question in content.questions], on_file)


def _accept(content: Content, report: RunReport) -> list[CodeBlock]:
    """Write new and changed outputs; return the blocks that printed them."""
    accepted: list[CodeBlock] = []
    for reading, file in zip(content.readings, report.files, strict=True):
        if file.acceptances and reading.source:
            try:
                write_outputs(reading.source.path, reading.source.text, file.acceptances)
            except FileChangedError as error:
                raise UsageError(str(error)) from error
            accepted += [acceptance.block for acceptance in file.acceptances]
    return accepted


def _print_summary(report: RunReport, where: Environment, accepted: Sequence[CodeBlock]) -> None:
    for result in report.not_verified:
        OUT.print(f"{result.block.location}: not verified: the block {result.reason}")
    OUT.print(
        f"run: torch {where.torch}: {plural(len(report.results), 'block')} "
        f"({counts(report.outcomes)}); {counts(report.origins)}; "
        f"{plural(len(accepted), 'output')} accepted"
    )
