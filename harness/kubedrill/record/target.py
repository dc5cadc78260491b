"""Whom a fault hits, as data: ledger, `faults.jsonl` and judge take no name apart."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import model_validator

from kubedrill.record.lines import Line


class Target(Line):
    """One of those that a fault hits."""

    name: str
    """What report and ledger call it: `etcd-a`; an activity by its name."""
    called: str = ""
    """What the experiment calls it: `a`."""
    kind: str = ""
    """The kind of component, `zone`, `node`, `pod`, or what else a fault hits; "" if nobody said."""
    components: tuple[str, ...] = ()
    """The components of the cluster that are hit with it: itself, or all that runs in a zone."""
    behind: tuple[str, ...] = ()
    """What is not reached, or not started, for it, though nothing is done to that: a balancer's server."""

    @model_validator(mode="before")
    @classmethod
    def _of_json(cls, said: Any) -> Any:
        """Take a name alone, as it was written once, and lists, which JSON has for tuples."""
        if isinstance(said, str):
            return _as_once_named(said)
        if isinstance(said, dict):
            lists = {key: tuple(value) for key, value in said.items() if isinstance(value, list)}
            return {**said, **lists}
        return said


def named(targets: Iterable[Target]) -> tuple[str, ...]:
    """Return what report and ledger call each."""
    return tuple(target.name for target in targets)


def targets_of(facts: Mapping[str, Any]) -> tuple[Target, ...]:
    """Return whom a fault hits, as the ledger knows it; none before they were chosen."""
    return tuple(Target.model_validate(said) for said in facts.get("targets", ()))


_KINDS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
"""What ran in each zone when targets were names, and called so after kind and zone."""


def _as_once_named(name: str) -> dict[str, Any]:
    """Return what a name said when targets were written as names."""
    kind, _, called = name.partition("/")
    match kind:
        case "pod" | "node":
            return {"name": name, "kind": kind, "called": called}
        case "apiservers":
            behind = (f"kube-apiserver-{called}",)
            return {"name": name, "kind": "backend", "called": called, "behind": behind}
        case "haproxy":
            return {"name": name, "kind": name, "components": (name,)}
    kind, _, called = name.rpartition("-")
    if kind == "zone":
        components = tuple(f"{kind}-{called}" for kind in _KINDS)
        return {"name": name, "kind": "zone", "called": called, "components": components}
    if kind in _KINDS:
        return {"name": name, "kind": kind, "called": called, "components": (name,)}
    return {"name": name}
