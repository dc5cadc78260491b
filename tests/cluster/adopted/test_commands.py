"""How commands of a cluster file are run: as their operator, for their time, and no output is too much."""

import json
import os
import sys
from pathlib import Path

import psutil
import pytest
from operated import wait_for

from kubedrill.cluster.adopted.running import run
from kubedrill.cluster.handle import HandleError
from kubedrill.process import running
from kubedrill.process.child import Child
from kubedrill.process.environment import environment, hand_on_operators, operators
from kubedrill.process.running import KEPT_BYTES, CommandEnd


def python(code: str) -> list[str]:
    return [sys.executable, "-I", "-c", code]


def test_what_it_says_and_how_it_ends_is_known() -> None:
    ended = run(python("import sys; print('out'); sys.exit('err')"), 60)
    assert (ended.status, ended.out, ended.err) == (1, "out\n", "err\n")
    assert ended.why_failed() == f"{sys.executable} ended with status 1: err"
    assert not run(["true"], 60).why_failed()


def test_it_has_nothing_on_stdin_and_a_session_of_its_own() -> None:
    said = run(python("import os, sys; print(sys.stdin.read() == '', os.getsid(0))"), 60).out
    empty, session = said.split()
    assert empty == "True"
    assert int(session) != os.getsid(0)


def test_one_that_is_too_late_is_killed_with_all_of_its_group(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    code = f"""import subprocess, time
child = subprocess.Popen(["sleep", "600"])
open({str(file)!r}, "w").write(str(child.pid))
time.sleep(600)"""
    ended = run(python(code), 3)
    assert ended.status is None
    assert "took longer than" in ended.why_failed()
    assert "and was killed" in ended.why_failed()
    wait_for(lambda: is_gone(int(file.read_text())))


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_a_program_that_is_not_there_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(HandleError, match="no-such-program cannot be run: No such file"):
        run(["no-such-program"], 60)
    (tmp_path / "plain").touch()
    with pytest.raises(HandleError, match="cannot be run: Permission denied"):
        run([str(tmp_path / "plain")], 60)


def test_of_what_it_says_the_beginning_is_kept_and_nobody_waits_for_the_rest() -> None:
    ended = run(python("print('a' * 10_000_000)"), 60)
    assert ended.status == 0
    assert ended.out == "a" * KEPT_BYTES


def test_what_it_leaves_behind_does_not_keep_anybody_waiting() -> None:
    code = "import subprocess; print('done'); print(subprocess.Popen(['sleep', '600']).pid)"
    ended = run(python(code), 60)
    done, pid = ended.out.split()
    psutil.Process(int(pid)).kill()
    assert (ended.status, done) == (0, "done")


@pytest.mark.parametrize(
    ("out", "err", "words"),
    [("", "", ""), ("a\nb\n", "", ": b"), ("a\n", "why\n", ": why"), ("", "\x1b[2J", r": \x1b[2J")],
)
def test_its_last_line_is_told_as_a_terminal_may_show_it(out: str, err: str, words: str) -> None:
    assert CommandEnd(("x",), 1, out, err, 0.0).said() == words


def test_it_has_the_environment_of_who_began_the_drill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", "/agent")
    monkeypatch.setenv("HOME", "/home/operator")
    code = "import json, os; print(json.dumps(dict(os.environ)))"
    whose = json.loads(run(python(code), 60).out)
    assert (whose["SSH_AUTH_SOCK"], whose["HOME"]) == ("/agent", "/home/operator")

    # In a process of the drill, which sees little of it, they have it nevertheless; others have nothing.
    within = f"""import json, sys
from kubedrill.cluster.adopted.running import run
from kubedrill.process.environment import environment
from pathlib import Path
print("ready", flush=True)
out = run([sys.executable, "-c", {code!r}], 60).out
json.dump([json.loads(out), environment(Path("/p"))], open({str(tmp_path / "seen")!r}, "w"))"""
    child = Child.start(
        "faults", [sys.executable, "-c", within], tmp_path / "log", hand_on_operators()
    )
    child.wait_ready(60)
    assert child.wait(60) == 0, (tmp_path / "log").read_text()
    seen, others = json.loads((tmp_path / "seen").read_text())
    assert {key: seen[key] for key in ("SSH_AUTH_SOCK", "HOME")} == {
        "SSH_AUTH_SOCK": "/agent",
        "HOME": "/home/operator",
    }
    assert "KUBEDRILL_OPERATORS" not in {**seen, **others}


def test_who_is_handed_it_on_hands_on_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", "/agent")
    first = hand_on_operators()
    monkeypatch.setenv(*first.popitem())
    monkeypatch.setenv("SSH_AUTH_SOCK", "/another")
    assert operators()["SSH_AUTH_SOCK"] == "/agent"
    assert not {"KUBEDRILL_OPERATORS", "SSH_AUTH_SOCK"} & environment(Path("/p")).keys()


def test_the_log_of_whoever_runs_it_has_all_that(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    running.log(run(python("import sys; print('o'); sys.exit('e')"), 60))
    [said] = caplog.messages
    assert "status 1" in said
    assert r"stdout: o\n; stderr: e\n" in said


def test_a_command_that_was_just_begun_is_told_of_while_it_runs() -> None:
    told: list[bool] = []
    run(["sleep", "0.2"], 60, lambda pid: told.append(not is_gone(pid)))
    assert told == [True]
