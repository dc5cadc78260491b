"""What nodes of kind's need for drills: kubelets that ask the balancer, controllers that can be reached.

kubelet asks the apiserver of its own node, which hangs as long as its etcd is down: what it is to start anew
then takes minutes. Controllers listen to their own node alone, with a certificate that nobody can prove.
As all was before stands in the node, and is put back from there.
"""

from pathlib import Path
from typing import Any

import yaml

from kubedrill.cluster.containers import NodeContainer
from kubedrill.cluster.engine import ContainerEngine
from kubedrill.cluster.kind.agent import MANIFESTS, give_back
from kubedrill.cluster.kind.layout import KindLayout
from kubedrill.cluster.ports import APISERVER_PORT
from kubedrill.wire.pki import Issuer, write_secret

PKI = "/etc/kubernetes/pki"
BEFORE = "/etc/kubernetes/kubedrill-before"
"""In a node: its files as they were, and the id of the cluster of ours for which they were changed."""
SERVING = "/etc/kubernetes/kubedrill-serving"
KUBELET = "/etc/kubernetes/kubelet.conf"
CONTROLLERS = ("kube-controller-manager", "kube-scheduler")
_VOLUME = "kubedrill-serving"
_FILES = " ".join(f"{MANIFESTS}/{name}.yaml" for name in CONTROLLERS)
_KEEP = f"""\
rm -rf {BEFORE}.new && mkdir -m 700 {BEFORE}.new {SERVING}
cp -p {_FILES} {KUBELET} {BEFORE}.new/
echo "$1" > {BEFORE}.new/id
mv {BEFORE}.new {BEFORE}"""
_PUT_BACK = f"""\
known=$(cat {BEFORE}/id 2>/dev/null) || exit 0
[ -z "$1" ] || [ "$1" = "$known" ] || exit 0
cp -p {BEFORE}/kubelet.conf {KUBELET}.new
mv {KUBELET}.new {KUBELET}
for name in {" ".join(CONTROLLERS)}; do
  cp -p {BEFORE}/$name.yaml {MANIFESTS}/.$name
  mv {MANIFESTS}/.$name {MANIFESTS}/$name.yaml
done
rm -rf {BEFORE} {SERVING}
systemctl restart kubelet"""


def prepare(layout: KindLayout, node: NodeContainer, authority: Issuer, cluster: str) -> None:
    """Let a node's kubelet ask the balancer, and its controllers be reached; EngineFailed.

    `cluster` is the id by which we know it.
    """
    engine = layout.at
    put_back(engine, node)  # what one that was killed has left
    _run(engine, node, _KEEP, cluster)
    serving = authority.server(f"serving-{node.zone}", (node.address,), ("localhost",))
    for file, end in ((serving.certificate, "crt"), (serving.key, "key")):
        _write(engine, node, f"{SERVING}/server.{end}", file.read_text(encoding="ascii"))
    for name in CONTROLLERS:
        path = f"{MANIFESTS}/{name}.yaml"
        manifest = yaml.safe_load(engine.execute(node.id, "cat", path))
        text = yaml.safe_dump(reachable(manifest), sort_keys=False)
        # kubelet passes over what begins with a dot, and sees the other come whole.
        hidden = f"{MANIFESTS}/.{name}"
        _write(engine, node, hidden, text)
        _run(engine, node, f"mv {hidden} {path}")
    if layout.balancer:
        asked = f"https://{layout.cluster}-external-load-balancer:{APISERVER_PORT}"
        _run(engine, node, f"sed -i 's#server: .*#server: {asked}#' {KUBELET}")
        _run(engine, node, "systemctl restart kubelet")


def put_back(engine: ContainerEngine, node: NodeContainer, cluster: str = "") -> None:
    """Let a node be as it was before it was changed for a cluster with this id, or for any. EngineFailed.

    One that was not is left so, but for what an agent that was killed has taken there.
    """
    _run(engine, node, f"{give_back()}\nset -e\n{_PUT_BACK}", cluster)


def reachable(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return the manifest of a controller that listens everywhere, with a certificate of the cluster's."""
    spec = manifest["spec"]
    container = spec["containers"][0]
    ours = {
        "--bind-address": "0.0.0.0",  # noqa: S104 - of a container: its network is the cluster's own
        "--tls-cert-file": f"{SERVING}/server.crt",
        "--tls-private-key-file": f"{SERVING}/server.key",
    }
    kept = [word for word in container["command"] if word.partition("=")[0] not in ours]
    mount = {"name": _VOLUME, "mountPath": SERVING, "readOnly": True}
    mounts = container.get("volumeMounts", [])
    is_there = mount in mounts
    volume = {"name": _VOLUME, "hostPath": {"path": SERVING, "type": "Directory"}}
    changed = {
        **container,
        "command": [*kept, *(f"{flag}={value}" for flag, value in ours.items())],
        "volumeMounts": mounts if is_there else [*mounts, mount],
    }
    volumes = spec.get("volumes", [])
    more = volumes if is_there else [*volumes, volume]
    return {
        **manifest,
        "spec": {**spec, "containers": [changed, *spec["containers"][1:]], "volumes": more},
    }


def read_authorities(engine: ContainerEngine, node: NodeContainer, folder: Path) -> None:
    """Write the cluster's authorities, with their keys, below a folder of ours; EngineFailed."""
    for name, path in (("ca", f"{PKI}/ca"), ("etcd-ca", f"{PKI}/etcd/ca")):
        for end in ("crt", "key"):
            said = engine.execute(node.id, "cat", f"{path}.{end}")
            write_secret(folder / f"{name}.{end}", said.encode("ascii"))


def _write(engine: ContainerEngine, node: NodeContainer, path: str, text: str) -> None:
    engine.execute(node.id, "sh", "-ec", f"umask 077; cat > {path}", given=text)


def _run(engine: ContainerEngine, node: NodeContainer, script: str, *arguments: str) -> None:
    engine.execute(node.id, "bash", "-ec", script, "kubedrill", *arguments)
