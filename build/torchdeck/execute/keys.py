"""What a result depends on: the code, and the environment it ran in."""

import hashlib
import json
import os
import platform
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from torchdeck.execute.job import Process, plan
from torchdeck.execute.script import Script
from torchdeck.read.question import CodeBlock

# Raised when the engine itself changes what a block sees (seeds, environment, namespace): it
# voids this machine's cache, and no record.
ENGINE_VERSION = 3

# All that a block sees of the caller's environment.
PASSED_ON = ("SYSTEMROOT", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "ATEN_CPU_CAPABILITY")


@dataclass(frozen=True, slots=True)
class Environment:
    """What outputs depend on besides the code.

    Attributes:
        python: Version of the interpreter.
        machine: Processor architecture.
        torch: Version with its build, such as `2.13.0+cpu`.
        device: `cpu` or the name of the accelerator.
        packages: Versions of numpy, which torch uses if it is there, and of the distributions
            that the file requires, sorted by name.
        variables: The variables of the caller's environment that blocks see.
    """

    python: str
    machine: str
    torch: str
    device: str
    packages: tuple[tuple[str, str], ...]
    variables: tuple[tuple[str, str], ...]

    @property
    def release(self) -> str:
        """The PyTorch release without its build."""
        return self.torch.partition("+")[0]


class MissingPackageError(Exception):
    """A distribution that execution needs is not installed."""


@cache
def installed_version(distribution: str) -> str:
    """Return the installed version of `distribution`, without importing it.

    Raises:
        MissingPackageError: It is not installed.
    """
    try:
        return version(distribution)
    except PackageNotFoundError:
        raise MissingPackageError(f"{distribution} is not installed") from None


def is_installed(distribution: str) -> bool:
    """Tell whether `distribution` is installed."""
    try:
        installed_version(distribution)
    except MissingPackageError:
        return False
    return True


def environment(requires: Iterable[str], device: str = "cpu") -> Environment:
    """Return this interpreter's environment for a file that requires `requires`.

    Raises:
        MissingPackageError: torch or a required distribution is not installed.
    """
    packages = {*requires, *filter(is_installed, ["numpy"])}
    return Environment(
        python=platform.python_version(),
        machine=platform.machine(),
        torch=installed_version("torch"),
        device=device,
        packages=tuple((name, installed_version(name)) for name in sorted(packages)),
        variables=tuple((name, os.environ[name]) for name in PASSED_ON if name in os.environ),
    )


def code_keys(process: Process) -> list[str]:
    """Return the key of each block: the digest of it and all that its process ran before it."""
    digest = hashlib.sha256()
    for file in process.files:
        digest.update(_canonical(file))
    keys = []
    for block in process.blocks:
        digest.update(_canonical(block))
        keys.append(digest.hexdigest())
    return keys


def keyed_blocks(script: Script) -> Iterator[tuple[Process, CodeBlock, str]]:
    """Yield each block that runs with its process and its code key, a process after the other."""
    for process in plan(script):
        for block, key in zip(process.blocks, code_keys(process), strict=True):
            yield process, block, key


def result_key(code_key: str, where: Environment) -> str:
    """Return the key under which a result is kept on this machine."""
    facts = [
        ENGINE_VERSION,
        code_key,
        where.python,
        where.machine,
        where.torch,
        where.device,
        where.packages,
        where.variables,
    ]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _canonical(block: CodeBlock) -> bytes:
    """Serialize what execution sees of `block`; words that only show are left out."""
    words = block.words
    facts: list[Any] = [
        block.language,
        block.code,
        words.raises,
        words.device,
        words.timeout,
        words.memory,
        words.slow,
        words.file,
        words.figure,
    ]
    return json.dumps(facts).encode() + b"\0"
