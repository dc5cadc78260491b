"""Report: the tables of report.html, from `verdict.json` alone."""

from collections.abc import Callable, Iterator, Mapping

from kubedrill.record.verdict import AvailabilityResult, LoadResult, Report, ResourceResult
from kubedrill.report import figures, sentences
from kubedrill.report.table import Cell, Table, bad, table, verdict_cell

CUT = "cut at the end"
"""Stands only where something was."""
_LATENCIES = ("p50", "p90", "p99", "p99.9", "max")
Row = tuple[str | Cell, ...]


def objectives(report: Report) -> Table:
    """Return every objective with its measured value, threshold and verdict, by phase."""

    def rows(phase: str) -> Iterator[Row]:
        of_phase = (objective for objective in report.objectives if objective.phase == phase)
        for objective, reason in sentences.with_reasons(of_phase):
            notes = (objective.words, *([reason] if reason else []))
            yield (
                Cell(objective.text, "code", notes),
                sentences.measured(objective),
                figures.threshold(objective.threshold, objective.unit, objective.operator),
                verdict_cell(objective.verdict),
            )

    columns = ("Objective", "Measured", "Asked", "Verdict")
    groups = ((phase, rows(phase)) for phase in sentences.phases_asked(report))
    return table("Objectives by phase", columns, groups, (1, 2))


def glance(report: Report) -> Table:
    """Return the four signals of each phase: throughput, latency, availability, resources."""
    phases = [phase.name for phase in report.phases]
    caption = "Throughput, latency, availability and resources of each phase"
    groups = [
        ("Throughput", _load_rows(report, _THROUGHPUT)),
        ("Latency of the load, from the intended start", _load_rows(report, _LATENCY)),
        ("Availability: fresh connections through the load balancer", _probe_rows(report)),
        ("Downtime, and its share of the 21.6 min a month of 99.95 %", _budget_rows(report)),
        ("etcd", _election_rows(report)),
        ("Resources of the control plane", _resource_rows(report)),
        ("CPU of each load's own processes", _client_rows(report)),
    ]
    return table(caption, ("", *phases), groups, range(1, len(phases) + 1))


_THROUGHPUT: dict[str, Callable[[LoadResult], str]] = {
    "offered": lambda load: figures.rate(load.offered),
    "achieved": lambda load: figures.rate(load.achieved),
    "failed": lambda load: figures.count(sum(load.errors.values())),
    CUT: lambda load: figures.count(load.cut),
    "received": lambda load: figures.size(load.bytes),
}
_LATENCY: dict[str, Callable[[LoadResult], str]] = {
    "p50": lambda load: sentences.latency(load, "p50"),
    "p99": lambda load: sentences.latency(load, "p99"),
    "max": lambda load: sentences.latency(load, "max"),
}


def _load_rows(report: Report, shown: dict[str, Callable[[LoadResult], str]]) -> Iterator[Row]:
    for name in dict.fromkeys(load.name for load in report.load):
        found = {load.phase: load for load in report.load if load.name == name}
        for label, show in shown.items():
            if label == CUT and not any(load.cut for load in found.values()):
                continue
            values = (
                show(found[phase.name]) if phase.name in found else figures.NOTHING
                for phase in report.phases
            )
            loop = " (closed loop)" if any(load.loop == "closed" for load in found.values()) else ""
            yield (f"{name} {label}{loop}", *values)


def _probe_rows(report: Report) -> Iterator[Row]:
    if not report.availability:
        return
    for verb in ("read", "write"):
        found = [sentences.fresh(report, phase.name, verb) for phase in report.phases]
        yield (
            f"{verb}s",
            *(
                bad(figures.share(probes.value), probes.failed > 0) if probes else "-"
                for probes in found
            ),
        )
        longest = (figures.seconds(probes.longest_outage_s) if probes else "-" for probes in found)
        yield (f"longest outage of {verb}s", *longest)


def _budget_rows(report: Report) -> Iterator[Row]:
    for name in dict.fromkeys(spent.definition for spent in report.budget):
        known = {spent.phase: spent for spent in report.budget if spent.definition == name}
        found = (known.get(phase.name) for phase in report.phases)
        yield (name, *(sentences.spent(phase) if phase else figures.NOTHING for phase in found))


