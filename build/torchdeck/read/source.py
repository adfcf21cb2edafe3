"""A text file as it lies on disk, decoded once."""

from dataclasses import dataclass
from pathlib import Path

from torchdeck.findings import Findings
from torchdeck.rules import Rule

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
SIZE_LIMIT = 2**22  # bytes; nobody writes more by hand


@dataclass(frozen=True, slots=True)
class Source:
    """A file's text, with the path that findings name.

    Attributes:
        path: Where it lies.
        name: Its path as findings show it.
        text: Its content.
        lines: The content at the line ends that markdown-it counts: LF, CRLF and CR. Other
            separators, such as U+2028, end no line in Markdown.
    """

    path: Path
    name: str
    text: str
    lines: tuple[str, ...]


def read_source(
    path: Path, name: str, findings: Findings, *, limit: int = SIZE_LIMIT
) -> Source | None:
    """Read and decode `path`; what makes that impossible is added to `findings`.

    A file of more than `limit` bytes is not read. Line ends stay as they are: markdown-it counts
    CRLF as one line end, and accepting an output must not change them.
    """
    try:
        if path.exists() and not path.is_file():
            findings.add(0, Rule.FILE_UNREADABLE, "is no ordinary file")
            return None
        with path.open("rb") as file:
            raw = file.read(limit + 1)
    except OSError as error:
        findings.add(0, Rule.FILE_UNREADABLE, f"cannot be read: {error.strerror}")
        return None
    if len(raw) > limit:
        findings.add(0, Rule.FILE_LARGE, f"has more than {limit} bytes; split it")
        return None
    if raw.startswith(BYTE_ORDER_MARK):
        findings.add(1, Rule.FILE_ENCODING, "starts with a byte order mark; save it without one")
    if b"\0" in raw:
        line = raw[: raw.index(b"\0")].count(b"\n") + 1
        findings.add(line, Rule.FILE_ENCODING, "holds a NUL byte; save the file as UTF-8 text")
        return None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        findings.add(line, Rule.FILE_ENCODING, "is not UTF-8; save the file as UTF-8 text")
        return None
    stray = text.replace("\r\n", "").find("\r")
    if stray != -1:
        line = text.replace("\r\n", "\n")[:stray].count("\n") + 1
        message = "holds a carriage return that ends no line; use LF or CRLF"
        findings.add(line, Rule.FILE_ENCODING, message)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return Source(path, name, text, tuple(lines))
