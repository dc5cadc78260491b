"""The lines of `ledger.jsonl`, as types."""

from typing import Annotated, Literal, cast

from pydantic import Field, ValidationError

from kubedrill.record.lines import Amount, Json, Time, TimedLine, adapter

What = Literal["fault", "activity", "identity", "process", "cluster", "access", "seed", "fleet"]
"""Kinds of side effects; an activity is a fault of another extension, an identity theirs; access is what a
drill has to a cluster of somebody else's: identities of its own in it."""


class LineOfEntry(TimedLine):
    """A line about one side effect."""

    id: str


class Intent(LineOfEntry):
    """A side effect that is about to happen."""

    state: Literal["intent"] = "intent"
    what: What
    name: str
    module: str
    function: str
    arguments: dict[str, Json]
    deadline: Time | None
    limit_s: Amount | None = None
    facts: dict[str, Json] = Field(default_factory=dict)
    """What its undo must know; older ledgers have it in a line of its own."""


class Fact(LineOfEntry):
    """What became known of it."""

    state: Literal["fact"] = "fact"
    facts: dict[str, Json]


class Undone(LineOfEntry):
    """It is gone."""

    state: Literal["undone"] = "undone"


class Stays(LineOfEntry):
    """It stays behind, as somebody has acknowledged."""

    state: Literal["stays"] = "stays"
    why: str


LedgerLine = Intent | Fact | Undone | Stays
LINE = cast("type[LedgerLine]", Annotated[LedgerLine, Field(discriminator="state")])
"""What is read of the file."""


def healing(before: bytes, after: bytes) -> bool:
    """Whether the lines `after` an end only tell the undoing of what was open `before` it."""
    parse = adapter(LINE).validate_json
    try:
        known, later = ([parse(line) for line in text.splitlines()] for text in (before, after))
    except ValidationError:
        return False
    undone = {line.id for line in known if isinstance(line, Undone)}
    left = {line.id for line in known} - undone
    return all(line.id in left and not isinstance(line, Intent) for line in later)
