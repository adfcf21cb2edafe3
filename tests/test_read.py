"""Markdown to dataclasses."""

from pathlib import Path

import pytest

from tests.conftest import SPECIMEN, line_of
from torchdeck.findings import Finding
from torchdeck.read.cloze import ClozeError, strip_marks
from torchdeck.read.document import read_question
from torchdeck.read.edition import Edition, Topic
from torchdeck.read.fence import FenceError, parse_info
from torchdeck.read.markdown import HeadingAttributes, heading_attributes, markdown_parser
from torchdeck.read.question import CardKind, FenceWords, Question
from torchdeck.read.syllabus import SyllabusEntry

EVERY_CONSTRUCT = SPECIMEN / "content" / "specimen" / "every-construct.md"


@pytest.fixture(scope="module")
def question() -> Question:
    reading = read_question(EVERY_CONSTRUCT, "every-construct.md")
    assert reading.findings == ()
    assert reading.question is not None
    return reading.question


def findings_of(folder: Path, text: str) -> list[Finding]:
    path = folder / "file.md"
    path.write_bytes(text.encode())
    return list(read_question(path, "file.md").findings)


def test_front_matter_of_the_specimen(question: Question) -> None:
    assert question.number == 1
    assert question.wording == "样张：一个文件里怎样用到格式的每一种写法?"
    assert question.level == 2
    assert question.tags == ("specimen", "fence")
    assert question.lines["level"] == 4
    assert (question.topic, question.slug) == ("specimen", "every-construct")


def test_every_fence_word_of_the_specimen_is_held(question: Question) -> None:
    words = [block.words for block in question.blocks]
    set_somewhere = {
        name
        for one in words
        for name in FenceWords.__dataclass_fields__
        if getattr(one, name) != getattr(FenceWords(), name)
    }
    assert set_somewhere == set(FenceWords.__dataclass_fields__)


def test_blocks_know_their_lines_and_outputs(question: Question) -> None:
    block = next(block for block in question.blocks if "data.sum()" in block.code)
    assert block.location.line == line_of(EVERY_CONSTRUCT, "data.sum()") - 1
    assert block.output is not None
    assert block.output.text == "15 torch.Size([2, 3])"
    assert block.output.location.line == line_of(EVERY_CONSTRUCT, "15 torch.Size") - 1
    assert block.output.end == line_of(EVERY_CONSTRUCT, "15 torch.Size") + 1


def test_cards_have_slug_kind_and_line(question: Question) -> None:
    cards = {card.slug: card for card in question.cards}
    assert {slug: card.kind for slug, card in cards.items()} == {
        "nested-code": CardKind.QUESTION_ANSWER,
        "view-or-copy": CardKind.CLOZE,
        "cloze-in-code": CardKind.CLOZE,
        "predict-numel": CardKind.PREDICT,
    }
    assert cards["view-or-copy"].location.line == line_of(EVERY_CONSTRUCT, "{#view-or-copy")


def test_code_that_runs_has_no_cloze_marks(question: Question) -> None:
    block = next(block for block in question.blocks if block.clozes)
    assert "x = torch.arange(6).reshape(2, 3)\nprint(x.t().stride())" in block.code
    assert [block.code[mark.start : mark.end] for mark in block.clozes] == ["reshape", "t()"]


@pytest.mark.parametrize(
    ("heading", "expected", "text"),
    [
        ("### 标题? {#a-1}", HeadingAttributes("a-1"), "标题?"),
        ("### 标题 {#a .cloze}", HeadingAttributes("a", "cloze"), "标题"),
        ("### `view`{#x}", HeadingAttributes("x"), "`view`"),
        ("### 集合 `{a}`", HeadingAttributes(), "集合 `{a}`"),
        ("### 填空 {{c1::x}}", HeadingAttributes(), "填空 {{c1::x}}"),
        ("### 没有", HeadingAttributes(), "没有"),
    ],
)
def test_heading_attributes(heading: str, expected: HeadingAttributes, text: str) -> None:
    tokens = markdown_parser().parse(heading)
    assert heading_attributes(tokens[0]) == expected
    shown = "".join(
        f"`{child.content}`" if child.type == "code_inline" else child.content
        for child in tokens[1].children or ()
    )
    assert shown == text


@pytest.mark.parametrize("braces", ["{#a}}", "{}", "{a}", "{#a #b}", "{#a .b .c}", "{#a k=v}"])
def test_other_braces_at_a_headings_end_are_faults(braces: str) -> None:
    tokens = markdown_parser().parse(f"### 标题 {braces}")
    attributes = heading_attributes(tokens[0])
    assert attributes.error or attributes.slug is None


@pytest.mark.parametrize(
    ("info", "language", "words"),
    [
        ("python", "python", FenceWords()),
        (
            'python norun="needs 8 GPUs" hidden',
            "python",
            FenceWords(norun="needs 8 GPUs", hidden=True),
        ),
        (
            "python raises=torch.OutOfMemoryError fresh",
            "python",
            FenceWords(raises="torch.OutOfMemoryError", fresh=True),
        ),
        ("python timeout=60 memory=4G", "python", FenceWords(timeout=60.0, memory=4 * 2**30)),
        ("yaml file=conf/a.yaml", "yaml", FenceWords(file="conf/a.yaml")),
    ],
)
def test_info_strings(info: str, language: str, words: FenceWords) -> None:
    parsed = parse_info(info)
    assert (parsed.language, parsed.words) == (language, words)


