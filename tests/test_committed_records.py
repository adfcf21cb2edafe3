"""The records in content/records/: of real runs, and what the pinned PyTorch prints today."""

import json
import random
import shutil
from pathlib import Path

import pytest

from tests.conftest import ROOT, Torchdeck
from torchdeck.drift.classify import Kind, classify
from torchdeck.drift.run import RecordedBlock, find, records_in
from torchdeck.execute.results import COMPLETED
from torchdeck.project import Project
from torchdeck.read.edition import read_edition

RECORDS = ROOT / "content" / "records"
VERSIONS = ("2.12.1", "2.13.0", "2.14.1", "2.15.0")
PINNED = read_edition(ROOT / "content").pytorch
REPORT = ROOT / "docs" / "drift-2.12.1-2.15.0.md"


@pytest.mark.parametrize("version", VERSIONS)
def test_each_version_has_a_record_that_says_where_it_ran(version: str) -> None:
    run = find(records_in(RECORDS), version)
    record = json.loads((RECORDS / f"{run.name}.json").read_text(encoding="utf-8"))
    where = record["environment"]
    assert where["device"] == "cpu"
    assert int(where["git"], 16)
    assert where["capability"].isupper()
    assert {"numpy", "onnx", "executorch"} <= set(where["packages"])
    assert record["guards"]["network"] is True
    assert len(run.blocks) > 1000


@pytest.mark.content
def test_a_random_tenth_of_the_pinned_record_is_what_is_printed_today(
    tmp_path: Path, torchdeck: Torchdeck
) -> None:
    recorded = find(records_in(RECORDS), PINNED)
    files = sorted({block.file for block in recorded.blocks.values()})
    seed = (RECORDS / f"{recorded.name}.json").read_text(encoding="utf-8")
    sample = random.Random(seed).sample(files, k=len(files) // 10)  # noqa: S311  # no secret
    copy = tmp_path / "copy"
    shutil.copytree(ROOT / "content", copy / "content", ignore=shutil.ignore_patterns("records"))
    result = torchdeck(copy, "run", "--force", "--record", "--allow-ci", *sample)
    assert result.status == 0, result.out
    (again,) = records_in(Project(copy).records)
    kinds = {
        f"{block.file}:{block.line}": classify(recorded.blocks[key], block, no_text)[0]
        for key, block in again.blocks.items()
        if key in recorded.blocks and block.outcome in COMPLETED
    }
    assert len(kinds) > len(sample)
    assert set(kinds.values()) <= {Kind.UNCHANGED, Kind.NOISE}, kinds


def no_text(block: RecordedBlock) -> None:
    """Find no accepted output: an output that is not the one accepted then is spelled out."""
    del block


def test_the_report_in_the_documents_is_what_the_records_say(torchdeck: Torchdeck) -> None:
    result = torchdeck(ROOT, "drift", "2.12.1", "2.15.0", "--format", "markdown")
    assert REPORT.read_text(encoding="utf-8") == result.out
