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
sound_fence = st.just("```python\nx = [1, 2]\nprint(sum(x))\n```\n\n```output\n3\n```")


def _indented(prefix: str, block: str) -> str:
    return "\n".join(prefix + line for line in block.split("\n"))


leaves = inline | fences | sound_fence | st.just("|甲|乙|\n|-|:-:|\n|1|2|") | st.just("$$\nx\n$$")
blocks = st.recursive(
    leaves,
    lambda inner: st.builds(_indented, st.sampled_from(["> ", "- ", "  ", "    ", "1. "]), inner),
    max_leaves=3,
)
bodies = st.lists(blocks, min_size=1, max_size=3).map("\n\n".join)
notes = st.builds("### {} {{#{}{}}}\n\n{}".format, inline, slugs, kinds, bodies)
values = text | st.sampled_from(["1", "[]", "[a, b]", "&a [*a]", "!!str x", '"\\x1f"', "|", "- a"])
fronts = st.one_of(
    st.just(f"number: 1\nquestion: {WORDING}\nlevel: 1\ntags: [a]\nsources: [{SOURCE}]"),
    st.builds(
        "number: 1\nquestion: {}\nlevel: {}\ntags: {}\nsources: {}".format,
        *(values, values, values, values),
    ),
)
sections = st.permutations(["要点", "详解", "易错"]) | st.just(["要点", "详解", "易错"])


@st.composite
def composed(draw: st.DrawFn) -> str:
    """A file of the format's parts."""
    parts = [f"---\n{draw(fronts)}\n---"]
    parts += [f"## {title}\n\n{draw(bodies)}" for title in draw(sections)]
    for title in ("追问", "卡片"):
        parts += [f"## {title}", *draw(st.lists(notes, min_size=1, max_size=2))]
    return "\n\n".join(parts) + "\n"


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A real file in which up to four pieces are others."""
    whole = draw(st.sampled_from(REAL))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(whole)))
        end = start + draw(st.sampled_from([0, 0, 1, 3, 40]))
        whole = whole[:start] + draw(odd | inline | blocks) + whole[end:]
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
@given(whole=composed())
def test_a_composed_file_is_packaged_or_refused(path: Path, whole: str) -> None:
    withstands(path, whole)


@_FEW
@given(whole=mutated())
def test_a_changed_file_is_packaged_or_refused(path: Path, whole: str) -> None:
    withstands(path, whole)


@pytest.mark.fuzz
@_MANY
@given(whole=composed())
def test_thousands_of_composed_files(path: Path, whole: str) -> None:
    withstands(path, whole)


@pytest.mark.fuzz
@_MANY
@given(whole=mutated())
def test_thousands_of_changed_files(path: Path, whole: str) -> None:
    withstands(path, whole)
