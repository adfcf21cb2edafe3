"""`torchdeck release`, and the way to today's decks from every release that is kept."""

import hashlib
from pathlib import Path

import pytest

from tests.conftest import ROOT, Torchdeck
from tests.test_ledger import LIFETIME, commit, days, git, reword
from torchdeck.release.shelf import Shelf

RELEASES = sorted(path for path in (ROOT / "tests" / "releases").iterdir() if path.is_dir())


def test_learners_come_from_every_release_that_is_kept(
    tmp_path: Path, torchdeck: Torchdeck
) -> None:
    assert len(RELEASES) >= 2
    since = [word for path in RELEASES for word in ("--since", str(path))]
    result = torchdeck(tmp_path, "verify", str(ROOT / "decks"), *since)
    assert result.status == 0, result.out
    told = [line for line in result.lines if "five learners came from" in line]
    assert len(told) == len(RELEASES)


def test_the_kept_releases_differ_from_todays_decks() -> None:
    today = Shelf.of_folder(ROOT / "decks").notes
    for folder in RELEASES:
        older = Shelf.of_folder(folder).notes
        known = [guid for guid in older if guid in today]
        assert len(known) > 50
        assert 5 < sum(today[guid].mod > older[guid].mod for guid in known) < len(known)


def test_a_release_has_packages_checksums_notes_and_a_section(
    project: Path, torchdeck: Torchdeck
) -> None:
    torchdeck(project, "build")
    git(project, "init", "--quiet", "--initial-branch", "main")
    commit(project, "first")
    result = torchdeck(project, "release", "2023.11.14")
    assert result.status == 0, result.err
    folder = project / "dist" / "2023.11.14"
    sums = (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    assert sorted(line.split("  ")[1] for line in sums) == ["all.apkg", "tensor.apkg"]
    for line in sums:
        digest, name = line.split("  ")
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    assert (folder / "NOTES.md").read_text(encoding="utf-8") == "首个版本：3 张笔记。\n"
    assert "3 张笔记，1 个专题" in (folder / "ankiweb.md").read_text(encoding="utf-8")

    reword(project, LIFETIME)
    torchdeck(project, "build", **days(1))
    assert torchdeck(project, "release", "2023.11.15", "--since", "HEAD").status == 0
    log = (project / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = [line for line in log.splitlines() if line.startswith("## ")]
    assert headings == ["## 2023.11.15", "## 2023.11.14"]
    assert "新增 0 张笔记，改动 1 张笔记，退役 0 张笔记。" in log
    assert "  - 存储不在时。\n  + 存储释放后。\n" in log
    again = torchdeck(project, "release", "2023.11.15")
    assert again.status == 2
    assert "CHANGELOG.md has the release 2023.11.15 already" in again.err
    assert (project / "CHANGELOG.md").read_text(encoding="utf-8") == log


@pytest.mark.parametrize(
    "version", ["1.0", "2026.13.01", "2026.1.2", "2026.11.23-x", "v2026.11.23"]
)
def test_a_version_is_a_date(project: Path, torchdeck: Torchdeck, version: str) -> None:
    torchdeck(project, "build")
    result = torchdeck(project, "release", version)
    assert result.status == 2
    assert "no version by the calendar" in result.err
    assert not (project / "dist").exists()


def test_nothing_to_release(project: Path, torchdeck: Torchdeck) -> None:
    result = torchdeck(project, "release", "2023.11.14")
    assert result.status == 2
    assert "has no all.apkg" in result.err
