"""torchdeck: Markdown answers about PyTorch, executed and packaged as Anki decks.

Data flows one way through the rooms `read`, `check`, `execute`, `render`, `package` and
`verify`; each knows only the rooms before it. `torchdeck.cli` is the door to all of them.
"""

from importlib.metadata import version

__version__ = version("torchdeck")
