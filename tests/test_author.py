"""The author's moves, and what learners keep through them."""

from pathlib import Path

import pytest

from tests.conftest import DAY, FIRST_RELEASE, Torchdeck, line_of
from torchdeck.package.payload import NoteRow, read_payload
from torchdeck.verify.learner import learner

LATER = {"SOURCE_DATE_EPOCH": str(FIRST_RELEASE + DAY)}


def views(project: Path) -> Path:
    return project / "content" / "tensor" / "views.md"


def guids(project: Path) -> dict[str, str]:
    payload = read_payload((project / "decks" / "all.apkg").read_bytes())
    return {note.sort_text: note.guid for note in payload.notes}


def tree(project: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in project.rglob("*") if path.is_file()}


def test_new_makes_a_file_whose_only_faults_are_its_gaps(
    project: Path, torchdeck: Torchdeck
) -> None:
    result = torchdeck(project, "new", "2")
    assert (result.status, result.lines) == (0, ["content/tensor/copies.md"])
    found = torchdeck(project, "check")
    rules = {line.split("error[")[1].split("]")[0] for line in found.lines if "error[" in line}
    assert rules == {"section-empty", "source-missing"}


@pytest.mark.parametrize("number", ["1", "77"])
def test_new_overwrites_nothing_and_invents_nothing(
    project: Path, torchdeck: Torchdeck, number: str
) -> None:
    before = tree(project)
    assert torchdeck(project, "new", number).status == 2
    assert tree(project) == before


def test_new_names_the_twin(project: Path, torchdeck: Torchdeck) -> None:
    syllabus = project / "content" / "syllabus.tsv"
    text = syllabus.read_text(encoding="utf-8")
    text = text.replace("视图?\t", "视图?\t2").replace("副本?\t", "副本?\t1")
    syllabus.write_text(text, encoding="utf-8")
    torchdeck(project, "new", "2")
    file = project / "content" / "tensor" / "copies.md"
    assert "见第 1 题" in file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("wanted", "slug"),
    [
        ("001 views#lifetime", "{#lifetime}"),
        ("views#lifetime", "{#lifetime}"),
        ("1", "question:"),
        ("何时失效", "{#lifetime}"),
        ("一维", "{#storage"),
        ("SUM(X)", "question:"),
    ],
)
def test_locate_finds_the_line(project: Path, torchdeck: Torchdeck, wanted: str, slug: str) -> None:
    result = torchdeck(project, "locate", wanted)
    assert result.status == 0
    line = line_of(views(project), slug)
    assert [text.split(": ")[0] for text in result.lines] == [f"content/tensor/views.md:{line}"]


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ("没有的话", "nothing found for '没有的话'"),
        ("002 views#lifetime", "nothing found"),
        ("", "nothing found"),
        ("2", "question 2 has no file yet; `torchdeck new 2` makes it"),
    ],
)
def test_locate_that_finds_nothing_says_so(
    project: Path, torchdeck: Torchdeck, wanted: str, told: str
) -> None:
    result = torchdeck(project, "locate", wanted)
    assert result.status == 1
    assert told in result.err


def test_a_renamed_card_keeps_its_guid_and_its_schedule(
    project: Path, torchdeck: Torchdeck, tmp_path: Path
) -> None:
    torchdeck(project, "build")
    before = guids(project)
    with learner(tmp_path) as anki:
        anki.import_package(project / "decks" / "all.apkg")
        anki.study("测试::01 张量", 10)
        schedule = anki.schedule()
        result = torchdeck(project, "rename", "views#lifetime", "death", **LATER)
        assert (result.status, result.lines) == (0, ["views#death"])
        assert "{#death}" in views(project).read_text(encoding="utf-8")
        assert torchdeck(project, "build", **LATER).status == 0
        assert guids(project)["001 views#death"] == before["001 views#lifetime"]
        log = anki.import_package(project / "decks" / "all.apkg")
        assert (len(log.new), len(log.updated)) == (0, 1)
        assert anki.schedule() == schedule
        assert anki.note("001 views#death").guid == before["001 views#lifetime"]


def test_a_renamed_question_takes_file_syllabus_and_cards_along(
    project: Path, torchdeck: Torchdeck
) -> None:
    torchdeck(project, "build")
    before = list(guids(project).values())
    result = torchdeck(project, "rename", "views", "tensor-views")
    assert result.lines == ["tensor-views"]
    assert not views(project).exists()
    assert torchdeck(project, "check").status == 0
    assert torchdeck(project, "build", **LATER).status == 0
    assert list(guids(project).values()) == before
    assert list(guids(project)) == [
        "001 tensor-views",
        "001 tensor-views#lifetime",
        "001 tensor-views#storage",
    ]
    torchdeck(project, "rename", "tensor-views", "third-name")
    torchdeck(project, "build", SOURCE_DATE_EPOCH=str(FIRST_RELEASE + 2 * DAY))
    assert list(guids(project).values()) == before


