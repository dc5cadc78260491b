"""The prober, as its own process, against servers whose behaviour is known."""

import os
import signal
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from json_lines import read_lines

from kubedrill.clock import SECOND, now
from kubedrill.process.child import ChildFailed
from kubedrill.record.cluster import Component, Identity
from kubedrill.record.lines import read_whole
from kubedrill.record.sample import PROBE_DTYPE, Outcome, read_bin
from kubedrill.record.schedule import ProbeRates, Probing
from kubedrill.record.sidecar import ProbeSidecar

pytestmark = pytest.mark.alone

MODULE = "kubedrill.observe.prober"
MICROSECOND = 1000
"""To which records are rounded, in ns."""


class Probes:
    def __init__(self, folder):
        path = folder.samples / "probe.bin"
        self.all = read_bin(path, PROBE_DTYPE)
        self.sidecar = read_whole(path.with_suffix(".json"), ProbeSidecar)
        self.rates = self.sidecar.rates
        self.names = [series.name for series in self.sidecar.series]

    def of(self, name):
        chosen = self.all[self.all["series"] == self.names.index(name)]
        return chosen[np.argsort(chosen["intended"], kind="stable")]

    def assert_none_missing(self, start, end):
        """Every arrival that was due has exactly one record, in outages too."""
        for name, rate in self.rates.items():
            intended = self.of(name)["intended"].astype(np.int64)
            assert abs(len(intended) - rate * (end - start) / SECOND) <= 1, name
            assert np.abs(np.diff(intended) - SECOND / rate).max() <= 2, name

    @property
    def longest_gap(self):
        """The longest time between two arrivals that were due, in ns."""
        return int(np.diff(np.sort(self.all["intended"].astype(np.int64))).max())


def sent(probes):
    return probes["intended"].astype(np.int64) + probes["wait_us"] * 1000


def ended(probes):
    return probes["intended"].astype(np.int64) + probes["total_us"] * 1000


def within(probes, begin, end=2**62):
    """Return the probes that were asked and answered between two times, however long they took."""
    return probes[(sent(probes) > begin) & (ended(probes) < end)]


def overlapping(probes, target):
    """Return how many probes were sent while another of their kept series was on its way."""
    kept = [
        found
        for found, name in ((probes.of(name), name) for name in probes.names)
        if "/fresh/" not in name and found["target"][0] == target
    ]
    return sum(
        int((sent(found)[1:] <= np.maximum.accumulate(ended(found))[:-1]).sum()) for found in kept
    )


@pytest.fixture
def one_zone(server, local, probe_object):
    balancer = server(probe_object.answer)
    apiserver = server(probe_object.answer)
    component = Component("kube-apiserver-a", "kube-apiserver", "a", apiserver.endpoint)
    return local(balancer.endpoint, (component,)), balancer, apiserver


def test_answers_refusals_and_stalls_are_recorded_as_they_were(one_zone, scheduled, at) -> None:
    drill, balancer, _ = one_zone
    schedule = scheduled(8, Probing(deadline=0.5))
    child = drill.start(MODULE, schedule)
    # When each began to change, and when it had changed.
    changes = [
        at(schedule.start + second * SECOND, change)
        for second, change in (
            (1, balancer.refuse),
            (3, balancer.listen),
            (4, balancer.stall),
            (6, balancer.answers),
        )
    ]
    drill.finish(child)
    (refuse, refuses), (listen, listens), (stall, stalls), (answer, answers) = changes

    probes = Probes(drill.folder)
    probes.assert_none_missing(schedule.start, schedule.end)
    through = [name for name in probes.names if name.startswith("balancer/")]
    assert len(through) == 7
    counts = []
    for name in through:
        of_it = probes.of(name)
        refused = within(of_it, refuses, listen)
        # A kept connection that was cut is seen as such by the one probe that tries it next.
        wanted = {Outcome.REFUSED} if "/fresh/" in name else {
            Outcome.REFUSED, Outcome.EOF, Outcome.RESET,
        }  # fmt: skip
        assert set(refused["outcome"].tolist()) <= wanted, name
        stalled = within(of_it, stalls, answer)
        assert set(stalled["outcome"].tolist()) <= {Outcome.TIMEOUT}, name
        assert ((stalled["total_us"] - stalled["wait_us"]) >= 500_000).all()
        assert (stalled["first_byte_us"] == 0).all()
        fine = np.concatenate(
            [within(of_it, 0, refuse), within(of_it, listens, stall), within(of_it, answers)]
        )
        assert set(fine["outcome"].tolist()) == {200}, name
        counts += [len(refused), len(stalled)]
        assert (fine["first_byte_us"] > 0).all()
        assert (fine["first_byte_us"] <= fine["total_us"]).all()
    assert min(sum(counts[::2]), sum(counts[1::2])) >= len(through)
    # What is sent less than a deadline before the end of the stall is answered after it.
    waited = probes.all[(sent(probes.all) > stalls) & (sent(probes.all) < answer)]
    waited = waited[(waited["target"] == 0) & (waited["outcome"] == 200)]
    assert len(waited) > 0
    assert ended(waited).min() >= answer
    direct = probes.all[probes.all["target"] == 1]
    assert len(direct) == 32
    assert set(direct["outcome"].tolist()) == {200}


