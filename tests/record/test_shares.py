"""Objectives on shares: of what was offered, of what was seeded."""

import pytest

from kubedrill.record.objective import ObjectiveError, absolute, base_load, check, parse
from kubedrill.record.wording import words

LOADS = ["list", "secrets"]


@pytest.mark.parametrize(
    ("text", "threshold", "base", "load", "said"),
    [
        ("list.rate >= 99% of offered", 0.99, "offered", "list", "99% of what list offered"),
        ("list.count >= 50% of offered", 0.5, "offered", "list", "50% of what list offered"),
        (
            "eventually(objects.secrets >= 100% of secrets.offered) within 75s",
            1.0,
            "secrets.offered",
            "secrets",
            "100% of all that secrets had offered when the phase ended",
        ),
        ("objects.pods >= 100% of seeded", 1.0, "seeded", None, "100% of the pods seeded"),
    ],
)
def test_what_a_share_is_of(
    text: str, threshold: float, base: str, load: str | None, said: str
) -> None:
    objective = parse(text)
    check(objective, LOADS)
    assert (objective.threshold, objective.share_of, base_load(objective)) == (
        threshold,
        base,
        load,
    )
    assert said in words(objective, "baseline")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("list.rate >= 9/s of offered", "needs a share"),
        ("list.rate >= 101% of offered", "at most 100%"),
        ("list.p99 < 50% of offered", "rates and counts take shares"),
        ("list.rate >= 99% of ofered", 'cannot be a share of "ofered"; did you mean "offered"?'),
        ("list.rate >= 99% of secrets.offered", "is a number, and list.rate a rate"),
        ("list.rate >= 99% of seeded", 'cannot be a share of "seeded"'),
        ("objects.pods >= 99% of offered", 'cannot be a share of "offered"'),
        ("objects.pods >= 99% of nobody.offered", 'cannot be a share of "nobody.offered"'),
    ],
)
def test_shares_of_nothing_are_refused(text: str, message: str) -> None:
    with pytest.raises(ObjectiveError) as refused:
        check(parse(text), LOADS)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("text", "base", "threshold", "unit"),
    [
        ("list.rate >= 99% of offered", 10.0, 9.9, "1/s"),
        ("list.count >= 50% of offered", 120.0, 60.0, "1"),
        ("objects.pods >= 100% of seeded", 500.0, 500.0, "1"),
    ],
)
def test_what_a_share_amounts_to(text: str, base: float, threshold: float, unit: str) -> None:
    objective = absolute(parse(text), base)
    assert (objective.threshold, objective.unit) == (pytest.approx(threshold), unit)
