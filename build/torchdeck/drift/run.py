"""A record as a run that can be compared with another."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torchdeck.execute.results import Outcome
from torchdeck.read.data import read_json

CPU = "cpu"  # a device, and a build


class NoRecordError(Exception):
    """There is no such record, or the file is none."""


@dataclass(frozen=True, slots=True)
class RecordedBlock:
    """What became of a block.

    Attributes:
        key: Its code key.
        file: Path of its question file.
        line: Line of its fence when it ran.
        outcome: How it ended; whether its output is the accepted one is told by `stdout`.
        reason: Why, if it did not complete.
        warnings: Category and text of each.
        accepted: First digits of the digest of the output that was accepted then, or None.
        stdout: What it printed, unless that was the accepted output.
    """

    key: str
    file: str
    line: int
    outcome: Outcome
    reason: str
    warnings: tuple[str, ...]
    accepted: str | None
    stdout: str | None


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """All blocks that ran in one environment, by code key.

    Attributes:
        name: The record's name, such as `torch-2.13.0+cpu`.
        torch: Version and build.
        git: Revision of PyTorch's source.
        device: `cpu`, or the name of the accelerator.
        blocks: By code key.
    """

    name: str
    torch: str
    git: str
    device: str
    blocks: Mapping[str, RecordedBlock]

    @property
    def release(self) -> tuple[int, ...]:
        """The version as numbers, to put records in order."""
        return tuple(
            int(part) for part in self.torch.partition("+")[0].split(".") if part.isdigit()
        )

    @property
    def is_cpu_build(self) -> bool:
        """Whether its PyTorch was built without a device."""
        return self.torch.partition("+")[2] == CPU

    @classmethod
    def read(cls, path: Path) -> "RecordedRun":
        """Read the record at `path`.

        Raises:
            NoRecordError: The file is no record.
        """
        try:
            record = read_json(path)
            where = record["environment"]
            return cls(
                path.stem,
                str(where["build"]),
                str(where["git"]),
                str(where["device"]),
                {block.key: block for block in _blocks(record["blocks"])},
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise NoRecordError(f"{path} is no record: {error!r}") from error


def records_in(folder: Path) -> list[RecordedRun]:
    """Return all records in `folder`, older versions first.

    Raises:
        NoRecordError: A file is no record.
    """
    found = [RecordedRun.read(path) for path in sorted(folder.glob("*.json"))]
    return sorted(found, key=lambda run: (run.release, run.name))


def find(runs: list[RecordedRun], wanted: str) -> RecordedRun:
    """Return the record of the version, or with the name, `wanted`.

    Of a version that ran on CPU and on another device, that is the CPU's; the others have names.

    Raises:
        NoRecordError: There is none, or several have that version.
    """
    matches = [
        run
        for run in runs
        if wanted in {run.name, run.torch} or run.torch.partition("+")[0] == wanted
    ]
    if len(matches) > 1:
        matches = [run for run in matches if run.device == CPU] or matches
    if len(matches) != 1:
        names = ", ".join(run.name for run in matches or runs) or "none"
        what = "several records are of" if matches else "no record is of"
        raise NoRecordError(f"{what} {wanted}; there are: {names}")
    return matches[0]


def _blocks(entries: Mapping[str, Mapping[str, Any]]) -> Iterator[RecordedBlock]:
    for key, entry in entries.items():
        yield RecordedBlock(
            key,
            str(entry["file"]),
            int(entry["line"]),
            Outcome(entry["outcome"]),
            str(entry.get("reason", "")),
            tuple(map(str, entry.get("warnings", ()))),
            entry.get("accepted"),
            entry.get("stdout"),
        )
