"""A kubelet without containers, Kubernetes' own: the program kubemark."""

import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kubedrill.cluster.kubeconfig import Server, holder, write_kubeconfig
from kubedrill.cluster.local.binaries import find
from kubedrill.process.child import DIES_WITH_ITS_PARENT
from kubedrill.record.cluster import NODE_AUTHORITY, ClusterRecord
from kubedrill.wire.pki import Issuer, Pair

NOT_HERE = "kubemark is not here: kubedrill setup --with kubemark"
_LEFT = re.compile(r"/tmp/(?:hollow-kubelet\.\d+|kubelet_remote_\d+\.sock)")
"""What it leaves, as it says itself."""
SAYS_WHAT_IT_LEAVES = "--v=4"
ENDS_S = 10.0


def kubemark() -> Path | None:
    """Return where the program is; None: it is not here."""
    on_path = shutil.which("kubemark")
    return find("kubemark") or (Path(on_path) if on_path else None)


@contextmanager
def kubelets(
    program: Path, cluster: ClusterRecord, names: list[str], folder: Path
) -> Iterator[None]:
    """Let kubelets be nodes of a cluster, each as itself, and take away what they leave."""
    logs = [folder / f"{name}.log" for name in names]
    running = [
        _start(program, cluster, name, folder, log) for name, log in zip(names, logs, strict=True)
    ]
    try:
        yield
        assert all(process.poll() is None for process in running), "a kubelet has ended by itself"
    finally:
        for process in running:
            process.kill()
            process.wait(ENDS_S)
        for log in logs:
            for left in set(_LEFT.findall(log.read_text(errors="replace"))):
                _remove(Path(left))


def _start(
    program: Path, cluster: ClusterRecord, name: str, folder: Path, log: Path
) -> "subprocess.Popen[bytes]":
    who = cluster.identity(NODE_AUTHORITY)
    assert who.certificate
    assert who.key
    issuer = Issuer.read(Pair(Path(who.certificate), Path(who.key)))
    pem = folder / f"{name}.pem"
    pem.write_bytes(issuer.client_pem(f"system:node:{name}", "system:nodes"))
    address = f"{cluster.balancer.host}:{cluster.balancer.port}"
    server = Server(cluster.name, address, Path(cluster.ca_file), cluster.server_name)
    config = write_kubeconfig(folder / f"{name}.kubeconfig", server, holder(pem, pem))
    with socket.socket() as free, log.open("wb") as said:
        free.bind(("127.0.0.1", 0))
        flags = (
            *("--morph=kubelet", f"--name={name}", f"--kubeconfig={config}"),
            *(f"--kubelet-port={free.getsockname()[1]}", "--kubelet-read-only-port=0"),
            *("--use-host-image-service=false", SAYS_WHAT_IT_LEAVES),
        )
        free.close()
        command = [*DIES_WITH_ITS_PARENT, str(program), *flags]
        return subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT)


def _remove(left: Path) -> None:
    if left.is_dir():
        shutil.rmtree(left)
    else:
        left.unlink(missing_ok=True)
