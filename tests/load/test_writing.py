"""Write profiles against a real control plane: what they say they made is there, and is swept."""

import base64
import json
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from load_stage import check, stage_on

from kubedrill.client.caller import Caller
from kubedrill.clock import SECOND, now
from kubedrill.errors import NotStarted
from kubedrill.load.describe import describe, with_parameters
from kubedrill.record.catalogue import WithParameters, may_create
from kubedrill.record.folder import RunFolder
from kubedrill.record.sample import Outcome
from kubedrill.seed import sweep
from kubedrill.seed.calling import Seeder
from kubedrill.wire.target import identity_target

pytestmark = pytest.mark.cluster
PROFILES = Path(__file__).parents[2] / "loadprofiles"


@pytest.fixture(scope="module")
def folders(cluster):
    """The folders of all runs here, which are swept in the end: namespaces take five seconds to go."""
    made: list[RunFolder] = []
    yield made
    with ThreadPoolExecutor() as threads:
        list(threads.map(lambda folder: sweep(str(folder.cluster), folder.run), made))
    for folder in made:
        of_run = f"labelSelector=kubedrill.io/run={folder.run}"
        assert items(cluster, f"/api/v1/namespaces?{of_run}") == []


@pytest.fixture
def stage(cluster, folders: list[RunFolder], tmp_path: Path):
    stage = stage_on(cluster, tmp_path / "reports")
    folders.append(stage.folder)
    return stage


def items(cluster, path: str) -> list[dict]:
    api = Seeder(cluster, now() + 10 * SECOND)
    try:
        return json.loads(api.call("GET", path).body)["items"]
    finally:
        api.close()


def stored(cluster, stage) -> dict[str, int]:
    """Return what etcd holds of a run, and of what the cluster made for it: bytes by key, the key's too."""
    run = f"labelSelector=kubedrill.io/run={stage.folder.run}"
    mine = {item["metadata"]["name"] for item in items(cluster, f"/api/v1/namespaces?{run}")}
    etcd = Caller(*identity_target(cluster, "etcd-admin", cluster.component("etcd-a").serving))

    def kvs(**asked: object) -> list[dict[str, str]]:
        return json.loads(etcd.call("POST", "/v3/kv/range", asked).body).get("kvs", [])

    def text(key: str) -> str:
        return base64.b64encode(key.encode()).decode()

    every = kvs(key=text("/registry/"), range_end=text("/registry0"), keys_only=True)
    keys = [base64.b64decode(kv["key"]).decode() for kv in every]
    found = {}
    for key in keys:
        if mine & {*key.split("/")}:
            for kv in kvs(key=text(key)):  # none, if it is gone since
                found[key] = len(key) + len(base64.b64decode(kv["value"]))
    etcd.close()
    return found


TWO_FLOODS = json.dumps(
    [
        {"profile": f"{kind}-flood", "weight": 1, "with": {"size": 100}}
        for kind in ("secret", "configmap")
    ]
)
STORED = [
    ("secret_flood", {"size": 100}, 20, 0),
    ("configmap_flood", {"size": 100}, 20, 0),
    ("namespace_flood", {"secrets": 1, "configmaps": 1, "size": 100, "quota": True}, 5, 0),
    ("event_storm", {}, 20, 0),
    ("lease_heartbeat", {"nodes": 20}, 5, 0),
    ("pod_churn", {"keep": True, "pod_bytes": 100}, 20, 0),
    # The pods of the first ReplicaSet are gone again.
    ("pod_churn", {"keep": True, "pod_bytes": 100, "workload": "deployments", "replicas": 2}, 3, 6),
    ("pod_churn", {"keep": True, "pod_bytes": 100, "workload": "jobs", "replicas": 2}, 4, 0),
    ("informer", {"clients": 1, "objects": 20}, 5, 0),
    ("poll_vs_watch", {"clients": 1, "objects": 20}, 5, 0),
    ("mixed", {"mix": TWO_FLOODS}, 20, 0),
]


@pytest.fixture(scope="module")
def told() -> list[WithParameters]:
    """What each of those says that it makes."""
    profiles = describe(*(PROFILES / f"{profile}.py" for profile, *_ in STORED))
    return with_parameters(
        [(profile, given) for profile, (_, given, *_) in zip(profiles, STORED, strict=True)]
    )


