"""What stands in every cluster from the start: who may do what, and what the probes touch.

Load, victim and prober are ordinary identities: members of system:masters would be exempt from API
Priority and Fairness, and would measure a cluster that nobody has. ServiceAccounts outside of
kube-system are in the level workload-low; prober and auditor have a level of their own, so that they measure
the service and not the queue that the load stands in. The victim is a probe that stands in that queue.
Faults on objects act as the injector, which may do what they do and no more; a fleet's nodes are taken away
by an identity that may do that.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kubedrill.cluster.roles import (
    AUDITOR_LOOKS,
    AUDITOR_RULES,
    DEFINITIONS,
    FLEET_RULES,
    INJECTOR_RULES,
    LEDGER_RULES,
    LOAD_RULES,
    PROBE_RULES,
    SCRAPER_RULES,
    SEEDER_RULES,
    SIGNING_RULES,
    Rules,
)
from kubedrill.record.cluster import AUDITOR, FLEET, INJECTOR
from kubedrill.record.labels import (
    AUDITED,
    DEFINITION,
    MANAGED,
    NAMESPACE,
    PROBED,
    RUN,
)
from kubedrill.record.series import EXEMPT

Object = dict[str, Any]

_RBAC = "rbac.authorization.k8s.io"
_FLOW = "flowcontrol.apiserver.k8s.io/v1"
_ADMISSION = "admissionregistration.k8s.io/v1"


Give = Callable[[Rules, str], Rules]
"""Returns which of some rules, in a namespace or ("") in all of them, are given to an identity."""


def _all_of(rules: Rules, namespace: str) -> Rules:  # noqa: ARG001
    return rules


def service_accounts(load_users: int) -> list[str]:
    """Return the names of the ServiceAccounts of a cluster with so many for load."""
    return [*(f"load-{number}" for number in range(load_users)), "seeder", "victim"]


BY_CERTIFICATE = ("prober", AUDITOR, INJECTOR, FLEET, "scraper")
"""Who holds a certificate where whoever makes the cluster can sign one, and else is a ServiceAccount, too."""


@dataclass(frozen=True, slots=True)
class Introduced:
    """All that stands in a cluster from the start."""

    load_users: int
    signed: bool = True
    """Whether those of BY_CERTIFICATE have one."""
    give: Give = _all_of

    @property
    def accounts(self) -> list[str]:
        """The names of the ServiceAccounts."""
        return [*service_accounts(self.load_users), *(() if self.signed else BY_CERTIFICATE)]

    @property
    def fleet_rules(self) -> Rules:
        """What takes a fleet's nodes away, and has certificates signed where nobody of ours can."""
        return FLEET_RULES if self.signed else [*FLEET_RULES, *SIGNING_RULES]

    def rules(self) -> list[tuple[Rules, str]]:
        """Return the rules of every role, before `give` has had its say, and in which namespace they hold."""
        everywhere = (
            *(AUDITOR_LOOKS, INJECTOR_RULES, self.fleet_rules),
            *(LOAD_RULES, SEEDER_RULES, SCRAPER_RULES),
        )
        inside = [
            (PROBE_RULES, NAMESPACE),
            (LEDGER_RULES, NAMESPACE),
            (AUDITOR_RULES, AUDITED),
        ]
        return [*inside, *((rules, "") for rules in everywhere)]

    def objects(self) -> list[tuple[str, Object]]:
        """Return (collection's path, object) in an order that can be created."""
        core = f"/api/v1/namespaces/{NAMESPACE}"
        return [
            ("/api/v1/namespaces", _object("v1", "Namespace", NAMESPACE)),
            *((f"{core}/serviceaccounts", _account(name)) for name in self.accounts),
            *(
                (f"{core}/configmaps", _object("v1", "ConfigMap", name, data={"beat": "0"}))
                for name in PROBED
            ),
            ("/api/v1/namespaces", _object("v1", "Namespace", AUDITED)),
            *self._inside("probe", PROBE_RULES, NAMESPACE, ["prober", "victim"]),
            *self._inside("ledger", LEDGER_RULES, NAMESPACE, [INJECTOR]),
            *self._inside(AUDITOR, AUDITOR_RULES, AUDITED, [AUDITOR]),
            *self._everywhere(AUDITOR, AUDITOR_LOOKS, [AUDITOR]),
            *self._everywhere(INJECTOR, INJECTOR_RULES, [INJECTOR]),
            *self._everywhere(FLEET, self.fleet_rules, [FLEET]),
            *self._everywhere("load", LOAD_RULES, service_accounts(self.load_users)[:-1]),
            *self._everywhere("seeder", SEEDER_RULES, ["seeder"]),
            *self._everywhere("scraper", SCRAPER_RULES, ["scraper"]),
            *self.guards(),
        ]

    def guards(self) -> list[tuple[str, Object]]:
        """Return what keeps probes out of the load's queues, and the load out of namespaces of others."""
        return [
            (f"/apis/{_FLOW}/prioritylevelconfigurations", _level()),
            (f"/apis/{_FLOW}/flowschemas", _probes_flow(self._flowing("prober", AUDITOR))),
            (f"/apis/{_FLOW}/flowschemas", _faults_flow(self._flowing(INJECTOR))),
            (f"/apis/{_ADMISSION}/validatingadmissionpolicies", _policy()),
            (f"/apis/{_ADMISSION}/validatingadmissionpolicybindings", _policy_binding()),
        ]

    def _inside(
        self, name: str, rules: Rules, namespace: str, who: list[str]
    ) -> list[tuple[str, Object]]:
        path = f"/apis/{_RBAC}/v1/namespaces/{namespace}"
        role = _role("Role", name, [*self.give(rules, namespace)])
        binding = _binding("Role", name, [*map(self._subject, who)])
        return [(f"{path}/roles", role), (f"{path}/rolebindings", binding)]

    def _everywhere(self, name: str, rules: Rules, who: list[str]) -> list[tuple[str, Object]]:
        path, role = f"/apis/{_RBAC}/v1", f"kubedrill-{name}"
        made = _role("ClusterRole", role, [*self.give(rules, "")])
        binding = _binding("ClusterRole", role, [*map(self._subject, who)])
        return [(f"{path}/clusterroles", made), (f"{path}/clusterrolebindings", binding)]

    def _subject(self, name: str) -> Object:
        """Return who an identity is to RBAC."""
        return _service_account(name) if name in self.accounts else _user(f"kubedrill-{name}")

    def _flowing(self, *names: str) -> list[Object]:
        """Return who identities are to API Priority and Fairness."""
        return [_flow_subject(self._subject(name)) for name in names]


