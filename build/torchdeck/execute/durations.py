"""How long each file took last time: what the longest-first order goes by."""

import json
import math
from collections.abc import Mapping
from pathlib import Path

from torchdeck.execute.cache import cache_folder
from torchdeck.files import write_whole


class Durations:
    """Seconds by file name, in the user's cache folder."""

    def __init__(self, folder: Path | None = None) -> None:
        """Read what `folder`, or the place that the system has for caches, holds; or nothing."""
        self._path = (folder or cache_folder()) / "durations.json"
        self._seconds: dict[str, float] = {}
        try:
            kept = json.loads(self._path.read_text(encoding="utf-8"))
            self._seconds = {str(name): float(seconds) for name, seconds in kept.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return  # a first run, or a damaged file

    def expected(self, file: str) -> float:
        """Return the seconds that `file` took; an unknown one may be the longest of all."""
        return self._seconds.get(file, math.inf)

    def keep(self, seconds: Mapping[str, float]) -> None:
        """Remember what files took."""
        self._seconds |= seconds
        text = json.dumps(self._seconds, ensure_ascii=False, sort_keys=True)
        write_whole({self._path: text.encode()})
