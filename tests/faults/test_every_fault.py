"""What every fault must hold, on the real control plane; `fault_rows.py` has a row for each.

`make test` plays each once: what it does, its undo, its end without one. `make torture` plays what is left:
sabotage, and undos from every other state.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from fault_observers import Observer, Processes, unwell
from fault_rows import ROWS, Row, rows_on
from json_lines import read_lines

from kubedrill.clock import SECOND, now
from kubedrill.cluster.provider import handle_of
from kubedrill.faults.catalogue import faults
from kubedrill.faults.fault import Fault, Scene
from kubedrill.faults.lifecycle import UNDO, inject, undo
from kubedrill.faults.limited import described
from kubedrill.faults.overlap import refusal
from kubedrill.faults.progress import FaultFailed
from kubedrill.record.catalogue import ClusterDescription
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.folder import RunFolder
from kubedrill.record.ledger import Ledger
from kubedrill.record.ledger import undo as undo_open
from kubedrill.record.target import named, targets_of

pytestmark = pytest.mark.faults
on_a_cluster = [pytest.mark.cluster, pytest.mark.breaks]

LEASES_S = (3, 15, 60)
"""How long a fault may last; the next one where its observer, on a slow machine, has seen nothing of it."""
WELL = {"undone": "already, or never injected"}


def holds(row: Row) -> bool:
    return row.holds and faults()[row.fault].lasts == "lasting"


def ends(row: Row) -> bool:
    return holds(row) and row.ends


HERE = rows_on("local")
every_fault = pytest.mark.parametrize(
    "row", [pytest.param(row, id=row.fault, marks=on_a_cluster) for row in HERE]
)
every_lasting_fault = pytest.mark.parametrize(
    "row",
    [
        pytest.param(row, id=row.fault, marks=on_a_cluster)
        for row in HERE
        if faults()[row.fault].lasts == "lasting"
    ],
)
every_fault_that_holds_something = pytest.mark.parametrize(
    "row", [pytest.param(row, id=row.fault, marks=on_a_cluster) for row in HERE if holds(row)]
)

LEFT_TO_TORTURE = [pytest.mark.torture]
some_faults_that_end = pytest.mark.parametrize(
    "row",
    [
        # One supervisor ends all of them; in `make test` it is seen to end every third.
        pytest.param(row, id=row.fault, marks=on_a_cluster + LEFT_TO_TORTURE * bool(number % 3))
        for number, row in enumerate(filter(ends, HERE))
    ],
)


def test_every_fault_of_the_catalogue_has_its_row() -> None:
    assert sorted({row.fault for row in ROWS}) == sorted(faults())


def test_every_fault_is_seen_by_others_but_for_those_whose_proof_stands_alone() -> None:
    assert {row.fault for row in ROWS if not kind_of(row)(**row.given).shows()} == {
        *("load-balancer.remove_backend", "load-balancer.cut_connections", "zone.slow"),
        *("node.cordon", "node.taint", "node.drain", "pod.delete", "deployment.scale"),
        *("pod.isolate", "kubelet.pause"),
        *("node.not_ready", "node.crash", "node.slow", "node.pressure"),
    }  # docs/safety.md names them


@pytest.fixture
def folder(cluster: ClusterRecord, tmp_path: Path) -> Iterator[RunFolder]:
    """A run folder; whatever a test leaves broken in the shared cluster is mended."""
    folder = RunFolder.create(tmp_path, "every")
    cluster.write(folder.cluster)
    yield folder
    assert undo_open(Ledger(folder.ledger)) == []


@pytest.fixture(autouse=True)
def _able(request: pytest.FixtureRequest) -> None:
    """Skip, and say why, what this machine's kernel has not got."""
    if "row" in request.fixturenames:
        cluster, row = request.getfixturevalue("cluster"), request.getfixturevalue("row")
        for need in map(str, faults()[row.fault].needs):
            if need not in cluster.capabilities:
                pytest.skip(f"{row.fault} needs {need}: {described(cluster).why_not(need)}")


@pytest.fixture
def observer(cluster: ClusterRecord, row: Row) -> Iterator[Observer]:
    # Who loses its Lease to a fault ends, and is started anew, some time after that fault is undone.
    until(lambda: all_well(cluster), "every component is well")
    with closing(row.observer(cluster)) as observer:
        yield observer


