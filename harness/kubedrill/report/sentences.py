"""Report: what a drill proved and what its figures say, in plain sentences; one wording for all views."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from kubedrill.record.schedule import FREE_SHARE
from kubedrill.record.series import EXEMPT
from kubedrill.record.verdict import (
    AvailabilityResult,
    BudgetSpent,
    FaultResult,
    LoadResult,
    ObjectiveResult,
    Report,
    Verdict,
)
from kubedrill.report import figures
from kubedrill.words import counted, few

AT_LEAST = ">= "
"""Before a value that is only what it is at least."""


def proved(report: Report) -> str:
    """Return what the drill proved, in one sentence."""
    total = len(report.objectives)
    if report.verdict is Verdict.INVALID:
        return "Nothing is proved: the drill cannot be trusted."
    if report.aborted:
        return f"The drill was aborted: {report.aborted}; {_outcomes(report)}{_under(report)}."
    if report.verdict is Verdict.FAIL:
        return f"{_missed(report)}{_under(report)}."
    every = "All" if total > 1 else "The"
    return f"{every} {counted(total, 'objective')} held{_under(report)}."


def _missed(report: Report) -> str:
    """Return how many objectives did not hold, and how many steps of the emergency plan have failed."""
    missed = sum(objective.verdict is Verdict.FAIL for objective in report.objectives)
    failed = sum(step.verdict is Verdict.FAIL for step in report.plan)
    parts = [f"{missed} of {counted(len(report.objectives), 'objective')} did not hold"]
    steps = counted(len(report.plan), "step")
    parts += [f"{failed} of {steps} of the emergency plan failed"] if failed else []
    return ", ".join(parts if missed or not failed else parts[1:])


def phases_asked(report: Report) -> list[str]:
    """Return the phases that were begun, and those that were not but have objectives."""
    begun = [phase.name for phase in report.phases]
    return list(dict.fromkeys([*begun, *(objective.phase for objective in report.objectives)]))


def with_reasons(objectives: Iterable[ObjectiveResult]) -> Iterator[tuple[ObjectiveResult, str]]:
    """Yield each objective with its reason, unless another one of its phase was yielded with the same.

    What is wrong with a phase is wrong with all of its objectives: it is told with the first.
    """
    told: set[tuple[str, str]] = set()
    for objective in objectives:
        known = (objective.phase, objective.reason)
        yield objective, "" if known in told else objective.reason
        told.add(known)


def _outcomes(report: Report) -> str:
    """Return `1 of 3 objectives held, 2 could not be measured`; nothing is said of none."""
    words = {
        Verdict.PASS: "held",
        Verdict.FAIL: "did not hold",
        Verdict.INVALID: "could not be measured",
    }
    found = Counter(objective.verdict for objective in report.objectives)
    parts = [f"{found[verdict]} {said}" for verdict, said in words.items() if found[verdict]]
    return f"of {counted(len(report.objectives), 'objective')} {', '.join(parts)}"


def _under(report: Report) -> str:
    # The arrivals only, not the parts of them: a load's name has no dot.
    loads = dict.fromkeys((load.name, load.profile) for load in report.load if "." not in load.name)
    parts = [f"the load {name} ({profile})" for name, profile in loads]
    parts += [on_target(fault.name, fault.target) for fault in report.faults if fault.took_effect]
    if not parts:
        return ""
    return " under " + " and ".join([", ".join(parts[:-1]), parts[-1]] if parts[1:] else parts)


def on_target(fault: str, target: str | None) -> str:
    """Return `etcd.kill on etcd-b`, the first ones of many, or the fault alone where none was chosen."""
    return f"{fault} on {few(target)}" if target else fault


def measured(objective: ObjectiveResult) -> str:
    """Return an objective's value, with enough digits to tell it from the threshold."""
    value = figures.figure(objective.value, objective.unit, objective.threshold)
    if objective.most is not None:
        return f"{value} to {figures.figure(objective.most, objective.unit, objective.threshold)}"
    return f"{AT_LEAST}{value}" if objective.at_least else value


