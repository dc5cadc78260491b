"""Fields of messages: written, and found again."""

import pytest

from kubedrill.client.protobuf import MAGIC, envelope, enveloped, field, message, number


@pytest.mark.parametrize("value", [1, 127, 128, 300, 2**31, 2**63 - 1])
def test_numbers(value: int) -> None:
    written = message((1, "before"), (16, value), (17, b"behind"))
    assert number(written, 16) == value
    assert field(written, 17) == b"behind"


def test_what_is_empty_is_left_out() -> None:
    assert message((1, ""), (2, b""), (3, 0)) == b""
    assert (field(b"", 1), number(b"", 1)) == (b"", 0)


def test_a_field_is_of_the_kind_that_is_asked_for() -> None:
    written = message((1, 5), (2, "text"))
    assert (field(written, 1), number(written, 2)) == (b"", 0)


def test_an_envelope_holds_what_was_put_into_it() -> None:
    written = envelope("v1", "Node", message((1, b"x" * 300)))
    assert field(enveloped(written), 1) == b"x" * 300
    kind = field(written[len(MAGIC) :], 1)
    assert (field(kind, 1), field(kind, 2)) == (b"v1", b"Node")
