"""Text that Anki itself would act upon inside a field."""

import re

# `[sound:x]` becomes a player, `[latex]` and `[$]` run LaTeX, even inside <pre><code>; as a
# character reference the bracket reads the same and does nothing.
_TRIGGER = re.compile(r"\[(?=sound:|anki:|/?latex\]|/?\${1,2}\])", re.IGNORECASE)


def inert(html: str) -> str:
    """Return the finished field `html` with the brackets that Anki acts upon made harmless."""
    return _TRIGGER.sub("&#91;", html)
