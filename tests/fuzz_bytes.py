"""Bytes for the reader: mutations of the content's files, led by the branches that they reach.

`python -m tests.fuzz_bytes -max_total_time=60`; parameters are libFuzzer's, a file among them is
tried alone. What fails is left in a file whose name is printed.
"""

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["torchdeck.check", "torchdeck.read", "torchdeck.render"]):
    from tests.fuzz_words import WORDS
    from tests.withstand import checked, make_project, rendered, short_texts


def main() -> None:
    """Fuzz until the time is up or something fails."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = make_project(folder / "project")
        corpus = folder / "corpus"
        corpus.mkdir()
        for number, text in enumerate(short_texts()):
            (corpus / str(number)).write_text(text, encoding="utf-8")
        words = folder / "words"
        words.write_text("".join(f'"{_escaped(word)}"\n' for word in WORDS), encoding="ascii")

        def try_bytes(raw: bytes) -> None:
            rendered(path, checked(path, raw))

        limits = ["-max_len=8192", "-timeout=20", "-rss_limit_mb=4096", f"-dict={words}"]
        atheris.Setup([sys.argv[0], *limits, *sys.argv[1:], str(corpus)], try_bytes)
        atheris.Fuzz()


def _escaped(word: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word.encode())


if __name__ == "__main__":
    main()
