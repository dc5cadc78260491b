"""Faults: which faults of an experiment are refused, alone or for what others take away by then."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from pydantic import ValidationError

from kubedrill.faults.fault import Candidate, Fault
from kubedrill.faults.limited import beyond, described, forbidden
from kubedrill.faults.possible import lacking
from kubedrill.faults.toll import Kind, Toll, too_much, unknown
from kubedrill.reading.problems import Location
from kubedrill.reading.wrong import in_parameters
from kubedrill.record.catalogue import CHOSEN_LATER, ClusterDescription, Refusal, TimedFault
from kubedrill.record.cluster import ClusterRecord
from kubedrill.words import in_a_line


def refusals(
    kinds: Mapping[str, type[Fault]], faults: Sequence[TimedFault], cluster: ClusterDescription
) -> Iterator[Refusal]:
    """Yield why a fault cannot or must not be injected into the cluster, for each of which that is so.

    `kinds` are those that there are, by name. Activities are none: their own extension knows what they need.
    """
    read: dict[int, Fault] = {}
    for index, timed in enumerate(faults):
        if kind := kinds.get(timed.name):
            try:
                read[index] = kind.model_validate(dict(timed.arguments))
            except ValidationError as error:
                # Their form was checked before, by their schema: what is left is what only the fault knows.
                where = next((part["loc"] for part in error.errors() if part["loc"]), ())
                yield Refusal(index, where[:1], f"{timed.name}: {in_parameters(error)}")
        elif why := forbidden(cluster.limits, timed.name):
            yield Refusal(index, (), why)
    for index, fault in read.items():
        begun = faults[index].inject_s
        others = [
            other
            for number, other in read.items()
            if (faults[number].inject_s, number) < (begun, index)
            and _over_s(other, faults[number]) > begun
        ]
        if why := _why_not(fault, others, cluster):
            yield Refusal(index, _where(fault, why), why)


def _over_s(fault: Fault, timed: TimedFault) -> float:
    """Return until when a fault takes away what it takes, from the drill's start."""
    if fault.lasts != "momentary":
        return timed.undo_s
    return min(timed.inject_s + fault.effect_s, timed.undo_s)


def _where(fault: Fault, why: str) -> Location:
    """Return where that stands which a refusal begins with (`NAME: set: goaway: ...`), else who is hit."""
    first, _, then = why.removeprefix(f"{fault.name}: ").partition(": ")
    if first not in type(fault).model_fields:
        return (fault.hits,) if fault.hits else ()
    value = getattr(fault, first)
    key = then.partition(": ")[0]
    return (first, key) if isinstance(value, Mapping) and key in value else (first,)


def refused_as_it_is(
    kinds: Mapping[str, type[Fault]], faults: Sequence[TimedFault], record: ClusterRecord
) -> str:
    """Return why faults must not be injected into a cluster as it was brought up; or "".

    Its file may promise by now what it has not got: a zone, an operation. And an earlier version may have
    made it, without an identity that faults act as.
    """
    asked = {fault.name: kinds[fault.name].identity for fault in faults if fault.name in kinds}
    lacking = (record.lacking(identity, name) for name, identity in asked.items() if identity)
    whys = [found.why for found in refusals(kinds, faults, described(record))]
    return "; ".join([*whys, *filter(None, lacking)])


def _why_not(fault: Fault, others: Sequence[Fault], cluster: ClusterDescription) -> str:
    try:
        return (
            refusal(fault, cluster)
            or _with_others(fault, others, cluster)
            or _beyond(fault, others, cluster)
        )
    except Exception as error:  # noqa: BLE001 - a fault may be somebody else's code
        return f"{fault.name}: it cannot be known whether it may be injected: {in_a_line(error)}"


def refusal(fault: Fault, cluster: ClusterDescription) -> str:
    """Return why the cluster cannot take a fault by itself; or ""."""
    if why := lacking(fault, cluster) or _unknown(fault, fault.asked(), cluster):
        return why
    for toll in fault.tolls(cluster):
        if why := too_much(fault.words(), toll, len(cluster.zones), cluster.zones):
            return why
    return fault.refuse(cluster)


