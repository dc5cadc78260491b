"""What stands in every cluster from the start: who may do what, and what the probes touch.

Load, victim and prober are ordinary identities: members of system:masters would be exempt from API
Priority and Fairness, and would measure a cluster that nobody has. ServiceAccounts outside of
kube-system are in the level workload-low; prober and auditor have a level of their own, so that they measure
the service and not the queue that the load stands in. The victim is a probe that stands in that queue.
Faults on objects act as the injector, which may do what they do and no more; a fleet's nodes are taken away
by an identity that may do that.
"""

from typing import Any

from kubedrill.record.labels import AUDITED, CUSTOM_GROUP, CUSTOMS, DEFINITION, PROBED, RUN
from kubedrill.record.series import EXEMPT

NAMESPACE = "kubedrill"
Object = dict[str, Any]

_RBAC = "rbac.authorization.k8s.io"
_FLOW = "flowcontrol.apiserver.k8s.io/v1"
_ADMISSION = "admissionregistration.k8s.io/v1"
_READ = ["get", "list", "watch"]
_WRITE = ["create", "update", "patch", "delete", "deletecollection"]


def service_accounts(load_users: int) -> list[str]:
    """Return the names of the ServiceAccounts of a cluster with so many for load."""
    return [*(f"load-{number}" for number in range(load_users)), "seeder", "victim"]


def everything(load_users: int) -> list[tuple[str, Object]]:
    """Return (collection's path, object) in an order that can be created."""
    core = f"/api/v1/namespaces/{NAMESPACE}"
    rbac = f"/apis/{_RBAC}/v1"
    accounts = service_accounts(load_users)
    loaders = [_service_account(name) for name in accounts if name != "victim"]
    inside, audited = (f"{rbac}/namespaces/{name}" for name in (NAMESPACE, AUDITED))
    return [
        ("/api/v1/namespaces", _object("v1", "Namespace", NAMESPACE)),
        *((f"{core}/serviceaccounts", _account(name)) for name in accounts),
        *(
            (f"{core}/configmaps", _object("v1", "ConfigMap", name, data={"beat": "0"}))
            for name in PROBED
        ),
        (f"{inside}/roles", _role("Role", "probe", _PROBE_RULES)),
        (f"{inside}/rolebindings", _binding("Role", "probe", _PROBERS)),
        ("/api/v1/namespaces", _object("v1", "Namespace", AUDITED)),
        (f"{rbac}/clusterroles", _role("ClusterRole", "kubedrill-auditor", _AUDITOR_LOOKS)),
        (f"{rbac}/clusterrolebindings", _binding("ClusterRole", "kubedrill-auditor", [_AUDITOR])),
        (f"{audited}/roles", _role("Role", "auditor", _AUDITOR_RULES)),
        (f"{audited}/rolebindings", _binding("Role", "auditor", [_AUDITOR])),
        (f"{rbac}/clusterroles", _role("ClusterRole", "kubedrill-injector", _INJECTOR_RULES)),
        (f"{rbac}/clusterrolebindings", _binding("ClusterRole", "kubedrill-injector", [_INJECTOR])),
        (f"{rbac}/clusterroles", _role("ClusterRole", "kubedrill-fleet", _FLEET_RULES)),
        (f"{rbac}/clusterrolebindings", _binding("ClusterRole", "kubedrill-fleet", [_FLEET])),
        (f"{rbac}/clusterroles", _role("ClusterRole", "kubedrill-load", _LOAD_RULES)),
        (f"{rbac}/clusterrolebindings", _binding("ClusterRole", "kubedrill-load", loaders)),
        (f"{rbac}/clusterroles", _role("ClusterRole", "kubedrill-seeder", _SEEDER_RULES)),
        (f"{rbac}/clusterrolebindings", _binding("ClusterRole", "kubedrill-seeder", _SEEDER)),
        (f"{rbac}/clusterroles", _role("ClusterRole", "kubedrill-scraper", _SCRAPER_RULES)),
        (f"{rbac}/clusterrolebindings", _binding("ClusterRole", "kubedrill-scraper", _SCRAPER)),
        (f"/apis/{_FLOW}/prioritylevelconfigurations", _level()),
        (f"/apis/{_FLOW}/flowschemas", _probes_flow()),
        (f"/apis/{_FLOW}/flowschemas", _faults_flow()),
        (f"/apis/{_ADMISSION}/validatingadmissionpolicies", _policy()),
        (f"/apis/{_ADMISSION}/validatingadmissionpolicybindings", _policy_binding()),
    ]


def guest(name: str, rules: list[Object]) -> list[tuple[str, Object]]:
    """Return, as `everything` does, a ServiceAccount that may do what the rules say."""
    core, rbac = f"/api/v1/namespaces/{NAMESPACE}", f"/apis/{_RBAC}/v1"
    role = f"kubedrill-{name}"
    return [
        (f"{core}/serviceaccounts", _account(name)),
        (f"{rbac}/clusterroles", _role("ClusterRole", role, rules)),
        (f"{rbac}/clusterrolebindings", _binding("ClusterRole", role, [_service_account(name)])),
    ]


