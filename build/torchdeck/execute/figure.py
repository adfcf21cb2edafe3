"""Figures: drawn by a block, kept as SVG, compared by what was plotted.

The SVG carries the plotted data as JSON in its description, so a figure that another version of
matplotlib draws with other strokes is still the same figure.
"""

import difflib
import json
import math
import sys
from itertools import islice
from typing import IO, Any
from xml.etree import ElementTree as ET

RELATIVE_TOLERANCE = 1e-4
SIGNIFICANT_DIGITS = 6  # of the data that is kept
DIFFERENCE_LINES = 24

_DESCRIPTION = "{http://purl.org/dc/elements/1.1/}description"
_SETTINGS = {"svg.fonttype": "path", "svg.hashsalt": "torchdeck"}  # no fonts, no random ids


class NoFigureError(Exception):
    """A block announces a figure and leaves none, or more than one."""


def save_figure(file: IO[bytes]) -> None:
    """Write the one figure that is open in matplotlib to `file`, and close it.

    Raises:
        NoFigureError: There is none, or more than one.
    """
    pyplot: Any = sys.modules.get("matplotlib.pyplot")
    numbers = pyplot.get_fignums() if pyplot else []
    if len(numbers) != 1:
        raise NoFigureError(f"figure= announces one open figure, but there are {len(numbers)}")
    figure = pyplot.figure(numbers[0])
    description = json.dumps(_data(figure), ensure_ascii=False)
    with pyplot.rc_context(_SETTINGS):
        metadata = {"Date": None, "Creator": None, "Description": description}
        figure.savefig(file, format="svg", transparent=True, metadata=metadata)
    pyplot.close(figure)
    file.close()


def plotted_data(svg: str) -> Any:
    """Return the data that `svg` carries, or None if it carries none."""
    try:
        # Expat limits how far entities can grow, and fetches nothing.
        found = ET.fromstring(svg).find(f".//{_DESCRIPTION}")  # noqa: S314
        return None if found is None else json.loads(found.text or "")
    except (ET.ParseError, ValueError, RecursionError):
        return None


def same_figure(accepted: str, drawn: str) -> bool:
    """Tell whether two SVGs plot the same data, up to noise in its last digits."""
    data = plotted_data(accepted)
    return data is not None and _same(data, plotted_data(drawn))


def figure_difference(accepted: str, drawn: str) -> str:
    """Return the first lines of a unified diff of what two SVGs plot."""
    ours, theirs = (
        json.dumps(plotted_data(svg), ensure_ascii=False, indent=1).split("\n")
        for svg in (accepted, drawn)
    )
    diff = difflib.unified_diff(ours, theirs, "accepted", "drawn", lineterm="", n=1)
    return "\n".join(islice(diff, DIFFERENCE_LINES))


def _same(ours: Any, theirs: Any) -> bool:
    match ours, theirs:
        case dict(), dict():
            return ours.keys() == theirs.keys() and all(_same(ours[k], theirs[k]) for k in ours)
        case list(), list():
            return len(ours) == len(theirs) and all(map(_same, ours, theirs))
        case ((int() | float()), (int() | float())):
            return math.isclose(ours, theirs, rel_tol=RELATIVE_TOLERANCE, abs_tol=1e-12)
        case _:
            return bool(ours == theirs)


def _data(figure: Any) -> list[dict[str, Any]]:
    return [
        {
            "title": axes.get_title(),
            "labels": [axes.get_xlabel(), axes.get_ylabel()],
            "scales": [axes.get_xscale(), axes.get_yscale()],
            "limits": [_rounded(axes.get_xlim()), _rounded(axes.get_ylim())],
            "lines": [
                {"label": line.get_label(), "x": _rounded(x), "y": _rounded(y)}
                for line in axes.lines
                for x, y in [line.get_data()]
            ],
            "patches": [_rounded(patch.get_path().vertices.ravel()) for patch in axes.patches],
            "collections": [
                [_rounded(path.vertices.ravel()) for path in collection.get_paths()]
                + [_rounded(collection.get_offsets().ravel())]
                for collection in axes.collections
            ],
            "images": [_rounded(image.get_array().ravel()) for image in axes.images],
            "texts": [text.get_text() for text in axes.texts],
        }
        for axes in figure.axes
    ]


def _rounded(values: Any) -> list[Any]:
    return [_rounded_one(value) for value in values]


def _rounded_one(value: Any) -> Any:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return str(value)  # a category or a date
    return float(f"{number:.{SIGNIFICANT_DIGITS}g}") if math.isfinite(number) else str(number)
