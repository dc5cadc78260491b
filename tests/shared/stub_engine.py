"""k3d and docker without containers: programs that take what the true ones take, and refuse all else.

What is real: the API, of a local cluster; the processes, their signals and control groups; what the engine
does with what has ended, by its policy. What is not: k3s and nginx. Processes of their names stand in for
them, that pass on to that API whatever they receive.
Recorded from k3d v5.9.0 (`k3d version`, `cluster list -o json`, its container's labels) and docker 26.
"""

import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import yaml

CLUSTER, ROLE, STATIC = "k3d.cluster", "k3d.role", "k3d.node.staticIP"
_SOCKET = "unix:///stub.sock"
PORT = 6443
_SERVER = """\
#!{python}
import asyncio, itertools, signal, sys, time

turn = itertools.cycle(sys.argv[2].split(","))


async def pump(reader, writer):
    try:
        while some := await reader.read(65536):
            writer.write(some)
            await writer.drain()
    finally:
        writer.close()


async def serve(reader, writer):
    for _ in sys.argv[2].split(","):
        host, port = next(turn).split(":")
        try:
            there = await asyncio.wait_for(asyncio.open_connection(host, port), 2)
        except (OSError, TimeoutError):
            continue
        both = pump(reader, there[1]), pump(there[0], writer)
        await asyncio.gather(*both, return_exceptions=True)
        return
    writer.close()


async def main():
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, lambda: sys.exit(0))
    host, port = sys.argv[1].split(":")
    while time.process_time() < 0.05:
        pass
    server = await asyncio.start_server(serve, host, port)
    print("it listens", flush=True)
    await server.serve_forever()


asyncio.run(main())
"""
_PROGRAM = """\
#!{python}
import sys
sys.path[:0] = {path!r}
from stub_engine import StubEngine
sys.exit(StubEngine({folder!r}).{what}(sys.argv[1:]))
"""
PROGRAMS = {"server": "k3s-server", "loadbalancer": "nginx"}


