"""`torchdeck run --plain`: the engine on any Markdown."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from torchdeck.commands.console import OUT, counts, plural, print_findings
from torchdeck.commands.pool import pool
from torchdeck.commands.run import execute, print_report, write_reports
from torchdeck.commands.status import Status, UsageError
from torchdeck.execute.cache import ResultCache
from torchdeck.execute.durations import Durations
from torchdeck.execute.engine import Engine
from torchdeck.execute.fork_runner import ServerError
from torchdeck.execute.keys import MissingPackageError
from torchdeck.execute.options import EngineOptions
from torchdeck.execute.records import Records
from torchdeck.execute.script import Script
from torchdeck.findings import Finding, Findings
from torchdeck.read.plain import read_plain


def run_plain(
    paths: Sequence[Path], options: EngineOptions, *, json: Path | None, junit: Path | None
) -> Status:
    """Execute the Python fences of the Markdown files under `paths`, file by file.

    Nothing is taken from the cache: such files do not say what their results depend on.

    Raises:
        UsageError: A path does not exist, there are none, or torch or the cluster is missing.
    """
    if not paths:
        raise UsageError("--plain needs the files or folders to run")
    findings: list[Finding] = []
    scripts = [_script(path, findings) for path in _files(paths)]
    try:
        how = replace(options, force=True)
        with pool(how.scheduler, scripts) as workers:
            engine = Engine(ResultCache(), Durations(), Records(), how, workers)
            report = execute(engine, scripts)
    except (MissingPackageError, ServerError) as error:
        raise UsageError(f"{error}; install the extra `run`") from error
    print_findings(findings)
    print_report(report)
    write_reports(report, json, junit)
    extracted = sum(len(script.blocks) for script in scripts)
    OUT.print(f"run: guards: {engine.guards}")
    OUT.print(
        f"run: {plural(len(scripts), 'file')}, {plural(extracted, 'block')} extracted: "
        f"{counts(report.outcomes)}"
    )
    return Status.FINDINGS if findings or report.findings() else Status.FINE


def _files(paths: Sequence[Path]) -> list[Path]:
    files: set[Path] = set()
    for path in paths:
        if not path.exists():
            raise UsageError(f"{path} does not exist")
        files.update(path.rglob("*.md") if path.is_dir() else [path])
    return sorted(file for file in files if file.is_file())


def _script(path: Path, findings: list[Finding]) -> Script:
    name = path.as_posix()
    found = Findings(name)
    blocks = read_plain(path, name, found)
    findings += found
    return Script(name, blocks, requires=(), figures={}, compares=False)
