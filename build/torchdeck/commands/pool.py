"""The workers that a run is given, and what a person is told about them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from torchdeck.commands.console import OUT, plural
from torchdeck.commands.status import UsageError
from torchdeck.execute.pool import Pool, PoolError
from torchdeck.execute.script import Script


@contextmanager
def pool(scheduler: str | None, scripts: Sequence[Script]) -> Iterator[Pool | None]:
    """Connect to the Dask cluster at the address `scheduler`; None stays on this machine.

    Raises:
        MissingPackageError: torch is not installed here.
        UsageError: The cluster cannot run `scripts` as this machine would, or has gone.
    """
    if scheduler is None:
        yield None
        return
    from torchdeck.execute.cluster import connect  # noqa: PLC0415  # needs an extra

    try:
        with connect(scheduler, {name for script in scripts for name in script.requires}) as found:
            OUT.print(f"run: {plural(len(found.workers), 'worker')} of {scheduler}")
            for address, guards in found.workers.items():
                if guards.missing:
                    OUT.print(f"run: {address}: not enforced: {', '.join(guards.missing)}")
            yield found
    except PoolError as error:
        raise UsageError(f"{scheduler}: {error}") from error
