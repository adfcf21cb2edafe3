"""Figures: accepted output that is drawn."""

from pathlib import Path

import pytest

from tests.conftest import Torchdeck, line_of, write_question
from torchdeck.execute.figure import plotted_data, same_figure

PLOT = "import matplotlib.pyplot as plt\n\nplt.plot([1, 2, 4], label='loss')\nplt.xlabel('step')"


def draw(project: Path, code: str = PLOT) -> Path:
    fence = f"```python figure=views.svg\n{code}\n```\n\n![一条线](views.svg)"
    return write_question(project, fence)


@pytest.fixture
def accepted(project: Path, torchdeck: Torchdeck) -> Path:
    """The SVG of a project whose figure was accepted."""
    draw(project)
    result = torchdeck(project, "run", "--accept")
    assert result.status == 0, result.out
    return project / "content" / "tensor" / "views.svg"


def test_an_accepted_figure_lies_beside_the_file_with_its_data(
    project: Path, torchdeck: Torchdeck, accepted: Path
) -> None:
    (axes,) = plotted_data(accepted.read_text(encoding="utf-8"))
    assert axes["lines"] == [{"label": "loss", "x": [0, 1, 2], "y": [1, 2, 4]}]
    assert axes["labels"] == ["step", ""]
    before = accepted.read_bytes()
    for arguments in (["run"], ["run", "--force", "--accept"]):
        assert torchdeck(project, *arguments).status == 0
    assert accepted.read_bytes() == before


def test_other_data_is_told_with_what_differs(
    project: Path, torchdeck: Torchdeck, accepted: Path
) -> None:
    before = accepted.read_bytes()
    path = draw(project, PLOT.replace("4", "5"))
    result = torchdeck(project, "run")
    assert result.status == 1
    line = line_of(path, "figure=")
    told = f"content/tensor/views.md:{line}: error[run-output]: draws another figure than views.svg"
    assert told in result.out
    assert "-     4.0\n" in result.out
    assert "+     5.0\n" in result.out
    assert accepted.read_bytes() == before


def test_other_strokes_are_the_same_figure(
    project: Path, torchdeck: Torchdeck, accepted: Path
) -> None:
    before = accepted.read_text(encoding="utf-8")
    draw(project, PLOT + "\nplt.gca().lines[0].set_linewidth(4)")
    assert torchdeck(project, "run", "--accept").status == 0
    assert accepted.read_text(encoding="utf-8") == before


def test_no_figure_and_two_figures_fail(project: Path, torchdeck: Torchdeck) -> None:
    for code in ("x = 1", PLOT + "\nplt.figure()"):
        path = draw(project, code)
        result = torchdeck(project, "run", "--accept")
        line = line_of(path, "figure=")
        assert f"views.md:{line}: error[run-failed]: torchdeck.execute.figure.NoFigureError" in (
            result.out
        )
        assert not (project / "content" / "tensor" / "views.svg").exists()


def test_noise_in_the_last_digits_is_no_difference(accepted: Path) -> None:
    svg = accepted.read_text(encoding="utf-8")
    assert same_figure(svg, svg.replace("4.0]", "4.0001]"))
    assert not same_figure(svg, svg.replace("4.0]", "4.01]"))
    assert not same_figure("<svg/>", svg)
    assert not same_figure("no xml", svg)
