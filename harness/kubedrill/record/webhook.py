"""Who is to be told what came of a drill or a suite: `notify:`, `--notify`; addresses stand in no file."""

import os
from typing import Annotated, Literal, get_args

from pydantic import Field

from kubedrill.errors import NotStarted
from kubedrill.reading.types import Part, matching
from kubedrill.words import shown

Variable = Annotated[
    str, matching(r"[A-Za-z_][A-Za-z0-9_]{0,99}", "is no name of a variable of the environment")
]
MessageShape = Literal["json", "slack"]
ToldVerdict = Literal["pass", "fail", "invalid"]
OUTCOMES: tuple[ToldVerdict, ...] = get_args(ToldVerdict)


class WebhookPart(Part):
    """One webhook: the name of the variable that holds its address, and what it is told."""

    webhook: Variable
    """The variable of the environment that holds the address."""
    shape: MessageShape = "json"
    """`slack`: as Slack's incoming webhooks, and those made after them, take it."""
    on: tuple[ToldVerdict, ...] = Field(OUTCOMES, min_length=1)
    """The verdicts that it is told."""
    token: Variable | None = None
    """The variable that holds a token, which is sent as `Authorization: Bearer`."""

    def resolved(self) -> tuple[str, dict[str, str]]:
        """Return address and headers; NotStarted, which repeats no value, if they are not of use."""
        url = _value(self.webhook)
        if not url.startswith(("https://", "http://")):
            raise NotStarted(f"notify: what {self.webhook} holds is no address: https://host/path")
        headers = {"Authorization": f"Bearer {_value(self.token)}"} if self.token else {}
        return url, headers


def _value(name: str) -> str:
    if not (value := os.environ.get(name, "").strip()):
        raise NotStarted(f"notify: the environment has no variable {name}; export it first")
    return value


def read_webhook(text: str) -> WebhookPart:
    """Read `NAME`, `NAME:slack`, `NAME:slack:fail,invalid` of `--notify`; ValueError says what is wrong."""
    name, _, rest = text.partition(":")
    shape, _, verdicts = rest.partition(":")
    given = {"webhook": name, "shape": shape or "json"}
    try:
        return WebhookPart(**given, on=tuple(verdicts.split(",")) if verdicts else OUTCOMES)  # type: ignore[arg-type]
    except ValueError:
        raise ValueError(
            f'"{shown(text)}": write NAME, a variable that holds the address, or NAME:slack, or '
            "NAME:json:fail,invalid"
        ) from None
