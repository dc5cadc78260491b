"""What Chaos Toolkit, or we, would refuse of an activity; told where it stands, and what would work."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from chaoslib.activity import ensure_activity_is_valid
from chaoslib.exceptions import InvalidActivity

from kubedrill.errors import NotStarted
from kubedrill.faults import activities, checking

CORDON = {"type": "python", "module": "chaosk8s.node.actions", "func": "cordon_node"}
OURS = "the drill gives each activity its cluster and its identity; none may be named here"


def said(provider: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what is wrong with a provider, and where; asked of the process of its own."""
    [found] = activities.flaws([{"type": "action", "name": "n", "provider": provider}])
    return [(".".join(map(str, where[1:])), why) for where, why in found]


@pytest.mark.parametrize(
    "provider",
    [
        CORDON,
        CORDON | {"arguments": {"name": "n"}},
        {"type": "python", "module": "plain_things", "func": "any_of_them", "arguments": {"x": 1}},
        {"type": "process", "path": "ls", "arguments": ["-l"], "timeout": 1.5},
        {"type": "process", "path": "kubectl-of-ours.sh", "arguments": "apply --server-side"},
        {"type": "http", "url": "http://127.0.0.1/", "headers": {"a": "b"}, "timeout": [1, 2]},
    ],
)
def test_what_chaos_toolkit_takes_is_taken(
    provider: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "plain_things.py").write_text("def any_of_them(**given): print('noise')\nprint(1)")
    (tmp_path / "kubectl-of-ours.sh").touch(mode=0o755)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert said(provider) == []


REFUSED = [
    ({}, "", "provider: needs a type; known: http, process, python"),
    (
        {"type": "pyhton"},
        "type",
        'provider: unknown provider type "pyhton"; did you mean "python"?',
    ),
    (
        {"type": ["python"]},
        "type",
        """provider: unknown provider type "['python']"; did you mean "python"?""",
    ),
    (CORDON | {"module": 5}, "module", "module must be text, not the number 5"),
    (
        {"type": "python", "func": "f"},
        "",
        "a python provider needs module, such as chaosk8s.pod.actions",
    ),
    (
        CORDON | {"module": "chaosaws.ec2.actions"},
        "module",
        'no module "chaosaws.ec2.actions"; it comes with an extension: pip install chaostoolkit-aws',
    ),
    (
        CORDON | {"module": "chaosk9s.node.actions"},
        "module",
        'no module "chaosk9s.node.actions"; "chaosk9s" is not installed; did you mean "chaosk8s"?',
    ),
    (
        CORDON | {"module": "chaosk8s.nodes.actions"},
        "module",
        'no module "chaosk8s.nodes.actions"; did you mean "chaosk8s.node.actions"?',
    ),
    (CORDON | {"module": "broken"}, "module", "broken cannot be imported: KeyError: 'x'"),
    (CORDON | {"module": "ending"}, "module", "ending cannot be imported: SystemExit: 0"),
    (
        CORDON | {"module": "needy"},
        "module",
        'needy needs the module "no_such_thing", which is not installed',
    ),
    (
        CORDON | {"module": "kubedrill.faults.etcd", "func": "kill"},
        "module",
        "kubedrill's own faults are named by themselves, such as etcd.kill: {member: leader}",
    ),
    (
        CORDON | {"func": "stress_node"},
        "func",
        'chaosk8s.node.actions has no function "stress_node"; did you mean "create_node"?',
    ),
    (
        {"type": "python", "module": "chaosk8s.node.actions"},
        "",
        (
            "a python provider needs func, such as terminate_pods; known: cordon_node, create_node, "
            "delete_nodes, drain_nodes, uncordon_node"
        ),
    ),
    (
        CORDON | {"arguments": {"nonsense": 1}},
        "arguments.nonsense",
        'cordon_node has no argument "nonsense"; known: label_selector, name',
    ),
    (
        CORDON | {"module": "chaosk8s.deployment.actions", "func": "scale_deployment"},
        "",
        'scale_deployment needs the argument "name"\nscale_deployment needs the argument "replicas"',
    ),
    (CORDON | {"arguments": []}, "arguments", "arguments must be a mapping, not a list"),
    (
        CORDON | {"argumets": {"name": "n"}},
        "argumets",
        'a python provider has no key "argumets"; did you mean "arguments"?',
    ),
    (
        {"type": "process", "path": "lls-"},
        "path",
        'no program "lls-"',
    ),
    (
        {"type": "process", "path": "./none"},
        "path",
        'no program "./none" that can be executed',
    ),
    ({"type": "process", "path": "ls", "timeout": True}, "timeout", "timeout must be seconds, not"),
    ({"type": "http"}, "", "a http provider needs url, such as http://127.0.0.1:80/"),
    ({"type": "http", "url": "ftp://x"}, "url", "url must begin with http:// or https://, not"),
    (
        {"type": "http", "url": "http://x", "headers": {"a": 1}},
        "headers",
        "headers must be a mapping of names to text",
    ),
    (CORDON | {"secrets": ["k8s"]}, "secrets", f"provider.secrets: {OURS}"),
    (
        CORDON | {"arguments": {"secrets": {"KUBERNETES_CONTEXT": "production"}}},
        "arguments.secrets",
        f"arguments.secrets: {OURS}",
    ),
    *(
        (
            {"type": "process", "path": "sh", "arguments": arguments},
            "arguments",
            f"arguments: {named}: {OURS}",
        )
        for arguments, named in (
            ("-c 'kubectl --kubeconfig /x get pods'", "--kubeconfig"),
            (["-c", "kubectl get pods --context=production"], "--context"),
            ({"--server": "https://production"}, "--server"),
            ("-c 'KUBECONFIG=/x kubectl get pods'", "KUBECONFIG="),
            (["-c", "helm --kube-context production ls"], "--kube-context"),
        )
    ),
]


