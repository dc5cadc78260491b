"""Each arrival and each probe has exactly one record, up to the drill's ending: no more, no fewer."""

from collections.abc import Callable

import numpy as np
import pytest
from judged_drill import JudgedDrill
from judged_scrapes import END, START, at
from told import event

from kubedrill.clock import MILLISECOND, SECOND
from kubedrill.judge import judge
from kubedrill.reading.arrivals import Arrivals
from kubedrill.record.manifest import seal
from kubedrill.record.sample import LOAD_DTYPE, Outcome, Records
from kubedrill.record.verdict import Verdict

Change = Callable[[Records], Records]
CLIENTS = 5


def repeated(records: Records, times: int) -> Records:
    """Let each success stand there so many times."""
    good = (records["outcome"] == 200) & (records["series"] == 0)
    return np.concatenate([records, *[records[good]] * (times - 1)])


def one_more(number: int) -> Change:
    return lambda records: np.concatenate([records, records[number : number + 1]])


def moved(number: int, by: int) -> Change:
    def change(records: Records) -> Records:
        changed = records["intended"].astype(np.int64)
        changed[number] += by
        records["intended"] = changed
        return records

    return change


def invented(records: Records) -> Records:
    more = records[10:12].copy()
    more["intended"] += 1
    return np.concatenate([records, more])


