"""What a run is asked to do."""

from dataclasses import dataclass
from pathlib import Path

from torchdeck.execute.isolation import Isolation


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How to execute.

    Attributes:
        force: Execute everything, whatever the cache holds.
        jobs: Processes to run at once; the number of CPUs if none.
        isolation: How processes come to be; the quickest for the work if none. Blocks for a
            CUDA device are always spawned.
        scheduler: Address of the Dask scheduler whose workers execute; this machine if none.
        without_missing: Pass over files that require a distribution which is not installed, as
            in an environment for which there is none.
    """

    force: bool = False
    jobs: int | None = None
    isolation: Isolation | None = None
    scheduler: str | None = None
    without_missing: bool = False


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What to do with results.

    Attributes:
        engine: How to execute.
        accept: Write new and changed outputs into the files.
        require_guards: Refuse to run where a guard is not enforced.
        record: Keep the results as a record of this environment.
        allow_ci: Keep them under CI=true too.
        json: File for all results as JSON.
        junit: File for all results as JUnit's XML.
    """

    engine: EngineOptions
    accept: bool
    require_guards: bool
    record: bool
    allow_ci: bool
    json: Path | None
    junit: Path | None

    @property
    def writes(self) -> bool:
        """Whether the project itself may change, and not only the cache."""
        return self.accept or self.record

    @property
    def needs_results(self) -> bool:
        """Whether it is not enough to know that nothing has changed since the last run."""
        return bool(
            self.engine.force
            or self.accept
            or self.require_guards
            or self.record
            or self.json
            or self.junit
        )
