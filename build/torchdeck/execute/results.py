"""What became of a block."""

from dataclasses import dataclass
from enum import StrEnum

from torchdeck.read.question import CodeBlock


class Outcome(StrEnum):
    """The closed set of outcomes; every block of a file has exactly one."""

    OK = "ok"
    RAISED = "raised"
    FAILED = "failed"
    DID_NOT_RAISE = "did not raise"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    SIGNAL = "signal"
    EXITED = "exited"
    OUTPUT_CHANGED = "output changed"
    SKIPPED = "skipped"
    NOT_VERIFIED = "not verified"


COMPLETED = frozenset({Outcome.OK, Outcome.RAISED})


class Origin(StrEnum):
    """Where a result comes from."""

    EXECUTED = "executed"
    CACHE = "cache"
    RECORD = "record"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Warned:
    """A warning: data about a block, apart from its output."""

    category: str
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class RunResult:
    """What became of one block.

    Attributes:
        block: The block.
        outcome: One of the closed set.
        stdout: What it printed, raw; for an announced exception with its last line.
        reason: Why, for every outcome but `ok` and `raised`.
        line: Line of the file to look at; the block's fence if nothing is known better.
        detail: A traceback or what the process left on stderr.
        warnings: The warnings it caused.
        seconds: Wall time.
        figure: The SVG that it drew, if its fence announces one.
        origin: Whether it ran now, earlier, or elsewhere.
    """

    block: CodeBlock
    outcome: Outcome
    stdout: str = ""
    reason: str = ""
    line: int = 0
    detail: str = ""
    warnings: tuple[Warned, ...] = ()
    seconds: float = 0.0
    figure: str = ""
    origin: Origin = Origin.NONE
