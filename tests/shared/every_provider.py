"""On what the contract of clusters is played, for each provider that there is."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from bare_cluster import CONTEXT, Theirs, everything, somebodys
from stub_k3d import api_behind, stub_engine

from kubedrill import cluster as stage
from kubedrill import places
from kubedrill.cluster.adopted.adopting import file_of as file_text
from kubedrill.cluster.adopted.adopting import look_at
from kubedrill.cluster.engine import found_engine
from kubedrill.cluster.handle import Handle
from kubedrill.cluster.provider import providers
from kubedrill.errors import NotStarted
from kubedrill.record.cluster import ClusterRecord

HERE = Path(__file__)
ADOPTED = "kubeconfig"
"""The provider that needs a cluster of somebody else's."""
KIND = "kind"
"""The provider that needs a container engine: `make test-kind`."""
K3D = "k3d"
"""The provider whose tool and engine are stood in for, unless `make test-k3d` plays it."""
SHARED = "local-3az"
"""The cluster that all tests share, where it is of the provider."""


def played() -> list[str]:
    """Return the providers that are played: where those of one tool were asked for, nobody else's."""
    for provider, asked in ((KIND, "TESTS_KIND"), (K3D, "TESTS_K3D")):
        if os.environ.get(asked):
            return [provider]
    return [name for name in sorted(providers()) if name != KIND]


@contextmanager
def playable(provider: str, folder: Path, name: str) -> Iterator[Path]:
    """Have the file of a cluster of that provider that can be brought up, as long as this block lasts."""
    if provider == KIND:
        yield kind_file()
        return
    if provider == K3D and os.environ.get("TESTS_K3D"):
        yield k3d_file()
        return
    if provider == K3D:
        with (
            pytest.MonkeyPatch.context() as patch,
            stub_engine(folder / name, patch) as engine,
            api_behind(engine, f"{name}-behind"),
        ):
            yield file_of(provider)
        return
    if provider != ADOPTED:
        yield file_of(provider)
        return
    with adopted(folder, name) as (_, file):
        yield file


@contextmanager
def adopted(folder: Path, name: str) -> Iterator[tuple[Theirs, Path]]:
    """Have somebody else's cluster, and the file that adopts it."""
    with somebodys(f"{name}-theirs", folder) as theirs:
        theirs.allow(everything())
        kubeconfig, file = str(theirs.kubeconfig), folder / f"{name}.yaml"
        file.write_text(file_text(look_at(kubeconfig, CONTEXT), kubeconfig), encoding="utf-8")
        yield theirs, file


def file_of(provider: str) -> Path:
    """Return the cluster file of a provider that is played."""
    files = sorted(places.folder("clusters", HERE).glob("*.yaml"))
    found = [file for file in files if stage.load_definition(file).provider == provider]
    assert found, f"{provider}: no file of clusters/ to play the contract on"
    return next((file for file in found if file.stem == SHARED), found[0])


def kind_file() -> Path:
    """Return the file of a cluster of kind's that can be made here; skip the test, with why, if none can.

    TESTS_KIND_FILE names one of your own, as for an image of your own.
    """
    file = Path(os.environ.get("TESTS_KIND_FILE") or places.cluster_file("kind-ha", HERE))
    definition = _made_here(file)
    engine = found_engine(definition.engine, KIND)
    image = definition.image or "kindest/node"
    if not engine.ask("images", "--quiet", "--filter", f"reference={image}"):
        pytest.skip(f"{engine.name} has no image {image}")
    return file


def k3d_file() -> Path:
    """Return the file of a cluster of k3d's that can be made here; skip the test, with why, if none can."""
    file = places.cluster_file("k3d-ha", HERE)
    _made_here(file)
    return file


def _made_here(file: Path) -> Any:
    definition: Any = stage.load_definition(file)
    try:
        stage.check(definition, "contract")
    except NotStarted as why:
        pytest.skip(str(why))
    return definition


def of_kind(record: ClusterRecord, kinds: tuple[str, ...]) -> str:
    """Return one of the cluster's components, of those that are missed least."""
    ordered = ["kube-scheduler", "kube-controller-manager", *kinds]
    kind = next(kind for kind in ordered if kind in kinds)
    return record.of_kind(kind)[-1].name


def came_back(
    handle: Handle,
    until: Callable[..., object],
    target: str,
    pid: int | None,
    state: str = "running",
) -> int | None:
    """Return the pid of what was released: at once, or where it needs longer than the call, later."""
    if pid is None:
        until(lambda: handle.components()[target].state == state, 120)
        return handle.components()[target].pid
    found = handle.components()[target]
    assert (found.state, found.pid) == (state, pid)
    return pid
