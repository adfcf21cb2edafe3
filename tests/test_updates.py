"""What a learner keeps and gets when a newer package is imported, in the real Anki."""

from pathlib import Path

import pytest

from tests.anki_collection import learner
from tests.conftest import DAY, FIRST_RELEASE, Torchdeck
from torchdeck.package.payload import read_payload
from torchdeck.render import field_names as names

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
            assert "PyTorch 2.13.0" in anki.collection.get_card(card_id).answer()
