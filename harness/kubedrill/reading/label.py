"""Labels of runs as people type them: KEY=VALUE."""

import re
from collections.abc import Iterable

from kubedrill.errors import NotStarted
from kubedrill.words import shown

LONGEST = 100
"""Characters of a value."""
_KEY = re.compile(r"[a-z][a-z0-9_.-]{0,39}")


def read_labels(texts: Iterable[str]) -> dict[str, str]:
    """Return labels by key; NotStarted names what is none, and what would work."""
    found: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not _KEY.fullmatch(key):
            raise NotStarted(
                f'--label {shown(text)}: write KEY=VALUE, such as "release=2.4"; a key begins with a-z, '
                "then a-z, 0-9, _, . and - may follow, 40 at most"
            )
        if not value.strip() or len(value) > LONGEST or "," in value or not value.isprintable():
            raise NotStarted(
                f"--label {shown(text)}: a value has 1 to {LONGEST} characters that can be seen, no comma "
                "among them"
            )
        if found.setdefault(key, value) != value:
            raise NotStarted(f"--label {shown(key)}: is given twice: {found[key]}, {shown(value)}")
    return found
