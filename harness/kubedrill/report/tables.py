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
        for one in report.objectives:
            if one.phase != phase:
                continue
            notes = (one.words, *([one.reason] if one.reason else []))
            yield (
                Cell(one.text, "code", notes),
                sentences.measured(one),
                figures.threshold(one.threshold, one.unit, one.operator),
                verdict_cell(one.verdict),
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
        ("etcd", _election_rows(report)),
        ("Resources of the control plane", _resource_rows(report)),
        ("CPU of each load's own processes", _client_rows(report)),
    ]
    return table(caption, ("", *phases), groups, range(1, len(phases) + 1))


_THROUGHPUT: dict[str, Callable[[LoadResult], str]] = {
    "offered": lambda one: figures.rate(one.offered),
    "achieved": lambda one: figures.rate(one.achieved),
    "failed": lambda one: figures.count(sum(one.errors.values())),
    CUT: lambda one: figures.count(one.cut),
    "received": lambda one: figures.size(one.bytes),
}
_LATENCY: dict[str, Callable[[LoadResult], str]] = {
    "p50": lambda one: sentences.latency(one, "p50"),
    "p99": lambda one: sentences.latency(one, "p99"),
    "max": lambda one: sentences.latency(one, "max"),
}


def _load_rows(report: Report, shown: dict[str, Callable[[LoadResult], str]]) -> Iterator[Row]:
    for name in dict.fromkeys(one.name for one in report.load):
        found = {one.phase: one for one in report.load if one.name == name}
        for label, show in shown.items():
            if label == CUT and not any(one.cut for one in found.values()):
                continue
            values = (
                show(found[phase.name]) if phase.name in found else figures.NOTHING
                for phase in report.phases
            )
            loop = " (closed loop)" if any(one.loop == "closed" for one in found.values()) else ""
            yield (f"{name} {label}{loop}", *values)


def _probe_rows(report: Report) -> Iterator[Row]:
    if not report.availability:
        return
    for verb in ("read", "write"):
        found = [sentences.fresh(report, phase.name, verb) for phase in report.phases]
        yield (
            f"{verb}s",
            *(bad(figures.share(one.value), one.failed > 0) if one else "-" for one in found),
        )
        longest = (figures.seconds(one.longest_outage_s) if one else "-" for one in found)
        yield (f"longest outage of {verb}s", *longest)


def _election_rows(report: Report) -> Iterator[Row]:
    if not report.elections:
        return
    found = {one.phase: one for one in report.elections}
    known = [found.get(phase.name) for phase in report.phases]
    changes = (one.leader_changes if one else None for one in known)
    yield ("leader changes", *map(figures.count, changes))
    unplanned = (one.unplanned if one else None for one in known)
    yield ("unplanned", *(bad(figures.count(number), bool(number)) for number in unplanned))


def _resource_rows(report: Report) -> Iterator[Row]:
    if not report.resources:
        return
    phases = {phase.name: (phase.end - phase.start) / 1e9 for phase in report.phases}
    parts = {
        name: [one for one in report.resources if one.phase == name and one.zone is not None]
        for name in phases
    }
    used = {name: [one.cpu_s for one in parts[name] if one.cpu_s is not None] for name in phases}
    cores = (sum(used[name]) / length if used[name] else None for name, length in phases.items())
    yield ("CPU of all zones", *(figures.figure(value, "cpu") for value in cores))
    sizes = ([one.rss_peak_bytes for one in parts[name]] for name in phases)
    peaks = (max((one for one in known if one is not None), default=None) for known in sizes)
    yield ("memory, largest process", *(figures.size(value) for value in peaks))
    counts = ([one.restarts for one in parts[name]] for name in phases)
    totals = (None if None in known else sum(one or 0 for one in known) for known in counts)
    yield ("unasked restarts", *(bad(figures.count(n), bool(n)) for n in totals))


def _client_rows(report: Report) -> Iterator[Row]:
    used = {(one.name, one.phase): one.cpu_s for one in report.load if one.cpu_s is not None}
    for load in dict.fromkeys(name for name, _ in used):
        cores = (
            used[load, one.name] * 1e9 / (one.end - one.start) if (load, one.name) in used else None
            for one in report.phases
        )
        yield (load, *(figures.figure(value, "cpu") for value in cores))


