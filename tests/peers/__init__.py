"""What other makers of Anki decks from Markdown do with notes of ours."""
