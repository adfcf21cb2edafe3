"""The repository itself: one version of PyTorch, a lock that covers it, decks that fit."""

import ast
import subprocess
import sys
import tomllib

from packaging.utils import canonicalize_name

from tests.conftest import ROOT
from tests.licences import DOCUMENT, direct
from torchdeck.package.note_types import NOTE_TYPES
from torchdeck.package.payload import read_payload
from torchdeck.project import Project
from torchdeck.read.document import read_question
from torchdeck.read.edition import read_edition

EDITION = read_edition(ROOT / "content")


def locked() -> dict[str, str]:
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    pins = [line.partition(";")[0].strip().split("==") for line in lines if "==" in line]
    return dict(pins)


def test_the_lock_has_the_pytorch_of_the_content() -> None:
    assert locked()["torch"] == EDITION.pytorch


def test_the_lock_covers_what_the_answers_import() -> None:
    required: set[str] = set()
    for path in Project(ROOT).question_files():
        reading = read_question(path, path.name)
        assert reading.question is not None
        required.update(reading.question.requires)
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    group = {line.split(">")[0] for line in settings["dependency-groups"]["content"]}
    assert required <= group
    assert group <= set(locked())


def test_the_edition_is_the_whole_syllabus() -> None:
    assert len(EDITION.topics) == 12
    assert len(EDITION.syllabus) >= 110
    assert sorted(EDITION.syllabus) == list(range(1, len(EDITION.syllabus) + 1))
    assert EDITION.topics[0].deck == "PyTorch 面试::01 张量与内存布局"


def test_every_question_of_the_syllabus_has_its_file() -> None:
    expected = {
        ROOT / "content" / entry.topic / f"{entry.slug}.md" for entry in EDITION.syllabus.values()
    }
    assert set(Project(ROOT).question_files()) == expected


def test_guids_and_note_types_are_those_of_the_first_release() -> None:
    notes = {
        note.sort_text: note
        for note in read_payload((ROOT / "decks" / "all.apkg").read_bytes()).notes
    }
    assert EDITION.namespace == "torchdeck/zh"
    assert notes["047 view-vs-reshape"].guid == "m^+a0)5I?$"
    assert notes["047 view-vs-reshape#view-fails"].guid == "j|DyCZ:H!"
    assert [(kind.id, kind.name) for kind in NOTE_TYPES.values()] == [
        (1_763_870_001, "torchdeck 面试题"),
        (1_763_870_002, "torchdeck 问答"),
        (1_763_870_003, "torchdeck 填空"),
        (1_763_870_004, "torchdeck 猜输出"),
    ]


def test_imports_are_seen_in_every_spelling() -> None:
    code = "import torchdeck.author\nfrom torchdeck import check\nfrom torchdeck.read.x import y"
    assert imported_rooms(ast.parse(code)) == {"author", "check", "read"}


def test_rooms_know_only_the_rooms_before_them() -> None:
    order = [
        "read",
        "check",
        "execute",
        "drift",
        "render",
        "package",
        "release",
        "verify",
        "preview",
        "author",
        "commands",
    ]
    package = ROOT / "build" / "torchdeck"
    for room in order:
        later = order[order.index(room) + 1 :]
        for path in (package / room).rglob("*.py"):
            imported = imported_rooms(ast.parse(path.read_text(encoding="utf-8")))
            assert not imported & set(later), path


def imported_rooms(tree: ast.Module) -> set[str]:
    """Return the rooms that a module imports, however it spells that."""
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return {name.split(".")[1] for name in names if name.startswith("torchdeck.")}


def test_only_processes_of_their_own_import_torch() -> None:
    assert importers_of("torch") == {"child.py", "probe.py", "programs.py"}


def importers_of(package: str) -> set[str]:
    """Return the names of the modules that import `package`, wherever in them."""
    importers = set()
    for path in (ROOT / "build" / "torchdeck").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if any(name.split(".")[0] == package for name in names):
                importers.add(path.name)
    return importers


def test_only_verifying_and_the_preview_import_anki() -> None:
    assert importers_of("anki") == {"faces.py", "collection.py", "learner.py"}


def test_verify_keeps_anki_in_a_process_of_its_own() -> None:
    code = "import sys, torchdeck.commands.verify\nprint('anki' in sys.modules)"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert process.stdout.split() == [b"False"]


def test_the_licence_of_every_direct_dependency_is_listed() -> None:
    listed: set[tuple[str, str]] = set()
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines():
        if line.startswith("| ") and len(cells := line.strip("| ").split(" | ")) == 3:
            listed |= {
                (part.strip("*"), cells[0]) for part in cells[2].split(", ") if part.startswith("*")
            }
            assert cells[1] not in {"", "UNKNOWN"}, line
    named = {
        (part, canonicalize_name(each.name))
        for part, requirements in direct().items()
        for each in requirements
    }
    assert listed == named, "`nox -s licences` writes the document anew"


def test_linters_and_types_see_the_source_below_build() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    assert "build/torchdeck" in settings["mypy"]["files"]
    assert "build" not in settings["ruff"]["exclude"]
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert not {"build", "build/", "/build/"} & set(ignored)
