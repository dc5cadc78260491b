"""What each identity of a drill may do in a cluster, as rules of RBAC."""

from collections.abc import Sequence
from typing import Any

from kubedrill.record.labels import CUSTOM_GROUP, CUSTOMS, DEFINITION, PROBED

Rules = Sequence[dict[str, Any]]
_READ = ["get", "list", "watch"]
_WRITE = ["create", "update", "patch", "delete", "deletecollection"]

PROBE_RULES: Rules = [
    {
        "apiGroups": [""],
        "resources": ["configmaps"],
        "resourceNames": [*PROBED],
        "verbs": ["get", "update", "patch"],
    }
]
# What is to be undone stands in a cluster of somebody else's, too; and who drills there.
LEDGER_RULES: Rules = [
    {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["list", "create", "update"]},
    {
        "apiGroups": ["coordination.k8s.io"],
        "resources": ["leases"],
        "verbs": ["get", "create", "update"],
    },
]
AUDITOR_RULES: Rules = [
    {"apiGroups": [""], "resources": ["configmaps"], "verbs": [*_READ, "create", "update"]}
]
# What came and went beside the drill's own: by names; no Secrets.
AUDITOR_LOOKS: Rules = [
    {
        "apiGroups": [""],
        "resources": ["namespaces", "nodes", "pods", "services", "configmaps"],
        "verbs": ["list"],
    },
    {"apiGroups": [""], "resources": ["nodes", "pods"], "verbs": ["watch"]},
]
# What is left of a fleet when its processes have ended; nodes that are replaced.
FLEET_RULES: Rules = [
    {
        "apiGroups": [""],
        "resources": ["nodes"],
        "verbs": ["list", "watch", "delete", "deletecollection"],
    },
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["list", "watch", "delete"]},
    {"apiGroups": [""], "resources": ["pods/eviction"], "verbs": ["create"]},
]
# By which the controller-manager signs certificates of nodes.
SIGNING_RULES: Rules = [
    {
        "apiGroups": ["certificates.k8s.io"],
        "resources": ["certificatesigningrequests"],
        "verbs": ["create", "get", "delete"],
    },
    {
        "apiGroups": ["certificates.k8s.io"],
        "resources": ["certificatesigningrequests/approval"],
        "verbs": ["update"],
    },
    {
        "apiGroups": ["certificates.k8s.io"],
        "resources": ["signers"],
        "resourceNames": ["kubernetes.io/kube-apiserver-client-kubelet"],
        "verbs": ["approve"],
    },
]
# What faults on nodes and pods do, inject, proof and undo alike; docs/faults.md says which needs which.
INJECTOR_RULES: Rules = [
    # By whose UID it is told that this is the cluster that is meant.
    {
        "apiGroups": [""],
        "resources": ["namespaces"],
        "resourceNames": ["kube-system"],
        "verbs": ["get"],
    },
    {"apiGroups": [""], "resources": ["nodes"], "verbs": ["get", "list", "update"]},
    {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "list", "update"]},
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "delete"]},
    {"apiGroups": [""], "resources": ["pods/eviction"], "verbs": ["create"]},
    {
        "apiGroups": ["networking.k8s.io"],
        "resources": ["networkpolicies"],
        "verbs": ["get", "list", "create", "delete"],
    },
    {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["list"]},
]
SCRAPER_RULES: Rules = [
    {
        "nonResourceURLs": [
            *("/metrics", "/metrics/*", "/healthz", "/healthz/*"),
            *("/livez", "/livez/*", "/readyz", "/readyz/*", "/flagz"),
        ],
        "verbs": ["get"],
    },
    {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["get"]},
]
DEFINITIONS = {
    "apiGroups": ["apiextensions.k8s.io"],
    "resources": ["customresourcedefinitions"],
}
SEEDER_RULES: Rules = [
    {"apiGroups": [""], "resources": ["serviceaccounts"], "verbs": ["create"]},
    {"apiGroups": [CUSTOM_GROUP], "resources": [CUSTOMS], "verbs": _WRITE},
    {"apiGroups": ["policy"], "resources": ["poddisruptionbudgets"], "verbs": ["create"]},
    # RBAC cannot say which one is created; admission does.
    {**DEFINITIONS, "verbs": ["create"]},
    {**DEFINITIONS, "resourceNames": [DEFINITION], "verbs": ["delete"]},
]
LOAD_RULES: Rules = [
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
