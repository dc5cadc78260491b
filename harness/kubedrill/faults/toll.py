"""Faults: what a fault takes away while it lasts, and how much of that a cluster can spare."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from kubedrill.record.catalogue import CHOSEN_LATER
from kubedrill.words import a, shown

Kind = str
"""What is counted together: members, apiservers, zones, what is limited in its CPU ..., in the singular."""


Left = Literal["well", "deaf", "gone"]
"""How a fault leaves whom it hits: works, well or badly; answers nobody; nothing is left of it to hit."""


@dataclass(frozen=True, slots=True)
class LeastLeft:
    """How many of a kind must be left, and the argument by which a file allows fewer."""

    who: str
    least: Callable[[int], int]
    """Of how many there are."""
    allowed_by: str


LEAST_LEFT: dict[Kind, LeastLeft] = {
    "member": LeastLeft("quorum needs", lambda total: total // 2 + 1, "allow_quorum_loss"),
    "apiserver": LeastLeft("the API needs", lambda _: 1, "allow_api_loss"),
}
"""Of all else as many may be taken as there are; what stood in a zone counts by itself."""


KINDS: dict[str, Kind] = {
    "etcd": "member",
    "kube-apiserver": "apiserver",
    "kube-controller-manager": "controller-manager",
    "kube-scheduler": "scheduler",
}
"""As what components are counted."""

ZONAL: tuple[Kind, ...] = (*KINDS.values(), "link", "zone")
"""What there is one of in each zone."""


@dataclass(frozen=True, slots=True)
class Toll:
    """What one fault takes away of one kind."""

    kind: Kind
    named: Sequence[str]
    """By what the file calls them."""
    unnamed: int = 0
    """How many more: chosen only at the injection, of those that are there then."""
    allowed: bool = False
    """Whether the file allows that too few are left."""
    leaves: Left = "well"
    counts: bool = True
    """Whether whom it hits is away; not so of what works on, if badly."""
    at_once: int | None = None
    """How many of them are away at the same time at most; None: all."""


@dataclass(frozen=True, slots=True)
class Words:
    """How refusals speak of a fault."""

    fault: str
    verb: str
    """What it does to whom it hits: `kill`."""
    done: str
    """And what has become of them then: `killed`."""


def unknown(words: Words, kind: str, asked: str | Sequence[str], known: Sequence[str]) -> str:
    """Return which of those asked for nobody knows; or "". Only one by itself may be left to choice."""
    named = [asked] if isinstance(asked, str) else asked
    if not known:
        return f"{words.fault}: the cluster has no {kind or 'target'}, so nothing would be {words.done}"
    choices = [*CHOSEN_LATER, *known] if isinstance(asked, str) else known
    for name in named:
        if name not in choices:
            return f'{words.fault}: no {kind} "{shown(name)}"; known: {", ".join(choices)}'
    return ""


def too_much(words: Words, toll: Toll, total: int, there: Collection[str]) -> str:
    """Return why a toll cannot be taken of those that are `there`, of a total; or ""."""
    if not toll.named and not toll.unnamed:
        return f"{words.fault}: no {toll.kind} is named, so nothing would be {words.done}"
    if len(set(toll.named)) < len(toll.named):
        return f"{words.fault}: {a(toll.kind)} is named twice: {shown(', '.join(toll.named))}"
    minimum = LEAST_LEFT.get(toll.kind)
    left = len(set(there) - set(toll.named)) - toll.unnamed
    if minimum is None or toll.allowed or left >= minimum.least(total):
        return ""
    whom = shown(", ".join(toll.named)) or a(toll.kind)
    return (
        f"{words.fault} of {whom} would leave {left} of {total} {toll.kind}s, and {minimum.who} "
        f"{minimum.least(total)}; {words.verb} fewer, or say {minimum.allowed_by}: true"
    )
