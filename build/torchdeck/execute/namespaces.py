"""Linux' namespaces, for the next child or for the calling process. Standard library only.

The numbers are those of the kernel's `sched.h` and `prctl.h`; Python knows these calls from 3.12
on only.
"""

import ctypes
import os
import signal

_NEW_MOUNTS, _NEW_IPC, _NEW_PROCESSES, _NEW_NETWORK = (
    0x00020000,
    0x08000000,
    0x20000000,
    0x40000000,
)
_PARENT_DEATH_SIGNAL = 1  # of prctl
_SIGNAL_BASE = 128  # the first process passes a signal on as this plus its number


class ChildNamespaces:
    """Gives each child that the calling process forks namespaces of its own."""

    def __init__(self) -> None:
        """Remember the process namespace of the caller, to which every child's one is new."""
        self._own = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)

    def close(self) -> None:
        """Forget the caller's namespace."""
        os.close(self._own)

    def renew(self) -> None:
        """Let the next child be the first process of new namespaces.

        They are those of processes, of the network, and of memory shared by number.

        Raises:
            OSError: The kernel refuses.
        """
        # A process that has children in a new namespace gets another only from its own one.
        _call("setns", self._own, _NEW_PROCESSES)
        _call("unshare", _NEW_PROCESSES | _NEW_NETWORK | _NEW_IPC)


def mount_own_views() -> None:
    """Give the calling process a `/proc` of its namespace and shared memory of its own.

    Raises:
        OSError: The kernel refuses.
    """
    _call("unshare", _NEW_MOUNTS)
    _call("mount", b"proc", b"/proc", b"proc", 0, None)
    _call("mount", b"tmpfs", b"/dev/shm", b"tmpfs", 0, None)  # not a file of ours


def die_with_parent() -> None:
    """Let the kernel kill the calling process when its parent ends.

    Raises:
        OSError: The kernel refuses.
    """
    _call("prctl", _PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)


def passed_on(code: int) -> int:
    """Return the status with which a first process tells how the one that it ran ended.

    Args:
        code: As `os.waitstatus_to_exitcode` has it: negative for a signal.
    """
    return code if code >= 0 else _SIGNAL_BASE - code


def told_by_first(status: int) -> int:
    """Return the code that a first process, or a shell in its place, passed on as `status`."""
    is_signal = status - _SIGNAL_BASE in set(signal.Signals)
    return _SIGNAL_BASE - status if is_signal else status


def _call(name: str, *arguments: object) -> None:
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
