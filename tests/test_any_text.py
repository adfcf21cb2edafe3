"""Any question file is read, checked and rendered; without findings its packages build.

Files are put together from the parts of the format, sound and broken ones, or are real ones of
the content with pieces changed. The ordinary tests try a few; `nox -s fuzz` tries thousands.
"""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz_words import WORDS
from tests.withstand import WORDING, checked, make_project, package, real_texts, rendered

SOURCE = "https://docs.pytorch.org/docs/stable/tensor_view.html"
_FEW = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
_MANY = settings(_FEW, max_examples=2500, derandomize=False, print_blob=True)

words = st.sampled_from(
    ["视图", "存储", "stride", "x", "张量的", "为何", "1", "🙂", "é", "{", "。"]
)
odd = st.sampled_from(WORDS) | st.text(max_size=4)
text = st.lists(words | words | words | odd, min_size=1, max_size=8).map("".join)
slugs = st.sampled_from(["a", "b", "view-1", "storage", "A", "é", "", "a b", "🙂"])
kinds = st.sampled_from(["", "", " .cloze", " .predict", " .magic"])
clozes = st.builds(
    "{{{{c{}::{}{}}}}}".format, st.integers(0, 3), text, st.sampled_from(["", "::提示"])
)
formulas = st.sampled_from(["$x^2$", "$$x$$", "$a", r"$\text{甲}$", "$x_{b_{c}}$", r"\(x\)"])
links = st.builds(
    "{}[{}]({})".format,
    st.sampled_from(["", "!"]),
    text,
    st.sampled_from(
        [SOURCE, "a.svg", "javascript:x", "gan-losses.svg", "../a", "<a b.svg>", "//["]
    ),
)
marked = st.builds("{0}{1}{0}".format, st.sampled_from(["**", "*", "`", "~~", "_", "``"]), text)
inline = st.lists(text | clozes | formulas | links | marked, min_size=1, max_size=5).map("".join)
code = st.sampled_from(
    [
        "x = 1",
        "print(len('甲'))",
        "import torch",
        "x = (",
        "",
        "{{c1::x}} = 1",
        "if 1:\n  y = 2",
        "\t",
    ]
)
info = st.sampled_from(
    [
        *(
            "python",
            "python hidden",
            "python fresh",
            'python norun="甲"',
            "python file=a.py",
            "text",
        ),
        *(
            "cpp",
            "bash",
            "output",
            "",
            "python raises=E",
            "python '",
            "nosuch",
            "python figure=views.svg",
        ),
    ]
)
fences = st.builds(
    "{0}{1}\n{2}\n{3}".format, st.just("```"), info, code | text, st.sampled_from(["```", ""])
)


def _indented(prefix: str, block: str) -> str:
    return "\n".join(prefix + line for line in block.split("\n"))


leaves = inline | fences | st.just("|甲|乙|\n|-|:-:|\n|1|2|") | st.just("$$\nx\n$$")
blocks = st.recursive(
    leaves,
    lambda inner: st.builds(_indented, st.sampled_from(["> ", "- ", "  ", "    ", "1. "]), inner),
    max_leaves=3,
)
notes = st.builds("### {} {{#{}{}}}\n\n{}".format, inline, slugs, kinds, blocks)
values = text | st.sampled_from(["1", "[]", "[a, b]", "&a [*a]", "!!str x", '"\\x1f"', "|", "- a"])
keys = st.builds(
    "{}: {}".format, st.sampled_from(["level", "tags", "requires", "number", "odd"]), values
)
pieces = odd | inline | blocks | notes | keys

# What breaks no rule.
plain = st.lists(
    st.sampled_from(["视图", "存储", "步长", "张量", "stride"]), min_size=1, max_size=3
)
sound_text = plain.map("".join)
sound_inline = st.one_of(
    sound_text,
    st.builds("{0}{1}{0}".format, st.sampled_from(["**", "*", "`", "~~", "$"]), st.just("x")),
    st.builds("[{}]({})".format, sound_text, st.just(SOURCE)),
)
sound_line = st.lists(sound_inline, min_size=1, max_size=3).map(" ".join)
sound_fence = st.just("```python\nx = [1, 2]\nprint(sum(x))\n```\n\n```output\n3\n```")
sound_block = st.one_of(
    sound_line,
    sound_fence,
    st.builds(_indented, st.sampled_from(["> ", "- "]), sound_line),
    st.builds("|甲|乙|\n|-|:-:|\n|{}|{}|".format, sound_inline, sound_inline),
    st.builds("![{}](gan-losses.svg)".format, sound_text),
)
sound_notes = st.one_of(
    st.builds("### {}为何？ {{{{#{{slug}}}}}}\n\n{}".format, sound_text, sound_block),
    st.builds("### {} {{{{#{{slug}} .predict}}}}\n\n{}".format, sound_text, sound_fence),
    st.builds(
        "### {} {{{{#{{slug}} .cloze}}}}\n\n{} 甲{{{{{{{{c1::{}}}}}}}}}乙".format,
        *(sound_text, sound_inline, sound_text),
    ),
)


@st.composite
def composed(draw: st.DrawFn) -> str:
    """A file of the format's parts."""
    parts = [f"---\nnumber: 1\nquestion: {WORDING}\nlevel: 1\ntags: [a]\nsources: [{SOURCE}]\n---"]
    parts += [f"## {title}\n\n{draw(sound_block)}" for title in ("要点", "详解", "易错")]
    for title in ("追问", "卡片"):
        found = draw(st.lists(sound_notes, min_size=1, max_size=2))
        parts += [f"## {title}"]
        parts += [note.format(slug=f"s{len(parts)}-{n}") for n, note in enumerate(found)]
    return "\n\n".join(parts) + "\n"


@st.composite
def changed(draw: st.DrawFn, files: st.SearchStrategy[str]) -> str:
    """One of `files` in which up to three pieces are others."""
    whole = draw(files)
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(whole)))
        end = start + draw(st.sampled_from([0, 0, 1, 3, 40]))
        whole = whole[:start] + draw(pieces) + whole[end:]
    return whole


REAL = real_texts()


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_project(tmp_path_factory.mktemp("any"))


def withstands(path: Path, whole: str) -> None:
    content = checked(path, whole.encode("utf-8", "surrogatepass"))
    found = rendered(path, content)
    if found and not content.findings:
        package(path, content, found)


@_FEW
@given(whole=changed(composed()))
def test_a_composed_file_is_packaged_or_refused(path: Path, whole: str) -> None:
    withstands(path, whole)


@_FEW
@given(whole=changed(st.sampled_from(REAL)))
def test_a_changed_file_is_packaged_or_refused(path: Path, whole: str) -> None:
    withstands(path, whole)


@pytest.mark.fuzz
@_MANY
@given(whole=changed(composed()))
def test_thousands_of_composed_files(path: Path, whole: str) -> None:
    withstands(path, whole)


@pytest.mark.fuzz
@_MANY
@given(whole=changed(st.sampled_from(REAL)))
def test_thousands_of_changed_files(path: Path, whole: str) -> None:
    withstands(path, whole)
