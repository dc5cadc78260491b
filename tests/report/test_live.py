"""The view of a running drill."""

import io

import pytest
from rich.console import Console
from told import event

from kubedrill.clock import SECOND
from kubedrill.record.live import LiveFigures, LiveLoad
from kubedrill.record.schedule import Schedule
from kubedrill.record.timeline import read_timeline
from kubedrill.report.live import LiveView


def figures_at(schedule: Schedule, after_s: int) -> LiveFigures:
    time = schedule.start + after_s * SECOND
    phase = schedule.phase_at(time)
    down = 55 <= after_s < 117
    return LiveFigures(
        time=time,
        phase=phase.name if phase else None,
        phase_left_s=(phase.end - time) / SECOND if phase else 0,
        loads={"list": LiveLoad(10.0, 9.8, 0.0712), "of another phase": LiveLoad(0.0, 0.0, None)},
        reads=1.0,
        writes=0.975 if down else 1.0,
        members={"a": "healthy", "b": "refused" if down else "healthy", "c": "healthy"},
        leader="a" if down else "b",
        faults=("etcd.kill on etcd-b",) if down else (),
        lag_s=0.004,
    )


@pytest.fixture
def schedule(drill) -> Schedule:
    return Schedule.read(drill().schedule)


def test_without_a_terminal_a_line_each_ten_seconds(schedule: Schedule) -> None:
    text = io.StringIO()
    with LiveView(schedule, Console(file=text, width=80)) as view:
        for quarter in range(4 * 160):
            view.show(figures_at(schedule, quarter // 4))
    lines = text.getvalue().splitlines()
    assert len(lines) == 15
    assert lines[5] == (
        "  +60.0 s  fault, 55 s left | list 9.80/s of 10.0/s, p99 71 ms | reads 100 %, "
        "writes 97.5 % | etcd a:leader b:refused c:healthy | etcd.kill on etcd-b"
    )


def test_without_a_terminal_every_event_has_its_line(drill) -> None:
    folder = drill(invalid=("interrupted",))
    text = io.StringIO()
    events = read_timeline(folder.timeline)
    schedule = Schedule.read(folder.schedule)
    with LiveView(schedule, Console(file=text, width=80)) as view:
        for event in events:
            view.event(event)
    lines = [line.strip() for line in text.getvalue().splitlines()]
    assert len(lines) == len(events)
    assert "+10.0 s  phase baseline" in lines
    assert "+55.0 s  etcd.kill on etcd-b injected: SIGKILL to pid 4242, held down" in lines
    assert "+55.0 s  etcd-b exited as asked by fault (signal 9)" in lines
    assert "+130.0 s  drill interrupted by SIGINT" in lines


def test_on_a_terminal_all_is_shown_and_cleared(schedule: Schedule) -> None:
    text = io.StringIO()
    console = Console(file=text, width=100, height=40, force_terminal=True)
    with LiveView(schedule, console) as view:
        view.event(event(schedule.start, "phase", "warmup"))
        view.show(figures_at(schedule, 70))
        shown = text.getvalue()
    for word in (
        "fault",
        "45 s left in fault",
        "9.80/s of 10.0/s",
        "97.5 %",
        "refused",
        "etcd.kill on",
        "phase w",
    ):
        assert word in shown
    assert "another" not in shown
    assert shown.startswith("\x1b[?25l"), "the cursor is hidden meanwhile"
    assert "\x1b[?25h" in text.getvalue()


def test_the_cursor_comes_back_whatever_ends_the_view(schedule: Schedule) -> None:
    text = io.StringIO()
    console = Console(file=text, width=100, force_terminal=True)

    def interrupted() -> None:
        with LiveView(schedule, console) as view:
            view.show(figures_at(schedule, 20))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert "\x1b[?25h" in text.getvalue()


def test_figures_before_anything_was_measured(schedule: Schedule) -> None:
    text = io.StringIO()
    console = Console(file=text, width=100, force_terminal=True)
    with LiveView(schedule, console) as view:
        view.show(LiveFigures(schedule.start - SECOND, None, 0.0))
    assert "reads -" in text.getvalue()
