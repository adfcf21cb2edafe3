"""Which blocks of a file run together: the plan of its processes."""

import shutil
from dataclasses import dataclass

from torchdeck.execute.script import Script
from torchdeck.read.question import CodeBlock

DEFAULT_TIMEOUT = 60.0  # seconds a block; an answer's block should need under 5
SLOW_TIMEOUT = 600.0  # seconds a block marked `slow`
DEFAULT_MEMORY = 4 * 2**30  # bytes of address space a process; torch alone takes under 1 GiB


@dataclass(frozen=True, slots=True)
class Process:
    """Blocks that share one interpreter and one namespace, in order.

    `files` are the `file=` blocks that stand before or among them; they are written first.
    """

    file: str
    files: tuple[CodeBlock, ...]
    blocks: tuple[CodeBlock, ...]
    device: str | None


def plan(script: Script) -> tuple[Process, ...]:
    """Return the processes of a file in the order of their first block.

    `fresh` starts a new process. A `device=` block and a C++ program have one of their own, and
    the blocks behind them go on in the process that they interrupted.
    """
    files: list[CodeBlock] = []
    groups: list[tuple[str | None, list[CodeBlock]]] = [(None, [])]
    current = groups[0][1]
    for block in script.blocks:
        if block.words.file is not None:
            files.append(block)
        elif block.runs and (block.words.device is not None or block.language == "cpp"):
            groups.append((block.words.device, [block]))
        elif block.runs:
            if block.words.fresh and current:
                current = []
                groups.append((None, current))
            current.append(block)
    return tuple(
        Process(script.file, _files_before(files, blocks[-1]), tuple(blocks), device)
        for device, blocks in sorted(groups, key=lambda group: _first_line(group[1]))
        if blocks
    )


def timeout(block: CodeBlock) -> float:
    """Return the seconds that `block` may take."""
    return block.words.timeout or (SLOW_TIMEOUT if block.words.slow else DEFAULT_TIMEOUT)


def memory(process: Process) -> int:
    """Return the bytes of address space that `process` may take."""
    asked = [block.words.memory for block in process.blocks if block.words.memory]
    return max(asked, default=DEFAULT_MEMORY)


def unsupported(block: CodeBlock) -> str | None:
    """Return what of `block` cannot be done on this machine; told, never passed over."""
    if block.language == "cpp" and shutil.which("g++") is None:
        return "is C++, and there is no g++ here"
    return None


def _files_before(files: list[CodeBlock], last: CodeBlock) -> tuple[CodeBlock, ...]:
    return tuple(file for file in files if file.location.line < last.location.line)


def _first_line(blocks: list[CodeBlock]) -> int:
    return blocks[0].location.line if blocks else 0
