"""`torchdeck changes`: what a learner who has older decks gets."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

from tests.conftest import Torchdeck
from tests.press import NOTES, Press, note, with_texts
from tests.test_ledger import LIFETIME, STORAGE, commit, days, git, reword
from torchdeck.release.changes import NoteChange, changes, count
from torchdeck.release.notes import release_notes
from torchdeck.release.shelf import Shelf
from torchdeck.render.note import Media, Note


def test_new_changed_and_retired_notes_are_told_by_deck(
    project: Path, torchdeck: Torchdeck, tmp_path: Path
) -> None:
    torchdeck(project, "build")
    older = Path(shutil.copytree(project / "decks", tmp_path / "older"))
    reword(project, STORAGE)
    reword(project, ("## 卡片", "### 视图为什么快？ {#fast}\n\n不复制`数据`。\n\n## 卡片"))
    torchdeck(project, "retire", "views#lifetime", "--reason", "见 #fast", **days(1))
    assert torchdeck(project, "build", **days(2)).status == 0
    result = torchdeck(project, "changes", str(older))
    assert result.lines == [
        "测试::01 张量",
        "  new: 001 views#fast: 视图为什么快？",
        "  changed: 001 views#storage: 存储",
        "    正文 - 存储是{{c1::一维}}的。",
        "    正文 + 存储总是{{c1::一维}}的。",
        "  retired: 001 views#lifetime: 视图何时失效？",
        "    已退役，请删除或暂停：见 #fast",
        "changes: 1 new note, 1 changed, 1 retired",
    ]
    (deck,) = json.loads(torchdeck(project, "changes", str(older), "--format", "json").out)
    assert deck["deck"] == "测试::01 张量"
    assert [item["name"] for item in deck["new"]] == ["001 views#fast"]
    assert deck["changed"][0]["fields"] == [
        {
            "name": "正文",
            "before": ["存储是{{c1::一维}}的。"],
            "after": ["存储总是{{c1::一维}}的。"],
        }
    ]
    markdown = torchdeck(project, "changes", str(older), "--format", "markdown").out
    assert "新卡（001 views）：\n\n- 视图为什么快？\n" in markdown
    assert "  - 存储是{{c1::一维}}的。\n  + 存储总是{{c1::一维}}的。\n" in markdown
    assert "：已退役，请删除或暂停：见 \\#fast\n" in markdown


def test_a_revision_of_git_is_older_decks(project: Path, torchdeck: Torchdeck) -> None:
    torchdeck(project, "build")
    git(project, "init", "--quiet", "--initial-branch", "main")
    commit(project, "first")
    reword(project, LIFETIME)
    torchdeck(project, "build", **days(1))
    result = torchdeck(project, "changes", "HEAD")
    assert result.lines[-1] == "changes: 0 new notes, 1 changed, 0 retired"
    assert torchdeck(project / "content", "changes", "main").lines == result.lines
    for place in ("nowhere", "content"):
        result = torchdeck(project, "changes", place)
        assert result.status == 2
        assert place in result.err


def test_nothing_changed(project: Path, torchdeck: Torchdeck) -> None:
    torchdeck(project, "build")
    decks = str(project / "decks")
    assert torchdeck(project, "changes", decks).lines == [
        "changes: 0 new notes, 0 changed, 0 retired"
    ]
    assert torchdeck(project, "changes", decks, "--format", "markdown").out == "没有内容变化。\n"


def test_a_new_picture_is_a_change_without_words(tmp_path: Path) -> None:
    def drawn(name: str) -> list[Note]:
        picture = note(
            "views#lifetime", f'<img src="{name}" alt="图">', media=(Media(name, b"<svg/>"),)
        )
        return [picture if item.key == picture.key else item for item in NOTES]

    press = Press(tmp_path)
    shelves = [Shelf.of_folder(press.publish(drawn(name))) for name in ("a-1.svg", "a-2.svg")]
    (deck,) = changes(*shelves)
    assert deck.changed == (NoteChange("001 views#lifetime", "关于 views#lifetime"),)
    assert "1 张笔记的图或版式更新" in release_notes([deck])


def test_markdown_shows_text_as_it_is(tmp_path: Path) -> None:
    press = Press(tmp_path)
    shelves = [Shelf.of_folder(press.publish(NOTES))]
    named = [
        replace(item, fields={**item.fields, "问题": "<code>__init__</code> 与 a*b*c 呢？"})
        if item.card == "lifetime"
        else item
        for item in with_texts({"views#lifetime": "是 <code>x</code>"})
    ]
    shelves.append(Shelf.of_folder(press.publish(named)))
    found = changes(*shelves)
    assert count(found) == {"new": 0, "changed": 1, "retired": 0}
    assert "- \\_\\_init\\_\\_ 与 a\\*b\\*c 呢？ " in release_notes(found)
