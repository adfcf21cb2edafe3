"""Keeps a run as a record; `records` says what is in one."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from torchdeck.execute.compare import normalise
from torchdeck.execute.guards import Guards
from torchdeck.execute.keys import Environment, keyed_blocks
from torchdeck.execute.probe import Machine
from torchdeck.execute.report import FileReport
from torchdeck.execute.results import COMPLETED, Origin, Outcome, RunResult, Warned
from torchdeck.read.data import read_json

DIGEST_LENGTH = 16  # hexadecimal digits of the digest of an accepted output


@dataclass(frozen=True, slots=True)
class Recording:
    """A run that is to be kept.

    Attributes:
        where: The environment; its packages are those of all files.
        machine: What PyTorch says of the machine.
        guards: What was enforced.
        warnings: Those of importing torch in the server.
        recorded: ISO date.
        files: What became of the files.
    """

    where: Environment
    machine: Machine
    guards: Guards
    warnings: Sequence[Warned]
    recorded: str
    files: Sequence[FileReport]

    @property
    def name(self) -> str:
        """The file's name, after the environment."""
        device = (self.machine.device or "").lower().replace("nvidia", "").split()
        return "-".join(["torch", self.where.torch, *device]) + ".json"

    def on_top_of(self, path: Path, *, whole: bool) -> bytes:
        """Return the record as the file at `path` is to hold it.

        What that holds of other files stays unless this is the `whole` content. All of it, and with
        it the date, stays if nothing else changed.

        Raises:
            ValueError: The file that is there is no record.
        """
        old = read_json(path) if path.exists() else None
        blocks = {key: entry for file in self.files for key, entry in _entries(file)}
        if old is not None and not whole:
            ran = {file.script.file for file in self.files}
            kept = {key: entry for key, entry in old["blocks"].items() if entry["file"] not in ran}
            blocks = kept | blocks
        record = self._header() | {"blocks": blocks}
        if old is not None and old | {"recorded": ""} == record | {"recorded": ""}:
            return path.read_bytes()
        return _serialize(record)

    def _header(self) -> dict[str, Any]:
        return {
            "environment": {
                "python": self.where.python,
                "machine": self.where.machine,
                "torch": self.where.torch,
                "build": self.machine.build,
                "git": self.machine.git,
                "capability": self.machine.capability,
                "device": self.machine.device or "cpu",
                "driver": self.machine.driver,
                "packages": dict(self.where.packages),
            },
            "guards": asdict(self.guards),
            "warnings": sorted(f"{told.category}: {told.text}" for told in self.warnings),
            "recorded": self.recorded,
        }


def spelled_out(folder: Path, replaced: Mapping[str, str]) -> dict[Path, bytes]:
    """Return the records in `folder` that called an output the accepted one, with it in words.

    Once another output is accepted, nothing else would tell what was printed.

    Args:
        folder: Where the records are.
        replaced: Outputs that are about to lose their place, by code key.

    Raises:
        ValueError: A file is no record.
    """
    contents = {}
    for path in folder.glob("*.json"):
        record = json.loads(path.read_text(encoding="utf-8"))
        entries = {key: record["blocks"][key] for key in replaced if key in record["blocks"]}
        hidden = {
            key: entry
            for key, entry in entries.items()
            if "stdout" not in entry and entry.get("accepted") == digest(replaced[key])
        }
        for key, entry in hidden.items():
            entry["stdout"] = f"{replaced[key]}\n"
        if hidden:
            contents[path] = _serialize(record)
    return contents


def _serialize(record: Mapping[str, Any]) -> bytes:
    return (json.dumps(record, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def _entries(file: FileReport) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the code key and the entry of each block of `file` that was to run here."""
    results = {result.block.location.line: result for result in file.results}
    for _, block, key in keyed_blocks(file.script):
        result = results[block.location.line]
        if result.origin is not Origin.RECORD:
            yield key, _entry(file.script.file, result)


def _entry(file: str, result: RunResult) -> dict[str, Any]:
    line = result.block.location.line
    entry: dict[str, Any] = {"file": file, "line": line, "outcome": _outcome(result)}
    if entry["outcome"] not in COMPLETED:
        entry["reason"] = result.reason
    if result.warnings:
        entry["warnings"] = [f"{told.category}: {told.text}" for told in result.warnings]
    accepted = result.block.output.text if result.block.output else None
    # A record is the only proof of what a device printed, so that is always kept.
    if entry["outcome"] in COMPLETED and accepted is not None and result.block.words.device is None:
        entry["accepted"] = digest(accepted)
    if result.stdout and not ("accepted" in entry and _is_accepted(result)):
        entry["stdout"] = result.stdout
    return entry


def _is_accepted(result: RunResult) -> bool:
    """Tell whether nothing but the accepted output was printed; its shape, if that is unstable."""
    if result.block.words.unstable is not None:
        return result.outcome is not Outcome.OUTPUT_CHANGED
    accepted = result.block.output
    return accepted is not None and normalise(accepted.text) == normalise(result.stdout)


def _outcome(result: RunResult) -> Outcome:
    """Return how the code ended; whether its output is the accepted one is told apart."""
    if result.outcome is not Outcome.OUTPUT_CHANGED:
        return result.outcome
    return Outcome.RAISED if result.block.words.raises else Outcome.OK


def digest(output: str) -> str:
    """Return the digits that stand for an accepted output."""
    return hashlib.sha256(output.encode()).hexdigest()[:DIGEST_LENGTH]