def all_well(cluster: ClusterRecord) -> bool:
    states = handle_of(cluster).components()
    running = all(state.state == "running" for state in states.values())
    return running and not unwell(cluster, [*states])


def until(condition: Callable[[], object], what: str) -> None:
    assert is_seen(condition, now() + 240 * SECOND), f"not within 240 s: {what}"


def is_seen(condition: Callable[[], object], end: int) -> bool:
    while now() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


def until_well(observer: Observer, targets: list[str]) -> None:
    until(lambda: all(observer.well(target) for target in targets), f"{targets} as before")


def until_hit(observer: Observer, targets: list[str]) -> None:
    until(lambda: all(observer.hit(target) for target in targets), f"{targets} are hit")


def told(folder: RunFolder) -> list[str]:
    return [line["event"] for line in read_lines(folder.faults)]


def kind_of(row: Row) -> type[Fault]:
    return faults()[row.fault]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        pytest.param(row, words, id=f"{row.fault}: {words}", marks=on_a_cluster)
        for row in HERE
        for words in row.refused
    ],
)
def test_what_must_be_refused_is_refused_and_nothing_is_done(
    cluster: ClusterRecord, folder: RunFolder, row: Row, words: str
) -> None:
    given, before = row.refused[words], handle_of(cluster).components()
    said = refusal(kind_of(row).model_validate(given), described(cluster))
    assert words in said
    with pytest.raises(FaultFailed) as refused:
        inject(row.fault, given, str(folder.path))
    assert words in str(refused.value)
    assert told(folder) == ["failed"]
    assert Ledger(folder.ledger).open_entries() == []
    assert handle_of(cluster).components() == before


@every_fault
def test_a_cluster_that_cannot_take_it_is_told_why(cluster: ClusterRecord, row: Row) -> None:
    fault = kind_of(row).model_validate(row.given)
    for need in fault.needs:
        lacks = {need.operation: "it is somebody else's"}
        can = tuple(known for known in cluster.capabilities if known != str(need))
        said = refusal(fault, ClusterDescription(cluster.zones, can, lacks))
        assert said.startswith(f"{row.fault} needs the capability {need} (it is somebody else's)")


@every_fault
def test_an_observer_sees_it_take_effect_and_end(
    folder: RunFolder, row: Row, observer: Observer
) -> None:
    done = inject(row.fault, row.given, str(folder.path))
    assert done["targets"]
    until_hit(observer, done["targets"])
    in_turn = kind_of(row).first is not Fault.first
    begun = ["injecting", *["step"] * in_turn, "injected", "took-effect"]
    if kind_of(row).lasts == "lasting":
        assert undo(row.fault, str(folder.path))["targets"] == done["targets"]
        assert told(folder) == [*begun, "undoing", "undone"]
    else:
        assert told(folder) == begun
    assert Ledger(folder.ledger).open_entries() == []
    until_well(observer, done["targets"])


@pytest.mark.torture
@every_fault_that_holds_something
def test_whoever_finds_the_ledger_undoes_it_and_undoing_again_does_nothing(
    cluster: ClusterRecord, folder: RunFolder, row: Row, observer: Observer
) -> None:
    targets = inject(row.fault, row.given, str(folder.path))["targets"]
    assert undo_open(Ledger(folder.ledger)) == []
    until_well(observer, targets)
    before = handle_of(cluster).processes()
    assert undo(row.fault, str(folder.path)) == WELL
    [entry] = Ledger(folder.ledger).entries()
    scene = Scene(cluster, handle_of(cluster), targets_of(entry.facts), facts=entry.facts["facts"])
    kind_of(row).model_validate(row.given).undo(scene)
    assert handle_of(cluster).processes() == before
    until_well(observer, targets)


