"""Judges damaged copies of a run, each in a process of its own that is killed if it hangs.

The process is forked from one that has already imported what judging needs, and calls the command's own
entry. One of every SAMPLE is judged by the installed command instead, as a user would.
"""

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from commanding import command

from damage.cases import MANIFEST, Case, inflict
from kubedrill.record.folder import RunFolder
from kubedrill.record.manifest import seal

LIMIT_S = 60
"""A judgement takes one or two; so long may it take on a machine that is busy with other things."""
SAMPLE = 25
HUNG = "hung"
_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH = 1, 2
_CAPABILITIES_3 = 0x20080522


@dataclass(frozen=True)
class Answer:
    """What kubedrill said of one damage."""

    number: int
    file: str
    kind: str
    done: str
    """What the damage was, in words."""
    anew: bool
    """Whether the manifest was made anew afterwards."""
    code: int | str
    said: str

    @property
    def told(self) -> str:
        """Return what the answer is, for the table."""
        if "Traceback" in self.said:
            return "traceback"
        known = {0: "PASS", 1: "FAIL", 2: "INVALID", HUNG: HUNG}
        return known.get(self.code, f"exit {self.code}")

    @property
    def names_the_file(self) -> bool:
        """Whether the file is named, however the console has wrapped its name."""
        said = "".join(self.said.split())
        return Path(self.file).name in said


def answers(run: Path, wanted: Iterable[tuple[Case, bool]]) -> Iterator[Answer]:
    """Judge a copy of the run for each of these damages, as many at a time as there are cores.

    True beside a damage: with the manifest made anew after it.
    """
    _import_what_judging_needs()
    left = iter(wanted)
    running: list[_Judgement] = []
    try:
        while True:
            while len(running) < (os.cpu_count() or 1) and (way := next(left, None)):
                running.append(_Judgement(run, *way))
            if not running:
                return
            ended = [judgement for judgement in running if judgement.has_ended()]
            running = [judgement for judgement in running if judgement not in ended]
            yield from (judgement.answer() for judgement in ended)
            time.sleep(0 if ended else 0.01)
    finally:
        for judgement in running:
            judgement.kill()


def is_pass(run: Path) -> bool:
    """Whether a copy of the run is a PASS as it is."""
    with tempfile.TemporaryDirectory(prefix="damage-") as top:
        copy = _copied(run, Path(top))
        return command(["judge", str(copy)])[0] == 0


def _copied(run: Path, top: Path) -> Path:
    """Copy what a verdict is made from, and nothing that was made of it."""
    copy = top / run.parent.name / run.name
    made = shutil.ignore_patterns("report*.html", "junit*.xml", "verdict*.json")
    return Path(shutil.copytree(run, copy, ignore=made))


class _Judgement:
    """A process that damages a copy of the run, judges it, and leaves its answer in a file."""

    def __init__(self, run: Path, case: Case, anew: bool) -> None:
        self._case, self._anew = case, anew
        self._top = Path(tempfile.mkdtemp(prefix="damage-"))
        self._said = self._top / "said"
        self._until = time.monotonic() + LIMIT_S
        self._status: int | None = None
        sys.stdout.flush()
        self._pid = os.fork()
        if not self._pid:
            _in_child(lambda: self._judge(run), self._said)

    def has_ended(self) -> bool:
        pid, status = os.waitpid(self._pid, os.WNOHANG)
        if pid:
            self._status = os.waitstatus_to_exitcode(status)
        elif time.monotonic() > self._until:
            self.kill()
            return True
        return bool(pid)

    def kill(self) -> None:
        """End it, with what it has started."""
        os.killpg(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)

    def answer(self) -> Answer:
        done = self._top / "done"
        kind, words = (
            json.loads(done.read_text()) if done.exists() else (self._case.kind, "not done")
        )
        code = HUNG if self._status is None else self._status
        said = self._said.read_text(errors="replace")
        shutil.rmtree(self._top)
        return Answer(self._case.number, self._case.file, kind, words, self._anew, code, said)

    def _judge(self, run: Path) -> int:
        copy = _copied(run, self._top)
        done = inflict(self._case, copy)
        (self._top / "done").write_text(json.dumps(done))
        if self._anew:
            _seal_anew(copy, self._case.file)
        lay_down_override()
        if self._case.number % SAMPLE:
            code, said = command(["judge", str(copy)])
            print(said)
            return int(str(code))
        program = Path(sys.executable).parent / "kubedrill"
        return subprocess.run([program, "judge", copy], check=False).returncode


def _in_child(work: Callable[[], int], said: Path) -> None:
    """Do it in this forked process, all output into a file, and end with its exit code."""
    code = 70
    try:
        os.setpgid(0, 0)
        with said.open("wb") as file:
            for number in (1, 2):
                os.dup2(file.fileno(), number)
        code = work()
        sys.stdout.flush()
    except BaseException as error:  # noqa: BLE001 - whatever it is, the campaign must be told
        os.write(2, f"the campaign's own: {error!r}\n".encode())
    os._exit(code)


def _seal_anew(run: Path, damaged: str) -> None:
    """Make the manifest anew; of a file that cannot be read, as it was."""
    mode = (run / damaged).lstat().st_mode & 0o777 if (run / damaged).is_file() else None
    if mode == 0:
        (run / damaged).chmod(0o600)
    (run / MANIFEST).unlink(missing_ok=True) if damaged != MANIFEST else None
    seal(RunFolder(run))
    if mode == 0:
        (run / damaged).chmod(0)


def lay_down_override() -> None:
    """Give up root's right to read what its mode forbids, in this process and what it starts."""
    if os.geteuid() != 0:
        return
    library = ctypes.CDLL(None, use_errno=True)
    for capability in (_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH):
        if library.prctl(24, capability, 0, 0, 0):  # PR_CAPBSET_DROP: also in what is started
            raise OSError(ctypes.get_errno(), "PR_CAPBSET_DROP")
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_3, 0)
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; twice, for 64 capabilities
    if library.capget(header, sets):
        raise OSError(ctypes.get_errno(), "capget")
    for number in range(3):
        sets[number] &= ~(1 << _CAP_DAC_OVERRIDE | 1 << _CAP_DAC_READ_SEARCH)
    if library.capset(header, sets):
        raise OSError(ctypes.get_errno(), "capset")


def _import_what_judging_needs() -> None:
    """Before forking: to import it takes longer than to judge."""

    import kubedrill.experiment.slos
    import kubedrill.judge
    import kubedrill.report.charts
    import kubedrill.report.console
    import kubedrill.report.files  # noqa: F401


def as_json(answer: Answer) -> str:
    return json.dumps(asdict(answer))