def _election_rows(report: Report) -> Iterator[Row]:
    if not report.elections:
        return
    found = {elected.phase: elected for elected in report.elections}
    known = [found.get(phase.name) for phase in report.phases]
    changes = (elected.leader_changes if elected else None for elected in known)
    yield ("leader changes", *map(figures.count, changes))
    unplanned = (elected.unplanned if elected else None for elected in known)
    yield ("unplanned", *(bad(figures.count(number), bool(number)) for number in unplanned))


def _resource_rows(report: Report) -> Iterator[Row]:
    if not report.resources:
        return
    phases = {phase.name: phase.seconds for phase in report.phases}
    zoned = [usage for usage in report.resources if usage.zone is not None]
    parts = {name: [usage for usage in zoned if usage.phase == name] for name in phases}
    told = [usage for usage in zoned if usage.cpu_s is not None]
    used = {name: [usage.cpu_s or 0.0 for usage in told if usage.phase == name] for name in phases}
    cores = (sum(used[name]) / length if used[name] else None for name, length in phases.items())
    yield ("CPU of all zones", *(figures.figure(value, "cpu") for value in cores))
    sizes = ([usage.rss_peak_bytes for usage in parts[name]] for name in phases)
    peaks = (max((size for size in known if size is not None), default=None) for known in sizes)
    yield ("memory, largest process", *(figures.size(value) for value in peaks))
    counts = ([usage.restarts for usage in parts[name]] for name in phases)
    totals = (None if None in known else sum(count or 0 for count in known) for known in counts)
    yield ("unasked restarts", *(bad(figures.count(n), bool(n)) for n in totals))


def _client_rows(report: Report) -> Iterator[Row]:
    used = {(row.name, row.phase): row.cpu_s for row in report.load if row.cpu_s is not None}
    for load in dict.fromkeys(name for name, _ in used):
        cores = (
            used[load, phase.name] / phase.seconds if (load, phase.name) in used else None
            for phase in report.phases
        )
        yield (load, *(figures.figure(value, "cpu") for value in cores))


def availability(report: Report) -> Iterator[tuple[str, sentences.ProbeCounts, Table]]:
    """Yield each phase, its probes, and every path and verb under each definition."""
    for phase in report.phases:
        results = [result for result in report.availability if result.phase == phase.name]
        lanes: dict[str, dict[str, AvailabilityResult]] = {}
        for result in results:
            name = sentences.lane(result.path, result.connection, result.verb, result.level)
            name += "" if result.scored else " (not scored)"
            lanes.setdefault(name, {})[result.definition] = result
        if lanes:
            probes = sentences.probes(report, phase.name)
            yield phase.name, probes, _availability_of(phase.name, lanes)


def _availability_of(phase: str, lanes: dict[str, dict[str, AvailabilityResult]]) -> Table:
    definitions = list(
        dict.fromkeys(definition for found in lanes.values() for definition in found)
    )
    columns = ("Probes", *definitions, "sent", "failed", "longest outage", "p99")
    rows = (_availability_row(name, found, definitions) for name, found in lanes.items())
    caption = f"Availability in {phase}, each column another definition"
    return table(caption, columns, [("", rows)], range(1, len(columns)))


def _availability_row(
    name: str, found: dict[str, AvailabilityResult], definitions: list[str]
) -> Row:
    first = next(iter(found.values()))
    return (
        name,
        *(
            figures.share(found[definition].value) if definition in found else "-"
            for definition in definitions
        ),
        f"{first.probes:,}",
        bad(f"{first.failed:,}", first.failed > 0),
        figures.seconds(first.longest_outage_s),
        figures.seconds(first.latency_s.get("p99")),
    )


def errors(report: Report) -> Table:
    """Return what failed and how, by phase; rows without a failure are left out."""

    def rows(phase: str) -> Iterator[Row]:
        for load in report.load:
            if load.phase == phase and load.errors:
                yield _error_row(f"load {load.name}", load.requests, load.errors)
        seen = set()
        for result in report.availability:
            name = sentences.lane(result.path, result.connection, result.verb, result.level)
            if result.phase == phase and result.errors and name not in seen:
                seen.add(name)
                yield _error_row(f"probes: {name}", result.probes, result.errors)

    columns = ("Requests of", "sent", "failed", "how")
    return table("Failures by class", columns, _by_phase(report, rows), (1, 2))


