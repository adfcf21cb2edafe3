"""What keeps a block from harm, and which of it this machine can enforce."""

import sys
from dataclasses import dataclass

from torchdeck.execute.keys import Environment


@dataclass(frozen=True, slots=True)
class Guards:
    """Which guards are enforced while blocks run.

    Attributes:
        network: Blocks reach no other machine.
        files: Blocks read and write only what they need.
        memory: A process has a limit on its address space.
        time: A block has a limit on its wall time; what overruns it is killed.
        environment: Blocks see none of the caller's environment variables.
    """

    network: bool
    files: bool
    memory: bool
    time: bool
    environment: bool

    def __str__(self) -> str:
        """Name the guards that are enforced, then those that are not."""
        names = ("network", "files", "memory", "time", "environment")
        enforced = [name for name in names if getattr(self, name)]
        missing = [name for name in names if not getattr(self, name)]
        return f"enforced: {', '.join(enforced)}; not enforced: {', '.join(missing) or 'none'}"


def guards(where: Environment) -> Guards:
    """Return the guards of the plain subprocess form in the environment `where`."""
    return Guards(
        network=False,
        files=False,
        # A CUDA build reserves far more address space than it uses.
        memory=sys.platform == "linux" and where.torch.endswith("+cpu"),
        time=True,
        environment=True,
    )
