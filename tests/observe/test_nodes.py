"""How many nodes are not ready, as the API prints them."""

from typing import Any

import pytest

from kubedrill.observe.nodes import NodeRow, by_zone, readiness


def table(*statuses: str) -> dict[str, Any]:
    return {
        "columnDefinitions": [{"name": "Name"}, {"name": "Status"}],
        "rows": [
            {"cells": [f"n-{number}", status], "object": {"metadata": {"name": f"n-{number}"}}}
            for number, status in enumerate(statuses)
        ],
    }


def test_ready_is_what_is_printed_first() -> None:
    printed = ("Ready", "NotReady", "Ready,SchedulingDisabled", "Unknown", "NotReady,Ready")
    assert [row.ready for row in readiness(table(*printed))] == [True, False, True, False, False]
    assert [*readiness(table("Ready"))] == [NodeRow("n-0", True, "")]


def test_each_zone_has_its_own() -> None:
    found = table("Ready", "NotReady", "Ready", "Ready")
    for row, zone in zip(found["rows"], "aab", strict=False):
        row["object"]["metadata"]["labels"] = {"topology.kubernetes.io/zone": zone}
    assert by_zone(readiness(found)) == {"a": (1, 2), "b": (1, 1), "": (1, 1)}


def test_no_node_is_no_row() -> None:
    assert [*readiness({**table(), "rows": None})] == []


@pytest.mark.parametrize("body", [{}, {"columnDefinitions": [{"name": "Name"}], "rows": []}])
def test_what_is_no_table_of_nodes_is_no_answer(body: dict[str, Any]) -> None:
    with pytest.raises((KeyError, ValueError)):
        list(readiness(body))
