"""`torchdeck preview`."""

import socket
from collections.abc import Mapping
from pathlib import Path

import uvicorn

from torchdeck.commands.console import OUT, plural
from torchdeck.commands.drift import read_grid
from torchdeck.commands.status import Status, UsageError
from torchdeck.drift.run import NoRecordError
from torchdeck.preview.gallery import Gallery
from torchdeck.preview.server import HOST, Preview
from torchdeck.preview.site import site_pages
from torchdeck.project import Project

STOP_LIMIT = 1  # seconds that open pages may keep the server from ending


def preview(project: Project, *, port: int, static: Path | None) -> Status:
    """Serve the cards of `project` on this machine, or write them as a site into `static`.

    Raises:
        FindingsError: The edition, the ledger or a record is broken.
        UsageError: The port is taken, or there are no decks to offer.
    """
    gallery = Gallery(project)
    try:
        if static is not None:
            return _write(gallery, project, static)
        return _serve(gallery, project, port)
    finally:
        gallery.close()


def _write(gallery: Gallery, project: Project, folder: Path) -> Status:
    try:
        pages = site_pages(gallery, project.decks, _versions(project))
    except FileNotFoundError as error:
        raise UsageError(f"{error.filename} is missing; run `torchdeck build` first") from error
    project.journal.write({folder / name: content for name, content in pages.items()})
    OUT.print(f"preview: {plural(len(gallery.cards), 'card')} in {folder}")
    return Status.FINE


def _versions(project: Project) -> Mapping[str, bytes]:
    """Return the pages about other PyTorch; none without a record of that of the content."""
    try:
        return read_grid(project).site()
    except NoRecordError:
        return {}


def _serve(gallery: Gallery, project: Project, port: int) -> Status:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError as error:
            raise UsageError(
                f"port {port}: {error.strerror}; choose another with --port"
            ) from error
        listener.listen()  # a browser that is quicker than the server waits
        application = Preview(gallery, project.content).application()
        address = f"http://{HOST}:{listener.getsockname()[1]}/"
        OUT.print(f"preview: {plural(len(gallery.cards), 'card')} at {address} (Ctrl-C ends it)")
        config = uvicorn.Config(
            application, log_level="warning", timeout_graceful_shutdown=STOP_LIMIT
        )
        uvicorn.Server(config).run(sockets=[listener])
    return Status.FINE
