"""What the supervisor starts programs with, where that is other flags than their own."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kubedrill.clock import SECOND
from kubedrill.cluster.handle import FlagValue, flag
from kubedrill.cluster.holds import asks_about, is_over
from kubedrill.cluster.local.programs import Program
from kubedrill.cluster.requests import RequestRefused

GRACE = 10 * SECOND
"""What a program may take to end before it is killed: what an apiserver was asked is answered within some
ms, and those who watch would keep it for a minute."""

Flags = Mapping[str, FlagValue | None]


@dataclass(frozen=True, slots=True)
class _Other:
    flags: Flags
    until: int | None
    owner: str


class FlagChanges:
    """Whose flags are others than their own, and until when."""

    def __init__(self) -> None:
        self._others: dict[str, _Other] = {}

    def check(self, program: Program, flags: Flags) -> None:
        """Raise RequestRefused if its flags are changed already, or not by these."""
        if program.name in self._others:
            raise RequestRefused(f"{program.name} has other flags than its own already")
        if not program.flags:
            raise RequestRefused(f"{program.name} has no flags")
        if _with(program.flags, flags) == program.flags:
            raise RequestRefused(f"{program.name} has these flags already: nothing would change")

    def change(self, program: Program, flags: Flags, until: int | None, owner: str) -> None:
        """Let it be started with these flags, until they are restored."""
        self._others[program.name] = _Other(dict(flags), until, owner)

    def restore(self, program: Program, owner: str) -> bool:
        """Let it be started with its own, if the owner has changed them; return whether that is so."""
        other = self._others.get(program.name)
        if other is None or not asks_about(owner, other.owner):
            return False
        del self._others[program.name]
        return True

    def in_force(self, owner: str) -> Iterator[str]:
        """Yield in words whose flags are changed for an owner."""
        for name, other in self._others.items():
            if asks_about(owner, other.owner):
                yield f"{name} has other flags than its own"

    def command(self, program: Program) -> tuple[str, ...]:
        """Return what to start."""
        other = self._others.get(program.name)
        flags = _with(program.flags, other.flags) if other else program.flags
        return (*program.command, *flags)

    def told(self, program: Program) -> dict[str, Any]:
        """Return its own flags, and what it is given instead."""
        other = self._others.get(program.name)
        return {"own": by_name(program.flags), "changed": dict(other.flags) if other else {}}

    def due(self) -> list[int]:
        """Return when flags are to be restored though nobody asks for it, monotonic ns."""
        return [other.until for other in self._others.values() if other.until is not None]

    def overdue(self) -> list[str]:
        """Return whose flags are to be restored now."""
        return [name for name, other in self._others.items() if is_over(other.until)]


def by_name(arguments: tuple[str, ...]) -> dict[str, str]:
    """Return the flags among arguments, by their names."""
    return dict(_split(argument) for argument in arguments if argument.startswith("--"))


def _split(argument: str) -> tuple[str, str]:
    name, equals, value = argument.removeprefix("--").partition("=")
    return name, value if equals else "true"


def _with(own: tuple[str, ...], flags: Flags) -> tuple[str, ...]:
    wanted = {**by_name(own), **flags}
    return tuple(flag(name, value) for name, value in wanted.items() if value is not None)
