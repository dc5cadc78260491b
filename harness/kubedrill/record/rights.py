"""What one may be allowed to do: a verb on a resource, or on a path; and rules of RBAC made of that."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from kubedrill.record.catalogue import Rule

REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """One verb on one resource in all namespaces, unless one is named; or on a path."""

    verb: str
    resource: str = ""
    """By its plural, with its subresource: `pods/eviction`."""
    group: str = ""
    name: str = ""
    """Of the only object, if there is but one."""
    path: str = ""
    """Instead of a resource: `/metrics`."""
    namespace: str = ""

    def __str__(self) -> str:
        """Return it as people say it: `create pods/eviction`, `list deployments.apps`, `get /metrics`."""
        if self.path:
            return f"{self.verb} {self.path}"
        resource, _, below = self.resource.partition("/")
        grouped = (
            resource + (f".{self.group}" if self.group else "") + (f"/{below}" if below else "")
        )
        within = f" in namespace {self.namespace}" if self.namespace else ""
        return f"{self.verb} {grouped}{f' {self.name}' if self.name else ''}{within}"

    @classmethod
    def of(cls, verb: str, grouped: str) -> "Right":
        """Return the right to do something to a resource that is written as `pods/eviction`, `jobs.batch`."""
        path, _, below = grouped.partition("/")
        resource, _, group = path.partition(".")
        return cls(verb, f"{resource}/{below}" if below else resource, group)

    def review(self) -> dict[str, Any]:
        """Return what is posted to REVIEWS to know whether one has it."""
        return {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": self.asked(),
        }

    def asked(self) -> dict[str, Any]:
        """Return what an access review asks."""
        if self.path:
            return {"nonResourceAttributes": {"path": self.path, "verb": self.verb}}
        resource, _, below = self.resource.partition("/")
        said = {
            "group": self.group,
            "resource": resource,
            "subresource": below,
            "name": self.name,
            "namespace": self.namespace,
        }
        known = {key: value for key, value in said.items() if value}
        return {"resourceAttributes": {"verb": self.verb} | known}


def rights_in(rules: Iterable[Rule], namespace: str = "") -> Iterator[Right]:
    """Yield every right that rules give."""
    for rule in rules:
        for verb, path in product(rule["verbs"], rule.get("nonResourceURLs", ())):
            yield Right(verb, path=path)
        parts = (rule.get(key, ()) for key in ("apiGroups", "resources"))
        named = rule.get("resourceNames") or ("",)
        for group, resource, name, verb in product(*parts, named, rule["verbs"]):
            yield Right(verb, resource, group, name, namespace=namespace)


def uncovered(rights: Iterable[Right]) -> set[Right]:
    """Return those that no other gives besides: of one object of a kind, where it is not given of all."""
    known = {replace(right, namespace="") for right in rights}
    return {right for right in known if not right.name or replace(right, name="") not in known}


def rules_of(rights: Iterable[Right]) -> list[dict[str, list[str]]]:
    """Return the fewest rules that give these rights, whatever their namespace: for one role."""
    verbs: dict[tuple[str, str, str, str], set[str]] = defaultdict(set)
    for right in rights:
        verbs[right.path, right.group, right.resource, right.name].add(right.verb)
    alike: dict[tuple[bool, str, tuple[str, ...], tuple[str, ...]], set[str]] = defaultdict(set)
    for (path, group, resource, name), allowed in verbs.items():
        # Rules that differ in one part alone are one: names of one resource, or resources without names.
        part = path or name or resource
        beside = (resource,) if name else ()
        alike[bool(path), group, beside, tuple(sorted(allowed))].add(part)
    return [_rule(*key, sorted(parts)) for key, parts in sorted(alike.items())]


def _rule(
    is_path: bool, group: str, beside: tuple[str, ...], verbs: tuple[str, ...], parts: list[str]
) -> dict[str, list[str]]:
    if is_path:
        return {"nonResourceURLs": parts, "verbs": [*verbs]}
    rule = {"apiGroups": [group], "resources": [*beside] or parts, "verbs": [*verbs]}
    return rule | ({"resourceNames": parts} if beside else {})


def said(rights: Iterable[Right]) -> str:
    """Return rights in words, those on one thing together: `get, list nodes; create pods/eviction`."""
    verbs: dict[str, list[str]] = defaultdict(list)
    for right in sorted(rights):
        verbs[str(right).removeprefix(f"{right.verb} ")].append(right.verb)
    return "; ".join(f"{', '.join(known)} {what}" for what, known in sorted(verbs.items()))
