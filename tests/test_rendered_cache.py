"""What a build remembers changes nothing but its time."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Torchdeck
from tests.generated import NOTES_PER_QUESTION, write_project

QUESTIONS = 10  # the tenth shows an image
SHOWS_IMAGE = "content/topic-11/question-00010"


@pytest.fixture
def generated(tmp_path: Path) -> Path:
    root = tmp_path / "generated"
    write_project(root, QUESTIONS * NOTES_PER_QUESTION)
    return root


def edit(root: Path, name: str, old: str, new: str) -> None:
    path = root / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def notice(root: Path) -> None:
    """Say something about the first block that any build remembers."""
    entries = (root.parent / "cache").rglob("rendered/*.json")
    key = json.loads(next(entries).read_text(encoding="utf-8"))["code_keys"][0]
    sentence = {"file": "x.md", "line": 1, "since": "2.15", "say": "另一种输出"}
    (root / "content" / "notices.json").write_text(json.dumps({key: [sentence]}), encoding="utf-8")


def damage(root: Path) -> None:
    for path in (root.parent / "cache").rglob("*.json"):
        path.write_bytes(path.read_bytes()[:-9])


CHANGES: dict[str, Callable[[Path], None]] = {
    "nothing": lambda _: None,
    "a text": lambda root: edit(root, f"{SHOWS_IMAGE}.md", "## 易错\n", "## 易错\n\n改。\n"),
    "an image": lambda root: edit(root, f"{SHOWS_IMAGE}.svg", "stride", "size"),
    "the name of a topic": lambda root: edit(
        root, "content/topics.toml", 'name = "topic-11"', 'name = "张量"'
    ),
    "the release": lambda root: edit(root, "content/topics.toml", "2.13.0", "2.15.0"),
    "a notice": notice,
    "damage": damage,
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_build_that_remembers_writes_what_one_that_does_not_writes(
    generated: Path, tmp_path: Path, torchdeck: Torchdeck, change: str
) -> None:
    forgetful = Torchdeck(tmp_path / "no-cache")
    assert torchdeck(generated, "build", "--output", "remembering").status == 0
    CHANGES[change](generated)
    for command, folder in ((torchdeck, "remembering"), (forgetful, "forgetful")):
        assert command(generated, "build", "--output", folder).status == 0
    assert files(generated / "remembering") == files(generated / "forgetful")


def test_what_is_wrong_is_told_again_and_again(generated: Path, torchdeck: Torchdeck) -> None:
    assert torchdeck(generated, "build").status == 0
    (generated / f"{SHOWS_IMAGE}.svg").unlink()
    results = [torchdeck(generated, "build") for _ in range(2)]
    assert [result.status for result in results] == [1, 1]
    assert all("error[image-missing]" in result.out for result in results)


def test_files_that_are_gone_are_forgotten(
    generated: Path, tmp_path: Path, torchdeck: Torchdeck
) -> None:
    torchdeck(generated, "build", "--output", "first")
    (generated / f"{SHOWS_IMAGE}.md").unlink()
    torchdeck(generated, "build", "--output", "second")
    assert len(list((tmp_path / "cache").rglob("rendered/*.json"))) == QUESTIONS - 1


def test_made_up_content_breaks_no_rule(generated: Path, torchdeck: Torchdeck) -> None:
    result = torchdeck(generated, "check")
    assert result.lines == ["check: 10 questions of 10, 100 notes, 0 findings"]


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}
