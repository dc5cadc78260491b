import json

import pytest
from list_server import json_list, protobuf_list

from kubedrill.client.list_metadata import HEAD, token_json, token_protobuf


@pytest.mark.parametrize("token", ["", "eyJ2IjoibWV0YSJ9", "x" * 1000])
@pytest.mark.parametrize("items", [0, 1, 500])
def test_token(token, items):
    assert token_json(json_list("PodList", token, items)[:HEAD]) == token
    assert token_protobuf(protobuf_list("PodList", token, items)[:HEAD]) == token


def test_an_object_called_continue_is_no_token():
    value = {"kind": "PodList", "metadata": {}, "items": [{"continue": "abc"}]}
    assert token_json(json.dumps(value, separators=(",", ":")).encode()) == ""


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"k8s", b"k8s\0\x12\xff", b"k8s\0\x15\x00\x00\x00\x00"]
)
def test_broken_protobuf(body):
    with pytest.raises(ValueError, match=r"protobuf|ends within|wire type"):
        token_protobuf(body)
