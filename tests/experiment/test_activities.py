"""Activities of other extensions: what is refused before anything is started, and what they may do."""

from collections.abc import Callable
from pathlib import Path

import pytest

from kubedrill.errors import BadFile, NotStarted
from kubedrill.experiment import Experiment

Read = Callable[..., Experiment]

NODE = "module: chaosk8s.node.actions"
SOUND = f"provider: {{type: python, {NODE}, func: cordon_node}}"
FROM_THE_FIELD = [
    (
        f"{{type: python, {NODE}, func: stress_node, arguments: {{label_selector: zone=a}}}}",
        'chaosk8s.node.actions has no function "stress_node"; did you mean "create_node"?',
    ),
    (
        "{type: python, module: chaosaws.nope.actions, func: x, arguments: {}}",
        'no module "chaosaws.nope.actions"; it comes with an extension: pip install chaostoolkit-aws',
    ),
    (
        f"{{type: python, {NODE}, arguments: {{}}}}",
        "a python provider needs func, such as terminate_pods; known: cordon_node, create_node, ",
    ),
    (
        f"{{type: python, {NODE}, func: cordon_node, arguments: {{nonsense: 1}}}}",
        'cordon_node has no argument "nonsense"; known: label_selector, name',
    ),
]


@pytest.mark.parametrize("role", ["activity", "rollback"])
@pytest.mark.parametrize(("provider", "said"), FROM_THE_FIELD)
def test_what_no_release_has_is_refused_with_its_line(
    reading: Read, small: str, role: str, provider: str, said: str
) -> None:
    entry = dict.fromkeys(("activity", "rollback"), f"      {SOUND}")
    entry[role] = f"      provider: {provider}"
    text = "\n".join(
        f"{'  - ' if key == 'activity' else '    '}{key}:\n      type: action\n      name: n\n{rest}"
        for key, rest in entry.items()
    )
    file = small.replace("  - etcd.kill: {member: leader}", text)
    with pytest.raises(BadFile) as caught:
        reading(file)
    assert caught.value.message.startswith(said)
    assert caught.value.line is not None
    assert provider in file.splitlines()[caught.value.line - 1]


def test_a_module_that_ends_python_is_said_with_the_line(
    reading: Read, small: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "deadly.py").write_text("import os; os._exit(7)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")
    action = "{type: action, name: n, provider: {type: python, module: deadly, func: f}}"
    entry = f"  - activity: {action}\n    rollback: null\n    rights: []"
    with pytest.raises(
        BadFile, match="importing their modules ended Python: exit code 7"
    ) as caught:
        reading(small.replace("  - etcd.kill: {member: leader}", entry))
    assert caught.value.line is not None


def test_a_probe_is_no_fault(reading: Read, small: str) -> None:
    probe = "{type: probe, name: n, provider: {type: python, module: chaosk8s.pod.probes, func: x}}"
    with pytest.raises(NotStarted, match='type must be action, not the text "probe"'):
        reading(small, f"faults=[{{activity: {probe}, rollback: null}}]")


def rights(reading: Read, small: str, provider: str, beside: str = "") -> list[str]:
    action = f"{{type: action, name: n, provider: {{{provider}}}}}"
    experiment = reading(small, f"faults=[{{activity: {action}, rollback: null{beside}}}]")
    return [
        f"{','.join(rule['verbs'])} {','.join(rule['resources'])}.{','.join(rule['apiGroups'])}"
        for rule in experiment.faults[0].arguments["rights"]
    ]


def test_rights_are_those_of_its_module_and_those_that_the_file_adds(
    reading: Read, small: str
) -> None:
    terminate = "type: python, module: chaosk8s.pod.actions, func: terminate_pods"
    assert rights(reading, small, terminate) == ["list,delete pods."]
    more = ", rights: [{apiGroups: [apps], resources: [deployments], verbs: [get]}]"
    assert rights(reading, small, terminate, more) == ["get deployments.apps", "list,delete pods."]
    assert rights(reading, small, "type: process, path: ls") == []


def test_of_custom_objects_the_arguments_say_which(reading: Read, small: str) -> None:
    patch = "type: python, module: chaosk8s.crd.actions, func: patch_custom_object, arguments: "
    given = "{group: g.io, version: v1, plural: things, name: t, resource: {}}"
    assert rights(reading, small, patch + given) == ["patch things.g.io"]


@pytest.fixture
def _kubectl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kubectl").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")


@pytest.mark.usefixtures("_kubectl")
@pytest.mark.parametrize(
    ("provider", "who"),
    [
        ("type: python, module: os, func: getpid", "os"),
        ("type: python, module: chaosk8s.crd.actions, func: apply_from_yaml", "chaosk8s.crd"),
        ("type: process, path: kubectl, arguments: get pods", "kubectl"),
    ],
)
def test_rights_that_are_not_known_must_be_said(
    reading: Read, small: str, provider: str, who: str
) -> None:
    with pytest.raises(NotStarted) as caught:
        rights(reading, small, provider)
    assert f"what {who}" in str(caught.value)
    assert "must be allowed to do in the cluster is not known" in str(caught.value)
    assert rights(reading, small, provider, ", rights: []") == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("5", "rights must be a list of rules, not the number 5"),
        ("[pods]", 'a right is a mapping such as {resources: [pods], ...}, not the text "pods"'),
        ("[{}]", 'a right needs the key "verbs", with something in it'),
        (
            "[{verbs: [get], resources: [pods]}]",
            'a right needs the key "apiGroups", with something in it',
        ),
        (
            "[{verbs: get, resources: [pods], apiGroups: ['']}]",
            'verbs must be a list of texts, not the text "get"',
        ),
        (
            "[{verbs: [get], resource: [pods], apiGroups: ['']}]",
            'a right has no key "resource"; did you mean "resources"?',
        ),
        (
            "[{verbs: [get], nonResourceURLs: [/x], resources: [pods]}]",
            "nonResourceURLs and resources are rights of their own each",
        ),
    ],
)
def test_rights_have_the_form_of_rbac(reading: Read, small: str, given: str, said: str) -> None:
    with pytest.raises(NotStarted) as caught:
        rights(reading, small, "type: process, path: ls", f", rights: {given}")
    assert f"--set faults: {said}" in str(caught.value).splitlines()


def test_rights_are_for_activities(reading: Read, small: str) -> None:
    with pytest.raises(NotStarted, match="rights is for activity"):
        reading(small, "faults=[{etcd.kill: {member: leader}, rights: []}]")
