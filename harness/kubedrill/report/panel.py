"""Report: one panel of the timeline: its frame, its colours, and what every panel shares."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bokeh.models import (
    ColumnDataSource,
    CrosshairTool,
    FactorRange,
    FixedTicker,
    HoverTool,
    PanTool,
    Range1d,
    ResetTool,
    Span,
    WheelZoomTool,
)
from bokeh.plotting import figure

from kubedrill.clock import SECOND
from kubedrill.record.schedule import Schedule

# After Okabe and Ito: told apart by the colour-blind, on white and on black (its blue made lighter).
BLUE, ORANGE, GREEN, RED, PURPLE, SKY, GREY = (
    "#2187c9",
    "#e69f00",
    "#009e73",
    "#d55e00",
    "#cc79a7",
    "#56b4e9",
    "#8c8c8c",
)
CYCLE = (BLUE, ORANGE, GREEN, PURPLE, SKY, RED, GREY)

INK = "#7b8088"
"""Text and axes until the page's script knows whether it is light or dark: readable on both."""

LEFT = 104
"""Room for labels at the left, in pixels; the same everywhere, so that seconds stand in line."""


@dataclass(frozen=True, slots=True)
class Axis:
    """The time axis that all panels share; x is seconds after the drill's start."""

    schedule: Schedule
    range: Range1d = field(init=False)
    crosshair: Span = field(init=False)

    def __post_init__(self) -> None:
        span = Range1d(0, self.length, bounds=(0, self.length), min_interval=1, tags=["time"])
        object.__setattr__(self, "range", span)
        line = Span(dimension="height", line_color=INK, line_width=1, line_dash="dotted")
        object.__setattr__(self, "crosshair", line)

    @property
    def length(self) -> float:
        """Seconds from the first phase's start to the last one's end."""
        return (self.schedule.end - self.schedule.start) / SECOND

    def at(self, time: float) -> float:
        """Convert monotonic ns to x."""
        return (time - self.schedule.start) / SECOND

    def panel(
        self,
        title: str,
        height: int,
        lanes: Sequence[str] = (),
        y_range: Range1d | None = None,
        y_axis_type: str = "linear",
    ) -> figure:
        """Return an empty panel; with `lanes` its rows are these, the first one on top."""
        options: dict[str, Any] = {}
        if lanes:
            options["y_range"] = FactorRange(factors=list(reversed(lanes)), range_padding=0.1)
        elif y_range is not None:
            options["y_range"] = y_range
        plot = figure(
            title=title,
            height=height,
            x_range=self.range,
            y_axis_type="auto" if lanes else y_axis_type,
            tools=[],
            toolbar_location=None,
            sizing_mode="stretch_width",
            output_backend="canvas",
            **options,
        )
        plain(plot)
        plot.add_tools(
            # A wheel that zooms by itself would trap whoever scrolls through the page.
            WheelZoomTool(dimensions="width", modifiers={"ctrl": True}),
            PanTool(dimensions="width"),
            ResetTool(),
            CrosshairTool(overlay=self.crosshair),
        )
        return plot


def plain(plot: figure) -> None:
    """Give a figure the looks that all have: on the page's own ground, without a frame."""
    plot.min_border_left = LEFT
    plot.min_border_right = 12
    plot.background_fill_alpha = 0
    plot.border_fill_alpha = 0
    plot.outline_line_color = None
    plot.title.text_font_size = "13px"
    plot.title.text_color = INK
    plot.axis.axis_line_color = None
    plot.axis.major_tick_line_color = None
    plot.axis.minor_tick_line_color = None
    plot.axis.major_label_text_color = INK
    plot.axis.major_label_text_font_size = "11px"
    plot.grid.grid_line_color = INK
    plot.grid.grid_line_alpha = 0.18


def source(**columns: Any) -> ColumnDataSource:
    """Return columns for glyphs; arrays as lists, so that the page holds readable numbers."""
    return ColumnDataSource({name: _plain_list(values) for name, values in columns.items()})


def _plain_list(values: Any) -> list[Any]:
    found = values.tolist() if hasattr(values, "tolist") else list(values)
    return [round(value, 6) if isinstance(value, float) else value for value in found]


def hover(plot: figure, renderer: Any, shown: Mapping[str, str], along_x: bool = True) -> None:
    """Show columns (label: column) for the point under the pointer, or for its second."""
    rows = [(label, f"@{{{column}}}") for label, column in shown.items()]
    tool = HoverTool(
        renderers=[renderer],
        tooltips=[("at", "$x{0.0} s"), *rows] if along_x else rows,
        mode="vline" if along_x else "mouse",
        point_policy="follow_mouse",
        attachment="horizontal",
    )
    plot.add_tools(tool)


def even_ticks(top: float, about: int = 4) -> list[float]:
    """Return round numbers from 0 up to `top`, about so many."""
    rough = top / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    return [step * number for number in range(int(top / step) + 1)]


def name_ticks(plot: figure, ticks: Sequence[float], words: Callable[[float], str]) -> None:
    """Put the y axis' ticks there and name them so."""
    plot.yaxis.ticker = FixedTicker(ticks=list(ticks))
    plot.ygrid.ticker = FixedTicker(ticks=list(ticks))
    plot.yaxis.major_label_overrides = {tick: words(tick) for tick in ticks}


def legend(plot: figure) -> None:
    """Lay the legend out above the panel, where it covers nothing; a click hides a line."""
    found = plot.legend[0]
    plot.add_layout(found, "above")
    found.orientation = "horizontal"
    found.click_policy = "hide"
    found.padding = 0
    found.spacing = 14
    found.margin = 0
    found.border_line_color = None
    found.background_fill_alpha = 0
    found.label_text_color = INK
    found.label_text_font_size = "11px"
    found.glyph_height = 12
