"""What samples say of their series, in runs of now and of before."""

import pytest

from kubedrill.record.lines import read_whole, write_typed
from kubedrill.record.sidecar import LoadSeries, LoadSidecar

RUN_OF_BEFORE = """{
  "series": [{"name": "list", "verb": "LIST", "role": "transaction"},
             {"name": "list.page", "verb": "LIST", "role": "page"}],
  "targets": ["unknown"], "profile": "mass-list", "load": "list"
}"""


def test_the_parts_of_a_run_of_before_are_parts(tmp_path):
    (tmp_path / "load-list.json").write_text(RUN_OF_BEFORE)
    read = read_whole(tmp_path / "load-list.json", LoadSidecar)
    assert [series.role for series in read.series] == ["transaction", "part"]


@pytest.mark.parametrize("said", ["part", "page"])
def test_what_is_written_of_a_part(tmp_path, said):
    series = (LoadSeries(name="get.discovery", verb="GET", role=said),)
    path = tmp_path / "load-get.json"
    write_typed(path, LoadSidecar(series=series, targets=("unknown",), profile="get", load="get"))
    assert '"role": "part"' in path.read_text()
