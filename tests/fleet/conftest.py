"""A control plane for hollow nodes, and what asks it."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from kubedrill.client.caller import Caller
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.folder import RunFolder
from kubedrill.wire.target import identity_target

Ask = Callable[..., Any]


@pytest.fixture
def ask(cluster: ClusterRecord) -> Iterator[Ask]:
    """Ask the cluster; None for what is not there."""

    def asked(path: str, method: str = "GET", content: Any = None) -> Any:
        answer = api.call(method, path, content)
        assert answer.status in {200, 201, 404}, answer.body
        return None if answer.status == 404 else json.loads(answer.body)

    with closing(Caller(*identity_target(cluster, "admin"))) as api:
        yield asked


@pytest.fixture
def folder(cluster: ClusterRecord, tmp_path: Path) -> RunFolder:
    folder = RunFolder.create(tmp_path, "fleet")
    cluster.write(folder.cluster)
    return folder
