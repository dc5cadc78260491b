"""Every metric asked of a real server, of each version that is at hand, with and without APF."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from kubedrill import cluster as stage
from kubedrill.client.caller import Caller
from kubedrill.cluster.local.binaries import NAMES, cache_folder
from kubedrill.cluster.local.definition import LocalDefinition
from kubedrill.cluster.reading import guarded
from kubedrill.judge.families import missing_count, missing_gauge
from kubedrill.judge.pages import Scrape, parse
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.metric import METRICS, Family
from kubedrill.wire.target import identity_target

pytestmark = [pytest.mark.cluster, pytest.mark.own]

NO_APF = {"kube-apiserver": {"enable-priority-and-fairness": False}}
READ = {name: metric for name, metric in METRICS.items() if metric.families}
NEEDS_APF = {"apiserver.rejected"}


@dataclass(frozen=True)
class Server:
    """A control plane of one zone, as it was scraped."""

    record: ClusterRecord
    pages: dict[str, Scrape]
    """By kind of component."""
    fair: bool
    """Whether API Priority and Fairness is on."""

    def family(self, name: str) -> Family:
        family = METRICS[name].family(self.record.versions)
        assert family, f"no family for {self.record.versions}"
        return family

    def missing(self, name: str, page: Scrape) -> str:
        family, kind = self.family(name), METRICS[name].component
        if METRICS[name].kind == "gauge":
            return missing_gauge([page], family, kind, lambda component, time: False)
        return missing_count([page], family, kind)


def versions() -> list[Path]:
    """The folders of binaries at hand: that of the pinned versions, and others that are whole."""
    own = cache_folder()
    others = own.parent.glob("*") if own.parent.is_dir() else ()
    whole = (folder for folder in others if all((folder / name).is_file() for name in NAMES))
    return [own, *sorted(folder for folder in whole if folder != own)]


@pytest.fixture(scope="module", params=versions(), ids=lambda folder: folder.name)
def binaries(request: pytest.FixtureRequest) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUBEBUILDER_ASSETS", str(request.param))
        yield


@pytest.fixture(scope="module", params=[True, False], ids=["apf", "no-apf"])
def server(request: pytest.FixtureRequest, binaries: None, state: Path) -> Iterator[Server]:
    flags = {} if request.param else NO_APF
    definition = guarded(LocalDefinition)(provider="local", zones=("a",), flags=flags)
    record = stage.up(definition, "families")
    try:
        yield Server(record, {kind: scraped(record, kind) for kind in KINDS}, request.param)
    finally:
        stage.down("families")


KINDS = sorted({metric.component for metric in READ.values()})


def scraped(record: ClusterRecord, kind: str) -> Scrape:
    [component] = record.of_kind(kind)
    assert component.metrics
    api = Caller(*identity_target(record, "scraper", component.metrics))
    try:
        return Scrape(1, 1, component.name, "", parse(api.call("GET", "/metrics").body.decode()))
    finally:
        api.close()


@pytest.mark.parametrize("name", sorted(READ))
def test_a_real_server_has_it_or_what_shows_that_it_counts(name: str, server: Server) -> None:
    missing = server.missing(name, server.pages[METRICS[name].component])
    assert bool(missing) == (name in NEEDS_APF and not server.fair), missing


@pytest.mark.parametrize("name", sorted(READ))
def test_where_a_real_server_had_neither_nobody_says_0(name: str, server: Server) -> None:
    page, family = server.pages[METRICS[name].component], server.family(name)
    gone = (family.name, *family.witnesses)
    left = {key: value for key, value in page.values.items() if not key[0].startswith(gone)}
    assert len(left) < len(page.values) or name in NEEDS_APF
    assert family.name in server.missing(name, replace(page, values=left))


def test_the_family_of_another_release_is_not_there(server: Server) -> None:
    """A release that has both could be told by neither."""
    for name, metric in READ.items():
        page, own = server.pages[metric.component], server.family(name)
        for other in metric.families:
            names = {key[0] for key in page.values}
            hidden = other.until is not None and other.name != own.name
            # apiserver_storage_objects is deprecated, and still told beside its successor.
            assert not hidden or other.name not in names or other.until == (1, 34)
