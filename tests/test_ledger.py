"""The ledger across branches, and what it refuses."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.conftest import DAY, FIRST_RELEASE, ROOT, Torchdeck
from torchdeck.package.ledger import Ledger
from torchdeck.package.payload import read_payload

LIFETIME = ("存储不在时。", "存储释放后。")
STORAGE = ("存储是{{c1::一维}}的。", "存储总是{{c1::一维}}的。")


def days(count: int) -> dict[str, str]:
    return {"SOURCE_DATE_EPOCH": str(FIRST_RELEASE + count * DAY)}


def git(folder: Path, *arguments: str, status: int = 0) -> str:
    names = ("-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "core.autocrlf=false")
    process = subprocess.run(
        ["git", *names, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert process.returncode == status, process.stdout + process.stderr
    return process.stdout


def reword(project: Path, texts: tuple[str, str]) -> None:
    path = project / "content" / "tensor" / "views.md"
    text = path.read_text(encoding="utf-8")
    assert texts[0] in text
    path.write_text(text.replace(*texts), encoding="utf-8")


def mods(project: Path) -> dict[str, int]:
    payload = read_payload((project / "decks" / "all.apkg").read_bytes())
    return {note.sort_text.partition("#")[2]: note.mod - FIRST_RELEASE for note in payload.notes}


@pytest.fixture
def branches(project: Path, torchdeck: Torchdeck) -> Path:
    """A repository whose branches `one` and `main` each changed another card and built."""
    (project / ".gitattributes").write_bytes((ROOT / ".gitattributes").read_bytes())
    torchdeck(project, "build")
    git(project, "init", "--quiet", "--initial-branch", "main")
    commit(project, "first")
    git(project, "switch", "--quiet", "--create", "one")
    reword(project, LIFETIME)
    assert torchdeck(project, "build", **days(1)).status == 0
    commit(project, "one")
    git(project, "switch", "--quiet", "main")
    reword(project, STORAGE)
    assert torchdeck(project, "build", **days(2)).status == 0
    commit(project, "two")
    return project


def commit(project: Path, message: str) -> None:
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", message)


def test_branches_merge_by_union_and_a_build(branches: Path, torchdeck: Torchdeck) -> None:
    git(branches, "merge", "one", status=1)  # the packages conflict, and nothing else
    conflicts = git(branches, "diff", "--name-only", "--diff-filter=U").split()
    assert conflicts == ["decks/README.md", "decks/all.apkg", "decks/tensor.apkg"]
    result = torchdeck(branches, "build", **days(3))
    assert result.status == 0, result.out
    assert mods(branches) == {"": 0, "lifetime": DAY, "storage": 2 * DAY}
    assert torchdeck(branches, "build", "--check", **days(3)).status == 0
    names = [line for line in ledger_lines(branches) if '"views#' in line]
    assert len(names) == 2


def test_a_note_changed_on_both_branches_moves_again(branches: Path, torchdeck: Torchdeck) -> None:
    reword(branches, (LIFETIME[0], "存储消失时。"))
    assert torchdeck(branches, "build", **days(3)).status == 0
    commit(branches, "three")
    git(branches, "merge", "one", status=1)
    path = branches / "content" / "tensor" / "views.md"
    git(branches, "checkout", "--ours", str(path))
    reword(branches, ("存储消失时。", "存储消失以后。"))
    assert torchdeck(branches, "build", **days(4)).status == 0
    assert mods(branches)["lifetime"] == 4 * DAY


def test_a_note_retired_on_one_branch_stays_retired(branches: Path, torchdeck: Torchdeck) -> None:
    reword(branches, ("## 卡片", "### 视图为什么快？ {#fast}\n\n不复制数据。\n\n## 卡片"))
    retired = torchdeck(branches, "retire", "views#lifetime", "--reason", "见 #storage", **days(3))
    assert retired.status == 0, retired.out
    assert torchdeck(branches, "build", **days(4)).status == 0
    commit(branches, "retired")
    git(branches, "merge", "one", status=1)
    git(branches, "checkout", "--ours", "content")
    result = torchdeck(branches, "build", **days(5))
    assert result.status == 0, result.out
    ledger = Ledger.read(branches / "decks" / "ledger.json", "ledger.json")
    assert set(ledger.notes) == {"views", "views#fast", "views#storage"}
    assert set(ledger.retired) == {"views#lifetime"}


def test_every_entry_ends_in_a_comma(project: Path, torchdeck: Torchdeck) -> None:
    torchdeck(project, "build")
    entries = [line for line in ledger_lines(project) if line.startswith("    ")]
    assert len(entries) > 10
    assert all(line.endswith(",") or line.strip() in {'""', '"": null'} for line in entries)


@pytest.mark.parametrize("text", ["{}", "[]", "no json", '{"format": 1}'])
def test_what_is_no_ledger_is_told(project: Path, torchdeck: Torchdeck, text: str) -> None:
    torchdeck(project, "build")
    (project / "decks" / "ledger.json").write_text(text, encoding="utf-8")
    result = torchdeck(project, "build", **days(1))
    assert result.status == 1
    assert "decks/ledger.json: error[ledger]" in result.out


def test_a_package_changed_by_hand_is_refused(project: Path, torchdeck: Torchdeck) -> None:
    torchdeck(project, "build")
    package = project / "decks" / "tensor.apkg"
    package.write_bytes(b"edited")
    for arguments in (["build"], ["build", "--check"]):
        result = torchdeck(project, *arguments)
        assert result.status == 1
        assert "decks/tensor.apkg: error[deck-edited]" in result.out
    assert package.read_bytes() == b"edited"
    package.unlink()
    assert torchdeck(project, "build").status == 0


def test_a_changed_answer_of_a_cloze_keeps_its_number(project: Path, torchdeck: Torchdeck) -> None:
    torchdeck(project, "build")
    reword(project, ("{{c1::一维}}", "{{c1::一维数组}}"))
    assert torchdeck(project, "build", **days(1)).status == 0
    reword(project, ("存储是{{c1::一维数组}}的。", "每个张量都记着自己的{{c1::步幅}}与偏移。"))
    result = torchdeck(project, "build", **days(2))
    assert result.status == 1
    assert "error[cloze-reused]: views#storage: c1 hid '一维数组' in another sentence" in result.out


def test_a_time_to_come_is_refused(project: Path, torchdeck: Torchdeck) -> None:
    result = torchdeck(project, "build", SOURCE_DATE_EPOCH=str(2**33))
    assert result.status == 2
    assert "lies in the future" in result.err
    assert not (project / "decks").exists()


def test_the_schema_of_the_note_types_is_frozen() -> None:
    """What learners' collections hold; docs/note-types.md says what to do instead of a change."""
    tail = ["版本提示", "专题", "难度", "题号", "编号", "验证版本", "链接", "备用一", "备用二"]
    heads = {
        "question": ["问题", "要点", "详解", "易错", "来源"],
        "qa": ["问题", "答案", "所属题目"],
        "cloze": ["标题", "正文", "所属题目"],
        "predict": ["问题", "代码", "输出", "解析", "所属题目"],
    }
    cards = {
        "question": ["面试题", "备用"],
        "qa": ["问答", "备用"],
        "cloze": ["填空"],
        "predict": ["猜输出", "备用"],
    }
    names = ["torchdeck 面试题", "torchdeck 问答", "torchdeck 填空", "torchdeck 猜输出"]
    expected = {}
    for index, kind in enumerate(heads):
        number = 1_763_870_001 + index
        fields = [[number * 100 + at, name] for at, name in enumerate([*heads[kind], *tail])]
        templates = [[number * 100 + 90 + at, name] for at, name in enumerate(cards[kind])]
        expected[kind] = {
            "id": number,
            "name": names[index],
            "fields": fields,
            "templates": templates,
        }
    ledger = Ledger.read(ROOT / "decks" / "ledger.json", "ledger.json")
    assert {kind: entry.schema for kind, entry in ledger.note_types.items()} == expected
    note_types = json.loads(read_payload((ROOT / "decks" / "all.apkg").read_bytes()).note_types)
    packaged = {
        kind["id"]: (
            [[field["id"], field["name"]] for field in kind["flds"]],
            [[template["id"], template["name"]] for template in kind["tmpls"]],
        )
        for kind in note_types.values()
    }
    assert sorted(packaged.values()) == sorted(
        (kind["fields"], kind["templates"]) for kind in expected.values()
    )


def ledger_lines(project: Path) -> list[str]:
    return (project / "decks" / "ledger.json").read_text(encoding="utf-8").splitlines()
