"""The folder of the packages; what they hold is remembered, since reading one takes a while."""

import hashlib
import json
from pathlib import Path

from torchdeck.execute.cache import cache_folder
from torchdeck.files import write_whole
from torchdeck.package.payload import PackageContents, PackageError, contents_of

FILE = "packages.json"


class DeckFolder:
    """A folder of packages.

    Remembers, in the user's cache folder, what packages hold by the SHA-256 of their bytes and by
    that of all they are made from. Both say all that the contents depend on, so nothing that is
    remembered can be out of date.

    Attributes:
        path: The folder.
    """

    def __init__(self, path: Path, cache: Path | None = None) -> None:
        """Use `cache`, or the place that the operating system has for caches."""
        self.path = path
        self._file = (cache or cache_folder()) / FILE
        self._before = self._read()
        self._now: dict[str, PackageContents] = {}

    def content(self, name: str) -> bytes | None:
        """Return the bytes of the file `name`; None if there is none."""
        path = self.path / name
        return path.read_bytes() if path.is_file() else None

    def held_by(self, package: bytes) -> PackageContents | None:
        """Return what `package` holds; None if it is no package."""
        key = hashlib.sha256(package).hexdigest()
        contents = self.known(key)
        if contents is None:
            try:
                contents = contents_of(package)
            except PackageError:
                return None
        self.remember(key, contents)
        return contents

    def known(self, key: str) -> PackageContents | None:
        """Return what is remembered under `key`."""
        return self._now.get(key) or self._before.get(key)

    def remember(self, key: str, contents: PackageContents) -> None:
        """Remember `contents` under `key`."""
        self._now[key] = contents

    def save(self) -> None:
        """Keep what was needed since the start, and nothing else, for the next time."""
        kept = {key: [contents.digest, contents.cards] for key, contents in self._now.items()}
        write_whole({self._file: json.dumps(kept).encode()})

    def _read(self) -> dict[str, PackageContents]:
        try:
            kept = json.loads(self._file.read_bytes())
            return {key: PackageContents(str(kept[key][0]), int(kept[key][1])) for key in kept}
        except (OSError, ValueError, KeyError, TypeError, IndexError):
            return {}
