"""How a command ends."""

from enum import IntEnum


class Status(IntEnum):
    """Exit status of every command."""

    FINE = 0
    FINDINGS = 1
    USAGE = 2
    INTERRUPTED = 130  # as shells report a process ended by SIGINT


class UsageError(Exception):
    """The command cannot do what its parameters or its surroundings ask for."""
