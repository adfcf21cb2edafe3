"""Files of a project that change as one: all of them or none, whatever ends the process.

A rollback journal, as databases keep one. `.torchdeck/` holds a list of the files, and the list's
name says what becomes of the change if its process is killed:

1. `discard`: beside each file come its new content and a copy of the old one. None is touched.
2. `restore`: the new contents take their places. From here on the old ones would go back.
3. `discard` again: everything is in its place, and what lies beside it is removed.

What fails without a kill, such as a rename that the system refuses, is undone the same way.
"""

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from torchdeck.durable import NEW_FILE_MODE, SUFFIX, store, sync
from torchdeck.findings import Finding, FindingsError, Location
from torchdeck.rules import Rule

FOLDER = ".torchdeck"

_UNTOUCHED = "nothing was changed"
_STUCK = "an interrupted change is not undone yet; mend this and try again"


@dataclass(frozen=True, slots=True)
class _File:
    """A file of a change, with digests of its contents; None stands for no file."""

    path: Path
    before: str | None
    after: str | None

    @property
    def new(self) -> Path:
        return self.path.with_name(f".{self.path.name}.new{SUFFIX}")

    @property
    def old(self) -> Path:
        return self.path.with_name(f".{self.path.name}.old{SUFFIX}")


class Journal:
    """Changes files of the project at a root folder; one process at a time (see `lock`)."""

    def __init__(self, root: Path) -> None:
        """Keep the list in a folder of its own below `root`; it comes and goes."""
        self._root = root.resolve()
        self._folder = self._root / FOLDER
        self._discard = self._folder / "discard"
        self._restore = self._folder / "restore"

    @property
    def is_open(self) -> bool:
        """Whether a change is on its way, or its process was killed."""
        return self._discard.exists() or self._restore.exists()

    def write(self, contents: Mapping[Path, bytes], remove: Iterable[Path] = ()) -> None:
        """Write each content to its path and remove the files in `remove`, as one change.

        Folders are made where needed, permissions of existing files kept. Writing to a link
        writes what it leads to; removing one removes only the link.

        Raises:
            FindingsError: A file cannot be written or removed, so nothing was changed.
        """
        wanted: dict[Path, bytes | None] = {}
        wanted |= {path.resolve(): content for path, content in contents.items()}
        wanted |= {path.parent.resolve() / path.name: None for path in remove}
        files = []
        for path, content in wanted.items():
            with self._naming(path, _UNTOUCHED):
                before = _digest_of(path)
            after = None if content is None else sha256(content).hexdigest()
            if before != after:
                files.append(_File(path, before, after))
        if not files:
            return
        try:
            self._prepare(files, wanted)
            self._replace(files)
        finally:
            self.recover()

    def recover(self) -> str:
        """Undo a change that was interrupted, or clear away what one left that was complete.

        Returns:
            A line that says so; an empty text if there was none.

        Raises:
            FindingsError: A file was edited since, or cannot be put back.
        """
        if not self.is_open:
            return ""
        if self._restore.exists():
            self._put_back(self._read(self._restore)[0])
        files, folders = self._read(self._discard)
        with self._naming(self._discard, _STUCK):
            is_complete = files and all(_digest_of(file.path) == file.after for file in files)
            for file in files:
                for beside in (file.new, file.old):
                    # A disk that is read-only refuses to remove even what is not there.
                    if beside.exists() or beside.is_symlink():
                        beside.unlink()
            for folder in reversed(folders):
                with suppress(OSError):  # of a complete change, and no more empty
                    folder.rmdir()
            self._discard.unlink()
            with suppress(OSError):  # the lock lies in it
                self._folder.rmdir()
        if is_complete:
            return f"an interrupted change was complete: {self._names(files)}"
        return f"an interrupted change was undone, so repeat its command: {self._names(files)}"

    def _prepare(self, files: Sequence[_File], wanted: Mapping[Path, bytes | None]) -> None:
        """Put the new contents and copies of the old ones beside the files."""
        folders = sorted({folder for file in files for folder in _missing(file.path.parent)})
        listed = {
            "files": [[self._name(file.path), file.before, file.after] for file in files],
            "folders": [self._name(folder) for folder in folders],
        }
        with self._naming(self._discard, _UNTOUCHED):
            self._folder.mkdir(parents=True, exist_ok=True)
            store(self._discard, json.dumps(listed).encode(), NEW_FILE_MODE)
            sync([self._root, self._folder])
        for file in files:
            content = wanted[file.path]
            with self._naming(file.path, _UNTOUCHED):
                file.path.parent.mkdir(parents=True, exist_ok=True)
                if content is None:
                    continue
                mode = NEW_FILE_MODE
                if file.before is not None:
                    mode = file.path.stat().st_mode
                    store(file.old, file.path.read_bytes(), mode)
                    shutil.copystat(file.path, file.old)
                store(file.new, content, mode)
        with self._naming(self._discard, _UNTOUCHED):
            sync({path.parent for path in (*folders, *(file.path for file in files))})

    def _replace(self, files: Sequence[_File]) -> None:
        """Let the new contents take their places; until that is on the disk it can be undone."""
        with self._naming(self._discard, _UNTOUCHED):
            self._discard.replace(self._restore)
            sync([self._folder])
        for file in files:
            with self._naming(file.path, _UNTOUCHED):
                if file.after is None:
                    file.path.replace(file.old)
                else:
                    file.new.replace(file.path)
        self._settle(files, _UNTOUCHED)

    def _put_back(self, files: Sequence[_File]) -> None:
        """Give each file its old content, as often as this is begun anew."""
        edited = [
            Finding(
                Location(self._name(file.path)),
                Rule.WRITE_INTERRUPTED,
                "was edited after a command that changed it was killed: put a copy elsewhere, move "
                f"{file.old.name} to its place (or delete it, if there is none) and try again",
            )
            for file in files
            if _digest_of(file.path) not in {file.before, file.after}
        ]
        if edited:
            raise FindingsError(edited)
        for file in files:
            with self._naming(file.path, _STUCK):
                if _digest_of(file.path) == file.before:
                    continue
                if file.before is None:
                    file.path.unlink()
                else:
                    file.old.replace(file.path)
        self._settle(files, _STUCK)

    def _settle(self, files: Sequence[_File], consequence: str) -> None:
        """Make sure of what was renamed; from now on what lies beside the files is of no use."""
        with self._naming(self._restore, consequence):
            sync({file.path.parent for file in files})
            self._restore.replace(self._discard)
            sync([self._folder])

    def _read(self, path: Path) -> tuple[list[_File], list[Path]]:
        """Return the files of a list, and the folders made for them."""
        try:
            listed = json.loads(path.read_bytes())
            files = [_File(self._root / name, *digests) for name, *digests in listed["files"]]
            return files, [self._root / name for name in listed["folders"]]
        except (ValueError, TypeError, KeyError) as error:
            if path == self._discard:
                return [], []  # killed while the list was written: nothing was begun
            message = f"is no list of files ({error}); compare with version control, remove it"
            raise FindingsError(
                [Finding(Location(self._name(path)), Rule.WRITE_INTERRUPTED, message)]
            ) from error

    @contextmanager
    def _naming(self, path: Path, consequence: str) -> Iterator[None]:
        """Turn an error of the system into a finding at `path`."""
        try:
            yield
        except OSError as error:
            message = f"{error.strerror or error}: {consequence}"
            raise FindingsError(
                [Finding(Location(self._name(path)), Rule.WRITE_FAILED, message)]
            ) from error

    def _names(self, files: Sequence[_File]) -> str:
        return ", ".join(self._name(file.path) for file in files) or "it had touched no file"

    def _name(self, path: Path) -> str:
        """Return `path` from the root on, if it lies below; as it is otherwise."""
        return path.relative_to(self._root).as_posix() if self._root in path.parents else str(path)


def _digest_of(path: Path) -> str | None:
    try:
        return sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return None


def _missing(folder: Path) -> list[Path]:
    """Return `folder` and those above it that do not exist yet."""
    return [path for path in (folder, *folder.parents) if not path.exists()]
