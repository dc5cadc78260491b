"""The prober, as its own process, against servers whose behaviour is known."""

import os
import signal

import numpy as np
import pytest

from kubedrill.process.child import ChildFailed
from kubedrill.record.clock import MILLISECOND, SECOND
from kubedrill.record.cluster import Component, Identity
from kubedrill.record.files import read_lines
from kubedrill.record.sample import PROBE_DTYPE, Outcome, read_bin, read_sidecar
from kubedrill.record.schedule import Probing

MODULE = "kubedrill.observe.prober"
MARGIN = 100 * MILLISECOND


class Probes:
    def __init__(self, folder):
        path = folder.samples / "probe.bin"
        self.all = read_bin(path, PROBE_DTYPE)
        self.sidecar = read_sidecar(path)
        self.rates = self.sidecar["rates"]
        self.names = [one["name"] for one in self.sidecar["series"]]

    def of(self, name, start=0, end=2**63):
        chosen = self.all[self.all["series"] == self.names.index(name)]
        chosen = chosen[np.argsort(chosen["intended"], kind="stable")]
        return chosen[(chosen["intended"] >= start) & (chosen["intended"] < end)]

    def between(self, start, end):
        return self.all[(self.all["intended"] >= start) & (self.all["intended"] < end)]

    def assert_none_missing(self, start, end):
        """Every arrival that was due has exactly one record, in outages too."""
        for name, rate in self.rates.items():
            intended = self.of(name)["intended"].astype(np.int64)
            assert abs(len(intended) - rate * (end - start) / SECOND) <= 1, name
            assert np.abs(np.diff(intended) - SECOND / rate).max() <= 2, name


@pytest.fixture
def one_zone(server, local, probe_object):
    balancer = server(probe_object.answer)
    apiserver = server(probe_object.answer)
    component = Component("kube-apiserver-a", "kube-apiserver", "a", apiserver.endpoint)
    return local(balancer.endpoint, (component,)), balancer, apiserver


