"""Records: what a run keeps for other environments and for later versions."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import DAY, FIRST_RELEASE, Torchdeck, line_of, write_question

BLOCKS = (
    "```python\nprint(1 + 1)\n```\n\n```output\n2\n```\n\n"
    "```python\nimport warnings\nwarnings.warn('old')\nprint(3 + 1)\n```\n\n```output\n5\n```\n\n"
    '```python norun="shown only"\nx\n```\n\n'
    "```python device=cuda\nimport torch\nprint(torch.zeros(1).device)\n```\n\n"
    "```python fresh\n1 / 0\n```"
)


def record_of(project: Path) -> tuple[Path, dict[str, Any]]:
    (path,) = (project / "content" / "records").glob("*.json")
    return path, json.loads(path.read_text(encoding="utf-8"))


def test_a_record_says_where_it_ran_and_what_became_of_each_block(
    project: Path, torchdeck: Torchdeck
) -> None:
    write_question(project, BLOCKS)
    assert torchdeck(project, "run", "--record").status == 1
    path, record = record_of(project)
    where = record["environment"]
    assert path.name == f"torch-{where['torch']}.json"
    assert where["build"].startswith(where["torch"])
    assert where["device"] == "cpu"
    assert where["capability"].isupper()
    assert len(where["git"]) == len("0" * 40)
    assert record["recorded"] == "2023-11-14"
    assert record["guards"]["time"] is True
    blocks = {block["outcome"]: block for block in record["blocks"].values()}
    assert sorted(block["outcome"] for block in record["blocks"].values()) == [
        "failed",
        "not verified",
        "ok",
        "ok",
    ]
    assert blocks["failed"]["reason"] == "ZeroDivisionError: division by zero"
    accepted, changed = (
        block
        for block in sorted(record["blocks"].values(), key=lambda block: "stdout" in block)
        if block["outcome"] == "ok"
    )
    assert set(accepted) == {"file", "line", "outcome", "accepted"}
    assert changed == {
        "file": "content/tensor/views.md",
        "line": line_of(project / "content" / "tensor" / "views.md", "import warnings") - 1,
        "outcome": "ok",
        "accepted": hashlib.sha256(b"5").hexdigest()[:16],
        "stdout": "4\n",
        "warnings": ["UserWarning: old"],
    }
    text = path.read_text(encoding="utf-8")
    assert "seconds" not in text
    assert text == json.dumps(record, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def test_the_same_run_on_another_day_leaves_the_record_as_it_is(
    project: Path, torchdeck: Torchdeck
) -> None:
    torchdeck(project, "run", "--record")
    path, _ = record_of(project)
    before = path.read_bytes()
    later = str(FIRST_RELEASE + DAY)
    assert torchdeck(project, "run", "--record", "--force", SOURCE_DATE_EPOCH=later).status == 0
    assert path.read_bytes() == before


def test_of_an_unstable_output_only_another_shape_is_kept(
    project: Path, torchdeck: Torchdeck
) -> None:
    fence = '```python fresh unstable="timing"'
    write_question(
        project,
        f"{fence}\nimport os\nprint(f'took {{os.getpid()}} s')\n```\n\n```output\ntook 0 s\n```\n\n"
        f"{fence}\nimport os\nprint(f'{{os.getpid()}} s')\n```\n\n```output\ntook 0 s\n```",
    )
    assert torchdeck(project, "run", "--record").status == 1
    _, record = record_of(project)
    kept = sorted("stdout" in entry for entry in record["blocks"].values())
    assert kept == [False, True]


def test_a_record_still_says_what_was_printed_once_something_else_is_accepted(
    project: Path, torchdeck: Torchdeck
) -> None:
    path = write_question(project, "```python\nprint('new')\n```\n\n```output\nnew\n```")
    assert torchdeck(project, "run", "--record").status == 0
    older, record = record_of(project)
    for entry in record["blocks"].values():
        entry["accepted"] = hashlib.sha256(b"old").hexdigest()[:16]
    older = older.rename(older.with_name("torch-2.12.1+cu130.json"))
    older.write_text(json.dumps(record), encoding="utf-8")
    path.write_text(
        path.read_text(encoding="utf-8").replace("output\nnew", "output\nold"), encoding="utf-8"
    )
    assert torchdeck(project, "run", "--accept").status == 0
    kept = json.loads(older.read_text(encoding="utf-8"))
    assert [entry["stdout"] for entry in kept["blocks"].values()] == ["old\n"]


def test_a_run_of_one_file_keeps_what_the_record_has_of_others(
    project: Path, torchdeck: Torchdeck
) -> None:
    path = write_question(project, "```python\nx = 1\n```")
    other = path.read_text(encoding="utf-8").replace("x = 1", "x = 2")
    other = other.replace("number: 1", "number: 2").replace("什么是视图?", "什么是副本?")
    path.with_name("copies.md").write_text(other, encoding="utf-8")
    torchdeck(project, "run", "--record")
    whole = record_of(project)[1]["blocks"]
    assert torchdeck(project, "run", "--record", "content/tensor/views.md").status == 0
    assert record_of(project)[1]["blocks"] == whole
    path.with_name("copies.md").unlink()
    torchdeck(project, "run", "--record")
    assert {block["file"] for block in record_of(project)[1]["blocks"].values()} == {
        "content/tensor/views.md"
    }


def test_ordinary_runs_record_nothing_and_ci_must_be_asked(
    project: Path, torchdeck: Torchdeck
) -> None:
    assert torchdeck(project, "run").status == 0
    refused = torchdeck(project, "run", "--record", CI="true")
    assert refused.status == 2
    assert "--allow-ci" in refused.err
    assert not (project / "content" / "records").exists()
    assert torchdeck(project, "run", "--record", "--allow-ci", CI="true").status == 0
    assert record_of(project)


@pytest.mark.parametrize("changed", [False, True])
def test_a_record_of_a_device_proves_exactly_its_code(
    project: Path, torchdeck: Torchdeck, *, changed: bool
) -> None:
    block = "```python device=cuda\nimport torch\nprint(torch.zeros(1).device)\n```"
    write_question(project, block)
    torchdeck(project, "run", "--record")
    path, record = record_of(project)
    (entry,) = record["blocks"].values()
    entry.pop("reason")
    entry |= {"outcome": "ok", "stdout": "cuda:0\n"}
    record["environment"] |= {"device": "NVIDIA H100", "torch": "2.11.0+cu130"}
    path.write_text(json.dumps(record), encoding="utf-8")
    if changed:
        write_question(project, block.replace("zeros", "ones"))
    result = torchdeck(project, "run")
    if changed:
        assert "not verified: the block needs a CUDA device" in result.out
        return
    assert "1 output changed" in result.lines[-1]  # it has no output fence yet
    assert "1 record" in result.lines[-1]


def test_a_missing_package_is_recorded_as_such(project: Path, torchdeck: Torchdeck) -> None:
    path = write_question(project, "```python\nimport torchao\n```")
    text = path.read_text(encoding="utf-8")
    text = text.replace("tags:", "requires: [no-such-distribution]\ntags:")
    path.write_text(text.replace("import torchao", "x = 1"), encoding="utf-8")
    assert torchdeck(project, "run").status == 2
    assert torchdeck(project, "run", "--record").status == 1
    (entry,) = record_of(project)[1]["blocks"].values()
    assert entry["outcome"] == "skipped"
    assert entry["reason"] == "no-such-distribution is not installed"
