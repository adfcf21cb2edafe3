"""What machines must have in common for their results to stand in one cache and one record."""

import shutil
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from torchdeck.execute.keys import environment, installed_version, is_installed
from torchdeck.execute.probe import this_machine
from torchdeck.execute.stamp import program_digest

DIGEST_LENGTH = 12  # hexadecimal digits of a digest that a person is shown
MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The facts about a machine on which results depend.

    Attributes:
        requires: The distributions that count, beside torch and numpy.
        facts: In words, by what they are about.
    """

    requires: tuple[str, ...]
    facts: Mapping[str, str]

    @classmethod
    def here(cls, requires: Iterable[str]) -> "Surroundings":
        """Return those of the calling machine.

        Raises:
            MissingPackageError: torch is not installed.
            subprocess.CalledProcessError: torch cannot be imported.
        """
        names = tuple(sorted(requires))
        return cls(names, _facts(names))

    def differences(self) -> list[str]:
        """Return, in words, what is otherwise on the machine where this is called.

        Raises:
            MissingPackageError: torch is not installed there.
            subprocess.CalledProcessError: torch cannot be imported there.
        """
        there = _facts(self.requires)
        return [
            f"{name} is {there.get(name, MISSING)} there, {self.facts.get(name, MISSING)} here"
            for name in dict.fromkeys([*self.facts, *there])
            if there.get(name) != self.facts.get(name)
        ]


def _facts(requires: Iterable[str]) -> dict[str, str]:
    # A package may have been replaced under a process that lives long.
    installed_version.cache_clear()
    where = environment(filter(is_installed, requires))
    machine = this_machine()
    return {
        "torch": where.torch,
        "torch's revision": machine.git,
        "Python": where.python,
        "torchdeck": program_digest()[:DIGEST_LENGTH],
        "system": f"{sys.platform} {where.machine}",
        "CPU kernels": machine.capability,
        "CUDA device": machine.device or MISSING,
        "driver": machine.driver or MISSING,
        "g++": "installed" if shutil.which("g++") else MISSING,
        **dict(where.variables),
        **dict(where.packages),
    }
