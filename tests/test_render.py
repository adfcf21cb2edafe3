"""Questions to fields of HTML."""

import dataclasses
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from pygments.token import STANDARD_TYPES

from tests.conftest import SPECIMEN
from torchdeck.execute.notices import Notices
from torchdeck.execute.records import Records
from torchdeck.findings import Findings
from torchdeck.package.note_types import NOTE_TYPES
from torchdeck.read.document import read_question
from torchdeck.read.edition import read_edition
from torchdeck.read.question import ClozeMark
from torchdeck.render import field_names as names
from torchdeck.render.anki_text import inert
from torchdeck.render.canonical import canonical, digest
from torchdeck.render.highlight import UNSTYLED, highlight
from torchdeck.render.media import read_media
from torchdeck.render.note import Note, NoteKind
from torchdeck.render.notes import notes_of
from torchdeck.render.safe import safe
from torchdeck.render.svg import UnsafeSvgError, safe_svg

CONTENT = SPECIMEN / "content"


class Text(HTMLParser):
    """Gathers the text of HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)


def text_of(html: str) -> str:
    parser = Text()
    parser.feed(html)
    return "".join(parser.pieces)


@pytest.fixture(scope="module")
def notes() -> dict[str, Note]:
    path = CONTENT / "specimen" / "every-construct.md"
    reading = read_question(path, path.name)
    assert reading.question is not None
    findings = Findings(path.name)
    media = read_media(reading.question, path.parent, findings)
    assert not findings
    records = Records.read(CONTENT / "records", "records")
    notices = Notices.read(CONTENT / "notices.json", "notices")
    found = notes_of(reading.question, read_edition(CONTENT), media, records, notices)
    return {note.key: note for note in found}


def test_the_question_comes_first_and_then_its_cards(notes: dict[str, Note]) -> None:
    assert list(notes) == [
        "every-construct",
        "every-construct#nested-code",
        "every-construct#view-or-copy",
        "every-construct#cloze-in-code",
        "every-construct#predict-numel",
    ]
    assert [note.due for note in notes.values()] == [100, 101, 102, 103, 104]
    assert notes["every-construct#view-or-copy"].sort_text == "001 every-construct#view-or-copy"


def test_mathematics_has_ankis_delimiters_and_is_escaped(notes: dict[str, Note]) -> None:
    question = notes["every-construct"]
    assert r"\(y = Wx + b\)" in question.fields[names.KEY_POINTS]
    assert r"\sum_{i&lt;n} \delta_i x_i^\top" in question.fields[names.DETAIL]
    assert "$" not in text_of(question.fields[names.KEY_POINTS])


def test_hidden_code_is_not_shown_and_other_code_is(notes: dict[str, Note]) -> None:
    shown = text_of(notes["every-construct"].fields[names.DETAIL])
    assert "import warnings" not in shown
    assert "data.sum().item()" in shown
    assert "15 torch.Size([2, 3])" in shown
    assert "未运行：需要 8 张 GPU" in shown
    assert "train.py" in shown


def test_cuda_blocks_say_where_their_output_is_from(notes: dict[str, Note]) -> None:
    shown = text_of(notes["every-construct"].fields[names.DETAIL])
    assert "输出记录自 no real device: a specimen，PyTorch 2.13.0+specimen，2026-11-23" in shown
    assert shown.count("未验证：需要 CUDA 设备，尚无运行记录") == 1


def test_nothing_of_the_source_becomes_markup(notes: dict[str, Note]) -> None:
    for note in notes.values():
        for html in note.fields.values():
            assert "<script" not in html
            assert "<Tensor" not in html
            assert "</script>" not in html
            assert "[sound:" not in html
            assert "[latex]" not in html
    pitfalls = notes["every-construct"].fields[names.PITFALLS]
    assert "[sound:x] [latex]x[/latex] </script><b> {{c}} }} {{ $HOME" in text_of(pitfalls)


def test_cloze_marks_stand_between_highlighted_tokens(notes: dict[str, Note]) -> None:
    html = notes["every-construct#cloze-in-code"].fields[names.TEXT]
    assert '<span class="o">.</span>{{c1::reshape}}(' in html
    assert "{{c2::" in html
    assert "x = torch.arange(6).{{c1::reshape}}(2, 3)" in text_of(html)


def test_code_without_spans_has_no_colour_of_its_own() -> None:
    classes = set(re.findall(r"\.([a-z]\w*)", NOTE_TYPES[NoteKind.QUESTION].css))
    assert "kn" in classes
    assert not classes & {STANDARD_TYPES[kind] for kind in UNSTYLED}


def test_predict_keeps_the_output_off_the_front(notes: dict[str, Note]) -> None:
    fields = notes["every-construct#predict-numel"].fields
    assert "numel" in text_of(fields[names.CODE])
    assert "6" not in text_of(fields[names.CODE])
    assert text_of(fields[names.OUTPUT]).strip() == "6"
    assert fields[names.EXPLANATION].startswith("<p>元素个数")


def test_images_are_named_by_their_content(notes: dict[str, Note]) -> None:
    media = {item.name.rpartition("-")[0]: item for item in notes["every-construct"].media}
    assert set(media) == {"torchdeck-layout", "torchdeck-every-construct-line"}
    layout = media["torchdeck-layout"]
    digest = hashlib.sha256(layout.content).hexdigest()
    assert layout.name == f"torchdeck-layout-{digest[:12]}.svg"
    assert f'src="{layout.name}"' in notes["every-construct"].fields[names.DETAIL]
    assert notes["every-construct#predict-numel"].media == ()


@pytest.mark.parametrize("name", ["missing.svg", "../../topics.toml", "layout.exe"])
def test_images_that_cannot_be_packaged_are_findings(tmp_path: Path, name: str) -> None:
    text = (CONTENT / "specimen" / "plain.md").read_text(encoding="utf-8")
    path = tmp_path / "plain.md"
    path.write_text(text.replace("## 易错", f"![x]({name})\n\n## 易错"), encoding="utf-8")
    reading = read_question(path, path.name)
    assert reading.question is not None
    findings = Findings(path.name)
    read_media(reading.question, tmp_path, findings)
    assert len(list(findings)) == 1


@pytest.mark.parametrize("name", ["a:b", "{{c1::x}}", 'f"{x}"', "a\n\n\nb", "  lead", "x = 'é中'"])
def test_highlighting_keeps_the_text(name: str) -> None:
    assert text_of(highlight(name, "python")) == name


def test_highlighting_splits_a_token_at_a_mark() -> None:
    html = highlight("reshape", "python", (ClozeMark(1, 2, 5),))
    assert text_of(html) == "re{{c1::sha}}pe"


@pytest.mark.parametrize(
    "text", ["[sound:a.mp3]", "[LaTeX]x[/latex]", "[$]x[/$]", "[$$]x[/$$]", "[anki:play]"]
)
def test_text_that_anki_acts_upon_is_made_harmless(text: str) -> None:
    html = inert(text)
    assert text_of(html) == text
    assert "[" not in html.replace("[/", "")


def test_indexing_is_left_alone() -> None:
    assert inert("x[0] [1, 2] [s]") == "x[0] [1, 2] [s]"


def test_canonical_text_ignores_how_html_is_written() -> None:
    one = '<pre class="code"><code><span class="k">if</span> x</code></pre><br />'
    two = '<pre><code>if <span class="n other">x</span></code></pre><br>'
    assert canonical(one) == canonical(two)
    assert canonical("<p>a&lt;b</p>") == canonical("<p>a&#60;b</p>")
    assert canonical("<p>view\nshares</p>\n<p>x</p>") == canonical("<p>view shares </p><p>x</p>")


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("<p>a</p>", "<p>b</p>"),
        ("<p><strong>a</strong></p>", "<p>a</p>"),
        ('<a href="x">a</a>', '<a href="y">a</a>'),
        ('<img src="a-1.svg">', '<img src="a-2.svg">'),
        ("<pre>a  b</pre>", "<pre>a b</pre>"),
        ("<ol><li>a</li></ol>", '<ol start="3"><li>a</li></ol>'),
        ("<code>a</code> <code>b</code>", "<code>a</code><code>b</code>"),
        ('<td style="text-align:right">a</td>', "<td>a</td>"),
        ('<img src="x" alt="a">', '<img src="x" alt="b">'),
        ("<samp>a</samp>", "a"),
        ("<table><tr><td>a</td></tr></table>", "<table><td>a</td></table>"),
    ],
)
def test_canonical_text_tells_what_a_reader_would_see(one: str, two: str) -> None:
    assert canonical(one) != canonical(two)


def test_tags_and_fields_are_part_of_the_digest(notes: dict[str, Note]) -> None:
    note = notes["every-construct"]
    tagged = dataclasses.replace(note, tags=(*note.tags, "torchdeck::tag::new"))
    edited = dataclasses.replace(note, fields={**note.fields, names.QUESTION: "?"})
    moved = dataclasses.replace(note, due=77)
    assert len({digest(note), digest(tagged), digest(edited)}) == 3
    assert digest(moved) == digest(note)


SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">{}</svg>'


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (SVG.format("<script>alert(1)</script>"), "holds <script>"),
        (SVG.format("<foreignObject/>"), "holds <foreignObject>"),
        (SVG.format('<image href="x.png"/>'), "holds <image>"),
        (SVG.format('<a href="#x"/>'), "holds <a>"),
        (SVG.format('<set attributeName="href"/>'), "holds <set>"),
        (SVG.format('<path onload="alert(1)"/>'), "the handler onload"),
        (SVG.format('<path ONCLICK="alert(1)"/>'), "the handler ONCLICK"),
        (SVG.format('<use href="other.svg#x"/>'), "refers to 'other.svg#x'"),
        (SVG.format('<use href="data:image/svg+xml,x"/>'), "refers to 'data:"),
        (SVG.format('<path style="fill: url(https://example.com/x)"/>'), "refers to 'fill: url("),
        (SVG.format("<path fill=\"URL( '//example.com/x')\"/>"), "of <path> refers to"),
        (SVG.format("<style>@import 'x.css';</style>"), "<style> refers"),
        (SVG.format("<style>path { fill: u\\72l(x) }</style>"), "<style> refers"),
        (SVG.format('<x:p xmlns:x="urn:x"><script/></x:p>'), ""),
        ("<html/>", "instead of <svg>"),
        ("<svg", "is no XML"),
        ('<!DOCTYPE s [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + SVG.format("&a;"), "is no XML"),
        (SVG.format(" " * 2**20), "is larger"),
    ],
)
def test_an_svg_holds_a_drawing_and_nothing_else(content: str, told: str) -> None:
    if not told:
        assert b"script" not in safe_svg(content.encode())
        return
    with pytest.raises(UnsafeSvgError) as caught:
        safe_svg(content.encode())
    assert told in str(caught.value)


def test_a_drawing_stays_whole_without_what_programs_note_in_it() -> None:
    drawing = (
        '<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "x.dtd"><!-- by -->'
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
        ' xmlns:i="urn:i" i:label="x" viewBox="0 0 9 9"><metadata><x/></metadata>'
        '<defs><path id="p" d="M0 0h9"/></defs><use xlink:href="#p" style="fill: url(#g)"/></svg>'
    )
    cleaned = safe_svg(drawing.encode()).decode()
    assert cleaned == (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
        ' viewBox="0 0 9 9"><defs><path id="p" d="M0 0h9" /></defs>'
        '<use xlink:href="#p" style="fill: url(#g)" /></svg>'
    )


@pytest.mark.parametrize(
    ("html", "kept"),
    [
        ("<script>alert(1)</script>x", "x"),
        ('<p onclick="f()">x</p>', "<p>x</p>"),
        ('<a href="javascript:f()">x</a>', "<a>x</a>"),
        ('<a href="https://a.org/?a=1&amp;b">x</a>', '<a href="https://a.org/?a=1&amp;b">x</a>'),
        ('<img src="https://example.com/x.png" alt="x">', '<img alt="x">'),
        ('<img src="../x.png" alt="x">', '<img alt="x">'),
        ('<img src="torchdeck-a-0.svg" alt="x">', '<img src="torchdeck-a-0.svg" alt="x">'),
        ('<td style="text-align:right;background:url(x)">1</td>', "1"),
        ('<span class="nf evil">x</span>', '<span class="nf">x</span>'),
        (r"<p>\(\href{javascript:f()}{x}\)</p>", r"<p>\(href{javascript:f()}{x}\)</p>"),
        (r"<p>\[a \\style<br>\style{x}\]</p>", r"<p>\[a \\style<br>style{x}\]</p>"),
        (r"<p>\(x\) <code>\(\def\)</code></p>", r"<p>\(x\) <code>\(\def\)</code></p>"),
        ("<p>[sound:x] {{c1::a}} &lt;b&gt;</p>", "<p>&#91;sound:x] {{c1::a}} &lt;b&gt;</p>"),
    ],
)
def test_only_what_cards_need_gets_into_a_field(html: str, kept: str) -> None:
    assert safe(html) == kept


def test_the_allow_list_takes_nothing_from_real_notes(notes: dict[str, Note]) -> None:
    for note in notes.values():
        for html in note.fields.values():
            assert canonical(safe(html)) == canonical(html)
