"""How long `check` takes, as a ratio to parsing the same files without any rule."""

import sys
import time
from collections.abc import Callable

from tests.conftest import ROOT
from torchdeck.check import check
from torchdeck.check.syntax import syntax_of
from torchdeck.project import Project
from torchdeck.read.document import Reading, read_question
from torchdeck.read.edition import read_edition

ROUNDS = 5


def fastest(work: Callable[[], object]) -> float:
    """Return the CPU seconds of the fastest of some rounds."""
    seconds = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        seconds.append(time.process_time() - began)
    return min(seconds)


def main() -> None:
    """Print the figures."""
    project = Project(ROOT)
    files = project.question_files()
    edition = read_edition(project.content)

    def read() -> list[Reading]:
        return [read_question(path, project.name(path)) for path in files]

    def parse() -> None:
        """Parse what there is to parse: Markdown, front matter and Python."""
        syntax_of.cache_clear()
        for reading in read():
            for block in reading.question.blocks if reading.question else ():
                if block.language == "python":
                    syntax_of(block.code)

    def read_and_check() -> None:
        syntax_of.cache_clear()
        check(edition, read(), whole_content=True)

    parsing, checking = fastest(parse), fastest(read_and_check)
    sys.stdout.write(
        f"check: {len(files)} files: parsing alone {parsing * 1000:.0f} ms, "
        f"parsing and checking {checking * 1000:.0f} ms, ratio {checking / parsing:.2f}\n"
    )


if __name__ == "__main__":
    main()
