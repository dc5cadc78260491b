"""Faults: what a fault takes away while it lasts, and how much of that a cluster can spare."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product
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


def _majority(total: int) -> int:
    return total // 2 + 1


SERVER: Kind = "server"
"""An apiserver with a member of etcd in its process."""
LEAST_LEFT: dict[Kind, LeastLeft] = {
    "member": LeastLeft("quorum needs", _majority, "allow_quorum_loss"),
    "apiserver": LeastLeft("the API needs", lambda _: 1, "allow_api_loss"),
    SERVER: LeastLeft("the quorum of the etcd in them needs", _majority, "allow_api_loss"),
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
    cut_from: str | None = None
    """Whom those it hits do not reach any more, though others do; nobody is away for that alone."""


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


def too_much(
    words: Words, toll: Toll, total: int, there: Collection[str], others: Sequence[Toll] = ()
) -> str:
    """Return why a toll cannot be taken of those that are `there`, of a total; or "".

    `others` are tolls of the same kind that other faults take at the same time.
    """
    if not toll.named and not toll.unnamed:
        return f"{words.fault}: no {toll.kind} is named, so nothing would be {words.done}"
    if len(set(toll.named)) < len(toll.named):
        return f"{words.fault}: {a(toll.kind)} is named twice: {shown(', '.join(toll.named))}"
    minimum = LEAST_LEFT.get(toll.kind)
    if minimum is None or toll.allowed or not (toll.counts or toll.cut_from):
        return ""
    left = left_of(there, [toll, *others])
    if left >= minimum.least(total):
        return ""
    whom = shown(", ".join(toll.named)) or a(toll.kind)
    cut = any(part.cut_from for part in (toll, *others))
    reaching = " that reach each other" if cut else ""
    return (
        f"{words.fault} of {whom} would leave {left} of {total} {toll.kind}s{reaching}, and {minimum.who} "
        f"{minimum.least(total)}; {words.verb} fewer, or say {minimum.allowed_by}: true"
    )


def left_of(there: Collection[str], tolls: Sequence[Toll]) -> int:
    """Return how many of those that are `there` work together in the worst case, with tolls of one kind.

    Whoever is chosen later is the one that is missed most. Members work together where one of them reaches
    the others itself: none passes on what it hears.
    """
    away = [toll for toll in tolls if toll.counts]
    gone = {name for toll in away if toll.at_once is None for name in toll.named}
    here = sorted(set(there) - gone)
    more = sum(_more(toll, here) for toll in away)
    cuts = [toll for toll in tolls if toll.cut_from is not None]
    stay = max(len(here) - more, 0)
    if not cuts:
        return stay
    return min(
        _reached(kept, links) for kept in combinations(here, stay) for links in _ways(cuts, there)
    )


def _more(toll: Toll, here: Collection[str]) -> int:
    """Return how many a toll takes of those that are here, whom nobody can name beforehand."""
    if toll.at_once is None:
        return toll.unnamed
    return min(toll.at_once, len({*toll.named} & {*here}) + toll.unnamed)


LinkEnds = frozenset[str]


def _ways(cuts: Sequence[Toll], there: Collection[str]) -> Iterator[set[LinkEnds]]:
    """Yield which links are cut, for each choice that there may be."""
    choices = [
        [*combinations(sorted({*there} - {toll.cut_from}), toll.unnamed)] if toll.unnamed else [()]
        for toll in cuts
    ]
    for chosen in product(*choices):
        yield {
            LinkEnds((name, str(toll.cut_from)))
            for toll, more in zip(cuts, chosen, strict=True)
            for name in (*toll.named, *more)
        }


def _reached(kept: Sequence[str], cut: Collection[LinkEnds]) -> int:
    """Return how many the one reaches that reaches most, with itself."""
    return max((sum(LinkEnds((at, to)) not in cut for to in kept) for at in kept), default=0)