TOO_MANY = [
    ("20 copies of each success", lambda records: repeated(records, 20), "57,000 records are"),
    ("one copy", one_more(40), "record 6000: what was due at 0.200000000 s of the drill has a rec"),
    (
        "one in another's stead",
        moved(40, 10 * MILLISECOND),
        "record 42: what was due at 0.210000000 s",
    ),
    ("1 ns early", moved(40, -1), "record 40: what was due at 0.199999999 s of the drill is noth"),
    ("1 ns late", moved(40, 1), "record 40: what was due at 0.200000001 s of the drill is nothing"),
    ("half a second late", moved(-2, SECOND // 2), "record 5998: was due outside the drill"),
    ("two invented", invented, "record 6000: what was due at 0.050000001 s of the drill is noth"),
    ("all later by 10 ms", lambda records: later(records, 10 * MILLISECOND), "outside the drill"),
    ("all later by 1 ns", lambda records: later(records, 1), "3,000 records are too many"),
]


def later(records: Records, by: int) -> Records:
    records["intended"] += by
    return records


@pytest.mark.parametrize(("change", "words"), [case[1:] for case in TOO_MANY], ids=lambda _: "")
def test_more_records_than_arrivals(drill: JudgedDrill, tmp_path, change: Change, words) -> None:
    drill.load = change(drill.load)
    report = drill.judged(tmp_path)
    assert report.verdict is Verdict.INVALID
    said = [reason for reason in report.reasons if "load list: samples/load-list.bin: " in reason]
    assert len(said) == 3, report.reasons  # of each phase that is judged
    assert all(words in reason for reason in said)


def swapped_lanes(records: Records) -> Records:
    """Let reads and writes be each other."""
    number = records["series"].copy()
    records["series"][number == 0], records["series"][number == 1] = 1, 0
    return records


PROBES = [
    (lambda records: repeated(records, 2), "records are too many"),
    (one_more(40), "has a record already"),
    (moved(40, 1), "is nothing"),
    (swapped_lanes, "is nothing"),
]


@pytest.mark.parametrize(("change", "words"), PROBES)
def test_more_records_than_probes(drill: JudgedDrill, tmp_path, change: Change, words) -> None:
    drill.probes = change(drill.probes)
    report = drill.judged(tmp_path)
    assert report.verdict is Verdict.INVALID
    said = "prober: samples/probe.bin: record "
    assert all(said in reason and words in reason for reason in report.reasons)
    assert len(report.reasons) >= 3


@pytest.mark.parametrize("number", range(13))
def test_no_lane_may_lack_a_probe(drill: JudgedDrill, tmp_path, number: int) -> None:
    row = np.flatnonzero(drill.probes["series"] == number)[12]
    drill.probes = np.delete(drill.probes, row)
    [reason] = drill.judged(tmp_path).reasons
    assert f" probes of {drill.lanes[number].name} are not in samples/probe.bin" in reason


@pytest.mark.parametrize(
    ("key", "value"),
    [("deadline_s", 30.0), ("rates", {}), ("series", ()), ("targets", ("unknown",))],
)
def test_a_prober_that_asked_other_questions(drill, tmp_path, key, value) -> None:
    drill.probed = {key: value}
    report = drill.judged(tmp_path)
    said = f"prober: samples/probe.json: {key}: not as schedule.json and cluster.json have it"
    assert f"baseline: {said}" in report.reasons
    assert report.verdict is Verdict.INVALID


OPEN = {
    "odd": Arrivals.constant(33.3),
    "poisson": Arrivals(((0.0, 50.0),), "poisson"),
    "bursts": Arrivals(((0.0, 20.0),), burst=7),
    "poisson bursts": Arrivals(((0.0, 30.0),), "poisson", burst=4),
    "ramp": Arrivals(((0.0, 0.0), (20.0, 100.0))),
    "steps": Arrivals(((0.0, 5.0), (9.0, 5.0), (9.0, 60.0))),
}


def due(drill: JudgedDrill) -> np.ndarray:
    schedule = drill.schedule()
    return np.concatenate(list(schedule.dues(schedule.loads[0])))


def answered(times: np.ndarray) -> Records:
    records = np.zeros(len(times), LOAD_DTYPE)
    records["intended"], records["outcome"], records["total_us"] = times, 200, 20_000
    return records


@pytest.mark.parametrize("processes", [1, 2, 3])
@pytest.mark.parametrize("phases", [(), ("warmup", "fault", "recovery")])
@pytest.mark.parametrize("name", OPEN)
def test_whatever_the_pattern(drill, tmp_path, name, phases, processes) -> None:
    drill.objectives = [("fault", "list.error_rate < 1%")]
    drill.loaded = {"arrivals": OPEN[name], "phases": phases, "processes": processes}
    times = due(drill)
    shuffled = np.random.default_rng(1).permutation(len(times))
    drill.load = answered(times)[shuffled]
    report = drill.judged(tmp_path / "whole")
    assert (report.verdict, report.reasons) == (Verdict.PASS, [])
    drill.load = answered(times)[shuffled[1:]]
    [lacking] = drill.judged(tmp_path / "lacking").reasons
    assert " arrivals are not in samples/load-list" in lacking
    drill.load = answered(times)[[*shuffled, shuffled[7]]]
    assert all(
        "has a record already" in reason for reason in drill.judged(tmp_path / "more").reasons
    )


def test_the_samples_of_two_processes_that_were_taken_for_each_other(drill, tmp_path) -> None:
    drill.loaded = {"processes": 2}
    drill.load = answered(due(drill))
    folder = drill.write(tmp_path)
    first, second = (folder.samples / f"load-list@{number}.bin" for number in range(2))
    taken = first.read_bytes(), second.read_bytes()
    second.write_bytes(taken[0])
    first.write_bytes(taken[1])
    seal(folder)
    reasons = judge(folder).reasons
    said = (
        "samples/load-list@0.bin: record 0: what was due at 0.010000000 s of the drill is nothing"
    )
    assert any(f"{said}; 1,500 records are too many" in reason for reason in reasons), reasons


ENDINGS = [
    ("interrupted", {"signal": "SIGINT"}),
    ("aborted", {"condition": "availability < 50% for 3s"}),
    ("failed", {"reason": "disk full", "error": "OSError"}),
]


@pytest.mark.parametrize(("name", "details"), ENDINGS)
@pytest.mark.parametrize("after_s", [0.0, 0.3, 2.0])
def test_up_to_its_ending(drill: JudgedDrill, tmp_path, name, details, after_s) -> None:
    drill.events[-1] = event(at(12.345), "drill", name, details)
    load, probes = drill.load, drill.probes

    def lacking(folder: str) -> list[str]:
        reasons = drill.judged(tmp_path / folder).reasons
        return [reason for reason in reasons if " are not in " in reason]

    # The generators end a little later than the drill: what was due by then is recorded as well.
    drill.load = load[load["intended"] < at(12.345 + after_s)]
    drill.probes = probes[probes["intended"] < at(12.345 + after_s)]
    assert lacking("whole") == []
    drill.load = load[load["intended"] < at(12.335)]
    assert lacking("cut") == [
        "fault: load list: 1 of 235 arrivals are not in samples/load-list.bin"
    ]
    drill.load = np.delete(load[load["intended"] < at(13)], np.flatnonzero(drill_lists(load))[3])
    assert lacking("hole") == [
        "baseline: load list: 1 of 500 arrivals are not in samples/load-list.bin"
    ]


def drill_lists(load: Records) -> np.ndarray:
    return (load["series"] == 0) & (load["intended"] >= at(5)) & (load["intended"] < at(10))


@pytest.mark.parametrize(
    "change", [lambda drill: repeated(drill.load, 2), lambda drill: drill.load[2:]]
)
def test_what_is_wrong_with_the_samples_of_an_aborted_drill_is_no_finding(
    drill: JudgedDrill, tmp_path, change
) -> None:
    drill.events[-1] = event(at(12), "drill", "aborted", ENDINGS[1][1])
    drill.load = change(drill)
    assert drill.judged(tmp_path).verdict is Verdict.INVALID


def test_of_a_killed_drill_nothing_is_missing_but_copies_are_told(drill, tmp_path) -> None:
    drill.events = drill.events[:2]
    drill.load = drill.load[drill.load["intended"] < at(20)][5:]
    reasons = drill.judged(tmp_path / "killed").reasons
    assert not [reason for reason in reasons if "arrivals" in reason]
    drill.load = repeated(drill.load, 2)
    reasons = drill.judged(tmp_path / "copied").reasons
    assert [reason for reason in reasons if "records are too many" in reason]


def closed(pause_s: float = 0.0, answer_s: float = 0.1) -> Records:
    """Clients that ask one after the other, each for itself, until the drill ends."""
    steps = np.arange(0, END, answer_s + pause_s)
    times = [at(step) + client * 1000 for step in steps.tolist() for client in range(CLIENTS)]
    records = answered(np.array(times))
    records["total_us"] = round(answer_s * 1e6)
    return records


def vitals(drill: JudgedDrill, records: Records) -> None:
    begun = np.sort(records["intended"].astype(np.int64))
    for line in drill.vitals:
        line["time"] += SECOND // 3
        line["due"] = int(np.searchsorted(begun, line["time"], side="right"))


@pytest.fixture
def looping(drill: JudgedDrill) -> JudgedDrill:
    drill.objectives = [("fault", "list.error_rate < 1%")]
    drill.loaded = {"arrivals": Arrivals.closed(CLIENTS)}
    drill.load = closed()
    vitals(drill, drill.load)
    return drill


def crowded(records: Records) -> Records:
    more = records[700:701].copy()
    more["intended"] += 5_000
    return np.concatenate([records, more])


def twice(records: Records) -> Records:
    return np.concatenate([records, records[700:702]])


def unseen(records: Records) -> Records:
    """One more in a gap, where a client is free, but begun by nobody."""
    records["total_us"][700:705] = 10_000
    more = records[700:701].copy()
    more["intended"] += 50 * MILLISECOND
    return np.concatenate([records, more])


def before(records: Records) -> Records:
    records["intended"][0] = START - 1
    return records


CLOSED = [
    (crowded, "record 705: 5 others were under way, and there are no more clients"),
    (twice, "record 1500: another one began in the same ns; 2 records are too many"),
    (unseen, "began by 14.333333333 s of the drill in it; its process had begun 720"),
    (before, "record 0: was due outside the drill"),
    (lambda records: np.delete(records, 400), "1 of 1,470 requests that its process had begun are"),
    (lambda records: records[:0], "requests that its process had begun are not in it"),
]


def test_a_closed_loop_that_is_whole(looping: JudgedDrill, tmp_path) -> None:
    report = looping.judged(tmp_path)
    assert (report.verdict, report.reasons) == (Verdict.PASS, [])


@pytest.mark.parametrize(("change", "words"), CLOSED)
def test_a_closed_loop_that_cannot_be(looping: JudgedDrill, tmp_path, change, words) -> None:
    looping.load = change(looping.load)
    report = looping.judged(tmp_path)
    assert report.verdict is Verdict.INVALID
    assert any(words in reason for reason in report.reasons), report.reasons


def test_a_closed_loop_presses_in_its_phases_only(looping: JudgedDrill, tmp_path) -> None:
    looping.loaded["phases"] = ("warmup", "fault")
    reasons = looping.judged(tmp_path).reasons
    assert any("record 250: its load did not press then; 750" in reason for reason in reasons), (
        reasons
    )


def test_of_a_closed_loop_that_was_killed_nothing_is_missing(looping, tmp_path) -> None:
    looping.events = looping.events[:2]
    looping.load = np.delete(looping.load, 400)
    assert not [reason for reason in looping.judged(tmp_path).reasons if "begun" in reason]


def test_dropped_and_cut_are_records_as_well(drill: JudgedDrill, tmp_path) -> None:
    rows = np.flatnonzero(drill.lists(29.9, 30))
    drill.load["outcome"][rows[::2]], drill.load["outcome"][rows[1::2]] = (
        Outcome.CUT,
        Outcome.DROPPED,
    )
    assert not [reason for reason in drill.judged(tmp_path).reasons if "not in samples" in reason]
