"""`torchdeck check`: rules, places, forms of output, exit status."""

import json
from pathlib import Path

import pytest

from tests.conftest import DETAIL, Torchdeck, line_of, write_question


def test_sound_content_has_no_findings(project: Path, torchdeck: Torchdeck) -> None:
    result = torchdeck(project, "check")
    assert (result.status, result.lines) == (0, ["check: 1 question of 2, 3 notes, 0 findings"])


def test_the_specimen_has_no_findings(specimen: Path, torchdeck: Torchdeck) -> None:
    result = torchdeck(specimen, "check")
    assert (result.status, result.lines) == (0, ["check: 2 questions of 2, 8 notes, 0 findings"])


def test_empty_sections_and_files_are_told(project: Path, torchdeck: Torchdeck) -> None:
    write_question(project, "")
    (project / "content" / "tensor" / "copies.md").write_text("", encoding="utf-8")
    result = torchdeck(project, "check")
    rules = {line.split("[")[1].split("]")[0] for line in result.lines if "error[" in line}
    assert {"section-empty", "section-missing", "front-matter-missing"} <= rules


def test_a_number_used_twice_is_found_in_the_second_file(
    project: Path, torchdeck: Torchdeck
) -> None:
    path = write_question(project, DETAIL)
    path.with_name("z.md").write_bytes(path.read_bytes())
    result = torchdeck(project, "check")
    assert any(
        line.startswith("content/tensor/z.md:2: error[number-duplicate]") for line in result.lines
    )


def test_json_has_the_same_findings(project: Path, torchdeck: Torchdeck) -> None:
    write_question(project, "```python\nx = (\n```")
    findings = json.loads(torchdeck(project, "check", "--format", "json").out)
    assert [(finding["file"], finding["rule"]) for finding in findings] == [
        ("content/tensor/views.md", "code-syntax")
    ]
    assert findings[0]["line"] == line_of(project / findings[0]["file"], "x = (")


def test_a_broken_edition_is_told_whole(project: Path, torchdeck: Torchdeck) -> None:
    (project / "content" / "topics.toml").write_text("[[topics]]\nslug = 1\n", encoding="utf-8")
    (project / "content" / "syllabus.tsv").write_text("number\n", encoding="utf-8")
    result = torchdeck(project, "check")
    assert result.status == 1
    assert "content/topics.toml: error[edition]" in result.out
    assert "content/syllabus.tsv:1: error[syllabus]" in result.out


@pytest.mark.parametrize("arguments", [("check", "nowhere.md"), ("check", "/"), ("frobnicate",)])
def test_wrong_usage_ends_with_2(
    project: Path, torchdeck: Torchdeck, arguments: tuple[str, ...]
) -> None:
    assert torchdeck(project, *arguments).status == 2


def test_outside_a_project_is_wrong_usage(tmp_path: Path, torchdeck: Torchdeck) -> None:
    result = torchdeck(tmp_path, "check")
    assert result.status == 2
    assert "no content/topics.toml" in result.err


@pytest.mark.parametrize(
    ("command", "forbidden"),
    [
        (["check"], ["torch", "numpy", "genanki", "anki"]),
        (["build"], ["torch", "numpy", "anki"]),
        (["run"], ["torch", "genanki", "anki"]),
    ],
)
def test_a_command_needs_no_package_of_another_stage(
    project: Path, torchdeck: Torchdeck, command: list[str], forbidden: list[str]
) -> None:
    blocker = project / "blocker"
    blocker.mkdir()
    # A module that is None in sys.modules cannot be imported.
    (blocker / "sitecustomize.py").write_text(
        f"import sys\nfor name in {forbidden}:\n    sys.modules[name] = None\n", encoding="utf-8"
    )
    if command == ["run"]:
        # The blocks' own processes do import torch; they see none of this environment.
        assert torchdeck(project, "run").status == 0
    result = torchdeck(project, *command, PYTHONPATH=str(blocker))
    assert result.status == 0, result.out + result.err