def _unknown(fault: Fault, asked: str | Sequence[str], cluster: ClusterDescription) -> str:
    """Return whom of those asked for nobody knows, where they are known before; or ""."""
    known = fault.known(cluster)
    return unknown(fault.words(), fault.hits, asked, known) if fault.known_before else ""


def _beyond(fault: Fault, others: Sequence[Fault], cluster: ClusterDescription) -> str:
    """Return why a fault goes beyond what the cluster's file allows, the others being in force; or ""."""
    theirs = [toll for other in others for toll in other.tolls(cluster)]
    refused = forbidden(cluster.limits, fault.name)
    return refused or beyond(fault.name, fault.tolls(cluster), theirs, cluster)


def refused_now(
    fault: Fault,
    chosen: Sequence[str],
    there: Sequence[Candidate],
    record: ClusterRecord,
    others: Sequence[Toll] = (),
    *,
    more: Mapping[Kind, int] = {},
) -> str:
    """Return why those `chosen`, by what the file calls them, must not be hit as things are now; or "".

    `others` are the tolls of the faults that are in force, `more` how many there are of other kinds than
    the cluster's description tells of.
    """
    cluster = described(record)
    if why := _unknown(fault, chosen, cluster):
        return why
    left = [candidate.called for candidate in there if candidate.is_well]
    tolls = [replace(toll, named=tuple(chosen), unnamed=0) for toll in fault.tolls(cluster)]
    for toll in tolls:
        alike = [other for other in others if other.kind == toll.kind]
        if why := too_much(fault.words(), toll, len(cluster.zones), left, alike):
            return why
    if why := beyond(fault.name, tolls, others, cluster, more):
        return why
    known = {candidate.called for candidate in there}
    gone = [fault.target.format(name) for name in chosen if name not in known]
    if gone:
        return f"{', '.join(gone)} {fault.absent}, so there was nothing to {fault.verb}"
    return ""


def _with_others(fault: Fault, others: Sequence[Fault], cluster: ClusterDescription) -> str:
    """Return why a fault cannot be injected while the others are in force; or ""."""
    for other in others:
        if fault.is_hidden_by(other) and (same := _named_by_both(fault, other)):
            return (
                f"{fault.name} of {', '.join(same)}: another fault does as much to it then, and nobody could "
                f"tell the two apart; {fault.verb} another, do more to it, or at another time"
            )
    for toll in fault.tolls(cluster):
        theirs = (their for other in others for their in other.tolls(cluster))
        alike = [their for their in theirs if their.kind == toll.kind]
        if alike and (why := _on_top(fault, toll, alike, cluster)):
            return why
    return ""


def _on_top(fault: Fault, toll: Toll, others: Sequence[Toll], cluster: ClusterDescription) -> str:
    bars = [their for their in others if _bars(their, fault)]
    barred = {name for their in bars for name in their.named}
    if twice := [name for name in toll.named if name in barred]:
        words = f"{_whom(bars)} then; {fault.words().verb} another, or at another time"
        return f"{fault.name} of {', '.join(twice)}: {words}"
    away = [their for their in others if their.counts or their.cut_from]
    why = too_much(fault.words(), toll, len(cluster.zones), cluster.zones, away) if away else ""
    return f"{why} ({_whom(away)} then)" if why else ""


def _bars(their: Toll, fault: Fault) -> bool:
    """Whether nothing is left to hit, or it would not hear of the fault."""
    return their.leaves == "gone" or (their.leaves == "deaf" and not fault.hits_deaf)


def _whom(taken: Sequence[Toll]) -> str:
    hit = dict.fromkeys(name for their in taken for name in their.named)
    whom = [*hit, *["one of its choice"] * any(their.unnamed for their in taken)]
    return f"another fault hits {' and '.join(whom)}"


def _named_by_both(fault: Fault, other: Fault) -> list[str]:
    """Return whom both faults name."""
    named = [
        [asked] if isinstance(asked, str) else [*asked] for asked in (fault.asked(), other.asked())
    ]
    return [name for name in named[0] if name in named[1] and name not in CHOSEN_LATER]
