"""Files that must be refused: the exact findings, exit status 1, and nothing written."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.conftest import DETAIL, QUESTION
from torchdeck.cli import app

ANSWER = "存储不在时。"
CLOZE = "{{c1::一维}}"
CLOZE_LINE = f"存储是{CLOZE}的。"
TAGS = "[stride]"
SOURCE = "https://docs.pytorch.org/docs/stable/tensor_view.html"
DIGITS = "1" * 5_000  # Python refuses to read more than 4,300
NOTES = "甲。\n\n" + "".join(f"### 甲{n}为何？ {{#n-{n}}}\n\n甲。\n\n" for n in range(120))

NO_SECTIONS = " ".join(["0:section-missing"] * 5)


@dataclass(frozen=True)
class Bad:
    """A file in which `old` became `new`, and its findings as `line:rule`, 0 for the whole."""

    what: str
    found: str
    new: str
    old: str = ANSWER


def fence(code: str) -> str:
    return f"```python\n{code}\n```"


BAD = [
    Bad("a list of YAML without its end", "6:front-matter-yaml", "[stride", TAGS),
    Bad("a tab in YAML", "6:front-matter-yaml", "\n\t- stride", TAGS),
    Bad("a control character in YAML", "2:front-matter-yaml 5:character-hidden", "[a\x07b]", TAGS),
    Bad("an escape for a control character", "5:front-matter-type", '["a\\x1fb"]', TAGS),
    Bad("an escape for half a character", "5:front-matter-yaml", '["\\ud800"]', TAGS),
    Bad("a key twice", "5:front-matter-duplicate", "level: 1\nlevel: 2", "level: 1"),
    Bad("a list as a key", "4:front-matter-yaml", "? [a, b]\n: 1\nlevel: 1", "level: 1"),
    Bad("a merge key", "4:front-matter-unknown", "<<: {a: 1}\nlevel: 1", "level: 1"),
    Bad("an anchor and its alias", "5:front-matter-yaml", "[&a x, *a]", TAGS),
    Bad("an alias of what holds it", "5:front-matter-yaml", "&a [*a]", TAGS),
    Bad("a bomb of aliases", "5:front-matter-yaml", "&a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]", TAGS),
    Bad(
        "a tag that would run a program",
        "5:front-matter-yaml",
        "!!python/object/apply:os.system [ls]",
        TAGS,
    ),
    Bad("a tag of the core schema", "4:front-matter-yaml", "!!str 1", "1\ntags"),
    Bad("YAML mappings 20,000 deep", "5:front-matter-yaml", "{a: " * 20_000, TAGS),
    Bad("YAML lists 50,000 deep", "5:front-matter-yaml", "[" * 50_000 + "]" * 50_000, TAGS),
    Bad("a number of 5,000 digits", "2:front-matter-type", f"number: {DIGITS}", "number: 1"),
    Bad("a level of 5,000 digits", "4:front-matter-type", f"level: {DIGITS}", "level: 1"),
    Bad("a number of ten digits", "2:front-matter-type", "number: 1000000000", "number: 1"),
    Bad("a cloze as a tag", "5:front-matter-type", "['{{c1::x}}']", TAGS),
    Bad("a source with blanks and marks", "6:source-https", '"https://a.org/ <x>"', SOURCE),
    Bad("a source without a host", "6:source-https", "https://", SOURCE),
    Bad("a source with half a host", "6:source-https", '"https://[a"', SOURCE),
    Bad("a script as a source", "6:source-https", "javascript:alert(1)", SOURCE),
    Bad(
        "no end of the front matter",
        "1:front-matter-missing 1:text-outside 2:text-outside",
        "sources: []\n",
        "sources:\n  - https://docs.pytorch.org/docs/stable/tensor_view.html\n---\n",
    ),
    Bad("a lone carriage return", "33:file-encoding", "存储\r不在时。"),
    Bad("a line separator", "33:character-hidden", "存储\u2028不在时。"),
    Bad("a paragraph separator", "33:character-hidden", "存储\u2029不在时。"),
    Bad("a bidirectional control", "33:character-hidden", "存储\u202e不在时。"),
    Bad("a bidirectional control in code", "34:character-hidden", "```text\na\u2066b\n```"),
    Bad("a separator of Anki's fields", "33:character-hidden", "存储\x1f不在时。"),
    Bad("a separator of fields as a reference", "33:replacement-character", "存储&#x1f;不在时。"),
    Bad("an escape for a terminal", "33:character-hidden", "存储\x1b[31m不在时。"),
    Bad("a byte order mark within", "33:character-hidden", "存储\ufeff不在时。"),
    Bad("a code point that is no character", "33:character-hidden", "存储\ufffe不在时。"),
    Bad("U+0000 as a reference", "33:replacement-character", "存储&#0;不在时。"),
    Bad("100,000 headings", "0:file-large", "### 甲 {#a}\n" * 100_000),
    Bad("9,000 headings", "31:card-long", "#### 甲\n" * 9_000),
    Bad("120 notes", "427:cards-many", NOTES),
    Bad("quotes 5,000 deep", "33:nesting-deep", ">" * 5_000 + " 甲"),
    Bad("lists 5,000 deep", "0:section-missing 33:nesting-deep", "- " * 5_000 + "甲"),
    Bad(
        "lists in lists",
        "0:section-missing 37:nesting-deep",
        "\n".join("  " * n + "- 甲" for n in range(12)),
    ),
    Bad("emphasis 5,000 deep", "33:nesting-deep", "**" * 5_000 + "a" + "**" * 5_000),
    Bad("brackets 5,000 deep", "31:card-long", "[" * 5_000 + "a" + "]" * 5_000),
    Bad(
        "links in links",
        "31:card-long 33:link-target",
        "[" * 5_000 + "a" + "](https://a.org)" * 5_000,
    ),
    Bad("10,000 half emphases", "31:card-long 33:mark-literal", "*a " * 5_000),
    Bad("10,000 dollars", "31:card-long 33:dollar-literal", "$" * 10_000 + "a"),
    Bad("10,000 backticks", "31:card-long", " ".join("`" * (n % 140 + 1) for n in range(1_500))),
    Bad(
        "code in 5,000 brackets",
        "34:code-syntax 34:code-wide",
        fence("x = " + "(" * 5_000 + "1" + ")" * 5_000),
    ),
    Bad("a sum of 5,000 numbers", "34:code-syntax 34:code-wide", fence("x = 1" + " + 1" * 5_000)),
    Bad(
        "an integer of 5,000 digits in code",
        "34:code-syntax 34:code-wide",
        f"```python\nx = {DIGITS}\n```",
    ),
    Bad(
        "a guard too deep to write out",
        "35:code-wide",
        fence("spawn = 0\nif x" + ".a" * 700 + ":\n    y = 2"),
    ),
    Bad(
        "a fence without its end",
        "37:cloze-missing 41:fence-unclosed",
        "存储。\n\n```text\nx",
        CLOZE_LINE,
    ),
    Bad("a fence with a quote without its end", "33:fence-words", "```python 'x\n1\n```"),
    Bad("a fence of a language of quotes", "33:fence-language", "```'' hidden\nx\n```"),
    Bad("a fence of a blank", "33:fence-language", "```\xa0\nx\n```"),
    Bad("a timeout of 5,000 digits", "33:fence-words", f"```python timeout={DIGITS}\nx = 1\n```"),
    Bad("a timeout in other digits", "33:fence-words", "```python timeout=٣\nx = 1\n```"),
    Bad("a memory of 5,000 digits", "33:fence-words", f"```python memory={DIGITS}G\nx = 1\n```"),
    Bad("a file out of the run's folder", "33:fence-words", "```python file=../x.py\nx = 1\n```"),
    Bad("a reference to question 11…1", "31:card-long", f"见第 {DIGITS} 题。"),
    Bad("a slug of emoji", "31:slug-malformed", "{#😀}", "{#lifetime}"),
    Bad("a slug with an accent", "31:slug-malformed", "{#café}", "{#lifetime}"),
    Bad("a slug that only looks Latin", "31:slug-malformed", "{#K}", "{#lifetime}"),
    Bad("two slugs that differ in case only", "31:slug-malformed", "{#Storage}", "{#lifetime}"),
    Bad(
        "a cloze in a note's heading",
        "31:cloze-outside",
        "### {{c1::甲}} {",
        "### 视图何时失效？ {",
    ),
    Bad(
        "a cloze in a section's heading",
        "0:section-missing 25:section-unknown 27:text-outside",
        "## 易错 {{c1::甲}}",
        "## 易错",
    ),
    Bad("a cloze in a list", "33:cloze-outside", "- {{c1::甲}}"),
    Bad("a cloze in a table", "35:cloze-outside", "|甲|\n|-|\n|{{c1::乙}}|"),
    Bad("a cloze in a quote", "33:cloze-outside", "> {{c1::甲}}"),
    Bad("a cloze in code of another note", "33:cloze-outside", "```text\n{{c1::甲}}\n```"),
    Bad("a cloze over two cells", "39:cloze-broken", "|{{c1::甲|\n|-|\n|乙}}|", CLOZE_LINE),
    Bad("a cloze across a link", "39:cloze-nested", "[甲{{c1::乙](https://a.org)}}", CLOZE),
    Bad(
        "a cloze in a link's title",
        "39:cloze-broken",
        '[甲](https://a.org "{{c2::乙}}"){{c1::丙}}',
        CLOZE,
    ),
    Bad(
        "a cloze in an address",
        "39:cloze-broken",
        "[甲](https://a.org/{{c2::乙}}){{c1::丙}}",
        CLOZE,
    ),
    Bad(
        "a cloze in an image's description",
        "39:cloze-outside",
        "![甲{{c2::乙}}](views.svg){{c1::丙}}",
        CLOZE,
    ),
    Bad("a cloze spelt with references", "39:cloze-broken", "&#123;{c2::甲}}{{c1::乙}}", CLOZE),
    Bad("a cloze around braces", "39:cloze-broken", "{{c1::甲}} `{{c2::{1: {}}}}`", CLOZE),
    Bad("a cloze around a formula's braces", "39:cloze-broken", "${{c1::x^{2}}}$", CLOZE),
    Bad(
        "a cloze in a displayed formula",
        "41:cloze-outside",
        "{{c1::甲}}\n\n$$\n{{c2::x}}\n$$",
        CLOZE_LINE,
    ),
    Bad(
        "a cloze in a fence in a list",
        "41:cloze-outside",
        "{{c1::甲}}\n\n- ```text\n  {{c2::乙}}\n  ```",
        CLOZE_LINE,
    ),
    Bad("a cloze in indented code", "41:cloze-outside", "{{c1::甲}}\n\n    {{c2::乙", CLOZE_LINE),
    Bad(
        "a cloze in a hidden block",
        "41:cloze-outside",
        "{{c1::甲}}\n\n```python hidden\n{{c2::x}} = 1\n```",
        CLOZE_LINE,
    ),
    Bad(
        "a cloze in an output",
        "45:cloze-outside",
        "{{c1::甲}}\n\n```python\nprint(len(x))\n```\n\n```output\n{{c2::3}}\n```",
        CLOZE_LINE,
    ),
    Bad(
        "a cloze in a reason",
        "41:cloze-outside",
        '{{c1::甲}}\n\n```python norun="{{c2::乙}}"\nx = 1\n```',
        CLOZE_LINE,
    ),
    Bad("a cloze of 5,000 digits", "39:cloze-broken", f"{{{{c{DIGITS}::甲}}}}", CLOZE),
    Bad("a cloze of the number 999999999", "37:cloze-numbers", "{{c999999999::甲}}", CLOZE),
    Bad("10,000 clozes without an end", "39:cloze-broken", "{{c1::" * 10_000, CLOZE),
    Bad("a script as a link", "33:link-target", "[甲](javascript:alert(1))"),
    Bad("a script as a link in odd case", "33:link-target", "[甲](JaVaScRiPt:alert(1))"),
    Bad("a script as a link with a reference", "33:link-target", "[甲](java&#x73;cript:alert(1))"),
    Bad("a script as a link behind blanks", "33:link-target", "[甲](  vbscript:x)"),
    Bad("data as a link", "33:link-target", "[甲](data:text/html,x)"),
    Bad("a file as a link", "33:link-target", "[甲](file:///etc/passwd)"),
    Bad("a link without encryption", "33:link-target", "[甲](http://a.org)"),
    Bad("an image from the web", "33:image-remote", "![甲](https://a.org/a.svg)"),
    Bad("an image from a half host", "33:image-remote", "![甲](//[a.svg)"),
    Bad("an image of data", "33:image-remote", "![甲](data:image/png;base64,AAAA)"),
    Bad("an image above the folder", "33:image-outside", "![甲](../a.svg)"),
    Bad("an image above the folder, spelt otherwise", "33:image-outside", "![甲](%2e%2e/a.svg)"),
    Bad("an image by its path", "33:image-outside", "![甲](/etc/a.svg)"),
    Bad("an image with a backslash", "33:image-outside", "![甲](..%5Ca.svg)"),
    Bad("an image with a blank in its name", "33:image-name", "![甲](<a b.svg>)"),
    Bad("an image with a NUL in its name", "33:image-name", "![甲](a%00.svg)"),
    Bad("an image of another type", "33:image-type", "![甲](a.gif)"),
]

# What is no text, or other text than it seems.
TEXT = QUESTION.format(detail=DETAIL)
BYTES = {
    "nothing": (
        b"",
        f"{NO_SECTIONS} 1:front-matter-missing",
    ),
    "UTF-16": (TEXT.encode("utf-16"), "1:file-encoding"),
    "invalid UTF-8": (TEXT.encode().replace("维".encode(), b"\xe7\xbb"), "39:file-encoding"),
    "half a character at the end": (TEXT.encode()[:-6], "39:file-encoding"),
    "a byte order mark": (b"\xef\xbb\xbf" + TEXT.encode(), "1:file-encoding"),
    "a NUL byte": (TEXT.encode().replace(b"level", b"le\0vel"), "4:file-encoding"),
    "ten megabytes": (TEXT.encode() + b"\n" * 10_000_000, "0:file-large"),
    "three dashes": (
        b"---",
        f"{NO_SECTIONS} 1:front-matter-missing 1:text-outside",
    ),
}


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.what)
def test_a_bad_text_is_refused(project: Path, bad: Bad, monkeypatch: pytest.MonkeyPatch) -> None:
    assert bad.old in TEXT
    raw = TEXT.replace(bad.old, bad.new, 1).encode()
    assert findings(project, raw, monkeypatch) == bad.found.split()


@pytest.mark.parametrize("what", list(BYTES))
def test_bad_bytes_are_refused(project: Path, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    raw, found = BYTES[what]
    assert findings(project, raw, monkeypatch) == found.split()


def findings(project: Path, raw: bytes, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what `build` finds in a question file of `raw`; it must write nothing."""
    (project / "content" / "tensor" / "views.md").write_bytes(raw)
    monkeypatch.chdir(project)
    before = sorted(project.rglob("*"))
    result = CliRunner().invoke(app, ["build"])
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit)  # no other exception came through
    assert result.stderr == ""
    assert sorted(project.rglob("*")) == before
    told = [line for line in result.stdout.splitlines() if ": error[" in line]
    assert result.stdout.splitlines()[len(told) :] in (["1 finding"], [f"{len(told)} findings"])
    return [_short(line) for line in told]


def _short(line: str) -> str:
    place, _, rest = line.removeprefix("content/tensor/views.md").partition(": error[")
    return f"{place.removeprefix(':') or 0}:{rest.partition(']')[0]}"
