"""Runs the real Anki in a process of its own and reads its report."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from torchdeck.package.build import ALL, SUFFIX
from torchdeck.package.retired import FILE as RETIRED
from torchdeck.verify.report import Fault, Report
from torchdeck.verify.rules import Rule


class VerifierError(Exception):
    """Anki could not be run at all, so nothing is known about the packages."""


def verify(decks: Path, now: int) -> Report:
    """Verify every package in the folder `decks`; topic decks first, `all.apkg` over them.

    Raises:
        VerifierError: There is no package, Anki is not installed, or its process broke down.
    """
    files = sorted(path.name for path in decks.glob(f"*{SUFFIX}"))
    files.sort(key=lambda file: (file == ALL, file == RETIRED))
    if not files:
        raise VerifierError(f"no package in {decks}; `torchdeck build` makes them")
    if find_spec("anki") is None:
        raise VerifierError("anki is missing; install the extra verify")
    request = json.dumps({"decks": str(decks), "files": files, "now": now})
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
