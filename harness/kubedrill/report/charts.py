"""Report: the timeline, one chart of stacked panels over the same seconds."""

from itertools import groupby
from operator import attrgetter
from typing import Any

from bokeh.embed import json_item
from bokeh.layouts import gridplot
from bokeh.models import BoxAnnotation, PrintfTickFormatter, Span
from bokeh.plotting import figure

from kubedrill.figures.traces import read_probes
from kubedrill.record.folder import RunFolder
from kubedrill.record.schedule import Schedule
from kubedrill.record.timeline import Event
from kubedrill.record.verdict import Report
from kubedrill.report import lane_panels, load_panels, scale_out_panels, usage_panels
from kubedrill.report.bands import FAULT_BAND
from kubedrill.report.panel import INK, Axis


def timeline(
    folder: RunFolder, report: Report, schedule: Schedule, events: list[Event]
) -> dict[str, Any]:
    """Return the chart as Bokeh's JSON item; panels without data are left out."""
    axis = Axis(schedule)
    panels = _panels(axis, folder, report, events)
    for panel in panels:
        _bands(axis, report, panel)
    for panel in panels[:-1]:
        panel.xaxis.major_label_text_font_size = "0px"
    panels[-1].xaxis.formatter = PrintfTickFormatter(format="%g s")
    for phase, found in groupby(report.scale_out, attrgetter("phase")):
        steps = list(found)
        panels.append(scale_out_panels.arrivals(axis, phase, steps))
        if steps[0].bursts:
            panels.append(scale_out_panels.bursts(axis, phase, steps))
    grid = gridplot(
        [[panel] for panel in panels],
        merge_tools=True,
        toolbar_location="above",
        toolbar_options={"logo": None},
        sizing_mode="stretch_width",
    )
    item: dict[str, Any] = json_item(grid, "timeline")
    return item


def _panels(axis: Axis, folder: RunFolder, report: Report, events: list[Event]) -> list[figure]:
    panels: list[figure | None] = [lane_panels.drill(axis, report, events)]
    ended = any((event.kind, event.name) == ("drill", "ended") for event in events)
    traces = load_panels.load_traces(folder, axis, ended)
    if traces:
        panels += [load_panels.rates(axis, traces), load_panels.latency(axis, traces)]
    if (folder.samples / "probe.json").exists():
        records, sidecar = read_probes(folder, may_be_cut=True)
        panels.append(lane_panels.probes(axis, records, sidecar))
        stale = [i for i, probed in enumerate(sidecar.series) if probed.verb == "stale-read"]
        panels.append(load_panels.staleness(axis, records, stale))
    panels.append(lane_panels.etcd(axis, folder))
    panels.append(scale_out_panels.counts(axis, folder))
    readings = usage_panels.looks(folder, axis)
    panels += [usage_panels.cpu(axis, readings), usage_panels.memory(axis, readings)]
    return [panel for panel in panels if panel is not None]


def _bands(axis: Axis, report: Report, panel: figure) -> None:
    """Mark phases and faults behind everything, in every panel alike."""
    for phase in axis.schedule.phases[1:]:
        edge = Span(location=axis.at(phase.start), dimension="height", line_color=INK)
        edge.line_alpha, edge.line_width, edge.level = 0.6, 1, "underlay"
        panel.add_layout(edge)
    for fault in report.faults:
        left, right = lane_panels.fault_span(axis, fault)
        if right > left:
            band = BoxAnnotation(
                left=left, right=right, fill_color=FAULT_BAND.color, fill_alpha=0.07
            )
            band.line_color, band.level = None, "underlay"
            panel.add_layout(band)
