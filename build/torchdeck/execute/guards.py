"""What keeps a block from harm, and which of it this machine can enforce."""

import shutil
import site
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, astuple, dataclass, fields
from enum import StrEnum
from functools import cache
from pathlib import Path

from torchdeck.execute import landlock
from torchdeck.execute.keys import Environment

# The process gets namespaces of its own: no network but its loopback, no memory that is shared by
# number, and no process outlives it, whatever session it has moved to. A shell is the first
# process in there, because signals that the first process sends itself are ignored.
_NAMESPACES = (
    "unshare",
    "--map-root-user",
    "--net",
    "--ipc",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
)
# Shared memory is its own too: workers need to write there. Nothing lies in /run, where services
# listen that would start a program, or a container, outside of all this.
_FIRST_PROCESS = (
    "sh",
    "-c",
    'mount -t tmpfs tmpfs /dev/shm && mount -t tmpfs tmpfs /run && "$@"; exit $?',
    "sh",
)
# If this process is killed, so is what it started.
_WITH_PARENT = ("setpriv", "--pdeathsig", "KILL")

# What Landlock lets a block read: the interpreter, its packages, this package, and the system's
# programs, libraries and facts; nothing of anybody's home but where the interpreter lies in one,
# and no device that somebody types, speaks or stores into.
READABLE = [
    *dict.fromkeys([sys.prefix, sys.base_prefix, *site.getsitepackages()]),
    str(Path(__file__).parent.parent),
    *("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/proc", "/sys"),
    *("/dev/random", "/dev/urandom"),
    *(
        f"/etc/{name}"
        for name in (
            *("alternatives", "fonts", "group", "host.conf", "hosts", "ld.so.cache", "ld.so.conf"),
            *("ld.so.conf.d", "localtime", "mime.types", "nsswitch.conf", "os-release", "passwd"),
            *("protocols", "resolv.conf", "services", "ssl", "timezone"),
        )
    ),
]
# What it may write beside its own folder: shared memory of workers, and devices without content.
WRITABLE = [
    *("/dev/full", "/dev/null", "/dev/shm", "/dev/zero"),  # noqa: S108  # not a place of ours
    *map(str, Path("/dev").glob("nvidia*")),
]


class MemoryGuard(StrEnum):
    """How the memory of blocks is limited."""

    ADDRESS_SPACE = "address space"
    RESIDENT_SIZE = "resident size of all processes"
    NONE = ""


@dataclass(frozen=True, slots=True)
class Guards:
    """Which guards are enforced while blocks run.

    Attributes:
        network: Blocks reach no address but their own loopback, and no socket in /run; sockets
            elsewhere in the file system are not covered.
        files: Blocks read the interpreter, its packages and the system, and write only into
            their own temporary folder; modes and times of files that their user owns are not
            covered.
        processes: What a block started ends with it.
        memory: How the memory of a process has a limit.
        time: A block has a limit on its wall time, a process on its processor time; what
            overruns it is killed.
        output: A block has a limit on what it prints, and on the size of its files.
        environment: Blocks see nothing of the caller's environment but `keys.PASSED_ON`.
    """

    network: bool
    files: bool
    processes: bool
    memory: MemoryGuard
    time: bool
    output: bool
    environment: bool

    @property
    def missing(self) -> list[str]:
        """Names of the guards that this machine does not enforce."""
        return [field.name for field in fields(self) if not getattr(self, field.name)]

    def __str__(self) -> str:
        """Name the guards that are enforced, then those that are not."""
        enforced = [
            f"{name} ({value})" if isinstance(value, str) else name
            for name, value in asdict(self).items()
            if value
        ]
        missing = ", ".join(self.missing) or "none"
        return f"enforced: {', '.join(enforced)}; not enforced: {missing}"


def weakest(found: Iterable[Guards]) -> Guards:
    """Return the guards that hold on every machine of those `found`."""
    # Of two ways to limit memory either holds, but none, which is empty, comes first.
    columns = zip(*map(astuple, found), strict=True)
    return Guards(*map(min, columns))


def guards(where: Environment) -> Guards:
    """Return the guards of the plain subprocess form in the environment `where`."""
    is_linux = sys.platform == "linux"
    return Guards(
        network=_has_namespaces(),
        files=is_linux and landlock.version() > 0,
        processes=_has_namespaces(),
        memory=_memory_guard(where) if is_linux else MemoryGuard.NONE,
        time=True,
        output=sys.platform != "win32",
        environment=True,
    )


def _memory_guard(where: Environment) -> MemoryGuard:
    # A CUDA build reserves far more address space than it uses.
    is_cpu_build = where.torch.endswith("+cpu")
    return MemoryGuard.ADDRESS_SPACE if is_cpu_build else MemoryGuard.RESIDENT_SIZE


def command_prefix(enforced: Guards) -> tuple[str, ...]:
    """Return the words before a command that put it under the guards of namespaces."""
    if not enforced.network:
        return ()
    return (*_WITH_PARENT, *_NAMESPACES, *_FIRST_PROCESS)


@cache
def _has_namespaces() -> bool:
    """Try it: kernels, containers and policies differ in what they allow.

    What blocks need must not lie in /run itself.
    """
    if sys.platform != "linux" or not all(map(shutil.which, ("unshare", "setpriv", "sh"))):
        return False
    needed = ("test", "-x", sys.executable, "-a", "-d", tempfile.gettempdir())
    command = [*_WITH_PARENT, *_NAMESPACES, *_FIRST_PROCESS, *needed]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0
