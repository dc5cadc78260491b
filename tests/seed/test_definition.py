"""When a definition of custom resources may be used."""

import pytest

from kubedrill.seed.definition import _is_established

YES = {"conditions": [{"type": "Established", "status": "True"}]}


@pytest.mark.parametrize(
    ("found", "established"),
    [
        ({"metadata": {}}, False),
        ({"metadata": {}, "status": None}, False),
        ({"metadata": {}, "status": {"conditions": None}}, False),
        (
            {
                "metadata": {},
                "status": {"conditions": [{**YES["conditions"][0], "status": "False"}]},
            },
            False,
        ),
        ({"metadata": {}, "status": YES}, True),
        ({"metadata": {"deletionTimestamp": "now"}, "status": YES}, False),
    ],
)
def test_whether_it_is_established(found, established):
    assert _is_established(found) == established
