"""Report: the timeline's panels of CPU and memory, from `resources.jsonl`."""

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
from bokeh.models import Range1d
from bokeh.plotting import figure

from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import read_sound_lines
from kubedrill.record.watched import ResourceLook, Usage
from kubedrill.report import figures
from kubedrill.report.panel import (
    CYCLE,
    GREY,
    INK,
    Axis,
    even_ticks,
    hover,
    legend,
    name_ticks,
    source,
)

Columns = dict[str, list[float]]
_MOST_POINTS = 900
_HARNESS, _HOST = "harness", "host"


def looks(folder: RunFolder, axis: Axis) -> list[ResourceLook]:
    """Return the readings of the drill's own time, evenly thinned to what a chart can show."""
    found = [
        line
        for line in read_sound_lines(folder.resources, ResourceLook)
        if axis.schedule.start <= line.time <= axis.schedule.end
    ]
    found.sort(key=lambda line: line.time)
    return found[:: -(-len(found) // _MOST_POINTS) or 1]


def cpu(axis: Axis, readings: list[ResourceLook]) -> figure | None:
    """Return cores in use per kind of component, of the harness and of the host; None without any."""
    pairs = [(before, after) for before, after in pairwise(readings) if after.time > before.time]
    if not pairs:
        return None
    columns = _per_kind(readings, [_cores(before, after) for before, after in pairs])
    times = [axis.at((before.time + after.time) / 2) for before, after in pairs]
    plot = axis.panel("CPU: cores in use", 170, y_range=_from_zero(columns))
    _lines(plot, times, columns, lambda value: figures.figure(value, "cpu"))
    return plot


def memory(axis: Axis, readings: list[ResourceLook]) -> figure | None:
    """Return the largest process of each kind; None without any reading."""
    if not readings:
        return None
    columns = _per_kind(readings, [_largest(reading) for reading in readings])
    span = _from_zero(columns)
    plot = axis.panel("Memory: largest process of each kind", 170, y_range=span)
    name_ticks(plot, even_ticks(span.end), figures.size)
    _lines(plot, [axis.at(reading.time) for reading in readings], columns, figures.size)
    return plot


def _cores(before: ResourceLook, after: ResourceLook) -> dict[str, float]:
    seconds = (after.time - before.time) / 1e9
    used: dict[str, float] = {}
    for kind, name, process in _processes(after):
        earlier = before.usage(_HARNESS if kind == _HARNESS else "processes", name)
        # Of a process not seen before, nobody knows how much it used in this second.
        same = earlier is not None and earlier.pid == process.pid
        spent = process.cpu_s - earlier.cpu_s if earlier and same else 0.0
        used[kind] = used.get(kind, 0.0) + max(spent, 0.0) / seconds
    busy = after.host.cpu_busy_s - before.host.cpu_busy_s
    return {**used, _HOST: max(busy, 0.0) / seconds}


def _largest(reading: ResourceLook) -> dict[str, float]:
    found: dict[str, float] = {}
    for kind, _, process in _processes(reading):
        found[kind] = max(found.get(kind, 0.0), float(process.rss_bytes))
    return found


def _processes(reading: ResourceLook) -> Iterator[tuple[str, str, Usage]]:
    """Yield (kind, name, figures) of each process; `etcd-a` is an etcd, `haproxy` a haproxy."""
    for name, process in reading.processes.items():
        head, dash, _ = name.rpartition("-")
        yield head if dash else name, name, process
    for name, process in reading.harness.items():
        yield _HARNESS, name, process


def _per_kind(readings: list[ResourceLook], values: list[dict[str, float]]) -> Columns:
    kinds = dict.fromkeys(kind for reading in readings for kind, _, _ in _processes(reading))
    every = [*kinds, *([_HOST] if any(_HOST in kinds_of for kinds_of in values) else [])]
    return {kind: [by_kind.get(kind, np.nan) for by_kind in values] for kind in every}


def _from_zero(columns: Columns) -> Range1d:
    highest = max(
        (float(np.nanmax(column, initial=0.0)) for column in columns.values()), default=0.0
    )
    return Range1d(0, highest * 1.1 or 1.0)


def _lines(
    plot: figure, times: list[float], columns: Columns, words: Callable[[float], str]
) -> None:
    texts = {f"{kind}_text": [words(value) for value in found] for kind, found in columns.items()}
    data = source(x=times, **columns, **texts)
    colors = iter(CYCLE)
    lines = []
    for kind in columns:
        host = kind == _HOST
        color = INK if host else GREY if kind == _HARNESS else next(colors)
        style = "dashed" if host else "dotted" if kind == _HARNESS else "solid"
        lines.append(
            plot.line(
                "x",
                kind,
                source=data,
                color=color,
                line_width=1.6,
                line_dash=style,
                legend_label=kind.removeprefix("kube-"),
            )
        )
    shown = {kind.removeprefix("kube-"): f"{kind}_text" for kind in columns}
    hover(plot, lines[0], shown)
    legend(plot)
