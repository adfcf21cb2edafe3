"""Writing files so that a reader, or a crash, finds the old or the new one, never a half."""

import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

NEW_FILE_MODE = 0o644  # temporary files are private to their owner


def write_whole(contents: Mapping[Path, bytes]) -> None:
    """Write each content beside its path, then rename all of them into place in their order.

    Folders are made where needed, permissions of existing files kept. If a content cannot be
    written (a full disk), no path is touched.

    Raises:
        OSError: A file cannot be written.
    """
    prepared: dict[Path, Path] = {}
    try:
        for path, content in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(
                dir=path.parent, prefix=f".{path.name}.", suffix=".tmp"
            )
            prepared[path] = Path(temporary)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            mode = path.stat().st_mode if path.exists() else NEW_FILE_MODE
            prepared[path].chmod(mode)
        for path, written in prepared.items():
            written.replace(path)
    finally:
        for written in prepared.values():
            with suppress(FileNotFoundError):
                written.unlink()
