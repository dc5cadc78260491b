"""Report: the timeline's panels made of lanes: the drill itself, the probes, etcd's members."""

from collections.abc import Iterator

import numpy as np
from bokeh.models import ColumnDataSource
from bokeh.plotting import figure

from kubedrill.clock import SECOND
from kubedrill.figures.traces import failed, outages
from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import read_sound_lines
from kubedrill.record.sample import Records, outcome_name
from kubedrill.record.sidecar import ProbeSidecar
from kubedrill.record.timeline import Event
from kubedrill.record.verdict import FaultResult, Report
from kubedrill.record.watched import HealthLook
from kubedrill.report import figures
from kubedrill.report.bands import FAULT_BAND, PHASE_BAND, Band
from kubedrill.report.events import event_words, is_trouble
from kubedrill.report.panel import BLUE, GREEN, INK, RED, Axis, hover, legend, source
from kubedrill.report.sentences import lane, on_target

_LANE_HEIGHT = 16
_FRAME_HEIGHT = 52
_NAMED_SHARE = 0.12
"""A phase shorter than this share of the drill has no room for its name on a narrow screen."""

_MARKED_KINDS = ("fault", "component", "child", "drill")


def drill(axis: Axis, report: Report, events: list[Event]) -> figure:
    """Return the map of the drill: phases, faults in force, and what happened to components."""
    plot = axis.panel("Drill", _FRAME_HEIGHT + 3 * 20, ("phase", "fault", "events"))
    phases = [
        (phase.name, axis.at(phase.start), axis.at(phase.end)) for phase in axis.schedule.phases
    ]
    _blocks(plot, "phase", phases, axis.length, PHASE_BAND)
    faults = [
        (on_target(fault.name, fault.target), *fault_span(axis, fault)) for fault in report.faults
    ]
    _blocks(plot, "fault", [span for span in faults if span[2] > span[1]], axis.length, FAULT_BAND)
    marked = [event for event in events if event.kind in _MARKED_KINDS]
    data = source(
        x=[axis.at(event.time) for event in marked],
        y=["events"] * len(marked),
        what=[event_words(event) for event in marked],
        when=[figures.offset(event.time, axis.schedule.start) for event in marked],
        color=[RED if is_trouble(event) else BLUE for event in marked],
    )
    marks = plot.scatter("x", "y", source=data, size=9, marker="diamond", color="color", alpha=0.8)
    hover(plot, marks, {"": "what", "at": "when"}, along_x=False)
    return plot


def fault_span(axis: Axis, fault: FaultResult) -> tuple[float, float]:
    """Return from when to when a fault was in force, as x; (0, 0) if it never took effect."""
    if fault.injected_at is None or not fault.took_effect:
        return 0.0, 0.0
    over = fault.took_effect_at if fault.lasts == "momentary" else fault.undone_at
    return axis.at(fault.injected_at), axis.at(over or axis.schedule.end)


def _blocks(
    plot: figure, row: str, blocks: list[tuple[str, float, float]], length: float, band: Band
) -> None:
    data = source(
        name=[name for name, *_ in blocks],
        y=[row] * len(blocks),
        left=[left for _, left, _ in blocks],
        right=[right for _, _, right in blocks],
        label=[
            name if right - left >= _NAMED_SHARE * length else "" for name, left, right in blocks
        ],
        lasted=[figures.seconds(right - left) for _, left, right in blocks],
    )
    bars = plot.hbar(
        "y", 0.9, "right", "left", source=data, color=band.color, alpha=band.alpha, line_alpha=0
    )
    plot.text(
        "left",
        "y",
        "label",
        source=data,
        x_offset=6,
        text_baseline="middle",
        text_font_size="11px",
        text_color=INK,
        name="ink",
    )
    hover(plot, bars, {"": "name", "lasted": "lasted"}, along_x=False)


