"""Where a block's process runs, and how it is kept apart from the others."""

import os
from enum import StrEnum


class Workplace(StrEnum):
    """Which machines run processes."""

    LOCAL = "local"
    DASK = "dask"


class Isolation(StrEnum):
    """How the process that runs a file's blocks comes to be."""

    FORK = "fork"
    SPAWN = "spawn"

    @classmethod
    def quickest(cls, processes: int) -> "Isolation":
        """Return the quickest form that works here; a single one needs no server."""
        return cls.FORK if processes > 1 and can_fork() else cls.SPAWN


def can_fork() -> bool:
    """Tell whether this system has what the forking form needs: Linux 5.3 or newer."""
    return hasattr(os, "pidfd_open")
