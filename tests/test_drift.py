"""`torchdeck drift`: each change that another PyTorch can bring is told as what it is."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import DAY, FIRST_RELEASE, PYTORCH, Torchdeck, line_of, write_question
from torchdeck.drift.classify import Kind, drift
from torchdeck.drift.run import NoRecordError, RecordedRun, find, records_in
from torchdeck.package.payload import NoteRow, read_payload

FILE = "content/tensor/views.md"
ACCEPTED = "1.2345 and 7"


@dataclass
class Shelf:
    """A folder of records."""

    folder: Path
    blocks: dict[str, Any] = field(default_factory=dict)

    def put(self, torch: str, blocks: Mapping[str, Mapping[str, Any]]) -> RecordedRun:
        record = {
            "environment": {"build": torch, "git": "0" * 40, "device": "cpu"},
            "blocks": {
                key: {"file": FILE, "line": 10, "outcome": "ok", **entry}
                for key, entry in blocks.items()
            },
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"torch-{torch}.json"
        path.write_text(json.dumps(record), encoding="utf-8")
        return RecordedRun.read(path)


def accepted(block: object) -> str:
    del block
    return ACCEPTED


FINE = {"accepted": "aaaa"}
OTHER_OUTPUT = FINE | {"stdout": "1.2345 and 8\n"}


@pytest.mark.parametrize(
    ("old", "new", "kind", "detail"),
    [
        (FINE, FINE, Kind.UNCHANGED, ""),
        (FINE, FINE | {"line": 99, "file": "content/tensor/moved.md"}, Kind.UNCHANGED, ""),
        (FINE, OTHER_OUTPUT, Kind.OUTPUT_CHANGED, "-1.2345 and 7\n+1.2345 and 8"),
        (OTHER_OUTPUT, FINE, Kind.OUTPUT_CHANGED, "-1.2345 and 8\n+1.2345 and 7"),
        (FINE, FINE | {"stdout": "1.23451 and 7\n"}, Kind.NOISE, "+1.23451 and 7"),
        (FINE, FINE | {"stdout": "1.24 and 7\n"}, Kind.OUTPUT_CHANGED, "+1.24 and 7"),
        (FINE, FINE | {"stdout": "1.2345 and 7.0\n"}, Kind.OUTPUT_CHANGED, "+1.2345 and 7.0"),
        (FINE, FINE | {"warnings": ["FutureWarning: x"]}, Kind.NEW_WARNING, "FutureWarning: x"),
        (
            FINE | {"warnings": ["DeprecationWarning: x"]},
            FINE | {"warnings": ["FutureWarning: x"]},
            Kind.NEW_WARNING,
            "FutureWarning: x",
        ),
        (FINE | {"warnings": ["FutureWarning: x"]}, FINE, Kind.WARNING_GONE, "FutureWarning: x"),
        (
            FINE | {"warnings": ["UserWarning: x (Triggered internally at /src/a.cpp:816.)"]},
            FINE | {"warnings": ["UserWarning: x (Triggered internally at /src/a.cpp:848.)"]},
            Kind.UNCHANGED,
            "",
        ),
        (FINE, {"outcome": "failed", "reason": "TypeError: no"}, Kind.FAILS, "TypeError: no"),
        ({"outcome": "timeout", "reason": "60 s"}, FINE, Kind.FIXED, "was timeout: 60 s"),
        ({"outcome": "failed"}, {"outcome": "failed"}, Kind.UNCHANGED, ""),
        ({"outcome": "failed"}, {"outcome": "signal", "reason": "11"}, Kind.FAILS, "signal: 11"),
        (
            FINE,
            {"outcome": "skipped", "reason": "torchao is not installed"},
            Kind.NOT_COMPARABLE,
            "torchao is not installed",
        ),
        ({"outcome": "not verified", "reason": "needs CUDA"}, FINE, Kind.NOT_COMPARABLE, "CUDA"),
        ({"stdout": "no fence\n"}, {"stdout": "no fence\n"}, Kind.UNCHANGED, ""),
    ],
)
def test_a_change_is_told_as_what_it_is(
    tmp_path: Path, old: dict[str, Any], new: dict[str, Any], kind: Kind, detail: str
) -> None:
    shelf = Shelf(tmp_path)
    runs = shelf.put("2.13.0+cpu", {"key": old}), shelf.put("2.14.1+cpu", {"key": new})
    (found,) = drift(*runs, runs, accepted)
    assert found.kind is kind
    assert detail in found.detail
    assert found.line == new.get("line", 10)


def test_an_edited_block_cannot_be_compared(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    runs = shelf.put("2.13.0", {"old": FINE}), shelf.put("2.14.1", {"new": FINE})
    found = drift(*runs, runs, accepted)
    assert {item.kind for item in found} == {Kind.NOT_COMPARABLE}
    assert len(found) == 2


def test_an_edited_output_cannot_be_compared(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    old = shelf.put("2.13.0", {"key": {"accepted": "aaaa"}})
    new = shelf.put("2.14.1", {"key": {"accepted": "bbbb"}})
    assert [item.kind for item in drift(old, new, [], lambda _block: None)] == [Kind.NOT_COMPARABLE]


def test_another_build_is_told_where_a_record_shows_it(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.put("2.12.1+cu130", {"key": OTHER_OUTPUT})
    shelf.put("2.13.0+cpu", {"key": FINE})
    shelf.put("2.14.1+cu132", {"key": OTHER_OUTPUT})
    oldest, pinned, newest = runs = records_in(tmp_path)

    def kind(before: RecordedRun, after: RecordedRun, others: list[RecordedRun]) -> Kind:
        (found,) = drift(before, after, others, accepted)
        return found.kind

    assert kind(pinned, newest, runs) is Kind.BUILD_DEPENDENT
    assert kind(newest, pinned, runs) is Kind.BUILD_DEPENDENT
    assert kind(oldest, pinned, runs) is Kind.BUILD_DEPENDENT
    assert kind(pinned, newest, [pinned, newest]) is Kind.OUTPUT_CHANGED
    assert kind(oldest, newest, runs) is Kind.UNCHANGED


def test_the_command_prints_places_and_figures(project: Path, torchdeck: Torchdeck) -> None:
    fences = "```python\nprint(1.5, 7)\n```\n\n```output\n1.5 7\n```"
    path = write_question(project, fences)
    assert torchdeck(project, "run", "--record").status == 0
    records = project / "content" / "records"
    (pinned,) = records.glob("*.json")
    record = json.loads(pinned.read_text(encoding="utf-8"))
    (entry,) = record["blocks"].values()
    assert entry["accepted"] == hashlib.sha256(b"1.5 7").hexdigest()[:16]
    record["environment"]["build"] = "2.13.0+cpu"
    pinned.unlink()
    pinned = records / "torch-2.13.0+cpu.json"
    pinned.write_text(json.dumps(record), encoding="utf-8")
    entry["stdout"] = "1.5 <8>\n"
    record["environment"]["build"] = "2.99.0+cu140"
    (records / "torch-2.99.0+cu140.json").write_text(json.dumps(record), encoding="utf-8")
    line = line_of(path, "print(1.5") - 1

    result = torchdeck(project, "drift", "2.13.0", "2.99.0")
    assert result.status == 1
    assert result.lines[0].startswith("2.13.0+cpu is a CPU build and 2.99.0+cu140 is not")
    assert result.lines[1:5] == [
        f"{FILE}:{line}: output changed",
        "    @@ -1 +1 @@",
        "    -1.5 7",
        "    +1.5 <8>",
    ]
    summary = "drift: torch-2.13.0+cpu to torch-2.99.0+cu140: 1 output changed"
    assert result.lines[-1] == summary
    facts = json.loads(torchdeck(project, "drift", "2.13.0", "2.99.0", "--format", "json").out)
    assert facts["counts"] == {"output changed": 1}
    assert facts["blocks"][0]["line"] == line
    markdown = torchdeck(project, "drift", "2.13.0", "2.99.0", "--format", "markdown").out
    assert f"## {FILE}" in markdown
    assert "+1.5 <8>" in markdown
    html = torchdeck(project, "drift", "2.13.0", "2.99.0", "--format", "html").out
    assert "+1.5 &lt;8&gt;" in html
    assert "<script" not in html
    same = torchdeck(project, "drift", str(pinned), "torch-2.13.0+cpu")
    assert (same.status, same.lines[-1]) == (
        0,
        "drift: torch-2.13.0+cpu to torch-2.13.0+cpu: 1 unchanged",
    )
    unknown = torchdeck(project, "drift", "2.13.0", "3.0")
    assert unknown.status == 2
    assert "no record is of 3.0; there are: torch-2.13.0+cpu, torch-2.99.0+cu140" in unknown.err


def test_the_grid_shows_what_broke_when(project: Path, torchdeck: Torchdeck) -> None:
    shelf = Shelf(project / "content" / "records")
    shelf.put("2.12.1+cu130", {"a": FINE, "b": {"outcome": "failed", "reason": "no"}})
    shelf.put("2.13.0+cpu", {"a": FINE, "b": FINE | {"file": "content/tensor/copies.md"}})
    shelf.put("2.14.1+cu132", {"a": FINE, "b": FINE | {"warnings": ["FutureWarning: x"]}})
    result = torchdeck(project, "grid")
    assert (result.status, result.lines) == (
        0,
        [
            "held against 2.13.0+cpu",
            f"{FILE}: 2.12.1+cu130 fails, 2.14.1+cu132 new warning",
            "grid: 1 questions, 2 versions, 1 differ",
        ],
    )
    markdown = torchdeck(project, "grid", "--format", "markdown").out
    assert f"| {FILE} | fails | new warning |" in markdown
    assert "| question | 2.12.1+cu130 | 2.14.1+cu132 |" in markdown
    html = torchdeck(project, "grid", "--format", "html").out
    assert '<td data-kind="fails">fails</td>' in html
    assert json.loads(torchdeck(project, "grid", "--format", "json").out)["rows"]
    (project / "content" / "records" / "torch-2.13.0+cpu.json").unlink()
    assert torchdeck(project, "grid").status == 2


def test_a_version_means_its_run_on_the_cpu_before_that_on_a_device(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.put("2.13.0+cpu", {"a": FINE})
    device = json.loads((tmp_path / "torch-2.13.0+cpu.json").read_text(encoding="utf-8"))
    device["environment"] |= {"build": "2.13.0+cu130", "device": "NVIDIA H100"}
    (tmp_path / "torch-2.13.0+cu130-h100.json").write_text(json.dumps(device), encoding="utf-8")
    runs = records_in(tmp_path)
    assert find(runs, "2.13.0").name == "torch-2.13.0+cpu"
    assert find(runs, "torch-2.13.0+cu130-h100").device == "NVIDIA H100"
    shelf.put("2.13.0+cu130", {"a": FINE})
    with pytest.raises(NoRecordError, match=r"several records are of 2\.13\.0"):
        find(records_in(tmp_path), "2.13.0")


def test_the_site_leads_to_what_other_versions_change(project: Path, torchdeck: Torchdeck) -> None:
    write_question(project, "```python\nx = 1\n```")
    assert torchdeck(project, "build").status == 0
    site = project / "site"
    assert torchdeck(project, "preview", "--static", str(site)).status == 0
    assert "versions.html" not in (site / "index.html").read_text(encoding="utf-8")

    shelf = Shelf(project / "content" / "records")
    shelf.put("2.13.0+cpu", {"a": FINE})
    shelf.put("2.14.1+cu132", {"a": {"outcome": "failed", "reason": "it broke"}})
    assert torchdeck(project, "preview", "--static", str(site)).status == 0
    assert 'href="versions.html"' in (site / "index.html").read_text(encoding="utf-8")
    grid = (site / "versions.html").read_text(encoding="utf-8")
    assert 'href="drift-torch-2.14.1+cu132.html"' in grid
    report = (site / "drift-torch-2.14.1+cu132.html").read_text(encoding="utf-8")
    assert "it broke" in report


def test_a_card_says_what_a_newer_pytorch_does(project: Path, torchdeck: Torchdeck) -> None:
    path = write_question(project, "```python\nprint(0 + 1)\n```\n\n```output\n1\n```")
    title, fences = (
        "### 输出什么？ {#two .predict}",
        "```python\nprint(3 - 1)\n```\n\n```output\n2\n```",
    )
    text = path.read_text(encoding="utf-8")
    path.write_text(f"{text}\n{title}\n\n{fences}\n\n就是 2。\n", encoding="utf-8")
    assert torchdeck(project, "run", "--record").status == 0
    assert torchdeck(project, "build").status == 0
    (pinned,) = (project / "content" / "records").glob("*.json")
    record = json.loads(pinned.read_text(encoding="utf-8"))
    record["environment"]["build"] = "2.99.0+cu140"
    line = line_of(path, "print(3 - 1)") - 1
    (changed,) = (entry for entry in record["blocks"].values() if entry["line"] == line)
    changed["stdout"] = "two\n"
    (pinned.parent / "torch-2.99.0+cu140.json").write_text(json.dumps(record), encoding="utf-8")
    before = {row.sort_text: row.mod for row in rows_of(project)}

    versions = ("drift", PYTORCH, "2.99.0")
    say = ("--say", "输出 two")
    assert torchdeck(project, *versions, "--accept", f"{FILE}:{line}").status == 2
    unchanged = line_of(path, "print(0 + 1)") - 1
    refused = torchdeck(project, *versions, "--accept", f"{FILE}:{unchanged}", *say)
    assert refused.status == 2
    assert f"{FILE}:{unchanged} is unchanged" in refused.err
    result = torchdeck(project, *versions, "--accept", f"{FILE}:{line}", *say)
    assert (result.status, result.lines) == (0, [f"{FILE}:{line}: 2.99 起：输出 two"])

    later = {"SOURCE_DATE_EPOCH": str(FIRST_RELEASE + DAY)}
    assert torchdeck(project, "build", **later).status == 0
    after = {row.sort_text: row for row in rows_of(project)}
    assert [name for name in after if after[name].mod != before[name]] == ["001 views#two"]
    assert "2.99 起：输出 two" in after["001 views#two"].fields

    path.write_text(
        path.read_text(encoding="utf-8").replace("(3 - 1)", "(1 + 1)"), encoding="utf-8"
    )
    stale = torchdeck(project, "build", **later)
    assert stale.status == 1
    assert "content/notices.json: error[notice-stale]" in stale.out


def rows_of(project: Path) -> tuple[NoteRow, ...]:
    return read_payload((project / "decks" / "all.apkg").read_bytes()).notes
