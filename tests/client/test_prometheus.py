"""The API of a Prometheus: what a real one was seen to answer, and every way in which it does not."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from prometheus_stand_in import PrometheusStandIn, prometheus_stand_in

from kubedrill.client import prometheus
from kubedrill.client.prometheus import ClockReading, PrometheusApi, PrometheusError
from kubedrill.clock import SECOND, now
from kubedrill.record.prometheus import TOKEN, USUAL, PrometheusSource

RECORDED: dict[str, dict[str, Any]] = json.loads(
    Path(__file__).with_name("prometheus-2.42.json").read_text(encoding="utf-8")
)["answers"]
WHOLE = next(query for query in RECORDED if query.endswith("[5000ms]") and "scrape_dur" in query)


@pytest.fixture
def stand_in() -> Iterator[PrometheusStandIn]:
    with prometheus_stand_in() as made:
        yield made


@pytest.fixture
def recorded(stand_in: PrometheusStandIn) -> PrometheusStandIn:
    stand_in.recorded = {
        query: (said["status"], said["body"].encode()) for query, said in RECORDED.items()
    }
    return stand_in


def source(stand_in: PrometheusStandIn) -> PrometheusSource:
    return PrometheusSource(stand_in.url, dict(USUAL))


def selector(query: str) -> str:
    return query.rpartition("[")[0]


def why(known: PrometheusSource) -> str:
    with closing(PrometheusApi(known)) as api, pytest.raises(PrometheusError) as refused:
        api.count("up{}")
    return str(refused.value)


def test_samples_are_read_with_the_times_that_a_real_one_gave_them(
    recorded: PrometheusStandIn,
) -> None:
    with closing(PrometheusApi(source(recorded))) as api:
        found = api.samples(selector(WHOLE), 5)
    by_name = {series.labels["__name__"]: series for series in found}
    assert {"up", "scrape_duration_seconds", "apiserver_request_total"} <= by_name.keys()
    assert by_name["up"].samples[0] == (1_796_095_572_925_000_000, "1")
    assert {series.labels["instance"] for series in found} == {"127.0.0.1:19555"}
    times = {tuple(time for time, _ in series.samples) for series in found}
    assert len(times) == 1  # all samples of a scrape have its time


def test_a_count_is_0_where_a_real_one_has_nothing(recorded: PrometheusStandIn) -> None:
    with closing(PrometheusApi(source(recorded))) as api:
        assert api.count('{__name__=~"apiserver_request_total",job="apiserver"}') == 4
        assert api.count('{__name__=~"etcd_server_is_leader",job="etcd"}') == 0
        assert api.samples('up{job="nobody"}', 5) == []


def test_the_stand_in_answers_in_the_form_of_a_real_one(stand_in: PrometheusStandIn) -> None:
    page = {'apiserver_request_total{verb="PUT"}': 1.0}
    stand_in.scrape("apiserver", "127.0.0.1:19555", page)
    counted = 'count({__name__=~"apiserver_request_total",job="apiserver"})'
    for query in (WHOLE, "time()", counted, 'up{job="nobody"}[5000ms]'):
        real = json.loads(RECORDED[query]["body"])["data"]
        assert form(stand_in.answer(query)) == form(real), query


def form(value: Any) -> Any:
    """Return the types in an answer; of a list those that are in it, each once."""
    if isinstance(value, dict) and "__name__" in value:
        return "labels"
    if isinstance(value, dict):
        return {key: form(part) for key, part in value.items()}
    if isinstance(value, list):
        return sorted({repr(form(part)) for part in value})
    return type(value)


def test_its_clock_is_bounded_by_the_round_trip(stand_in: PrometheusStandIn) -> None:
    stand_in.ahead_s = 3600.0
    with closing(PrometheusApi(source(stand_in))) as api:
        before = now()
        read = api.clock()
        took = now() - before
    here = round(stand_in.now() * SECOND) - now()
    assert read.least - 2_000_000 <= here <= read.most + 2_000_000
    assert read.within <= took / 2 + 2_000_000


def test_a_clock_has_changed_by_what_two_readings_cannot_share() -> None:
    first = ClockReading(1000, 1010)
    assert first.apart(ClockReading(1010, 1030)) == 0
    assert first.apart(ClockReading(1040, 1050)) == 30
    assert first.apart(ClockReading(900, 950)) == 50
    assert (first.ahead, first.within) == (1005, 5)


def test_the_token_is_that_of_the_environment(
    stand_in: PrometheusStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in.token = "s3cret"
    monkeypatch.delenv(TOKEN, raising=False)
    assert f"answered 401; it wants a token: that in the variable {TOKEN} is not set" in why(
        source(stand_in)
    )
    monkeypatch.setenv(TOKEN, "wrong")
    said = why(source(stand_in))
    assert f"that in the variable {TOKEN} is refused" in said
    assert "wrong" not in said
    for token in ("s3cret\nX-Other: 1", "s\u00e9cret"):
        monkeypatch.setenv(TOKEN, token)
        with pytest.raises(PrometheusError, match=f"what the variable {TOKEN} holds is no token$"):
            PrometheusApi(source(stand_in))
    monkeypatch.setenv("THEIRS", " s3cret\n")
    with closing(PrometheusApi(replace(source(stand_in), token_env="THEIRS"))) as api:
        assert api.count("up{}") == 0


def test_a_password_is_sent_with_its_user(
    stand_in: PrometheusStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in.user, stand_in.token = "drill", "s3cret"
    basic = replace(source(stand_in), auth="basic")
    monkeypatch.delenv(TOKEN, raising=False)
    assert f"it wants a password: that in the variable {TOKEN} is not set" in why(basic)
    monkeypatch.setenv(TOKEN, "drill:wrong")
    assert f"that in the variable {TOKEN} is refused" in why(basic)
    monkeypatch.setenv(TOKEN, "s3cret")
    with pytest.raises(PrometheusError, match=f"the variable {TOKEN} holds is not USER:PASSWORD$"):
        PrometheusApi(basic)
    monkeypatch.setenv(TOKEN, "drill:s3cret")
    with closing(PrometheusApi(basic)) as api:
        assert api.count("up{}") == 0


@pytest.mark.parametrize(
    ("fails", "words"),
    [
        ((500, b"oh"), "answered 500$"),
        ((503, b"Service Unavailable"), "answered 503$"),
        ((404, b""), "answered 404; is that where its API is"),
        ((200, b"<html>"), "is no Prometheus: what it answers to count"),
        ((200, b"[]"), "is no Prometheus"),
        ((200, b'{"status": "success", "data": {"result": [1]}}'), "is no Prometheus"),
        ((200, b'{"status": "success", "data": {}}'), "is no Prometheus"),
        ((200, b'{"status": "error", "data": {}, "error": "boom"}'), "answered 200: boom"),
        ((422, b'{"status": "error", "error": "too many samples"}'), "422: too many samples"),
    ],
)
def test_what_is_no_answer_is_told(
    stand_in: PrometheusStandIn, fails: tuple[int, bytes], words: str
) -> None:
    stand_in.fails = fails
    with (
        closing(PrometheusApi(source(stand_in))) as api,
        pytest.raises(PrometheusError, match=f"^it .*{words}"),
    ):
        api.count("up{}")


def test_a_query_that_a_real_one_refuses_is_told_in_its_words(recorded: PrometheusStandIn) -> None:
    recorded.recorded["count(up{)"] = recorded.recorded["up{"]
    with closing(PrometheusApi(source(recorded))) as api, pytest.raises(PrometheusError) as refused:
        api.count("up{")
    assert 'answered 400: invalid parameter "query"' in str(refused.value)


def test_a_token_is_sent_nowhere_else(
    stand_in: PrometheusStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOKEN, "s3cret")
    with prometheus_stand_in() as other:
        stand_in.elsewhere = other.url
        said = why(source(stand_in))
        assert "answered 302: it sends us elsewhere; name the address that it stands at" in said
        assert other.asked == []


def test_no_proxy_of_the_environment_is_asked(
    stand_in: PrometheusStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with closing(PrometheusApi(source(stand_in))) as api:
        assert api.count("up{}") == 0


def test_whoever_does_not_answer_is_named(
    stand_in: PrometheusStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = PrometheusSource("http://127.0.0.1:1", dict(USUAL))
    assert "it does not answer: " in why(nobody)
    monkeypatch.setattr(prometheus, "TIMEOUT_S", 0.05)
    stand_in.slow_s = 2.0
    assert "it does not answer: " in why(source(stand_in))


def test_a_server_whose_certificate_is_not_proven_is_not_asked(
    stand_in: PrometheusStandIn, tmp_path: Path
) -> None:
    url = stand_in.url.replace("http://", "https://")
    assert "does not answer" in why(PrometheusSource(url, dict(USUAL)))
    missing = PrometheusSource(url, dict(USUAL), ca_file=str(tmp_path / "ca.crt"))
    with pytest.raises(FileNotFoundError):
        PrometheusApi(missing)
