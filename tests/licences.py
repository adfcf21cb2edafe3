"""Writes docs/licences.md: under which licences comes what each part of the project installs.

`nox -s licences` runs it, in an environment that has everything of `pyproject.toml`.
"""

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import ROOT

DOCUMENT = ROOT / "docs" / "licences.md"
CORE = "always"
# Of another environment: Anki's own program with its Qt, in the session `pictures`.
ELSEWHERE = {"pictures"}
# What these say in a file of theirs only.
READ_BY_HAND = {"atheris": "Apache-2.0", "huey": "MIT", "skops": "MIT", "torchao": "BSD-3-Clause"}

HEAD = """\
# Licences

What torchdeck and its sessions install, under which licence, and for which part of
`pyproject.toml`: **bold** where that names it, plain where another package brings it along. Written
by `nox -s licences` from what the packages say of themselves, on Linux with the CPU build of
PyTorch; a CUDA build brings NVIDIA's libraries, under NVIDIA's own terms.

torchdeck's code is under the MIT licence; its content and decks under CC BY 4.0. It ships none of
these packages.

**`anki` is under the AGPL-3.0-or-later.** It is optional (the extras `verify` and `preview`), and
no other part imports it, which a test looks after. `torchdeck verify` starts a process for it;
`torchdeck preview` imports it into its own process, which serves the author's machine alone. Who
offers a program that contains anki to others, over a network too, has to keep to that licence.
The sessions `browser` and `pictures` also use Anki's own program `aqt`, of the same licence, the
latter with PyQt6 (GPL-3.0-only).

| package | licence | for |
|---|---|---|
"""


def direct() -> dict[str, list[Requirement]]:
    """Return what `pyproject.toml` names, by the part of it that does."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    parts = {CORE: settings["project"]["dependencies"]}
    parts |= settings["project"]["optional-dependencies"]
    parts |= {
        name: lines
        for name, lines in settings["dependency-groups"].items()
        if name not in ELSEWHERE
    }
    return {part: list(map(Requirement, lines)) for part, lines in parts.items()}


def _closure(requirements: Iterable[Requirement]) -> set[str]:
    """Return the names of `requirements` and of all that is installed for them."""
    found: set[str] = set()
    seen: set[tuple[str, str]] = set()
    pending = [(each, extra) for each in requirements for extra in ("", *each.extras)]
    while pending:
        requirement, extra = pending.pop()
        name = canonicalize_name(requirement.name)
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        try:
            lines = distribution(name).requires or []
        except PackageNotFoundError:
            sys.exit(f"{name} is not installed; `nox -s licences` installs everything first")
        found.add(name)
        for needed in map(Requirement, lines):
            if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                pending += [(needed, each) for each in ("", *needed.extras)]
    return found


def _licences() -> dict[str, str]:
    command = [sys.executable, "-m", "piplicenses"]
    command += ["--format=json", "--from=mixed", "--with-system"]
    told = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    # Some give the whole text: its first line names it.
    names = {canonicalize_name(each["Name"]): each["License"].splitlines()[0] for each in told}
    return names | READ_BY_HAND


def main() -> None:
    """Write the document."""
    parts = direct()
    named = {part: {canonicalize_name(each.name) for each in parts[part]} for part in parts}
    needed = {part: _closure(parts[part]) for part in parts}
    licences = _licences()
    rows = []
    for name in sorted(set().union(*needed.values())):
        parts_of = [
            f"**{part}**" if name in named[part] else part for part in parts if name in needed[part]
        ]
        rows.append(f"| {name} | {licences[name]} | {', '.join(parts_of)} |\n")
    DOCUMENT.write_text(HEAD + "".join(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