def counts(report: Report) -> Table:
    """Return what the loads counted besides their requests, by phase."""

    def rows(phase: str) -> Iterator[Row]:
        for load in report.load:
            if load.phase == phase:
                for what, number in sorted(load.counts.items()):
                    yield f"load {load.name}", what, f"{number:,}"

    return table("Counted", ("By", "what", "how often"), _by_phase(report, rows), (2,))


def _error_row(name: str, sent: int, found: dict[str, int]) -> Row:
    how = ", ".join(f"{kind} {number:,}" for kind, number in sorted(found.items()))
    return name, f"{sent:,}", f"{sum(found.values()):,}", how


def latency(report: Report) -> Table:
    """Return the client's and the server's view of latency, side by side, by phase."""

    def rows(phase: str) -> Iterator[Row]:
        for load in report.load:
            if load.phase == phase:
                shown = (sentences.latency(load, percentile) for percentile in _LATENCIES)
                yield "client", f"load {load.name}", f"{load.requests:,}", *shown
        for verb in ("read", "write"):
            probed = sentences.fresh(report, phase, verb)
            if probed:
                yield _latency_row(
                    "client", f"probes: fresh {verb}", probed.probes, probed.latency_s
                )
        for server in report.server_latency:
            if server.phase == phase:
                found = {"p50": server.p50_s, "p99": server.p99_s}
                view = "etcd" if server.resource == "etcd" else "apiserver"
                name = " ".join(
                    part for part in (server.verb, server.resource, server.scope) if part
                )
                yield _latency_row(view, name, server.requests, found)

    columns = ("Seen by", "what", "requests", *_LATENCIES)
    caption = "Latency as clients and servers saw it"
    return table(caption, columns, _by_phase(report, rows), range(2, len(columns)))


def _latency_row(view: str, name: str, number: int, found: Mapping[str, float | None]) -> Row:
    return (
        view,
        name,
        f"{number:,}",
        *(figures.seconds(found.get(percentile)) for percentile in _LATENCIES),
    )


def resources(report: Report) -> Table:
    """Return CPU, memory and restarts of each component, a column a phase."""
    found = {(usage.component, usage.phase): usage for usage in report.resources}
    lengths = {phase.name: phase.seconds for phase in report.phases}
    if not lengths:
        return table("", (), [])

    def rows(show: Callable[[ResourceResult], str]) -> Iterator[Row]:
        for component in dict.fromkeys(usage.component for usage in report.resources):
            looked_up = (found.get((component, phase)) for phase in lengths)
            yield (component, *(show(usage) if usage else figures.NOTHING for usage in looked_up))

    def cores(usage: ResourceResult) -> str:
        used = None if usage.cpu_s is None else usage.cpu_s / lengths[usage.phase]
        return figures.figure(used, "cpu")

    groups = [
        ("CPU", rows(cores)),
        ("Memory, peak", rows(lambda usage: figures.size(usage.rss_peak_bytes))),
        ("Unasked restarts", rows(lambda usage: figures.count(usage.restarts))),
    ]
    columns = ("Component", *lengths)
    caption = "Resources of each component, of the harness and of the host"
    return table(caption, columns, groups, range(1, len(columns)))


def harness(report: Report) -> Table:
    """Return what watching cost the watched, and how punctual the load was."""
    rows = []
    for phase in report.phases:
        cost = next((watching for watching in report.harness if watching.phase == phase.name), None)
        loads = [load for load in report.load if load.phase == phase.name]
        shares = (cost.cpu_share, cost.bytes_share, cost.requests_share) if cost else (None,) * 3
        late = max((load.late_share for load in loads), default=None)
        lag = max((load.lag_p99_s for load in loads if load.lag_p99_s is not None), default=None)
        shown = map(figures.share, (*shares, late))
        rows.append((phase.name, *shown, figures.seconds(lag)))
    columns = ("Phase", "CPU", "bytes", "requests", "late arrivals", "generator's lag, p99")
    caption = "The harness: its share of the control plane's work, and its punctuality"
    return table(caption, columns, [("", rows)], range(1, 6))


def _by_phase(
    report: Report, rows: Callable[[str], Iterator[Row]]
) -> Iterator[tuple[str, Iterator[Row]]]:
    for phase in report.phases:
        yield phase.name, rows(phase.name)
