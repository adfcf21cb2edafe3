"""What ran elsewhere: committed results of other environments, above all of GPUs.

A record is a JSON file in `content/records/`, written by `run --record` (`recording`):

- `environment`: `python`, `machine`, `torch`, its `build` and `git` revision, the `capability` of
  its CPU kernels, `device` and `driver`, `packages` (versions by name);
- `guards`: what was enforced; `recorded`: a date; `warnings`: those of importing torch;
- `blocks`: by code key an object with `file`, `line`, `outcome`, and where there is something to
  say `reason`, `warnings`, `accepted` (the first digits of the accepted output's digest), and
  `stdout` (raw, where it is not the accepted output).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torchdeck.execute.results import COMPLETED, Outcome
from torchdeck.findings import Finding, FindingsError, Location
from torchdeck.read.data import read_json
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
    """The newest results of blocks that ran elsewhere."""

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
                found = list(_results(read_json(path)))
            except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
                place = Location(f"{name}/{path.name}")
                findings.append(Finding(place, Rule.RECORD, f"is no record: {error!r}"))
                continue
            for key, result in found:
                if key not in results or results[key].recorded <= result.recorded:
                    results[key] = result
        if findings:
            raise FindingsError(findings)
        return cls(results)


def _results(record: Mapping[str, Any]) -> Iterable[tuple[str, RecordedResult]]:
    where = record["environment"]
    for key, block in record["blocks"].items():
        outcome = Outcome(block["outcome"])
        if outcome in COMPLETED and "accepted" not in block:
            yield (
                key,
                RecordedResult(
                    outcome,
                    str(block.get("stdout", "")),
                    str(where["torch"]),
                    str(where["device"]),
                    str(record["recorded"]),
                ),
            )
