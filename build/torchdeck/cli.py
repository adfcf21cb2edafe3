"""The `torchdeck` command: its parameters, and how foreseen failures end.

Exit status: 0 fine, 1 findings, 2 wrong usage.
"""

import gc
import signal
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, ParamSpec

import typer
from typer.core import TyperCommand

from torchdeck import __version__
from torchdeck.commands.console import ERR, OUT, plural, print_findings
from torchdeck.commands.status import Status, UsageError
from torchdeck.drift.form import DriftFormat
from torchdeck.execute.isolation import Isolation, Workplace
from torchdeck.findings import FindingsError, Format
from torchdeck.project import Project, ProjectError
from torchdeck.release.form import ChangesFormat

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)

# Commands that need a package of an extra import it when they are called.
EXTRA_OF = {
    "genanki": "build",
    "nh3": "build",
    "distributed": "dask",
    **dict.fromkeys(("anki", "latex2mathml", "starlette", "uvicorn", "watchfiles"), "preview"),
}

# Allocations between two searches for cycles, of which reading Markdown makes next to none; with
# Python's 700, a tenth of a build goes into looking at tokens and trees that are in use.
GARBAGE_THRESHOLD = 50_000

P = ParamSpec("P")

Paths = Annotated[
    list[Path] | None, typer.Argument(help="Question files or folders; all of content/ if none.")
]


def _command(
    kind: type[TyperCommand] = TyperCommand,
) -> Callable[[Callable[P, Status]], Callable[P, None]]:
    """Register a function; its result, or the failure it foresees, is the exit status."""

    def register(function: Callable[P, Status]) -> Callable[P, None]:
        return app.command(cls=kind)(_with_status(function))

    return register


def _with_status(function: Callable[P, Status]) -> Callable[P, None]:
    @wraps(function)
    def command(*args: P.args, **kwargs: P.kwargs) -> None:
        gc.set_threshold(GARBAGE_THRESHOLD)
        # Being asked to end, as by a job scheduler, leaves as little behind as Ctrl-C does.
        for name in ("SIGTERM", "SIGHUP"):
            if hasattr(signal, name):  # Windows has no SIGHUP
                signal.signal(getattr(signal, name), signal.default_int_handler)
        try:
            status = function(*args, **kwargs)
        except FindingsError as error:
            print_findings(error.findings)
            OUT.print(plural(len(error.findings), "finding"))
            status = Status.FINDINGS
        except (ProjectError, UsageError) as error:
            ERR.print(f"error: {error}")
            status = Status.USAGE
        except ModuleNotFoundError as error:
            if error.name not in EXTRA_OF:
                raise
            ERR.print(f"error: {error.name} is missing; install the extra {EXTRA_OF[error.name]}")
            status = Status.USAGE
        except OSError as error:
            ERR.print(f"error: {error.filename or 'file system'}: {error.strerror or error}")
            status = Status.FINDINGS
        except KeyboardInterrupt:
            ERR.print("interrupted")
            status = Status.INTERRUPTED
        raise typer.Exit(status)

    return command


def _project() -> Project:
    """Find the project of the working folder; what a killed command left in it is undone."""
    project = Project.find(Path.cwd())
    if project.journal.is_open:
        from torchdeck.commands.access import settle

        settle(project)
    return project


def _writing(project: Project, *, really: bool = True) -> AbstractContextManager[None]:
    """Keep other writers out of `project`, if the command `really` is one."""
    if not really:
        return nullcontext()
    from torchdeck.commands.access import writing

    return writing(project)


def _print_version(wanted: bool) -> None:  # noqa: FBT001  # the form that Typer calls
    if wanted:
        OUT.print(__version__)
        raise typer.Exit


