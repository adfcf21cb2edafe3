"""Rendered question files, in the user's cache folder: what did not change is not read again.

An entry a file of the content that was built last; another edition of the file takes its place.
"""

import hashlib
import json
import platform
from collections.abc import Collection, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from torchdeck.check.facts import Facts, Front
from torchdeck.execute.cache import cache_folder
from torchdeck.execute.keys import installed_version
from torchdeck.execute.stamp import program_digest
from torchdeck.files import write_whole
from torchdeck.findings import Location
from torchdeck.render.media import ImageError, read_image
from torchdeck.render.note import Media, Note, NoteKind, NoteState
from torchdeck.render.rendered import Rendered

LIBRARIES = ("markdown-it-py", "mdit-py-plugins", "pygments", "nh3")


class RenderCache:
    """Keeps what a question file without findings was rendered to."""

    def __init__(self, inputs: Iterable[Path], folder: Path | None = None) -> None:
        """Use `folder`, or the place that the operating system has for caches.

        Args:
            inputs: What notes depend on beside their own file and its images; any change in one
                voids all entries.
            folder: For tests.
        """
        self._folder = (folder or cache_folder()) / "rendered"
        self._inputs = hashlib.sha256(f"{program_digest()} {platform.python_version()}".encode())
        for library in LIBRARIES:
            self._inputs.update(f" {library} {installed_version(library)}".encode())
        for path in inputs:
            content = path.read_bytes() if path.is_file() else b""
            self._inputs.update(f"\0{path.name}\0".encode() + hashlib.sha256(content).digest())

    def get(self, path: Path, name: str) -> Rendered | None:
        """Return what the file at `path`, called `name`, was rendered to; None if that is unknown.

        An image that changed, or a damaged entry, counts as unknown.
        """
        if not path.is_file():
            return None
        try:
            kept = json.loads(self._path(name).read_bytes())
            if kept["key"] != self._key(name, path.read_bytes()):
                return None
            return _rendered(kept, path.parent)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, ImageError):
            return None

    def put(self, name: str, text: str, rendered: Rendered) -> None:
        """Keep what the file `name` with the content `text` was rendered to."""
        kept = {
            "key": self._key(name, text.encode()),
            "facts": asdict(rendered.facts),
            "code_keys": rendered.code_keys,
            "images": rendered.images,
            "notes": [_kept_note(note) for note in rendered.notes],
        }
        write_whole({self._path(name): json.dumps(kept, ensure_ascii=False).encode()})

    def keep_only(self, names: Collection[str]) -> None:
        """Remove the entries of all files but `names`."""
        wanted = {self._path(name) for name in names}
        for path in self._folder.glob("*.json"):
            if path not in wanted:
                path.unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self._folder / f"{hashlib.sha256(name.encode()).hexdigest()}.json"

    def _key(self, name: str, content: bytes) -> str:
        digest = self._inputs.copy()
        digest.update(f"\0{name}\0".encode() + content)
        return digest.hexdigest()


def _kept_note(note: Note) -> dict[str, Any]:
    return {
        "line": note.location.line,
        "question": note.question,
        "card": note.card,
        "kind": note.kind,
        "topic": note.topic,
        "number": note.number,
        "fields": dict(note.fields),
        "tags": note.tags,
        "media": [media.name for media in note.media],
        "due": note.due,
        "state": note.state,
        "digest": note.digest,
    }


def _rendered(kept: dict[str, Any], folder: Path) -> Rendered:
    """Return the rendered file of an entry, with the images that lie in `folder` now.

    Raises:
        KeyError: An image has another content, and with it another name.
    """
    facts = kept["facts"]
    location = Location(**facts["location"])
    files = (read_image(folder, unquote(target)) for target in kept["images"])
    images = {media.name: media for media in files}
    return Rendered(
        facts=Facts(
            **{
                **facts,
                "location": location,
                "named": tuple(facts["named"]),
                "fronts": tuple(
                    Front(Location(**front["location"]), front["slug"], front["text"])
                    for front in facts["fronts"]
                ),
            }
        ),
        code_keys=tuple(kept["code_keys"]),
        images=tuple(kept["images"]),
        notes=tuple(_note(note, location.file, images) for note in kept["notes"]),
    )


def _note(kept: dict[str, Any], file: str, images: dict[str, Media]) -> Note:
    return Note(
        location=Location(file, kept["line"]),
        question=kept["question"],
        card=kept["card"],
        kind=NoteKind(kept["kind"]),
        topic=kept["topic"],
        number=kept["number"],
        fields=kept["fields"],
        tags=tuple(kept["tags"]),
        media=tuple(images[name] for name in kept["media"]),
        due=kept["due"],
        state=NoteState(kept["state"]),
        digest=kept["digest"],
    )
