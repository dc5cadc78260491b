"""Faults: what an activity must be allowed to do in the cluster, as its module's source says."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kubedrill.record.catalogue import Rule

_TABLE = """
actions               kill_microservice            list,delete deployments.apps; \
list,delete replicasets.apps; list,delete pods
actions               remove_service_endpoint      delete services
actions               scale_microservice           patch deployments.apps
actions               start_microservice           create deployments.apps
chaosmesh.network.actions  add_latency,corrupt_packets,duplicate_packets  create networkchaos.chaos-mesh.org
chaosmesh.network.actions  reorder_packets,set_bandwidth,set_loss  create networkchaos.chaos-mesh.org
chaosmesh.network.actions  delete_network_fault    delete networkchaos.chaos-mesh.org
chaosmesh.network.probes   get_network_fault       get networkchaos.chaos-mesh.org
chaosmesh.network.probes   get_network_faults      list networkchaos.chaos-mesh.org
chaosmesh.stress.actions   stress_cpu,stress_memory  create stresschaos.chaos-mesh.org
chaosmesh.stress.actions   delete_stressor         delete stresschaos.chaos-mesh.org
chaosmesh.stress.probes    get_stressor            get stresschaos.chaos-mesh.org
chaosmesh.stress.probes    get_stressors           list stresschaos.chaos-mesh.org
crd.actions   create_custom_object,create_cluster_custom_object    create {plural}.{group}
crd.actions   delete_custom_object,delete_cluster_custom_object    delete {plural}.{group}
crd.actions   patch_custom_object,patch_cluster_custom_object      patch {plural}.{group}
crd.actions   replace_custom_object,replace_cluster_custom_object  update {plural}.{group}
crd.probes    get_custom_object,get_cluster_custom_object          get {plural}.{group}
crd.probes    list_custom_objects,list_cluster_custom_objects      list {plural}.{group}
daemonset.actions     create_daemon_set            create daemonsets.apps
daemonset.actions     delete_daemon_set            list,delete daemonsets.apps
daemonset.actions     update_daemon_set            patch daemonsets.apps
daemonset.probes      daemon_set_available_and_healthy,daemon_set_partially_available  list daemonsets.apps
daemonset.probes      daemon_set_fully_available,daemon_set_not_fully_available        watch daemonsets.apps
deployment.actions    create_deployment            create deployments.apps
deployment.actions    delete_deployment            list,delete deployments.apps
deployment.actions    rollout_deployment,scale_deployment  patch deployments.apps
deployment.probes     deployment_available_and_healthy,deployment_partially_available  list deployments.apps
deployment.probes     deployment_fully_available,deployment_not_fully_available        watch deployments.apps
event.probes          get_events                   list events.events.k8s.io
namespace.actions     create_namespace             create namespaces
namespace.actions     delete_namespace             delete namespaces
namespace.probes      namespace_exists             list namespaces
networking.actions    create_ingress               create ingresses.networking.k8s.io
networking.actions    delete_ingress               delete ingresses.networking.k8s.io
networking.actions    update_ingress               patch ingresses.networking.k8s.io
networking.probes     ingress_exists               list ingresses.networking.k8s.io
networking.actions    allow_dns_access,create_network_policy  create networkpolicies.networking.k8s.io
networking.actions    deny_all_egress,deny_all_ingress        create networkpolicies.networking.k8s.io
networking.actions    remove_allow_dns_access,remove_deny_all_egress  delete networkpolicies.networking.k8s.io
networking.actions    remove_deny_all_ingress,remove_network_policy   delete networkpolicies.networking.k8s.io
node.actions          create_node                  create nodes
node.actions          cordon_node,uncordon_node    list,patch nodes
node.actions          delete_nodes                 list,delete nodes; list pods
node.actions          drain_nodes                  list,patch nodes; list,get pods; create pods/eviction
node.probes           all_nodes_must_be_ready_to_schedule,get_all_node_status_conditions,get_nodes  list nodes
node.probes           nodes_must_be_healthy,verify_nodes_condition                     list nodes
pod.actions           delete_pods,terminate_pods   list,delete pods
pod.actions           exec_in_pods                 list pods; get,create pods/exec
pod.probes            all_pods_healthy,count_min_pods,count_pods,pod_is_not_available  list pods
pod.probes            pods_in_conditions,pods_in_phase,pods_not_in_phase               list pods
pod.probes            read_pod_logs                list pods; get pods/log
pod.probes            should_be_found_in_logs      nothing
probes                all_microservices_healthy,microservice_is_not_available          list pods
probes                deployment_is_fully_available,deployment_is_not_fully_available  watch deployments.apps
probes                microservice_available_and_healthy                               list deployments.apps
probes                read_microservices_logs      list pods; get pods/log
probes                secret_exists                list secrets
probes                service_endpoint_is_initialized  list services
replicaset.actions    delete_replica_set           list,delete replicasets.apps
secret.actions        create_secret                create secrets
secret.actions        delete_secret                delete secrets
secret.probes         secret_exists                list secrets
service.actions       create_service_endpoint      create services
service.actions       delete_service               delete services
service.probes        service_is_initialized       list services
statefulset.actions   create_statefulset           create statefulsets.apps
statefulset.actions   remove_statefulset           list,delete statefulsets.apps
statefulset.actions   scale_statefulset            patch statefulsets.apps
statefulset.probes    statefulset_fully_available,statefulset_not_fully_available      watch statefulsets.apps
"""
"""Of chaostoolkit-kubernetes 0.39: module, functions, and verbs with the resource and its group; of custom
objects the arguments say which. An exec over a websocket is a GET, which newer servers take for a creation.
Left out are apply_from_json and apply_from_yaml: what they create stands in a text or a file."""

_ASK_THE_API = ("kubectl", "helm", "oc")
"""Programs that are of no use without rights."""


def rights_of(action: Mapping[str, Any]) -> tuple[Rule, ...] | None:
    """Return what an action without flaws needs in the cluster; None if that is not known.

    Programs and requests need nothing, but for programs that surely ask the API.
    """
    provider = action["provider"]
    if provider["type"] != "python":
        asks = Path(str(provider.get("path", ""))).name in _ASK_THE_API
        return None if asks else ()
    needs = RIGHTS.get(f"{provider['module']}.{provider['func']}")
    if needs is None:
        return None
    return tuple(_rule(need.format_map(provider.get("arguments", {}))) for need in needs)


def _rule(text: str) -> Rule:
    verbs, resource = text.split()
    name, _, group = resource.partition(".")
    return {"apiGroups": [group], "resources": [name], "verbs": verbs.split(",")}


def _read(table: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    for line in table.strip().splitlines():
        module, functions, needs = line.split(maxsplit=2)
        for function in functions.split(","):
            known = () if needs == "nothing" else tuple(needs.split("; "))
            yield f"chaosk8s.{module}.{function}", known


RIGHTS = dict(_read(_TABLE))
"""What each function of chaostoolkit-kubernetes needs, as `list,delete pods`."""
