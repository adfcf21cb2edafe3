"""`torchdeck run --plain`: the engine on any Markdown."""

import json
from collections.abc import Sequence
from pathlib import Path

from torchdeck.commands.console import OUT, counts, plural, print_findings, task
from torchdeck.commands.status import Status, UsageError
from torchdeck.execute.cache import ResultCache
from torchdeck.execute.engine import Engine, FileReport, RunReport
from torchdeck.execute.keys import MissingPackageError
from torchdeck.execute.records import Records
from torchdeck.execute.script import Script
from torchdeck.files import write_whole
from torchdeck.findings import Finding, Findings
from torchdeck.read.plain import read_plain


def run_plain(paths: Sequence[Path], *, jobs: int | None, record: Path | None) -> Status:
    """Execute the Python fences of the Markdown files under `paths`, file by file.

    Nothing is taken from the cache: such files do not say what their results depend on.

    Raises:
        UsageError: A path does not exist, there are none, or torch is missing.
    """
    if not paths:
        raise UsageError("--plain needs the files or folders to run")
    findings: list[Finding] = []
    scripts = [_script(path, findings) for path in _files(paths)]
    try:
        engine = Engine(ResultCache(), Records(), force=True, jobs=jobs)
    except MissingPackageError as error:
        raise UsageError(f"{error}; install the extra `run`") from error
    with task("run", total=len(scripts)) as progress:

        def on_file(file: FileReport) -> None:
            progress.done(f"{file.script.file}: {counts(file.outcomes)}")

        report = engine.run(scripts, on_file)
    findings += report.findings()
    print_findings(sorted(findings))
    if record is not None:
        write_whole({record: _as_json(report).encode()})
    OUT.print(f"run: guards: {engine.guards}")
    extracted = sum(len(script.blocks) for script in scripts)
    OUT.print(
        f"run: {plural(len(scripts), 'file')}, {plural(extracted, 'block')} extracted: "
        f"{counts(report.outcomes)}"
    )
    return Status.FINDINGS if findings else Status.FINE


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
    return Script(name, blocks, requires=(), compares=False)


def _as_json(report: RunReport) -> str:
    files = {
        file.script.file: [
            {
                "line": result.block.location.line,
                "outcome": result.outcome,
                "reason": result.reason,
                "stdout": result.stdout,
            }
            for result in file.results
        ]
        for file in report.files
    }
    return json.dumps(files, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
