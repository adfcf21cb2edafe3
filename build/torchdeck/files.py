"""Writing files so that a reader, or a crash, finds the old or the new one, never a half."""

import errno
import os
import platform
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

import psutil

from torchdeck.durable import NEW_FILE_MODE, SUFFIX


def write_whole(contents: Mapping[Path, bytes]) -> None:
    """Write each content beside its path, then rename all of them into place in their order.

    For caches and reports, which several processes may write at once; files of the project go
    through its `Journal`. Folders are made where needed, permissions of existing files kept. If a
    content cannot be written (a full disk), no path is touched.

    Raises:
        OSError: A file cannot be written; it is named.
    """
    prepared: dict[Path, Path] = {}
    try:
        for path, content in contents.items():
            target = path.resolve()  # a link stays, and leads to the new content
            if target.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                _sweep(target.parent)
                handle, temporary = tempfile.mkstemp(
                    dir=target.parent, prefix=f".{target.name}.", suffix=_owned()
                )
                prepared[target] = Path(temporary)
                with os.fdopen(handle, "wb") as file:
                    file.write(content)
                mode = target.stat().st_mode if target.exists() else NEW_FILE_MODE
                prepared[target].chmod(mode)
            except OSError as error:
                raise OSError(error.errno, error.strerror, str(path)) from error
        for target, written in prepared.items():
            written.replace(target)
    finally:
        for written in prepared.values():
            with suppress(FileNotFoundError):
                written.unlink()


def _owned() -> str:
    """Return how names of files end that this process is writing."""
    return f".{_node()}.{os.getpid()}{SUFFIX}"


def _node() -> str:
    return platform.node().replace(".", "-")


@cache
def _sweep(folder: Path) -> None:
    """Remove what processes of this machine left in `folder` that were killed while writing.

    Once a process: a cache may have thousands of files.
    """
    for path in folder.glob(f".*{SUFFIX}"):
        name, _, process = path.name.removesuffix(SUFFIX).rpartition(".")
        if not process.isdecimal() or not name.endswith(f".{_node()}"):
            continue
        if not psutil.pid_exists(int(process)):
            path.unlink(missing_ok=True)
