from pathlib import Path

import pytest

from kubedrill.record.timeline import Event, Timeline, read_timeline


def test_events_come_back_in_the_order_of_their_times(tmp_path: Path) -> None:
    path = tmp_path / "timeline.jsonl"
    timeline = Timeline(path)
    timeline.add(Event(2, "phase", "fault"))
    timeline.add(Event(1, "fault", "etcd.kill", {"event": "injected", "target": "etcd-b"}))
    assert len(path.read_text().splitlines()) == 2, "on disk before it is closed"
    timeline.close()
    assert read_timeline(path) == [
        Event(1, "fault", "etcd.kill", {"event": "injected", "target": "etcd-b"}),
        Event(2, "phase", "fault"),
    ]


def test_an_event_of_no_known_kind_is_a_mistake(tmp_path: Path) -> None:
    timeline = Timeline(tmp_path / "timeline.jsonl")
    with pytest.raises(ValueError, match="unknown kind of event: fase"):
        timeline.add(Event(1, "fase", "fault"))
    timeline.close()


def test_a_last_line_cut_off_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "timeline.jsonl"
    path.write_text('{"time": 1, "kind": "note", "name": "n"}\n{"time": 2, "ki')
    assert read_timeline(path) == [Event(1, "note", "n")]
    assert read_timeline(tmp_path / "none.jsonl") == []
