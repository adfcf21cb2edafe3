"""What a thousand and ten thousand notes cost, as ratios to a bare loop over the same Markdown.

The baseline (`bare_loop`) does the least that makes cards: markdown-it-py, Pygments and genanki.
Each command is a process of its own. Times are those of its CPU, so that other programs hardly
show, without starting the interpreter and importing, which is told apart. Nothing runs torch.
"""

import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from anki.collection import Collection, ImportAnkiPackageOptions, ImportAnkiPackageRequest

from tests.conftest import ROOT
from tests.generated import write_project

FEW, MANY = 1_000, 10_000
ROUNDS = 2  # the quicker one counts
MIB = 2**20
BARE = "import tests.bare_loop"
TORCHDECK = "import torchdeck.cli, torchdeck.commands.build"


@dataclass(frozen=True)
class Cost:
    """CPU seconds, without starting, and the most bytes of memory."""

    seconds: float
    memory: int


@dataclass(frozen=True)
class Costs:
    """What one size costs."""

    bare: Cost
    check: Cost
    cold: Cost
    edited: Cost
    unchanged: Cost


def main() -> None:
    """Print the figures."""
    starts = {module: _fastest(["-c", module], ROOT).seconds for module in (BARE, TORCHDECK)}
    _say(
        f"scale: starting, in no figure below: bare {starts[BARE]:.2f} s, "
        f"torchdeck {starts[TORCHDECK]:.2f} s"
    )
    with tempfile.TemporaryDirectory(prefix="torchdeck-bench-") as name:
        os.environ["XDG_CACHE_HOME"] = f"{name}/cache"
        few = _measure(Path(name, "few"), FEW, starts)
        many = _measure(Path(name, "many"), MANY, starts)
        _say_ratios(many)
        growth = many.cold.seconds / few.cold.seconds / (MANY / FEW)
        _say(f"scale: a note of {MANY}: {growth:.2f} x one of {FEW} (target 1.15)")
        _import(Path(name, "many", "decks", "all.apkg"))


def _measure(root: Path, notes: int, starts: dict[str, float]) -> Costs:
    write_project(root, notes)
    command = ["-m", "torchdeck"]
    bare = _fastest(["-m", "tests.bare_loop", f"{root}/content", f"{root}/bare"], ROOT)
    check = _fastest([*command, "check"], root)
    colds = []
    for number in range(ROUNDS):
        os.environ["XDG_CACHE_HOME"] = f"{root}/cache-{number}"
        colds.append(_cost([*command, "build", "--output", f"{root}/decks-{number}"], root))
    cold = min(colds, key=lambda cost: cost.seconds)
    _cost([*command, "build"], root)
    unchanged = _fastest([*command, "build"], root)
    path = next(iter(sorted(root.glob("content/*/*.md"))))
    path.write_text(path.read_text(encoding="utf-8").replace("## 易错\n", "## 易错\n\n改。\n"))
    edited = _cost([*command, "build"], root)
    start = starts[TORCHDECK]
    costs = Costs(
        Cost(bare.seconds - starts[BARE], bare.memory),
        *(Cost(cost.seconds - start, cost.memory) for cost in (check, cold, edited, unchanged)),
    )
    _say(
        f"scale: {notes} notes: bare {costs.bare.seconds:.2f} s, "
        f"check {costs.check.seconds:.2f} s, cold build {costs.cold.seconds:.2f} s, "
        f"one file edited {costs.edited.seconds:.2f} s, "
        f"nothing changed {costs.unchanged.seconds:.2f} s; memory of bare "
        f"{costs.bare.memory / MIB:.0f} MiB, check {costs.check.memory / MIB:.0f} MiB, "
        f"cold build {costs.cold.memory / MIB:.0f} MiB"
    )
    return costs


def _say_ratios(costs: Costs) -> None:
    bare, cold = costs.bare, costs.cold.seconds
    edited, unchanged = costs.edited.seconds, costs.unchanged.seconds
    for what, ratio, target in (
        ("cold build to the bare loop", cold / bare.seconds, 2.0),
        ("check to the bare loop", costs.check.seconds / bare.seconds, 1.0),
        ("one file edited to 1 s + 0.15 x cold", edited / (1 + 0.15 * cold), 1.0),
        (
            "nothing changed to 0.5 s + 0.1 x cold",
            unchanged / (0.5 + 0.1 * cold),
            1.0,
        ),
        ("memory of a cold build to the bare loop", costs.cold.memory / bare.memory, 2.0),
    ):
        _say(f"scale: {what}: ratio {ratio:.2f} (target {target})")


def _import(package: Path) -> None:
    """Tell how long the real Anki takes for the package, and how long for it again."""
    seconds = []
    with tempfile.TemporaryDirectory(prefix="torchdeck-bench-") as folder:
        collection = Collection(f"{folder}/collection.anki2")
        for _ in range(2):
            began = time.process_time()
            collection.import_anki_package(
                ImportAnkiPackageRequest(
                    package_path=str(package), options=ImportAnkiPackageOptions()
                )
            )
            seconds.append(time.process_time() - began)
        notes = collection.note_count()
        collection.close()
    _say(f"scale: Anki imports {notes} notes: {seconds[0]:.2f} s, again {seconds[1]:.2f} s")


def _fastest(arguments: list[str], folder: Path) -> Cost:
    return min((_cost(arguments, folder) for _ in range(ROUNDS)), key=lambda cost: cost.seconds)


def _cost(arguments: list[str], folder: Path) -> Cost:
    """Run Python in `folder` and return what the process took."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "build")])}
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.chdir(folder)
    process = os.posix_spawn(
        sys.executable,
        [sys.executable, *arguments],
        environment,
        file_actions=[(os.POSIX_SPAWN_DUP2, nothing, 1)],
    )
    _, status, used = os.wait4(process, 0)
    os.close(nothing)
    if status:
        raise SystemExit(f"{' '.join(arguments)} ended with {os.waitstatus_to_exitcode(status)}")
    return Cost(used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
