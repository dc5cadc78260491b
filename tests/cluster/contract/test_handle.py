"""The contract: how a cluster is found, what its handle promises, and how it tells that it is gone."""

import os
from pathlib import Path
from typing import get_args

import pytest
from every_provider import playable

from kubedrill import cluster as stage
from kubedrill.cluster.handle import Absent, Handle, HandleError, description, present
from kubedrill.cluster.provider import handle_of, provider_named
from kubedrill.process.identity import start_of
from kubedrill.record.catalogue import OperationName
from kubedrill.record.cluster import ClusterRecord

pytestmark = [pytest.mark.cluster, pytest.mark.breaks]


def test_what_a_file_promises_is_what_stands_on_the_handle(
    file: Path, record: ClusterRecord, handle: Handle
):
    definition = stage.load_definition(file)
    promised = stage.describe(definition)
    seen = {"foreign": record.foreign, "observed": promised.observed}
    assert promised == description(handle, record.zones, **seen)
    assert (record.capabilities, record.lacks) == (promised.capabilities, promised.lacks)


@pytest.mark.parametrize("name", get_args(OperationName))
def test_an_operation_is_there_or_says_why_not(handle: Handle, name: str):
    operation = getattr(handle, name)
    if isinstance(operation, Absent):
        assert operation.why == operation.why.strip() != ""
        assert "\n" not in operation.why
        with pytest.raises(HandleError) as refused:
            present(operation)
        assert str(refused.value) == operation.why
    else:
        assert operation.of
        assert present(operation) is operation


def test_it_is_found_by_its_folder_and_nowhere_else(record: ClusterRecord, tmp_path: Path):
    provider = provider_named(record.provider)
    assert provider.find(Path(record.folder)) == record
    assert provider.find(tmp_path) is None
    assert provider.find(tmp_path / "nowhere") is None
    provider.down(tmp_path / "nowhere")
    assert provider.find(Path(record.folder)) == record
    assert (handle_of(record).lost(), handle_of(record).is_gone()) == ("", False)


def test_its_components_are_those_of_its_record(record: ClusterRecord, handle: Handle):
    states = handle.components()
    assert set(states) == {component.name for component in record.components}
    assert {state.state for state in states.values()} == {"running"}


def test_its_processes_and_what_they_use(record: ClusterRecord, handle: Handle):
    states, pids = handle.components(), handle.processes()
    assert set(pids) <= set(states)
    for name, pid in pids.items():
        assert pid == states[name].pid
        assert start_of(pid) == states[name].started
    used = handle.usage()
    assert set(pids) <= set(used) <= set(states)
    assert all(usage.cpu_s > 0 and usage.rss_bytes > 0 for usage in used.values())
    later = handle.usage()
    assert all(later[name].cpu_s >= usage.cpu_s for name, usage in used.items())
    assert handle.data() is None or os.access(handle.data(), os.W_OK)


def test_a_component_has_a_log(record: ClusterRecord, handle: Handle):
    if not record.foreign:
        assert any(handle.last_line(component.name) for component in record.components)
    assert handle.last_line("nobody") == ""


def test_what_was_taken_down_is_gone(record: ClusterRecord, tmp_path: Path):
    with playable(record.provider, tmp_path, "gone") as file:
        gone = stage.up(stage.load_definition(file), "gone")
        handle, stood = handle_of(gone), gone.stands()
        stage.down("gone")
        assert (stood, gone.stands()) == (True, False)
        assert (handle.processes(), handle.usage()) == ({}, {})
        # What was done to one of somebody else's is not gone with our access to it.
        assert handle.is_gone() is not record.foreign
        assert handle.lost() != ""
        with pytest.raises(HandleError):
            handle.components()
        assert stage.find("gone") is None
