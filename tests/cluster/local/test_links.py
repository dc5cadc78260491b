"""Links that a cluster's supervisor cut, in namespaces without a cluster."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from kubedrill.clock import now
from kubedrill.cluster.local import wires
from kubedrill.cluster.local.links import Links
from kubedrill.cluster.local.wires import LinkRefused, Wire
from kubedrill.cluster.local.zones import NetnsZones, namespace_prefix, remove_namespaces

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")


@pytest.fixture
def wire(tmp_path: Path) -> Iterator[Wire]:
    folder = tmp_path / "linked"
    zones = NetnsZones(namespace_prefix(folder), ("a", "b"))
    zones.make()
    yield Wire(zones.namespace("a"), zones.hub, zones.port("a"), None, "both", ())
    remove_namespaces(folder)


def no_nft(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let nft fail, as it does on a machine where it is killed for being late."""
    (folder / "nft").write_text("#!/bin/sh\nexit 1\n")
    (folder / "nft").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def test_a_link_that_could_not_be_mended_in_time_is_mended_later(
    wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    links = Links()
    links.cut(wire, until=now())
    with monkeypatch.context() as broken:
        no_nft(broken, tmp_path)
        links.end_due()
    assert wires.dropped(wire) is not None
    [again] = links.due()
    while now() < again:
        assert wires.dropped(wire) is not None
    links.end_due()
    assert wires.dropped(wire) is None
    assert not list(links.due())


def test_whoever_cannot_mend_a_link_leaves_it_its_end(
    wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    links, end = Links(), now()
    links.cut(wire, until=end)
    with monkeypatch.context() as broken:
        no_nft(broken, tmp_path)
        with pytest.raises(LinkRefused):
            links.mend(wire)
    assert list(links.due()) == [end]
    links.mend(wire)
    links.mend(wire)
    assert not list(links.due())
