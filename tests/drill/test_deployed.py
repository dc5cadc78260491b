"""What the CronJob of deploy/ plays, on somebody else's cluster: with its files, and its rights alone."""

import json
from contextlib import closing
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import yaml
from bare_cluster import Theirs, somebodys
from commanding import kubedrill
from object_observers import Nodes

from kubedrill.cluster.adopted import adopting

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.own,
    pytest.mark.timeout(600),
    pytest.mark.torture,
]
"""Of the same kind as what stands in `test_your_cluster_page`, which `make test` plays."""

BASE = Path(__file__).resolve().parents[2] / "deploy" / "kustomize" / "base"


def in_the_pod(theirs: Theirs, mounted: Path) -> Path:
    """Write what is mounted into a pod; return the base's kubeconfig, which leads to that."""
    person = json.loads(theirs.kubeconfig.read_text())
    mounted.mkdir()
    (mounted / "token").write_text(person["users"][0]["user"]["token"])
    (mounted / "ca.crt").write_bytes(Path(theirs.record.ca_file).read_bytes())
    text = (BASE / "kubeconfig.yaml").read_text()
    text = text.replace("/var/run/secrets/kubernetes.io/serviceaccount", str(mounted))
    config: dict[str, Any] = yaml.safe_load(text)
    # There it has this name; here it is reached elsewhere.
    theirs_own = person["clusters"][0]["cluster"]
    config["clusters"][0]["cluster"] |= {
        key: theirs_own[key] for key in ("server", "tls-server-name")
    }
    path = mounted / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return path


def at_any_time(file: Path) -> None:
    suite = yaml.safe_load(file.read_text())
    del suite["gates"]["windows"]
    file.write_text(yaml.safe_dump(suite))


def held_back(theirs: Theirs, project: Path, environment: dict[str, str]) -> int:
    """Label the namespace as the suite says; return the exit code of a suite that so plays nothing."""
    label(theirs, "running")
    played = kubedrill("suite", "suites/nightly.yaml", "--no-page", cwd=project, **environment)
    assert "first is not played: cluster here: namespace default has the label" in played.stdout
    label(theirs, None)
    return played.returncode


def label(theirs: Theirs, value: str | None) -> None:
    status, namespace = theirs.call("GET", "/api/v1/namespaces/default")
    assert status == 200
    namespace["metadata"]["labels"]["release"] = value or "over"
    status, _ = theirs.call("PUT", "/api/v1/namespaces/default", namespace)
    assert status == 200


@pytest.mark.again("what others take of the machine makes a drill INVALID, rightly")
def test_its_files_and_its_rights_are_enough(tmp_path: Path) -> None:
    with somebodys("deployed", tmp_path) as theirs:
        project = copytree(BASE / "project", tmp_path / "drills")
        kubeconfig = in_the_pod(theirs, tmp_path / "mounted")
        documents = yaml.safe_load_all((BASE / "rbac.yaml").read_text())
        theirs.allow_rules(next(documents)["rules"])
        here = project / "clusters" / "here.yaml"
        at_any_time(project / "suites" / "nightly.yaml")
        environment = {"KUBECONFIG": str(kubeconfig), "KUBEDRILL_SHARED_MACHINE": "1"}

        refused = kubedrill("suite", "suites/nightly.yaml", cwd=project, **environment)
        assert refused.returncode == 3, "no cluster has the zeros of the file"

        known = yaml.safe_load(here.read_text())
        look = adopting.look_at(str(kubeconfig), known["context"])
        known |= {"authority": look.authority, "system_uid": look.system_uid}
        here.write_text(yaml.safe_dump(known))
        assert held_back(theirs, project, environment) == 2

        with closing(Nodes(theirs.record)):
            played = kubedrill(
                "suite", "suites/nightly.yaml", "--no-page", cwd=project, **environment
            )
        assert played.returncode == 0, played.stdout + played.stderr
        assert theirs.there() == set()
