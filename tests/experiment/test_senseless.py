"""What is well written and makes no sense: refused, with its line and the reason."""

from collections.abc import Callable

import pytest

from kubedrill.errors import BadFile
from kubedrill.experiment import Experiment

Read = Callable[..., Experiment]
SLOS = "slos:\n  fault: [list.p99 < 1s]\n"
OBJECTIVE = "list.p99 < 1s"
RATE = "rate: 10/s"
LONG = "x" * 201


def refused(reading: Read, text: str) -> str:
    """Return the first thing that is said of a file, from its line on."""
    with pytest.raises(BadFile) as caught:
        reading(text)
    return str(caught.value).splitlines()[0].removeprefix(f"{caught.value.path}:")


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (SLOS, "", '1: missing key "slos"'),
        (SLOS, "slos: {}\n", "12: slos: no objective; a verdict needs at least one"),
        (SLOS, "slos: {fault: []}\n", "12: slos: no objective; a verdict needs at least one"),
        (OBJECTIVE, "availability >= 0%", '13: "availability >= 0%" cannot fail: '),
        (OBJECTIVE, "etcd.leaders == 4", '13: "etcd.leaders == 4" cannot pass: '),
        (
            OBJECTIVE,
            "list.p99 < 10h",
            '13: "list.p99 < 10h" cannot fail: list.p99 is never above 36s in this drill',
        ),
        (
            "slos:",
            "abort: [availability < 50% for 10h]\nslos:",
            '12: "availability < 50% for 10h" can end nothing: the whole drill lasts 40s; give it less time',
        ),
        (
            "{baseline: 10s,",
            "{baseline: 168h,",
            "9: phases: together they last 604830s; at most 168h",
        ),
        ("fault: 20s", "fault: 169h", "9: phases.fault: must be at most 168h, not 169h"),
        ("title: t", 'title: "  "', "1: title: must not be empty"),
        (
            "title: t",
            'title: "a\\nb"',
            "1: title: must be one line; what takes more can stand under why",
        ),
        (
            "title: t",
            "title: |\n  a\n  b",
            "1: title: must be one line; what takes more can stand under why",
        ),
        (
            "title: t",
            'title: "a\\tb"',
            "1: title: has an invisible character in it, U+0009; leave it out",
        ),
        (
            "title: t",
            'title: "a\u200bb"',
            "1: title: has an invisible character in it, U+200B; leave it out",
        ),
        ("title: t", f"title: {LONG}", "1: title must have at most 200 characters, not 201"),
        ("title: t", "title: t\nclaim: 10000", "2: claim must be at most 9999, not 10000"),
        ("why: w", 'why: "\\n"', "2: why: must not be empty"),
        ("why: w", f"why: {LONG * 10}", "2: why must have at most 2000 characters, not 2010"),
    ],
)
def test_files(reading: Read, small: str, before: str, after: str, said: str) -> None:
    assert before in small
    told = refused(reading, small.replace(before, after))
    assert told.startswith(said) if said.endswith(" ") else told == said


@pytest.mark.parametrize(
    ("rate", "said"),
    [
        ("100001/s", "must be at most 100000/s, not 100001/s"),
        ("59/h\n    closed_loop: {clients: 3, pause: 61m}", "must be at most 1h, not 61m"),
        *[
            (shape, f"what begins at {begin} never comes: the load presses for 40s in all")
            for shape, begin in (
                ("{spike: {base: 1/s, peak: 5/s, at: 1h, for: 1s}}", "3600s"),
                ("{spike: {base: 1/s, peak: 5/s, at: 40s, for: 1s}}", "40s"),
                ("{steps: {rates: [1/s, 2/s, 3/s], each: 20s}}", "40s"),
                ("{points: [[0s, 1/s], [40s, 1/s], [40s, 2/s]]}", "40s"),
            )
        ],
        (
            "{spike: {base: 1/s, peak: 5/s, at: 10s, for: 1s}}\n    phases: [baseline]",
            "what begins at 10s never comes: the load presses for 10s in all",
        ),
        (
            "{spike: {base: 1/s, peak: 60/m, at: 1s, for: 1s}}",
            "base and peak are the same rate; write that rate",
        ),
        ("99999/s", None),
        ("{spike: {base: 1/s, peak: 5/s, at: 39s, for: 10s}}", None),
        ("{ramp: {from: 1/s, to: 2/s, over: 168h}}", None),
        ("{points: [[0s, 1/s], [1h, 2/s]]}", None),
        ("{steps: {rates: [1/s, 2/s], each: 20s}}", None),
    ],
)
def test_rates(reading: Read, small: str, rate: str, said: str | None) -> None:
    text = small.replace(RATE, f"rate: {rate}")
    if said is None:
        assert reading(text)
    else:
        assert refused(reading, text).endswith(f": {said}")


def test_more_arrivals_than_a_disk_holds(reading: Read, small: str) -> None:
    text = small.replace(RATE, "rate: 100000/s").replace("fault: 20s", "fault: 3h")
    assert "are 1,082,000,000 arrivals in all; at most 1,000,000,000" in refused(reading, text)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            "probing: {rates: {fresh: 1/h}}",
            "probing.rates.fresh: no probe falls into the phase fault of 20s; ask more often",
        ),
        (
            "probing: {rates: {stale: 2/m}}",
            "probing.rates.stale: no probe falls into the phase fault of 20s; ask more often",
        ),
        ("probing: {rates: {kept: 0/s}}", "probing.rates.kept: must be more than 0/s"),
        (
            "probing: {rates: {victim: 2000/s}}",
            "probing.rates.victim: must be at most 1000/s, not 2000/s",
        ),
        ("probing: {deadline: 1ms}", "probing.deadline: must be at least 10ms, not 1ms"),
        ("probing: {deadline: 2m}", "probing.deadline: must be at most 1m, not 2m"),
        ("scraping: {etcd: 1ns}", "scraping.etcd: must be at least 100ms, not 1ns"),
        ("scraping: {apiserver: 0.9s}", "scraping.apiserver: must be at least 1s, not 0.9s"),
        ("scraping: {controllers: 10h}", "scraping.controllers: must be at most 1h, not 10h"),
        (
            "scraping: {resources: 21s}",
            "scraping.resources: no phase lasts as long as 21s; the longest is 20s",
        ),
        ("probing: {rates: {fresh: 3/m, kept: 1000/s}, deadline: 10ms}", None),
        ("scraping: {etcd: 100ms, apiserver: 20s, resources: 20s}", None),
    ],
)
def test_observing(reading: Read, small: str, settings: str, said: str | None) -> None:
    text = small.replace("slos:", f"{settings}\nslos:")
    if said is None:
        assert reading(text)
    else:
        assert refused(reading, text) == f"12: {said}"


def test_what_nobody_chose_is_not_judged(reading: Read, small: str) -> None:
    assert reading(small, "phases={fault: 100ms}").seconds == 0.1


def test_titles_in_any_script(reading: Read, small: str) -> None:
    for title in ("Der Führer fällt aus", "リーダーが落ちる", "\U0001f469\u200d\U0001f680 falls"):
        assert reading(small.replace("title: t", f"title: {title}")).title == title
    folded = "title: >\n  one line,\n  folded\n"
    assert reading(small.replace("title: t\n", folded)).title == "one line, folded"
