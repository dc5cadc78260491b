"""Every arrival has one record, and Locust's statistics say the same as the samples."""

import pytest

from kubedrill.clock import SECOND, now
from kubedrill.record.sample import LOAD_DTYPE, Outcome, read_bin

with pytest.MonkeyPatch.context() as patch:
    # Locust patches a process that imports it, and this one runs other tests, too.
    patch.setenv("LOCUST_SKIP_MONKEY_PATCH", "1")
    from locust.env import Environment

    from kubedrill.client.targets import Targets
    from kubedrill.load.user.recorder import Recorder, open_samples
    from kubedrill.load.user.result import RequestSeries, Result
    from kubedrill.load.user.statistics import LocustStatistics

DUE = now() - 60 * SECOND
SERIES = (RequestSeries("list", "GET", "transaction"), RequestSeries("page", "GET", "page"))


@pytest.fixture
def environment():
    return Environment()


@pytest.fixture
def statistics(environment):
    environment.create_local_runner()
    return LocustStatistics(environment, SERIES)


@pytest.fixture
def recorder(statistics, tmp_path):
    made = Recorder(statistics, open_samples(tmp_path, "load-a", {}), Targets())
    yield made
    made.close()


@pytest.fixture
def recorded(recorder, tmp_path):
    def read() -> list[tuple[int, ...]]:
        recorder.flush()
        return read_bin(tmp_path / "load-a.bin", LOAD_DTYPE).tolist()

    return read


def begin(recorder, late_ns=0):
    arrival = recorder.begin(DUE)
    arrival.started = DUE + late_ns
    return arrival


def test_an_answer(recorder, recorded):
    arrival = begin(recorder, late_ns=1_999)
    recorder.end(arrival, Result(200, DUE + 5_000, DUE + 7_999, 1024))
    assert recorded() == [(DUE, 1, 5, 7, 1024, 200, 0, 0)]
    assert (recorder.in_flight, recorder.due, recorder.sent) == (0, 1, 1)


def test_no_first_byte_and_a_size_beyond_the_field(recorder, recorded):
    recorder.add(1, DUE, DUE, Result(Outcome.TIMEOUT, 0, DUE + 3_600_000_000_000, 2**40))
    assert recorded() == [(DUE, 0, 0, 3_600_000_000, 2**32 - 1, 1004, 1, 0)]


def test_what_is_in_flight_is_cut_once(recorder, recorded):
    arrivals = [begin(recorder) for _ in range(3)]
    recorder.end(arrivals[0], Result(200, DUE, DUE, 0))
    recorder.cut([arrivals[1]])
    recorder.cut()
    for arrival in arrivals:
        recorder.end(arrival, Result(200, DUE, DUE, 0))
    assert [record[5] for record in recorded()] == [200, Outcome.CUT, Outcome.CUT]
    assert recorder.in_flight == 0


def test_what_is_cut_while_it_rests_misses_no_answer(recorder, recorded):
    resting, asking = begin(recorder), begin(recorder)
    resting.resting = True
    recorder.cut()
    assert {record[5] for record in recorded()} == {Outcome.RESTING, Outcome.CUT}
    assert asking.resting is False


def test_flushes_append(recorder, recorded):
    for number in range(3):
        recorder.add(0, DUE + number, DUE + number, Result(200, DUE + number, DUE + number, 0))
        assert [record[0] - DUE for record in recorded()] == list(range(number + 1))


def test_the_statistics(recorder, recorded, statistics, environment):
    for outcome, milliseconds in ((200, 2), (404, 4), (Outcome.TIMEOUT, 9)):
        recorder.end(begin(recorder), Result(outcome, 0, DUE + milliseconds * 1_000_000, 10))
    recorder.add(1, DUE, DUE, Result(200, 0, DUE + 1_000_000, 7))
    recorder.drop(DUE)
    begin(recorder)
    recorder.cut()
    assert len(recorded()) == 6
    statistics.flush()
    lists, pages = (environment.stats.get(series.name, series.verb) for series in SERIES)
    assert (lists.num_requests, lists.num_failures) == (4, 3)
    assert (pages.num_requests, pages.num_failures) == (1, 0)
    assert (lists.min_response_time, lists.total_content_length) == (2, 30)
    assert environment.stats.total.num_requests == 5


def test_a_listener_hears_of_each_request(environment, tmp_path):
    environment.create_local_runner()
    heard = []
    environment.events.request.add_listener(lambda **said: heard.append(said))
    recorder = Recorder(LocustStatistics(environment, SERIES), None, Targets())
    recorder.end(begin(recorder), Result(200, DUE, DUE + 2_000_000, 10))
    recorder.end(begin(recorder), Result(500, DUE, DUE + 4_000_000, 10))
    recorder.flush()
    assert [(request["response_time"], request["exception"]) for request in heard] == [
        (2, None),
        (4, "http 500"),
    ]