def latency(load: LoadResult, name: str) -> str:
    """Return a percentile of a load's latency; `>= 3.00 s` where requests were cut when it ended."""
    value = figures.seconds(load.latency_s.get(name))
    return f"{AT_LEAST}{value}" if name in load.at_least else value


def bound_lines(report: Report) -> Iterator[str]:
    """Yield what bounded the nodes that came, a line a phase."""
    for bound in report.bounds:
        yield f"what bounded them in {bound.phase}: {bound.words}"


def load_lines(report: Report) -> Iterator[str]:
    """Yield a line a load: what came of it in the phases that have objectives (else in all)."""
    judged = {objective.phase for objective in report.objectives} or {
        phase.name for phase in report.phases
    }
    for name in dict.fromkeys(load.name for load in report.load):
        phases = [load for load in report.load if load.name == name and load.phase in judged]
        requests = sum(load.requests for load in phases)
        errors = sum(sum(load.errors.values()) for load in phases)
        cut = sum(load.cut for load in phases)
        line = f"{name}: {counted(requests, 'request')}, {errors:,} failed"
        line += f", {cut:,} cut at the end" if cut else ""
        known = [load for load in phases if "p99" in load.latency_s]
        if known:
            worst = max(known, key=lambda load: (load.latency_s["p99"], load.phase))
            most = "" if "p99" in worst.at_least else "at most "
            line += f", p99 {most}{latency(worst, 'p99')} (in {worst.phase})"
        yield line


def fault_line(fault: FaultResult) -> str:
    """Return what became of a fault."""
    if not fault.target:
        return f"{fault.name} was NOT injected"
    effect = "took effect" if fault.took_effect else "did NOT take effect"
    text = f"{on_target(fault.name, fault.target)} {effect}"
    if fault.time_to_detect_s is not None:
        text += f", noticed after {figures.seconds(fault.time_to_detect_s)}"
    if fault.can_be_undone:
        text += ", undone" if fault.undone else ", NOT undone"
    else:
        text += f", {not_undone(fault)}"
    if fault.time_to_recover_s is not None:
        done = "recovered" if fault.recovered else "NOT recovered"
        text += f", {done} {figures.seconds(fault.time_to_recover_s)} later"
    return text


def not_undone(fault: FaultResult) -> str:
    """Return why a fault that need not be undone was not."""
    return "over at once" if fault.lasts == "momentary" else "cannot be undone"


def recovery(fault: FaultResult) -> str:
    """Return the time that a recovery took: `2.10 s`, or `more than 10.0 s` if nobody saw its end."""
    time = figures.seconds(fault.time_to_recover_s)
    return time if fault.recovered or fault.time_to_recover_s is None else f"more than {time}"


def availability_lines(report: Report) -> Iterator[str]:
    """Yield the deadline, a line a phase whose fresh probes failed, and how many failed in all."""
    if not report.availability:
        return
    deadline_s = report.settings.get("prober", {}).get("deadline_s")
    if deadline_s is not None:
        yield f"deadline {figures.seconds(deadline_s)}"
    for phase in report.phases:
        reads, writes = (fresh(report, phase.name, verb) for verb in ("read", "write"))
        if reads is None or writes is None or not reads.failed + writes.failed:
            continue
        longest = figures.seconds(max(reads.longest_outage_s, writes.longest_outage_s))
        yield (
            f"reads {figures.share(reads.value)}, writes {figures.share(writes.value)} in "
            f"{phase.name}; longest outage {longest}"
        )
    counts = {phase.name: probes(report, phase.name) for phase in report.phases}
    troubled = [
        f"{probed.in_words()} in {name}" for name, probed in counts.items() if probed.failed
    ]
    yield from troubled or ["every scored probe was answered in time"]
    for name, probed in counts.items():
        if probed.aside_failed:
            yield f"not scored: {probed.aside_in_words()} in {name}"
    yield from break_glass_lines(report)


