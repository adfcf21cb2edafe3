"""Python fences of Markdown that knows nothing of this project's format."""

from pathlib import Path

from markdown_it import MarkdownIt

from torchdeck.findings import Findings, Location
from torchdeck.read.question import CodeBlock, FenceWords
from torchdeck.read.source import read_source

PYTHON_NAMES = frozenset({"python", "python3", "py", "py3"})


def read_plain(path: Path, name: str, findings: Findings) -> tuple[CodeBlock, ...]:
    """Return the Python fences of the file at `path`, also those in lists and quotes.

    Only the language counts; whatever else an info string says is another tool's. What makes the
    file unreadable is added to `findings`.
    """
    source = read_source(path, name, findings)
    if source is None:
        return ()
    return tuple(
        CodeBlock(
            location=Location(name, token.map[0] + 1),
            end=token.map[1],
            language="python",
            code=token.content,
            clozes=(),
            words=FenceWords(),
            output=None,
        )
        for token in MarkdownIt("commonmark").parse(source.text)
        if token.type == "fence" and token.map and _language(token.info) in PYTHON_NAMES
    )


def _language(info: str) -> str:
    """Return the language of `python title="x"`, `{python}` or `{.python .numberLines}`."""
    words = info.replace("{", " ").replace("}", " ").replace(",", " ").split()
    return words[0].removeprefix(".").lower() if words else ""
