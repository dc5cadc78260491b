"""What is tried again, and what is not."""

from contextlib import closing

import pytest

from kubedrill.clock import SECOND, now
from kubedrill.seed.calling import Call, Seeder, SeedFailed, call_all

PATH = "/api/v1/namespaces"


@pytest.fixture
def api(scripted, record_of):
    made = Seeder(record_of(scripted.server_port), now() + 30 * SECOND)
    yield made
    made.close()


@pytest.mark.parametrize("script", [[429], [503, 500], [0], [0, 429, 0, 502]])
def test_what_may_pass_is_tried_again(api, scripted, script) -> None:
    scripted.script = list(script)
    assert api.call("POST", PATH, b"{}").status == 201
    assert len(scripted.asked) == len(script) + 1


def test_retry_after_is_obeyed(api, scripted) -> None:
    scripted.script, scripted.retry_after = [429], "1"
    begun = now()
    api.call("POST", PATH, b"{}")
    assert SECOND <= now() - begun < 10 * SECOND


def test_a_refusal_is_final_and_quoted(api, scripted) -> None:
    scripted.script = [403]
    with pytest.raises(SeedFailed, match=r'POST /api/v1/namespaces: 403 .*"as told"'):
        api.call("POST", PATH, b"{}")
    assert len(scripted.asked) == 1


def test_what_is_fine_is_no_refusal(api, scripted) -> None:
    scripted.script = [409]
    assert api.call("POST", PATH, b"{}", fine=(409,)).status == 409


def test_trying_ends_in_time_with_the_last_answer(scripted, record_of) -> None:
    scripted.script = [503] * 1000
    end = now() + 2 * SECOND
    with (
        closing(Seeder(record_of(scripted.server_port), end)) as api,
        pytest.raises(SeedFailed, match=r"out of time; last: 503 .*as told"),
    ):
        api.call("POST", PATH, b"{}")
    assert now() < end + 10 * SECOND


def test_calls_at_once_are_each_made_once(scripted, record_of) -> None:
    record = record_of(scripted.server_port)
    paths = [f"{PATH}/{number}" for number in range(200)]
    call_all(record, (Call("POST", path, (409,), b"{}") for path in paths), now() + 60 * SECOND)
    assert sorted(scripted.asked) == sorted(paths)


def test_one_refusal_ends_all_calls(scripted, record_of) -> None:
    record = record_of(scripted.server_port)
    scripted.script = [201] * 20 + [403]
    calls = (Call("POST", f"{PATH}/{number}", (409,), b"{}") for number in range(5000))
    with pytest.raises(SeedFailed, match="403"):
        call_all(record, calls, now() + 10 * SECOND)
    assert len(scripted.asked) < 200
