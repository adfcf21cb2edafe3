"""The question files of a project, `content/<topic>/<slug>.md`, and what only looks like one."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from torchdeck.findings import Finding, Location
from torchdeck.rules import Rule

SUFFIX = ".md"
_LIKE_MARKDOWN = frozenset({SUFFIX, ".markdown"})


@dataclass(frozen=True, slots=True)
class Listing:
    """What lies below a path in the content.

    Attributes:
        files: The question files, sorted by name.
        findings: Folders that cannot be listed, and Markdown that is no question file.
    """

    files: tuple[Path, ...]
    findings: tuple[Finding, ...]


def list_questions(content: Path, below: Path) -> Listing:
    """List what is at `below`, a file or a folder in the folder `content`."""
    files: list[Path] = []
    findings: list[Finding] = []

    def tell(path: Path, rule: Rule, message: str) -> None:
        place = Location(path.relative_to(content.parent).as_posix())
        findings.append(Finding(place, rule, message))

    def tell_unlisted(error: OSError) -> None:
        path = Path(error.filename)
        tell(path, Rule.FILE_UNREADABLE, f"cannot be listed: {error.strerror}")

    for path in [below] if below.is_file() else _entries(below, tell_unlisted):
        if path.is_symlink() and path.is_dir():
            tell(path, Rule.FILE_UNREADABLE, "is a link to a folder; put the folder itself here")
        elif path.suffix.lower() not in _LIKE_MARKDOWN:
            continue
        elif path.is_symlink() and _leads_out_of(content, path):
            message = "is a link that leads out of the content; put the file itself here"
            tell(path, Rule.FILE_UNREADABLE, message)
        elif path.suffix == SUFFIX and path.parent.parent == content:
            files.append(path)
        elif not path.is_dir():
            message = f"a question's file is {content.name}/<topic>/<slug>{SUFFIX}; move it there"
            tell(path, Rule.FILE_NAME, message)
    return Listing(tuple(sorted(files)), tuple(findings))


def _entries(folder: Path, on_error: Callable[[OSError], None]) -> Iterator[Path]:
    """Yield everything below `folder` without following links."""
    for parent, folders, files in os.walk(folder, onerror=on_error):
        for name in (*folders, *files):
            yield Path(parent, name)


def _leads_out_of(content: Path, link: Path) -> bool:
    """Tell whether `link` leads elsewhere; reading tells of one that leads nowhere."""
    try:
        return not link.resolve(strict=True).is_relative_to(content.resolve())
    except (OSError, RuntimeError):  # Python 3.11 raises RuntimeError for a circle
        return False