def test_fresh_is_fresh_kept_is_kept_and_the_victim_is_itself(one_zone, scheduled) -> None:
    drill, balancer, apiserver = one_zone
    schedule = scheduled(2)
    drill.finish(drill.start(MODULE, schedule))
    probes = Probes(drill.folder)
    fresh = sum(len(probes.of(name)) for name in probes.names if name.startswith("balancer/fresh"))
    assert fresh == 48
    # Besides: a connection of each of the 3 kept series, and of each probe that found it in use; one of
    # each of the 7 series before the first probe, if the machine is so slow that none of these was kept.
    assert 3 <= balancer.accepted - fresh <= 3 + 7 + overlapping(probes, target=0)
    assert 2 <= apiserver.accepted <= 2 + 2 + overlapping(probes, target=1)
    assert balancer.agents == {"certificate", "Bearer victims-token"}


def test_a_kept_connection_that_was_closed_while_idle_is_replaced(one_zone, scheduled, at) -> None:
    drill, balancer, apiserver = one_zone
    schedule = scheduled(2)
    child = drill.start(MODULE, schedule)
    drop, dropped = at(schedule.start + SECOND, lambda: (balancer.drop(), apiserver.drop()))
    drill.finish(child)
    probes = Probes(drill.folder)
    failed = probes.all[probes.all["outcome"] != 200]
    # What was in flight at that moment, by chance.
    assert ((sent(failed) <= dropped) & (ended(failed) >= drop - MICROSECOND)).all()
    assert len(within(probes.all, dropped)) > 0
    assert 4 <= apiserver.accepted <= 4 + 2 + overlapping(probes, target=1)


def test_a_missing_identity_is_found_before_go(one_zone, pki) -> None:
    drill, *_ = one_zone
    drill.record.identities["victim"] = Identity("victim", token_file=str(pki.folder / "none"))
    with pytest.raises(ChildFailed, match="No such file"):
        drill.launch(MODULE)


def test_stopped_by_sigstop_it_says_how_late_it_was(one_zone, scheduled, at) -> None:
    drill, *_ = one_zone
    schedule = scheduled(4)
    child = drill.start(MODULE, schedule)
    _, stopped = at(schedule.start + SECOND, lambda: os.kill(child.pid, signal.SIGSTOP))
    woken, _ = at(schedule.start + 2 * SECOND, lambda: os.kill(child.pid, signal.SIGCONT))
    drill.finish(child)
    probes = Probes(drill.folder)
    probes.assert_none_missing(schedule.start, schedule.end)
    intended = probes.all["intended"]
    asleep = probes.all[(intended > stopped) & (intended < woken)]
    assert len(asleep) >= 20
    assert sent(asleep).min() >= woken - MICROSECOND
    assert (asleep["wait_us"] <= asleep["total_us"]).all()
    # Its own lateness is not the cluster's failure.
    assert set(asleep["outcome"].tolist()) == {200}
    vitals = list(read_lines(drill.folder.samples / "probe.workers.jsonl"))
    most = max(line["lag_max_us"] for line in vitals)
    assert most >= asleep["wait_us"].max() >= (woken - stopped - probes.longest_gap) // 1000


@pytest.mark.parametrize("objects", [1, 16])
def test_stale_reads_say_how_stale(one_zone, scheduled, at, probe_object, objects) -> None:
    drill, *_ = one_zone
    drill.record = replace(drill.record, probe_objects=objects)
    schedule = scheduled(4)
    child = drill.start(MODULE, schedule)
    freeze, frozen = at(schedule.start + SECOND, probe_object.freeze)
    thaw, thawed = at(schedule.start + 3 * SECOND, probe_object.thaw)
    drill.finish(child)
    probes = Probes(drill.folder)
    reads = probes.of("balancer/kept/stale-read/prober")
    stale = within(reads, frozen, thaw)
    writes = np.concatenate([probes.of(name) for name in probes.names if "/write/" in name])
    missed = ended(within(writes, frozen, thaw)).min()
    assert len(stale) >= 2
    # It misses what was written since, and acknowledged after the freeze: one write at least is known.
    staleness = stale["staleness_us"] * 1000
    assert (staleness <= sent(stale) - freeze).all()
    if objects == 1:  # else the first write that is missed may be of another object than was read
        assert (staleness >= sent(stale) - missed - 2 * MICROSECOND).all()
    assert staleness.max() > SECOND
    assert within(reads, 0, freeze)["staleness_us"].max() == 0
    assert within(reads, thawed)["staleness_us"].max() == 0
    assert probes.of("balancer/fresh/read/prober")["staleness_us"].max() == 0


