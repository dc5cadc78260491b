"""Drills on what a release does not say, or under another name: nobody takes it for 0."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from drills import Drills, objective, reasons

from kubedrill.record.cluster import ClusterRecord

pytestmark = pytest.mark.cluster

CASES = Path(__file__).parent / "cases"
Case = Callable[[str], Path]


@pytest.fixture
def case(project: Path) -> Case:
    """An experiment from the field, in a project of its own."""
    return lambda name: Path(shutil.copy(CASES / f"{name}.yaml", project / "experiments"))


@pytest.mark.alone
@pytest.mark.again("a page that a busy machine makes late is told instead")
def test_without_fair_queuing_nobody_knows_that_nothing_was_rejected(
    case: Case, tmp_path: Path, drill_file: Drills
) -> None:
    running = drill_file(
        case("silent-counter"),
        *("--set", "phases={warmup: 6s, baseline: 5s}"),  # the first pages of all are slow
        state=tmp_path / "state",
    )
    code, verdict = running.finish()
    assert (code, verdict["verdict"]) == (2, "INVALID"), reasons(verdict)
    rejected = objective(verdict, "apiserver.rejected == 0")
    assert (rejected["verdict"], rejected["value"]) == ("INVALID", None)
    assert "never said apiserver_flowcontrol_rejected_requests_total" in rejected["reason"]
    assert "which would show that it counts" in rejected["reason"]
    # A slow machine makes the whole phase INVALID, which is told instead.
    assert rejected["reason"] in reasons(verdict) or reasons(verdict).startswith("baseline: prober")


@pytest.mark.torture
@pytest.mark.alone
@pytest.mark.again("what others take of the machine makes a drill INVALID, rightly")
def test_with_fair_queuing_it_is_known(
    cluster: ClusterRecord, case: Case, drill_file: Drills
) -> None:
    running = drill_file(
        case("silent-counter"),
        *("--cluster", cluster.name, "--set", "phases={warmup: 1s, baseline: 5s}"),
    )
    code, verdict = running.finish()
    assert (code, verdict["verdict"]) == (0, "PASS"), reasons(verdict)
    assert objective(verdict, "apiserver.rejected == 0")["value"] == 0


@pytest.mark.alone
@pytest.mark.again("what others take of the machine makes a drill INVALID, rightly")
def test_lists_from_the_cache_are_counted_under_the_name_of_the_release(
    case: Case, tmp_path: Path, drill_file: Drills
) -> None:
    """On a cluster that is new: every 5 min an apiserver compares its caches with etcd, by a LIST of each."""
    running = drill_file(
        case("renamed-metric"),
        *("--set", "seed.pods=100", "--set", "phases={warmup: 2s, baseline: 24s}"),
        state=tmp_path / "state",
    )
    code, verdict = running.finish()
    assert (code, verdict["verdict"]) == (1, "FAIL"), reasons(verdict)
    assert [told["verdict"] for told in verdict["objectives"]] == ["FAIL", "PASS", "PASS"]
    none, many, stored = (told["value"] for told in verdict["objectives"])
    assert none == many
    assert stored == 0, "the apiservers' looking for each other is nobody's LIST"
