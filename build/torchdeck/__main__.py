"""`python -m torchdeck` is the same as the `torchdeck` command."""

from torchdeck.cli import app

app()
