"""What ran elsewhere: committed results of other environments, above all of GPUs.

A record is a JSON file in `content/records/`: `environment` (an object with `python`, `torch`
and `device`), `recorded` (a date), and `blocks`, which maps a block's code key to its `outcome`
and `stdout`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from torchdeck.execute.results import COMPLETED, Outcome
from torchdeck.findings import Finding, FindingsError, Location
from torchdeck.rules import Rule


@dataclass(frozen=True, slots=True)
class RecordedResult:
    """One block's result in one environment.

    Attributes:
        outcome: `ok` or `raised`.
        stdout: What the block printed.
        torch: Version and build of the PyTorch.
        device: Name of the device.
        recorded: ISO date of the run.
    """

    outcome: Outcome
    stdout: str
    torch: str
    device: str
    recorded: str


class Records:
    """All records of a project."""

    def __init__(self, results: dict[str, RecordedResult] | None = None) -> None:
        """Keep `results`, the newest by code key."""
        self._results = results or {}

    def newest(self, code_key: str) -> RecordedResult | None:
        """Return the newest completed result of exactly this code, or None."""
        return self._results.get(code_key)

    @classmethod
    def read(cls, folder: Path, name: str) -> "Records":
        """Read all records in `folder`, which findings call `name`.

        Raises:
            FindingsError: A file is no record.
        """
        results: dict[str, RecordedResult] = {}
        findings: list[Finding] = []
        for path in sorted(folder.glob("*.json")):
            try:
                found = _read(path)
            except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
                findings.append(
                    Finding(
                        Location(f"{name}/{path.name}"), Rule.RECORD, f"is no record: {error!r}"
                    )
                )
                continue
            for key, result in found:
                if key not in results or results[key].recorded <= result.recorded:
                    results[key] = result
        if findings:
            raise FindingsError(findings)
        return cls(results)


def _read(path: Path) -> Sequence[tuple[str, RecordedResult]]:
    record = json.loads(path.read_text(encoding="utf-8"))
    where = record["environment"]
    results = []
    for key, block in record["blocks"].items():
        outcome = Outcome(block["outcome"])
        if outcome in COMPLETED:
            results.append(
                (
                    key,
                    RecordedResult(
                        outcome,
                        str(block["stdout"]),
                        str(where["torch"]),
                        str(where["device"]),
                        str(record["recorded"]),
                    ),
                )
            )
    return results
