"""Known changes: shown, and no alarm; what is wrong with their file is told with its line."""

from pathlib import Path

import pytest
from sets_of_runs import typed as kubedrill

P50 = {"experiment": "kill", "measure": "list.p50", "label": "release=2.5", "why": "more fields"}
P99 = {**P50, "measure": "list.p99"}


def compared(reports: Path, *entries: dict[str, str]) -> tuple[int, str]:
    lines = "".join(
        "- " + "\n  ".join(f"{key}: {value}" for key, value in entry.items()) + "\n"
        for entry in entries
    )
    (reports / "acknowledged.yaml").write_text(f"acknowledged:\n{lines}")
    done = kubedrill("compare", "release=2.3", "release=2.5", "--reports", reports)
    assert "Traceback" not in done.stdout
    return done.returncode, done.stdout


def test_what_is_known_alarms_no_more(reports: Path) -> None:
    code, said = compared(reports, P50, P99)
    assert code == 0, said
    assert said.startswith("KNOWN")
    assert said.count("acknowledged: more fields") == 1
    assert said.count("WORSE known") == 6
    assert compared(reports, P50)[0] == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"measure": "'fault: list.p99'"}, 1),
        ({"label": "release=2.4"}, 1),
        ({"since": "2026-01-31"}, 0),
        ({"since": "2026-01-31T13:00:00"}, 1),
        ({"at_most": "25%"}, 0),
        ({"at_most": "15%"}, 1),
        ({"experiment": "another"}, 1),
    ],
)
def test_a_change_is_known_of_what_it_says(reports: Path, change, code: int) -> None:
    assert compared(reports, P50, P99 | change)[0] == code


@pytest.mark.parametrize(
    ("entry", "line", "said"),
    [
        ({**P99, "measure": "list.p9"}, 7, 'unknown measure "list.p9"; did you mean "list.p99"?'),
        ({**P99, "label": "'2.5'"}, 8, '"2.5" is no label; write KEY=VALUE'),
        ({**P99, "since": "spring"}, 10, '"spring" is no moment; write 2031-05-01'),
        ({**P99, "at_most": "much"}, 10, 'at_most: "much" is not a number with a unit'),
        ({**P99, "unti": "x"}, 10, 'unknown key "unti"'),
        (
            {key: P99[key] for key in ("experiment", "measure", "why")},
            6,
            "says neither label nor since",
        ),
        ({key: P99[key] for key in ("experiment", "measure", "label")}, 6, "why"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(reports: Path, entry, line: int, said: str) -> None:
    code, words = compared(reports, P50, entry)
    assert code == 3
    assert f"acknowledged.yaml:{line}: " in words
    assert said in words
