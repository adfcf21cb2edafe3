"""Identity, time and bytes of the packages."""

import json
import shutil
import zipfile
from pathlib import Path

import pytest

from tests.conftest import DAY, DETAIL, FIRST_RELEASE, PYTORCH, Torchdeck, write_question
from torchdeck.package.note_types import NOTE_TYPES
from torchdeck.package.payload import Payload, read_payload
from torchdeck.render import field_names as names


def payload(project: Path, name: str = "tensor.apkg") -> Payload:
    return read_payload((project / "decks" / name).read_bytes())


def files(project: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (project / "decks").iterdir()}


def later(days: int) -> dict[str, str]:
    return {"SOURCE_DATE_EPOCH": str(FIRST_RELEASE + days * DAY)}


def test_one_package_a_topic_and_one_of_everything(project: Path, torchdeck: Torchdeck) -> None:
    result = torchdeck(project, "build")
    counts = "3 notes, 3 cards; 3 new or changed; 0 with code that is not verified"
    assert (result.status, result.lines) == (0, [f"build: {counts}; 4 files written"])
    assert set(files(project)) == {"tensor.apkg", "all.apkg", "README.md", "ledger.json"}
    assert payload(project).notes == payload(project, "all.apkg").notes


def test_guids_come_from_slugs_alone(project: Path, torchdeck: Torchdeck) -> None:
    torchdeck(project, "build")
    before = [note.guid for note in payload(project).notes]
    write_question(project, "别的正文。")
    torchdeck(project, "build", **later(1))
    assert [note.guid for note in payload(project).notes] == before
    # Final since the first release: what learners' collections hold.
    assert before == ["x^NT]&+/r6", "G2<a7;Pc7k", "rm/#]@9;Fl"]


def test_the_same_content_gives_the_same_bytes(
    project: Path, torchdeck: Torchdeck, tmp_path: Path
) -> None:
    torchdeck(project, "build")
    other = Path(shutil.copytree(project, tmp_path / "elsewhere" / "deep"))
    for package in other.glob("decks/*.apkg"):
        package.unlink()
    torchdeck(other, "build", TZ="Asia/Shanghai", LC_ALL="C", **later(30))
    assert files(other) == files(project)


def test_an_unchanged_build_writes_nothing(project: Path, torchdeck: Torchdeck) -> None:
    torchdeck(project, "build")
    times = {path: path.stat().st_mtime_ns for path in (project / "decks").iterdir()}
    assert torchdeck(project, "build", **later(1)).lines[-1].endswith("0 files written")
    assert {path: path.stat().st_mtime_ns for path in (project / "decks").iterdir()} == times


def test_one_changed_card_moves_one_mod(project: Path, torchdeck: Torchdeck) -> None:
    torchdeck(project, "build")
    before = {note.sort_text: note for note in payload(project).notes}
    path = project / "content" / "tensor" / "views.md"
    path.write_text(
        path.read_text(encoding="utf-8").replace("存储不在时。", "存储释放时。"), encoding="utf-8"
    )
    assert "1 new or changed" in torchdeck(project, "build", **later(1)).out
    after = {note.sort_text: note for note in payload(project).notes}
    moved = [key for key in before if before[key].mod != after[key].mod]
    assert moved == ["001 views#lifetime"]
    assert after["001 views#lifetime"].mod == FIRST_RELEASE + DAY
    assert [key for key in before if before[key].fields != after[key].fields] == moved


def test_a_new_pytorch_moves_nothing_by_itself(project: Path, torchdeck: Torchdeck) -> None:
    torchdeck(project, "build")
    before = payload(project)
    topics = project / "content" / "topics.toml"
    topics.write_text(
        topics.read_text(encoding="utf-8").replace(PYTORCH, "2.99.0"), encoding="utf-8"
    )
    torchdeck(project, "build", **later(1))
    assert payload(project) == before
    path = project / "content" / "tensor" / "views.md"
    path.write_text(
        path.read_text(encoding="utf-8").replace("存储不在时。", "存储释放时。"), encoding="utf-8"
    )
    torchdeck(project, "build", **later(2))
    accepted = {}
    for note in payload(project).notes:
        kind = next(kind for kind in NOTE_TYPES.values() if kind.id == note.note_type)
        accepted[note.sort_text] = note.fields[kind.fields.index(names.ACCEPTED_ON)]
    assert accepted == {
        "001 views": PYTORCH,
        "001 views#lifetime": "2.99.0",
        "001 views#storage": PYTORCH,
    }


