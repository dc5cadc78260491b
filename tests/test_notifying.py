"""Webhooks are told what came of it, or it is said that they were not; their addresses are never shown."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from judged_drill import JudgedDrill
from webhook_server import Webhook, webhook

from kubedrill import posting
from kubedrill.errors import NotStarted
from kubedrill.notifying import ToldOutcome, check, drill_ended, notify
from kubedrill.record.verdict import Judged, Verdict
from kubedrill.record.webhook import WebhookPart, read_webhook

NAME = "TEST_HOOK"


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    with webhook() as served:
        monkeypatch.setenv(NAME, served.url)
        yield served


@pytest.fixture
def report(tmp_path: Path) -> Judged:
    drill = JudgedDrill()
    drill.load["total_us"] *= 1000
    return drill.judged(tmp_path)


def said_of(told: ToldOutcome, *hooks: WebhookPart) -> list[str]:
    said: list[str] = []
    notify(hooks, told, said.append)
    return said


def test_a_program_is_told_all_of_it(hook: Webhook, report: Judged, tmp_path: Path) -> None:
    said = said_of(drill_ended(report, tmp_path), WebhookPart(webhook=NAME))
    assert said == ["notify: TEST_HOOK was told"]
    [told] = hook.told
    assert (told["event"], told["verdict"]) == ("drill-ended", "FAIL")
    assert told["reasons"] == report.reasons
    assert told["folder"] == str(tmp_path / "kill" / "20260131T120000Z")


def test_people_are_told_in_a_few_lines(hook: Webhook, report: Judged, tmp_path: Path) -> None:
    sharp = report.model_copy(update={"title": "<!channel> a & b"})
    told = ToldOutcome("suite-ended", sharp, tmp_path, {"kill": "FAIL", "lists": "skipped"})
    said_of(told, WebhookPart(webhook=NAME, shape="slack"))
    [body] = hook.told
    assert body.keys() == {"text"}
    lines = body["text"].splitlines()
    assert lines[:3] == ["*FAIL*  &lt;!channel&gt; a &amp; b", "kill: FAIL", "lists: skipped"]
    assert lines[-1] == f"`{tmp_path}`"


@pytest.mark.parametrize(("on", "count"), [(("pass",), 0), (("fail", "invalid"), 1)])
def test_it_is_told_the_verdicts_that_it_wants(
    hook: Webhook, report: Judged, tmp_path: Path, on: tuple[str, ...], count: int
) -> None:
    assert report.verdict is Verdict.FAIL
    wanted = read_webhook(f"{NAME}:json:{','.join(on)}")
    said = said_of(drill_ended(report, tmp_path), wanted)
    assert (len(hook.told), len(said)) == (count, count)


def test_a_token_is_sent_and_not_shown(
    hook: Webhook, report: Judged, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_TOKEN", "t0ken")
    said = said_of(drill_ended(report, tmp_path), WebhookPart(webhook=NAME, token="TEST_TOKEN"))
    assert hook.headers[0]["Authorization"] == "Bearer t0ken"
    assert "t0ken" not in "".join(said)


@pytest.mark.parametrize("status", [302, 404, 500])
def test_who_refuses_was_not_told(
    hook: Webhook, report: Judged, tmp_path: Path, status: int
) -> None:
    hook.status = status
    said = said_of(drill_ended(report, tmp_path), WebhookPart(webhook=NAME))
    assert said == [f"notify: TEST_HOOK was not told: answered {status}"]
    assert len(hook.told) == 1


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("http://127.0.0.1:1/s3cret", "Connection refused"),
        ("http://s3cret.invalid/", ""),
        ("http://127.0.0.1:1/s3 cret", "InvalidURL"),
        ("http://[s3cret/", "ValueError"),
        ("http:///s3cret", "is no address"),
    ],
)
def test_no_address_is_ever_shown(
    report: Judged, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str, why: str
) -> None:
    monkeypatch.setenv(NAME, address)
    [said] = said_of(drill_ended(report, tmp_path), WebhookPart(webhook=NAME))
    assert said.startswith(f"notify: TEST_HOOK was not told: {why}")
    assert "s3" not in said


def test_who_answers_byte_by_byte_holds_nobody_up(
    hook: Webhook, report: Judged, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting, "LONGEST_S", 0.5)
    hook.slow_s = 0.1
    begin = time.monotonic()
    said = said_of(drill_ended(report, tmp_path), WebhookPart(webhook=NAME))
    assert said == ["notify: TEST_HOOK was not told: it took too long"]
    assert time.monotonic() - begin < 10
    hook.slow_s = 0.0


@pytest.mark.parametrize(
    ("value", "said"), [(None, "no variable TEST_HOOK"), ("s3cret", "no address")]
)
def test_what_is_not_set_is_said_before_anything_is_started(
    monkeypatch: pytest.MonkeyPatch, value: str | None, said: str
) -> None:
    monkeypatch.delenv(NAME, raising=False)
    if value:
        monkeypatch.setenv(NAME, value)
    with pytest.raises(NotStarted, match=said) as raised:
        check([WebhookPart(webhook=NAME)])
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize("text", ["", "a-b", "A:teams", "A:json:maybe", "A:slack:fail,,pass"])
def test_what_is_mistyped_is_refused_with_what_would_work(text: str) -> None:
    with pytest.raises(ValueError, match="write NAME, a variable that holds the address"):
        read_webhook(text)
