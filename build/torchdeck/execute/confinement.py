"""A block's process gives up what its guards say, for good. Standard library only."""

import os
import socket
import struct
from typing import Any

from torchdeck.execute import landlock

SIOCSIFFLAGS, IFF_UP, IFF_RUNNING = 0x8914, 0x1, 0x40  # of Linux' if.h


def confine(job: dict[str, Any]) -> None:
    """Put up the guards of `job`, which `session` describes.

    Raises:
        OSError: The system refuses one that it had when it was asked.
    """
    if job["own_network"]:
        _raise_loopback()
    if os.name == "posix":
        _limit("RLIMIT_CPU", int(job["cpu_time"]))
    if job["memory"] is not None:
        _limit("RLIMIT_AS", job["memory"])
    if job["file_size"] is not None:
        _limit("RLIMIT_FSIZE", job["file_size"])
    if job["readable"] is not None and job["writable"] is not None:
        landlock.restrict(job["readable"], job["writable"])


def _limit(name: str, limit: int) -> None:
    import resource  # not on Windows

    resource.setrlimit(getattr(resource, name), (limit, limit))


def _raise_loopback() -> None:
    """Bring up `lo`, which is down in a new network namespace; gloo and torchrun talk over it."""
    import fcntl  # not on Windows

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        request = struct.pack("16sh", b"lo", IFF_UP | IFF_RUNNING)
        fcntl.ioctl(handle, SIOCSIFFLAGS, request)
