"""What identities of ours are given in a cluster of somebody else's: at most what its owner may do there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kubedrill.cluster.adopted.access import Access
from kubedrill.cluster.objects import Introduced
from kubedrill.cluster.roles import Rules
from kubedrill.record.catalogue import Rule
from kubedrill.record.labels import CUSTOM_GROUP, CUSTOMS
from kubedrill.record.resources import BUILT_IN
from kubedrill.record.rights import Right, rights_in, rules_of

_RBAC, _FLOW = "rbac.authorization.k8s.io", "flowcontrol.apiserver.k8s.io"
_ADMISSION = "admissionregistration.k8s.io"
_MADE = (
    *("namespaces", f"clusterroles.{_RBAC}", f"clusterrolebindings.{_RBAC}"),
    *(f"flowschemas.{_FLOW}", f"prioritylevelconfigurations.{_FLOW}"),
    *(
        f"validatingadmissionpolicies.{_ADMISSION}",
        f"validatingadmissionpolicybindings.{_ADMISSION}",
    ),
)
"""Of what is made in no namespace, and taken away again."""
_WITHIN = (
    *("serviceaccounts", "serviceaccounts/token", "configmaps"),
    *(f"roles.{_RBAC}", f"rolebindings.{_RBAC}"),
)
"""Of what goes with its namespace."""
ANY = "*"


def base_rights() -> list[Right]:
    """Return what one must be allowed who makes the drill's namespaces, identities and guards."""
    return [
        Right.of("get", "namespaces"),
        *(Right.of("list", f"{kind}.{_RBAC}") for kind in ("clusterroles", "clusterrolebindings")),
        Right.of("get", f"validatingadmissionpolicybindings.{_ADMISSION}"),
        Right.of("get", "leases.coordination.k8s.io"),
        *(Right.of(verb, made) for made in _MADE for verb in ("create", "delete")),
        *(Right.of("create", within) for within in _WITHIN),
    ]


@dataclass(frozen=True, slots=True)
class Granted:
    """Which rights identities get, of those that there are for each."""

    refused: frozenset[Right]

    @classmethod
    def by(cls, access: Access, introduced: Introduced) -> "Granted":
        """Ask the API what this identity may pass on: what it has not got it could not."""
        asked = [
            right
            for rules, namespace in introduced.rules()
            for right in rights_in(spelled_out(rules), namespace)
        ]
        return cls(frozenset(access.refused(asked)))

    def give(self, rules: Rules, namespace: str) -> Rules:
        """Return what is left of rules."""
        kept = [
            right for right in rights_in(spelled_out(rules), namespace) if right not in self.refused
        ]
        return rules_of(kept)

    @property
    def withheld(self) -> tuple[str, ...]:
        """What nobody got, in words."""
        return tuple(sorted(map(str, self.refused)))


def spelled_out(rules: Sequence[Rule]) -> Iterator[Rule]:
    """Yield rules; those on all resources by the names of each that there is from the start."""
    for rule in rules:
        if rule.get("resources") != [ANY]:
            yield rule
            continue
        for resource, (api, _) in BUILT_IN.items():
            group = api.partition("/")[0] if "/" in api else ""
            yield {"apiGroups": [group], "resources": [resource], "verbs": rule["verbs"]}
        yield {"apiGroups": [CUSTOM_GROUP], "resources": [CUSTOMS], "verbs": rule["verbs"]}
