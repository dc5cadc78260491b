"""Two of a kind in one mix, as published load profiles have them: stale LISTs, and quorum LISTs in pages."""

import json
from typing import Any

import pytest
from drills import Drills, objective, reasons

from kubedrill.client.caller import Caller
from kubedrill.record.cluster import ClusterRecord
from kubedrill.wire.target import identity_target

pytestmark = [pytest.mark.cluster, pytest.mark.alone]

RESOURCE = "clusterroles"
"""Which no other test makes or deletes meanwhile."""
TITLE = "x [/] y [bold]z[/bold]"
"""As it stands, and no markup."""
PATH = f"/apis/rbac.authorization.k8s.io/v1/{RESOURCE}"


def how_many(cluster: ClusterRecord) -> int:
    api = Caller(*identity_target(cluster, "admin"))
    try:
        return len(json.loads(api.call("GET", PATH).body)["items"])
    finally:
        api.close()


def portion(weight: int, name: str | None, **given: Any) -> dict[str, Any]:
    named = {"as": name} if name else {}
    return {
        "profile": "mass-list",
        "weight": weight,
        **named,
        "with": {"resource": RESOURCE} | given,
    }


@pytest.mark.again("what others take of the machine makes a drill INVALID, rightly")
@pytest.mark.parametrize(
    ("names", "stale", "quorum"),
    [
        (("stale", "quorum"), "clients.stale", "clients.quorum"),
        pytest.param(
            (None, None),
            "clients.mass-list.list",
            "clients.mass-list-2.list",
            marks=pytest.mark.torture,
        ),
    ],
)
def test_each_portion_is_judged_by_itself(
    cluster: ClusterRecord,
    drill: Drills,
    names: tuple[str | None, str | None],
    stale: str,
    quorum: str,
) -> None:
    limit = -(-how_many(cluster) // 3)
    mix = [portion(10, names[0], resource_version="0"), portion(5, names[1], limit=limit)]
    load = {"profile": "mixed", "as": "clients", "rate": "10/s", "with": {"mix": json.dumps(mix)}}
    asked = [
        *(f"{series}.p99 < 13s" for series in (stale, quorum, f"{quorum}.page")),
        *(f"{series}.count >= 1" for series in ("clients", stale, quorum, f"{quorum}.page")),
    ]
    changes = {
        "title": TITLE,
        "load": [load],
        # The first LISTs wait for connections: on a busy machine their pages come a second or two later.
        "phases": {"warmup": "5s", "baseline": "8s"},
        "slos": {"baseline": asked},
    }
    running = drill("mix", changes)
    code, verdict = running.finish()
    assert TITLE in " ".join(running.output().split())
    assert (code, verdict["verdict"]) == (0, "PASS"), reasons(verdict)
    every, whole, paged, pages = (objective(verdict, text)["value"] for text in asked[3:])
    assert every == whole + paged == 80
    # Of a LIST that was due at an edge of the phase, pages may have begun beyond it.
    assert abs(pages - 3 * paged) <= 4
    assert paged < whole