@pytest.mark.parametrize(("provider", "where", "why"), REFUSED)
def test_what_would_fail_or_reach_elsewhere_is_refused(
    provider: dict[str, Any],
    where: str,
    why: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "broken.py").write_text("{}['x']")
    (tmp_path / "ending.py").write_text("raise SystemExit(0)")
    (tmp_path / "needy.py").write_text("import no_such_thing")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")
    found = said(provider)
    assert {file for file, _ in found} == {where}
    assert "\n".join(words for _, words in found).startswith(why)


@pytest.mark.parametrize(
    ("arguments", "refused"),
    [
        ("-s https://production get pods", True),
        (["get", "pods", "-shttps://production"], True),
        ({"-s": "https://production"}, True),
        ("get pods -o wide", False),
        ("exec web -- sort -s", False),
    ],
)
def test_a_server_in_one_letter_is_refused_as_well(
    tmp_path: Path, arguments: Any, refused: bool
) -> None:
    kubectl = tmp_path / "kubectl"
    kubectl.touch(mode=0o700)
    provider = {"type": "process", "path": str(kubectl), "arguments": arguments}
    found = [("arguments", f"arguments: -s: {OURS}")] if refused else []
    assert said(provider) == found


def test_chaos_toolkit_has_the_last_word(monkeypatch: pytest.MonkeyPatch) -> None:
    action = {"type": "action", "name": "n", "provider": CORDON | {"func": "no_such"}}
    with pytest.raises(InvalidActivity):
        ensure_activity_is_valid(action)
    monkeypatch.setitem(checking._CHECKS, "python", lambda _: [])
    [flaw] = checking.flaws(action)
    assert flaw.why.startswith("Chaos Toolkit refuses it: The python module")


def test_a_module_that_ends_python_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "deadly.py").write_text("import os; os._exit(7)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")
    with pytest.raises(NotStarted, match="importing their modules ended Python: exit code 7"):
        said(CORDON | {"module": "deadly"})


def test_nothing_of_theirs_is_imported_here() -> None:
    script = (
        "import sys; from kubedrill.faults.activities import flaws\n"
        f"flaws([{{'type': 'action', 'name': 'n', 'provider': {CORDON}}}])\n"
        "assert not {'chaosk8s', 'kubernetes', 'chaoslib', 'gevent'} & sys.modules.keys()"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
