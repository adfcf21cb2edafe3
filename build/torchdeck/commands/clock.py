"""The time that changed notes get."""

import os
import time

from torchdeck.commands.status import UsageError


def now() -> int:
    """Return seconds since 1970: those of SOURCE_DATE_EPOCH, or the clock's.

    Raises:
        UsageError: SOURCE_DATE_EPOCH is no number, or a time to come: until then Anki would take
            every later update for an old one.
    """
    clock = int(time.time())
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if epoch is None:
        return clock
    if not epoch.isdecimal():
        raise UsageError(f"SOURCE_DATE_EPOCH={epoch} is not a number of seconds")
    if int(epoch) > clock:
        raise UsageError(f"SOURCE_DATE_EPOCH={epoch} lies in the future of {clock}")
    return int(epoch)