def test_answers_refusals_and_stalls_are_recorded_as_they_were(one_zone, scheduled, until) -> None:
    drill, balancer, _ = one_zone
    schedule = scheduled(8, Probing(deadline_s=0.5))
    child = drill.start(MODULE, schedule)
    at = [schedule.start + int(second * SECOND) for second in (1, 3, 4, 6)]
    for when, change in zip(
        at, (balancer.refuse, balancer.listen, balancer.stall, balancer.answers), strict=True
    ):
        until(when)
        change()
    drill.finish(child)

    probes = Probes(drill.folder)
    probes.assert_none_missing(schedule.start, schedule.end)
    through = [name for name in probes.names if name.startswith("balancer/")]
    assert len(through) == 7
    for name in through:
        refused = probes.of(name, at[0] + MARGIN, at[1] - MARGIN)
        # A kept connection that was cut is seen as such by the one probe that tries it next.
        wanted = {Outcome.REFUSED} if "/fresh/" in name else {
            Outcome.REFUSED, Outcome.EOF, Outcome.RESET,
        }  # fmt: skip
        assert len(refused) > 0
        assert set(refused["outcome"].tolist()) <= wanted, name
        stalled = probes.of(name, at[2] + MARGIN, at[3] - SECOND // 2 - MARGIN)
        assert set(stalled["outcome"].tolist()) == {Outcome.TIMEOUT}, name
        assert stalled["total_us"].min() >= 500_000
        assert stalled["total_us"].max() < 650_000
        assert stalled["first_byte_us"].max() == 0
        fine = np.concatenate(
            [
                probes.of(name, schedule.start, at[0] - MARGIN),
                probes.of(name, at[1] + MARGIN, at[2] - MARGIN),
                probes.of(name, at[3] + MARGIN),
            ]
        )
        assert set(fine["outcome"].tolist()) == {200}, name
        assert (fine["first_byte_us"] > 0).all()
        assert (fine["first_byte_us"] <= fine["total_us"]).all()
    # What is sent less than a deadline before the end of the stall is answered after it.
    waited = probes.between(at[3] - SECOND // 2 + MARGIN, at[3] - MARGIN)
    waited = waited[waited["target"] == 0]
    assert len(waited) >= 8
    assert set(waited["outcome"].tolist()) == {200}
    assert waited["total_us"].min() > 50_000
    direct = probes.between(schedule.start, schedule.end)
    direct = direct[direct["target"] == 1]
    assert len(direct) == 32
    assert set(direct["outcome"].tolist()) == {200}


def test_fresh_is_fresh_kept_is_kept_and_the_victim_is_itself(one_zone, scheduled) -> None:
    drill, balancer, apiserver = one_zone
    schedule = scheduled(2)
    drill.finish(drill.start(MODULE, schedule))
    probes = Probes(drill.folder)
    fresh = sum(len(probes.of(name)) for name in probes.names if name.startswith("balancer/fresh"))
    assert fresh == 48
    # Besides: one throw-away probe of each of the 4 fresh series, a connection of each of 3 kept.
    assert balancer.accepted == fresh + 4 + 3
    assert apiserver.accepted == 2
    assert balancer.agents == {"certificate", "Bearer victims-token"}


def test_a_kept_connection_that_was_closed_while_idle_is_replaced(
    one_zone, scheduled, until
) -> None:
    drill, balancer, apiserver = one_zone
    schedule = scheduled(2)
    child = drill.start(MODULE, schedule)
    until(schedule.start + SECOND)
    balancer.drop()
    apiserver.drop()
    drill.finish(child)
    probes = Probes(drill.folder)
    failed = probes.all[probes.all["outcome"] != 200]
    assert len(failed) <= 2  # what was in flight at that moment, by chance
    assert apiserver.accepted == 4


def test_a_missing_identity_is_found_before_go(one_zone, pki) -> None:
    drill, *_ = one_zone
    drill.record.identities["victim"] = Identity("victim", token_file=str(pki.folder / "none"))
    with pytest.raises(ChildFailed, match="No such file"):
        drill.launch(MODULE)


def test_stopped_by_sigstop_it_says_how_late_it_was(one_zone, scheduled, until) -> None:
    drill, *_ = one_zone
    schedule = scheduled(4)
    child = drill.start(MODULE, schedule)
    until(schedule.start + SECOND)
    os.kill(child.pid, signal.SIGSTOP)
    until(schedule.start + 2 * SECOND)
    os.kill(child.pid, signal.SIGCONT)
    drill.finish(child)
    probes = Probes(drill.folder)
    probes.assert_none_missing(schedule.start, schedule.end)
    stopped = probes.of(
        "balancer/fresh/read/prober",
        schedule.start + SECOND + MARGIN,
        schedule.start + 2 * SECOND - MARGIN,
    )
    woken = schedule.start + 2 * SECOND
    late = stopped["wait_us"] - (woken - stopped["intended"].astype(np.int64)) / 1000
    assert len(stopped) >= 7
    assert late.min() > -50_000
    assert late.max() < 400_000
    # Its own lateness is not the cluster's failure.
    assert set(stopped["outcome"].tolist()) == {200}
    workers = list(read_lines(drill.folder.samples / "probe.workers.jsonl"))
    assert max(line["lag_max_us"] for line in workers) > 900_000
    before = probes.between(schedule.start, schedule.start + SECOND - MARGIN)
    assert np.percentile(before["wait_us"], 90) < 50_000


def test_stale_reads_say_how_stale(one_zone, scheduled, until, probe_object) -> None:
    drill, *_ = one_zone
    schedule = scheduled(4)
    child = drill.start(MODULE, schedule)
    frozen = schedule.start + SECOND
    until(frozen)
    probe_object.frozen = probe_object.version
    until(schedule.start + 3 * SECOND)
    probe_object.frozen = None
    drill.finish(child)
    probes = Probes(drill.folder)
    name = "balancer/kept/stale-read/prober"
    while_frozen = probes.of(name, frozen + 2 * MARGIN, schedule.start + 3 * SECOND - MARGIN)
    age = (while_frozen["intended"].astype(np.int64) - frozen) / 1000
    assert len(while_frozen) >= 3
    assert np.abs(while_frozen["staleness_us"] - age).max() < 200_000
    assert probes.of(name, schedule.start, frozen - MARGIN)["staleness_us"].max() == 0
    assert probes.of(name, schedule.start + 3 * SECOND + MARGIN)["staleness_us"].max() == 0
    assert probes.of("balancer/fresh/read/prober")["staleness_us"].max() == 0


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


def test_end_of_stdin_cuts_what_is_in_flight(one_zone, scheduled, until) -> None:
    drill, balancer, _ = one_zone
    schedule = scheduled(60)
    child = drill.start(MODULE, schedule)
    until(schedule.start + SECOND)
    balancer.stall()
    until(schedule.start + SECOND + SECOND // 2)
    child.end()
    drill.finish(child, 2)
    probes = Probes(drill.folder)
    last = probes.all["intended"].max()
    assert abs(int(last) - (schedule.start + SECOND * 3 // 2)) < 2 * MARGIN
    probes.assert_none_missing(schedule.start, int(last))
    cut = probes.all[probes.all["outcome"] == Outcome.CUT]
    assert len(cut) >= 10
    assert cut["intended"].min() > schedule.start + SECOND - MARGIN
    assert set(probes.all["outcome"].tolist()) == {200, Outcome.CUT}
    line = list(read_lines(drill.folder.samples / "probe.workers.jsonl"))[-1]
    assert line["due"] == len(probes.all) == line["sent"] + line["dropped"]


def test_end_of_stdin_before_go(one_zone) -> None:
    drill, *_ = one_zone
    child = drill.launch(MODULE)
    child.end()
    drill.finish(child, 3)
    assert not (drill.folder.samples / "probe.bin").exists()


def test_sigkill_leaves_whole_records(one_zone, scheduled, until) -> None:
    drill, *_ = one_zone
    schedule = scheduled(60)
    child = drill.start(MODULE, schedule)
    killed = schedule.start + 2 * SECOND
    until(killed)
    child.kill()
    probes = Probes(drill.folder)
    size = (drill.folder.samples / "probe.bin").stat().st_size
    assert size % PROBE_DTYPE.itemsize == 0
    assert set(probes.all["outcome"].tolist()) == {200}
    # At most what the last 200 ms, and a slow machine, have not yet handed over.
    assert int(probes.all["intended"].max()) > killed - SECOND // 2


def test_interrupts_from_the_terminal_are_not_its_business(one_zone, scheduled, until) -> None:
    drill, *_ = one_zone
    schedule = scheduled(2)
    child = drill.start(MODULE, schedule)
    for number in (signal.SIGINT, signal.SIGHUP):
        os.kill(child.pid, number)
    drill.finish(child)
    Probes(drill.folder).assert_none_missing(schedule.start, schedule.end)
