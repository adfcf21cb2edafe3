"""What a Dask worker does for a run: it tells what it is, runs process plans, and stops them."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from distributed import Reschedule, Worker, WorkerPlugin, get_worker

from torchdeck.execute.guards import Guards, guards, weakest
from torchdeck.execute.job import Process
from torchdeck.execute.keys import environment
from torchdeck.execute.leftovers import sweep
from torchdeck.execute.pool import PoolError
from torchdeck.execute.results import RunResult
from torchdeck.execute.subprocess_runner import SubprocessRunner
from torchdeck.execute.surroundings import Surroundings


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a worker tells of itself.

    Attributes:
        differences: In words, what it has otherwise than the machine that asks.
        guards: What it enforces.
    """

    differences: list[str]
    guards: Guards


class Stopper(WorkerPlugin):
    """Kills the processes of work for which nobody waits any more; there is one on each worker."""

    name = "torchdeck"
    idempotent = True  # the one of another run keeps its work

    def setup(self, worker: Worker) -> None:
        """Start with no work; temporary folders of a killed worker go."""
        self._worker = worker
        self._lock = threading.Lock()
        self._runners: dict[Any, SubprocessRunner] = {}
        sweep()

    def teardown(self, worker: Worker) -> None:
        """Kill all processes: the worker ends."""
        del worker
        with self._lock:
            for runner in self._runners.values():
                runner.close()

    def transition(self, key: Any, start: str, finish: str, **_: Any) -> None:
        """Kill the processes of a task that was cancelled, or whose client has gone."""
        del start, finish  # Dask tells the state that was asked for, not always what came of it
        self._close_if_cancelled(key)

    @contextmanager
    def watching(self, key: Any, runner: SubprocessRunner) -> Iterator[None]:
        """Close `runner` when the task `key` is cancelled."""
        with self._lock:
            self._runners[key] = runner
        self._close_if_cancelled(key)  # a moment before
        try:
            yield
        finally:
            with self._lock:
                del self._runners[key]

    def _close_if_cancelled(self, key: Any) -> None:
        task = self._worker.state.tasks.get(key)
        with self._lock:
            runner = self._runners.get(key)
        if runner is not None and (task is None or task.state == "cancelled"):
            runner.close()


async def inspect(expected: Surroundings) -> Inspection:
    """Hold the worker against what is `expected`, while it goes on answering.

    Raises:
        PoolError: torch is not installed here, or cannot be imported.
    """
    return await asyncio.to_thread(_inspect, expected)


def run_here(expected: Surroundings, told: Guards, process: Process) -> list[RunResult]:
    """Run `process` under the guards of the worker that this is called on.

    Raises:
        PoolError: The worker is not as `expected`, lacks one of the guards that were `told`, or
            cannot run anything.
        Reschedule: The worker ends before `process` does, or nobody waits for it any more.
    """
    worker = get_worker()
    found = _inspect(expected)
    _refuse(found, told, worker.address)
    stopper = next(one for one in worker.plugins.values() if isinstance(one, Stopper))
    runner = SubprocessRunner(found.guards)
    try:
        with stopper.watching(worker.get_current_task(), runner):
            results = runner.run(process)
    except KeyboardInterrupt as interrupt:  # it was closed; to Dask this would end the worker
        raise Reschedule from interrupt
    except OSError as error:
        raise PoolError(f"{worker.address}: {error}") from error
    _refuse(_inspect(expected), told, worker.address)  # a package may have been replaced meanwhile
    return results


def _refuse(found: Inspection, told: Guards, address: str) -> None:
    if found.differences:
        raise PoolError(f"{address}: {'; '.join(found.differences)}")
    if weakest((told, found.guards)) != told:
        lacks = ", ".join(found.guards.missing)
        raise PoolError(f"{address}: joined later, and does not enforce: {lacks}")


def _inspect(expected: Surroundings) -> Inspection:
    return Inspection(expected.differences(), guards(environment(())))
