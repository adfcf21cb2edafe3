"""Every rule of `check` has a planted file, and every rule a line in docs/rules.md."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import ROOT, Torchdeck, line_of, write_question
from torchdeck.commands.content import read_content
from torchdeck.findings import Finding
from torchdeck.project import Project
from torchdeck.rules import Rule
from torchdeck.verify.rules import Rule as VerifyRule


@dataclass(frozen=True)
class Planted:
    """A fault to plant in the project's question: `old` becomes `new`, found at the line of `at`.

    `at` is a text on the line at which the fault must be found; `offset` lines further down.
    """

    rule: Rule
    new: str
    at: str
    old: str = "存储不在时。"
    offset: int = 0


def fence(code: str, words: str = "", output: str | None = None) -> str:
    text = f"```python {words}\n{code}\n```"
    return text if output is None else f"{text}\n\n```output\n{output}\n```"


DETAIL = "print(sum(x))\n```\n\n```output\n6\n```"
ANSWER = "存储不在时。"
PREDICT = "### 输出什么？ {{#p .predict}}\n\n```python\n{code}\n```\n\n```output\n{output}\n```\n"

PLANTED = [
    # Files and front matter.
    Planted(Rule.FILE_ENCODING, "\ufeff---\nnumber", "number", "---\nnumber", -1),
    Planted(Rule.FILE_NAME, "number: 2", "number: 2", "number: 1"),
    Planted(Rule.FRONT_MATTER_YAML, "tags: [stride", "sources", "tags: [stride]"),
    Planted(Rule.FRONT_MATTER_MISSING, "", "---", "level: 1\n"),
    Planted(Rule.FRONT_MATTER_UNKNOWN, "level: 1\nlevle: 2", "levle", "level: 1"),
    Planted(Rule.FRONT_MATTER_DUPLICATE, "level: 1\nlevel: 2", "level: 2", "level: 1"),
    Planted(Rule.FRONT_MATTER_TYPE, "level: 01", "level", "level: 1"),
    Planted(Rule.NUMBER_UNKNOWN, "number: 9", "number: 9", "number: 1"),
    Planted(Rule.WORDING, "什么叫视图?", "question", "什么是视图?"),
    Planted(
        Rule.SOURCE_MISSING,
        "sources: []",
        "sources",
        "sources:\n  - https://docs.pytorch.org/docs/stable/tensor_view.html",
    ),
    Planted(Rule.SOURCE_HTTPS, "http://docs", "sources", "https://docs"),
    Planted(Rule.REQUIRES_MISSING, "import numpy\nx = [1, 2, 3]", "import numpy", "x = [1, 2, 3]"),
    Planted(Rule.REQUIRES_UNUSED, "level: 1\nrequires: [numpy]", "requires", "level: 1"),
    # Sections and headings.
    Planted(Rule.SECTION_UNKNOWN, "## 坑", "## 坑", "## 易错"),
    Planted(Rule.SECTION_DUPLICATE, "## 易错\n\n甲。\n\n## 易错", "甲", "## 易错", 2),
    Planted(Rule.SECTION_ORDER, "## 易错\n\n甲。\n\n## 详解", "## 详解", "## 详解"),
    Planted(Rule.SECTION_EMPTY, "", "## 易错", "视图会让整段存储活着。\n"),
    Planted(
        Rule.KEY_POINTS_MANY, "- 视图。" + "\n- 一。" * 5, "## 要点", "- 视图与原张量共享存储。"
    ),
    Planted(Rule.TEXT_OUTSIDE, "## 卡片\n\n多余的话。", "多余", "## 卡片"),
    Planted(Rule.HEADING_ATTRIBUTES, "{#lifetime .a .b}", "lifetime", "{#lifetime}"),
    Planted(Rule.HEADING_CONTENT, "![图](a.svg)何时失效？", "{#lifetime}", "视图何时失效？"),
    Planted(Rule.HEADING_ATTRIBUTES, "{.cloze #storage}", "#storage", "{#storage .cloze}"),
    Planted(Rule.FILE_ENCODING, "存储\r不在时。", "不在时", offset=-1),
    Planted(Rule.CLOZE_BROKEN, "{{c1::`x[::2]`}}", "{{c1", "{{c1::一维}}"),
    Planted(Rule.CLOZE_BROKEN, "{{c1::{甲}}}", "{{c1", "{{c1::一维}}"),
    Planted(
        Rule.CLOZE_BROKEN,
        '```cpp norun="x"\n{{c1::torch::ones}}();\n```',
        "```cpp",
        "存储是{{c1::一维}}的。",
    ),
    Planted(Rule.FENCE_LANGUAGE, "- 甲\n\n  ```nosuch\n  x\n  ```", "```nosuch"),
    Planted(Rule.SLUG_MALFORMED, "{#Life_time}", "Life_time", "{#lifetime}"),
    Planted(Rule.SLUG_DUPLICATE, "{#storage}", "{#storage .cloze}", "{#lifetime}"),
    # Fences and their code.
    Planted(Rule.FENCE_LANGUAGE, "```nosuch\nx\n```", "```nosuch"),
    Planted(Rule.FENCE_WORDS, fence("x = 1", "quick"), "quick"),
    Planted(Rule.FENCE_REASON, fence("x = 1", "norun"), "norun"),
    Planted(Rule.FENCE_BACKTICK, "```text `a`\nx\n```", "```text"),
    Planted(Rule.FENCE_UNCLOSED, "存储一维。\n\n```text\nx", "```text", "存储是{{c1::一维}}的。"),
    Planted(Rule.FENCE_NESTED, "- 甲\n\n  ```python\n  x = 1\n  ```", "x = 1", offset=-1),
    Planted(Rule.CODE_SYNTAX, fence("x = 1\ny = ("), "y = ("),
    Planted(Rule.CODE_WIDE, fence(f"x = '{'a' * 60}'"), "aaaa"),
    Planted(Rule.CODE_LONG, fence("x = 0\n" * 25 + "x = 1"), "x = 0", offset=-1),
    Planted(Rule.OUTPUT_MISSING, fence("y = 2\nprint(y)"), "y = 2", offset=-1),
    Planted(Rule.OUTPUT_ORPHAN, "甲。\n\n```output\n1\n```", "甲。", offset=2),
    Planted(Rule.OUTPUT_UNPRINTED, fence("y = len([2])", "", "7"), "y = len", offset=3),
    Planted(Rule.OUTPUT_LITERAL, fence("print('yes')", "", "yes"), "print('yes')"),
    Planted(Rule.CUDA_ALONE, fence("print(x.cuda())", "device=cuda"), "x.cuda"),
    Planted(
        Rule.SPAWN_GUARD,
        fence("import torch.multiprocessing as mp\nmp.spawn(len, nprocs=2)"),
        "mp.spawn",
    ),
    Planted(
        Rule.FIGURE_NAME, fence("x = 1", "figure=other.svg") + "\n\n![线](other.svg)", "figure="
    ),
    Planted(Rule.FIGURE_UNSHOWN, fence("x = 1", "figure=views.svg"), "figure="),
    # Cards.
    Planted(
        Rule.CARD_SLUG_MISSING,
        "### 视图何时失效？",
        "视图何时失效",
        "### 视图何时失效？ {#lifetime}",
    ),
    Planted(Rule.CARD_KIND_UNKNOWN, "{#lifetime .magic}", ".magic", "{#lifetime}"),
    Planted(
        Rule.CARD_TITLE_EMPTY, "### {#lifetime}", "{#lifetime}", "### 视图何时失效？ {#lifetime}"
    ),
    Planted(Rule.CARD_EMPTY, "", "{#lifetime}"),
    Planted(Rule.CARD_LONG, "长" * 61, "{#lifetime}"),
    Planted(Rule.CARD_LONG, fence("x = 1\n" * 6 + "x = 2"), "{#lifetime}"),
    Planted(Rule.CARD_LIST, "- 一\n- 二\n- 三\n- 四", "{#lifetime}"),
    Planted(Rule.CARD_YES_NO, "视图会失效吗？", "{#lifetime}", "视图何时失效？"),
    Planted(Rule.CARD_YES_NO, "能否改视图？", "{#lifetime}", "视图何时失效？"),
    Planted(Rule.CARD_YES_NO, "视图是不是副本？", "{#lifetime}", "视图何时失效？"),
    Planted(Rule.CARD_EXPLAIN, "请解释视图", "{#lifetime}", "视图何时失效？"),
    Planted(Rule.FENCE_LANGUAGE, "```py3\nx\n```", "```py3"),
    Planted(Rule.FENCE_LANGUAGE, "```Python\nx\n```", "```Python"),
    Planted(Rule.FRONT_MATTER_TYPE, "tags: [甲，乙]", "tags", "tags: [stride]"),
    *(
        Planted(Rule.FRONT_MATTER_TYPE, f"level: 1\nrequires: ['{name}']", "requires", "level: 1")
        for name in (
            "--index-url=https://e.org",
            "numpy @ https://e.org/n.whl",
            "./here",
            "numpy>1",
        )
    ),
    Planted(Rule.FRONT_EQUAL, "存储不在时。\n\n### 视图，何时失效? {#again}\n\n甲。", "{#again}"),
    Planted(
        Rule.FRONT_SIMILAR,
        "存储不在时。\n\n### 张量的视图在原存储被释放以后什么时候会失效？ {#b}\n\n甲。\n\n"
        "### 张量的视图在原存储被释放以后什么时候才会失效？ {#c}\n\n甲。",
        "{#c}",
    ),
    Planted(Rule.PREDICT_CODE, "{#lifetime .predict}", "{#lifetime", "{#lifetime}"),
    Planted(
        Rule.PREDICT_OUTPUT,
        "### 输出什么？ {#p .predict}\n\n" + fence("print(len(x))") + "\n\n### 存储 {",
        "{#p",
        "### 存储 {",
        2,
    ),
    Planted(
        Rule.PREDICT_LONG,
        PREDICT.format(
            code="for i in range(13):\n    print(i)", output="\n".join(map(str, range(13)))
        )
        + "\n### 存储 {",
        "range(13)",
        "### 存储 {",
        4,
    ),
    Planted(
        Rule.CODE_WIDE,
        PREDICT.format(code=f"print(len('{'b' * 40}'))", output="40") + "\n### 存储 {",
        "bbbb",
        "### 存储 {",
    ),
    Planted(Rule.CLOZE_MISSING, "存储一维。", "{#storage", "存储是{{c1::一维}}的。"),
    Planted(Rule.CLOZE_BROKEN, "{{c1::一维", "{{c1", "{{c1::一维}}"),
    Planted(Rule.CLOZE_BROKEN, "{{c1::一{{c2::维}}}}", "{{c1", "{{c1::一维}}"),
    Planted(Rule.CLOZE_NESTED, "*甲{{c1::一*维}}", "{{c1", "{{c1::一维}}"),
    Planted(Rule.CLOZE_NESTED, '{{c1::`{"a": {"b": 1}}`}}', "{{c1", "{{c1::一维}}"),
    Planted(Rule.CLOZE_NUMBERS, "{{c2::一维}}", "{#storage", "{{c1::一维}}"),
    Planted(Rule.CLOZE_OUTSIDE, "存储{{c1::不在}}时。", "{{c1::不在"),
    # Text, links and images.
    Planted(Rule.MARK_LITERAL, "这是**「存储」**的事。", "**「"),
    Planted(Rule.MARK_LITERAL, "变量 data_ptr 的值。", "data_ptr"),
    Planted(Rule.EMPHASIS_UNDERSCORE, "方法 __init__ 里。", "__init__"),
    Planted(Rule.DOLLAR_LITERAL, "价格 $ 5。", "价格"),
    Planted(Rule.MATH_DELIMITER, r"数 \(x\) 的值。", "的值"),
    Planted(Rule.MATH_EMPTY, "路径 $HOME/x:$PATH。", "路径"),
    Planted(Rule.MATH_COMMAND, r"链接 $\href{javascript:f()}{x}$。", "链接"),
    Planted(Rule.MATH_COMMAND, "甲。\n\n$$\nx \\\\ \\let\\y=\\style\n$$", "$$"),
    Planted(Rule.MATH_COMMAND, r"$\require{html}x$何时失效？", "{#lifetime}", "视图何时失效？"),
    Planted(Rule.PUNCTUATION_WIDTH, "存储不在,视图失效。", "不在,"),
    Planted(Rule.REPLACEMENT_CHARACTER, "存\ufffd不在。", "\ufffd"),
    Planted(Rule.LINK_TARGET, "见[甲](../a.md)。", "见[甲]"),
    Planted(Rule.LINK_TARGET, "见[甲](javascript:alert)。", "见[甲]"),
    Planted(Rule.IMAGE_REMOTE, "![图](https://x.org/a.png)", "![图]"),
    Planted(Rule.IMAGE_OUTSIDE, "![图](/etc/a.png)", "![图]"),
    Planted(Rule.IMAGE_TYPE, "![图](a.exe)", "![图]"),
    Planted(Rule.IMAGE_NAME, "![图](<a b.svg>)", "![图]"),
    Planted(Rule.CHARACTER_HIDDEN, "存储&lrm;不在时。", "存储&lrm;"),
]


def rules_of_check() -> set[Rule]:
    """The rules of the tables of docs/rules.md that `check` prints."""
    other = (
        "run-",
        "guid-",
        "deck-",
        "note-",
        "ledger",
        "clock",
        "kind-changed",
        "notice-",
        "write-",
        "slug-retired",
        "card-emptied",
        "cloze-removed",
        "cloze-reused",
        "schema-",
        "tag-",
        "image-missing",
        "image-unsafe",
        "image-large",
        "record",
    )
    return {rule for rule in Rule if not rule.startswith(other)}


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.rule)
def test_a_planted_fault_is_found_at_its_line(project: Path, planted: Planted) -> None:
    path = project / "content" / "tensor" / "views.md"
    text = path.read_text(encoding="utf-8")
    assert planted.old in text
    path.write_text(text.replace(planted.old, planted.new, 1), encoding="utf-8")
    line = line_of(path, planted.at) + planted.offset
    found = [(finding.rule, finding.location.line) for finding in findings(project)]
    assert (planted.rule, line) in found, found


def findings(project: Path) -> list[Finding]:
    return list(read_content(Project(project)).findings)


Plant = Callable[[Path], None]


def missing_section(project: Path) -> None:
    path = project / "content" / "tensor" / "views.md"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.partition("## 追问")[0], encoding="utf-8")


def unreadable(project: Path) -> None:
    (project / "content" / "tensor" / "copies.md").symlink_to(project / "nowhere")


def second_number(project: Path) -> None:
    path = project / "content" / "tensor" / "views.md"
    (project / "content" / "tensor" / "copies.md").write_bytes(path.read_bytes())


def many(words: str, blocks: int) -> Plant:
    def plant(project: Path) -> None:
        code = [fence(f"x = {n}", words if n < 10 else "") for n in range(blocks)]
        write_question(project, "\n\n".join(code))

    return plant


def twins(project: Path) -> None:
    path = project / "content" / "syllabus.tsv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("视图?\t", "视图?\t2").replace("副本?\t", "副本?\t1"), "utf-8")


WHOLE: dict[Rule, tuple[Plant, str]] = {
    Rule.SECTION_MISSING: (missing_section, "views.md"),
    Rule.FILE_UNREADABLE: (unreadable, "copies.md"),
    Rule.NUMBER_DUPLICATE: (second_number, "views.md:2"),
    Rule.BUDGET_NORUN: (many('norun="x"', 50), "views.md"),
    Rule.BUDGET_UNSTABLE: (many('unstable="x"', 50), "views.md"),
    Rule.TWIN_UNNAMED: (twins, "views.md:3"),
}


@pytest.mark.parametrize("rule", list(WHOLE))
def test_a_fault_of_the_whole_is_found(project: Path, rule: Rule) -> None:
    plant, place = WHOLE[rule]
    plant(project)
    found = [(finding.rule, str(finding.location)) for finding in findings(project)]
    assert (rule, f"content/tensor/{place}") in found, found


@pytest.mark.parametrize(
    "code",
    [
        "import io\nprint('x', file=io.StringIO())",
        "print_ = {'spawn': 1}.get('spawn')",
        "import multiprocessing as mp\nif __name__ == '__main__':\n    mp.get_context('spawn')",
    ],
)
def test_sound_code_is_no_finding(project: Path, code: str) -> None:
    write_question(project, fence(code))
    assert findings(project) == []


def test_a_twin_that_is_named_is_no_finding(project: Path) -> None:
    twins(project)
    path = project / "content" / "tensor" / "views.md"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("存储不在时。", "见第 2 题。"), encoding="utf-8")
    assert findings(project) == []


def test_one_slug_in_two_topics_is_found(project: Path) -> None:
    folder = project / "content" / "autograd"
    folder.mkdir()
    path = project / "content" / "tensor" / "views.md"
    (folder / "views.md").write_bytes(path.read_bytes())
    assert (Rule.SLUG_DUPLICATE, "content/tensor/views.md") in [
        (finding.rule, str(finding.location)) for finding in findings(project)
    ]


def test_thirty_faults_give_thirty_findings(project: Path, torchdeck: Torchdeck) -> None:
    notes = [
        f"### 第{n}张卡的视图{'甲乙丙丁戊己庚辛壬癸'[n % 10] * (n + 2)}会怎样？ {{#card-{n}}}\n\n"
        f"变量 data_{n} 的值。\n\n```python magic{n}\nx = (\n```\n"
        for n in range(10)
    ]
    path = project / "content" / "tensor" / "views.md"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("## 卡片", "\n".join(notes) + "\n## 卡片"), encoding="utf-8")
    result = torchdeck(project, "check")
    told = [line for line in result.lines if ": error[" in line]
    assert result.status == 1
    assert len(told) == 30, result.out
    for n in range(10):
        line = line_of(path, f"magic{n}")
        assert any(f":{line}: error[fence-words]" in one for one in told)
        assert any(f":{line + 1}: error[code-syntax]" in one for one in told)
        assert any(f":{line - 2}: error[mark-literal]" in one for one in told)


def test_every_rule_of_check_is_planted_somewhere() -> None:
    planted = {item.rule for item in PLANTED} | set(WHOLE)
    # tests/test_check.py, and tests/test_bad_files.py
    elsewhere = {Rule.EDITION, Rule.SYLLABUS, Rule.FILE_LARGE, Rule.NESTING_DEEP, Rule.CARDS_MANY}
    assert planted | elsewhere == rules_of_check()


def test_every_rule_has_its_line_in_the_document() -> None:
    text = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \|(.+)\|(.+)\|(.+)\|$", text, re.MULTILINE)
    assert sorted(row[0] for row in rows) == sorted([*Rule, *VerifyRule])
    assert all(cell.strip() for row in rows for cell in row)


def test_the_real_content_has_no_findings() -> None:
    content = read_content(Project(ROOT))
    assert content.findings == ()
    assert content.questions
