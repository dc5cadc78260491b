"""Report: how nodes came: what there was each second, and how long it took what share of them."""

from collections.abc import Iterator

from bokeh.models import PrintfTickFormatter, Range1d
from bokeh.plotting import figure

from kubedrill.record.folder import RunFolder
from kubedrill.record.lines import read_lines
from kubedrill.record.scale_out import Counted, SeenLine, StepTimes
from kubedrill.report.panel import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    SKY,
    Axis,
    hover,
    legend,
    source,
)

_COUNTS = {
    "nodes": ("nodes", GREY),
    "nodes Ready": ("ready", SKY),
    "nodes open": ("open", BLUE),
    "pods": ("pods", PURPLE),
    "pods bound": ("bound", ORANGE),
    "pods Ready": ("pods_ready", GREEN),
}
"""By what is said of them, the counts of a second, and their colours."""
_STEPS = {
    "registered": GREY,
    "ready": SKY,
    "open": BLUE,
    "bound": ORANGE,
    "running": PURPLE,
    "pod_ready": GREEN,
}


def counts(axis: Axis, folder: RunFolder) -> figure | None:
    """Return how many nodes and pods there were in each state each second; None where nobody counted."""
    if not folder.scale_out.exists():
        return None
    lines: Iterator[SeenLine] = read_lines(folder.scale_out, SeenLine, may_be_cut=True)  # type: ignore[arg-type]
    counted = [line for line in lines if isinstance(line, Counted)]
    if not counted:
        return None
    columns = {name: [getattr(line, name) for line in counted] for name, _ in _COUNTS.values()}
    top = max(map(max, columns.values())) * 1.15
    plot = axis.panel("Nodes and pods", 170, y_range=Range1d(0, max(top, 1)))
    data = source(x=[axis.at(line.time) for line in counted], **columns)
    for words, (name, color) in _COUNTS.items():
        drawn = plot.step(
            "x", name, source=data, mode="after", color=color, line_width=2, legend_label=words
        )
    hover(plot, drawn, {words: name for words, (name, _) in _COUNTS.items()})
    legend(plot)
    return plot


def arrivals(axis: Axis, phase: str, steps: list[StepTimes]) -> figure:
    """Return what share of the nodes of a phase was how far, by the seconds since they were asked for."""
    title = f"Nodes asked for in {phase}: the share of them that was so far, by the time since then"
    plot = axis.panel(title, 200, y_range=Range1d(0, 105))
    known = [time for step in steps for time in step.percentiles_s if time is not None]
    plot.x_range = Range1d(0, max(known, default=1.0) * 1.05)
    for step in steps:
        times = [time for time in step.percentiles_s if time is not None]
        data = source(x=[0.0, *times], share=list(range(len(times) + 1)))
        drawn = plot.step(
            "x",
            "share",
            source=data,
            mode="after",
            color=_STEPS[step.step],
            line_width=2,
            legend_label=step.step.replace("_", " "),
        )
        hover(plot, drawn, {"%": "share"}, along_x=False)
    plot.xaxis.formatter = PrintfTickFormatter(format="%g s")
    plot.yaxis.formatter = PrintfTickFormatter(format="%g %%")
    legend(plot)
    return plot


def bursts(axis: Axis, phase: str, steps: list[StepTimes]) -> figure:
    """Return the p90 of each of several bursts, by when its nodes were asked for in the phase."""
    plot = axis.panel(f"Each burst of {phase}: the p90 of its nodes", 170)
    shown = [step for step in steps if step.step in {"open", "pod_ready"}]
    times = [burst.p90_s for step in shown for burst in step.bursts if burst.p90_s is not None]
    plot.x_range = Range1d(0, max(burst.at_s for burst in shown[0].bursts) * 1.05)
    plot.y_range = Range1d(0, max(times, default=1.0) * 1.15)
    for step in shown:
        came = [burst for burst in step.bursts if burst.p90_s is not None]
        data = source(x=[burst.at_s for burst in came], p90=[burst.p90_s for burst in came])
        drawn = plot.scatter(
            "x",
            "p90",
            source=data,
            color=_STEPS[step.step],
            size=7,
            legend_label=step.step.replace("_", " "),
        )
        hover(plot, drawn, {"p90, s": "p90"}, along_x=False)
    plot.xaxis.formatter = plot.yaxis.formatter = PrintfTickFormatter(format="%g s")
    legend(plot)
    return plot
