"""Where a command writes, and what becomes of one that cannot."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Torchdeck
from tests.killed import Stage
from tests.test_author import LATER, views
from tests.test_crashes import KILLED, phases, tree

VIEWS = "content/tensor/views.md"


def can_mount() -> bool:
    """Tell whether this user may mount something, in a namespace."""
    command = ["unshare", "--map-root-user", "--mount", "true"]
    if shutil.which(command[0]) is None:
        return False
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not can_mount(), reason="not possible here: mounts of one's own")
@pytest.mark.parametrize(
    ("mount", "words", "told"),
    [
        pytest.param(
            "mount --bind decks decks && mount -o remount,bind,ro decks",
            ("retire", "views#lifetime", "--reason", "x"),
            "decks/ledger.json: error[write-failed]: Read-only file system: nothing was changed",
            id="read-only",
        ),
        pytest.param(
            "mount --bind . . && mount -o remount,bind,ro . && cd .",
            ("new", "2"),
            "/.torchdeck: Read-only file system",
            id="read-only-project",
        ),
        pytest.param(
            "mkdir new && mount -t tmpfs -o size=16k tmpfs new",
            ("build", "--output", "new"),
            ": error[write-failed]: No space left on device: nothing was changed",
            id="full",
        ),
        pytest.param(
            f"mount --bind {VIEWS} {VIEWS}",
            ("retire", "views", "--reason", "x"),
            f"{VIEWS}: error[write-failed]: Device or resource busy: nothing was changed",
            id="in-use",
        ),
        pytest.param(
            "mount --bind content/syllabus.tsv content/syllabus.tsv",
            ("rename", "views", "tensor-views"),
            "syllabus.tsv: error[write-failed]: Device or resource busy: nothing was changed",
            id="in-use-halfway",
        ),
    ],
)
def test_what_cannot_be_written_is_named_and_the_old_state_kept(
    project: Path,
    torchdeck: Torchdeck,
    tmp_path: Path,
    mount: str,
    words: tuple[str, ...],
    told: str,
) -> None:
    torchdeck(project, "build")
    before = tree(project)
    seen = tmp_path / "seen"
    script = f'{mount} && cd "$PWD" && {{ "$@"; status=$?; cp -a . {seen}; exit $status; }}'
    process = subprocess.run(
        [
            *("unshare", "--map-root-user", "--mount", "sh", "-c", script),
            *("sh", sys.executable, "-m", "torchdeck", *words),
        ],
        cwd=project,
        env=torchdeck.variables(**LATER),
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 1, process.stdout + process.stderr
    assert told in process.stdout + process.stderr
    assert "Traceback" not in process.stderr
    after = {name: entry for name, entry in tree(seen).items() if name != "new"}
    assert after == before


def test_a_link_is_written_through(project: Path, torchdeck: Torchdeck, tmp_path: Path) -> None:
    decks, ledger = tmp_path / "shared", tmp_path / "ledger.json"
    decks.mkdir()
    (project / "decks").symlink_to(decks)
    assert torchdeck(project, "build").status == 0
    (decks / "ledger.json").rename(ledger)
    (decks / "ledger.json").symlink_to(ledger)
    assert torchdeck(project, "rename", "views#lifetime", "death").status == 0
    assert (project / "decks").is_symlink()
    assert (decks / "ledger.json").is_symlink()
    assert "views#death" in ledger.read_text(encoding="utf-8")


def test_a_file_that_was_edited_after_a_kill_is_not_overwritten(
    project: Path, tmp_path: Path
) -> None:
    stage = Stage(project, tmp_path / "cache", project)
    stage.run("build")
    before = tree(project)
    kept = Path(shutil.copytree(project, tmp_path / "kept"))
    words = ("retire", "views#lifetime", "--reason", "x")
    at = list(phases(stage.run(*words, day=1).changes)).index("clear") - 1
    shutil.rmtree(project)
    shutil.copytree(kept, project)
    assert stage.run(*words, day=1, at=at).status == KILLED
    path = views(project)
    edited = path.read_text(encoding="utf-8") + "\n又一句。\n"
    path.write_text(edited, encoding="utf-8")
    for command in (("check",), ("build",)):
        result = stage.run(*command, day=1)
        assert result.status == 1
        assert f"{VIEWS}: error[write-interrupted]: was edited after" in result.out
        assert path.read_text(encoding="utf-8") == edited
    path.with_name(".views.md.old.torchdeck").replace(path)  # as the message says
    assert stage.run("check").status == 0
    assert tree(project) == before


def test_a_lock_that_a_killed_command_left_keeps_nobody_out(project: Path, tmp_path: Path) -> None:
    stage = Stage(project, tmp_path / "cache", project)
    changes = stage.run("build").changes
    shutil.rmtree(project / "decks")
    at = list(phases(changes)).index("unlock")
    assert stage.run("build", at=at).status == KILLED
    assert (project / ".torchdeck" / "lock").exists()
    assert stage.run("build").status == 0
    assert not (project / ".torchdeck").exists()
