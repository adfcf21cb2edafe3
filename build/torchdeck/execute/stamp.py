"""Remembers a run that found nothing, so that the same run need not even read the files again."""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import torchdeck
from torchdeck.execute.cache import cache_folder
from torchdeck.execute.keys import MissingPackageError, environment, installed_version
from torchdeck.files import write_whole


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a run without findings printed.

    Attributes:
        digest: That of all its inputs.
        packages: Versions of the distributions that the files require.
        lines: A line for each file.
        not_verified: A line for each block that could not be executed.
        summary: The counts.
    """

    digest: str
    packages: Mapping[str, str]
    lines: tuple[str, ...]
    not_verified: tuple[str, ...]
    summary: str

    def holds(self, digest: str) -> bool:
        """Tell whether the same run would find the same now."""
        try:
            installed = {name: installed_version(name) for name in self.packages}
        except MissingPackageError:
            return False
        return self.digest == digest and installed == self.packages


class Stamps:
    """One stamp for each set of files, in the user's cache folder."""

    def __init__(self, folder: Path | None = None) -> None:
        """Use `folder`, or the place that the operating system has for caches."""
        self._folder = (folder or cache_folder()) / "stamps"

    def get(self, files: Iterable[Path]) -> Stamp | None:
        """Return the stamp of the last run of exactly `files`; a damaged one counts as none."""
        try:
            kept = json.loads(self._path(files).read_text(encoding="utf-8"))
            lines, not_verified = tuple(kept.pop("lines")), tuple(kept.pop("not_verified"))
            return Stamp(**kept, lines=lines, not_verified=not_verified)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def put(self, files: Iterable[Path], stamp: Stamp) -> None:
        """Keep `stamp` as that of `files`."""
        write_whole({self._path(files): json.dumps(asdict(stamp), ensure_ascii=False).encode()})

    def _path(self, files: Iterable[Path]) -> Path:
        names = hashlib.sha256(b"\0".join(map(os.fsencode, files)))
        return self._folder / f"{names.hexdigest()}.json"


def digest_of(inputs: Iterable[Path]) -> str:
    """Return the digest of all that a run depends on but the packages that files require.

    An input that cannot be read counts as empty: reading it tells what is wrong.

    Raises:
        MissingPackageError: torch is not installed.
    """
    devices = sorted(path.name for path in Path("/dev").glob("nvidia*"))
    digest = hashlib.sha256(json.dumps([asdict(environment(())), devices]).encode())
    digest.update(program_digest().encode())
    for path in inputs:
        digest.update(b"\0%b\0" % os.fsencode(path))
        with suppress(OSError):
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


@cache
def program_digest() -> str:
    """Return the digest of this program's own source."""
    digest = hashlib.sha256()
    for path in sorted(Path(torchdeck.__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
