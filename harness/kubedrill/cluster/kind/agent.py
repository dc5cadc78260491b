"""Our hand in a node: a shell that the engine runs there, told by its standard input what to do.

It gives back what it has taken as soon as nobody speaks to it any more: whoever kills the cluster's daemon
leaves no manifest away, no process stopped and no rule behind. It does so before it begins, too, for a node
may have been started anew since.
"""

import subprocess
from contextlib import suppress
from pathlib import Path

from kubedrill.cluster.kind.engine import ContainerEngine

AWAY = "/etc/kubernetes/kubedrill-away"
"""Where manifests of static pods are that kubelet must not run: on the file system that they are from."""
MANIFESTS = "/etc/kubernetes/manifests"
LEAVE_S = 3.0

_SCRIPT = r"""
away=%(away)s manifests=%(manifests)s
give_back() {
  for file in "$away"/*.yaml; do [ -e "$file" ] && mv -f "$file" "$manifests/"; done
  rmdir "$away" 2>/dev/null
  pkill -CONT -x 'etcd|kube-apiserver|kube-controller|kube-scheduler'
  nft list tables inet 2>/dev/null | while read -r _ _ table; do
    case $table in kubedrill-*) nft delete table inet "$table" ;; esac
  done
}
trap '' HUP INT TERM
give_back
echo ready
while read -r verb what more; do
  case $verb in
    signal) kill -"$what" "$more" ;;
    away) mkdir -p "$away" && mv "$manifests/$what.yaml" "$away/" ;;
    back) [ ! -e "$away/$what.yaml" ] || mv "$away/$what.yaml" "$manifests/" ;;
    kubelet) systemctl --no-block restart kubelet ;;
  esac || echo "could not $verb $what $more" >&2
done
give_back
"""


class Agent:
    """One that is told what to do in a node; what comes of it is seen from outside."""

    def __init__(self, engine: ContainerEngine, container: str, log: Path) -> None:
        script = _SCRIPT % {"away": AWAY, "manifests": MANIFESTS}
        with log.open("ab") as said:
            self._shell = subprocess.Popen(
                engine.command("exec", "-i", container, "bash", "-c", script),
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=said,
                bufsize=0,
            )

    def is_there(self) -> bool:
        """Whether it can be told anything."""
        return self._shell.poll() is None

    def tell(self, *words: str) -> None:
        """Tell it to do something; OSError if nobody listens."""
        assert self._shell.stdin
        self._shell.stdin.write(f"{' '.join(words)}\n".encode())

    def be_gone(self) -> None:
        """Let it give back what it has taken, and end."""
        assert self._shell.stdin
        self._shell.stdin.close()

    def wait(self) -> None:
        """Wait until it has; one that does not is left to itself."""
        with suppress(subprocess.TimeoutExpired):
            self._shell.wait(LEAVE_S)
