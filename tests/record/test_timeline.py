from pathlib import Path

import pytest

from kubedrill.record.components import Exited
from kubedrill.record.faults import FaultLine
from kubedrill.record.lines import BadEvidence
from kubedrill.record.timeline import (
    FaultTold,
    Note,
    PhaseBegan,
    Timeline,
    component_event,
    read_timeline,
)

INJECTED = FaultLine(
    time=1, fault="etcd.kill", index=0, event="injected", targets=("etcd-b",), proof="p", facts={}
)


def test_events_come_back_in_the_order_of_their_times(tmp_path: Path) -> None:
    path = tmp_path / "timeline.jsonl"
    timeline = Timeline(path)
    exited = Exited(time=3, component="etcd-b", pid=7, status=-9, asked=True, by="fault")
    events = [FaultTold.of(INJECTED), PhaseBegan(time=2, name="fault"), component_event(exited)]
    for event in reversed(events):
        timeline.add(event)
    assert len(path.read_text().splitlines()) == 3, "on disk before it is closed"
    timeline.close()
    assert read_timeline(path) == events


@pytest.mark.parametrize(
    "line",
    [
        '{"time":1,"kind":"fase","name":"fault"}',
        '{"time":1,"kind":"drill","name":"endet"}',
        '{"time":1,"kind":"drill","name":"aborted"}',
    ],
)
def test_an_event_of_no_known_kind_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "timeline.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(BadEvidence, match=r"timeline\.jsonl:1: "):
        read_timeline(path)


def test_a_last_line_cut_off_is_left_out_where_it_may_be(tmp_path: Path) -> None:
    path = tmp_path / "timeline.jsonl"
    path.write_text('{"time": 1, "kind": "note", "name": "n"}\n{"time": 2, "ki')
    assert read_timeline(path, may_be_cut=True) == [Note(time=1, name="n")]
    with pytest.raises(BadEvidence, match=r"timeline\.jsonl:2: is cut off"):
        read_timeline(path)
    with pytest.raises(BadEvidence, match="is missing"):
        read_timeline(tmp_path / "none.jsonl")
