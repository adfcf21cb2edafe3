"""Makes the older releases in tests/releases/ from the decks of today: `python -m` this module.

No deck was released yet when these were made, so they stand in for releases: some questions are
not in yet, some notes read otherwise and are older. Real ones take their place once there are.
"""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.conftest import DAY, ROOT
from tests.packages import read_entries, write_entries
from torchdeck.package.apkg import COLLECTION
from torchdeck.package.build import ALL

RELEASES = Path(__file__).parent / "releases"
TOPICS = ("torchdeck::topic::tensor", "torchdeck::topic::compile-quant")  # enough, and small

# Version: how many days older, every how manieth question is missing, and note reads otherwise.
SYNTHESIZED = {"2026.09.01": (83, 3, 5), "2026.10.15": (39, 6, 11)}


def main() -> None:
    """Write the releases anew."""
    for version, (days, missing, changed) in SYNTHESIZED.items():
        folder = RELEASES / version
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
        entries = read_entries(ROOT / "decks" / ALL)
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.deserialize(entries[COLLECTION])
            _age(connection, days * DAY, missing, changed)
            entries[COLLECTION] = connection.serialize()
        write_entries(folder / ALL, entries)


def _age(connection: sqlite3.Connection, seconds: int, missing: int, changed: int) -> None:
    topics = " or ".join("tags like ?" for _ in TOPICS)
    connection.execute(
        f"delete from notes where not ({topics})",  # noqa: S608  # only placeholders are put in
        [f"% {topic} %" for topic in TOPICS],
    )
    # The row ids count questions in hundreds of thousands, and notes in thousands.
    connection.execute("delete from notes where (id / 100000) % ? = 0", [missing])
    connection.execute("delete from cards where nid not in (select id from notes)")
    connection.execute(
        "update notes set mod = mod - ?, flds = replace(flds, '。', '（旧版）。') "
        "where (id / 1000) % ? = 0",
        [seconds, changed],
    )
    connection.commit()
    connection.execute("vacuum")


if __name__ == "__main__":
    main()
