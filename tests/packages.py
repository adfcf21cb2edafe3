"""Packages opened and written back, as no build would."""

import sqlite3
import zipfile
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from torchdeck.package.apkg import COLLECTION


def read_entries(package: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(package) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write_entries(package: Path, entries: Mapping[str, bytes]) -> None:
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)


def change_database(package: Path, sql: str) -> None:
    entries = read_entries(package)
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(entries[COLLECTION])
        connection.executescript(sql)
        entries[COLLECTION] = connection.serialize()
    write_entries(package, entries)
