"""History: the chart of one trend, which the page's script fills; and all that it may be filled with."""

from collections.abc import Sequence
from typing import Any

from bokeh.embed import json_item
from bokeh.models import DataRange1d, PanTool, PrintfTickFormatter, ResetTool, WheelZoomTool
from bokeh.plotting import figure

from kubedrill.history.past import PastRun
from kubedrill.history.trends import Trend
from kubedrill.record.verdict import Verdict
from kubedrill.report.panel import CYCLE, GREY, RED, hover, plain, source

_HEIGHT = 320
_SHOWN = {"run": "run", "value": "value", "asked": "asked", "": "group"}
"""What is shown of a point: label and column."""
_MOST_LABELS = 12
"""Labels that points may be coloured by."""


def trend_chart() -> dict[str, Any]:
    """Return the chart as Bokeh's JSON item, without any point."""
    points = source(x=[], y=[], color=[], marker=[], run=[], value=[], asked=[], group=[])
    asked = source(x=[], y=[])
    points.tags, asked.tags = ["points"], ["asked"]
    plot = figure(
        height=_HEIGHT,
        x_axis_type="datetime",
        y_range=DataRange1d(range_padding=0.15, default_span=1.0),
        tools=[],
        toolbar_location="above",
        sizing_mode="stretch_width",
        output_backend="canvas",
    )
    plain(plot)
    plot.toolbar.logo = None
    plot.yaxis.formatter = PrintfTickFormatter(format="%.6g", tags=["unit"])
    plot.add_tools(
        WheelZoomTool(dimensions="width", modifiers={"ctrl": True}), PanTool(), ResetTool()
    )
    plot.line("x", "y", source=points, color=GREY, alpha=0.45)
    plot.step("x", "y", source=asked, mode="after", color=RED, line_dash="dashed", alpha=0.8)
    marks = plot.scatter(
        "x", "y", source=points, size=9, marker="marker", color="color", line_width=2
    )
    # Not from the threshold, which may be far away, and would press all values flat.
    plot.y_range.renderers = [marks]
    hover(plot, marks, _SHOWN, along_x=False)
    item: dict[str, Any] = json_item(plot, "trend")
    return item


def trend_data(found: Sequence[Trend]) -> dict[str, Any]:
    """Return the trends as the page's script takes them: runs by number, values in the unit shown."""
    used = {id(figure.run): figure.run for trend in found for figure in trend.figures}
    numbers = {key: number for number, key in enumerate(used)}
    labels = sorted({name for run in used.values() for name in run.labels})[:_MOST_LABELS]
    return {
        "colors": CYCLE,
        "by": ["kubedrill", "kubernetes", "cluster", *(f"label {name}" for name in labels)],
        "runs": [_run(run, labels) for run in used.values()],
        "trends": [_trend(trend, numbers) for trend in found],
    }


def _run(run: PastRun, labels: Sequence[str]) -> dict[str, Any]:
    versions = [run.version("kubedrill"), run.version("kubernetes")]
    by = [*versions, run.cluster, *(run.labels.get(name, "") for name in labels)]
    return {"name": run.path, "at": round(run.start.timestamp() * 1000), "by": by}


def _trend(trend: Trend, numbers: dict[int, int]) -> dict[str, Any]:
    factor, unit = trend.scale
    return {
        "experiment": trend.experiment,
        "phase": trend.phase,
        "name": trend.name,
        "unit": unit,
        "points": [
            [
                numbers[id(figure.run)],
                float(f"{figure.value / factor:.6g}"),
                float(f"{figure.asked.threshold / factor:.6g}"),
                figure.asked.operator,
                int(figure.asked.verdict is Verdict.PASS),
            ]
            for figure in trend.figures
        ],
    }