def break_glass_lines(report: Report) -> Iterator[str]:
    """Yield whether the break-glass identity got in; a line for each phase in which it once did not."""
    tried = [told for told in report.break_glass if told.locked_out_s is not None]
    shut = [told for told in tried if told.locked_out_s]
    for told in shut:
        yield (
            f"break-glass got in during {figures.share(told.availability)} of {told.phase}'s seconds; "
            f"locked out for {figures.seconds(told.locked_out_s)} at most"
        )
    if report.break_glass and not tried:
        yield "break-glass was not tried: it is not known whether anybody could have got in"
    elif tried and not shut:
        yield "break-glass always got in"


_BESIDE = {"load": "victim {verb}", EXEMPT: "break-glass by {path}"}


def lane(path: str, connection: str, verb: str, level: str) -> str:
    """Return a series of probes as charts and tables name it: `fresh read`, `apiserver-a write`."""
    if level in _BESIDE:
        return _BESIDE[level].format(path=path, verb=verb)
    return f"{connection if path == 'balancer' else path} {verb}"


class ProbeCounts(NamedTuple):
    """How many probes of a phase there were, and failed: the scored ones, and those beside them."""

    sent: int
    failed: int
    aside: int
    aside_failed: int

    def in_words(self) -> str:
        """Return what became of the scored ones: `12 of 690 scored probes failed`."""
        return f"{self.failed:,} of {self.sent:,} scored probes failed"

    def aside_in_words(self) -> str:
        """Return what became of the others."""
        return f"{self.aside_failed:,} of {self.aside:,} victim probes and stale reads failed"


def probes(report: Report, phase: str) -> ProbeCounts:
    """Return the number of probes in a phase; those that are scored are what `probe.failed` means."""
    lanes = [lane for lane in report.availability if lane.phase == phase]
    # Each lane stands there once for each definition; of break-glass there is a line of its own.
    lanes = [
        lane for lane in lanes if lane.definition == lanes[0].definition and lane.level != EXEMPT
    ]
    scored, aside = ([lane for lane in lanes if lane.scored is so] for so in (True, False))
    counts = (
        (sum(lane.probes for lane in of), sum(lane.failed for lane in of)) for of in (scored, aside)
    )
    return ProbeCounts(*chain.from_iterable(counts))


def spent(budget: BudgetSpent) -> str:
    """Return for how long something was down, and how much of a month's budget that is: `1.30 s, 0.1 %`."""
    return f"{figures.seconds(budget.unavailable_s)}, {figures.share(budget.spent)}"


def fresh(report: Report, phase: str, verb: str) -> AvailabilityResult | None:
    """Return the probes that `availability` means: fresh connections through the balancer."""
    wanted = (phase, "balancer", "fresh", verb, "prober")
    for result in report.availability:
        if (result.phase, result.path, result.connection, result.verb, result.level) == wanted:
            return result
    return None


def headroom_line(report: Report) -> str | None:
    """Return how much of the machine's CPU was left where there was least; None if nobody looked."""
    pressed = {load.phase for load in report.load if load.requests}
    known = [
        (phase_left.free_share, phase_left.phase)
        for phase_left in report.headroom
        if phase_left.free_share is not None and (phase_left.phase in pressed or not pressed)
    ]
    if not known:
        return None
    least, phase = min(known)
    left = f"{figures.share(least)} of the machine's CPU was left in {phase}"
    if report.settings.get("headroom") != "none":
        return f"at least {left}" if least >= FREE_SHARE else left
    return f"{left}: the machine was the limit" if least < FREE_SHARE else f"at least {left}"


def harness_line(report: Report) -> str | None:
    """Return the largest share that watching took of the control plane's work; None if unknown.

    Of phases without a load it says nothing: watching is all that goes on in them.
    """
    pressed = {load.phase for load in report.load if load.requests}
    costs = [cost for cost in report.harness if cost.phase in pressed or not pressed]
    names = {"cpu_share": "CPU", "bytes_share": "bytes", "requests_share": "requests"}
    parts = []
    for field, name in names.items():
        known = [value for cost in costs if (value := getattr(cost, field)) is not None]
        if known:
            parts.append(f"{figures.share(max(known))} of the {name}")
    return f"at most {', '.join(parts)}" if parts else None


def labels(report: Report) -> str:
    """Return what a run was told to be of: `release=2.4, arch=arm64`."""
    return ", ".join(f"{key}={value}" for key, value in report.labels.items())
