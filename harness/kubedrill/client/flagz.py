"""Client: what a component says on /flagz that its flags are."""

import re

_LINE = re.compile(r"(?m)^([a-z][a-z0-9-]*)(?:: ?|=| )(.*)$")
"""What stands after a flag's name is drawn by lot, so that nobody relies on it."""


def flags_of(page: str) -> dict[str, str]:
    """Return each flag's value. It is not written as it was given: 1m0s for 60s."""
    return dict(_LINE.findall(page))