@pytest.mark.torture
@every_lasting_fault
def test_it_is_undone_though_it_was_never_injected(
    cluster: ClusterRecord, folder: RunFolder, row: Row, observer: Observer
) -> None:
    fault, before = kind_of(row).model_validate(row.given), handle_of(cluster).processes()
    [candidate, *_] = fault.candidates(Scene(cluster, handle_of(cluster)))
    target = fault.hit(cluster, candidate.called).name
    arguments = {"fault": row.fault, "run": str(folder.path), "index": 0}
    ledger = Ledger(folder.ledger)
    known = {"given": fault.model_dump(mode="json"), "targets": [target]}
    ledger.intend("fault", row.fault, UNDO, arguments, facts=known)
    assert undo(row.fault, str(folder.path))["targets"] == [target]
    assert handle_of(cluster).processes() == before
    until_well(observer, [target])


@pytest.mark.torture
@every_fault_that_holds_something
def test_it_is_undone_and_told_though_somebody_was_there_before(
    cluster: ClusterRecord, folder: RunFolder, row: Row, observer: Observer
) -> None:
    targets = inject(row.fault, row.given, str(folder.path))["targets"]
    for target in targets:
        row.interfere(cluster, target)
    with pytest.raises(FaultFailed, match="did not last"):
        undo(row.fault, str(folder.path))
    assert Ledger(folder.ledger).open_entries() == []
    until_well(observer, targets)


@some_faults_that_end
def test_it_ends_by_itself_where_nobody_is_left_to_undo_it(
    cluster: ClusterRecord, row: Row, observer: Observer
) -> None:
    fault, handle = kind_of(row).model_validate(row.given), handle_of(cluster)
    there = fault.candidates(Scene(cluster, handle))
    chosen = next(found for found in there if found.leads or fault.asked() != "leader")
    hit = (fault.hit(cluster, chosen.called),)
    targets = named(hit)
    for lasts_s in LEASES_S:
        end = now() + lasts_s * SECOND
        fault.inject(Scene(cluster, handle, hit, lease=end))
        seen = is_seen(lambda: not all(observer.well(target) for target in targets), end)
        until_well(observer, targets)
        assert now() >= end
        if seen:
            return
    raise AssertionError(f"{targets} were well, for {LEASES_S} s")


@pytest.mark.torture
@every_fault
def test_an_injection_that_does_nothing_is_found_out(
    cluster: ClusterRecord,
    folder: RunFolder,
    row: Row,
    observer: Observer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kind_of(row), "effect_s", 1.0)
    with monkeypatch.context() as patch:
        row.sabotage(patch)
        with pytest.raises(FaultFailed, match=r"after 1 s "):
            inject(row.fault, row.given, str(folder.path))
    assert told(folder)[-1] == "failed"
    ledger = Ledger(folder.ledger)
    [entry] = ledger.entries()
    undo_open(ledger)
    assert ledger.open_entries() == []
    until_well(observer, [*named(targets_of(entry.facts))])


@pytest.mark.torture
@pytest.mark.parametrize(
    "row", [pytest.param(row, id=row.fault, marks=on_a_cluster) for row in HERE if row.astray]
)
def test_an_injection_that_hits_another_is_found_out(
    cluster: ClusterRecord,
    folder: RunFolder,
    row: Row,
    observer: Observer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert row.astray
    monkeypatch.setattr(kind_of(row), "effect_s", 1.0)
    with monkeypatch.context() as patch:
        row.astray(patch)
        with pytest.raises(FaultFailed, match=r"after 1 s "):
            inject(row.fault, row.given, str(folder.path))
        undo_open(Ledger(folder.ledger))  # of the one that was hit
    assert told(folder)[-1] in ("failed", "undone")
    assert Ledger(folder.ledger).open_entries() == []
    with closing(Processes(cluster)) as processes:
        until(
            lambda: all(processes.answer(name) == "200" for name in processes.pids), "all is well"
        )


@pytest.mark.torture
@every_fault_that_holds_something
def test_an_undo_that_does_nothing_is_found_out(
    folder: RunFolder, row: Row, observer: Observer, monkeypatch: pytest.MonkeyPatch
) -> None:
    targets = inject(row.fault, row.given, str(folder.path))["targets"]
    with monkeypatch.context() as patch:
        patch.setattr(kind_of(row), "return_s", 1.0)
        row.sabotage(patch)
        with pytest.raises(FaultFailed, match=r"after 1 s "):
            undo(row.fault, str(folder.path))
    assert len(Ledger(folder.ledger).open_entries()) == 1
    undo(row.fault, str(folder.path))
    until_well(observer, targets)
