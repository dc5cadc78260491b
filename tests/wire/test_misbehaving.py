"""What servers do wrong, again and again: each in its class, no hang, no descriptor or memory kept.

One failure at a time is in test_connection.py.
"""

from collections.abc import Iterator

import pytest
from behaving_server import BODY
from trickling_server import TricklingServer

MANY = 50


@pytest.fixture(scope="module")
def trickling(certificate) -> Iterator[TricklingServer]:
    server = TricklingServer(certificate)
    yield server
    server.close()


@pytest.mark.parametrize(
    ("path", "outcome"),
    [
        ("/reset-mid-body", "reset"),
        ("/eof-mid-body", "eof"),
        ("/eof-before", "eof"),
        ("/stall-mid-body", "timeout"),
        ("/length-too-large", "timeout"),
        ("/length-too-small", "malformed"),
        ("/bad-chunk", "malformed"),
        ("/too-many", 429),
        ("/close-after", 200),
    ],
)
def test_many_at_once_leave_nothing_behind(ask, path, outcome):
    # What so many threads and connections take at once has been taken once; what stays is new.
    ask(*["/whole"] * MANY, together=True, may_grow=32, may_keep=16)
    deadline_s = 1 if outcome == "timeout" else 20
    *answers, whole = ask(*[path] * MANY, together=True, deadline_s=deadline_s)
    assert [answer["outcome"] for answer in answers] == [outcome] * MANY
    assert whole["took_s"] < 20


def test_bytes_that_come_after_the_answer_are_no_answer_to_the_next_request(ask, server):
    before = server.accepted
    answers = ask("/length-too-small-later", "/whole", pause_s=1)
    assert [answer["outcome"] for answer in answers] == [200, 200]
    assert answers[1]["size"] == len(BODY)
    assert server.accepted == before + 2


@pytest.mark.parametrize(
    ("how", "size"), [("record", 300_000), ("segment", 20_000), ("chunk", 300_000)]
)
def test_one_byte_at_a_time(ask, trickling, how, size):
    (answer,) = ask(f"/{how}/{size}", port=trickling.port)
    assert (answer["outcome"], answer["size"]) == (200, size)


@pytest.mark.parametrize("how", ["record", "segment", "chunk"])
def test_50_megabytes_one_byte_at_a_time_end_at_the_deadline(ask, trickling, how):
    """To the end it would take 9 (records), 17 (segments), 10 (chunks) minutes of two busy cores."""
    path = f"/{how}/{50 * 10**6}"
    (answer,) = ask(path, port=trickling.port, deadline_s=0.7)
    assert (answer["outcome"], answer["first_byte"]) == ("timeout", True)
    assert 0.65 < answer["took_s"] < 60  # what has come at once is taken to its end


def test_who_asks_for_little_does_not_wait_for_who_asks_for_much(ask, trickling):
    paths = ["/record/300000", "/record/10000", "/record/10000"]
    much, *little, _ = ask(*paths, port=trickling.port, together=True)
    assert [answer["size"] for answer in (much, *little)] == [300_000, 10_000, 10_000]
    assert max(answer["took_s"] for answer in little) < much["took_s"] / 2
