"""Judge: what others saw of a fault that says that it took effect, and is undone.

A fault proves itself, by a look of its own. Where supervisor or scraper saw something else, nobody knows
what was played: a proof that is wrong, or an injection that hit another process.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from kubedrill.clock import SECOND
from kubedrill.figures.traces import completed, succeeded
from kubedrill.judge.evidence import Evidence
from kubedrill.judge.faults import WARM, ToldFault
from kubedrill.judge.pages import COMPACTED, DEFRAGMENTED, FSYNC, Scrape
from kubedrill.record.cluster import Component
from kubedrill.record.components import Exited, Started
from kubedrill.record.faults import Witness
from kubedrill.words import exit_status

LED = 5 * SECOND
"""So soon after it leads, a member is seen to lead: the scraper asks each second."""

SLOW_S = 0.01
"""A disk that keeps an fsync on average within this time is not slow (docs/faults.md)."""
SLOWER = 1.5
"""So many times what it was before it must be at least: half of what the fault itself asks for."""
FSYNCS = 5
"""So many tell an average."""

TICK_S = 0.02
"""How exactly the kernel counts CPU: to 10 ms at either end."""
SLACK_S = 0.2
"""A look at a process is so much later, or sooner, than its line says."""

KILLED = -9


def disbelieved(evidence: Evidence) -> Iterator[str]:
    """Yield where others saw that a fault did not take effect, or is not undone, in words."""
    for fault in evidence.faults:
        if not fault.took_effect or {"failed", "lapsed"} & fault.events.keys():
            continue
        for witness in fault.shows:
            words = _WITNESSES[witness](fault, evidence)
            yield from (f"{fault.name}: {said}" for said in words)


def _exits(fault: ToldFault, evidence: Evidence) -> Iterator[str]:
    """Every process that was hit exits while it is in force; another is started before it is undone."""
    told, pids = evidence.metrics.exits, fault.events["injected"].facts.get("pids")
    if told.doubt:
        yield told.doubt
    elif not isinstance(pids, dict):
        yield "it does not tell which processes it hit"
    else:
        for component, pid in pids.items():
            yield from _exit(fault, evidence, component, pid)


def _exit(fault: ToldFault, evidence: Evidence, component: str, pid: object) -> Iterator[str]:
    own = [line for line in evidence.metrics.exits.lines if line.component == component]
    known = (line for line in own if isinstance(line, Exited) and line.pid == pid)
    ended = next((line for line in known if fault.was_in_force(line.time, line.time)), None)
    if ended is None:
        yield f"exits.jsonl tells of no exit of {component} (pid {pid}) while it was in force"
        return
    over = fault.at("undone")
    if over is None or any(other.holds(component, over) for other in _others(fault, evidence)):
        return
    if not any(isinstance(line, Started) and ended.time <= line.time <= over for line in own):
        yield f"exits.jsonl tells of no start of {component} before it was undone"


def _others(fault: ToldFault, evidence: Evidence) -> list[ToldFault]:
    """Return the other faults: what one lets go another may hold."""
    return [other for other in evidence.faults if other is not fault]


def _killed(fault: ToldFault, evidence: Evidence) -> Iterator[str]:
    """The kernel kills every target, which nobody has asked for."""
    told = evidence.metrics.exits
    if told.doubt:
        yield told.doubt
        return
    for target in fault.targets:
        exits = [
            line
            for line in told.lines
            if isinstance(line, Exited) and line.component == target and not line.asked
        ]
        if not any(
            line.status == KILLED and fault.was_in_force(line.time, line.time) for line in exits
        ):
            how = f"none with {exit_status(KILLED)} that nobody had asked for"
            yield f"exits.jsonl tells of no exit of {target} while it was in force: {how}"


def _silence(fault: ToldFault, evidence: Evidence) -> Iterator[str]:
    """No target answers while the fault is in force; it does, when asked often, once it is undone."""
    if doubt := evidence.metrics.scraped.doubt:
        yield doubt
        return
    for component in _hit(fault, evidence):
        scrapes = evidence.metrics.scrapes_of(component.name)
        answered = sum(not scrape.error and _while(fault, scrape) for scrape in scrapes)
        for count, what in (
            (answered, "scrapes"),
            (_probed(fault, evidence, component), "probes"),
        ):
            if count:
                yield f"{component.name} answered {count} {what} while it was in force"
        yield from _never_again(fault, evidence, component.name, scrapes)


def _probed(fault: ToldFault, evidence: Evidence, component: Component) -> int:
    """Return how many probes through a component were answered while a fault was in force."""
    match component.kind:
        case "haproxy":
            path = "balancer"
        case "kube-apiserver":
            path = f"apiserver-{component.zone}" if component.zone else component.name
        case _:
            return 0
    probes = evidence.probes.of(path=path)
    begun, over = fault.at("took-effect"), fault.at("undoing")
    if begun is None or over is None:
        return 0
    within = (probes["intended"] > begun) & (completed(probes) < over)
    return int((within & succeeded(probes)).sum())


def _never_again(
    fault: ToldFault, evidence: Evidence, component: str, scrapes: Iterable[Scrape]
) -> Iterator[str]:
    over = fault.at("undone")
    if over is None:
        return
    others = _others(fault, evidence)
    after = [
        scrape
        for scrape in scrapes
        if scrape.time > over + WARM
        and not any(other.holds(component, scrape.time) for other in others)
    ]
    if len(after) > 1 and all(scrape.error for scrape in after):
        yield f"{component} answered none of {len(after)} scrapes after it was undone"


def _unhealthy(fault: ToldFault, evidence: Evidence) -> Iterator[str]:
    """No member that was hit calls itself healthy while the fault is in force."""
    told = evidence.metrics.health
    if told.doubt:
        yield told.doubt
        return
    for target in fault.hits:
        looks = [look for look in told.lines if _holds(fault, look.time)]
        healthy = sum(look.etcd.get(target.called) == "healthy" for look in looks)
        if healthy:
            yield f"{target.name} was healthy in {healthy} of {len(looks)} looks while it was in force"


def _leads(fault: ToldFault, evidence: Evidence) -> Iterator[str]:
    """The target leads, as members say it, soon after it was made to."""
    told, at = evidence.metrics.health, fault.at("took-effect") or 0
    if told.doubt:
        yield told.doubt
        return
    looks = [look.leader for look in told.lines if at <= look.time <= at + LED]
    if looks and not {target.called for target in fault.hits} & {*looks}:
        named = " and ".join(sorted({f"etcd-{zone}" for zone in looks if zone})) or "nobody"
        yield f"{named} led in all {len(looks)} looks after it took effect"


def _starved(fault: ToldFault, evidence: Evidence) -> Iterator[str]:
    """No target gets more CPU than it may have."""
    told, cpus = evidence.metrics.resources, fault.scheduled.arguments.get("cpus")
    if told.doubt:
        yield told.doubt
        return
    if not isinstance(cpus, int | float):
        return
    looks = [look for look in told.lines if _holds(fault, look.time)]
    for target in fault.targets:
        used = [(look.time, usage) for look in looks if (usage := look.processes.get(target))]
        if not used or len({usage.pid for _, usage in used}) > 1:
            continue
        (begun, first), (ended, last) = used[0], used[-1]
        seconds, had_s = (ended - begun) / SECOND, last.cpu_s - first.cpu_s
        if had_s > cpus * (seconds + SLACK_S) + TICK_S:
            yield f"{target} had {had_s:.2f} s of CPU in {seconds:.1f} s while it was in force"


def _held_back(fault: ToldFault, evidence: Evidence) -> Iterator[str]:
    """A quota of its own has held each target back: the kernel counts that, which the scraper reads."""
    told = evidence.metrics.resources
    if told.doubt:
        yield told.doubt
        return
    looks = [look for look in told.lines if _holds(fault, look.time)]
    for target in fault.targets:
        counts = [usage.throttled for look in looks if (usage := look.processes.get(target))]
        if counts and not any(counts):
            yield f"no CPU quota held {target} back in {len(counts)} looks while it was in force"


def _slow(fault: ToldFault, evidence: Evidence) -> Iterator[str]:
    """No target keeps its log as fast as before, or as on a disk that is not slow."""
    if doubt := evidence.metrics.scraped.doubt:
        yield doubt
        return
    begun = fault.at("injecting") or 0
    for target in fault.targets:
        good = [scrape for scrape in evidence.metrics.scrapes_of(target) if not scrape.error]
        took_s = _fsync_s([scrape for scrape in good if _while(fault, scrape)])
        calm_s = _fsync_s([scrape for scrape in good if scrape.end < begun])
        if took_s is not None and took_s < max(SLOW_S, SLOWER * (calm_s or 0.0)):
            yield f"fsyncs of {target}'s log took {took_s:.3f} s on average while it was in force"


def _fsync_s(scrapes: Sequence[Scrape]) -> float | None:
    """Return how long an fsync took on average between the first and the last; None if there were few."""
    if len(scrapes) < 2:
        return None
    count, seconds = (
        _sum(scrapes[-1], f"{FSYNC}_{what}") - _sum(scrapes[0], f"{FSYNC}_{what}")
        for what in ("count", "sum")
    )
    return seconds / count if count >= FSYNCS else None


def _counted(family: str) -> Callable[[ToldFault, Evidence], Iterator[str]]:
    """Return the witness that a family of each member that was hit grows."""

    def look(fault: ToldFault, evidence: Evidence) -> Iterator[str]:
        if doubt := evidence.metrics.scraped.doubt or evidence.metrics.exits.doubt:
            yield doubt
            return
        begun, at = fault.at("injecting") or 0, fault.at("took-effect") or 0
        for member in _members(fault, evidence):
            good = [scrape for scrape in evidence.metrics.scrapes_of(member) if not scrape.error]
            before = next((scrape for scrape in reversed(good) if scrape.end < begun), None)
            after = next((scrape for scrape in good if scrape.time > at), None)
            if before is None or after is None or _anew(evidence, member, before, after):
                continue
            if (count := _sum(after, family)) <= _sum(before, family):
                yield f"{family} of {member} is {count:g} after it, as before"

    return look


def _anew(evidence: Evidence, component: str, before: Scrape, after: Scrape) -> bool:
    """Whether a component was started between two scrapes: it counts from 0 then."""
    return any(
        isinstance(line, Started)
        and line.component == component
        and before.time < line.time < after.end
        for line in evidence.metrics.exits.lines
    )


def _sum(scrape: Scrape, name: str) -> float:
    return sum(value for (known, _), value in scrape.values.items() if known == name)


def _members(fault: ToldFault, evidence: Evidence) -> list[str]:
    """Return the members that were hit; all, where it hits etcd as a whole."""
    members = [member.name for member in evidence.cluster.of_kind("etcd")]
    return [member for member in members if member in fault.components] or members


def _hit(fault: ToldFault, evidence: Evidence) -> list[Component]:
    """Return the components that are hit: a target, or what stands in it."""
    parts = evidence.cluster.components
    return [component for component in parts if component.name in fault.components]


def _holds(fault: ToldFault, time: int) -> bool:
    """Whether it surely held at a time: its effect was proven, and its undo had not begun."""
    begun, over = fault.at("took-effect"), fault.at("undoing")
    return begun is not None and over is not None and begun < time < over


def _while(fault: ToldFault, scrape: Scrape) -> bool:
    return _holds(fault, scrape.time) and _holds(fault, scrape.end)


_WITNESSES: Mapping[Witness, Callable[[ToldFault, Evidence], Iterator[str]]] = {
    "exits": _exits,
    "killed": _killed,
    "silence": _silence,
    "unhealthy": _unhealthy,
    "leads": _leads,
    "starved": _starved,
    "held-back": _held_back,
    "slow": _slow,
    "defragmented": _counted(DEFRAGMENTED),
    "compacted": _counted(COMPACTED),
}
