"""Commands that are killed at any moment, and two that start at once: old or new, never a mixture.

The ordinary tests kill each command before a few of its changes, in every phase; `nox -s fuzz`
before each of them, kills the command that recovers too, and prints what came of it.
"""

import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path

import pytest

from tests.conftest import DETAIL, ROOT, write_question
from tests.killed import Change, Ended, Gate, Stage
from tests.test_ledger import commit, git
from torchdeck.durable import SUFFIX
from torchdeck.journal import FOLDER

KILLED = -9
CUT_SHORT = -25  # SIGXFSZ
PHASES = ("lock", "prepare", "replace", "clear", "unlock")


@dataclass(frozen=True)
class Case:
    """A command that changes several files.

    Attributes:
        words: The command.
        prepare: Makes the project and the cache that it starts from.
        again: How the same command ends on the new state.
    """

    words: tuple[str, ...]
    prepare: Callable[[Stage], None]
    again: int = 0

    def __str__(self) -> str:
        return " ".join(self.words[:2])


def released(stage: Stage) -> None:
    """Decks of one day, a reworded card, and a package that nothing makes."""
    assert stage.run("build").status == 0
    shutil.copy(stage.folder / "decks" / "tensor.apkg", stage.folder / "decks" / "old.apkg")
    path = stage.folder / "content" / "tensor" / "views.md"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("存储不在时。", "存储释放后。"), encoding="utf-8")


def built(stage: Stage) -> None:
    assert stage.run("build").status == 0


def executed(stage: Stage) -> None:
    """Two files without their outputs, which are in the cache."""
    path = write_question(stage.folder, DETAIL.replace("6", "0"))
    text = path.read_text(encoding="utf-8").replace("number: 1", "number: 2")
    for word, other in (("视图", "副本"), ("### 存储", "### 内存"), ("一维", "另一份")):
        text = text.replace(word, other)
    path.with_name("copies.md").write_text(text, encoding="utf-8")
    assert stage.run("run").status == 1


CASES = [
    Case(("build",), released),
    Case(("run", "--accept"), executed),
    Case(("rename", "views", "tensor-views"), built, again=2),
    Case(("retire", "views", "--reason", "见别处"), built, again=2),
    Case(("release", "2023.11.15"), built, again=2),
]
cases = pytest.mark.parametrize("case", CASES, ids=str)


class Scene:
    """A case with its old and its new state, to be killed again and again."""

    def __init__(self, case: Case, project: Path, folder: Path) -> None:
        self.case = case
        self.folder = folder
        self.stage = Stage(project, folder / "cache", project)
        case.prepare(self.stage)
        self.kept = Path(shutil.copytree(project, folder / "kept"))
        self.old = tree(project)
        ended = self.run()
        assert ended.status == 0, ended.out
        self.new = tree(project)
        assert not (project / FOLDER).exists()
        assert self.old != self.new
        self.changes = ended.changes

    def run(self, at: int = -1, limit: int = -1) -> Ended:
        return self.stage.run(*self.case.words, at=at, limit=limit, day=1)

    def restart(self, kept: Path | None = None) -> None:
        shutil.rmtree(self.stage.folder)
        shutil.copytree(kept or self.kept, self.stage.folder)

    def outcome(self) -> str:
        """Recover by `check`, hold the tree against both states, run the command once more."""
        checked = self.stage.run("check")
        assert checked.status == 0, checked.out
        assert checked.out.count("\n") <= 2, checked.out
        state = tree(self.stage.folder)
        assert state in (self.old, self.new)
        ended = self.run()
        assert ended.status == (0 if state == self.old else self.case.again), ended.out
        assert tree(self.stage.folder) == self.new
        assert not (self.stage.folder / FOLDER).exists()
        recovered = ", recovered" if "an interrupted change" in checked.out else ""
        return ("old" if state == self.old else "new") + recovered


def tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return all that is in `folder`, but the journal's and the lock's own folder."""
    return {
        path.relative_to(folder).as_posix(): (
            path.stat().st_mode,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in folder.rglob("*")
        if FOLDER not in path.relative_to(folder).parts
    }


def phases(changes: tuple[Change, ...]) -> Iterator[str]:
    """Name the phase of each change, by what happens to the journal."""
    phase = "lock"
    for change in changes:
        if (change.event, change.path) == ("open", f"{FOLDER}/discard"):
            phase = "prepare"
        yield phase
        if (change.event, change.path) == ("os.rename", f"{FOLDER}/discard"):
            phase = "replace"
        elif (change.event, change.path) == ("os.rename", f"{FOLDER}/restore"):
            phase = "clear"
        elif (change.event, change.path) == ("os.remove", f"{FOLDER}/discard"):
            phase = "unlock"


def expected(phase: str) -> set[str]:
    return {
        "lock": {"old"},
        "prepare": {"old", "old, recovered"},
        "replace": {"old, recovered"},
        "clear": {"new, recovered"},
        "unlock": {"new"},
    }[phase]


@cases
def test_a_killed_command_leaves_the_old_state_or_the_new(
    case: Case, project: Path, tmp_path: Path
) -> None:
    scene = Scene(case, project, tmp_path)
    found = list(phases(scene.changes))
    assert set(found) == set(PHASES)
    for phase in PHASES:
        first, last = found.index(phase), len(found) - 1 - found[::-1].index(phase)
        for at in sorted({first, last}):
            scene.restart()
            assert scene.run(at).status == KILLED
            assert scene.outcome() in expected(phase), (phase, at, scene.changes[at])


@pytest.mark.fuzz
def test_a_command_that_is_killed_before_any_of_its_changes(project: Path, tmp_path: Path) -> None:
    told: Counter[tuple[str, str]] = Counter()
    for case in CASES:
        folder = tmp_path / case.words[0]
        folder.mkdir()
        scene = Scene(case, Path(shutil.copytree(project, folder / "project")), folder)
        for at, phase in enumerate(phases(scene.changes)):
            scene.restart()
            assert scene.run(at).status == KILLED
            outcome = scene.outcome()
            assert outcome in expected(phase), (case, at, scene.changes[at])
            told[phase, outcome] += 1
        for outcome in killed_in_recovery(scene):
            told["recovery", outcome] += 1
        for outcome in cut_short(scene):
            told["in mid-file", outcome] += 1
    sys.stdout.write("".join(f"{' → '.join(key)}: {told[key]}\n" for key in sorted(told)))
    count = Counter(dict.fromkeys((*PHASES, "recovery", "in mid-file"), 0))
    for (phase, _), number in told.items():
        count[phase] += number
    assert min(count.values()) >= 10, count
    assert count.total() >= 200, count


def killed_in_recovery(scene: Scene) -> Iterator[str]:
    """Kill the command where most is to be undone, then `check` at each step of undoing it."""
    at = list(phases(scene.changes)).index("clear") - 1
    scene.restart()
    assert scene.run(at).status == KILLED
    kept = Path(shutil.copytree(scene.stage.folder, scene.folder / "killed"))
    for step in range(len(scene.stage.run("check").changes)):
        scene.restart(kept)
        assert scene.stage.run("check", at=step).status == KILLED
        yield scene.outcome()


def cut_short(scene: Scene) -> Iterator[str]:
    """Let the system end the command while it writes a file that is larger than a limit."""
    for limit in (0, 50, 200, 400, 1000, 3000):
        scene.restart()
        assert scene.run(limit=limit).status in {CUT_SHORT, 0}
        yield scene.outcome()


def test_of_two_builds_at_once_one_wins(project: Path, tmp_path: Path) -> None:
    stage = Stage(project, tmp_path / "cache", project)
    released(stage)
    alone = Stage(Path(shutil.copytree(project, tmp_path / "alone")), stage.cache, project)
    assert alone.run("build", day=1).status == 0
    journal = Gate(f"{FOLDER}/discard")
    locks = [Gate(f"{FOLDER}/lock") for _ in range(2)]
    both = [stage.start("build", day=1, gates=(lock, journal)) for lock in locks]
    for lock in locks:
        lock.arrived.wait()
    for lock in locks:
        lock.opened.set()
    journal.arrived.wait()  # one of them writes, and does not go on yet
    wait([started.process.sentinel for started in both])
    ended = [started.end() for started in both if not started.process.is_alive()]
    assert [loser.status for loser in ended] == [2]
    (winner,) = (started for started in both if started.process.is_alive())
    told = f"error: torchdeck build (process {winner.process.pid}) since 20"
    assert ended[0].out.startswith(told), ended[0].out
    assert "is writing into this project" in ended[0].out
    assert stage.run("check").status == 0  # readers go on
    journal.opened.set()
    assert winner.end().status == 0
    assert tree(project) == tree(alone.folder)


def test_two_runs_at_once_share_the_cache(project: Path, tmp_path: Path) -> None:
    stage = Stage(project, tmp_path / "cache", tmp_path / "cache")
    gates = [Gate(".torchdeck") for _ in range(2)]
    both = [stage.start("run", gates=(gate,)) for gate in gates]
    for gate in gates:
        gate.arrived.wait()  # each has a result and is about to keep it
    for gate in gates:
        gate.opened.set()
    assert [started.end().status for started in both] == [0, 0]
    assert "1 cache" in stage.run("run").out
    assert left_behind(stage.cache) == []


def test_a_run_that_is_killed_leaves_a_cache_that_the_next_mends(
    project: Path, tmp_path: Path
) -> None:
    stage = Stage(project, tmp_path / "cache", tmp_path / "cache")
    changes = stage.run("run").changes
    in_between = [at for at, change in enumerate(changes) if change.event == "os.rename"]
    assert len(in_between) == 3  # the result, how long it took, the stamp
    for at in in_between:
        shutil.rmtree(stage.cache)
        assert stage.run("run", at=at).status == KILLED
        assert len(left_behind(stage.cache)) == 1
        assert stage.run("run", "--force").status == 0
        assert left_behind(stage.cache) == []


def left_behind(cache: Path) -> list[Path]:
    return [path for path in cache.rglob("*") if path.name.endswith(SUFFIX)]


def test_git_sees_nothing_of_a_killed_command(project: Path, tmp_path: Path) -> None:
    scene = Scene(CASES[0], project, tmp_path)
    scene.restart()
    (project / ".gitignore").write_bytes((ROOT / ".gitignore").read_bytes())
    git(project, "init", "--quiet", "--initial-branch", "main")
    commit(project, "first")
    at = list(phases(scene.changes)).index("replace")
    assert scene.run(at).status == KILLED
    assert len(left_behind(project)) > 1
    assert git(project, "status", "--short") == ""
    assert "was undone, so repeat its command: decks/" in scene.stage.run("check").out
    assert left_behind(project) == []
