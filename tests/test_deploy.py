"""deploy/: what its files name is there, they agree with each other, and the rights are the least ones."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from commanding import kubedrill

from kubedrill import __version__
from kubedrill.cluster.adopted.access import contexts

TOP = Path(__file__).resolve().parents[1]
DEPLOY = TOP / "deploy"
BASE = DEPLOY / "kustomize" / "base"
PROJECT = BASE / "project"


def objects() -> dict[str, dict[str, Any]]:
    """Return every object of the base, by its kind."""
    kustomization = yaml.safe_load((BASE / "kustomization.yaml").read_text())
    texts = [(BASE / name).read_text() for name in kustomization["resources"]]
    found = [made for text in texts for made in yaml.safe_load_all(text)]
    assert len({made["kind"] for made in found}) == len(found)
    return {made["kind"]: made for made in found}


def pod() -> dict[str, Any]:
    return dict(objects()["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]["spec"])


def test_the_rights_are_those_that_its_experiments_need_and_no_others() -> None:
    printed = kubedrill("cluster", "rbac", "experiments/first.yaml", cwd=PROJECT)
    assert printed.returncode == 0, printed.stderr
    role = objects()["ClusterRole"]
    assert role == yaml.safe_load(printed.stdout)
    assert not any("*" in verb for rule in role["rules"] for verb in rule["verbs"])


def test_names_agree() -> None:
    found = objects()
    binding, account = found["ClusterRoleBinding"], found["ServiceAccount"]
    kustomization = yaml.safe_load((BASE / "kustomization.yaml").read_text())
    assert binding["roleRef"]["name"] == found["ClusterRole"]["metadata"]["name"]
    [subject] = binding["subjects"]
    assert subject["name"] == account["metadata"]["name"] == pod()["serviceAccountName"]
    namespace = found["Namespace"]["metadata"]["name"]
    assert subject["namespace"] == kustomization["namespace"] == namespace
    claim, config = (
        volume
        for volume in sorted(pod()["volumes"], key=lambda volume: str(volume["name"]), reverse=True)
        if "emptyDir" not in volume
    )
    assert (
        claim["persistentVolumeClaim"]["claimName"]
        == (found["PersistentVolumeClaim"]["metadata"]["name"])
    )
    [generated] = kustomization["configMapGenerator"]
    assert config["configMap"]["name"] == generated["name"]
    [container] = pod()["containers"]
    [image] = kustomization["images"]
    assert (image["name"], image["newTag"]) == (container["image"], __version__)


def test_every_file_that_is_mounted_is_there() -> None:
    kustomization = yaml.safe_load((BASE / "kustomization.yaml").read_text())
    [generated] = kustomization["configMapGenerator"]
    files = dict(entry.split("=") for entry in generated["files"])
    assert all((BASE / path).is_file() for path in files.values())
    [container] = pod()["containers"]
    mounted = {
        mount["subPath"]: mount["mountPath"]
        for mount in container["volumeMounts"]
        if "subPath" in mount
    }
    assert mounted.keys() == files.keys()
    for key, path in files.items():
        if path.startswith("project/"):
            assert mounted[key] == f"/drills/{path.removeprefix('project/')}"
    names = {volume["name"] for volume in pod()["volumes"]}
    assert {mount["name"] for mount in container["volumeMounts"]} == names
    [config] = [variable for variable in container["env"] if variable["name"] == "KUBECONFIG"]
    assert config["value"] == mounted["kubeconfig"]


def test_what_the_cronjob_plays_is_valid() -> None:
    [container] = pod()["containers"]
    command, suite = container["args"]
    assert command == "suite"
    said = kubedrill("validate", suite, "clusters/here.yaml", cwd=PROJECT)
    assert (said.returncode, said.stderr) == (0, "")
    cluster = yaml.safe_load((PROJECT / "clusters" / "here.yaml").read_text())
    assert contexts(str(BASE / "kubeconfig.yaml")) == [cluster["context"]]


def test_the_pod_may_do_nothing_on_its_node() -> None:
    context = pod()["securityContext"]
    [container] = pod()["containers"]
    own = container["securityContext"]
    assert context["runAsNonRoot"]
    assert own["readOnlyRootFilesystem"]
    assert not own["allowPrivilegeEscalation"]
    assert own["capabilities"] == {"drop": ["ALL"]}
    image = (DEPLOY / "Containerfile").read_text()
    assert f"USER {context['runAsUser']}:{context['runAsGroup']}" in image
    job = objects()["CronJob"]["spec"]
    assert (job["concurrencyPolicy"], job["jobTemplate"]["spec"]["backoffLimit"]) == ("Forbid", 0)


def test_the_image_is_made_of_files_that_are_there() -> None:
    lines = (DEPLOY / "Containerfile").read_text().splitlines()
    copied = [line.split()[1:-1] for line in lines if re.match("COPY (?!--from)", line)]
    assert all((TOP / name).exists() for names in copied for name in names)
    build = (TOP / "pyproject.toml").read_text()
    shipped = re.findall(r'^(\w+) = "kubedrill/shipped/\w+"$', build, re.MULTILINE)
    assert {*shipped, "harness"} <= {name for names in copied for name in names}
    last = "\n".join(lines).rpartition("\nFROM ")[2]
    assert "pip" not in last, "no build tools are used in the last stage"


def test_the_workflow_pins_what_ci_does() -> None:
    workflow = (DEPLOY / "github" / "drills.yml").read_text()
    assert yaml.safe_load(workflow)["jobs"]
    used = set(re.findall(r"uses: (\S+)@(\S+)", workflow))
    known = {
        pair
        for path in (TOP / ".github" / "workflows").glob("*.yml")
        for pair in re.findall(r"uses: (\S+)@(\S+)", path.read_text())
    }
    versions = dict(known)
    assert all(re.fullmatch(r"v\d+", version) for _, version in used)
    assert all(versions.get(action, version) == version for action, version in used)


def test_the_unit_of_its_timer_is_there() -> None:
    units = DEPLOY / "systemd"
    [timer], [service] = units.glob("*.timer"), units.glob("*.service")
    assert timer.stem == service.stem
    assert "KillMode=process" in service.read_text(), "or the watchdog is killed with the runner"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    units = []
    for path in (DEPLOY / "systemd").iterdir():
        unit = tmp_path / path.name.replace("@", "@nightly")
        # No user and no folder of that name is on this machine.
        text = re.sub(r"^(User|WorkingDirectory)=.*\n", "", path.read_text(), flags=re.MULTILINE)
        unit.write_text(text)
        units.append(str(unit))
    verified = subprocess.run(
        ["systemd-analyze", "verify", *sorted(units)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    own = [line for line in verified.stderr.splitlines() if "kubedrill" in line]
    assert own == []
