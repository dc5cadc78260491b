"""What a cluster file may say of components that commands reach; all else is refused, with its line."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from kubedrill.cluster import describe, load_definition
from kubedrill.cluster.adopted.definition import AdoptedDefinition
from kubedrill.errors import BadFile

FILE = {
    "provider": "kubeconfig",
    "context": "theirs",
    "authority": f"sha256:{64 * '0'}",
    "system_uid": 36 * "0",
    "zones": ["eu-1a", "eu-1b"],
}
PROOF = ["ssh", "{node}", "ps", "-o", "pid=,stat=", "-C", "etcd"]
WHOLE = {"node": "cp-1", "proof": PROOF, "kill": ["k"], "start": ["s"]}


def written(folder: Path, components: object) -> Path:
    path = folder / "theirs.yaml"
    path.write_text(yaml.safe_dump(FILE | {"components": components}, sort_keys=False))
    return path


def both(**changes: Any) -> dict[str, Any]:
    return {"etcd-eu-1a": WHOLE | changes, "etcd-eu-1b": WHOLE}


def test_what_is_right_is_read_and_kept_as_it_is(tmp_path: Path) -> None:
    definition = load_definition(written(tmp_path, both(takes="3s")))
    assert isinstance(definition, AdoptedDefinition)
    first = definition.components["etcd-eu-1a"]
    assert (first.takes, definition.components["etcd-eu-1b"].takes) == (3.0, 10.0)
    assert first.words("proof", "eu-1a") == ("ssh", "cp-1", *PROOF[2:])
    assert (
        AdoptedDefinition.model_validate_json(
            definition.model_dump_json(exclude={"limits", "notify"})
        ).components
        == definition.components
    )


def test_plan_has_what_is_run_and_what_undoes_it(tmp_path: Path) -> None:
    told = describe(load_definition(written(tmp_path, both(kill=["ssh", "{node}", "kill it"]))))
    assert told.commands["etcd-eu-1a"] == {"kill": ("ssh cp-1 'kill it'", "s")}


@pytest.mark.parametrize(
    ("components", "words"),
    [
        ({"foo": WHOLE}, r":\d+: components.foo: is called after nothing that can be broken"),
        ({"etcd-": WHOLE}, r":\d+: components.etcd-: is called after nothing"),
        ({"etcd-eu-1c": WHOLE}, 'zones has no zone "eu-1c": eu-1a, eu-1b'),
        ({"etcd-eu-1a": WHOLE}, r":8: components: no etcd-eu-1b: what is left of etcd is counted"),
        (both(kill=None), r":9: components.etcd-eu-1a: gives nothing that may be done to it: kill"),
        (both(start=None), r":19: components.etcd-eu-1a.kill: has no undo; give start as well"),
        (both(stop=["x"], start=None), "components.etcd-eu-1a.stop: has no undo; give start"),
        (both(pause=["x"]), "components.etcd-eu-1a.pause: has no undo; give proceed as well"),
        (both(node=""), "components.etcd-eu-1a.proof: {node} stands for nothing; give node"),
        (both(start=["x", "{pid}"]), "components.etcd-eu-1a.start: {pid} is not known there"),
        (both(proof=["x", "{pid}"]), "components.etcd-eu-1a.proof: {pid} is not known there"),
        (both(start=["./start"]), "components.etcd-eu-1a.start: .* write the whole path of its pr"),
        (both(kill="ssh cp-1 kill"), "components.etcd-eu-1a.kill"),
        (both(kill=[]), "components.etcd-eu-1a.kill"),
        (both(kil=["x"]), r':23: unknown key "kil"; did you mean "kill"'),
        (both(takes="30s"), "must be at most 20s, not 30s"),
        ({"etcd-eu-1a": {"kill": ["k"], "start": ["s"]}, "etcd-eu-1b": WHOLE}, "proof"),
    ],
)
def test_what_is_wrong_is_refused_with_its_line(
    tmp_path: Path, components: dict[str, Any], words: str
) -> None:
    given = {
        name: {key: value for key, value in said.items() if value is not None}
        for name, said in components.items()
    }
    with pytest.raises(BadFile, match=words):
        load_definition(written(tmp_path, given))


def test_of_a_zone_two_machines_are_refused_for_what_is_led(tmp_path: Path) -> None:
    kinds = ("kube-scheduler", "kube-controller-manager")
    given = {f"{kind}-{zone}": WHOLE for kind in kinds for zone in FILE["zones"]}
    load_definition(written(tmp_path, given))
    given["kube-scheduler-eu-1b"] = WHOLE | {"node": "cp-2"}
    with pytest.raises(BadFile, match="another machine than"):
        load_definition(written(tmp_path, given))


def test_an_apiserver_is_restarted_only_where_it_can_tell_that_it_is_ready(tmp_path: Path) -> None:
    whole = WHOLE | {"restart": ["r"]}
    given = {f"kube-apiserver-{zone}": whole for zone in FILE["zones"]}
    with pytest.raises(BadFile, match=r"kube-apiserver-eu-1a.restart: give well, too"):
        load_definition(written(tmp_path, given))
    load_definition(written(tmp_path, {name: whole | {"well": ["w"]} for name in given}))


def test_the_load_balancer_is_in_no_zone(tmp_path: Path) -> None:
    told = describe(load_definition(written(tmp_path, {"haproxy": WHOLE})))
    assert told.capabilities == ("holding haproxy",)
