"""The author's moves: a new file, another name, a note taken back, a card found in its file."""
