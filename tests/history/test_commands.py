"""`kubedrill history` and `index`, as they are typed."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from commanding import kubedrill
from past_runs import write_past
from prometheus_client.parser import text_string_to_metric_families


def history(reports: Path, *words: str, code: int = 0) -> str:
    done = kubedrill("history", "--reports", reports, *words)
    assert (done.returncode, done.stderr) == (code, ""), done.stderr
    return done.stdout


def paths(said: str) -> list[str]:
    return [row["run"] for row in json.loads(said)]


def test_all_runs_are_printed_the_newest_last(month: Path) -> None:
    said = history(month)
    lines = said.splitlines()
    assert lines[-1] == "36 runs: 30 PASS, 3 FAIL, 3 INVALID"
    assert lines[1].split()[:2] == ["etcd-member-kill/20261101T030000Z", "PASS"]
    assert sum(line.startswith("    ") for line in lines) == 6  # why it is no PASS
    places = [said.index(path) for path in paths(history(month, "--json"))]
    assert places == sorted(places)


def test_some_are_chosen(month: Path) -> None:
    zone = history(month, "--experiment", "zone-loss", "--json")
    assert {path.partition("/")[0] for path in paths(zone)} == {"zone-loss"}
    assert len(paths(history(month, "--since", "2026-11-15T00:00+00:00", "--json"))) == 8
    assert len(paths(history(month, "--since", "99999d", "--json"))) == 36
    nightly = json.loads(history(month, "--label", "ci=nightly", "--json"))
    assert {row["labels"]["ci"] for row in nightly} == {"nightly"}
    assert len(nightly) == 18
    assert json.loads(history(month, "--label", "ci=nightly", "--label", "x=y", "--json")) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("--experiment", "zone-los"),
            'no run of experiment "zone-los"; did you mean "zone-loss"?',
        ),
        (("--since", "yesterday"), '"yesterday" is no moment: write 30d, 12h, 2031-05-01'),
        (("--label", "nightly"), '"nightly" is no label: write NAME=VALUE'),
        (("--json", "--csv"), "--json, --csv and --textfile: give one of them"),
        (("--textfile", "x.txt"), "x.txt: node_exporter reads files that end in .prom"),
        (("--textfile", "/proc/x.prom"), "/proc/x.prom: cannot be written ("),
    ],
)
def test_what_cannot_be_meant_is_said(month: Path, words: tuple[str, ...], said: str) -> None:
    done = kubedrill("history", "--reports", month, *words)
    assert (done.returncode, done.stdout) == (3, "")
    assert said in done.stderr


@pytest.mark.parametrize("command", ["history", "index"])
def test_where_there_are_no_reports_that_is_said(command: str, tmp_path: Path) -> None:
    done = kubedrill(command, cwd=tmp_path)
    assert done.returncode == 3
    assert done.stderr.startswith("reports: cannot be read (No such file or directory); say where")


def test_values_are_in_base_units(month: Path) -> None:
    [row] = json.loads(history(month, "--json"))[:1]
    assert row["start"] == "2026-11-01T03:00:00Z"
    assert (row["kubedrill"], row["kubernetes"], row["cluster"]) == (
        "0.1.0",
        "v1.37.2",
        "local-3az",
    )
    first = row["objectives"][0]
    assert (first["phase"], first["name"], first["text"]) == (
        "baseline",
        "list.p99",
        "list.p99 < 1s",
    )
    assert (first["value"], first["unit"], first["threshold"]) == (0.06, "s", 1.0)


def test_csv_has_a_row_for_each_objective(month: Path) -> None:
    rows = [*csv.DictReader(io.StringIO(history(month, "--csv")))]
    assert len(rows) == 36 * 10
    assert rows[0]["objective"] == "list.p99 < 1s"
    assert float(rows[0]["value"]) == 0.06
    assert {row["objective_verdict"] for row in rows} == {"PASS", "FAIL"}


def test_verify_names_what_was_changed_and_ends_with_1(tmp_path: Path) -> None:
    folder = write_past(tmp_path)
    assert "1 run: 1 PASS" in history(tmp_path, "--verify")
    file = folder.samples / "probe.parquet"
    file.write_bytes(file.read_bytes().swapcase())
    assert "1 run: 1 PASS" in history(tmp_path)
    [row] = json.loads(history(tmp_path, "--verify", "--json", code=1))
    assert row["verdict"] == "STALE"
    assert row["why"].startswith("samples/probe.parquet: was changed")


def test_the_textfile_tells_of_the_last_run_of_each_experiment(month: Path, tmp_path: Path) -> None:
    file = tmp_path / "kubedrill.prom"
    assert history(month, "--textfile", str(file)) == ""
    assert file.stat().st_mode & 0o777 == 0o644
    found = {
        family.name: family.samples for family in text_string_to_metric_families(file.read_text())
    }
    verdict = {
        sample.labels["experiment"]: sample.labels["verdict"]
        for sample in found["kubedrill_run_verdict"]
        if sample.value
    }
    last = {row["experiment"]: row for row in json.loads(history(month, "--json"))}
    assert verdict == {name: row["verdict"] for name, row in last.items()}
    values = {
        (
            sample.labels["experiment"],
            sample.labels["phase"],
            sample.labels["objective"],
        ): sample.value
        for sample in found["kubedrill_objective_value"]
    }
    assert values == {
        (name, asked["phase"], asked["text"]): asked["value"]
        for name, row in last.items()
        for asked in row["objectives"]
    }
    counts = sum(sample.value for sample in found["kubedrill_runs"])
    assert counts == 36
    assert file.read_text().endswith("\n")


def broken_verdict(tmp_path: Path) -> None:
    write_past(tmp_path).verdict.write_text("{")


def no_run(tmp_path: Path) -> None:
    """Write nothing."""


@pytest.mark.parametrize(
    ("make", "said"), [(broken_verdict, "1 run: 1 UNJUDGED"), (no_run, "0 runs")]
)
def test_there_is_always_an_answer(make: Callable[[Path], None], said: str, tmp_path: Path) -> None:
    make(tmp_path)
    assert history(tmp_path).splitlines()[-1] == said
    assert kubedrill("index", "--reports", tmp_path).returncode == 0
    assert history(tmp_path, "--csv").startswith("run,experiment,start,verdict,")
