"""The `torchdeck` command: exit status 0 fine, 1 findings, 2 wrong usage."""

import os
import time
from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import Annotated, NoReturn, ParamSpec

import typer

from torchdeck import __version__
from torchdeck.console import ERR, OUT, counts, plural, print_findings, task
from torchdeck.content import Content, read_content
from torchdeck.findings import Finding, Findings, FindingsError, Location
from torchdeck.project import Project, ProjectError
from torchdeck.read.question import CodeBlock

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Turn Markdown answers whose code has run into Anki decks.",
)

FINDINGS = 1
USAGE = 2
INTERRUPTED = 130

P = ParamSpec("P")

Paths = Annotated[
    list[Path] | None, typer.Argument(help="Question files or folders; all of content/ if none.")
]


class Format(StrEnum):
    """How findings are printed."""

    TEXT = "text"
    JSON = "json"


def _command(function: Callable[P, None]) -> Callable[P, None]:
    """Make `function` a command whose foreseen failures end without a traceback."""

    @app.command()
    @wraps(function)
    def command(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            function(*args, **kwargs)
        except FindingsError as error:
            print_findings(error.findings)
            _end(plural(len(error.findings), "finding"))
        except ProjectError as error:
            _refuse(str(error))
        except KeyboardInterrupt:
            ERR.print("interrupted")
            raise typer.Exit(INTERRUPTED) from None

    return command


def _version(wanted: bool) -> None:  # noqa: FBT001  # the form that Typer calls
    if wanted:
        OUT.print(__version__)
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[  # noqa: ARG001  # the callback answers
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,  # noqa: FBT002
) -> None:
    """Turn Markdown answers whose code has run into Anki decks."""


@_command
def check(
    paths: Paths = None,
    form: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.TEXT,
) -> None:
    """Hold question files against every rule; needs no torch."""
    content = read_content(Project.find(Path.cwd()), paths or ())
    print_findings(content.findings, as_data=form is Format.JSON)
    if form is Format.TEXT:
        total = len(content.edition.syllabus)
        OUT.print(
            f"check: {plural(len(content.questions), 'question')} of {total}, "
            f"{plural(sum(1 + len(q.cards) for q in content.questions), 'note')}, "
            f"{plural(len(content.findings), 'finding')}"
        )
    if content.findings:
        raise typer.Exit(FINDINGS)


@_command
def requires(paths: Paths = None) -> None:
    """List the distributions that question files import, one a line."""
    content = read_content(Project.find(Path.cwd()), paths or ())
    for name in sorted({name for question in content.questions for name in question.requires}):
        OUT.print(name)


@_command
def run(
    paths: Paths = None,
    *,
    accept: Annotated[
        bool, typer.Option("--accept", help="Write new and changed outputs into the files.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Execute everything, whatever the cache holds.")
    ] = False,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Files to run at once; the number of CPUs if none.")
    ] = None,
) -> None:
    """Execute what is stale and compare what it prints with the output fences."""
    from torchdeck.execute import accept as acceptance
    from torchdeck.execute.cache import ResultCache
    from torchdeck.execute.engine import Engine, FileReport
    from torchdeck.execute.keys import MissingPackageError, environment
    from torchdeck.execute.records import Records

    project = Project.find(Path.cwd())
    if accept and os.environ.get("CI", "").lower() in {"1", "true"}:
        _refuse("--accept is refused under CI=true: outputs are accepted by a person")
    content = _sound(read_content(project, paths or ()), but_outputs=True)
    records = Records.read(project.records, project.name(project.records))
    try:
        where = environment(())
        if accept and where.release != content.edition.pytorch:
            _refuse(
                f"--accept needs torch {content.edition.pytorch} (content/topics.toml); "
                f"torch {where.torch} is installed"
            )
        engine = Engine(ResultCache(), records, force=force, jobs=jobs)
        with task("run") as progress:
            progress.start(len(content.questions))

            def on_file(file: FileReport) -> None:
                outcomes = counts({str(k): v for k, v in file.outcomes.items()})
                progress.done(f"{file.question.location.file}: {outcomes}")

            report = engine.run(content.questions, on_file)
    except MissingPackageError as error:
        _refuse(f"{error}; install the extra `run` and what `torchdeck requires` lists")
    accepted: list[CodeBlock] = []
    if accept:
        for reading, file in zip(content.readings, report.files, strict=True):
            if file.acceptances and reading.source:
                acceptance.accept(reading.source.path, file.acceptances)
                accepted += [item.block for item in file.acceptances]
    findings = report.findings(accepted)
    print_findings(findings)
    OUT.print(
        f"run: torch {where.torch}: {plural(len(report.results), 'block')}: "
        f"{counts({str(k): v for k, v in report.outcomes.items()})}; "
        f"{counts({str(k): v for k, v in report.origins.items()})}"
        + (f"; {plural(len(accepted), 'output')} accepted" if accept else "")
    )
    OUT.print("run: not enforced yet: network, files, memory; enforced: time, environment")
    if findings:
        raise typer.Exit(FINDINGS)


