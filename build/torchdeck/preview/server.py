"""The preview as a web server for the author's own browser."""

import asyncio
import mimetypes
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import watchfiles
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from torchdeck.preview.gallery import Gallery
from torchdeck.preview.site import PAGE_FILES, data_of, page_file

HOST = "127.0.0.1"
# Other names that lead here belong to pages of somebody else, which are to read nothing.
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self'; connect-src 'self'; frame-src 'self'"
    ),
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}
STEP = 50  # milliseconds in which saves are taken together


class Preview:
    """Serves a gallery and tells the page when it has changed."""

    def __init__(self, gallery: Gallery, folder: Path) -> None:
        """Serve `gallery`, whose question files lie below `folder`."""
        self._gallery = gallery
        self._folder = folder
        self._listeners: set[asyncio.Queue[str]] = set()
        self._stopping = asyncio.Event()

    def application(self) -> Starlette:
        """Return the web application."""
        return Starlette(
            routes=[
                Route("/", self._file),
                Route("/changes", self._changes),
                Route("/{name}", self._file),
            ],
            middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=ALLOWED_HOSTS)],
            lifespan=self._lifespan,
        )

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        watching = asyncio.create_task(self._watch())
        yield
        self._stopping.set()
        await watching

    async def _watch(self) -> None:
        changes = watchfiles.awatch(
            self._folder, step=STEP, debounce=STEP, stop_event=self._stopping
        )
        async for changed in changes:
            for path in sorted({Path(name) for _, name in changed}):
                for file in self._files_of(path):
                    self._gallery.refresh(file)
            for listener in self._listeners:
                listener.put_nowait("changed")

    def _files_of(self, path: Path) -> list[Path]:
        """Return the question files that show `path`: itself, or those beside an image."""
        if path.suffix == ".md":
            return [path] if path.parent.parent == self._folder else []
        return [file for file in self._gallery.files if file.parent == path.parent]

    async def _file(self, request: Request) -> Response:
        """Answer from memory, by name: no path of a request is ever looked up."""
        name = request.path_params.get("name", "browse.html")
        if name == "cards.json":
            content = data_of(self._gallery, live=True)
        elif name in PAGE_FILES:
            content = page_file(name)
        elif name in self._gallery.media:
            content = self._gallery.media[name]
        else:
            return Response("not found", 404, HEADERS)
        kind = mimetypes.guess_type(name)[0]
        return Response(content, headers=HEADERS, media_type=kind)

    async def _changes(self, _request: Request) -> Response:
        listener: asyncio.Queue[str] = asyncio.Queue()
        self._listeners.add(listener)

        async def events() -> AsyncIterator[str]:
            try:
                while True:
                    yield f"data: {await listener.get()}\n\n"
            finally:
                self._listeners.discard(listener)

        return StreamingResponse(events(), headers=HEADERS, media_type="text/event-stream")
