"""The contract: etcd's members obey where a cluster says so."""

import pytest

from kubedrill.cluster.etcd import status
from kubedrill.cluster.handle import Absent, Handle
from kubedrill.record.cluster import ClusterRecord

pytestmark = [pytest.mark.cluster, pytest.mark.breaks]


def test_each_member_answers_whom_it_obeys(record: ClusterRecord, handle: Handle):
    if isinstance(handle.commanding, Absent):
        return
    said = [status(record, zone, 60) for zone in record.zones]
    assert len({answer.member_id for answer in said}) == len(record.zones)
