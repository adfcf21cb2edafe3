"""Markdown to frozen dataclasses, each part with its file and line."""