@pytest.mark.parametrize(
    ("objects", "rates", "written"),
    [
        (1, ProbeRates(), 1),  # a cluster that an earlier version brought up
        (16, ProbeRates(), 5),  # 19 writes a second
        (16, ProbeRates(fresh=50.0), 15),
        (16, ProbeRates(fresh=100.0), 16),
        (16, ProbeRates(fresh=2.0, kept=0.0, apiserver=0.0, victim=0.0), 1),
    ],
)
def test_writes_of_one_object_do_not_meet(one_zone, scheduled, objects, rates, written) -> None:
    drill, *servers = one_zone
    drill.record = replace(drill.record, probe_objects=objects)
    drill.finish(drill.start(MODULE, scheduled(2, Probing(rates=rates, deadline=10.0))))
    counts = Counter(
        path.partition("?")[0]
        for server in servers
        for _, method, path in server.requests
        if method == "PUT"
    )
    assert len(counts) == written
    assert max(counts.values()) - min(counts.values()) <= 1


@pytest.mark.parametrize(
    "case",
    [
        (b"<html>not what was asked</html>", 200, Outcome.MALFORMED),
        (b"", 200, Outcome.MALFORMED),
        (b'{"kind":"Status"}', 503, 503),
    ],
)
def test_an_answer_that_is_none_is_no_success(server, local, scheduled, reply, case) -> None:
    body, status, outcome = case
    drill = local(server(lambda *_: reply(body, status)).endpoint)
    drill.finish(drill.start(MODULE, scheduled(0.5)))
    assert set(Probes(drill.folder).all["outcome"].tolist()) == {outcome}


def test_end_of_stdin_cuts_what_is_in_flight(one_zone, scheduled, at) -> None:
    drill, balancer, _ = one_zone
    schedule = scheduled(60)
    child = drill.start(MODULE, schedule)
    stall, stalls = at(schedule.start + SECOND, balancer.stall)
    end, _ = at(schedule.start + SECOND + SECOND // 2, child.end)
    drill.finish(child)
    gone = now()
    probes = Probes(drill.folder)
    last = int(probes.all["intended"].max())
    assert end - probes.longest_gap < last < gone < schedule.end
    probes.assert_none_missing(schedule.start, last)
    through = probes.all[probes.all["target"] == 0]
    assert set(through[through["intended"] > stalls]["outcome"].tolist()) == {Outcome.CUT}
    assert set(within(probes.all, 0, stall)["outcome"].tolist()) == {200}
    assert set(probes.all["outcome"].tolist()) == {200, Outcome.CUT}
    assert ended(probes.all[probes.all["outcome"] == Outcome.CUT]).min() >= end - MICROSECOND
    line = list(read_lines(drill.folder.samples / "probe.workers.jsonl"))[-1]
    assert line["due"] == len(probes.all) == line["sent"] + line["dropped"]


def test_end_of_stdin_before_go(one_zone) -> None:
    drill, *_ = one_zone
    child = drill.launch(MODULE)
    child.end()
    drill.finish(child)
    assert not (drill.folder.samples / "probe.bin").exists()


def test_sigkill_leaves_whole_records(one_zone, scheduled, wait_for) -> None:
    drill, *_ = one_zone
    child = drill.start(MODULE, scheduled(60))
    file = drill.folder.samples / "probe.bin"
    for count in (1, 20):  # they are handed over while it runs, and not once
        wait_for(lambda: file.exists() and len(read_bin(file, PROBE_DTYPE)) >= count)  # noqa: B023
    child.kill()
    assert file.stat().st_size % PROBE_DTYPE.itemsize == 0
    assert set(Probes(drill.folder).all["outcome"].tolist()) == {200}


def test_interrupts_from_the_terminal_are_not_its_business(one_zone, scheduled) -> None:
    drill, *_ = one_zone
    schedule = scheduled(2)
    child = drill.start(MODULE, schedule)
    for number in (signal.SIGINT, signal.SIGHUP):
        os.kill(child.pid, number)
    drill.finish(child)
    Probes(drill.folder).assert_none_missing(schedule.start, schedule.end)


def test_the_prober_stays_until_the_drill_ends(one_zone, scheduled) -> None:
    drill, _, _ = one_zone
    rates = ProbeRates(fresh=1, kept=1, apiserver=1, victim=1, stale=1)
    schedule = scheduled(1, probing=Probing(rates=rates))
    drill.finish(drill.start(MODULE, schedule))
    assert now() >= schedule.end, "its last probes are due up to a second before"
