"""Other processes or machines that run process plans, as the engine sees them."""

from collections.abc import Callable
from concurrent.futures import Executor, Future

from torchdeck.execute.guards import Guards
from torchdeck.execute.job import Process
from torchdeck.execute.results import RunResult


class PoolError(Exception):
    """A pool cannot be reached, is not in this machine's environment, or has gone."""


class Pool:
    """An executor and what it is sent.

    Attributes:
        executor: Calls `run` with a process plan.
        run: Can be pickled; runs the plan in plain subprocesses, wherever it arrives.
        guards: Those that hold wherever it arrives.
    """

    def __init__(
        self, executor: Executor, run: Callable[[Process], list[RunResult]], guards: Guards
    ) -> None:
        """Hand what `run` is called with to `executor`."""
        self.executor = executor
        self.run = run
        self.guards = guards

    def results(self, process: Process, future: Future[list[RunResult]]) -> list[RunResult]:
        """Return what became of `process`, which `future` stands for.

        Raises:
            PoolError: The pool is to run nothing more.
        """
        del process  # for pools that lose one
        return future.result()
