"""What the commands do, one module each; `torchdeck.cli` declares their parameters.

A command is imported when it is called, so that `check` works without torch, genanki and anki,
`run` without genanki and anki, and `build` without torch.
"""
