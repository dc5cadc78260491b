"""What each function of chaostoolkit-kubernetes asks of the API is what its identity may do, and no more.

Each is called, and a server notes the requests as an apiserver would put them to RBAC.
"""

import importlib
import inspect
import json
import re
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import chaosk8s
import pytest

from kubedrill.faults.rights import RIGHTS, rights_of
from kubedrill.process.environment import environment, kubeconfig

UNKNOWN = {"chaosk8s.crd.actions.apply_from_json", "chaosk8s.crd.actions.apply_from_yaml"}
BROKEN = {
    "chaosk8s.crd.actions.replace_custom_object",
    "chaosk8s.crd.actions.replace_cluster_custom_object",
}
"""They give the client an argument that it does not take, and so ask nothing."""
GIVEN = {
    **dict.fromkeys(("name", "container_name", "pod_namespace", "ns"), "x"),
    **dict.fromkeys(("label_selector", "pod_label_selector"), "a=b"),
    "group": "g.io",
    "version": "v1",
    "plural": "things",
    "resource": {"kind": "Thing"},
    "cmd": "true",
    "condition_type": "Ready",
    "condition_value": "True",
    "pattern": "x",
    "rate": "1mbps",
    "direction": "to",
    "spec": {"kind": "X"},
    "size": "1MB",
}
"""Arguments by their names; 1 for all others that a function must have."""
OWNER = {"kind": "ReplicaSet", "name": "r", "uid": "u", "apiVersion": "apps/v1", "controller": True}
METADATA = {"name": "x", "namespace": "x", "uid": "u", "ownerReferences": [OWNER]}
POD = {"containers": [{"name": "x"}], "volumes": [], "nodeName": "x"}

PATH = re.compile(
    r"/(?:api|apis/(?P<group>[^/]+))/v1(?:alpha1)?(?:/namespaces/[^/]+(?=/))?"
    r"/(?P<resource>[^/?]+)(?:/(?P<name>[^/?]+))?(?:/(?P<below>[^/?]+))?"
)


class _Answer(BaseHTTPRequestHandler):
    asked: dict[str, set[str]]
    current: list[str]

    def answer(self) -> None:
        if self.path.startswith("/call/"):
            self.current[0] = self.path.removeprefix("/call/")
            self._send(200, {})
            return
        found = PATH.match(self.path)
        assert found, self.path
        verb = self._verb(bool(found["name"]))
        group = f".{found['group']}" if found["group"] else ""
        below = f"/{found['below']}" if found["below"] else ""
        self.asked[self.current[0]].add(f"{verb} {found['resource']}{below}{group}")
        self._send(*self._content(verb, found["resource"]))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815

    def _verb(self, named: bool) -> str:
        if self.command != "GET":
            return {"POST": "create", "PUT": "update"}.get(self.command, self.command.lower())
        return "watch" if "watch=" in self.path else "get" if named else "list"

    def _content(self, verb: str, resource: str) -> tuple[int, Any]:
        pod = {"metadata": METADATA, "spec": POD, "status": {"phase": "Running"}}
        if verb == "watch":
            return 403, {}
        if verb == "get":
            return 404, {}  # gone, as one that waits for it hopes
        if verb == "delete":
            return 200, {"status": "Success"}
        if verb == "list":
            item = pod if resource == "pods" else {"metadata": METADATA}
            return 200, {"items": [] if resource == "events" else [item]}
        return 201, {"metadata": METADATA}

    def _send(self, status: int, content: Any) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def functions() -> Iterator[str]:
    """Yield every function that chaostoolkit-kubernetes has for experiments."""
    for module in Path(chaosk8s.__file__).parent.rglob("*.py"):
        if module.stem in {"actions", "probes"}:
            parts = module.relative_to(Path(chaosk8s.__file__).parents[1]).with_suffix("").parts
            name = ".".join(parts)
            yield from (f"{name}.{function}" for function in importlib.import_module(name).__all__)


def call(name: str, files: Path) -> list[Any]:
    """Return a function with all the arguments that it takes by the names above, or must have."""
    module, _, function = name.rpartition(".")
    taken = inspect.signature(getattr(importlib.import_module(module), function)).parameters
    # Of a pattern that is called `name`, or another way to say what, one is enough.
    arguments = {key: GIVEN[key] for key in taken if key in GIVEN} | {
        key: 1
        for key, parameter in taken.items()
        if parameter.default is parameter.empty and key not in GIVEN
    }
    if function == "create_node":
        arguments["spec"] = {}
    if "spec_path" in taken:
        arguments["spec_path"] = str(files / "x.json")
    return [name, arguments]


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """What each function asked, as `list pods`."""
    private = tmp_path_factory.mktemp("private")
    (private / "x.json").write_text('{"kind": "X", "metadata": {"name": "x"}}')
    seen: dict[str, set[str]] = defaultdict(set)
    handler = type("Answer", (_Answer,), {"asked": seen, "current": [""]})
    calls = [call(name, private) for name in RIGHTS]
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        context = {"name": "c", "context": {"cluster": "c", "user": "u"}}
        config = {
            "clusters": [{"name": "c", "cluster": {"server": url}}],
            "users": [{"name": "u", "user": {"token": "t"}}],
            "contexts": [context],
            "current-context": "c",
        }
        kubeconfig(private).write_text(json.dumps(config))
        script = Path(__file__).parents[1] / "shared" / "calling.py"
        done = subprocess.run(
            [sys.executable, script, url],
            input=json.dumps(calls),
            env=environment(private),
            text=True,
            check=False,
            timeout=240,
            capture_output=True,
        )
        server.shutdown()
        thread.join()
    assert done.returncode == 0, done.stderr
    return seen


def test_every_function_is_known_but_those_that_take_any_object() -> None:
    assert set(functions()) - UNKNOWN <= RIGHTS.keys()
    for name in UNKNOWN:
        module, _, function = name.rpartition(".")
        assert (
            rights_of({"provider": {"type": "python", "module": module, "func": function}}) is None
        )


@pytest.mark.parametrize("name", RIGHTS)
def test_it_may_do_what_it_asks_and_nothing_else(name: str, asked: dict[str, set[str]]) -> None:
    module, _, function = name.rpartition(".")
    arguments = {"group": "g.io", "plural": "things"}
    provider = {"type": "python", "module": module, "func": function, "arguments": arguments}
    allowed = {
        f"{verb} {rule['resources'][0]}"
        + (f".{rule['apiGroups'][0]}" if rule["apiGroups"][0] else "")
        for rule in rights_of({"provider": provider}) or ()
        for verb in rule["verbs"]
    }
    # That newer servers ask for a creation too shows only on them.
    expected = set() if name in BROKEN else allowed - {"create pods/exec"}
    assert asked[name] == expected
