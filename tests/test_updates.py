"""What a learner keeps and gets when a newer package is imported, in the real Anki."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import DAY, FIRST_RELEASE, PYTORCH, Torchdeck
from torchdeck.commands.build import build
from torchdeck.commands.status import Status
from torchdeck.package.note_types import NOTE_TYPES
from torchdeck.package.payload import read_payload
from torchdeck.project import Project
from torchdeck.render import field_names as names
from torchdeck.verify.learner import learner

CHANGED = "001 views#lifetime"
EDITED = "001 views#storage"


@pytest.mark.parametrize("fsrs", [False, True], ids=["sm2", "fsrs"])
@pytest.mark.parametrize("package", ["tensor.apkg", "all.apkg"])
def test_an_update_changes_one_note_and_loses_nothing(
    project: Path, torchdeck: Torchdeck, tmp_path: Path, fsrs: bool, package: str
) -> None:
    torchdeck(project, "build")
    with learner(tmp_path) as anki:
        if fsrs:
            anki.use_fsrs()
        assert len(anki.import_package(project / "decks" / "tensor.apkg").new) == 3
        assert anki.study("测试::01 张量", 10) > 3
        own = anki.note(EDITED)
        own[names.TEXT] += "我的笔记"
        own.add_tag("mine")
        anki.collection.update_note(own)
        before = anki.schedule()
        assert len(before.reviews) > 3

        path = project / "content" / "tensor" / "views.md"
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("存储不在时。", "存储不在后。"), encoding="utf-8")
        old = read_payload((project / "decks" / "tensor.apkg").read_bytes())
        torchdeck(project, "build", SOURCE_DATE_EPOCH=str(FIRST_RELEASE + DAY))
        new = read_payload((project / "decks" / "tensor.apkg").read_bytes())
        moved = [
            after.sort_text
            for former, after in zip(old.notes, new.notes, strict=True)
            if former.mod != after.mod
        ]
        assert moved == [CHANGED]

        log = anki.import_package(project / "decks" / package)
        assert (len(log.new), len(log.updated), len(log.conflicting)) == (0, 1, 0)
        assert "存储不在后" in anki.note(CHANGED)[names.ANSWER]
        assert anki.note(EDITED)[names.TEXT].endswith("我的笔记")
        assert "mine" in anki.note(EDITED).tags
        assert anki.schedule() == before


def test_importing_the_same_packages_again_changes_nothing(
    project: Path, torchdeck: Torchdeck, tmp_path: Path
) -> None:
    torchdeck(project, "build")
    with learner(tmp_path) as anki:
        anki.import_package(project / "decks" / "all.apkg")
        anki.study("测试::01 张量", 5)
        before = anki.schedule()
        for package in ("tensor.apkg", "all.apkg"):
            log = anki.import_package(project / "decks" / package)
            assert (len(log.new), len(log.updated)) == (0, 0)
        assert anki.schedule() == before
        assert anki.collection.note_count() == 3


def test_new_cards_come_in_the_order_of_the_file(
    project: Path, torchdeck: Torchdeck, tmp_path: Path
) -> None:
    torchdeck(project, "build")
    with learner(tmp_path) as anki:
        anki.import_package(project / "decks" / "tensor.apkg")
        assert anki.collection.db is not None
        order = anki.collection.db.list(
            "select n.sfld from cards c join notes n on n.id = c.nid order by c.due, c.ord"
        )
        assert order == ["001 views", "001 views#lifetime", "001 views#storage"]


def test_the_back_names_the_pytorch_of_its_text(
    project: Path, torchdeck: Torchdeck, tmp_path: Path
) -> None:
    torchdeck(project, "build")
    with learner(tmp_path) as anki:
        anki.import_package(project / "decks" / "tensor.apkg")
        for card_id in anki.collection.find_cards(""):
            assert f"PyTorch {PYTORCH}" in anki.collection.get_card(card_id).answer()


def test_a_new_style_reaches_everybody_and_touches_nothing_of_theirs(
    project: Path, torchdeck: Torchdeck, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torchdeck(project, "build")
    with learner(tmp_path) as anki:
        anki.import_package(project / "decks" / "all.apkg")
        anki.study("测试::01 张量", 5)
        own = anki.note(EDITED)
        own[names.TEXT] += "我的笔记"
        anki.collection.update_note(own)
        style = Path(anki.collection.media.dir()) / "_torchdeck-user.css"
        style.write_text(".torchdeck { color: red; }", encoding="utf-8")
        before, kinds = anki.schedule(), len(anki.collection.models.all())
        notes = [anki.note(name).fields for name in (CHANGED, EDITED)]

        for note_type in NOTE_TYPES.values():
            monkeypatch.setitem(note_type.__dict__, "css", note_type.css + "\n.new-rule {}\n")
            monkeypatch.setitem(
                note_type.__dict__,
                "templates",
                tuple(
                    replace(template, back=template.back + "<!-- new template -->")
                    for template in note_type.templates
                ),
            )
        monkeypatch.setenv("SOURCE_DATE_EPOCH", str(FIRST_RELEASE + DAY))
        assert build(Project(project), (), only_check=False, output=None) is Status.FINE
        log = anki.import_package(project / "decks" / "all.apkg")
        assert (len(log.new), len(log.updated), len(log.conflicting)) == (0, 0, 0)
        for card_id in anki.collection.find_cards(""):
            output = anki.collection.get_card(card_id).render_output()
            assert ".new-rule" in output.css
            assert "new template" in output.answer_text
        assert [anki.note(name).fields for name in (CHANGED, EDITED)] == notes
        assert anki.schedule() == before
        assert len(anki.collection.models.all()) == kinds
        assert style.read_text(encoding="utf-8") == ".torchdeck { color: red; }"


def test_cards_link_to_their_source_where_the_edition_says_so(
    project: Path, torchdeck: Torchdeck, tmp_path: Path
) -> None:
    topics = project / "content" / "topics.toml"
    settings = topics.read_text(encoding="utf-8")
    topics.write_text(f'source = "https://example.org/{{path}}"\n{settings}', encoding="utf-8")
    assert torchdeck(project, "build").status == 0
    with learner(tmp_path) as anki:
        anki.import_package(project / "decks" / "all.apkg")
        for card_id in anki.collection.find_cards(""):
            answer = anki.collection.get_card(card_id).answer()
            assert 'href="https://example.org/content/tensor/views.md"' in answer
    topics.write_text(f'source = "http://example.org"\n{settings}', encoding="utf-8")
    result = torchdeck(project, "check")
    assert "content/topics.toml: error[edition]: key 'source' must be" in result.out


def test_ankis_browser_shows_each_card_in_a_line_that_can_be_read(
    project: Path, torchdeck: Torchdeck, tmp_path: Path
) -> None:
    torchdeck(project, "build")
    with learner(tmp_path) as anki:
        anki.import_package(project / "decks" / "tensor.apkg")
        collection = anki.collection
        collection.set_browser_card_columns(["noteFld", "question", "answer"])
        cards = collection.find_cards("", order="c.due asc, c.ord asc")
        rows = [collection.browser_row_for_id(card_id)[0] for card_id in cards]
        assert [tuple(cell[0] for cell in cells) for cells in rows] == [
            ("001 views", "001 views 什么是视图?", "视图与原张量共享存储。"),
            ("001 views#lifetime", "001 views#lifetime 视图何时失效？", "存储不在时。"),
            ("001 views#storage", "001 views#storage 存储是[...]的。", "存储是一维的。"),
        ]