@pytest.mark.parametrize(
    ("key", "slug"),
    [
        ("views#lifetime", "storage"),
        ("views#lifetime", "Bad_Slug"),
        ("views#nothing", "x"),
        ("views", "views"),
    ],
)
def test_a_name_that_is_taken_or_malformed_is_refused(
    project: Path, torchdeck: Torchdeck, key: str, slug: str
) -> None:
    torchdeck(project, "build")
    before = tree(project)
    assert torchdeck(project, "rename", key, slug).status == 2
    assert tree(project) == before


def test_a_first_name_is_never_given_to_another_note(project: Path, torchdeck: Torchdeck) -> None:
    torchdeck(project, "build")
    torchdeck(project, "rename", "views#lifetime", "death")
    assert torchdeck(project, "rename", "views#storage", "lifetime").status == 2


def test_a_retired_card_leaves_the_decks_and_stays_in_the_ledger(
    project: Path, torchdeck: Torchdeck
) -> None:
    torchdeck(project, "build")
    result = torchdeck(project, "retire", "views#lifetime", "--reason", "见 #storage", **LATER)
    assert (result.status, result.lines) == (
        0,
        ["views#lifetime: kept in the ledger for learners who have it"],
    )
    text = views(project).read_text(encoding="utf-8")
    assert "lifetime" not in text
    assert "{#storage .cloze}" in text
    ledger = (project / "decks" / "ledger.json").read_text(encoding="utf-8")
    assert "存储不在时" in ledger
    assert "见 #storage" in ledger


def test_a_retired_note_says_so_to_those_who_have_it(
    project: Path, torchdeck: Torchdeck, tmp_path: Path
) -> None:
    path = views(project)
    picture = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0h9"/></svg>'
    path.with_name("line.svg").write_text(picture, encoding="utf-8")
    text = path.read_text(encoding="utf-8")
    other = "### 另一张卡问什么？ {#other}\n\n别的：\n\n![线](line.svg)\n\n## 卡片"
    path.write_text(text.replace("## 卡片", other), encoding="utf-8")
    torchdeck(project, "build")
    decks = project / "decks"
    assert not (decks / "retired.apkg").exists()
    with learner(tmp_path) as anki:
        anki.import_package(decks / "all.apkg")
        anki.study("测试::01 张量", 4)
        before = anki.schedule()
        torchdeck(project, "retire", "views#other", "--reason", "见 #storage", **LATER)
        result = torchdeck(project, "build", SOURCE_DATE_EPOCH=str(FIRST_RELEASE + 2 * DAY))
        assert result.status == 0, result.out
        verified = torchdeck(project, "verify")
        assert verified.status == 0, verified.out
        assert "retired.apkg" in (decks / "README.md").read_text(encoding="utf-8")

        for file in ("all.apkg", "tensor.apkg"):
            assert "001 views#other" not in {row.sort_text for row in rows(decks / file)}
        (row,) = rows(decks / "retired.apkg")
        assert row.tags[-1] == "torchdeck::retired"
        anki.import_package(decks / "retired.apkg")
        note = anki.note("001 views#other")
        assert "已退役，请删除或暂停：见 #storage" in note.cards()[0].answer()
        assert note.has_tag("torchdeck::retired")
        assert anki.schedule() == before
    (tmp_path / "new").mkdir()
    with learner(tmp_path / "new") as anki:
        anki.import_package(decks / "retired.apkg")
        assert anki.collection.media.check().missing == []


def rows(package: Path) -> tuple[NoteRow, ...]:
    return read_payload(package.read_bytes()).notes