def token_request(account: str, lifetime_s: int) -> tuple[str, Object]:
    """Return where to ask for a token of a ServiceAccount, and what to post there."""
    path = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/{account}/token"
    wanted = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"expirationSeconds": lifetime_s},
    }
    return path, wanted


def guest(name: str, rules: list[Object]) -> list[tuple[str, Object]]:
    """Return, as `Introduced.objects` does, a ServiceAccount that may do what the rules say."""
    core, rbac = f"/api/v1/namespaces/{NAMESPACE}", f"/apis/{_RBAC}/v1"
    role = f"kubedrill-{name}"
    made = [
        (f"{core}/serviceaccounts", _account(name)),
        (f"{rbac}/clusterroles", _role("ClusterRole", role, rules)),
        (f"{rbac}/clusterrolebindings", _binding("ClusterRole", role, [_service_account(name)])),
    ]
    for _, content in made:
        content["metadata"]["labels"] = MANAGED
    return made


def _user(name: str) -> Object:
    return {"apiGroup": _RBAC, "kind": "User", "name": name}


def _service_account(name: str) -> Object:
    return {"kind": "ServiceAccount", "name": name, "namespace": NAMESPACE}


def _object(version: str, kind: str, name: str, **content: Any) -> Object:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, **content}


def _account(name: str) -> Object:
    return _object("v1", "ServiceAccount", name, automountServiceAccountToken=False)


def _role(kind: str, name: str, rules: list[Object]) -> Object:
    return _object(f"{_RBAC}/v1", kind, name, rules=rules)


