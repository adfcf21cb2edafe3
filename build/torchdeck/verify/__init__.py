"""Imports the packages into a real Anki and looks at every card."""
