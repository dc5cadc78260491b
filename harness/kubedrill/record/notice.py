"""Whom a cluster file wants to be told before anything is injected: `notify:`."""

import os
import re
from typing import Annotated

from pydantic import Field

from kubedrill.errors import NotStarted
from kubedrill.reading.types import Part, Pause, matching

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")

Url = Annotated[str, matching(r"https?://\S{1,2000}", "is no address: https://host/path")]


class NotifyPart(Part):
    """The key `notify` of a cluster file. `${NAME}` stands for a variable of the runner's environment."""

    url: Url
    """Where a POST with JSON goes."""
    headers: dict[str, str] = Field(default_factory=dict)
    """`Authorization: Bearer ${TOKEN}`: secrets stand in no file."""
    pause: Pause = 30.0
    """How long the drill waits then, so that `kubedrill stop` can prevent it."""

    def resolved(self) -> tuple[str, dict[str, str]]:
        """Return address and headers with their variables; NotStarted if one is not set."""
        return _filled(self.url), {name: _filled(text) for name, text in self.headers.items()}


def _filled(text: str) -> str:
    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name not in os.environ:
            raise NotStarted(f"notify: the environment has no variable {name}; export it first")
        return os.environ[name]

    return _VARIABLE.sub(value, text)
