"""What a newer PyTorch does otherwise, in a sentence for learners, block by block.

`content/notices.json`: by code key a list of objects with `file`, `line`, `since` (such as `2.15`)
and `say`. Written by `drift --accept`; a block that is edited has another key, and its sentences
are to be looked at again.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from torchdeck.findings import Finding, FindingsError, Location
from torchdeck.read.data import read_json, to_dataclass
from torchdeck.rules import Rule


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence about one block.

    Attributes:
        file: Path of the question file, for people.
        line: Line of the block's fence when the sentence was accepted, for people.
        since: First release that does so, such as `2.15`.
        say: What it does.
    """

    file: str
    line: int
    since: str
    say: str

    @property
    def text(self) -> str:
        """What the card shows."""
        return f"{self.since} 起：{self.say}"


class Notices:
    """All sentences by code key."""

    def __init__(self, name: str, found: Mapping[str, tuple[Notice, ...]]) -> None:
        """Keep `found`; findings call the file `name`."""
        self._name = name
        self._found = found

    @classmethod
    def read(cls, path: Path, name: str) -> "Notices":
        """Read the file at `path`, which findings call `name`; none yet has no sentences.

        Raises:
            FindingsError: The file is not of this form.
        """
        if not path.exists():
            return cls(name, {})
        try:
            data = read_json(path)
            found = {
                key: tuple(to_dataclass(Notice, entry) for entry in entries)
                for key, entries in data.items()
            }
        except (OSError, ValueError, TypeError, AttributeError) as error:
            message = f"holds no notices ({error}); take it back from version control"
            raise FindingsError([Finding(Location(name), Rule.NOTICE_STALE, message)]) from error
        return cls(name, found)

    def of(self, key: str) -> tuple[Notice, ...]:
        """Return the sentences about the block with the code key `key`."""
        return self._found.get(key, ())

    def with_notice(self, key: str, notice: Notice) -> "Notices":
        """Return these with `notice`, which takes the place of one since the same release."""
        others = [known for known in self.of(key) if known.since != notice.since]
        notices = sorted([*others, notice], key=lambda known: _release(known.since))
        return Notices(self._name, {**self._found, key: tuple(notices)})

    def stale(self, keys: Collection[str]) -> Iterator[Finding]:
        """Yield the sentences about blocks that no file has any more; `keys` are those there."""
        for key in sorted(self._found.keys() - set(keys)):
            for notice in self._found[key]:
                yield Finding(
                    Location(self._name),
                    Rule.NOTICE_STALE,
                    f"{notice.file}, once line {notice.line}, was edited since {notice.text!r} was "
                    "accepted: compare the versions again, accept what holds, remove this",
                )

    def serialize(self) -> str:
        """Return the file's text, sorted."""
        data = {key: [asdict(notice) for notice in notices] for key, notices in self._found.items()}
        return json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _release(since: str) -> tuple[int, ...]:
    return tuple(int(part) for part in since.split(".") if part.isdigit())
