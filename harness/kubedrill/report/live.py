"""Report: the view of a drill that is running; a few plain lines where there is no terminal."""

from collections import deque
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from kubedrill.clock import SECOND
from kubedrill.record.live import LiveFigures, LiveLoad
from kubedrill.record.schedule import Schedule
from kubedrill.record.timeline import Event
from kubedrill.report import figures
from kubedrill.report.events import event_words, is_trouble
from kubedrill.words import few

if TYPE_CHECKING:
    from kubedrill.report.live_page import LivePage

LINE_EVERY_S = 10
"""Without a terminal: how often the figures are printed."""

_KEPT_EVENTS = 6
_LATE_S = 0.25
"""A phase with arrivals later than this becomes INVALID: shown in yellow from here on."""


class LiveView:
    """Shows figures and events until its `with` block ends, however it ends; figures on a `page`, too."""

    def __init__(
        self, schedule: Schedule, console: Console, page: "LivePage | None" = None
    ) -> None:
        self._schedule = schedule
        self._page = page
        self._console = console
        self._events: deque[Event] = deque(maxlen=_KEPT_EVENTS)
        self._figures: LiveFigures | None = None
        self._next_line = schedule.start + LINE_EVERY_S * SECOND
        self._live: Live | None = None

    def __enter__(self) -> "LiveView":
        if self._console.is_terminal:
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()
        if self._page is not None:
            self._page.clear()

    def show(self, figures_now: LiveFigures) -> None:
        """Show these figures in place of the last ones."""
        self._figures = figures_now
        if self._page is not None:
            self._page.show(self._schedule, figures_now)
        if self._live is not None:
            self._live.update(self._frame(), refresh=True)
        elif figures_now.phase and figures_now.time >= self._next_line:
            self._next_line += LINE_EVERY_S * SECOND
            self._print(figures_now.time, self._line(figures_now))

    def event(self, event: Event) -> None:
        """Show an event."""
        self._events.append(event)
        if self._live is None:
            self._print(event.time, event_words(event))
        else:
            self._live.update(self._frame(), refresh=True)

    def _print(self, time: int, text: str) -> None:
        line = f"{figures.offset(time, self._schedule.start):>9}  {text}"
        self._console.print(Text(line), soft_wrap=True)

    def _line(self, now: LiveFigures) -> str:
        loads = [f"{name} {_load(load)}" for name, load in now.at_work.items()]
        probes = f"reads {figures.share(now.reads)}, writes {figures.share(now.writes)}"
        members = " ".join(f"{zone}:{_member(now, zone)}" for zone in now.members)
        parts = [f"{now.phase}, {now.phase_left_s:.0f} s left", *loads, probes]
        parts += [f"etcd {members}"] if members else []
        return " | ".join([*parts, *map(few, now.faults)])

    def _frame(self) -> RenderableType:
        now = self._figures
        if now is None:
            return Group(self._title(), *self._last_events())
        return Group(self._title(), self._progress(now), _table(now), *self._last_events())

    def _title(self) -> Text:
        plan = self._schedule
        return Text.assemble((plan.experiment, "bold"), f" on {plan.cluster}: {plan.title}")

    def _progress(self, now: LiveFigures) -> RenderableType:
        plan = self._schedule
        total = (plan.end - plan.start) / SECOND
        done = min(max((now.time - plan.start) / SECOND, 0.0), total)
        phases = Text(" > ").join(
            Text(phase.name, style="bold reverse" if phase.name == now.phase else "dim")
            for phase in plan.phases
        )
        grid = Table.grid(padding=(0, 2))
        left = f"{now.phase_left_s:.0f} s left in {now.phase}" if now.phase else ""
        bar = ProgressBar(total=total, completed=done, width=30)
        grid.add_row(bar, f"{done:.0f} of {total:.0f} s", left)
        return Group(phases, grid)

    def _last_events(self) -> Iterator[Text]:
        for event in self._events:
            when = figures.offset(event.time, self._schedule.start)
            style = "bold red" if is_trouble(event) else ""
            yield Text.assemble((f"{when:>9}  ", "dim"), (event_words(event), style))


def _table(now: LiveFigures) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    for name, load in now.at_work.items():
        table.add_row(f"load {name}", _load(load))
    table.add_row(
        "probes", Text.assemble("reads ", _share(now.reads), "  writes ", _share(now.writes))
    )
    table.add_row("etcd", Text("  ").join(_member_text(now, zone) for zone in now.members))
    style = "yellow" if now.lag_s > _LATE_S else ""
    table.add_row("harness", Text(f"lag {figures.seconds(now.lag_s)}", style=style))
    faults = Text("\n".join(now.faults), style="red") if now.faults else Text("none in force")
    table.add_row("faults", faults)
    return table


def _load(load: LiveLoad) -> str:
    achieved, offered = figures.rate(load.achieved), figures.rate(load.offered)
    return f"{achieved} of {offered}, p99 {figures.seconds(load.p99_s)}"


def _share(value: float | None) -> tuple[str, str]:
    style = "" if value is None else "green" if value == 1 else "red"
    return figures.share(value), style


def _member(now: LiveFigures, zone: str) -> str:
    return "leader" if zone == now.leader else now.members[zone]


def _member_text(now: LiveFigures, zone: str) -> Text:
    style = "green" if now.members[zone] == "healthy" else "red"
    return Text.assemble(f"{zone} ", (_member(now, zone), style))
