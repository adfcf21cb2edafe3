"""A project before a command touches it: whole, and with one writer."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from torchdeck.commands.console import ERR
from torchdeck.commands.status import UsageError
from torchdeck.lock import LockedError, locked
from torchdeck.project import Project


@contextmanager
def writing(project: Project) -> Iterator[None]:
    """Let a command write into `project`, behind whatever a killed one left.

    Raises:
        FindingsError: What a killed command left cannot be undone.
        UsageError: Another command is writing; the message names it.
    """
    try:
        with locked(project.root):
            _recover(project)
            yield
    except LockedError as error:
        raise UsageError(str(error)) from error


def settle(project: Project) -> None:
    """Undo what a killed command left; one that lives is about to finish by itself.

    Raises:
        FindingsError: It cannot be undone.
    """
    with suppress(LockedError), locked(project.root):
        _recover(project)


def _recover(project: Project) -> None:
    if told := project.journal.recover():
        ERR.print(told)
