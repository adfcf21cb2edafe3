"""Words of the format, which chance alone would hardly come upon."""

WORDS = (
    *("{{c1::", "{{c2::", "::", "}}", "{#a}", " .cloze}", " .predict}", "## 卡片", "### "),
    *("```", "```python", "```output", "hidden", "fresh", "file=", "figure=", 'norun="x"'),
    *("$", "$$", "**", "`", "~~", "> ", "- ", "| a |\n|---|\n", "![a](", "](https://a.org)"),
    *("---\n", "&#x1f;", "&amp;", "&*[]{}", "!!str ", "javascript:", "[sound:a]", "<b>"),
    *("\\", "\t", "\r", "\u2028", "\u202e", "\x1f", "\ufeff", "9999999999", "第 1 题"),
)
