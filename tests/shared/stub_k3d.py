"""k3d's tool and its engine stood in for, and a local cluster behind what they make."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from bare_cluster import Theirs, bare, everything
from stub_engine import StubEngine

from kubedrill import cluster as stage
from kubedrill.cluster.local.definition import LocalDefinition
from kubedrill.cluster.reading import guarded


@contextmanager
def stub_engine(folder: Path, patch: pytest.MonkeyPatch) -> Iterator[StubEngine]:
    """Have both programs on PATH, and the engine's own doing, as long as this lasts."""
    engine, ended = StubEngine(str(folder)), threading.Event()
    engine.make()
    keeping = threading.Thread(target=engine.keep, args=(ended,))
    keeping.start()
    patch.setenv("PATH", f"{folder / 'bin'}:{os.environ['PATH']}")
    try:
        yield engine
    finally:
        ended.set()
        keeping.join()
        engine.end()


@contextmanager
def api_behind(engine: StubEngine, name: str) -> Iterator[Theirs]:
    """Have a local cluster whose API is that of each cluster that the stub makes."""
    definition = guarded(LocalDefinition)(
        provider="local", zones=("a",), load_users=1, zoning="loopback"
    )
    try:
        theirs = bare(stage.up(definition, name), engine.folder)
        theirs.allow(everything())
        theirs.kubeconfig.rename(engine.kubeconfig)
        [apiserver] = theirs.record.of_kind("kube-apiserver")
        serving = apiserver.serving
        engine.api.write_text(f"{serving.host}:{serving.port}", encoding="ascii")
        engine.authority.mkdir()
        signs = theirs.record.identities["node-authority"]
        for source, file in (
            (theirs.record.ca_file, "server-ca.crt"),
            (signs.certificate, "client-ca.crt"),
            (signs.key, "client-ca.key"),
        ):
            text = Path(str(source)).read_text(encoding="ascii")
            (engine.authority / file).write_text(text, encoding="ascii")
        yield theirs
    finally:
        stage.down(name)