def probes(axis: Axis, records: Records, sidecar: ProbeSidecar) -> figure:
    """Return a lane a series of probes: when there were any, which failed, and the outages."""
    names = {
        index: lane(series.path, series.connection, series.verb, series.level)
        for index, series in enumerate(sidecar.series)
    }
    deadline = figures.seconds(sidecar.deadline_s)
    title = f"Probes (deadline {deadline})"
    height = _FRAME_HEIGHT + 20 + _LANE_HEIGHT * len(names)
    plot = axis.panel(title, height, list(dict.fromkeys(names.values())))
    spans, bars, ticks = [], [], []
    for index, name in names.items():
        found = records[records["series"] == index]
        if not len(found):
            continue
        x = (found["intended"].astype(np.int64) - axis.schedule.start) / SECOND
        spans.append((name, float(x.min()), float(x.max())))
        bars += [(name, axis.at(start), axis.at(end)) for start, end in _joined(outages(found))]
        ticks += [(name, when, how) for when, how in _failures(found, axis)]
    _probe_glyphs(plot, spans, bars, ticks)
    legend(plot)
    return plot


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join spans that overlap: drawn over each other, they would look worse than they are."""
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((start, end))
    return joined


def _failures(records: Records, axis: Axis) -> Iterator[tuple[float, str]]:
    """Yield the failures as (x, class), one for each tenth of a second at most."""
    bad = records[failed(records)]
    tenth = (bad["intended"].astype(np.int64) - axis.schedule.start) // (SECOND // 10)
    _, first = np.unique(tenth, return_index=True)
    for record in bad[first]:
        yield axis.at(int(record["intended"])), outcome_name(int(record["outcome"]))


def _probe_glyphs(
    plot: figure,
    spans: list[tuple[str, float, float]],
    bars: list[tuple[str, float, float]],
    ticks: list[tuple[str, float, str]],
) -> None:
    green = {"color": GREEN, "alpha": 0.55, "legend_label": "probed"}
    plot.hbar("y", 0.16, "right", "left", source=_spans(spans), **green)
    red = {"color": RED, "alpha": 0.4, "legend_label": "outage"}
    outage = plot.hbar("y", 0.8, "right", "left", source=_spans(bars), **red)
    hover(plot, outage, {"": "y", "outage": "lasted", "from": "at"}, along_x=False)
    y, x, how = ([tick[column] for tick in ticks] for column in range(3))
    bad = source(y=y, x=x, how=how)
    mark = {"marker": "dash", "angle": np.pi / 2, "size": 10, "color": RED, "line_width": 2}
    failures = plot.scatter("x", "y", source=bad, legend_label="failed probe", **mark)
    hover(plot, failures, {"failed": "how"}, along_x=False)


def _spans(spans: list[tuple[str, float, float]]) -> ColumnDataSource:
    return source(
        y=[span[0] for span in spans],
        left=[span[1] for span in spans],
        right=[span[2] for span in spans],
        lasted=[figures.seconds(span[2] - span[1]) for span in spans],
        at=[f"{span[1]:+.2f} s" for span in spans],
    )


def etcd(axis: Axis, folder: RunFolder) -> figure | None:
    """Return a lane an etcd member: leading, healthy, or how it did not answer; None without any."""
    looks = [
        line
        for line in read_sound_lines(folder.health, HealthLook)
        if axis.schedule.start <= line.time < axis.schedule.end
    ]
    zones = sorted({zone for line in looks for zone in line.etcd})
    if not zones:
        return None
    lanes = [f"etcd-{zone}" for zone in zones]
    plot = axis.panel("etcd members", _FRAME_HEIGHT + 20 + 20 * len(zones), lanes)
    runs = [(f"etcd-{zone}", *run) for zone in zones for run in _runs(axis, _states(looks, zone))]
    styles = {"leader": (BLUE, 0.75), "healthy": (GREEN, 0.4), _SILENT: (RED, 0.5)}
    for state, (color, alpha) in styles.items():
        shown = [run for run in runs if (run[3] if run[3] in styles else _SILENT) == state]
        if shown:
            _state_bars(plot, shown, state, color, alpha)
    legend(plot)
    return plot


_SILENT = "not answering"


def _state_bars(
    plot: figure, runs: list[tuple[str, float, float, str]], state: str, color: str, alpha: float
) -> None:
    y, left, right, states = zip(*runs, strict=True)
    lasted = [figures.seconds(run[2] - run[1]) for run in runs]
    data = source(y=y, left=left, right=right, state=states, lasted=lasted)
    style = {"color": color, "alpha": alpha, "line_alpha": 0, "legend_label": state}
    bars = plot.hbar("y", 0.7, "right", "left", source=data, **style)
    hover(plot, bars, {"": "y", "is": "state", "for": "lasted"}, along_x=False)


def _states(looks: list[HealthLook], zone: str) -> Iterator[tuple[int, str]]:
    for line in looks:
        state: str = line.etcd.get(zone, "unknown")
        leads = line.leader == zone and state == "healthy"
        yield line.time, "leader" if leads else state


def _runs(axis: Axis, states: Iterator[tuple[int, str]]) -> Iterator[tuple[float, float, str]]:
    """Yield stretches of the same state as (left, right, state)."""
    begun, last = 0.0, ""
    for time, state in states:
        if state != last:
            if last:
                yield begun, axis.at(time), last
            begun, last = axis.at(time), state
    if last:
        yield begun, axis.length, last