def _binding(role_kind: str, name: str, subjects: list[Object]) -> Object:
    role = {"apiGroup": _RBAC, "kind": role_kind, "name": name}
    return _object(f"{_RBAC}/v1", f"{role_kind}Binding", name, roleRef=role, subjects=subjects)


def _level() -> Object:
    queuing = {"queues": 8, "handSize": 2, "queueLengthLimit": 50}
    limited = {
        "nominalConcurrencyShares": 10,
        # Its seats are not lent: a probe must not wait for the load to give one back.
        "lendablePercent": 0,
        "limitResponse": {"type": "Queue", "queuing": queuing},
    }
    spec = {"type": "Limited", "limited": limited}
    return _object(_FLOW, "PriorityLevelConfiguration", "kubedrill-prober", spec=spec)


def _probes_flow(subjects: list[Object]) -> Object:
    resources = {
        "apiGroups": [""],
        "resources": ["configmaps"],
        "verbs": ["*"],
        "namespaces": [NAMESPACE, AUDITED],
    }
    rules = {
        "subjects": subjects,
        "resourceRules": [resources],
        "nonResourceRules": [{"nonResourceURLs": ["*"], "verbs": ["*"]}],
    }
    return _flow("kubedrill-prober", "kubedrill-prober", rules)


def _faults_flow(subjects: list[Object]) -> Object:
    # An undo must get through where the load has filled every queue. A level of its own would do that, too,
    # but its seats would be missing in the levels that the drill is about; exempt takes none from them.
    # Faults ask one thing after another, with one connection to each apiserver.
    resources = {
        "apiGroups": ["", "coordination.k8s.io"],
        "resources": ["nodes", "pods", "pods/eviction", "leases"],
        "verbs": ["*"],
        "clusterScope": True,
        "namespaces": ["*"],
    }
    rules = {"subjects": subjects, "resourceRules": [resources]}
    return _flow("kubedrill-injector", EXEMPT, rules)


def _flow_subject(subject: Object) -> Object:
    """Return a subject of RBAC as API Priority and Fairness writes it."""
    if subject["kind"] == "User":
        return {"kind": "User", "user": {"name": subject["name"]}}
    named = {"name": subject["name"], "namespace": subject["namespace"]}
    return {"kind": "ServiceAccount", "serviceAccount": named}


def _flow(name: str, level: str, rules: Object) -> Object:
    spec = {
        "priorityLevelConfiguration": {"name": level},
        "matchingPrecedence": 500,
        "distinguisherMethod": {"type": "ByUser"},
        "rules": [rules],
    }
    return _object(_FLOW, "FlowSchema", name, spec=spec)


def _policy() -> Object:
    # RBAC cannot say "in namespaces with this label"; admission can.
    who = f"request.userInfo.username.matches('^system:serviceaccount:{NAMESPACE}:(load-|seeder$)')"
    everything = {
        "apiGroups": ["*"],
        "apiVersions": ["*"],
        "resources": ["*"],
        "operations": ["CREATE", "UPDATE", "DELETE"],
    }
    definition = {**everything, **DEFINITIONS, "resourceNames": [DEFINITION]}
    spec = {
        "failurePolicy": "Fail",
        "matchConstraints": {
            "namespaceSelector": {"matchExpressions": [{"key": RUN, "operator": "DoesNotExist"}]},
            "resourceRules": [everything],
            # In no namespace; who may make it is RBAC's business.
            "excludeResourceRules": [definition],
        },
        "matchConditions": [{"name": "load-or-seeder", "expression": who}],
        "validations": [
            {
                "expression": "false",
                "message": f"load and seeder write only in namespaces with the label {RUN}",
            }
        ],
    }
    return _object(_ADMISSION, "ValidatingAdmissionPolicy", "kubedrill-load", spec=spec)


def _policy_binding() -> Object:
    spec = {"policyName": "kubedrill-load", "validationActions": ["Deny"]}
    return _object(_ADMISSION, "ValidatingAdmissionPolicyBinding", "kubedrill-load", spec=spec)
