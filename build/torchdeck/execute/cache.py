"""Results of this machine, in the user's cache folder: never in the tree."""

import dataclasses
import json
from pathlib import Path

from platformdirs import user_cache_path

from torchdeck.execute.results import COMPLETED, Origin, Outcome, RunResult, Warned
from torchdeck.files import write_whole
from torchdeck.read.question import CodeBlock


def cache_folder() -> Path:
    """Return the place that the operating system has for this program's caches."""
    return user_cache_path("torchdeck", appauthor=False)


class ResultCache:
    """Keeps completed results by key; a result that failed is never kept."""

    def __init__(self, folder: Path | None = None) -> None:
        """Use `folder`, or the place that the operating system has for caches."""
        self._folder = (folder or cache_folder()) / "results"

    def get(self, key: str, block: CodeBlock) -> RunResult | None:
        """Return the result of `block` under `key`; a damaged entry counts as none."""
        try:
            kept = json.loads(self._path(key).read_text(encoding="utf-8"))
            return RunResult(
                block,
                Outcome(kept["outcome"]),
                stdout=kept["stdout"],
                line=block.location.line,
                # Lines are kept relative to the fence: text above a block may grow.
                warnings=tuple(
                    Warned(warned["category"], warned["text"], warned["line"] + block.location.line)
                    for warned in kept["warnings"]
                ),
                seconds=kept["seconds"],
                figure=kept["figure"],
                origin=Origin.CACHE,
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def put(self, key: str, result: RunResult) -> None:
        """Keep `result` if it completed; the file appears whole or not at all."""
        if result.outcome not in COMPLETED:
            return
        kept = {
            "outcome": result.outcome,
            "stdout": result.stdout,
            "warnings": [
                dataclasses.asdict(warned) | {"line": warned.line - result.block.location.line}
                for warned in result.warnings
            ],
            "seconds": result.seconds,
            "figure": result.figure,
        }
        text = json.dumps(kept, ensure_ascii=False)
        write_whole({self._path(key): text.encode()})

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key[2:]}.json"
