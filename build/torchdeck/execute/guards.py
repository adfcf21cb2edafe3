"""What keeps a block from harm, and which of it this machine can enforce."""

import shutil
import subprocess
import sys
from dataclasses import dataclass, fields
from functools import cache

from torchdeck.execute import landlock
from torchdeck.execute.keys import Environment

# The process gets namespaces of its own: no network but its loopback, and no process outlives
# it, whatever session it has moved to. A shell is the first process in there, because signals
# that the first process sends itself are ignored.
_NAMESPACES = (
    "unshare",
    "--map-root-user",
    "--net",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
)
_FIRST_PROCESS = ("sh", "-c", '"$@"; exit $?', "sh")
# If this process is killed, so is what it started.
_WITH_PARENT = ("setpriv", "--pdeathsig", "KILL")


@dataclass(frozen=True, slots=True)
class Guards:
    """Which guards are enforced while blocks run.

    Attributes:
        network: Blocks reach nothing but their own loopback.
        files: Blocks read the interpreter, its packages and the system, and write only into
            their own temporary folder.
        processes: What a block started ends with it.
        memory: A process has a limit on its address space.
        time: A block has a limit on its wall time; what overruns it is killed.
        output: A block has a limit on what it prints, and on the size of its files.
        environment: Blocks see none of the caller's environment variables.
    """

    network: bool
    files: bool
    processes: bool
    memory: bool
    time: bool
    output: bool
    environment: bool

    def __str__(self) -> str:
        """Name the guards that are enforced, then those that are not."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        enforced = [name for name, value in values.items() if value]
        missing = [name for name, value in values.items() if not value]
        return f"enforced: {', '.join(enforced)}; not enforced: {', '.join(missing) or 'none'}"


def guards(where: Environment) -> Guards:
    """Return the guards of the plain subprocess form in the environment `where`."""
    is_linux = sys.platform == "linux"
    return Guards(
        network=_has_namespaces(),
        files=is_linux and landlock.version() > 0,
        processes=_has_namespaces(),
        # A CUDA build reserves far more address space than it uses.
        memory=is_linux and where.torch.endswith("+cpu"),
        time=True,
        output=sys.platform != "win32",
        environment=True,
    )


def command_prefix(enforced: Guards) -> tuple[str, ...]:
    """Return the words before a command that put it under the guards of namespaces."""
    if not enforced.network:
        return ()
    return (*_WITH_PARENT, *_NAMESPACES, *_FIRST_PROCESS)


@cache
def _has_namespaces() -> bool:
    """Try it: kernels, containers and policies differ in what they allow."""
    if sys.platform != "linux" or not all(map(shutil.which, ("unshare", "setpriv", "sh"))):
        return False
    command = [*_WITH_PARENT, *_NAMESPACES, "true"]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0
