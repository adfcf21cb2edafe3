"""What the checks find: faults that come the ordinary way, and those that the pipeline refuses."""

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import Cards, render
from tests.browser.profiles import PROFILES
from tests.browser.reviewer import Side, reviewer
from tests.conftest import Torchdeck, line_of, write_question
from torchdeck.project import Project

PHONE = next(profile for profile in PROFILES if profile.name == "ankimobile-dark")
SQUARE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0h9v9z"/>{}</svg>'
TABLE = "| a | b |\n|---|---|\n| `" + "x" * 100 + "` | 1 |"


class Learner:
    """Builds a question, imports it, and checks its cards in one reviewer."""

    def __init__(self, project: Path, torchdeck: Torchdeck, browser: Browser) -> None:
        self.project = project
        self._torchdeck = torchdeck
        self._browser = browser

    def build(self, detail: str) -> Cards:
        write_question(self.project, detail)
        result = self._torchdeck(self.project, "build")
        assert result.status == 0, result.out + result.err
        folder = self.project / f"collection-{len(list(self.project.iterdir()))}"
        folder.mkdir()
        return render(self.project / "decks" / "all.apkg", folder, Project(self.project))

    def faults(self, cards: Cards) -> list[str]:
        with reviewer(self._browser, PHONE, cards.media) as page:
            return page.check(cards.sides)


@pytest.fixture
def learner(project: Path, torchdeck: Torchdeck, browser: Browser) -> Learner:
    return Learner(project, torchdeck, browser)


def test_a_sound_card_has_no_fault(learner: Learner) -> None:
    (learner.project / "content" / "tensor" / "views.svg").write_text(SQUARE.format(""), "utf-8")
    text = f"$x < y$，`a < b`。\n\n$$\\frac{{1}}{{2}}$$\n\n{TABLE}\n\n![方块](views.svg)"
    assert learner.faults(learner.build(text)) == []


def test_a_line_that_is_too_wide_is_found(learner: Learner) -> None:
    cards = learner.build(TABLE)
    # The learner's own rules are the ordinary way to break the page.
    (cards.media / "_torchdeck-user.css").write_text(
        ".torchdeck table { display: table; } .torchdeck td code { white-space: nowrap; }", "utf-8"
    )
    (fault,) = learner.faults(cards)
    assert "001 views 1 answer: is " in fault
    assert "px wide instead of 390: <" in fault


def test_grey_on_grey_is_found(learner: Learner) -> None:
    cards = learner.build("文字。")
    (cards.media / "_torchdeck-user.css").write_text(
        ".torchdeck .answer { background: #777777; color: #999999; }", "utf-8"
    )
    faults = learner.faults(cards)
    assert {fault.split(": ")[1] for fault in faults} == {
        "001 views 1 answer",
        "001 views#lifetime 1 answer",
        "001 views#storage 1 question",
        "001 views#storage 1 answer",
    }
    assert all("contrast 1." in fault for fault in faults)


def test_a_missing_image_is_found(learner: Learner) -> None:
    (learner.project / "content" / "tensor" / "views.svg").write_text(SQUARE.format(""), "utf-8")
    cards = learner.build("![方块](views.svg)")
    (image,) = cards.media.glob("torchdeck-*.svg")
    image.unlink()
    faults = learner.faults(cards)
    assert any(f"001 views 1 answer: broken image {image.name}" in fault for fault in faults)
    assert any(f"request for http://anki.test/{image.name}" in fault for fault in faults)


def test_bad_mathematics_is_found(learner: Learner) -> None:
    faults = learner.faults(learner.build("求和 $\\frac{1$ 与 $\\nosuchcommand$。"))
    assert any("001 views 1 answer: MathJax: " in fault for fault in faults), faults


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("![x](https://example.com/x.png)", "image-remote"),
        ("![x](views.svg)", "image-unsafe"),
        (r"$\style{background: url(https://example.com/x.png)}{x}$", "math-command"),
    ],
)
def test_what_could_load_or_run_is_refused_at_its_line(
    project: Path, torchdeck: Torchdeck, text: str, rule: str
) -> None:
    svg = project / "content" / "tensor" / "views.svg"
    svg.write_text(SQUARE.format('<path onload="alert(1)"/>'), encoding="utf-8")
    path = write_question(project, text)
    result = torchdeck(project, "build")
    assert result.status == 1
    assert f"content/tensor/views.md:{line_of(path, text)}: error[{rule}]" in result.out


def test_raw_html_in_markdown_is_shown_as_text(learner: Learner) -> None:
    cards = learner.build("<script>alert(1)</script> <img src=x onerror=alert(1)>")
    assert learner.faults(cards) == []
    (answer,) = [side for side in cards.sides if side.name == "001 views 1 answer"]
    assert "&lt;script&gt;" in answer.html


def test_a_formula_where_no_rule_looks_loads_nothing(learner: Learner) -> None:
    formula = r"\(\style{background-image: url(https://example.com/x.png)}{x}\)"
    faults = learner.faults(learner.build(f"```python norun='{formula}'\nx = 1\n```"))
    assert not [fault for fault in faults if "request" in fault], faults


@pytest.mark.parametrize(
    ("html", "told"),
    [
        ("<script>1</script>", "<script>"),
        ('<img alt="x" src="https://example.com/x.png">', "address https://example.com/x.png"),
        ('<p onclick="alert(1)">x</p>', "handler onclick of <p>"),
        ('<img alt="x" src="evil.svg">', "in /evil.svg: handler onload of <path>"),
        ('<a href="javascript:alert(1)">x</a>', "address javascript:alert(1) of <a>"),
        ('<pre class="code"><code>other</code></pre>', "1 blocks of code instead of 0"),
    ],
)
def test_the_checks_would_see_it_behind_a_hole_in_the_wall(
    learner: Learner, html: str, told: str
) -> None:
    cards = learner.build("文字。")
    (cards.media / "evil.svg").write_text(SQUARE.format('<path onload="alert(1)"/>'), "utf-8")
    side: Side = cards.sides[0]
    faults = learner.faults(Cards((replace(side, html=side.html + html),), cards.media))
    assert any(told in fault for fault in faults), faults
