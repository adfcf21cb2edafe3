"""`torchdeck verify`."""

import time
from collections.abc import Sequence
from pathlib import Path

from torchdeck.commands.console import OUT, plural
from torchdeck.commands.status import Status, UsageError
from torchdeck.findings import Finding, Location
from torchdeck.verify.verifier import VerifierError
from torchdeck.verify.verifier import verify as verify_decks


def verify(decks: Path, since: Sequence[Path]) -> Status:
    """Verify the packages in the folder `decks` and print what is wrong with them.

    Args:
        decks: The folder.
        since: Folders of older decks, from which learners come to these.

    Raises:
        UsageError: There is nothing to verify, or Anki cannot be run.
    """
    try:
        report = verify_decks(decks, int(time.time()), since)
    except VerifierError as error:
        raise UsageError(str(error)) from error
    for fault in report.faults:
        place = Location(f"{decks.name}/{fault.file}" if fault.file else decks.name)
        OUT.print(str(Finding(place, fault.rule, fault.message)))
    for older in since:
        OUT.print(f"verify: five learners came from {older}")
    OUT.print(
        f"verify: Anki {report.anki}: {plural(report.packages, 'package')}, "
        f"{plural(report.notes, 'note')}, {plural(report.cards, 'card')}, "
        f"{plural(len(report.faults), 'finding')}"
    )
    return Status.FINDINGS if report.faults else Status.FINE