@pytest.mark.parametrize("case", range(len(STORED)), ids=lambda case: STORED[case][0])
def test_what_is_stored_is_what_the_profile_says(cluster, stage, told, case) -> None:
    profile, given, arrivals, gone = STORED[case]
    played = stage.of(profile).play(rate=arrivals, seconds=1, **given)
    assert played.status == 0, played.log
    counts = [(part.count(arrivals), part.size) for part in told[case].makes]
    count = sum(count for count, _ in counts)
    size = sum(count * size for count, size in counts)
    until = time.monotonic() + 60
    while len(found := stored(cluster, stage)) < count - gone and time.monotonic() < until:
        time.sleep(0.2)
    assert len(found) == count - gone, sorted(found)
    whole = sum(found.values())
    assert whole <= size <= 4 * whole


def test_every_profile_that_creates_says_what_is_stored() -> None:
    creating = {
        Path(profile.path).stem
        for profile in describe(*sorted(PROFILES.glob("*.py")))
        if may_create(profile.permissions)
    }
    assert creating == {profile for profile, *_ in STORED}


def made(cluster, stage, resource: str) -> list[dict]:
    selector = f"labelSelector=kubedrill.io/run={stage.folder.run}"
    return items(cluster, f"/api/v1/{resource}?{selector}")


@pytest.mark.parametrize("profile", ["secret_flood", "configmap_flood"])
def test_each_arrival_makes_one(cluster, stage, profile):
    resource = {"secret_flood": "secrets", "configmap_flood": "configmaps"}[profile]
    played = stage.of(profile).play(rate=40, seconds=2, namespaces=3, size=2000)
    assert played.outcomes("create") == {201: 80}, played.log
    found = made(cluster, stage, resource)
    assert len(found) == 80
    assert len({item["metadata"]["namespace"] for item in found}) == 3
    sizes = {len(item["data"]["value"]) for item in found}
    assert sizes == ({2000} if resource == "configmaps" else {2668})  # base64


def test_updates_beyond_the_count(cluster, stage):
    played = stage.of("secret_flood").play(rate=16, seconds=5, count=30)
    assert played.outcomes("create") == {201: 30, 200: 50}, played.log
    found = made(cluster, stage, "secrets")
    assert len(found) == 30


def test_immutable(cluster, stage):
    played = stage.of("configmap_flood").play(rate=10, seconds=1, immutable=True)
    assert played.outcomes("create") == {201: 10}, played.log
    assert all(configmap["immutable"] for configmap in made(cluster, stage, "configmaps"))


def test_beyond_the_limit_of_the_api(cluster, stage):
    played = stage.of("secret_flood").play(rate=5, seconds=1, size=1024 * 1024 + 1)
    assert played.outcomes("create") == {422: 5}, played.log
    assert made(cluster, stage, "secrets") == []


def test_at_the_limit_of_the_api(cluster, stage):
    played = stage.of("secret_flood").play(rate=2, seconds=1, size=1024 * 1024)
    assert played.outcomes("create") == {201: 2}, played.log


def test_namespaces_with_contents(cluster, stage):
    given = {"secrets": 2, "configmaps": 1, "quota": True, "account": "await"}
    played = stage.of("namespace_flood").play(rate=4, seconds=2, **given)
    assert played.outcomes("create") == {200: 8}, played.log
    assert played.outcomes("create.request") == {201: 8 * 5}
    assert played.outcomes("create.account") == {200: 8}
    run = f"labelSelector=kubedrill.io/run={stage.folder.run}"
    assert len(items(cluster, f"/api/v1/namespaces?{run}")) == 8
    counts = {"secrets": 16, "configmaps": 8, "resourcequotas": 8}
    assert {resource: len(made(cluster, stage, resource)) for resource in counts} == counts


def test_namespaces_until_they_are_gone(cluster, stage):
    played = stage.of("namespace_flood").play(rate=0.5, seconds=20, delete="await")
    gone = played.outcomes("create.gone")
    assert gone.get(200, 0) >= 1, played.log
    assert set(gone) <= {200, Outcome.CUT}
    seconds = played.records("create.gone")["total_us"] / 1e6
    # The namespace controller waits 5 s before it looks.
    assert seconds[played.records("create.gone")["outcome"] == 200].min() > 4.5


def test_leases_are_renewed_in_the_version_last_seen(cluster, stage):
    played = stage.of("lease_heartbeat").play(rate=10, seconds=4, nodes=20)  # each every 2 s
    assert played.outcomes("renew") == {200: 40}, played.log
    assert played.outcomes("renew.read") == {200: 20}
    path = "/apis/coordination.k8s.io/v1/leases"
    leases = items(cluster, f"{path}?labelSelector=kubedrill.io/run={stage.folder.run}")
    assert len(leases) == 20
    renewed = {lease["spec"]["renewTime"] for lease in leases}
    assert len(renewed) == 20
    newest = datetime.fromisoformat(max(renewed))
    assert (datetime.now(UTC) - newest).total_seconds() < 20


