"""On whose behalf a component is kept down, or stands still: it runs as before when nobody is left."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from kubedrill.clock import SECOND, now
from kubedrill.cluster.handle import LONGEST_HOLD

Does = Literal["held down", "paused"]

EVERYBODY = ""
"""Who says no owner lets go what everybody holds: a person, or a test."""


def owner_of(request: Mapping[str, Any]) -> str:
    """Return on whose behalf something is asked for."""
    owner: str = request.get("owner", EVERYBODY)
    return owner


AGAIN = SECOND
"""After so long a supervisor tries again what the machine would not do: write, lift, mend, put back."""


def with_an_end(request: dict[str, Any]) -> dict[str, Any]:
    """Return a request with an end, if an owner makes it."""
    if request.get("until", 0) is not None or owner_of(request) == EVERYBODY:
        return request
    return {**request, "until": now() + LONGEST_HOLD}


def takes_back(owner: str, known: str) -> bool:
    """Whether what an owner takes back is what one that is known has done.

    It is what it has done itself, and what was done for nobody: who else should ever take that back?
    """
    return owner == EVERYBODY or known in {owner, EVERYBODY}


def asks_about(owner: str, known: str) -> bool:
    """Whether an owner that asks is told of one that is known: of itself; or of all, if it is nobody."""
    return owner in {known, EVERYBODY}


def is_over(until: int | None) -> bool:
    """Whether what lasts until then, monotonic ns, has come to its end; None: until it is let go."""
    return until is not None and until <= now()


@dataclass(slots=True)
class _Hold:
    since: int
    until: int | None


@dataclass(slots=True)
class Holds:
    """All holds on one component, by owner: the first that is let go does not lift the second."""

    _now: dict[tuple[str, Does], _Hold] = field(default_factory=dict)

    def add(self, owner: str, does: Does, until: int | None) -> None:
        """Hold until then, monotonic ns; None: until it is let go."""
        self._now[owner, does] = _Hold(now(), until)

    def let_go(self, owner: str, does: Does) -> bool:
        """Let go what an owner holds; return whether nobody holds it so any more."""
        for known in [*self._now]:
            if known[1] == does and takes_back(owner, known[0]):
                del self._now[known]
        return not self.are(does)

    def would_be_free(self, owner: str, does: Does) -> bool:
        """Return whether nobody would hold it so any more, if an owner let go."""
        return all(takes_back(owner, known) for known, held in self._now if held == does)

    def begin_again(self, does: Does) -> None:
        """Note that it was let go by somebody else for a moment."""
        for (_, known), hold in self._now.items():
            if known == does:
                hold.since = now()

    def are(self, does: Does) -> bool:
        """Whether anybody holds it so."""
        return any(known == does for _, known in self._now)

    def since(self) -> dict[str, int]:
        """Return by owner since when it is held, without a break."""
        return {owner: hold.since for (owner, _), hold in self._now.items()}

    def of(self, owner: str) -> Iterator[Does]:
        """Yield what is done to it for an owner."""
        return (does for known, does in self._now if asks_about(owner, known))

    def due(self) -> Iterator[int]:
        """Yield when one ends by itself, monotonic ns."""
        return (hold.until for hold in self._now.values() if hold.until is not None)

    def overdue(self) -> list[tuple[str, Does]]:
        """Return whose holds should have ended by now, and which."""
        return [known for known, hold in self._now.items() if is_over(hold.until)]
