"""Prints what PyTorch says of itself and of the machine, as JSON; a process of its own."""

import json
import subprocess
import sys
from dataclasses import dataclass
from functools import cache

from torchdeck.execute.keys import installed_version


@dataclass(frozen=True, slots=True)
class Machine:
    """What only PyTorch itself can tell.

    Attributes:
        build: Version with what it was built for, such as `2.15.0+cu130`; the package's metadata
            may leave that out.
        git: Revision of PyTorch that was built.
        capability: Vector instructions that its CPU kernels use, such as `AVX512`.
        device: Name of the CUDA device, None if it can use none.
        driver: Version of the device's driver.
    """

    build: str
    git: str
    capability: str
    device: str | None
    driver: str | None


@cache
def this_machine() -> Machine:
    """Ask a process of its own: this one never imports torch.

    Raises:
        subprocess.CalledProcessError: torch cannot be imported.
    """
    command = [sys.executable, "-P", "-m", "torchdeck.execute.probe"]
    return Machine(**json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout))


def cuda_device() -> str | None:
    """Return the name of the CUDA device that blocks can use here, without importing torch."""
    return None if installed_version("torch").endswith("+cpu") else this_machine().device


def _driver() -> str | None:
    try:
        query = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
        answer = subprocess.run(query, check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.split("\n", 1)[0].strip() or None


def _main() -> None:
    import torch

    has_device = torch.cuda.is_available()
    facts = {
        "build": str(torch.__version__),
        "git": torch.version.git_version,
        "capability": torch.backends.cpu.get_cpu_capability(),
        "device": torch.cuda.get_device_name() if has_device else None,
        "driver": _driver() if has_device else None,
    }
    sys.stdout.write(json.dumps(facts))


if __name__ == "__main__":
    _main()
