"""`torchdeck run`."""

import os
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from torchdeck.commands.clock import now
from torchdeck.commands.console import OUT, counts, plural, print_findings, task
from torchdeck.commands.content import read_files, refuse_faults_of_form
from torchdeck.commands.pool import pool
from torchdeck.commands.reports import as_json, as_junit
from torchdeck.commands.stamped import missing
from torchdeck.commands.status import Status, UsageError
from torchdeck.execute.accept import FileChangedError, accept
from torchdeck.execute.cache import ResultCache
from torchdeck.execute.durations import Durations
from torchdeck.execute.engine import Engine
from torchdeck.execute.fork_runner import ServerError
from torchdeck.execute.keys import MissingPackageError, environment, is_installed, keyed_blocks
from torchdeck.execute.options import RunOptions
from torchdeck.execute.probe import this_machine
from torchdeck.execute.recording import Recording, spelled_out
from torchdeck.execute.records import Records
from torchdeck.execute.report import FileReport, RunReport
from torchdeck.execute.results import Origin
from torchdeck.execute.script import Script, accepted_figures, script_of
from torchdeck.execute.stamp import Stamp, Stamps, digest_of
from torchdeck.files import write_whole
from torchdeck.project import Project
from torchdeck.read.document import Reading
from torchdeck.read.edition import Edition, read_edition
from torchdeck.read.question import CodeBlock


def run(project: Project, paths: Sequence[Path], options: RunOptions) -> Status:
    """Execute the question files under `paths` and print what became of their blocks.

    Raises:
        FindingsError: The edition, a record or the form of a file is broken, or one cannot be
            written.
        UsageError: A package, a guard or the cluster is missing, or this is no place to accept or
            record.
    """
    _refuse_in_ci(options)
    files = project.question_files(paths)
    edition = read_edition(project.content)
    readings = read_files(project, files)
    refuse_faults_of_form(project.stray_files(paths), readings)
    records = Records.read(project.records, project.name(project.records))
    try:
        digest = digest_of(project.run_inputs(files))
        # A record says of what it could not run that it could not.
        how = replace(options.engine, without_missing=options.record)
        scripts = [_script(project, reading) for reading in readings]
        with pool(how.scheduler, scripts) as workers:
            engine = Engine(ResultCache(), Durations(), records, how, workers)
            _refuse_surroundings(engine, edition, options)
            report = execute(engine, scripts)
    except (MissingPackageError, ServerError) as error:
        raise missing(error) from error
    accepted, outputs = _accept(project, readings, report) if options.accept else ([], {})
    recorded = _record(project, engine, report, whole=not paths) if options.record else {}
    project.journal.write(outputs | recorded)
    for path in recorded:
        OUT.print(f"run: recorded in {project.name(path)}")
    print_report(report, accepted)
    write_reports(report, options.json, options.junit)
    _print_summary(engine, report, accepted)
    if report.findings(accepted):
        return Status.FINDINGS
    if not accepted:
        Stamps().put(files, _stamp(digest, report))
    return Status.FINE


def execute(engine: Engine, scripts: Sequence[Script]) -> RunReport:
    """Run `scripts` and print a line for each that is done."""
    with task("run", total=len(scripts)) as progress:

        def on_file(file: FileReport) -> None:
            progress.done(f"{file.script.file}: {counts(file.outcomes)}")

        return engine.run(scripts, on_file)


def print_report(report: RunReport, accepted: Sequence[CodeBlock] = ()) -> None:
    """Print new warnings, then the findings and what runs their files again."""
    told = {
        f"{replace(result.block.location, line=warned.line or result.line)}: "
        f"warning: {warned.category}: {warned.text}": None
        for result in report.results
        if result.origin is Origin.EXECUTED
        for warned in result.warnings
    }
    for line in told:
        OUT.print(line)
    findings = report.findings(accepted)
    print_findings(findings)
    for file in dict.fromkeys(finding.location.file for finding in findings):
        OUT.print(f"again: torchdeck run {shlex.quote(file)}")


def write_reports(report: RunReport, json: Path | None, junit: Path | None) -> None:
    """Write the files about a run that were asked for."""
    contents = {}
    if json is not None:
        contents[json] = as_json(report).encode()
    if junit is not None:
        contents[junit] = as_junit(report).encode()
    write_whole(contents)