def test_events_are_counted_up(cluster, stage):
    played = stage.of("event_storm").play(rate=10, seconds=6, distinct=20, namespaces=2)
    assert played.outcomes("event") == {201: 20, 200: 40}, played.log  # each every 2 s
    assert played.outcomes("event.patch") == {200: 40}
    events = made(cluster, stage, "events")
    assert [event["count"] for event in events] == [3] * 20
    assert {event["involvedObject"]["namespace"] for event in events} == {
        event["metadata"]["namespace"] for event in events
    }


def test_new_events_only(cluster, stage):
    played = stage.of("event_storm").play(rate=20, seconds=1)
    assert played.outcomes("event") == {201: 20}, played.log
    assert len(made(cluster, stage, "events")) == 20


def test_the_life_of_pods(cluster, stage):
    played = stage.of("pod_churn").play(rate=20, seconds=2)
    assert played.outcomes("churn") == {200: 40}, played.log
    steps = {
        step: played.outcomes(f"churn.{step}") for step in ("create", "bind", "status", "delete")
    }
    assert steps == {
        "create": {201: 40},
        "bind": {201: 40},
        "status": {200: 40},
        "delete": {200: 40},
    }
    assert made(cluster, stage, "pods") == []


def test_pods_that_live_when_the_load_ends_miss_no_answer(cluster, stage):
    played = stage.of("pod_churn").play(rate=4, seconds=1, lifetime_s=20)
    assert played.outcomes("churn") == {Outcome.RESTING: 4}, played.log
    assert played.outcomes("churn.status") == {200: 4}


def test_pods_of_one_node_are_bound_within_seconds(cluster, stage):
    # All of them go at once, 40 s after the pod garbage collector has seen the first of them.
    played = stage.of("pod_churn").play(rate=2, seconds=12, keep=True)
    assert played.outcomes("churn") == {200: 24}, played.log
    bound: dict[str, list[datetime]] = {}
    for pod in made(cluster, stage, "pods"):
        made_at = datetime.fromisoformat(pod["metadata"]["creationTimestamp"])
        bound.setdefault(pod["spec"]["nodeName"], []).append(made_at)
    assert len(bound) > 1
    longest = max(max(times) - min(times) for times in bound.values())
    assert longest <= timedelta(seconds=11)  # every 10 s another; they are told in whole seconds


def test_pods_that_would_be_collected_are_refused() -> None:
    with pytest.raises(NotStarted, match="lifetime_s must be 25 or less with pods: no node stands"):
        check(PROFILES / "pod_churn.py", {"lifetime_s": 26})
    check(PROFILES / "pod_churn.py", {"lifetime_s": 26, "workload": "jobs"})


def test_pods_that_stay(cluster, stage):
    played = stage.of("pod_churn").play(rate=10, seconds=1, keep=True, pod_bytes=5000)
    assert played.outcomes("churn") == {200: 10}, played.log
    pods = made(cluster, stage, "pods")
    assert {pod["status"]["phase"] for pod in pods} == {"Running"}
    assert {len(pod["metadata"]["annotations"]["kubedrill.io/padding"]) for pod in pods} == {5000}


@pytest.mark.parametrize(("workload", "group"), [("deployments", "apps"), ("jobs", "batch")])
def test_what_controllers_roll_out(cluster, stage, workload, group):
    given = {"workload": workload, "replicas": 3, "keep": True}
    played = stage.of("pod_churn").play(rate=4, seconds=1, **given)
    assert played.outcomes("churn") == {200: 4}, played.log
    run = f"labelSelector=kubedrill.io/run={stage.folder.run}"
    assert len(items(cluster, f"/apis/{group}/v1/{workload}?{run}")) == 4
    until = time.monotonic() + 60
    while len(made(cluster, stage, "pods")) < 12:
        assert time.monotonic() < until
        time.sleep(0.2)
    if workload == "deployments":
        # A roll-out is one only if a second ReplicaSet takes over from the first.
        sets = items(cluster, f"/apis/apps/v1/replicasets?{run}")
        owners = Counter(
            replica_set["metadata"]["ownerReferences"][0]["name"] for replica_set in sets
        )
        assert list(owners.values()) == [2] * 4
        assert played.outcomes("churn.rollout") == {200: 4}


def test_what_is_deleted_while_it_lives(cluster, stage):
    played = stage.of("pod_churn").play(rate=4, seconds=1, workload="deployments")
    assert played.outcomes("churn.delete") == {200: 4}, played.log
    run = f"labelSelector=kubedrill.io/run={stage.folder.run}"
    assert items(cluster, f"/apis/apps/v1/deployments?{run}") == []
