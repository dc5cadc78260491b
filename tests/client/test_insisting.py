"""What is asked again, after which pauses, and what is said when patience is at its end."""

import pytest

from kubedrill.client.insisting import Patience, Refused, insist
from kubedrill.clock import SECOND, now
from kubedrill.record.sample import Outcome
from kubedrill.wire.errors import WireError
from kubedrill.wire.response import Response

STATUS = b'{"kind":"Status","message":"no \\"b\\" here","code":403}'


def response(status: int, body: bytes = b"", retry_after: float | None = None) -> Response:
    return Response(status, 1, 2, len(body), body[:16], b"", body, retry_after, 0)


def played(
    answers: list[Response | WireError], patience: Patience, fine=()
) -> tuple[Response, list[float]]:
    """Return what came of it, and the pauses."""
    pauses: list[float] = []
    left = iter(answers)

    def ask() -> Response:
        answer = next(left)
        if isinstance(answer, WireError):
            raise answer
        return answer

    return insist(ask, patience, fine, pauses.append), pauses


@pytest.mark.parametrize("fails", [429, 500, 503, Outcome.REFUSED, Outcome.TIMEOUT])
def test_what_may_pass_is_asked_again(fails):
    failure = WireError(fails, "") if isinstance(fails, Outcome) else response(fails)
    answer, pauses = played([failure, failure, response(201)], Patience(0.1, 10))
    assert answer.status == 201
    assert 0.05 <= pauses[0] <= 0.15
    assert 0.1 <= pauses[1] <= 0.3


def test_pauses_grow_up_to_the_longest():
    _, pauses = played([response(500)] * 9 + [response(200)], Patience(1, 4))
    assert all(2 <= pause <= 6 for pause in pauses[2:])


def test_the_server_says_when():
    answers = [response(429, retry_after=7.0), response(200)]
    assert played(answers, Patience(0.1, 1))[1] == [7.0]


@pytest.mark.parametrize("status", [400, 403, 404, 422])
def test_a_refusal_is_final_and_its_message_quoted(status):
    with pytest.raises(Refused, match=rf'^{status} "no \\"b\\" here"$'):
        played([response(status, STATUS)], Patience(0.1, 1))
    assert played([response(status)], Patience(0.1, 1), (status,))[0].status == status


def test_what_is_no_status_is_quoted_as_it_is():
    with pytest.raises(Refused, match=r"^400 Client sent an HTTP request"):
        played([response(400, b"Client sent an HTTP request")], Patience(0.1, 1))


def test_no_more_attempts_than_asked_for():
    answers = [response(503, b"down")] * 4
    with pytest.raises(Refused, match=r"^asked 3 times; last: 503 down$"):
        played(answers, Patience(0.1, 1, attempts=3))


def test_no_pause_goes_beyond_the_time():
    failure = WireError(Outcome.REFUSED, "")
    with pytest.raises(Refused, match=r"^out of time; last: refused$"):
        played([failure], Patience(10, 10, now() + SECOND))
