"""A cluster as somebody else has it: nothing of ours in it, and a person with rights of their own."""

import json
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kubedrill import cluster as stage
from kubedrill.client.caller import Caller
from kubedrill.cluster.kubeconfig import Server, write_kubeconfig
from kubedrill.cluster.local.definition import LocalDefinition
from kubedrill.cluster.objects import Introduced
from kubedrill.cluster.reading import guarded
from kubedrill.record.cluster import ClusterRecord
from kubedrill.record.labels import MANAGED
from kubedrill.record.rights import Right, rights_in, rules_of
from kubedrill.wire.target import identity_target

RBAC = "/apis/rbac.authorization.k8s.io/v1"
ROLES, BINDINGS = f"{RBAC}/clusterroles", f"{RBAC}/clusterrolebindings"
GONE_S = 120.0
PERSON = "driller"
CONTEXT = "theirs"
KINDS = (
    *("/api/v1/namespaces", "/api/v1/nodes", "/api/v1/pods", "/api/v1/serviceaccounts"),
    *("/api/v1/secrets", "/api/v1/configmaps", ROLES, BINDINGS),
    *(f"{RBAC}/roles", f"{RBAC}/rolebindings"),
    *(
        f"/apis/flowcontrol.apiserver.k8s.io/v1/{kind}"
        for kind in ("flowschemas", "prioritylevelconfigurations")
    ),
    *(
        f"/apis/admissionregistration.k8s.io/v1/{kind}"
        for kind in ("validatingadmissionpolicies", "validatingadmissionpolicybindings")
    ),
    "/apis/certificates.k8s.io/v1/certificatesigningrequests",
)
"""Collections of what a drill may leave."""


@dataclass(frozen=True, slots=True)
class Theirs:
    """Somebody's cluster, and who drills it."""

    record: ClusterRecord
    """Of the local cluster that plays it."""
    kubeconfig: Path
    """Of the person."""

    def call(self, method: str, path: str, content: object = None) -> Any:
        """Return what the API answers its administrator; (status, JSON)."""
        with closing(Caller(*identity_target(self.record, "admin"))) as api:
            answer = api.call(method, path, content)
        with suppress(ValueError):
            return answer.status, json.loads(answer.body)
        return answer.status, answer.body

    def allow(self, rights: Iterable[Right]) -> None:
        """Let the person do this, and nothing else."""
        self.allow_rules(rules_of(rights))

    def allow_rules(self, rules: list[dict[str, Any]]) -> None:
        """The same, by the rules of a ClusterRole."""
        role = {"metadata": {"name": PERSON}, "rules": rules}
        self.call("DELETE", f"{ROLES}/{PERSON}")
        status, said = self.call("POST", ROLES, role)
        assert status == 201, said

    def there(self) -> set[str]:
        """Return what of a drill's there is, by its label or its name: `COLLECTION NAMESPACE/NAME` each."""
        found: set[str] = set()
        for kind in KINDS:
            status, said = self.call("GET", kind)
            assert status == 200, said
            for each in said["items"]:
                known = each["metadata"]
                name = f"{kind} {known.get('namespace', '')}/{known['name']}"
                if "kubedrill" in name or MANAGED.items() <= known.get("labels", {}).items():
                    found.add(name)
        return found


def everything() -> list[Right]:
    """Return the rights of who may do all there is to do."""
    objects = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}
    return [*rights_in([objects, {"nonResourceURLs": ["*"], "verbs": ["*"]}])]


@contextmanager
def somebodys(name: str, folder: Path) -> Iterator[Theirs]:
    """Have somebody else's cluster for this block: a local one of one zone, with nothing of ours in it."""
    definition = guarded(LocalDefinition)(provider="local", zones=("a",), load_users=1)
    try:
        yield bare(stage.up(definition, name), folder)
    finally:
        stage.down(name)


def bare(record: ClusterRecord, folder: Path) -> Theirs:
    """Take all that is ours out of a local cluster, and let a person into it who may do nothing yet."""
    theirs = Theirs(record, folder / "kubeconfig")
    for path, content in reversed(Introduced(record.settings["load_users"]).objects()):
        if "/namespaces/" not in path:
            theirs.call("DELETE", f"{path}/{content['metadata']['name']}")
    account = "/api/v1/namespaces/default/serviceaccounts"
    theirs.call("POST", account, {"metadata": {"name": PERSON}})
    binding = {
        "metadata": {"name": PERSON},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": PERSON},
        "subjects": [{"kind": "ServiceAccount", "name": PERSON, "namespace": "default"}],
    }
    theirs.call("POST", BINDINGS, binding)
    wanted = {"spec": {"expirationSeconds": 86_400}}
    status, said = theirs.call("POST", f"{account}/{PERSON}/token", wanted)
    assert status == 201, said
    address = f"{record.balancer.host}:{record.balancer.port}"
    server = Server(CONTEXT, address, Path(record.ca_file), record.server_name)
    write_kubeconfig(theirs.kubeconfig, server, {"token": said["status"]["token"]}, PERSON)
    theirs.allow([])
    until = time.monotonic() + GONE_S
    while left := theirs.there():
        assert time.monotonic() < until, left
        time.sleep(0.2)
    return theirs