def _user(name: str) -> Object:
    return {"apiGroup": _RBAC, "kind": "User", "name": name}


def _service_account(name: str) -> Object:
    return {"kind": "ServiceAccount", "name": name, "namespace": NAMESPACE}


_PROBERS = [_user("kubedrill-prober"), _service_account("victim")]
_AUDITOR = _user("kubedrill-auditor")
_INJECTOR = _user("kubedrill-injector")
_FLEET = _user("kubedrill-fleet")
_SEEDER = [_service_account("seeder")]
_SCRAPER = [_user("kubedrill-scraper")]

_PROBE_RULES = [
    {
        "apiGroups": [""],
        "resources": ["configmaps"],
        "resourceNames": [*PROBED],
        "verbs": ["get", "update", "patch"],
    }
]
_AUDITOR_RULES = [
    {"apiGroups": [""], "resources": ["configmaps"], "verbs": [*_READ, "create", "update"]}
]
# What came and went beside the drill's own: by names; no Secrets.
_AUDITOR_LOOKS = [
    {
        "apiGroups": [""],
        "resources": ["namespaces", "nodes", "pods", "services", "configmaps"],
        "verbs": ["list"],
    },
    {"apiGroups": [""], "resources": ["nodes", "pods"], "verbs": ["watch"]},
]
# What is left of a fleet when its processes have ended; nodes that are replaced.
_FLEET_RULES = [
    {
        "apiGroups": [""],
        "resources": ["nodes"],
        "verbs": ["list", "watch", "delete", "deletecollection"],
    },
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["list", "watch", "delete"]},
    {"apiGroups": [""], "resources": ["pods/eviction"], "verbs": ["create"]},
]
# What faults on nodes and pods do, inject, proof and undo alike; docs/faults.md says which needs which.
_INJECTOR_RULES = [
    {"apiGroups": [""], "resources": ["nodes"], "verbs": ["get", "list", "update"]},
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "delete"]},
    {"apiGroups": [""], "resources": ["pods/eviction"], "verbs": ["create"]},
    {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["list"]},
]
_SCRAPER_RULES = [
    {
        "nonResourceURLs": [
            *("/metrics", "/metrics/*", "/healthz", "/healthz/*"),
            *("/livez", "/livez/*", "/readyz", "/readyz/*", "/flagz"),
        ],
        "verbs": ["get"],
    },
    {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["get"]},
]
_DEFINITIONS = {
    "apiGroups": ["apiextensions.k8s.io"],
    "resources": ["customresourcedefinitions"],
}
_SEEDER_RULES = [
    {"apiGroups": [""], "resources": ["serviceaccounts"], "verbs": ["create"]},
    {"apiGroups": [CUSTOM_GROUP], "resources": [CUSTOMS], "verbs": _WRITE},
    {"apiGroups": ["policy"], "resources": ["poddisruptionbudgets"], "verbs": ["create"]},
    # RBAC cannot say which one is created; admission does.
    {**_DEFINITIONS, "verbs": ["create"]},
    {**_DEFINITIONS, "resourceNames": [DEFINITION], "verbs": ["delete"]},
]
_LOAD_RULES = [
    # mass-list and informers read any resource, custom ones included.
    {"apiGroups": ["*"], "resources": ["*"], "verbs": _READ},
    {
        "apiGroups": [""],
        "resources": [
            *("pods", "pods/binding", "pods/status", "secrets", "configmaps", "services"),
            *("events", "namespaces", "resourcequotas"),
        ],
        "verbs": _WRITE,
    },
    {
        "apiGroups": ["apps"],
        "resources": ["deployments", "replicasets", "statefulsets", "daemonsets"],
        "verbs": _WRITE,
    },
    {"apiGroups": ["batch"], "resources": ["jobs", "cronjobs"], "verbs": _WRITE},
    {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": _WRITE},
]


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


def _probes_flow() -> Object:
    resources = {
        "apiGroups": [""],
        "resources": ["configmaps"],
        "verbs": ["*"],
        "namespaces": [NAMESPACE, AUDITED],
    }
    rules = {
        "subjects": _users("kubedrill-prober", "kubedrill-auditor"),
        "resourceRules": [resources],
        "nonResourceRules": [{"nonResourceURLs": ["*"], "verbs": ["*"]}],
    }
    return _flow("kubedrill-prober", "kubedrill-prober", rules)


def _faults_flow() -> Object:
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
    rules = {"subjects": _users("kubedrill-injector"), "resourceRules": [resources]}
    return _flow("kubedrill-injector", EXEMPT, rules)


def _users(*names: str) -> list[Object]:
    return [{"kind": "User", "user": {"name": name}} for name in names]


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
    definition = {**everything, **_DEFINITIONS, "resourceNames": [DEFINITION]}
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