@pytest.mark.parametrize(
    ("old", "new", "moved"),
    [
        ("```output\n6\n```", "```output\n6.0\n```", ["001 views"]),
        ("```output\n9\n```", "```output\n9.0\n```", ["001 views#total"]),
    ],
    ids=["of the question", "of a card"],
)
def test_another_output_moves_the_notes_that_show_it(
    project: Path, torchdeck: Torchdeck, old: str, new: str, moved: list[str]
) -> None:
    path = write_question(project, DETAIL)
    card = "### 输出什么？ {#total .predict}\n\n```python\nprint(4 + 5)\n```\n\n```output\n9\n```\n"
    path.write_text(f"{path.read_text(encoding='utf-8')}\n{card}", encoding="utf-8")
    assert torchdeck(project, "build").status == 0
    before = {note.sort_text: note.mod for note in payload(project).notes}
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    assert torchdeck(project, "build", **later(1)).status == 0
    after = {note.sort_text: note.mod for note in payload(project).notes}
    assert [name for name in before if before[name] != after[name]] == moved


def test_one_guid_for_two_notes_is_refused(project: Path, torchdeck: Torchdeck) -> None:
    torchdeck(project, "build")
    ledger = project / "decks" / "ledger.json"
    text = ledger.read_text(encoding="utf-8")
    first = '"views#storage": {"kind": "cloze",'
    assert first in text
    ledger.write_text(
        text.replace(first, f'{first} "identity": "views#lifetime",'), encoding="utf-8"
    )
    result = torchdeck(project, "build", **later(1))
    assert result.status == 1
    assert "views#lifetime" in result.out


def test_check_compares_and_writes_nothing(project: Path, torchdeck: Torchdeck) -> None:
    torchdeck(project, "build")
    assert torchdeck(project, "build", "--check").status == 0
    write_question(project, "别的正文。")
    before = files(project)
    result = torchdeck(project, "build", "--check", **later(1))
    assert result.status == 1
    assert "decks/tensor.apkg: error[deck-stale]" in result.out
    assert files(project) == before


def test_a_deck_that_is_missing_is_built_anew(project: Path, torchdeck: Torchdeck) -> None:
    torchdeck(project, "build")
    before = files(project)
    (project / "decks" / "tensor.apkg").unlink()
    assert torchdeck(project, "build", "--check").status == 1
    torchdeck(project, "build")
    assert files(project) == before


def test_a_package_that_no_topic_makes_is_removed(project: Path, torchdeck: Torchdeck) -> None:
    torchdeck(project, "build")
    shutil.copy(project / "decks" / "tensor.apkg", project / "decks" / "old.apkg")
    assert "decks/old.apkg: error[deck-stale]" in torchdeck(project, "build", "--check").out
    torchdeck(project, "build")
    assert "old.apkg" not in files(project)


@pytest.mark.parametrize("days", [0, -1])
def test_a_clock_that_does_not_run_forward_is_refused(
    project: Path, torchdeck: Torchdeck, days: int
) -> None:
    torchdeck(project, "build")
    before = files(project)
    write_question(project, "别的正文。")
    result = torchdeck(project, "build", **later(days))
    assert result.status == 1
    assert "decks/ledger.json: error[clock]" in result.out
    assert files(project) == before


def test_a_note_that_vanished_is_refused(project: Path, torchdeck: Torchdeck) -> None:
    torchdeck(project, "build")
    path = write_question(project, DETAIL)
    path.write_text(
        path.read_text(encoding="utf-8").replace("{#lifetime}", "{#life}"), encoding="utf-8"
    )
    result = torchdeck(project, "build", **later(1))
    assert result.status == 1
    assert "error[note-vanished]: views#lifetime" in result.out