@pytest.mark.parametrize(
    "info",
    [
        "python skip",
        "python fresh=1",
        "python norun",
        "python timeout=0",
        "python timeout=soon",
        "python memory=4",
        "python device=tpu",
        "python file=../x.py",
        "python file=/etc/x",
        'python norun="open',
        "python fresh fresh",
        "python raises=Type-Error",
    ],
)
def test_broken_info_strings_are_refused(info: str) -> None:
    with pytest.raises(FenceError):
        parse_info(info)


@pytest.mark.parametrize(
    "text",
    ["{{c1::a {{c2::b}} }}", "{{c1::open", "{{c0::x}}", "{{c1::}}", "{{c1::  }}"],
)
def test_clozes_that_anki_reads_otherwise_are_refused(text: str) -> None:
    with pytest.raises(ClozeError):
        strip_marks(text)


def test_cloze_offsets_point_into_the_plain_text() -> None:
    text = strip_marks('f"{{x}}" {{c1::view::方法}} 与 {{c2::t()}}')
    assert text.text == 'f"{{x}}" view 与 t()'
    assert [text.text[mark.start : mark.end] for mark in text.marks] == ["view", "t()"]
    assert [mark.hint for mark in text.marks] == ["方法", None]


FRONT = "---\nnumber: 1\nquestion: 问\nlevel: 1\ntags: []\nsources: []\n---\n"


@pytest.mark.parametrize(
    ("text", "line", "rule"),
    [
        (FRONT.replace("level: 1", "level: 047"), 4, "front-matter-type"),
        (FRONT.replace("level: 1", "level: yes"), 4, "front-matter-type"),
        (FRONT.replace("tags: []", "level: 2"), 5, "front-matter-duplicate"),
        (FRONT.replace("tags: []", "colour: red\ntags: []"), 5, "front-matter-unknown"),
        (FRONT.replace("tags: []\n", ""), 1, "front-matter-missing"),
        (FRONT.replace("tags: []", "tags: [a"), 6, "front-matter-yaml"),
        ("## 要点\n", 1, "front-matter-missing"),
        ("\ufeff" + FRONT, 1, "file-encoding"),
        (FRONT + "## 要点\n\n## 要点\n", 10, "section-duplicate"),
        (FRONT + "## 详解\n\n## 要点\n", 10, "section-order"),
        (FRONT + "## 要点 {#x}\n", 8, "heading-attributes"),
        (FRONT + "## 别的\n", 8, "section-unknown"),
        (FRONT + "hello\n", 8, "text-outside"),
        (FRONT + "## 卡片\n\n### 问\n", 10, "card-slug-missing"),
        (FRONT + "## 卡片\n\n### 问 {#A}\n", 10, "slug-malformed"),
        (FRONT + "## 卡片\n\n### 问 {#a}\n\n### 问 {#a}\n", 12, "slug-duplicate"),
        (FRONT + "## 卡片\n\n### 问 {#a .magic}\n", 10, "card-kind-unknown"),
        (FRONT + "## 卡片\n\n### 问 {#a}}\n", 10, "heading-attributes"),
        (FRONT + "## 要点\n\n```python\nx = 1\n", 10, "fence-unclosed"),
        (FRONT + "## 要点\n\n```python magic\n```\n", 10, "fence-words"),
        (FRONT + "## 要点\n\n```\nx\n```\n", 10, "fence-language"),
        (FRONT + "## 要点\n\n```klingon\nx\n```\n", 10, "fence-language"),
        (FRONT + "## 要点\n\n```python x=`a`\nx\n```\n", 10, "fence-backtick"),
        (FRONT + "## 要点\n\n- x\n\n  ```python\n  x\n  ```\n", 12, "fence-nested"),
        (FRONT + "## 要点\n\n```output\nx\n```\n", 10, "output-orphan"),
    ],
)
def test_faults_of_form_are_found_at_their_line(
    tmp_path: Path, text: str, line: int, rule: str
) -> None:
    found = {(finding.location.line, finding.rule) for finding in findings_of(tmp_path, text)}
    assert (line, rule) in found


def test_line_ends_do_not_move_lines(tmp_path: Path) -> None:
    text = EVERY_CONSTRUCT.read_text(encoding="utf-8")
    path = tmp_path / "specimen" / "every-construct.md"
    path.parent.mkdir()
    path.write_bytes(text.replace("\n", "\r\n").encode())
    reading = read_question(path, "every-construct.md")
    original = read_question(EVERY_CONSTRUCT, "every-construct.md")
    assert reading.findings == ()
    assert reading.question is not None
    assert original.question is not None
    assert [block.location for block in reading.question.blocks] == [
        block.location for block in original.question.blocks
    ]


def test_a_fence_with_a_line_separator_in_it_keeps_its_lines(tmp_path: Path) -> None:
    text = FRONT + "## 要点\n\n```text\na\u2028b\x0cc\n```\n\n```python\nx = 1\n```\n"
    path = tmp_path / "file.md"
    path.write_text(text, encoding="utf-8")
    reading = read_question(path, "file.md")
    assert reading.question is not None
    assert [block.location.line for block in reading.question.blocks] == [10, 14]


def test_no_two_questions_share_a_place_however_many_there_are() -> None:
    topics = tuple(Topic(slug, slug, slug, slug) for slug in ("tensor", "autograd", "nn-modules"))
    syllabus = {
        number: SyllabusEntry(number, topics[number % 3].slug, f"q{number}", "?", ())
        for number in range(1, 2_500)
    }
    edition = Edition("test", "2.13.0", "zh-Hans", None, topics, syllabus)
    assert len({edition.due(number) for number in syllabus}) == len(syllabus)
