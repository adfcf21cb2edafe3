"""Runs the real Anki in a process of its own and reads its report."""

import json
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from torchdeck.package.build import ALL, SUFFIX
from torchdeck.package.retired import RETIRED
from torchdeck.verify.report import Fault, Report
from torchdeck.verify.rules import Rule


class VerifierError(Exception):
    """Anki could not be run at all, so nothing is known about the packages."""


def verify(decks: Path, now: int, since: Sequence[Path] = ()) -> Report:
    """Verify every package in the folder `decks`; topic decks first, `all.apkg` over them.

    Args:
        decks: The folder.
        now: Seconds since 1970; no `mod` may lie behind it.
        since: Folders of older decks, from which learners come to these.

    Raises:
        VerifierError: There is no package, Anki is not installed, or its process broke down.
    """
    files = sorted(path.name for path in decks.glob(f"*{SUFFIX}"))
    files.sort(key=lambda file: (file == ALL, file == RETIRED))
    if not files:
        raise VerifierError(f"no package in {decks}; `torchdeck build` makes them")
    if find_spec("anki") is None:
        raise VerifierError("anki is missing; install the extra verify")
    for folder in (*since, *([decks] if since else [])):
        if not (folder / ALL).is_file():
            raise VerifierError(f"no {ALL} in {folder}")
    request = json.dumps(
        {"decks": str(decks), "files": files, "now": now, "since": list(map(str, since))}
    )
    process = subprocess.run(
        [sys.executable, "-m", "torchdeck.verify.collection"],
        input=request.encode(),
        capture_output=True,
        check=False,
    )
    if process.returncode:
        lines = process.stderr.decode("utf-8", "replace").strip().splitlines()
        last = lines[-1] if lines else f"status {process.returncode}"
        raise VerifierError(f"the process that runs Anki failed: {last}")
    data = json.loads(process.stdout)
    faults = tuple(
        Fault(fault["file"], Rule(fault["rule"]), fault["message"]) for fault in data["faults"]
    )
    return Report(faults, data["packages"], data["notes"], data["cards"], data["anki"])
