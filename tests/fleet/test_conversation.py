"""A node's conversation with the API is a kubelet's, request by request, as the API's audit log has it."""

import json
from collections import Counter
from collections.abc import Iterator

import pytest
from conversation.__main__ import KEPT
from conversation.asked import BEGINS, RESUMED
from conversation.kubelet import NOT_HERE, kubemark
from conversation.play import Cast, Heard, audited, play
from conversation.table import Counts, Table

pytestmark = [pytest.mark.cluster, pytest.mark.own, pytest.mark.timeout(600)]

NODES, KUBELETS = 6, 2
WITHIN = 0.05
BACK = "the API comes back"
CONFIG_MAP, SECRET = "watch configmaps metadata.name=NAME", "watch secrets metadata.name=NAME"
EVENTS = "create events"
"""kubemark writes none, which any other kubelet does."""
SOMETIMES = {
    "get nodes 404": 4,
    "get nodes": 2,
    "get leases 404": 1,
    "get pods": 3,
    "patch pods/status": 2,
    "patch nodes/status": 1,
}
"""By how many a node may ask more or less often: how often it finds no Node yet, and which changes of a
pod are written together, depends on how soon the API answers."""


EXACTLY = {
    ("start", "patch nodes/status"): 2,
    ("pods start", "patch nodes/status"): 1,
    **{("pods start", row): 6 for row in ("get pods", "patch pods/status")},
    ("a pod ends", "get pods"): 3,
    ("a pod ends", "patch pods/status"): 2,
}
"""What a node asks always as often; a kubelet sometimes less, where its containers start at once."""


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Heard]:
    """What a fleet's nodes ask, and kubelets beside them where the program is here."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("heard")
        patch.setenv("KUBEDRILL_STATE", str(folder / "state"))
        with audited(folder) as cluster:
            yield play(cluster, folder, Cast(NODES, KUBELETS, kubemark()))


@pytest.fixture(scope="module")
def kept() -> Table:
    """What kubelets were heard to ask before."""
    found = json.loads(KEPT.read_text())
    found.pop("kubelet")
    found["watch_s"] = {row: tuple(seconds) for row, seconds in found["watch_s"].items()}
    return Table(**found)


def agree(mine: Table, theirs: Table) -> None:
    """Compare what two players' nodes have asked, row by row."""
    assert mine.phases.keys() == theirs.phases.keys()
    for phase in mine.phases.keys() - {BACK}:
        ours, other = settled(mine.phases[phase]), settled(theirs.phases[phase])
        apart = {
            row: (ours.get(row, 0), other.get(row, 0))
            for row in ours.keys() | other.keys()
            if abs(ours.get(row, 0) - other.get(row, 0)) > SOMETIMES.get(row, WITHIN)
        }
        assert not apart, phase
    ours, other = asked_again(mine.phases[BACK]), asked_again(theirs.phases[BACK])
    assert ours.keys() == other.keys()
    # The pod that stays has a Secret and two ConfigMaps, one of which never changes.
    for counts in (ours, other):
        assert counts[CONFIG_MAP] < 1.5 * counts[SECRET]
    assert mine.lease_s == pytest.approx(theirs.lease_s, rel=WITHIN)
    assert mine.watch_s.keys() == theirs.watch_s.keys()
    for row, (least, most) in mine.watch_s.items():
        assert for_how_long(least) == for_how_long(theirs.watch_s[row][0]), row
        assert most <= 2 * for_how_long(least), row


def settled(counts: Counts) -> Counts:
    """Return what is asked where every apiserver knows of each pod whose it is.

    One that does not, yet, answers 403 to its node, which LISTs then, and asks again.
    """
    found = Counter[str]()
    for row, count in counts.items():
        if row != EVENTS and not row.startswith("list ") and not row.endswith(" 403"):
            found[row.removesuffix(BEGINS).removesuffix(RESUMED).strip()] += count
    return found


def asked_again(counts: Counts) -> Counts:
    """Return what is watched once more; how often depends on how often the API goes, and is back too soon.

    An apiserver that does not know yet whose a pod is answers 403.
    """
    found = Counter[str]()
    for row, count in counts.items():
        if RESUMED in row:
            found[row.partition(f" {RESUMED}")[0]] += count
    return found


def for_how_long(least: int) -> int:
    """Return the least for which client-go asks for such a watch, s: the most is twice that."""
    return max(seconds for seconds in (300, 1800) if seconds <= least)


def test_a_node_asks_what_a_kubelet_was_heard_to_ask(heard: Heard, kept: Table) -> None:
    mine = Table.of(heard, "fleet")
    agree(mine, kept)
    assert mine.phases["start"][EVENTS] == 5
    for (phase, row), count in EXACTLY.items():
        assert settled(mine.phases[phase])[row] == count, (phase, row)


@pytest.mark.skipif(kubemark() is None, reason=NOT_HERE)
def test_a_node_asks_what_a_kubelet_asks_beside_it(heard: Heard, kept: Table) -> None:
    kubelets = Table.of(heard, "kubelet")
    agree(Table.of(heard, "fleet"), kubelets)
    agree(kubelets, kept)
