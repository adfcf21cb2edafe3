"""How a block's process is kept apart from the others."""

import os
from enum import StrEnum


class Isolation(StrEnum):
    """How the process that runs a file's blocks comes to be."""

    FORK = "fork"
    SPAWN = "spawn"

    @classmethod
    def of_this_system(cls) -> "Isolation":
        """Return the quickest form that works here."""
        return cls.FORK if hasattr(os, "pidfd_open") else cls.SPAWN
