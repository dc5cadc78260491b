import pytest

from kubedrill.wire.request import prepare


def test_a_get():
    request = prepare("GET", "/api/v1/pods?limit=5", "kubernetes", token="abc", user_agent="me")
    lines = request.decode().split("\r\n")
    assert lines[0] == "GET /api/v1/pods?limit=5 HTTP/1.1"
    assert set(lines[1:-2]) == {
        "Host: kubernetes",
        "Accept: application/json",
        "User-Agent: me",
        "Authorization: Bearer abc",
    }
    assert lines[-2:] == ["", ""]


def test_a_body_has_its_length_and_type():
    request = prepare("POST", "/x", "kubernetes", body=b"{}", headers={"X-One": "1"})
    head, _, body = request.partition(b"\r\n\r\n")
    assert body == b"{}"
    assert b"Content-Length: 2\r\n" in head
    assert b"Content-Type: application/json" in head
    assert b"X-One: 1" in head


def test_an_empty_post_has_a_length():
    assert b"Content-Length: 0\r\n" in prepare("POST", "/x", "kubernetes")


@pytest.mark.parametrize(
    "wrong",
    [
        {"path": "/x HTTP/1.1\r\nX: y"},
        {"path": "/a b"},
        {"path": "/ä"},
        {"path": ""},
        {"token": "abc\n"},
        {"headers": {"X-One": "1\r\n"}},
    ],
)
def test_what_would_break_out_of_its_place_is_refused(wrong):
    with pytest.raises(ValueError, match="printable ASCII"):
        prepare(**{"method": "GET", "path": "/", "host": "kubernetes", **wrong})
