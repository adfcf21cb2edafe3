"""Blocks that are programs of their own: bash scripts and C++. Runs inside a block's process."""

import subprocess
from pathlib import Path

TORCH_HEADERS = ("torch/", "ATen/", "c10/")


class ProgramError(Exception):
    """A program does not compile, or ended with a status other than 0."""


def run_bash(code: str) -> None:
    """Run a script that ends at the first command that fails.

    Raises:
        ProgramError: Its status is not 0.
    """
    status = subprocess.run(["bash", "-euo", "pipefail", "-c", code], check=False).returncode
    if status:
        raise ProgramError(f"bash ended with status {status}")


def run_cpp(code: str, file: str, line: int) -> None:
    """Compile a program, against libtorch if it includes its headers, and run it.

    The compiler's messages name `file` and its lines; `code` starts behind `line`.

    Raises:
        ProgramError: It does not compile, or its status is not 0.
    """
    source = Path(f"block_{line}.cpp").resolve()
    program = source.with_suffix("")
    source.write_text(f'#line {line + 1} "{file}"\n{code}', encoding="utf-8")
    command = ["g++", "-std=c++20", str(source), "-o", str(program)]
    if any(f"#include <{header}" in code for header in TORCH_HEADERS):
        command += _libtorch_flags()
    compiler = subprocess.run(command, check=False, stderr=subprocess.PIPE)
    if compiler.returncode:
        raise ProgramError(compiler.stderr.decode("utf-8", "replace"))
    if status := subprocess.run([program], check=False).returncode:
        raise ProgramError(f"the program ended with status {status}")


def _libtorch_flags() -> list[str]:
    import torch
    from torch.utils.cpp_extension import include_paths, library_paths

    libraries = library_paths()
    return [
        *(f"-I{path}" for path in include_paths()),
        *(f"-L{path}" for path in libraries),
        *(f"-Wl,-rpath,{path}" for path in libraries),
        *("-ltorch", "-ltorch_cpu", "-lc10"),
        f"-D_GLIBCXX_USE_CXX11_ABI={int(torch.compiled_with_cxx11_abi())}",
    ]
