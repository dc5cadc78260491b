"""What cluster files have in common of clusters that a tool makes of containers."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from kubedrill.cluster.engine import WantedEngine
from kubedrill.reading.problems import Location
from kubedrill.reading.types import matching
from kubedrill.words import did_you_mean

ZONE_NAMES = "abcdefghi"
"""Of zones, by the order of their nodes."""


class ToolDefinition(BaseModel):
    """A cluster that a tool makes, or one of its that is up."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    existing: Annotated[
        str, matching(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?", "is no name of a cluster")
    ] = ""
    """A cluster that the tool knows: it is used, and never deleted. "": one is made."""
    image: str = ""
    """Of the nodes; the tool's own if none is named."""
    engine: WantedEngine = "auto"
    """What runs the containers; auto: that which answers, docker first."""
    config: dict[str, Any] = Field(default_factory=dict)
    """More of the tool's own config: what of it may be given."""
    load_users: Annotated[int, Field(ge=1, le=1000)] = 8
    """ServiceAccounts for load: as many users as API Priority and Fairness tells apart."""


def wrong_config(
    given: Mapping[str, Any], known: Sequence[str], *where: str
) -> Iterator[tuple[Location, str]]:
    """Yield which keys of a part of the tool's config may not be given."""
    for key in given:
        if key not in known:
            said = ".".join((*where, key))
            why = f"only {', '.join(known)} may be given{did_you_mean(key, known)}"
            yield (*where, key), f"{said}: {why}"


def wrong_for_existing(definition: ToolDefinition, made: str) -> Iterator[tuple[Location, str]]:
    """Yield what is said only of one that is made, where one that is there is meant; `made`: of its nodes."""
    if not definition.existing:
        return
    for key in sorted(definition.model_fields_set & {made, "image", "config"}):
        yield (
            (key,),
            f"{key}: said of a cluster that is made; {definition.existing} is there already",
        )