def availability(report: Report) -> Iterator[tuple[str, sentences.Probes, Table]]:
    """Yield each phase, its probes, and every path and verb under each definition."""
    for phase in report.phases:
        results = [one for one in report.availability if one.phase == phase.name]
        lanes: dict[str, dict[str, AvailabilityResult]] = {}
        for one in results:
            name = lane(one.path, one.connection, one.verb, one.level)
            name += "" if one.scored else " (not scored)"
            lanes.setdefault(name, {})[one.definition] = one
        if lanes:
            yield (
                phase.name,
                sentences.probes(report, phase.name),
                _availability_of(phase.name, lanes),
            )


def _availability_of(phase: str, lanes: dict[str, dict[str, AvailabilityResult]]) -> Table:
    definitions = list(dict.fromkeys(one for found in lanes.values() for one in found))
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
        *(figures.share(found[one].value) if one in found else "-" for one in definitions),
        f"{first.probes:,}",
        bad(f"{first.failed:,}", first.failed > 0),
        figures.seconds(first.longest_outage_s),
        figures.seconds(first.latency_s.get("p99")),
    )


def lane(path: str, connection: str, verb: str, level: str) -> str:
    """Return a series of probes as charts and tables name it: `fresh read`, `apiserver-a write`."""
    if level == "load":
        return f"victim {verb}"
    return f"{connection if path == 'balancer' else path} {verb}"


def errors(report: Report) -> Table:
    """Return what failed and how, by phase; rows without a failure are left out."""

    def rows(phase: str) -> Iterator[Row]:
        for load in report.load:
            if load.phase == phase and load.errors:
                yield _error_row(f"load {load.name}", load.requests, load.errors)
        seen = set()
        for one in report.availability:
            name = lane(one.path, one.connection, one.verb, one.level)
            if one.phase == phase and one.errors and name not in seen:
                seen.add(name)
                yield _error_row(f"probes: {name}", one.probes, one.errors)

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
                shown = (sentences.latency(load, one) for one in _LATENCIES)
                yield "client", f"load {load.name}", f"{load.requests:,}", *shown
        for verb in ("read", "write"):
            one = sentences.fresh(report, phase, verb)
            if one:
                yield _latency_row("client", f"probes: fresh {verb}", one.probes, one.latency_s)
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
    return view, name, f"{number:,}", *(figures.seconds(found.get(one)) for one in _LATENCIES)


def resources(report: Report) -> Table:
    """Return CPU, memory and restarts of each component, a column a phase."""
    found = {(one.component, one.phase): one for one in report.resources}
    lengths = {phase.name: (phase.end - phase.start) / 1e9 for phase in report.phases}
    if not lengths:
        return table("", (), [])

    def rows(show: Callable[[ResourceResult], str]) -> Iterator[Row]:
        for component in dict.fromkeys(one.component for one in report.resources):
            looked_up = (found.get((component, phase)) for phase in lengths)
            yield (component, *(show(one) if one else figures.NOTHING for one in looked_up))

    def cores(one: ResourceResult) -> str:
        used = None if one.cpu_s is None else one.cpu_s / lengths[one.phase]
        return figures.figure(used, "cpu")

    groups = [
        ("CPU", rows(cores)),
        ("Memory, peak", rows(lambda one: figures.size(one.rss_peak_bytes))),
        ("Unasked restarts", rows(lambda one: figures.count(one.restarts))),
    ]
    columns = ("Component", *lengths)
    caption = "Resources of each component, of the harness and of the host"
    return table(caption, columns, groups, range(1, len(columns)))


def harness(report: Report) -> Table:
    """Return what watching cost the watched, and how punctual the load was."""
    rows = []
    for phase in report.phases:
        cost = next((one for one in report.harness if one.phase == phase.name), None)
        loads = [one for one in report.load if one.phase == phase.name]
        shares = (cost.cpu_share, cost.bytes_share, cost.requests_share) if cost else (None,) * 3
        late = max((one.late_share for one in loads), default=None)
        lag = max((one.lag_p99_s for one in loads if one.lag_p99_s is not None), default=None)
        rows.append(
            (phase.name, *map(figures.share, shares), figures.share(late), figures.seconds(lag))
        )
    columns = ("Phase", "CPU", "bytes", "requests", "late arrivals", "generator's lag, p99")
    caption = "The harness: its share of the control plane's work, and its punctuality"
    return table(caption, columns, [("", rows)], range(1, 6))


def _by_phase(
    report: Report, rows: Callable[[str], Iterator[Row]]
) -> Iterator[tuple[str, Iterator[Row]]]:
    for phase in report.phases:
        yield phase.name, rows(phase.name)