@app.callback()
def _main(
    *,
    version: Annotated[  # its callback answers
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Turn Markdown answers whose code has run into Anki decks."""


@_command()
def check(
    paths: Paths = None,
    form: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.TEXT,
) -> Status:
    """Hold question files against every rule; needs no torch."""
    from torchdeck.commands.check import check as check_content

    return check_content(_project(), paths or (), form)


@_command()
def requires(paths: Paths = None) -> Status:
    """List the distributions that question files import, one a line."""
    from torchdeck.commands.check import requires as list_requires

    return list_requires(_project(), paths or ())


@_command()
def new(
    number: Annotated[int, typer.Argument(help="Number of the question in the syllabus.")],
) -> Status:
    """Make the file of a question from its line in the syllabus."""
    from torchdeck.commands.author import new as new_question

    with _writing(project := _project()):
        return new_question(project, number)


@_command()
def locate(
    note: Annotated[
        str, typer.Argument(help="A note's id as the card shows it, a number, or a text.")
    ],
) -> Status:
    """Find the file and line of a card."""
    from torchdeck.commands.author import locate as locate_notes

    return locate_notes(_project(), note)


@_command()
def rename(
    note: Annotated[str, typer.Argument(help="`question` or `question#card`.")],
    slug: Annotated[str, typer.Argument(help="The new slug.")],
) -> Status:
    """Give a question or a card another slug; learners keep their schedules."""
    from torchdeck.commands.author import rename as rename_note

    with _writing(project := _project()):
        return rename_note(project, note, slug)


@_command()
def retire(
    note: Annotated[str, typer.Argument(help="`question` or `question#card`.")],
    reason: Annotated[str, typer.Option(help="What learners are told, in Chinese.")],
) -> Status:
    """Take a question or a card out of the content; the ledger keeps it."""
    from torchdeck.commands.author import retire as retire_note

    with _writing(project := _project()):
        return retire_note(project, note, reason)


class _RunCommand(TyperCommand):
    """Lets `--record` stand alone for the content, and take a file with `--plain`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if "--plain" not in args:
            args = ["--record=" if word == "--record" else word for word in args]
        return super().parse_args(ctx, args)


@_command(_RunCommand)
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
    isolation: Annotated[
        Isolation | None,
        typer.Option(help="How each file's process starts; the quickest if none."),
    ] = None,
    executor: Annotated[
        Workplace, typer.Option(help="This machine, or the workers of a Dask cluster.")
    ] = Workplace.LOCAL,
    scheduler: Annotated[
        str | None, typer.Option(help="The cluster's address, such as tcp://10.0.0.1:8786.")
    ] = None,
    require_guards: Annotated[
        bool, typer.Option("--require-guards", help="Refuse to run where a guard is missing.")
    ] = False,
    record: Annotated[
        str | None,
        typer.Option(
            metavar="[FILE]",
            help="Keep the results in content/records/; with --plain in FILE, as JSON.",
        ),
    ] = None,
    allow_ci: Annotated[
        bool, typer.Option("--allow-ci", help="Let --record write under CI=true.")
    ] = False,
    plain: Annotated[
        bool, typer.Option("--plain", help="Run the Python fences of any Markdown files.")
    ] = False,
    json: Annotated[
        Path | None, typer.Option(help="A file for outcomes and outputs, as JSON.")
    ] = None,
    junit: Annotated[Path | None, typer.Option(help="A file for outcomes, as JUnit's XML.")] = None,
) -> Status:
    """Execute what is stale and compare what it prints with the output fences."""
    from torchdeck.commands.stamped import print_unchanged
    from torchdeck.execute.options import EngineOptions, RunOptions

    if (executor is Workplace.DASK) != (scheduler is not None):
        raise UsageError("--executor dask goes with --scheduler: name the cluster's address")
    if scheduler is not None and (jobs or isolation):
        raise UsageError(
            "--executor dask goes with neither --jobs nor --isolation: "
            "each thread of a worker runs one file at a time, in a fresh interpreter"
        )
    engine = EngineOptions(force, jobs, isolation, scheduler)
    if plain:
        from torchdeck.commands.plain import run_plain

        if accept or require_guards:
            raise UsageError("--plain goes with neither --accept nor --require-guards")
        return run_plain(paths or (), engine, json=Path(record) if record else json, junit=junit)
    options = RunOptions(engine, accept, require_guards, record is not None, allow_ci, json, junit)
    project = _project()
    if not options.needs_results and print_unchanged(project, paths or ()):
        return Status.FINE
    # Most runs end above; what executing needs takes a while to import.
    from torchdeck.commands.run import run as run_content

    with _writing(project, really=options.writes):
        return run_content(project, paths or (), options)


@_command()
def build(
    paths: Paths = None,
    *,
    only_check: Annotated[
        bool, typer.Option("--check", help="Compare with the folder and write nothing.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option(help="Folder for the packages; decks/ if none.")
    ] = None,
) -> Status:
    """Render all notes and package them; needs no torch."""
    from torchdeck.commands.build import build as build_content

    project = _project()
    with _writing(project, really=not only_check):
        return build_content(project, paths or (), only_check=only_check, output=output)


@_command()
def preview(
    port: Annotated[int, typer.Option(help="Port on this machine; 0 takes a free one.")] = 8765,
    static: Annotated[
        Path | None, typer.Option(help="Write a site of plain files into this folder instead.")
    ] = None,
) -> Status:
    """Show every card as a phone and a desktop show it; the page follows your edits."""
    from torchdeck.commands.preview import preview as show

    project = _project()
    with _writing(project, really=static is not None):
        return show(project, port=port, static=static)


@_command()
def verify(
    decks: Annotated[
        Path | None, typer.Argument(help="Folder of packages; the project's decks/ if none.")
    ] = None,
    since: Annotated[
        list[Path] | None,
        typer.Option(help="Folder of older decks: learners who have them import these."),
    ] = None,
) -> Status:
    """Import the packages into a real Anki and render every card."""
    from torchdeck.commands.verify import verify as verify_packages

    return verify_packages(decks or _project().decks, since or ())


@_command()
def changes(
    since: Annotated[
        str, typer.Argument(metavar="REV", help="A git revision, or a folder of older decks.")
    ],
    form: Annotated[
        ChangesFormat, typer.Option("--format", help="How to print.")
    ] = ChangesFormat.TEXT,
) -> Status:
    """Tell what a learner who has older decks gets from these: new, changed, retired notes."""
    from torchdeck.commands.changes import changes as print_changes

    return print_changes(_project(), since, form)


@_command()
def release(
    version: Annotated[str, typer.Argument(help="By the calendar, such as 2026.11.23.")],
    since: Annotated[
        str | None,
        typer.Option(help="The release before: a git revision or a folder; none for the first."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="Folder for what goes out; dist/VERSION if none.")
    ] = None,
) -> Status:
    """Put packages, checksums and release notes together; `nox -s release` verifies them first."""
    from torchdeck.commands.release import publish

    with _writing(project := _project()):
        return publish(project, version, since=since, output=output)


@_command()
def drift(
    before: Annotated[str, typer.Argument(help="A version, or a record's name or file.")],
    after: Annotated[str, typer.Argument(help="Another.")],
    form: Annotated[DriftFormat, typer.Option("--format", help="How to print.")] = DriftFormat.TEXT,
    accept: Annotated[
        str | None,
        typer.Option(metavar="FILE:LINE", help="A changed block whose cards are to say so."),
    ] = None,
    say: Annotated[str | None, typer.Option(help="What they say, in Chinese.")] = None,
) -> Status:
    """Compare two records block by block: what did another PyTorch change? Needs no torch."""
    from torchdeck.commands.drift import drift as print_drift

    if (accept is None) != (say is None):
        raise UsageError("--accept goes with --say: name the block, and what its cards say")
    accepted = None if accept is None or say is None else (accept, say)
    project = _project()
    with _writing(project, really=accepted is not None):
        return print_drift(project, before, after, form, accepted)


@_command()
def grid(
    form: Annotated[DriftFormat, typer.Option("--format", help="How to print.")] = DriftFormat.TEXT,
) -> Status:
    """Show what became of each question under every PyTorch there is a record of."""
    from torchdeck.commands.drift import grid as print_grid

    return print_grid(_project(), form)
