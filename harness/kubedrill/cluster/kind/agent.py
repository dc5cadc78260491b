"""Our hand in a node: a shell that the engine runs there, told by its standard input what to do.

It gives back what it has taken as soon as nobody speaks to it any more: whoever kills the cluster's daemon
leaves no manifest away, no process stopped and no rule behind. It does so before it begins, too, for a node
may have been started anew since. There is one at a time in a node: the next one waits for its end.
"""

import selectors
import subprocess
from contextlib import suppress
from pathlib import Path

from kubedrill.cluster.engine import ContainerEngine, EngineFailed

AWAY = "/etc/kubernetes/kubedrill-away"
"""Where manifests of static pods are that kubelet must not run: on the file system that they are from."""
MANIFESTS = "/etc/kubernetes/manifests"
STILL = "/run/kubedrill-kubelet"
"""There as long as kubelet must not run."""
LOCK = "/run/kubedrill.lock"
READY_S = 10.0
"""The engine takes 0.1 s to start a shell; one that was there before gives back within 1 s."""
LEAVE_S = 3.0

_GIVE_BACK = r"""
exec 9> %(lock)s && flock -w 10 9 || exit 1
away=%(away)s manifests=%(manifests)s still=%(still)s
begin() { rm -f "$still"; systemctl --no-block start kubelet; }
tidy() { rmdir "$away" 2>/dev/null || true; }
give_back() {
  for file in "$away"/*.yaml; do [ ! -e "$file" ] || mv -f "$file" "$manifests/"; done
  tidy
  pkill -CONT -x 'etcd|kube-apiserver|kube-controller|kube-scheduler|kubelet' || true
  [ ! -e "$still" ] || begin || true
  nft list tables inet 2>/dev/null | while read -r _ _ table; do
    case $table in kubedrill-*) nft delete table inet "$table" ;; esac
  done
}
give_back
"""
_SCRIPT = r"""
trap '' HUP INT TERM
echo ready
while read -r verb what more; do
  case $verb in
    signal) kill -"$what" "$more" ;;
    away) mkdir -p "$away"; [ ! -e "$manifests/$what.yaml" ] || mv "$manifests/$what.yaml" "$away/" ;;
    back) [ ! -e "$away/$what.yaml" ] || mv "$away/$what.yaml" "$manifests/" && tidy ;;
    kubelet) [ -e "$still" ] || systemctl --no-block restart kubelet ;;
    end) touch "$still"; systemctl --no-block stop kubelet ;;
    begin) begin ;;
  esac || echo "could not $verb $what $more" >&2
done
give_back
"""


def give_back() -> str:
    """Return the script that gives back what an agent has taken, once that has ended."""
    return _GIVE_BACK % {"away": AWAY, "manifests": MANIFESTS, "still": STILL, "lock": LOCK}


class Agent:
    """One that is told what to do in a node; what comes of it is seen from outside. EngineFailed."""

    def __init__(self, engine: ContainerEngine, container: str, log: Path) -> None:
        with log.open("ab") as said:
            self._shell = subprocess.Popen(
                engine.command("exec", "-i", container, "bash", "-c", give_back() + _SCRIPT),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                bufsize=0,
            )
        self._wait_ready()

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
        assert self._shell.stdout
        self._shell.stdout.close()

    def _wait_ready(self) -> None:
        assert self._shell.stdout
        with selectors.DefaultSelector() as selector:
            selector.register(self._shell.stdout, selectors.EVENT_READ)
            if selector.select(READY_S) and self._shell.stdout.read(5) == b"ready":
                return
        self.be_gone()
        self.wait()
        raise EngineFailed(f"no shell came up in the node within {READY_S:g} s")