def test_the_slug_of_a_retired_card_is_never_used_again(
    project: Path, torchdeck: Torchdeck
) -> None:
    torchdeck(project, "build")
    path = views(project)
    text = path.read_text(encoding="utf-8")
    card = "### 视图何时失效？ {#lifetime}\n\n存储不在时。\n"
    other = card.replace("lifetime", "other").replace("何时", "为何")
    path.write_text(text.replace(card, f"{card}\n{other}"), encoding="utf-8")
    torchdeck(project, "build", **LATER)
    torchdeck(
        project,
        "retire",
        "views#lifetime",
        "--reason",
        "x",
        SOURCE_DATE_EPOCH=str(FIRST_RELEASE + 2 * DAY),
    )
    later = {"SOURCE_DATE_EPOCH": str(FIRST_RELEASE + 3 * DAY)}
    assert torchdeck(project, "build", **later).status == 0
    assert list(guids(project)) == ["001 views", "001 views#other", "001 views#storage"]
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("{#other}", "{#lifetime}"), encoding="utf-8")
    result = torchdeck(project, "build", **later)
    assert result.status == 1
    assert "error[slug-retired]: views#lifetime is the name of a retired note" in result.out


def test_a_retired_question_takes_its_file_and_cards_along(
    project: Path, torchdeck: Torchdeck
) -> None:
    torchdeck(project, "build")
    result = torchdeck(project, "retire", "views", "--reason", "x", **LATER)
    assert [line.split(":")[0] for line in result.lines] == [
        "views",
        "views#lifetime",
        "views#storage",
    ]
    assert not views(project).exists()


def test_a_note_that_was_never_packaged_is_just_removed(
    project: Path, torchdeck: Torchdeck
) -> None:
    result = torchdeck(project, "retire", "views#storage", "--reason", "x")
    assert result.status == 0
    assert "was in no deck yet" in result.out
    text = views(project).read_text(encoding="utf-8")
    assert text.endswith("## 卡片\n")
    assert not (project / "decks").exists()


def test_github_gets_annotations(project: Path, torchdeck: Torchdeck) -> None:
    path = views(project)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("level: 1", "level: 9"), encoding="utf-8")
    result = torchdeck(project, "check", "--format", "github")
    assert result.status == 1
    assert result.lines[0].startswith(
        "::error file=content/tensor/views.md,line=4,title=front-matter-type::level: "
    )


def test_the_first_name_of_a_retired_note_is_never_used_again(
    project: Path, torchdeck: Torchdeck
) -> None:
    path = views(project)
    text = path.read_text(encoding="utf-8")
    other = "### 另一张卡问什么？ {#other}\n\n别的。\n\n## 卡片"
    path.write_text(text.replace("## 卡片", other), encoding="utf-8")
    torchdeck(project, "build")
    torchdeck(project, "rename", "views#lifetime", "death")
    torchdeck(project, "build", **LATER)
    two_days_later = {"SOURCE_DATE_EPOCH": str(FIRST_RELEASE + 2 * DAY)}
    assert (
        torchdeck(project, "retire", "views#death", "--reason", "x", **two_days_later).status == 0
    )
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("{#other}", "{#lifetime}"), encoding="utf-8")
    result = torchdeck(project, "build", SOURCE_DATE_EPOCH=str(FIRST_RELEASE + 3 * DAY))
    assert result.status == 1
    assert "views#lifetime is the name of a retired note" in result.out


def test_a_question_gets_no_slug_of_the_syllabus(project: Path, torchdeck: Torchdeck) -> None:
    before = tree(project)
    assert torchdeck(project, "rename", "views", "copies").status == 2
    assert tree(project) == before


@pytest.mark.parametrize("reason", ["", "  "])
def test_retiring_needs_a_reason(project: Path, torchdeck: Torchdeck, reason: str) -> None:
    torchdeck(project, "build")
    result = torchdeck(project, "retire", "views#lifetime", "--reason", reason, **LATER)
    assert result.status == 2


def test_retiring_needs_a_clock_that_runs_forward(project: Path, torchdeck: Torchdeck) -> None:
    torchdeck(project, "build")
    before = tree(project)
    result = torchdeck(project, "retire", "views#lifetime", "--reason", "x")
    assert result.status == 1
    assert "error[clock]" in result.out
    assert tree(project) == before


def test_the_slug_of_a_retired_question_gets_no_new_file(
    project: Path, torchdeck: Torchdeck
) -> None:
    torchdeck(project, "build")
    torchdeck(project, "retire", "views", "--reason", "x", **LATER)
    assert torchdeck(project, "new", "1").status == 2


def test_a_wording_that_yaml_would_read_otherwise_is_quoted(
    project: Path, torchdeck: Torchdeck
) -> None:
    syllabus = project / "content" / "syllabus.tsv"
    text = syllabus.read_text(encoding="utf-8").replace("什么是副本?", "[x]: 什么 #是副本?")
    syllabus.write_text(text, encoding="utf-8")
    torchdeck(project, "new", "2")
    rules = torchdeck(project, "check").out
    assert "error[wording]" not in rules
    assert "error[front-matter-yaml]" not in rules