def test_another_kind_of_a_note_is_refused(project: Path, torchdeck: Torchdeck) -> None:
    torchdeck(project, "build")
    path = project / "content" / "tensor" / "views.md"
    text = path.read_text(encoding="utf-8").replace("{#lifetime}", "{#lifetime .cloze}")
    path.write_text(text.replace("存储不在时。", "存储{{c1::不在}}时。"), encoding="utf-8")
    result = torchdeck(project, "build", **later(1))
    assert result.status == 1
    assert "error[kind-changed]: views#lifetime was of the kind qa" in result.out


def test_single_files_go_to_another_folder_only(
    project: Path, torchdeck: Torchdeck, tmp_path: Path
) -> None:
    file = "content/tensor/views.md"
    assert torchdeck(project, "build", file).status == 2
    output = tmp_path / "out"
    assert torchdeck(project, "build", file, "--output", str(output)).status == 0
    assert (output / "tensor.apkg").is_file()
    assert not (project / "decks").exists()


def test_a_single_file_elsewhere_keeps_its_place_in_time(
    project: Path, torchdeck: Torchdeck, tmp_path: Path
) -> None:
    torchdeck(project, "build")
    output = tmp_path / "out"
    result = torchdeck(
        project, "build", "content/tensor/views.md", "--output", str(output), **later(5)
    )
    assert "0 new or changed" in result.out
    assert read_payload((output / "tensor.apkg").read_bytes()) == payload(project)


def test_another_question_moves_no_row_of_the_others(project: Path, torchdeck: Torchdeck) -> None:
    torchdeck(project, "build")
    before = payload(project)
    path = project / "content" / "tensor" / "views.md"
    text = path.read_text(encoding="utf-8")
    text = text.replace("number: 1", "number: 2").replace("什么是视图?", "什么是副本?")
    text = text.replace("视图何时失效", "副本何时失效").replace(
        "存储是{{c1::一维}}的。", "改{{c1::副本}}不动原件。"
    )
    path.with_name("copies.md").write_text(text, encoding="utf-8")
    assert torchdeck(project, "build", **later(1)).status == 0
    after = payload(project)
    assert after.notes[: len(before.notes)] == before.notes
    assert after.cards[: len(before.cards)] == before.cards


def test_the_zip_is_compressed_and_carries_no_time(project: Path, torchdeck: Torchdeck) -> None:
    torchdeck(project, "build")
    with zipfile.ZipFile(project / "decks" / "all.apkg") as archive:
        for info in archive.infolist():
            assert info.date_time == (1980, 1, 1, 0, 0, 0)
            assert info.compress_type == zipfile.ZIP_DEFLATED


def test_ids_of_fields_and_templates_are_explicit(project: Path, torchdeck: Torchdeck) -> None:
    torchdeck(project, "build")
    note_types = json.loads(payload(project).note_types)
    # `tensor.apkg` has a question, a question/answer and a cloze note.
    assert len(note_types) == 3
    for note_type in note_types.values():
        assert all(isinstance(field["id"], int) for field in note_type["flds"])
        assert all(isinstance(template["id"], int) for template in note_type["tmpls"])


def test_the_sort_field_is_plain_text(project: Path, torchdeck: Torchdeck) -> None:
    torchdeck(project, "build")
    assert [note.sort_text for note in payload(project).notes] == [
        "001 views",
        "001 views#lifetime",
        "001 views#storage",
    ]
    assert [card.due for card in payload(project).cards] == [100, 101, 102]


def test_the_specimens_media_are_packaged_once(specimen: Path, torchdeck: Torchdeck) -> None:
    assert torchdeck(specimen, "build").status == 0
    assert len(payload(specimen, "specimen.apkg").media) == 2


def test_the_database_names_a_fixed_sqlite(project: Path, torchdeck: Torchdeck) -> None:
    torchdeck(project, "build")
    with zipfile.ZipFile(project / "decks" / "all.apkg") as archive:
        header = archive.read("collection.anki2")[:100]
    assert header[96:100] == (3_045_000).to_bytes(4, "big")
