"""Report: the timeline's panels of the load (rates, latency) and of staleness."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from bokeh.models import Range1d
from bokeh.plotting import figure

from kubedrill.clock import SECOND
from kubedrill.figures.traces import (
    Floats,
    PerSecond,
    of_arrivals,
    per_second,
    percentiles_by_group,
    read_load,
    sample_names,
    succeeded,
    tell_unanswered,
)
from kubedrill.record.folder import RunFolder
from kubedrill.record.sample import LOAD_DTYPE, Records
from kubedrill.report import figures
from kubedrill.report.panel import (
    BLUE,
    CYCLE,
    GREY,
    ORANGE,
    RED,
    Axis,
    even_ticks,
    hover,
    legend,
    name_ticks,
    source,
)

_TICKS = (1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0, 100.0)


@dataclass(frozen=True, slots=True)
class LoadTrace:
    """One load, second by second."""

    name: str
    seconds: PerSecond


def load_traces(folder: RunFolder, axis: Axis, ended: bool) -> list[LoadTrace]:
    """Return every load that has samples; its arrivals, not their parts.

    `ended`: the drill came to its planned end, so that what was cut then is a failure.
    """
    there = sample_names(folder)
    found = []
    for load in axis.schedule.loads:
        parts = [_arrivals(folder, name, ended) for name in load.sample_names if name in there]
        records = np.concatenate(parts) if parts else np.empty(0, LOAD_DTYPE)
        if len(records):
            seconds = per_second(records, axis.schedule.start, axis.schedule.end)
            found.append(LoadTrace(load.name, seconds))
    return found


def _arrivals(folder: RunFolder, name: str, ended: bool) -> Records:
    records, sidecar = read_load(folder, name, may_be_cut=True)
    if ended:
        tell_unanswered(records, sidecar.series)
    arrivals: Records = records[of_arrivals(records, sidecar.series)]
    return arrivals


def rates(axis: Axis, traces: Sequence[LoadTrace]) -> figure:
    """Return offered and achieved rate per second, with what failed."""
    top = max((float(trace.seconds.offered.max()) for trace in traces), default=1.0) * 1.15
    plot = axis.panel("Load: requests a second", 150, y_range=Range1d(0, max(top, 1.0)))
    for trace, color in zip(traces, _colors(len(traces)), strict=True):
        _rates_of(plot, f"{trace.name} " if len(traces) > 1 else "", trace.seconds, color)
    legend(plot)
    return plot


def _rates_of(plot: figure, prefix: str, seconds: PerSecond, color: str) -> None:
    shown = {"offered": seconds.offered, "achieved": seconds.achieved, "failed": seconds.failed}
    data = source(x=_middles(seconds.offered), **shown)
    plot.vbar("x", 0.9, "failed", source=data, color=RED, legend_label=f"{prefix}failed")
    step = {"source": data, "mode": "center"}
    grey = {"color": GREY, "line_dash": "dashed", "legend_label": f"{prefix}offered"}
    plot.step("x", "offered", **step, **grey)
    bold = {"color": color, "line_width": 2, "legend_label": f"{prefix}achieved"}
    achieved = plot.step("x", "achieved", **step, **bold)
    hover(plot, achieved, {name: name for name in shown})


def latency(axis: Axis, traces: Sequence[LoadTrace]) -> figure:
    """Return the percentiles of each second, on a logarithmic scale."""
    every = [trace.seconds.p50 for trace in traces] + [trace.seconds.max for trace in traces]
    plot = _seconds_panel(axis, "Load: latency (logarithmic)", 190, every)
    for trace, color in zip(traces, _colors(len(traces)), strict=True):
        prefix = f"{trace.name} " if len(traces) > 1 else ""
        _percentiles(plot, prefix, trace.seconds, color, color if prefix else ORANGE)
    legend(plot)
    return plot


def staleness(axis: Axis, records: Records, series: list[int]) -> figure | None:
    """Return how stale the reads of these series were each second; None without any."""
    good = records[succeeded(records) & np.isin(records["series"], series)]
    if not len(good):
        return None
    length = int(np.ceil(axis.length))
    second = (good["intended"].astype(np.int64) - axis.schedule.start) // SECOND
    ranks = percentiles_by_group(second, good["staleness_us"], length, (50, 100))
    median, worst = (column / 1e6 for column in ranks)
    top = float(np.nanmax(worst, initial=1e-3)) * 1.15
    plot = axis.panel("Staleness of cached reads", 120, y_range=Range1d(0, top))
    name_ticks(plot, even_ticks(top, 3), _tick)
    texts = {"p50_text": _texts(median), "max_text": _texts(worst)}
    data = source(x=_middles(worst), p50=median, max=worst, **texts)
    plot.line("x", "p50", source=data, color=BLUE, line_width=2, legend_label="p50")
    line = plot.step("x", "max", source=data, mode="center", color=ORANGE, legend_label="max")
    hover(plot, line, {"p50": "p50_text", "max": "max_text"})
    legend(plot)
    return plot


def _percentiles(plot: figure, prefix: str, seconds: PerSecond, color: str, peak: str) -> None:
    data = source(
        x=_middles(seconds.p50),
        p50=seconds.p50,
        p99=seconds.p99,
        max=seconds.max,
        p50_text=_texts(seconds.p50),
        p99_text=_texts(seconds.p99),
        max_text=_texts(seconds.max),
    )
    plot.scatter("x", "max", source=data, size=4, color=peak, legend_label=f"{prefix}max")
    plot.line("x", "p99", source=data, color=color, line_width=2, legend_label=f"{prefix}p99")
    median = plot.line(
        "x", "p50", source=data, color=color, line_width=1, alpha=0.9, legend_label=f"{prefix}p50"
    )
    hover(plot, median, {"p50": "p50_text", "p99": "p99_text", "max": "max_text"})


def _seconds_panel(axis: Axis, title: str, height: int, values: Sequence[Floats]) -> figure:
    known = np.concatenate(
        [column[np.isfinite(column) & (column > 0)] for column in values] or [np.empty(0)]
    )
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.01, 1.0)
    span = Range1d(low / 1.6, high * 1.6)
    plot = axis.panel(title, height, y_range=span, y_axis_type="log")
    ticks = [
        tick * step
        for tick in _TICKS
        for step in (1, 2, 5)
        if low / 1.6 <= tick * step <= high * 1.6
    ]
    name_ticks(plot, ticks, _tick)
    return plot


def _tick(value: float) -> str:
    return f"{value:g} s" if value >= 1 or not value else f"{value * 1e3:g} ms"


def _colors(count: int) -> Iterator[str]:
    for index in range(count):
        yield CYCLE[index % len(CYCLE)]


def _middles(values: Floats) -> Floats:
    return np.arange(len(values), dtype=np.float64) + 0.5


def _texts(values: Floats) -> list[str]:
    return [figures.seconds(float(value)) if np.isfinite(value) else "none" for value in values]
