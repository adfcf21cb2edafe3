"""A Dask cluster as a pool: what the machine does that hands out work.

Workers get the plain subprocess form. Each is held against this machine's environment before it
gets work, and again with every process that it runs (`worker`), since workers come and go.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Executor, Future
from contextlib import contextmanager
from functools import partial
from typing import ParamSpec, TypeVar

from distributed import Client, Security
from distributed.comm.core import connect as connect_comm
from distributed.scheduler import KilledWorker, NoValidWorkerError

from torchdeck.execute.guards import Guards, weakest
from torchdeck.execute.job import Process
from torchdeck.execute.keys import is_installed
from torchdeck.execute.pool import Pool, PoolError
from torchdeck.execute.results import RunResult
from torchdeck.execute.session import lost
from torchdeck.execute.stamp import program_digest
from torchdeck.execute.surroundings import Surroundings
from torchdeck.execute.worker import Stopper, inspect, run_here

P = ParamSpec("P")
T = TypeVar("T")

CONNECT_LIMIT = 10.0  # seconds for a scheduler to answer, and again for its first worker


class Cluster(Pool):
    """The workers of a scheduler.

    Attributes:
        workers: The guards of each worker, by its address.
    """

    def __init__(self, client: Client, expected: Surroundings) -> None:
        """Hold every worker against what is `expected`.

        Raises:
            PoolError: There is no worker, or one is in another environment.
        """
        self.workers = _inspect(client, expected)
        client.register_plugin(Stopper())
        guards = weakest(self.workers.values())
        super().__init__(_Executor(client), partial(run_here, expected, guards), guards)

    def results(self, process: Process, future: Future[list[RunResult]]) -> list[RunResult]:
        """Return what became of `process`; its first block is told if it took workers with it.

        Raises:
            PoolError: The scheduler or all workers have gone, or one is in another environment.
        """
        try:
            return future.result()
        except KilledWorker as error:
            count = error.allowed_failures + 1
            return lost(
                process,
                f"its worker was lost, {count} of {count} times; the log of the last one, "
                f"{error.last_worker.address}, may tell why",
            )
        except NoValidWorkerError as error:
            raise PoolError("no worker is left") from error
        except CancelledError as error:
            raise PoolError("the connection to the scheduler was lost") from error


@contextmanager
def connect(address: str, requires: Iterable[str]) -> Iterator[Cluster]:
    """Connect to the scheduler at `address`; in the end nothing of this run is left on it.

    Args:
        address: As Dask has it; for `tls://` its configuration names the certificates.
        requires: The distributions that the files require.

    Raises:
        MissingPackageError: torch is not installed here.
        PoolError: Nobody answers, there is no worker, or one is in another environment.
    """
    try:
        # A client that cannot connect would wait for itself at this process's end.
        asyncio.run(_greet(address))
        client = Client(address, timeout=CONNECT_LIMIT, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:  # nobody, no address, no certificate
        raise PoolError(f"no scheduler answers: {str(error) or 'no word of Dask'}") from error
    with client:
        yield Cluster(client, Surroundings.here(filter(is_installed, requires)))


async def _greet(address: str) -> None:
    certificates = Security().get_connection_args("client")
    # Something else may listen there and say nothing.
    async with asyncio.timeout(CONNECT_LIMIT + 1):
        comm = await connect_comm(address, timeout=CONNECT_LIMIT, **certificates)
        await comm.close()


class _Executor(Executor):
    """Dask's executor, which lacks the standard library's way to say cancel."""

    def __init__(self, client: Client) -> None:
        # Equal work is run anew: it would be the same task otherwise.
        self._executor = client.get_executor(pure=False)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = self._executor.submit(fn, *args, **kwargs)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002  # the signature of Executor
        self._executor.shutdown(wait=wait and not cancel_futures)


def _inspect(client: Client, expected: Surroundings) -> dict[str, Guards]:
    """Return the guards of each worker.

    Raises:
        PoolError: There is no worker, or one is in another environment.
    """
    try:
        client.wait_for_workers(1, timeout=CONNECT_LIMIT)
        # The scheduler unpickles what it passes on.
        if client.run_on_scheduler(program_digest) != program_digest():
            raise PoolError("the scheduler has another torchdeck")
    except TimeoutError as error:
        raise PoolError("the scheduler has no worker") from error
    except ModuleNotFoundError as error:
        raise PoolError(f"the scheduler lacks {error.name}") from error
    answers = client.run(inspect, expected, on_error="return")
    faults = [
        f"{address}: {answer if isinstance(answer, Exception) else '; '.join(answer.differences)}"
        for address, answer in sorted(answers.items())
        if isinstance(answer, Exception) or answer.differences
    ]
    if faults:
        raise PoolError("\n".join(["workers are in another environment", *faults]))
    return {address: answer.guards for address, answer in sorted(answers.items())}
