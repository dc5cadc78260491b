"""What a process of a drill sees of the environment of whoever started it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kubedrill.process.child import Child
from kubedrill.process.environment import environment

PRIVATE = Path("/state/clusters/c/drills/r")
OWN = {"KUBECONFIG": f"{PRIVATE}/kubeconfig", "HOME": f"{PRIVATE}/home"}
ENGINE = {"DOCKER_HOST": "tcp://d:2375", "CONTAINER_HOST": "unix:///p", "DOCKER_TLS_VERIFY": "1"}
FOREIGN = {
    "KUBECONFIG": "/home/u/.kube/config",
    "HOME": "/home/u",
    "KUBERNETES_CONTEXT": "production",
    "KUBERNETES_HOST": "https://production",
    "KUBERNETES_SERVICE_HOST": "10.0.0.1",
    "KUBERNETES_SERVICE_PORT": "443",
    "KUBERNETES_API_KEY": "secret",
    "CHAOSTOOLKIT_IN_POD": "true",
    "HTTPS_PROXY": "http://proxy:3128",
    "http_proxy": "http://proxy:3128",
    "NO_PROXY": "",
    "XDG_CONFIG_HOME": "/home/u/.config",
    "HELM_KUBECONTEXT": "production",
    "AWS_PROFILE": "production",
    "ETCD_NAME": "n",
    "LOCUST_HOST": "https://production",
    "SSH_AUTH_SOCK": "/tmp/agent",
    "KUBEDRILL_PROMETHEUS_TOKEN": "secret",
    **ENGINE,
}
HARMLESS = {
    "PATH": "/bin",
    "LANG": "C.UTF-8",
    "LC_CTYPE": "C.UTF-8",
    "TZ": "UTC",
    "TMPDIR": "/tmp",
    "PYTHONPATH": "/p",
    "PYTHONUSERBASE": "/home/u/.local",
    "KUBEDRILL_STATE": "/state",
    "KUBEBUILDER_ASSETS": "/assets",
    "SSL_CERT_FILE": "/ca.pem",
}


def test_what_leads_to_a_cluster_is_the_drills_and_what_does_not_is_passed_on() -> None:
    assert environment(PRIVATE, False, FOREIGN | HARMLESS) == HARMLESS | OWN


def test_a_container_engine_is_there_for_the_clusters_that_are_made_of_containers() -> None:
    assert environment(PRIVATE, True, FOREIGN | HARMLESS) == HARMLESS | OWN | ENGINE


def test_made_from_itself_it_is_the_same() -> None:
    first = environment(PRIVATE, True, FOREIGN | HARMLESS)
    assert environment(PRIVATE, True, first) == first


def test_packages_of_the_users_own_are_found_without_his_home() -> None:
    script = (
        "import json, site; from pathlib import Path\n"
        "from kubedrill.process.environment import environment\n"
        "site.ENABLE_USER_SITE = True\n"
        "print(json.dumps(environment(Path('/p'))['PYTHONUSERBASE']))\n"
    )
    given = {name: value for name, value in os.environ.items() if name != "PYTHONUSERBASE"}
    said = subprocess.check_output([sys.executable, "-c", script], env=given | {"HOME": "/home/u"})
    assert json.loads(said) == "/home/u/.local"


def test_a_child_sees_it_and_what_is_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in FOREIGN.items():
        monkeypatch.setenv(name, value)
    script = (
        "import json, os, sys; print(json.dumps(dict(os.environ)), file=sys.stderr); print('ready')"
    )
    command = [sys.executable, "-c", script]
    log = tmp_path / "log"
    child = Child.start("c", command, log, {"KUBEDRILL_LOAD": "list"}, private=PRIVATE)
    child.wait_ready(60)
    child.wait(60)
    seen = json.loads(log.read_text())
    assert OWN.items() <= seen.items()
    assert seen["KUBEDRILL_LOAD"] == "list"
    assert not (FOREIGN.keys() - OWN.keys()) & seen.keys()