def _refuse_in_ci(options: RunOptions) -> None:
    if os.environ.get("CI", "").lower() not in {"1", "true"}:
        return
    if options.accept:
        raise UsageError("--accept is refused under CI=true: outputs are accepted by a person")
    if options.record and not options.allow_ci:
        raise UsageError("--record is refused under CI=true; --allow-ci allows it")


def _refuse_surroundings(engine: Engine, edition: Edition, options: RunOptions) -> None:
    if options.require_guards and engine.guards.missing:
        missing = ", ".join(engine.guards.missing)
        where = "this machine" if options.engine.scheduler is None else "every worker"
        raise UsageError(f"--require-guards: not enforced on {where}: {missing}")
    here = environment(())
    if options.accept and here.release != edition.pytorch:
        raise UsageError(
            f"--accept needs torch {edition.pytorch} (content/topics.toml), "
            f"but torch {here.torch} is installed"
        )


def _script(project: Project, reading: Reading) -> Script:
    question = reading.question
    if question is None:
        raise AssertionError("files that cannot be decoded were refused")
    folder = (project.root / question.location.file).parent
    return script_of(question, accepted_figures(question, folder))


def _accept(
    project: Project, readings: Sequence[Reading], report: RunReport
) -> tuple[list[CodeBlock], dict[Path, bytes]]:
    """Return the blocks with new or changed outputs, and the files that hold those."""
    accepted: list[CodeBlock] = []
    contents: dict[Path, bytes] = {}
    for reading, file in zip(readings, report.files, strict=True):
        if file.acceptances and reading.source:
            try:
                contents |= accept(reading.source.path, reading.source.text, file.acceptances)
            except FileChangedError as error:
                raise UsageError(str(error)) from error
            accepted += [acceptance.block for acceptance in file.acceptances]
    # What an older record only calls accepted would be lost with the output that it means.
    return accepted, spelled_out(project.records, dict(_replaced(report))) | contents


def _replaced(report: RunReport) -> Iterator[tuple[str, str]]:
    """Yield code keys and the outputs that others are about to replace."""
    for file in report.files:
        blocks = [acceptance.block for acceptance in file.acceptances]
        for _, block, key in keyed_blocks(file.script) if blocks else ():
            if block in blocks and block.output is not None:
                yield key, block.output.text


def _record(
    project: Project, engine: Engine, report: RunReport, *, whole: bool
) -> dict[Path, bytes]:
    """Return the record of this environment with the results of the run."""
    requires = {name for file in report.files for name in file.script.requires}
    recording = Recording(
        environment(filter(is_installed, requires)),
        this_machine(),
        engine.guards,
        engine.preload_warnings,
        datetime.fromtimestamp(now(), UTC).date().isoformat(),
        report.files,
    )
    path = project.records / recording.name
    return {path: recording.on_top_of(path, whole=whole)}


def _print_summary(engine: Engine, report: RunReport, accepted: Sequence[CodeBlock]) -> None:
    for line in _not_verified(report):
        OUT.print(line)
    OUT.print(f"run: guards: {engine.guards}")
    OUT.print(_summary(report, counts(report.origins), len(accepted)))


def _not_verified(report: RunReport) -> tuple[str, ...]:
    return tuple(
        f"{result.block.location}: not verified: the block {result.reason}"
        for result in report.not_verified
    )


def _summary(report: RunReport, origins: str, accepted: int) -> str:
    warnings = sum(len(result.warnings) for result in report.results)
    return (
        f"run: torch {environment(()).torch}: {plural(len(report.results), 'block')} "
        f"({counts(report.outcomes)}); {origins}; {plural(accepted, 'output')} accepted"
        + (f"; {plural(warnings, 'warning')}" if warnings else "")
    )


def _stamp(digest: str, report: RunReport) -> Stamp:
    """Return what a run would print that finds all of these results in the cache."""
    origins = dict(report.origins)
    origins[Origin.CACHE] += origins.pop(Origin.EXECUTED)
    requires = {name for file in report.files for name in file.script.requires}
    return Stamp(
        digest,
        dict(environment(requires).packages),
        tuple(f"{file.script.file}: {counts(file.outcomes)}" for file in report.files),
        _not_verified(report),
        _summary(report, counts(origins), 0),
    )