class StubEngine:
    """Containers, each a file: `containers/ID.json`."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)
        self.log, self.failing = self.folder / "told.jsonl", self.folder / "failing"
        self._containers = self.folder / "containers"
        self.authority = self.folder / "authority"
        self.api = self.folder / "api"
        """Where the apiserver listens to which every server passes on."""
        self.kubeconfig = self.folder / "theirs.kubeconfig"

    def make(self) -> None:
        """Write the programs."""
        self._containers.mkdir(parents=True)
        programs = self.folder / "bin"
        programs.mkdir()
        texts = {name: _SERVER.format(python=sys.executable) for name in PROGRAMS.values()}
        for what in ("docker", "podman", "k3d"):
            texts[what] = _PROGRAM.format(
                python=sys.executable, path=sys.path, folder=str(self.folder), what=what
            )
        for name, text in texts.items():
            (programs / name).write_text(text, encoding="utf-8")
            (programs / name).chmod(0o755)

    def told(self) -> list[list[str]]:
        """Return what both were told, in order; the first word is which."""
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]

    def surroundings(self, variable: str) -> set[str]:
        """Return what k3d found in a variable of its environment, each time."""
        lines = (self.folder / "surroundings").read_text(encoding="utf-8").splitlines()
        return {json.loads(line)[variable] for line in lines}

    def strangers(self) -> list[str]:
        """Return what both were told that they do not know."""
        file = self.folder / "strangers"
        return file.read_text(encoding="utf-8").splitlines() if file.exists() else []

    def fail(self, *words: str) -> None:
        """Let what begins with these words fail from now on; nothing, without any."""
        self.failing.write_text(json.dumps(words), encoding="utf-8")

    def add(self, cluster: str, servers: int, *, static: bool = True) -> None:
        """Add a cluster's containers, which run."""
        net = f"127.{200 + os.urandom(1)[0] % 50}.{os.urandom(1)[0]}"
        addresses = [f"{net}.{number + 1}" for number in range(servers)]
        api = self.api.read_text(encoding="ascii")
        for number, address in enumerate(addresses):
            labels = {ROLE: "server"} | ({STATIC: address} if static else {})
            self._add(cluster, f"server-{number}", labels, address, api)
        targets = ",".join(f"{address}:{PORT}" for address in addresses)
        self._add(cluster, "serverlb", {ROLE: "loadbalancer"}, f"{net}.200", targets)

    def _add(
        self, cluster: str, name: str, labels: dict[str, str], address: str, targets: str
    ) -> None:
        self._start(
            {
                "id": os.urandom(32).hex(),
                "name": f"k3d-{cluster}-{name}",
                "labels": {"app": "k3d", CLUSTER: cluster, **labels},
                "address": address,
                "targets": targets,
                "policy": "unless-stopped",
            }
        )

    def all(self) -> list[dict[str, Any]]:
        """Return the containers."""
        files = sorted(self._containers.glob("*.json"))
        return [json.loads(file.read_text(encoding="utf-8")) for file in files]

    def keep(self, ended: threading.Event) -> None:
        """Do what the engine does by itself: start what has ended, where its policy says so."""
        while not ended.wait(0.05):
            with self._alone():
                for found in self.all():
                    restarts = found["policy"] == "unless-stopped" and not found["stopped"]
                    if restarts and not _runs(found["pid"]):
                        self._start(found)

    def docker(self, words: list[str]) -> int:
        """Do what docker is told."""
        with self._alone():
            if self._is_to_fail("docker", words):
                return 1
            if words[:2] == ["--host", _SOCKET]:
                words = words[2:]
            return self._docker(words)

    def podman(self, words: list[str]) -> int:
        """Do what podman is told."""
        with self._alone():
            if self._is_to_fail("podman", words):
                return 1
            if words == ["info", "--format", "{{.Host.RemoteSocket.Path}}"]:
                print("unix:///run/stub/podman.sock")
                return 0
            return self._docker(words)

    def k3d(self, words: list[str]) -> int:
        """Do what k3d is told."""
        with self._alone():
            if self._is_to_fail("k3d", words):
                return 1
            return self._k3d(words)

    def end(self) -> None:
        """End all that runs, and remove its control groups."""
        with self._alone():
            for found in self.all():
                self._remove(found)

    def _docker(self, words: list[str]) -> int:
        match words:
            case ["ps", "-q"]:
                pass
            case ["context", "inspect", "--format", "{{.Endpoints.docker.Host}}"]:
                print(_SOCKET)
            case ["ps", "-aq", "--no-trunc", "--filter", label]:
                key, _, value = label.removeprefix("label=").partition("=")
                print("\n".join(it["id"] for it in self.all() if it["labels"].get(key) == value))
            case ["inspect", "--type", "container", *ids]:
                print(json.dumps([_inspected(self._container(known)) for known in ids]))
            case ["exec", "-i", known, "cat", file]:
                self._container(known)
                print((self.authority / Path(file).name).read_text(encoding="ascii"), end="")
            case _:
                return self._change(words)
        return 0

    def _change(self, words: list[str]) -> int:
        match words:
            case ["update", "--restart", ("no" | "unless-stopped") as policy, *ids]:
                for known in ids:
                    self._note(self._container(known) | {"policy": policy})
            case ["start", *ids]:
                for found in map(self._container, ids):
                    if not _runs(found["pid"]):
                        self._start(found)
            case ["kill", known]:
                return self._kill(self._container(known))
            case ["logs", "--tail", "1", known]:
                print((self.folder / f"{known}.log").read_text(encoding="utf-8"), end="")
            case _:
                return self._stranger("docker", words)
        return 0

    def _stranger(self, program: str, words: list[str]) -> int:
        with (self.folder / "strangers").open("a", encoding="utf-8") as known:
            known.write(json.dumps([program, *words]) + "\n")
        return _no(f"{program} does not know {words}")

    def _kill(self, found: dict[str, Any]) -> int:
        if not _runs(found["pid"]):
            return _no(f"cannot kill container: {found['id']} is not running")
        self._note(found | {"stopped": True})
        os.kill(found["pid"], signal.SIGKILL)
        return 0

    def _k3d(self, words: list[str]) -> int:
        if words[0] != "version":
            found = {name: os.environ.get(name, "") for name in ("KUBECONFIG", "DOCKER_HOST")}
            with (self.folder / "surroundings").open("a", encoding="utf-8") as said:
                said.write(json.dumps(found) + "\n")
        match words:
            case ["version"]:
                print("k3d version v5.9.0\nk3s version v1.35.5-k3s1 (default)")
            case ["cluster", "list", "-o", "json"]:
                names = sorted({it["labels"][CLUSTER] for it in self.all()})
                print(json.dumps([{"name": name, "serversCount": 3} for name in names]))
            case ["cluster", "create", "--config", file]:
                self._create(yaml.safe_load(Path(file).read_text(encoding="utf-8")))
            case ["cluster", "delete", name]:
                for found in self.all():
                    if found["labels"][CLUSTER] == name:
                        self._remove(found)
            case ["kubeconfig", "get", name]:
                print("---\n" + self._kubeconfig(name))
            case _:
                return self._stranger("k3d", words)
        return 0

    def _kubeconfig(self, name: str) -> str:
        [balancer] = [it for it in self.all() if it["name"] == f"k3d-{name}-serverlb"]
        text = self.kubeconfig.read_text(encoding="utf-8").replace('"theirs"', f'"k3d-{name}"')
        return re.sub(r"https://[0-9.:]+", f"https://{balancer['address']}:{PORT}", text)

    def _create(self, config: dict[str, Any]) -> None:
        assert (config["apiVersion"], config["kind"]) == ("k3d.io/v1alpha5", "Simple")
        name = config["metadata"]["name"]
        assert len(name) <= 32, "k3d takes no longer one"
        self.add(name, config["servers"], static="subnet" in config)

    def _is_to_fail(self, what: str, words: list[str]) -> bool:
        with self.log.open("a", encoding="utf-8") as log:
            log.write(json.dumps([what, *words]) + "\n")
        failing = json.loads(self.failing.read_text()) if self.failing.exists() else []
        is_meant = bool(failing) and [what, *words][: len(failing)] == failing
        if is_meant:
            _no(f"no {' '.join(failing)} today")
        return is_meant

    def _container(self, known: str) -> dict[str, Any]:
        text = (self._containers / f"{known}.json").read_text(encoding="utf-8")
        return dict(json.loads(text))

    def _note(self, found: dict[str, Any]) -> None:
        file = self._containers / f"{found['id']}.json"
        file.with_suffix(".new").write_text(json.dumps(found), encoding="utf-8")
        file.with_suffix(".new").rename(file)

    def _start(self, found: dict[str, Any]) -> None:
        group = _groups() / found["id"]
        group.mkdir(exist_ok=True)
        program = self.folder / "bin" / PROGRAMS[found["labels"][ROLE]]
        words = f"{program} {found['address']}:{PORT} {found['targets']}"
        within = f"echo $$ > {group}/cgroup.procs; exec {words}"
        log = self.folder / f"{found['id']}.log"
        # Nobody's child, and of nobody's: containers know nothing of who had them started.
        started = f"setsid sh -c '{within}' >> {log} 2>&1 < /dev/null & echo $!"
        said = subprocess.run(
            ["/bin/sh", "-c", started], env={}, stdout=subprocess.PIPE, check=True
        )
        self._note(found | {"pid": int(said.stdout), "stopped": False})

    def _remove(self, found: dict[str, Any]) -> None:
        with suppress(ProcessLookupError):
            os.kill(found["pid"], signal.SIGKILL)
        (self._containers / f"{found['id']}.json").unlink()
        group = _groups() / found["id"]
        while _runs(found["pid"]):
            time.sleep(0.01)
        with suppress(OSError):  # where a zombie is still counted
            group.rmdir()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with (self.folder / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _no(why: str) -> int:
    print(f"Error: {why}", file=sys.stderr)
    return 1


def _runs(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except OSError:
        return False
    return stat[stat.rindex(")") + 2] != "Z"


def _inspected(found: dict[str, Any]) -> dict[str, Any]:
    runs = _runs(found["pid"])
    address = found["address"] if runs else ""
    return {
        "Id": found["id"],
        "Name": f"/{found['name']}",
        "Config": {"Labels": found["labels"]},
        "State": {"Status": "running" if runs else "exited"},
        "HostConfig": {"RestartPolicy": {"Name": found["policy"]}},
        "NetworkSettings": {"Networks": {"k3d": {"IPAddress": address}}},
    }


def _groups() -> Path:
    """Return where control groups are made: in version 1, of a controller by which nobody here is limited."""
    first = Path("/sys/fs/cgroup/pids")
    return first if first.is_dir() else Path("/sys/fs/cgroup")
