"""What a step of GitHub Actions tells of real runs: a PASS, a FAIL, an INVALID."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from commanding import kubedrill
from kept import unpack

from kubedrill.record.folder import RunFolder
from kubedrill.record.schedule import Schedule
from kubedrill.record.verdict import Report, Verdict
from kubedrill.report.github import MOST, of_drill

KEPT = Path(__file__).parents[1] / "judge" / "kept"
COMMAND = re.compile(r"::error (?P<properties>[^:]+)::(?P<words>[^\n]*)")


@dataclass(frozen=True, slots=True)
class Step:
    """A step in which a kept run was told of."""

    run: RunFolder
    code: int
    printed: list[str]
    summary: str

    def annotations(self) -> list[dict[str, str]]:
        """Return the properties of each annotation, and its words, as GitHub reads them."""
        read = []
        for line in self.printed:
            if found := COMMAND.fullmatch(line):
                pairs = (pair.split("=", 1) for pair in found["properties"].split(","))
                read.append({**dict(pairs), "words": found["words"]})
        return [{key: decoded(text) for key, text in known.items()} for known in read]

    def rows(self) -> list[list[str]]:
        """Return the cells of the table's rows; a bar that is escaped ends none."""
        lines = [line for line in self.summary.splitlines() if line.startswith("|")]
        return [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines]


def decoded(text: str) -> str:
    for code, letter in (("%3A", ":"), ("%2C", ","), ("%0A", "\n"), ("%0D", "\r"), ("%25", "%")):
        text = text.replace(code, letter)
    return text


@pytest.fixture
def step(tmp_path: Path) -> Callable[[str], Step]:
    """Tell of a kept run, whose experiment file is one of the repository."""

    def play(name: str) -> Step:
        unpack(KEPT / f"{name}.tar.xz", tmp_path)
        [folder] = (tmp_path / name).iterdir()
        file = tmp_path / "experiments" / f"{name}.yaml"
        file.parent.mkdir()
        file.write_bytes((folder / "experiment.yaml").read_bytes())
        surroundings = {
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
            "GITHUB_WORKSPACE": str(tmp_path),
        }
        done = kubedrill("report", folder, "--github", name, cwd=tmp_path, **surroundings)
        summary = (tmp_path / "summary").read_text("utf-8")
        return Step(RunFolder(folder), done.returncode, done.stdout.splitlines(), summary)

    return play


def test_of_a_pass_all_is_in_the_table_and_nothing_annotated(step: Callable[[str], Step]) -> None:
    told = step("member-lost")
    report = Report.read(told.run.verdict)
    assert (told.code, told.annotations()) == (0, [])
    assert told.summary.startswith("## \u2713 PASS: etcd's leader dies while clients")
    assert len(told.rows()) == 2 + len(report.objectives)
    assert {len(row) for row in told.rows()} == {4}
    assert told.rows()[2] == [
        " baseline ",
        r" list.p99 \< 5s ",
        " 42 ms ",
        " \u2713 PASS ",
    ]


def test_of_a_fail_each_objective_is_annotated_on_its_line(step: Callable[[str], Step]) -> None:
    told = step("too-slow")
    asked = Schedule.read(told.run.schedule).objectives
    lines = {(objective.phase, objective.text): objective.line for objective in asked}
    missed = [
        objective
        for objective in Report.read(told.run.verdict).objectives
        if objective.verdict is not Verdict.PASS
    ]
    assert len(missed) == 2
    for annotation, objective in zip(told.annotations(), missed, strict=True):
        assert annotation["file"] == "experiments/too-slow.yaml"
        assert int(annotation["line"]) == lines[objective.phase, objective.text]
        assert annotation["title"] == f"FAIL in {objective.phase}: {objective.text}"
        assert annotation["words"] == objective.reason
    assert told.summary.startswith("## \u2717 FAIL: ")


def test_of_an_invalid_one_its_own_reasons_come_first(step: Callable[[str], Step]) -> None:
    told = step("let-go")
    first, second, objective = told.annotations()
    assert first["title"].startswith("INVALID: ")
    assert first["words"].startswith("faults ended early")
    assert "etcd-c was running again" in second["words"]
    assert "line" not in first
    assert objective["title"].startswith("FAIL in fault: eventually(")
    assert told.summary.startswith("## ? INVALID: ")
    assert "\n- faults ended early" in told.summary


def test_what_was_changed_since_is_told_as_it_is_judged_now(
    step: Callable[[str], Step], tmp_path: Path
) -> None:
    told = step("member-lost")
    told.run.timeline.write_text(told.run.timeline.read_text("utf-8") + "\n")
    page = tmp_path / "again"
    done = kubedrill(
        *("report", told.run.path, "--github", "etcd-member-kill"),
        GITHUB_STEP_SUMMARY=str(page),
        GITHUB_WORKSPACE=str(tmp_path),
    )
    assert done.returncode == 2
    assert "::error title=INVALID" in done.stdout, "the file is not in the repository"
    assert page.read_text("utf-8").startswith("## ? INVALID: ")


def test_outside_of_a_step_it_says_so(step: Callable[[str], Step], tmp_path: Path) -> None:
    run = step("member-lost").run.path
    done = kubedrill("report", run, "--github", "etcd-member-kill", GITHUB_STEP_SUMMARY="")
    assert done.returncode == 3
    assert "GITHUB_STEP_SUMMARY is not set" in done.stderr
    nowhere = str(tmp_path / "nix" / "summary")
    done = kubedrill("report", run, "--github", "etcd-member-kill", GITHUB_STEP_SUMMARY=nowhere)
    assert (done.returncode, "No such file or directory" in done.stderr) == (1, True)


def test_what_people_write_is_no_markup(drill: Callable[..., RunFolder]) -> None:
    folder = drill(invalid=("a | b\n# c\r<b>@d</b> *e* `f` ::error::g %0A",))
    summary = of_drill(folder, Report.read(folder.verdict))
    reason = r"- a \| b \# c \<b\>\@d\</b\> \*e\* \`f\` \:\:error\:\:g %0A"
    assert reason in summary.markdown().splitlines()
    [annotation] = summary.annotations("a,b:c.yaml")
    assert annotation.count("\n") == 0
    assert "file=a%2Cb%3Ac.yaml,title=INVALID%3A " in annotation
    assert annotation.endswith("%0A# c%0D<b>@d</b> *e* `f` ::error::g %250A")


def test_of_many_reasons_the_first_are_told(drill: Callable[..., RunFolder]) -> None:
    folder = drill(invalid=tuple(f"reason {number}" for number in range(MOST + 3)))
    summary = of_drill(folder, Report.read(folder.verdict))
    assert summary.markdown().count("\n- reason ") == MOST
    assert "\n- and 3 more, in the report\n" in summary.markdown()
    assert len([*summary.annotations("")]) == MOST