@_command
def build(
    paths: Paths = None,
    *,
    only_check: Annotated[
        bool, typer.Option("--check", help="Compare with decks/ and write nothing.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option(help="Another folder for the packages; needed with paths.")
    ] = None,
) -> None:
    """Render all notes and package them; needs no torch."""
    from torchdeck.execute.records import Records
    from torchdeck.package.build import build as build_decks
    from torchdeck.package.build import write
    from torchdeck.render.media import read_media
    from torchdeck.render.notes import notes_of

    project = Project.find(Path.cwd())
    if paths and output is None:
        _refuse("decks/ holds whole topics: give --output FOLDER to package single files")
    content = _sound(read_content(project, paths or ()))
    records = Records.read(project.records, project.name(project.records))
    notes = []
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
    decks = output or project.decks
    name = project.name(project.decks) if output is None else str(output)
    built = build_decks(content.edition, notes, decks, name, _now())
    stale = [*built.stale, *built.obsolete]
    if only_check and stale:
        raise FindingsError([
            Finding(Location(f"{name}/{file}"), "deck-stale", "is not what content/ builds")
            for file in stale
        ])
    if not only_check:
        write(built, decks)
    OUT.print(
        f"build: {plural(built.notes, 'note')}, {plural(built.cards, 'card')}; "
        f"{plural(len(built.moved), 'note')} new or changed; "
        f"{plural(len(stale), 'file')} written"
    )


@_command
def verify(
    decks: Annotated[
        Path | None, typer.Argument(help="Folder of packages; the project's decks/ if none.")
    ] = None,
) -> None:
    """Import the packages into a real Anki and render every card."""
    from torchdeck.verify.verifier import VerifierError
    from torchdeck.verify.verifier import verify as verify_decks

    folder = decks or Project.find(Path.cwd()).decks
    try:
        report = verify_decks(folder, int(time.time()))
    except VerifierError as error:
        _refuse(str(error))
    for fault in report.faults:
        OUT.print(str(Finding(Location(f"{folder.name}/{fault.file}"), fault.rule, fault.message)))
    OUT.print(
        f"verify: Anki {report.anki}: {plural(report.packages, 'package')}, "
        f"{plural(report.notes, 'note')}, {plural(report.cards, 'card')}, "
        f"{plural(len(report.faults), 'finding')}"
    )
    if report.faults:
        raise typer.Exit(FINDINGS)


def _sound(content: Content, *, but_outputs: bool = False) -> Content:
    """Return `content` if it is without findings.

    With `but_outputs`, missing outputs are let pass: running is what writes them.
    """
    findings = [
        finding
        for finding in content.findings
        if not (but_outputs and finding.rule in OUTPUT_RULES)
    ]
    if findings:
        raise FindingsError(findings)
    return content


OUTPUT_RULES = frozenset({"output-missing", "predict-output"})


def _now() -> int:
    """Return the time that changed notes get: SOURCE_DATE_EPOCH, or the clock's."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if epoch is None:
        return int(time.time())
    if not epoch.isdecimal():
        _refuse(f"SOURCE_DATE_EPOCH={epoch} is not a number of seconds")
    return int(epoch)


def _end(summary: str) -> NoReturn:
    OUT.print(summary)
    raise typer.Exit(FINDINGS)


def _refuse(reason: str) -> NoReturn:
    ERR.print(f"error: {reason}")
    raise typer.Exit(USAGE)
